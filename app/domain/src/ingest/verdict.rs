//! The judgement over each row, and the account of the whole file.

use super::target::Field;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What becomes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The key is unknown: the row is recorded.
    Create,
    /// Recorded already with the same content.
    Same,
    /// Second or later row of one key in the file.
    DuplicateInSource,
    Rejected,
    /// Tells of a visit that another row or a recorded visit tells of already.
    Merged,
}

impl Verdict {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Same => "same",
            Self::DuplicateInSource => "duplicate_in_source",
            Self::Rejected => "rejected",
            Self::Merged => "merged",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Create, Self::Same, Self::DuplicateInSource, Self::Rejected, Self::Merged];
        all.into_iter().find(|v| v.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row is not applied.
    Error,
    /// The row is applied; a person may want to know.
    Warning,
}

/// One finding about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    /// Rule, e.g. `not_a_sale`.
    pub code: String,
    pub field: Option<Field>,
    pub severity: Severity,
    pub message: String,
    /// A value that would mend the row. It never applies by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Issue {
    #[must_use]
    pub fn error(code: &str, field: Option<Field>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), field, severity: Severity::Error, message: message.into(), suggestion: None }
    }

    #[must_use]
    pub fn warning(code: &str, field: Option<Field>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, field, message) }
    }

    #[must_use]
    pub fn suggesting(mut self, value: impl Into<String>) -> Self {
        self.suggestion = Some(value.into());
        self
    }
}

/// How often a rule struck, with one of its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleCount {
    pub code: String,
    pub field: Option<Field>,
    pub severity: Severity,
    pub message: String,
    pub rows: u32,
}

/// A row shown as an example of its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Example {
    /// Row number in the file; the header is row 1.
    pub row_no: u32,
    pub mapped: BTreeMap<Field, String>,
    #[serde(default)]
    pub issues: Vec<Issue>,
}

/// At most 100 rows a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Examples {
    pub create: Vec<Example>,
    pub same: Vec<Example>,
    pub duplicate_in_source: Vec<Example>,
    pub rejected: Vec<Example>,
    #[serde(default)]
    pub merged: Vec<Example>,
}

/// Account of a file. Every line is exactly one of sale line, refund line, visit, same, merged, quarantined, filtered:
/// see [`Counts::accounts_for_every_line`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Data rows of the file.
    pub lines: u32,
    pub sale_lines: u32,
    pub refund_lines: u32,
    /// Already recorded, or already in quarantine, with the same content.
    pub same: u32,
    pub rejected: u32,
    pub duplicate_in_source: u32,
    /// Left out by a row filter of the mapping.
    pub filtered: u32,
    /// New sales, and recorded sales that get lines.
    pub sales: u32,
    pub sales_extended: u32,
    pub refunds: u32,
    /// Refund lines whose sale is not known.
    pub unmatched_refund_lines: u32,
    pub new_customers: u32,
    pub new_products: u32,
    /// Σ quantity × unit price of the sale lines, in the currency of the import.
    #[schema(format = "decimal")]
    pub gross: Decimal,
    /// Σ of the refund lines.
    #[schema(format = "decimal")]
    pub refunded: Decimal,
    /// Mode `replace_scope`: imported sales recorded for the declared days.
    #[serde(default)]
    pub in_scope: u32,
    /// Of these, the ones that the file lacks and that are closed.
    #[serde(default)]
    pub closed: u32,
    /// Lacking too, but refunded or disputed, so they stay.
    #[serde(default)]
    pub kept: u32,
    /// New visits.
    #[serde(default)]
    pub visits: u32,
    /// Rows less than 30 minutes from a visit of the same browser and session: the same visit.
    #[serde(default)]
    pub merged: u32,
    /// Sales that the commit judged for fraud, where the mapping asks for it.
    #[serde(default)]
    pub screened: u32,
    /// Of these, the ones that would have been reviewed, held or declined.
    #[serde(default)]
    pub suspicious: u32,
}

impl Counts {
    #[must_use]
    pub const fn created(&self) -> u32 {
        self.sale_lines + self.refund_lines + self.visits
    }

    /// Rows that wait for a person.
    #[must_use]
    pub const fn quarantined(&self) -> u32 {
        self.rejected + self.duplicate_in_source
    }

    #[must_use]
    pub const fn accounts_for_every_line(&self) -> bool {
        self.created() + self.same + self.merged + self.quarantined() + self.filtered == self.lines
    }

    /// More than half of what is recorded for the declared days would be closed: a person types the number.
    #[must_use]
    pub const fn closes_more_than_half(&self) -> bool {
        self.closed as u64 * 2 > self.in_scope as u64
    }

    /// Nothing of the file is new.
    #[must_use]
    pub const fn is_no_change(&self) -> bool {
        self.created() == 0 && self.quarantined() == 0 && self.closed == 0
    }
}
