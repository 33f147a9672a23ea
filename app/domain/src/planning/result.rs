//! What came of a run.

use super::{RunOutcome, RunState};
use crate::ids::{PlanId, PlanRunId};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanProduction)]
pub struct ProductionRow {
    pub node: String,
    /// The node again, by the name older readers look for.
    pub plant_id: String,
    pub line: String,
    pub product: String,
    pub period: String,
    pub tonnes: f64,
    pub capacity_tonnes: Option<f64>,
    pub batches: Option<i64>,
    /// Switched on, also where nothing is made.
    pub runs: bool,
    /// Variable, fixed and start cost.
    pub cost: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanShipment)]
pub struct ShipmentRow {
    pub from: String,
    pub to: String,
    pub mode: String,
    pub product: String,
    /// The product of a lane of its own.
    pub lane_product: Option<String>,
    pub period: String,
    pub arrival_period: String,
    pub tonnes: f64,
    /// Of the lane; they stand in its first row of the period. A relaxed plan may break them.
    pub trips: Option<f64>,
    pub freight_cost: f64,
    pub handling_cost: f64,
    pub transit_cost: f64,
    pub trip_cost: f64,
    pub lane_fixed_cost: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanStock)]
pub struct StockRow {
    pub node: String,
    pub product: String,
    pub period: String,
    pub tonnes: f64,
    pub safety_stock_tonnes: f64,
    pub below_tonnes: f64,
    pub holding_cost: f64,
    pub safety_cost: f64,
}

/// Why a tonne is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShortageCause {
    /// `capacity`, `lane_limit`, `price` …
    pub cause: String,
    pub words: String,
    /// Tonnes gained by a unit more of the limit.
    pub dual: Option<f64>,
    /// What one more tonne would cost.
    pub marginal_cost: Option<f64>,
    /// What a missing tonne is priced.
    pub price: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanShortage)]
pub struct ShortageRow {
    pub node: String,
    pub product: String,
    pub period: String,
    pub demand_tonnes: f64,
    pub tonnes: f64,
    pub cost: f64,
    /// False: there was no time to look for causes.
    pub examined: bool,
    pub causes: Vec<ShortageCause>,
}

/// A site with an activation that is open; without period for one opened once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSite)]
pub struct SiteRow {
    pub node: String,
    pub period: Option<String>,
    pub cost: f64,
}

/// A soft contract that is not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanContractBreach)]
pub struct ContractRow {
    pub contract: String,
    pub period: Option<String>,
    pub over: f64,
    pub under: f64,
    pub cost: f64,
}

/// A hard limit that the way out lets go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSlack)]
pub struct SlackRow {
    pub family: String,
    pub key: String,
    pub words: String,
    pub amount: f64,
    pub price: f64,
    pub cost: f64,
    /// Operations of a scenario that let it go by just this much; none where no operation says it.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub ops: Vec<serde_json::Value>,
}

/// A limit that costs money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanBinding)]
pub struct BindingRow {
    pub row_name: String,
    pub words: String,
    pub activity: f64,
    pub limit_value: f64,
    /// Money saved by one unit more.
    pub worth: f64,
}

/// Null with the reason where it cannot be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanKpi)]
pub struct KpiValue {
    pub kpi: String,
    /// A plant, mode or period; none for the whole plan.
    pub scope: Option<String>,
    pub value: Option<f64>,
    pub unit: String,
    pub reason: Option<String>,
}

/// The cheapest way out where no plan keeps all hard limits; its plan cannot be promoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRelaxation)]
pub struct Relaxation {
    /// Operating cost, penalties and relaxation.
    pub objective: f64,
    pub operating_cost: f64,
    /// Of the relaxation alone.
    pub total: f64,
    pub slacks: Vec<SlackRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanModelStatistics)]
pub struct ModelStatistics {
    pub num_variables: i64,
    pub num_constraints: i64,
    pub continuous: i64,
    pub binary: i64,
    /// Binary ones too.
    pub integer: i64,
    pub nonzeros: i64,
    /// `MILP` or `LP`.
    pub model_type: String,
}

/// What the independent checker said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanCheck {
    pub passed: bool,
    /// Over the input's hash, the plan's rows and its costs.
    pub sha256: Option<String>,
    pub faults: Vec<String>,
}

/// What came of a run. Shares are 0 to 1. The rows of a relaxed plan stand in the same lists, with `is_relaxed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanRunResults)]
pub struct RunResults {
    pub run_id: PlanRunId,
    pub label: String,
    pub status: RunState,
    pub timestamp: Option<DateTime<FixedOffset>>,
    pub scenario_name: String,
    pub currency: String,
    pub solver: String,
    pub solver_requested: String,
    pub solver_used: String,
    pub solver_version: Option<String>,
    pub solver_status: Option<RunOutcome>,
    pub termination_reason: String,
    pub runtime_seconds: Option<f64>,
    pub optimality_gap: Option<f64>,
    pub plan_id: Option<PlanId>,
    pub is_relaxed: bool,
    /// The rows of a plan that never held are kept 180 days; its costs and figures stay.
    pub rows_removed_at: Option<DateTime<FixedOffset>>,
    pub total_cost: Option<f64>,
    pub operating_cost: Option<f64>,
    pub production_cost: Option<f64>,
    /// Freight and handling.
    pub transportation_cost: Option<f64>,
    pub fixed_trip_cost: Option<f64>,
    pub holding_cost: Option<f64>,
    pub penalty_cost: Option<f64>,
    pub costs: BTreeMap<String, f64>,
    pub service_level: Option<f64>,
    pub stockout_risk: Option<f64>,
    /// By plant.
    pub capacity_utilization: BTreeMap<String, f64>,
    /// Weighted by capacity.
    pub avg_utilization: Option<f64>,
    pub production: Vec<ProductionRow>,
    pub shipments: Vec<ShipmentRow>,
    pub inventory: Vec<StockRow>,
    pub unmet_demand: Vec<ShortageRow>,
    pub sites: Vec<SiteRow>,
    pub contracts: Vec<ContractRow>,
    pub relaxation: Option<Relaxation>,
    /// Of an unbounded model: what grows without end.
    pub endless: Vec<String>,
    /// Null where there is no plan, as its costs are.
    pub total_production: Option<f64>,
    pub total_shipments: Option<f64>,
    /// At the end of the last period.
    pub total_inventory: Option<f64>,
    pub model_statistics: Option<ModelStatistics>,
    pub kpis: Vec<KpiValue>,
    pub checker: Option<PlanCheck>,
}

/// Rows of each kind that a page shows; the API and the files have all.
pub const SHOWN_ROWS: i64 = 200;

/// What came of a run as a page shows it: of each kind the first rows, and how many there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanPage {
    pub results: RunResults,
    /// Limits the plan stands at, the one worth most first.
    pub bindings: Vec<BindingRow>,
    pub rows: RowCounts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub production: i64,
    pub shipments: i64,
    pub inventory: i64,
    pub unmet_demand: i64,
    pub slacks: i64,
    pub bindings: i64,
}

/// Why a plan is as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanExplanation)]
pub struct Explanation {
    pub run_id: PlanRunId,
    pub outcome: Option<RunOutcome>,
    pub termination_reason: String,
    pub shortages: Vec<ShortageRow>,
    /// Sorted by worth.
    pub bindings: Vec<BindingRow>,
    pub relaxation: Option<Relaxation>,
    pub endless: Vec<String>,
}
