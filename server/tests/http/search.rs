//! `/api/v1/search`.

use crate::{
    shop::{Shop, admin, clerk, holding, viewer},
    shop_front::{front, get, post},
};
use domain::{
    access::{PermSet, Rights},
    search::{PLACES, SearchKind},
};
use serde_json::{Value, json};
use sqlx::PgPool;

fn titles(found: &Value, kind: &str) -> Vec<String> {
    let groups = found["groups"].as_array().unwrap();
    let group = groups.iter().find(|g| g["kind"] == kind);
    group
        .map(|g| g["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap().to_owned()).collect())
        .unwrap_or_default()
}

#[sqlx::test(migrations = "../migrations")]
async fn sales_products_and_pages_are_found_best_first_within_the_rights(db: PgPool) {
    let shop = Shop::on(db);
    let cake = shop.product("22423", "Regency cakestand 3 tier", "10", Some(100)).await;
    shop.product("85099B", "Jumbo bag red retrospot", "2", Some(100)).await;
    for n in 0..8 {
        shop.product(&format!("9{n}"), &format!("Cake tin {n}"), "2", None).await;
    }
    let router = front(&shop, Some(clerk()));
    let body = json!({"lines": [{"product_id": cake, "quantity": 1}], "payment_method": "cash"});
    for _ in 0..2 {
        post(&router, "/api/v1/transactions", &body, None).await;
    }
    sqlx::query("update sales.transactions set external_ref = '536365' where number = 2")
        .execute(&shop.db)
        .await
        .unwrap();

    let search = |q: &'static str| {
        let router = router.clone();
        async move { get(&router, &format!("/api/v1/search?q={q}")).await.json() }
    };
    assert_eq!(titles(&search("22423").await, "product"), ["Regency cakestand 3 tier"]);
    assert_eq!(titles(&search("85099b").await, "product"), ["Jumbo bag red retrospot"]);
    assert_eq!(titles(&search("cake").await, "product").len(), 5);
    assert_eq!(titles(&search("regensy%20cakstand").await, "product"), ["Regency cakestand 3 tier"]);
    assert_eq!(titles(&search("5363").await, "transaction"), ["#2 (536365)"]);
    assert_eq!(titles(&search("%231").await, "transaction"), ["#1"]);
    assert_eq!(titles(&search("transac").await, "page"), ["Transactions"]);
    assert_eq!(titles(&search("%3Enew").await, "action"), ["New customer", "New transaction"]);
    assert_eq!(get(&router, "/api/v1/search?q=").await.status.as_u16(), 422);
    assert_eq!(get(&router, "/api/v1/search?q=a&kinds=dog").await.status.as_u16(), 422);
    assert_eq!(get(&front(&shop, None), "/api/v1/search?q=a").await.status.as_u16(), 401);

    let dealer = front(&shop, Some(holding(Rights::of(None, &[PermSet::DealerUser]))));
    assert_eq!(get(&dealer, "/api/v1/search?q=22423").await.json(), json!({"groups": []}));
    let products = get(&front(&shop, Some(admin())), "/api/v1/search?q=cake&kinds=product&limit=2").await.json();
    assert_eq!(titles(&products, "product").len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mistyped_word_or_reference_is_found_after_what_fits_exactly(db: PgPool) {
    let shop = Shop::on(db);
    let cake = shop.product("22423", "Regency cakestand 3 tier in a gift box with ribbons", "10", Some(100)).await;
    let router = front(&shop, Some(clerk()));
    let body = json!({"lines": [{"product_id": cake, "quantity": 1}], "payment_method": "cash"});
    for _ in 0..12 {
        post(&router, "/api/v1/transactions", &body, None).await;
    }
    sqlx::query("update sales.transactions set external_ref = (536360 + number)::text where number <= 6")
        .execute(&shop.db)
        .await
        .unwrap();
    let found = |q: &'static str| {
        let router = router.clone();
        async move { titles(&get(&router, &format!("/api/v1/search?q={q}")).await.json(), "transaction") }
    };
    // One letter of one word of a long name is wrong.
    let products = get(&router, "/api/v1/search?q=regensy").await.json();
    assert_eq!(titles(&products, "product"), ["Regency cakestand 3 tier in a gift box with ribbons"]);
    // Number 1 itself, then the numbers that begin so.
    assert_eq!(found("1").await, ["#1 (536361)", "#10", "#11", "#12"]);
    assert_eq!(found("536362").await[0], "#2 (536362)");
    assert_eq!(found("53636x").await.len(), 5);
    assert!(found("%2353636x").await.is_empty());
    assert!(found("zzz").await.is_empty());
    assert!(found("%25").await.is_empty() && found("_").await.is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn customers_are_found_by_name_only_by_who_may_read_names(db: PgPool) {
    let shop = Shop::on(db);
    shop.customer("Ada", "Lovelace", Some("17850")).await;
    shop.customer("Grace", "Hopper", Some("17851")).await;
    let ask = |who, q: &'static str| {
        let router = front(&shop, Some(who));
        async move { titles(&get(&router, &format!("/api/v1/search?q={q}")).await.json(), "customer") }
    };
    assert_eq!(ask(clerk(), "lovelase").await, ["A. L. · 1"]);
    assert_eq!(ask(clerk(), "hopper").await, ["G. H. · 2"]);
    assert!(ask(viewer(), "hopper").await.is_empty());
    assert_eq!(ask(viewer(), "17851").await[0], "G. H. · 2");
    assert_eq!(ask(viewer(), "%232").await, ["G. H. · 2"]);
}

/// The plans that make the tables fast enough to be their own index (`store::search`).
#[sqlx::test(migrations = "../migrations")]
async fn search_reads_indexes_and_never_a_whole_table(db: PgPool) {
    let shop = Shop::on(db);
    sqlx::query(
        "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                                         occurred_at, entry, external_ref, created_at, updated_at)
         select gen_random_uuid(), s.id, 'approved', 'USD', 1, 0, 1, 0, 0, 1, 1, 1, at, 'import', (536365 + n)::text, at, at
         from generate_series(1, 20000) n, stock.sites s, (select timestamptz '2026-01-01' as at) as at",
    )
    .execute(&shop.db)
    .await
    .unwrap();
    sqlx::query("vacuum analyze sales.transactions").execute(&shop.db).await.unwrap();
    let mut tx = shop.db.begin().await.unwrap();
    // So few rows are read whole as fast; what counts is that an index can answer.
    sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await.unwrap();
    for (condition, index) in [
        ("external_ref % '5364x7'", "transactions_external_ref_trigram"),
        ("external_ref like '5363%' order by external_ref using ~<~ limit 5", "transactions_external_ref_prefix"),
        ("number >= 810 and number < 820 order by number limit 5", "transactions_number_key"),
    ] {
        let statement = sqlx::AssertSqlSafe(format!("explain select id from sales.transactions where {condition}"));
        let plan: Vec<String> = sqlx::query_scalar(statement).fetch_all(&mut *tx).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{condition}: {plan}");
    }
}

#[test]
fn every_page_with_an_address_of_its_own_is_a_place_and_every_place_a_page() {
    for place in PLACES {
        let page = app::pages::PAGES.iter().find(|(path, _)| *path == place.path);
        let (_, access) = page.unwrap_or_else(|| panic!("{} is no page", place.path));
        assert!(*access == place.access, "{}", place.path);
        assert!(matches!(place.kind, SearchKind::Page | SearchKind::Action));
    }
    for (path, access) in app::pages::PAGES {
        // Of no use without what the list sends along.
        if matches!(*path, "/jobs/act" | "/alerts/act") {
            continue;
        }
        // Open pages are entered before there is anything to search; a page with a parameter is found as its entity.
        if *access != domain::access::Access::Public && !path.contains('{') {
            assert!(PLACES.iter().any(|place| place.path == *path), "{path} cannot be found");
        }
    }
}
