//! The outbox: messages written with the change they tell of go out afterwards, at least once, each with an id that
//! stays the same however often it is tried (`alerts.md` 3.7).

mod delivery;

pub use delivery::keep_delivering;

use super::{
    mail::{self, Letter, Mailer},
    routing,
    signals::{self, Ended, Signal},
    webhook::{self, Attempt, Destinations},
};
use crate::{
    access::{sealed::Place, secret::Keys},
    backend::Backend,
};
use chrono::Duration;
use domain::{
    AppError,
    alerts::{AlertFeature, ChannelKind, Resolution, Severity, Subject, WebhookFormat, kind_of},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use store::alerts::{
    channels::{self, ChannelFields},
    messages::{self, Ended as Outcome},
    preferences,
};
use uuid::Uuid;

/// Seconds from each failed attempt to the next: at 0 s, 30 s, 2 min, 10 min and 1 h after the first.
const WAITS: [i64; 4] = [30, 90, 480, 3_000];
/// Who has taken messages and says nothing for so long is dead.
const LEASE: Duration = Duration::seconds(60);
/// Messages of one channel, or to one person, within [`FLOOD_TIME`]; what comes beyond goes as one digest.
pub(super) const FLOOD: i64 = 20;
pub(super) const FLOOD_TIME: Duration = Duration::seconds(60);

/// What a channel is set to.
#[derive(Serialize, Deserialize)]
pub(super) enum Settings {
    Webhook { url: String, secret: String },
    Email { addresses: Vec<String> },
}

/// Ways out of the house.
#[derive(Clone)]
pub struct Outbox {
    backend: Backend,
    keys: Keys,
    origin: String,
    destinations: Destinations,
    mailer: Option<Mailer>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// Notifications that go as one message.
struct Parcel {
    id: Uuid,
    event: String,
    digest: bool,
    attempts: i32,
    rows: Vec<Uuid>,
    alerts: Vec<Value>,
}

impl Outbox {
    #[must_use]
    pub const fn new(
        backend: Backend,
        keys: Keys,
        origin: String,
        destinations: Destinations,
        mailer: Option<Mailer>,
    ) -> Self {
        Self { backend, keys, origin, destinations, mailer }
    }

    pub(super) const fn destinations(&self) -> &Destinations {
        &self.destinations
    }

    /// Whether e-mail can be sent at all.
    pub const fn mails(&self) -> bool {
        self.mailer.is_some()
    }

    /// Sends a mail that is no alert: at once, once; `None` when no mail server is set. Its links are paths here. A repeat
    /// carries the same `id`.
    pub async fn mail(&self, id: Uuid, to: &str, mut letter: Letter) -> Option<Attempt> {
        let mailer = self.mailer.as_ref()?;
        for (_, path) in &mut letter.lines {
            *path = path.as_ref().map(|path| format!("{}{path}", self.origin));
        }
        Some(mailer.send(id, &[to.to_owned()], &letter).await)
    }

    pub(super) fn seal(&self, channel: Uuid, settings: &Settings) -> Result<Vec<u8>, AppError> {
        let text = serde_json::to_string(settings).map_err(|_| AppError::internal())?;
        self.keys.seal(place(channel), &text)
    }

    /// One attempt, and what came of it.
    async fn carry(&self, channel: &ChannelFields, parcel: &Parcel) -> Result<Attempt, AppError> {
        let attempt = self.attempt(channel, parcel).await;
        let now = self.backend.clock.now();
        let tried = usize::try_from(parcel.attempts).unwrap_or_default();
        let (state, next, code, error) = match &attempt {
            Attempt::Delivered { code } => ("delivered", None, Some(*code), None),
            Attempt::Never { code, error } => ("dead", None, *code, Some(error.as_str())),
            Attempt::Unwanted => ("suppressed", None, None, Some("Nobody at these addresses wants it by e-mail.")),
            Attempt::Again { code, after, error } => match WAITS.get(tried) {
                Some(wait) => {
                    let wait = Duration::seconds((*wait).max(after.unwrap_or_default()));
                    ("failed", Some(now + wait), *code, Some(error.as_str()))
                }
                None => ("dead", None, *code, Some(error.as_str())),
            },
        };
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        messages::ended(&mut tx, Outcome { ids: &parcel.rows, state, next, code, error, at: now }).await?;
        if state != "suppressed" {
            channels::stamp(&mut tx, channel.id, error, now).await?;
        }
        let kind = kind_of("notification_failed").ok_or_else(AppError::internal)?;
        let (clock, id) = (self.backend.clock.as_ref(), channel.id.to_string());
        if state == "dead" {
            let signal = Signal::of(kind, Severity::Medium, &id, &channel.name)
                .saying(
                    format!("Messages through \u{201c}{}\u{201d} are not delivered", channel.name),
                    format!("{} It is not tried again.", error.unwrap_or("It failed.")),
                )
                .acting("/alerts/channels");
            signals::raise(&mut tx, clock, "outbox", &signal).await?;
        } else if state == "delivered" {
            let ended = Ended { by: "outbox", how: Resolution::Auto, note: None };
            signals::clear(&mut tx, clock, &Signal::key_of(kind, &id), ended).await?;
        }
        store::commit(tx).await?;
        Ok(attempt)
    }

    async fn attempt(&self, channel: &ChannelFields, parcel: &Parcel) -> Attempt {
        let settings = self.keys.open(place(channel.id), &channel.config_enc);
        let settings = settings.and_then(|text| serde_json::from_str::<Settings>(&text).ok());
        let alerts: Vec<Value> = parcel.alerts.iter().map(|alert| self.shown(alert)).collect();
        let event = if parcel.digest { "digest" } else { parcel.event.as_str() };
        match settings {
            Some(Settings::Webhook { url, secret }) => {
                let format = channel.format.as_deref().and_then(WebhookFormat::parse).unwrap_or(WebhookFormat::Generic);
                let now = self.backend.clock.now();
                let body = webhook::body(format, &parcel.id.to_string(), event, &now.to_rfc3339(), &alerts);
                self.destinations.post(&url, &secret, now.timestamp(), body).await
            }
            Some(Settings::Email { addresses }) => match &self.mailer {
                Some(mailer) => {
                    let wanted = match self.wanted(addresses, &parcel.alerts).await {
                        Ok(wanted) => wanted,
                        Err(error) => return Attempt::Again { code: None, after: None, error: error.message },
                    };
                    if wanted.is_empty() {
                        return Attempt::Unwanted;
                    }
                    mailer.send(parcel.id, &wanted, &mail::of_alerts(event, &alerts)).await
                }
                None => Attempt::Never { code: None, error: "No mail server is set.".to_owned() },
            },
            None => Attempt::Never {
                code: None,
                error: "What this channel is set to cannot be read with the present secret key.".to_owned(),
            },
        }
    }

    /// Addresses without those of people who want none of these alerts by e-mail.
    async fn wanted(&self, addresses: Vec<String>, alerts: &[Value]) -> Result<Vec<String>, AppError> {
        let text = |alert: &Value, key: &str| alert[key].as_str().unwrap_or_default().to_owned();
        let features: Vec<AlertFeature> =
            alerts.iter().filter_map(|alert| AlertFeature::parse(alert["feature"].as_str()?)).collect();
        let lower: Vec<String> = addresses.iter().map(|address| address.to_lowercase()).collect();
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let chosen = preferences::about(&mut connection, &[], &lower, &features).await?;
        drop(connection);
        let wants = |address: &String, alert: &Value| -> Result<bool, AppError> {
            let feature = text(alert, "feature");
            let of =
                |one: &&preferences::Chosen| one.feature == feature && one.email_address.eq_ignore_ascii_case(address);
            let Some(chosen) = chosen.iter().find(of) else { return Ok(true) };
            let rank = alert["severity"].as_i64().and_then(|rank| i16::try_from(rank).ok());
            let alert_type = text(alert, "alert_type");
            let subject = Subject {
                alert_type: &alert_type,
                feature: AlertFeature::parse(&feature).ok_or_else(AppError::internal)?,
                severity: rank.and_then(Severity::of_rank).ok_or_else(AppError::internal)?,
                entity_type: None,
                entity_id: None,
                rule_id: None,
            };
            Ok(routing::preference(chosen)?.mails(&subject))
        };
        let mut wanted = Vec::new();
        for address in addresses {
            let mut any = alerts.is_empty();
            for alert in alerts {
                any |= wants(&address, alert)?;
            }
            if any {
                wanted.push(address);
            }
        }
        Ok(wanted)
    }

    /// As receivers see it.
    fn shown(&self, alert: &Value) -> Value {
        let mut alert = alert.clone();
        let rank = alert["severity"].as_i64().and_then(|rank| i16::try_from(rank).ok());
        let severity = rank.and_then(Severity::of_rank).map_or("low", Severity::as_str);
        let entity = serde_json::json!({ "type": alert["entity_type"], "id": alert["entity_id"] });
        let url = format!("{}/alerts/{}", self.origin, alert["id"].as_str().unwrap_or_default());
        if let Some(fields) = alert.as_object_mut() {
            fields.remove("feature");
            fields.remove("entity_type");
            fields.remove("entity_id");
            fields.insert("severity".to_owned(), severity.into());
            fields.insert("entity".to_owned(), entity);
            fields.insert("url".to_owned(), url.into());
        }
        alert
    }

    /// A test message, tried once and at once.
    pub(super) async fn test(&self, channel: &ChannelFields) -> Result<Uuid, AppError> {
        let (id, now) = (self.backend.clock.new_id(), self.backend.clock.now());
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        messages::insert_test(&mut tx, id, channel.id, "Test", now + LEASE, now).await?;
        store::commit(tx).await?;
        let last = i32::try_from(WAITS.len()).unwrap_or_default();
        let parcel =
            Parcel { id, event: "test".to_owned(), digest: false, attempts: last, rows: vec![id], alerts: Vec::new() };
        let attempt = self.attempt(channel, &parcel).await;
        let now = self.backend.clock.now();
        let (state, code, error) = match &attempt {
            Attempt::Delivered { code } => ("delivered", Some(*code), None),
            Attempt::Never { code, error } | Attempt::Again { code, error, .. } => {
                ("dead", *code, Some(error.as_str()))
            }
            Attempt::Unwanted => ("suppressed", None, None),
        };
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        messages::ended(&mut tx, Outcome { ids: &[id], state, next: None, code, error, at: now }).await?;
        channels::stamp(&mut tx, channel.id, error, now).await?;
        store::commit(tx).await?;
        Ok(id)
    }
}

/// Where the sealed settings of a channel stand.
const fn place(channel: Uuid) -> Place<'static> {
    Place { table: "ops.notification_channels", column: "config_enc", row: channel }
}

/// The kind of a stored channel.
pub(super) fn kind_of_channel(text: &str) -> Result<ChannelKind, AppError> {
    ChannelKind::parse(text).ok_or_else(AppError::internal)
}
