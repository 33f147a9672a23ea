//! Recording sales, and how soon others see them.

use crate::{
    Failure, RUN,
    http::{Connection, get, load, post, summary},
    report::Report,
    shop::ms,
    world::{ADDRESS, World},
};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{process::Command, sync::broadcast, task::JoinSet};

/// Clients of the runs at two sizes.
pub const SIZES: [usize; 3] = [1, 8, 32];
/// Who buys: so many that nobody comes back all the time.
const CUSTOMERS: i64 = 50_000;

/// Products with plenty on hand, so that the sale succeeds.
pub async fn stocked_products(world: &World) -> Result<Vec<uuid::Uuid>, Failure> {
    let owner = sqlx::PgPool::connect(&world.owner_url).await?;
    sqlx::raw_sql(
        "insert into stock.levels (product_id, site_id, on_hand)
         select p.id, s.id, 100000000 from sales.products p, stock.sites s where p.kind = 'stocked' and s.is_default
         on conflict (product_id, site_id) do update set on_hand = excluded.on_hand",
    )
    .execute(&owner)
    .await?;
    Ok(sqlx::query_scalar("select id from sales.products where kind = 'stocked' order by id limit 500")
        .fetch_all(&owner)
        .await?)
}

/// How fast sales of known customers are judged and recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    /// To pgbench's simple-update.
    pub ratio: f64,
    pub p99: Duration,
}

/// Sales a second by `clients` connections, each with its decision, beside pgbench with as many.
pub async fn record(world: &World, clients: usize) -> Result<Recorded, Failure> {
    let products = stocked_products(world).await?;
    let token = world.token.clone();
    let run = uuid::Uuid::new_v4();
    let customers: Vec<uuid::Uuid> = sqlx::query_scalar("select id from sales.customers order by id limit $1")
        .bind(CUSTOMERS)
        .fetch_all(&sqlx::PgPool::connect(&world.owner_url).await?)
        .await?;
    let sales = load(ADDRESS, clients, RUN, move |client, n| {
        let product = products[(client * 131 + n * 17) % products.len()];
        let body = json!({
            "customer_id": customers[(client * 6_151 + n * 389) % customers.len()],
            "lines": [{"product_id": product, "quantity": "1"}],
            "payment_method": "cash",
        })
        .to_string();
        post("/api/v1/transactions", &token, &body, &format!("Idempotency-Key: {run}-{client}-{n}\r\n"))
    })
    .await?;
    let pgbench = pgbench(world, clients).await?;
    let recorded = Recorded { ratio: sales.per_second / pgbench, p99: sales.p99 };
    println!(
        "{clients:>2} clients: {:>6.0} sales/s, p50 {:.1} ms, p99 {:.1} ms, {} errors; pgbench {pgbench:.0}/s",
        sales.per_second,
        ms(sales.p50),
        ms(sales.p99),
        sales.errors,
    );
    Ok(recorded)
}

/// Sales a second, each a ratio to pgbench of the same minute, with few sales in the shop and with many.
pub async fn at_two_sizes(few: &[Recorded], many: &[Recorded], rows: u64, report: &mut Report) {
    for ((clients, few), many) in SIZES.iter().zip(few).zip(many) {
        let change = (many.ratio / few.ratio - 1.0) * 100.0;
        let what =
            format!("sales with their decision, {clients} clients, {rows} sales, as a ratio to pgbench simple-update");
        report.judge(&what, &format!("{:.2}", many.ratio), "0.3", many.ratio >= 0.3);
        report.below("the same, p99", many.p99, 100);
        let what = format!("sales/s of {clients} clients at {rows} sales against 100,000, as ratios to pgbench");
        report.judge(&what, &format!("{change:+.0} %"), "within 20 %, or faster", change >= -20.0);
    }
}

/// Transactions a second of pgbench's simple-update.
async fn pgbench(world: &World, clients: usize) -> Result<f64, Failure> {
    let ready: bool = sqlx::query_scalar("select to_regclass('public.pgbench_accounts') is not null")
        .fetch_one(&sqlx::PgPool::connect(&world.owner_url).await?)
        .await?;
    if !ready {
        run_pgbench(&["-i", "-q", "-s", "20", &world.owner_url]).await?;
    }
    let clients = clients.to_string();
    let text =
        run_pgbench(&["-N", "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", "5", &world.owner_url]).await?;
    let line = text.lines().find(|l| l.starts_with("tps = ")).ok_or("pgbench printed no tps")?;
    Ok(line.split(' ').nth(2).ok_or("no number")?.parse()?)
}

async fn run_pgbench(arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("pgbench").args(arguments).output().await?;
    if !output.status.success() {
        return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Time from the answer to a recorded sale until each of `clients` streams has heard of it.
pub async fn live(world: &World, clients: usize) -> Result<(), Failure> {
    let (heard, _) = broadcast::channel::<Instant>(65_536);
    let mut streams = JoinSet::new();
    for _ in 0..clients {
        let (heard, token) = (heard.clone(), world.token.clone());
        streams.spawn(async move {
            let mut connection = Connection::open(ADDRESS).await?;
            connection.send(&get("/live?topics=transactions", &token, "Accept: text/event-stream\r\n")).await?;
            loop {
                if connection.line().await?.starts_with("event: changed") {
                    let _ = heard.send(Instant::now());
                }
            }
            #[allow(unreachable_code)]
            std::io::Result::Ok(())
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let product = stocked_products(world).await?[0];
    let mut connection = Connection::open(ADDRESS).await?;
    let (mut times, mut lost) = (Vec::new(), 0);
    for n in 0..50 {
        let mut arrivals = heard.subscribe();
        let body = json!({"lines": [{"product_id": product, "quantity": "1"}], "payment_method": "cash"}).to_string();
        let key = format!("Idempotency-Key: live-{n}-{}\r\n", std::process::id());
        let answer = connection.call(&post("/api/v1/transactions", &world.token, &body, &key)).await?;
        let committed = Instant::now();
        if answer.status != 201 {
            return Err(format!("sale answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
        }
        let mut count = 0;
        while count < clients {
            match tokio::time::timeout(Duration::from_secs(2), arrivals.recv()).await {
                // An arrival before the answer is no delay at all.
                Ok(Ok(at)) => times.push(at.saturating_duration_since(committed)),
                _ => {
                    lost += clients - count;
                    break;
                }
            }
            count += 1;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    streams.abort_all();
    let got = summary(times, 1.0, 0);
    println!(
        "{clients} clients, 50 sales: p50 {:.1} ms, p99 {:.1} ms (target under 250 ms), {lost} not heard within 2 s",
        ms(got.p50),
        ms(got.p99)
    );
    Ok(())
}
