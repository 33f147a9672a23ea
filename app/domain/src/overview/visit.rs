//! Visits that the shop tells.

use crate::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
        check("visitor_key", &self.visitor_key, 100);
        check("session_ref", self.session_ref.as_deref().unwrap_or_default(), 50);
        check("path", self.path.as_deref().unwrap_or_default(), 500);
        check("source", self.source.as_deref().unwrap_or_default(), 100);
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
