//! The demo world: a generated shop that fills an empty Millrace, and leaves again without a trace
//! (`platform.md` 3.15).

use crate::{AppError, FieldError, access::Principal};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seed used when none is given.
pub const DEFAULT_SEED: i64 = 42;

/// The log-ins of the demo world, one a role.
pub const DEMO_USERS: [&str; 3] = ["admin@demo.millrace", "planner@demo.millrace", "viewer@demo.millrace"];

/// A part of the demo world that is loaded as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DemoPart {
    /// Catalogue, stock, customers, sixty days of sales.
    Commerce,
    /// Thirty days of visits of the shop's users, beside their orders; needs [`DemoPart::Commerce`].
    Orders,
    /// A supply network, frozen into an input that can be solved.
    Planning,
}

impl DemoPart {
    pub const ALL: [Self; 3] = [Self::Commerce, Self::Orders, Self::Planning];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commerce => "commerce",
            Self::Orders => "orders",
            Self::Planning => "planning",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    /// In the reader's words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Commerce => "Catalogue, stock, customers and sales",
            Self::Orders => "Visits of the shop",
            Self::Planning => "Supply network",
        }
    }
}

/// What to load. The same arguments give the same rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadDemo {
    /// `None`: whatever is loaded already, else [`DEFAULT_SEED`].
    pub seed: Option<i64>,
    /// Last day of the world. `None`: that of what is loaded already, else today.
    pub as_of: Option<NaiveDate>,
    /// Load beside live rows, too.
    pub mix: bool,
    /// Parts wanted; those they need come along.
    pub parts: Vec<DemoPart>,
}

impl Default for LoadDemo {
    fn default() -> Self {
        Self { seed: None, as_of: None, mix: false, parts: DemoPart::ALL.to_vec() }
    }
}

impl LoadDemo {
    /// `today` in the business zone.
    ///
    /// # Errors
    /// A negative seed, a day in the future or before the year 2000.
    pub fn validate(&self, today: NaiveDate) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.seed.is_some_and(i64::is_negative) {
            faults.push(FieldError::new("rng", "The seed is a whole number from 0 on."));
        }
        if let Some(day) = self.as_of {
            if day > today {
                faults.push(FieldError::new(
                    "as_of",
                    format!("The demo world may end today ({today}) or earlier, not in the future."),
                ));
            } else if NaiveDate::from_ymd_opt(2000, 1, 1).is_some_and(|first| day < first) {
                faults.push(FieldError::new("as_of", "The demo world may end on 2000-01-01 or later."));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Rows of one table; `table` is `schema.table`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableRows {
    pub table: String,
    pub rows: i64,
}

/// A part as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DemoBatch {
    pub part: DemoPart,
    pub seed: i64,
    pub as_of: NaiveDate,
    pub loaded_at: DateTime<FixedOffset>,
    /// `false`: loading was broken off; loading again completes it.
    pub complete: bool,
}

/// Answer of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoLoaded {
    pub seed: i64,
    pub as_of: NaiveDate,
    /// Rows written now; 0 when everything was there.
    pub changes: i64,
    /// What the sales file came to, when it was imported now.
    pub sales_file: Option<SalesFile>,
    /// All demo rows there are.
    pub rows: Vec<TableRows>,
}

/// The account of the imported sales file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesFile {
    pub rows: u32,
    pub imported: u32,
    pub quarantined: u32,
    /// Sales that were judged for fraud.
    pub screened: u32,
}

/// Answer of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DemoRemoved {
    pub rows: Vec<TableRows>,
    pub total: i64,
    /// The demo administrator is the only one and stays.
    pub kept_admin: bool,
}

/// The page `/settings/demo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DemoView {
    pub batches: Vec<DemoBatch>,
    pub rows: Vec<TableRows>,
    pub total: i64,
    /// Why the rows cannot be removed now, in words; empty when they can.
    pub obstacles: Vec<String>,
}

/// Needs `system.demo` throughout.
#[async_trait]
pub trait DemoPort: Send + Sync + 'static {
    async fn view(&self, who: &Principal) -> Result<DemoView, AppError>;

    /// Loads what is missing of the wanted parts.
    async fn load(&self, who: &Principal, command: LoadDemo) -> Result<DemoLoaded, AppError>;

    /// Removes every demo row of every table, all or none.
    async fn remove(&self, who: &Principal) -> Result<DemoRemoved, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_cannot_end_in_the_future() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let faults = |command: LoadDemo| {
            command.validate(today).err().unwrap_or_default().into_iter().map(|f| f.path).collect::<Vec<_>>()
        };
        assert!(faults(LoadDemo { as_of: Some(today), seed: Some(0), ..LoadDemo::default() }).is_empty());
        assert_eq!(
            faults(LoadDemo { as_of: today.succ_opt(), seed: Some(-1), ..LoadDemo::default() }),
            ["rng", "as_of"]
        );
        assert_eq!(faults(LoadDemo { as_of: NaiveDate::from_ymd_opt(1999, 12, 31), ..LoadDemo::default() }), ["as_of"]);
    }
}
