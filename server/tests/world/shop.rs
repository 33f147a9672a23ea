//! A shop to test sales in: a fresh database, the service as `millrace_app`, a clock that stands,
//! callers with the rights of a role, products and customers.

#![allow(dead_code, reason = "each test binary uses its part")]

use chrono::{DateTime, Utc};
use domain::access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role};
use domain::transactions::TransactionsPort;
use rust_decimal::Decimal;
use server::{
    access::secret::Keys,
    backend::{Backend, Pools},
    clock::FixedClock,
    config::MasterKey,
    live::Gatherer,
    services::transactions::TransactionsService,
};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

pub struct Shop {
    /// Superuser: for arranging and looking, never for what is tested.
    pub db: PgPool,
    pub clock: Arc<FixedClock>,
    pub backend: Backend,
    pub sales: Arc<dyn TransactionsPort>,
}

impl Shop {
    /// On the database that `sqlx::test` made.
    pub fn on(db: PgPool) -> Self {
        let clock = Arc::new(FixedClock::at(at("2026-10-06T08:30:00Z")));
        // Few connections: tests run beside each other on one cluster.
        let keys = Keys::derive(&MasterKey::new([7; 32]), None);
        let backend = Backend::pausing(Pools::open(&db.connect_options(), 20), clock.clone(), Duration::ZERO)
            .screening_within(Duration::from_secs(10));
        let gatherer = Gatherer::new(backend.pools.live.clone());
        Self { db, clock, sales: Arc::new(TransactionsService::new(backend.clone(), keys, gatherer)), backend }
    }

    pub async fn set(&self, key: &str, value: serde_json::Value) {
        let mut db = self.db.acquire().await.unwrap();
        store::settings::put(&mut db, key, &value, "test", at("2026-01-01T00:00:00Z")).await.unwrap();
    }

    /// A stocked product with `on_hand` pieces at the default site; `None`: without a level.
    pub async fn product(&self, sku: &str, name: &str, price: &str, on_hand: Option<i64>) -> Uuid {
        let id = Uuid::now_v7();
        sqlx::query(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values ($1, $2, $3, $4, 'USD', '2026-01-01', '2026-01-01')",
        )
        .bind(id)
        .bind(sku)
        .bind(name)
        .bind(dec(price))
        .execute(&self.db)
        .await
        .unwrap();
        if let Some(on_hand) = on_hand {
            sqlx::query("insert into stock.levels (product_id, site_id, on_hand) select $1, id, $2 from stock.sites where is_default")
                .bind(id)
                .bind(Decimal::from(on_hand))
                .execute(&self.db)
                .await
                .unwrap();
        }
        id
    }

    pub async fn service(&self, sku: &str, price: &str) -> Uuid {
        let id = self.product(sku, sku, price, None).await;
        sqlx::query("update sales.products set kind = 'service' where id = $1")
            .bind(id)
            .execute(&self.db)
            .await
            .unwrap();
        id
    }

    pub async fn customer(&self, first_name: &str, last_name: &str, external_ref: Option<&str>) -> Uuid {
        let id = Uuid::now_v7();
        sqlx::query(
            "insert into sales.customers (id, first_name, last_name, external_ref, registration_date, created_at, updated_at)
             values ($1, $2, $3, $4, '2026-01-01', '2026-01-01', '2026-01-01')",
        )
        .bind(id)
        .bind(first_name)
        .bind(last_name)
        .bind(external_ref)
        .execute(&self.db)
        .await
        .unwrap();
        id
    }

    pub async fn on_hand(&self, product: Uuid) -> Decimal {
        self.one("select on_hand from stock.levels where product_id = $1", product).await
    }

    /// One decimal of one row.
    pub async fn one(&self, sql: &'static str, id: Uuid) -> Decimal {
        sqlx::query_scalar(sql).bind(id).fetch_one(&self.db).await.unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.db).await.unwrap()
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn admin() -> Principal {
    holding(Rights::of(Some(Role::Admin), &[]))
}

pub fn planner() -> Principal {
    holding(Rights::of(Some(Role::Planner), &[]))
}

pub fn viewer() -> Principal {
    holding(Rights::of(Some(Role::Viewer), &[]))
}

pub fn buyer() -> Principal {
    holding(Rights::of(None, &[PermSet::StockBuyer]))
}

pub fn clerk() -> Principal {
    holding(Rights::of(None, &[PermSet::SalesClerk]))
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
pub fn holding(rights: Rights) -> Principal {
    let trace = RequestTrace { request_id: "test".into(), ..RequestTrace::default() };
    Principal::vouch(ActorKind::User, Some(Uuid::from_u128(1)), "test@example.com".into(), rights, trace)
}
