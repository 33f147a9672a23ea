//! A shop of a wanted size, and how fast its overview answers.

use crate::{
    Failure, RUN,
    http::{self, get, load, summary},
    world::{ADDRESS, World},
};
use chrono::{Days, NaiveDate};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// Lines an invoice has, as in the real file (25 on average).
const LINES_PER_INVOICE: usize = 25;
/// Days over which the shop's sales are spread.
const DAYS: u64 = 180;

pub struct Shop {
    last_day: NaiveDate,
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).unwrap()
}

/// Imports generated files until the shop has `lines` lines; prints the speed of each against COPY of the same file.
pub async fn grow(world: &mut World, lines: usize) -> Result<Shop, Failure> {
    const FILE: usize = 200_000;
    while world.lines < lines {
        let file = world.scratch("sales.csv");
        std::fs::write(&file, sales_csv(world.lines, FILE))?;
        let copied = copy_seconds(world, &file).await?;
        let started = Instant::now();
        world.millrace(&["import", "transactions", file.to_str().unwrap(), "--zone", "UTC"], "").await?;
        let seconds = started.elapsed().as_secs_f64();
        world.lines += FILE;
        println!(
            "import {FILE} lines onto {:>7}: {:>7.0} lines/s, {:.2} of raw COPY ({:.0} lines/s), target 30,000 lines/s",
            world.lines - FILE,
            FILE as f64 / seconds,
            copied / seconds,
            FILE as f64 / copied,
        );
    }
    // What Postgres does by itself within a minute.
    sqlx::raw_sql("vacuum analyze").execute(&sqlx::PgPool::connect(&world.owner_url).await?).await?;
    Ok(Shop { last_day: first_day() + Days::new(DAYS - 1) })
}

/// Imports a file of visits of the last 30 days, and the same file once more, which finds all of them recorded.
pub async fn import_visits(world: &World, rows: usize) -> Result<(), Failure> {
    let mut csv = String::from("visited_at,visitor_key,session_ref,path\n");
    let today = chrono::Utc::now().date_naive();
    for n in 0..rows {
        let mixed = n.wrapping_mul(2_654_435_761);
        let day = today - Days::new(1 + n as u64 % 30);
        let (hour, minute, second) = (mixed % 24, mixed / 24 % 60, mixed / 1_440 % 60);
        let (visitor, session) = (mixed % 40_000, n % 3);
        let _ =
            writeln!(csv, "{day} {hour:02}:{minute:02}:{second:02},b-{visitor},s-{visitor}-{session},/p/{}", n % 500);
    }
    let file = world.scratch("visits.csv");
    std::fs::write(&file, csv)?;
    for what in ["", ", the same once more"] {
        let started = Instant::now();
        world.millrace(&["import", "visits", file.to_str().unwrap(), "--zone", "UTC"], "").await?;
        println!("import {rows} visits{what}: {:.2} s with the start of the program", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Rows from line `from` on: 600 products, 4,000 customers, every 50th invoice a cancellation.
fn sales_csv(from: usize, lines: usize) -> String {
    let mut csv = String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for n in from..from + lines {
        let invoice = n / LINES_PER_INVOICE;
        // A fixed multiplier walks customers, products and minutes without repeating for long.
        let mixed = invoice.wrapping_mul(2_654_435_761);
        let day = first_day() + Days::new((invoice as u64 * 7) % DAYS);
        let (hour, minute) = (8 + mixed % 12, mixed / 12 % 60);
        let product = (n.wrapping_mul(40_503)) % 600;
        let cancel = invoice % 50 == 49;
        let (letter, sign) = if cancel { ("C", "-") } else { ("", "") };
        let _ = writeln!(
            csv,
            "{letter}{},{},BENCH PRODUCT {product},{sign}{},{day} {hour:02}:{minute:02}:00,{}.{:02},{},United Kingdom",
            1_000_000 + invoice,
            20_000 + product,
            1 + n % 12,
            1 + product % 20,
            product % 100,
            10_000 + mixed % 4_000,
        );
    }
    csv
}

/// Seconds that COPY of the same file into a plain table takes.
async fn copy_seconds(world: &World, file: &std::path::Path) -> Result<f64, Failure> {
    let owner = sqlx::PgPool::connect(&world.owner_url).await?;
    let mut connection = owner.acquire().await?;
    sqlx::raw_sql("create temp table raw (a text, b text, c text, d numeric, e timestamp, f numeric, g text, h text)")
        .execute(&mut *connection)
        .await?;
    let bytes = std::fs::read(file)?;
    let started = Instant::now();
    let mut copy = connection.copy_in_raw("copy raw from stdin (format csv, header)").await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    Ok(started.elapsed().as_secs_f64())
}

/// JSON and page, warm, against a bare SELECT of the same figures through a pool of the same size.
pub async fn overview(world: &World, size: &str, shop: &Shop) -> Result<(), Failure> {
    let day = shop.last_day;
    let select = bare_select(world, day).await?;
    println!("{size}: bare SELECT       {:>7.0}/s  p99 {:>6.1} ms", select.per_second, ms(select.p99));
    let paths =
        [("overview JSON, warm", format!("/api/v1/kpis?day={day}")), ("overview page, warm", format!("/?day={day}"))];
    for (what, path) in paths {
        let request = get(&path, &world.token, "");
        let first = http::Connection::open(ADDRESS).await?.call(&request).await?;
        if first.status != 200 {
            return Err(format!("{path} answered {}: {}", first.status, String::from_utf8_lossy(&first.body)).into());
        }
        let got = load(ADDRESS, 32, RUN, move |_, _| request.clone()).await?;
        println!(
            "{size}: {what} {:>6.0}/s  p99 {:>6.1} ms  {} errors, {:.2} of the bare SELECT",
            got.per_second,
            ms(got.p99),
            got.errors,
            got.per_second / select.per_second,
        );
    }
    Ok(())
}

/// Median time of overviews of `days` days that no cache has seen, one after the other.
pub async fn uncached(world: &World, shop: &Shop, days: u64) -> Result<Duration, Failure> {
    let mut connection = http::Connection::open(ADDRESS).await?;
    let mut times = Vec::new();
    let started = Instant::now();
    for n in 0..100_u64 {
        let to = shop.last_day - Days::new(n);
        let path = format!("/api/v1/kpis?from={}&to={to}", to - Days::new(days - 1));
        let at = Instant::now();
        let answer = connection.call(&get(&path, &world.token, "")).await?;
        times.push(at.elapsed());
        if answer.status != 200 {
            return Err(format!("{path}: {}", answer.status).into());
        }
    }
    let got = summary(times, started.elapsed().as_secs_f64(), 0);
    println!(
        "{} lines: uncached overview of {days:>2} days p50 {:.1} ms, p99 {:.1} ms (target under 150 ms)",
        world.lines,
        ms(got.p50),
        ms(got.p99)
    );
    Ok(got.p50)
}

async fn bare_select(world: &World, day: NaiveDate) -> Result<http::Load, Failure> {
    let from = day.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let pool = world.pool.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < RUN {
                let at = Instant::now();
                sqlx::query(
                    "select sum(net), count(*), count(distinct customer_id),
                            (select sum(net) from sales.refunds where refunded_at >= $1 and refunded_at < $2)
                     from sales.transactions where recognised_at >= $1 and recognised_at < $2",
                )
                .bind(from)
                .bind(from + Days::new(1))
                .execute(&pool)
                .await?;
                times.push(at.elapsed());
            }
            Ok::<_, sqlx::Error>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        times.extend(joined??);
    }
    Ok(summary(times, started.elapsed().as_secs_f64(), 0))
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
