//! `/live` (server-sent events) and `/api/v1/live/since` for those who must poll.

use crate::{
    backend::Backend,
    freshness::{Faults, Landed},
    http::{
        caller::Signed,
        error::ApiError,
        routes::Routes,
        sse::{self, LIFE, is_about},
    },
    live::{Heard, LiveBus, Replay},
    services::Services,
};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response, sse::Event},
};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Access, Principal},
    live::{Changed, Topic},
};
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Rhythm of `ping`; the badge of the page counts on it.
const PING: Duration = Duration::from_secs(2);
/// Longest time from a page to its stream.
const SEAM: Duration = Duration::from_secs(5);

#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new().get("/live", Access::SignedIn, stream_events).get("/api/v1/live/since", Access::SignedIn, since)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LiveQuery {
    /// Comma-separated; none: all one may hear.
    topics: Option<String>,
    /// Position of the last event seen; the header `Last-Event-ID` wins.
    last_event_id: Option<String>,
    last_id: Option<String>,
}

/// One event; `id` is its position in the stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveEvent {
    id: String,
    topic: Topic,
    key: String,
    at: DateTime<Utc>,
}

impl LiveEvent {
    fn of(event: &Changed) -> Self {
        Self { id: event.id.to_string(), topic: event.topic, key: event.key.clone(), at: event.at }
    }
}

/// What happened since a position. `resync`: there may be more than `events`, so read everything anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveSince {
    epoch: Uuid,
    last_id: String,
    resync: bool,
    /// Whether changes reach this server; while they do not, nothing is missing here but may be elsewhere.
    hears: bool,
    events: Vec<LiveEvent>,
}

/// Topics asked for that the caller may hear, in the order of the table.
fn topics(query: &LiveQuery, who: &Principal) -> Vec<Topic> {
    let wanted: Option<Vec<_>> = query.topics.as_ref().map(|t| t.split(',').map(str::trim).collect());
    let asked = |topic: Topic| wanted.as_ref().is_none_or(|w| w.contains(&topic.as_str()));
    Topic::ALL.iter().copied().filter(|t| asked(*t) && t.right().is_none_or(|right| who.may(right))).collect()
}

/// Whether the caller may hear this event: of a topic without right only what is about the caller.
fn hears(topics: &[Topic], who: &Principal, event: &Changed) -> bool {
    topics.contains(&event.topic) && (event.topic.right().is_some() || is_about(who, event))
}

async fn since(State(services): State<Services>, Signed(who): Signed, Query(query): Query<LiveQuery>) -> Response {
    let topics = topics(&query, &who);
    let replay = services.live.since(query.last_id.as_deref().or(query.last_event_id.as_deref()));
    let events = replay.events.iter().filter(|e| hears(&topics, &who, e)).map(|e| LiveEvent::of(e)).collect();
    let hears = services.live.connected();
    let answer = LiveSince { epoch: replay.epoch, last_id: replay.position, resync: replay.resync, hears, events };
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

async fn stream_events(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(query.last_event_id.as_deref());
    if services.backend.faults.is_push_cut() {
        return ApiError(AppError::unavailable("A fault drill keeps live connections away.")).into_response();
    }
    let bus = services.live.clone();
    let events = Listener::new(&services.backend, bus, topics(&query, &who), who, last).into_stream();
    // Its pings keep it alive.
    sse::answer(events, None)
}

/// One open stream.
struct Listener {
    bus: LiveBus,
    topics: Vec<Topic>,
    who: Principal,
    receiver: Receiver<Heard>,
    landed: Receiver<Landed>,
    faults: Faults,
    waiting: VecDeque<Event>,
    ping: Interval,
    until: Instant,
    over: bool,
}

impl Listener {
    fn new(backend: &Backend, bus: LiveBus, topics: Vec<Topic>, who: Principal, last: Option<&str>) -> Self {
        let (receiver, replay) = bus.join(last);
        let (landed, faults) = (backend.figures.subscribe(), backend.faults.clone());
        let now = Instant::now();
        let mut ping = interval_at(now + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listener = Self {
            bus,
            topics,
            who,
            receiver,
            landed,
            faults,
            waiting: VecDeque::new(),
            ping,
            until: now + LIFE,
            over: false,
        };
        listener.greet(&replay);
        // A page is made before its stream begins: what came in between was told to nobody.
        if backend.figures.told_within(SEAM) {
            listener.swap(None);
        }
        listener
    }

    fn greet(&mut self, replay: &Replay) {
        let topics: Vec<_> = self.topics.iter().map(|t| t.as_str()).collect();
        let said = json!({"epoch": replay.epoch, "topics": topics, "hears": self.bus.connected()});
        let mut hello = named("hello", &said).retry(Duration::from_secs(2));
        if replay.events.is_empty() && !replay.resync {
            hello = hello.id(&replay.position);
        }
        self.waiting.push_back(hello);
        if replay.resync {
            self.waiting.push_back(named("resync", &json!({})).id(&replay.position));
        }
        for event in &replay.events {
            self.take(event);
        }
        // Events that were not for this stream still move its position on.
        if replay.events.last().is_some_and(|newest| !hears(&self.topics, &self.who, newest)) {
            self.waiting.push_back(named("ping", &self.hearing()).id(&replay.position));
        }
    }

    /// Whether changes reach this server: cut off from the database, it cannot call itself live.
    fn hearing(&self) -> serde_json::Value {
        json!({ "hears": self.bus.connected() })
    }

    /// A better value has come for a figure that somebody was shown an older one of. A gap counts as one.
    fn swap(&mut self, landed: Option<Landed>) {
        let may = landed.as_ref().is_none_or(|landed| self.who.may(landed.declared.permission));
        if may && self.topics.contains(&Topic::Metric) {
            let (key, scope) = landed.map_or_else(Default::default, |l| (l.declared.key, l.scope));
            self.waiting.push_back(named("metric", &json!({ "key": key, "scope": &*scope })));
        }
    }

    fn take(&mut self, event: &Arc<Changed>) {
        if event.topic == Topic::Session && is_about(&self.who, event) {
            self.waiting.push_back(named("session_closed", &json!({})));
            self.over = true;
        } else if hears(&self.topics, &self.who, event) {
            self.waiting.push_back(named("changed", &LiveEvent::of(event)).id(event.id.to_string()));
        }
    }

    /// The stream has a hole, or may have one: everything waiting is void.
    fn resync(&mut self) {
        let (receiver, replay) = self.bus.join(None);
        self.receiver = receiver;
        self.waiting.clear();
        self.waiting.push_back(named("resync", &json!({})).id(&replay.position));
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            tokio::select! {
                biased;
                () = self.bus.stopping().cancelled() => self.bye(),
                () = tokio::time::sleep_until(self.until) => self.bye(),
                // As a cable is cut: without a word.
                () = self.faults.push_cut() => return None,
                heard = self.receiver.recv() => match heard {
                    Ok(Heard::Changed(event)) => self.take(&event),
                    Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => self.resync(),
                    Err(RecvError::Closed) => self.bye(),
                },
                landed = self.landed.recv() => match landed {
                    Ok(landed) => self.swap(Some(landed)),
                    Err(RecvError::Lagged(_)) => self.swap(None),
                    Err(RecvError::Closed) => self.bye(),
                },
                _ = self.ping.tick() => self.waiting.push_back(named("ping", &self.hearing())),
            }
        }
    }

    fn bye(&mut self) {
        self.waiting.push_back(named("bye", &json!({})));
        self.over = true;
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut listener| async move { listener.next().await.map(|event| (Ok(event), listener)) })
    }
}

fn named(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
