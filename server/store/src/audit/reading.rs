//! Reading the audit log: the list with its filters, one row, and all rows of a filter for an export.

use crate::Result;
use chrono::{DateTime, FixedOffset, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::exports::Cell;

/// Conditions of the list; they all must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Part of the actor's name.
    pub actor: Option<String>,
    pub kind: Option<String>,
    /// What the action begins with, before the dot.
    pub feature: Option<String>,
    pub action: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub outcome: Option<String>,
    /// Part of actor, action, entity, reason, before or after.
    pub text: Option<String>,
}

/// Place of a row in the list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct AuditRecord {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_label: String,
    pub session_ref: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: String,
    pub action: String,
    pub entity_type: String,
    pub entity_id: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub outcome: String,
    pub reason: Option<String>,
    pub pii_read: bool,
}

const COLUMNS: &str = "id, at, actor_kind, actor_id, actor_label, session_ref, host(ip) as ip, user_agent, request_id, \
    action, entity_type, entity_id, before, after, outcome, reason, pii_read";

/// Headings of an export, in the order of [`cells`].
pub const HEADINGS: [&str; 16] = [
    "at",
    "actor_kind",
    "actor",
    "actor_id",
    "action",
    "entity_type",
    "entity_id",
    "outcome",
    "reason",
    "before",
    "after",
    "pii_read",
    "ip",
    "session_ref",
    "request_id",
    "id",
];

/// One page of the list, newest first, after `after`.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<AuditRecord>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from ops.audit_log");
    narrow(&mut query, filter);
    if let Some(after) = after {
        query.push(" and (at, id) < (").push_bind(after.at).push(", ").push_bind(after.id).push(")");
    }
    query.push(" order by at desc, id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(connection).await?)
}

/// Rows of the whole filter, counted no further than `most`.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, filter: &Filter, most: Option<i64>) -> Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from (select 1 from ops.audit_log");
    narrow(&mut query, filter);
    if let Some(most) = most {
        query.push(" limit ").push_bind(most);
    }
    query.push(") as found");
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

/// # Errors
/// When the statement fails.
pub async fn detail(connection: &mut PgConnection, id: Uuid) -> Result<Option<AuditRecord>> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from ops.audit_log where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Opens the cursor that [`fetch`] reads; it lives as long as the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn declare(connection: &mut PgConnection, filter: &Filter) -> Result<()> {
    let mut query = QueryBuilder::new("declare audit_rows no scroll cursor for select ");
    query.push(COLUMNS).push(" from ops.audit_log");
    narrow(&mut query, filter);
    query.push(" order by at desc, id desc");
    query.build().persistent(false).execute(connection).await?;
    Ok(())
}

/// The next rows of the cursor; empty at its end.
///
/// # Errors
/// When the statement fails.
pub async fn fetch(
    connection: &mut PgConnection,
    local: &(dyn Fn(DateTime<Utc>) -> DateTime<FixedOffset> + Sync),
) -> Result<Vec<Vec<Cell>>> {
    let rows: Vec<AuditRecord> =
        sqlx::query_as("fetch 2000 from audit_rows").persistent(false).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| cells(row, local)).collect())
}

fn cells(row: AuditRecord, local: &(dyn Fn(DateTime<Utc>) -> DateTime<FixedOffset> + Sync)) -> Vec<Cell> {
    let text = |value: Option<String>| value.map_or(Cell::Empty, Cell::Text);
    let json = |value: Option<serde_json::Value>| value.map_or(Cell::Empty, Cell::Json);
    vec![
        Cell::Time(local(row.at)),
        Cell::Text(row.actor_kind),
        Cell::Text(row.actor_label),
        text(row.actor_id.map(|id| id.to_string())),
        Cell::Text(row.action),
        Cell::Text(row.entity_type),
        Cell::Text(row.entity_id),
        Cell::Text(row.outcome),
        text(row.reason),
        json(row.before),
        json(row.after),
        Cell::Json(row.pii_read.into()),
        text(row.ip),
        text(row.session_ref),
        Cell::Text(row.request_id),
        Cell::Text(row.id.to_string()),
    ]
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    query.push(" where true");
    if let Some(from) = filter.from {
        query.push(" and at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and at < ").push_bind(until);
    }
    if let Some(actor) = &filter.actor {
        query.push(" and actor_label ilike ").push_bind(within(actor));
    }
    for (column, value) in [
        ("actor_kind", &filter.kind),
        ("action", &filter.action),
        ("entity_type", &filter.entity_type),
        ("entity_id", &filter.entity_id),
        ("outcome", &filter.outcome),
    ] {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if let Some(feature) = &filter.feature {
        query.push(" and action like ").push_bind(format!("{}.%", escaped(feature)));
    }
    if let Some(text) = &filter.text {
        query
            .push(
                " and (actor_label || ' ' || action || ' ' || entity_type || ' ' || entity_id || ' ' || coalesce(reason, '')
                   || ' ' || coalesce(before::text, '') || ' ' || coalesce(after::text, '')) ilike ",
            )
            .push_bind(within(text));
    }
}

/// `%` and `_` in what people type mean themselves.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn within(text: &str) -> String {
    format!("%{}%", escaped(text))
}
