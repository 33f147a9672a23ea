//! Which days and which counting rule: the part of the URL that every block of the overview shares.
//! Queries come as text, so that every fault of a request is told at once.

use super::metric::Basis;
use crate::FieldError;
use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Longest range of days a question may ask for.
pub const MAX_DAYS: i64 = 400;
/// Days of a trend when nothing is chosen.
pub const TREND_DAYS: u16 = 30;
/// Years that the calendar and the database both know.
const YEARS: std::ops::RangeInclusive<i32> = 1971..=2199;

/// Calendar periods count business days including today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Today,
    Days7,
    Days30,
    /// One day that is not today.
    Day,
    Custom,
}

impl Period {
    /// As it stands in the URL; single days and custom ranges are told by their dates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Day => "day",
            Self::Custom => "custom",
        }
    }
}

/// The earlier period a figure is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// The same weekday of last week; for more than one day, as many days right before.
    #[default]
    Week,
    /// The day before; for more than one day as [`Compare::Week`].
    Yesterday,
    /// 364 days before: the same weekdays.
    Year,
    None,
    /// Each of them.
    All,
}

impl Compare {
    pub const ALL: [Self; 5] = [Self::Week, Self::Yesterday, Self::Year, Self::None, Self::All];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Yesterday => "yesterday",
            Self::Year => "year",
            Self::None => "none",
            Self::All => "all",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Week => "Last week",
            Self::Yesterday => "Yesterday",
            Self::Year => "Last year",
            Self::None => "None",
            Self::All => "All three",
        }
    }
}

/// First and last business day, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayRange {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl DayRange {
    #[must_use]
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    pub fn iter(self) -> impl DoubleEndedIterator<Item = NaiveDate> {
        (0..u64::try_from(self.days()).unwrap_or(0)).map(move |n| self.from + Days::new(n))
    }

    /// `n` days ending with `to`.
    #[must_use]
    pub fn ending(to: NaiveDate, n: u64) -> Self {
        Self { from: to - Days::new(n.saturating_sub(1)), to }
    }

    /// As many days right before these.
    #[must_use]
    pub fn before(self) -> Self {
        Self::ending(self.from - Days::new(1), u64::try_from(self.days()).unwrap_or(1))
    }
}

/// What was asked for, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub period: Period,
    pub days: DayRange,
    pub basis: Basis,
    pub compare: Compare,
    /// Length of the trends, which end with the last day.
    pub trend_days: u16,
    /// Only the local hour of the one day that begins here. Rows are asked for by it, pages are not.
    pub hour: Option<DateTime<Utc>>,
    /// Sales labelled confirmed fraud are left out.
    pub clean: bool,
}

impl Scope {
    /// The query part of a link to the same scope: empty or `?day=2010-12-01&basis=gross`.
    #[must_use]
    pub fn link(self) -> String {
        self.link_where(Compare::default())
    }

