//! How often files are expected.

use super::Target;
use crate::FieldError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Hours in a year.
const MOST_HOURS: u32 = 8_760;

/// Of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpectedFiles {
    pub target: Target,
    /// From one file to the next; null: none is expected.
    pub hours: Option<u32>,
}

/// Targets that are not named stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectFiles {
    /// Hours by target, 1 to 8,760; null: no file is expected.
    pub hours: BTreeMap<String, Option<u32>>,
}

impl ExpectFiles {
    /// Of a form: hours by target as they were typed, empty for none.
    ///
    /// # Errors
    /// Every fault, each with its target as path.
    pub fn typed(hours: BTreeMap<String, String>) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut read = BTreeMap::new();
        for (target, text) in hours {
            match text.trim() {
                "" => drop(read.insert(target, None)),
                text => match text.parse() {
                    Ok(hours) => drop(read.insert(target, Some(hours))),
                    Err(_) => faults.push(no_hours(&target)),
                },
            }
        }
        if faults.is_empty() { Ok(Self { hours: read }) } else { Err(faults) }
    }

    /// # Errors
    /// Every fault, each with its target as path.
    pub fn validate(&self) -> Result<Vec<ExpectedFiles>, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut expected = Vec::new();
        for (key, hours) in &self.hours {
            let known = Target::ALL.iter().find(|target| target.as_str() == key);
            match known {
                None => faults.push(FieldError::new(key, format!("There is no target \"{key}\"."))),
                Some(_) if hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) => faults.push(no_hours(key)),
                Some(target) => expected.push(ExpectedFiles { target: *target, hours: *hours }),
            }
        }
        if faults.is_empty() { Ok(expected) } else { Err(faults) }
    }
}

/// What an interval may be as a setting.
#[must_use]
pub fn is_interval(text: &str) -> bool {
    text.is_empty() || text.parse().is_ok_and(|hours: u32| (1..=MOST_HOURS).contains(&hours))
}

fn no_hours(target: &str) -> FieldError {
    FieldError::new(target, "Whole hours from 1 to 8,760. Empty: no file is expected.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Result<Vec<ExpectedFiles>, Vec<String>> {
        let hours = pairs.iter().map(|(target, hours)| ((*target).to_owned(), (*hours).to_owned())).collect();
        let paths = |faults: Vec<FieldError>| faults.into_iter().map(|fault| fault.path).collect::<Vec<_>>();
        ExpectFiles::typed(hours).map_err(paths)?.validate().map_err(paths)
    }

    #[test]
    fn hours_are_whole_and_empty_expects_nothing() {
        let of = |target, hours| ExpectedFiles { target, hours };
        assert_eq!(
            typed(&[("sales_transactions", " 24 "), ("visits", "")]),
            Ok(vec![of(Target::SalesTransactions, Some(24)), of(Target::Visits, None)])
        );
        for wrong in ["0", "8761", "1.5", "-1", "soon"] {
            assert_eq!(typed(&[("visits", wrong)]), Err(vec!["visits".to_owned()]), "{wrong}");
            assert!(!is_interval(wrong));
        }
        assert_eq!(typed(&[("stock", "24")]), Err(vec!["stock".to_owned()]));
        assert!(is_interval("") && is_interval("168"));
    }
}
