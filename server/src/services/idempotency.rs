//! One answer for one key: the shared way in which creating services keep their promise of
//! `platform.md` 3.14. The caller owns the transaction; key, change and answer commit together.

use domain::{AppError, ErrorCode, access::Principal, idempotency::IdempotencyKey};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Postgres, Transaction};
use store::idempotency::{Claim, claim, finish};
use uuid::Uuid;

/// A key claimed for this transaction.
#[derive(Debug)]
pub struct Claimed<'a> {
    principal: Uuid,
    key: &'a IdempotencyKey,
}

/// What claiming a key came to.
#[derive(Debug)]
pub enum Claiming<'a, T> {
    /// Go on; end with [`Claimed::keep`].
    Fresh(Claimed<'a>),
    /// The stored answer of the first call.
    Replay(Result<T, AppError>),
}

/// Claims `key` for a call of `route` with `command`; waits for an earlier call that is still running.
/// The command's own JSON is the canonical body: two bodies that mean the same are the same.
///
/// # Errors
/// `conflict` when the key was used for something else or its first call does not end; `internal`
/// and `unavailable` as the database says.
pub async fn once<'a, T: DeserializeOwned>(
    connection: &mut PgConnection,
    who: &Principal,
    key: &'a IdempotencyKey,
    route: &str,
    command: &(impl Serialize + Sync),
    at: chrono::DateTime<chrono::Utc>,
) -> Result<Claiming<'a, T>, AppError> {
    let principal = who.actor_id().unwrap_or(Uuid::nil());
    let body = serde_json::to_vec(command).map_err(|_| AppError::internal())?;
    let hash = Sha256::digest(&body);
    match claim(connection, principal, key.as_str(), route, &hash, at).await? {
        Claim::Fresh => Ok(Claiming::Fresh(Claimed { principal, key })),
        Claim::Answered(answer) => {
            let answer: Result<T, AppError> = serde_json::from_slice(&answer).map_err(|_| AppError::internal())?;
            Ok(Claiming::Replay(answer))
        }
        Claim::OtherBody => Err(AppError::conflict(
            "This Idempotency-Key was already used for another request. Send a new key with a new request.",
        )),
        Claim::Busy => {
            let mut error = AppError::conflict(
                "The first request with this Idempotency-Key is still running. Try again in a second.",
            );
            error.retry_after_seconds = Some(1);
            Err(error)
        }
    }
}

impl Claimed<'_> {
    /// Keeps the answer; the caller then commits. Answers that are our fault (5xx) are not kept: roll back.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn keep<T: Serialize + Sync>(
        self,
        connection: &mut PgConnection,
        status: u16,
        answer: &Result<T, AppError>,
    ) -> Result<(), AppError> {
        let status = answer.as_ref().map_or_else(|e| e.code.status(), |_| status);
        let bytes = serde_json::to_vec(answer).map_err(|_| AppError::internal())?;
        finish(connection, self.principal, self.key.as_str(), status, &bytes).await?;
        Ok(())
    }
}

/// Ends the transaction of a change: commits it with its answer. A refusal has written nothing, so its
/// answer can be kept in this very transaction.
///
/// # Errors
/// When a statement fails.
pub async fn conclude<T: Serialize + Sync>(
    mut tx: Transaction<'static, Postgres>,
    claimed: Option<Claimed<'_>>,
    status: u16,
    answer: &Result<T, AppError>,
) -> Result<(), AppError> {
    match (answer, claimed) {
        (Ok(_), None) => store::commit(tx).await?,
        (Err(error), Some(_)) if !is_lasting(error) => {}
        (_, Some(claimed)) => {
            claimed.keep(&mut tx, status, answer).await?;
            store::commit(tx).await?;
        }
        (Err(_), None) => {}
    }
    Ok(())
}

/// An answer that the same request would get again, so that it may be kept.
#[must_use]
pub fn is_lasting(error: &AppError) -> bool {
    matches!(error.code, ErrorCode::Conflict | ErrorCode::Validation | ErrorCode::NotFound | ErrorCode::Forbidden)
}
