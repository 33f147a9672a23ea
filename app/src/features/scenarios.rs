//! Server functions of scenarios and batches.

use crate::{fault::Fault, page_data::Packed};
use domain::planning::{
    BatchDetail, BatchList, RunItem, ScenarioDetail, ScenarioDifference, ScenarioForm, ScenarioItem,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

/// Runs whose inputs can be chosen.
#[cfg(feature = "ssr")]
const RECENT: u32 = 20;

/// The list: scenarios, batches of late, and runs whose inputs can be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioScreen {
    pub scenarios: Vec<ScenarioItem>,
    pub batches: BatchList,
    pub inputs: Vec<RunItem>,
}

/// One scenario, and what it makes of the input that the address names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioPage {
    pub scenario: ScenarioDetail,
    pub difference: Result<ScenarioDifference, domain::AppError>,
    pub inputs: Vec<RunItem>,
}

/// The input that `sample` or a run's id means.
#[cfg(feature = "ssr")]
fn input(chosen: &str) -> Result<domain::planning::InputChoice, domain::AppError> {
    use domain::{AppError, planning::InputChoice};
    if matches!(chosen, "" | "sample") {
        return Ok(InputChoice { use_sample_data: true, ..InputChoice::default() });
    }
    let run = chosen.parse().map_err(|_| AppError::field("input_of_run", "There is no such run."))?;
    Ok(InputChoice { input_of_run: Some(run), ..InputChoice::default() })
}

#[cfg(feature = "ssr")]
async fn recent(who: &domain::access::Principal) -> Result<Vec<RunItem>, Fault> {
    use crate::context::port;
    use domain::planning::{PlanningPort, RunFilter};
    let filter = RunFilter { limit: Some(RECENT), ..RunFilter::default() };
    Ok(port::<dyn PlanningPort>()?.list(who, filter).await?.runs)
}

#[server(prefix = "/fn", endpoint = "planning/scenarios", input = GetUrl)]
pub async fn load_plan_scenarios() -> Result<Packed<ScenarioScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::planning::{BatchFilter, BatchesPort, ScenariosPort};
    let who = principal()?;
    let scenarios = port::<dyn ScenariosPort>()?.list(&who).await?.scenarios;
    let batches = port::<dyn BatchesPort>()?.list(&who, BatchFilter { limit: Some(RECENT), cursor: None }).await?;
    Packed::of(&ScenarioScreen { scenarios, batches, inputs: recent(&who).await? })
}

/// One scenario by id or name; `None`: there is none. `input` is `sample` or a run's id.
#[server(prefix = "/fn", endpoint = "planning/scenario", input = GetUrl)]
pub async fn load_plan_scenario(id: String, search: String) -> Result<Packed<Option<ScenarioPage>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        ErrorCode,
        planning::{ResolveScenario, ScenarioRef, ScenariosPort},
        query::last,
    };
    let (who, scenarios) = (principal()?, port::<dyn ScenariosPort>()?);
    let Ok(named) = id.parse::<ScenarioRef>();
    let scenario = match scenarios.detail(&who, named.clone()).await {
        Ok(scenario) => scenario,
        Err(error) if error.code == ErrorCode::NotFound => return Packed::of(&None),
        Err(error) => return Err(error.into()),
    };
    let draw = last(&search, "draw").filter(|draw| !draw.trim().is_empty());
    let draw = draw.map_or(Ok(0), |draw| draw.trim().parse()).unwrap_or(-1);
    let difference = match input(&last(&search, "input").unwrap_or_default()) {
        Ok(input) => scenarios.resolve(&who, named, ResolveScenario { input, draw }).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &difference
        && error.code != ErrorCode::Validation
    {
        return Err(error.clone().into());
    }
    Packed::of(&Some(ScenarioPage { scenario, difference, inputs: recent(&who).await? }))
}

/// Makes a scenario with the operations of `from`, and goes to it.
#[server(prefix = "/fn", endpoint = "planning/copy_scenario")]
pub async fn copy_plan_scenario(from: String, code: String, #[server(default)] name: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::planning::{CopyScenario, ScenarioRef, ScenariosPort};
    let Ok(from) = from.parse::<ScenarioRef>();
    let copy = CopyScenario { code: code.trim().to_owned(), name: Some(name).filter(|name| !name.trim().is_empty()) };
    let made = port::<dyn ScenariosPort>()?.copy(&principal()?, from, copy).await?;
    if let Some(id) = made.scenario.id {
        redirect(&format!("/planning/scenarios/{id}"));
    }
    Ok(())
}

