//! A shop whose sales, refunds and visits the dice throw, and somebody who goes on writing in it.

use crate::{dice::Dice, figures::Figures, shop::admin};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use domain::{
    ids::{CustomerId, ProductId},
    overview::{OverviewPort, RecordVisit},
    transactions::{Entry, PaymentMethod, RecordSale, TransactionsPort},
};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use server::{
    access::secret::Keys,
    config::MasterKey,
    live::Gatherer,
    services::{
        overview::{SummaryService, name_closed_days, name_days_of_sales},
        transactions::TransactionsService,
    },
};
use sqlx::{PgConnection, PgPool};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use uuid::Uuid;

/// Days over which the rows lie, today included.
const DAYS: u64 = 14;
/// The last of them, on which somebody writes while others look.
pub const LOUD: u64 = 4;

/// A zone and the first midday after something odd in its calendar.
const SCENES: [(&str, &str); 10] = [
    ("UTC", "2026-11-22T12:00:00Z"),
    ("Asia/Kolkata", "2026-11-22T12:00:00Z"),
    ("Asia/Kathmandu", "2026-07-01T12:00:00Z"),
    ("America/New_York", "2026-03-08T16:00:00Z"),
    ("America/New_York", "2026-11-01T17:00:00Z"),
    ("Europe/London", "2026-10-25T12:00:00Z"),
    ("Africa/Cairo", "2026-04-24T10:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-04T02:00:00Z"),
    ("Pacific/Chatham", "2026-09-27T02:00:00Z"),
    // 2011-12-30 did not happen there.
    ("Pacific/Apia", "2011-12-31T12:00:00Z"),
];
const STATUSES: [&str; 14] = [
    "approved",
    "approved",
    "approved",
    "approved",
    "held",
    "held",
    "released",
    "partially_refunded",
    "refunded",
    "disputed",
    "pending",
    "declined",
    "failed",
    "cancelled",
];
/// Pounds have no rate on any day, euros on some.
const CURRENCIES: [&str; 8] = ["USD", "USD", "USD", "USD", "USD", "EUR", "EUR", "GBP"];

pub struct RandomShop {
    pub world: Figures,
    pub calendar: BusinessZone,
    pub today: NaiveDate,
    pub dice: Dice,
    customers: Vec<Uuid>,
    mug: Uuid,
    recorder: Arc<TransactionsService>,
}

/// Rows of one kind of the dice's own making.
struct Thrown<'a> {
    dice: &'a mut Dice,
    customers: &'a [Uuid],
    product: Uuid,
    now: DateTime<Utc>,
}

