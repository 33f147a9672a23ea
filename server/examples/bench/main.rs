//! `make bench`: the speed of the release build, measured from outside in one run on a database of
//! its own. The machine is shared and noisy, so what counts are the ratios: to a bare SELECT, to
//! COPY, to pgbench, and of the large shop to the small one.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_debug_implementations, reason = "a measuring program")]
#![allow(clippy::disallowed_methods, reason = "it measures the machine's own time")]

mod alerts;
mod crowd;
mod http;
#[path = "../../tests/world/mailbox.rs"]
#[allow(dead_code, reason = "here it does not misbehave")]
mod mailbox;
mod outage;
mod page_weight;
mod process;
mod report;
mod rows;
mod sales;
mod shop;
mod sign_in;
mod table;
mod viewers;
mod warm;
mod world;

use clap::Parser;
use report::Report;
use std::time::Duration;
use world::World;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long each load runs.
const RUN: Duration = Duration::from_secs(5);
/// Sales of the smaller shop.
const FEW: u64 = 100_000;

#[derive(Debug, Parser)]
struct Options {
    /// Sales in the large shop; 10 million take about 10 GB of disk, which come back at the end
    #[arg(long, default_value_t = 2_000_000)]
    rows: u64,
    /// Only these parts, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = PARTS)]
    only: Vec<String>,
    /// Serves nothing: the generator's own yardstick
    #[arg(long, hide = true)]
    empty_route: bool,
}

const PARTS: [&str; 9] = ["import", "sign-in", "weight", "size", "warm", "table", "crowd", "alerts", "outage"];

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    if options.empty_route {
        return warm::serve_empty().await;
    }
    let mut world = World::start().await?;
    println!("# Millrace bench: {}", world.machine());
    let mut report = Report::default();
    let done = parts(&options, &mut world, &mut report).await;
    // A shop of millions is not left behind, whatever happened.
    world.stop().await;
    report.sum_up();
    done
}

async fn parts(options: &Options, world: &mut World, report: &mut Report) -> Result<(), Failure> {
    if options.wants("import") {
        import(world).await?;
    }
    if options.wants("sign-in") {
        println!("\n## Refused sign-ins");
        sign_in::same_time(world).await?;
    }
    if options.wants("weight") {
        println!("\n## What the browser loads");
        page_weight::report(world).await?;
    }
    let is_large = ["size", "table", "warm", "crowd", "outage"].iter().any(|part| options.wants(part));
    if is_large {
        println!("\n## The shop grows");
        rows::grow(world, 0, FEW).await?;
        let few = if options.wants("size") { record(world).await? } else { Vec::new() };
        rows::grow(world, FEW, options.rows).await?;
        if options.wants("size") {
            let many = record(world).await?;
            sales::at_two_sizes(&few, &many, options.rows, report).await;
        }
    }
    if options.wants("table") {
        println!("\n## Figures that nobody looked at before, {} sales", options.rows);
        let ended = table::measure(world, options.rows, report).await;
        report.ended("table", ended);
    }
    if options.wants("warm") {
        println!("\n## Warm answers");
        let ended = warm::measure(world, report).await;
        report.ended("warm", ended);
    }
    if options.wants("crowd") {
        println!("\n## A thousand people");
        let ended = crowd::measure(world, report).await;
        report.ended("crowd", ended);
    }
    if options.wants("alerts") {
        println!("\n## Rules over many products, and messages");
        let ended = alerts::measure(world, report).await;
        report.ended("alerts", ended);
    }
    if options.wants("outage") {
        println!("\n## The database stops under fifty people");
        let ended = outage::measure(world, report).await;
        report.ended("outage", ended);
    }
    Ok(())
}

async fn record(world: &World) -> Result<Vec<sales::Recorded>, Failure> {
    let mut ratios = Vec::new();
    for clients in sales::SIZES {
        ratios.push(sales::record(world, clients).await?);
    }
    Ok(ratios)
}

/// What imports cost, and the overview at two sizes of an imported shop.
async fn import(world: &mut World) -> Result<(), Failure> {
    println!("\n## Import, and the overview at two sizes");
    let small = shop::grow(world, 200_000).await?;
    shop::overview(world, "200 k lines", &small).await?;
    let small_uncached = [shop::uncached(world, &small, 1).await?, shop::uncached(world, &small, 30).await?];
    let large = shop::grow(world, 2_000_000).await?;
    shop::overview(world, "2 M lines", &large).await?;
    let large_uncached = [shop::uncached(world, &large, 1).await?, shop::uncached(world, &large, 30).await?];
    // The 180 days are the same: ten times the lines are ten times the sales of each day.
    for (days, (small, large)) in [1, 30].iter().zip(small_uncached.iter().zip(&large_uncached)) {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!("uncached p50 of {days:>2} days at 2 M : at 200 k lines = {ratio:.2} (target at most 3)");
    }

    println!("\n## Importing visits");
    shop::import_visits(world, 100_000).await?;

    println!("\n## Recording sales on 2 M lines, against pgbench simple-update on the same cluster");
    for clients in [1, 8, 32] {
        let ratio = sales::record(world, clients).await?.ratio;
        println!("   ratio {ratio:.2} (target 0.3)");
    }

    println!("\n## From commit to another client's screen, 200 live clients");
    sales::live(world, 200).await?;
    Ok(())
}
