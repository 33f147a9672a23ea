//! What rules know of each entity.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct InstanceFields {
    pub entity_key: String,
    pub entity_label: String,
    pub state: String,
    pub level: i16,
    pub since: DateTime<Utc>,
    pub breaches: i32,
    pub first_breach_at: Option<DateTime<Utc>>,
    pub last_breach_at: Option<DateTime<Utc>>,
    pub clears: i32,
    pub falls: i32,
    pub last_value: Option<Decimal>,
    pub health: String,
    pub health_since: DateTime<Utc>,
    pub errors: i32,
}

/// Entities of a rule that are at rest, with the value last seen of each: nothing is pending, firing or silent. A rule
/// over many entities finds nearly all of them so.
///
/// # Errors
/// When the statement fails.
pub async fn at_rest(connection: &mut PgConnection, rule: Uuid) -> Result<BTreeMap<String, Option<Decimal>>> {
    let found = sqlx::query!(
        r#"select coalesce(array_agg(entity_key), '{}') as "keys!", coalesce(array_agg(last_value), '{}') as "values!: Vec<Option<Decimal>>"
           from ops.alert_instances where rule_id = $1 and state = 'normal' and health = 'ok'"#,
        rule
    )
    .fetch_one(connection)
    .await?;
    Ok(found.keys.into_iter().zip(found.values).collect())
}

/// All of a rule that are not at rest, and those with these keys, locked for the caller's transaction.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, rule: Uuid, keys: &[String]) -> Result<Vec<InstanceFields>> {
    Ok(sqlx::query_as!(
        InstanceFields,
        "select entity_key, entity_label, state, level, since, breaches, first_breach_at, last_breach_at, clears, falls, last_value,
                health, health_since, errors
         from ops.alert_instances
         where rule_id = $1 and (state <> 'normal' or health <> 'ok' or entity_key = any ($2)) order by entity_key for update",
        rule,
        keys
    )
    .fetch_all(connection)
    .await?)
}

/// The gravest first.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, rule: Uuid, limit: i64) -> Result<Vec<InstanceFields>> {
    Ok(sqlx::query_as!(
        InstanceFields,
        "select entity_key, entity_label, state, level, since, breaches, first_breach_at, last_breach_at, clears, falls, last_value,
                health, health_since, errors
         from ops.alert_instances where rule_id = $1 order by level desc, (state = 'normal'), entity_label, entity_key limit $2",
        rule,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Writes all that a look changed in one statement.
///
/// # Errors
/// When the statement fails.
pub async fn write(
    connection: &mut PgConnection,
    rule: Uuid,
    rows: &[InstanceFields],
    at: DateTime<Utc>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let texts =
        |of: fn(&InstanceFields) -> &String| -> Vec<String> { rows.iter().map(|row| of(row).clone()).collect() };
    let numbers = |of: fn(&InstanceFields) -> i32| -> Vec<i32> { rows.iter().map(of).collect() };
    let levels: Vec<i16> = rows.iter().map(|row| row.level).collect();
    let times = |of: fn(&InstanceFields) -> DateTime<Utc>| -> Vec<DateTime<Utc>> { rows.iter().map(of).collect() };
    let maybe = |of: fn(&InstanceFields) -> Option<DateTime<Utc>>| -> Vec<Option<DateTime<Utc>>> {
        rows.iter().map(of).collect()
    };
    let values: Vec<Option<Decimal>> = rows.iter().map(|row| row.last_value).collect();
    sqlx::query!(
        "insert into ops.alert_instances (rule_id, entity_key, entity_label, state, level, since, breaches, first_breach_at,
                                          last_breach_at, clears, falls, last_value, health, health_since, errors, last_eval_at)
         select $1, n.*, $16
         from unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::timestamptz[], $7::int[], $8::timestamptz[],
                     $9::timestamptz[], $10::int[], $11::int[], $12::numeric[], $13::text[], $14::timestamptz[], $15::int[]) as n
         on conflict (rule_id, entity_key) do update
         set entity_label = excluded.entity_label, state = excluded.state, level = excluded.level, since = excluded.since,
             breaches = excluded.breaches, first_breach_at = excluded.first_breach_at, last_breach_at = excluded.last_breach_at,
             clears = excluded.clears, falls = excluded.falls, last_value = excluded.last_value, health = excluded.health,
             health_since = excluded.health_since, errors = excluded.errors, last_eval_at = excluded.last_eval_at",
        rule,
        &texts(|row| &row.entity_key),
        &texts(|row| &row.entity_label),
        &texts(|row| &row.state),
        &levels,
        &times(|row| row.since),
        &numbers(|row| row.breaches),
        &maybe(|row| row.first_breach_at) as &[Option<DateTime<Utc>>],
        &maybe(|row| row.last_breach_at) as &[Option<DateTime<Utc>>],
        &numbers(|row| row.clears),
        &numbers(|row| row.falls),
        &values as &[Option<Decimal>],
        &texts(|row| &row.health),
        &times(|row| row.health_since),
        &numbers(|row| row.errors),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A person ended the alert: nothing is told until the entity has recovered once.
///
/// # Errors
/// When the statement fails.
pub async fn mute(connection: &mut PgConnection, rule: Uuid, entity_key: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.alert_instances set state = 'muted_until_recovery', since = $3, clears = 0
         where rule_id = $1 and entity_key = $2 and state in ('firing', 'recovering')",
        rule,
        entity_key,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The rule forgets what it knew.
///
/// # Errors
/// When the statement fails.
pub async fn forget(connection: &mut PgConnection, rule: Uuid) -> Result<()> {
    sqlx::query!("delete from ops.alert_instances where rule_id = $1", rule).execute(connection).await?;
    Ok(())
}