impl Thrown<'_> {
    fn amount(&mut self) -> Decimal {
        Decimal::new(self.dice.below(2_000_000) as i64, 4)
    }

    fn customer(&mut self) -> Option<Uuid> {
        if self.dice.once_in(3) { None } else { Some(self.dice.one_of(self.customers)) }
    }

    fn session(&mut self) -> Option<String> {
        if self.dice.once_in(3) { None } else { Some(format!("s{}", self.dice.below(9))) }
    }

    async fn sale(&mut self, db: &mut PgConnection, at: DateTime<Utc>) -> Uuid {
        let (id, status) = (Uuid::now_v7(), self.dice.one_of(&STATUSES));
        let recognised = match status {
            "approved" | "partially_refunded" | "refunded" | "disputed" => Some(at),
            "released" => Some((at + Duration::minutes(self.dice.below(3_000) as i64)).min(self.now.max(at))),
            _ => None,
        };
        sqlx::query(
            "insert into sales.transactions (id, customer_id, site_id, status, session_ref, currency, gross, discount, net, tax, shipping,
                 total, quantity, line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
             values ($1, $2, '00000000-0000-7000-8000-000000000001', $3, $4, $5, $6 + 1, 1, $6, $7, 0, $6 + $7, 1, 1, $8, $9, 'import',
                 $1::text, $8, $8)",
        )
        .bind(id)
        .bind(self.customer())
        .bind(status)
        .bind(self.session())
        .bind(self.dice.one_of(&CURRENCIES))
        .bind(self.amount())
        .bind(self.amount())
        .bind(at)
        .bind(recognised)
        .execute(&mut *db)
        .await
        .unwrap();
        for known in 0..self.dice.below(4).saturating_sub(1) {
            let label = self.dice.one_of(&["confirmed_fraud", "legitimate"]);
            sqlx::query(
                "insert into sales.fraud_labels (transaction_id, known_at, label, source) values ($1, $2, $3, 'case')",
            )
            .bind(id)
            .bind(at + Duration::days(known as i64))
            .bind(label)
            .execute(&mut *db)
            .await
            .unwrap();
        }
        id
    }

    /// A product of which there may be little.
    async fn product(&mut self, db: &mut PgConnection) {
        let (id, on_hand) = (Uuid::now_v7(), self.dice.below(16) as i64);
        sqlx::query(
            "insert into sales.products (id, sku, name, price, currency, is_active, created_at, updated_at)
                     values ($1, upper($1::text), $1::text, 1, 'USD', $2, $3, $3)",
        )
        .bind(id)
        .bind(!self.dice.once_in(5))
        .bind(self.now)
        .execute(&mut *db)
        .await
        .unwrap();
        sqlx::query("insert into stock.levels (product_id, site_id, on_hand, reserved) select $1, id, $2, $3 from stock.sites where is_default")
            .bind(id).bind(Decimal::from(on_hand)).bind(Decimal::from(self.dice.below(on_hand as u64 + 1)))
            .execute(&mut *db).await.unwrap();
    }

    /// A refund of one to three lines; every other one of a sale that is not known.
    async fn refund(&mut self, db: &mut PgConnection, at: DateTime<Utc>) {
        let lines: Vec<Decimal> = (0..=self.dice.below(3)).map(|_| self.amount()).collect();
        let (id, net) = (Uuid::now_v7(), lines.iter().sum::<Decimal>());
        sqlx::query(
            "insert into sales.refunds (id, transaction_id, kind, customer_id, currency, refunded_at, net, total, created_at)
             select $1, t.id, 'return', $2, $3, $4, $5, $5, $4
             from (select) one left join lateral (
                 select id from sales.transactions where $6 and currency = $3 and occurred_at <= $4 order by occurred_at desc limit 1) t on true",
        )
        .bind(id)
        .bind(self.customer())
        .bind(self.dice.one_of(&CURRENCIES))
        .bind(at)
        .bind(net)
        .bind(self.dice.once_in(2))
        .execute(&mut *db)
        .await
        .unwrap();
        for (net, no) in lines.iter().zip(1_i32..) {
            sqlx::query("insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at) values ($1, $2, $3, 1, $4, $5)")
                .bind(id).bind(no).bind(self.product).bind(net).bind(at).execute(&mut *db).await.unwrap();
        }
    }

    async fn visit(&mut self, db: &mut PgConnection, at: DateTime<Utc>) {
        sqlx::query("insert into sales.visits (id, visited_at, visitor_key, customer_id, session_ref) values (gen_random_uuid(), $1, $2, $3, $4)")
            .bind(at)
            .bind(format!("b{}", self.dice.below(12)))
            .bind(if self.dice.once_in(4) { self.customer() } else { None })
            .bind(self.session())
            .execute(db)
            .await
            .unwrap();
    }
}

/// An instant of the last `days` days, often where one of them begins.
fn instant(dice: &mut Dice, calendar: BusinessZone, now: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    let window = calendar.day_range(calendar.day_of(now) - Days::new(dice.below(days)));
    let at = match dice.below(8) {
        0 => window.start,
        1 => window.start - Duration::microseconds(1),
        2 => window.end - Duration::microseconds(1),
        _ => window.start + Duration::microseconds(dice.below(86_400_000_000) as i64),
    };
    // Nothing is of the days before those, and nothing has happened yet that lies ahead.
    let first = calendar.day_range(calendar.day_of(now) - Days::new(days - 1)).start;
    at.max(first).min(now)
}

