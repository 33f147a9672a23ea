//! `millrace-result/1`: what a solve answers, whatever came of it.

use super::{
    checker,
    document::Document,
    explain::{self, Binding, Reason, Slack, WayOut},
    fault::Fault,
    input::Input,
    kpi::{self, Kpi},
    plan::{Breach, Inventory, Plan, Production, Shipment, Site},
    readiness::{self, Ceiling},
    run::{self, Kept, Outcome, Solved, grace, solve},
    solve::{SOLVER, SolverFault, Watch, version},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, time::Instant};

pub const FORMAT: &str = "millrace-result/1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub format: Cow<'static, str>,
    pub name: String,
    pub currency: String,
    pub outcome: Outcome,
    pub error: Option<Trouble>,
    pub objective: Option<f64>,
    pub operating_cost: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub costs: BTreeMap<String, f64>,
    pub production: Vec<Production>,
    pub shipments: Vec<Shipment>,
    pub inventory: Vec<Inventory>,
    pub unmet_demand: Vec<Short>,
    pub sites: Vec<Site>,
    pub contracts: Vec<Breach>,
    /// Of the way out.
    pub slacks: Vec<Slack>,
    pub relaxation: Option<Relaxation>,
    pub bindings: Vec<Binding>,
    /// Of an unbounded model: what grows without end.
    pub endless: Vec<String>,
    pub kpis: Vec<Kpi>,
    pub statistics: Statistics,
    pub checker: Option<checker::Report>,
    pub input_sha256: String,
    pub solver: Solver,
    pub readiness: Vec<Ceiling>,
    pub warnings: Vec<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub code: Cow<'static, str>,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Short {
    pub node: String,
    pub product: String,
    pub period: String,
    pub demand_tonnes: f64,
    pub tonnes: f64,
    pub cost: f64,
    #[serde(flatten)]
    pub reason: Reason,
}

/// The cheapest way out; its plan is relaxed and not to be promoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relaxation {
    pub objective: f64,
    pub operating_cost: f64,
    pub total: f64,
    pub slacks: Vec<Slack>,
    pub plan: Plan,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solver {
    pub solver_requested: String,
    pub solver_used: Cow<'static, str>,
    pub solver_version: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub rows: usize,
    pub columns: usize,
    pub integer: usize,
    pub binary: usize,
    pub nonzeros: usize,
    pub coefficient_min: Option<f64>,
    pub coefficient_max: Option<f64>,
    pub nodes: i64,
    pub lp_iterations: i64,
    pub start_objective: Option<f64>,
    pub build_seconds: f64,
    pub solve_seconds: f64,
    pub explain_seconds: f64,
    pub check_seconds: f64,
}

/// Solves, checks and explains an input without errors.
///
/// # Errors
/// The solver failed.
pub fn answer(
    document: &Document,
    input: &Input,
    warnings: Vec<Fault>,
    watch: &dyn Watch,
) -> Result<Answer, SolverFault> {
    let begun = Instant::now();
    let mut solved = solve(input, watch)?;
    let mut answer = checked(document, input, warnings, &mut solved);
    let explaining = Instant::now();
    let limit = input.options.time_limit_seconds;
    let left = |extra: f64| if watch.stop() { 0.0 } else { limit + extra - begun.elapsed().as_secs_f64() };
    // Explanations may take half of what is allowed beyond the limit.
    explain_plan(input, &solved, &mut answer, left(grace(limit) / 2.0))?;
    let left = left(0.0);
    if solved.outcome == Outcome::Infeasible
        && left > 0.0
        && let Some(way) = explain::way_out(input, &solved.built, left, watch)?
    {
        let WayOut { objective, operating_cost, total, slacks, plan } = way;
        answer.slacks.clone_from(&slacks);
        answer.relaxation = Some(Relaxation { objective, operating_cost, total, slacks, plan });
    }
    answer.statistics.explain_seconds = explaining.elapsed().as_secs_f64();
    Ok(answer)
}

/// What a search that was ended from outside leaves: the plan of its last incumbent, polished within the seconds given and
/// checked, or the news that there is none.
///
/// # Errors
/// The solver failed.
pub fn finish(
    document: &Document,
    input: &Input,
    warnings: Vec<Fault>,
    kept: &Kept,
    seconds: f64,
) -> Result<Answer, SolverFault> {
    let mut solved = run::finish(input, kept, seconds)?;
    let mut answer = checked(document, input, warnings, &mut solved);
    // Causes of shortages are asked for later, where there is time.
    explain_plan(input, &solved, &mut answer, 0.0)?;
    Ok(answer)
}

