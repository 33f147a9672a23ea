//! Facts for the overview: sales, refunds and visits of any time, and the service that counts them.

#![allow(dead_code, reason = "each test binary uses its part")]

use chrono::{DateTime, Utc};
use domain::overview::{DrillQuery, MetricKey, OverviewPort, ScopeQuery, Tile};
use rust_decimal::Decimal;
use server::{
    backend::{Backend, Pools},
    clock::FixedClock,
    services::overview::OverviewService,
};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// A sale to arrange. The amounts have no tax, so net and total are the same.
pub struct Sale<'a> {
    pub at: &'a str,
    pub net: &'a str,
    pub customer: Option<Uuid>,
    pub session: Option<&'a str>,
    pub status: &'a str,
    pub currency: &'a str,
}

impl Default for Sale<'_> {
    fn default() -> Self {
        Self {
            at: "2026-11-22T12:00:00Z",
            net: "10.00",
            customer: None,
            session: None,
            status: "approved",
            currency: "USD",
        }
    }
}

pub struct Figures {
    /// Superuser: for arranging and looking, never for what is tested.
    pub db: PgPool,
    pub clock: Arc<FixedClock>,
    pub backend: Backend,
    pub service: Arc<OverviewService>,
}

impl Figures {
    /// On the database that `sqlx::test` made; the clock stands at 2026-11-22, noon UTC.
    pub fn on(db: PgPool) -> Self {
        let clock = Arc::new(FixedClock::at(at("2026-11-22T12:00:00Z")));
        let backend = Backend::pausing(Pools::open(&db.connect_options(), 20), clock.clone(), Duration::ZERO)
            .screening_within(Duration::from_secs(10));
        Self { db, clock, service: Arc::new(OverviewService::new(backend.clone())), backend }
    }

    pub fn clock_now(&self) -> DateTime<Utc> {
        domain::clock::Clock::now(self.clock.as_ref())
    }

    pub async fn zone(&self, zone: &str) {
        self.set("business.zone", zone).await;
    }

    pub async fn set(&self, key: &str, value: &str) {
        let mut db = self.db.acquire().await.unwrap();
        store::settings::put(&mut db, key, &value.into(), "test", at("2026-01-01T00:00:00Z")).await.unwrap();
        self.service.forget();
    }

    pub async fn customer(&self, reference: &str) -> Uuid {
        let id = Uuid::now_v7();
        sqlx::query(
            "insert into sales.customers (id, external_ref, registration_date, created_at, updated_at)
             values ($1, $2, '2026-01-01', '2026-01-01', '2026-01-01')",
        )
        .bind(id)
        .bind(reference)
        .execute(&self.db)
        .await
        .unwrap();
        id
    }

    pub async fn sale(&self, sale: Sale<'_>) -> Uuid {
        let id = Uuid::now_v7();
        let recognised = matches!(sale.status, "approved" | "released" | "refunded" | "partially_refunded");
        sqlx::query(
            "insert into sales.transactions (id, customer_id, site_id, status, session_ref, currency, gross, discount, net, tax, shipping,
                 total, quantity, line_count, occurred_at, recognised_at, entry, created_at, updated_at)
             values ($1, $2, '00000000-0000-7000-8000-000000000001', $3, $4, $5, $6, 0, $6, 0, 0, $6, 1, 1, $7,
                 case when $8 then $7 end, 'api', $7, $7)",
        )
        .bind(id)
        .bind(sale.customer)
        .bind(sale.status)
        .bind(sale.session)
        .bind(sale.currency)
        .bind(dec(sale.net))
        .bind(at(sale.at))
        .bind(recognised)
        .execute(&self.db)
        .await
        .unwrap();
        self.service.forget();
        id
    }

    /// A refund of as many lines as amounts are given.
    pub async fn refund(&self, when: &str, currency: &str, lines: &[&str]) {
        let product = self.product().await;
        let id = Uuid::now_v7();
        let net: Decimal = lines.iter().map(|l| dec(l)).sum();
        sqlx::query(
            "insert into sales.refunds (id, kind, currency, refunded_at, net, total, created_at) values ($1, 'return', $2, $3, $4, $4, $3)",
        )
        .bind(id)
        .bind(currency)
        .bind(at(when))
        .bind(net)
        .execute(&self.db)
        .await
        .unwrap();
        for (line, no) in lines.iter().zip(1_i32..) {
            sqlx::query(
                "insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at) values ($1, $2, $3, 1, $4, $5)",
            )
            .bind(id)
            .bind(no)
            .bind(product)
            .bind(dec(line))
            .bind(at(when))
            .execute(&self.db)
            .await
            .unwrap();
        }
        self.service.forget();
    }

    pub async fn product(&self) -> Uuid {
        sqlx::query(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values (gen_random_uuid(), 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01') on conflict do nothing",
        )
        .execute(&self.db)
        .await
        .unwrap();
        sqlx::query_scalar("select id from sales.products where sku = 'MUG'").fetch_one(&self.db).await.unwrap()
    }

    pub async fn visit(&self, when: &str, visitor: &str, customer: Option<Uuid>, session: Option<&str>) {
        sqlx::query("insert into sales.visits (id, visited_at, visitor_key, customer_id, session_ref) values (gen_random_uuid(), $1, $2, $3, $4)")
            .bind(at(when))
            .bind(visitor)
            .bind(customer)
            .bind(session)
            .execute(&self.db)
            .await
            .unwrap();
        self.service.forget();
    }

    pub async fn rate(&self, day: &str, from: &str, rate: &str) {
        sqlx::query("insert into ops.fx_rates (day, from_currency, to_currency, rate, source) values ($1::text::date, $2, 'USD', $3, 'test')")
            .bind(day)
            .bind(from)
            .bind(dec(rate))
            .execute(&self.db)
            .await
            .unwrap();
        self.service.forget();
    }

    /// A figure of the scope that `query` (as in a URL) says.
    /// Looks at today's tile until it is as wanted, five seconds at most.
    pub async fn until(&self, metric: MetricKey, wanted: impl Fn(&Tile) -> bool) -> Tile {
        for _ in 0..250 {
            let tile = self.tile(metric, "").await;
            if wanted(&tile) {
                return tile;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{metric} did not become as wanted: {:?}", self.tile(metric, "").await);
    }

    pub async fn tile(&self, metric: MetricKey, query: &str) -> Tile {
        self.service.tile(&super::shop::viewer(), metric.as_str(), &scope(query)).await.unwrap()
    }

    pub async fn value(&self, metric: MetricKey, query: &str) -> Option<Decimal> {
        self.tile(metric, query).await.value
    }
}

/// `day=2026-11-22&basis=net` as a query.
pub fn scope(query: &str) -> ScopeQuery {
    drill(query).scope()
}

pub fn drill(query: &str) -> DrillQuery {
    DrillQuery::parse(domain::query::pairs(query))
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}
