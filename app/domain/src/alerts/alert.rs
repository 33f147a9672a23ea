//! An alert, what happened to it, and what people do with it.

use super::{AlertFeature, AlertStep, Delivery, Severity};
use crate::{
    FieldError,
    ids::{AlertId, UserId},
    words::words,
};
use chrono::{DateTime, FixedOffset, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a note or comment.
const MOST_NOTE: usize = 2_000;

words! {
    AlertState {
        Firing => "firing", "Firing";
        Recovering => "recovering", "Recovering";
        Resolved => "resolved", "Resolved";
    }
}

words! {
    /// The state as people see it.
    #[schema(as = AlertShownState)]
    ShownState {
        Firing => "firing", "Firing";
        Acknowledged => "acknowledged", "Acknowledged";
        Recovering => "recovering", "Recovering";
        Silenced => "silenced", "Silenced";
        Resolved => "resolved", "Resolved";
    }
}

/// Whether an acknowledgement, which may have an end, still holds.
#[must_use]
pub fn is_acknowledged(at: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    at.is_some() && until.is_none_or(|until| until > now)
}

impl ShownState {
    /// The first of resolved, silenced, recovering, acknowledged and firing that is so.
    #[must_use]
    pub const fn of(state: AlertState, silenced: bool, acknowledged: bool) -> Self {
        match state {
            AlertState::Resolved => Self::Resolved,
            _ if silenced => Self::Silenced,
            AlertState::Recovering => Self::Recovering,
            AlertState::Firing if acknowledged => Self::Acknowledged,
            AlertState::Firing => Self::Firing,
        }
    }

    /// Class of the badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Firing => "bad",
            Self::Acknowledged => "info",
            Self::Recovering => "warn",
            Self::Silenced => "neutral",
            Self::Resolved => "good",
        }
    }
}

words! {
    /// How an alert ended.
    #[schema(as = AlertResolution)]
    Resolution {
        Auto => "auto", "By itself";
        Manual => "manual", "By a person";
        Action => "action", "By what was done about it";
        Superseded => "superseded", "Its rule was switched off";
        Deleted => "deleted", "Deleted";
    }
}

/// Who has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertAcknowledged)]
pub struct Acknowledged {
    pub by: String,
    pub at: DateTime<FixedOffset>,
    pub note: Option<String>,
    /// Until then; `None`: until it is resolved.
    pub until: Option<DateTime<FixedOffset>>,
}

/// Who works on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertAssignee)]
pub struct Assignee {
    pub id: UserId,
    pub name: String,
}

/// An alert in the list. Times are of the business zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertRow {
    pub id: AlertId,
    pub number: i64,
    pub alert_type: String,
    pub feature: AlertFeature,
    pub severity: Severity,
    pub state: ShownState,
    pub title: String,
    pub message: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub entity_label: Option<String>,
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    #[schema(format = "decimal")]
    pub threshold: Option<Decimal>,
    pub unit: Option<String>,
    /// How often it was told of.
    pub occurrences: i32,
    pub is_resolved: bool,
    pub acknowledged: Option<Acknowledged>,
    pub assignee: Option<Assignee>,
    #[schema(format = "decimal")]
    pub money_at_risk: Option<Decimal>,
    pub currency: Option<String>,
    /// The page where something can be done about it.
    pub action_path: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    pub last_seen_at: DateTime<FixedOffset>,
    pub resolved_at: Option<DateTime<FixedOffset>>,
    pub resolved_by: Option<String>,
    pub resolution: Option<Resolution>,
    pub resolution_note: Option<String>,
    pub deleted_at: Option<DateTime<FixedOffset>>,
}

/// What happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertEvent {
    pub seq: i32,
    pub at: DateTime<FixedOffset>,
    pub actor: String,
    /// `opened`, `seen`, `severity`, `recovering`, `refired`, `acked`, `unacked`, `comment`, `assigned`, `silenced`,
    /// `notified`, `escalated`, `resolved` or `deleted`.
    pub kind: String,
    pub text: Option<String>,
}

/// An alert in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertDetail {
    #[serde(flatten)]
    pub row: AlertRow,
    /// What ends it.
    pub clears: Option<String>,
    /// What was measured while it was open, oldest first; at most 240, in even parts.
    pub values: Vec<AlertValue>,
    /// What its values are compared with: the thresholds, and where it is over.
    pub limits: Vec<AlertLimit>,
    /// The latest 500; that it was seen again is told by `occurrences`, `last_seen_at` and `values`.
    pub events: Vec<AlertEvent>,
    /// Who is told next while nobody takes it.
    pub steps: Vec<AlertStep>,
    /// Whom it was told to and what came of it, the latest 100; for who keeps channels.
    pub deliveries: Vec<Delivery>,
    /// Alerts of the same type and entity before it.
    pub before: Vec<AlertRow>,
    pub may_act: bool,
    pub may_delete: bool,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertValue {
    pub at: DateTime<FixedOffset>,
    #[schema(format = "decimal")]
    pub value: Decimal,
}

/// A line that values are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertLimit {
    pub label: String,
    #[schema(format = "decimal")]
    pub value: Decimal,
}

impl AlertLimit {
    /// Label of the line where an alert is over.
    pub const OVER: &'static str = "Over at";
}

/// Alerts that are not resolved; silenced ones are among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertCounts {
    pub total: i64,
    pub critical: i64,
    pub high: i64,
    pub medium: i64,
    pub low: i64,
    pub silenced: i64,
}

