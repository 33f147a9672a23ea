//! Server functions of plans: decided and compared.

use crate::{fault::Fault, page_data::Packed};
use domain::planning::{Comparison, PlanItem, PlanScreen, RunItem};
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
    /// None until two plans are chosen.
    pub comparison: Option<Comparison>,
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
        AppError, paging,
        planning::{CompareQuery, PlanFilter, PlansPort},
        query::pairs,
    };
    let (who, plans) = (principal()?, port::<dyn PlansPort>()?);
    let asked = CompareQuery::parse(&pairs(&search)).map_err(AppError::validation)?;
    let recent = PlanFilter { limit: Some(paging::MAX_LIMIT), ..PlanFilter::default() };
    let mut choices = plans.list(&who, recent).await?.plans;
    choices.retain(|plan| !plan.is_relaxed);
    let mut comparison = None;
    if asked.a.is_some() && asked.b.is_some() {
        let mut found = plans.compare(&who, &asked).await?;
        found.rows.truncate(MOST_ROWS);
        // Those on the screen can be chosen, however old they are.
        let old: Vec<_> =
            found.plans.iter().filter(|plan| choices.iter().all(|of| of.plan_id != plan.plan_id)).collect();
        choices.extend(old.into_iter().cloned());
        comparison = Some(found);
    }
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