/// Keeps a version more of a scenario, and goes to it.
#[server(prefix = "/fn", endpoint = "planning/change_scenario")]
pub async fn change_plan_scenario(scenario: ScenarioForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{ScenarioDraft, ScenarioRef, ScenariosPort},
    };
    let Ok(named) = scenario.id.parse::<ScenarioRef>();
    let overlay = scenario.overlay().map_err(AppError::validation)?;
    let draft = ScenarioDraft { code: None, overlay };
    let kept = port::<dyn ScenariosPort>()?.change(&principal()?, named, draft).await?;
    if let Some(id) = kept.scenario.id {
        redirect(&format!("/planning/scenarios/{id}"));
    }
    Ok(())
}

#[server(prefix = "/fn", endpoint = "planning/archive_scenario")]
pub async fn archive_plan_scenario(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::planning::{ScenarioRef, ScenariosPort};
    let Ok(named) = id.parse::<ScenarioRef>();
    port::<dyn ScenariosPort>()?.archive(&principal()?, named).await?;
    redirect("/planning/scenarios");
    Ok(())
}

/// Queues one run of a scenario, and goes to it.
#[server(prefix = "/fn", endpoint = "planning/run_scenario")]
pub async fn run_plan_scenario(scenario_name: String, #[server(default)] over: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::planning::{NewRun, PlanningPort};
    let input = input(&over)?;
    let new = NewRun {
        scenario_name: Some(scenario_name),
        use_sample_data: input.use_sample_data,
        input_of_run: input.input_of_run,
        ..NewRun::default()
    };
    let started = port::<dyn PlanningPort>()?.start(&principal()?, new, None).await.value?;
    redirect(&format!("/planning/runs/{}", started.run_id));
    Ok(())
}

/// Queues a batch, of draws where `scenario` is named, and goes to it.
#[server(prefix = "/fn", endpoint = "planning/start_batch")]
pub async fn start_plan_batch(
    #[server(default)] over: String,
    #[server(default)] scenario: String,
    #[server(default)] draws: String,
    #[server(default)] seed: String,
    #[server(default)] scenarios: Vec<String>,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{BatchScenario, BatchesPort, NewBatch},
    };
    let mut new = NewBatch { input: input(&over)?, ..NewBatch::default() };
    if scenario.is_empty() {
        new.scenarios = scenarios.into_iter().map(|name| BatchScenario { name, probability: None }).collect();
    } else {
        new.scenario = Some(scenario);
        // What is no number is told as a number outside of its bounds is.
        new.draws = Some(draws.trim().parse().unwrap_or(0));
        new.seed = Some(seed.trim()).filter(|seed| !seed.is_empty()).map(|seed| seed.parse().unwrap_or(-1));
    }
    new.validate().map_err(AppError::validation)?;
    let started = port::<dyn BatchesPort>()?.start(&principal()?, new, None).await.value?;
    redirect(&format!("/planning/batches/{}", started.batch_id));
    Ok(())
}

/// One batch; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "planning/batch", input = GetUrl)]
pub async fn load_plan_batch(id: String) -> Result<Packed<Option<BatchDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, planning::BatchesPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    match port::<dyn BatchesPort>()?.detail(&principal()?, id).await {
        Ok(batch) => Packed::of(&Some(batch)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

#[server(prefix = "/fn", endpoint = "planning/cancel_batch")]
pub async fn cancel_plan_batch(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::BatchesPort};
    let batch = id.parse().map_err(|_| AppError::not_found("Batch"))?;
    port::<dyn BatchesPort>()?.cancel(&principal()?, batch).await?;
    redirect(&format!("/planning/batches/{id}"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "planning/retry_batch")]
pub async fn retry_plan_batch(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::BatchesPort};
    let batch = id.parse().map_err(|_| AppError::not_found("Batch"))?;
    port::<dyn BatchesPort>()?.retry(&principal()?, batch).await?;
    redirect(&format!("/planning/batches/{id}"));
    Ok(())
}
