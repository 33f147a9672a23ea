//! `/api/v1/ws/dashboard`: the dashboard and what happens as frames, for programs and other pages (`platform.md` 3.8).

mod calm;

use crate::{
    http::{caller::Signed, error::ApiError, routes::Routes},
    live::Heard,
    services::{Services, frames::Frame},
};
use axum::{
    extract::{
        Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use calm::Calm;
use domain::{
    AppError, ErrorCode,
    access::{Access, Permission, Principal},
    analytics::AnalyticsQuery,
    live::{Changed, Topic},
    overview::MetricKey,
    query,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep_until, timeout},
};

/// Changes of one commit come as several events; they make one frame.
const GATHER: Duration = Duration::from_millis(50);
/// Least time between two frames of the dashboard.
const CALM: Duration = Duration::from_secs(1);
/// Longest time without one.
const ANYHOW: Duration = Duration::from_secs(30);
/// A reader who takes nothing for so long is let go.
const BLOCKED: Duration = Duration::from_secs(10);
/// Largest frame that a client may send.
const SAID_AT_MOST: usize = 4 * 1024;

const GOING_AWAY: u16 = 1001;
const TRY_AGAIN_LATER: u16 = 1013;
const SESSION_OVER: u16 = 4401;

#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/ws/dashboard", Access::SignedIn, connect)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SocketQuery {
    /// Comma-separated; `dashboard` when not given.
    channels: Option<String>,
    /// The id of the last frame that was heard, to go on after it.
    last_event_id: Option<String>,
}

macro_rules! channels {
    ($($(#[$doc:meta])* $name:ident => $text:literal, $right:ident;)+) => {
        /// What can be heard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Channel { $($(#[$doc])* $name),+ }

        impl Channel {
            const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }

            const fn right(self) -> Permission {
                match self { $(Self::$name => Permission::$right),+ }
            }
        }
    };
}

channels! {
    /// The overview of the last 24 hours, whole.
    Dashboard => "dashboard", OverviewView;
    /// Sales as they are recorded and change, and cases as they are opened.
    Transactions => "transactions", TransactionsView;
    /// Stock as it moves.
    Inventory => "inventory", InventoryView;
    /// The hour, the last 24 and which figures changed.
    Analytics => "analytics", OverviewView;
    Alerts => "alerts", AlertsView;
    Customers => "customers", CustomersView;
    Jobs => "jobs", JobsView;
    Leads => "leads", ProspectsView;
    Projects => "projects", CrmView;
    Team => "team", CrmView;
    Appointments => "appointments", CrmView;
    Streams => "streams", IntegrationsView;
    Optimize => "optimize", PlanView;
}

/// The channel of a topic's frames.
const fn channel_of(topic: Topic) -> Option<Channel> {
    match topic {
        Topic::Transactions | Topic::Fraud => Some(Channel::Transactions),
        Topic::Inventory => Some(Channel::Inventory),
        Topic::Alerts => Some(Channel::Alerts),
        _ => None,
    }
}

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Said {
    Subscribe { channel: String },
    Unsubscribe { channel: String },
    Ping,
}

async fn connect(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(query): Query<SocketQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // A browser sends the cookie wherever the page comes from, and says where that is.
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let ours = origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&services.door.settings().origin));
    if !headers.contains_key(header::AUTHORIZATION) && !ours {
        let message =
            "This connection did not come from a page of ours. Programs send a token as Authorization header.";
        return ApiError(AppError::new(ErrorCode::Forbidden, message)).into_response();
    }
    if services.backend.faults.is_push_cut() {
        return ApiError(AppError::unavailable("A fault drill keeps live connections away.")).into_response();
    }
    let wanted = query.channels.unwrap_or_else(|| Channel::Dashboard.as_str().to_owned());
    let last = query.last_event_id.filter(|last| !last.is_empty());
    upgrade.max_message_size(SAID_AT_MOST).on_upgrade(move |socket| async move {
        let (receiver, replay) = services.live.join(None);
        let mut line = Line {
            services,
            who,
            socket,
            receiver,
            channels: BTreeSet::new(),
            position: replay.position,
            changed: BTreeSet::new(),
            calm: Calm::default(),
            sent: None,
        };
        // Whatever ends it, the client comes back by itself.
        let _ = line.serve(&wanted, last.as_deref()).await;
    })
}

/// The client is gone, or was let go.
struct Over;

type Kept = Result<(), Over>;

/// One open connection.
struct Line {
    services: Services,
    who: Principal,
    socket: WebSocket,
    receiver: Receiver<Heard>,
    channels: BTreeSet<Channel>,
    /// Everything up to here was told; a frame that is of no event carries it.
    position: String,
    /// Topics heard since the last snapshot.
    changed: BTreeSet<Topic>,
    calm: Calm,
    /// When the snapshots were sent last.
    sent: Option<Instant>,
}

