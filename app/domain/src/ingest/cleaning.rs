//! Cleaning proposals: what could be mended in many cells at once. None applies by itself; a person
//! accepts or refuses each, and what was accepted is a part of the mapping.

use super::target::Field;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a cell could be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CleaningRule {
    /// Double, hard or invisible spaces inside the text.
    Spaces,
    /// A currency sign or unit written beside a number.
    Unit,
    /// Another word for one the target knows.
    Synonym,
    /// The same word in another case.
    Case,
    /// A slip of at most two letters beside a known word.
    NearMiss,
}

impl CleaningRule {
    pub const ALL: [Self; 5] = [Self::Spaces, Self::Unit, Self::Synonym, Self::Case, Self::NearMiss];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spaces => "spaces",
            Self::Unit => "unit",
            Self::Synonym => "synonym",
            Self::Case => "case",
            Self::NearMiss => "near_miss",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Spaces => "Spaces within the text",
            Self::Unit => "Sign or unit beside a number",
            Self::Synonym => "Other word",
            Self::Case => "Capital and small letters",
            Self::NearMiss => "Probably misspelt",
        }
    }
}

/// One accepted cleaning. Rules for words name the word; [`CleaningRule::Spaces`] and
/// [`CleaningRule::Unit`] are for all cells of the field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Cleaning {
    pub rule: CleaningRule,
    pub field: Field,
    /// Word to replace, and by what; empty for rules of all cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<(String, String)>,
}

impl Cleaning {
    /// Stable name of the cleaning, as forms send it back: `near_miss:country:Untied Kingdom`.
    #[must_use]
    pub fn key(&self) -> String {
        let word = self.word.as_ref().map_or("", |(before, _)| before);
        format!("{}:{}:{word}", self.rule.as_str(), self.field.key())
    }
}

/// A cleaning that would change rows of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposal {
    #[serde(flatten)]
    pub cleaning: Cleaning,
    /// A cell of the file, and what would become of it.
    pub before: String,
    pub after: String,
    /// Rows it touches.
    pub rows: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_rules_parse_back() {
        let word = Some(("Untied Kingdom".to_owned(), "United Kingdom".to_owned()));
        let cleaning = Cleaning { rule: CleaningRule::NearMiss, field: Field::Country, word };
        assert_eq!(cleaning.key(), "near_miss:country:Untied Kingdom");
        assert!(CleaningRule::ALL.iter().all(|r| CleaningRule::parse(r.as_str()) == Some(*r)));
    }
}
