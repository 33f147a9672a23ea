//! Due times become fires and runs.

use crate::{
    kinds::{registry, runtime},
    runs::read,
    world::{World, at},
};
use chrono::{DateTime, Duration, Utc};
use domain::{ids::JobId, jobs::Enqueued};
use server::jobs::{JobsConfig, Runtime};
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Only the schedule under test, of kind `flaky`, which succeeds at once.
async fn with_schedule(pool: PgPool, rhythm: &'static str, overlap: &'static str, catch_up: &'static str) -> World {
    let world = World::new(pool).await;
    world.execute("delete from ops.schedules").await;
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "insert into ops.schedules (id, title, group_name, owner_feature, kind, payload, {}, overlap, catch_up)
         values ('test', 'Test', 'test', 'test', 'flaky', '{{\"succeeds_at\": 1}}', $1{}, $2, $3)",
        if rhythm.contains(' ') { "cron" } else { "every_seconds" },
        if rhythm.contains(' ') { "" } else { "::int" },
    )))
    .bind(rhythm)
    .bind(overlap)
    .bind(catch_up)
    .execute(&world.owner)
    .await
    .unwrap();
    world
}

async fn outcomes(world: &World) -> Vec<(String, i64)> {
    sqlx::query_as("select outcome, count(*) from ops.schedule_fires group by outcome order by outcome")
        .fetch_all(&world.owner)
        .await
        .unwrap()
}

async fn dues(world: &World) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select due_at from ops.schedule_fires where job_run_id is not null order by due_at")
        .fetch_all(&world.owner)
        .await
        .unwrap()
}

