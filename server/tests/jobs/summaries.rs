//! `kpi_summary` and `kpi_rebuild` as jobs: twice is once, and another zone is another set of days.

use crate::{
    kinds::runtime,
    runs::{ask, read},
    world::{World, at, person},
};
use domain::{
    access::Role,
    overview::{Trend, TrendQuery},
    settings::ChangeSettings,
};
use serde_json::{Value, json};
use server::jobs::{KpiRebuild, KpiSummary, Nothing, Rebuild};
use sqlx::PgPool;

async fn sale(world: &World, when: &str) {
    sqlx::query(
        "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                                         occurred_at, recognised_at, entry, created_at, updated_at)
         values (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 10, 0, 10, 0, 0, 10, 1, 1, $1, $1, 'api', $1, $1)",
    )
    .bind(at(when))
    .execute(&world.owner)
    .await
    .unwrap();
}

async fn summed_up(world: &World) -> Value {
    let job = ask::<KpiSummary>(world, Nothing {}, None).await;
    runtime(world).drain().await.unwrap();
    let run = read(world, job).await;
    assert_eq!(run.state, "succeeded", "{:?}", run.error_message);
    run.result.unwrap()
}

async fn trend(world: &World) -> Trend {
    let query = TrendQuery { days: Some("60".into()), ..TrendQuery::default() };
    world.neighbour().overview.trend(&person(Role::Viewer), &query).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_second_run_changes_nothing_and_both_are_scheduled(pool: PgPool) {
    let world = World::new(pool).await;
    sale(&world, "2026-03-10T09:00:00Z").await;
    sale(&world, "2026-03-09T09:00:00Z").await;
    let first = summed_up(&world).await;
    assert_eq!(first, json!({"days": 2, "changed": 2, "revised": [], "quarter_hours": 2}));
    let all = "select count(*) from ops.kpi_summary where revision = 1 and orders = 1";
    assert_eq!(world.number(all).await, 2);
    world.clock.set(at("2026-03-10T12:01:00Z"));
    let again = summed_up(&world).await;
    assert_eq!(again, json!({"days": 2, "changed": 0, "revised": [], "quarter_hours": 0}));
    assert_eq!(
        world.number("select count(*) from ops.kpi_summary where computed_at = '2026-03-10T12:00:00Z'").await,
        2
    );

    let job = ask::<KpiRebuild>(&world, Rebuild::default(), None).await;
    runtime(&world).drain().await.unwrap();
    let run = read(&world, job).await;
    assert_eq!((run.progress_done, run.progress_total), (35, Some(35)));
    assert_eq!(run.counters["differences"], 0);
    // Sums that somebody wrote past are corrected and told, until a comparison finds them right.
    world.execute("update ops.kpi_summary set orders = orders + 7 where day = '2026-03-09'").await;
    let told = "select count(*) from ops.alerts where alert_type = 'kpi_mismatch' and severity = 2 and value = 1 and state <> 'resolved'";
    let job = ask::<KpiRebuild>(&world, Rebuild::default(), None).await;
    runtime(&world).drain().await.unwrap();
    assert_eq!((read(&world, job).await.counters["differences"].clone(), world.number(told).await), (json!(1), 1));
    ask::<KpiRebuild>(&world, Rebuild::default(), None).await;
    runtime(&world).drain().await.unwrap();
    assert_eq!(
        world.number("select count(*) from ops.alerts where alert_type = 'kpi_mismatch' and resolution = 'auto'").await,
        1
    );
    assert_eq!(world.number("select count(*) from ops.kpi_summary").await, 35);
    let scheduled = "select count(*) from ops.schedules
                     where (id, kind, every_seconds) = ('kpi_summary', 'kpi_summary', 60)
                        or (id, kind, cron) = ('kpi_rebuild', 'kpi_rebuild', '20 0 * * *')";
    assert_eq!(world.number(scheduled).await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn example_10_another_zone_moves_an_order_rebuilds_400_days_and_leaves_the_totals(pool: PgPool) {
    let world = World::new(pool).await;
    for when in ["2026-03-08T18:29:59Z", "2026-03-08T18:30:00Z", "2026-02-01T00:10:00Z"] {
        sale(&world, when).await;
    }
    ask::<KpiRebuild>(&world, Rebuild { days: Some(60) }, None).await;
    runtime(&world).drain().await.unwrap();
    let orders = |trend: &Trend, day: &str| trend.items.iter().find(|d| d.day.to_string() == day).unwrap().orders;
    let utc = trend(&world).await;
    assert_eq!((orders(&utc, "2026-03-08"), orders(&utc, "2026-03-09")), (2, 0));

    let command: ChangeSettings = serde_json::from_value(json!({"business.zone": "Asia/Kolkata"})).unwrap();
    world.services.settings.change(&person(Role::Admin), command).await.unwrap();
    assert_eq!(
        world.number("select count(*) from ops.job_runs where kind = 'kpi_rebuild' and state = 'queued'").await,
        1
    );
    let before_the_rebuild = trend(&world).await;
    runtime(&world).drain().await.unwrap();
    let kolkata = trend(&world).await;
    assert_eq!((orders(&kolkata, "2026-03-08"), orders(&kolkata, "2026-03-09")), (1, 1));
    assert_eq!(kolkata.items, before_the_rebuild.items, "right while it is being rebuilt too");
    assert_eq!((kolkata.totals, kolkata.totals.orders), (utc.totals, 3));
    let kept = "select count(*) from ops.kpi_summary where zone = 'Asia/Kolkata' and revision = 1";
    assert_eq!(world.number(kept).await, 400);
    assert_eq!(world.number("select count(*) from ops.kpi_summary").await, 400, "nobody keeps the days of before");
    let sums = "select sum(revenue_net)::bigint from ops.kpi_summary";
    assert_eq!(world.number(sums).await, 30);

    // A locale is no reason to compute anything.
    let command: ChangeSettings = serde_json::from_value(json!({"business.locale": "en-IN"})).unwrap();
    world.services.settings.change(&person(Role::Admin), command).await.unwrap();
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'queued'").await, 0);
}
