//! `/api/v1/fraud`: rule sets and lists, and the pages of rules as a browser without script sees them.

use crate::{
    browser::{Client, router},
    forms::{post, signed_in},
    world::{PASSWORD, World},
};
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

const MUG: &str = "01890000-0000-7000-8000-000000000001";
const ANN: &str = "01890000-0000-7000-8000-000000000002";

struct Till {
    world: World,
    client: Client,
    token: String,
}

impl Till {
    /// A shop with 100 mugs, Ann, and an administrator at its API.
    async fn on(owner: PgPool) -> Self {
        let world = World::new(owner).await;
        world.user("admin@mill.example", Some(Role::Admin), &[]).await;
        world
            .execute(
                "with p as (insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
                            values ('01890000-0000-7000-8000-000000000001', 'MUG', 'Mug', 20, 'USD', '2026-01-01', '2026-01-01') returning id)
                 insert into stock.levels (product_id, site_id, on_hand) select p.id, s.id, 100 from p, stock.sites s where s.is_default",
            )
            .await;
        world
            .execute(
                "insert into sales.customers (id, external_ref, registration_date, created_at, updated_at)
                 values ('01890000-0000-7000-8000-000000000002', 'A-17', '2026-01-01', '2026-01-01', '2026-01-01')",
            )
            .await;
        let mut client = Client::new(&router(&world));
        let answer = client.login("admin@mill.example", PASSWORD).await.json();
        Self { world, client, token: answer["access_token"].as_str().expect("token").to_owned() }
    }

    async fn call(&mut self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = self.client.json(method, path, Some(&self.token), body).await;
        let json = if answer.text.is_empty() { Value::Null } else { answer.json() };
        (answer.status.as_u16(), json)
    }

    /// A mug for Ann at a price.
    async fn sell(&mut self, price: &str) -> Value {
        let sale = json!({"lines": [{"product_id": MUG, "quantity": 1, "unit_price": price}], "customer_id": ANN, "payment_method": "cash"});
        let (status, sold) = self.call(Method::POST, "/api/v1/transactions", sale).await;
        assert_eq!(status, 201, "{sold}");
        sold["data"].clone()
    }
}

