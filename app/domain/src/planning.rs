//! Feature `planning`: plans solved from documents (`planning.md`). Quantities are tonnes and money is in the plan's
//! currency; both are doubles as the solver leaves them, stored with six and four decimals.

mod batch;
mod compare;
mod decision;
mod input;
mod json;
mod map;
mod network;
mod port;
mod result;
mod run;
mod scenario;
mod scenario_form;
mod scenarios_port;
mod variant;

pub use batch::{
    ALPHAS, Bar, BatchDetail, BatchFilter, BatchItem, BatchKind, BatchList, BatchRun, BatchScenario, BatchStarted,
    BatchState, BatchTotals, MIXED, MOST_RUNS, NewBatch, Tail, UNDER_CHANCE, WAIT_AND_SEE, batch_label, histogram,
};
pub use compare::{CompareQuery, ComparedFigure, Comparison, RowAmounts, RowChange, RowDifference, RowFamily};
pub use decision::{PlanAct, PlanDetail, PlanFilter, PlanItem, PlanList, PlanReview, PlanScreen, PlanState, Reason};
pub use input::{
    FileRead, Finding, Handed, InputCheck, InputSummary, ModelTemplate, ReadinessPoint, SheetRead, SolverItem,
    SolverList, Validation, Verdict,
};
pub use json::JsonText;
pub use map::{MapLane, MapNode, PlanMap, Spot, spots};
pub use network::{
    CommitImport, FieldInput, Freeze, ImportChange, ImportCount, NetworkContent, NetworkDetail, NetworkImport,
    NetworkItem, NetworkList, NetworkRow, NetworksPort, NewNetwork, RowFields, RowFilter, SectionField, SectionItem,
    SectionRows, TypedRow, fault_of_network,
};
pub use port::{CancelAnswer, PlanningPort, PlansPort, Results};
pub use result::{
    BindingRow, ContractRow, Explanation, KpiValue, ModelStatistics, PlanCheck, PlanPage, ProductionRow, Relaxation,
    RowCounts, RunResults, SHOWN_ROWS, ShipmentRow, ShortageCause, ShortageRow, SiteRow, SlackRow, StockRow,
};
pub use run::{
    CancelRun, DEFAULT_TIME_LIMIT, ForcedFrom, NewRun, ProgressPoint, ProgressSeries, RunDetail, RunFilter, RunItem,
    RunList, RunOutcome, RunRemoved, RunStarted, RunState, RunStatus, SolveForm, label, thinned,
};
pub use scenario::{
    CopyScenario, FieldChange, InputChoice, MOST_CHANGES, ResolveScenario, ScenarioDetail, ScenarioDifference,
    ScenarioDraft, ScenarioItem, ScenarioList, ScenarioRef, ScenarioVersion, SectionChanges, code_of, fault_of_code,
    fault_of_name,
};
pub use scenario_form::ScenarioForm;
pub use scenarios_port::{BatchesPort, ScenariosPort};
pub use variant::{ForceFigure, LetGo, LetGoScenario, MovedFamily};