/// With the plan, when it passes the checker.
fn checked(document: &Document, input: &Input, warnings: Vec<Fault>, solved: &mut Solved) -> Answer {
    let mut answer = bare(document, input, warnings, solved);
    let checking = Instant::now();
    if let (Some(plan), Some(objective)) = (solved.plan.take(), solved.objective) {
        let report = checker::check(document, &plan, objective);
        answer.statistics.check_seconds = checking.elapsed().as_secs_f64();
        if report.passed {
            answer.kpis = kpi::of(input, &plan);
            take(&mut answer, plan);
        } else {
            let message = "The plan did not pass the checker; it is not kept.".to_owned();
            answer.outcome = Outcome::Error;
            answer.error = Some(Trouble { code: "checker_failed".into(), message });
            (answer.objective, answer.operating_cost) = (None, None);
        }
        answer.checker = Some(report);
    }
    answer
}

/// What binds the plan, and why it is short.
fn explain_plan(input: &Input, solved: &Solved, answer: &mut Answer, seconds: f64) -> Result<(), SolverFault> {
    let Some(point) = solved.point.as_ref().filter(|_| answer.error.is_none()) else { return Ok(()) };
    if solved.has_duals {
        answer.bindings = explain::bindings(input, &solved.built, point);
    }
    if seconds <= 0.0 {
        return Ok(());
    }
    for shortage in explain::shortages(input, &solved.built, point, seconds)? {
        let demand = &input.demand[shortage.demand];
        let key = (&input.nodes[demand.node].id, &input.products[demand.product].id, &input.periods[shortage.t].id);
        let row = answer.unmet_demand.iter_mut().find(|row| (&row.node, &row.product, &row.period) == key);
        if let Some(row) = row {
            row.reason = shortage.reason;
        }
    }
    Ok(())
}

fn bare(document: &Document, input: &Input, warnings: Vec<Fault>, solved: &Solved) -> Answer {
    let size = solved.built.model.size();
    let names = super::model::names::Names::new(input);
    Answer {
        format: FORMAT.into(),
        name: input.name.clone(),
        currency: input.currency.clone(),
        outcome: solved.outcome,
        error: None,
        objective: solved.objective,
        operating_cost: solved.operating_cost,
        bound: solved.bound,
        gap: solved.gap,
        costs: BTreeMap::new(),
        production: Vec::new(),
        shipments: Vec::new(),
        inventory: Vec::new(),
        unmet_demand: Vec::new(),
        sites: Vec::new(),
        contracts: Vec::new(),
        slacks: Vec::new(),
        relaxation: None,
        bindings: Vec::new(),
        endless: solved.endless.iter().map(|key| names.column(*key)).collect(),
        kpis: Vec::new(),
        statistics: Statistics {
            rows: size.rows,
            columns: size.columns,
            integer: size.integer,
            binary: size.binary,
            nonzeros: size.nonzeros,
            coefficient_min: size.coefficients.map(|(low, _)| low),
            coefficient_max: size.coefficients.map(|(_, high)| high),
            nodes: solved.effort.nodes,
            lp_iterations: solved.effort.lp_iterations,
            start_objective: solved.effort.start_objective,
            build_seconds: solved.effort.build_seconds,
            solve_seconds: solved.effort.solve_seconds,
            explain_seconds: 0.0,
            check_seconds: 0.0,
        },
        checker: None,
        input_sha256: document.sha256(),
        solver: Solver {
            solver_requested: input.options.solver.clone(),
            solver_used: SOLVER.into(),
            solver_version: version(),
        },
        readiness: readiness::ceilings(input),
        warnings,
    }
}

fn take(answer: &mut Answer, plan: Plan) {
    let Plan { production, shipments, inventory, unmet_demand, sites, contracts, costs } = plan;
    (answer.production, answer.shipments, answer.inventory) = (production, shipments, inventory);
    (answer.sites, answer.contracts, answer.costs) = (sites, contracts, costs);
    let short = unmet_demand.into_iter().map(|row| Short {
        node: row.node,
        product: row.product,
        period: row.period,
        demand_tonnes: row.demand_tonnes,
        tonnes: row.tonnes,
        cost: row.cost,
        reason: Reason::NotExamined,
    });
    answer.unmet_demand = short.collect();
}
