//! Runs and plans as they are told.

use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    ids::{PlanBatchId, PlanId, PlanRunId, PlanScenarioId},
    planning::{
        Explanation, KpiValue, ModelStatistics, PlanCheck, PlanPage, Relaxation, RowCounts, RunItem, RunOutcome,
        RunResults, RunState, RunStatus, SHOWN_ROWS, label,
    },
};
use engine::{
    calendar::BusinessZone,
    planning::{document::hex, objective::Component, solve::SOLVER},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::planning::{
    plans,
    runs::{self, StoredRun},
};

pub(super) fn state_of(run: &StoredRun) -> Result<RunState, AppError> {
    RunState::parse(&run.state).ok_or_else(AppError::internal)
}

fn outcome_of(run: &StoredRun) -> Option<RunOutcome> {
    run.outcome.as_deref().and_then(RunOutcome::parse)
}

fn seconds(span: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of some hours")]
    let milliseconds = span.num_milliseconds().max(0) as f64;
    milliseconds / 1_000.0
}

/// When a run is likely to be over: as runs of late, and not after its time limit.
fn estimate(
    run: &StoredRun,
    state: RunState,
    now: DateTime<Utc>,
    typical: Option<f64>,
    places: i64,
) -> Option<DateTime<Utc>> {
    let limit = run.time_limit_seconds;
    let one = typical.unwrap_or(limit).min(limit);
    #[allow(clippy::cast_possible_truncation, reason = "at most some hours")]
    let after = |at: DateTime<Utc>, seconds: f64| at + Duration::milliseconds((seconds * 1_000.0) as i64);
    match (state, run.started_at) {
        (RunState::Completed | RunState::Failed | RunState::Cancelled, _) => run.finished_at,
        (RunState::Queued, _) | (_, None) => {
            #[allow(clippy::cast_precision_loss, reason = "few")]
            let rounds = (run.queue_position.unwrap_or(1) as f64 / places.max(1) as f64).ceil();
            Some(after(now, rounds * one))
        }
        (_, Some(begun)) if after(begun, one) > now => Some(after(begun, one)),
        (_, Some(begun)) => Some(after(begun, limit).max(now)),
    }
}

/// What an estimate is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub typical: Option<f64>,
    pub places: i64,
}

impl Pace {
    pub async fn read(connection: &mut PgConnection) -> Result<Self, AppError> {
        let typical = runs::typical_seconds(connection).await?;
        let queues = store::jobs::queues(connection).await?;
        let solve = queues.iter().find(|queue| queue.name == domain::jobs::queues::SOLVE);
        Ok(Self { typical, places: solve.map_or(1, |queue| queue.concurrency.into()) })
    }
}

pub(super) fn status(
    run: &StoredRun,
    zone: BusinessZone,
    now: DateTime<Utc>,
    pace: Pace,
) -> Result<RunStatus, AppError> {
    let state = state_of(run)?;
    let begun = run.started_at.filter(|_| state != RunState::Queued);
    let until = if state.is_over() { run.finished_at } else { Some(now) };
    let elapsed = begun.zip(until).map(|(begun, until)| seconds(until - begun));
    Ok(RunStatus {
        run_id: PlanRunId(run.id),
        status: state,
        progress: state.progress(elapsed.unwrap_or_default(), run.time_limit_seconds),
        start_time: begun.map(|at| zone.local(at)),
        estimated_completion: estimate(run, state, now, pace.typical, pace.places).map(|at| zone.local(at)),
        error_message: run.error_message.clone(),
        outcome: outcome_of(run),
        phase: run.phase.clone(),
        incumbent: run.objective.or(run.last_incumbent),
        bound: run.bound.or(run.last_bound),
        gap: run.gap.or(run.last_gap),
        nodes: run.nodes.or(run.last_nodes),
        elapsed_seconds: elapsed,
        queue_position: run.queue_position,
    })
}

