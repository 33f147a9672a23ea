//! Enqueue, run, repeat, retry, rescue.

use crate::{
    kinds::{Broken, Counting, Flaky, Items, Single, SucceedsAt, runtime},
    world::{World, person},
};
use chrono::Duration;
use domain::{access::Role, jobs::Enqueued};
use server::jobs::{Job, JobRequest, Nothing, enqueue};
use sqlx::PgPool;
use store::jobs::{Fence, JobRecord};

pub async fn ask<J: Job>(world: &World, payload: J::Payload, key: Option<&str>) -> Enqueued {
    let mut tx = store::begin(&world.backend.pools.admin).await.unwrap();
    let mut request = JobRequest::of::<J>(&payload).unwrap();
    request.unique_key = key.map(str::to_owned);
    let asked = enqueue(&mut tx, world.clock.as_ref(), &person(Role::Planner), request).await.unwrap();
    store::commit(tx).await.unwrap();
    asked
}

pub async fn read(world: &World, job: Enqueued) -> JobRecord {
    let mut connection = store::acquire(&world.backend.pools.admin).await.unwrap();
    store::jobs::detail(&mut connection, job.job_id.0).await.unwrap().unwrap()
}

async fn messages(world: &World, job: Enqueued) -> Vec<String> {
    let mut connection = store::acquire(&world.backend.pools.admin).await.unwrap();
    store::jobs::events(&mut connection, job.job_id.0, 0, 100).await.unwrap().into_iter().map(|e| e.message).collect()
}

