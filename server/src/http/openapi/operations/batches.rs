//! Batches of planning.

use super::super::{
    operation::{Operation, Parameter, accepted, asked, json},
    shapes::{named, uuid},
};
use domain::planning::{BatchDetail, BatchList, BatchStarted};
use utoipa::ToSchema;

/// One input under `scenarios`, or under `draws` of `scenario`.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct StartPlanBatch {
    use_sample_data: Option<bool>,
    /// A document millrace-plan/1 of at most 64 MiB.
    #[schema(value_type = Option<Object>)]
    input_data: Option<serde_json::Value>,
    /// What this run solved, without its scenario.
    input_of_run: Option<uuid::Uuid>,
    /// What the network of this code was frozen into last.
    network: Option<String>,
    /// Names, or objects of name and probability; weights are equal where not all have one.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    scenarios: Option<Vec<serde_json::Value>>,
    /// One with a random operation.
    scenario: Option<String>,
    /// 1 to 200.
    draws: Option<i32>,
    /// The scenario's own when not given.
    seed: Option<i64>,
    solver: Option<String>,
    /// Seconds, 1 to 3600, of each run.
    time_limit: Option<f64>,
    /// 0 to 0.5.
    mip_gap: Option<f64>,
}

const BATCH: Parameter = asked("id", uuid, "Its id.");

pub const OPERATIONS: &[Operation] = &[
    accepted("POST /api/v1/optimize/batches", "Solve an input many times, as jobs", named::<BatchStarted>)
        .note("The same seed draws the same documents again. A run that fails does not stop the others.")
        .takes(named::<StartPlanBatch>)
        .keyed(),
    json("GET /api/v1/optimize/batches", "Batches, the newest first", named::<BatchList>).paged(),
    json("GET /api/v1/optimize/batches/{id}", "A batch: its runs, and what they cost together", named::<BatchDetail>)
        .with(&[BATCH]),
    accepted("POST /api/v1/optimize/batches/{id}/cancel", "End what is not over of a batch", named::<BatchDetail>)
        .with(&[BATCH]),
    accepted("POST /api/v1/optimize/batches/{id}/retry", "Solve again what failed of a batch", named::<BatchDetail>)
        .with(&[BATCH])
        .fails(&[("409", "Nothing failed, its runs are still being queued, or it was cancelled.")]),
];
