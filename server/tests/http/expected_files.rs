//! How often files are expected, set on the page of imports without script.

use crate::{
    sales_pages::{page, site, words},
    shop::{Shop, planner, viewer},
    shop_front::{Answer, call},
};
use axum::{Router, body::Body, http::Request};
use sqlx::PgPool;

async fn keep(desk: &Router, fields: &str) -> Answer {
    let form = Request::post("/fn/ingest/expect")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", "/data/import")
        .body(Body::from(format!("csrf_token=csrf&{fields}")))
        .unwrap();
    call(desk, form).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planner_says_how_often_a_file_is_expected_where_files_are_imported(db: PgPool) {
    let shop = Shop::on(db);
    let (desk, hall) = (site(&shop, planner()), site(&shop, viewer()));
    let kept = keep(&desk, "expected%5Bsales_transactions%5D=24&expected%5Bvisits%5D=").await;
    assert_eq!(kept.header("location"), Some("/data/import"));
    let stored = "select count(*) from ops.settings where key = 'ingest.sales_expected_hours' and value = '\"24\"'";
    assert_eq!(shop.count(stored).await, 1);
    assert_eq!(shop.count("select count(*) from ops.settings where key = 'ingest.visits_expected_hours'").await, 0);
    assert_eq!(shop.count("select count(*) from ops.audit_log where entity_id = 'ingest'").await, 1);
    let html = page(&desk, "/data/import").await.text().to_owned();
    let field = html.split("name=\"expected[sales_transactions]\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(field.contains("value=\"24\""), "{field}");
    let text = words(&html);
    assert!(text.contains("Sales: a file is expected every \u{2026} hours"), "{text}");

    let refused = keep(&desk, "expected%5Bvisits%5D=soon").await;
    assert!(refused.header("location").is_some_and(|to| to.starts_with("/data/import")), "back with the fault");
    assert_eq!(shop.count(stored).await, 1);
    let denied = keep(&hall, "expected%5Bvisits%5D=24").await;
    assert_eq!(shop.count("select count(*) from ops.settings where key = 'ingest.visits_expected_hours'").await, 0);
    assert_ne!(denied.header("location"), Some("/data/import"));
}
