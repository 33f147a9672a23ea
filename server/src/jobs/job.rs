//! What a job is, and how it ends.

use super::context::JobContext;
use domain::{AppError, ErrorCode, jobs::JobKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::future::Future;
use store::StoreError;

/// A kind of job. Its payload holds ids only; `run` re-reads the state behind them, is safe to run
/// twice (a killed worker's run is taken up again), reports progress, and looks at
/// [`JobContext::check`] between steps so that a cancel ends within five seconds.
pub trait Job: Send + Sync + 'static {
    /// Stable name; also the name of the library's task.
    const KIND: &'static str;
    /// In the user's words.
    const TITLE: &'static str;
    /// One of `domain::jobs::queues`.
    const QUEUE: &'static str = domain::jobs::queues::DEFAULT;
    const TIMEOUT_SECONDS: i32 = 1_800;
    const MAX_ATTEMPTS: i32 = 3;
    /// May be started from the panel without any feature around it.
    const BY_HAND: bool = false;

    type Payload: Serialize + DeserializeOwned + Send + Sync + 'static;

    fn run(context: JobContext, payload: Self::Payload) -> impl Future<Output = Result<JobOutcome, JobFailure>> + Send;

    #[must_use]
    fn entry() -> JobKind {
        JobKind {
            kind: Self::KIND,
            title: Self::TITLE,
            queue: Self::QUEUE,
            timeout_seconds: Self::TIMEOUT_SECONDS,
            max_attempts: Self::MAX_ATTEMPTS,
            by_hand: Self::BY_HAND,
        }
    }
}

/// Payload of a job that needs none. Schedules add `due_at`, which it ignores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// A run that reached its end.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutcome {
    /// All done; the value is shown as the result.
    Succeeded(Value),
    /// Done, with rejected items; counters say how many.
    Partial(Value),
    /// Nothing could be done here, and that is no failure; the value says why.
    Skipped(Value),
}

impl JobOutcome {
    /// Done, with nothing to tell.
    #[must_use]
    pub const fn done() -> Self {
        Self::Succeeded(Value::Null)
    }
}

/// A run that did not. The message is shown to people; it holds no database text, path or secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobFailure {
    /// May go well later: tried again while attempts are left, after this time or else after e¹, e² … seconds.
    Retry { code: String, message: String, after: Option<chrono::Duration> },
    /// Keeps those behind it waiting: the same attempt goes on in the line beside the queue's, where its dealer's runs stand
    /// from now on.
    Aside { code: String, message: String },
    /// Will never go well.
    Fail { code: String, message: String },
    /// The job noticed that it shall stop ([`JobContext::check`]).
    Cancelled,
}

impl JobFailure {
    pub fn retry(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retry { code: code.into(), message: message.into(), after: None }
    }

    pub fn later(code: impl Into<String>, message: impl Into<String>, after: chrono::Duration) -> Self {
        Self::Retry { code: code.into(), message: message.into(), after: Some(after) }
    }

    pub fn aside(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Aside { code: code.into(), message: message.into() }
    }

    pub fn fail(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Fail { code: code.into(), message: message.into() }
    }
}

impl From<AppError> for JobFailure {
    fn from(error: AppError) -> Self {
        let code = error.code.as_str();
        match error.code {
            ErrorCode::Unavailable | ErrorCode::RateLimited => Self::retry(code, error.message),
            _ => Self::fail(code, error.message),
        }
    }
}

impl From<StoreError> for JobFailure {
    fn from(error: StoreError) -> Self {
        let again = error.is_retryable() || error.is_connection();
        let error = AppError::from(error);
        if again { Self::retry(error.code.as_str(), error.message) } else { error.into() }
    }
}
