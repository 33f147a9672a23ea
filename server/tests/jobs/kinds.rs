//! Jobs that only tests have.

use crate::world::World;
use domain::jobs::{EventLevel, queues};
use serde::{Deserialize, Serialize};
use serde_json::json;
use server::jobs::{Job, JobContext, JobFailure, JobOutcome, JobsConfig, Nothing, Registry, Runtime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub fn registry() -> Registry {
    Registry::standard()
        .with::<Counting>()
        .with::<Flaky>()
        .with::<Polite>()
        .with::<Stubborn>()
        .with::<Broken>()
        .with::<Single>()
}

pub fn runtime(world: &World) -> Arc<Runtime> {
    Runtime::new(world.services.clone(), registry(), JobsConfig::default())
}

/// Writes `items` rows, 1,000 a step, each step with its checkpoint in one transaction.
pub struct Counting;

#[derive(Serialize, Deserialize)]
pub struct Items {
    pub items: i64,
}

impl Job for Counting {
    const KIND: &'static str = "counting";
    const TITLE: &'static str = "Count";
    type Payload = Items;

    async fn run(context: JobContext, Items { items }: Items) -> Result<JobOutcome, JobFailure> {
        let mut done: i64 = context.checkpoint()?.unwrap_or(0);
        context.step("Counting");
        while done < items {
            context.check()?;
            let next = (done + 1_000).min(items);
            let mut tx = store::begin(&context.backend.pools.jobs).await?;
            sqlx::query("insert into ops.counted select n from generate_series($1::bigint + 1, $2::bigint) n")
                .bind(done)
                .bind(next)
                .execute(&mut *tx)
                .await
                .map_err(|_| JobFailure::fail("counted", "An item was counted twice."))?;
            context.save_checkpoint(&mut tx, &next).await?;
            store::commit(tx).await?;
            done = next;
            context.progress(done, Some(items));
            context.count("counted", done);
        }
        context.log(EventLevel::Info, "All counted").await;
        Ok(JobOutcome::Succeeded(json!({ "items": done })))
    }
}

/// Fails with "retry" until its attempt is `succeeds_at`; 0: fails for good at once.
pub struct Flaky;

#[derive(Serialize, Deserialize)]
pub struct SucceedsAt {
    pub succeeds_at: i32,
}

impl Job for Flaky {
    const KIND: &'static str = "flaky";
    const TITLE: &'static str = "Fail now and then";
    type Payload = SucceedsAt;

    async fn run(context: JobContext, SucceedsAt { succeeds_at }: SucceedsAt) -> Result<JobOutcome, JobFailure> {
        match succeeds_at {
            0 => Err(JobFailure::fail("hopeless", "This will never work.")),
            n if context.attempt < n => Err(JobFailure::retry("busy", "The other side is busy.")),
            _ => Ok(JobOutcome::Partial(json!({"attempt": context.attempt}))),
        }
    }
}

/// Works until asked to stop.
pub struct Polite;

impl Job for Polite {
    const KIND: &'static str = "polite";
    const TITLE: &'static str = "Stop when asked";
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        loop {
            context.advance(1);
            context.check()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Never looks up from its work.
pub struct Stubborn;

impl Job for Stubborn {
    const KIND: &'static str = "stubborn";
    const TITLE: &'static str = "Go on";
    type Payload = Nothing;

    async fn run(_: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        std::future::pending().await
    }
}

pub struct Broken;

impl Job for Broken {
    const KIND: &'static str = "broken";
    const TITLE: &'static str = "Break off";
    type Payload = Nothing;

    async fn run(_: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        panic!("on purpose")
    }
}

/// Notices when two of it run at once, in a queue that allows one.
pub struct Single;

static AT_ONCE: AtomicUsize = AtomicUsize::new(0);

impl Job for Single {
    const KIND: &'static str = "single";
    const TITLE: &'static str = "Be alone";
    const QUEUE: &'static str = queues::IMPORT;
    type Payload = Nothing;

    async fn run(_: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let others = AT_ONCE.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(150)).await;
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        if others == 0 { Ok(JobOutcome::done()) } else { Err(JobFailure::fail("crowd", "Not alone.")) }
    }
}
