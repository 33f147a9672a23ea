//! Plans proposed, decided by a second person, superseded, and compared.

use super::{PlanningService, reading};
use crate::services::{access::holders, cursor, transactions::zone_of};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::{PlanId, PlanRunId},
    live::Topic,
    paging,
    planning::{
        CompareQuery, ComparedFigure, Comparison, KpiValue, PlanAct, PlanDetail, PlanFilter, PlanItem, PlanList,
        PlanMap, PlanReview, PlanScreen, PlanState, PlansPort, Reason, label,
    },
};
use engine::{
    calendar::BusinessZone,
    planning::{
        compare::{Rows, compare},
        document::hex,
        objective::Component,
    },
};
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use store::{
    audit::{self, Act},
    planning::{
        decisions::{self as rows, By, PlanHead},
        map, plans, runs,
    },
};
use uuid::Uuid;

async fn found(connection: &mut PgConnection, plan: PlanId) -> Result<PlanHead, AppError> {
    rows::one(connection, plan.0).await?.ok_or_else(|| AppError::not_found("Plan"))
}

fn state_of(plan: &PlanHead) -> Result<PlanState, AppError> {
    PlanState::parse(&plan.state).ok_or_else(AppError::internal)
}

fn item(plan: PlanHead, zone: BusinessZone, now: DateTime<Utc>) -> Result<PlanItem, AppError> {
    Ok(PlanItem {
        plan_id: PlanId(plan.id),
        run_id: PlanRunId(plan.run_id),
        label: label(plan.run_no),
        state: state_of(&plan)?,
        name: plan.name,
        network: plan.network,
        scenario_name: plan.scenario,
        is_relaxed: plan.is_relaxed,
        from: plan.starts_on,
        until: plan.ends_before,
        currency: plan.currency,
        total_cost: plan.objective,
        operating_cost: plan.operating_cost,
        service_level: plan.service_level.map(|percent| percent / 100.0),
        shortage_tonnes: plan.shortage_tonnes,
        checker_sha256: plan.checker_sha256.as_deref().map(hex),
        input_at: zone.local(plan.input_at),
        input_age_seconds: (now - plan.input_at).num_seconds().max(0),
        created_at: zone.local(plan.created_at),
        proposed_by: plan.proposed_by,
        proposed_at: plan.proposed_at.map(|at| zone.local(at)),
        decided_by: plan.decided_by,
        decided_at: plan.decided_at.map(|at| zone.local(at)),
        reason: plan.reason,
        single_person: plan.single_person,
    })
}

fn is_own(who: &Principal, plan: &PlanHead) -> bool {
    plan.proposed_by_id.is_some() && plan.proposed_by_id == who.user_id().map(|user| user.0)
}

fn refused(message: &str) -> AppError {
    let mut error = AppError::forbidden();
    message.clone_into(&mut error.message);
    error
}

/// Whether `who` has proposed the plan and nobody else could decide on it.
async fn is_alone(
    connection: &mut PgConnection,
    who: &Principal,
    plan: &PlanHead,
    at: DateTime<Utc>,
) -> Result<bool, AppError> {
    let could = is_own(who, plan) && who.may(Permission::PlanApprove) && state_of(plan)? == PlanState::Proposed;
    Ok(could && holders(connection, Permission::PlanApprove, at).await? == 1)
}

/// Whether it can be done by somebody who, for what `alone` says, is the only one that could decide.
fn may_do(who: &Principal, plan: &PlanHead, act: PlanAct, alone: bool) -> Result<(), AppError> {
    who.require(if matches!(act, PlanAct::Propose | PlanAct::Withdraw) {
        Permission::PlanPropose
    } else {
        Permission::PlanApprove
    })?;
    let state = state_of(plan)?;
    if !act.from().contains(&state) {
        let from = if act == PlanAct::Propose { "a draft or a withdrawn plan" } else { "a proposed plan" };
        let message = format!("Only {from} can be {}; this one is {}.", act.to().as_str(), state.as_str());
        return Err(AppError::conflict(message));
    }
    match act {
        PlanAct::Propose if plan.is_relaxed => Err(AppError::conflict(
            "This plan lets hard limits go; it shows the cheapest way out and cannot be promoted.",
        )),
        PlanAct::Propose if plan.checker_passed != Some(true) => {
            Err(AppError::conflict("The checker did not pass this plan."))
        }
        PlanAct::Propose if plan.rows_removed_at.is_some() => {
            Err(AppError::conflict("The rows of this plan are not kept any more. Solve it again."))
        }
        PlanAct::Withdraw if !is_own(who, plan) => {
            Err(refused("Only the one who proposed it withdraws it; reject it instead."))
        }
        PlanAct::Approve | PlanAct::Reject if is_own(who, plan) && !alone => {
            Err(refused("You have proposed this plan; somebody else decides on it."))
        }
        PlanAct::Propose | PlanAct::Withdraw | PlanAct::Approve | PlanAct::Reject => Ok(()),
    }
}