/// `*/30`, scheduler stopped from 10:05 to 13:05.
async fn after_three_hours(pool: PgPool, catch_up: &'static str) -> World {
    let world = with_schedule(pool, "*/30 * * * *", "skip", catch_up).await;
    let runtime = runtime(&world);
    world.clock.set(at("2026-03-10T10:05:00Z"));
    assert_eq!(runtime.tick().await.unwrap(), 0, "the first tick only computes when it is due");
    world.clock.set(at("2026-03-10T13:05:00Z"));
    runtime.tick().await.unwrap();
    runtime.tick().await.unwrap();
    runtime.drain().await.unwrap();
    world
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn catch_up_latest_makes_exactly_one_run(pool: PgPool) {
    let world = after_three_hours(pool, "latest").await;
    assert_eq!(outcomes(&world).await, [("caught_up".into(), 1), ("missed".into(), 5)]);
    assert_eq!(dues(&world).await, [at("2026-03-10T13:00:00Z")]);
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'partial'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn catch_up_all_makes_each_missed_run_oldest_first_and_never_two_at_once(pool: PgPool) {
    let world = after_three_hours(pool, "all").await;
    assert_eq!(outcomes(&world).await, [("caught_up".into(), 6)]);
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'partial'").await, 6);
    assert_eq!(world.number("select count(distinct slot) from ops.job_runs").await, 1);
    let payloads: Vec<String> =
        sqlx::query_scalar("select payload ->> 'due_at' from ops.job_runs order by queue_job_id")
            .fetch_all(&world.owner)
            .await
            .unwrap();
    assert!(payloads.is_sorted() && payloads[0].starts_with("2026-03-10T10:30"), "{payloads:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn catch_up_none_only_notes_what_was_missed(pool: PgPool) {
    let world = after_three_hours(pool, "none").await;
    assert_eq!(outcomes(&world).await, [("missed".into(), 6)]);
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn catch_up_reaches_no_further_than_its_window(pool: PgPool) {
    let world = with_schedule(pool, "0 * * * *", "skip", "all").await;
    world.execute("update ops.schedules set catch_up_window_seconds = 7200").await;
    let runtime = runtime(&world);
    runtime.tick().await.unwrap();
    world.clock.advance(Duration::hours(48) + Duration::minutes(10));
    runtime.tick().await.unwrap();
    assert_eq!(outcomes(&world).await, [("caught_up".into(), 2)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_schedulers_fire_a_minute_schedule_sixty_times_an_hour(pool: PgPool) {
    let world = with_schedule(pool, "* * * * *", "skip", "latest").await;
    let (here, there) = (runtime(&world), Runtime::new(world.neighbour(), registry(), JobsConfig::default()));
    here.tick().await.unwrap();
    for _ in 0..60 {
        world.clock.advance(Duration::seconds(60));
        let (a, b) = tokio::join!(here.tick(), there.tick());
        // Whoever was not elected finds nothing left to do.
        assert!(a.unwrap() + b.unwrap() <= 1);
        here.tick().await.unwrap();
        here.drain().await.unwrap();
    }
    assert_eq!(outcomes(&world).await, [("enqueued".into(), 60)]);
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'partial'").await, 60);
    assert_eq!(
        world
            .number(
                "select count(*) from ops.schedules where last_state = 'partial' and last_success_at = last_fire_at"
            )
            .await,
        1
    );
}

async fn newest(world: &World) -> Uuid {
    sqlx::query_scalar("select id from ops.job_runs where state = 'queued'").fetch_one(&world.owner).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_run_of_150_seconds_on_a_minute_schedule_is_never_joined_by_another(pool: PgPool) {
    let world = with_schedule(pool, "60", "skip", "latest").await;
    let runtime = runtime(&world);
    runtime.tick().await.unwrap();
    world.clock.advance(Duration::seconds(60));
    assert_eq!(runtime.tick().await.unwrap(), 1);
    let first = newest(&world).await;
    for _ in 0..2 {
        world.clock.advance(Duration::seconds(60));
        assert_eq!(runtime.tick().await.unwrap(), 0);
    }
    world.clock.advance(Duration::seconds(30));
    runtime.drain().await.unwrap();
    assert_eq!(read(&world, Enqueued { job_id: JobId(first), deduplicated: false }).await.state, "partial");
    world.clock.advance(Duration::seconds(30));
    assert_eq!(runtime.tick().await.unwrap(), 1);
    assert_eq!(outcomes(&world).await, [("enqueued".into(), 2), ("skipped_overlap".into(), 2)]);
    assert_eq!(
        world.number("select count(*) from ops.job_runs where state = 'skipped' and finished_at is not null").await,
        2
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn overlap_buffer_keeps_one_waiting_and_cancel_makes_room(pool: PgPool) {
    let world = with_schedule(pool, "60", "buffer_one", "latest").await;
    let runtime = runtime(&world);
    runtime.tick().await.unwrap();
    world.clock.advance(Duration::seconds(60));
    assert_eq!(runtime.tick().await.unwrap(), 1);
    world.execute("update ops.job_runs set state = 'running', worker_id = 'w', heartbeat_at = created_at").await;
    for expected in [1, 0] {
        world.clock.advance(Duration::seconds(60));
        assert_eq!(runtime.tick().await.unwrap(), expected);
    }
    assert_eq!(world.number("select count(distinct slot) from ops.job_runs where state <> 'skipped'").await, 1);

    world.execute("update ops.schedules set overlap = 'cancel_running'").await;
    world.clock.advance(Duration::seconds(60));
    assert_eq!(runtime.tick().await.unwrap(), 1);
    assert_eq!(
        world
            .number("select count(*) from ops.job_runs where state = 'running' and cancel_requested_at is not null")
            .await,
        1
    );
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'cancelled'").await, 1);
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'queued'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_daily_schedule_follows_the_business_zone_through_the_switch(pool: PgPool) {
    let world = with_schedule(pool, "30 1 * * *", "skip", "latest").await;
    world
        .execute("insert into ops.settings (key, value, updated_by, updated_at) values ('business.zone', '\"UTC\"', 't', now())")
        .await;
    let runtime = runtime(&world);
    world.clock.set(at("2026-03-28T12:00:00Z"));
    runtime.tick().await.unwrap();
    assert_eq!(
        world.number("select extract(epoch from next_due_at)::bigint from ops.schedules").await,
        at("2026-03-29T01:30:00Z").timestamp()
    );
    // Another zone: what was computed is void, and nothing is fired for it.
    world.execute("update ops.settings set value = '\"Europe/London\"' where key = 'business.zone'").await;
    runtime.tick().await.unwrap();
    for minute in 0..48 * 60 {
        world.clock.set(at("2026-03-28T12:00:00Z") + Duration::minutes(minute));
        if minute % 30 == 0 {
            runtime.tick().await.unwrap();
            runtime.drain().await.unwrap();
        }
    }
    assert_eq!(dues(&world).await, [at("2026-03-29T01:00:00Z"), at("2026-03-30T00:30:00Z")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_platforms_own_schedules_run_and_run_again(pool: PgPool) {
    let world = World::new(pool).await;
    world
        .execute(
            "insert into ops.job_runs (id, kind, queue, state, requested_label, run_at, created_at, started_at, finished_at, schedule_id)
             select gen_random_uuid(), 'cleanup', 'maintenance', 'succeeded', 'old', t, t, t, t + interval '2 s', null
             from generate_series(timestamptz '2025-01-01', timestamptz '2025-01-03', interval '1 day') t;
             insert into ops.files (id, name, media_type, size_bytes, sha256, created_by, created_at, expires_at)
             values (gen_random_uuid(), 'old.csv', 'text/csv', 0, '', 'x', '2026-01-01', '2026-01-02')",
        )
        .await;
    let runtime = runtime(&world);
    runtime.tick().await.unwrap();
    world.clock.set(at("2026-03-11T02:00:00Z"));
    assert_eq!(runtime.tick().await.unwrap(), 12);
    runtime.drain().await.unwrap();
    let first: Vec<(String, serde_json::Value)> =
        sqlx::query_as("select kind, result from ops.job_runs where state = 'succeeded' and schedule_id is not null")
            .fetch_all(&world.owner)
            .await
            .unwrap();
    let first: BTreeMap<String, serde_json::Value> = first.into_iter().collect();
    assert_eq!(first["cleanup"]["removed"]["files"], 1);
    assert_eq!(first["cleanup"]["removed"]["job_runs"], 3);
    assert_eq!(world.number("select sum(runs)::bigint from ops.job_run_hours").await, 3);
    assert_eq!(first["alert_evaluation"], serde_json::json!({ "rules": 3, "failed": 0 }), "the built-in ones");
    assert_eq!(first["fraud_amount_stats"]["scopes"], 1);
    assert_eq!(first["customer_segments"]["customers"], 0);
    assert_eq!(first["customer_patterns"]["written"], 0);
    assert_eq!(first["daily_report"]["days"], serde_json::json!(["2026-03-10"]));
    assert_eq!(first["daily_report"]["mails"], serde_json::json!({ "sent": 0, "failed": 0, "withheld": 0 }));
    assert_eq!(first["materialized_views"]["views"], 3);
    assert_eq!(first["kpi_rebuild"]["days"], 35);
    // The comparison may have summed today and yesterday up before.
    assert_eq!(first["kpi_snapshot_rollup"]["expired"], 0);
    assert_eq!(first["kpi_summary"]["days"], 2);
    assert_eq!(
        first["partition_ensure"]["made"], 12,
        "four months of the audit log, of visits and of the figures' history"
    );
    assert_eq!(first["transactions_expire"]["cancelled"], 0);
    assert_eq!(
        world.number("select count(*) from pg_class where relname like 'audit_log_2026%' and relkind = 'r'").await,
        4
    );

    // One recorded here, and one imported, whose payment is another system's matter. Only now: while its partition is made, a row of this month cannot be written to the audit log.
    world
        .execute(
            "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                                             occurred_at, entry, created_at, updated_at)
             select gen_random_uuid(), s.id, 'pending', 'USD', 1, 0, 1, 0, 0, 1, 1, 1, t, entry, t, t
             from stock.sites s, (select timestamptz '2026-03-11' as t) as at, (values ('api'), ('import')) as way (entry)",
        )
        .await;
    world.clock.advance(Duration::days(1));
    assert_eq!(runtime.tick().await.unwrap(), 13, "and that of old plans, which is due at 03:40");
    runtime.drain().await.unwrap();
    let again = world.number("select (result -> 'removed' ->> 'files')::bigint from ops.job_runs where kind = 'cleanup' order by created_at desc limit 1").await;
    assert_eq!(again, 0);
    assert_eq!(world.number("select (result ->> 'made')::bigint from ops.job_runs where kind = 'partition_ensure' order by created_at desc limit 1").await, 0);
    assert_eq!(world.number("select (result ->> 'cancelled')::bigint from ops.job_runs where kind = 'transactions_expire' order by created_at desc limit 1").await, 1);
}
