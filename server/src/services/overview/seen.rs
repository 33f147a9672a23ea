//! What a look at something that many pages show together came to.

use crate::freshness::Answer;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    freshness::{ErrorClass, Freshness},
};
use std::{sync::Arc, time::Duration};

/// Longest wait for one answer (`overview.md` 3.9).
pub const DEADLINE: Duration = Duration::from_millis(300);

/// What is known at the end of a look.
#[derive(Debug)]
pub struct Seen<T> {
    /// The last answer, and of when it is.
    pub last: Option<(Arc<T>, DateTime<Utc>)>,
    /// Why there is none, or none better.
    pub missed: Option<ErrorClass>,
}

impl<T> From<Result<Answer<T>, AppError>> for Seen<T> {
    fn from(answered: Result<Answer<T>, AppError>) -> Self {
        match answered {
            Ok(Answer { value, computed_at, freshness: Freshness { error_class, .. }, .. }) => {
                Self { last: Some((value, computed_at)), missed: error_class }
            }
            Err(error) => Self { last: None, missed: Some(ErrorClass::of(&error)) },
        }
    }
}
