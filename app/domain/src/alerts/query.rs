//! Which alerts.

use super::{AlertFeature, Severity, ShownState};
use crate::{
    FieldError,
    ids::UserId,
    paging::{DEFAULT_LIMIT, MAX_LIMIT},
    words::words,
};
use chrono::NaiveDate;

words! {
    /// The order of a list.
    AlertSort {
        Newest => "newest", "Newest first";
        /// Then the most money at risk, then the oldest.
        Gravest => "severity", "Gravest first";
        Dearest => "money", "Most money at risk first";
        Oldest => "oldest", "Oldest first";
    }
}

/// Who works on an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignedTo {
    /// `me`.
    Caller,
    /// `none`.
    Nobody,
    User(UserId),
}

impl AssignedTo {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "me" => Some(Self::Caller),
            "none" => Some(Self::Nobody),
            id => id.parse().ok().map(Self::User),
        }
    }
}

/// A filter of the list and a place in it; unknown values are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertQuery {
    pub resolved: Option<bool>,
    pub states: Vec<ShownState>,
    pub severities: Vec<Severity>,
    pub alert_types: Vec<String>,
    pub feature: Option<AlertFeature>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub assignee: Option<AssignedTo>,
    /// Business days of the opening, both included.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub q: Option<String>,
    pub sort: AlertSort,
    pub limit: u32,
    pub cursor: Option<String>,
    pub include_deleted: bool,
}

impl Default for AlertQuery {
    fn default() -> Self {
        Self {
            resolved: None,
            states: Vec::new(),
            severities: Vec::new(),
            alert_types: Vec::new(),
            feature: None,
            entity_type: None,
            entity_id: None,
            assignee: None,
            from: None,
            to: None,
            q: None,
            sort: AlertSort::Newest,
            limit: DEFAULT_LIMIT,
            cursor: None,
            include_deleted: false,
        }
    }
}

fn each<T>(value: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(parse).collect()
}

/// What an address of the list asks for: what is not over, the gravest first, unless it says otherwise.
#[must_use]
pub fn as_on_the_desk(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let says = |pairs: &[(String, String)], wanted: &[&str]| {
        pairs.iter().any(|(name, value)| wanted.contains(&name.as_str()) && !value.is_empty())
    };
    if !says(&pairs, &["state", "is_resolved"]) {
        pairs.push(("is_resolved".to_owned(), "false".to_owned()));
        if !says(&pairs, &["sort"]) {
            pairs.push(("sort".to_owned(), "severity".to_owned()));
        }
    }
    pairs
}

impl AlertQuery {
    /// Parameters that say which alerts, not in which order or how many.
    pub const NARROWING: [&str; 12] = [
        "is_resolved",
        "state",
        "severity",
        "alert_type",
        "feature",
        "entity_type",
        "entity_id",
        "assignee",
        "from",
        "to",
        "q",
        "include_deleted",
    ];

    /// Names that are none of a filter are left alone.
    ///
    /// # Errors
    /// Every value that cannot be.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self, Vec<FieldError>> {
        let mut query = Self::default();
        let mut faults = Vec::new();
        for (name, value) in pairs {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            if query.take(&name, value).is_none() {
                faults.push(FieldError::new(name, format!("\u{201c}{value}\u{201d} is not possible here.")));
            }
        }
        if query.from.zip(query.to).is_some_and(|(from, to)| from > to) {
            faults.push(FieldError::new("to", "The last day lies before the first."));
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        let text = || Some(value.chars().take(200).collect());
        let yes = || match value {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        match name {
            "is_resolved" => self.resolved = Some(yes()?),
            "state" => self.states = each(value, ShownState::parse)?,
            "severity" => self.severities = each(value, Severity::alias)?,
            "alert_type" => self.alert_types = each(value, |word| Some(word.to_owned()))?,
            "feature" => self.feature = Some(AlertFeature::parse(value)?),
            "entity_type" => self.entity_type = text(),
            "entity_id" => self.entity_id = text(),
            "assignee" => self.assignee = Some(AssignedTo::parse(value)?),
            "from" => self.from = Some(value.parse().ok()?),
            "to" => self.to = Some(value.parse().ok()?),
            "q" => self.q = text(),
            "sort" => self.sort = AlertSort::parse(value)?,
            "limit" => self.limit = value.parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n))?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "include_deleted" => self.include_deleted = yes()?,
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::pairs;

    #[test]
    fn every_narrowing_name_is_read_and_the_desk_opens_with_what_is_not_over() {
        for name in AlertQuery::NARROWING {
            let faults = AlertQuery::parse(vec![(name.to_owned(), "\u{1}".to_owned())]);
            let taken = matches!(name, "alert_type" | "entity_type" | "entity_id" | "q");
            assert_eq!(faults.is_err(), !taken, "{name}");
        }
        let asked = AlertQuery::parse(as_on_the_desk(pairs("q=hall&assignee=me&state="))).unwrap();
        assert_eq!((asked.resolved, asked.sort), (Some(false), AlertSort::Gravest));
        assert_eq!(asked.assignee, Some(AssignedTo::Caller));
        let asked = AlertQuery::parse(as_on_the_desk(pairs("state=resolved&assignee=none"))).unwrap();
        assert_eq!((asked.resolved, asked.sort, asked.assignee), (None, AlertSort::Newest, Some(AssignedTo::Nobody)));
        assert!(AlertQuery::parse(pairs("assignee=somebody")).is_err());
    }

    #[test]
    fn filters_are_read_and_what_cannot_be_is_refused() {
        let query = AlertQuery::parse(pairs("severity=high,critical&is_resolved=false&state=&limit=5&x=1")).unwrap();
        assert_eq!(query.severities, [Severity::High, Severity::Critical]);
        assert_eq!((query.resolved, query.limit, query.states.len()), (Some(false), 5, 0));
        let faults = AlertQuery::parse(pairs("severity=urgent&feature=moon&limit=101&from=2026-01-02&to=2026-01-01"));
        let paths: Vec<String> = faults.unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["severity", "feature", "limit", "to"]);
    }
}
