//! The world of server tests: a fresh migrated database, reached as `millrace_app`, a clock that
//! stands until it is moved, and people with a known password.

#![allow(dead_code, missing_debug_implementations, reason = "each test binary uses its part")]

use chrono::{DateTime, Utc};
use domain::{
    access::{ActorKind, Password, PermSet, Principal, RequestTrace, Rights, Role},
    clock::Clock,
};
use server::{
    access::{AccessSettings, Doorkeeper, password::Hasher, secret::Keys},
    backend::{Backend, Pools},
    clock::FixedClock,
    config::MasterKey,
    services::Services,
};
use sqlx::{Executor, PgPool, postgres::PgConnectOptions};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Password of everybody in a test world.
pub const PASSWORD: &str = "seven plain words turn the wheel";
/// Public origin of the server under test.
pub const ORIGIN: &str = "http://127.0.0.1:8000";

pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

pub struct World {
    /// Connects as the role that owns the test database: for looking and for breaking things.
    pub owner: PgPool,
    pub clock: Arc<FixedClock>,
    pub backend: Backend,
    pub door: Arc<Doorkeeper>,
    pub services: Services,
}

impl World {
    /// The job queue installed, business zone UTC, 2026-03-10T12:00:00Z.
    pub async fn new(owner: PgPool) -> Self {
        Self::with(owner, settings()).await
    }

    pub async fn with(owner: PgPool, settings: AccessSettings) -> Self {
        let options = owner.connect_options();
        Self::reaching(owner, &options, settings).await
    }

    /// The program reaches the database by `options`, e.g. over a wire that can be cut.
    pub async fn reaching(owner: PgPool, options: &PgConnectOptions, settings: AccessSettings) -> Self {
        server::database::migrations::queue(&owner.connect_options()).await.unwrap();
        let clock = Arc::new(FixedClock::at(at("2026-03-10T12:00:00Z")));
        let pools = Pools::open(options, 60);
        let backend = Backend::pausing(pools, clock.clone(), Duration::ZERO).screening_within(Duration::from_secs(10));
        let door = Arc::new(Doorkeeper::new(backend.clone(), settings).unwrap());
        let services = Services::new(backend.clone(), door.clone());
        Self { owner, clock, backend, door, services }
    }

    /// A second process on the same database.
    pub fn neighbour(&self) -> Services {
        let pools = Pools::open(&self.owner.connect_options(), 20);
        let backend =
            Backend::pausing(pools, self.clock.clone(), Duration::ZERO).screening_within(Duration::from_secs(10));
        let door = Doorkeeper::new(backend.clone(), settings()).unwrap();
        Services::new(backend, Arc::new(door))
    }

    /// The program started anew, by the clock of `before`; it has not reached the database yet.
    pub fn reaching_again(before: &Self, options: &PgConnectOptions) -> Self {
        let (owner, clock) = (before.owner.clone(), before.clock.clone());
        let backend = Backend::pausing(Pools::open(options, 20), clock.clone(), Duration::ZERO)
            .screening_within(Duration::from_secs(10));
        let door = Arc::new(Doorkeeper::new(backend.clone(), settings()).unwrap());
        let services = Services::new(backend.clone(), door.clone());
        Self { owner, clock, backend, door, services }
    }

    pub async fn execute(&self, sql: &'static str) {
        self.owner.execute(sql).await.unwrap();
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.owner).await.unwrap()
    }

    /// A user with [`PASSWORD`].
    pub async fn user(&self, email: &str, role: Option<Role>, sets: &[PermSet]) -> Uuid {
        let hash = Hasher::new().unwrap().hash(&Password::new(PASSWORD)).await.unwrap();
        let (id, now) = (self.clock.new_id(), self.clock.now());
        sqlx::query(
            "insert into access.users (id, email, display_name, password_hash, role, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(id)
        .bind(email)
        .bind(email.split('@').next())
        .bind(&hash)
        .bind(role.map(Role::as_str))
        .bind(now)
        .execute(&self.owner)
        .await
        .unwrap();
        for set in sets {
            let kind = set.scope().as_str();
            let ids: Vec<String> = if kind == "all" { vec![] } else { vec!["1".to_owned()] };
            sqlx::query(
                "insert into access.grants (id, user_id, permission_set, scope_kind, scope_ids, granted_by, granted_at)
                 values ($1, $2, $3, $4, $5, 'test', $6)",
            )
            .bind(self.clock.new_id())
            .bind(id)
            .bind(set.as_str())
            .bind(kind)
            .bind(ids)
            .bind(now)
            .execute(&self.owner)
            .await
            .unwrap();
        }
        id
    }
}

/// Keys of the server under test.
pub fn keys() -> Keys {
    Keys::derive(&MasterKey::new([7; 32]), None)
}

/// Access as the server under test has it.
pub fn settings() -> AccessSettings {
    AccessSettings::new(keys(), ORIGIN)
}

/// A signed-in person with the rights of a role, without a row in the database.
pub fn person(role: Role) -> Principal {
    let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | role as u128);
    Principal::vouch(
        ActorKind::User,
        Some(id),
        format!("{role:?}@example.com"),
        Rights::of(Some(role), &[]),
        RequestTrace::default(),
    )
}
