//! `/api/v1/ws/dashboard`: the dashboard as frames, for programs and other pages (`platform.md` 3.8).

use crate::{
    http::{caller::Signed, error::ApiError, routes::Routes},
    live::Heard,
    services::Services,
};
use axum::{
    extract::{
        Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::{
    AppError, ErrorCode,
    access::{Access, Permission, Principal},
    live::{Changed, Topic},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
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
}

/// What can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Channel {
    /// The overview of the last 24 hours, whole.
    Dashboard,
    /// The last minute.
    Metrics,
    /// Which sale was recorded or changed.
    Transactions,
}

impl Channel {
    const ALL: [Self; 3] = [Self::Dashboard, Self::Metrics, Self::Transactions];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Metrics => "metrics",
            Self::Transactions => "transactions",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
    }

    const fn right(self) -> Permission {
        match self {
            Self::Dashboard | Self::Metrics => Permission::OverviewView,
            Self::Transactions => Permission::TransactionsView,
        }
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
    upgrade.max_message_size(SAID_AT_MOST).on_upgrade(move |socket| async move {
        let receiver = services.live.subscribe();
        let mut line = Line { services, who, socket, receiver, channels: BTreeSet::new(), sent: None };
        // Whatever ends it, the client comes back by itself.
        let _ = line.serve(&wanted).await;
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
    /// When the dashboard was sent last.
    sent: Option<Instant>,
}

impl Line {
    async fn serve(&mut self, wanted: &str) -> Kept {
        let mut refused = Vec::new();
        for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Err(frame) = self.join(name) {
                refused.push(frame);
            }
        }
        let channels: Vec<_> = self.channels.iter().map(|channel| channel.as_str()).collect();
        let user = self.who.user_id().map(|user| user.to_string());
        self.frame("connected", "", json!({ "user_id": user, "channels": channels })).await?;
        for (name, code) in refused {
            self.error(&name, code).await?;
        }
        self.snapshots().await?;
        let mut due = Instant::now() + ANYHOW;
        loop {
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
                        self.frame("resync", "", json!({})).await?;
                        due = due.min(self.soon());
                    }
                    Err(RecvError::Closed) => return self.close(GOING_AWAY, "going away").await,
                },
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
                }
                self.frame("unsubscribed", &channel, json!({})).await?;
            }
            Ok(Said::Ping) => self.frame("pong", "", json!({})).await?,
            Err(_) => self.error("", "unknown_action").await?,
        }
        Ok(false)
    }

    /// Answers whether the snapshots are out of date now.
    async fn heard(&mut self, event: &Changed) -> Result<bool, Over> {
        if event.topic == Topic::Session && self.who.user_id().is_some_and(|user| user.to_string() == event.key) {
            self.close(SESSION_OVER, "session over").await?;
            return Err(Over);
        }
        if event.topic == Topic::Transactions && self.channels.contains(&Channel::Transactions) {
            let data = json!({ "transaction_id": Some(&event.key).filter(|key| !key.is_empty()) });
            self.numbered("transaction_update", Channel::Transactions.as_str(), &event.id.to_string(), data).await?;
        }
        Ok(matches!(event.topic, Topic::Transactions | Topic::Analytics | Topic::Settings | Topic::Customers))
    }

    /// The channels that are sent whole.
    async fn snapshots(&mut self) -> Kept {
        let overview = std::sync::Arc::clone(&self.services.overview);
        if self.channels.contains(&Channel::Dashboard) {
            match overview.dashboard(&self.who, "24h").await {
                Ok(answer) => {
                    let data = json!({ "data": answer.data, "metadata": answer.metadata });
                    self.frame("dashboard_update", "dashboard", data).await?;
                }
                Err(error) => self.error("dashboard", error.code.as_str()).await?,
            }
        }
        if self.channels.contains(&Channel::Metrics) {
            match overview.realtime(&self.who).await {
                Ok(minute) => self.frame("metrics_update", "metrics", json!(minute)).await?,
                Err(error) => self.error("metrics", error.code.as_str()).await?,
            }
        }
        self.sent = Some(Instant::now());
        Ok(())
    }

    async fn error(&mut self, channel: &str, code: &str) -> Kept {
        self.frame("error", channel, json!({ "code": code })).await
    }

    async fn frame(&mut self, kind: &str, channel: &str, data: Value) -> Kept {
        let position = self.services.live.since(None).position;
        self.numbered(kind, channel, &position, data).await
    }

    async fn numbered(&mut self, kind: &str, channel: &str, id: &str, data: Value) -> Kept {
        let at = self.services.backend.clock.now();
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
