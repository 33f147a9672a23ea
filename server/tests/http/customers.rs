//! `/api/v1/customers` as programs call it, and its pages: nothing personal leaves clear (`commerce.md` 8.21).

use crate::{
    sales_pages::{page, site, words},
    shop::{Shop, admin, clerk, planner, viewer},
    shop_front::{call, front, get, post},
};
use axum::{body::Body, http::Request};
use serde_json::json;
use sqlx::PgPool;

const CLEAR: [&str; 6] = ["Ann.Archer", "Archer", "7700", "901234", "Mill Lane", "1980-12-31"];

fn clean(text: &str, place: &str) {
    for clear in CLEAR {
        assert!(!text.contains(clear), "{clear} in {place}: {text}");
    }
}

async fn ann(shop: &Shop) -> (String, uuid::Uuid) {
    let body = json!({"first_name": "Ann", "last_name": "Archer", "email": "Ann.Archer@example.com", "phone": "+44 7700 901234",
                      "address": "1 Mill Lane", "date_of_birth": "1980-12-31"});
    let planner = front(shop, Some(planner()));
    let made = post(&planner, "/api/v1/customers", &body, Some("ann")).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, Some("\"1\"")));
    clean(made.text(), "the answer to its addition");
    let again = post(&planner, "/api/v1/customers", &body, Some("ann")).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let mug = shop.product("MUG", "Mug", "5", Some(10)).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let sale = json!({"product_id": mug, "quantity": 1, "payment_method": "cash", "customer_id": id});
    assert_eq!(post(&planner, "/api/v1/transactions", &sale, None).await.status.as_u16(), 201);
    (id, mug)
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_reads_anything_clear_but_by_a_reveal_on_record(db: PgPool) {
    let shop = Shop::on(db);
    let (id, _) = ann(&shop).await;
    let one = format!("/api/v1/customers/{id}");
    for who in [viewer(), clerk(), admin()] {
        let router = front(&shop, Some(who));
        let sales = format!("{one}/transactions");
        for path in [
            "/api/v1/customers",
            &one,
            &sales,
            "/api/v1/transactions",
            "/api/v1/search?q=ann",
            "/api/v1/search?q=1&kinds=customer",
            "/api/v1/exports/customers.csv",
            "/api/v1/exports/transactions.csv",
        ] {
            let answer = get(&router, path).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}");
            clean(answer.text(), path);
        }
        let file = get(&router, "/api/v1/exports/customers.csv").await;
        assert!(file.text().contains(",A***@example.com,'+44•••••1234,"), "{}", file.text());
        let book = get(&router, "/api/v1/exports/customers.xlsx").await;
        assert_eq!(book.trailers["x-row-count"], "1");
    }
    let looks = front(&shop, Some(viewer()));
    let all = json!({"fields": ["name", "email", "phone", "address", "date_of_birth"]});
    assert_eq!(post(&looks, &format!("{one}/reveal"), &all, None).await.status.as_u16(), 403);
    assert_eq!(post(&looks, &format!("{one}/erase"), &json!({}), None).await.status.as_u16(), 403);
    let read = "select count(*) from ops.audit_log where pii_read";
    assert_eq!(shop.count(read).await, 0);
    let clerk = front(&shop, Some(clerk()));
    let clear = post(&clerk, &format!("{one}/reveal"), &all, None).await.json();
    assert_eq!((&clear["phone"], &clear["date_of_birth"]), (&json!("+447700901234"), &json!("1980-12-31")));
    assert_eq!(shop.count(read).await, 1);
    assert_eq!(post(&clerk, &format!("{one}/reveal"), &json!({"fields": ["iban"]}), None).await.status.as_u16(), 422);
    assert_eq!(post(&clerk, &format!("{one}/erase"), &json!({}), None).await.status.as_u16(), 403);
    assert_eq!(get(&looks, "/api/v1/customers/nonsense").await.status.as_u16(), 404);
    assert_eq!(
        get(&looks, "/api/v1/customers?tier=x&limit=0").await.json()["error"]["fields"].as_array().unwrap().len(),
        2
    );
    let gone = post(&front(&shop, Some(admin())), &format!("{one}/erase"), &json!({}), None).await;
    assert_eq!((gone.status.as_u16(), gone.json()["label"].clone()), (200, json!("Erased customer · 1")));
    assert_eq!(post(&clerk, &format!("{one}/reveal"), &all, None).await.status.as_u16(), 409);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_pages_of_customers_read_whole_and_masked(db: PgPool) {
    let shop = Shop::on(db);
    let (id, _) = ann(&shop).await;
    let path = format!("/customers/{id}");
    let looks = site(&shop, viewer());
    for shown in ["/customers", &path, "/transactions"] {
        let html = page(&looks, shown).await;
        assert_eq!(html.status.as_u16(), 200, "{shown}");
        clean(html.text(), shown);
    }
    let seen = page(&looks, &path).await;
    assert!(words(seen.text()).contains("A***@example.com") && words(seen.text()).contains("+44•••••1234"));
    for absent in ["Show personal data", "Erase for good", "customer[email]"] {
        assert!(!seen.text().contains(absent), "{absent}");
    }
    let edits = page(&site(&shop, planner()), &path).await;
    clean(edits.text(), "the planner's form");
    assert!(edits.text().contains("name=\"customer[email]\"") && !edits.text().contains("Show personal data"));

    // Without script the reveal is a form, too; its page shows what was asked for, and nobody else's does.
    let desk = site(&shop, clerk());
    assert!(page(&desk, &path).await.text().contains("Show personal data"));
    let request = Request::post("/fn/customers/reveal")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .body(Body::from(format!("id={id}&csrf_token=csrf")))
        .unwrap();
    let answer = call(&desk, request).await;
    let target = answer.header("location").unwrap_or_default().to_owned();
    assert!(target.starts_with(&format!("{path}?shown=")), "{} {target}", answer.status);
    let shown = page(&desk, &target).await;
    assert!(words(shown.text()).contains("Ann Archer") && words(shown.text()).contains("+447700901234"));
    assert!(shown.text().contains("value=\"+447700901234\""), "the form starts from what is shown");
    clean(page(&looks, &target).await.text(), "somebody else's look at it");
    assert_eq!(shop.count("select count(*) from ops.audit_log where pii_read").await, 1);
    assert_eq!(page(&looks, "/customers/01890000-0000-7000-8000-00000000000f").await.status.as_u16(), 404);
}
