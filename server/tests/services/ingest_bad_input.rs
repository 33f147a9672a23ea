//! Bad files and bad cells: a clear word for each, nothing half-written, never a failure of ours.

use crate::{
    ingest::{Desk, HEADER},
    shop::{dec, planner},
};
use domain::{
    ErrorCode,
    ingest::{ImportState, Target},
};
use rust_xlsxwriter::{Formula, Workbook};
use server::services::ingest::Upload;
use sqlx::PgPool;
use std::{collections::BTreeSet, sync::Arc};

/// A workbook with notes first, then sales: formulas with and without a value, and an error.
fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap().write(0, 0, "Nothing below").unwrap();
    let sheet = book.add_worksheet().set_name("March").unwrap();
    for (row, order) in (0..).zip(["InvoiceNo", "1", "2", "3"]) {
        sheet.write(row, 0, order).unwrap();
        sheet.write(row, 1, if row == 0 { "StockCode" } else { "A1" }).unwrap();
        sheet.write(row, 3, if row == 0 { "InvoiceDate" } else { "2011-01-05 10:00:00" }).unwrap();
        sheet.write(row, 4, if row == 0 { "UnitPrice" } else { "2.00" }).unwrap();
    }
    sheet.write(0, 2, "Quantity").unwrap();
    sheet.write_formula(1, 2, Formula::new("=2+3").set_result("5")).unwrap();
    sheet.write_formula(2, 2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(3, 2, "=2+3").unwrap();
    book.save_to_buffer().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn formulas_are_never_evaluated_and_errors_reject_their_row(db: PgPool) {
    let desk = Desk::on(db);
    let uploaded = desk.upload(&workbook()).await.unwrap();
    assert_eq!(uploaded.shape.sheet.as_deref(), Some("March"), "the first sheet that holds rows");
    assert_eq!(uploaded.shape.sheets, ["Notes", "March"]);
    desk.check(uploaded.summary.id).await;
    let done = desk.commit(uploaded.summary.id).await.unwrap();
    let codes: BTreeSet<&str> = done.issues.iter().map(|rule| rule.code.as_str()).collect();
    assert_eq!(codes, BTreeSet::from(["error_cell", "unreadable_number"]), "{:?}", done.issues);
    let sold: rust_decimal::Decimal =
        sqlx::query_scalar("select sum(quantity) from sales.transaction_lines").fetch_one(&desk.shop.db).await.unwrap();
    assert_eq!(sold, dec("5"), "the value the program saved");
}

/// Room for all cells between would be some hundred gigabytes.
#[sqlx::test(migrations = "../migrations")]
async fn a_cell_far_from_all_others_and_a_damaged_workbook_are_told_and_cost_nothing(db: PgPool) {
    let desk = Desk::on(db);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "InvoiceNo").unwrap().write(1, 0, "1").unwrap().write(1_048_575, 16_383, "far").unwrap();
    let far = desk.upload(&book.save_to_buffer().unwrap()).await.unwrap_err();
    assert_eq!(far.code, ErrorCode::Validation);
    assert!(far.fields[0].message.contains("200,000 rows or 500 columns"), "{far:?}");
    let (whole, mut refused) = (workbook(), 0);
    for cut in (60..whole.len() - 30).step_by(97) {
        let mut broken = whole.clone();
        broken[cut..cut + 20].iter_mut().for_each(|byte| *byte ^= 0x5a);
        if let Err(error) = desk.upload(&broken).await {
            assert_eq!(error.code, ErrorCode::Validation, "byte {cut}: {error:?}");
            refused += 1;
        }
    }
    assert!(refused > 0, "nothing was damaged");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sheet_is_chosen_by_its_name(db: PgPool) {
    let desk = Desk::on(db);
    let receive = |sheet: &str, bytes: Vec<u8>| {
        let upload = Upload::of(Target::SalesTransactions, "book.xlsx", bytes).with_sheet(Some(sheet.to_owned()));
        async { desk.ingest.receive(&planner(), upload).await }
    };
    assert_eq!(receive(" March ", workbook()).await.unwrap().shape.rows, 3);
    for (sheet, bytes, field, words) in [
        ("April", workbook(), "sheet", "There is no sheet \"April\"; there are \"Notes\", \"March\"."),
        ("Notes", workbook(), "file", "no_rows"),
        ("March", HEADER.as_bytes().to_vec(), "sheet", "no workbook"),
    ] {
        let error = receive(sheet, bytes).await.unwrap_err();
        assert!(error.code == ErrorCode::Validation && error.message.contains(words), "{}", error.message);
        assert_eq!(error.fields[0].path, field, "{}", error.message);
    }
    assert_eq!(desk.shop.count("select count(*) from ops.files").await, 1, "only the good one is kept");
}

#[sqlx::test(migrations = "../migrations")]
async fn absurd_quantities_and_prices_are_rejected_one_by_one(db: PgPool) {
    let desk = Desk::on(db);
    let absurd = [
        "-1",
        "0",
        "-0",
        "NaN",
        "inf",
        "1e400",
        "1e9999999999",
        "99999999999999999999999999999999999",
        "0.00001",
        "1000000001",
        "1,5,0",
        "٣",
        "5 %",
        "0x10",
        "--5",
        "'5",
        "=5",
        "five",
        "",
    ];
    let mut rows = String::new();
    for (n, value) in absurd.iter().enumerate() {
        rows += &format!("{n},A1,Thing,\"{value}\",2011-01-05 10:00:00,2.00,1,UK\n");
        rows += &format!("p{n},A1,Thing,1,2011-01-05 10:00:00,\"{value}\",1,UK\n");
    }
    rows += "ok,A1,Thing,1,2011-01-05 10:00:00,2.00,1,UK\n";
    // The largest of each, together beyond any ledger.
    rows += "huge,A1,Thing,1000000000,2011-01-05 10:00:00,1000000000,1,UK\n";
    let done = desk.import(&rows).await;
    let counts = done.summary.counts.clone().unwrap();
    assert_eq!(counts.rejected as usize, absurd.len() * 2 + 1, "{:?}", done.issues);
    assert!(counts.accounts_for_every_line());
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 1);
    let (_, open) = desk.ingest.rejected(&planner(), done.summary.id).await.unwrap();
    assert!(open.iter().all(|row| row.issues.iter().all(|issue| !issue.message.is_empty())));
}

