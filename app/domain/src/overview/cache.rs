//! What of the figures is kept, how often it served, and how it is cleared (`platform.md` 3.6, point 9).

use super::statistics::rate_percent as rate;
use crate::{
    AppError, FieldError,
    access::Principal,
    freshness::{Class, Freshness},
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Looks at the figures of one area since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheArea {
    pub area: String,
    pub keys: i64,
    /// Roughly: values are kept as text and read.
    pub bytes: i64,
    /// The value was as the data was.
    pub hits: i64,
    /// The last value stood in.
    pub stale_hits: i64,
    /// It was computed for the look.
    pub misses: i64,
    /// It was being computed for another look already.
    pub coalesced: i64,
    /// There was no value to answer with.
    pub failures: i64,
    /// 100 · (hits + stale hits) / all looks; `None` before the first.
    #[schema(format = "decimal")]
    pub hit_rate: Option<Decimal>,
}

impl CacheArea {
    #[must_use]
    pub const fn looks(&self) -> i64 {
        self.hits + self.stale_hits + self.misses + self.coalesced + self.failures
    }

    /// With its hit rate worked out.
    #[must_use]
    pub fn rated(self) -> Self {
        Self { hit_rate: rate(self.hits + self.stale_hits, self.looks()), ..self }
    }

    /// The sum of both, under the name of the first.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            area: self.area,
            keys: self.keys + other.keys,
            bytes: self.bytes + other.bytes,
            hits: self.hits + other.hits,
            stale_hits: self.stale_hits + other.stale_hits,
            misses: self.misses + other.misses,
            coalesced: self.coalesced + other.coalesced,
            failures: self.failures + other.failures,
            hit_rate: None,
        }
        .rated()
    }
}

/// A kept figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CachedFigure {
    pub key: String,
    pub label: String,
    /// What it was asked by.
    pub scope: String,
    pub class: Class,
    pub ttl_seconds: i64,
    pub age_seconds: i64,
    pub computed_at: DateTime<FixedOffset>,
    pub bytes: i64,
    #[serde(flatten)]
    pub freshness: Freshness,
}

/// Statistics of the process that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CacheStatistics {
    /// 100 · (hits + stale hits) / all looks; `None` before the first.
    #[schema(format = "decimal")]
    pub hit_rate: Option<Decimal>,
    pub keys: i64,
    /// Bytes.
    pub memory: i64,
    pub namespaces: Vec<CacheArea>,
    /// The figures looked at last come first.
    pub figures: Vec<CachedFigure>,
    pub as_of: DateTime<FixedOffset>,
}

/// Which figures to compute anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidateFigures {
    /// A key, or its start followed by `*`: `sales.orders`, `sales.*`, `metrics:*`.
    pub pattern: String,
    /// Drops the last values too: until they are computed there is nothing to show.
    #[serde(default)]
    pub hard: bool,
}

impl InvalidateFigures {
    /// # Errors
    /// When the pattern is none.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let bare = self.pattern.strip_prefix("metrics:").unwrap_or(&self.pattern);
        let body = bare.strip_suffix('*').unwrap_or(bare);
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_');
        if bare.is_empty() || bare.len() > 100 || !body.chars().all(is_key) {
            let text = "Write a figure's key such as sales.orders, or its start and a star: sales.*, or * for all.";
            return Err(vec![FieldError::new("pattern", text)]);
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invalidated {
    /// Figures that will be computed anew at the next look.
    pub matched: i64,
}

/// "Refresh now": the figures in sight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RefreshFigures {
    /// Keys of figures; ignored with `all`.
    pub keys: Vec<String>,
    pub all: bool,
}

impl RefreshFigures {
    /// # Errors
    /// When nothing is named, or too much.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if !self.all && (self.keys.is_empty() || self.keys.len() > 100) {
            return Err(vec![FieldError::new("keys", "Name 1 to 100 figures, or say all.")]);
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refreshed {
    /// Figures marked; each is computed at the next look.
    pub marked: i64,
}

/// What is kept, for those who look after it.
#[async_trait]
pub trait CachePort: Send + Sync + 'static {
    /// # Errors
    /// Without the right.
    async fn statistics(&self, who: &Principal) -> Result<CacheStatistics, AppError>;

    /// Marks figures for a new computation; their last values stay unless `hard`.
    ///
    /// # Errors
    /// Without the right (`hard` needs an administrator's), or for a pattern that is none.
    async fn invalidate(&self, who: &Principal, command: &InvalidateFigures) -> Result<Invalidated, AppError>;

    /// As above for everybody who sees them; once in five seconds a user.
    ///
    /// # Errors
    /// `rate_limited` when asked again too soon.
    async fn refresh(&self, who: &Principal, command: &RefreshFigures) -> Result<Refreshed, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_key_or_its_start() {
        let told = |pattern: &str| InvalidateFigures { pattern: pattern.into(), hard: false }.validate();
        for good in ["sales.orders", "sales.*", "*", "metrics:*", "shop.orders_per_100_visitors"] {
            assert_eq!(told(good), Ok(()), "{good}");
        }
        for bad in ["", "metrics:", "sales.*.x", "SALES.*", "sales orders", "%", "*sales"] {
            assert_eq!(told(bad).unwrap_err()[0].path, "pattern", "{bad}");
        }
        assert_eq!(RefreshFigures::default().validate().unwrap_err()[0].path, "keys");
        assert!(RefreshFigures { all: true, ..RefreshFigures::default() }.validate().is_ok());
    }

    #[test]
    fn the_hit_rate_counts_stale_hits_and_every_look() {
        let one = CacheArea { hits: 7, stale_hits: 1, misses: 1, coalesced: 1, ..CacheArea::default() };
        assert_eq!(one.clone().rated().hit_rate, Some(Decimal::from(80)));
        assert_eq!(CacheArea::default().rated().hit_rate, None);
        let both = one.plus(&CacheArea { failures: 10, ..CacheArea::default() });
        assert_eq!((both.looks(), both.hit_rate), (20, Some(Decimal::from(40))));
    }
}
