//! Taking a committed import back.

use crate::ids::ImportId;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days after its commit in which an import can be undone.
pub const UNDO_DAYS: i64 = 30;

/// Another batch, as a link shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportLink {
    pub id: ImportId,
    pub number: i64,
}

/// What an undo of a committed import would meet now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Undoable {
    pub until: DateTime<FixedOffset>,
    /// Sales that would be taken out again.
    pub sales: u32,
    /// Recorded sales that would get back what they were.
    pub restored: u32,
    /// Sales changed since, which would stay as they are.
    pub left: u32,
    /// Visits that would be taken out again.
    #[serde(default)]
    pub visits: u32,
}

/// A row that was changed after the import, so its undo left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftRow {
    /// `sale` or `refund`.
    pub kind: String,
    /// Order reference.
    pub reference: String,
    pub why: String,
}

/// What an undo did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UndoReport {
    /// Sales taken out again.
    pub sales: u64,
    /// Their lines, and lines taken out of recorded sales.
    pub sale_lines: u64,
    /// Recorded sales that got back what they were.
    pub restored: u64,
    pub refunds: u64,
    pub refund_lines: u64,
    pub customers: u64,
    pub products: u64,
    /// Customers and products of the import that others use by now.
    pub kept_customers: u64,
    pub kept_products: u64,
    /// Products whose stock was given back.
    pub stock: u64,
    /// Visits taken out again.
    #[serde(default)]
    pub visits: u64,
    /// Rows that were still in quarantine.
    pub discarded: u64,
    /// Sales and refunds that were changed since and stay.
    pub left: u64,
    /// The first 1,000 of them.
    #[serde(default)]
    pub left_rows: Vec<LeftRow>,
}
