//! The world of server tests: a fresh migrated database, reached as `millrace_app`, and a clock that
//! stands until it is moved.

#![allow(dead_code, reason = "each test binary uses its part")]

use chrono::{DateTime, Utc};
use domain::access::{ActorKind, Principal, RequestTrace, Rights, Role};
use server::{
    backend::{Backend, Pools},
    clock::FixedClock,
    services::Services,
};
use sqlx::{Executor, PgPool};
use std::sync::Arc;
use uuid::Uuid;

pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

#[derive(Debug)]
pub struct World {
    /// Connects as the role that owns the test database: for looking and for breaking things.
    pub owner: PgPool,
    pub clock: Arc<FixedClock>,
    pub backend: Backend,
    pub services: Services,
}

impl World {
    /// The job queue installed, business zone UTC, 2026-03-10T12:00:00Z.
    pub async fn new(owner: PgPool) -> Self {
        server::database::migrations::queue(&owner.connect_options()).await.unwrap();
        let clock = Arc::new(FixedClock::at(at("2026-03-10T12:00:00Z")));
        let pools = Pools::open(&owner.connect_options(), 60);
        let backend = Backend { pools, clock: clock.clone() };
        let services = Services::new(backend.clone());
        Self { owner, clock, backend, services }
    }

    /// A second process on the same database.
    pub fn neighbour(&self) -> Services {
        let pools = Pools::open(&self.owner.connect_options(), 20);
        Services::new(Backend { pools, clock: self.clock.clone() })
    }

    pub async fn execute(&self, sql: &'static str) {
        self.owner.execute(sql).await.unwrap();
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.owner).await.unwrap()
    }
}

pub fn person(role: Role) -> Principal {
    let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | role as u128);
    Principal::vouch(ActorKind::User, Some(id), format!("{role:?}@example.com"), Rights::of(Some(role), &[]), RequestTrace::default())
}
