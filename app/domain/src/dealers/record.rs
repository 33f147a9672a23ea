//! Records of a dealer's feeds as people see them; what is personal is masked.

use super::{Code, Feed};
use crate::{
    FieldError,
    paging::{DEFAULT_LIMIT, limit_of},
    query,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerRecordItem)]
pub struct RecordItem {
    pub record_key: String,
    /// The day the record is about.
    pub business_date: Option<NaiveDate>,
    pub status: Option<Code>,
    /// In rupiah.
    pub amount: Option<Decimal>,
    /// How many child records it has.
    pub lines: i64,
    pub modified_at: Option<DateTime<FixedOffset>>,
    pub last_seen_at: DateTime<FixedOffset>,
}

/// A field, its name as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerRecordField)]
pub struct RecordField {
    pub name: String,
    /// Masked where it is personal.
    pub value: String,
    /// What a code means.
    pub label: Option<String>,
    pub is_personal: bool,
}

/// A child record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerRecordLine)]
pub struct RecordLine {
    pub array: String,
    pub key: String,
    pub fields: Vec<RecordField>,
}

/// One record with its child records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerRecord)]
pub struct RecordDetail {
    pub feed: Feed,
    pub record_key: String,
    pub business_date: Option<NaiveDate>,
    pub status: Option<Code>,
    /// In rupiah.
    pub amount: Option<Decimal>,
    pub fields: Vec<RecordField>,
    pub lines: Vec<RecordLine>,
    /// Latitude and longitude had come the wrong way round.
    pub location_swapped: bool,
    pub created_at: Option<DateTime<FixedOffset>>,
    pub modified_at: Option<DateTime<FixedOffset>>,
    pub first_seen_at: DateTime<FixedOffset>,
    pub last_seen_at: DateTime<FixedOffset>,
}

/// Whether a feed is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchFeed {
    pub is_enabled: bool,
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordQuery {
    /// Begin of the record's key; for those who may see personal data also a whole phone number or national id.
    pub search: Option<String>,
    pub status: Option<String>,
    /// First and last day of the record.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub cursor: Option<String>,
    pub limit: u32,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self { search: None, status: None, from: None, to: None, cursor: None, limit: DEFAULT_LIMIT }
    }
}

impl RecordQuery {
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
        let day = |value: &str| value.parse().map(Some).map_err(|_| "Write a day as YYYY-MM-DD.");
        match name {
            "search" if value.chars().count() > 100 => return Err("Search for at most 100 characters."),
            "search" => self.search = Some(value.trim().to_owned()).filter(|text| !text.is_empty()),
            "status" if value.chars().count() > 60 => return Err("A code has at most 60 characters."),
            "status" => self.status = Some(value.to_owned()),
            "from" => self.from = day(value)?,
            "to" => self.to = day(value)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }
}
