//! What needs a hand, and how fresh everything is.

use super::super::{
    operation::{Operation, asked, json, nothing, text, whole},
    shapes::{named, one_of},
};
use domain::overview::{
    attention::{AttentionList, Feature, Severity, SnoozeItem},
    source::{SourceList, SourceState},
};

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/attention", "What needs a hand, the most urgent first", named::<AttentionList>)
        .note(
            "Features that the caller may not view are left out. One that fails or is late is named in unavailable, \
             and its last known items are marked stale.",
        )
        .with(&[
            asked("feature", |_| one_of(Feature::ALL.iter().map(|f| f.as_str())), "Items of one feature."),
            asked("severity", |_| one_of(Severity::ALL.iter().map(|s| s.as_str())), "Items of one severity."),
            whole("limit", "1 to 200; 200 when not given."),
        ]),
    nothing("POST /api/v1/attention/{key}/snooze", "Put an item off")
        .note("For the caller alone. It comes back with its full age; a critical one after 24 hours at the latest.")
        .with(&[text("key", "Key of an item of the list.")])
        .takes(named::<SnoozeItem>),
    nothing("DELETE /api/v1/attention/{key}/snooze", "Take a snooze back")
        .note("For the caller alone. 204 also when the item was not put off.")
        .with(&[text("key", "Key of an item.")]),
    json(
        "GET /api/v1/freshness",
        "Every source with its age against its promise, the worst first",
        named::<SourceList>,
    )
    .with(&[
        text("feature", "Sources of one feature."),
        asked("state", |_| one_of(SourceState::ALL.map(|s| s.as_str())), "Sources in one state."),
    ]),
];
