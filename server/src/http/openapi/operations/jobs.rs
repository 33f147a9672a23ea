//! Runs, queues, schedules.

use super::super::{
    operation::{Operation, Parameter, accepted, asked, json, text, whole},
    shapes::{named, one_of, page, time},
};
use domain::jobs::{
    Backfill, BackfillResult, BulkJobs, BulkResult, DueTimes, Enqueued, JobDetail, JobEvent, JobKind, JobRow, JobState,
    JobStats, PauseQueue, QueueView, ScheduleEdit, ScheduleView, StartJob,
};

const COUNT: Parameter = whole("n", "How many; 5 when not given.");
const SCHEDULE: Parameter = text("id", "Its name, such as cleanup.");
const QUEUE: Parameter = text("name", "Its name, such as default.");

const UNKNOWN: &[(&str, &str)] =
    &[("409", "This release does not know its job, or the key was used for another request.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/jobs", "Runs of a filter, the newest first", page::<JobRow>)
        .with(&[
            asked(
                "state",
                |_| one_of(JobState::ALL.iter().map(|s| s.as_str()).chain(["open"])),
                "A state, or open for queued and running.",
            ),
            text("kind", "Kind of job."),
            text("queue", "Name of the queue."),
            text("schedule", "Id of the schedule."),
            text("dealer", "Id of the dealer."),
            text("requester", "Part of the requester's name."),
            text("q", "Text in kind, payload, step or error."),
            asked("from", time, "Created from this time on."),
            asked("to", time, "Created before this time."),
        ])
        .paged(),
    accepted("POST /api/v1/jobs", "Start a job", named::<Enqueued>).takes(named::<StartJob>).keyed(),
    json("GET /api/v1/jobs/stats", "How runs went", named::<JobStats>),
    json("GET /api/v1/jobs/kinds", "Kinds of jobs", page::<JobKind>),
    json("POST /api/v1/jobs/bulk", "Cancel, retry or delete all that match", named::<BulkResult>)
        .takes(named::<BulkJobs>),
    json("GET /api/v1/jobs/{id}", "One run", named::<JobDetail>),
    json("GET /api/v1/jobs/{id}/events", "Its log, the oldest line first", page::<JobEvent>)
        .with(&[whole("after", "Number of the last line seen.")]),
    accepted("POST /api/v1/jobs/{id}/cancel", "Cancel a run", named::<JobDetail>)
        .fails(&[("409", "The run is over already.")]),
    accepted("POST /api/v1/jobs/{id}/retry", "Run the same work again", named::<Enqueued>)
        .fails(&[("409", "The run is still open, or its kind is not known any more.")]),
    json("GET /api/v1/queues", "Queues with what waits", page::<QueueView>),
    json("POST /api/v1/queues/{name}/pause", "Pause a queue", named::<QueueView>)
        .with(&[QUEUE])
        .takes(named::<PauseQueue>),
    json("POST /api/v1/queues/{name}/resume", "Resume a queue", named::<QueueView>).with(&[QUEUE]),
    json("GET /api/v1/schedules", "Schedules", page::<ScheduleView>),
    json("GET /api/v1/schedules/preview", "Due times of a rhythm", named::<DueTimes>).with(&[
        text("cron", "Five fields."),
        whole("every_seconds", "Instead of a cron line."),
        text("zone", "IANA zone; the business zone when not given."),
        COUNT,
    ]),
    json("PATCH /api/v1/schedules/{id}", "Change a schedule", named::<ScheduleView>)
        .with(&[SCHEDULE])
        .takes(named::<ScheduleEdit>)
        .fails(&[("409", "The version is not the current one.")]),
    accepted("POST /api/v1/schedules/{id}/run", "Run a schedule now", named::<Enqueued>)
        .with(&[SCHEDULE])
        .keyed()
        .fails(UNKNOWN),
    accepted("POST /api/v1/schedules/{id}/backfill", "Run past due times", named::<BackfillResult>)
        .with(&[SCHEDULE])
        .takes(named::<Backfill>)
        .keyed()
        .fails(UNKNOWN),
    json("GET /api/v1/schedules/{id}/next", "Its next due times", named::<DueTimes>).with(&[SCHEDULE, COUNT]),
];
