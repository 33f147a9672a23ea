//! Runs of the solver, in both spellings of their addresses.

use super::super::{
    operation::{Answer, Operation, Parameter, accepted, asked, json, plain, text},
    shapes::{any, named, one_of, uuid},
};
use domain::planning::{
    CancelRun, Explanation, ModelTemplate, ProgressSeries, RunList, RunRemoved, RunResults, RunStarted, RunState,
    RunStatus, ScenarioList, SolverList, Validation,
};
use utoipa::ToSchema;

/// What is sent to start a run; it is read field by field, so that the document in it keeps its digits.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct StartPlanRun {
    /// A built-in scenario, or the code of an own one; `base` when not given.
    scenario_name: Option<String>,
    /// Any known name; HiGHS solves.
    solver: Option<String>,
    /// Seconds, 1 to 3600; what the document says when not given, else 300.
    time_limit: Option<f64>,
    /// 0 to 0.5; what the document says when not given, else 0.0001.
    mip_gap: Option<f64>,
    /// Solves the built-in sample.
    use_sample_data: Option<bool>,
    /// A document millrace-plan/1 of at most 64 MiB.
    #[schema(value_type = Option<Object>)]
    input_data: Option<serde_json::Value>,
    /// Solves what this run solved, without its scenario.
    input_of_run: Option<uuid::Uuid>,
}

const RUN: Parameter = asked("run_id", uuid, "Its id.");

macro_rules! operations {
    ($start:literal, $again:literal) => {
        &[
            accepted(concat!("POST /api/v1/optimize", $start), "Solve a plan, as a job", named::<RunStarted>)
                .note(
                    "Takes a document, a run's or the sample. It is checked first: with an error in it the answer is 422 with every \
                     finding by its path, and nothing is stored.",
                )
                .takes(named::<StartPlanRun>)
                .keyed(),
            json(concat!("GET /api/v1/optimize", $again, "/runs"), "Runs, the newest first", named::<RunList>)
                .with(&[
                    asked("status_filter", |_| one_of(RunState::ALL.iter().map(|s| s.as_str())), "In this state."),
                    text("scenario", "Of this scenario."),
                ])
                .paged(),
            json(concat!("GET /api/v1/optimize", $again, "/scenarios"), "Scenarios to choose from", named::<ScenarioList>),
            json(concat!("GET /api/v1/optimize", $again, "/solvers"), "Solvers that are there", named::<SolverList>),
            json(
                concat!("GET /api/v1/optimize", $again, "/model-template"),
                "A document to begin with, and the schema of documents",
                named::<ModelTemplate>,
            )
            .with(&[asked("format", |_| one_of(["json"]), "Its form.")]),
            json(
                concat!("POST /api/v1/optimize", $again, "/validate-input"),
                "Check a document without solving it",
                named::<Validation>,
            )
            .note("The document, or an object with it as input_data; at most 64 MiB.")
            .takes(any),
            json(concat!("GET /api/v1/optimize", $again, "/{run_id}/status"), "Where a run stands", named::<RunStatus>)
                .with(&[RUN]),
            json(concat!("GET /api/v1/optimize", $again, "/{run_id}/results"), "What came of a run", named::<RunResults>)
                .with(&[RUN])
                .others(&[("202", Answer::Json(named::<RunStatus>), "The run is not over.")]),
            json(
                concat!("GET /api/v1/optimize", $again, "/{run_id}/explanation"),
                "Why the plan of a run is as it is",
                named::<Explanation>,
            )
            .with(&[RUN])
            .fails(&[("409", "The run is not over.")]),
            json(
                concat!("GET /api/v1/optimize", $again, "/{run_id}/progress"),
                "The course of a solve, step by step",
                named::<ProgressSeries>,
            )
            .with(&[RUN]),
            plain(
                concat!("GET /api/v1/optimize", $again, "/{run_id}/events"),
                "The status of a run as server-sent events",
                "text/event-stream",
            )
            .with(&[RUN])
            .note("A snapshot at once, after every change and every 30 seconds; it ends with the run."),
            accepted(concat!("POST /api/v1/optimize", $again, "/{run_id}/cancel"), "End a run", named::<RunStatus>)
                .note("The best plan found until then is checked and kept, unless keep_incumbent is false.")
                .with(&[RUN])
                .may_take(named::<CancelRun>)
                .others(&[("200", Answer::Json(named::<RunStatus>), "It was over already; nothing changed.")]),
            json(concat!("DELETE /api/v1/optimize", $again, "/{run_id}"), "Delete a run", named::<RunRemoved>)
                .with(&[RUN])
                .note("Own runs; those of others need the right plan.settings.")
                .fails(&[("409", "The run is not over, or its plan is promoted.")]),
        ]
    };
}

pub const OPERATIONS: &[Operation] = operations!("/optimize", "");
pub const SECOND_SPELLING: &[Operation] = operations!("", "/optimize");
