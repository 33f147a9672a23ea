//! A thousand people look: each with a stream and a refresh every 30 s, while five sales a second are recorded.

use crate::{
    Failure,
    http::{Connection, get, post},
    process::{ranks, resident},
    report::Report,
    sales::stocked_products,
    shop::ms,
    viewers::{Viewer, signed_in},
    world::{ADDRESS, World},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const VIEWERS: usize = 1_000;
const REFRESH: Duration = Duration::from_secs(30);
const LASTS: Duration = Duration::from_secs(65);
const BETWEEN_SALES: Duration = Duration::from_millis(200);

/// What the open streams heard.
#[derive(Debug, Default)]
struct Heard {
    changes: AtomicU64,
    ended: AtomicUsize,
}

async fn listen(viewer: Viewer, heard: Arc<Heard>) -> io::Result<()> {
    let mut stream = Connection::open(ADDRESS).await?;
    stream.send(&viewer.get("/live")).await?;
    while let Ok(line) = stream.line().await {
        if line.starts_with("event: changed") || line.starts_with("event: metric") {
            heard.changes.fetch_add(1, Ordering::Relaxed);
        }
    }
    heard.ended.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Looks at everything on the home page each 30 s, beginning somewhere within the first.
async fn look(viewer: Viewer, place: usize, until: Instant) -> io::Result<(Vec<Duration>, usize)> {
    let (mut times, mut errors) = (Vec::new(), 0);
    tokio::time::sleep(REFRESH.mul_f64(place as f64 / VIEWERS as f64)).await;
    let mut connection = Connection::open(ADDRESS).await?;
    let request = viewer.get("/fn/overview/screen?query=");
    while Instant::now() < until {
        let at = Instant::now();
        let answer = connection.call(&request).await?;
        times.push(at.elapsed());
        errors += usize::from(answer.status != 200);
        tokio::time::sleep(REFRESH.saturating_sub(at.elapsed())).await;
    }
    Ok((times, errors))
}

async fn sell(world: &World, products: &[uuid::Uuid], until: Instant) -> Result<(usize, usize), Failure> {
    let mut connection = Connection::open(ADDRESS).await?;
    let mut beat = tokio::time::interval(BETWEEN_SALES);
    let (mut sold, mut errors) = (0, 0);
    while Instant::now() < until {
        beat.tick().await;
        let body = json!({"lines": [{"product_id": products[sold % products.len()], "quantity": "1"}], "payment_method": "cash"});
        let key = format!("Idempotency-Key: crowd-{}-{sold}\r\n", std::process::id());
        let answer = connection.call(&post("/api/v1/transactions", &world.token, &body.to_string(), &key)).await?;
        sold += 1;
        errors += usize::from(answer.status != 201);
    }
    Ok((sold, errors))
}

/// When each figure was computed, as the database tells.
async fn watch(world: &World, until: Instant) -> Result<BTreeMap<String, BTreeSet<DateTime<Utc>>>, Failure> {
    let mut computed = BTreeMap::<String, BTreeSet<DateTime<Utc>>>::new();
    let owner = sqlx::PgPool::connect(&world.owner_url).await?;
    while Instant::now() < until {
        let rows: Vec<(String, DateTime<Utc>)> =
            sqlx::query_as("select metric_key || ' ' || scope, computed_at from ops.metric_values")
                .fetch_all(&owner)
                .await?;
        for (key, at) in rows {
            computed.entry(key).or_default().insert(at);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(computed)
}

/// Looks answered from what is kept, and all looks.
async fn looks(world: &World) -> Result<(i64, i64), Failure> {
    let answer = Connection::open(ADDRESS).await?.call(&get("/api/v1/cache/stats", &world.token, "")).await?;
    let told: Value = serde_json::from_slice(&answer.body)?;
    let areas = told["namespaces"].as_array().ok_or("no statistics")?.clone();
    let sum = |name: &str| areas.iter().filter_map(|area| area[name].as_i64()).sum::<i64>();
    let served = sum("hits") + sum("stale_hits") + sum("coalesced");
    Ok((served, served + sum("misses") + sum("failures")))
}

pub async fn measure(world: &World, report: &mut Report) -> Result<(), Failure> {
    let products = stocked_products(world).await?;
    let viewers = signed_in(world, VIEWERS).await?;
    println!("{} people signed in", viewers.len());
    let pid = world.server_pid().ok_or("no server")?;
    let (heard, before) = (Arc::<Heard>::default(), resident(pid));
    let mut streams = JoinSet::new();
    for viewer in viewers.iter().cloned() {
        streams.spawn(listen(viewer, Arc::clone(&heard)));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    if let Some((before, after)) = before.zip(resident(pid)) {
        let each = after.saturating_sub(before) / 1024 / VIEWERS as u64;
        println!(
            "memory of the server: {} MiB before, {} MiB with {VIEWERS} streams; {each} KiB a stream",
            before >> 20,
            after >> 20
        );
    }
    let counted = looks(world).await?;
    let until = Instant::now() + LASTS;
    let mut tasks = JoinSet::new();
    for (place, viewer) in viewers.into_iter().enumerate() {
        tasks.spawn(look(viewer, place, until));
    }
    let (sold, computed) = tokio::join!(sell(world, &products, until), watch(world, until));
    let ((sold, refused), computed) = (sold?, computed?);
    let (mut times, mut errors) = (Vec::new(), refused);
    while let Some(looked) = tasks.join_next().await {
        let (more, failed) = looked??;
        times.extend(more);
        errors += failed;
    }
    let broken = heard.ended.load(Ordering::Relaxed);
    streams.abort_all();
    let (served, all) = looks(world).await?;
    let (served, all) = (served - counted.0, all - counted.1);
    println!(
        "{} looks and {sold} sales in {} s, {} events heard, {all} looks at figures",
        times.len(),
        LASTS.as_secs(),
        heard.changes.load(Ordering::Relaxed)
    );
    let (p50, p95, longest) = ranks(times);
    println!("a look: p50 {:.1} ms, longest {:.1} ms", ms(p50), ms(longest));
    report.judge("errors with 1,000 people", &(errors + broken).to_string(), "0", errors + broken == 0);
    report.below("a look, p95", p95, 500);
    let rate = served as f64 * 100.0 / (all.max(1)) as f64;
    report.judge("hit rate", &format!("{rate:.1} %"), "above 80 %", rate > 80.0);
    // Two computations in one second would lie closer together than this.
    let gaps = computed.values().flat_map(|times| times.iter().zip(times.iter().skip(1)).map(|(a, b)| *b - *a));
    let shortest = gaps.min().map_or(i64::MAX, |gap| gap.num_milliseconds());
    let busiest = computed.values().map(BTreeSet::len).max().unwrap_or(0);
    println!("{} figures were kept; the one computed most often was computed {busiest} times", computed.len());
    let told = if shortest == i64::MAX { "never twice".to_owned() } else { format!("{shortest} ms") };
    report.judge("shortest time between two computations of one figure", &told, "at least 950 ms", shortest >= 950);
    Ok(())
}