    /// As [`Scope::link`], to a page that compares with `usual` when nothing is chosen.
    #[must_use]
    pub fn link_where(self, usual: Compare) -> String {
        let mut parts = Vec::new();
        match self.period {
            Period::Today => {}
            Period::Days7 | Period::Days30 => parts.push(format!("period={}", self.period.as_str())),
            Period::Day => parts.push(format!("day={}", self.days.from)),
            Period::Custom => parts.push(format!("from={}&to={}", self.days.from, self.days.to)),
        }
        if let Some(hour) = self.hour {
            parts.push(format!("hour={}", hour.to_rfc3339_opts(SecondsFormat::Secs, true)));
        }
        if self.basis != Basis::default() {
            parts.push(format!("basis={}", self.basis.as_str()));
        }
        if self.compare != usual {
            parts.push(format!("compare={}", self.compare.as_str()));
        }
        if self.trend_days != TREND_DAYS {
            parts.push(format!("days={}", self.trend_days));
        }
        if self.clean {
            parts.push("clean=1".to_owned());
        }
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    #[must_use]
    pub const fn with_basis(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }

    #[must_use]
    pub const fn with_compare(self, compare: Compare) -> Self {
        Self { compare, ..self }
    }

    #[must_use]
    pub const fn with_trend_days(self, trend_days: u16) -> Self {
        Self { trend_days, ..self }
    }

    /// The same question with or without confirmed fraud.
    #[must_use]
    pub const fn with_clean(self, clean: bool) -> Self {
        Self { clean, ..self }
    }

    /// The same question about one day.
    #[must_use]
    pub const fn on(self, day: NaiveDate) -> Self {
        Self { period: Period::Day, days: DayRange { from: day, to: day }, hour: None, ..self }
    }

    /// The same question about the hour of its one day that begins at `start`; tomorrow it is still that hour.
    #[must_use]
    pub const fn in_hour(self, start: DateTime<Utc>) -> Self {
        Self { period: Period::Day, hour: Some(start), ..self }
    }

    #[must_use]
    pub const fn is_one_day(self) -> bool {
        matches!(self.period, Period::Today | Period::Day)
    }
}

/// Period and counting rule as they stand in a URL. Nothing given: today, net.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ScopeQuery {
    /// `today`, `7d`, `30d`.
    pub period: Option<String>,
    /// One day, `2010-12-01`.
    pub day: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// `net`, `gross`, `all`.
    pub basis: Option<String>,
    /// `week`, `yesterday`, `year`, `none`, `all`.
    pub compare: Option<String>,
    /// Length of the trends, 1 to 400; 30 when not given.
    pub days: Option<String>,
    /// `1`: without confirmed fraud.
    pub clean: Option<String>,
}

impl ScopeQuery {
    /// From the pairs of an address; names that mean nothing here are left alone.
    #[must_use]
    pub fn parse(pairs: Vec<(String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "period" => query.period = Some(value),
                "day" => query.day = Some(value),
                "from" => query.from = Some(value),
                "to" => query.to = Some(value),
                "basis" => query.basis = Some(value),
                "compare" => query.compare = Some(value),
                "days" => query.days = Some(value),
                "clean" => query.clean = Some(value),
                _ => {}
            }
        }
        query
    }

    /// # Errors
    /// Every fault of the query with its path.
    pub fn resolve(&self, today: NaiveDate) -> Result<Scope, Vec<FieldError>> {
        let mut faults = Vec::new();
        let basis = basis(self.basis.as_deref(), &mut faults);
        let compare = compare(self.compare.as_deref(), &mut faults);
        let trend_days = trend_days(self.days.as_deref(), &mut faults);
        let clean = clean(self.clean.as_deref(), &mut faults);
        let day = date("day", self.day.as_deref(), &mut faults);
        let from = date("from", self.from.as_deref(), &mut faults);
        let to = date("to", self.to.as_deref(), &mut faults);
        let period = given(self.period.as_deref());
        if day.is_some() && (from.is_some() || to.is_some()) {
            faults.push(FieldError::new("day", "Give one day, or a first and a last day, not both."));
        }
        let (period, days) = match (day, from, to) {
            (Some(day), _, _) => (Period::Day, DayRange { from: day, to: day }),
            (None, None, None) => match period {
                None | Some("today") => (Period::Today, DayRange { from: today, to: today }),
                Some("7d") => (Period::Days7, DayRange::ending(today, 7)),
                Some("30d") => (Period::Days30, DayRange::ending(today, 30)),
                // A day or range beside it is at fault already, or missing.
                Some("day" | "custom") => {
                    if faults.is_empty() {
                        faults.push(FieldError::new("from", "Give the first and the last day of the period."));
                    }
                    (Period::Custom, DayRange { from: today, to: today })
                }
                Some(other) => {
                    faults.push(FieldError::new(
                        "period",
                        format!("\"{}\" is not a period; use today, 7d or 30d.", short(other)),
                    ));
                    (Period::Today, DayRange { from: today, to: today })
                }
            },
            (None, from, to) => {
                let to = to.unwrap_or(today);
                let days = DayRange { from: from.unwrap_or(to), to };
                (if days.days() == 1 { Period::Day } else { Period::Custom }, days)
            }
        };
        check_range(days, &mut faults);
        let period = if period == Period::Day && days.from == today { Period::Today } else { period };
        if faults.is_empty() {
            Ok(Scope { period, days, basis, compare, trend_days, hour: None, clean })
        } else {
            Err(faults)
        }
    }
}