async fn told(
    connection: &mut PgConnection,
    who: &Principal,
    plan: PlanHead,
    zone: BusinessZone,
    at: DateTime<Utc>,
) -> Result<PlanDetail, AppError> {
    let alone = is_alone(connection, who, &plan, at).await?;
    let acts = PlanAct::ALL.iter().copied().filter(|act| may_do(who, &plan, *act, alone).is_ok()).collect();
    let reviews = rows::reviews(connection, plan.id).await?.into_iter();
    let reviews = reviews
        .map(|review| {
            Ok(PlanReview {
                decision: PlanState::parse(&review.decision).ok_or_else(AppError::internal)?,
                person: review.person,
                reason: review.reason,
                single_person: review.single_person,
                at: zone.local(review.at),
            })
        })
        .collect::<Result<_, AppError>>()?;
    Ok(PlanDetail { plan: item(plan, zone, at)?, reviews, acts, alone })
}

impl PlanningService {
    /// The act with its review, its audit row and its news.
    async fn move_plan(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        plan: &PlanHead,
        act: PlanAct,
        by: By<'_>,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        let mut superseded = Vec::new();
        match act {
            PlanAct::Propose => rows::propose(connection, plan.id, by).await?,
            PlanAct::Withdraw => rows::withdraw(connection, plan.id).await?,
            PlanAct::Reject => rows::decide(connection, plan.id, act.to().as_str(), by).await?,
            PlanAct::Approve => {
                superseded = rows::supersede(connection, plan.id).await?;
                rows::decide(connection, plan.id, act.to().as_str(), by).await?;
            }
        }
        for old in &superseded {
            rows::record(connection, clock.new_id(), *old, PlanState::Superseded.as_str(), By { reason: None, ..by })
                .await?;
            store::live::emit(connection, Topic::Planning, &old.to_string()).await?;
        }
        rows::record(connection, clock.new_id(), plan.id, act.to().as_str(), by).await?;
        let after = json!({
            "label": label(plan.run_no), "network": plan.network, "state": act.to(), "reason": by.reason,
            "single_person": by.single_person, "in_place_of": superseded,
        });
        let action = format!("plan.plan_{}", act.to().as_str());
        let told = Act::done(&action, "plan", plan.id).before(json!({"state": plan.state})).after(after);
        audit::record(connection, clock.new_id(), by.at, who, told).await?;
        store::live::emit(connection, Topic::Planning, &plan.id.to_string()).await?;
        Ok(())
    }
}

#[async_trait]
impl PlansPort for PlanningService {
    async fn list(&self, who: &Principal, filter: PlanFilter) -> Result<PlanList, AppError> {
        who.require(Permission::PlanView)?;
        filter.validate()?;
        let after = filter.cursor.as_deref().map(cursor::moment).transpose()?;
        let limit = i64::from(filter.limit.unwrap_or(paging::DEFAULT_LIMIT));
        let now = self.backend.clock.now();
        let narrowed = rows::Filter { state: filter.state, network: filter.network };
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let mut heads = rows::list(&mut connection, &narrowed, after, limit + 1).await?;
        let more = i64::try_from(heads.len()).is_ok_and(|heads| heads > limit);
        heads.truncate(usize::try_from(limit).unwrap_or_default());
        let next_cursor = heads.last().filter(|_| more).map(|head| cursor::of_moment(head.created_at, head.id));
        let plans = heads.into_iter().map(|head| item(head, zone, now)).collect::<Result<_, _>>()?;
        Ok(PlanList { plans, next_cursor })
    }

