//! Connections. Every connection of the program acts as `millrace_app`, never as owner or superuser.

use crate::Result;
use sqlx::{
    Connection as _, Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Bounds of one pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    pub max_connections: u32,
    /// `statement_timeout` of its connections.
    pub statement_timeout: Duration,
    /// Longest wait for a free connection.
    pub acquire_timeout: Duration,
}

/// How long an idle connection is taken for alive without asking it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A pool whose connections run as `millrace_app` in UTC with the given statement limit. Lazy: an
/// unreachable database does not fail here, so that `serve` can start in an outage.
pub fn lazy(options: PgConnectOptions, limits: PoolLimits) -> PgPool {
    let timeout_ms = limits.statement_timeout.as_millis();
    PgPoolOptions::new()
        .max_connections(limits.max_connections)
        .acquire_timeout(limits.acquire_timeout)
        // A round trip spared: a connection used a moment ago is there still.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                // Statements take milliseconds; compiling one whose rows the planner overrates takes a second.
                connection
                    .execute(sqlx::AssertSqlSafe(format!(
                        "set role millrace_app; set statement_timeout = {timeout_ms}; set timezone = 'UTC'; set jit = off"
                    )))
                    .await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// Says whether the database is to be asked at all. Cheap to clone; clones are one gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn set_shut(&self, shut: bool) {
        self.0.store(shut, Ordering::SeqCst);
    }

    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A pool behind gates: while one of them is shut nobody waits for a connection that cannot come.
#[derive(Debug, Clone)]
pub struct Pool {
    pool: PgPool,
    gates: Vec<Gate>,
}

impl Pool {
    #[must_use]
    pub const fn new(pool: PgPool, gates: Vec<Gate>) -> Self {
        Self { pool, gates }
    }
}

impl Deref for Pool {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.pool
    }
}

/// Where connections come from.
pub trait Connections: Sync {
    /// # Errors
    /// `unavailable` while a gate is shut.
    fn open(&self) -> Result<&PgPool>;
}

impl Connections for PgPool {
    fn open(&self) -> Result<&PgPool> {
        Ok(self)
    }
}

impl Connections for Pool {
    fn open(&self) -> Result<&PgPool> {
        let shut = self.gates.iter().any(Gate::is_shut);
        if shut { Err(sqlx::Error::PoolTimedOut.into()) } else { Ok(&self.pool) }
    }
}

/// Whether the server of `pool` takes a connection of its own and answers.
pub async fn is_reachable(pool: &PgPool) -> bool {
    let Ok(mut connection) = sqlx::PgConnection::connect_with(&pool.connect_options()).await else { return false };
    let answered = connection.ping().await.is_ok();
    let _ = connection.close().await;
    answered
}

/// Whether the role in force breaks the promise of least privilege (`platform.md` 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleProperties {
    pub name: String,
    pub superuser: bool,
    pub bypass_rls: bool,
    pub owns_tables: bool,
}

/// Reads the properties of the current role.
///
/// # Errors
/// When the statement fails.
pub async fn current_role(connection: &mut sqlx::PgConnection) -> Result<RoleProperties> {
    let row: (String, bool, bool, bool) = sqlx::query_as(
        "select current_user::text, r.rolsuper, r.rolbypassrls,
                exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname in ('access', 'dealer', 'ops', 'plan', 'sales', 'stock') and c.relowner = r.oid)
         from pg_roles r where r.rolname = current_user",
    )
    .fetch_one(connection)
    .await?;
    Ok(RoleProperties { name: row.0, superuser: row.1, bypass_rls: row.2, owns_tables: row.3 })
}
