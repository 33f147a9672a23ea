//! The process itself, settings, audit, demo data, search, live events.

use super::super::{
    operation::{Answer, Operation, Parameter, asked, file, json, plain, text},
    shapes::{any, limit, named, one_of},
};
use crate::http::api::{
    live::LiveSince,
    system::{Alive, HealthReport},
};
use domain::{
    access::ActorKind,
    audit::{AuditDetail, AuditPage, FEATURES, OUTCOMES},
    demo::{DemoRemoved, DemoView},
    search::SearchResults,
    settings::{ChangeSettings, SettingsView},
};

pub const HEALTH: &[Operation] = &[
    json("GET /health", "State of every part of the process", named::<HealthReport>)
        .note("Always 200; the state is in `status`. Figures only with the right system.view."),
    json("GET /health/live", "Whether the process runs", named::<Alive>),
    json("GET /health/ready", "Whether requests can be served", named::<Alive>)
        .fails(&[("503", "The database is unreachable, the schema is behind, or the process is stopping.")]),
    plain("GET /_stcore/health", "ok, for monitors of the program before", "text/plain").others(&[(
        "503",
        Answer::Text("text/plain"),
        "Requests cannot be served.",
    )]),
    plain("GET /metrics", "Figures for Prometheus", "text/plain"),
    json("GET /api/v1/openapi.json", "This description", any),
    plain("GET /docs", "This description as a page", "text/html"),
];

pub const SETTINGS: &[Operation] = &[
    json("GET /api/v1/settings", "All settings with who changed them last", named::<SettingsView>),
    json("PATCH /api/v1/settings", "Change some settings, all or none", named::<SettingsView>)
        .takes(named::<ChangeSettings>)
        .fails(&[("409", "The version is not the current one.")]),
];

const ACTS: &[Parameter] = &[
    text("from", "From this business day (2026-03-10), or this time with offset (RFC 3339), on."),
    text("to", "To the end of this day, or before this time."),
    text("actor", "Part of the actor's name."),
    asked("kind", named::<ActorKind>, "Kind of actor."),
    asked("feature", |_| one_of(FEATURES.iter().copied()), "First part of the action."),
    text("action", "feature.verb"),
    text("entity", "Type, or type/id."),
    asked("outcome", |_| one_of(OUTCOMES.iter().copied()), "How it ended."),
    text("q", "Text in actor, action, entity, reason, before or after."),
];

pub const AUDIT: &[Operation] = &[
    json("GET /api/v1/audit", "Acts of a filter, the newest first", named::<AuditPage>).with(ACTS).paged(),
    json("GET /api/v1/audit/{id}", "One act with its fields before and after", named::<AuditDetail>),
    file("GET /api/v1/audit/export.csv", "Acts of a filter as CSV", &["text/csv"]).with(ACTS),
    file("GET /api/v1/audit/export.jsonl", "Acts of a filter as JSON lines", &["application/x-ndjson"]).with(ACTS),
];

pub const DEMO: &[Operation] = &[
    json("GET /api/v1/demo", "What of the data is demo, and what keeps it from leaving", named::<DemoView>),
    json("DELETE /api/v1/demo", "Remove every demo row, all or none", named::<DemoRemoved>)
        .fails(&[("409", "Live rows refer to demo rows, or demo data is being loaded.")]),
];

pub const SEARCH: &[Operation] = &[json(
    "GET /api/v1/search",
    "Pages, actions, products, customers and sales the caller may see",
    named::<SearchResults>,
)
.with(&[
    text("q", "1 to 100 characters; > for actions, # for ids.").required(),
    text("kinds", "page, action, product, customer, transaction; separated by commas."),
    asked("limit", limit, "1 to 20."),
])];

pub const LIVE: &[Operation] = &[
    plain("GET /live", "Live events (server-sent)", "text/event-stream")
        .note("Events: hello, changed, ping, resync, session_closed, bye. The header Last-Event-ID goes on after an event.")
        .with(&[
            text("topics", "Topics separated by commas; all one may hear when not given."),
            text("last_event_id", "Go on after this event, where the header cannot be sent."),
        ]),
    plain("GET /api/v1/ws/dashboard", "The dashboard as frames (WebSocket)", "application/json")
        .note("Frames {type, channel, id, timestamp, data}: connected, subscribed, unsubscribed, pong, error, resync, dashboard_update, \
               metrics_update, new_transaction, transaction_update, fraud_alert, stock_update, new_alert, alert_update. Say {\"action\": \"subscribe\", \
               \"channel\": …}, unsubscribe or ping. At most one dashboard_update and one metrics_update a second, at least one in 30 \
               seconds, at most one alert_update an alert a second; the others follow the commit. resync: fetch what the channel is about again. With a cookie the Origin must be ours.")
        .with(&[
            text(
                "channels",
                "dashboard, transactions, inventory, analytics, alerts, leads, projects, customers, team, appointments, jobs, \
                 streams, optimize, separated by commas; dashboard when not given.",
            ),
            text("last_event_id", "The id of the last frame heard: everything after it is told first, or resync."),
            text("user_id", "Not read: connected names who is signed in."),
        ]),
    json("GET /api/v1/live/since", "Live events for those who must poll", named::<LiveSince>).with(&[
        text("topics", "Topics separated by commas; all one may hear when not given."),
        text("last_id", "Go on after this position."),
    ]),
];