/// An alert opened by a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    /// 3 to 50 of `a-z`, `0-9`, `_`.
    pub alert_type: String,
    /// `low`, `medium`, `high` or `critical`; `info`, `warning`, `normal` and `error` are understood.
    pub severity: String,
    /// 5 to 255 characters.
    pub title: String,
    /// 10 to 4,000 characters.
    pub message: String,
    #[serde(default)]
    pub entity_type: Option<String>,
    #[serde(default)]
    pub entity_id: Option<String>,
    #[serde(default)]
    #[schema(format = "decimal")]
    pub money_at_risk: Option<Decimal>,
    /// Who is to work on it; it stays with whom it has when not given.
    #[serde(default)]
    pub assignee_id: Option<UserId>,
}

pub(super) fn type_fault(text: &str) -> Option<FieldError> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let fits = (3..=50).contains(&text.len()) && plain;
    (!fits).then(|| FieldError::new("alert_type", "A type has 3 to 50 small letters, digits and underscores."))
}

impl NewAlert {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<Severity, Vec<FieldError>> {
        let mut faults: Vec<FieldError> = type_fault(&self.alert_type).into_iter().collect();
        let severity = Severity::alias(self.severity.trim());
        if severity.is_none() {
            faults.push(FieldError::new("severity", "Choose low, medium, high or critical."));
        }
        if !(5..=255).contains(&self.title.trim().chars().count()) {
            faults.push(FieldError::new("title", "A title has 5 to 255 characters."));
        }
        if !(10..=4_000).contains(&self.message.trim().chars().count()) {
            faults.push(FieldError::new("message", "A message has 10 to 4,000 characters."));
        }
        if self.entity_type.as_ref().is_some_and(|text| text.chars().count() > 50) {
            faults.push(FieldError::new("entity_type", "At most 50 characters."));
        }
        if self.entity_id.as_ref().is_some_and(|text| text.chars().count() > 200) {
            faults.push(FieldError::new("entity_id", "At most 200 characters."));
        }
        if self.money_at_risk.is_some_and(|money| money.is_sign_negative()) {
            faults.push(FieldError::new("money_at_risk", "Money at risk is not negative."));
        }
        match severity {
            Some(severity) if faults.is_empty() => Ok(severity),
            _ => Err(faults),
        }
    }
}

/// What became of an alert that somebody opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    pub alert: AlertRow,
    /// `false`: the open one was told of once more.
    pub opened: bool,
}

/// "I have seen it."
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AckAlert {
    #[serde(default)]
    pub note: Option<String>,
    /// Until it is resolved when not given.
    #[serde(default)]
    pub until: Option<DateTime<FixedOffset>>,
}

/// Gives it to somebody, or to nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignAlert {
    /// Somebody who may acknowledge alerts of its feature.
    pub assignee_id: Option<UserId>,
}

/// Holds back what is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceAlert {
    /// At most 30 days from now.
    pub until: DateTime<FixedOffset>,
    /// 5 to 500 characters.
    pub reason: String,
}

/// What a person has to say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentAlert {
    pub text: String,
}

impl CommentAlert {
    /// # Errors
    /// When it is empty or too long.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let fits = (1..=MOST_NOTE).contains(&self.text.trim().chars().count());
        if fits { Ok(()) } else { Err(vec![FieldError::new("text", "A comment has 1 to 2,000 characters.")]) }
    }
}

/// A note beside an act.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertNote)]
pub struct Note {
    #[serde(default)]
    pub note: Option<String>,
}

/// # Errors
/// When the note is too long.
pub(crate) fn check_note(note: Option<&str>) -> Result<(), Vec<FieldError>> {
    let long = note.is_some_and(|note| note.chars().count() > MOST_NOTE);
    if long { Err(vec![FieldError::new("note", "A note has 2,000 characters at most.")]) } else { Ok(()) }
}

impl Note {
    /// # Errors
    /// When the note is too long.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        check_note(self.note.as_deref())
    }
}

impl AckAlert {
    /// # Errors
    /// When the note is too long.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        check_note(self.note.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let new = |severity: &str, title: &str, message: &str| NewAlert {
            alert_type: "power_cut".into(),
            severity: severity.into(),
            title: title.into(),
            message: message.into(),
            ..NewAlert::default()
        };
        let paths = |new: NewAlert| -> Vec<String> {
            new.validate().err().into_iter().flatten().map(|fault| fault.path).collect()
        };
        assert_eq!(paths(new("high", "four", "nine char")), ["title", "message"]);
        assert_eq!(new("warning", "Titles", "A long message").validate(), Ok(Severity::Medium));
        assert_eq!(new("info", "Titles", "A long message").validate(), Ok(Severity::Low));
        assert_eq!(new("error", "Titles", "A long message").validate(), Ok(Severity::High));
        assert_eq!(paths(new("urgent", "Titles", "A long message")), ["severity"]);
    }

    #[test]
    fn the_shown_state_is_the_first_that_is_so() {
        use AlertState::{Firing, Recovering, Resolved};
        assert_eq!(ShownState::of(Resolved, true, true), ShownState::Resolved);
        assert_eq!(ShownState::of(Recovering, true, true), ShownState::Silenced);
        assert_eq!(ShownState::of(Recovering, false, true), ShownState::Recovering);
        assert_eq!(ShownState::of(Firing, false, true), ShownState::Acknowledged);
        assert_eq!(ShownState::of(Firing, false, false), ShownState::Firing);
    }
}
