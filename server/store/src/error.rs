//! What a failed statement means to the rest of the program.

use crate::pool::Connections;
use domain::{AppError, ErrorCode, freshness::ErrorClass};
use sqlx::{Postgres, Transaction};

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A database failure. Its text never leaves the server: [`AppError::from`] logs it and answers in our words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(#[from] sqlx::Error);

impl StoreError {
    /// Name of the violated constraint; constraint names are API (a unique violation becomes a field error).
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.0.as_database_error().and_then(|e| e.constraint())
    }

    /// SQLSTATE, when the database answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<String> {
        self.0.as_database_error().and_then(|e| e.code()).map(|c| c.into_owned())
    }

    /// The database could not be reached or went away: worth another try later.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        match &self.0 {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => true,
            // 57P01..03: shutdown, crash, starting up; 53300: too many connections.
            sqlx::Error::Database(e) => matches!(e.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300")),
            _ => false,
        }
    }

    /// Deadlock or serialisation failure: the same transaction may succeed when run again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.sqlstate().as_deref(), Some("40001" | "40P01"))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let (mut told, cause) = if error.is_connection() {
            tracing::warn!(error = %error, error_code = "unavailable", "database unreachable");
            let text = "The database cannot be reached just now. Nothing was changed; try again in a moment.";
            (Self::unavailable(text), ErrorClass::Connection)
        } else if error.sqlstate().as_deref() == Some("57014") {
            tracing::warn!(error = %error, error_code = "unavailable", "statement stopped at its time limit");
            let text = "This took longer than allowed and was stopped. Nothing was changed.";
            (Self::unavailable(text), ErrorClass::Timeout)
        } else if matches!(error.sqlstate().as_deref(), Some("22021" | "22P05")) {
            // U+0000, which a text may hold everywhere but in Postgres.
            tracing::debug!(error = %error, error_code = ErrorCode::Validation.as_str(), "a text that cannot be kept");
            (Self::field("text", "A text holds the character U+0000, which cannot be kept."), ErrorClass::Query)
        } else {
            tracing::error!(error = %error, error_code = ErrorCode::Internal.as_str(), "database statement failed");
            (Self::internal(), ErrorClass::Query)
        };
        told.cause = Some(cause);
        told
    }
}

/// Opens a transaction.
///
/// # Errors
/// When no connection can be had.
pub async fn begin(pool: &(impl Connections + ?Sized)) -> Result<Transaction<'static, Postgres>> {
    open(pool, None).await
}

/// Who waits for the transaction may go away (a page that was left, a deadline) while `begin` is on its way; sqlx then
/// gives the connection back with the transaction open. So the opening is always waited for, by a task of its own.
async fn open(
    pool: &(impl Connections + ?Sized),
    statement: Option<&'static str>,
) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.open()?.clone();
    let opening = tokio::spawn(async move {
        match statement {
            Some(statement) => pool.begin_with(statement).await,
            None => pool.begin().await,
        }
    });
    Ok(opening.await.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

/// Opens a read-only transaction that sees one state of the database in all its statements.
///
/// # Errors
/// When no connection can be had.
pub async fn snapshot(pool: &(impl Connections + ?Sized)) -> Result<Transaction<'static, Postgres>> {
    open(pool, Some("begin isolation level repeatable read read only")).await
}

/// Begins a part of the caller's transaction that can be taken back alone.
///
/// # Errors
/// When the statement fails.
pub async fn part(connection: &mut sqlx::PgConnection) -> Result<Transaction<'_, Postgres>> {
    Ok(sqlx::Connection::begin(connection).await?)
}

/// Commits.
///
/// # Errors
/// When the commit fails; then nothing of the transaction is kept.
pub async fn commit(tx: Transaction<'_, Postgres>) -> Result<()> {
    Ok(tx.commit().await?)
}

/// Takes back what the transaction has written.
///
/// # Errors
/// When the statement fails.
pub async fn rollback(tx: Transaction<'_, Postgres>) -> Result<()> {
    Ok(tx.rollback().await?)
}

/// A connection for single statements.
///
/// # Errors
/// When none can be had.
pub async fn acquire(pool: &(impl Connections + ?Sized)) -> Result<sqlx::pool::PoolConnection<Postgres>> {
    Ok(pool.open()?.acquire().await?)
}
