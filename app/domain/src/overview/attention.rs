//! What needs a hand (`overview.md` 3.9): items of every feature in one order, and putting one off.

mod item;
mod query;
mod snooze;

pub use item::{AttentionAct, AttentionAction, AttentionItem, AttentionKind, Feature, Severity, Weight, by_urgency};
pub use query::{AttentionQuery, AttentionRequest, MOST_ITEMS};
pub use snooze::{CRITICAL_LIMIT_HOURS, Snooze, SnoozeFor, SnoozeItem, snoozed_in, snoozed_link};

use crate::{AppError, access::Principal, freshness::ErrorClass};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A feature that did not answer: its last known items stand in the list with this line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unavailable {
    pub feature: Feature,
    pub error_class: ErrorClass,
    /// When it answered last; `None`: never since this process started.
    pub last_seen: Option<DateTime<FixedOffset>>,
    /// "Transactions: unavailable, last seen 10:42".
    pub message: String,
}

/// When a feature was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Look {
    pub feature: Feature,
    pub at: Option<DateTime<FixedOffset>>,
    pub age_seconds: Option<i64>,
}

/// An item that the person has put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutOff {
    pub key: String,
    pub title: String,
    /// It stands on the list again then.
    pub until: DateTime<FixedOffset>,
}

/// The list of one person. Features they may not view are left out of all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionList {
    /// In the order of [`by_urgency`].
    pub items: Vec<AttentionItem>,
    pub unavailable: Vec<Unavailable>,
    pub looked_at: Vec<Look>,
    /// Items of the filter, beyond the limit too.
    pub total: i64,
    /// Critical ones among these.
    pub critical: i64,
    /// Items of the filter that this person has put off.
    pub snoozed: i64,
    /// These items, the first to come back first.
    pub put_off: Vec<PutOff>,
}

/// What needs a hand. All need `overview.view`; of each feature its own view right.
#[async_trait]
pub trait AttentionPort: Send + Sync + 'static {
    /// Bounded by the deadline of the slowest feature, 300 ms.
    async fn attention(&self, who: &Principal, query: &AttentionQuery) -> Result<AttentionList, AppError>;
    /// Puts an item off for the caller; `not_found` for a key that is not on their list.
    async fn snooze(&self, who: &Principal, key: &str, command: &SnoozeItem) -> Result<(), AppError>;
    /// Takes the caller's snooze of an item back; whether there is one, or such an item, does not matter.
    async fn unsnooze(&self, who: &Principal, key: &str) -> Result<(), AppError>;
}
