//! Imports as jobs: progress, cancel, twice, after a crash.

use crate::{
    kinds::runtime,
    runs::read,
    world::{World, person},
};
use domain::{
    ErrorCode,
    access::Role,
    ids::ImportId,
    ingest::{ImportState, IngestPort, Target},
};
use server::services::ingest::Upload;
use sqlx::PgPool;

async fn uploaded(world: &World) -> ImportId {
    let rows: String =
        (0..5000).map(|n| format!("{},A{},Thing,1,2011-01-05 10:00:00,2.00,1,UK\n", n / 5, n % 90)).collect();
    let text = format!(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n{rows}9,A1,Thing,-1,2011-01-05 10:00:00,2.00,1,UK\n"
    );
    let upload = Upload::of(Target::SalesTransactions, "sales.csv", text.into_bytes());
    world.services.ingest.receive(&person(Role::Planner), upload).await.unwrap().summary.id
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_import_is_checked_and_committed_by_jobs(pool: PgPool) {
    let world = World::new(pool).await;
    let planner = person(Role::Planner);
    let id = uploaded(&world).await;
    let ingest = &world.services.ingest;
    assert_eq!(ingest.commit(&planner, id, None).await.unwrap_err().code, ErrorCode::Conflict, "not checked yet");

    let check = ingest.preview(&planner, id).await.unwrap();
    assert_eq!(ingest.preview(&planner, id).await.unwrap().job_id, check.job_id, "one check at a time");
    let waiting = ingest.import(&planner, id).await.unwrap().work.unwrap();
    assert!(waiting.is_open() && waiting.kind == "import_preview");
    runtime(&world).drain().await.unwrap();
    let run = read(&world, check).await;
    assert_eq!((run.state.as_str(), run.progress_done, run.progress_total), ("succeeded", 5001, Some(5001)));
    assert_eq!(ingest.import(&planner, id).await.unwrap().summary.state, ImportState::Previewed);
    assert_eq!(world.number("select count(*) from sales.transactions").await, 0);

    let commit = ingest.commit(&planner, id, None).await.unwrap();
    runtime(&world).drain().await.unwrap();
    let run = read(&world, commit).await;
    assert_eq!((run.state.as_str(), run.counters["rejected"].as_i64()), ("partial", Some(1)));
    let detail = ingest.import(&planner, id).await.unwrap();
    assert_eq!((detail.summary.state, detail.summary.open_rows), (ImportState::CommittedPartial, 1));
    assert_eq!(world.number("select count(*) from sales.transaction_lines").await, 5000);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_commit_taken_up_again_after_a_crash_finds_its_work_done(pool: PgPool) {
    let world = World::new(pool).await;
    let planner = person(Role::Planner);
    let id = uploaded(&world).await;
    let ingest = &world.services.ingest;
    ingest.preview(&planner, id).await.unwrap();
    runtime(&world).drain().await.unwrap();
    let commit = ingest.commit(&planner, id, None).await.unwrap();
    // The worker died between the commit of the data and the end of its run.
    ingest.commit_now(&planner, id, std::sync::Arc::default()).await.unwrap();
    runtime(&world).drain().await.unwrap();
    assert_eq!(read(&world, commit).await.state, "partial");
    assert_eq!(world.number("select count(*) from sales.transaction_lines").await, 5000);
    assert_eq!(world.number("select count(*) from ops.staged_rows").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancelled_import_ends_its_check_and_writes_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let planner = person(Role::Planner);
    let id = uploaded(&world).await;
    let ingest = &world.services.ingest;
    let check = ingest.preview(&planner, id).await.unwrap();
    ingest.cancel(&planner, id).await.unwrap();
    runtime(&world).drain().await.unwrap();
    assert_eq!(read(&world, check).await.state, "failed");
    assert_eq!(ingest.import(&planner, id).await.unwrap().summary.state, ImportState::Cancelled);
    assert_eq!(world.number("select count(*) from sales.transactions").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_undo_is_a_job_and_taken_up_again_finds_its_work_done(pool: PgPool) {
    let world = World::new(pool).await;
    let planner = person(Role::Planner);
    let id = uploaded(&world).await;
    let ingest = &world.services.ingest;
    assert_eq!(ingest.undo(&planner, id).await.unwrap_err().code, ErrorCode::Conflict, "not committed yet");
    ingest.preview_now(&planner, id, std::sync::Arc::default()).await.unwrap();
    ingest.commit_now(&planner, id, std::sync::Arc::default()).await.unwrap();
    assert_eq!(ingest.undo(&person(Role::Viewer), id).await.unwrap_err().code, ErrorCode::Forbidden);
    let first = ingest.undo(&planner, id).await.unwrap();
    assert_eq!(ingest.undo(&planner, id).await.unwrap().job_id, first.job_id, "one undo at a time");
    // The worker died between the commit of the undo and the end of its run.
    ingest.undo_now(&planner, id, std::sync::Arc::default()).await.unwrap();
    runtime(&world).drain().await.unwrap();
    let run = read(&world, first).await;
    assert_eq!((run.state.as_str(), run.counters["left"].as_i64()), ("succeeded", Some(0)));
    assert_eq!(world.number("select count(*) from sales.transactions").await, 0);
    assert_eq!(world.number("select count(*) from ops.import_batches where undo_of is not null").await, 1);
}
