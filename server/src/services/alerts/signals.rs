//! The port through which every feature raises and clears alerts, in its own transaction (`alerts.md` 3.1, 3.7).

use super::routing::{Told, tell};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    alerts::{AlertFeature, AlertKind, Matcher, Resolution, Severity, Subject},
    clock::Clock,
    live::Topic,
    money::Money,
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use store::alerts::{self as rows, Locked, NewAlert, SeenAgain, silences};
use uuid::Uuid;

/// What an alert is about.
#[derive(Debug, Clone, Default)]
pub struct Entity {
    pub kind: Option<String>,
    pub id: Option<String>,
    pub label: Option<String>,
}

/// Who noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Rule(Uuid),
    Signal,
    Manual,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Signal => "signal",
            Self::Manual => "manual",
        }
    }

    const fn rule(self) -> Option<Uuid> {
        if let Self::Rule(id) = self { Some(id) } else { None }
    }
}

/// A problem as it is noticed.
#[derive(Debug, Clone)]
pub struct Signal {
    pub alert_type: String,
    pub feature: AlertFeature,
    pub severity: Severity,
    pub title: String,
    pub message: String,
    pub entity: Entity,
    pub value: Option<Decimal>,
    pub threshold: Option<Decimal>,
    pub unit: Option<String>,
    pub money_at_risk: Option<Money>,
    pub action_path: Option<String>,
    /// When it began, where it is told afterwards.
    pub since: Option<DateTime<Utc>>,
    pub source: Source,
}

impl Signal {
    /// Of a registered type, about one entity.
    pub fn of(kind: &AlertKind, severity: Severity, id: impl Into<String>, label: impl Into<String>) -> Self {
        let label = label.into();
        Self {
            alert_type: kind.alert_type.to_owned(),
            feature: kind.feature,
            severity,
            title: label.clone(),
            message: String::new(),
            entity: Entity { kind: Some(kind.entity_type.to_owned()), id: Some(id.into()), label: Some(label) },
            value: None,
            threshold: None,
            unit: None,
            money_at_risk: None,
            action_path: None,
            source: Source::Signal,
            since: None,
        }
    }

    #[must_use]
    pub fn saying(mut self, title: impl Into<String>, message: impl Into<String>) -> Self {
        let shorten = |text: String, most: usize| -> String { text.chars().take(most).collect() };
        (self.title, self.message) = (shorten(title.into(), 255), shorten(message.into(), 4_000));
        self
    }

    #[must_use]
    pub fn acting(mut self, path: impl Into<String>) -> Self {
        self.action_path = Some(path.into());
        self
    }

    /// Alerts with the same key are the same problem.
    #[must_use]
    pub fn key(&self) -> String {
        let rule = self.source.rule().map_or_else(|| "-".to_owned(), |id| id.to_string());
        let kind = self.entity.kind.as_deref().unwrap_or("-");
        let id = match (&self.entity.id, self.source) {
            (Some(id), _) => id.clone(),
            (None, Source::Manual) => {
                crate::access::secret::hex(&crate::access::secret::digest(self.title.trim()))[..16].to_owned()
            }
            (None, _) => "-".to_owned(),
        };
        format!("{}:{rule}:{kind}:{id}", self.alert_type)
    }

    /// The key of a signal of this type about an entity.
    #[must_use]
    pub fn key_of(kind: &AlertKind, id: &str) -> String {
        format!("{}:-:{}:{id}", kind.alert_type, kind.entity_type)
    }
}

/// Opens the alert, or counts one more occurrence of the open one; answers its id and whether it was opened.
///
/// # Errors
/// When a statement fails.
pub async fn raise(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    actor: &str,
    signal: &Signal,
) -> Result<(Uuid, bool), AppError> {
    let (at, key) = (clock.now(), signal.key());
    // Twice: somebody else may open it between the look and the insert.
    for _ in 0..2 {
        if let Some(open) = rows::lock_open(connection, &key).await? {
            again(connection, clock, actor, signal, &open, at).await?;
            return Ok((open.id, false));
        }
        if let Some(id) = open(connection, clock, actor, signal, &key, at).await? {
            return Ok((id, true));
        }
    }
    Err(AppError::unavailable("This alert is changing just now. Try again."))
}