impl Line {
    async fn serve(&mut self, wanted: &str, last: Option<&str>) -> Kept {
        let mut refused = Vec::new();
        for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Err(frame) = self.join(name) {
                refused.push(frame);
            }
        }
        let missed = last.map(|last| self.resume(last));
        let channels: Vec<_> = self.channels.iter().map(|channel| channel.as_str()).collect();
        let user = self.who.user_id().map(|user| user.to_string());
        self.frame("connected", "", json!({ "user_id": user, "channels": channels })).await?;
        for (name, code) in refused {
            self.error(&name, code).await?;
        }
        match missed {
            None => {}
            Some(None) => self.resync("").await?,
            Some(Some(events)) => {
                for (event, told) in events {
                    self.tell(&event, told).await?;
                }
            }
        }
        self.snapshots().await?;
        let mut due = Instant::now() + ANYHOW;
        loop {
            let calm = self.calm.due();
            tokio::select! {
                biased;
                () = self.services.live.stopping().clone().cancelled_owned() => return self.close(GOING_AWAY, "going away").await,
                // As a cable is cut: without a word.
                () = self.services.backend.faults.push_cut() => return Err(Over),
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Text(text))) => {
                        if self.said(&text).await? {
                            due = Instant::now();
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Over),
                    Some(Ok(_)) => {}
                },
                heard = self.receiver.recv() => match heard {
                    Ok(Heard::Changed(event)) => {
                        if self.heard(&event).await? {
                            due = due.min(self.soon());
                        }
                    }
                    Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => {
                        self.resync("").await?;
                        due = due.min(self.soon());
                    }
                    Err(RecvError::Closed) => return self.close(GOING_AWAY, "going away").await,
                },
                () = sleep_until(calm.unwrap_or(due)), if calm.is_some() => self.tell_waiting().await?,
                () = sleep_until(due) => {
                    self.snapshots().await?;
                    due = Instant::now() + ANYHOW;
                }
            }
        }
    }

    /// The earliest moment of the next snapshot.
    fn soon(&self) -> Instant {
        let gathered = Instant::now() + GATHER;
        self.sent.map_or(gathered, |sent| gathered.max(sent + CALM))
    }

    fn join(&mut self, name: &str) -> Result<Channel, (String, &'static str)> {
        let channel = Channel::parse(name).ok_or_else(|| (name.chars().take(40).collect(), "unknown_channel"))?;
        if !self.who.may(channel.right()) {
            return Err((name.to_owned(), "forbidden"));
        }
        self.channels.insert(channel);
        Ok(channel)
    }

    /// Answers whether a snapshot is wanted now.
    async fn said(&mut self, text: &str) -> Result<bool, Over> {
        match serde_json::from_str(text) {
            Ok(Said::Subscribe { channel }) => match self.join(&channel) {
                Ok(_) => {
                    self.frame("subscribed", &channel, json!({})).await?;
                    return Ok(true);
                }
                Err((name, code)) => self.error(&name, code).await?,
            },
            Ok(Said::Unsubscribe { channel }) => {
                if let Some(known) = Channel::parse(&channel) {
                    self.channels.remove(&known);
                    if known == Channel::Alerts {
                        self.calm.forget();
                    }
                }
                self.frame("unsubscribed", &channel, json!({})).await?;
            }
            Ok(Said::Ping) => self.frame("pong", "", json!({})).await?,
            Err(_) => self.error("", "unknown_action").await?,
        }
        Ok(false)
    }

    /// Goes on after the frame `last`: the events since, each with how many of its frames are told already. `None`: it is not known
    /// any more what came since.
    fn resume(&mut self, last: &str) -> Option<Vec<(Arc<Changed>, usize)>> {
        // `7` is the last frame of event 7, `7:2` its second of more; `7~5.6` waited for the second of their alerts to be over.
        let (last, waiting) = last.split_once('~').unwrap_or((last, ""));
        for id in waiting.split('.').filter(|id| !id.is_empty()) {
            self.calm.take_up(self.services.live.at(id.parse().ok()?)?);
        }
        let (event, told) = last.split_once(':').unwrap_or((last, ""));
        let begun = match (told, event.parse()) {
            ("", _) => None,
            (_, Ok(id)) => Some((self.services.live.at(id)?, told.parse().ok()?)),
            _ => return None,
        };
        let (receiver, replay) = self.services.live.join(Some(event));
        self.receiver = receiver;
        if replay.resync {
            self.position = replay.position;
            return None;
        }
        last.clone_into(&mut self.position);
        Some(begun.into_iter().chain(replay.events.into_iter().map(|event| (event, 0))).collect())
    }

    /// There is a hole: what the client has of the channel, or of all, is void.
    async fn resync(&mut self, channel: &str) -> Kept {
        if channel.is_empty() || channel == Channel::Alerts.as_str() {
            self.calm.forget();
        }
        if channel.is_empty() {
            let (receiver, replay) = self.services.live.join(None);
            self.receiver = receiver;
            self.position = replay.position;
        }
        self.frame("resync", channel, json!({})).await
    }

    /// Answers whether the snapshots are out of date now.
    async fn heard(&mut self, event: &Arc<Changed>) -> Result<bool, Over> {
        if event.topic == Topic::Session && self.who.user_id().is_some_and(|user| user.to_string() == event.key) {
            self.close(SESSION_OVER, "session over").await?;
            return Err(Over);
        }
        self.tell(event, 0).await?;
        self.changed.insert(event.topic);
        Ok(matches!(event.topic, Topic::Transactions | Topic::Analytics | Topic::Settings | Topic::Customers))
    }

    /// The frames of an event, but for the first `told`.
    async fn tell(&mut self, event: &Arc<Changed>, told: usize) -> Kept {
        let id = event.id.to_string();
        let channel = channel_of(event.topic).filter(|channel| self.channels.contains(channel));
        let Some(channel) = channel else {
            self.position = id;
            return Ok(());
        };
        if event.key.is_empty() && event.topic != Topic::Fraud {
            // Many changed at once: there is no frame for each.
            self.position = id;
            return self.resync(channel.as_str()).await;
        }
        if channel == Channel::Alerts {
            match self.calm.holds(event, Instant::now()) {
                Some(false) => {}
                Some(true) => {
                    self.position = id;
                    return Ok(());
                }
                None => {
                    self.position = id;
                    return self.resync(channel.as_str()).await;
                }
            }
        }
        let Some(frames) = self.frames(event).await else {
            self.position = id;
            return self.resync(channel.as_str()).await;
        };
        let last = frames.len();
        for (n, (kind, data)) in (1..).zip(frames).skip(told) {
            let at = if n == last { id.clone() } else { format!("{id}:{n}") };
            self.numbered(kind, channel.as_str(), &at, data).await?;
            self.position = at;
            if kind == "alert_update" {
                self.calm.told(&event.key, Instant::now());
            }
        }
        self.position = id;
        Ok(())
    }

    /// What the client is told of an event; `None`: that cannot be known now.
    async fn frames(&mut self, event: &Changed) -> Option<Vec<(&'static str, Value)>> {
        let frames = self.services.frames.of(event).await.ok()?;
        let told = |frame: &Frame| Some((frame.kind, frame.told(&self.who)?.clone()));
        Some(frames.get().into_iter().flatten().filter_map(told).collect())
    }

    /// Updates of alerts whose second is over. They stand at the place where the client is by now.
    async fn tell_waiting(&mut self) -> Kept {
        while let Some(event) = self.calm.next(Instant::now()) {
            let Some(frames) = self.frames(&event).await else {
                return self.resync(Channel::Alerts.as_str()).await;
            };
            for (kind, data) in frames {
                self.frame(kind, Channel::Alerts.as_str(), data).await?;
                self.calm.told(&event.key, Instant::now());
            }
        }
        Ok(())
    }

    /// The channels that are sent whole.
    async fn snapshots(&mut self) -> Kept {
        let changed = std::mem::take(&mut self.changed);
        if self.channels.contains(&Channel::Dashboard) {
            let overview = Arc::clone(&self.services.overview);
            match overview.dashboard(&self.who, "24h").await {
                Ok(answer) => {
                    let data = json!({ "data": answer.data, "metadata": answer.metadata });
                    self.frame("dashboard_update", "dashboard", data).await?;
                }
                Err(error) => self.error("dashboard", error.code.as_str()).await?,
            }
        }
        if self.channels.contains(&Channel::Analytics) {
            let analytics = Arc::clone(&self.services.analytics);
            let asked = AnalyticsQuery::parse(query::pairs("hours=24"));
            match analytics.hourly(&self.who, &asked).await {
                Ok(answer) => {
                    let keys: Vec<_> = self.keys(&changed).collect();
                    let data = json!({ "keys": keys, "hour": answer.items.last(), "totals": answer.metadata.totals });
                    self.frame("metrics_update", "analytics", data).await?;
                }
                Err(error) => self.error("analytics", error.code.as_str()).await?,
            }
        }
        self.sent = Some(Instant::now());
        Ok(())
    }

    /// The figures that one of the topics makes old; without a topic there is none.
    fn keys(&self, changed: &BTreeSet<Topic>) -> impl Iterator<Item = &'static str> {
        let of = |key: &&MetricKey| key.declaration().topics.iter().any(|topic| changed.contains(topic));
        let may = |key: &&MetricKey| self.who.may(key.declaration().permission);
        MetricKey::ALL.iter().filter(of).filter(may).map(|key| key.as_str())
    }

    async fn error(&mut self, channel: &str, code: &str) -> Kept {
        self.frame("error", channel, json!({ "code": code })).await
    }

    async fn frame(&mut self, kind: &str, channel: &str, data: Value) -> Kept {
        let position = self.position.clone();
        self.numbered(kind, channel, &position, data).await
    }

    async fn numbered(&mut self, kind: &str, channel: &str, id: &str, data: Value) -> Kept {
        let at = self.services.backend.clock.now();
        let id = self.calm.place(id);
        let frame = json!({ "type": kind, "channel": channel, "id": id, "timestamp": at, "data": data });
        match timeout(BLOCKED, self.socket.send(Message::text(frame.to_string()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over),
            Err(_) => {
                let _ = timeout(CALM, self.close(TRY_AGAIN_LATER, "too slow")).await;
                Err(Over)
            }
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Kept {
        let _ = self.socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        Err(Over)
    }
}
