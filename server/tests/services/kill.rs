//! Kill -9 of server, worker and database in the middle of an import: wholly there or wholly absent.

use crate::process::{Server, folder, millrace, postgres, until};
use serde_json::{Value, json};
use sqlx::PgPool;
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

fn run(dir: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = millrace(dir, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("spawn");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("input");
    let output = child.wait_with_output().expect("output");
    assert!(output.status.success(), "millrace {arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Backends outlive a killed postmaster for a moment, so that the program is ready while nobody new is let in.
async fn connected(url: &str) -> PgPool {
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

fn json_of((status, body): (u16, Vec<u8>)) -> Value {
    assert!((200..300).contains(&status), "{status}: {}", String::from_utf8_lossy(&body));
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

/// Uploads, maps as proposed and previews a file; the import's id.
fn prepared_import(server: &Server, token: &str, round: usize) -> String {
    let boundary = "kill-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sales.csv\"\r\nContent-Type: text/csv\r\n\r\n{}\r\n--{boundary}--\r\n",
        sales_csv(round)
    );
    let kind = format!("multipart/form-data; boundary={boundary}");
    let import = json_of(server.call("POST /api/v1/ingest/imports", token, &kind, body.as_bytes()));
    let id = import["id"]
        .as_str()
        .or_else(|| import["summary"]["id"].as_str())
        .unwrap_or_else(|| panic!("id in {import}"))
        .to_owned();
    let mapping = import["mapping"].clone();
    json_of(server.call(
        &format!("PUT /api/v1/ingest/imports/{id}/mapping"),
        token,
        "application/json",
        mapping.to_string().as_bytes(),
    ));
    json_of(server.call(&format!("POST /api/v1/ingest/imports/{id}/preview"), token, "application/json", b""));
    id
}

/// Sales of the import, state of the import, state of its commit job: one statement, one moment.
async fn look(pool: &PgPool, import: &str) -> (i64, String, Option<String>) {
    sqlx::query_as(
        "select (select count(*) from sales.transactions where import_id = $1::uuid),
                (select state from ops.import_batches where id = $1::uuid),
                (select state from ops.job_runs where kind = 'import_commit' and payload::text like '%' || $1 || '%'
                 order by created_at desc limit 1)",
    )
    .bind(import)
    .fetch_one(pool)
    .await
    .expect("look")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_the_middle_of_an_import_leave_all_or_nothing() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let mut server = Server::start_with(dir, &["--no-worker"]);
    run(dir, &["user", "add", "kill@millrace.test", "--role", "admin"], &format!("{PASSWORD}\n{PASSWORD}\n"));
    let sign_in = json!({"username": "kill@millrace.test", "password": PASSWORD}).to_string();
    let session = json_of(server.call("POST /api/v1/auth/login", "", "application/json", sign_in.as_bytes()));
    let token = session["access_token"].as_str().expect("token").to_owned();
    let url = run(dir, &["db", "url", "--owner"], "").trim().to_owned();
    let mut working = worker(dir);
    let (mut whole, mut absent) = (0, 0);

    for round in 0..10 {
        let id = prepared_import(&server, &token, round);
        let pool = PgPool::connect(&url).await.expect("pool");
        for _ in 0..600 {
            if look(&pool, &id).await.1 == "previewed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        json_of(server.call(&format!("POST /api/v1/ingest/imports/{id}/commit"), &token, "application/json", b""));
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
        let (sales, state, job) = look(&pool, &id).await;
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
