//! What every service stands on: pools, clock, configuration. Cheap to clone.

use crate::freshness::{Breaker, Faults, Figures};
use domain::clock::Clock;
use sqlx::{PgPool, postgres::PgConnectOptions};
use std::{fmt, sync::Arc, time::Duration};
use store::pool::{PoolLimits, lazy};

/// One pool a face; a face never borrows from another (`platform.md` 3.2, 3.7).
#[derive(Debug, Clone)]
pub struct Pools {
    pub analytics: PgPool,
    pub admin: PgPool,
    pub auth: PgPool,
    pub live: PgPool,
    pub jobs: PgPool,
}

impl Pools {
    /// Splits `total` connections 24 : 16 : 6 : 2 : 12, at least one each.
    #[must_use]
    pub fn open(options: &PgConnectOptions, total: u32) -> Self {
        let pool = |share: u32, statement_seconds: u64| {
            lazy(
                options.clone(),
                PoolLimits {
                    max_connections: (total * share / 60).max(1),
                    statement_timeout: Duration::from_secs(statement_seconds),
                    acquire_timeout: Duration::from_secs(2),
                },
            )
        };
        Self { analytics: pool(24, 10), admin: pool(16, 30), auth: pool(6, 10), live: pool(2, 10), jobs: pool(12, 600) }
    }

    /// Each pool with the name of its face.
    #[must_use]
    pub const fn faces(&self) -> [(&'static str, &PgPool); 5] {
        [
            ("analytics", &self.analytics),
            ("admin", &self.admin),
            ("auth", &self.auth),
            ("live", &self.live),
            ("jobs", &self.jobs),
        ]
    }
}

/// Shared by all services of one process.
#[derive(Clone)]
pub struct Backend {
    pub pools: Pools,
    pub clock: Arc<dyn Clock>,
    /// Whether the database is away.
    pub breaker: Breaker,
    /// What a drill lets fail.
    pub faults: Faults,
    /// What is known by now.
    pub figures: Figures,
}

/// Least time between two computations of one figure.
const CALM: Duration = Duration::from_secs(1);

impl Backend {
    #[must_use]
    pub fn new(pools: Pools, clock: Arc<dyn Clock>) -> Self {
        Self::pausing(pools, clock, CALM)
    }

    /// As [`Backend::new`], with another least time between two computations of one figure.
    #[must_use]
    pub fn pausing(pools: Pools, clock: Arc<dyn Clock>, calm: Duration) -> Self {
        let breaker = Breaker::default();
        let faults = Faults::default();
        let figures = Figures::new(pools.analytics.clone(), breaker.clone(), faults.clone(), Arc::clone(&clock), calm);
        Self { pools, clock, breaker, faults, figures }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}
