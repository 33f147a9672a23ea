//! SQL of alerts, their rules, and who is told of them.

pub mod channels;
pub mod desk;
pub mod instances;
pub mod list;
pub mod messages;
pub mod metrics;
pub mod people;
pub mod preferences;
pub mod routes;
pub mod rules;
pub mod silences;
pub mod stats;

use crate::Result;
use chrono::{DateTime, Utc};
use domain::alerts::is_acknowledged;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// An alert to be opened. Severity: 1 low … 4 critical.
#[derive(Debug, Clone)]
pub struct NewAlert<'a> {
    pub id: Uuid,
    pub dedup_key: &'a str,
    pub rule_id: Option<Uuid>,
    pub alert_type: &'a str,
    pub feature: &'a str,
    pub severity: i16,
    pub title: &'a str,
    pub message: &'a str,
    pub entity_type: Option<&'a str>,
    pub entity_id: Option<&'a str>,
    pub entity_label: Option<&'a str>,
    pub value: Option<Decimal>,
    pub threshold: Option<Decimal>,
    pub unit: Option<&'a str>,
    pub money_at_risk: Option<Decimal>,
    pub currency: Option<&'a str>,
    pub action_path: Option<&'a str>,
    pub source: &'a str,
    pub silenced_until: Option<DateTime<Utc>>,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    pub at: DateTime<Utc>,
}

impl Locked {
    /// Somebody has seen it, and that still holds.
    #[must_use]
    pub fn is_acknowledged(&self, now: DateTime<Utc>) -> bool {
        is_acknowledged(self.acked_at, self.ack_until, now)
    }
}

/// An alert locked by the caller's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    pub id: Uuid,
    pub dedup_key: String,
    pub rule_id: Option<Uuid>,
    pub alert_type: String,
    pub feature: String,
    pub severity: i16,
    pub state: String,
    pub title: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub acked_at: Option<DateTime<Utc>>,
    pub ack_until: Option<DateTime<Utc>>,
    pub assignee_id: Option<Uuid>,
    pub silenced_until: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub source: String,
}

/// The alert of this key that is not over.
///
/// # Errors
/// When the statement fails.
pub async fn lock_open(connection: &mut PgConnection, dedup_key: &str) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        "select id, dedup_key, rule_id, alert_type, feature, severity, state, title, entity_type, entity_id, acked_at, ack_until,
                assignee_id, silenced_until, deleted_at, source
         from ops.alerts where dedup_key = $1 and state <> 'resolved' and deleted_at is null for update",
        dedup_key
    )
    .fetch_optional(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        "select id, dedup_key, rule_id, alert_type, feature, severity, state, title, entity_type, entity_id, acked_at, ack_until,
                assignee_id, silenced_until, deleted_at, source
         from ops.alerts where id = $1 for update",
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// `false`: somebody else has opened one with this key meanwhile.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewAlert<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into ops.alerts (id, dedup_key, rule_id, alert_type, feature, severity, title, message, entity_type, entity_id,
                                 entity_label, value, threshold, unit, money_at_risk, currency, action_path, source,
                                 silenced_until, opened_at, last_seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $21, $20)
         on conflict do nothing",
        new.id,
        new.dedup_key,
        new.rule_id,
        new.alert_type,
        new.feature,
        new.severity,
        new.title,
        new.message,
        new.entity_type,
        new.entity_id,
        new.entity_label,
        new.value,
        new.threshold,
        new.unit,
        new.money_at_risk,
        new.currency,
        new.action_path,
        new.source,
        new.silenced_until,
        new.at,
        new.opened_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It was told of once more.
