//! What people have put off, kept for the time the database is away.

use super::super::seen::DEADLINE;
use crate::backend::Backend;
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::Principal,
    ids::UserId,
    overview::attention::{Severity, Snooze},
};
use moka::future::Cache;
use std::{collections::BTreeMap, fmt, sync::Arc};
use store::{StoreError, overview::attention as rows};

/// Snoozes by the key of their item.
pub type ByKey = BTreeMap<String, Snooze>;

/// People whose snoozes are kept at most.
const PEOPLE: u64 = 10_000;
/// What was put off through another process is seen after so long.
const FRESH: Duration = Duration::seconds(5);

/// Snoozes, and when they were read.
type Read = (Arc<ByKey>, DateTime<Utc>);

pub struct Snoozes {
    backend: Backend,
    last: Cache<UserId, Read>,
}

impl fmt::Debug for Snoozes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snoozes").finish_non_exhaustive()
    }
}

impl Snoozes {
    pub fn new(backend: Backend) -> Self {
        Self { backend, last: Cache::builder().max_capacity(PEOPLE).build() }
    }

    /// Those of `who`; the last known when they cannot be read in time.
    pub async fn of(&self, who: &Principal, now: DateTime<Utc>) -> Arc<ByKey> {
        let Some(user) = who.user_id() else { return Arc::default() };
        let last = self.last.get(&user).await;
        if let Some((snoozes, at)) = &last
            && now - *at < FRESH
        {
            return Arc::clone(snoozes);
        }
        if !self.backend.breaker.is_open()
            && let Ok(Ok(read)) = tokio::time::timeout(DEADLINE, self.read(user, now)).await
        {
            let read = Arc::new(read);
            self.last.insert(user, (Arc::clone(&read), now)).await;
            return read;
        }
        last.map(|(snoozes, _)| snoozes).unwrap_or_default()
    }

    /// The user has put something off: the next look reads anew, and what was known stands until then.
    pub async fn forget(&self, user: UserId) {
        if let Some((snoozes, _)) = self.last.get(&user).await {
            self.last.insert(user, (snoozes, DateTime::<Utc>::MIN_UTC)).await;
        }
    }

    async fn read(&self, user: UserId, now: DateTime<Utc>) -> Result<ByKey, StoreError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let rows = rows::snoozes(&mut connection, user.0, now).await?;
        let snoozes = rows.into_iter().filter_map(|row| {
            let severity = Severity::parse(&row.severity)?;
            Some((row.item_key, Snooze { severity, at: row.snoozed_at, until: row.until }))
        });
        Ok(snoozes.collect())
    }
}
