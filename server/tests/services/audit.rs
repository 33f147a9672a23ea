//! The audit log's partitions, and what `check` finds out about a database.

use chrono::NaiveDate;
use sqlx::{Executor, PgPool};
use store::{health, schedules};

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
