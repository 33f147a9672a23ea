//! `/api/v1/search`.

use crate::{
    shop::{Shop, admin, clerk, holding},
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
    assert_eq!(titles(&search("%3Enew").await, "action"), ["New transaction"]);
    assert_eq!(get(&router, "/api/v1/search?q=").await.status.as_u16(), 422);
    assert_eq!(get(&router, "/api/v1/search?q=a&kinds=dog").await.status.as_u16(), 422);
    assert_eq!(get(&front(&shop, None), "/api/v1/search?q=a").await.status.as_u16(), 401);

    let dealer = front(&shop, Some(holding(Rights::of(None, &[PermSet::DealerUser]))));
    assert_eq!(get(&dealer, "/api/v1/search?q=22423").await.json(), json!({"groups": []}));
    let products = get(&front(&shop, Some(admin())), "/api/v1/search?q=cake&kinds=product&limit=2").await.json();
    assert_eq!(titles(&products, "product").len(), 2);
}

#[test]
fn every_place_is_a_page_of_the_table_with_the_same_right_or_a_stricter_one() {
    for place in PLACES {
        let page = app::pages::PAGES.iter().find(|(path, _)| *path == place.path);
        let (_, access) = page.unwrap_or_else(|| panic!("{} is no page", place.path));
        let open = *access == domain::access::Access::SignedIn;
        assert!(open || *access == place.access, "{}", place.path);
        assert!(matches!(place.kind, SearchKind::Page | SearchKind::Action));
    }
}