#[derive(Debug, Clone, Copy)]
pub struct SeenAgain<'a> {
    pub id: Uuid,
    pub severity: i16,
    pub title: &'a str,
    pub message: &'a str,
    pub value: Option<Decimal>,
    pub threshold: Option<Decimal>,
    pub money_at_risk: Option<Decimal>,
    pub at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn seen_again(connection: &mut PgConnection, seen: SeenAgain<'_>) -> Result<()> {
    sqlx::query!(
        "update ops.alerts
         set occurrences = occurrences + 1, last_seen_at = $2, severity = $3, title = $4, message = $5, value = $6, threshold = $7,
             money_at_risk = coalesce($8, money_at_risk), state = 'firing'
         where id = $1",
        seen.id,
        seen.at,
        seen.severity,
        seen.title,
        seen.message,
        seen.value,
        seen.threshold,
        seen.money_at_risk
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_state(connection: &mut PgConnection, id: Uuid, state: &str, value: Option<Decimal>) -> Result<()> {
    sqlx::query!("update ops.alerts set state = $2, value = coalesce($3, value) where id = $1", id, state, value)
        .execute(connection)
        .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_severity(
    connection: &mut PgConnection,
    id: Uuid,
    severity: i16,
    value: Option<Decimal>,
) -> Result<()> {
    sqlx::query!("update ops.alerts set severity = $2, value = coalesce($3, value) where id = $1", id, severity, value)
        .execute(connection)
        .await?;
    Ok(())
}

/// Who has seen it.
#[derive(Debug, Clone, Copy)]
pub struct Ack<'a> {
    pub by: &'a str,
    pub at: DateTime<Utc>,
    pub note: Option<&'a str>,
    /// `None`: until it is over.
    pub until: Option<DateTime<Utc>>,
}

/// That somebody has seen these, which calls off the steps to come; `None` takes it back.
///
/// # Errors
/// When the statement fails.
pub async fn acknowledge(connection: &mut PgConnection, ids: &[Uuid], ack: Option<Ack<'_>>) -> Result<()> {
    sqlx::query!(
        "with called_off as (
             update ops.alert_steps set outcome = 'cancelled'
             where alert_id = any($1) and outcome is null and $3::timestamptz is not null)
         update ops.alerts set acked_by = $2, acked_at = $3, ack_note = $4, ack_until = $5 where id = any($1)",
        ids,
        ack.map(|ack| ack.by),
        ack.map(|ack| ack.at),
        ack.and_then(|ack| ack.note),
        ack.and_then(|ack| ack.until)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Who works on these.
///
/// # Errors
/// When the statement fails.
pub async fn assign(connection: &mut PgConnection, ids: &[Uuid], to: Option<Uuid>) -> Result<()> {
    sqlx::query!("update ops.alerts set assignee_id = $2 where id = any($1)", ids, to).execute(connection).await?;
    Ok(())
}

/// It is over, and so are the steps to come.
///
/// # Errors
/// When the statement fails.
pub async fn resolve(
    connection: &mut PgConnection,
    id: Uuid,
    by: &str,
    resolution: &str,
    note: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with called_off as (update ops.alert_steps set outcome = 'cancelled' where alert_id = $1 and outcome is null)
         update ops.alerts set state = 'resolved', resolved_at = $2, resolved_by = $3, resolution = $4, resolution_note = $5
         where id = $1",
        id,
        at,
        by,
        resolution,
        note
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Hides it.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update ops.alerts set deleted_at = $2, deleted_by = $3 where id = $1", id, at, by)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes down what happened, with the value of the alert where one was measured; answers its number within the alert.
///
/// # Errors
/// When the statement fails.
pub async fn happened(
    connection: &mut PgConnection,
    id: Uuid,
    kind: &str,
    actor: &str,
    data: &Value,
    at: DateTime<Utc>,
) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "insert into ops.alert_events (alert_id, seq, at, actor, kind, data, value)
         select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5,
                case when $4 in ('opened', 'severity', 'recovering', 'refired') then (select value from ops.alerts where id = $1) end
         from ops.alert_events where alert_id = $1
         returning seq",
        id,
        at,
        actor,
        kind,
        data
    )
    .fetch_one(connection)
    .await?)
}

/// Writes down that it was seen again, unless that was written within the last minute.
///
/// # Errors
/// When the statement fails.
pub async fn seen_this_minute(connection: &mut PgConnection, id: Uuid, actor: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into ops.alert_events (alert_id, seq, at, actor, kind, value)
         select $1, max(seq) + 1, $2, $3, 'seen', (select value from ops.alerts where id = $1) from ops.alert_events where alert_id = $1
         having coalesce(max(at) filter (where kind = 'seen'), '-infinity') <= $2::timestamptz - interval '1 minute'",
        id,
        at,
        actor
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keys and severities of the open alerts of a type.
///
/// # Errors
/// When the statement fails.
pub async fn open_of(connection: &mut PgConnection, alert_type: &str) -> Result<Vec<(String, i16)>> {
    let rows = sqlx::query!(
        "select dedup_key, severity from ops.alerts
         where alert_type = $1 and state <> 'resolved' and deleted_at is null order by dedup_key",
        alert_type
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.dedup_key, row.severity)).collect())
}

