//! Which items are asked for, as it stands in the address.

use super::item::{AttentionItem, Feature, Severity};
use crate::{FieldError, query};
use serde::{Deserialize, Serialize};

/// Items of one answer at most.
pub const MOST_ITEMS: u32 = 200;

/// As typed; empty text means no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttentionQuery {
    pub feature: Option<String>,
    pub severity: Option<String>,
    pub limit: Option<String>,
}

/// The checked question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionRequest {
    pub feature: Option<Feature>,
    pub severity: Option<Severity>,
    pub limit: u32,
}

impl AttentionQuery {
    /// From the query part of an address; unknown names and empty values are left out.
    #[must_use]
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "feature" => &mut asked.feature,
                "severity" => &mut asked.severity,
                "limit" => &mut asked.limit,
                _ => continue,
            };
            *field = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
        asked
    }

    /// # Errors
    /// Every word that is not one of the list's.
    pub fn resolve(&self) -> Result<AttentionRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let feature = given(&self.feature).map(|text| Feature::parse(&text));
        if feature == Some(None) {
            let known: Vec<_> = Feature::ALL.iter().map(|f| f.as_str()).collect();
            faults.push(FieldError::new("feature", format!("Give one of {}.", known.join(", "))));
        }
        let severity = given(&self.severity).map(|text| Severity::parse(&text));
        if severity == Some(None) {
            faults.push(FieldError::new("severity", "Give critical, high, medium or low."));
        }
        let limit = given(&self.limit).map_or(Some(MOST_ITEMS), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=MOST_ITEMS).contains(limit));
        if limit.is_none() {
            faults.push(FieldError::new("limit", format!("Give a whole number from 1 to {MOST_ITEMS}.")));
        }
        match (faults.is_empty(), limit) {
            (true, Some(limit)) => {
                Ok(AttentionRequest { feature: feature.flatten(), severity: severity.flatten(), limit })
            }
            _ => Err(faults),
        }
    }
}

impl AttentionRequest {
    #[must_use]
    pub fn wants(&self, item: &AttentionItem) -> bool {
        self.feature.is_none_or(|feature| feature == item.feature)
            && self.severity.is_none_or(|severity| severity == item.severity)
    }

    /// `?feature=…&severity=…`, or nothing.
    #[must_use]
    pub fn link(&self) -> String {
        let pairs = [("feature", self.feature.map(Feature::as_str)), ("severity", self.severity.map(Severity::as_str))];
        let written = query::write(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if written.is_empty() { written } else { format!("?{written}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<AttentionRequest, Vec<String>> {
        let paths = |faults: Vec<FieldError>| faults.into_iter().map(|f| f.path).collect();
        AttentionQuery::parse(query::pairs(query)).resolve().map_err(paths)
    }

    #[test]
    fn a_filter_survives_its_address() {
        let request = asked("?feature=jobs&severity=high&limit=8&x=1").unwrap();
        assert_eq!((request.feature, request.severity, request.limit), (Some(Feature::Jobs), Some(Severity::High), 8));
        assert_eq!(request.link(), "?feature=jobs&severity=high");
        let all = asked("feature=&severity=").unwrap();
        assert_eq!((all.link(), all.limit), (String::new(), MOST_ITEMS));
    }

    #[test]
    fn every_fault_is_told() {
        assert_eq!(
            asked("feature=luck&severity=dire&limit=0"),
            Err(["feature", "severity", "limit"].map(str::to_owned).into())
        );
        assert_eq!(asked("limit=201"), Err(vec!["limit".to_owned()]));
    }
}
