//! Runs of the solver, in both spellings of their addresses.

use super::super::{
    operation::{Answer, Operation, Parameter, accepted, asked, json, plain, text},
    shapes::{amount, any, flag, named, one_of, uuid},
};
use crate::services::planning::FileForm;
use domain::planning::{
    CancelRun, Comparison, Explanation, ModelTemplate, PlanDetail, PlanList, PlanState, ProgressSeries, Reason,
    RowChange, RowFamily, RunList, RunOutcome, RunRemoved, RunResults, RunStarted, RunState, RunStatus, ScenarioList,
    SolverList, Validation,
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
    /// What the network of this code was frozen into last.
    network: Option<String>,
}

/// The results of a run and the document they are of.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct PlanExport {
    results: RunResults,
    /// A document millrace-plan/1.
    #[schema(value_type = Object)]
    input_data: serde_json::Value,
}

/// A workbook, a zip of CSV files.
const SHEETS: [&str; 2] = [FileForm::Xlsx.media_type(), FileForm::Csv.media_type()];
const EXPORTS: [&str; 3] = [FileForm::Xlsx.media_type(), FileForm::Csv.media_type(), "text/plain"];

const RUN: Parameter = asked("run_id", uuid, "Its id.");

macro_rules! operations {
    ($start:literal, $again:literal) => {
        &[
            accepted(concat!("POST /api/v1/optimize", $start), "Solve a plan, as a job", named::<RunStarted>)
                .note(
                    "Takes a document, a run's or the sample. It is checked first: with an error in it the answer is 422 with every \
                     finding by its path, and nothing is stored.",
                )
                .note(
                    "A workbook (XLSX) or a zip of CSV files may be the whole body; scenario_name, solver, time_limit and \
                     mip_gap stand in the address then, and findings name sheet and cell.",
                )
                .with(&[
                    text("scenario_name", "Of a file: a built-in scenario."),
                    text("solver", "Of a file: any known name."),
                    asked("time_limit", amount, "Of a file: seconds, 1 to 3600."),
                    asked("mip_gap", amount, "Of a file: 0 to 0.5."),
                ])
                .takes(named::<StartPlanRun>)
                .or_file(&SHEETS)
                .keyed(),
            json(concat!("GET /api/v1/optimize", $again, "/runs"), "Runs, the newest first", named::<RunList>)
                .with(&[
                    asked("status_filter", |_| one_of(RunState::ALL.iter().map(|s| s.as_str())), "In this state."),
                    text("scenario", "Of this scenario."),
                    asked("outcome", |_| one_of(RunOutcome::ALL.iter().map(|o| o.as_str())), "With this outcome."),
                    text("person", "In the name of who asked for it."),
                ])
                .paged(),
            json(concat!("GET /api/v1/optimize", $again, "/scenarios"), "Scenarios to choose from", named::<ScenarioList>),
            json(concat!("GET /api/v1/optimize", $again, "/solvers"), "Solvers that are there", named::<SolverList>),
            json(
                concat!("GET /api/v1/optimize", $again, "/model-template"),
                "A document to begin with, and the schema of documents",
                named::<ModelTemplate>,
            )
            .with(&[
                asked("format", |_| one_of(["json", "xlsx", "csv"]), "Its form; csv is a zip of one file a sheet."),
                asked("empty", flag, "Of sheets: headings and notes only."),
            ])
            .or_as_file(&SHEETS),
            json(
                concat!("POST /api/v1/optimize", $again, "/validate-input"),
                "Check a document without solving it",
                named::<Validation>,
            )
            .note(
                "The document, or an object with it as input_data, or a workbook (XLSX) or a zip of CSV files, whose \
                 findings name sheet and cell; at most 64 MiB.",
            )
            .takes(any)
            .or_file(&SHEETS),
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
            json(concat!("GET /api/v1/optimize", $again, "/{run_id}/export"), "A run as a file", named::<PlanExport>)
                .with(&[
                    RUN,
                    asked(
                        "format",
                        |_| one_of(FileForm::ALL.iter().map(|form| form.as_str())),
                        "json, or sheets of the results beside those of the input as xlsx or csv (a zip); lp and mps are the \
                         model that was solved.",
                    ),
                ])
                .or_as_file(&EXPORTS)
                .note("The sheets can be sent again: they give the input with the same SHA-256.")
                .fails(&[("409", "The run is not over.")]),
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

const PLAN: Parameter = asked("plan_id", uuid, "Its id.");
const FROM_THERE: &[(&str, &str)] = &[("409", "The plan is in a state from which this cannot be done.")];

/// Plans proposed, decided, compared.
pub const PLANS: &[Operation] = &[
    json("GET /api/v1/optimize/plans", "Plans, the newest first", named::<PlanList>)
        .with(&[
            asked("state", |_| one_of(PlanState::ALL.iter().map(|s| s.as_str())), "In this state."),
            text("network", "Of this network."),
        ])
        .paged(),
    json("GET /api/v1/optimize/plans/{plan_id}", "A plan, and what was done with it", named::<PlanDetail>)
        .with(&[PLAN])
        .note("Its rows are the results of its run."),
    json("POST /api/v1/optimize/plans/{plan_id}/propose", "Propose a plan", named::<PlanDetail>)
        .with(&[PLAN])
        .may_take(named::<Reason>)
        .note("A draft, or one that was withdrawn; it must have passed the checker and keep all hard limits.")
        .fails(FROM_THERE),
    json("POST /api/v1/optimize/plans/{plan_id}/withdraw", "Take a proposal back", named::<PlanDetail>)
        .with(&[PLAN])
        .may_take(named::<Reason>)
        .note("By the one who proposed it.")
        .fails(FROM_THERE),
    json("POST /api/v1/optimize/plans/{plan_id}/approve", "Promote a proposed plan", named::<PlanDetail>)
        .with(&[PLAN])
        .may_take(named::<Reason>)
        .note(
            "By another person than the proposer; who is the only one that could decide may, with a reason. It takes the \
             place of the promoted plan of the same network and days.",
        )
        .fails(FROM_THERE),
    json("POST /api/v1/optimize/plans/{plan_id}/reject", "Reject a proposed plan", named::<PlanDetail>)
        .with(&[PLAN])
        .takes(named::<Reason>)
        .note("By another person than the proposer, with a reason.")
        .fails(FROM_THERE),
    json("GET /api/v1/optimize/compare", "Two plans row by row", named::<Comparison>)
        .with(&[
            asked("a", uuid, "The plan to begin with.").required(),
            asked("b", uuid, "The plan it is compared with; differences are b less a.").required(),
            asked("beside", uuid, "Another plan, by its figures only; up to three times."),
            asked("family", |_| one_of(RowFamily::ALL.iter().map(|f| f.as_str())), "Rows about this."),
            asked("change", |_| one_of(RowChange::ALL.iter().map(|c| c.as_str())), "Rows with this change."),
            text("period", "Rows of this period."),
            text("q", "Rows with this in place or product."),
        ])
        .note("At most 1,000 rows; the export plan-differences has all."),
];
