//! Figures, the rows behind them, and visits.

use super::super::{
    operation::{Operation, Parameter, accepted, asked, day, json, nothing, text},
    shapes::{enveloped_with, list, named, one_of},
};
use crate::http::api::overview::FigureRows;
use domain::overview::{
    Bars, Basis, Compare, Dashboard, DashboardMetadata, History, MetricKey, Realtime, RecordVisit, SetTarget, Sliding,
    Step, SummaryDay, Target, Tile, Trend,
    cache::{CacheStatistics, InvalidateFigures, Invalidated, RefreshFigures, Refreshed},
    fault_drill::{DrillRun, DrillScreen, RunningDrill, StartDrill},
};

const BASIS: Parameter = asked("basis", named::<Basis>, "Counting rule; net when not given.");
const ONE_DAY: Parameter = day("day", "One business day; today when nothing is given.");
const FROM: Parameter = day("from", "First day.");
const TO: Parameter = day("to", "Last day, included; at most 400 days.");
const PERIOD: Parameter = asked("period", |_| one_of(["today", "7d", "30d"]), "Instead of days.");
const COMPARE: Parameter = asked(
    "compare",
    |_| one_of(Compare::ALL.map(Compare::as_str)),
    "The earlier period of change; week when not given, all for every one.",
);
const CLEAN: Parameter =
    asked("clean", |_| one_of(["0", "1"]), "1 leaves out sales labelled confirmed fraud, and their refunds.");
const METRIC: Parameter = asked(
    "metric",
    |_| one_of(MetricKey::ALL.iter().flat_map(|key| [key.as_str(), last(key.as_str())])),
    "Key of a figure, or its last part.",
);

/// Drills are switched off.
const OFF: &[(&str, &str)] = &[("404", "Fault drills are switched off here.")];
const BUSY: &[(&str, &str)] = &[("404", "Fault drills are switched off here."), ("409", "One is under way.")];

fn last(key: &'static str) -> &'static str {
    key.rsplit('.').next().unwrap_or(key)
}

pub const OPERATIONS: &[Operation] = &[
    json(
        "GET /api/v1/dashboard/overview",
        "The overview of a sliding window ending now",
        enveloped_with::<Dashboard, DashboardMetadata>,
    )
    .note("A field that is null is named in metadata.unavailable.")
    .with(&[asked("period", named::<Sliding>, "24h when not given.")]),
    json("GET /api/v1/dashboard/metrics/realtime", "Recognised sales of the last 60 seconds", named::<Realtime>),
    json("GET /api/v1/kpis", "Every figure of business days, with its receipt", list::<Tile>)
        .note("An unknown value is null and reason says why.")
        .with(&[ONE_DAY, FROM, TO, PERIOD, BASIS, COMPARE, CLEAN]),
    json("GET /api/v1/kpis/trend", "One row per business day; days without orders are 0", named::<Trend>)
        .note("before of a day is the day at the same place of as many days before.")
        .with(&[
            text("days", "1 to 400; 30 when not given."),
            day("to", "Last day; today when not given."),
            asked("order", |_| one_of(["desc", "asc"]), "Newest first unless asc."),
            BASIS,
            CLEAN,
        ]),
    json(
        "GET /api/v1/kpis/hours",
        "One business day by local hour: 24, or 23 or 25 where the clock changes",
        named::<Bars>,
    )
    .note("Beside each hour stands the same local hour of the day compared with, whose sum is that day's revenue.")
    .with(&[ONE_DAY, BASIS, COMPARE, CLEAN]),
    json("GET /api/v1/kpis/summary", "The days as they are summed up and kept, oldest first", list::<SummaryDay>)
        .note("Days that are not summed up are left out; the last 30 days when nothing is given.")
        .with(&[FROM, TO]),
    json("GET /api/v1/kpis/targets", "All targets, by figure and period, the latest first", list::<Target>),
    json("PUT /api/v1/kpis/targets", "Set a target, or change one", named::<Target>)
        .note("With version: changes the target of the same figure, period and first day.")
        .takes(named::<SetTarget>)
        .fails(&[("409", "There is one already and no version is given, or the version is not the current one.")]),
    nothing("DELETE /api/v1/kpis/targets/{id}", "Delete a target"),
    json("GET /api/v1/kpis/{metric}", "One figure", named::<Tile>)
        .with(&[METRIC, ONE_DAY, FROM, TO, PERIOD, BASIS, COMPARE, CLEAN]),
    json(
        "GET /api/v1/kpis/{metric}/rows",
        "The rows behind a figure, and the figure, of one moment",
        named::<FigureRows>,
    )
    .with(&[
        METRIC,
        ONE_DAY,
        FROM,
        TO,
        PERIOD,
        BASIS,
        COMPARE,
        CLEAN,
        text(
            "hour",
            "First instant of a local hour of the one day, as kpis/hours gives it: only the rows of that hour.",
        ),
        text("q", "Part of a number, reference or customer number; of a visitor's key."),
        asked(
            "sort",
            |_| one_of(["-at", "at", "-amount", "amount", "-orders", "orders", "available", "-available"]),
            "Sales by time or amount, customers by orders or amount, visitors by time, products by what is available.",
        ),
        text("seen", "snapshot_id of the value that was looked at: earlier tells it where the number is another now."),
    ])
    .paged(),
    json("GET /api/v1/kpis/{metric}/history", "What a figure was at earlier moments, oldest first", named::<History>)
        .note("Of each day its own figure so far, unless day names one. A step in which nobody looked is left out.")
        .with(&[
            METRIC,
            day("from", "First day that is looked at; the last one when not given."),
            day("to", "Last day that is looked at; today when not given."),
            day("day", "The day whose figure is meant."),
            asked("step", |_| one_of(Step::ALL.map(Step::as_str)), "The last value of each hour when not given."),
            BASIS,
            CLEAN,
        ]),
    json(
        "GET /api/v1/cache/stats",
        "What this server keeps of the figures, and how often it served",
        named::<CacheStatistics>,
    ),
    json("POST /api/v1/cache/invalidate", "Compute figures anew at the next look", named::<Invalidated>)
        .note("The last values stand until then, unless hard (administrators).")
        .takes(named::<InvalidateFigures>),
    accepted("POST /api/v1/kpis/refresh", "Compute the figures in sight anew", named::<Refreshed>)
        .note("Once in five seconds a user.")
        .takes(named::<RefreshFigures>),
    json("GET /api/v1/drill", "Fault drills: the one under way and the latest", named::<DrillScreen>).fails(OFF),
    json("GET /api/v1/drill/runs", "The latest fault drills with their checks", list::<DrillRun>).fails(OFF),
    accepted("POST /api/v1/drill/start", "Let figures fail for a while", named::<RunningDrill>)
        .note("In the server that answers; the database itself is left alone. It ends by itself.")
        .takes(named::<StartDrill>)
        .fails(BUSY),
    accepted("POST /api/v1/drill/stop", "End the fault drill under way", named::<DrillScreen>).fails(OFF),
    accepted("POST /api/v1/drill/run-all", "Five faults in turn, each with its checks", named::<RunningDrill>)
        .fails(BUSY),
    nothing("POST /api/v1/visits", "Record a visit of the shop")
        .note("Repeats of one visitor and session within 30 minutes are one visit.")
        .takes(named::<RecordVisit>),
];
