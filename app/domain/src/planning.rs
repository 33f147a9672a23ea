//! Feature `planning`: plans solved from documents (`planning.md`). Quantities are tonnes and money is in the plan's
//! currency; both are doubles as the solver leaves them, stored with six and four decimals.

mod batch;
mod compare;
mod decision;
mod input;
mod port;
mod result;
mod run;
mod scenario;
mod scenario_form;
mod scenarios_port;

pub use batch::{
    ALPHAS, Bar, BatchDetail, BatchFilter, BatchItem, BatchKind, BatchList, BatchRun, BatchScenario, BatchStarted,
    BatchState, BatchTotals, MOST_RUNS, NewBatch, Tail, batch_label, histogram,
};
pub use compare::{CompareQuery, ComparedFigure, Comparison, RowAmounts, RowChange, RowDifference, RowFamily};
pub use decision::{PlanAct, PlanDetail, PlanFilter, PlanItem, PlanList, PlanReview, PlanScreen, PlanState, Reason};
pub use input::{
    FileRead, Finding, Handed, InputSummary, ModelTemplate, ReadinessPoint, SheetRead, SolverItem, SolverList,
    Validation, Verdict,
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
pub use scenario::{
    CopyScenario, FieldChange, InputChoice, MOST_CHANGES, ResolveScenario, ScenarioDetail, ScenarioDifference,
    ScenarioDraft, ScenarioItem, ScenarioList, ScenarioOps, ScenarioRef, ScenarioVersion, SectionChanges, code_of,
    fault_of_code, fault_of_name,
};
pub use scenario_form::ScenarioForm;
pub use scenarios_port::{BatchesPort, ScenariosPort};