async fn open(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    actor: &str,
    signal: &Signal,
    key: &str,
    at: DateTime<Utc>,
) -> Result<Option<Uuid>, AppError> {
    let id = clock.new_id();
    let rule = signal.source.rule().map(|id| id.to_string());
    let subject = Subject {
        alert_type: &signal.alert_type,
        feature: signal.feature,
        severity: signal.severity,
        entity_type: signal.entity.kind.as_deref(),
        entity_id: signal.entity.id.as_deref(),
        rule_id: rule.as_deref(),
    };
    let silence = silence_of(&silences::running(connection, at).await?, &subject);
    let currency = signal.money_at_risk.map(|money| money.currency);
    let new = NewAlert {
        id,
        dedup_key: key,
        rule_id: signal.source.rule(),
        alert_type: &signal.alert_type,
        feature: signal.feature.as_str(),
        severity: signal.severity.rank(),
        title: &signal.title,
        message: &signal.message,
        entity_type: subject.entity_type,
        entity_id: subject.entity_id,
        entity_label: signal.entity.label.as_deref(),
        value: signal.value,
        threshold: signal.threshold,
        unit: signal.unit.as_deref(),
        money_at_risk: signal.money_at_risk.map(|money| money.amount),
        currency: currency.as_ref().map(|currency| currency.as_str()),
        action_path: signal.action_path.as_deref(),
        source: signal.source.as_str(),
        silenced_until: silence.map(|(_, until)| until),
        opened_at: signal.since.unwrap_or(at),
        at,
    };
    if !rows::insert(connection, &new).await? {
        return Ok(None);
    }
    let seq = rows::happened(connection, id, "opened", actor, &json!({ "value": signal.value }), at).await?;
    let told = Told {
        id,
        alert_type: &signal.alert_type,
        feature: signal.feature.as_str(),
        severity: signal.severity.rank(),
        title: &signal.title,
        entity_type: signal.entity.kind.as_deref(),
        entity_id: signal.entity.id.as_deref(),
        rule_id: signal.source.rule(),
        silenced: silence.is_some(),
    };
    if let Some((silence, _)) = silence {
        rows::happened(connection, id, "silenced", actor, &json!({ "silence": silence }), at).await?;
    }
    tell(connection, clock, &told, "fired", seq, at).await?;
    Ok(Some(id))
}

async fn again(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    actor: &str,
    signal: &Signal,
    open: &Locked,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let graver = signal.severity.rank() > open.severity;
    let seen = SeenAgain {
        id: open.id,
        severity: open.severity.max(signal.severity.rank()),
        title: &signal.title,
        message: &signal.message,
        value: signal.value,
        threshold: signal.threshold,
        money_at_risk: signal.money_at_risk.map(|money| money.amount),
        at,
    };
    rows::seen_again(connection, seen).await?;
    if graver {
        return grow(connection, clock, actor, open, signal.severity, &signal.title, at).await;
    }
    if open.state == "recovering" {
        rows::happened(connection, open.id, "refired", actor, &json!({ "value": signal.value }), at).await?;
    } else {
        rows::seen_this_minute(connection, open.id, actor, at).await?;
    }
    Ok(store::live::emit(connection, Topic::Alerts, &open.id.to_string()).await?)
}

/// Brings the figures of the open alert up to date, where it is not graver than before; nobody is told.
pub(super) async fn measured(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    actor: &str,
    signal: &Signal,
) -> Result<(), AppError> {
    let (at, key, severity) = (clock.now(), signal.key(), signal.severity.rank());
    let now =
        rows::Measured { key: &key, severity, title: &signal.title, message: &signal.message, value: signal.value, at };
    let Some((id, before)) = rows::measured(connection, now).await? else { return Ok(()) };
    if before != severity {
        rows::happened(connection, id, "severity", actor, &json!({ "text": signal.severity.label() }), at).await?;
    }
    Ok(store::live::emit(connection, Topic::Alerts, &id.to_string()).await?)
}

/// It has become graver: whoever has seen it has to look again.
async fn grow(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    actor: &str,
    open: &Locked,
    severity: Severity,
    title: &str,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let seq = rows::happened(connection, open.id, "severity", actor, &json!({ "text": severity.label() }), at).await?;
    if open.acked_at.is_some() {
        rows::acknowledge(connection, &[open.id], None).await?;
        rows::happened(connection, open.id, "unacked", actor, &json!({ "text": "It has become graver." }), at).await?;
    }
    let told = Told { severity: severity.rank(), title, ..Told::of(open, at) };
    tell(connection, clock, &told, "severity_raised", seq, at).await
}

/// How an alert ends.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    pub by: &'a str,
    pub how: Resolution,
    pub note: Option<&'a str>,
}

/// Ends the open alert of this key, if there is one; answers which.
///
/// # Errors
/// When a statement fails.
pub async fn clear(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    key: &str,
    ended: Ended<'_>,
) -> Result<Option<Uuid>, AppError> {
    let Some(open) = rows::lock_open(connection, key).await? else { return Ok(None) };
    end(connection, clock, &open, ended).await?;
    Ok(Some(open.id))
}

/// Ends an alert that the caller has locked and that is not over.
pub(super) async fn end(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    open: &Locked,
    ended: Ended<'_>,
) -> Result<(), AppError> {
    let at = clock.now();
    rows::resolve(connection, open.id, ended.by, ended.how.as_str(), ended.note, at).await?;
    let data = json!({ "resolution": ended.how.as_str(), "text": ended.note });
    let seq = rows::happened(connection, open.id, "resolved", ended.by, &data, at).await?;
    tell(connection, clock, &Told::of(open, at), "resolved", seq, at).await
}

/// The running silence that matches and lasts longest: they come in that order.
pub(super) fn silence_of(running: &[silences::Running], subject: &Subject<'_>) -> Option<(Uuid, DateTime<Utc>)> {
    // What must be heard cannot be held back by a wide silence either.
    let matching = running.iter().filter(|_| !subject.is_always_told()).find(|silence| {
        let matchers: Vec<Matcher> = serde_json::from_value(silence.matchers.clone()).unwrap_or_default();
        !matchers.is_empty() && matchers.iter().all(|matcher| matcher.matches(subject))
    });
    matching.map(|silence| (silence.id, silence.ends_at))
}
