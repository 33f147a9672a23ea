//! Server functions of plans: decided and compared.

use crate::{fault::Fault, page_data::Packed};
use domain::planning::{Comparison, PlanItem, PlanMap, PlanScreen, RunItem};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

/// What the planning page begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanningHome {
    /// Those that hold now, one a network and horizon.
    pub promoted: Vec<PlanItem>,
    /// Those that wait for a decision.
    pub proposed: Vec<PlanItem>,
    pub runs: Vec<RunItem>,
}

/// A comparison with what can be chosen for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareScreen {
    /// None until two plans are chosen; an error where they cannot be compared.
    pub comparison: Option<Result<Comparison, domain::AppError>>,
    pub choices: Vec<PlanItem>,
}

/// Rows of a comparison that its page shows.
#[cfg(feature = "ssr")]
const MOST_ROWS: usize = 300;

#[server(prefix = "/fn", endpoint = "planning/home", input = GetUrl)]
pub async fn load_planning_home() -> Result<Packed<PlanningHome>, Fault> {
    use crate::context::{port, principal};
    use domain::planning::{PlanFilter, PlanState, PlanningPort, PlansPort, RunFilter};
    let (who, plans) = (principal()?, port::<dyn PlansPort>()?);
    let of = |state: PlanState| PlanFilter { state: Some(state.as_str().to_owned()), ..PlanFilter::default() };
    let promoted = plans.list(&who, of(PlanState::Promoted)).await?.plans;
    let proposed = plans.list(&who, of(PlanState::Proposed)).await?.plans;
    let late = RunFilter { limit: Some(5), ..RunFilter::default() };
    let runs = port::<dyn PlanningPort>()?.list(&who, late).await?.runs;
    Packed::of(&PlanningHome { promoted, proposed, runs })
}

/// A plan on the map, and the plans that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapScreen {
    pub map: Option<PlanMap>,
    pub choices: Vec<PlanItem>,
}

/// The plan that the address names on the map; without one that which was promoted last, else the newest.
#[server(prefix = "/fn", endpoint = "planning/map", input = GetUrl)]
pub async fn load_plan_map(search: String) -> Result<Packed<MapScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        ErrorCode, paging,
        planning::{PlanFilter, PlanState, PlansPort},
        query::last,
    };
    let (who, plans) = (principal()?, port::<dyn PlansPort>()?);
    let recent = PlanFilter { limit: Some(paging::MAX_LIMIT), ..PlanFilter::default() };
    let choices = plans.list(&who, recent).await?.plans;
    let given = |name: &str| last(&search, name).filter(|value| !value.is_empty());
    let of_choice = || choices.iter().find(|plan| plan.state == PlanState::Promoted).or(choices.first());
    let plan = match given("plan") {
        Some(id) => id.parse().ok(),
        None => of_choice().map(|plan| plan.plan_id),
    };
    let Some(plan) = plan else { return Packed::of(&MapScreen { map: None, choices }) };
    let period = given("period").and_then(|place| place.parse().ok());
    let map = match plans.map(&who, plan, period).await {
        Ok(map) => Some(map),
        Err(error) if error.code == ErrorCode::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Packed::of(&MapScreen { map, choices })
}

/// One plan; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "planning/plan", input = GetUrl)]
pub async fn load_plan(id: String) -> Result<Packed<Option<PlanScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, planning::PlansPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    match port::<dyn PlansPort>()?.screen(&principal()?, id).await {
        Ok(plan) => Packed::of(&Some(plan)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

/// The comparison that the address asks for, and the plans that can be chosen.
#[server(prefix = "/fn", endpoint = "planning/compare", input = GetUrl)]
pub async fn load_comparison(search: String) -> Result<Packed<CompareScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError, ErrorCode, paging,
        planning::{CompareQuery, PlanFilter, PlansPort},
        query::pairs,
    };
    let (who, plans) = (principal()?, port::<dyn PlansPort>()?);
    let recent = PlanFilter { limit: Some(paging::MAX_LIMIT), ..PlanFilter::default() };
    let mut choices = plans.list(&who, recent).await?.plans;
    choices.retain(|plan| !plan.is_relaxed);
    let asked = CompareQuery::parse(&pairs(&search)).map_err(AppError::validation);
    let comparison = match asked {
        Ok(asked) if asked.a.is_none() || asked.b.is_none() => None,
        Ok(asked) => Some(plans.compare(&who, &asked).await),
        Err(error) => Some(Err(error)),
    };
    let comparison = match comparison {
        // What was asked for cannot be; it can be chosen anew.
        Some(Err(error)) if error.code != ErrorCode::Validation => return Err(error.into()),
        Some(Ok(mut found)) => {
            found.rows.truncate(MOST_ROWS);
            // Those on the screen can be chosen, however old they are.
            let is_old = |plan: &&PlanItem| choices.iter().all(|of| of.plan_id != plan.plan_id);
            let old: Vec<_> = found.plans.iter().filter(is_old).cloned().collect();
            choices.extend(old);
            Some(Ok(found))
        }
        other => other,
    };
    Packed::of(&CompareScreen { comparison, choices })
}

