//! Acts on many alerts.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

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
