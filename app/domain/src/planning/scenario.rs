//! Own scenarios beside the built-in ones: overlays in versions, and what they change of an input.

use super::{JsonText, Verdict};
use crate::{
    FieldError,
    ids::{PlanRunId, PlanScenarioId},
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, fmt, str::FromStr};
use utoipa::ToSchema;

/// Fields that are shown of a difference.
pub const MOST_CHANGES: usize = 500;
const LONGEST_NAME: usize = 120;
const LONGEST_CODE: usize = 40;

/// A scenario of an address: a version by its id, or the newest by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioRef {
    Version(PlanScenarioId),
    Name(String),
}

impl FromStr for ScenarioRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Version))
    }
}

impl fmt::Display for ScenarioRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanScenario)]
pub struct ScenarioItem {
    /// What a run asks for by `scenario_name`.
    pub name: String,
    pub title: String,
    pub description: String,
    /// What it does to the input, in words.
    pub modifications: Vec<String>,
    /// Of an own one: its newest version.
    pub id: Option<PlanScenarioId>,
    pub version: Option<i32>,
    /// Whether its draws differ.
    pub has_chance: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanScenarios)]
pub struct ScenarioList {
    pub scenarios: Vec<ScenarioItem>,
}

/// One version of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanScenarioVersion)]
pub struct ScenarioDetail {
    pub scenario: ScenarioItem,
    pub seed: i64,
    pub probability: Option<f64>,
    #[schema(value_type = Vec<Object>)]
    pub ops: JsonText,
    /// The newest version, where this is none.
    pub newest: Option<PlanScenarioId>,
    pub archived_at: Option<DateTime<FixedOffset>>,
    /// Of a built-in one nobody's.
    pub created_at: Option<DateTime<FixedOffset>>,
    pub created_by: Option<String>,
    pub versions: Vec<ScenarioVersion>,
}

/// A version in the list of a scenario's versions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanScenarioVersionItem)]
pub struct ScenarioVersion {
    pub id: PlanScenarioId,
    pub version: i32,
    pub created_at: DateTime<FixedOffset>,
    pub created_by: String,
}

/// An overlay `millrace-scenario/1` to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioDraft {
    /// None: made from the name. Of a change: as it is.
    pub code: Option<String>,
    /// JSON text.
    pub overlay: String,
}

/// What a copy is called; `name` None: as what it copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CopyPlanScenario)]
pub struct CopyScenario {
    pub code: String,
    #[serde(default)]
    pub name: Option<String>,
}

/// A code from a name: `A stops, diesel +25 %` is `a_stops_diesel_25`.
#[must_use]
pub fn code_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut code = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    code.truncate(LONGEST_CODE);
    code.trim_end_matches('_').to_owned()
}

/// What is wrong with a code; `taken` are the names of built-in ones.
#[must_use]
pub fn fault_of_code(code: &str, taken: &[&str]) -> Option<FieldError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if !(1..=LONGEST_CODE).contains(&code.len()) || !code.bytes().all(fits) {
        return Some(FieldError::new("code", "A code is 1 to 40 letters, digits, _, . or -."));
    }
    if PlanScenarioId::from_str(code).is_ok() {
        return Some(FieldError::new("code", "A code cannot look like an id."));
    }
    taken.contains(&code).then(|| FieldError::new("code", format!("{code} is a built-in scenario. Copy it instead.")))
}

/// What is wrong with a name.
#[must_use]
pub fn fault_of_name(name: &str) -> Option<FieldError> {
    let length = name.trim().chars().count();
    (!(1..=LONGEST_NAME).contains(&length)).then(|| FieldError::new("name", "A name has 1 to 120 characters."))
}

/// Which document is meant: one of the four; without any, that of the only network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputChoice {
    pub use_sample_data: bool,
    /// A document `millrace-plan/1` as JSON text.
    pub input_data: Option<String>,
    /// What this run solved, without its scenario.
    pub input_of_run: Option<PlanRunId>,
    /// What the network of this code was frozen into last.
    pub network: Option<String>,
}

impl InputChoice {
    /// # Errors
    /// More than one of the four.
    pub fn validate(&self) -> Result<(), FieldError> {
        let network = self.network.is_some();
        let named = [self.use_sample_data, self.input_data.is_some(), self.input_of_run.is_some(), network];
        if named.into_iter().filter(|named| *named).count() > 1 {
            return Err(FieldError::new(
                "input_data",
                "Choose one input: a document, a run's, a network's, or the sample.",
            ));
        }
        Ok(())
    }
}

/// What a scenario is laid over, to see what it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResolveScenario {
    pub input: InputChoice,
    /// From 0.
    pub draw: i32,
}

/// Rows of a section that a scenario changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSectionChanges)]
pub struct SectionChanges {
    pub section: String,
    pub added: i64,
    pub removed: i64,
    pub changed: i64,
}

/// A field that a scenario changes. Null: it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanFieldChange)]
pub struct FieldChange {
    pub section: String,
    /// `A/X/rail/P`, as the section's key says.
    pub key: String,
    /// Null: in every period.
    pub period: Option<String>,
    pub field: String,
    /// As it is written, with every digit.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What a scenario makes of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanScenarioDifference)]
pub struct ScenarioDifference {
    pub name: String,
    pub version: Option<i32>,
    pub draw: i32,
    /// Hashes of the input and of what comes of it.
    pub base_sha256: String,
    pub resolved_sha256: String,
    pub overall: Verdict,
    /// What is doubtful about it.
    pub warnings: Vec<String>,
    pub sections: Vec<SectionChanges>,
    /// Changed fields in all.
    pub total: i64,
    /// The first 500 of them.
    pub changes: Vec<FieldChange>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_from_the_name_and_fits() {
        assert_eq!(code_of("A stops, diesel +25 %"), "a_stops_diesel_25");
        assert_eq!(code_of("…"), "");
        assert!(code_of(&"long name ".repeat(20)).len() <= 40);
        assert_eq!(fault_of_code("dry-season_2", &["base"]), None);
        for wrong in ["", "dry season", "base", &"x".repeat(41), "0190a000-0000-7000-8000-000000000000"] {
            assert!(fault_of_code(wrong, &["base"]).is_some(), "{wrong}");
        }
        assert!(fault_of_name(" ").is_some() && fault_of_name("Dry season").is_none());
    }

    #[test]
    fn an_address_names_a_version_or_the_newest() {
        let id = "0190a000-0000-7000-8000-000000000000";
        assert!(matches!(id.parse(), Ok(ScenarioRef::Version(_))));
        assert_eq!("high_demand".parse(), Ok(ScenarioRef::Name("high_demand".to_owned())));
    }

    #[test]
    fn operations_keep_their_digits_on_the_wire() {
        let text = r#"[{"factor":0.30000000000000000001,"op":"scale"}]"#;
        let json = serde_json::to_string(&JsonText(text.to_owned())).unwrap();
        assert_eq!(json, text);
        assert_eq!(serde_json::from_str::<JsonText>(&json).unwrap().0, text);
    }

    #[test]
    fn one_input_is_chosen() {
        let sample = InputChoice { use_sample_data: true, ..InputChoice::default() };
        assert!(sample.validate().is_ok() && InputChoice::default().validate().is_ok());
        assert!(InputChoice { network: Some("IN".into()), ..sample.clone() }.validate().is_err());
        assert!(InputChoice { input_data: Some("{}".into()), ..sample }.validate().is_err());
    }
}
