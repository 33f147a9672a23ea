//! Reading alerts.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::alerts::{AlertCounts, AlertQuery, AlertSort, AssignedTo, ShownState};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct AlertFields {
    pub id: Uuid,
    pub number: i64,
    pub dedup_key: String,
    pub alert_type: String,
    pub feature: String,
    pub severity: i16,
    pub title: String,
    pub message: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub entity_label: Option<String>,
    pub state: String,
    pub value: Option<Decimal>,
    pub threshold: Option<Decimal>,
    pub unit: Option<String>,
    pub occurrences: i32,
    pub opened_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub acked_at: Option<DateTime<Utc>>,
    pub acked_by: Option<String>,
    pub ack_note: Option<String>,
    pub ack_until: Option<DateTime<Utc>>,
    pub silenced_until: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_by: Option<String>,
    pub resolution: Option<String>,
    pub resolution_note: Option<String>,
    pub money_at_risk: Option<Decimal>,
    pub currency: Option<String>,
    pub action_path: Option<String>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub assignee_id: Option<Uuid>,
    pub assignee: Option<String>,
}

const FIELDS: &str = "a.id, a.number, a.dedup_key, a.alert_type, a.feature, a.severity, a.title, a.message, a.entity_type, \
    a.entity_id, a.entity_label, a.state, a.value, a.threshold, a.unit, a.occurrences, a.opened_at, a.last_seen_at, a.acked_at, \
    a.acked_by, a.ack_note, a.ack_until, a.silenced_until, a.resolved_at, a.resolved_by, a.resolution, a.resolution_note, \
    a.money_at_risk, a.currency::text as currency, a.action_path, a.deleted_at, a.assignee_id, \
    (select u.display_name from access.users u where u.id = a.assignee_id) as assignee";

/// Which alerts: the filter with its days turned into instants, and what the reader may see.
#[derive(Debug, Clone)]
pub struct Scope {
    pub query: AlertQuery,
    pub features: Vec<String>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub deleted_too: bool,
    /// Whose alerts are those of "me".
    pub caller: Option<Uuid>,
    pub now: DateTime<Utc>,
}

/// Alerts that an act on many would change.
#[derive(Debug, Clone)]
pub struct Changeable {
    /// Only these; empty: all of the filter.
    pub ids: Vec<Uuid>,
    pub act: Act,
}

/// An act on alerts that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Acknowledge,
    Resolve,
    Assign(Option<Uuid>),
    Silence { until: Option<DateTime<Utc>> },
}

/// The row before a page: the sort key of its order, opening and id.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    pub severity: i16,
    pub money: Decimal,
    pub opened_at: DateTime<Utc>,
    pub id: Uuid,
}

/// The condition under which an alert is shown so; each is in exactly one of these states.
pub(crate) const fn shown(state: ShownState) -> &'static str {
    match state {
        ShownState::Resolved => "a.state = 'resolved'",
        ShownState::Silenced => "(a.state <> 'resolved' and a.silenced_until > now_)",
        ShownState::Recovering => "(a.state = 'recovering' and coalesce(a.silenced_until <= now_, true))",
        ShownState::Acknowledged => {
            "(a.state = 'firing' and coalesce(a.silenced_until <= now_, true) and a.acked_at is not null and coalesce(a.ack_until > now_, true))"
        }
        ShownState::Firing => {
            "(a.state = 'firing' and coalesce(a.silenced_until <= now_, true) and (a.acked_at is null or a.ack_until <= now_))"
        }
    }
}

