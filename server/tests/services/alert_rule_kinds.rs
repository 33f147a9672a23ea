//! What rules judge besides a present value (`alerts.md` 3.2): changes, numbers of events, silence.

use crate::{
    shop::{admin, dec, viewer},
    world::World,
};
use chrono::{Duration, SecondsFormat};
use domain::{
    alerts::{AlertQuery, AlertRow, Level, MetricReading, NewRule, NoData, Op, RuleKind, RuleSpec, Severity},
    clock::Clock,
    query::pairs,
};
use sqlx::{AssertSqlSafe, PgPool};

fn rule(kind: RuleKind, metric: &str, op: Op, threshold: i64) -> NewRule {
    let level = Level {
        severity: Severity::High,
        threshold: threshold.into(),
        threshold_2: None,
        clear_threshold: None,
        clear_threshold_2: None,
    };
    NewRule {
        name: "Watched".into(),
        alert_type: "watched".into(),
        metric_key: metric.into(),
        title: "{entity}: {value}".into(),
        runbook: None,
        spec: RuleSpec { kind, window_seconds: kind.has_window().then_some(3_600), ..RuleSpec::new(op, vec![level]) },
    }
}

async fn sql(world: &World, text: String) {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&world.owner).await.unwrap();
}

async fn alerts(world: &World) -> Vec<AlertRow> {
    let query = AlertQuery::parse(pairs("alert_type=watched&sort=oldest&limit=100")).unwrap();
    world.services.alerts.list(&admin(), &query).await.unwrap().items
}

async fn look(world: &World) {
    world.services.evaluation.round(&admin()).await.unwrap();
    world.clock.advance(Duration::seconds(60));
}

async fn preview(world: &World, rule: &NewRule) -> Vec<MetricReading> {
    world.services.alert_rules.preview(&admin(), rule).await.unwrap()
}

/// The second half of example 8: of twenty senders one is silent.
#[sqlx::test(migrations = "../migrations")]
async fn silence_is_judged_for_each_sender_and_of_those_that_never_sent_too(db: PgPool) {
    let world = World::new(db).await;
    let ada = world.user("ada@mill.example", Some(domain::access::Role::Admin), &[]).await;
    sql(
        &world,
        format!(
            "insert into access.api_tokens (id, user_id, name, token_hash, prefix, scopes, created_at, expires_at, last_used_at)
             select md5('t' || n)::uuid, '{ada}', 'sensor ' || n, sha256(n::text::bytea), 'x', '{{}}', '2026-03-01', '2027-01-01',
                    timestamptz '2026-03-10T11:59:00Z' from generate_series(1, 20) n"
        ),
    )
    .await;
    let heard = async |but: i32| {
        let now = world.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
        sql(&world, format!("update access.api_tokens set last_used_at = '{now}' where name <> 'sensor {but}'")).await;
    };
    let silent = rule(RuleKind::Absent, "access.since_token_used", Op::Ge, 900);
    world.services.alert_rules.create(&admin(), &silent).await.unwrap();
    for _ in 0..14 {
        heard(7).await;
        look(&world).await;
    }
    assert!(alerts(&world).await.is_empty(), "nothing for 14 minutes is not nothing for 15");
    for _ in 0..10 {
        heard(7).await;
        look(&world).await;
    }
    let found = alerts(&world).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].title.as_str(), found[0].is_resolved), ("ada: sensor 7: 1440", false));
    assert_eq!((found[0].entity_type.as_deref(), found[0].unit.as_deref()), (Some("token"), Some("s")));
    let seen = preview(&world, &silent).await;
    assert_eq!((seen.len(), seen.iter().filter(|reading| reading.severity.is_some()).count()), (20, 1));

    // One that has never sent counts from when it was made.
    let made = world.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    sql(
        &world,
        format!(
            "insert into access.api_tokens (id, user_id, name, token_hash, prefix, scopes, created_at, expires_at)
             values (md5('new')::uuid, '{ada}', 'never', sha256('new'), 'x', '{{}}', '{made}', '2027-01-01')"
        ),
    )
    .await;
    for minute in 0..16 {
        sql(
            &world,
            "update access.api_tokens set last_used_at = now() + interval '1 year' where last_used_at is not null"
                .into(),
        )
        .await;
        assert_eq!(alerts(&world).await.len(), 1, "minute {minute}");
        look(&world).await;
    }
    let found = alerts(&world).await;
    assert!(found.len() == 2 && found[0].is_resolved, "the first was heard of again");
    assert!(found[1].title.starts_with("ada: never: ") && !found[1].is_resolved);
    sql(&world, "update access.api_tokens set revoked_at = now() where name = 'never'".into()).await;
    look(&world).await;
    look(&world).await;
    assert!(alerts(&world).await[1].is_resolved, "nothing is expected of it any more");
}