pub(super) fn item(run: StoredRun, zone: BusinessZone) -> Result<RunItem, AppError> {
    Ok(RunItem {
        run_id: PlanRunId(run.id),
        label: label(run.run_no),
        status: state_of(&run)?,
        outcome: outcome_of(&run),
        scenario_name: run.scenario,
        scenario_id: run.scenario_id.map(PlanScenarioId),
        scenario_version: run.scenario_version,
        draw: run.draw,
        batch_id: run.batch_id.map(PlanBatchId),
        currency: run.currency,
        total_cost: run.objective,
        gap: run.gap,
        created_at: zone.local(run.created_at),
        created_by: run.created_by,
        start_time: run.started_at.map(|at| zone.local(at)),
        end_time: run.finished_at.map(|at| zone.local(at)),
        error_message: run.error_message,
        name: run.name,
    })
}

/// Why the solve ended.
fn reason(run: &StoredRun) -> String {
    match (&run.error_message, outcome_of(run)) {
        (Some(message), _) => message.clone(),
        (None, Some(outcome)) => outcome.words().to_owned(),
        (None, None) => "It ended without a result.".to_owned(),
    }
}

async fn relaxation(
    connection: &mut PgConnection,
    plan: &plans::StoredPlan,
    most: Option<i64>,
) -> Result<Option<Relaxation>, AppError> {
    let Some(total) = plan.relaxation_cost else { return Ok(None) };
    let slacks = plans::slacks(connection, plan.id, most).await?;
    Ok(Some(Relaxation { objective: plan.objective, operating_cost: plan.operating_cost, total, slacks }))
}

fn statistics(run: &StoredRun) -> Option<ModelStatistics> {
    let (columns, integer) = (run.cols?, run.integer_cols?);
    Some(ModelStatistics {
        num_variables: columns,
        num_constraints: run.rows?,
        continuous: columns - integer,
        binary: run.binary_cols?,
        integer,
        nonzeros: run.nonzeros?,
        model_type: if integer > 0 { "MILP" } else { "LP" }.to_owned(),
    })
}

/// A percentage as a share; of the whole plan.
fn share(kpis: &[KpiValue], name: &str) -> Option<f64> {
    kpis.iter().find(|kpi| kpi.kpi == name && kpi.scope.is_none()).and_then(|kpi| kpi.value).map(|value| value / 100.0)
}

/// All of it.
pub(super) async fn results(
    connection: &mut PgConnection,
    run: StoredRun,
    zone: BusinessZone,
) -> Result<RunResults, AppError> {
    Ok(read(connection, run, zone, None).await?.0)
}

/// The first rows of each kind.
pub(super) async fn page(
    connection: &mut PgConnection,
    run: StoredRun,
    zone: BusinessZone,
) -> Result<PlanPage, AppError> {
    let (results, rows) = read(connection, run, zone, Some(SHOWN_ROWS)).await?;
    let bindings = match results.plan_id {
        Some(plan) => plans::bindings(connection, plan.0, Some(SHOWN_ROWS)).await?,
        None => Vec::new(),
    };
    Ok(PlanPage { results, bindings, rows })
}

