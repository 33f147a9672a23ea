//! What everything stands on: the database, the workers, and the line on which changes are heard.

use super::{Facts, SourceProvider};
use crate::{backend::Backend, live::LiveBus};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Permission,
    freshness::ErrorClass,
    overview::{attention::Feature, source::SourceKind},
};
use std::sync::{Mutex, PoisonError};

/// A worker writes that it lives each half minute; it counts as gone a minute after it should have.
const HEARTBEAT_SECONDS: i64 = 30;
const HEARTBEAT_GRACE_SECONDS: i64 = 30;
/// The database is asked with every look, and every two seconds while it is away.
const PROBE_SECONDS: i64 = 2;

#[derive(Debug)]
pub struct DatabaseAndWorker {
    backend: Backend,
}

impl DatabaseAndWorker {
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl SourceProvider for DatabaseAndWorker {
    fn feature(&self) -> Feature {
        Feature::System
    }

    /// That they are there is said to everybody; figures about them are not.
    fn right(&self) -> Option<Permission> {
        None
    }

    async fn sources(&self, now: DateTime<Utc>, _: &str) -> Result<Vec<Facts>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let heard = store::health::last_heartbeat(&mut connection).await?;
        let database = Facts {
            last_success: Some(now),
            expected_seconds: Some(PROBE_SECONDS),
            ..Facts::unknown("database", SourceKind::Database, "Database", "system")
        };
        let worker = Facts {
            last_success: heard,
            away: heard.is_none(),
            expected_seconds: Some(HEARTBEAT_SECONDS),
            grace_seconds: HEARTBEAT_GRACE_SECONDS,
            ..Facts::unknown("worker", SourceKind::Worker, "Workers", "system")
        };
        Ok(vec![database, worker])
    }

    fn away(&self, facts: &mut Facts, class: ErrorClass) {
        if facts.kind == SourceKind::Database {
            facts.away = class == ErrorClass::Connection;
            facts.error_class = Some(class.words().to_owned());
        }
    }
}

/// The live line of this process.
#[derive(Debug)]
pub struct Line {
    live: LiveBus,
    last: Mutex<Option<DateTime<Utc>>>,
}

impl Line {
    pub const fn new(live: LiveBus) -> Self {
        Self { live, last: Mutex::new(None) }
    }

    /// Known without asking the database.
    pub fn facts(&self, now: DateTime<Utc>) -> Facts {
        let connected = self.live.connected();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if connected {
            *last = Some(now);
        }
        Facts {
            last_success: *last,
            away: !connected,
            expected_seconds: Some(PROBE_SECONDS),
            error_class: (!connected).then(|| ErrorClass::Connection.words().to_owned()),
            ..Facts::unknown("live", SourceKind::LiveBus, "Live line", "system")
        }
    }
}