pub(crate) fn narrow(mut sql: &mut QueryBuilder<Postgres>, scope: &Scope) {
    let query = &scope.query;
    sql.push(" from ops.alerts a cross join (select ")
        .push_bind(scope.now)
        .push("::timestamptz as now_) n where a.feature = any(");
    sql.push_bind(scope.features.clone()).push(")");
    if !scope.deleted_too {
        sql.push(" and a.deleted_at is null");
    }
    sql = match query.resolved {
        Some(true) => sql.push(" and a.state = 'resolved'"),
        Some(false) => sql.push(" and a.state <> 'resolved'"),
        None => sql,
    };
    if !query.states.is_empty() {
        let states: Vec<&str> = query.states.iter().map(|state| shown(*state)).collect();
        sql.push(" and (").push(states.join(" or ")).push(")");
    }
    if !query.severities.is_empty() {
        let ranks: Vec<i16> = query.severities.iter().map(|severity| severity.rank()).collect();
        sql.push(" and a.severity = any(").push_bind(ranks).push(")");
    }
    if !query.alert_types.is_empty() {
        sql.push(" and a.alert_type = any(").push_bind(query.alert_types.clone()).push(")");
    }
    if let Some(feature) = query.feature {
        sql.push(" and a.feature = ").push_bind(feature.as_str());
    }
    for (column, value) in [("entity_type", &query.entity_type), ("entity_id", &query.entity_id)] {
        if let Some(value) = value {
            sql.push(format!(" and a.{column} = ")).push_bind(value.clone());
        }
    }
    match query.assignee {
        Some(AssignedTo::Nobody) => drop(sql.push(" and a.assignee_id is null")),
        // Who is no person has none.
        Some(AssignedTo::Caller) => drop(sql.push(" and a.assignee_id = ").push_bind(scope.caller)),
        Some(AssignedTo::User(id)) => drop(sql.push(" and a.assignee_id = ").push_bind(id.0)),
        None => {}
    }
    if let Some(from) = scope.from {
        sql.push(" and a.opened_at >= ").push_bind(from);
    }
    if let Some(until) = scope.until {
        sql.push(" and a.opened_at < ").push_bind(until);
    }
    if let Some(q) = &query.q {
        let number = q.trim_start_matches('#').parse::<i64>().ok();
        sql.push(" and (a.title ilike ").push_bind(format!("%{}%", escaped(q))).push(" or a.number = ");
        sql.push_bind(number).push(")");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

pub(crate) const fn order(sort: AlertSort) -> &'static str {
    match sort {
        AlertSort::Newest => "a.opened_at desc, a.id desc",
        AlertSort::Oldest => "a.opened_at, a.id",
        AlertSort::Gravest => "a.severity desc, coalesce(a.money_at_risk, -1) desc, a.opened_at, a.id",
        AlertSort::Dearest => "coalesce(a.money_at_risk, -1) desc, a.opened_at desc, a.id desc",
    }
}

/// One page, and one row more when there is a next one.
///
/// # Errors
/// When the statement fails.
pub async fn page(connection: &mut PgConnection, scope: &Scope, after: Option<&After>) -> Result<Vec<AlertFields>> {
    let mut sql = QueryBuilder::new("select ");
    sql.push(FIELDS);
    narrow(&mut sql, scope);
    if let Some(after) = after {
        match scope.query.sort {
            AlertSort::Newest => sql.push(" and (a.opened_at, a.id) < ("),
            AlertSort::Oldest => sql.push(" and (a.opened_at, a.id) > ("),
            // Down in two, then up in two: the first line is the range that the index is read from.
            AlertSort::Gravest => sql
                .push(" and (a.severity, coalesce(a.money_at_risk, -1)) <= (")
                .push_bind(after.severity)
                .push(", ")
                .push_bind(after.money)
                .push(") and ((a.severity, coalesce(a.money_at_risk, -1)) < (")
                .push_bind(after.severity)
                .push(", ")
                .push_bind(after.money)
                .push(") or (a.opened_at, a.id) > ("),
            AlertSort::Dearest => sql
                .push(" and (coalesce(a.money_at_risk, -1), a.opened_at, a.id) < (")
                .push_bind(after.money)
                .push(", "),
        }
        .push_bind(after.opened_at)
        .push(", ")
        .push_bind(after.id)
        .push(if scope.query.sort == AlertSort::Gravest { "))" } else { ")" });
    }
    sql.push(" order by ").push(order(scope.query.sort)).push(" limit ").push_bind(i64::from(scope.query.limit) + 1);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Rows of the filter.
///
/// # Errors
/// When the statement fails.
pub async fn total(connection: &mut PgConnection, scope: &Scope) -> Result<i64> {
    let mut sql = QueryBuilder::new("select count(*)");
    narrow(&mut sql, scope);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

fn narrow_to(sql: &mut QueryBuilder<Postgres>, what: &Changeable) {
    sql.push(" and a.state <> 'resolved' and a.deleted_at is null");
    if !what.ids.is_empty() {
        sql.push(" and a.id = any(").push_bind(what.ids.clone()).push(")");
    }
    match what.act {
        Act::Acknowledge => drop(sql.push(" and (a.acked_at is null or a.ack_until <= now_)")),
        Act::Resolve => {}
        Act::Assign(to) => drop(sql.push(" and a.assignee_id is distinct from ").push_bind(to)),
        Act::Silence { until } => {
            let least = " and (a.silenced_until is null or a.silenced_until <= now_ or a.silenced_until < ";
            sql.push(least).push_bind(until).push(")");
        }
    }
}

/// How many of the filter an act would change.
///
/// # Errors
/// When the statement fails.
pub async fn changeable(connection: &mut PgConnection, scope: &Scope, what: &Changeable) -> Result<i64> {
    let mut sql = QueryBuilder::new("select count(*)");
    narrow(&mut sql, scope);
    narrow_to(&mut sql, what);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// Which of the filter an act would change, locked, at most `limit`.
///
/// # Errors
/// When the statement fails.
pub async fn lock_changeable(
    connection: &mut PgConnection,
    scope: &Scope,
    what: &Changeable,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let mut sql = QueryBuilder::new("select a.id");
    narrow(&mut sql, scope);
    narrow_to(&mut sql, what);
    sql.push(" order by a.id limit ").push_bind(limit).push(" for update of a");
    Ok(sql.build_query_scalar().fetch_all(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn one(
    connection: &mut PgConnection,
    id: Uuid,
    features: &[String],
    deleted_too: bool,
) -> Result<Option<AlertFields>> {
    let mut sql = QueryBuilder::new("select ");
    sql.push(FIELDS).push(" from ops.alerts a where a.id = ").push_bind(id);
    sql.push(" and a.feature = any(").push_bind(features.to_vec()).push(") and (a.deleted_at is null or ");
    sql.push_bind(deleted_too).push(")");
    Ok(sql.build_query_as().fetch_optional(connection).await?)
}

/// The latest before it with the same key.
///
/// # Errors
/// When the statement fails.
pub async fn before(connection: &mut PgConnection, of: &AlertFields, limit: i64) -> Result<Vec<AlertFields>> {
    let mut sql = QueryBuilder::new("select ");
    sql.push(FIELDS).push(" from ops.alerts a where a.dedup_key = ").push_bind(of.dedup_key.clone());
    sql.push(" and a.deleted_at is null and (a.opened_at, a.id) < (")
        .push_bind(of.opened_at)
        .push(", ")
        .push_bind(of.id);
    sql.push(") order by a.opened_at desc, a.id desc limit ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Alerts that are not over, of these features.
///
/// # Errors
/// When the statement fails.
pub async fn counts(connection: &mut PgConnection, features: &[String], now: DateTime<Utc>) -> Result<AlertCounts> {
    Ok(sqlx::query_as!(
        AlertCounts,
        r#"select count(*) as "total!", count(*) filter (where severity = 4) as "critical!",
                  count(*) filter (where severity = 3) as "high!", count(*) filter (where severity = 2) as "medium!",
                  count(*) filter (where severity = 1) as "low!", count(*) filter (where silenced_until > $2) as "silenced!"
           from ops.alerts where state <> 'resolved' and deleted_at is null and feature = any($1)"#,
        features,
        now
    )
    .fetch_one(connection)
    .await?)
}

#[derive(Debug, Clone, PartialEq)]
pub struct EventFields {
    pub seq: i32,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub kind: String,
    pub data: Value,
}

/// The latest, oldest first; not that it was seen again, which one that lasts is every minute.
///
/// # Errors
/// When the statement fails.
pub async fn events(connection: &mut PgConnection, id: Uuid, limit: i64) -> Result<Vec<EventFields>> {
    let mut events = sqlx::query_as!(
        EventFields,
        "select seq, at, actor, kind, data from ops.alert_events where alert_id = $1 and kind <> 'seen' order by seq desc limit $2",
        id,
        limit
    )
    .fetch_all(connection)
    .await?;
    events.reverse();
    Ok(events)
}

/// What was measured, oldest first: of more than `most` measurements the last of each of as many even parts.
///
/// # Errors
/// When the statement fails.
pub async fn values(connection: &mut PgConnection, id: Uuid, most: i32) -> Result<Vec<(DateTime<Utc>, Decimal)>> {
    let rows = sqlx::query!(
        r#"select distinct on (part) at, value as "value!"
           from (select seq, at, value, ntile($2) over (order by seq) as part
                 from ops.alert_events where alert_id = $1 and value is not null) measured
           order by part, seq desc"#,
        id,
        most
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.at, row.value)).collect())
}
