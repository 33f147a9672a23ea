//! `/api/v1/transactions`, `/products`, `/customers`.

use crate::{
    shop::{Shop, planner, viewer},
    shop_front::{front, get, post},
};
use serde_json::json;
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn a_sale_is_quoted_recorded_listed_and_shown(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "19.99", Some(10)).await;
    let planner = front(&shop, Some(planner()));
    let body = json!({"lines": [{"product_id": mug, "quantity": 3}], "discount_applied": 5.00, "shipping_cost": "4.50", "payment_method": "cash"});

    let quote = post(&planner, "/api/v1/transactions/quote", &body, None).await;
    assert_eq!((quote.status.as_u16(), quote.json()["total_amount"].clone()), (200, json!("63.87")));

    let sold = post(&planner, "/api/v1/transactions", &body, None).await;
    assert_eq!(sold.status.as_u16(), 201);
    let data = &sold.json()["data"];
    assert_eq!(
        (&data["net"], &data["tax_amount"], &data["total_amount"], &data["status"]),
        (&json!("54.97"), &json!("4.40"), &json!("63.87"), &json!("approved"))
    );
    let id = data["transaction_id"].as_str().unwrap();

    let list = get(&planner, "/api/v1/transactions?q=mug&limit=5").await.json();
    assert_eq!((list["success"].clone(), list["metadata"]["total"].clone()), (json!(true), json!(1)));
    assert_eq!((&list["data"][0]["id"], &list["data"][0]["total_amount"]), (&json!(id), &json!("63.87")));

    let detail = get(&planner, &format!("/api/v1/transactions/{id}")).await.json();
    assert_eq!(detail["data"]["lines"][0]["sku"], json!("MUG"));
    let events = get(&planner, &format!("/api/v1/transactions/{id}/events")).await.json();
    assert_eq!(events["data"][0]["to_status"], json!("approved"));

    let products = get(&planner, "/api/v1/products?q=mu").await.json();
    assert_eq!(products["items"][0]["stock_left"], json!("7"));
}

#[sqlx::test(migrations = "../migrations")]
async fn refusals_have_their_status_and_name_the_field(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "1", Some(1)).await;
    let planner = front(&shop, Some(planner()));
    let path = "/api/v1/transactions";
    let sale = |quantity: i64| json!({"lines": [{"product_id": mug, "quantity": quantity}], "payment_method": "cash"});

    let short = post(&planner, path, &sale(2), None).await;
    assert_eq!((short.status.as_u16(), short.json()["error"]["code"].clone()), (409, json!("conflict")));
    assert_eq!(short.json()["error"]["fields"][0], json!({"path": "lines[0].quantity", "message": "Only 1 left."}));

    let invalid = post(&planner, path, &json!({"lines": [{"product_id": mug, "quantity": 0}]}), None).await;
    assert_eq!(invalid.status.as_u16(), 422);
    assert_eq!(invalid.json()["error"]["fields"].as_array().unwrap().len(), 2);
    assert_eq!(post(&planner, path, &json!({"lines": "x"}), None).await.status.as_u16(), 422);
    assert_eq!(
        get(&planner, "/api/v1/transactions?status=x&limit=0").await.json()["error"]["fields"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(get(&planner, "/api/v1/transactions?cursor=x").await.status.as_u16(), 422);
    assert_eq!(get(&planner, "/api/v1/transactions/nonsense").await.status.as_u16(), 404);
    assert_eq!(get(&planner, "/api/v1/transactions/01890000-0000-7000-8000-000000000001").await.status.as_u16(), 404);

    assert_eq!(post(&front(&shop, Some(viewer())), path, &sale(1), None).await.status.as_u16(), 403);
    assert_eq!(post(&front(&shop, None), path, &json!("nonsense"), None).await.status.as_u16(), 401);
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 0);
}
