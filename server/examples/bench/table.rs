//! The table of `overview.md` 9: figures that no cache has, with the shop as large as asked for.

use crate::{
    Failure,
    http::{Answer, Connection, get, post},
    process::ranks,
    report::Report,
    rows::{DAYS, whole_reads},
    viewers::{self, Viewer},
    world::{ADDRESS, World},
};
use chrono::{Days, Utc};
use domain::overview::MetricKey;
use serde_json::{Value, json};
use server::{
    backend::{Backend, Pools},
    clock::SystemClock,
    services::{analytics::ViewsService, overview::SummaryService},
};
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const TIMES: usize = 20;

struct Asking<'a> {
    world: &'a World,
    connection: Connection,
}

impl Asking<'_> {
    /// Forgets every kept value, here and in the database.
    async fn forget(&mut self) -> Result<(), Failure> {
        let body = json!({"pattern": "*", "hard": true}).to_string();
        let answer = self.connection.call(&post("/api/v1/cache/invalidate", &self.world.token, &body, "")).await?;
        if answer.status == 200 { Ok(()) } else { Err(format!("clearing was answered {}", answer.status).into()) }
    }

    async fn timed(&mut self, request: &[u8]) -> Result<(Duration, Answer), Failure> {
        let at = Instant::now();
        let answer = self.connection.call(request).await?;
        let took = at.elapsed();
        if answer.status == 200 {
            return Ok((took, answer));
        }
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(format!(
            "{} was answered {}: {said}",
            String::from_utf8_lossy(request).lines().next().unwrap_or_default(),
            answer.status
        )
        .into())
    }

    /// The 95th of a hundred times that `path` takes, kept or not.
    async fn p95(&mut self, path: &str, is_kept: bool) -> Result<Duration, Failure> {
        let request = get(path, &self.world.token, "");
        let mut times = Vec::new();
        for _ in 0..TIMES {
            if !is_kept {
                self.forget().await?;
            }
            times.push(self.timed(&request).await?.0);
        }
        Ok(ranks(times).1)
    }

    async fn json(&mut self, path: &str) -> Result<Value, Failure> {
        let (_, answer) = self.timed(&get(path, &self.world.token, "")).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

pub async fn measure(world: &World, rows: u64, report: &mut Report) -> Result<(), Failure> {
    let admin = viewers::administrator().await?;
    let mut asking = Asking { world, connection: Connection::open(ADDRESS).await? };
    let backend = Backend::new(Pools::open(&world.app_url.parse()?, 12), Arc::new(SystemClock));
    let summary = SummaryService::new(backend.clone());
    sums(world, &summary, report).await?;
    let at = Instant::now();
    ViewsService::new(backend).refresh_all().await.map_err(|e| e.message)?;
    let took = at.elapsed();
    report.judge("refresh of all views", &format!("{:.1} s", took.as_secs_f64()), "below 60 s", took.as_secs() < 60);
    let read = whole_reads(world).await?;

    let dashboard = asking.p95("/api/v1/dashboard/overview", false).await?;
    report.below("dashboard JSON, uncached, p95", dashboard, 150);
    report.below("dashboard JSON, cached, p95", asking.p95("/api/v1/dashboard/overview", true).await?, 50);
    let mut worst = (Duration::ZERO, "");
    for metric in MetricKey::ALL {
        let took = asking.p95(&format!("/api/v1/kpis/{}", metric.as_str()), false).await?;
        println!("  tile {} uncached p95 {:.1} ms", metric.as_str(), crate::shop::ms(took));
        worst = worst.max((took, metric.as_str()));
    }
    report.below(&format!("a tile of today, uncached, p95 of the slowest ({})", worst.1), worst.0, 150);
    for (days, limit) in [(30, 50), (400, 100)] {
        let took = asking.p95(&format!("/api/v1/kpis/trend?days={days}"), false).await?;
        report.below(&format!("trend of {days} days, p95"), took, limit);
    }
    home(&mut asking, &admin, report).await?;
    drill(&mut asking, rows, report).await?;
    analytics(&mut asking, report).await?;
    lists(&mut asking, report).await?;
    alerts(&mut asking, report).await?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        times.push(asking.timed(&admin.get("/api/v1/attention")).await?.0);
    }
    report.below("attention list, p95", ranks(times).1, 350);

    let read = whole_reads(world).await? - read;
    report.judge("large tables read from end to end meanwhile", &read.to_string(), "0", read == 0);
    Ok(())
}

/// The jobs that keep days: all of them, and a minute in which 5,000 orders came.
async fn sums(world: &World, summary: &SummaryService, report: &mut Report) -> Result<(), Failure> {
    let at = Instant::now();
    let days = summary.last_days(u16::try_from(DAYS)?).await?;
    for piece in days.chunks(31) {
        summary.sum_up(piece).await.map_err(|e| e.message)?;
    }
    let took = at.elapsed();
    report.judge("rebuild of 400 days", &format!("{:.1} s", took.as_secs_f64()), "below 60 s", took.as_secs() < 60);
    let owner = PgPool::connect(&world.owner_url).await?;
    let mut times = Vec::new();
    for _ in 0..5 {
        sqlx::raw_sql(
            "insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                 line_count, occurred_at, recognised_at, entry, created_at, updated_at)
             select gen_random_uuid(), ('00000002-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, s.id, 'approved', 'USD', 5, 0, 5, 0, 0, 5,
                    1, 1, now(), now(), 'api', now(), now()
             from generate_series(1, 5000) i, stock.sites s where s.is_default",
        )
        .execute(&owner)
        .await?;
        let at = Instant::now();
        let due = summary.due_days().await.map_err(|e| e.message)?;
        let found = summary.sum_up(&due).await.map_err(|e| e.message)?;
        times.push(at.elapsed());
        // The server's own job may have been faster.
        if found.changed.is_empty() {
            println!("  the server's own job summed up 5,000 orders first");
        }
    }
    report.below("kpi_summary with 5,000 new orders, median of 5", ranks(times).0, 500);
    Ok(())
}

/// The home page with nothing kept: its first bytes, and all of it.
async fn home(asking: &mut Asking<'_>, admin: &Viewer, report: &mut Report) -> Result<(), Failure> {
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        asking.forget().await?;
        let mut connection = Connection::open(ADDRESS).await?;
        let at = Instant::now();
        connection.send(&admin.get("/")).await?;
        connection.line().await?;
        first.push(at.elapsed());
        connection.rest().await?;
        whole.push(at.elapsed());
    }
    report.below("home page with nothing kept, first HTML, p95", ranks(first).1, 200);
    report.below("home page with nothing kept, complete, p95", ranks(whole).1, 500);
    Ok(())
}

