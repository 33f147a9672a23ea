//! What every operation takes and answers: summary, parameters, request and response types. The schemas
//! come from the types themselves; a test holds the list against the route table.

use super::shapes::{self, Shape, enveloped, shape};
use domain::{
    access::{
        Bearer, ChangePassword, CreateToken, CreateUser, EditUser, Me, NewToken, PermissionRow, RotateToken,
        SessionItem, TokenView, UserItem,
    },
    audit::{AuditDetail, AuditPage},
    demo::{DemoRemoved, DemoView},
    exports::ExportItem,
    ingest::{Discard, ImportDetail, ImportSummary, Mapping, RowEdit, StagedRow},
    jobs::{
        Backfill, BackfillResult, BulkJobs, BulkResult, DueTimes, Enqueued, JobDetail, JobEvent, JobKind, JobRow,
        JobStats, PauseQueue, QueueView, ScheduleEdit, ScheduleView, StartJob,
    },
    overview::{Bars, Realtime, RecordVisit, Tile, Trend},
    paging::Page,
    search::SearchResults,
    settings::{ChangeSettings, SettingsView},
    transactions::{
        CustomerRef, ProductChoice, Quote, RecordSale, SaleDetail, SaleEvent, SaleReceipt, SaleRow, SettleSale,
    },
};
use serde_json::Value;

/// What a successful answer holds.
#[derive(Clone, Copy)]
pub enum Answer {
    Nothing,
    Json(Shape),
    /// A file or text of this media type.
    Other(&'static str),
}

/// One operation of the table.
#[derive(Clone, Copy)]
pub struct Operation {
    /// `GET /api/v1/jobs`
    pub route: &'static str,
    pub summary: &'static str,
    /// Query and header parameters, each with what it means. A name with a capital is a header's.
    pub parameters: &'static [(&'static str, &'static str)],
    pub takes: Option<Shape>,
    pub status: &'static str,
    pub answer: Answer,
}

const fn op(route: &'static str, summary: &'static str, answer: Answer) -> Operation {
    Operation { route, summary, parameters: &[], takes: None, status: "200", answer }
}

impl Operation {
    const fn with(mut self, parameters: &'static [(&'static str, &'static str)]) -> Self {
        self.parameters = parameters;
        self
    }

    const fn takes(mut self, shape: Shape) -> Self {
        self.takes = Some(shape);
        self
    }

    const fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }
}

use Answer::{Json, Nothing, Other};

const IF_MATCH: &[(&str, &str)] = &[("If-Match", "The version that was read; another one by now is a conflict")];
const KEY: &[(&str, &str)] =
    &[("Idempotency-Key", "1 to 255 characters; the same key and body answer the same for 24 h")];
const PAGE: &[(&str, &str)] = &[("cursor", "next_cursor of the page before"), ("limit", "1 to 100; 20 when not given")];
const JOBS: &[(&str, &str)] = &[
    ("state", "A state, or open for queued and running"),
    ("kind", "Kind of job"),
    ("queue", "Name of the queue"),
    ("schedule", "Id of the schedule"),
    ("dealer", "Id of the dealer"),
    ("requester", "Part of the requester's name"),
    ("q", "Text in kind, payload, step or error"),
    ("from", "Created from this time on (RFC 3339)"),
    ("to", "Created before this time (RFC 3339)"),
    ("cursor", "next_cursor of the page before"),
    ("limit", "1 to 100; 20 when not given"),
];

