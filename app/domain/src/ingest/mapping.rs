//! Which column feeds which field, and how its text is read.

use super::{
    cleaning::Cleaning,
    shape::{Column, FileShape, plain},
    target::{Field, FieldKind, Target},
};
use crate::{FieldError, money::Currency, settings::Business};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Order of day and month in dates such as 03/04/2025.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// The sign between whole and broken part of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    Point,
    Comma,
}

/// What happens to the good rows when others are rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    #[default]
    ValidRows,
    AllOrNothing,
}

/// The days a file says it covers wholly, both included, in the zone of the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scope {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// Only rows whose column holds exactly this value are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowFilter {
    pub column: String,
    pub value: String,
}

impl Scope {
    /// Longest period one file may replace.
    const DAYS: i64 = 1_100;

    fn validate(self) -> Result<(), FieldError> {
        let days = (self.to - self.from).num_days();
        if days < 0 {
            return Err(FieldError::new("options.replace", "The period ends before it begins."));
        }
        if days > Self::DAYS {
            return Err(FieldError::new("options.replace", "One file can replace at most three years."));
        }
        Ok(())
    }
}

/// How the whole file is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingOptions {
    /// IANA zone of times without an offset.
    pub zone: String,
    pub currency: Currency,
    /// Answer to the question a file may raise; see [`Mapping::questions`].
    #[serde(default)]
    pub date_order: Option<DateOrder>,
    #[serde(default)]
    pub decimal_mark: Option<DecimalMark>,
    #[serde(default)]
    pub policy: Policy,
    /// Mode `replace_scope`: imported sales of these days that the file lacks are closed. None: `upsert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace: Option<Scope>,
    /// Take the sold quantities from stock at the default site.
    #[serde(default)]
    pub move_stock: bool,
    /// Judge the new sales for fraud, as at their time. They keep their status.
    #[serde(default)]
    pub screen: bool,
    /// An order reference of these letters followed by a digit is a cancel document.
    #[serde(default = "cancel_prefix")]
    pub cancel_prefix: String,
}

fn cancel_prefix() -> String {
    "C".to_owned()
}

impl MappingOptions {
    #[must_use]
    pub fn of(business: &Business) -> Self {
        Self {
            zone: business.zone.clone(),
            currency: business.base_currency,
            date_order: None,
            decimal_mark: None,
            policy: Policy::default(),
            replace: None,
            move_stock: false,
            screen: false,
            cancel_prefix: cancel_prefix(),
        }
    }
}

/// A complete answer to "what is what in this file".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mapping {
    /// Field → column name.
    #[serde(default)]
    pub columns: BTreeMap<Field, String>,
    /// Field → the same value for every row.
    #[serde(default)]
    pub constants: BTreeMap<Field, String>,
    #[serde(default)]
    pub filters: Vec<RowFilter>,
    /// Accepted cleaning proposals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanings: Vec<Cleaning>,
    pub options: MappingOptions,
}

/// A mapping kept under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedMapping {
    pub id: uuid::Uuid,
    pub target: Target,
    pub name: String,
    pub header_signature: String,
    pub mapping: Mapping,
    pub version: i32,
}

/// A mapping to keep without a file at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewMapping {
    pub target: Target,
    pub name: String,
    /// Column names of the files it is for, in their order.
    pub header: Vec<String>,
    pub mapping: Mapping,
}

