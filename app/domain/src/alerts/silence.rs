//! Silences: alerts that open and count as ever, and tell nobody.

use super::{AlertFeature, Severity};
use crate::{FieldError, ids::SilenceId, words::words};
use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A silence lasts so long at most.
const LONGEST: Duration = Duration::days(30);
/// Types that are never silenced while they are critical.
const NEVER: [&str; 2] = ["audit_broken", "isolation_breach"];

words! {
    /// What of an alert is looked at.
    #[schema(as = SilenceField)]
    MatcherField {
        AlertType => "alert_type", "Type";
        Feature => "feature", "Feature";
        SeverityMax => "severity_max", "Severity at most";
        /// Of routes only.
        SeverityMin => "severity_min", "Severity at least";
        EntityType => "entity_type", "Entity type";
        EntityId => "entity_id", "Entity";
        RuleId => "rule_id", "Rule";
    }
}

/// One condition; the value of the field is one of `values`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SilenceMatcher)]
pub struct Matcher {
    pub field: MatcherField,
    pub values: Vec<String>,
}

/// What a matcher looks at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub alert_type: &'a str,
    pub feature: AlertFeature,
    pub severity: Severity,
    pub entity_type: Option<&'a str>,
    pub entity_id: Option<&'a str>,
    pub rule_id: Option<&'a str>,
}

impl Subject<'_> {
    /// What must be heard: critical alerts of access and audit cannot be held back by anybody.
    #[must_use]
    pub fn is_always_told(&self) -> bool {
        let kept = matches!(self.feature, AlertFeature::Access | AlertFeature::Audit);
        self.severity == Severity::Critical && (kept || NEVER.contains(&self.alert_type))
    }
}

impl Matcher {
    #[must_use]
    pub fn matches(&self, of: &Subject<'_>) -> bool {
        let has = |text: Option<&str>| text.is_some_and(|text| self.values.iter().any(|value| value == text));
        let ranks = || self.values.iter().filter_map(|value| Severity::parse(value)).map(Severity::rank);
        match self.field {
            MatcherField::AlertType => has(Some(of.alert_type)),
            MatcherField::Feature => has(Some(of.feature.as_str())),
            MatcherField::EntityType => has(of.entity_type),
            MatcherField::EntityId => has(of.entity_id),
            MatcherField::RuleId => has(of.rule_id),
            MatcherField::SeverityMax => ranks().max().is_some_and(|most| of.severity.rank() <= most),
            MatcherField::SeverityMin => ranks().min().is_some_and(|least| of.severity.rank() >= least),
        }
    }
}

/// The fault of a matcher whose field cannot have its values.
pub(super) fn matcher_faults(matcher: &Matcher, path: &str) -> Option<FieldError> {
    let known = |value: &String| match matcher.field {
        MatcherField::SeverityMax | MatcherField::SeverityMin => Severity::parse(value).is_some(),
        MatcherField::Feature => AlertFeature::parse(value).is_some(),
        _ => (1..=200).contains(&value.trim().chars().count()),
    };
    let fits = (1..=50).contains(&matcher.values.len()) && matcher.values.iter().all(known);
    (!fits).then(|| FieldError::new(path, "Give values that this field can have."))
}

/// A silence to be made. All matchers must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSilence {
    pub matchers: Vec<Matcher>,
    /// Now when not given.
    #[serde(default)]
    pub starts_at: Option<DateTime<FixedOffset>>,
    /// At most 30 days after the start.
    pub ends_at: DateTime<FixedOffset>,
    /// 5 to 500 characters.
    pub reason: String,
}

impl NewSilence {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self, now: DateTime<Utc>) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let starts = self.starts_at.map_or(now, |at| at.to_utc());
        let ends = self.ends_at.to_utc();
        if ends <= starts || ends <= now {
            faults.push(FieldError::new("ends_at", "The end lies after the start and after now."));
        } else if ends - starts > LONGEST {
            faults.push(FieldError::new("ends_at", "A silence lasts 30 days at most."));
        }
        if !(5..=500).contains(&self.reason.trim().chars().count()) {
            faults.push(FieldError::new("reason", "Say why, in 5 to 500 characters."));
        }
        if self.matchers.is_empty() || self.matchers.len() > 10 {
            faults.push(FieldError::new("matchers", "A silence has one to ten conditions."));
        }
        for (i, matcher) in self.matchers.iter().enumerate() {
            let path = format!("matchers[{i}].values");
            faults.extend(matcher_faults(matcher, &path));
            if matcher.field == MatcherField::SeverityMin {
                faults.push(FieldError::new(format!("matchers[{i}].field"), "A silence takes the severity at most."));
            }
            if matcher.field == MatcherField::AlertType && matcher.values.iter().any(|v| NEVER.contains(&v.as_str())) {
                faults.push(FieldError::new(path, "This type cannot be silenced."));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A silence in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silence {
    pub id: SilenceId,
    pub matchers: Vec<Matcher>,
    pub starts_at: DateTime<FixedOffset>,
    pub ends_at: DateTime<FixedOffset>,
    pub reason: String,
    pub created_by: String,
    /// Ended before its time.
    pub ended_at: Option<DateTime<FixedOffset>>,
    pub ended_by: Option<String>,
    /// `running`, `planned` or `ended`.
    pub state: String,
    /// Messages it held back.
    pub held_back: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_has_an_end_a_reason_and_something_to_match() {
        let now: DateTime<Utc> = "2026-05-01T08:00:00Z".parse().unwrap();
        let silence = |days: i64, reason: &str, alert_type: &str| NewSilence {
            matchers: vec![Matcher { field: MatcherField::AlertType, values: vec![alert_type.into()] }],
            starts_at: None,
            ends_at: (now + Duration::days(days)).fixed_offset(),
            reason: reason.into(),
        };
        let paths = |silence: NewSilence| -> Vec<String> {
            silence.validate(now).err().into_iter().flatten().map(|fault| fault.path).collect()
        };
        assert!(paths(silence(30, "known since Monday", "low_stock")).is_empty());
        assert_eq!(paths(silence(31, "", "low_stock")), ["ends_at", "reason"]);
        assert_eq!(paths(silence(1, "known since Monday", "audit_broken")), ["matchers[0].values"]);
    }

    #[test]
    fn all_that_is_looked_at_must_match() {
        let of = Subject {
            alert_type: "low_stock",
            feature: AlertFeature::Inventory,
            severity: Severity::High,
            entity_type: Some("product"),
            entity_id: Some("7"),
            rule_id: None,
        };
        let matcher = |field, value: &str| Matcher { field, values: vec![value.into()] };
        assert!(matcher(MatcherField::EntityId, "7").matches(&of));
        assert!(!matcher(MatcherField::RuleId, "7").matches(&of));
        assert!(matcher(MatcherField::SeverityMax, "critical").matches(&of));
        assert!(!matcher(MatcherField::SeverityMax, "medium").matches(&of));
        assert!(matcher(MatcherField::Feature, "inventory").matches(&of));
    }
}
