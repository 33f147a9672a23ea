//! The one file that names the solver. good_lp builds the model; all else is done on the raw HiGHS instance, because
//! good_lp's own `solve` drops options and tells every limit in one word.
#![allow(unsafe_code)]

use super::{
    model::{Compare, Domain, Model},
    pipe::Phase,
};
use good_lp::{Expression, ProblemVariables, SolverModel, constraint, solvers::highs::highs, variable};
use highs_sys::{
    Highs_changeColsBoundsByRange, Highs_changeColsCostByRange, Highs_changeColsIntegralityByRange,
    Highs_changeObjectiveOffset, Highs_changeRowsBoundsBySet, Highs_getDoubleInfoValue, Highs_getInt64InfoValue,
    Highs_getIntInfoValue, Highs_getModelStatus, Highs_getPrimalRay, Highs_getSolution, Highs_run,
    Highs_setBoolOptionValue, Highs_setCallback, Highs_setDoubleOptionValue, Highs_setIntOptionValue,
    Highs_setSolution, Highs_setStringOptionValue, Highs_startCallback, Highs_version, Highs_zeroAllClocks,
    HighsCallbackDataIn, HighsCallbackDataOut,
};
use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fmt,
};

/// Its name and version, as every result tells them.
pub const SOLVER: &str = "highs";

#[must_use]
pub fn version() -> String {
    // SAFETY: a static text of the library.
    unsafe { CStr::from_ptr(Highs_version()) }.to_string_lossy().into_owned()
}

/// The library refused a call, or ended with a fault of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SolverFault(pub String);

impl fmt::Display for SolverFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SolverFault {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Optimal,
    Infeasible,
    Unbounded,
    /// Presolve cannot tell which.
    UnboundedOrInfeasible,
    /// Time, nodes or memory.
    Limit,
    Interrupted,
    Failed,
}

/// What is known while a solve runs; unknown is None.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    pub incumbent: Option<f64>,
    pub bound: Option<f64>,
    pub nodes: i64,
    pub lp_iterations: i64,
}

/// Looks on while the solver works, on the solver's own thread.
pub trait Watch {
    fn phase(&self, _phase: Phase) {}
    /// The values of incumbents stand in the order of its columns.
    fn built(&self, _model: &Model) {}
    /// The search begins with a presolve, in which the solver neither tells nor asks anything.
    fn presolves(&self) {}
    fn figures(&self, _figures: Figures) {}
    /// A better whole plan.
    fn incumbent(&self, _objective: f64, _values: &[f64]) {}
    /// Asked between rounds: true ends the solve.
    fn stop(&self) -> bool {
        false
    }
}

/// Nobody looks on.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;
impl Watch for Unwatched {}

/// For what runs beside the search itself.
#[derive(Clone, Copy)]
pub struct StopOnly<'a>(pub &'a dyn Watch);

impl fmt::Debug for StopOnly<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StopOnly").finish_non_exhaustive()
    }
}

impl Watch for StopOnly<'_> {
    fn stop(&self) -> bool {
        self.0.stop()
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub mip_gap: f64,
    pub mip_abs_gap: f64,
    pub threads: i32,
    pub random_seed: i32,
    pub presolve: String,
}

/// Values of columns, activities of rows, and for a linear model what one unit more of each limit is worth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Solution {
    pub columns: Vec<f64>,
    pub rows: Vec<f64>,
    pub column_duals: Vec<f64>,
    pub row_duals: Vec<f64>,
}

/// A model inside the solver; bounds, costs and integrality can change between runs.
#[derive(Debug)]
pub struct Session {
    highs: highs::Model,
    columns: usize,
    /// good_lp writes `≥` as `≤` of the negatives.
    turned: Vec<bool>,
}

