//! The database is stopped while fifty people click, the server is killed and started anew meanwhile, and
//! then the database comes back.

use crate::{
    Failure,
    http::Connection,
    process::ranks,
    report::Report,
    shop::ms,
    viewers::{Viewer, administrator, signed_in},
    world::{ADDRESS, World},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const PEOPLE: usize = 50;
const PAGES: [&str; 5] = ["/", "/overview/kpis", "/overview/attention", "/overview/freshness", "/transactions"];
const STAGES: [&str; 5] = ["before", "database stopped", "server killed", "server started anew", "database back"];
/// Between two clicks of one person.
const THINKING: Duration = Duration::from_secs(1);

/// One click: when in the course of things, where, how long, which status.
struct Click {
    stage: u8,
    page: &'static str,
    took: Duration,
    status: u16,
}

async fn click(mut viewer: Viewer, place: usize, stage: Arc<AtomicU8>) -> Vec<Click> {
    let mut clicks = Vec::new();
    let mut connection = None;
    for n in place.. {
        if stage.load(Ordering::SeqCst) as usize >= STAGES.len() {
            break;
        }
        tokio::time::sleep(THINKING).await;
        let open = match connection.take() {
            Some(open) => Some(open),
            // Nobody listens while the server starts: the browser says so, not a page of ours.
            None => Connection::open(ADDRESS).await.ok(),
        };
        let Some(mut open) = open else { continue };
        let (page, began, at) = (PAGES[n % PAGES.len()], stage.load(Ordering::SeqCst), Instant::now());
        if let Ok(answer) = open.call(&viewer.get(page)).await {
            clicks.push(Click { stage: began, page, took: at.elapsed(), status: answer.status });
            viewer.keep(&answer);
            connection = Some(open);
        } else if stage.load(Ordering::SeqCst) != 2 && began != 2 && began != 1 {
            clicks.push(Click { stage: began, page, took: at.elapsed(), status: 0 });
        }
    }
    clicks
}

/// Values of all tiles, their greatest age, and whether all are fresh.
#[derive(Debug, PartialEq)]
struct Told {
    values: BTreeMap<String, String>,
    age: i64,
    is_fresh: bool,
}

async fn tiles(viewer: &Viewer) -> Result<Told, Failure> {
    let answer = Connection::open(ADDRESS).await?.call(&viewer.get("/api/v1/kpis")).await?;
    if answer.status != 200 {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(format!("tiles were answered {}: {said}", answer.status).into());
    }
    let told: Value = serde_json::from_slice(&answer.body)?;
    let tiles = told.as_array().or_else(|| told["items"].as_array()).ok_or("no tiles")?;
    let value = |tile: &Value| (tile["key"].to_string(), tile["value"].to_string());
    Ok(Told {
        values: tiles.iter().map(value).collect(),
        age: tiles.iter().filter_map(|tile| tile["age_seconds"].as_i64()).max().unwrap_or(-1),
        is_fresh: tiles.iter().all(|tile| tile["state"] == "fresh"),
    })
}

pub async fn measure(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    let viewers = signed_in(world, PEOPLE).await?;
    let mut admin = administrator().await?;
    let first = Connection::open(ADDRESS).await?.call(&admin.get("/overview/kpis")).await?;
    admin.keep(&first);
    let stage = Arc::<AtomicU8>::default();
    let mut tasks = JoinSet::new();
    for (place, viewer) in viewers.into_iter().enumerate() {
        tasks.spawn(click(viewer, place, Arc::clone(&stage)));
    }
    // Longer than the five seconds after which what is known is written to disk.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let before = tiles(&admin).await?;
    stage.store(1, Ordering::SeqCst);
    let stopped = Instant::now();
    world.stop_database().await?;
    println!("the database was stopped within {:.1} s", stopped.elapsed().as_secs_f64());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let early = tiles(&admin).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let late = tiles(&admin).await?;

    stage.store(2, Ordering::SeqCst);
    let killed = Instant::now();
    world.kill_server().await?;
    world.start_server().await?;
    while Connection::open(ADDRESS).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("killed, the server listened again after {:.1} s", killed.elapsed().as_secs_f64());
    stage.store(3, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let anew = tiles(&admin).await?;

    world.start_database().await?;
    stage.store(4, Ordering::SeqCst);
    let back = Instant::now();
    let healed = loop {
        let told = tiles(&admin).await?;
        if told.is_fresh || back.elapsed() > Duration::from_secs(60) {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let live = back.elapsed();
    tokio::time::sleep(Duration::from_secs(4)).await;
    stage.store(5, Ordering::SeqCst);
    let mut clicks = Vec::new();
    while let Some(more) = tasks.join_next().await {
        clicks.extend(more?);
    }
    tell(&clicks, report);
    println!(
        "greatest age of a tile: {} s before, {} s and {} s in the outage, {} s after the restart",
        before.age, early.age, late.age, anew.age
    );
    report.judge(
        "ages rise",
        &format!("{} s, {} s, {} s", early.age, late.age, anew.age),
        "each above the last",
        early.age < late.age && late.age < anew.age,
    );
    let same = [&early, &late, &anew].iter().all(|told| told.values == before.values);
    report.judge(
        "values in the outage and after the restart",
        if same { "the same" } else { "others" },
        "the same",
        same,
    );
    report.judge(
        "no tile of the outage calls itself fresh",
        &(!late.is_fresh && !anew.is_fresh).to_string(),
        "true",
        !late.is_fresh && !anew.is_fresh,
    );
    report.judge(
        "live again after the database's return",
        &format!("{:.1} s", live.as_secs_f64()),
        "at most 10 s",
        healed.is_fresh && live <= Duration::from_secs(10),
    );
    Ok(())
}

fn tell(clicks: &[Click], report: &mut Report) {
    for (at, stage) in STAGES.iter().enumerate() {
        let of = || clicks.iter().filter(|c| usize::from(c.stage) == at);
        let (p50, p95, longest) = ranks(of().map(|c| c.took).collect());
        println!(
            "{stage}: {} clicks, p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms",
            of().count(),
            ms(p50),
            ms(p95),
            ms(longest)
        );
        let mut worse = BTreeMap::<(&str, u16), usize>::new();
        of().filter(|c| c.status != 200).for_each(|c| *worse.entry((c.page, c.status)).or_default() += 1);
        for ((page, status), times) in worse {
            println!("  {page} was answered {status} {times} times");
        }
    }
    let slow = clicks.iter().filter(|c| c.took > Duration::from_millis(500)).count();
    let bad = clicks.iter().filter(|c| c.status >= 500 || c.status == 0).count();
    report.judge(&format!("of {} clicks, over 500 ms", clicks.len()), &slow.to_string(), "0", slow == 0);
    report.judge("pages answered 5xx or not at all", &bad.to_string(), "0", bad == 0);
}
