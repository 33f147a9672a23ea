//! How old and how sure a kept figure is (`platform.md` 3.6).

mod declared;

pub use declared::{Class, DEADLINE_MS, Declaration, fits};

use crate::AppError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a figure's last refresh came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
// From best to worst: a figure inherits the worst of what it ate.
pub enum State {
    /// As the data is now.
    #[default]
    Fresh,
    /// The last known value; a better one is being computed.
    Refreshing,
    /// The last known value; it could not be refreshed.
    Stale,
    /// As [`State::Stale`], three times in a row.
    Failed,
    /// There is no value yet.
    Pending,
}

/// Why a figure could not be refreshed; never the database's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The database cannot be reached.
    Connection,
    /// It took longer than allowed.
    Timeout,
    /// The statement failed.
    Query,
    /// What came out cannot be true: a negative count, rows without a currency.
    InvalidData,
}

impl ErrorClass {
    /// The class of a failed computation.
    #[must_use]
    pub fn of(error: &AppError) -> Self {
        error.cause.unwrap_or(Self::Query)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Query => "query",
            Self::InvalidData => "invalid_data",
        }
    }

    /// In words that end "could not be refreshed".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connection => "database unreachable",
            Self::Timeout => "slow",
            Self::Query => "query",
            Self::InvalidData => "invalid data",
        }
    }
}

/// Refreshes missed in a row from which a figure counts as failed.
const FAILED_FROM: u32 = 3;

/// How the figure of an answer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Freshness {
    pub state: State,
    /// Refreshes missed in a row.
    pub missed: u32,
    pub error_class: Option<ErrorClass>,
}

impl Freshness {
    /// A value that is being refreshed.
    pub const REFRESHING: Self = Self { state: State::Refreshing, missed: 0, error_class: None };

    /// A value whose last `missed` refreshes failed.
    #[must_use]
    pub const fn missed(missed: u32, class: ErrorClass) -> Self {
        let state = if missed >= FAILED_FROM { State::Failed } else { State::Stale };
        Self { state, missed, error_class: Some(class) }
    }

    /// There is no value, and why.
    #[must_use]
    pub const fn pending(class: Option<ErrorClass>) -> Self {
        Self { state: State::Pending, missed: 0, error_class: class }
    }

    /// That of a figure which stands like this and was computed from one that stands like `eaten`.
    #[must_use]
    pub fn having_eaten(self, eaten: Self) -> Self {
        if eaten.state > self.state { eaten } else { self }
    }

    /// What stands beside the value; `None` when it is fresh.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self.state {
            State::Fresh => None,
            State::Pending => Some(match self.error_class {
                None => "no data yet".to_owned(),
                Some(class) => format!("could not be computed ({})", class.words()),
            }),
            State::Refreshing => Some("being refreshed".to_owned()),
            State::Stale | State::Failed => {
                Some(format!("could not be refreshed ({})", self.error_class.map_or("unknown", ErrorClass::words)))
            }
        }
    }

    /// Class of the badge "Cached".
    #[must_use]
    pub const fn tone(&self) -> &'static str {
        match self.state {
            State::Fresh => "good",
            State::Refreshing | State::Stale => "warn",
            State::Pending => "neutral",
            State::Failed => "bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_miss_in_a_row_is_a_failure() {
        let states = [1, 2, 3, 9].map(|missed| Freshness::missed(missed, ErrorClass::Query).state);
        assert_eq!(states, [State::Stale, State::Stale, State::Failed, State::Failed]);
    }

    #[test]
    fn a_figure_inherits_the_worse_state_of_what_it_ate() {
        let stale = Freshness::missed(1, ErrorClass::Timeout);
        let failed = Freshness::missed(3, ErrorClass::Query);
        assert_eq!(Freshness::default().having_eaten(stale), stale);
        assert_eq!(failed.having_eaten(stale), failed);
        assert_eq!(Freshness::REFRESHING.having_eaten(Freshness::default()), Freshness::REFRESHING);
        assert_eq!(stale.having_eaten(Freshness::pending(None)).state, State::Pending);
    }

    #[test]
    fn words_name_the_reason_and_no_database_text() {
        assert_eq!(Freshness::default().words(), None);
        let mut error = AppError::unavailable("connection to 10.0.0.7 refused");
        error.cause = Some(ErrorClass::Connection);
        let away = Freshness::missed(1, ErrorClass::of(&error));
        assert_eq!(away.words().as_deref(), Some("could not be refreshed (database unreachable)"));
        let broken = Freshness::missed(4, ErrorClass::of(&AppError::internal()));
        assert_eq!(broken.words().as_deref(), Some("could not be refreshed (query)"));
    }
}
