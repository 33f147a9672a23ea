//! A first whole plan from the linear relaxation (`planning.md` 3.3): lanes that carry less than half their minimum are
//! closed, the others opened; trips, batches and running lines rounded and fixed; the rest solved again.

use super::{
    builder::Built,
    input::Input,
    model::{Domain, Key},
    solve::{Figures, Session, SolverFault, Status, Watch},
};

/// Trips are rounded up from here on: ⌈x − 0.3⌉.
const SPARE: f64 = 0.3;

/// A whole plan, and what the relaxation says no plan can cost less than.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub objective: f64,
    pub values: Vec<f64>,
    pub bound: Option<f64>,
}

/// Gives the session a point to start from, if one is found.
///
/// # Errors
/// The solver failed.
pub(super) fn give(
    input: &Input,
    built: &Built,
    session: &mut Session,
    left: &dyn Fn() -> f64,
    watch: &dyn Watch,
) -> Result<Option<Start>, SolverFault> {
    let model = &built.model;
    let (lower, upper): (Vec<f64>, Vec<f64>) = model.columns.iter().map(|c| (c.lower, c.upper)).unzip();
    session.set_whole(model, false)?;
    let (mut found, mut bound) = (None, None);
    if session.run(left(), watch)? == Status::Optimal {
        let relaxed = session.solution().columns;
        bound = session.figures().incumbent;
        watch.figures(Figures { bound, ..Figures::default() });
        for spare in [SPARE, 0.0] {
            let (low, high) = fixed(input, built, &relaxed, spare);
            session.set_bounds(&low, &high)?;
            if left() > 0.0 && session.run(left(), watch)? == Status::Optimal {
                found = Some(session.solution().columns);
                break;
            }
        }
    }
    session.set_bounds(&lower, &upper)?;
    session.set_whole(model, true)?;
    let Some(values) = found else { return Ok(None) };
    session.start_from(&values)?;
    let objective = model.value(&values);
    watch.incumbent(objective, &values);
    watch.figures(Figures { incumbent: Some(objective), bound, ..Figures::default() });
    Ok(Some(Start { objective, values, bound }))
}

/// Bounds that fix every whole number near the relaxed point.
fn fixed(input: &Input, built: &Built, relaxed: &[f64], spare: f64) -> (Vec<f64>, Vec<f64>) {
    let model = &built.model;
    let variables = &built.variables;
    let (mut low, mut high): (Vec<f64>, Vec<f64>) = model.columns.iter().map(|c| (c.lower, c.upper)).unzip();
    let sum = |lane: usize, t: usize| variables.loads(input, lane, t).map(|ship| relaxed[ship]).sum::<f64>();
    for (place, column) in model.columns.iter().enumerate().filter(|(_, c)| c.domain == Domain::Integer) {
        let value = match column.key {
            Key::Use { lane, t } => {
                let least = input.lanes[lane].at[t].map_or(0.0, |at| at.min_shipment);
                let shipped = sum(lane, t);
                if shipped > 1e-9 && shipped >= least * 0.5 { 1.0 } else { 0.0 }
            }
            Key::Trips { lane, t } => {
                let at = input.lanes[lane].at[t];
                let load = at.and_then(|at| at.trip_tonnes).unwrap_or(1.0);
                let least = at.map_or(0.0, |at| at.min_shipment);
                let shipped = sum(lane, t);
                let closed = shipped <= 1e-9 || shipped < least * 0.5;
                if closed { 0.0 } else { (shipped.max(least) / load - spare).ceil().max(1.0) }
            }
            _ => (relaxed[place] - 1e-9).ceil(),
        };
        let value = value.clamp(column.lower, column.upper);
        (low[place], high[place]) = (value, value);
    }
    (low, high)
}
