//! `/api/v1/products` as programs call it, and the pages of the catalogue.

use crate::{
    sales_pages::{page, site, words},
    shop::{Shop, planner, viewer},
    shop_front::{call, front, get, post},
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use sqlx::PgPool;

async fn send(
    router: &axum::Router,
    method: &str,
    path: &str,
    version: Option<&str>,
    body: Value,
) -> crate::shop_front::Answer {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    call(router, request.body(Body::from(body.to_string())).unwrap()).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_product_lives_from_its_addition_to_its_end(db: PgPool) {
    let shop = Shop::on(db);
    let planner = front(&shop, Some(planner()));
    let vase = json!({"sku": "vase-1", "name": "Vase", "price": "12.50", "currency": "USD", "barcode": "4001"});
    let made = post(&planner, "/api/v1/products", &vase, Some("k")).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, Some("\"1\"")));
    let again = post(&planner, "/api/v1/products", &vase, Some("k")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, Some("true")));
    let path = format!("/api/v1/products/{}", made.json()["id"].as_str().unwrap());
    let taken = post(&planner, "/api/v1/products", &vase, None).await;
    assert_eq!((taken.status.as_u16(), taken.json()["error"]["fields"][0]["path"].clone()), (409, json!("sku")));

    let changed = send(&planner, "PATCH", &path, Some("\"1\""), json!({"barcode": null, "price": 13})).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, Some("\"2\"")));
    assert_eq!((&changed.json()["barcode"], &changed.json()["price"]), (&Value::Null, &json!("13.00")));
    let stale = send(&planner, "PATCH", &path, Some("\"1\""), json!({"name": "Jar"})).await;
    assert_eq!(stale.status.as_u16(), 409);
    assert!(stale.json()["error"]["message"].as_str().unwrap().contains("test@example.com"));
    assert_eq!(send(&planner, "PATCH", &path, None, json!({"on_hand": 5})).await.status.as_u16(), 422);
    assert_eq!(send(&planner, "PATCH", &path, Some("x"), json!({})).await.status.as_u16(), 422);
    let viewer = front(&shop, Some(viewer()));
    assert_eq!(send(&viewer, "PATCH", &path, None, json!({})).await.status.as_u16(), 403);
    assert_eq!(get(&viewer, &path).await.json()["version"], json!(2));
    assert_eq!(get(&viewer, "/api/v1/products/nonsense").await.status.as_u16(), 404);
    assert_eq!(
        get(&viewer, "/api/v1/products?category=x&limit=0").await.json()["error"]["fields"].as_array().unwrap().len(),
        2
    );
    assert_eq!(send(&planner, "DELETE", &path, Some("2"), Value::Null).await.status.as_u16(), 204);
    assert_eq!(get(&viewer, &path).await.status.as_u16(), 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_pages_of_the_catalogue_read_whole_without_script(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "19.99", Some(4)).await;
    shop.product("JUG", "Jug", "5", Some(400)).await;
    let site = site(&shop, planner());
    let list = words(page(&site, "/products?q=mug").await.text());
    assert!(list.contains("1 product") && list.contains("Mug MUG") && list.contains("$19.99 Low 4"), "{list}");
    let one = page(&site, &format!("/products/{mug}")).await;
    assert_eq!(one.status.as_u16(), 200);
    assert!(one.text().contains("name=\"product[sku]\"") && one.text().contains("value=\"19.99\""), "{}", one.text());
    assert!(words(one.text()).contains("4 left (4 on hand, 0 reserved)"));
    assert_eq!(page(&site, "/products/01890000-0000-7000-8000-00000000000f").await.status.as_u16(), 404);
    let new = page(&site, "/products/new").await;
    assert!(new.text().contains("name=\"idempotency_key\"") && new.text().contains("value=\"each\""));
    let looks = crate::sales_pages::site(&shop, viewer());
    let one = page(&looks, &format!("/products/{mug}")).await;
    assert!(!one.text().contains("product[sku]") && words(one.text()).contains("Mug"));
}
