//! Taking imports back: the tables as before, what was changed since left and listed, all or nothing.

use crate::{
    ingest::Desk,
    shop::{dec, planner, viewer},
};
use domain::{
    ErrorCode,
    ingest::{ImportDetail, ImportState},
};
use engine::ingest::Meter;
use sqlx::PgPool;
use std::sync::Arc;

const BASE: &str = "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n\
                    2,A1,Thing,5,2011-01-02 10:00:00,2.00,77,UK\n\
                    2,A2,Other,1,2011-01-02 10:00:00,3.00,77,UK\n";

async fn undo(desk: &Desk, import: &ImportDetail) -> ImportDetail {
    desk.ingest.undo_now(&planner(), import.summary.id, Arc::default()).await.unwrap()
}

/// The tables an import writes, without the marks a change leaves behind.
async fn tables(desk: &Desk) -> String {
    let mut all = String::new();
    for sql in [
        "select coalesce(string_agg((to_jsonb(t) - 'version' - 'updated_at')::text, '|' order by id), '') from sales.transactions t",
        "select coalesce(string_agg(t::text, '|' order by transaction_id, line_no), '') from sales.transaction_lines t",
        "select coalesce(string_agg(t::text, '|' order by id), '') from sales.refunds t",
        "select coalesce(string_agg(t::text, '|' order by refund_id, line_no), '') from sales.refund_lines t",
        "select coalesce(string_agg(t::text, '|' order by id), '') from sales.customers t",
        "select coalesce(string_agg(t::text, '|' order by id), '') from sales.products t",
        "select coalesce(string_agg(t::text, '|' order by product_id), '') from sales.product_prices t",
        "select coalesce(string_agg(t::text, '|' order by product_id), '') from stock.levels t",
    ] {
        all += &sqlx::query_scalar::<_, String>(sql).fetch_one(&desk.shop.db).await.unwrap();
        all.push('\n');
    }
    all
}

