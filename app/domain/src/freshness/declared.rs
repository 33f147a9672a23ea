//! What is declared of a figure, once: nothing else can be computed, kept or shown as one.

use crate::{access::Permission, live::Topic};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a value counts as being of now (`platform.md` 3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Realtime counters, queues, streams.
    Live,
    /// Tiles and their trends.
    Kpi,
    /// Lists of sums.
    Standard,
    /// Closed periods.
    History,
}

impl Class {
    #[must_use]
    pub const fn ttl_seconds(self) -> i64 {
        match self {
            Self::Live => 30,
            Self::Kpi => 60,
            Self::Standard => 300,
            Self::History => 3_600,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Kpi => "kpi",
            Self::Standard => "standard",
            Self::History => "history",
        }
    }
}

/// A figure: its name, how long it lasts, who may see it and what makes it old.
#[derive(Debug, PartialEq, Eq)]
pub struct Declaration {
    /// `area.name`.
    pub key: &'static str,
    /// What a person calls it.
    pub label: &'static str,
    pub class: Class,
    /// Longest wait for a first value, in milliseconds.
    pub deadline_ms: u64,
    pub permission: Permission,
    /// A change of one of them makes it old.
    pub topics: &'static [Topic],
    /// Names of what it is asked by, in their order in the scope's text.
    pub scope: &'static [&'static str],
    /// In words.
    pub formula: &'static str,
}

/// Longest wait for a first value unless a figure says otherwise.
pub const DEADLINE_MS: u64 = 1_500;

impl Declaration {
    /// The part of the key before the dot: statistics are kept by it.
    #[must_use]
    pub fn area(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(area, _)| area)
    }

    #[must_use]
    pub const fn ttl_seconds(&self) -> i64 {
        self.class.ttl_seconds()
    }
}

/// Whether `key` fits `pattern`: a key, or its start followed by `*`; `metrics:` before it is allowed.
#[must_use]
pub fn fits(pattern: &str, key: &str) -> bool {
    let pattern = pattern.strip_prefix("metrics:").unwrap_or(pattern);
    pattern.strip_suffix('*').map_or(pattern == key, |start| key.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_one_an_area_or_all() {
        for pattern in ["sales.orders", "sales.*", "*", "metrics:*", "metrics:sales.orders", "sales.o*"] {
            assert!(fits(pattern, "sales.orders"), "{pattern}");
        }
        for pattern in ["", "sales", "sales.", "shop.*", "*.orders", "metrics:"] {
            assert!(!fits(pattern, "sales.orders"), "{pattern}");
        }
    }
}
