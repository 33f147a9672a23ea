//! The audit log's partitions, and what `check` finds out about a database.

use crate::world::{World, at, person};
use chrono::NaiveDate;
use domain::{access::Role, clock::Clock};
use sqlx::{Executor, PgConnection, PgPool};
use std::time::Duration;
use store::{
    audit::{Act, record},
    health, schedules,
};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("day")
}

async fn rows(db: &PgPool, table: &'static str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from only ops.{table}")))
        .fetch_one(db)
        .await
        .expect("count")
}

/// The month of the installation has begun when its partition is made: its rows lay in the default
/// partition, and Postgres refused to make one.
#[sqlx::test(migrations = "../migrations")]
async fn rows_without_a_partition_move_into_it_when_it_is_made(db: PgPool) {
    db.execute(
        "insert into ops.audit_log (id, at, actor_kind, actor_label, request_id, action, entity_type, entity_id, outcome)
         select ops.uuid_v7(t), t, 'system', 'x', 'r', 'a.b', 'c', 'd', 'ok'
         from unnest(array[timestamptz '2026-03-31 23:59:59.999999Z', '2026-03-01 00:00Z', '2026-04-01 00:00Z', '2026-06-01 00:00Z']) t",
    )
    .await
    .expect("rows");
    let mut connection = db.acquire().await.expect("connection");
    connection.execute("set role millrace_app").await.expect("role");
    assert_eq!(schedules::ensure_partitions(&mut connection, day("2026-03-15"), 2).await.expect("made"), 2);
    assert_eq!(schedules::ensure_partitions(&mut connection, day("2026-03-15"), 2).await.expect("again"), 0);
    for (table, wanted) in [("audit_log_2026_03", 2), ("audit_log_2026_04", 1), ("audit_log_default", 1)] {
        assert_eq!(rows(&db, table).await, wanted, "{table}");
    }
    let denied = connection.execute("delete from ops.audit_log_2026_03").await.expect_err("append only");
    assert_eq!(denied.as_database_error().and_then(|e| e.code().map(|c| c.into_owned())).as_deref(), Some("42501"));
    connection
        .execute(
            "insert into ops.audit_log (id, at, actor_kind, actor_label, request_id, action, entity_type, entity_id, outcome)
             values (ops.uuid_v7('2026-03-20Z'), '2026-03-20Z', 'system', 'x', 'r', 'a.b', 'c', 'd', 'ok')",
        )
        .await
        .expect("the program still writes");
    assert_eq!(rows(&db, "audit_log_2026_03").await, 3);
}

async fn act(world: &World, connection: &mut PgConnection, number: usize) -> store::Result<()> {
    let clock = &world.backend.clock;
    let act = Act::done("a.b", "c", number);
    record(connection, clock.new_id(), clock.now(), &person(Role::Admin), act).await
}

/// Returns when so many connections wait for a lock.
async fn waiting(db: &PgPool, wanted: i64) {
    for _ in 0..500 {
        let sql = "select count(distinct pid) from pg_locks where not granted
                   and database = (select oid from pg_database where datname = current_database())";
        let found: i64 = sqlx::query_scalar(sql).fetch_one(db).await.expect("locks");
        if found == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {wanted} wait within 5 s");
}

/// An act that came while its month's partition was made chose the default partition, waited for it, and was
/// then refused by it; one that had read the log before must not lock itself and the maker out.
#[sqlx::test(migrations = "../migrations")]
async fn acts_during_the_making_of_their_month_wait_and_none_is_lost(db: PgPool) {
    let world = std::sync::Arc::new(World::new(db.clone()).await);
    let today = world.backend.clock.now().date_naive();
    let pool = &world.backend.pools.admin;
    let mut reader = store::begin(pool).await.expect("reader");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from ops.audit_log").fetch_one(&mut *reader).await.expect("read");
    assert_eq!(seen, 0);

    let mut maker = store::begin(&world.backend.pools.jobs).await.expect("maker");
    let making = tokio::spawn(async move {
        let made = schedules::ensure_partitions(&mut maker, today, 2).await;
        (maker, made)
    });
    waiting(&db, 1).await;
    act(&world, &mut reader, 0).await.expect("the reader writes, too");
    store::commit(reader).await.expect("committed");
    let (maker, made) = making.await.expect("joined");
    assert_eq!(made.expect("made"), 2);

    let acts: Vec<_> = (1..=12)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let mut tx = store::begin(&world.backend.pools.admin).await?;
                act(&world, &mut tx, number).await?;
                store::commit(tx).await
            })
        })
        .collect();
    waiting(&db, 12).await;
    store::commit(maker).await.expect("the month stands");
    for act in acts {
        act.await.expect("joined").expect("written");
    }
    assert_eq!(rows(&db, "audit_log_2026_03").await, 13);
    assert_eq!(rows(&db, "audit_log_default").await, 0);
}

/// The daily round makes months to come; a long reader or a slow act must not make the log wait for that.
#[sqlx::test(migrations = "../migrations")]
async fn making_a_month_to_come_does_not_hold_up_acts(db: PgPool) {
    let world = World::new(db.clone()).await;
    // Later than the database's own clock, which counts too.
    world.clock.set(at("2126-03-10T12:00:00Z"));
    let today = world.clock.now().date_naive();
    let mut connection = world.backend.pools.admin.acquire().await.expect("connection");
    assert_eq!(schedules::ensure_partitions(&mut connection, today, 1).await.expect("this month"), 1);
    let mut maker = store::begin(&world.backend.pools.jobs).await.expect("maker");
    assert_eq!(schedules::ensure_partitions(&mut maker, today, 3).await.expect("months to come"), 2);
    let act = tokio::time::timeout(Duration::from_secs(5), act(&world, &mut connection, 1)).await;
    act.expect("no wait").expect("written");
    store::commit(maker).await.expect("committed");
    assert_eq!(rows(&db, "audit_log_default").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn check_finds_the_indexes_and_partitions_that_are_missing(db: PgPool) {
    let mut connection = db.acquire().await.expect("connection");
    let fresh = health::inspect(&mut connection, &["ops.audit_log_default", "ops.nothing"], day("2026-03-15"))
        .await
        .expect("fresh");
    assert_eq!(fresh.missing_tables, ["ops.nothing"]);
    assert_eq!(fresh.missing_indexes, [""; 0], "run scripts/sqlx after a migration with an index");
    assert_eq!(fresh.missing_months, ["2026_03", "2026_04"]);
    assert_eq!(fresh.last_act, None);

    db.execute("drop index access.sessions_expires_at_idx").await.expect("dropped");
    schedules::ensure_partitions(&mut connection, day("2026-03-15"), 2).await.expect("made");
    let worn = health::inspect(&mut connection, &[], day("2026-03-15")).await.expect("worn");
    assert_eq!(worn.missing_indexes.len(), 1);
    assert!(worn.missing_months.is_empty());
    db.execute(sqlx::AssertSqlSafe(worn.missing_indexes[0].clone())).await.expect("the statement makes it");
    let mended = health::inspect(&mut connection, &[], day("2026-03-15")).await.expect("mended");
    assert_eq!(mended.missing_indexes, [""; 0]);
}
