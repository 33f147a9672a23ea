//! Routes, the steps of alerts, and messages that are told again.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A route; matchers, recipients and steps as they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteFields {
    pub id: Uuid,
    pub matchers: Value,
    pub channel_ids: Vec<Uuid>,
    pub recipients: Value,
    pub group_by: Vec<String>,
    pub group_wait_seconds: i32,
    pub group_interval_seconds: i32,
    pub repeat_seconds: Option<i32>,
    pub steps: Value,
    pub continues: bool,
    pub enabled: bool,
}

/// In order.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<RouteFields>> {
    Ok(sqlx::query_as!(
        RouteFields,
        "select id, matchers, channel_ids, recipients, group_by, group_wait_seconds, group_interval_seconds, repeat_seconds, steps,
                continues, enabled
         from ops.notification_routes order by position"
    )
    .fetch_all(connection)
    .await?)
}

/// Who has changed the list, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub version: i32,
    pub changed_by: Option<String>,
    pub changed_at: Option<DateTime<Utc>>,
}

/// # Errors
/// When the statement fails.
pub async fn version(connection: &mut PgConnection) -> Result<Version> {
    Ok(sqlx::query_as!(Version, "select version, changed_by, changed_at from ops.notification_route_list")
        .fetch_one(connection)
        .await?)
}

/// Takes the list for a change, until the commit. `expected`: only when it is of this version.
///
/// # Errors
/// When the statement fails.
pub async fn take(connection: &mut PgConnection, expected: Option<i32>, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update ops.notification_route_list set version = version + 1, changed_by = $2, changed_at = $3
         where $1::int is null or version = $1",
        expected,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the whole list anew.
///
/// # Errors
/// When a statement fails.
pub async fn replace(connection: &mut PgConnection, routes: &[RouteFields]) -> Result<()> {
    let ids: Vec<Uuid> = routes.iter().map(|route| route.id).collect();
    sqlx::query!("delete from ops.notification_routes where id <> all($1)", &ids).execute(&mut *connection).await?;
    for (position, route) in (1_i32..).zip(routes) {
        sqlx::query!(
            "insert into ops.notification_routes (id, position, matchers, channel_ids, recipients, group_by, group_wait_seconds,
                                                  group_interval_seconds, repeat_seconds, steps, continues, enabled)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             on conflict (id) do update
             set position = $2, matchers = $3, channel_ids = $4, recipients = $5, group_by = $6, group_wait_seconds = $7,
                 group_interval_seconds = $8, repeat_seconds = $9, steps = $10, continues = $11, enabled = $12",
            route.id,
            position,
            route.matchers,
            &route.channel_ids,
            route.recipients,
            &route.group_by,
            route.group_wait_seconds,
            route.group_interval_seconds,
            route.repeat_seconds,
            route.steps,
            route.continues,
            route.enabled
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// A channel as routes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayFields {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub enabled: bool,
}

/// Channels that are not taken away.
///
/// # Errors
/// When the statement fails.
pub async fn ways(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<WayFields>> {
    Ok(sqlx::query_as!(
        WayFields,
        "select id, name, kind, enabled from ops.notification_channels where id = any($1) and deleted_at is null",
        ids
    )
    .fetch_all(connection)
    .await?)
}

/// Id and address of everybody, by address.
///
/// # Errors
/// When the statement fails.
pub async fn addresses(connection: &mut PgConnection, limit: i64) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!("select id, email from access.users order by email limit $1", limit);
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.id, row.email)).collect())
}

/// Which of these people there are.
///
/// # Errors
/// When the statement fails.
pub async fn known_people(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select id from access.users where id = any($1)", ids).fetch_all(connection).await?)
}

/// Who the alert is assigned to, and who made its rule.
///
/// # Errors
/// When the statement fails.
pub async fn concerned(connection: &mut PgConnection, alert: Uuid) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let found = sqlx::query!(
        r#"select a.assignee_id, r.owner_id as "owner_id?"
           from ops.alerts a left join ops.alert_rules r on r.id = a.rule_id where a.id = $1"#,
        alert
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|row| (row.assignee_id, row.owner_id)).unwrap_or_default())
}

/// Writes down who has made a rule, where that is a person here.
///
/// # Errors
/// When the statement fails.
pub async fn own(connection: &mut PgConnection, rule: Uuid, owner: Option<Uuid>) -> Result<()> {
    sqlx::query!(
        "update ops.alert_rules set owner_id = (select id from access.users where id = $2) where id = $1",
        rule,
        owner
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A step of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct StepFields {
    pub step: i32,
    pub route_id: Uuid,
    pub due_at: DateTime<Utc>,
    pub channel_ids: Vec<Uuid>,
    pub recipients: Value,
    pub fired_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
}

/// In order.
///
/// # Errors
/// When the statement fails.
pub async fn steps(connection: &mut PgConnection, alert: Uuid) -> Result<Vec<StepFields>> {
    Ok(sqlx::query_as!(
        StepFields,
        "select step, route_id, due_at, channel_ids, recipients, fired_at, outcome from ops.alert_steps
         where alert_id = $1 order by step",
        alert
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When a statement fails.
pub async fn add_steps(connection: &mut PgConnection, alert: Uuid, steps: &[StepFields]) -> Result<()> {
    for step in steps {
        sqlx::query!(
            "insert into ops.alert_steps (alert_id, step, route_id, due_at, channel_ids, recipients, outcome)
             values ($1, $2, $3, $4, $5, $6, $7)",
            alert,
            step.step,
            step.route_id,
            step.due_at,
            &step.channel_ids,
            step.recipients,
            step.outcome
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Alerts with a step that is due, the longest waiting first.
///
/// # Errors
/// When the statement fails.
pub async fn due(connection: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select alert_id from ops.alert_steps where outcome is null and due_at <= $1
         group by alert_id order by min(due_at), alert_id limit $2",
        now,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// How a step ended.
///
/// # Errors
/// When the statement fails.
pub async fn settle(
    connection: &mut PgConnection,
    alert: Uuid,
    step: i32,
    outcome: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update ops.alert_steps set outcome = $3, fired_at = case when $3 = 'fired' then $4::timestamptz end
         where alert_id = $1 and step = $2",
        alert,
        step,
        outcome,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An alert that is to be told again, and the route that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    pub alert_id: Uuid,
    pub route_id: Uuid,
}

/// Alerts that fire, that nobody has acknowledged and that no silence holds back, whose last message by a route is as old
/// as the route repeats; of one alert only when it is named.
///
/// # Errors
/// When the statement fails.
pub async fn repeats(
    connection: &mut PgConnection,
    alert: Option<Uuid>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Repeat>> {
    Ok(sqlx::query_as!(
        Repeat,
        r#"select a.id as alert_id, r.id as route_id
           from ops.alerts a
           join ops.notifications n on n.alert_id = a.id and n.event <> 'resolved' and n.state <> 'suppressed'
           join ops.notification_routes r on r.id = n.route_id and r.enabled and r.repeat_seconds is not null
           where exists (select from ops.notification_routes where repeat_seconds is not null)
             and a.state = 'firing' and a.deleted_at is null and ($1::uuid is null or a.id = $1)
             and (a.acked_at is null or a.ack_until <= $2) and (a.silenced_until is null or a.silenced_until <= $2)
           group by a.id, r.id
           having max(n.created_at) <= $2::timestamptz - make_interval(secs => r.repeat_seconds)
           order by max(n.created_at), a.id limit $3"#,
        alert,
        now,
        limit
    )
    .fetch_all(connection)
    .await?)
}