/// Example 6: the lists, over the API.
#[sqlx::test(migrations = "../migrations")]
async fn a_blocked_customer_is_declined_an_allowed_one_at_most_reviewed_and_block_wins(owner: PgPool) {
    let mut till = Till::on(owner).await;
    // A hundred points: far from the catalogue, and over the company's limit.
    till.world
        .execute("insert into ops.settings (key, value, updated_by, updated_at) values ('fraud.amount_limit', '\"100\"', 'test', '2026-01-01')")
        .await;
    let entry = |list: &str| json!({"list": list, "subject": "customer", "value": "A-17", "reason": "known for it", "expires_in_days": 30});
    let (status, allowed) = till.call(Method::POST, "/api/v1/fraud/lists/", entry("allow")).await;
    assert_eq!((status, &allowed["value"], &allowed["label"]), (201, &json!(ANN), &json!("A-17")), "{allowed}");
    let sold = till.sell("500").await;
    assert_eq!((&sold["fraud_score"], &sold["fraud_outcome"]), (&json!("1.00"), &json!("review")), "{sold}");
    let (status, blocked) = till.call(Method::POST, "/api/v1/fraud/lists", entry("block")).await;
    assert_eq!(status, 201, "{blocked}");
    let sold = till.sell("20").await;
    assert_eq!((&sold["status"], &sold["fraud_outcome"]), (&json!("declined"), &json!("decline")), "block wins");
    let (_, list) = till.call(Method::GET, "/api/v1/fraud/lists?list=block&limit=1", Value::Null).await;
    assert_eq!((&list["total"], &list["items"][0]["id"]), (&json!(1), &blocked["id"]));
    let path = format!("/api/v1/fraud/lists/{}", blocked["id"].as_str().expect("id"));
    assert_eq!(till.call(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(till.sell("20").await["fraud_outcome"], "approve");
    for (body, field) in [
        (json!({"list": "allow", "subject": "terminal", "value": "T", "reason": "known for it"}), "expires_at"),
        (json!({"list": "block", "subject": "ip_range", "value": "10.0.0.0/4", "reason": "known for it"}), "value"),
        (json!({"list": "grey", "subject": "terminal", "value": "T", "reason": "known for it"}), "list"),
    ] {
        let (status, refused) = till.call(Method::POST, "/api/v1/fraud/lists", body).await;
        assert_eq!((status, &refused["error"]["fields"][0]["path"]), (422, &json!(field)), "{refused}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_draft_is_written_by_formula_or_tree_and_a_decision_judged_again(owner: PgPool) {
    let mut till = Till::on(owner).await;
    let sets = "/api/v1/fraud/rule-sets";
    let (_, list) = till.call(Method::GET, sets, Value::Null).await;
    assert_eq!((&list["total"], &list["items"][0]["state"]), (&json!(2), &json!("live")));
    let (status, draft) = till.call(Method::POST, &format!("{sets}/"), json!({"copy_of": 1, "name": "Stricter"})).await;
    assert_eq!((status, &draft["number"], &draft["state"]), (201, &json!(2), &json!("draft")));
    let rules = json!([
        {"code": "large", "name": "Large", "text": "A large sale", "formula": "amount >= 19 and not cust_payment_known", "points": 40},
        {"code": "tree", "name": "Tree", "text": "A tree", "expression": {"gt": [{"feature": "amount"}, {"const": 5}]}, "points": "12.5", "enabled": false}
    ]);
    let one = format!("{sets}/2");
    let whole = json!({"name": "Stricter", "review_at": 30, "rules": rules, "version": 1});
    let (status, edited) = till.call(Method::PUT, &one, whole.clone()).await;
    assert_eq!(
        (status, &edited["rules"][1]["formula"], &edited["version"]),
        (200, &json!("amount > 5"), &json!(2)),
        "{edited}"
    );
    assert_eq!(till.call(Method::PUT, &one, whole).await.0, 409);
    let bad = json!({"name": "Stricter", "rules": [{"code": "a", "name": "A", "text": "A", "formula": "amount > shoe_size", "points": 1}]});
    let (status, refused) = till.call(Method::PUT, &one, bad).await;
    let fault = &refused["error"]["fields"][0];
    assert_eq!((status, &fault["path"]), (422, &json!("rules[0].formula")));
    assert!(
        fault["message"].as_str().is_some_and(|m| m.starts_with("Line 1, position 10: there is no feature")),
        "{fault}"
    );
    assert_eq!(till.call(Method::POST, &format!("{one}/publish"), Value::Null).await.0, 409);
    assert_eq!(till.call(Method::GET, &format!("{sets}/9"), Value::Null).await.0, 404);
    assert_eq!(till.call(Method::GET, &format!("{sets}/x"), Value::Null).await.0, 404);

    till.sell("60").await;
    let decision: uuid::Uuid = sqlx::query_scalar("select id from sales.fraud_decisions")
        .fetch_one(&till.world.owner)
        .await
        .expect("decision");
    let (status, replay) =
        till.call(Method::POST, &format!("/api/v1/fraud/decisions/{decision}/replay"), Value::Null).await;
    assert_eq!((status, &replay["identical"], &replay["rule_set"]), (200, &json!(true), &json!(1)), "{replay}");
    assert_eq!(replay["stored"]["hits"], replay["replayed"]["hits"]);
    let (status, told) =
        till.call(Method::GET, "/api/v1/fraud/rules/performance?from=2026-03-01&to=2026-03-10", Value::Null).await;
    assert_eq!(
        (status, &told["items"][0]["code"], &told["items"][0]["hits"]),
        (200, &json!("price_mismatch"), &json!(1))
    );
    for query in ["from=x", "from=2026-03-10&to=2026-03-01", "to=%2B262142-12-31", "color=red"] {
        let (status, refused) =
            till.call(Method::GET, &format!("/api/v1/fraud/rules/performance?{query}"), Value::Null).await;
        assert_eq!(status, 422, "{query}: {refused}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn without_script_a_draft_is_edited_and_a_wrong_formula_comes_back_as_it_was_typed(owner: PgPool) {
    let till = Till::on(owner).await;
    let mut client = signed_in(&till.world, "admin@mill.example").await;
    let list = client.get("/fraud/rules").await;
    assert!(list.status == StatusCode::OK && list.text.contains("1 Standard"), "{}", list.text);
    let made = post(&mut client, "/fn/fraud/copy_rule_set", "/fraud/rules", "copy_of=1&idempotency_key=k1").await;
    assert_eq!((made.status, made.location()), (StatusCode::SEE_OTHER, "/fraud/rules/2"), "{}", made.text);
    let page = client.get("/fraud/rules/2").await.text;
    assert!(page.contains("cust_orders_90d &gt;= 5 and amount &gt; 5 * cust_mean_90d"), "{page}");
    assert!(page.contains("The same rules, points and thresholds."), "{page}");

    let form = |formula: &str| {
        format!(
            "number=2&version=1&set[name]=Stricter&set[review_at]=30&set[rules][0][code]=gone&set[rules][0][remove]=true\
             &set[rules][1][code]=large&set[rules][1][name]=Large&set[rules][1][text]=A+large+one&set[rules][1][points]=40\
             &set[rules][1][enabled]=true&set[rules][1][formula]={formula}&set[rules][2][code]="
        )
    };
    let refused =
        post(&mut client, "/fn/fraud/save_rule_set", "/fraud/rules/2", &form("amount+%3E+cust_meen_90d")).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, "/fraud/rules/2"));
    let page = client.get("/fraud/rules/2").await.text;
    for told in ["there is no feature", "Did you mean", "cust_meen_90d", "value=\"Stricter\"", "value=\"A large one\""]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    let saved =
        post(&mut client, "/fn/fraud/save_rule_set", "/fraud/rules/2", &form("amount+%3E+5+*+cust_mean_90d")).await;
    assert_eq!(saved.location(), "/fraud/rules/2?saved");
    let page = client.get("/fraud/rules/2?saved").await.text;
    assert!(
        page.contains("The draft is saved.") && page.contains("Rule set 2 Stricter") && page.contains("Removed"),
        "{page}"
    );
    let none =
        post(&mut client, "/fn/fraud/move_rule_set", "/fraud/rules/2", "number=2&how=publish&idempotency_key=k2").await;
    assert_eq!(none.location(), "/fraud/rules/2");
    assert!(client.get("/fraud/rules/2").await.text.contains("Publishing needs a backtest"));
    let moved =
        post(&mut client, "/fn/fraud/move_rule_set", "/fraud/rules/2", "number=2&how=shadow&idempotency_key=k3").await;
    assert_eq!(moved.location(), "/fraud/rules/2");
    assert!(client.get("/fraud/rules/2").await.text.contains("In shadow"));
    assert_eq!(client.get("/fraud/rules/9").await.status, StatusCode::NOT_FOUND);

    let bad = post(&mut client, "/fn/fraud/add_entry", "/fraud/lists", "idempotency_key=k4&entry[list]=allow&entry[subject]=ip_range&entry[value]=here&entry[reason]=known+for+it&entry[days]=").await;
    assert_eq!(bad.location(), "/fraud/lists");
    let page = client.get("/fraud/lists").await.text;
    assert!(
        page.contains("Give an address or a range") && page.contains("value=\"here\"") && page.contains("ends one day"),
        "{page}"
    );
    let added = post(&mut client, "/fn/fraud/add_entry", "/fraud/lists", "idempotency_key=k5&entry[list]=block&entry[subject]=customer&entry[value]=A-17&entry[reason]=known+for+it&entry[days]=30").await;
    assert_eq!(added.location(), "/fraud/lists?saved");
    let page = client.get("/fraud/lists?list=block").await.text;
    assert!(page.contains("A-17") && page.contains("known for it"), "{page}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_case_is_judged_again_on_its_page_and_the_answer_is_in_words(owner: PgPool) {
    let mut till = Till::on(owner).await;
    let sold = till.sell("60").await;
    let case = format!("/fraud/cases/{}", sold["case_id"].as_str().expect("a case"));
    let mut client = signed_in(&till.world, "admin@mill.example").await;
    let page = client.get(&case).await.text;
    assert!(page.contains("Judge it again") && !page.contains("byte for byte"), "{page}");
    assert!(client.get(&format!("{case}?replay=1")).await.text.contains("the same, byte for byte"));
    till.world.execute("update sales.fraud_decisions set outcome = 'hold'").await;
    let page = client.get(&format!("{case}?replay=1")).await.text;
    assert!(page.contains("it is not the same (outcome). Then: Held for review, 40 points, price_mismatch. Now: Approved, to be reviewed, 40 points"), "{page}");
}
