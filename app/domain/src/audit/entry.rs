//! A row of the audit log as people read it.

use crate::{access::ActorKind, ids::AuditId};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    pub id: AuditId,
    /// In the zone of the business.
    pub at: DateTime<FixedOffset>,
    pub actor_kind: ActorKind,
    pub actor: String,
    /// `feature.verb`
    pub action: String,
    pub entity_type: String,
    pub entity_id: String,
    /// `ok`, `denied` or `failed`.
    pub outcome: String,
    pub reason: Option<String>,
    /// Personal data was read unmasked.
    pub pii_read: bool,
}

impl AuditRow {
    /// Class of the badge that shows the outcome.
    #[must_use]
    pub fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "ok" => "good",
            "denied" => "bad",
            _ => "warn",
        }
    }

    /// "transaction 0190…", for a line.
    #[must_use]
    pub fn entity(&self) -> String {
        format!("{} {}", self.entity_type, self.entity_id).trim_end().to_owned()
    }

    /// The page of what was acted on, where it has one.
    #[must_use]
    pub fn entity_path(&self) -> Option<String> {
        let id = Some(&self.entity_id).filter(|id| !id.is_empty());
        Some(match self.entity_type.as_str() {
            "transaction" => format!("/transactions/{}", id?),
            "import" => format!("/data/import/{}", id?),
            "job" => format!("/jobs/{}", id?),
            "schedule" => "/jobs/schedules".to_owned(),
            "user" => "/settings/users".to_owned(),
            "settings" => "/settings".to_owned(),
            "target" => "/overview/targets".to_owned(),
            "demo" => "/settings/demo".to_owned(),
            _ => return None,
        })
    }
}

/// A page of the list. The whole filter is counted up to a bound, because the log grows for years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    pub items: Vec<AuditRow>,
    pub next_cursor: Option<String>,
    pub total: i64,
    /// There are more than `total`; they were not counted.
    pub total_is_bound: bool,
}

/// Everything about one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditDetail {
    #[serde(flatten)]
    pub row: AuditRow,
    pub actor_id: Option<String>,
    /// First digits of the hash of the session or token.
    pub session_ref: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// One field before and after; `None`: it was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Difference {
    #[must_use]
    pub fn changed(&self) -> bool {
        self.before != self.after
    }
}

/// Fields of either side, by name. A side that is no object counts as one field without name.
#[must_use]
pub fn differences(before: Option<&Value>, after: Option<&Value>) -> Vec<Difference> {
    let names = |side: Option<&Value>| -> Vec<String> {
        match side {
            Some(Value::Object(fields)) => fields.keys().cloned().collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(_) => vec![String::new()],
        }
    };
    let of = |side: Option<&Value>, name: &str| -> Option<String> {
        match side? {
            Value::Object(fields) => fields.get(name).map(words),
            Value::Null => None,
            other => name.is_empty().then(|| words(other)),
        }
    };
    let mut all = names(before);
    all.extend(names(after));
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|field| Difference { before: of(before, &field), after: of(after, &field), field }).collect()
}

/// A value in words: text without quotes, a secret as the fact that it changed.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("$secret") => "(secret)".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_field_of_either_side_is_set_against_the_other() {
        let (before, after) = (json!({"zone": "UTC", "gone": 1}), json!({"zone": "Asia/Kolkata", "new": [1, 2]}));
        let all = differences(Some(&before), Some(&after));
        let of = |field: &str| all.iter().find(|d| d.field == field).map(|d| (d.before.as_deref(), d.after.as_deref()));
        assert_eq!(of("zone"), Some((Some("UTC"), Some("Asia/Kolkata"))));
        assert_eq!(of("gone"), Some((Some("1"), None)));
        assert_eq!(of("new"), Some((None, Some("[1,2]"))));
        assert!(differences(None, None).is_empty());
    }

    #[test]
    fn a_secret_is_told_as_changed_and_a_bare_value_has_no_name() {
        let after = json!({"password": {"$secret": "changed"}});
        assert_eq!(differences(None, Some(&after))[0].after.as_deref(), Some("(secret)"));
        assert_eq!(
            differences(Some(&json!(1)), None),
            [Difference { field: String::new(), before: Some("1".to_owned()), after: None }]
        );
    }
}