/// Proposes a plan, or takes the proposal back; `act` is a word of `PlanAct`.
#[server(prefix = "/fn", endpoint = "planning/propose")]
pub async fn propose_plan(id: String, act: String, #[server(default)] reason: String) -> Result<(), Fault> {
    use domain::{access::Permission, planning::PlanAct};
    done(&id, &act, reason, Permission::PlanPropose, &[PlanAct::Propose, PlanAct::Withdraw]).await
}

/// Decides on a proposed plan; `act` is a word of `PlanAct`.
#[server(prefix = "/fn", endpoint = "planning/decide")]
pub async fn decide_plan(id: String, act: String, #[server(default)] reason: String) -> Result<(), Fault> {
    use domain::{access::Permission, planning::PlanAct};
    done(&id, &act, reason, Permission::PlanApprove, &[PlanAct::Approve, PlanAct::Reject]).await
}

#[cfg(feature = "ssr")]
async fn done(
    id: &str,
    act: &str,
    reason: String,
    right: domain::access::Permission,
    acts: &[domain::planning::PlanAct],
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{PlanAct, PlansPort, Reason},
    };
    let who = principal()?;
    who.require(right)?;
    let plan = id.parse().map_err(|_| AppError::not_found("Plan"))?;
    let act = PlanAct::parse(act).filter(|act| acts.contains(act));
    let act = act.ok_or_else(|| AppError::field("act", "Choose what to do with the plan."))?;
    port::<dyn PlansPort>()?.act(&who, plan, act, Reason { reason: Some(reason) }).await?;
    redirect(&format!("/planning/plans/{plan}"));
    Ok(())
}

/// Makes a scenario with one limit of a plan's way out let go, or all of them, and goes to it.
#[server(prefix = "/fn", endpoint = "planning/let_go")]
pub async fn let_plan_limit_go(plan: String, #[server(default)] slack: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{LetGo, ScenariosPort},
    };
    let plan = plan.parse().map_err(|_| AppError::not_found("Plan"))?;
    let slack = match slack.as_str() {
        "all" => None,
        place => Some(place.parse().map_err(|_| AppError::not_found("Limit of the way out"))?),
    };
    let made = port::<dyn ScenariosPort>()?.let_go(&principal()?, LetGo { plan, slack }).await?;
    redirect(&format!("/planning/scenarios/{}?input={}", made.scenario_id, made.run_id));
    Ok(())
}

/// Solves a plan's run once more with one figure forced, and goes to the new run.
#[server(prefix = "/fn", endpoint = "planning/force")]
pub async fn force_plan_figure(
    plan: String,
    family: String,
    row: String,
    #[server(default)] tonnes: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{ForceFigure, MovedFamily, ScenariosPort},
    };
    let plan = plan.parse().map_err(|_| AppError::not_found("Plan"))?;
    let missing = || AppError::not_found("Row of the plan");
    let family = MovedFamily::parse(&family).ok_or_else(missing)?;
    let row = row.parse().map_err(|_| missing())?;
    // What is no number is told as one out of bounds is.
    let tonnes = tonnes.trim().replace(',', ".").parse().unwrap_or(f64::NAN);
    let started = port::<dyn ScenariosPort>()?.force(&principal()?, ForceFigure { plan, family, row, tonnes }).await?;
    redirect(&format!("/planning/runs/{}", started.run_id));
    Ok(())
}
