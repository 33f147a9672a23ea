//! Cancel, time limit, and the end of the process, in real time.

use crate::{
    kinds::{Polite, Stubborn, registry},
    runs::{ask, read},
    world::World,
};
use domain::{
    jobs::Enqueued,
    overview::fault_drill::{Fault, FaultDrillPort, StartDrill},
};
use server::jobs::{JobsConfig, Nothing, Runtime};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use store::jobs::JobRecord;

fn quick() -> JobsConfig {
    JobsConfig { cancel_grace: Duration::from_secs(1), stop_grace: Duration::from_secs(1), ..JobsConfig::default() }
}

async fn until(world: &World, job: Enqueued, what: impl Fn(&JobRecord) -> bool) -> JobRecord {
    for _ in 0..150 {
        let run = read(world, job).await;
        if what(&run) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("still {:?}", read(world, job).await);
}

pub async fn closed(world: &World, job: Enqueued) -> JobRecord {
    until(world, job, |run| run.finished_at.is_some()).await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_run_starts_within_a_second_and_a_cancel_ends_it_within_five(pool: PgPool) {
    let world = World::new(pool).await;
    let handle = Runtime::new(world.services.clone(), registry(), quick()).start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = Instant::now();
    let job = ask::<Polite>(&world, Nothing {}, None).await;
    until(&world, job, |run| run.state == "running").await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    until(&world, job, |run| run.progress_done > 0 && run.progress_rate.is_some()).await;

    let mut connection = store::acquire(&world.backend.pools.admin).await.unwrap();
    let asked = Instant::now();
    assert!(
        store::jobs::request_cancel(&mut connection, job.job_id.0, world.backend.clock.now(), "Admin").await.unwrap()
    );
    let run = closed(&world, job).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!((run.state.as_str(), run.error_code), ("cancelled", None));
    handle.stop().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_run_that_does_not_listen_is_dropped_and_marked(pool: PgPool) {
    let world = World::new(pool).await;
    let handle = Runtime::new(world.services.clone(), registry(), quick()).start();
    let job = ask::<Stubborn>(&world, Nothing {}, None).await;
    until(&world, job, |run| run.state == "running").await;
    let mut connection = store::acquire(&world.backend.pools.admin).await.unwrap();
    store::jobs::request_cancel(&mut connection, job.job_id.0, world.backend.clock.now(), "Admin").await.unwrap();
    let run = closed(&world, job).await;
    assert_eq!((run.state.as_str(), run.error_code.as_deref()), ("cancelled", Some("forced")));
    handle.stop().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_run_ends_at_its_time_limit(pool: PgPool) {
    let world = World::new(pool).await;
    let job = ask::<Stubborn>(&world, Nothing {}, None).await;
    world.execute("update ops.job_runs set timeout_seconds = 1").await;
    let handle = Runtime::new(world.services.clone(), registry(), quick()).start();
    let run = closed(&world, job).await;
    assert_eq!((run.state.as_str(), run.error_code.as_deref(), run.attempt), ("failed", Some("timeout"), 1));
    handle.stop().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_end_of_the_process_gives_runs_back_uncounted(pool: PgPool) {
    let world = World::new(pool).await;
    let handle = Runtime::new(world.services.clone(), registry(), quick()).start();
    let job = ask::<Stubborn>(&world, Nothing {}, None).await;
    until(&world, job, |run| run.state == "running").await;
    let stopping = Instant::now();
    handle.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(8), "{:?}", stopping.elapsed());
    let run = read(&world, job).await;
    assert_eq!((run.state.as_str(), run.attempt, run.worker_id), ("queued", 0, None));
    assert_eq!(world.number("select count(*) from ops.workers").await, 0);

    // The next process takes it up at once.
    let next = Runtime::new(world.services.clone(), registry(), quick()).start();
    assert_eq!(until(&world, job, |run| run.state == "running").await.attempt, 1);
    next.stop().await;
}

/// A drill stops the worker: what is asked for waits, and is done when the drill is over.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn in_a_drill_of_a_stopped_worker_jobs_wait_until_it_is_over(pool: PgPool) {
    let world = World::new(pool).await;
    let handle = Runtime::new(world.services.clone(), registry(), quick()).start();
    let first = ask::<Polite>(&world, Nothing {}, None).await;
    until(&world, first, |run| run.state == "running").await;
    let who = crate::world::person(domain::access::Role::Admin);
    let faults = vec![Fault::WorkerStop];
    let command = StartDrill { faults, duration_seconds: 60, ..StartDrill::default() };
    world.services.drill.start(&who, &command).await.unwrap();
    // What was at work goes back to its queue, and what comes waits there.
    until(&world, first, |run| run.state == "queued").await;
    let second = ask::<Polite>(&world, Nothing {}, None).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(read(&world, second).await.state, "queued");
    world.services.drill.stop(&who).await.unwrap();
    until(&world, second, |run| run.state == "running").await;
    handle.stop().await;
}
