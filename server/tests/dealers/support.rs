//! What tests of fetches have in common.

use crate::{
    rows::{SAMPLE, cli, seeded},
    world::{World, at},
};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    dealers::{DealersPort, Feed, FetchStarted, FetchStatus, StartFetch},
    ids::JobId,
};
use server::{
    jobs::{JobsConfig, Registry, Runtime},
    simulators::faults::{Fault, Knob},
};
use sqlx::PgPool;
use std::sync::Arc;

/// The world stands at 2026-03-10 19:00 in Jakarta.
pub const WEEK: &str = "2026-03-04 00:00:00";
/// Three windows: 02-20 to 02-26, 02-27 to 03-05, the rest.
pub const LONG: &str = "2026-02-20 00:00:00";

pub fn asked(dealer_id: &str, from: &str) -> StartFetch {
    StartFetch { dealer_id: dealer_id.to_owned(), from_time: Some(from.to_owned()), ..StartFetch::default() }
}

pub fn runtime(world: &World) -> Arc<Runtime> {
    Runtime::new(world.services.clone(), Registry::standard(), JobsConfig::default())
}

pub fn faulty(world: &World, faults: &[(Knob, Fault)]) {
    world.services.dealers.loopback().simulator().faults.set(faults.iter().copied().collect());
}

pub async fn begun(world: &World, command: &StartFetch) -> FetchStarted {
    world.services.dealers.fetch(&cli(), command).await.unwrap()
}

pub async fn status(world: &World, run: JobId) -> FetchStatus {
    world.services.dealers.fetch_status(&cli(), run).await.unwrap().expect("a fetch")
}

/// Asked for, worked through, and how it stands then.
pub async fn fetched(world: &World, command: &StartFetch) -> FetchStatus {
    let run = begun(world, command).await.task_id;
    runtime(world).drain().await.unwrap();
    status(world, run).await
}

/// Good records and some that are kept back, child records of another feed, and a feed that is switched off.
pub async fn land_some(world: &World, dealers: &[&str]) {
    faulty(world, &[(Knob::DirtyRate, Fault::of(30))]);
    for dealer in dealers {
        let counts = fetched(world, &asked(dealer, WEEK)).await.counters;
        assert!(counts.inserted > 0 && counts.rejected > 0, "{dealer}: {counts:?}");
        let orders = StartFetch { fetch_type: Some(Feed::Pkb.as_str().to_owned()), ..asked(dealer, WEEK) };
        assert!(fetched(world, &orders).await.counters.inserted > 0, "{dealer}");
        world.services.dealers.switch_feed(&cli(), dealer, Feed::Leasing, false).await.unwrap();
    }
}

/// In a time that the worker's queue, which goes by the clock of the database, has not come to: what is put off waits.
pub async fn far_ahead(owner: PgPool) -> (World, StartFetch) {
    let world = seeded(owner).await;
    world.clock.set(at("2099-03-10T12:00:00Z"));
    (world, asked(SAMPLE, "2099-02-20 00:00:00"))
}

/// What was put off is due.
pub async fn due(world: &World) {
    world.clock.advance(Duration::hours(6));
    world.execute("update graphile_worker._private_jobs set run_at = now()").await;
}

/// Windows by their state.
pub fn states(status: &FetchStatus) -> Vec<&'static str> {
    status.windows.iter().map(|window| window.state.as_str()).collect()
}

pub const UNITS: &str = "select count(*) from dealer.prospect_units";
pub const PROSPECTS: &str = "select count(*) from dealer.prospects";

pub fn faults(refused: AppError) -> Vec<(String, String)> {
    assert_eq!(refused.code, ErrorCode::Validation);
    refused.fields.into_iter().map(|fault| (fault.path, fault.message)).collect()
}
