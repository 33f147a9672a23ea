//! Server functions of planning.

use crate::{fault::Fault, page_data::Packed};
use domain::planning::{NetworkItem, RunDetail, RunList, ScenarioItem};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

/// Runs as the address narrows them.
#[server(prefix = "/fn", endpoint = "planning/runs", input = GetUrl)]
pub async fn load_plan_runs(search: String) -> Result<Packed<RunList>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        planning::{PlanningPort, RunFilter},
        query::pairs,
    };
    let mut filter = RunFilter::default();
    for (name, value) in pairs(&search).into_iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "status" => filter.status_filter = Some(value),
            "scenario" => filter.scenario = Some(value),
            "outcome" => filter.outcome = Some(value),
            "person" => filter.person = Some(value),
            "cursor" => filter.cursor = Some(value),
            _ => {}
        }
    }
    Packed::of(&port::<dyn PlanningPort>()?.list(&principal()?, filter).await?)
}

/// One run; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "planning/run", input = GetUrl)]
pub async fn load_plan_run(id: String) -> Result<Packed<Option<RunDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, planning::PlanningPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    match port::<dyn PlanningPort>()?.detail(&principal()?, id).await {
        Ok(run) => Packed::of(&Some(run)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

/// What can be chosen before a solve; networks that were frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanChoices {
    pub scenarios: Vec<ScenarioItem>,
    pub networks: Vec<NetworkItem>,
}

/// What can be chosen before a solve.
#[server(prefix = "/fn", endpoint = "planning/choices", input = GetUrl)]
pub async fn load_plan_choices() -> Result<Packed<PlanChoices>, Fault> {
    use crate::context::{port, principal};
    use domain::planning::{NetworksPort, ScenariosPort};
    let who = principal()?;
    let scenarios = port::<dyn ScenariosPort>()?.list(&who).await?.scenarios;
    let mut networks = port::<dyn NetworksPort>()?.list(&who).await?.networks;
    networks.retain(|network| network.freeze.is_some());
    Packed::of(&PlanChoices { scenarios, networks })
}

/// Solves the same once more and goes to the new run.
#[server(prefix = "/fn", endpoint = "planning/again")]
pub async fn solve_again(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::PlanningPort};
    let run = id.parse().map_err(|_| AppError::not_found("Run"))?;
    let started = port::<dyn PlanningPort>()?.again(&principal()?, run).await?;
    redirect(&format!("/planning/runs/{}", started.run_id));
    Ok(())
}

/// Ends a run; `keep`: the best plan so far is checked and kept.
#[server(prefix = "/fn", endpoint = "planning/cancel")]
pub async fn cancel_plan_run(id: String, #[server(default)] keep: bool) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{CancelRun, PlanningPort},
    };
    let run = id.parse().map_err(|_| AppError::not_found("Run"))?;
    port::<dyn PlanningPort>()?.cancel(&principal()?, run, CancelRun { keep_incumbent: keep }).await?;
    redirect(&format!("/planning/runs/{id}"));
    Ok(())
}

/// Removes a run that is over.
#[server(prefix = "/fn", endpoint = "planning/remove")]
pub async fn remove_plan_run(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::PlanningPort};
    let run = id.parse().map_err(|_| AppError::not_found("Run"))?;
    port::<dyn PlanningPort>()?.remove(&principal()?, run).await?;
    redirect("/planning/runs");
    Ok(())
}
