//! Kill -9 of server, worker and database in the middle of an import, and of the worker in the middle of its undo:
//! wholly there or wholly absent.

use crate::process::{Server, folder, millrace, postgres, until};
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};
use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

const PASSWORD: &str = "a passphrase for the kill test";
const INVOICES: i64 = 400;
const LINES: usize = 10;
const VISITS: i64 = 2_000;

pub fn run(dir: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = millrace(dir, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("spawn");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("input");
    let output = child.wait_with_output().expect("output");
    assert!(output.status.success(), "millrace {arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Backends outlive a killed postmaster for a moment, so that the program is ready while nobody new is let in.
pub async fn connected(url: &str) -> PgPool {
    for _ in 0..300 {
        if let Ok(pool) = PgPool::connect(url).await {
            return pool;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the database did not come back within 30 s");
}

fn worker(dir: &Path) -> Child {
    millrace(dir, &["worker"]).stderr(Stdio::null()).spawn().expect("worker")
}

/// The answer to a request, asked again while the server says that it changed nothing and the caller should try again
/// in a moment: readiness speaks of the connection it asked on, not of each in the pool.
pub fn asked(server: &Server, head: &str, token: &str, kind: &str, body: &[u8]) -> Value {
    let mut answer = (0, Vec::new());
    until(head, Duration::from_secs(30), || {
        answer = server.call(head, token, kind, body);
        answer.0 != 503
    });
    let (status, body) = answer;
    assert!((200..300).contains(&status), "{head}: {status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("json")
}

fn sales_csv(round: usize) -> String {
    let mut csv = String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for invoice in 0..INVOICES {
        for line in 0..LINES {
            let _ = writeln!(
                csv,
                "{},SKU{line}1,THING {line},2,2026-03-0{} 10:00:00,1.25,{},Nowhere",
                100_000 * (round as i64 + 1) + invoice,
                1 + line % 9,
                10 + invoice % 50
            );
        }
    }
    csv
}

/// Uploads, maps as proposed and previews a file of sales; the import's id.
fn prepared_import(server: &Server, token: &str, round: usize) -> String {
    prepared(server, token, "sales_transactions", &sales_csv(round))
}

fn prepared(server: &Server, token: &str, target: &str, file: &str) -> String {
    let boundary = "kill-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\n{target}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.csv\"\r\nContent-Type: text/csv\r\n\r\n\
         {file}\r\n--{boundary}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={boundary}");
    let import = asked(server, "POST /api/v1/ingest/imports", token, &kind, body.as_bytes());
    let id = import["id"]
        .as_str()
        .or_else(|| import["summary"]["id"].as_str())
        .unwrap_or_else(|| panic!("id in {import}"))
        .to_owned();
    let mapping = import["mapping"].clone();
    let json = "application/json";
    asked(server, &format!("PUT /api/v1/ingest/imports/{id}/mapping"), token, json, mapping.to_string().as_bytes());
    asked(server, &format!("POST /api/v1/ingest/imports/{id}/preview"), token, json, b"");
    id
}

/// Adds an administrator and signs it in; the access token.
pub fn administrator(dir: &Path, server: &Server) -> String {
    run(dir, &["user", "add", "kill@millrace.test", "--role", "admin"], &format!("{PASSWORD}\n{PASSWORD}\n"));
    let sign_in = json!({"username": "kill@millrace.test", "password": PASSWORD}).to_string();
    let session = asked(server, "POST /api/v1/auth/login", "", "application/json", sign_in.as_bytes());
    session["access_token"].as_str().expect("token").to_owned()
}

/// Sales of the import, state of the import, state of its job of that kind: one statement, one moment.
async fn look(pool: &PgPool, import: &str, kind: &str) -> (i64, String, Option<String>) {
    sqlx::query_as(
        "select (select count(*) from sales.transactions where import_id = $1::uuid),
                (select state from ops.import_batches where id = $1::uuid),
                (select state from ops.job_runs where kind = $2 and payload::text like '%' || $1 || '%'
                 order by created_at desc limit 1)",
    )
    .bind(import)
    .bind(kind)
    .fetch_one(pool)
    .await
    .expect("look")
}

/// Waits until the import is in a state that begins with `wanted`.
async fn reached(pool: &PgPool, import: &str, wanted: &str) {
    for _ in 0..600 {
        if look(pool, import, "").await.1.starts_with(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("import {import} is not {wanted} within 30 s");
}

/// Until somebody waits for the lock of `table` that the test holds.
async fn awaited(pool: &PgPool, table: &str) {
    for _ in 0..600 {
        let sql = "select count(*) from pg_locks where not granted and relation = $1::regclass";
        if sqlx::query_scalar::<_, i64>(sql).bind(table).fetch_one(pool).await.expect("locks") > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody waits for {table} within 30 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_the_middle_of_an_import_leave_all_or_nothing() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let mut server = Server::start_with(dir, &["--no-worker"]);
    let token = administrator(dir, &server);
    let url = run(dir, &["db", "url", "--owner"], "").trim().to_owned();
    let mut working = worker(dir);
    let (mut whole, mut absent) = (0, 0);

    for round in 0..10 {
        let id = prepared_import(&server, &token, round);
        let pool = connected(&url).await;
        reached(&pool, &id, "previewed").await;
        asked(&server, &format!("POST /api/v1/ingest/imports/{id}/commit"), &token, "application/json", b"");
        tokio::time::sleep(Duration::from_millis(60 * round as u64)).await;
        match round % 3 {
            0 => {
                working.kill().expect("kill worker");
                working.wait().expect("wait");
                working = worker(dir);
            }
            1 => {
                let postmaster = nix::unistd::Pid::from_raw(postgres(dir).expect("postgres"));
                nix::sys::signal::kill(postmaster, nix::sys::signal::Signal::SIGKILL).expect("kill postgres");
            }
            _ => {
                server.kill();
                server = Server::start_with(dir, &["--no-worker"]);
            }
        }
        pool.close().await;
        until("ready again", Duration::from_secs(60), || server.status("/health/ready") == 200);
        let pool = connected(&url).await;
        let (sales, state, job) = look(&pool, &id, "import_commit").await;
        let committed = state.starts_with("committed");
        assert!(sales == 0 || sales == INVOICES, "round {round}: {sales} of {INVOICES} sales");
        assert_eq!(committed, sales == INVOICES, "round {round}: {sales} sales, import {state}");
        let job = job.expect("the job is known");
        assert!(job != "succeeded" || committed, "round {round}: the job says succeeded, the import {state}");
        assert!(job != "failed" || !committed, "round {round}: the job says failed, the import {state}");
        if committed {
            whole += 1
        } else {
            absent += 1
        }
        pool.close().await;
    }
    eprintln!("after ten kills: {whole} wholly there, {absent} wholly absent");
    working.kill().expect("stop worker");
    working.wait().expect("wait");
    server.stop();
}

/// The first kill comes when sales and refunds are deleted and customers are not; the others come earlier or later.
#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_an_undo_leave_all_or_nothing_and_it_is_done_in_the_end() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let server = Server::start_with(dir, &["--no-worker"]);
    let token = administrator(dir, &server);
    let pool = connected(run(dir, &["db", "url", "--owner"], "").trim()).await;
    let post = |path: String| asked(&server, &format!("POST {path}"), &token, "application/json", b"");
    let mut working = worker(dir);
    let (mut whole, mut absent) = (0, 0);

    for round in 0..6 {
        let id = prepared_import(&server, &token, round);
        reached(&pool, &id, "previewed").await;
        post(format!("/api/v1/ingest/imports/{id}/commit"));
        reached(&pool, &id, "committed").await;
        let mut held = pool.begin().await.expect("transaction");
        if round == 0 {
            held.execute("lock table sales.customers in share mode").await.expect("lock");
        }
        post(format!("/api/v1/ingest/imports/{id}/undo"));
        if round == 0 {
            awaited(&pool, "sales.customers").await;
        } else {
            tokio::time::sleep(Duration::from_millis(40 * round as u64)).await;
        }
        working.kill().expect("kill worker");
        working.wait().expect("wait");
        held.rollback().await.expect("lock released");

        let (sales, state, job) = look(&pool, &id, "import_undo").await;
        let undone = state == "undone";
        assert_eq!(sales, if undone { 0 } else { INVOICES }, "round {round}: {sales} sales, import {state}");
        assert!(undone || state.starts_with("committed"), "round {round}: import {state}");
        assert!(round > 0 || !undone, "killed before its commit");
        let job = job.expect("the job is known");
        assert!(job != "succeeded" || undone, "round {round}: the job says succeeded, the import {state}");
        assert!(!matches!(job.as_str(), "failed" | "cancelled"), "round {round}: the job says {job}");
        if undone {
            whole += 1
        } else {
            absent += 1
        }

        working = worker(dir);
        for _ in 0..600 {
            if look(&pool, &id, "import_undo").await.2.as_deref() == Some("succeeded") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let after = look(&pool, &id, "import_undo").await;
        assert_eq!(after, (0, "undone".to_owned(), Some("succeeded".to_owned())), "round {round}");
        let told: (i64, i64) = sqlx::query_as(
            "select (select count(*) from ops.import_batches where undo_of = $1::uuid),
                    (select count(*) from ops.audit_log where action = 'ingest.undo' and entity_id = $1)",
        )
        .bind(&id)
        .fetch_one(&pool)
        .await
        .expect("told");
        assert_eq!(told, (1, 1), "round {round}: undone once");
    }
    eprintln!("after six kills: {whole} wholly done, {absent} wholly absent");
    let left = "select (select count(*) from sales.transaction_lines) + (select count(*) from sales.customers)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await.expect("left"), 0);
    pool.close().await;
    working.kill().expect("stop worker");
    working.wait().expect("wait");
    server.stop();
}

/// The kill comes when the visits are written and the transaction is not yet committed; the next worker does it whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_an_import_of_visits_leaves_none_and_it_is_done_in_the_end() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let server = Server::start_with(dir, &["--no-worker"]);
    let token = administrator(dir, &server);
    let pool = connected(run(dir, &["db", "url", "--owner"], "").trim()).await;
    let mut working = worker(dir);
    let mut csv = String::from("visited_at,visitor_key\n");
    let day = chrono::Utc::now().date_naive() - chrono::Days::new(3);
    for visitor in 0..VISITS {
        let _ = writeln!(csv, "{day} 10:00:00,b-{visitor}");
    }
    let id = prepared(&server, &token, "visits", &csv);
    reached(&pool, &id, "previewed").await;
    let mut held = pool.begin().await.expect("transaction");
    held.execute("lock table ops.staged_rows in share mode").await.expect("lock");
    asked(&server, &format!("POST /api/v1/ingest/imports/{id}/commit"), &token, "application/json", b"");
    awaited(&pool, "ops.staged_rows").await;
    working.kill().expect("kill worker");
    working.wait().expect("wait");
    held.rollback().await.expect("lock released");
    let visits = "select count(*) from sales.visits";
    assert_eq!(sqlx::query_scalar::<_, i64>(visits).fetch_one(&pool).await.expect("visits"), 0);
    assert_eq!(look(&pool, &id, "import_commit").await.1, "previewed");
    working = worker(dir);
    reached(&pool, &id, "committed").await;
    assert_eq!(sqlx::query_scalar::<_, i64>(visits).fetch_one(&pool).await.expect("visits"), VISITS);
    pool.close().await;
    working.kill().expect("stop worker");
    working.wait().expect("wait");
    server.stop();
}
