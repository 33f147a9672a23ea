//! Solves that are ended from outside: a cancel keeps what was found, and a killed worker leaves one result.

use crate::{
    kill::{administrator, asked, connected, run},
    process::{Server, folder, millrace, until},
    reference::reference,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

const JSON: &str = "application/json";

/// Three solves at a time.
fn worker(dir: &Path) -> Child {
    millrace(dir, &["worker"]).env("MILLRACE_SOLVE_CONCURRENCY", "3").stderr(Stdio::null()).spawn().expect("worker")
}

/// Begins a solve that comes to no end within its time; the address of the run.
fn begin(server: &Server, token: &str, seconds: u32) -> String {
    let body = json!({"input_data": reference(12, 42), "time_limit": seconds, "mip_gap": 0});
    let begun = asked(server, "POST /api/v1/optimize", token, JSON, body.to_string().as_bytes());
    format!("/api/v1/optimize/{}", begun["run_id"].as_str().expect("id"))
}

fn get(server: &Server, token: &str, path: &str) -> Value {
    asked(server, &format!("GET {path}"), token, JSON, b"")
}

/// Processes that solve this run.
fn children(path: &str) -> usize {
    let run = path.rsplit('/').next().unwrap_or_default();
    let processes = std::fs::read_dir("/proc").expect("proc").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    // Not the shell that may have started one.
    let own = |line: &Vec<u8>| line.starts_with(env!("CARGO_BIN_EXE_millrace").as_bytes());
    lines.filter(|line| own(line) && String::from_utf8_lossy(line).contains(run)).count()
}

/// Example 26, cancel.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_solve_ends_within_five_seconds_and_keeps_its_checked_incumbent() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let server = Server::start(dir);
    let token = administrator(dir, &server);
    let path = begin(&server, &token, 300);
    let status = format!("{path}/status");
    until("a plan was found", Duration::from_secs(120), || get(&server, &token, &status)["incumbent"].is_number());
    let found = get(&server, &token, &status);
    assert_eq!((&found["status"], children(&path)), (&json!("solving"), 1), "{found}");
    let begun = Instant::now();
    asked(&server, &format!("POST {path}/cancel"), &token, JSON, b"");
    until("cancelled", Duration::from_secs(30), || get(&server, &token, &status)["status"] == "cancelled");
    let took = begun.elapsed();
    let results = get(&server, &token, &format!("{path}/results"));
    assert_eq!((&results["solver_status"], &results["checker"]["passed"]), (&json!("cancelled"), &json!(true)));
    let (kept, known) = (results["total_cost"].as_f64(), found["incumbent"].as_f64());
    assert!(kept.zip(known).is_some_and(|(kept, known)| kept <= known * (1.0 + 1e-6)), "{kept:?} of {known:?}");
    assert!(results["production"].as_array().is_some_and(|rows| !rows.is_empty()));
    assert!(took < Duration::from_secs(20), "it took {took:?}");
    assert_eq!(children(&path), 0);
    let pool = connected(run(dir, &["db", "url", "--owner"], "").trim()).await;
    let job = "select state from ops.job_runs where kind = 'planning_solve'";
    for _ in 0..100 {
        if sqlx::query_scalar::<_, String>(job).fetch_one(&pool).await.expect("job") == "cancelled" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(sqlx::query_scalar::<_, String>(job).fetch_one(&pool).await.expect("job"), "cancelled");
    pool.close().await;
    server.stop();
}

/// Example 26, kill of the parent.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_takes_its_child_with_it_and_the_run_has_one_result() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let server = Server::start_with(dir, &["--no-worker"]);
    let token = administrator(dir, &server);
    let mut working = worker(dir);
    // Enough for a first plan by a solver that is not optimised on a busy machine.
    let path = begin(&server, &token, 45);
    let status = format!("{path}/status");
    until("it solves", Duration::from_secs(60), || get(&server, &token, &status)["status"] == "solving");
    assert_eq!(children(&path), 1);
    working.kill().expect("kill worker");
    working.wait().expect("wait");
    until("its child is gone", Duration::from_secs(20), || children(&path) == 0);
    working = worker(dir);
    until("it is over", Duration::from_secs(240), || get(&server, &token, &status)["status"] == "completed");
    let results = get(&server, &token, &format!("{path}/results"));
    assert_eq!((&results["solver_status"], &results["checker"]["passed"]), (&json!("limit_with_plan"), &json!(true)));
    let pool = connected(run(dir, &["db", "url", "--owner"], "").trim()).await;
    let told: (i64, i64, i32, i32) = sqlx::query_as(
        "select (select count(*) from plan.runs), (select count(*) from plan.plans), attempt,
                (select concurrency from ops.queues where name = 'solve')
         from ops.job_runs where kind = 'planning_solve'",
    )
    .fetch_one(&pool)
    .await
    .expect("told");
    assert_eq!(told, (1, 1, 2, 3), "one run, one plan, the second attempt; places as configured");
    pool.close().await;
    working.kill().expect("stop worker");
    working.wait().expect("wait");
    server.stop();
}
