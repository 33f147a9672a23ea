//! The filter of the list as it stands in the URL.

use crate::query;
use serde::{Deserialize, Serialize};

/// First part of an action, in the order of the choice.
pub const FEATURES: &[&str] =
    &["access", "settings", "transactions", "ingest", "jobs", "overview", "plan", "system", "audit"];

/// How an act can end.
pub const OUTCOMES: &[&str] = &["ok", "denied", "failed"];

/// Empty text means no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// From this day of the business (2026-03-10), or this time with its offset (RFC 3339), on.
    pub from: Option<String>,
    /// To the end of this day, or before this time.
    pub to: Option<String>,
    /// Part of the actor's name: an e-mail, a token's name, a job kind.
    pub actor: Option<String>,
    /// Kind of actor: `user`, `token`, `job`, `cli`, `system`.
    pub kind: Option<String>,
    /// First part of the action.
    pub feature: Option<String>,
    /// The whole action, `feature.verb`.
    pub action: Option<String>,
    /// What was acted on: `transaction`, or `transaction/<id>`.
    pub entity: Option<String>,
    pub outcome: Option<String>,
    /// Text in actor, action, entity, reason, before or after.
    pub q: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

impl AuditFilter {
    /// From the query part of an address; unknown names are ignored.
    #[must_use]
    pub fn from_query(text: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in query::pairs(text) {
            let value = Some(value.trim().to_owned()).filter(|v| !v.is_empty());
            match name.as_str() {
                "from" => filter.from = value,
                "to" => filter.to = value,
                "actor" => filter.actor = value,
                "kind" => filter.kind = value,
                "feature" => filter.feature = value,
                "action" => filter.action = value,
                "entity" => filter.entity = value,
                "outcome" => filter.outcome = value,
                "q" => filter.q = value,
                "cursor" => filter.cursor = value,
                "limit" => filter.limit = value.and_then(|v| v.parse().ok()),
                _ => {}
            }
        }
        filter
    }

    /// Without a leading `?`; empty without a filter.
    #[must_use]
    pub fn to_query(&self) -> String {
        let limit = self.limit.map(|n| n.to_string());
        let pairs = [
            ("from", &self.from),
            ("to", &self.to),
            ("actor", &self.actor),
            ("kind", &self.kind),
            ("feature", &self.feature),
            ("action", &self.action),
            ("entity", &self.entity),
            ("outcome", &self.outcome),
            ("q", &self.q),
            ("limit", &limit),
            ("cursor", &self.cursor),
        ];
        query::write(pairs.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))))
    }

    /// The filter from its first page on.
    #[must_use]
    pub fn first_page(self) -> Self {
        Self { cursor: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_back_as_written() {
        let text =
            "from=2026-03-10&actor=ann%40mill.example&feature=access&entity=user%2F7&q=a%20b&limit=50&cursor=1-2";
        let filter = AuditFilter::from_query(text);
        assert_eq!(filter.to_query(), text);
        assert_eq!(filter.clone().first_page().to_query(), text.trim_end_matches("&cursor=1-2"));
        assert_eq!(AuditFilter::from_query("?from=&x=1&q=+").to_query(), "");
    }
}