/// An empty entry of a form is no entry.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

pub(super) fn basis(text: Option<&str>, faults: &mut Vec<FieldError>) -> Basis {
    let Some(text) = given(text) else { return Basis::default() };
    Basis::parse(text).unwrap_or_else(|| {
        faults.push(FieldError::new(
            "basis",
            format!("\"{}\" is not a counting rule; use net, gross or all.", short(text)),
        ));
        Basis::default()
    })
}

pub(super) fn trend_days(text: Option<&str>, faults: &mut Vec<FieldError>) -> u16 {
    match given(text).map(str::parse::<u16>) {
        None => TREND_DAYS,
        Some(Ok(n)) if (1..=MAX_DAYS).contains(&i64::from(n)) => n,
        Some(_) => {
            faults.push(FieldError::new("days", format!("Days must be a whole number from 1 to {MAX_DAYS}.")));
            TREND_DAYS
        }
    }
}

pub(crate) fn clean(text: Option<&str>, faults: &mut Vec<FieldError>) -> bool {
    match given(text) {
        None | Some("0") => false,
        Some("1") => true,
        Some(other) => {
            let what =
                format!("\"{}\" is no choice; clean=1 leaves out confirmed fraud, clean=0 does not.", short(other));
            faults.push(FieldError::new("clean", what));
            false
        }
    }
}

fn compare(text: Option<&str>, faults: &mut Vec<FieldError>) -> Compare {
    let Some(text) = given(text) else { return Compare::default() };
    Compare::parse(text).unwrap_or_else(|| {
        faults.push(FieldError::new(
            "compare",
            format!("\"{}\" is not a comparison; use week, yesterday, year, none or all.", short(text)),
        ));
        Compare::default()
    })
}

pub(crate) fn date(path: &str, text: Option<&str>, faults: &mut Vec<FieldError>) -> Option<NaiveDate> {
    let text = given(text)?;
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|d| YEARS.contains(&d.year()));
    if date.is_none() {
        faults.push(FieldError::new(path, format!("\"{}\" is not a date; write it like 2010-12-01.", short(text))));
    }
    date
}

pub(super) fn check_range(days: DayRange, faults: &mut Vec<FieldError>) {
    if days.from > days.to {
        faults.push(FieldError::new("from", "The first day must not be after the last day."));
    } else if days.days() > MAX_DAYS {
        faults.push(FieldError::new("from", format!("At most {MAX_DAYS} days at once; choose a later first day.")));
    }
}

