//! A model from the solver's hands to a plan: which outcome, how far from the bound, with whole numbers whole.

use super::{
    builder::{Built, build},
    input::{Input, Options},
    model::{Domain, Key, Model},
    objective::Component,
    plan::{self, Plan},
    solve::{Session, Settings, Solution, SolverFault, Status, Watch},
    start,
};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A gap this small is none, relative to the objective or in money.
const CLOSED: f64 = 1e-6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Optimal,
    FeasibleGap,
    LimitWithPlan,
    LimitNoPlan,
    Infeasible,
    Unbounded,
    Error,
    Cancelled,
}

impl Outcome {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optimal => "optimal",
            Self::FeasibleGap => "feasible_gap",
            Self::LimitWithPlan => "limit_with_plan",
            Self::LimitNoPlan => "limit_no_plan",
            Self::Infeasible => "infeasible",
            Self::Unbounded => "unbounded",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

/// |incumbent − bound| ÷ max(1e-9, |incumbent|).
#[must_use]
pub fn gap(incumbent: f64, bound: f64) -> f64 {
    (incumbent - bound).abs() / incumbent.abs().max(1e-9)
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Effort {
    pub build_seconds: f64,
    /// Model handed over to solver end, start plan included.
    pub solve_seconds: f64,
    pub nodes: i64,
    pub lp_iterations: i64,
    /// The start plan's cost, where one was found.
    pub start_objective: Option<f64>,
}

/// A solved input. The model stays, for questions about the plan.
#[derive(Debug)]
pub struct Solved {
    pub built: Built,
    pub outcome: Outcome,
    /// Of the plan as it is stored.
    pub objective: Option<f64>,
    pub operating_cost: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub plan: Option<Plan>,
    /// Values, activities and duals with the whole numbers fixed; duals are missing where that was not solved.
    pub point: Option<Solution>,
    pub has_duals: bool,
    /// Of an unbounded model: lanes and lines that grow without end.
    pub endless: Vec<Key>,
    pub effort: Effort,
}

impl From<&Options> for Settings {
    fn from(options: &Options) -> Self {
        Self {
            mip_gap: options.mip_gap,
            mip_abs_gap: options.mip_abs_gap,
            threads: options.threads,
            random_seed: options.random_seed,
            presolve: options.presolve.clone(),
        }
    }
}

/// Builds and solves an input without errors.
///
/// # Errors
/// The solver failed.
pub fn solve(input: &Input, watch: &dyn Watch) -> Result<Solved, SolverFault> {
    let begun = Instant::now();
    let built = build(input);
    let effort = Effort { build_seconds: begun.elapsed().as_secs_f64(), ..Effort::default() };
    solve_built(input, built, effort, watch)
}

fn solve_built(input: &Input, built: Built, mut effort: Effort, watch: &dyn Watch) -> Result<Solved, SolverFault> {
    let begun = Instant::now();
    let limit = input.options.time_limit_seconds;
    let left = || limit - begun.elapsed().as_secs_f64();
    let whole = built.model.has_integers();
    let mut session = Session::load(&built.model, whole)?;
    session.set(&Settings::from(&input.options))?;
    if whole && input.options.start_plan {
        effort.start_objective = start::give(input, &built, &mut session, &left, watch)?;
    }
    let status = session.run(left(), watch)?;
    let figures = session.figures();
    (effort.nodes, effort.lp_iterations) = (figures.nodes, figures.lp_iterations);
    let found = session.has_point().then(|| session.solution());
    let mut outcome = match status {
        Status::Optimal if found.is_some() => Outcome::Optimal,
        Status::Infeasible => Outcome::Infeasible,
        Status::Unbounded | Status::UnboundedOrInfeasible => Outcome::Unbounded,
        Status::Limit if found.is_some() => Outcome::LimitWithPlan,
        Status::Limit => Outcome::LimitNoPlan,
        Status::Interrupted => Outcome::Cancelled,
        Status::Optimal | Status::Failed => return Err(SolverFault("the solver ended without a word".to_owned())),
    };
    let mut endless = Vec::new();
    if outcome == Outcome::Unbounded {
        (outcome, endless) = direction(&built.model, &mut session, left())?;
    }
    effort.solve_seconds = begun.elapsed().as_secs_f64();
    let found = found.filter(|_| !matches!(outcome, Outcome::Unbounded | Outcome::Infeasible));
    let mut solved = Solved {
        built,
        outcome,
        objective: None,
        operating_cost: None,
        bound: None,
        gap: None,
        plan: None,
        point: None,
        has_duals: false,
        endless,
        effort,
    };
    let Some(found) = found else {
        solved.bound = figures.bound.filter(|_| whole && outcome != Outcome::Infeasible);
        return Ok(solved);
    };
    let (point, has_duals) = if whole { polish(&solved.built.model, &mut session, found)? } else { (found, true) };
    let plan = plan::of(input, &solved.built, &point.columns);
    let operating = Component::ALL.iter().filter(|one| one.operating()).filter_map(|one| plan.costs.get(one.as_str()));
    solved.operating_cost = Some(operating.sum());
    let objective: f64 = plan.costs.values().sum();
    solved.objective = Some(objective);
    solved.bound = if whole { figures.bound } else { Some(solved.built.model.value(&point.columns)) };
    // Polishing may end below a bound that was rounded up.
    solved.bound = solved.bound.map(|bound| bound.min(objective));
    solved.gap = solved.bound.map(|bound| gap(objective, bound));
    let closed = solved.bound.is_some_and(|bound| gap(objective, bound) <= CLOSED || objective - bound <= CLOSED);
    if solved.outcome == Outcome::Optimal && !closed {
        solved.outcome = Outcome::FeasibleGap;
    }
    (solved.plan, solved.point, solved.has_duals) = (Some(plan), Some(point), has_duals);
    Ok(solved)
}

/// The whole numbers rounded and fixed, the rest solved again: its values and duals are the plan.
pub(super) fn polish(model: &Model, session: &mut Session, found: Solution) -> Result<(Solution, bool), SolverFault> {
    let (mut lower, mut upper): (Vec<f64>, Vec<f64>) = model.columns.iter().map(|c| (c.lower, c.upper)).unzip();
    for (place, column) in model.columns.iter().enumerate().filter(|(_, c)| c.domain == Domain::Integer) {
        let value = found.columns[place].round().clamp(column.lower.ceil(), column.upper.floor());
        (lower[place], upper[place]) = (value, value);
    }
    session.set_whole(model, false)?;
    session.set_bounds(&lower, &upper)?;
    let status = session.run(f64::MAX, &super::solve::Unwatched)?;
    if status == Status::Optimal && session.has_point() {
        return Ok((session.solution(), true));
    }
    Ok((found, false))
}

/// Whether a model without optimum is unbounded, and in which direction: the solver has a ray only for a linear model
/// without presolve.
fn direction(model: &Model, session: &mut Session, seconds: f64) -> Result<(Outcome, Vec<Key>), SolverFault> {
    session.set_whole(model, false)?;
    session.set_presolve("off")?;
    session.set_primal_simplex()?;
    Ok(match session.run(seconds, &super::solve::Unwatched)? {
        Status::Unbounded => {
            let ray = session.ray().unwrap_or_default();
            let grows = model.columns.iter().zip(ray).filter(|(_, value)| value.abs() > 1e-9);
            let named = grows.map(|(column, _)| column.key);
            (Outcome::Unbounded, named.filter(|key| matches!(key, Key::Ship { .. } | Key::Prod { .. })).collect())
        }
        Status::Limit => (Outcome::LimitNoPlan, Vec::new()),
        Status::Interrupted => (Outcome::Cancelled, Vec::new()),
        // A relaxation with an optimum leaves only the whole numbers to be impossible.
        _ => (Outcome::Infeasible, Vec::new()),
    })
}