async fn with_counted(pool: PgPool) -> World {
    let world = World::new(pool).await;
    world.execute("create table ops.counted (n bigint primary key); grant all on ops.counted to millrace_app").await;
    world
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_run_appears_with_the_commit_of_its_change_and_not_without(pool: PgPool) {
    let world = with_counted(pool).await;
    let mut tx = store::begin(&world.backend.pools.admin).await.unwrap();
    let request = JobRequest::of::<Counting>(&Items { items: 5 }).unwrap();
    enqueue(&mut tx, world.clock.as_ref(), &person(Role::Planner), request).await.unwrap();
    drop(tx);
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 0);
    assert_eq!(world.number("select count(*) from graphile_worker._private_jobs").await, 0);

    let job = ask::<Counting>(&world, Items { items: 2_500 }, None).await;
    assert_eq!(read(&world, job).await.state, "queued");
    runtime(&world).drain().await.unwrap();

    let run = read(&world, job).await;
    assert_eq!(
        (run.state.as_str(), run.attempt, run.requested_label.as_str()),
        ("succeeded", 1, "Planner@example.com")
    );
    assert_eq!(run.result, Some(serde_json::json!({"items": 2_500})));
    assert_eq!((run.progress_done, run.progress_total, run.step.as_deref()), (2_500, Some(2_500), Some("Counting")));
    assert_eq!(run.counters, serde_json::json!({"counted": 2_500}));
    assert_eq!(messages(&world, job).await, ["Attempt 1 of 3 started.", "All counted", "Ended succeeded"]);
    assert_eq!(world.number("select count(*) from graphile_worker._private_jobs").await, 0);
    assert_eq!(world.number("select count(*) from ops.workers").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_ticket_delivered_twice_runs_once(pool: PgPool) {
    let world = with_counted(pool).await;
    let job = ask::<Counting>(&world, Items { items: 10 }, None).await;
    world.execute("select graphile_worker.add_job('counting', json_build_object('run', id)) from ops.job_runs").await;
    runtime(&world).drain().await.unwrap();
    assert_eq!(read(&world, job).await.attempt, 1);
    assert_eq!(world.number("select count(*) from ops.counted").await, 10);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_open_run_with_the_same_key_answers_for_the_new_one(pool: PgPool) {
    let world = with_counted(pool).await;
    let first = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, Some("a")).await;
    let again = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, Some("a")).await;
    let other = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, Some("b")).await;
    assert_eq!((again.job_id, again.deduplicated), (first.job_id, true));
    assert_ne!(other.job_id, first.job_id);
    runtime(&world).drain().await.unwrap();
    let later = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, Some("a")).await;
    assert!(!later.deduplicated && later.job_id != first.job_id);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn twenty_callers_at_once_with_one_key_make_one_run(pool: PgPool) {
    let world = with_counted(pool).await;
    let asked =
        futures::future::join_all((0..20).map(|_| ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, Some("k"))))
            .await;
    assert_eq!(asked.iter().filter(|a| !a.deduplicated).count(), 1);
    assert!(asked.iter().all(|a| a.job_id == asked[0].job_id));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_retry_waits_e_to_the_n_and_three_attempts_are_all(pool: PgPool) {
    let world = with_counted(pool).await;
    let now = world.backend.clock.now();
    let good = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 3 }, None).await;
    let bad = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 9 }, None).await;
    let hopeless = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 0 }, None).await;
    // The test's clock stands in the past, so every wait is over for the queue at once.
    runtime(&world).drain().await.unwrap();

    let run = read(&world, good).await;
    assert_eq!((run.state.as_str(), run.attempt), ("partial", 3));
    assert_eq!(run.run_at - now, Duration::milliseconds(7_389), "after the second failure");
    assert_eq!(messages(&world, good).await.len(), 6);

    let run = read(&world, bad).await;
    assert_eq!((run.state.as_str(), run.attempt, run.error_code.as_deref()), ("failed", 3, Some("busy")));
    assert_eq!(run.error_message.as_deref(), Some("The other side is busy."));

    let run = read(&world, hopeless).await;
    assert_eq!((run.state.as_str(), run.attempt, run.error_code.as_deref()), ("failed", 1, Some("hopeless")));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_panic_fails_the_run_and_spares_the_worker(pool: PgPool) {
    let world = with_counted(pool).await;
    let broken = ask::<Broken>(&world, Nothing {}, None).await;
    let whole = ask::<Counting>(&world, Items { items: 3 }, None).await;
    runtime(&world).drain().await.unwrap();
    assert_eq!(read(&world, broken).await.error_code.as_deref(), Some("panic"));
    assert_eq!(read(&world, whole).await.state, "succeeded");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_queue_of_one_runs_one_at_a_time(pool: PgPool) {
    let world = with_counted(pool).await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(ask::<Single>(&world, Nothing {}, None).await);
    }
    let (here, there) = (runtime(&world), runtime(&world));
    let handles = (here.start(), there.start());
    for job in jobs {
        assert_eq!(crate::stopping::closed(&world, job).await.state, "succeeded");
    }
    tokio::join!(handles.0.stop(), handles.1.stop());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_killed_workers_run_goes_on_from_its_checkpoint(pool: PgPool) {
    let world = with_counted(pool).await;
    let job = ask::<Counting>(&world, Items { items: 10_000 }, None).await;
    // A worker of another machine takes the ticket, counts to 4,000, and is gone.
    let ticket = world.number("select queue_job_id from ops.job_runs").await;
    world.execute("update graphile_worker._private_jobs set locked_by = 'gone', locked_at = now(), attempts = 1").await;
    world.execute("update graphile_worker._private_job_queues set locked_by = 'gone', locked_at = now()").await;
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    let now = world.backend.clock.now();
    store::jobs::register(&mut tx, "gone", "elsewhere", 1, now).await.unwrap();
    store::jobs::claim(&mut tx, job.job_id.0, ticket, "gone", now).await.unwrap().unwrap();
    let fence = Fence { run: job.job_id.0, worker: "gone".into(), attempt: 1 };
    sqlx::query("insert into ops.counted select generate_series(1, 4000)").execute(&mut *tx).await.unwrap();
    assert!(store::jobs::save_checkpoint(&mut tx, &fence, &4_000.into()).await.unwrap());
    store::commit(tx).await.unwrap();

    let runtime = runtime(&world);
    world.clock.advance(Duration::seconds(299));
    assert_eq!(runtime.sweep().await.unwrap(), 0);
    runtime.drain().await.unwrap();
    assert_eq!(read(&world, job).await.state, "running", "the silent worker still counts as alive");

    world.clock.advance(Duration::seconds(2));
    assert_eq!(runtime.sweep().await.unwrap(), 1);
    runtime.drain().await.unwrap();
    let run = read(&world, job).await;
    assert_eq!((run.state.as_str(), run.attempt, run.counters["counted"].as_i64()), ("succeeded", 2, Some(10_000)));
    assert_eq!(world.number("select count(*) from ops.counted").await, 10_000);

    // The worker was only asleep: whatever it still writes is refused.
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    assert!(!store::jobs::save_checkpoint(&mut tx, &fence, &5_000.into()).await.unwrap());
    assert_eq!(store::jobs::open_state(&mut tx, &fence).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_log_of_a_run_is_cut_at_two_thousand_lines_and_says_so(pool: PgPool) {
    let world = with_counted(pool).await;
    let job = ask::<Counting>(&world, Items { items: 1 }, None).await;
    world
        .execute(
            "insert into ops.job_run_events (job_id, seq, at, level, message)
             select id, n, now(), 'info', 'line' from ops.job_runs, generate_series(1, 1998) n",
        )
        .await;
    let mut connection = store::acquire(&world.backend.pools.jobs).await.unwrap();
    for n in 0..5 {
        let now = world.backend.clock.now();
        store::jobs::add_event(&mut connection, job.job_id.0, now, "info", None, &format!("more {n}"), None)
            .await
            .unwrap();
    }
    let last = store::jobs::last_events(&mut connection, job.job_id.0, 3).await.unwrap();
    let last: Vec<_> = last.iter().map(|e| (e.seq, e.message.as_str())).collect();
    assert_eq!(last, [(1_999, "more 0"), (2_000, "more 1"), (2_001, "3 lines dropped")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_paused_queue_hands_nothing_out_until_it_is_resumed(pool: PgPool) {
    let world = with_counted(pool).await;
    let before = ask::<Counting>(&world, Items { items: 1 }, None).await;
    let mut connection = store::acquire(&world.backend.pools.admin).await.unwrap();
    assert!(
        store::jobs::pause(&mut connection, "default", world.backend.clock.now(), "Admin", "stock-taking")
            .await
            .unwrap()
    );
    let after = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 1 }, None).await;
    let runtime = runtime(&world);
    runtime.drain().await.unwrap();
    assert_eq!(read(&world, before).await.state, "queued");
    let queue = store::jobs::queues(&mut connection).await.unwrap().into_iter().find(|q| q.name == "default").unwrap();
    assert_eq!((queue.queued, queue.pause_reason.as_deref()), (2, Some("stock-taking")));

    assert!(store::jobs::resume(&mut connection, "default").await.unwrap());
    runtime.drain().await.unwrap();
    assert_eq!(read(&world, before).await.state, "succeeded");
    assert_eq!(read(&world, after).await.state, "partial");
}