/// What an open alert says now; of one that changed, its id and the severity it had.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    pub key: &'a str,
    pub severity: i16,
    pub title: &'a str,
    pub message: &'a str,
    pub value: Option<Decimal>,
    pub at: DateTime<Utc>,
}

/// Keeps the figures of an open alert up to date; that is no occurrence more, and nobody is told.
///
/// # Errors
/// When the statement fails.
pub async fn measured(connection: &mut PgConnection, now: Measured<'_>) -> Result<Option<(Uuid, i16)>> {
    let row = sqlx::query!(
        "update ops.alerts a set severity = $2, title = $3, message = $4, value = $5, last_seen_at = $6
         from (select id, severity from ops.alerts where dedup_key = $1 and state <> 'resolved' and deleted_at is null for update) was
         where a.id = was.id and (a.severity, a.title, a.message, a.value) is distinct from ($2, $3, $4, $5)
         returning a.id, was.severity",
        now.key,
        now.severity,
        now.title,
        now.message,
        now.value,
        now.at
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.id, row.severity)))
}

/// Keys of the open alerts of a type that were last seen before.
///
/// # Errors
/// When the statement fails.
pub async fn quiet_since(
    connection: &mut PgConnection,
    alert_type: &str,
    before: DateTime<Utc>,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select dedup_key from ops.alerts
         where alert_type = $1 and state <> 'resolved' and deleted_at is null and last_seen_at <= $2
         order by dedup_key",
        alert_type,
        before
    )
    .fetch_all(connection)
    .await?)
}

/// Removes resolved alerts with their events and messages older than two years, messages older than 400 days, and silences
/// that ended two years ago; answers how many of each.
///
/// # Errors
/// When a statement fails.
pub async fn clean_up(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<[(&'static str, u64); 3]> {
    let messages =
        sqlx::query!("delete from ops.notifications where created_at < $1::timestamptz - interval '400 days'", now)
            .execute(&mut *connection)
            .await?;
    sqlx::query!(
        "update ops.alert_instances set alert_id = null
         where alert_id in (select id from ops.alerts where state = 'resolved' and resolved_at < $1::timestamptz - interval '2 years')",
        now
    )
    .execute(&mut *connection)
    .await?;
    let alerts = sqlx::query!(
        "delete from ops.alerts where state = 'resolved' and resolved_at < $1::timestamptz - interval '2 years'",
        now
    )
    .execute(&mut *connection)
    .await?;
    let silences = sqlx::query!(
        "delete from ops.silences where coalesce(ended_at, ends_at) < $1::timestamptz - interval '2 years'",
        now
    )
    .execute(&mut *connection)
    .await?;
    Ok([
        ("alerts", alerts.rows_affected()),
        ("notifications", messages.rows_affected()),
        ("silences", silences.rows_affected()),
    ])
}
