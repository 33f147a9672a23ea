//! Plans of every statement behind a figure (`overview.md` 2.2): index ranges of the windows asked for, never a
//! whole table. Postgres itself tells the plans (`auto_explain`), so the statements are those that the program
//! sends, with the parameters it sends them with.

use crate::{
    analytics::{Asker, refresh},
    figures::{Figures, drill, scope},
    shop::admin,
};
use domain::overview::{Basis, DrillSort, MetricKey, OverviewPort, SummaryPort, SummaryQuery, TrendQuery};
use serde_json::Value;
use server::services::{
    exports::{ExportsService, Format, KPI_ROWS, Opened},
    overview::SummaryService,
};
use sqlx::{AssertSqlSafe, PgPool};
use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry::Registry,
};

/// Tables that grow with the business, visits and their partitions among them.
const LARGE: [&str; 5] = ["transactions", "transaction_lines", "refunds", "refund_lines", "visits"];
const SALES: i64 = 200_000;
/// Over which the sales lie evenly; there are half as many visits and a tenth of the refunds.
const DAYS: i64 = 600;
const SALES_A_DAY: i64 = SALES / DAYS;

/// Hears the plans on the thread of the test, which is the one that its pools run on.
struct Plans {
    heard: Arc<Mutex<Vec<Value>>>,
    _guard: DefaultGuard,
}

impl Plans {
    fn listen() -> Self {
        let heard = Arc::<Mutex<Vec<Value>>>::default();
        let guard = tracing::subscriber::set_default(Registry::default().with(Ear(Arc::clone(&heard))));
        Self { heard, _guard: guard }
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

struct Ear(Arc<Mutex<Vec<Value>>>);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::postgres::notice" {
            let mut message = Message::default();
            event.record(&mut message);
            if let Some((_, plan)) = message.0.split_once("plan:\n") {
                self.0.lock().unwrap().push(serde_json::from_str(plan).expect("a plan in JSON"));
            }
        }
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0 = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// What a plan read of a large table in one of its nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Read {
    table: String,
    how: String,
    rows: i64,
}

fn collect(node: &Value, found: &mut Vec<Read>) {
    let count = |name: &str| node[name].as_f64().unwrap_or_default();
    let loops = count("Actual Loops");
    if let (Some(how), Some(table)) = (node["Node Type"].as_str(), node["Relation Name"].as_str())
        && LARGE.contains(&table.split("_default").next().unwrap_or(table))
        && loops > 0.0
    {
        let rows = count("Actual Rows") + count("Rows Removed by Filter") + count("Rows Removed by Index Recheck");
        found.push(Read { table: table.to_owned(), how: how.to_owned(), rows: (rows * loops) as i64 });
    }
    node["Plans"].as_array().into_iter().flatten().for_each(|child| collect(child, found));
}

struct Examiner {
    plans: Plans,
    /// Questions asked, and statements whose plans were read.
    questions: usize,
    statements: BTreeSet<String>,
    faults: Vec<String>,
}