#[sqlx::test(migrations = "../migrations")]
async fn events_are_counted_in_a_window_that_slides(db: PgPool) {
    let world = World::new(db).await;
    let tries = async |minutes: i64, n: i32| {
        let at = (world.clock.now() - Duration::minutes(minutes)).to_rfc3339();
        sql(
            &world,
            format!("insert into access.login_attempts (account_key, ok, at) select 'x', ok, '{at}' from generate_series(1, {n}), (values (false), (true)) v (ok)"),
        )
        .await;
    };
    let many = rule(RuleKind::Count, "access.failed_sign_ins", Op::Ge, 5);
    world.services.alert_rules.create(&admin(), &many).await.unwrap();
    tries(59, 4).await;
    tries(61, 9).await;
    assert_eq!(
        preview(&world, &many).await[0].value,
        Some(dec("4")),
        "those that went well, and those before, are none"
    );
    look(&world).await;
    assert!(alerts(&world).await.is_empty());
    tries(0, 2).await;
    look(&world).await;
    assert!(alerts(&world).await.is_empty(), "the four are an hour old by now");
    tries(0, 3).await;
    look(&world).await;
    let found = alerts(&world).await;
    assert_eq!((found.len(), found[0].title.as_str(), found[0].value), (1, "Sign-in: 5", Some(dec("5"))));
    assert!(found[0].message.contains("within 1\u{a0}h"), "{}", found[0].message);
    world.clock.advance(Duration::hours(1));
    look(&world).await;
    look(&world).await;
    assert!(alerts(&world).await[0].is_resolved);

    let failed = rule(RuleKind::Count, "jobs.failed_runs", Op::Ge, 2);
    let at = world.clock.now().to_rfc3339();
    sql(
        &world,
        format!(
            "insert into ops.job_runs (id, kind, queue, state, requested_label, run_at, finished_at, created_at)
             select gen_random_uuid(), kind, (select name from ops.queues order by name limit 1), 'failed', 'test', '{at}', '{at}', '{at}'
             from (values ('mend'), ('mend'), ('sweep')) v (kind)"
        ),
    )
    .await;
    let seen = preview(&world, &failed).await;
    let seen: Vec<_> = seen.iter().map(|r| (r.entity_id.as_str(), r.value, r.severity)).collect();
    assert_eq!(seen, [("mend", Some(dec("2")), Some(Severity::High)), ("sweep", Some(dec("1")), None)]);
}

async fn sale(world: &World, minutes_ago: i64, net: i64) {
    let at = (world.clock.now() - Duration::minutes(minutes_ago)).to_rfc3339();
    sql(
        world,
        format!(
            "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                line_count, occurred_at, recognised_at, entry, created_at, updated_at)
             values (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', {net}, 0, {net}, 0, 0, {net}, 1, 1,
                     '{at}', '{at}', 'api', '{at}', '{at}')"
        ),
    )
    .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_is_against_the_window_before_and_nothing_is_known_without_one(db: PgPool) {
    let world = World::new(db).await;
    let fall = rule(RuleKind::Change, "sales.revenue_net", Op::Lt, -30);
    sale(&world, 30, 50).await;
    assert_eq!(preview(&world, &fall).await[0].value, None, "before it there was nothing");
    sale(&world, 90, 100).await;
    sale(&world, 130, 1_000).await;
    let seen = preview(&world, &fall).await;
    assert_eq!((seen[0].value, seen[0].severity), (Some(dec("-50")), Some(Severity::High)));
    world
        .services
        .alert_rules
        .create(&admin(), &NewRule { spec: RuleSpec { no_data: NoData::Keep, ..fall.spec.clone() }, ..fall.clone() })
        .await
        .unwrap();
    look(&world).await;
    let found = alerts(&world).await;
    assert_eq!((found.len(), found[0].value, found[0].unit.as_deref()), (1, Some(dec("-50")), Some("%")));
    assert!(found[0].message.starts_with("Change of revenue of The business: -50 %"), "{}", found[0].message);
    sale(&world, 1, 40).await;
    look(&world).await;
    look(&world).await;
    assert!(alerts(&world).await[0].is_resolved, "a fall by 10 % is none");
    let orders = rule(RuleKind::Change, "sales.orders", Op::Gt, 50);
    assert_eq!(preview(&world, &orders).await[0].value, Some(dec("100")), "two after one");
    let sales = rule(RuleKind::Count, "sales.recorded", Op::Ge, 2);
    assert_eq!(preview(&world, &sales).await[0].value, Some(dec("2")));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_metric_can_be_tried_out_by_each_kind_that_fits_and_by_no_other(db: PgPool) {
    let world = World::new(db).await;
    let rules = &world.services.alert_rules;
    let metrics = rules.metrics(&admin()).await.unwrap();
    for metric in &metrics {
        for kind in RuleKind::ALL {
            let tried = rules.preview(&admin(), &rule(*kind, &metric.key, Op::Ge, 1)).await;
            if metric.kinds.contains(kind) {
                assert!(tried.is_ok(), "{} {kind:?}: {tried:?}", metric.key);
            } else {
                let paths: Vec<_> = tried.unwrap_err().fields.into_iter().map(|fault| fault.path).collect();
                assert_eq!(paths, ["metric_key"], "{} {kind:?}", metric.key);
            }
        }
    }
    assert!(RuleKind::ALL.iter().all(|kind| metrics.iter().any(|metric| metric.kinds.contains(kind))));
    assert!(rules.metrics(&viewer()).await.unwrap().iter().all(|metric| metric.key != "access.failed_sign_ins"));

    // What watched a value and watches a change now knows nothing of before.
    let value = rule(RuleKind::Threshold, "sales.revenue_net", Op::Ge, 0);
    let made = rules.create(&admin(), &value).await.unwrap();
    world.services.evaluation.round(&admin()).await.unwrap();
    assert_eq!(rules.rule(&admin(), made.row.id).await.unwrap().states.len(), 1);
    let change = rule(RuleKind::Change, "sales.revenue_net", Op::Lt, -30);
    let changed = rules.change(&admin(), made.row.id, made.row.version, &change).await.unwrap();
    assert_eq!((changed.states.len(), changed.row.unit.as_str()), (0, "%"));
    assert_eq!(changed.row.metric, "Change of revenue");
}
