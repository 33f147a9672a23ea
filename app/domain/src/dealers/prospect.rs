//! Prospects of a dealer as people see them, masked.

use crate::{
    FieldError,
    paging::{DEFAULT_LIMIT, limit_of},
    query,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A code with what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerCode)]
pub struct Code {
    pub code: String,
    pub label: String,
}

/// A row of the list. Name, phone and national id are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProspectItem {
    pub prospect_no: String,
    /// As the dealer wrote it; nobody wrote one where there is none.
    pub prospect_date: Option<NaiveDate>,
    pub full_name: Option<String>,
    pub phone: Option<String>,
    pub national_id: Option<String>,
    pub status: Option<Code>,
    pub follow_up: Option<Code>,
    pub source: Option<Code>,
    pub sales_person_code: Option<String>,
    /// Codes of the types it is about.
    pub units: Vec<String>,
    pub modified_at: Option<DateTime<FixedOffset>>,
    pub last_seen_at: DateTime<FixedOffset>,
}

/// The personal fields of one prospect, as the dealer wrote them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProspectPersonal {
    pub prospect_no: String,
    pub full_name: Option<String>,
    pub phone: Option<String>,
    pub national_id: Option<String>,
    pub address: Option<String>,
    /// Latitude and longitude.
    pub location: Option<String>,
}

impl fmt::Debug for ProspectPersonal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProspectPersonal").field("prospect_no", &self.prospect_no).finish_non_exhaustive()
    }
}

/// Which prospects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProspectQuery {
    /// Part of the name, or a whole phone number or national id; for those who may see personal data.
    pub search: Option<String>,
    pub status: Option<String>,
    pub unit: Option<String>,
    pub source: Option<String>,
    pub sales_person: Option<String>,
    /// First and last day of the prospect.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub cursor: Option<String>,
    pub limit: u32,
}

impl Default for ProspectQuery {
    fn default() -> Self {
        Self {
            search: None,
            status: None,
            unit: None,
            source: None,
            sales_person: None,
            from: None,
            to: None,
            cursor: None,
            limit: DEFAULT_LIMIT,
        }
    }
}

impl ProspectQuery {
    /// Reads name and value pairs. Empty values count as absent, unknown names are ignored. All faults at once.
    ///
    /// # Errors
    /// One entry for each value that cannot be read, `path` being its name.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut out = Self::default();
        let mut faults = query::set_each(pairs, |name, value| out.set(name, value));
        if out.from.zip(out.to).is_some_and(|(from, to)| to < from) {
            faults.push(FieldError::new("to", "The last day lies before the first."));
        }
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let code = |value: &str| match value.chars().count() {
            ..=60 => Ok(Some(value.to_owned())),
            _ => Err("A code has at most 60 characters."),
        };
        let day = |value: &str| value.parse().map(Some).map_err(|_| "Write a day as YYYY-MM-DD.");
        match name {
            "search" if value.chars().count() > 100 => return Err("Search for at most 100 characters."),
            "search" => self.search = Some(value.trim().to_owned()).filter(|text| !text.is_empty()),
            "status" => self.status = code(value)?,
            "unit" => self.unit = code(value)?,
            "source" => self.source = code(value)?,
            "sales_person" => self.sales_person = code(value)?,
            "from" => self.from = day(value)?,
            "to" => self.to = day(value)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }
}

const DOT: char = '\u{2022}';

/// All but the last four characters as dots; a leading country code stays.
#[must_use]
pub fn masked_number(text: &str) -> String {
    let (before, rest) = match text.split_at_checked(3) {
        Some((country, rest)) if country.starts_with('+') => (country, rest),
        _ => ("", text),
    };
    let length = rest.chars().count();
    let shown = if length > 4 { 4 } else { 0 };
    let masked = rest.chars().enumerate().map(|(at, one)| if at + shown < length { DOT } else { one });
    before.chars().chain(masked).collect()
}

/// The first letter of each word.
#[must_use]
pub fn masked_name(name: &str) -> String {
    let word = |word: &str| word.chars().take(1).chain([DOT; 3]).collect::<String>();
    name.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_their_end_and_names_their_letters() {
        assert_eq!(masked_number("0000000000001234"), "••••••••••••1234");
        assert_eq!(masked_number("080012345678"), "••••••••5678");
        assert_eq!(masked_number("+6280012345678"), "+62•••••••5678");
        // What is shorter than its mask shows nothing.
        assert_eq!((masked_number("1234").as_str(), masked_number("").as_str()), ("••••", ""));
        assert_eq!(masked_name("Siti  Rahma"), "S••• R•••");
    }

    #[test]
    fn every_fault_of_a_filter_is_told() {
        let faults = ProspectQuery::parse([("from", "soon"), ("limit", "0"), ("status", "3")]).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["from", "limit"]);
        let faults = ProspectQuery::parse([("from", "2026-11-02"), ("to", "2026-11-01")]).unwrap_err();
        assert_eq!(faults[0].path, "to");
        let query = ProspectQuery::parse([("search", " "), ("unit", "HP5"), ("to", "2026-11-01")]).unwrap();
        assert_eq!((query.search, query.unit.as_deref(), query.limit), (None, Some("HP5"), DEFAULT_LIMIT));
    }
}
