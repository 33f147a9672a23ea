//! What is sent as a scenario, read and checked.

use crate::services::planning::variants;
use domain::{AppError, FieldError, planning::fault_of_name};
use engine::planning::{
    document::double,
    fault::Fault,
    scenario::Scenario,
    tree::{self, Tree},
};
use sqlx::PgConnection;

const LONGEST_DESCRIPTION: usize = 1_000;

/// What was sent, checked.
#[derive(Debug, PartialEq)]
pub struct Checked {
    pub name: String,
    pub description: Option<String>,
    pub seed: i64,
    pub probability: Option<f64>,
    /// Canonical JSON list.
    pub ops: String,
}

/// Every fault of an overlay, by the engine's own reader and by what is kept of it.
pub fn checked(overlay: &str) -> Result<Checked, Vec<FieldError>> {
    let tree = tree::read(overlay)
        .map_err(|fault| vec![FieldError::new("ops", format!("The scenario is no JSON: {fault}."))])?;
    let mut faults = Vec::new();
    if let Err(found) = Scenario::parse(overlay) {
        let told = |fault: Fault| {
            let path = if fault.path.is_empty() { "ops" } else { fault.path.as_str() };
            FieldError::new(path, format!("{} ({})", fault.message, fault.code))
        };
        faults.extend(found.into_iter().map(told));
    }
    let name = tree.get("name").and_then(Tree::text).unwrap_or_default().trim().to_owned();
    faults.extend(fault_of_name(&name));
    let description = match tree.get("description") {
        None | Some(Tree::Null) => None,
        Some(Tree::Text(text)) if text.chars().count() <= LONGEST_DESCRIPTION => Some(text.trim().to_owned()),
        Some(_) => {
            faults.push(FieldError::new("description", "A description is a text of at most 1,000 characters."));
            None
        }
    };
    let whole = |value: &Tree| value.number().filter(|n| n.fract().is_zero()).and_then(|n| i64::try_from(n).ok());
    let seed = tree.get("seed").map_or(Some(0), whole);
    if seed.is_none() && !faults.iter().any(|fault| fault.path == "seed") {
        faults.push(FieldError::new("seed", "The seed is a whole number from 0 to 9223372036854775807."));
    }
    let probability = match tree.get("probability") {
        None | Some(Tree::Null) => None,
        Some(value) => {
            let share = value.number().map(double).filter(|share| *share > 0.0 && *share <= 1.0);
            if share.is_none() {
                faults.push(FieldError::new("probability", "A probability is above 0 and at most 1."));
            }
            share
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let ops = tree.get("ops").map(Tree::canonical).unwrap_or_default();
    let description = description.filter(|text| !text.is_empty());
    Ok(Checked { name, description, seed: seed.unwrap_or_default(), probability, ops })
}

/// As [`checked`], of a draft whose pins may name plans.
pub(super) async fn read_draft(
    connection: &mut PgConnection,
    overlay: &str,
) -> Result<Result<Checked, Vec<FieldError>>, AppError> {
    let (overlay, mut faults) = variants::with_rows(connection, overlay).await?;
    let checked = checked(&overlay);
    if faults.is_empty() {
        return Ok(checked);
    }
    faults.extend(checked.err().into_iter().flatten());
    Ok(Err(faults))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay(rest: &str) -> String {
        format!("{{\"format\":\"millrace-scenario/1\",\"ops\":[]{rest}}}")
    }

    #[test]
    fn every_fault_of_an_overlay_is_told_at_once() {
        let faults = checked(&overlay(",\"name\":\" \",\"seed\":-1,\"probability\":2,\"sede\":1")).unwrap_err();
        let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["sede", "seed", "name", "probability"]);
        assert_eq!(checked("[").unwrap_err()[0].path, "ops");
        let wide = checked(&overlay(",\"name\":\"S\",\"seed\":18446744073709551615")).unwrap_err();
        assert_eq!((wide.len(), wide[0].path.as_str()), (1, "seed"), "{wide:?}");
    }

    #[test]
    fn what_is_kept_is_canonical() {
        let text = overlay(",\"name\":\" Wet \",\"seed\":7,\"description\":\"\"")
            .replace("[]", "[ { \"op\": \"fuel_price\", \"factor\": 1.250 } ]");
        let kept = checked(&text).unwrap();
        assert_eq!(kept.ops, "[{\"factor\":1.25,\"op\":\"fuel_price\"}]");
        assert_eq!((kept.name.as_str(), kept.seed, kept.description, kept.probability), ("Wet", 7, None, None));
    }
}
