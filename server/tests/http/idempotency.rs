//! `Idempotency-Key`.

use crate::{
    shop::{Shop, planner},
    shop_front::{front, post},
};
use serde_json::json;
use sqlx::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn the_same_key_and_body_answer_the_same_and_another_body_is_refused(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "1", Some(10)).await;
    let router = front(&shop, Some(planner()));
    let path = "/api/v1/transactions";
    let body = json!({"lines": [{"product_id": mug, "quantity": 1}], "payment_method": "cash"});

    let first = post(&router, path, &body, Some("k1")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, None));
    // The same meaning written otherwise is the same body.
    let reordered =
        json!({"payment_method": "cash", "lines": [{"quantity": "1", "product_id": mug}], "shipping_cost": 0});
    let second = post(&router, path, &reordered, Some("k1")).await;
    assert_eq!((second.status.as_u16(), second.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(second.body, first.body);

    let other = post(
        &router,
        path,
        &json!({"lines": [{"product_id": mug, "quantity": 2}], "payment_method": "cash"}),
        Some("k1"),
    )
    .await;
    assert_eq!((other.status.as_u16(), other.header("idempotent-replayed")), (409, None));
    assert_eq!(post(&router, path, &body, Some("")).await.status.as_u16(), 422);

    // A refusal is repeated as it was.
    let short = json!({"lines": [{"product_id": mug, "quantity": 99}], "payment_method": "cash"});
    let refused = post(&router, path, &short, Some("k2")).await;
    let again = post(&router, path, &short, Some("k2")).await;
    assert_eq!(
        (refused.status.as_u16(), again.status.as_u16(), again.header("idempotent-replayed")),
        (409, 409, Some("true"))
    );
    assert_eq!(again.body, refused.body);
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 1);
}
