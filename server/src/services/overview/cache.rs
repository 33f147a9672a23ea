//! Statistics of the kept figures, and clearing them.

use crate::{backend::Backend, freshness::AreaStatistics};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    AppError, ErrorCode,
    access::{Permission, Principal},
    overview::cache::{
        CacheArea, CachePort, CacheStatistics, CachedFigure, InvalidateFigures, Invalidated, RefreshFigures, Refreshed,
    },
};
use moka::sync::Cache;
use serde_json::json;
use std::{cmp::Reverse, fmt, time::Duration};
use store::audit::{self, Act};

/// A user may refresh so often.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// Figures listed one by one.
const LISTED: usize = 200;

/// The service behind [`CachePort`].
pub struct CacheService {
    backend: Backend,
    /// Who refreshed within the last five seconds.
    refreshed: Cache<String, ()>,
}

impl fmt::Debug for CacheService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheService").finish_non_exhaustive()
    }
}

impl CacheService {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self { backend, refreshed: Cache::builder().max_capacity(10_000).time_to_live(REFRESH_EVERY).build() }
    }

    /// In the business zone as far as it is known: this answers while the database is away too.
    fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.backend.local(at)
    }
}

/// Counters are far below 2^63.
fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What this process keeps, and how often it served.
pub(super) fn areas(backend: &Backend) -> Vec<CacheArea> {
    let area = |area: AreaStatistics| {
        CacheArea {
            area: area.area.to_owned(),
            keys: whole(area.keys),
            bytes: whole(area.bytes),
            hits: whole(area.looks.hits),
            stale_hits: whole(area.looks.stale_hits),
            misses: whole(area.looks.misses),
            coalesced: whole(area.looks.coalesced),
            failures: whole(area.looks.failures),
            hit_rate: None,
        }
        .rated()
    };
    backend.figures.statistics().into_iter().map(area).collect()
}

#[async_trait]
impl CachePort for CacheService {
    async fn statistics(&self, who: &Principal) -> Result<CacheStatistics, AppError> {
        who.require(Permission::OverviewView)?;
        let now = self.backend.clock.now();
        let namespaces = areas(&self.backend);
        let all = namespaces.iter().fold(CacheArea::default(), CacheArea::plus);
        let mut kept = self.backend.figures.kept();
        kept.retain(|kept| who.may(kept.declared.permission));
        kept.sort_by(|a, b| (Reverse(a.looked_at), a.declared.key).cmp(&(Reverse(b.looked_at), b.declared.key)));
        let figures = kept.into_iter().take(LISTED).map(|kept| CachedFigure {
            key: kept.declared.key.to_owned(),
            label: kept.declared.label.to_owned(),
            scope: kept.scope,
            class: kept.class,
            ttl_seconds: kept.class.ttl_seconds(),
            age_seconds: (now - kept.computed_at).num_seconds().max(0),
            computed_at: self.local(kept.computed_at),
            bytes: i64::from(kept.bytes),
            freshness: kept.freshness,
        });
        Ok(CacheStatistics {
            hit_rate: all.hit_rate,
            keys: all.keys,
            memory: all.bytes,
            figures: figures.collect(),
            namespaces,
            as_of: self.local(now),
        })
    }

    async fn invalidate(&self, who: &Principal, command: &InvalidateFigures) -> Result<Invalidated, AppError> {
        who.require(Permission::OverviewCacheClear)?;
        if command.hard {
            // What was last known is lost with it: an administrator's decision.
            who.require(Permission::SystemView)?;
        }
        command.validate().map_err(AppError::validation)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        if command.hard {
            let bare = command.pattern.strip_prefix("metrics:").unwrap_or(&command.pattern);
            let like = bare.replace('_', "\\_").replace('*', "%");
            store::figures::forget(&mut tx, &like).await?;
        }
        let act = Act::done("overview.cache_clear", "cache", command.pattern.as_str());
        let act = act.after(json!({ "pattern": command.pattern, "hard": command.hard }));
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::commit(tx).await?;
        Ok(Invalidated { matched: whole(self.backend.figures.clear(&command.pattern, command.hard)) })
    }

    async fn refresh(&self, who: &Principal, command: &RefreshFigures) -> Result<Refreshed, AppError> {
        who.require(Permission::OverviewView)?;
        command.validate().map_err(AppError::validation)?;
        let who = who.user_id().map_or_else(|| who.label().to_owned(), |user| user.to_string());
        if !self.refreshed.entry(who).or_insert(()).is_fresh() {
            let text = "These figures were refreshed within the last five seconds. Try again in a moment.";
            let mut error = AppError::new(ErrorCode::RateLimited, text);
            error.retry_after_seconds = Some(5);
            return Err(error);
        }
        let marked = if command.all {
            self.backend.figures.clear("*", false)
        } else {
            let known = command.keys.iter().filter(|key| crate::freshness::declared(key).is_some());
            known.map(|key| self.backend.figures.clear(key, false)).sum()
        };
        Ok(Refreshed { marked: whole(marked) })
    }
}

#[cfg(test)]
mod tests {
    use domain::freshness::fits;

    #[test]
    fn clearing_in_the_database_meets_what_clearing_in_memory_meets() {
        // `fits` decides in memory; the pattern for `like` is made of the same signs.
        for (pattern, like) in [("sales.*", "sales.%"), ("shop.orders_per*", "shop.orders\\_per%")] {
            assert_eq!(pattern.replace('_', "\\_").replace('*', "%"), like);
            assert!(fits(pattern, &pattern.replace('*', "x")));
        }
    }
}
