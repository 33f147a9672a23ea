//! How fresh everything is that figures eat (`overview.md` 3.10): one list of every source.

use super::{attention::Unavailable, status::SystemStatus, tile::Badge};
use crate::{AppError, FieldError, access::Principal, query};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a source keeps its time. The worst first: the order of the cases is the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Older than two intervals, or away.
    Missing,
    /// Older than one interval.
    Late,
    OnTime,
    /// Loaded by people: nothing is promised for any time.
    ByHand,
    /// Switched off.
    Off,
}

impl SourceState {
    pub const ALL: [Self; 5] = [Self::Missing, Self::Late, Self::OnTime, Self::ByHand, Self::Off];

    /// The state of what is `age_seconds` old and promised each `expected_seconds`. `grace_seconds` is what
    /// the work itself usually takes: until then it is not late.
    #[must_use]
    pub const fn of(age_seconds: i64, expected_seconds: i64, grace_seconds: i64) -> Self {
        let age = age_seconds.saturating_sub(grace_seconds);
        if age <= expected_seconds {
            Self::OnTime
        } else if age <= expected_seconds.saturating_mul(2) {
            Self::Late
        } else {
            Self::Missing
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Late => "late",
            Self::OnTime => "on_time",
            Self::ByHand => "by_hand",
            Self::Off => "off",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "Missing",
            Self::Late => "Late",
            Self::OnTime => "On time",
            Self::ByHand => "By hand",
            Self::Off => "Off",
        }
    }

    /// Class of the badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Missing => "bad",
            Self::Late => "warn",
            Self::OnTime => "good",
            Self::ByHand | Self::Off => "neutral",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Intervals that went by without a success: 0 on time, 1 late, from 2 on missing.
#[must_use]
pub fn intervals_missed(age_seconds: i64, expected_seconds: i64, grace_seconds: i64) -> i64 {
    (age_seconds - grace_seconds - 1).max(0) / expected_seconds.max(1)
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Database,
    LiveBus,
    Worker,
    Schedule,
    Import,
    Figure,
}

impl SourceKind {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Database => "Database",
            Self::LiveBus => "Live line",
            Self::Worker => "Worker",
            Self::Schedule => "Schedule",
            Self::Import => "Imports",
            Self::Figure => "Figure",
        }
    }
}

/// One source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// E.g. `schedule.cleanup`, `import.sales_transactions`, `database`.
    pub key: String,
    pub kind: SourceKind,
    pub name: String,
    /// The feature that owns it.
    pub feature: String,
    pub state: SourceState,
    pub badge: Badge,
    pub last_success: Option<DateTime<FixedOffset>>,
    pub age_seconds: Option<i64>,
    /// The promised interval; `None`: nothing is promised.
    pub expected_seconds: Option<i64>,
    /// Intervals missed in a row.
    pub missed: i64,
    /// Why the last try failed.
    pub error_class: Option<String>,
    /// Rows of the last load.
    pub rows: Option<i64>,
    pub next_run: Option<DateTime<FixedOffset>>,
    /// The page to look at.
    pub link: Option<String>,
    /// The schedule that refreshes it, for those who may run it: `POST /api/v1/schedules/{refresh}/run`.
    pub refresh: Option<String>,
}

/// A source that a figure ate from and that does not keep its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LateSource {
    pub name: String,
    /// Late or missing.
    pub state: SourceState,
    /// Where it stands among the sources.
    pub link: String,
}

impl LateSource {
    /// `source late: Imports: sales`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("source {}: {}", self.state.label().to_lowercase(), self.name)
    }
}

/// How many sources of the filter are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceCounts {
    pub missing: i64,
    pub late: i64,
    pub on_time: i64,
    pub by_hand: i64,
    pub off: i64,
}

impl SourceCounts {
    #[must_use]
    pub fn of(sources: &[Source]) -> Self {
        let mut counts = Self::default();
        for source in sources {
            *counts.slot(source.state) += 1;
        }
        counts
    }

    fn slot(&mut self, state: SourceState) -> &mut i64 {
        match state {
            SourceState::Missing => &mut self.missing,
            SourceState::Late => &mut self.late,
            SourceState::OnTime => &mut self.on_time,
            SourceState::ByHand => &mut self.by_hand,
            SourceState::Off => &mut self.off,
        }
    }

