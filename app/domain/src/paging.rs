//! Keyset paging: a page of items, the cursor of the next page, and the total of the filter.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows a page may have at most.
pub const MAX_LIMIT: u32 = 100;
/// Rows of a page when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 20;

/// How many rows a page is asked to have.
pub(crate) fn limit_of(value: &str) -> Result<u32, &'static str> {
    value.parse().ok().filter(|rows| (1..=MAX_LIMIT).contains(rows)).ok_or("Give a whole number from 1 to 100.")
}

/// Answer of every list. `next_cursor` is opaque; `total` counts the whole filter, not the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
    pub total: i64,
}

impl<T> Page<T> {
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor, total: self.total }
    }
}
