//! What every service stands on: pools, clock, configuration. Cheap to clone.

use crate::freshness::{Breaker, Breakers, Faults, Figures};
use domain::clock::Clock;
use sqlx::{PgPool, postgres::PgConnectOptions};
use std::{fmt, sync::Arc, time::Duration};
use store::pool::{Gate, Pool, PoolLimits, lazy};

/// One pool a face; a face never borrows from another (`platform.md` 3.2, 3.7).
#[derive(Debug, Clone)]
pub struct Pools {
    pub analytics: Pool,
    pub admin: Pool,
    pub auth: Pool,
    pub live: PgPool,
    pub jobs: PgPool,
    /// Shut while the database is away.
    database: Gate,
    /// Shut while figures cannot be computed.
    computing: Gate,
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
        let (database, computing) = (Gate::default(), Gate::default());
        // Those that people wait for. Jobs and the live line wait for the database themselves.
        let gated = |pool: PgPool| Pool::new(pool, vec![database.clone()]);
        Self {
            analytics: Pool::new(pool(24, 10), vec![database.clone(), computing.clone()]),
            admin: gated(pool(16, 30)),
            auth: gated(pool(6, 10)),
            live: pool(2, 10),
            jobs: pool(12, 600),
            database,
            computing,
        }
    }

    /// Each pool with the name of its face.
    #[must_use]
    pub fn faces(&self) -> [(&'static str, &PgPool); 5] {
        [
            ("analytics", &self.analytics),
            ("admin", &self.admin),
            ("auth", &self.auth),
            ("live", &self.live),
            ("jobs", &self.jobs),
        ]
    }
}

/// A sale that is not judged by then is reviewed by a person (`commerce.md` 3.4).
const SCREENING: Duration = Duration::from_millis(100);

/// Shared by all services of one process.
#[derive(Clone)]
pub struct Backend {
    pub pools: Pools,
    pub clock: Arc<dyn Clock>,
    /// Whether the database is away.
    pub breaker: Breaker,
    /// Whether figures cannot be computed, though the database may answer others.
    pub computing: Breaker,
    /// What a drill lets fail.
    pub faults: Faults,
    /// What is known by now.
    pub figures: Figures,
    /// Longest that screening a sale may take.
    pub screening: Duration,
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
        let breaker = Breaker::shutting(pools.database.clone());
        let computing = Breaker::shutting(pools.computing.clone());
        let faults = Faults::default();
        let breakers = Breakers { database: breaker.clone(), computing: computing.clone() };
        let figures = Figures::new(pools.analytics.clone(), breakers, faults.clone(), Arc::clone(&clock), calm);
        Self { pools, clock, breaker, computing, faults, figures, screening: SCREENING }
    }

    /// With another budget for screening a sale.
    #[must_use]
    pub fn screening_within(self, screening: Duration) -> Self {
        Self { screening, ..self }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}
