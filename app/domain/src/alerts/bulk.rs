//! The same act on many alerts at once.

use super::{AlertQuery, alert::check_note};
use crate::{
    AppError, FieldError,
    ids::{AlertId, UserId},
    query,
    words::words,
};
use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Alerts that one act changes at most.
pub const MOST_AT_ONCE: i64 = 10_000;

words! {
    /// What to do with all alerts that match.
    #[schema(as = AlertBulkAction)]
    BulkAction {
        Acknowledge => "acknowledge", "Acknowledge";
        Resolve => "resolve", "Resolve";
        Assign => "assign", "Assign";
        Silence => "silence", "Silence";
    }
}

/// Alerts that are selected, of a filter, or both; at most 10,000 that are not over and can be changed so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkAlerts)]
pub struct BulkAlerts {
    pub action: BulkAction,
    /// Only these.
    #[serde(default)]
    pub ids: Vec<AlertId>,
    /// Parameters of the list that narrow it; `{}`: all. Needed where no alert is named.
    #[serde(default)]
    pub filter: Option<BTreeMap<String, String>>,
    /// The reason of a silence, which has one.
    #[serde(default)]
    pub note: Option<String>,
    /// An acknowledgement holds until then, or until the end; a silence has one.
    #[serde(default)]
    pub until: Option<DateTime<FixedOffset>>,
    /// So many hours from now, in the place of `until`.
    #[serde(default)]
    pub hours: Option<u32>,
    /// Who is to work on them; nobody when not given.
    #[serde(default)]
    pub assignee_id: Option<UserId>,
    /// Only say how many.
    #[serde(default)]
    pub dry_run: bool,
}

/// How many match, and how many were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertBulkResult)]
pub struct BulkResult {
    pub matched: i64,
    pub changed: i64,
}

impl BulkAlerts {
    /// From the address of the page that asks before it acts: `action`, any number of `ids`, and the filter of the list.
    ///
    /// # Errors
    /// A fault of `action`, or of `ids`.
    pub fn from_query(query: &str) -> Result<Self, AppError> {
        let pairs = query::pairs(query);
        let action = pairs.iter().find(|(name, _)| name == "action").and_then(|(_, value)| BulkAction::parse(value));
        let action =
            action.ok_or_else(|| AppError::field("action", "Choose acknowledge, resolve, assign or silence."))?;
        let ids = query::ticked(&pairs)?;
        let narrowing = |(name, value): &(String, String)| {
            AlertQuery::NARROWING.contains(&name.as_str()) && !value.trim().is_empty()
        };
        let filter = super::as_on_the_desk(pairs).into_iter().filter(narrowing).collect();
        Ok(Self {
            action,
            ids,
            filter: Some(filter),
            note: None,
            until: None,
            hours: None,
            assignee_id: None,
            dry_run: false,
        })
    }

    /// Until when it holds.
    #[must_use]
    pub fn end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = self.hours.and_then(|hours| now.checked_add_signed(Duration::hours(hours.into())));
        self.until.map(|until| until.to_utc()).or(after)
    }

    /// The filter as the list reads it. What an act needs besides is looked at when it is more than a question.
    ///
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self, now: DateTime<Utc>) -> Result<AlertQuery, Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.ids.is_empty() && self.filter.is_none() {
            faults.push(FieldError::new("ids", "Name alerts or give a filter."));
        }
        if i64::try_from(self.ids.len()).unwrap_or(i64::MAX) > MOST_AT_ONCE {
            faults.push(FieldError::new("ids", "At most 10,000 alerts at once."));
        }
        let given = self.filter.clone().unwrap_or_default();
        for name in given.keys().filter(|name| !AlertQuery::NARROWING.contains(&name.as_str())) {
            faults.push(FieldError::new(format!("filter.{name}"), "The list has no filter of this name."));
        }
        let query = AlertQuery::parse(given.into_iter().collect()).unwrap_or_else(|wrong| {
            let inside = |fault: FieldError| FieldError::new(format!("filter.{}", fault.path), fault.message);
            faults.extend(wrong.into_iter().map(inside));
            AlertQuery::default()
        });
        if !self.dry_run {
            faults.extend(check_note(self.note.as_deref()).err().into_iter().flatten());
            let end = self.end(now);
            match self.action {
                BulkAction::Acknowledge if end.is_some_and(|end| end <= now) => {
                    faults.push(FieldError::new("until", "Give a time that is still to come."));
                }
                BulkAction::Silence => {
                    if end.is_none_or(|end| end <= now) {
                        faults.push(FieldError::new("until", "Give a time that is still to come."));
                    }
                    let reason = self.note.as_deref().unwrap_or_default().trim().chars().count();
                    if !(5..=500).contains(&reason) {
                        faults.push(FieldError::new("note", "Say why, in 5 to 500 characters."));
                    }
                }
                _ => {}
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(asked: &BulkAlerts) -> Vec<String> {
        let now = "2026-05-01T08:00:00Z".parse().unwrap();
        asked.validate(now).err().into_iter().flatten().map(|fault| fault.path).collect()
    }

    #[test]
    fn an_act_on_many_says_which_and_takes_no_name_it_does_not_know() {
        let asked = BulkAlerts::from_query("action=resolve&severity=low&q=&sort=money&cursor=x&alert_type=power_cut");
        let asked = asked.unwrap();
        let filter: Vec<_> = asked.filter.iter().flatten().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(filter, [("alert_type", "power_cut"), ("is_resolved", "false"), ("severity", "low")]);
        assert!(paths(&asked).is_empty());
        let wide = BulkAlerts { filter: None, ..asked.clone() };
        assert_eq!(paths(&wide), ["ids"]);
        let with = |name: &str, value: &str| BulkAlerts {
            filter: Some(BTreeMap::from([(name.to_owned(), value.to_owned())])),
            ..asked.clone()
        };
        assert_eq!(paths(&with("severty", "low")), ["filter.severty"]);
        assert_eq!(paths(&with("severity", "urgent")), ["filter.severity"]);
        let fault = |query: &str| BulkAlerts::from_query(query).unwrap_err().fields[0].path.clone();
        assert_eq!(fault("action=delete"), "action");
        assert_eq!(fault("action=resolve&ids=nonsense"), "ids", "all of the list are not meant");
    }

    #[test]
    fn a_silence_of_many_has_an_end_and_a_reason() {
        let asked = BulkAlerts::from_query("action=silence").unwrap();
        assert_eq!(paths(&asked), ["until", "note"]);
        assert!(paths(&BulkAlerts { dry_run: true, ..asked.clone() }).is_empty(), "a question needs neither");
        let until = Some("2026-05-01T09:00:00Z".parse().unwrap());
        let note = Some("known since Monday".to_owned());
        assert!(paths(&BulkAlerts { until, note: note.clone(), ..asked.clone() }).is_empty());
        assert!(paths(&BulkAlerts { hours: Some(8), note: note.clone(), ..asked.clone() }).is_empty());
        assert_eq!(paths(&BulkAlerts { hours: Some(0), note, ..asked }), ["until"]);
    }
}