#[sqlx::test(migrations = "../migrations")]
async fn one_file_sent_by_two_people_at_once_is_recorded_once(db: PgPool) {
    let desk = Desk::on(db);
    let rows: String =
        (0..2000).map(|n| format!("{},A{},Thing,1,2011-01-05 10:00:00,2.00,1,UK\n", n / 4, n % 50)).collect();
    let file = format!("{HEADER}{rows}");
    let whole_way = || async {
        let id = desk.upload(file.as_bytes()).await?.summary.id;
        desk.ingest.preview_now(&planner(), id, Arc::default()).await?;
        desk.commit(id).await
    };
    let results = tokio::join!(whole_way(), whole_way());
    let states: Vec<_> = [results.0, results.1]
        .into_iter()
        .map(|result| match result {
            Ok(done) => Ok((done.summary.state, done.summary.counts.unwrap().created())),
            Err(error) => Err(error.of_field("preview").map(str::to_owned)),
        })
        .collect();
    // The other one came too late for its check, or checked late enough to see that nothing is new.
    assert!(states.contains(&Ok((ImportState::Committed, 2000))), "{states:?}");
    let other = states.iter().find(|s| **s != Ok((ImportState::Committed, 2000))).unwrap();
    let fine = [Ok((ImportState::Committed, 0)), Err(Some("preview_stale".to_owned()))];
    assert!(fine.contains(other), "{states:?}");
    assert_eq!(desk.shop.count("select count(*) from sales.transaction_lines").await, 2000);
    assert_eq!(desk.shop.count("select count(*) from sales.customers").await, 1);
}