    async fn detail(&self, who: &Principal, plan: PlanId) -> Result<PlanDetail, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        let head = found(&mut connection, plan).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        told(&mut connection, who, head, zone, self.backend.clock.now()).await
    }

    async fn screen(&self, who: &Principal, plan: PlanId) -> Result<PlanScreen, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        let head = found(&mut connection, plan).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let run = runs::one(&mut connection, head.run_id).await?.ok_or_else(|| AppError::not_found("Plan"))?;
        let detail = told(&mut connection, who, head, zone, self.backend.clock.now()).await?;
        let page = reading::page(&mut connection, run, zone).await?;
        let promoted = rows::promoted_beside(&mut connection, plan.0).await?.map(PlanId);
        Ok(PlanScreen { detail, page, promoted })
    }

    async fn map(&self, who: &Principal, plan: PlanId, period: Option<usize>) -> Result<PlanMap, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        let head = found(&mut connection, plan).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let run = head.run_id;
        let is_pruned = plans::of_run(&mut connection, run).await?.is_some_and(|plan| plan.rows_removed_at.is_some());
        let plan = told(&mut connection, who, head, zone, self.backend.clock.now()).await?.plan;
        let periods = map::periods(&mut connection, run).await?;
        let period = period.and_then(|place| periods.get(place.checked_sub(1)?)).cloned();
        let lanes = map::lanes(&mut connection, plan.plan_id.0, period.as_deref()).await?;
        let nodes = map::nodes(&mut connection, run).await?;
        Ok(PlanMap { plan, periods, period, nodes, lanes, is_pruned })
    }

    async fn act(&self, who: &Principal, plan: PlanId, act: PlanAct, why: Reason) -> Result<PlanDetail, AppError> {
        who.require(Permission::PlanView)?;
        let reason = why.words()?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        // Whoever is quicker decides; this one then finds it done.
        rows::hold(&mut tx, plan.0).await?;
        let head = found(&mut tx, plan).await?;
        let alone = is_alone(&mut tx, who, &head, at).await?;
        may_do(who, &head, act, alone)?;
        let single_person = alone && matches!(act, PlanAct::Approve | PlanAct::Reject);
        if reason.is_none() && (single_person || act == PlanAct::Reject) {
            let message = if single_person {
                "Say why: nobody else can decide on this plan, so the reason stands in its history."
            } else {
                "Say why, so that the next plan can be better."
            };
            return Err(AppError::field("reason", message));
        }
        let by = By { person: who.label(), person_id: who.user_id().map(|user| user.0), at, reason, single_person };
        self.move_plan(&mut tx, who, &head, act, by).await?;
        let head = found(&mut tx, plan).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let detail = told(&mut tx, who, head, zone, at).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn compare(&self, who: &Principal, asked: &CompareQuery) -> Result<Comparison, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        compared(&mut connection, asked, self.backend.clock.now()).await
    }
}

/// One state of the database gives all of it.
pub(crate) async fn compared(
    connection: &mut PgConnection,
    asked: &CompareQuery,
    now: DateTime<Utc>,
) -> Result<Comparison, AppError> {
    let (a, b) = asked.both()?;
    let zone = zone_of(&store::settings::business(connection).await?);
    let mut items: Vec<PlanItem> = Vec::new();
    let wanted = [("a", a), ("b", b)].into_iter().chain(asked.beside.iter().map(|id| ("beside", *id)));
    for (path, id) in wanted {
        let Some(head) = rows::one(connection, id.0).await? else {
            return Err(AppError::field(path, "There is no such plan."));
        };
        if head.is_relaxed || head.checker_passed != Some(true) {
            let message = format!("The plan of {} was not passed by the checker.", label(head.run_no));
            return Err(AppError::field(path, message));
        }
        if head.rows_removed_at.is_some() {
            let message = format!("The rows of {} are not kept any more. Solve it again.", label(head.run_no));
            return Err(AppError::field(path, message));
        }
        if items.first().is_some_and(|first| first.currency != head.currency) {
            let message = format!("{} is in {}; its costs cannot be compared.", label(head.run_no), head.currency);
            return Err(AppError::field(path, message));
        }
        items.push(item(head, zone, now)?);
    }
    let ids: Vec<Uuid> = items.iter().map(|plan| plan.plan_id.0).collect();
    let (costs, kpis) = figures(connection, &ids).await?;
    let (one, other) = (rows_of(connection, a.0).await?, rows_of(connection, b.0).await?);
    let mut found =
        tokio::task::spawn_blocking(move || compare(&one, &other)).await.map_err(|_| AppError::internal())?;
    let mut counts: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for row in &found {
        let of = counts.entry(row.family.as_str().to_owned()).or_default();
        *of.entry(row.change.as_str().to_owned()).or_default() += 1;
    }
    found.retain(|row| asked.holds(row));
    let row_count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(Comparison { plans: items, costs, kpis, counts, rows: found, row_count })
}

