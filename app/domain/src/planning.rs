//! Feature `planning`: plans solved from documents (`planning.md`). Quantities are tonnes and money is in the plan's
//! currency; both are doubles as the solver leaves them, stored with six and four decimals.

mod compare;
mod decision;
mod input;
mod port;
mod result;
mod run;

pub use compare::{CompareQuery, ComparedFigure, Comparison, RowAmounts, RowChange, RowDifference, RowFamily};
pub use decision::{PlanAct, PlanDetail, PlanFilter, PlanItem, PlanList, PlanReview, PlanScreen, PlanState, Reason};
pub use input::{
    FileRead, Finding, Handed, InputSummary, ModelTemplate, ReadinessPoint, ScenarioItem, ScenarioList, SheetRead,
    SolverItem, SolverList, Validation, Verdict,
};
pub use port::{CancelAnswer, PlanningPort, PlansPort, Results};
pub use result::{
    BindingRow, ContractRow, Explanation, KpiValue, ModelStatistics, PlanCheck, ProductionRow, Relaxation, RunResults,
    ShipmentRow, ShortageCause, ShortageRow, SiteRow, SlackRow, StockRow,
};
pub use run::{
    CancelRun, DEFAULT_TIME_LIMIT, NewRun, ProgressPoint, ProgressSeries, RunDetail, RunFilter, RunItem, RunList,
    RunOutcome, RunRemoved, RunStarted, RunState, RunStatus, SolveForm, label, thinned,
};
