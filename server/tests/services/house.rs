//! What the program notices of itself becomes an alert, and ends as one.

use crate::world::World;
use chrono::Duration;
use domain::{
    alerts::{AlertQuery, AlertRow, Resolution, Severity},
    query::pairs,
};
use sqlx::PgPool;

async fn of(world: &World, alert_type: &str) -> Vec<AlertRow> {
    let query = AlertQuery::parse(pairs(&format!("alert_type={alert_type}"))).unwrap();
    world.services.alerts.list(&crate::shop::admin(), &query).await.unwrap().items
}

async fn round(world: &World) {
    world.services.evaluation.round(&crate::shop::admin()).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn a_schedule_is_missed_after_two_periods_once_the_program_had_time_to_catch_up(db: PgPool) {
    let world = World::new(db).await;
    world.execute("update ops.schedules set enabled = false where id <> 'cleanup'").await;
    world
        .execute(
            "update ops.schedules set last_success_at = timestamptz '2026-03-10T12:00:00Z' - interval '4 days', last_state = 'succeeded'
             where id = 'cleanup'",
        )
        .await;
    round(&world).await;
    assert!(of(&world, "schedule_missed").await.is_empty(), "a program that was away catches up first");
    for _ in 0..3 {
        world.clock.advance(Duration::minutes(11));
        round(&world).await;
    }
    let told = of(&world, "schedule_missed").await;
    assert_eq!((told.len(), told[0].severity, told[0].occurrences), (1, Severity::High, 1), "told once, not each look");
    assert_eq!((told[0].entity_id.as_deref(), told[0].is_resolved), (Some("cleanup"), false));
    // What it says keeps up; that is neither another occurrence nor another message.
    let messages = "select count(*) from ops.notifications";
    let before = world.number(messages).await;
    world
        .execute(
            "insert into ops.job_runs (id, kind, queue, state, schedule_id, requested_label, run_at, created_at, finished_at, error_message)
             select gen_random_uuid(), 'cleanup', 'maintenance', 'failed', 'cleanup', 'schedule cleanup', t, t, t, 'Locked out.'
             from (values (timestamptz '2026-03-10T12:20:00Z')) v(t)",
        )
        .await;
    world.execute("update ops.schedules set last_state = 'failed' where id = 'cleanup'").await;
    round(&world).await;
    let told = of(&world, "schedule_missed").await;
    assert_eq!((told.len(), told[0].occurrences, world.number(messages).await), (1, 1, before));
    let said = "select count(*) from ops.alerts where alert_type = 'schedule_missed' and message like '%Locked out.'";
    assert_eq!(world.number(said).await, 1);
    world
        .execute("update ops.schedules set last_success_at = timestamptz '2026-03-10T12:30:00Z' where id = 'cleanup'")
        .await;
    round(&world).await;
    assert_eq!(of(&world, "schedule_missed").await[0].resolution, Some(Resolution::Auto));
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_outside_the_partitions_of_their_months_are_told_until_they_are_gone(db: PgPool) {
    let world = World::new(db).await;
    round(&world).await;
    assert!(of(&world, "partition_default").await.is_empty());
    world
        .execute(
            "insert into sales.visits (id, visited_at, visitor_key) values (gen_random_uuid(), '1999-12-31', 'b-1')",
        )
        .await;
    round(&world).await;
    let told = of(&world, "partition_default").await;
    assert_eq!(
        (told.len(), told[0].entity_id.as_deref(), told[0].severity),
        (1, Some("sales.visits"), Severity::Medium)
    );
    world.execute("delete from sales.visits where visited_at < '2000-01-01'").await;
    round(&world).await;
    assert!(of(&world, "partition_default").await[0].is_resolved);
}