pub const OPERATIONS: &[Operation] = &[
    op("GET /health", "State of every part of the process", Json(shape::<Value>)),
    op("GET /health/live", "200 while the process runs", Json(shape::<Value>)),
    op("GET /health/ready", "200 when requests can be served", Json(shape::<Value>)),
    op("GET /_stcore/health", "ok, for monitors of the program before", Other("text/plain")),
    op("GET /metrics", "Figures for Prometheus", Other("text/plain")),
    op("GET /api/v1/openapi.json", "This description", Json(shape::<Value>)),
    op("GET /docs", "This description as a page", Other("text/html")),
    op("POST /api/v1/auth/login", "Sign in for a bearer token", Json(shape::<Bearer>)).takes(shapes::sign_in),
    op("POST /api/v1/auth/logout", "End this session", Nothing).status("204"),
    op("GET /api/v1/auth/me", "Who is calling, with which rights", Json(shape::<Me>)),
    op("POST /api/v1/auth/password", "Change the own password", Nothing).status("204").takes(shape::<ChangePassword>),
    op("GET /api/v1/auth/tokens", "The caller's API tokens", Json(shape::<Page<TokenView>>)),
    op("POST /api/v1/auth/tokens", "Make an API token; it is shown once", Json(shape::<NewToken>))
        .status("201")
        .takes(shape::<CreateToken>),
    op("POST /api/v1/auth/tokens/{id}/rotate", "Replace an API token", Json(shape::<NewToken>))
        .status("201")
        .takes(shape::<RotateToken>),
    op("DELETE /api/v1/auth/tokens/{id}", "Revoke an API token", Nothing).status("204"),
    op("GET /api/v1/auth/sessions", "The caller's sessions", Json(shape::<Page<SessionItem>>)),
    op("DELETE /api/v1/auth/sessions", "End all sessions but this one", Nothing)
        .status("204")
        .with(&[("others", "true")]),
    op("DELETE /api/v1/auth/sessions/{id}", "End one session", Nothing).status("204"),
    op("GET /api/v1/users", "Users of a filter", Json(shape::<Page<UserItem>>)).with(&[
        ("q", "Part of name or e-mail"),
        ("cursor", "next_cursor of the page before"),
        ("limit", "1 to 100; 20 when not given"),
    ]),
    op("POST /api/v1/users", "Add a user", Json(shape::<UserItem>)).status("201").takes(shape::<CreateUser>),
    op("GET /api/v1/users/{id}", "One user", Json(shape::<UserItem>)),
    op("PATCH /api/v1/users/{id}", "Change a user", Json(shape::<UserItem>)).takes(shape::<EditUser>).with(IF_MATCH),
    op("PUT /api/v1/users/{id}/grants", "Set a user's permission sets", Json(shape::<UserItem>))
        .takes(shapes::grants)
        .with(IF_MATCH),
    op("POST /api/v1/users/{id}/disable", "Keep a user out", Json(shape::<UserItem>)).with(IF_MATCH),
    op("POST /api/v1/users/{id}/enable", "Let a user in again", Json(shape::<UserItem>)).with(IF_MATCH),
    op("GET /api/v1/permissions", "Every right and who holds it", Json(shape::<Page<PermissionRow>>)),
    op("GET /api/v1/settings", "All settings", Json(shape::<SettingsView>)),
    op("PATCH /api/v1/settings", "Change some settings, all or none", Json(shape::<SettingsView>))
        .takes(shape::<ChangeSettings>),
    op("GET /api/v1/transactions", "Sales of a filter", Json(enveloped::<Vec<SaleRow>>)),
    op("POST /api/v1/transactions", "Record a sale", Json(enveloped::<SaleReceipt>))
        .status("201")
        .takes(shape::<RecordSale>),
    op("POST /api/v1/transactions/quote", "What a sale would come to", Json(shape::<Quote>)).takes(shape::<RecordSale>),
    op("GET /api/v1/transactions/{id}", "One sale in full", Json(enveloped::<SaleDetail>)),
    op("GET /api/v1/transactions/{id}/events", "Its changes of state", Json(enveloped::<Vec<SaleEvent>>)),
    op("POST /api/v1/transactions/{id}/capture", "The payment of a pending sale came", Json(shape::<SaleDetail>))
        .takes(shape::<SettleSale>)
        .with(KEY),
    op("POST /api/v1/transactions/{id}/fail", "The payment of a pending sale failed", Json(shape::<SaleDetail>))
        .takes(shape::<SettleSale>)
        .with(KEY),
    op("POST /api/v1/transactions/{id}/cancel", "Cancel a pending sale", Json(shape::<SaleDetail>))
        .takes(shape::<SettleSale>)
        .with(KEY),
    op("GET /api/v1/products", "Products to choose from", Json(shape::<Page<ProductChoice>>)),
    op("GET /api/v1/customers", "Customers to choose from", Json(shape::<Page<CustomerRef>>)),
    op("GET /api/v1/search", "Search", Json(shape::<SearchResults>)),
    op("GET /api/v1/exports", "The caller's large exports", Json(shape::<Page<ExportItem>>)),
    op("GET /api/v1/exports/{file}", "Export a list", Other("application/octet-stream")),
    op("DELETE /api/v1/exports/{file}", "Cancel or remove a large export", Nothing).status("204"),
    op("GET /api/v1/files/{id}", "Download a large export", Other("application/octet-stream")),
    op("GET /api/v1/dashboard/overview", "The overview", Json(shapes::dashboard)),
    op("GET /api/v1/dashboard/metrics/realtime", "Sales of the last minute", Json(shape::<Realtime>)),
    op("GET /api/v1/kpis", "Every figure", Json(shape::<Vec<Tile>>)),
    op("GET /api/v1/kpis/trend", "Figures by day", Json(shape::<Trend>)),
    op("GET /api/v1/kpis/hours", "Figures by hour of a day", Json(shape::<Bars>)),
    op("GET /api/v1/kpis/{metric}", "One figure", Json(shape::<Tile>)),
    op("GET /api/v1/kpis/{metric}/rows", "The rows behind a figure", Json(shape::<Value>)),
    op("POST /api/v1/visits", "Record a visit of the shop", Nothing).status("204").takes(shape::<RecordVisit>),
    op("GET /live", "Live events (server-sent)", Other("text/event-stream")).with(&[
        ("topics", "Topics separated by commas; all one may hear when not given"),
        ("last_event_id", "Go on after this event"),
    ]),
    op("GET /api/v1/live/since", "Live events for those who poll", Json(shape::<Value>))
        .with(&[("topics", "Topics separated by commas"), ("last_id", "Go on after this event")]),
    op("GET /api/v1/ingest/targets", "What can be imported, with its fields", Json(shape::<Page<Value>>)),
    op("GET /api/v1/ingest/targets/{target}/{template}", "An empty file to fill in", Other("application/octet-stream")),
    op("GET /api/v1/ingest/mappings", "Saved mappings", Json(shape::<Page<Value>>)),
    op("POST /api/v1/ingest/mappings", "Keep a mapping", Json(shape::<Value>)).status("201").takes(shape::<Value>),
    op("PATCH /api/v1/ingest/mappings/{id}", "Change a kept mapping", Json(shape::<Value>)).takes(shape::<Value>),
    op("GET /api/v1/ingest/quarantine", "Open rejected rows by target", Json(shape::<Page<Value>>)),
    op("GET /api/v1/ingest/imports", "Imports, the newest first", Json(shape::<Page<ImportSummary>>)).with(PAGE),
    op("POST /api/v1/ingest/imports", "Upload a file (multipart: file, target)", Json(shape::<ImportDetail>))
        .status("201")
        .takes(shapes::upload),
    op("GET /api/v1/ingest/imports/{id}", "One import", Json(shape::<ImportDetail>)),
    op("PUT /api/v1/ingest/imports/{id}/mapping", "Say which column is what", Json(shape::<ImportDetail>))
        .takes(shape::<Mapping>),
    op("POST /api/v1/ingest/imports/{id}/preview", "Judge every row", Json(shape::<Enqueued>)).status("202"),
    op("POST /api/v1/ingest/imports/{id}/commit", "Record the good rows", Json(shape::<Enqueued>)).status("202"),
    op("POST /api/v1/ingest/imports/{id}/undo", "Undo an import", Json(shape::<Enqueued>)).status("202"),
    op("POST /api/v1/ingest/imports/{id}/clean", "Accept proposals to clean cells", Json(shape::<ImportDetail>))
        .takes(shapes::keys),
    op("POST /api/v1/ingest/imports/{id}/upload", "Upload mended rows (multipart: file)", Json(shape::<ImportDetail>))
        .takes(shapes::upload),
    op("POST /api/v1/ingest/imports/{id}/cancel", "Give an import up", Json(shape::<ImportDetail>)),
    op("POST /api/v1/ingest/imports/{id}/rerun", "Record mended rows", Json(shape::<ImportDetail>)),
    op("POST /api/v1/ingest/imports/{id}/discard", "Give rejected rows up", Json(shape::<ImportDetail>))
        .takes(shape::<Discard>),
    op("GET /api/v1/ingest/imports/{id}/rows", "Rejected rows", Json(shape::<Page<StagedRow>>)).with(&[
        ("state", "open (default) or all"),
        ("cursor", "next_cursor of the page before"),
        ("limit", "1 to 100; 20 when not given"),
    ]),
    op("PATCH /api/v1/ingest/imports/{id}/rows/{row_no}", "Mend a rejected row", Json(shape::<StagedRow>))
        .takes(shape::<RowEdit>),
    op("GET /api/v1/ingest/imports/{id}/rejected.csv", "Rejected rows as a file", Other("text/csv")),
    op("GET /api/v1/audit", "Acts of a filter, the newest first", Json(shape::<AuditPage>)),
    op("GET /api/v1/audit/{id}", "One act with before and after", Json(shape::<AuditDetail>)),
    op("GET /api/v1/audit/export.csv", "Acts as CSV, with the list's filters", Other("text/csv")),
    op("GET /api/v1/audit/export.jsonl", "Acts as JSON lines, with the list's filters", Other("application/jsonl")),
    op("GET /api/v1/demo", "What of the data is demo", Json(shape::<DemoView>)),
    op("DELETE /api/v1/demo", "Remove the demo data", Json(shape::<DemoRemoved>)),
    op("GET /api/v1/jobs", "Runs of a filter, the newest first", Json(shape::<Page<JobRow>>)).with(JOBS),
    op("POST /api/v1/jobs", "Start a job", Json(shape::<Enqueued>)).status("202").takes(shape::<StartJob>),
    op("GET /api/v1/jobs/stats", "How runs went", Json(shape::<JobStats>)),
    op("GET /api/v1/jobs/kinds", "Kinds of jobs", Json(shape::<Page<JobKind>>)),
    op("POST /api/v1/jobs/bulk", "Cancel, retry or delete all that match", Json(shape::<BulkResult>))
        .takes(shape::<BulkJobs>),
    op("GET /api/v1/jobs/{id}", "One run", Json(shape::<JobDetail>)),
    op("GET /api/v1/jobs/{id}/events", "Its log", Json(shape::<Page<JobEvent>>))
        .with(&[("after", "Number of the last line seen")]),
    op("POST /api/v1/jobs/{id}/cancel", "Cancel a run", Json(shape::<JobDetail>)).status("202"),
    op("POST /api/v1/jobs/{id}/retry", "Run the same work again", Json(shape::<Enqueued>)).status("202"),
    op("GET /api/v1/queues", "Queues with what waits", Json(shape::<Page<QueueView>>)),
    op("POST /api/v1/queues/{name}/pause", "Pause a queue", Json(shape::<QueueView>)).takes(shape::<PauseQueue>),
    op("POST /api/v1/queues/{name}/resume", "Resume a queue", Json(shape::<QueueView>)),
    op("GET /api/v1/schedules", "Schedules", Json(shape::<Page<ScheduleView>>)),
    op("GET /api/v1/schedules/preview", "Due times of a rhythm", Json(shape::<DueTimes>)).with(&[
        ("cron", "Five fields"),
        ("every_seconds", "Instead of a cron line"),
        ("zone", "Time zone; the business zone when not given"),
        ("n", "How many; 5 when not given"),
    ]),
    op("PATCH /api/v1/schedules/{id}", "Change a schedule", Json(shape::<ScheduleView>)).takes(shape::<ScheduleEdit>),
    op("POST /api/v1/schedules/{id}/run", "Run a schedule now", Json(shape::<Enqueued>)).status("202"),
    op("POST /api/v1/schedules/{id}/backfill", "Run past due times", Json(shape::<BackfillResult>))
        .status("202")
        .takes(shape::<Backfill>),
    op("GET /api/v1/schedules/{id}/next", "Its next due times", Json(shape::<DueTimes>))
        .with(&[("n", "How many; 5 when not given")]),
];