impl Session {
    /// Hands a model over; `whole` keeps the integers whole.
    ///
    /// # Errors
    /// The library refuses the model.
    pub fn load(model: &Model, whole: bool) -> Result<Self, SolverFault> {
        let mut variables = ProblemVariables::new();
        let mut objective = Expression::with_capacity(model.columns.len());
        let mut columns = Vec::with_capacity(model.columns.len());
        for column in &model.columns {
            let definition = variable().min(column.lower).max(column.upper);
            let integer = whole && column.domain == Domain::Integer;
            let one = variables.add(if integer { definition.integer() } else { definition });
            if column.cost != 0.0 {
                objective.add_mul(column.cost, one);
            }
            columns.push(one);
        }
        let mut problem = variables.minimise(objective).using(highs);
        let mut turned = Vec::with_capacity(model.rows.len());
        for row in &model.rows {
            let terms = model.terms(row);
            let mut sum = Expression::with_capacity(terms.len());
            for (column, value) in terms {
                sum.add_mul(*value, columns[*column]);
            }
            problem.add_constraint(match row.compare {
                Compare::AtMost => constraint::leq(sum, row.limit),
                Compare::Equal => constraint::eq(sum, row.limit),
                Compare::AtLeast => constraint::geq(sum, row.limit),
            });
            turned.push(row.compare == Compare::AtLeast);
        }
        let highs = problem.try_into_inner().map_err(|error| SolverFault(error.to_string()))?;
        let mut session = Self { highs, columns: model.columns.len(), turned };
        session.set_flag("output_flag", false)?;
        let pointer = session.pointer();
        // SAFETY: the instance lives as long as `session`.
        session.call("offset", unsafe { Highs_changeObjectiveOffset(pointer, model.constant) })?;
        Ok(session)
    }

    fn pointer(&mut self) -> *mut c_void {
        self.highs.as_mut_ptr()
    }

    fn call(&self, what: &str, status: c_int) -> Result<(), SolverFault> {
        if status < 0 { Err(SolverFault(format!("the solver refused: {what}"))) } else { Ok(()) }
    }

    fn set_flag(&mut self, name: &str, value: bool) -> Result<(), SolverFault> {
        let option = text(name)?;
        // SAFETY: the instance and the text live through the call.
        let status = unsafe { Highs_setBoolOptionValue(self.pointer(), option.as_ptr(), c_int::from(value)) };
        self.call(name, status)
    }

    fn set_double(&mut self, name: &str, value: f64) -> Result<(), SolverFault> {
        let option = text(name)?;
        // SAFETY: as above.
        let status = unsafe { Highs_setDoubleOptionValue(self.pointer(), option.as_ptr(), value) };
        self.call(name, status)
    }

    fn set_int(&mut self, name: &str, value: i32) -> Result<(), SolverFault> {
        let option = text(name)?;
        // SAFETY: as above.
        let status = unsafe { Highs_setIntOptionValue(self.pointer(), option.as_ptr(), value) };
        self.call(name, status)
    }

    fn set_text(&mut self, name: &str, value: &str) -> Result<(), SolverFault> {
        let (option, value) = (text(name)?, text(value)?);
        // SAFETY: as above.
        let status = unsafe { Highs_setStringOptionValue(self.pointer(), option.as_ptr(), value.as_ptr()) };
        self.call(name, status)
    }

    /// # Errors
    /// A value the library does not take.
    pub fn set(&mut self, settings: &Settings) -> Result<(), SolverFault> {
        self.set_double("mip_rel_gap", settings.mip_gap)?;
        self.set_double("mip_abs_gap", settings.mip_abs_gap)?;
        self.set_int("threads", settings.threads)?;
        self.set_int("random_seed", settings.random_seed)?;
        self.set_text("presolve", &settings.presolve)
    }

    /// # Errors
    /// A word the library does not know.
    pub fn set_presolve(&mut self, value: &str) -> Result<(), SolverFault> {
        self.set_text("presolve", value)
    }

    /// The way that ends with a ray.
    ///
    /// # Errors
    /// The library does not know it.
    pub fn set_primal_simplex(&mut self) -> Result<(), SolverFault> {
        self.set_int("simplex_strategy", 4)
    }

