//! An outage of the database as an alert: told when it is over, with its true beginning, and nothing beside it.

use crate::{
    kill::{connected, run},
    process::{Server, folder, millrace},
};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

type Found = (DateTime<Utc>, i16, i32, Option<DateTime<Utc>>, Option<String>);

async fn alert(pool: &PgPool, alert_type: &str) -> Option<Found> {
    sqlx::query_as(
        "select opened_at, severity, occurrences, resolved_at, resolution from ops.alerts where alert_type = $1",
    )
    .bind(alert_type)
    .fetch_optional(pool)
    .await
    .expect("alert")
}

/// Example 20.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_one_alert_with_its_true_beginning_and_over_after_thirty_seconds() {
    let Some(dir) = folder() else { return };
    let server = Server::start_with(dir.path(), &[]);
    outage(dir.path()).await;
    assert_eq!(server.stop(), Some(0));
}

/// Who works tells of it, also where another program serves.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_apart_tells_of_an_outage_too() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let server = Server::start_with(dir, &["--no-worker"]);
    let mut worker = millrace(dir, &["worker"]).stderr(Stdio::null()).spawn().expect("worker");
    outage(dir).await;
    worker.kill().expect("stop worker");
    worker.wait().expect("wait");
    assert_eq!(server.stop(), Some(0));
}

async fn outage(dir: &Path) {
    let url = run(dir, &["db", "url", "--owner"], "").trim().to_owned();
    let pool = connected(&url).await;
    // The first round of what the program watches knows when the database was started.
    let rounds = "select count(*) from ops.job_runs where kind = 'alert_evaluation' and state = 'succeeded'";
    let begun = Instant::now();
    while sqlx::query_scalar::<_, i64>(rounds).fetch_one(&pool).await.expect("count") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(90), "no round of the rules");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    pool.close().await;

    let stopped_at = Utc::now();
    assert!(millrace(dir, &["db", "stop"]).output().expect("db stop").status.success());
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert!(millrace(dir, &["db", "start"]).output().expect("db start").status.success());
    let back_at = Utc::now();
    let pool = connected(&url).await;
    let begun = Instant::now();
    let told = loop {
        match alert(&pool, "database_unavailable").await {
            Some(found) if found.3.is_some() => break found,
            _ => assert!(begun.elapsed() < Duration::from_secs(90), "it is not told, or not over"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let (opened_at, severity, occurrences, resolved_at, resolution) = told;
    assert!(opened_at >= stopped_at && opened_at < back_at, "{stopped_at} {opened_at} {back_at}");
    assert_eq!((severity, occurrences, resolution.as_deref()), (4, 1, Some("auto")));
    let quiet = (resolved_at.expect("over") - back_at).num_seconds();
    assert!((25..80).contains(&quiet), "over {quiet} s after it was back");
    while alert(&pool, "database_restarted").await.is_none() {
        assert!(begun.elapsed() < Duration::from_secs(150), "the restart is not told");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // How full the disk of this machine is, is no matter of the outage.
    let types = "select alert_type from ops.alerts where alert_type <> 'disk_low' order by alert_type";
    let types: Vec<String> = sqlx::query_scalar(types).fetch_all(&pool).await.expect("types");
    assert_eq!(types, ["database_restarted", "database_unavailable"], "no storm of alerts");
    pool.close().await;
}
