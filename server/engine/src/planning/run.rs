//! A model from the solver's hands to a plan: which outcome, how far from the bound, with whole numbers whole.

use super::{
    builder::{Built, build},
    input::{Input, Options},
    model::{Domain, Key, Model},
    objective::Component,
    pipe::{Incumbent, Phase},
    plan::{self, Plan},
    solve::{Figures, Session, Settings, Solution, SolverFault, Status, Watch},
    start,
};
pub use domain::planning::RunOutcome as Outcome;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A gap this small is none, relative to the objective or in money.
const CLOSED: f64 = 1e-6;

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

/// The better of two bounds.
#[must_use]
pub fn higher(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

/// How far beyond its limit a solve may go, everything after the search included.
#[must_use]
pub fn grace(limit_seconds: f64) -> f64 {
    (limit_seconds * 0.05).max(2.0)
}

/// A plan whose search was cancelled is polished in this time.
const HURRIED_SECONDS: f64 = 1.0;

/// Builds and solves an input without errors.
///
/// # Errors
/// The solver failed.
pub fn solve(input: &Input, watch: &dyn Watch) -> Result<Solved, SolverFault> {
    watch.phase(Phase::BuildingModel);
    let begun = Instant::now();
    let built = build(input);
    watch.built(&built.model);
    let effort = Effort { build_seconds: begun.elapsed().as_secs_f64(), ..Effort::default() };
    watch.phase(Phase::Solving);
    solve_built(input, built, effort, watch)
}

fn solve_built(input: &Input, built: Built, mut effort: Effort, watch: &dyn Watch) -> Result<Solved, SolverFault> {
    let begun = Instant::now();
    let limit = input.options.time_limit_seconds - effort.build_seconds;
    let left = || limit - begun.elapsed().as_secs_f64();
    let whole = built.model.has_integers();
    let mut session = Session::load(&built.model, whole)?;
    session.set(&Settings::from(&input.options))?;
    let mut start = None;
    if whole && input.options.start_plan {
        start = start::give(input, &built, &mut session, &left, watch)?;
        effort.start_objective = start.as_ref().map(|start| start.objective);
    }
    // Between the two the solver may be silent for long.
    let (status, figures) = if start.is_some() && watch.stop() {
        (Status::Interrupted, Figures::default())
    } else if start.is_some() && left() <= 0.0 {
        (Status::Limit, Figures::default())
    } else {
        watch.presolves();
        (session.run(left(), watch)?, session.figures())
    };
    watch.phase(Phase::ProcessingResults);
    (effort.nodes, effort.lp_iterations) = (figures.nodes, figures.lp_iterations);
    let mut found = figures.incumbent.is_some().then(|| session.solution());
    let mut bound = figures.bound;
    if let Some(start) = start {
        // The solver's own bound is a poor one before its root is done.
        bound = higher(bound, start.bound);
        if matches!(status, Status::Interrupted | Status::Limit) {
            found = found.or_else(|| Some(Solution { columns: start.values, ..Solution::default() }));
        }
    }
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
    let mut solved = Solved { endless, effort, ..Solved::without_plan(built, outcome) };
    let Some(found) = found else {
        solved.bound = bound.filter(|_| whole && outcome != Outcome::Infeasible);
        return Ok(solved);
    };
    if !whole {
        let bound = Some(solved.built.model.value(&found.columns));
        return Ok(solved.with_plan(input, found, true, bound));
    }
    let seconds = if outcome == Outcome::Cancelled { HURRIED_SECONDS } else { left().max(0.0) + grace(limit) * 0.75 };
    let (point, has_duals) = polish(&solved.built.model, &mut session, found, seconds)?;
    Ok(solved.with_plan(input, point, has_duals, bound))
}

/// What is known of a search that was ended from outside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub incumbent: Option<Incumbent>,
    pub bound: Option<f64>,
    /// By a person; else a limit was passed.
    pub cancelled: bool,
}

/// The plan of the last incumbent, polished within the seconds given; without seconds it stands as it is.
///
/// # Errors
/// The solver failed, or the incumbent is of another input.
pub fn finish(input: &Input, kept: &Kept, seconds: f64) -> Result<Solved, SolverFault> {
    let begun = Instant::now();
    let built = build(input);
    let outcome = match (&kept.incumbent, kept.cancelled) {
        (_, true) => Outcome::Cancelled,
        (Some(_), false) => Outcome::LimitWithPlan,
        (None, false) => Outcome::LimitNoPlan,
    };
    let mut solved = Solved::without_plan(built, outcome);
    solved.effort.build_seconds = begun.elapsed().as_secs_f64();
    let Some(incumbent) = &kept.incumbent else {
        solved.bound = kept.bound;
        return Ok(solved);
    };
    let begun = Instant::now();
    let mut point = Solution { columns: incumbent.point(input, &solved.built.model)?, ..Solution::default() };
    let mut has_duals = false;
    if seconds > 0.0 {
        let mut session = Session::load(&solved.built.model, false)?;
        session.set(&Settings::from(&input.options))?;
        (point, has_duals) = polish(&solved.built.model, &mut session, point, seconds)?;
    }
    solved.effort.solve_seconds = begun.elapsed().as_secs_f64();
    Ok(solved.with_plan(input, point, has_duals, kept.bound))
}

impl Solved {
    fn without_plan(built: Built, outcome: Outcome) -> Self {
        Self {
            built,
            outcome,
            objective: None,
            operating_cost: None,
            bound: None,
            gap: None,
            plan: None,
            point: None,
            has_duals: false,
            endless: Vec::new(),
            effort: Effort::default(),
        }
    }

    fn with_plan(mut self, input: &Input, point: Solution, has_duals: bool, bound: Option<f64>) -> Self {
        let plan = plan::of(input, &self.built, &point.columns);
        let operating = Component::ALL.iter().filter(|one| one.operating());
        self.operating_cost = Some(operating.filter_map(|one| plan.costs.get(one.as_str())).sum());
        let objective: f64 = plan.costs.values().sum();
        self.objective = Some(objective);
        // Polishing may end below a bound that was rounded up.
        self.bound = bound.map(|bound| bound.min(objective));
        self.gap = self.bound.map(|bound| gap(objective, bound));
        let closed = self.bound.is_some_and(|bound| gap(objective, bound) <= CLOSED || objective - bound <= CLOSED);
        if self.outcome == Outcome::Optimal && !closed {
            self.outcome = Outcome::FeasibleGap;
        }
        (self.plan, self.point, self.has_duals) = (Some(plan), Some(point), has_duals);
        self
    }
}

/// The whole numbers rounded and fixed, the rest solved again: its values and duals are the plan. Where that fails, or takes
/// longer than the seconds given, the point stands as it was found.
pub(super) fn polish(
    model: &Model,
    session: &mut Session,
    found: Solution,
    seconds: f64,
) -> Result<(Solution, bool), SolverFault> {
    let (mut lower, mut upper): (Vec<f64>, Vec<f64>) = model.columns.iter().map(|c| (c.lower, c.upper)).unzip();
    for (place, column) in model.columns.iter().enumerate().filter(|(_, c)| c.domain == Domain::Integer) {
        let value = found.columns[place].round().clamp(column.lower.ceil(), column.upper.floor());
        (lower[place], upper[place]) = (value, value);
    }
    session.set_whole(model, false)?;
    session.set_bounds(&lower, &upper)?;
    let status = session.run(seconds, &super::solve::Unwatched)?;
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
