//! Own scenarios of planning; the list of all stands with the runs.

use super::super::{
    operation::{Operation, Parameter, json, made, nothing, text},
    shapes::named,
};
use domain::planning::{CopyScenario, ScenarioDetail, ScenarioDifference};
use utoipa::ToSchema;

/// An overlay `millrace-scenario/1`, with its code; it is read field by field, so that numbers keep their digits.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct PlanScenarioOverlay {
    /// What runs ask for; made from the name when not given. It never changes.
    code: Option<String>,
    /// `millrace-scenario/1`
    format: String,
    name: String,
    description: Option<String>,
    /// Of its draws; 0 when not given.
    seed: Option<i64>,
    /// Its weight in a batch of scenarios, above 0 and at most 1.
    probability: Option<f64>,
    #[schema(value_type = Vec<Object>)]
    ops: Vec<serde_json::Value>,
}

/// What a scenario is laid over: one of the three inputs.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct ResolvePlanScenario {
    use_sample_data: Option<bool>,
    /// A document millrace-plan/1 of at most 64 MiB.
    #[schema(value_type = Option<Object>)]
    input_data: Option<serde_json::Value>,
    /// What this run solved, without its scenario.
    input_of_run: Option<uuid::Uuid>,
    /// What the network of this code was frozen into last.
    network: Option<String>,
    /// From 0.
    draw: Option<i32>,
}

const WHICH: Parameter =
    text("id", "A version by its id; a built-in one, or the newest version of an own one, by its name.");
const ITS: &[Parameter] = &[WHICH];

pub const OPERATIONS: &[Operation] = &[
    made("POST /api/v1/optimize/scenarios", "Make a scenario", named::<ScenarioDetail>)
        .note("Its operations are read as a run would; every fault has its path, such as ops[2].factor.")
        .takes(named::<PlanScenarioOverlay>)
        .keyed(),
    json("GET /api/v1/optimize/scenarios/{id}", "One version of a scenario", named::<ScenarioDetail>).with(ITS),
    json("PUT /api/v1/optimize/scenarios/{id}", "Change a scenario: a version more", named::<ScenarioDetail>)
        .note("The id is that of the version that was read. Runs keep the version they used.")
        .with(ITS)
        .takes(named::<PlanScenarioOverlay>)
        .fails(&[("409", "There is a newer version; it is archived or built in.")]),
    nothing("DELETE /api/v1/optimize/scenarios/{id}", "Archive a scenario, all its versions")
        .with(ITS)
        .fails(&[("409", "It is archived already, or built in.")]),
    made("POST /api/v1/optimize/scenarios/{id}/copy", "Copy a scenario, also a built-in one", named::<ScenarioDetail>)
        .with(ITS)
        .takes(named::<CopyScenario>),
    json(
        "POST /api/v1/optimize/scenarios/{id}/resolve",
        "What a scenario makes of an input, field by field",
        named::<ScenarioDifference>,
    )
    .note("Changes nothing. Of a scenario with chance one draw is shown.")
    .with(ITS)
    .takes(named::<ResolvePlanScenario>),
];