    /// Solves within the seconds given.
    ///
    /// # Errors
    /// The library refuses to start.
    pub fn run(&mut self, seconds: f64, watch: &dyn Watch) -> Result<Status, SolverFault> {
        self.set_double("time_limit", seconds.max(0.001))?;
        let mut looker: &dyn Watch = watch;
        let pointer = self.pointer();
        let data = std::ptr::from_mut(&mut looker).cast::<c_void>();
        // SAFETY: `looker` outlives the run; the callback is taken away below, before it ends.
        let ran = unsafe {
            Highs_zeroAllClocks(pointer);
            Highs_setCallback(pointer, Some(on_callback), data);
            for kind in [SIMPLEX_INTERRUPT, IMPROVING, LOGGING, MIP_INTERRUPT] {
                Highs_startCallback(pointer, kind);
            }
            let ran = Highs_run(pointer);
            Highs_setCallback(pointer, None, std::ptr::null_mut());
            ran
        };
        // SAFETY: the instance lives.
        let status = unsafe { Highs_getModelStatus(pointer) };
        Ok(match status {
            7 => Status::Optimal,
            8 => Status::Infeasible,
            9 => Status::UnboundedOrInfeasible,
            10 => Status::Unbounded,
            13 | 14 | 16 | 18 => Status::Limit,
            17 => Status::Interrupted,
            // No column at all.
            6 if ran >= 0 => Status::Optimal,
            _ => Status::Failed,
        })
    }

    fn double_info(&mut self, name: &CStr) -> Option<f64> {
        let mut value = f64::NAN;
        // SAFETY: the instance, the text and the place live through the call.
        let status = unsafe { Highs_getDoubleInfoValue(self.pointer(), name.as_ptr(), &raw mut value) };
        (status >= 0).then_some(value).filter(|value| value.is_finite() && value.abs() < 1e100)
    }

    /// Whether the last run left a point that keeps every row.
    #[must_use]
    pub fn has_point(&mut self) -> bool {
        let mut value: c_int = 0;
        // SAFETY: as above.
        unsafe { Highs_getIntInfoValue(self.pointer(), c"primal_solution_status".as_ptr(), &raw mut value) };
        value == 2
    }

    /// What the last run found.
    #[must_use]
    pub fn figures(&mut self) -> Figures {
        let mut nodes: i64 = 0;
        let mut iterations: c_int = 0;
        // SAFETY: as above.
        unsafe {
            Highs_getInt64InfoValue(self.pointer(), c"mip_node_count".as_ptr(), &raw mut nodes);
            Highs_getIntInfoValue(self.pointer(), c"simplex_iteration_count".as_ptr(), &raw mut iterations);
        }
        Figures {
            incumbent: if self.has_point() { self.double_info(c"objective_function_value") } else { None },
            bound: self.double_info(c"mip_dual_bound"),
            nodes: nodes.max(0),
            lp_iterations: iterations.max(0).into(),
        }
    }

    /// The point of the last run. Duals are 0 after a run with integers.
    #[must_use]
    pub fn solution(&mut self) -> Solution {
        let mut found = Solution {
            columns: vec![0.0; self.columns],
            rows: vec![0.0; self.turned.len()],
            column_duals: vec![0.0; self.columns],
            row_duals: vec![0.0; self.turned.len()],
        };
        // SAFETY: the four places have the model's own sizes.
        unsafe {
            Highs_getSolution(
                self.pointer(),
                found.columns.as_mut_ptr(),
                found.column_duals.as_mut_ptr(),
                found.rows.as_mut_ptr(),
                found.row_duals.as_mut_ptr(),
            );
        }
        for (place, _) in self.turned.iter().enumerate().filter(|(_, turned)| **turned) {
            found.rows[place] = -found.rows[place];
            found.row_duals[place] = -found.row_duals[place];
        }
        found
    }

    /// The direction without end of an unbounded linear model: one value a column.
    #[must_use]
    pub fn ray(&mut self) -> Option<Vec<f64>> {
        let (mut there, mut ray): (c_int, _) = (0, vec![0.0; self.columns]);
        // SAFETY: one place a column.
        unsafe { Highs_getPrimalRay(self.pointer(), &raw mut there, ray.as_mut_ptr()) };
        (there == 1).then_some(ray)
    }

