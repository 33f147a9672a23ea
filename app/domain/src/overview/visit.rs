//! Visits that the shop tells.

use crate::FieldError;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows of one browser and session that are less than this apart tell of one visit.
pub const ONE_VISIT: TimeDelta = TimeDelta::minutes(30);

/// Most characters of each text of a visit.
pub const VISITOR_KEY_CHARS: usize = 100;
pub const SESSION_REF_CHARS: usize = 50;
pub const PATH_CHARS: usize = 500;
pub const SOURCE_CHARS: usize = 100;

/// One visit told by the shop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordVisit {
    /// Random id of the browser; no personal data.
    pub visitor_key: String,
    #[serde(default)]
    pub session_ref: Option<String>,
    #[serde(default)]
    pub path: Option<String>,
    /// Where the visitor came from.
    #[serde(default)]
    pub source: Option<String>,
}

impl RecordVisit {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut check = |path: &str, text: &str, most: usize| {
            if text.chars().count() > most {
                faults.push(FieldError::new(path, format!("At most {most} characters.")));
            } else if text.chars().any(char::is_control) {
                faults.push(FieldError::new(path, "Control characters are not allowed."));
            }
        };
        check("visitor_key", &self.visitor_key, VISITOR_KEY_CHARS);
        check("session_ref", self.session_ref.as_deref().unwrap_or_default(), SESSION_REF_CHARS);
        check("path", self.path.as_deref().unwrap_or_default(), PATH_CHARS);
        check("source", self.source.as_deref().unwrap_or_default(), SOURCE_CHARS);
        if self.visitor_key.trim().is_empty() {
            faults
                .push(FieldError::new("visitor_key", "Say which browser visited: a random id without personal data."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_tells_all_its_faults() {
        let visit =
            RecordVisit { session_ref: Some("x".repeat(51)), path: Some("/a\0".into()), ..RecordVisit::default() };
        let paths: Vec<_> = visit.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["session_ref", "path", "visitor_key"]);
        assert!(RecordVisit { visitor_key: "b-1".into(), ..RecordVisit::default() }.validate().is_ok());
    }
}
