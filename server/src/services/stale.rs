//! What somebody is told whose change comes too late.

use chrono::{DateTime, FixedOffset};
use domain::{AppError, format};

/// `conflict`: the `what` was changed by `by` at `when`, and has `version` now.
#[must_use]
pub fn stale(what: &str, by: Option<&str>, when: DateTime<FixedOffset>, version: i32) -> AppError {
    let by = by.unwrap_or("an import");
    let when = format::date_time(when);
    AppError::conflict(format!(
        "This {what} was changed by {by} at {when} (now version {version}). Look at it again and repeat your change."
    ))
    .with_field("version", version.to_string())
}