impl RandomShop {
    pub async fn on(db: PgPool) -> Self {
        let world = Figures::on(db);
        let mut customers = Vec::new();
        for n in 0..6 {
            customers.push(world.customer(&format!("c{n}")).await);
        }
        let mug = world.product().await;
        let (backend, keys) = (world.backend.clone(), Keys::derive(&MasterKey::new([7; 32]), None));
        let recorder = TransactionsService::new(backend.clone(), keys, Gatherer::new(backend.pools.live.clone()));
        let calendar = BusinessZone::parse("UTC").unwrap();
        Self {
            today: calendar.day_of(world.clock_now()),
            world,
            calendar,
            dice: Dice(0),
            customers,
            mug,
            recorder: Arc::new(recorder),
        }
    }

    /// Other rows, other days, perhaps another zone.
    pub async fn throw(&mut self, seed: u64) -> &'static str {
        self.dice = Dice(seed);
        let (zone, midday) = self.dice.one_of(&SCENES);
        let now = midday.parse::<DateTime<Utc>>().unwrap() + Duration::minutes(self.dice.below(10 * 1_440) as i64);
        self.world.clock.set(now);
        self.calendar = BusinessZone::parse(zone).unwrap();
        self.today = self.calendar.day_of(now);
        let mut db = self.world.db.begin().await.unwrap();
        sqlx::raw_sql(
            "delete from stock.levels; delete from sales.fraud_labels; delete from sales.refund_lines; delete from sales.refunds; delete from sales.transaction_events;
             delete from sales.transaction_lines; delete from sales.transactions; delete from sales.visits;
             delete from ops.kpi_summary; delete from ops.kpi_quarter_hours; delete from ops.kpi_dirty_days;
             delete from ops.fx_rates; delete from ops.metric_values",
        )
        .execute(&mut *db)
        .await
        .unwrap();
        store::settings::put(&mut db, "business.zone", &zone.into(), "test", now).await.unwrap();
        for back in [3, 4, 13] {
            sqlx::query("insert into ops.fx_rates (day, from_currency, to_currency, rate, source) values ($1, 'EUR', 'USD', $2, 'test')")
                .bind(self.today - Days::new(back))
                .bind(Decimal::new(80_000_000 + self.dice.below(40_000_000) as i64, 8))
                .execute(&mut *db)
                .await
                .unwrap();
        }
        let (sales, refunds, visits) = (self.dice.below(70), self.dice.below(14), self.dice.below(50));
        let calendar = self.calendar;
        let mut thrown = Thrown { dice: &mut self.dice, customers: &self.customers, product: self.mug, now };
        sqlx::query("update sales.products set is_active = false where id <> $1")
            .bind(self.mug)
            .execute(&mut *db)
            .await
            .unwrap();
        sqlx::query("insert into stock.levels (product_id, site_id, on_hand) select $1, id, 1000000 from stock.sites where is_default")
            .bind(self.mug)
            .execute(&mut *db)
            .await
            .unwrap();
        for _ in 0..thrown.dice.below(12) {
            thrown.product(&mut db).await;
        }
        for n in 0..sales + refunds + visits {
            let at = instant(thrown.dice, calendar, now, DAYS);
            if n < sales {
                thrown.sale(&mut db, at).await;
            } else if n < sales + refunds {
                thrown.refund(&mut db, at).await;
            } else {
                thrown.visit(&mut db, at).await;
            }
        }
        db.commit().await.unwrap();
        self.nothing_is_known();
        zone
    }

    /// Nothing computed before is an answer.
    pub fn nothing_is_known(&self) {
        self.world.backend.figures.clear("*", true);
    }

    /// Somebody who writes on the loud days until told to stop.
    pub fn writer(&mut self) -> Writer {
        let (stop, acts) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let hand = Hand {
            backend: self.world.backend.clone(),
            dice: Dice(self.dice.below(u64::MAX)),
            calendar: self.calendar,
            customers: self.customers.clone(),
            mug: self.mug,
            recorder: Arc::clone(&self.recorder),
            visits: Arc::clone(&self.world.service),
        };
        let task = tokio::spawn(hand.write(Arc::clone(&stop), Arc::clone(&acts)));
        Writer { stop, acts, task }
    }
}