    /// A whole point to start from.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn start_from(&mut self, values: &[f64]) -> Result<(), SolverFault> {
        let none = std::ptr::null();
        // SAFETY: one value a column; the others may be absent.
        let status = unsafe { Highs_setSolution(self.pointer(), values.as_ptr(), none, none, none) };
        self.call("start", status)
    }

    /// # Errors
    /// The library refuses them.
    pub fn set_bounds(&mut self, lower: &[f64], upper: &[f64]) -> Result<(), SolverFault> {
        let Some(last) = self.last() else { return Ok(()) };
        // SAFETY: one value a column.
        let status = unsafe { Highs_changeColsBoundsByRange(self.pointer(), 0, last, lower.as_ptr(), upper.as_ptr()) };
        self.call("bounds", status)
    }

    /// # Errors
    /// The library refuses them.
    pub fn set_costs(&mut self, costs: &[f64]) -> Result<(), SolverFault> {
        let Some(last) = self.last() else { return Ok(()) };
        // SAFETY: one value a column.
        let status = unsafe { Highs_changeColsCostByRange(self.pointer(), 0, last, costs.as_ptr()) };
        self.call("costs", status)
    }

    /// Sets the limits of rows between which their sum must stay.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn set_row(&mut self, row: usize, lower: f64, upper: f64) -> Result<(), SolverFault> {
        let (lower, upper) = if self.turned[row] { (-upper, -lower) } else { (lower, upper) };
        let place = c_int::try_from(row).map_err(|_| SolverFault("too many rows".to_owned()))?;
        // SAFETY: one place, one value each.
        let status = unsafe {
            Highs_changeRowsBoundsBySet(self.pointer(), 1, &raw const place, &raw const lower, &raw const upper)
        };
        self.call("row", status)
    }

    /// Integer columns stay integer, or may be broken.
    ///
    /// # Errors
    /// The library refuses it.
    pub fn set_whole(&mut self, model: &Model, whole: bool) -> Result<(), SolverFault> {
        let Some(last) = self.last() else { return Ok(()) };
        let kinds: Vec<c_int> =
            model.columns.iter().map(|column| c_int::from(whole && column.domain == Domain::Integer)).collect();
        // SAFETY: one value a column.
        let status = unsafe { Highs_changeColsIntegralityByRange(self.pointer(), 0, last, kinds.as_ptr()) };
        self.call("integrality", status)
    }

    fn last(&self) -> Option<c_int> {
        c_int::try_from(self.columns).ok()?.checked_sub(1).filter(|last| *last >= 0)
    }
}

fn text(value: &str) -> Result<CString, SolverFault> {
    CString::new(value).map_err(|_| SolverFault(format!("no option holds {value:?}")))
}

const SIMPLEX_INTERRUPT: c_int = 1;
const IMPROVING: c_int = 4;
const LOGGING: c_int = 5;
const MIP_INTERRUPT: c_int = 6;

/// Unknown values are infinite, or as large as the library's own infinity.
fn known(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite() && value.abs() < 1e100)
}

unsafe extern "C" fn on_callback(
    kind: c_int,
    _message: *const c_char,
    out: *const HighsCallbackDataOut,
    input: *mut HighsCallbackDataIn,
    data: *mut c_void,
) {
    // SAFETY: `run` passes a `&dyn Watch` that lives until the callback is taken away.
    let watch = unsafe { *data.cast::<&dyn Watch>() };
    if let Some(out) = unsafe { out.as_ref() }.filter(|_| kind != SIMPLEX_INTERRUPT) {
        watch.figures(Figures {
            incumbent: known(out.mip_primal_bound),
            bound: known(out.mip_dual_bound),
            nodes: out.mip_node_count.max(0),
            lp_iterations: out.mip_total_lp_iterations.max(0),
        });
        if kind == IMPROVING && !out.mip_solution.is_null() {
            let size = usize::try_from(out.mip_solution_size).unwrap_or_default();
            // SAFETY: the library says how many values stand there.
            watch
                .incumbent(out.objective_function_value, unsafe { std::slice::from_raw_parts(out.mip_solution, size) });
        }
    }
    // SAFETY: the library reads the answer after the call.
    if let Some(input) = unsafe { input.as_mut() }.filter(|_| matches!(kind, SIMPLEX_INTERRUPT | MIP_INTERRUPT)) {
        input.user_interrupt = c_int::from(watch.stop());
    }
}