#[sqlx::test(migrations = "../migrations")]
async fn an_undone_import_leaves_the_tables_as_they_were(db: PgPool) {
    let desk = Desk::on(db);
    desk.import(BASE).await;
    let before = tables(&desk).await;
    // A new sale and customer, a line added to sale 1, refunds of sale 2 and of a sale of its own, a stray one, a bad row.
    let rows = "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n\
                1,A3,New,2,2011-01-01 10:00:00,4.00,77,UK\n\
                3,A2,Other,4,2011-01-03 10:00:00,3.00,88,UK\n\
                C4,A2,Other,-1,2011-01-04 10:00:00,3.00,77,UK\n\
                C5,A2,Other,-4,2011-01-05 10:00:00,3.00,88,UK\n\
                C6,A9,Stray,-1,2011-01-05 10:00:00,9.00,99,UK\n\
                7,A1,Thing,-1,2011-01-05 10:00:00,2.00,77,UK\n";
    let done = desk.import(rows).await;
    let counts = done.summary.counts.clone().unwrap();
    assert_eq!((counts.sale_lines, counts.refund_lines, counts.same, counts.rejected), (2, 3, 1, 1));
    let offer = done.undoable.clone().expect("a fresh import can be undone");
    assert_eq!((offer.sales, offer.restored, offer.left), (1, 2, 0));

    let undone = undo(&desk, &done).await;
    assert_eq!((undone.summary.state, undone.summary.open_rows), (ImportState::Undone, 0));
    assert!(undone.undoable.is_none());
    let report = undone.undo.clone().unwrap();
    assert_eq!((report.sales, report.sale_lines, report.restored), (1, 2, 2));
    assert_eq!((report.refunds, report.refund_lines), (3, 3));
    assert_eq!((report.customers, report.products, report.discarded, report.left), (2, 2, 1, 0));
    assert_eq!(tables(&desk).await, before);
    let back =
        "select count(*) from sales.transaction_events where actor = 'undo of import #2' and to_status = 'approved'";
    assert_eq!(desk.shop.count(back).await, 1, "the history of sale 2 tells of it; sale 1 kept its status");
    assert_eq!(desk.shop.count("select count(*) from ops.audit_log where action = 'ingest.undo'").await, 1);

    // The undo is a batch of its own, which cannot be undone.
    let by = undone.undone_by.clone().unwrap();
    assert_eq!(by.number, 3);
    let batch = desk.ingest.details(&viewer(), by.id).await.unwrap();
    assert!(batch.summary.is_undo && batch.undoable.is_none());
    assert_eq!(batch.undo_of.as_ref().map(|to| to.id), Some(done.summary.id));
    for again in [by.id, done.summary.id] {
        let error = desk.ingest.undo_now(&planner(), again, Arc::default()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict);
    }

    // The same file once more is new again, and neither import nor undo is called "imported before".
    let file = desk.preview(rows).await;
    assert!(file.imported_as.is_empty());
    assert_eq!(file.summary.counts, Some(counts));
    let again = desk.commit(file.summary.id).await.unwrap();
    assert_eq!((again.summary.state, again.summary.open_rows), (ImportState::CommittedPartial, 1));
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_repaired_later_go_with_their_import(db: PgPool) {
    let desk = Desk::on(db);
    let before = tables(&desk).await;
    let done = desk.import(&format!("{BASE}2,A3,More,-1,2011-01-02 10:00:00,1.00,77,UK\n")).await;
    let id = done.summary.id;
    let edit = domain::ingest::RowEdit { values: [(domain::ingest::Field::Quantity, "1".to_owned())].into() };
    desk.ingest.edit(&planner(), id, 5, edit).await.unwrap();
    let rerun = desk.ingest.run_again(&planner(), id).await.unwrap();
    assert_eq!((rerun.summary.open_rows, rerun.undoable.clone().map(|u| (u.sales, u.left))), (0, Some((2, 0))));
    assert_eq!(undo(&desk, &done).await.undo.unwrap().sale_lines, 4);
    assert_eq!(tables(&desk).await, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_changed_since_is_left_and_listed(db: PgPool) {
    let desk = Desk::on(db);
    let first = desk.import(BASE).await;
    sqlx::query(
        "update sales.transactions set session_ref = 'by hand', version = version + 1 where external_ref = '1'",
    )
    .execute(&desk.shop.db)
    .await
    .unwrap();
    let second = desk.import("C4,A2,Other,-1,2011-01-04 10:00:00,3.00,77,UK\n").await;

    // Sale 1 was changed by hand, sale 2 by the second import: nothing of the first can go.
    let looked = desk.ingest.details(&viewer(), first.summary.id).await.unwrap().undoable.unwrap();
    assert_eq!((looked.sales, looked.left), (0, 2));
    // With the second one taken back, sale 2 is as the first import left it.
    undo(&desk, &second).await;
    let looked = desk.ingest.details(&viewer(), first.summary.id).await.unwrap().undoable.unwrap();
    assert_eq!((looked.sales, looked.left), (1, 1));
    let third = desk.import("3,A2,Other,1,2011-01-05 10:00:00,3.00,77,UK\n").await;
    let report = undo(&desk, &first).await.undo.unwrap();
    assert_eq!((report.sales, report.left), (1, 1));
    assert_eq!((report.left_rows[0].reference.as_str(), report.left_rows[0].why.as_str()), ("1", "Changed since."));
    assert_eq!((report.customers, report.kept_customers), (0, 1), "customer 77 bought elsewhere too");
    assert_eq!((report.products, report.kept_products), (0, 2), "A1 and A2 are still sold");
    assert_eq!(desk.shop.count("select count(*) from sales.transactions where external_ref in ('1', '3')").await, 2);
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 2);
    undo(&desk, &third).await;
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sale_with_a_refund_of_somebody_else_stays_with_its_refund(db: PgPool) {
    let desk = Desk::on(db);
    let first = desk.import(BASE).await;
    desk.import("C4,A2,Other,-1,2011-01-04 10:00:00,3.00,77,UK\n").await;
    let report = undo(&desk, &first).await.undo.unwrap();
    assert_eq!((report.sales, report.left), (1, 1));
    assert_eq!(report.left_rows[0].why, "Changed by import #2 since; undo that one first.");
    assert_eq!(desk.shop.count("select count(*) from sales.refunds").await, 1, "the refund of the other import");
}

#[sqlx::test(migrations = "../migrations")]
async fn stock_comes_back_by_a_counter_movement(db: PgPool) {
    let desk = Desk::on(db);
    let product = desk.shop.product("A1", "Thing", "2.00", Some(12)).await;
    let uploaded =
        desk.upload(format!("{}{BASE}", crate::ingest::HEADER).replace("A2,", "POST,").as_bytes()).await.unwrap();
    let mut mapping = uploaded.mapping.clone();
    mapping.options.move_stock = true;
    desk.ingest.map(&planner(), uploaded.summary.id, mapping, None).await.unwrap();
    desk.check(uploaded.summary.id).await;
    let done = desk.commit(uploaded.summary.id).await.unwrap();
    assert_eq!(desk.shop.on_hand(product).await, dec("2"));
    // The sale that stays keeps what it took.
    sqlx::query("update sales.transactions set version = version + 1 where external_ref = '1'")
        .execute(&desk.shop.db)
        .await
        .unwrap();
    let report = undo(&desk, &done).await.undo.unwrap();
    assert_eq!((report.sales, report.stock), (1, 1));
    assert_eq!(desk.shop.on_hand(product).await, dec("7"));
    let counter =
        "select count(*) from stock.movements where quantity = 5 and on_hand_after = 7 and ref_type = 'import_undo'";
    assert_eq!(desk.shop.count(counter).await, 1);
    assert_eq!(desk.shop.count("select count(*) from stock.movements").await, 2, "nothing is deleted from the ledger");
}

#[sqlx::test(migrations = "../migrations")]
async fn who_when_and_only_whole(db: PgPool) {
    let desk = Desk::on(db);
    let id = desk.preview(BASE).await.summary.id;
    let undo = |who| desk.ingest.undo_now(who, id, Arc::default());
    let (planner, viewer) = (planner(), viewer());
    assert_eq!(undo(&planner).await.unwrap_err().code, ErrorCode::Conflict, "not committed");
    desk.commit(id).await.unwrap();
    assert_eq!(undo(&viewer).await.unwrap_err().code, ErrorCode::Forbidden);
    let before = desk.world().await;
    let meter = Arc::new(Meter::default());
    meter.stop();
    assert_eq!(desk.ingest.undo_now(&planner, id, meter).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(desk.world().await, before, "a stopped undo changed nothing");
    assert_eq!(desk.shop.count("select count(*) from ops.import_batches").await, 1);
    desk.shop.clock.advance(chrono::TimeDelta::days(30) + chrono::TimeDelta::seconds(1));
    let late = undo(&planner).await.unwrap_err();
    assert!(late.message.contains("more than 30 days ago"), "{}", late.message);
    assert!(desk.ingest.details(&viewer, id).await.unwrap().undoable.is_none());
    desk.shop.clock.advance(-chrono::TimeDelta::seconds(1));
    undo(&planner).await.unwrap();
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 0);
}

/// A table of a later feature that points to customers, products or sales must be thought of in the undo.
#[sqlx::test(migrations = "../migrations")]
async fn the_undo_knows_every_table_that_points_to_what_it_deletes(db: PgPool) {
    let found: Vec<String> = sqlx::query_scalar(
        "select distinct k.conrelid::regclass || ' -> ' || k.confrelid::regclass from pg_constraint k
         where k.contype = 'f' and k.conparentid = 0
           and k.confrelid in ('sales.customers'::regclass, 'sales.products'::regclass, 'sales.transactions'::regclass)
         order by 1",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let known = [
        "sales.customer_purchase_patterns -> sales.customers",
        "sales.customer_segments -> sales.customers",
        "sales.customer_tiers -> sales.customers",
        "sales.disputes -> sales.transactions",
        "sales.fraud_cases -> sales.transactions",
        "sales.fraud_decisions -> sales.transactions",
        "sales.fraud_labels -> sales.transactions",
        "sales.product_prices -> sales.products",
        "sales.refund_lines -> sales.products",
        "sales.refunds -> sales.customers",
        "sales.refunds -> sales.transactions",
        "sales.transaction_events -> sales.transactions",
        "sales.transaction_lines -> sales.products",
        "sales.transaction_lines -> sales.transactions",
        "sales.transactions -> sales.customers",
        "stock.levels -> sales.products",
        "stock.movements -> sales.products",
    ];
    assert_eq!(found, known, "teach store::ingest::undo about the new table, then add it here");
}
