//! Who may work on alerts, and acts on many of them.

use super::Ack;
use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::{PermSet, Rights, Role};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody who is let in, with what that person may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    pub rights: Rights,
}

/// People by name, or one of them.
///
/// # Errors
/// When the statement fails.
pub async fn people(connection: &mut PgConnection, id: Option<Uuid>, now: DateTime<Utc>) -> Result<Vec<Person>> {
    let rows = sqlx::query!(
        r#"select u.id, u.display_name, u.role,
                  array(select g.permission_set from access.grants g
                        where g.user_id = u.id and (g.expires_at is null or g.expires_at > $2)) as "sets!"
           from access.users u where u.is_active and ($1::uuid is null or u.id = $1) order by lower(u.display_name), u.id"#,
        id,
        now
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sets: Vec<PermSet> = row.sets.iter().filter_map(|set| PermSet::parse(set)).collect();
            let rights = Rights::of(row.role.as_deref().and_then(Role::parse), &sets);
            Person { id: row.id, name: row.display_name, rights }
        })
        .collect())
}

/// That somebody has seen all of them.
///
/// # Errors
/// When the statement fails.
pub async fn acknowledge(connection: &mut PgConnection, ids: &[Uuid], ack: Ack<'_>) -> Result<()> {
    sqlx::query!(
        "with called_off as (
             update ops.alert_steps set outcome = 'cancelled' where alert_id = any($1) and outcome is null)
         update ops.alerts set acked_by = $2, acked_at = $3, ack_note = $4, ack_until = $5 where id = any($1)",
        ids,
        ack.by,
        ack.at,
        ack.note,
        ack.until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn assign(connection: &mut PgConnection, ids: &[Uuid], to: Option<Uuid>) -> Result<()> {
    sqlx::query!("update ops.alerts set assignee_id = $2 where id = any($1)", ids, to).execute(connection).await?;
    Ok(())
}

/// Writes down the same of all of them.
///
/// # Errors
/// When the statement fails.
pub async fn happened(
    connection: &mut PgConnection,
    ids: &[Uuid],
    kind: &str,
    actor: &str,
    data: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.alert_events (alert_id, seq, at, actor, kind, data)
         select id, coalesce((select max(e.seq) from ops.alert_events e where e.alert_id = id), 0) + 1, $2, $3, $4, $5
         from unnest($1::uuid[]) as one (id)",
        ids,
        at,
        actor,
        kind,
        data
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What silences are made of: type and entities of alerts, those of one type and kind of entity together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    pub alert_type: String,
    pub entity_type: Option<String>,
    /// Empty: alerts of no entity.
    pub entity_ids: Vec<String>,
}

/// # Errors
/// When the statement fails.
pub async fn together(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Together>> {
    Ok(sqlx::query_as!(
        Together,
        r#"select alert_type, entity_type, coalesce(array_agg(distinct entity_id) filter (where entity_id is not null), '{}') as "entity_ids!"
           from ops.alerts where id = any($1)
           group by alert_type, entity_type, entity_id is null order by alert_type, entity_type, entity_id is null"#,
        ids
    )
    .fetch_all(connection)
    .await?)
}

/// Features of these alerts.
///
/// # Errors
/// When the statement fails.
pub async fn features(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("select distinct feature from ops.alerts where id = any($1) order by feature", ids)
        .fetch_all(connection)
        .await?)
}
