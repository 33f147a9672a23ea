//! The pages of sales as the server renders them: they read whole and work without script.

use crate::{
    shop::{Shop, planner, viewer},
    shop_front::{Answer, call, services},
};
use axum::{Extension, Router, body::Body, http::Request};
use domain::access::{AutoRefresh, Principal, SessionView, SignedInUser};
use leptos::config::LeptosOptions;
use server::http::{caller::Caller, pages};
use sqlx::PgPool;

pub fn site(shop: &Shop, who: Principal) -> Router {
    let user = SignedInUser {
        id: who.user_id().unwrap(),
        email: "test@example.com".into(),
        display_name: "Test".into(),
        role: None,
        rights: who.rights().clone(),
        auto_refresh: AutoRefresh::default(),
    };
    let view = SessionView { user: Some(user), csrf_token: "csrf".into(), ..SessionView::default() };
    let options = LeptosOptions::builder().output_name("millrace").build();
    pages::router(services(shop), options).0.layer(Extension(view)).layer(Extension(Caller(Some(who))))
}

pub async fn page(site: &Router, path: &str) -> Answer {
    call(site, Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap()).await
}

/// Text between tags, one space for whatever lay between.
pub fn words(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sale_is_made_step_by_step_without_script(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "19.99", Some(10)).await;
    shop.product("JUG", "Jug", "5", Some(1)).await;
    let site = site(&shop, planner());

    let found = page(&site, "/transactions/new?find=mu").await;
    assert_eq!(found.status.as_u16(), 200);
    assert!(found.text().contains(&format!("name=\"add\" value=\"{mug}\"")), "{}", found.text());
    assert!(!found.text().contains(">Jug<"));

    let added = page(
        &site,
        &format!("/transactions/new?find=mu&add={mug}&payment_method=cash&discount_applied=5&shipping_cost=4.50"),
    )
    .await;
    assert!(
        added.text().contains("name=\"lines[0][quantity]\"") && words(added.text()).contains("Total $20.69"),
        "{}",
        words(added.text())
    );
    let key = added
        .text()
        .split("name=\"idempotency_key\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap()
        .to_owned();

    let form = format!(
        "csrf_token=csrf&idempotency_key={key}&customer_id=&find=mu&lines%5B0%5D%5Bproduct_id%5D={mug}&lines%5B0%5D%5Bquantity%5D=3\
         &payment_method=cash&discount_applied=5&shipping_cost=4.50"
    );
    let send = || {
        Request::post("/fn/transactions/record")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("referer", "/transactions/new")
            .body(Body::from(form.clone()))
            .unwrap()
    };
    let first = call(&site, send()).await;
    assert_eq!(first.status.as_u16(), 302, "{}", first.text());
    let to = first.header("location").unwrap().to_owned();
    assert!(to.starts_with("/transactions/"), "{to}");
    // Pressed twice: the same sale.
    assert_eq!(call(&site, send()).await.header("location"), Some(to.as_str()));
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 1);

    let shown = words(page(&site, &to).await.text());
    for part in
        ["Transaction #1", "Approved", "Mug MUG 3 $19.99", "Total $63.87", "Cash", "This site", "test@example.com"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_list_shows_the_filter_of_its_address_and_links_that_keep_it(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(100)).await;
    let router = crate::shop_front::front(&shop, Some(planner()));
    let body = serde_json::json!({"product_id": mug, "quantity": 1, "payment_method": "cash"});
    for _ in 0..3 {
        crate::shop_front::post(&router, "/api/v1/transactions", &body, None).await;
        shop.clock.advance(chrono::Duration::minutes(5));
    }
    let site = site(&shop, viewer());
    let list = page(&site, &format!("/transactions?product_id={mug}&payment_method=cash&limit=2")).await;
    let (html, text) = (list.text(), words(list.text()));
    assert_eq!(list.status.as_u16(), 200);
    assert!(text.contains("3 transactions") && text.contains("Product: Mug ×") && text.contains("$10.80"), "{text}");
    assert!(
        html.contains(&format!("/api/v1/exports/transactions.csv?product_id={mug}&amp;payment_method=cash\"")),
        "{html}"
    );
    assert!(html.contains("cursor=") && html.contains("sort=total%3Adesc"));
    assert!(html.contains("<option value=\"cash\" selected"), "{html}");
    // Who may not record is not offered to.
    assert!(!text.contains("New transaction"));

    let none = words(page(&site, "/transactions?payment_method=crypto").await.text());
    assert!(none.contains("No transaction matches these filters."));
    let wrong = words(page(&site, "/transactions?from=yesterday").await.text());
    assert!(wrong.contains("Write the day as 2026-10-06."), "{wrong}");
    let missing = page(&site, "/transactions/01890000-0000-7000-8000-000000000001").await;
    assert_eq!(missing.status.as_u16(), 404);
    let hits = words(page(&site, "/search?q=mug").await.text());
    assert!(hits.contains("Products Mug"), "{hits}");
}

#[sqlx::test(migrations = "../migrations")]
async fn analytics_read_whole_without_script_and_a_report_is_built_by_a_form(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(100)).await;
    sqlx::raw_sql(
        "insert into sales.categories (id, name) values ('01890000-0000-7000-8000-0000000000c1', 'Kitchen');
         update sales.products set category_id = '01890000-0000-7000-8000-0000000000c1'",
    )
    .execute(&shop.db)
    .await
    .unwrap();
    let router = crate::shop_front::front(&shop, Some(planner()));
    let body = serde_json::json!({"product_id": mug, "quantity": 2, "payment_method": "cash"});
    crate::shop_front::post(&router, "/api/v1/transactions", &body, None).await;
    let here = site(&shop, viewer());
    let shown = page(&here, "/analytics").await;
    let (html, text) = (shown.text(), words(shown.text()));
    assert_eq!(shown.status.as_u16(), 200);
    assert!(text.contains("Mug MUG $20.00 100.0 % 2 1 98"), "{text}");
    assert!(text.contains("Kitchen $20.00 100.0 % n/a 1 0") && text.contains("All, each once $20.00"), "{text}");
    assert!(text.contains("the first look is still to come"), "{text}");
    assert!(!text.contains("All orders"), "a rule that means nothing here: {text}");
    let narrowed = "/analytics?category=01890000-0000-7000-8000-0000000000c1";
    assert!(html.contains(&format!("href=\"{narrowed}\"")), "{html}");
    assert!(html.contains(&format!("/transactions?product_id={mug}&amp;from=2026-10-06&amp;to=2026-10-06")), "{html}");
    let narrow = words(page(&here, narrowed).await.text());
    assert!(narrow.contains("Kitchen × Show all categories"), "{narrow}");
    let wrong = page(&here, "/analytics?period=decade").await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(words(wrong.text()).contains("is not a period"));

    let report = words(page(&here, "/reports/daily/2026-10-05").await.text());
    assert!(report.contains("There is no report of this day.") && !report.contains("Build it"), "{report}");
    shop.clock.advance(chrono::Duration::days(1));
    let desk = site(&shop, planner());
    assert!(words(page(&desk, "/reports/daily/2026-10-06").await.text()).contains("Build it"));
    let form = Request::post("/fn/reports/rebuild")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", "/reports/daily/2026-10-06")
        .body(Body::from("csrf_token=csrf&date=2026-10-06"))
        .unwrap();
    assert_eq!(call(&desk, form).await.header("location"), Some("/reports/daily/2026-10-06"));
    let built = words(page(&desk, "/reports/daily/2026-10-06").await.text());
    for part in [
        "Report of 6 Oct 2026",
        "Revenue $20.00 $0.00",
        "Units 2 0",
        "Revision 1 The day was over",
        "is not mailed to you. No mail server is set",
        "Mail me the report each night",
    ] {
        assert!(built.contains(part), "{part}: {built}");
    }
}