impl NewMapping {
    /// # Errors
    /// A name that is empty or too long, a column the header lacks, and every fault of the mapping.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = name_fault(&self.name);
        faults
            .extend(self.mapping.validate(self.target, &FileShape::of_header(&self.header)).err().unwrap_or_default());
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Changes of a kept mapping; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingChange {
    /// The version that was read; another one by now is a conflict.
    pub version: i32,
    #[serde(default)]
    pub name: Option<String>,
    /// Column names and mapping change together.
    #[serde(default)]
    pub header: Option<Vec<String>>,
    #[serde(default)]
    pub mapping: Option<Mapping>,
}

impl MappingChange {
    /// # Errors
    /// As [`NewMapping::validate`]; also a header without its mapping or the other way round.
    pub fn validate(&self, target: Target) -> Result<(), Vec<FieldError>> {
        let mut faults = self.name.as_deref().map(name_fault).unwrap_or_default();
        match (&self.header, &self.mapping) {
            (Some(header), Some(mapping)) => {
                faults.extend(mapping.validate(target, &FileShape::of_header(header)).err().unwrap_or_default());
            }
            (None, None) => {}
            _ => faults.push(FieldError::new("header", "Send header and mapping together: one describes the other.")),
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

fn name_fault(name: &str) -> Vec<FieldError> {
    let fits = (1..=100).contains(&name.trim().chars().count());
    if fits { Vec::new() } else { vec![FieldError::new("name", "Give the mapping a name of 1 to 100 characters.")] }
}

/// Something only a person can know about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    DateOrder,
    DecimalMark,
}

impl Mapping {
    /// The proposal for a file: synonyms first, then names that are at least 80 % alike.
    #[must_use]
    pub fn propose(target: Target, shape: &FileShape, options: MappingOptions) -> Self {
        let mut columns: BTreeMap<Field, String> = BTreeMap::new();
        let mut free: Vec<(&Column, String)> = shape.columns.iter().map(|c| (c, plain(&c.name))).collect();
        for &field in target.fields() {
            // The order of the synonyms is their rank: "invoiceno" wins over "document".
            let best = field.synonyms().iter().find_map(|word| free.iter().position(|(_, name)| name == word));
            if let Some(at) = best {
                columns.insert(field, free.remove(at).0.name.clone());
            }
        }
        for &field in target.fields() {
            if columns.contains_key(&field) {
                continue;
            }
            let near = free.iter().position(|(_, name)| field.synonyms().iter().any(|word| alike(name, word) >= 0.8));
            if let Some(at) = near {
                columns.insert(field, free.remove(at).0.name.clone());
            }
        }
        Self { columns, constants: BTreeMap::new(), filters: Vec::new(), cleanings: Vec::new(), options }
    }

    /// All faults at once; paths are `columns.<field>`, `constants.<field>`, `filters[i]`, `options.<name>`.
    ///
    /// # Errors
    /// A required field without column or constant, two fields on one column, a column the file lacks,
    /// or a question only a person can answer.
    pub fn validate(&self, target: Target, shape: &FileShape) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut used: BTreeMap<&str, Field> = BTreeMap::new();
        for (&field, column) in &self.columns {
            let path = format!("columns.{}", field.key());
            if !target.fields().contains(&field) {
                faults.push(FieldError::new(path, format!("\"{}\" is no field of {target}.", field.label())));
            } else if shape.column(column).is_none() {
                faults.push(FieldError::new(path, format!("The file has no column \"{column}\".")));
            } else if let Some(other) = used.insert(column, field) {
                faults.push(FieldError::new(
                    path,
                    format!(
                        "Column \"{column}\" already feeds \"{}\"; a column can feed one field only.",
                        other.label()
                    ),
                ));
            }
        }
        for &field in target.fields() {
            let mapped =
                self.columns.contains_key(&field) || self.constants.get(&field).is_some_and(|v| !v.trim().is_empty());
            if field.required() && !mapped {
                faults.push(FieldError::new(
                    format!("columns.{}", field.key()),
                    format!("Choose the column that holds \"{}\"; it is required.", field.label()),
                ));
            }
            if self.columns.contains_key(&field) && self.constants.contains_key(&field) {
                faults.push(FieldError::new(
                    format!("constants.{}", field.key()),
                    "Give a column or a constant, not both.",
                ));
            }
        }
        for (at, filter) in self.filters.iter().enumerate() {
            if shape.column(&filter.column).is_none() {
                faults.push(FieldError::new(
                    format!("filters[{at}]"),
                    format!("The file has no column \"{}\".", filter.column),
                ));
            }
        }
        if let Some(scope) = self.options.replace {
            faults.extend(scope.validate().err());
        }
        if target != Target::SalesTransactions {
            let options = &self.options;
            let sales_only = [
                ("replace", options.replace.is_some()),
                ("move_stock", options.move_stock),
                ("screen", options.screen),
            ];
            faults.extend(sales_only.into_iter().filter(|(_, chosen)| *chosen).map(|(option, _)| {
                FieldError::new(
                    format!("options.{option}"),
                    format!("This can be chosen for sales only, not for {target}."),
                )
            }));
        }
        for question in self.questions(shape) {
            faults.push(match question {
                Question::DateOrder => FieldError::new(
                    "options.date_order",
                    "Dates such as 03/04/2025 can be read two ways here. Choose day first or month first.",
                ),
                Question::DecimalMark => FieldError::new(
                    "options.decimal_mark",
                    "Numbers such as 1.234 can be read two ways here. Choose decimal point or decimal comma.",
                ),
            });
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Names of the open questions, for pages: `date_order`, `decimal_mark`.
    #[must_use]
    pub fn open_questions(&self, shape: &FileShape) -> Vec<&'static str> {
        self.questions(shape)
            .into_iter()
            .map(|q| match q {
                Question::DateOrder => "date_order",
                Question::DecimalMark => "decimal_mark",
            })
            .collect()
    }

    fn questions(&self, shape: &FileShape) -> Vec<Question> {
        let mut open = Vec::new();
        for (field, name) in &self.columns {
            let Some(column) = shape.column(name).and_then(|at| shape.columns.get(at)) else { continue };
            let question = match field.kind() {
                FieldKind::Time
                    if self.options.date_order.is_none()
                        && column.date_order().is_none()
                        && column.dates.unclear > 0 =>
                {
                    Question::DateOrder
                }
                FieldKind::Number
                    if self.options.decimal_mark.is_none()
                        && column.decimal_mark().is_none()
                        && column.numbers.unclear > 0 =>
                {
                    Question::DecimalMark
                }
                _ => continue,
            };
            if !open.contains(&question) {
                open.push(question);
            }
        }
        open
    }
}

impl Column {
    /// The order the values themselves prove, if they do.
    #[must_use]
    pub const fn date_order(&self) -> Option<DateOrder> {
        match (self.dates.day_first > 0, self.dates.month_first > 0) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        }
    }

    /// The mark the values themselves prove, if they do.
    #[must_use]
    pub const fn decimal_mark(&self) -> Option<DecimalMark> {
        match (self.numbers.point > 0, self.numbers.comma > 0) {
            (true, false) => Some(DecimalMark::Point),
            (false, true) => Some(DecimalMark::Comma),
            _ => None,
        }
    }
}

/// Likeness of two short names, 0 to 1: 1 − Levenshtein distance ÷ longer length.
fn alike(a: &str, b: &str) -> f64 {
    let longer = a.chars().count().max(b.chars().count());
    if longer == 0 {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "column names are short")]
    let likeness = 1.0 - edit_distance(a, b) as f64 / longer as f64;
    likeness
}

/// Levenshtein distance of two short texts: letters put in, taken out or changed.
#[must_use]
pub fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            row.push((above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests;