async fn read(
    connection: &mut PgConnection,
    run: StoredRun,
    zone: BusinessZone,
    most: Option<i64>,
) -> Result<(RunResults, RowCounts), AppError> {
    let mut told = bare(&run, zone)?;
    let Some(plan) = plans::of_run(connection, run.id).await? else { return Ok((told, RowCounts::default())) };
    told.plan_id = Some(PlanId(plan.id));
    told.is_relaxed = plan.is_relaxed;
    told.rows_removed_at = plan.rows_removed_at.map(|at| zone.local(at));
    told.relaxation = relaxation(connection, &plan, most).await?;
    told.production = plans::production(connection, plan.id, most).await?;
    told.shipments = plans::shipments(connection, plan.id, most).await?;
    told.inventory = plans::stock(connection, plan.id, most).await?;
    told.unmet_demand = plans::shortages(connection, plan.id, most).await?;
    told.costs = plans::costs(connection, plan.id).await?;
    told.kpis = plans::kpis(connection, plan.id).await?;
    (told.sites, told.contracts) = (plan.sites.0, plan.contracts.0);
    let sums = plans::sums(connection, plan.id).await?;
    // What was removed is not nought.
    let has_rows = plan.rows_removed_at.is_none();
    told.total_production = has_rows.then_some(sums.made);
    told.total_shipments = has_rows.then_some(sums.shipped);
    told.total_inventory = has_rows.then_some(sums.in_stock);
    let sum = |parts: &[Component]| Some(parts.iter().filter_map(|part| told.costs.get(part.as_str())).sum::<f64>());
    told.production_cost = sum(&[Component::Production, Component::ProductionFixed, Component::Start]);
    told.transportation_cost = sum(&[Component::Freight, Component::Handling]);
    told.fixed_trip_cost = sum(&[Component::Trips, Component::LaneFixed]);
    told.holding_cost = sum(&[Component::Holding, Component::Transit]);
    told.penalty_cost = sum(&[Component::Shortage, Component::Safety, Component::Contract]);
    told.service_level = share(&told.kpis, "service_level");
    told.stockout_risk = share(&told.kpis, "stockout_risk");
    told.avg_utilization = share(&told.kpis, "capacity_utilisation");
    let of_plants = told.kpis.iter().filter(|kpi| kpi.kpi == "capacity_utilisation");
    told.capacity_utilization = of_plants.filter_map(|kpi| Some((kpi.scope.clone()?, kpi.value? / 100.0))).collect();
    let rows = RowCounts {
        production: sums.production,
        shipments: sums.shipments,
        inventory: sums.stock,
        unmet_demand: sums.shortages,
        slacks: sums.slacks,
        bindings: sums.bindings,
    };
    Ok((told, rows))
}

/// What is known without a plan.
fn bare(run: &StoredRun, zone: BusinessZone) -> Result<RunResults, AppError> {
    let used = run.solver_used.clone().unwrap_or_else(|| SOLVER.to_owned());
    Ok(RunResults {
        run_id: PlanRunId(run.id),
        label: label(run.run_no),
        status: state_of(run)?,
        timestamp: run.finished_at.map(|at| zone.local(at)),
        scenario_name: run.scenario.clone(),
        currency: run.currency.clone(),
        solver: used.clone(),
        solver_requested: run.solver_requested.clone(),
        solver_used: used,
        solver_version: run.solver_version.clone(),
        solver_status: outcome_of(run),
        termination_reason: reason(run),
        runtime_seconds: run.started_at.zip(run.finished_at).map(|(begun, ended)| seconds(ended - begun)),
        optimality_gap: run.gap,
        plan_id: None,
        is_relaxed: false,
        rows_removed_at: None,
        total_cost: run.objective,
        operating_cost: run.operating_cost,
        production_cost: None,
        transportation_cost: None,
        fixed_trip_cost: None,
        holding_cost: None,
        penalty_cost: None,
        costs: BTreeMap::new(),
        service_level: None,
        stockout_risk: None,
        capacity_utilization: BTreeMap::new(),
        avg_utilization: None,
        production: Vec::new(),
        shipments: Vec::new(),
        inventory: Vec::new(),
        unmet_demand: Vec::new(),
        sites: Vec::new(),
        contracts: Vec::new(),
        relaxation: None,
        endless: run.endless.clone(),
        total_production: None,
        total_shipments: None,
        total_inventory: None,
        model_statistics: statistics(run),
        kpis: Vec::new(),
        checker: run.checker_passed.map(|passed| PlanCheck {
            passed,
            sha256: run.checker_sha256.as_deref().map(hex),
            faults: run.checker_faults.clone(),
        }),
    })
}

pub(super) async fn explanation(connection: &mut PgConnection, run: &StoredRun) -> Result<Explanation, AppError> {
    let mut told = Explanation {
        run_id: PlanRunId(run.id),
        outcome: outcome_of(run),
        termination_reason: reason(run),
        shortages: Vec::new(),
        bindings: Vec::new(),
        relaxation: None,
        endless: run.endless.clone(),
    };
    if let Some(plan) = plans::of_run(connection, run.id).await? {
        told.shortages = plans::shortages(connection, plan.id, None).await?;
        told.bindings = plans::bindings(connection, plan.id, None).await?;
        told.relaxation = relaxation(connection, &plan, None).await?;
    }
    Ok(told)
}
