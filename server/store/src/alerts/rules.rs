//! Rules.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct RuleFields {
    pub id: Uuid,
    pub code: Option<String>,
    pub name: String,
    pub alert_type: String,
    pub feature: String,
    pub entity_type: String,
    pub metric_key: String,
    pub spec: Value,
    pub title: String,
    pub runbook: Option<String>,
    pub action_path: Option<String>,
    pub enabled: bool,
    pub version: i32,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
    pub errors: i32,
    pub last_eval_at: Option<DateTime<Utc>>,
    pub instances: i64,
    pub firing: i64,
}

/// By name.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, id: Option<Uuid>) -> Result<Vec<RuleFields>> {
    Ok(sqlx::query_as!(
        RuleFields,
        r#"select r.id, r.code, r.name, r.alert_type, r.feature, r.entity_type, r.metric_key, r.spec, r.title, r.runbook, r.action_path,
                  r.enabled, r.version, r.changed_by, r.changed_at, r.errors, r.last_eval_at,
                  coalesce(i.instances, 0) as "instances!", coalesce(i.firing, 0) as "firing!"
           from ops.alert_rules r
           left join lateral (
               select count(*) as instances, count(*) filter (where i.state in ('firing', 'recovering')) as firing
               from ops.alert_instances i where i.rule_id = r.id) i on true
           where r.deleted_at is null and ($1::uuid is null or r.id = $1) order by r.name, r.id"#,
        id
    )
    .fetch_all(connection)
    .await?)
}

#[derive(Debug)]
pub struct NewRule<'a> {
    pub id: Uuid,
    pub code: Option<&'a str>,
    pub name: &'a str,
    pub alert_type: &'a str,
    pub feature: &'a str,
    pub entity_type: &'a str,
    pub metric_key: &'a str,
    pub spec: &'a Value,
    pub title: &'a str,
    pub runbook: Option<&'a str>,
    pub action_path: Option<&'a str>,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// A built-in rule that is there already stays as it is.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewRule<'_>) -> Result<()> {
    sqlx::query!(
        "insert into ops.alert_rules (id, code, name, alert_type, feature, entity_type, metric_key, spec, title, runbook, action_path,
                                      next_look_at, changed_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, $12, $13) on conflict (code) do nothing",
        new.id,
        new.code,
        new.name,
        new.alert_type,
        new.feature,
        new.entity_type,
        new.metric_key,
        new.spec,
        new.title,
        new.runbook,
        new.action_path,
        new.by,
        new.at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `false`: it was changed since `version`.
///
/// # Errors
/// When the statement fails.
pub async fn change(connection: &mut PgConnection, version: i32, rule: &NewRule<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "update ops.alert_rules
         set name = $3, alert_type = $4, feature = $5, entity_type = $6, metric_key = $7, spec = $8, title = $9, runbook = $10,
             action_path = $11, changed_by = $12, changed_at = $13, next_look_at = $13, version = version + 1
         where id = $1 and version = $2 and deleted_at is null",
        rule.id,
        version,
        rule.name,
        rule.alert_type,
        rule.feature,
        rule.entity_type,
        rule.metric_key,
        rule.spec,
        rule.title,
        rule.runbook,
        rule.action_path,
        rule.by,
        rule.at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// When the statement fails.
pub async fn enable(connection: &mut PgConnection, id: Uuid, enabled: bool, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.alert_rules
         set enabled = $2, changed_by = $3, changed_at = $4, next_look_at = $4, version = version + 1 where id = $1",
        id,
        enabled,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.alert_rules set deleted_at = $3, enabled = false, changed_by = $2, changed_at = $3, version = version + 1
         where id = $1",
        id,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the rule of an alert says; `None`: it is of no rule.
///
/// # Errors
/// When the statement fails.
pub async fn spec_of(connection: &mut PgConnection, alert: Uuid) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        "select r.spec from ops.alerts a join ops.alert_rules r on r.id = a.rule_id where a.id = $1",
        alert
    )
    .fetch_optional(connection)
    .await?)
}

/// Rules whose next look is due. Nobody else takes them until `again`, which is when each is due again.
///
/// # Errors
/// When the statement fails.
pub async fn take_due(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "update ops.alert_rules
         set next_look_at = $1 + ((spec->>'every_seconds')::int * interval '1 second')
         where id in (select id from ops.alert_rules where enabled and deleted_at is null and next_look_at <= $1
                      order by next_look_at for update skip locked)
         returning id",
        now
    )
    .fetch_all(connection)
    .await?)
}

/// How a look went; answers the failed looks in a row.
///
/// # Errors
/// When the statement fails.
pub async fn looked(connection: &mut PgConnection, id: Uuid, failed: bool, at: DateTime<Utc>) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "update ops.alert_rules set last_eval_at = $2, errors = case when $3 then errors + 1 else 0 end where id = $1 returning errors",
        id,
        at,
        failed
    )
    .fetch_one(connection)
    .await?)
}

/// Keys of the open alerts of a rule.
///
/// # Errors
/// When the statement fails.
pub async fn open_keys(connection: &mut PgConnection, id: Uuid) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select dedup_key from ops.alerts where rule_id = $1 and state <> 'resolved' and deleted_at is null order by dedup_key",
        id
    )
    .fetch_all(connection)
    .await?)
}
