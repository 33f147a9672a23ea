//! `make bench`: the speed of the release build, measured from outside in one run on a database of
//! its own. The machine is shared and noisy, so what counts are the ratios: to a bare SELECT, to
//! COPY, to pgbench, and of the large shop to the small one.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_debug_implementations, reason = "a measuring program")]
#![allow(clippy::disallowed_methods, reason = "it measures the machine's own time")]

mod http;
mod page_weight;
mod sales;
mod shop;
mod sign_in;
mod world;

use std::time::Duration;
use world::World;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long each load runs.
const RUN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut world = World::start().await?;
    println!("# Millrace bench: {}", world.machine());

    println!("\n## Import, and the overview at two sizes");
    let small = shop::grow(&mut world, 200_000).await?;
    shop::overview(&world, "200 k lines", &small).await?;
    let small_uncached = [shop::uncached(&world, &small, 1).await?, shop::uncached(&world, &small, 30).await?];
    let large = shop::grow(&mut world, 2_000_000).await?;
    shop::overview(&world, "2 M lines", &large).await?;
    let large_uncached = [shop::uncached(&world, &large, 1).await?, shop::uncached(&world, &large, 30).await?];
    // The 180 days are the same: ten times the lines are ten times the sales of each day.
    for (days, (small, large)) in [1, 30].iter().zip(small_uncached.iter().zip(&large_uncached)) {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!("uncached p50 of {days:>2} days at 2 M : at 200 k lines = {ratio:.2} (target at most 3)");
    }

    println!("\n## Recording sales on 2 M lines, against pgbench simple-update on the same cluster");
    for clients in [1, 8, 32] {
        sales::record(&world, clients).await?;
    }

    println!("\n## From commit to another client's screen, 200 live clients");
    sales::live(&world, 200).await?;

    println!("\n## Refused sign-ins");
    sign_in::same_time(&world).await?;

    println!("\n## What the browser loads");
    page_weight::report(&world).await?;
    world.stop().await;
    Ok(())
}