    #[must_use]
    pub fn get(mut self, state: SourceState) -> i64 {
        *self.slot(state)
    }

    #[must_use]
    pub const fn total(&self) -> i64 {
        self.missing + self.late + self.on_time + self.by_hand + self.off
    }
}

/// The list, the worst state first, then by feature and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceList {
    pub items: Vec<Source>,
    pub total: i64,
    /// Of the feature asked for, whatever state was.
    pub counts: SourceCounts,
    /// What could not be looked at now; its sources stand as they were known last.
    pub unavailable: Vec<Unavailable>,
}

/// Puts sources into the order of the list.
pub fn worst_first(sources: &mut [Source]) {
    sources.sort_by(|a, b| {
        (a.state, &a.feature, a.kind, &a.name, &a.key).cmp(&(b.state, &b.feature, b.kind, &b.name, &b.key))
    });
}

/// As typed; empty text means no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceQuery {
    pub feature: Option<String>,
    pub state: Option<String>,
}

impl SourceQuery {
    /// From the query part of an address; unknown names and empty values are left out.
    #[must_use]
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "feature" => &mut asked.feature,
                "state" => &mut asked.state,
                _ => continue,
            };
            *field = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
        asked
    }

    /// The state asked for.
    ///
    /// # Errors
    /// When it is none.
    pub fn wanted_state(&self) -> Result<Option<SourceState>, Vec<FieldError>> {
        let Some(text) = self.state.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let message = "Give missing, late, on_time, by_hand or off.";
        SourceState::parse(text).map(Some).ok_or_else(|| vec![FieldError::new("state", message)])
    }

    /// `?feature=…&state=…` with another state, or nothing.
    #[must_use]
    pub fn link(&self, state: Option<SourceState>) -> String {
        let pairs = [("feature", self.feature.as_deref()), ("state", state.map(SourceState::as_str))];
        let written = query::write(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if written.is_empty() { written } else { format!("?{written}") }
    }
}

/// `/overview/freshness`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshnessScreen {
    pub query: SourceQuery,
    pub sources: SourceList,
}

/// Needs `overview.view`; of schedules and imports their own view rights.
#[async_trait]
pub trait SourcesPort: Send + Sync + 'static {
    async fn sources(&self, who: &Principal, query: &SourceQuery) -> Result<SourceList, AppError>;
    /// What the figures stand on.
    async fn status(&self, who: &Principal) -> Result<SystemStatus, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use SourceState::{Late, Missing, OnTime};

    #[test]
    fn one_interval_is_on_time_two_are_late_more_are_missing() {
        let states = [0, 60, 61, 120, 121].map(|age| SourceState::of(age, 60, 0));
        assert_eq!(states, [OnTime, OnTime, Late, Late, Missing]);
        let with_grace = [70, 71, 130, 131].map(|age| SourceState::of(age, 60, 10));
        assert_eq!(with_grace, [OnTime, Late, Late, Missing]);
        assert_eq!(SourceState::of(i64::MAX, i64::MAX, 0), OnTime);
    }

    #[test]
    fn missed_intervals_agree_with_the_state() {
        for age in 0..400 {
            let expected = match SourceState::of(age, 60, 7) {
                OnTime => 0..1,
                Late => 1..2,
                _ => 2..i64::MAX,
            };
            assert!(expected.contains(&intervals_missed(age, 60, 7)), "age {age}");
        }
    }

    #[test]
    fn a_filter_survives_its_address_and_a_wrong_state_is_told() {
        let asked = SourceQuery::parse(query::pairs("?feature=jobs&state=late&x=y"));
        assert_eq!(
            (asked.wanted_state(), asked.link(Some(Late))),
            (Ok(Some(Late)), "?feature=jobs&state=late".to_owned())
        );
        assert_eq!(SourceQuery::default().link(None), "");
        let wrong = SourceQuery { state: Some("dusty".to_owned()), feature: None };
        assert_eq!(wrong.wanted_state().unwrap_err()[0].path, "state");
    }
}