impl Examiner {
    /// The plans since the last call are those of `question`, which asked for `days` days of rows.
    fn examine(&mut self, question: &str, days: i64) {
        let plans = self.plans.take();
        assert!(!plans.is_empty(), "{question}: no plan was heard");
        self.questions += 1;
        for plan in plans {
            let text = plan["Query Text"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            let mut reads = Vec::new();
            collect(&plan["Plan"], &mut reads);
            for read in reads {
                // As many again for rows met twice, and some for what lies at the ends.
                let bound = 2 * days * SALES_A_DAY + 200;
                if read.how == "Seq Scan" || read.rows > bound {
                    self.faults
                        .push(format!("{question}: {read:?}, at most {bound} rows; {}", &text[..text.len().min(160)]));
                }
            }
            self.statements.insert(text);
        }
    }
}

async fn fill(db: &PgPool) {
    let sql = format!(
        "insert into sales.customers (id, external_ref, registration_date, created_at, updated_at)
         select md5('c' || i)::uuid, 'c' || i, '2025-01-01', '2025-01-01', '2025-01-01' from generate_series(1, 5000) i;
         insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
         values ('00000000-0000-7000-8000-00000000000a', 'MUG', 'Mug', 10, 'USD', '2025-01-01', '2025-01-01');
         insert into ops.fx_rates (day, from_currency, to_currency, rate, source)
         select date '2026-11-22' - i, 'EUR', 'USD', 1.1, 'test' from generate_series(0, {DAYS}, 3) i;
         insert into sales.transactions (id, customer_id, site_id, status, session_ref, currency, gross, discount, net, tax, shipping, total,
             quantity, line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
         select md5('t' || i)::uuid, case when i % 5 > 0 then md5('c' || (i * 7919 % 5000 + 1))::uuid end,
                '00000000-0000-7000-8000-000000000001', case when i % 400 = 7 then 'held' else 'approved' end,
                case when i % 3 = 0 then 's' || (i / 3) end, case when i % 100 = 3 then 'EUR' else 'USD' end,
                i % 900, 0, i % 900, 0, 0, i % 900, 1, 1, at, case when i % 400 <> 7 then at end, 'api', 'r' || i, at, at
         from (select i, timestamptz '2026-11-22T12:00:00Z' - i * interval '1 day' * {DAYS} / {SALES} as at
               from generate_series(1, {SALES}) i) t;
         insert into sales.refunds (id, kind, customer_id, currency, refunded_at, net, total, created_at)
         select md5('r' || i)::uuid, 'return', md5('c' || (i % 5000 + 1))::uuid, case when i % 100 = 3 then 'EUR' else 'USD' end,
                timestamptz '2026-11-22T12:00:00Z' - i * interval '10 days' * {DAYS} / {SALES}, 1, 1, now()
         from generate_series(1, {SALES} / 10) i;
         insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at)
         select id, 1, '00000000-0000-7000-8000-00000000000a', 1, 1, refunded_at from sales.refunds;
         insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
         select id, 1, '00000000-0000-7000-8000-00000000000a', 1, net, net, net, occurred_at from sales.transactions;
         insert into sales.visits (id, visited_at, visitor_key, customer_id, session_ref)
         select md5('v' || i)::uuid, timestamptz '2026-11-22T12:00:00Z' - i * interval '2 days' * {DAYS} / {SALES}, 'b' || (i % 20000),
                case when i % 7 = 0 then md5('c' || (i * 31 % 5000 + 1))::uuid end, 's' || (i * 2 / 3)
         from generate_series(1, {SALES} / 2) i;"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
    for table in ["transactions", "transaction_lines", "refunds", "refund_lines", "visits", "customers"] {
        sqlx::raw_sql(AssertSqlSafe(format!("vacuum analyze sales.{table}"))).execute(db).await.unwrap();
    }
}

/// From now on every new connection tells the plan of every statement.
async fn tell_plans(db: &PgPool) {
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(db).await.unwrap();
    for setting in [
        // As the program runs its own Postgres.
        "random_page_cost = 1.1",
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_format = json",
        "auto_explain.log_level = notice",
    ] {
        let sql = AssertSqlSafe(format!("alter database \"{name}\" set {setting}"));
        sqlx::raw_sql(sql).execute(db).await.unwrap();
    }
}

/// A question of analytics and how many days of rows it may read: from the rows, then from the views.
const ANALYTICS: [(&str, &str, i64, i64); 7] = [
    ("hourly", "hours=24", 3, 3),
    ("hourly", "from=2026-10-01&to=2026-10-07", 7, 2),
    ("hourly", "from=2026-10-01&to=2026-10-07&clean=1", 7, 7),
    ("products", "days=7&kind=all", 20, 6),
    ("products", "from=2026-09-01&to=2026-09-30&kind=all", 90, 2),
    ("categories", "days=7", 30, 6),
    ("categories", "from=2026-09-01&to=2026-09-30", 120, 2),
];

#[sqlx::test(migrations = "../migrations")]
async fn analytics_read_the_days_that_no_view_holds(db: PgPool) {
    fill(&db).await;
    sqlx::raw_sql("load 'auto_explain'").execute(&db).await.expect("Postgres comes with auto_explain");
    tell_plans(&db).await;
    let world = Figures::on(db.clone());
    let mut examiner = Examiner { plans: Plans::listen(), questions: 0, statements: BTreeSet::new(), faults: vec![] };
    let asker = Asker::of(&world.backend);
    for kept in [false, true] {
        for (what, query, from_rows, from_views) in ANALYTICS {
            match what {
                "hourly" => drop(asker.hourly(query).await),
                "products" => drop(asker.products(query).await),
                _ => drop(asker.categories(query).await),
            }
            let days = if kept { from_views } else { from_rows };
            examiner.examine(&format!("{what} {query}, kept {kept}"), days);
        }
        if !kept {
            assert!(refresh(&world.backend).await);
            sqlx::raw_sql(
                "analyze sales.hourly_sales_mv; analyze sales.top_products_mv; analyze sales.category_performance_mv",
            )
            .execute(&db)
            .await
            .unwrap();
            examiner.plans.take();
        }
    }
    assert!(examiner.faults.is_empty(), "{} faults:\n{}", examiner.faults.len(), examiner.faults.join("\n"));
}

#[sqlx::test(migrations = "../migrations")]
async fn no_figure_reads_more_than_index_ranges_of_its_window(db: PgPool) {
    fill(&db).await;
    sqlx::raw_sql("load 'auto_explain'").execute(&db).await.expect("Postgres comes with auto_explain");
    tell_plans(&db).await;
    let world = Figures::on(db.clone());
    let mut examiner = Examiner { plans: Plans::listen(), questions: 0, statements: BTreeSet::new(), faults: vec![] };
    let (who, service) = (admin(), &world.service);
    let forget = || world.backend.figures.clear("*", true);

    // The job first, so that finished days are kept; a month of them is its longest window.
    let summary = SummaryService::new(world.backend.clone());
    for piece in summary.last_days(400).await.unwrap().chunks(31) {
        summary.sum_up(piece).await.unwrap();
        examiner.examine("rebuild of a month", 31);
    }
    summary.sum_up(&summary.due_days().await.unwrap()).await.unwrap();
    examiner.examine("kept days", 2);
    sqlx::raw_sql("analyze ops.kpi_summary; analyze ops.kpi_quarter_hours").execute(&db).await.unwrap();
    examiner.plans.take();

    // With a week, a day and a year before: three windows more for a day, two for a month.
    for (period, days) in [("", 4), ("clean=1", 4), ("period=30d", 90)] {
        for basis in [Basis::Net, Basis::All] {
            for metric in MetricKey::ALL {
                let query = format!("{period}&basis={}", basis.as_str());
                let mut asked = scope(&query);
                asked.compare = Some("all".into());
                forget();
                // A slow machine answers without a value after the deadline and goes on computing.
                while service.tile(&who, metric.as_str(), &asked).await.unwrap().computed_at.is_none() {}
                examiner.examine(&format!("tile {metric} {query}"), days);
            }
        }
    }
    for metric in MetricKey::ALL {
        for sort in DrillSort::of(metric.drill_kind()) {
            let query = format!("period=30d&sort={}", sort.as_str());
            let told = format!("rows of {metric} {query}");
            let first = service.rows(&who, metric.as_str(), &drill(&query)).await.unwrap();
            examiner.examine(&told, 60);
            let mut next = drill(&query);
            next.cursor = first.rows.next_cursor().map(str::to_owned);
            // Of what is low or has just come there is one page.
            let one_page = matches!(metric, MetricKey::LowStock | MetricKey::LastMinute);
            assert!(next.cursor.is_some() || one_page, "{told}");
            service.rows(&who, metric.as_str(), &next).await.unwrap();
            examiner.examine(&format!("{told}, next page"), 60);
        }
        service.rows(&who, metric.as_str(), &drill("day=2026-10-01&q=c77")).await.unwrap();
        examiner.examine(&format!("rows of {metric}, searched"), 2);
    }
    for metric in [MetricKey::RevenueNet, MetricKey::AmountAll, MetricKey::ActiveCustomers, MetricKey::Conversion] {
        let exports = ExportsService::new(world.backend.clone(), crate::world::keys());
        let pairs = [("metric", metric.as_str()), ("from", "2026-10-01"), ("to", "2026-10-10")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let Opened::Stream(mut file) = exports.open(&who, KPI_ROWS, Format::Csv, &pairs).await.unwrap() else {
            panic!("too large to stream");
        };
        while !file.batch().await.unwrap().is_empty() {
            examiner.examine(&format!("export of {metric}"), 20);
        }
    }
    // Kept days are not read again; of the 400 days before those only 200 have rows.
    for (days, read) in [(30, 1), (400, 201)] {
        forget();
        let query = TrendQuery { days: Some(days.to_string()), ..TrendQuery::default() };
        while service.trend(&who, &query).await.is_err() {}
        examiner.examine(&format!("trend of {days} days"), read);
    }
    for basis in Basis::ALL {
        let query = scope(&format!("day=2026-10-01&basis={}", basis.as_str()));
        forget();
        while service.hours(&who, &query).await.is_err() {}
        examiner.examine("hours", 1);
    }
    let month = SummaryQuery { from: Some("2026-10-23".into()), to: Some("2026-11-22".into()) };
    summary.summary(&who, &month).await.unwrap();
    examiner.examine("summary", 0);
    service.realtime(&who).await.unwrap();
    examiner.examine("last minute", 1);
    // Its totals are of all time.
    for (period, days) in [("24h", DAYS), ("7d", DAYS), ("30d", DAYS)] {
        forget();
        while service.dashboard(&who, period).await.is_err() {}
        examiner.examine(&format!("dashboard {period}"), days);
    }
    assert!(examiner.questions > 150 && examiner.statements.len() > 50, "{} statements", examiner.statements.len());
    assert!(examiner.faults.is_empty(), "{} faults:\n{}", examiner.faults.len(), examiner.faults.join("\n"));
}
