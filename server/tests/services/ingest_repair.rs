//! Rejected rows: given up one by one or several, and brought back in a mended `rejected.csv`.

use crate::{
    ingest::Desk,
    shop::{planner, viewer},
};
use domain::{
    AppError, ErrorCode,
    ids::ImportId,
    ingest::{Discard, Field, ImportDetail, ImportState, RowEdit},
};
use server::services::ingest::rejected_csv;
use sqlx::PgPool;
use std::sync::Arc;

/// Rows 3, 5 and 6 are bad.
const ROWS: &str = "1,A1,Thing,5,2011-01-05 10:00:00,2.00,77,UK\n\
                    1,A2,Other,-1,2011-01-05 10:00:00,3.00,77,UK\n\
                    2,A1,Thing,1,2011-01-06 10:00:00,2.00,77,UK\n\
                    2,A2,\"=1+1, said he\",many,2011-01-06 10:00:00,3.00,77,UK\n\
                    2,A3,More,1,someday,4.00,77,UK\n";

async fn csv(desk: &Desk, id: ImportId) -> String {
    let (detail, open) = desk.ingest.rejected(&viewer(), id).await.unwrap();
    String::from_utf8(rejected_csv(&detail, &open)).unwrap()
}

async fn bring_back(desk: &Desk, id: ImportId, file: &str) -> Result<ImportDetail, AppError> {
    desk.ingest.take_repaired(&planner(), id, Arc::new(file.as_bytes().to_vec())).await
}

async fn discard(desk: &Desk, id: ImportId, rows: &[u32]) -> Result<ImportDetail, AppError> {
    desk.ingest.give_up_rows(&planner(), id, Discard { rows: rows.to_vec(), reason: "No paper".into() }).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mended_rejected_csv_replaces_its_rows_and_the_account_still_adds_up(db: PgPool) {
    let desk = Desk::on(db);
    let done = desk.import(ROWS).await;
    let id = done.summary.id;
    assert_eq!((done.summary.open_rows, done.summary.counts.clone().unwrap().sale_lines), (3, 2));
    let file = csv(&desk, id).await;
    assert!(file.contains("\"'=1+1, said he\""), "guarded on the way out: {file}");

    // Two of three are mended, the third line is left out of the file.
    let mended = file.replace(",-1,", ",1,").replace(",many,", ",2,");
    let mended: Vec<&str> = mended.lines().filter(|line| !line.contains("someday")).collect();
    let now = bring_back(&desk, id, &mended.join("\r\n")).await.unwrap();
    assert_eq!((now.summary.open_rows, now.summary.counts.clone()), (3, done.summary.counts), "nothing is applied yet");
    let (_, open) = desk.ingest.rejected(&viewer(), id).await.unwrap();
    let ready: Vec<(u32, bool)> = open.iter().map(|r| (r.row_no, r.edited && r.issues.is_empty())).collect();
    assert_eq!(ready, [(3, true), (5, true), (6, false)]);

    let rerun = desk.ingest.run_again(&planner(), id).await.unwrap();
    let counts = rerun.summary.counts.clone().unwrap();
    assert_eq!((counts.sale_lines, counts.rejected, counts.lines), (4, 1, 5));
    assert!(counts.accounts_for_every_line());
    assert_eq!((rerun.summary.state, rerun.summary.open_rows), (ImportState::CommittedPartial, 1));
    let kept = "select count(*) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
                join sales.products p on p.id = l.product_id
                where (t.external_ref, l.line_no, p.sku, l.quantity) in (('1', 2, 'A2', 1), ('2', 2, 'A2', 2))";
    assert_eq!(desk.shop.count(kept).await, 2, "each at the position it came with");

    // The file as it came first is known by all its rows; the mended ones do not double.
    let again = desk.import(ROWS).await.summary.counts.unwrap();
    assert_eq!((again.same, again.created(), again.quarantined()), (5, 0, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_mended_in_the_grid_goes_home_with_the_csv(db: PgPool) {
    let desk = Desk::on(db);
    let id = desk.import(ROWS).await.summary.id;
    let edit = RowEdit { values: [(Field::Quantity, "7".to_owned())].into() };
    desk.ingest.edit(&planner(), id, 5, edit).await.unwrap();
    let file = csv(&desk, id).await;
    assert!(file.contains(",7,2011-01-06 10:00:00,") && !file.contains(",many,"), "{file}");
    bring_back(&desk, id, &file.replace(",-1,", ",1,")).await.unwrap();
    let (_, open) = desk.ingest.rejected(&viewer(), id).await.unwrap();
    assert_eq!(open[1].mapped[&Field::Quantity], "7", "not overwritten by what came first");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_that_does_not_fit_changes_no_row_and_says_why(db: PgPool) {
    let desk = Desk::on(db);
    let id = desk.preview(ROWS).await.summary.id;
    assert_eq!(bring_back(&desk, id, "row\n1\n").await.unwrap_err().code, ErrorCode::Conflict, "not committed");
    desk.commit(id).await.unwrap();
    let before = desk.world().await;
    let file = csv(&desk, id).await;
    let unknown = file.replace(",3,not_a_sale", ",2,not_a_sale").replace(",6,unreadable_time", ",99,unreadable_time");
    for (text, words) in [
        (file.clone(), "No line of the file differs"),
        (unknown, "Rows 2, 99 are not open"),
        (file.replace("StockCode", "Code"), "lacks the column \"StockCode\""),
        (file.replace(",row,", ",line,"), "no column \"row\""),
        ("%PDF-1.7".to_owned(), "PDF"),
    ] {
        let error = bring_back(&desk, id, &text).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Validation);
        assert!(error.of_field("file").is_some_and(|said| said.contains(words)), "{words}: {error:?}");
    }
    assert_eq!(desk.world().await, before);
    let viewer = desk.ingest.take_repaired(&viewer(), id, Arc::default()).await.unwrap_err();
    assert_eq!(viewer.code, ErrorCode::Forbidden);
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_are_given_up_one_by_one_or_several(db: PgPool) {
    let desk = Desk::on(db);
    let id = desk.import(ROWS).await.summary.id;
    let one = discard(&desk, id, &[5]).await.unwrap();
    assert_eq!((one.summary.open_rows, one.summary.state), (2, ImportState::CommittedPartial));
    let twice = discard(&desk, id, &[3, 5]).await.unwrap_err();
    assert_eq!(twice.of_field("rows"), Some("Row 5 is not open in this quarantine."));
    assert_eq!(desk.ingest.details(&viewer(), id).await.unwrap().summary.open_rows, 2, "all named rows or none");
    let rest = discard(&desk, id, &[3, 6]).await.unwrap();
    assert_eq!((rest.summary.open_rows, rest.summary.state), (0, ImportState::Committed));
    let counts = rest.summary.counts.unwrap();
    assert_eq!((counts.sale_lines, counts.rejected), (2, 3));
    assert!(counts.accounts_for_every_line(), "given-up rows stay in the account");
    let kept = "select count(*) from ops.staged_rows where state = 'discarded' and reason = 'No paper' and handled_by is not null";
    assert_eq!(desk.shop.count(kept).await, 3);
}
