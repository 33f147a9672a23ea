//! An outage of the database as an alert: nothing can be written while it lasts, so it is kept here and told afterwards.

use super::signals::{self, Ended, Signal};
use crate::backend::Backend;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::Principal,
    alerts::{Resolution, Severity, kind_of},
};

/// A shorter one is not told.
const LEAST: Duration = Duration::seconds(10);
/// It is over when the database has been there for so long.
const QUIET: Duration = Duration::seconds(30);

/// How it stands with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    Calm,
    /// Gone since.
    Gone(DateTime<Utc>),
    /// Back at the second moment after it was gone since the first; not told yet.
    Back(DateTime<Utc>, DateTime<Utc>),
    /// Told, and there again since.
    Told(DateTime<Utc>),
}

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Gone since the first moment, back at the second.
    Raise(DateTime<Utc>, DateTime<Utc>),
    Clear,
}

impl Outage {
    /// A process that begins ends what one before it left open.
    #[must_use]
    pub const fn at_start(now: DateTime<Utc>) -> Self {
        Self::Told(now)
    }

    /// With the breaker as it is now: what is to be written first, if anything, and how it stands then.
    fn next(self, open_since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> (Option<Act>, Self) {
        match (self, open_since) {
            // A breaker that opens again while it is tried is the same outage.
            (Self::Gone(since) | Self::Back(since, _), Some(_)) => (None, Self::Gone(since)),
            (Self::Calm | Self::Told(_), Some(since)) => (None, Self::Gone(since)),
            (Self::Gone(since), None) => Self::Back(since, now).next(None, now),
            (Self::Back(since, back), None) if back - since >= LEAST => {
                (Some(Act::Raise(since, back)), Self::Told(back))
            }
            (Self::Back(..), None) => (None, Self::Calm),
            (Self::Told(back), None) if now - back >= QUIET => (Some(Act::Clear), Self::Calm),
            (Self::Told(_) | Self::Calm, None) => (None, self),
        }
    }

    /// Looks at the breaker and writes what is to be written; what could not be written is tried the next time.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn look(&mut self, backend: &Backend, who: &Principal) -> Result<(), AppError> {
        let now = backend.clock.now();
        let (act, after) = self.next(backend.breaker.open_since(), now);
        if let Some(Act::Raise(since, back)) = act {
            // Known before it is written: the moment it came back must not move with the attempts.
            *self = Self::Back(since, back);
        }
        if let Some(act) = act {
            write(act, backend, who).await?;
        }
        *self = after;
        Ok(())
    }
}

async fn write(act: Act, backend: &Backend, who: &Principal) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let kind = kind_of("database_unavailable").ok_or_else(AppError::internal)?;
    let mut tx = store::begin(&backend.pools.jobs).await?;
    match act {
        Act::Raise(since, back) => {
            let seconds = domain::format::duration((back - since).num_seconds());
            let message = format!(
                "It could not be reached for {seconds}. Pages showed what was known last; nothing was recorded."
            );
            let mut signal = Signal::of(kind, Severity::Critical, "database", "Database")
                .saying("The database could not be reached", message)
                .acting("/system");
            signal.since = Some(since);
            signals::raise(&mut tx, clock, who.label(), &signal).await?;
        }
        Act::Clear => {
            let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
            signals::clear(&mut tx, clock, &Signal::key_of(kind, "database"), ended).await?;
        }
    }
    Ok(store::commit(tx).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(second)
    }

    #[test]
    fn one_of_ten_seconds_is_told_once_with_its_beginning_and_is_over_after_thirty_more() {
        let mut now = Outage::Calm;
        let mut look = |open: Option<i64>, second: i64| {
            let (act, next) = now.next(open.map(at), at(second));
            now = next;
            act
        };
        assert_eq!(look(Some(100), 101), None, "nothing can be written");
        assert_eq!(look(Some(108), 109), None, "opened again, it is the same one");
        assert_eq!(look(None, 112), Some(Act::Raise(at(100), at(112))));
        assert_eq!((look(None, 120), look(None, 141)), (None, None));
        assert_eq!((look(None, 142), look(None, 200)), (Some(Act::Clear), None));
        // A shorter one is none; one within the thirty seconds begins anew.
        assert_eq!((look(Some(300), 301), look(None, 309), look(None, 400)), (None, None, None));
        assert_eq!((look(Some(500), 501), look(None, 520)), (None, Some(Act::Raise(at(500), at(520)))));
        assert_eq!((look(Some(530), 531), look(None, 545)), (None, Some(Act::Raise(at(530), at(545)))));
        assert_eq!(look(None, 575), Some(Act::Clear));
    }

    #[test]
    fn a_process_that_begins_ends_what_was_left_open() {
        let (act, next) = Outage::at_start(at(0)).next(None, at(29));
        assert_eq!((act, next), (None, Outage::Told(at(0))));
        assert_eq!(next.next(None, at(30)), (Some(Act::Clear), Outage::Calm));
    }
}
