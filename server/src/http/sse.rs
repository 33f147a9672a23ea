//! What all streams of server-sent events have in common.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::{access::Principal, live::Changed};
use futures::Stream;
use std::{convert::Infallible, time::Duration};

/// After this time a stream ends, and its reader comes back with its rights checked anew.
pub const LIFE: Duration = Duration::from_secs(600);

/// The events as an answer that nothing on the way keeps back.
pub fn answer(
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
    keep_alive: Option<KeepAlive>,
) -> Response {
    let unbuffered = [
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    match keep_alive {
        Some(keep_alive) => (unbuffered, Sse::new(events).keep_alive(keep_alive)).into_response(),
        None => (unbuffered, Sse::new(events)).into_response(),
    }
}

/// Whether the event is about the caller, as the end of a session is.
#[must_use]
pub fn is_about(who: &Principal, event: &Changed) -> bool {
    who.user_id().is_some_and(|user| user.to_string() == event.key)
}
