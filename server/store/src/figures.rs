//! Kept figures that all servers share, and the lock that lets one of them compute.

use crate::{
    Result,
    error::StoreError,
    pool::Connections,
    snapshots::{self, Snapshot},
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, Postgres, Transaction};

/// A value as some server computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// JSON.
    pub value: String,
    pub computed_at: DateTime<Utc>,
}

/// What a server asks before it computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// A value that has seen everything the asker has heard of.
    pub known: Option<Shared>,
    /// The asker may compute; until its transaction ends nobody else may.
    pub mine: bool,
}

/// What a value must have seen to be taken for as good as one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Whatever ended before the asker began to listen lies below it: a value must have seen all of these end.
    pub floor: u64,
    /// The transactions whose changes were heard last, one a topic.
    pub transactions: Vec<u64>,
}

/// Opens a transaction that sees one state of the database, computes from it and writes the value down.
///
/// # Errors
/// When no connection can be had.
pub async fn begin(pool: &(impl Connections + ?Sized)) -> Result<Transaction<'static, Postgres>> {
    Ok(pool.open()?.begin_with("begin isolation level repeatable read").await?)
}

/// Looks for a value of `key` and `scope` not older than `since`, and tries to become the one who computes it.
///
/// # Errors
/// When the statement fails.
pub async fn claim(
    connection: &mut PgConnection,
    key: &str,
    scope: &str,
    heard: Option<&Heard>,
    since: DateTime<Utc>,
) -> Result<Claim> {
    let transactions: Vec<String> =
        heard.map_or_else(Vec::new, |h| h.transactions.iter().map(u64::to_string).collect());
    let floor = heard.map(|h| h.floor.to_string());
    let row = sqlx::query!(
        r#"select pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0)) as "mine!",
                  v.value as "value?", v.computed_at as "computed_at?"
           from (select) one
           left join ops.metric_values v
             on v.metric_key = $1 and v.scope_hash = sha256(convert_to($2, 'UTF8')) and v.computed_at >= $3
            and pg_snapshot_xmin(v.seen) >= $4::text::xid8
            and (select coalesce(bool_and(pg_visible_in_snapshot(x::xid8, v.seen)), true) from unnest($5::text[]) x)"#,
        key,
        scope,
        since,
        floor as _,
        &transactions
    )
    .fetch_one(connection)
    .await?;
    let known = row.value.zip(row.computed_at).map(|(value, computed_at)| Shared { value, computed_at });
    Ok(Claim { known, mine: row.mine })
}

/// Writes the value of `key` and `scope` down for the other servers, as seen by this transaction, and adds it to
/// the history of the figure.
///
/// # Errors
/// When the statement fails; another server may have been faster.
pub async fn publish(
    connection: &mut PgConnection,
    key: &str,
    scope: &str,
    shared: &Shared,
    duration_ms: i32,
    snapshot: Option<&Snapshot>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.metric_values (metric_key, scope_hash, scope, value, computed_at, duration_ms, seen)
         values ($1, sha256(convert_to($2, 'UTF8')), $2, $3, $4, $5, pg_current_snapshot())
         on conflict (metric_key, scope_hash) do update
         set value = excluded.value, computed_at = excluded.computed_at, duration_ms = excluded.duration_ms,
             seen = excluded.seen",
        key,
        scope,
        shared.value,
        shared.computed_at,
        duration_ms
    )
    .execute(&mut *connection)
    .await?;
    if let Some(snapshot) = snapshot {
        snapshots::add(connection, key, shared.computed_at, snapshot).await?;
    }
    Ok(())
}

/// Forgets values whose key is like `pattern` (SQL `like`, `\` escapes).
///
/// # Errors
/// When the statement fails.
pub async fn forget(connection: &mut PgConnection, pattern: &str) -> Result<u64> {
    let done =
        sqlx::query!("delete from ops.metric_values where metric_key like $1", pattern).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Forgets values computed before `before`; answers how many.
///
/// # Errors
/// When the statement fails.
pub async fn forget_older(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("delete from ops.metric_values where computed_at < $1", before).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Every transaction that has ended by now lies below this one.
///
/// # Errors
/// When the statement fails.
pub async fn floor(executor: impl PgExecutor<'_>) -> Result<u64> {
    let text = sqlx::query_scalar!(r#"select pg_snapshot_xmax(pg_current_snapshot())::text as "xmax!""#)
        .fetch_one(executor)
        .await?;
    text.parse().map_err(|_| StoreError::from(sqlx::Error::Decode("not a transaction id".into())))
}
