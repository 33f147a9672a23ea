//! Keys of creating calls (`platform.md` 3.14). The key's row is inserted first in the caller's
//! transaction, so the primary key itself makes a second caller wait for the first.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a key found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody used the key: the caller goes on and ends with [`finish`].
    Fresh,
    /// An earlier call with the same route and body was answered so.
    Answered(Vec<u8>),
    /// The key was used for something else.
    OtherBody,
    /// The first call with the key is still running.
    Busy,
}

/// Claims `key` for `principal`; waits up to 5 s for an earlier call with it to end.
///
/// # Errors
/// When the statement fails; [`Claim::Busy`] also ends the transaction's usefulness, roll it back.
pub async fn claim(
    connection: &mut PgConnection,
    principal: Uuid,
    key: &str,
    route: &str,
    body_hash: &[u8],
    at: DateTime<Utc>,
) -> Result<Claim> {
    let inserted = sqlx::query!(
        "with patience as (select set_config('lock_timeout', '5s', true))
         insert into ops.idempotency_keys (principal_id, key, route, body_hash, state, created_at)
         select $1, $2, $3, $4, 'running', $5 from patience
         on conflict (principal_id, key) do update
             set route = excluded.route, body_hash = excluded.body_hash, state = 'running', status = null, response = null,
                 created_at = excluded.created_at
             where ops.idempotency_keys.created_at < $5 - interval '24 hours'",
        principal,
        key,
        route,
        body_hash,
        at
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(done) if done.rows_affected() == 1 => return Ok(Claim::Fresh),
        Ok(_) => {}
        // 55P03: the first call did not end in time.
        Err(error) if error.as_database_error().and_then(|e| e.code()).as_deref() == Some("55P03") => {
            return Ok(Claim::Busy);
        }
        Err(error) => return Err(error.into()),
    }
    let row = sqlx::query!(
        "select route, body_hash, response from ops.idempotency_keys where principal_id = $1 and key = $2 and state = 'done'",
        principal,
        key
    )
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        Some(row) if row.route == route && row.body_hash == body_hash => {
            row.response.map_or(Claim::Busy, Claim::Answered)
        }
        Some(_) => Claim::OtherBody,
        None => Claim::Busy,
    })
}

/// Keeps the answer, in the transaction that made it.
///
/// # Errors
/// When the statement fails.
pub async fn finish(
    connection: &mut PgConnection,
    principal: Uuid,
    key: &str,
    status: u16,
    response: &[u8],
) -> Result<()> {
    sqlx::query!(
        "update ops.idempotency_keys set state = 'done', status = $3, response = $4 where principal_id = $1 and key = $2",
        principal,
        key,
        i32::from(status),
        response
    )
    .execute(connection)
    .await?;
    Ok(())
}