async fn rows_of(connection: &mut PgConnection, plan: Uuid) -> Result<Rows, AppError> {
    Ok(Rows {
        production: plans::production(connection, plan, None).await?,
        shipments: plans::shipments(connection, plan, None).await?,
        stock: plans::stock(connection, plan, None).await?,
        shortages: plans::shortages(connection, plan, None).await?,
    })
}

/// Costs by component and the figures of whole plans, in the order of `plans`.
async fn figures(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<(Vec<ComparedFigure>, Vec<ComparedFigure>), AppError> {
    let (mut costs, mut kpis) = (Vec::new(), Vec::new());
    for id in ids {
        costs.push(plans::costs(connection, *id).await?);
        kpis.push(plans::kpis(connection, *id).await?);
    }
    let known: BTreeSet<&str> = costs.iter().flat_map(|of| of.keys().map(String::as_str)).collect();
    let mut components: Vec<&str> =
        Component::ALL.iter().map(|of| of.as_str()).filter(|of| known.contains(of)).collect();
    components.extend(known.iter().filter(|of| Component::ALL.iter().all(|known| known.as_str() != **of)));
    let costs = components
        .into_iter()
        .map(|name| ComparedFigure {
            name: name.to_owned(),
            scope: None,
            unit: None,
            values: costs.iter().map(|of| Some(of.get(name).copied().unwrap_or_default())).collect(),
        })
        .filter(|figure| figure.values.iter().any(|value| *value != Some(0.0)))
        .collect();
    Ok((costs, beside(&kpis)))
}

/// Figures in the order of the first plan that has them; what a plan does not have is not known there.
fn beside(plans: &[Vec<KpiValue>]) -> Vec<ComparedFigure> {
    let mut all: Vec<ComparedFigure> = Vec::new();
    let mut places: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    for (n, kpis) in plans.iter().enumerate() {
        for kpi in kpis {
            let at = *places.entry((&kpi.kpi, kpi.scope.as_deref())).or_insert_with(|| {
                all.push(ComparedFigure {
                    name: kpi.kpi.clone(),
                    scope: kpi.scope.clone(),
                    unit: Some(kpi.unit.clone()),
                    values: vec![None; plans.len()],
                });
                all.len() - 1
            });
            all[at].values[n] = kpi.value;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kpi(name: &str, scope: Option<&str>, value: f64) -> KpiValue {
        KpiValue {
            kpi: name.to_owned(),
            scope: scope.map(str::to_owned),
            value: Some(value),
            unit: "%".to_owned(),
            reason: None,
        }
    }

    #[test]
    fn what_a_plan_does_not_have_is_not_known_there() {
        let one = vec![kpi("service_level", None, 100.0), kpi("mode_mix", Some("rail"), 88.0)];
        let other = vec![kpi("service_level", None, 87.5), kpi("mode_mix", Some("sea"), 12.0)];
        let told: Vec<_> = beside(&[one, other]).into_iter().map(|of| (of.name, of.scope, of.values)).collect();
        assert_eq!(
            told,
            [
                ("service_level".to_owned(), None, vec![Some(100.0), Some(87.5)]),
                ("mode_mix".to_owned(), Some("rail".to_owned()), vec![Some(88.0), None]),
                ("mode_mix".to_owned(), Some("sea".to_owned()), vec![None, Some(12.0)]),
            ]
        );
    }
}