/// What a message repeats of an entry.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn query(pairs: &[(&str, &str)]) -> ScopeQuery {
        let mut query = ScopeQuery::default();
        for (key, value) in pairs {
            let field = match *key {
                "period" => &mut query.period,
                "day" => &mut query.day,
                "from" => &mut query.from,
                "to" => &mut query.to,
                "compare" => &mut query.compare,
                "days" => &mut query.days,
                _ => &mut query.basis,
            };
            *field = Some((*value).to_owned());
        }
        query
    }

    #[track_caller]
    fn resolved(pairs: &[(&str, &str)], period: Period, from: &str, to: &str, link: &str) {
        let scope = query(pairs).resolve(d("2026-11-22")).unwrap();
        assert_eq!((scope.period, scope.days), (period, DayRange { from: d(from), to: d(to) }));
        assert_eq!(scope.link(), link);
    }

    #[test]
    fn periods_include_today() {
        resolved(&[], Period::Today, "2026-11-22", "2026-11-22", "");
        resolved(
            &[("period", ""), ("day", ""), ("from", ""), ("to", "")],
            Period::Today,
            "2026-11-22",
            "2026-11-22",
            "",
        );
        resolved(&[("period", "7d")], Period::Days7, "2026-11-16", "2026-11-22", "?period=7d");
        resolved(
            &[("period", "30d"), ("basis", "gross")],
            Period::Days30,
            "2026-10-24",
            "2026-11-22",
            "?period=30d&basis=gross",
        );
        resolved(&[("compare", "year")], Period::Today, "2026-11-22", "2026-11-22", "?compare=year");
        resolved(&[("days", "90")], Period::Today, "2026-11-22", "2026-11-22", "?days=90");
        resolved(&[("days", "30")], Period::Today, "2026-11-22", "2026-11-22", "");
        resolved(&[("day", "2010-12-01")], Period::Day, "2010-12-01", "2010-12-01", "?day=2010-12-01");
        resolved(&[("day", "2026-11-22")], Period::Today, "2026-11-22", "2026-11-22", "");
        resolved(
            &[("from", "2011-05-02"), ("to", "2011-05-31")],
            Period::Custom,
            "2011-05-02",
            "2011-05-31",
            "?from=2011-05-02&to=2011-05-31",
        );
        resolved(
            &[("from", "2026-11-20")],
            Period::Custom,
            "2026-11-20",
            "2026-11-22",
            "?from=2026-11-20&to=2026-11-22",
        );
        // One day is one day, however it was asked for.
        let one = [("from", "2010-12-01"), ("to", "2010-12-01")];
        resolved(&one, Period::Day, "2010-12-01", "2010-12-01", "?day=2010-12-01");
        resolved(&[("from", "2026-11-22")], Period::Today, "2026-11-22", "2026-11-22", "");
    }

    #[test]
    fn a_page_that_compares_with_all_says_when_it_does_not() {
        let scope = |pairs: &[(&str, &str)]| query(pairs).resolve(d("2026-11-22")).unwrap();
        assert_eq!(scope(&[("compare", "all")]).link_where(Compare::All), "");
        assert_eq!(scope(&[("compare", "week")]).link_where(Compare::All), "?compare=week");
        assert_eq!(scope(&[("compare", "week")]).link(), "");
        assert_eq!(scope(&[("compare", "all")]).link(), "?compare=all");
    }

    #[test]
    fn links_to_a_day_and_its_hour_keep_the_rest() {
        let scope = query(&[("period", "30d"), ("basis", "gross"), ("days", "7")]).resolve(d("2026-11-22")).unwrap();
        let day = scope.on(d("2026-11-01"));
        assert_eq!(day.link(), "?day=2026-11-01&basis=gross&days=7");
        let hour = day.in_hour("2026-11-01T05:30:00Z".parse().unwrap());
        assert_eq!(hour.link(), "?day=2026-11-01&hour=2026-11-01T05:30:00Z&basis=gross&days=7");
        let today = query(&[]).resolve(d("2026-11-22")).unwrap().in_hour("2026-11-22T08:00:00Z".parse().unwrap());
        assert_eq!(today.link(), "?day=2026-11-22&hour=2026-11-22T08:00:00Z");
        assert_eq!(hour.on(d("2026-11-02")).hour, None, "an hour of another day is none of this one");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = query(&[("day", "yesterday"), ("from", "2011-13-01"), ("basis", "best")])
            .resolve(d("2026-11-22"))
            .unwrap_err();
        let paths: Vec<_> = faults.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["basis", "day", "from"]);
        let paths = |pairs: &[(&str, &str)]| query(pairs).resolve(d("2026-11-22")).unwrap_err()[0].path.clone();
        assert_eq!(paths(&[("from", "2011-05-31"), ("to", "2011-05-02")]), "from");
        assert_eq!(paths(&[("from", "2010-01-01"), ("to", "2011-05-02")]), "from");
        assert_eq!(paths(&[("day", "99999-01-01")]), "day");
        assert_eq!(paths(&[("day", "2011-05-02"), ("to", "2011-05-02")]), "day");
        assert_eq!(paths(&[("period", "year")]), "period");
        assert_eq!(paths(&[("compare", "decade")]), "compare");
        assert_eq!(paths(&[("days", "0")]), "days");
        assert_eq!(paths(&[("days", "401")]), "days");
        assert!(
            query(&[("from", "2010-01-01"), ("to", "2011-02-04")]).resolve(d("2026-11-22")).is_ok(),
            "400 days are allowed"
        );
    }
}