/// Sales analytics with nothing kept but the views (`commerce.md` 9).
async fn analytics(asking: &mut Asking<'_>, report: &mut Report) -> Result<(), Failure> {
    for (path, limit) in [
        ("hourly-sales?hours=168", 100),
        ("top-products?days=30", 150),
        ("top-products?days=365", 150),
        ("category-performance?days=30", 150),
        ("category-performance?days=365", 150),
        ("customer-segments", 150),
    ] {
        let took = asking.p95(&format!("/api/v1/analytics/{path}"), false).await?;
        report.below(&format!("{path}, uncached, p95"), took, limit);
    }
    let took = asking.p95("/api/v1/analytics/hourly-sales", true).await?;
    report.below("hourly-sales, cached, p95", took, 50);
    Ok(())
}

/// The list of sales, from both ends and narrowed.
async fn lists(asking: &mut Asking<'_>, report: &mut Report) -> Result<(), Failure> {
    for query in [
        "limit=50",
        "limit=50&sort=occurred_at:asc",
        "limit=50&sort=total",
        "limit=50&status=pending",
        "limit=50&q=bench-77",
    ] {
        let took = asking.p95(&format!("/api/v1/transactions?{query}"), true).await?;
        report.below(&format!("transactions?{query}, p95"), took, 100);
    }
    Ok(())
}

/// A million alerts, of which a thousand are not over.
const ALERTS: &str = "
    insert into ops.alerts (id, dedup_key, alert_type, feature, severity, title, message, entity_type, entity_id, state, opened_at, last_seen_at,
                            resolved_at, resolved_by, resolution, money_at_risk, currency, source)
    select gen_random_uuid(), 'bench:' || i, 'low_stock', 'inventory', 1 + i % 4, 'Low stock: product ' || i, 'Few are left.', 'product', i::text,
           case when i % 1000 = 0 then 'firing' else 'resolved' end, w, w, case when i % 1000 > 0 then w + interval '1 hour' end,
           case when i % 1000 > 0 then 'system' end, case when i % 1000 > 0 then 'auto' end, i % 5000, 'USD', 'signal'
    from (select i, now() - i * interval '30 seconds' as w from generate_series(1, 1000000) i) t";

async fn alerts(asking: &mut Asking<'_>, report: &mut Report) -> Result<(), Failure> {
    let owner = PgPool::connect(&asking.world.owner_url).await?;
    sqlx::raw_sql("set statement_timeout = 0").execute(&owner).await?;
    sqlx::raw_sql(ALERTS).execute(&owner).await?;
    sqlx::raw_sql("vacuum analyze ops.alerts").execute(&owner).await?;
    for path in [
        "alerts?limit=50",
        "alerts?limit=50&is_resolved=false",
        "alerts?limit=50&severity=critical,high&alert_type=low_stock",
        "alerts?limit=50&q=product%20777777",
        "alerts/unresolved/count",
    ] {
        let took = asking.p95(&format!("/api/v1/{path}"), true).await?;
        report.below(&format!("{path} of 1 M alerts, p95"), took, 150);
    }
    Ok(())
}

/// First and last page of 50 rows of at least 100,000 (or of all, in a smaller shop).
async fn drill(asking: &mut Asking<'_>, rows: u64, report: &mut Report) -> Result<(), Failure> {
    let days = (100_000 * DAYS).div_ceil(rows).clamp(1, DAYS - 2) + 1;
    let today = Utc::now().date_naive();
    let scope = format!("from={}&to={}", today - Days::new(days), today - Days::new(1));
    for metric in ["orders", "revenue_net"] {
        let path = format!("/api/v1/kpis/{metric}/rows?{scope}&limit=50");
        let total = asking.json(&path).await?["total"].as_i64().unwrap_or(0);
        let took = asking.p95(&path, true).await?;
        report.below(&format!("first page of {total} rows of {metric}, p95"), took, 100);
        // The cursor after the 51st from the end leads, in the other order, to the last 50.
        let turned = asking.json(&format!("/api/v1/kpis/{metric}/rows?{scope}&limit=51&sort=at")).await?;
        let cursor = turned["next_cursor"].as_str().ok_or("no cursor")?.to_owned();
        let last = format!("{path}&cursor={cursor}");
        let page = asking.json(&last).await?;
        if page["items"].as_array().map(Vec::len) != Some(50) || !page["next_cursor"].is_null() {
            return Err(format!("{last} is not the last page").into());
        }
        report.below(&format!("last page of {total} rows of {metric}, p95"), asking.p95(&last, true).await?, 100);
    }
    Ok(())
}