pub struct Writer {
    stop: Arc<AtomicBool>,
    acts: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Writer {
    /// Changes committed so far.
    pub fn acts(&self) -> u32 {
        self.acts.load(Ordering::SeqCst)
    }

    pub async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
    }
}

struct Hand {
    backend: server::backend::Backend,
    dice: Dice,
    calendar: BusinessZone,
    customers: Vec<Uuid>,
    mug: Uuid,
    recorder: Arc<TransactionsService>,
    visits: Arc<server::services::overview::OverviewService>,
}

impl Hand {
    async fn write(mut self, stop: Arc<AtomicBool>, acts: Arc<AtomicU32>) {
        while !stop.load(Ordering::SeqCst) {
            match self.dice.below(7) {
                0 => self.sell().await,
                1 => self.be_visited().await,
                2 | 3 => self.bring_late().await,
                4 => self.release().await,
                5 => self.take_away().await,
                _ => drop(self.sum_up().await),
            }
            acts.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn sell(&mut self) {
        let sale = RecordSale {
            customer_id: if self.dice.once_in(3) { None } else { Some(CustomerId(self.dice.one_of(&self.customers))) },
            product_id: Some(ProductId(self.mug)),
            quantity: Some(Decimal::from(1 + self.dice.below(4))),
            payment_method: Some(PaymentMethod::Cash),
            ..RecordSale::default()
        };
        self.recorder.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
    }

    async fn be_visited(&mut self) {
        let visit = RecordVisit { visitor_key: format!("b{}", self.dice.below(12)), ..RecordVisit::default() };
        self.visits.record_visit(&admin(), &visit).await.unwrap();
    }

    /// Rows of days that may be over, as an import brings them.
    async fn bring_late(&mut self) {
        let now = self.backend.clock.now();
        let at = instant(&mut self.dice, self.calendar, now, LOUD);
        let mut tx = store::begin(&self.backend.pools.jobs).await.unwrap();
        let kind = self.dice.below(3);
        let mut thrown = Thrown { dice: &mut self.dice, customers: &self.customers, product: self.mug, now };
        match kind {
            0 => thrown.refund(&mut tx, at).await,
            1 => thrown.visit(&mut tx, at).await,
            _ => {
                let id = thrown.sale(&mut tx, at).await;
                name_days_of_sales(&mut tx, &[id], now).await.unwrap();
            }
        }
        name_closed_days(&mut tx, [at], now).await.unwrap();
        store::commit(tx).await.unwrap();
    }

    /// A held sale of a loud day comes through its review now.
    async fn release(&mut self) {
        self.change("update sales.transactions set status = 'released', recognised_at = $2 where id = $1", "held")
            .await;
    }

    async fn take_away(&mut self) {
        self.change("delete from sales.transactions where id = $1 and occurred_at <= $2", "approved").await;
    }

    async fn change(&mut self, sql: &'static str, status: &str) {
        let now = self.backend.clock.now();
        let first = self.calendar.day_range(self.calendar.day_of(now) - Days::new(LOUD - 1)).start;
        let mut tx = store::begin(&self.backend.pools.jobs).await.unwrap();
        let sale: Option<Uuid> = sqlx::query_scalar(
            "select t.id from sales.transactions t
             where t.status = $1 and t.occurred_at >= $2 and not exists (select from sales.refunds r where r.transaction_id = t.id)
             order by t.id limit 1",
        )
        .bind(status)
        .bind(first)
        .fetch_optional(&mut *tx)
        .await
        .unwrap();
        if let Some(sale) = sale {
            name_days_of_sales(&mut tx, &[sale], now).await.unwrap();
            sqlx::query(sql).bind(sale).bind(now).execute(&mut *tx).await.unwrap();
            name_days_of_sales(&mut tx, &[sale], now).await.unwrap();
        }
        store::commit(tx).await.unwrap();
    }

    async fn sum_up(&mut self) -> server::services::overview::SummedUp {
        let service = SummaryService::new(self.backend.clone());
        let days = service.due_days().await.unwrap();
        service.sum_up(&days).await.unwrap()
    }
}
