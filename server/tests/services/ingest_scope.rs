//! Mode `replace_scope`: the file speaks for its days, and recorded sales it lacks are closed.

use crate::{
    ingest::{Desk, HEADER},
    shop::{dec, planner},
};
use domain::{
    ErrorCode,
    ingest::{ImportDetail, Scope},
};
use sqlx::PgPool;
use std::sync::Arc;

/// Four sales of January, one of February.
const RECORDED: &str = "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n\
                        2,A1,Thing,5,2011-01-02 10:00:00,2.00,77,UK\n\
                        3,A1,Thing,5,2011-01-03 10:00:00,2.00,77,UK\n\
                        4,A2,Other,5,2011-01-31 23:59:59,3.00,77,UK\n\
                        5,A1,Thing,5,2011-02-01 00:00:00,2.00,77,UK\n";

/// Uploads and checks a file that replaces January 2011.
async fn january(desk: &Desk, rows: &str) -> ImportDetail {
    let uploaded = desk.upload(format!("{HEADER}{rows}").as_bytes()).await.unwrap();
    let mut mapping = uploaded.mapping.clone();
    let day = |text: &str| text.parse().unwrap();
    mapping.options.zone = "UTC".into();
    mapping.options.replace = Some(Scope { from: day("2011-01-01"), to: day("2011-01-31") });
    desk.ingest.map(&planner(), uploaded.summary.id, mapping, Some("January")).await.unwrap();
    desk.check(uploaded.summary.id).await
}

async fn net(desk: &Desk) -> rust_decimal::Decimal {
    sqlx::query_scalar("select coalesce(sum(net), 0) from sales.transactions where recognised_at is not null")
        .fetch_one(&desk.shop.db)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn sales_of_the_days_that_the_file_lacks_are_closed_and_come_back_by_undo(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("business.zone", "UTC".into()).await;
    desk.import(RECORDED).await;
    // Sale 4 is refunded, so it cannot simply be closed.
    desk.import("C9,A2,Other,-1,2011-02-02 10:00:00,3.00,77,UK\n").await;
    // January again without sales 2 and 4, with a new sale 6 and a rejected row of sale 3.
    let rows = "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n\
                3,A1,Thing,many,2011-01-03 10:00:00,2.00,77,UK\n\
                6,A1,Thing,1,2011-01-09 10:00:00,2.00,77,UK\n\
                7,A1,Thing,1,2011-02-09 10:00:00,2.00,77,UK\n";
    let checked = january(&desk, rows).await;
    let counts = checked.summary.counts.clone().unwrap();
    assert_eq!((counts.in_scope, counts.closed, counts.kept), (4, 1, 1));
    assert_eq!((counts.sale_lines, counts.same, counts.rejected), (1, 1, 2));
    assert!(checked.issues.iter().any(|rule| rule.code == "outside_scope"), "a row of February contradicts the file");
    assert_eq!(net(&desk).await, dec("55"), "a check closes nothing");

    let done = desk.commit(checked.summary.id).await.unwrap();
    assert_eq!(net(&desk).await, dec("47"), "less sale 2, and sale 6 is new");
    let closed = "select count(*) from sales.transactions t join sales.transaction_events e on e.transaction_id = t.id
                  where t.external_ref = '2' and t.status = 'cancelled' and t.recognised_at is null and t.version = 2
                    and e.from_status = 'approved' and e.to_status = 'cancelled' and e.actor = 'import #3'";
    assert_eq!(desk.shop.count(closed).await, 1);
    assert_eq!(
        desk.shop
            .count("select count(*) from sales.transactions where external_ref = '3' and recognised_at is not null")
            .await,
        1,
        "an order with a bad row is named by the file"
    );

    let undone = desk.ingest.undo_now(&planner(), done.summary.id, Arc::default()).await.unwrap();
    assert_eq!(undone.undo.map(|u| (u.sales, u.restored, u.left)), Some((1, 1, 0)));
    assert_eq!(net(&desk).await, dec("55"));
    let back = "select count(*) from sales.transactions where external_ref = '2' and status = 'approved' and recognised_at = occurred_at";
    assert_eq!(desk.shop.count(back).await, 1);
    let kept =
        "select count(*) from ops.import_mappings where name = 'January' and not mapping -> 'options' ? 'replace'";
    assert_eq!(desk.shop.count(kept).await, 1, "the days of one file are not those of the next");
}

#[sqlx::test(migrations = "../migrations")]
async fn more_than_half_is_closed_only_when_the_number_was_typed(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("business.zone", "UTC".into()).await;
    desk.import(RECORDED).await;
    let checked = january(&desk, "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n").await;
    let id = checked.summary.id;
    assert_eq!(checked.summary.counts.map(|c| (c.in_scope, c.closed)), Some((4, 3)));
    let error = desk.commit(id).await.unwrap_err();
    assert_eq!((error.code, error.of_field("confirm_closed").is_some()), (ErrorCode::Validation, true));
    assert!(error.fields[0].message.contains("closes 3 of the 4"), "{:?}", error.fields);
    assert_eq!(net(&desk).await, dec("55"));
    sqlx::query("update ops.import_batches set confirmed_closed = 3 where id = $1")
        .bind(id.0)
        .execute(&desk.shop.db)
        .await
        .unwrap();
    desk.commit(id).await.unwrap();
    assert_eq!(net(&desk).await, dec("20"), "sale 1, and sale 5 of February");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sale_of_the_days_recorded_after_the_check_makes_it_stale(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("business.zone", "UTC".into()).await;
    desk.import(RECORDED).await;
    let rows: String = RECORDED.lines().take(3).map(|line| format!("{line}\n")).collect();
    let checked = january(&desk, &rows).await;
    desk.import("8,A1,Thing,5,2011-01-20 10:00:00,2.00,77,UK\n").await;
    let error = desk.commit(checked.summary.id).await.unwrap_err();
    assert_eq!(error.of_field("preview"), Some("preview_stale"));
}
