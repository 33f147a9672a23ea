//! One answer for one key: the shared way in which creating services keep their promise of
//! `platform.md` 3.14. Key, change and answer commit together.

use chrono::{DateTime, Utc};
use domain::{
    AppError, ErrorCode,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use store::idempotency::{Claim, claim, finish};
use uuid::Uuid;

/// Who asks for what; `key` None: nobody will ask for the answer again.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a, B> {
    pub who: &'a Principal,
    pub key: Option<&'a IdempotencyKey>,
    /// What the key belongs to, with the ids of its path.
    pub route: &'a str,
    /// Its JSON is the canonical body: two bodies that mean the same are the same. Only its SHA-256 is
    /// kept, but that gives a guessable secret away: put a keyed hash in the place of one.
    pub body: &'a B,
    /// Of an answer that is no refusal.
    pub status: u16,
}

/// Runs `change` in a transaction of its own, or answers what the first call with the key was answered;
/// waits for one that is still running. `change` may use no other connection: callers that wait hold theirs.
///
/// Refusals that last are kept like answers, and take back what the change had written. What is our fault
/// (5xx) is not kept.
///
/// # Errors
/// `conflict` when the key was used for something else or its first call does not end; `internal`
/// and `unavailable` as the database says. What `change` says stands in the answer.
pub async fn once<T: Serialize + DeserializeOwned + Sync>(
    pool: &impl store::pool::Connections,
    at: DateTime<Utc>,
    request: Request<'_, impl Serialize>,
    change: impl AsyncFnOnce(&mut PgConnection) -> Result<T, AppError>,
) -> Result<Answered<Result<T, AppError>>, AppError> {
    let mut tx = store::begin(pool).await?;
    let Some(key) = request.key else {
        let value = change(&mut tx).await;
        if value.is_ok() {
            store::commit(tx).await?;
        }
        return Ok(Answered { value, replayed: false });
    };
    let call = Call {
        principal: request.who.actor_id().unwrap_or(Uuid::nil()),
        key: key.as_str(),
        route: request.route,
        hash: &Sha256::digest(serde_json::to_vec(request.body).map_err(|_| AppError::internal())?),
        at,
    };
    if let Some(answered) = call.earlier(&mut tx).await? {
        return Ok(answered);
    }
    let value = change(&mut tx).await;
    let status = match &value {
        Ok(_) => request.status,
        Err(error) if is_lasting(error) => {
            // What was written goes, and a transaction that a constraint ended takes no more. Somebody who
            // waited for the key may be quicker now: then theirs is the answer.
            store::rollback(tx).await?;
            tx = store::begin(pool).await?;
            if let Some(answered) = call.earlier(&mut tx).await? {
                return Ok(answered);
            }
            error.code.status()
        }
        Err(_) => return Ok(Answered { value, replayed: false }),
    };
    let answer = serde_json::to_vec(&value).map_err(|_| AppError::internal())?;
    finish(&mut tx, call.principal, call.key, status, &answer).await?;
    store::commit(tx).await?;
    Ok(Answered { value, replayed: false })
}

/// A call as its key knows it.
struct Call<'a> {
    principal: Uuid,
    key: &'a str,
    route: &'a str,
    hash: &'a [u8],
    at: DateTime<Utc>,
}

impl Call<'_> {
    /// Claims the key; the answer of the first call, if this is not it.
    async fn earlier<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<Answered<Result<T, AppError>>>, AppError> {
        let claim = claim(connection, self.principal, self.key, self.route, self.hash, self.at).await?;
        let Some(answer) = earlier(claim)? else { return Ok(None) };
        let value = serde_json::from_slice(&answer).map_err(|_| AppError::internal())?;
        Ok(Some(Answered { value, replayed: true }))
    }
}

/// The stored answer of the first call; None: this is the first.
fn earlier(claim: Claim) -> Result<Option<Vec<u8>>, AppError> {
    match claim {
        Claim::Fresh => Ok(None),
        Claim::Answered(answer) => Ok(Some(answer)),
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

/// An answer that the same request would get again, so that it may be kept.
fn is_lasting(error: &AppError) -> bool {
    matches!(error.code, ErrorCode::Conflict | ErrorCode::Validation | ErrorCode::NotFound | ErrorCode::Forbidden)
}
