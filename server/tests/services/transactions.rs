//! Recording and listing sales.

use crate::shop::{Shop, admin, at, clerk, dec, planner, viewer};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::Principal,
    idempotency::IdempotencyKey,
    ids::{CustomerId, ProductId},
    query,
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale, SaleForm, SaleQuery, SaleReceipt, SaleStatus},
};
use rust_decimal::Decimal;
use sqlx::PgPool;
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

fn line(product: Uuid, quantity: &str) -> RecordLine {
    RecordLine { product_id: ProductId(product), quantity: dec(quantity), unit_price: None, discount: Decimal::ZERO }
}

fn sale(lines: &[RecordLine]) -> RecordSale {
    RecordSale { lines: lines.to_vec(), payment_method: Some(PaymentMethod::Cash), ..RecordSale::default() }
}

async fn record(shop: &Shop, who: &Principal, sale: &RecordSale) -> Result<SaleReceipt, AppError> {
    shop.sales.record(who, sale, Entry::Api, None).await.value
}

async fn list(shop: &Shop, query: &str) -> domain::transactions::SaleList {
    let query = SaleQuery::parse(query::pairs(query)).unwrap();
    shop.sales.list(&admin(), &query).await.unwrap()
}

fn paths(error: &AppError) -> Vec<&str> {
    error.fields.iter().map(|f| f.path.as_str()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn acceptance_example_1_is_recorded_to_the_cent(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "19.99", Some(10)).await;
    let command = RecordSale { discount_applied: dec("5.00"), shipping_cost: dec("4.50"), ..sale(&[line(mug, "3")]) };

    let quote = shop.sales.quote(&planner(), &command).await.unwrap();
    assert_eq!((quote.net, quote.tax_amount, quote.total_amount), (dec("54.97"), dec("4.40"), dec("63.87")));
    assert_eq!(quote.lines[0].stock_left, Some(dec("10")));
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 0);

    let receipt = record(&shop, &planner(), &command).await.unwrap();
    assert_eq!((receipt.net, receipt.tax_amount, receipt.total_amount), (dec("54.97"), dec("4.40"), dec("63.87")));
    assert_eq!(receipt.status, SaleStatus::Approved);

    let detail = shop.sales.detail(&viewer(), receipt.transaction_id).await.unwrap().unwrap();
    assert_eq!((detail.gross, detail.discount, detail.total), (dec("59.97"), dec("5.00"), dec("63.87")));
    assert_eq!((detail.lines.len(), detail.lines[0].list_price, detail.lines[0].tax), (1, dec("19.99"), dec("4.40")));
    assert_eq!(detail.recognised_at, Some(detail.occurred_at));
    assert_eq!((detail.events.len(), detail.events[0].actor.as_str()), (1, "test@example.com"));

    assert_eq!(shop.on_hand(mug).await, dec("7"));
    let ledger = shop.one("select sum(quantity) from stock.movements where product_id = $1", mug).await;
    assert_eq!(ledger, dec("-3"));
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'transactions.create'").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_1000_parallel_sales_of_a_product_with_5_left_exactly_5_succeed(db: PgPool) {
    let shop = Shop::on(db);
    let last = shop.product("LAST", "Last mug", "1.00", Some(5)).await;
    let sales = (0..1_000).map(|_| {
        let (sales, command) = (Arc::clone(&shop.sales), sale(&[line(last, "1")]));
        tokio::spawn(async move { sales.record(&planner(), &command, Entry::Api, None).await.value })
    });
    let mut sold = 0;
    for done in futures::future::join_all(sales).await {
        match done.unwrap() {
            Ok(_) => sold += 1,
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Conflict, "{error:?}");
                assert_eq!(error.fields[0].path, "lines[0].quantity");
            }
        }
    }
    assert_eq!(sold, 5);
    assert_eq!(shop.on_hand(last).await, dec("0"));
    assert_eq!(shop.one("select sum(quantity) from stock.movements where product_id = $1", last).await, dec("-5"));
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 5);
}

#[sqlx::test(migrations = "../migrations")]
async fn sales_of_the_same_products_in_any_order_do_not_lock_each_other_out(db: PgPool) {
    let shop = Shop::on(db);
    let (a, b) = (shop.product("A", "A", "1", Some(40)).await, shop.product("B", "B", "1", Some(40)).await);
    let sales = (0..40).map(|n| {
        let lines = if n % 2 == 0 { [line(a, "1"), line(b, "1")] } else { [line(b, "1"), line(a, "1")] };
        let (sales, command) = (Arc::clone(&shop.sales), sale(&lines));
        tokio::spawn(async move { sales.record(&planner(), &command, Entry::Api, None).await.value })
    });
    for done in futures::future::join_all(sales).await {
        done.unwrap().unwrap();
    }
    assert_eq!((shop.on_hand(a).await, shop.on_hand(b).await), (dec("0"), dec("0")));
}

#[sqlx::test(migrations = "../migrations")]
async fn too_little_stock_of_one_product_leaves_everything_as_it_was(db: PgPool) {
    let shop = Shop::on(db);
    let (plenty, few) =
        (shop.product("PLENTY", "Plenty", "1", Some(100)).await, shop.product("FEW", "Few", "1", Some(2)).await);
    let unstocked = shop.product("NONE", "None", "1", None).await;

    let error = record(&shop, &planner(), &sale(&[line(plenty, "1"), line(few, "3")])).await.unwrap_err();
    assert_eq!((error.code, paths(&error)), (ErrorCode::Conflict, vec!["lines[1].quantity"]));
    assert_eq!(error.fields[0].message, "Only 2 left.");
    assert!(error.message.contains("2 left of Few"), "{}", error.message);

    // Two lines of one product count together; a product without a level has none.
    let error =
        record(&shop, &planner(), &sale(&[line(few, "1"), line(few, "2"), line(unstocked, "1")])).await.unwrap_err();
    assert_eq!(
        paths(&error).into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["lines[0].quantity", "lines[1].quantity", "lines[2].quantity"])
    );

    assert_eq!((shop.on_hand(plenty).await, shop.on_hand(few).await), (dec("100"), dec("2")));
    assert_eq!(shop.count("select count(*) from stock.movements").await, 0);
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 0);
    assert_eq!(shop.count("select count(*) from ops.audit_log").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn services_take_no_stock(db: PgPool) {
    let shop = Shop::on(db);
    let post = shop.service("POST", "18.00").await;
    let receipt = record(&shop, &clerk(), &sale(&[line(post, "2")])).await.unwrap();
    assert_eq!(receipt.net, dec("36.00"));
    assert_eq!(shop.count("select count(*) from stock.movements").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_20_parallel_calls_with_one_key_one_row_is_made_and_all_hear_the_same(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "5", Some(100)).await;
    let calls = (0..20).map(|_| {
        let (sales, command) = (Arc::clone(&shop.sales), sale(&[line(mug, "1")]));
        tokio::spawn(async move {
            let key = IdempotencyKey::parse("till-7/4711").unwrap();
            sales.record(&planner(), &command, Entry::Api, Some(&key)).await
        })
    });
    let mut receipts = BTreeSet::new();
    let mut fresh = 0;
    for done in futures::future::join_all(calls).await {
        let answered = done.unwrap();
        fresh += i32::from(!answered.replayed);
        receipts.insert(serde_json::to_string(&answered.value.unwrap()).unwrap());
    }
    assert_eq!((fresh, receipts.len()), (1, 1));
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 1);
    assert_eq!(shop.on_hand(mug).await, dec("99"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_stands_for_one_body_one_caller_and_one_day(db: PgPool) {
    let shop = Shop::on(db);
    let few = shop.product("FEW", "Few", "5", Some(1)).await;
    let port = &shop.sales;
    let key = IdempotencyKey::parse("k").unwrap();

    // A refusal is an answer: it is repeated even when the stock has come back.
    let two = sale(&[line(few, "2")]);
    let refused = port.record(&planner(), &two, Entry::Api, Some(&key)).await;
    assert_eq!((refused.replayed, refused.value.as_ref().unwrap_err().code), (false, ErrorCode::Conflict));
    sqlx::query("update stock.levels set on_hand = 10").execute(&shop.db).await.unwrap();
    let again = port.record(&planner(), &two, Entry::Api, Some(&key)).await;
    assert!(again.replayed);
    assert_eq!(again.value, refused.value);

    let other = port.record(&planner(), &sale(&[line(few, "1")]), Entry::Api, Some(&key)).await;
    assert_eq!((other.replayed, other.value.unwrap_err().code), (false, ErrorCode::Conflict));
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 0);

    shop.clock.advance(Duration::hours(24) + Duration::seconds(1));
    let next_day = port.record(&planner(), &two, Entry::Api, Some(&key)).await;
    assert!(!next_day.replayed && next_day.value.is_ok());
}

#[sqlx::test(migrations = "../migrations")]
async fn faults_of_the_form_and_of_the_database_come_all_at_once(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "5", Some(10)).await;
    let gone = shop.product("GONE", "Gone", "5", Some(10)).await;
    sqlx::query("update sales.products set is_active = false where id = $1")
        .bind(gone)
        .execute(&shop.db)
        .await
        .unwrap();
    let command = RecordSale {
        customer_id: Some(CustomerId(Uuid::from_u128(9))),
        site_id: Some(domain::ids::SiteId(Uuid::from_u128(9))),
        payment_method: None,
        lines: vec![line(mug, "0"), line(gone, "1"), line(Uuid::from_u128(9), "1")],
        ..RecordSale::default()
    };
    let error = record(&shop, &planner(), &command).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Validation);
    let found: BTreeSet<&str> = paths(&error).into_iter().collect();
    let wanted =
        ["lines[0].quantity", "payment_method", "site_id", "customer_id", "lines[1].product_id", "lines[2].product_id"];
    assert_eq!(found, BTreeSet::from(wanted));
}

#[sqlx::test(migrations = "../migrations")]
async fn prices_discounts_limits_and_currencies_are_judged(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "200", Some(2_000)).await;
    let bad = |command: RecordSale| {
        let shop = &shop;
        async move { paths(&record(shop, &planner(), &command).await.unwrap_err()).join(",") }
    };
    assert_eq!(
        bad(RecordSale { discount_applied: dec("200.01"), ..sale(&[line(mug, "1")]) }).await,
        "discount_applied"
    );
    let over = RecordLine { discount: dec("201"), ..line(mug, "1") };
    assert_eq!(bad(sale(&[over])).await, "lines[0].discount");
    let free = RecordLine { unit_price: Some(dec("0")), ..line(mug, "1") };
    assert_eq!(bad(sale(&[free])).await, "total_amount");
    assert_eq!(bad(sale(&[line(mug, "500")])).await, "total_amount");
    assert_eq!(
        bad(RecordSale { currency: "EUR".parse().ok(), ..sale(&[line(mug, "1")]) }).await,
        "currency,lines[0].unit_price"
    );

    // Administrators may exceed the limit; the tax rate and the limit are settings.
    assert_eq!(record(&shop, &admin(), &sale(&[line(mug, "500")])).await.unwrap().total_amount, dec("108000.00"));
    shop.set("sales.tax_rate", serde_json::json!("0.20")).await;
    shop.set("sales.max_transaction_amount", serde_json::json!(239)).await;
    assert_eq!(bad(sale(&[line(mug, "1")])).await, "total_amount");
    shop.set("sales.currencies", serde_json::json!(["USD", "EUR"])).await;
    let euros = RecordLine { unit_price: Some(dec("10")), ..line(mug, "1") };
    let receipt =
        record(&shop, &planner(), &RecordSale { currency: "EUR".parse().ok(), ..sale(&[euros]) }).await.unwrap();
    assert_eq!((receipt.total_amount, receipt.currency.as_str()), (dec("12.00"), "EUR"));
}

#[sqlx::test(migrations = "../migrations")]
async fn each_act_needs_its_right(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "5", Some(10)).await;
    let port = &shop.sales;
    let nobody = crate::shop::holding(domain::access::Rights::default());
    assert_eq!(record(&shop, &viewer(), &sale(&[line(mug, "1")])).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(port.quote(&viewer(), &sale(&[line(mug, "1")])).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(port.list(&nobody, &SaleQuery::default()).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(shop.count("select count(*) from sales.transactions").await, 0);
}

/// 60 sales, one an hour, of two products, two customers, three payment methods.
async fn sixty(shop: &Shop) -> (Uuid, Uuid) {
    let (mug, jug) =
        (shop.product("MUG", "Mug", "10", Some(1_000)).await, shop.product("JUG", "Jug", "25", Some(1_000)).await);
    let (ann, bob) = (shop.customer("Ann", "Lee", None).await, shop.customer("", "", Some("17850")).await);
    shop.clock.set(at("2026-10-01T00:30:00Z"));
    let methods = [PaymentMethod::Cash, PaymentMethod::CreditCard, PaymentMethod::Paypal];
    for n in 0..60_usize {
        let command = RecordSale {
            customer_id: [Some(ann), Some(bob), None][n % 3].map(CustomerId),
            payment_method: Some(methods[n % methods.len()]),
            lines: if n % 2 == 0 { vec![line(mug, "1")] } else { vec![line(jug, "2"), line(mug, "1")] },
            ..RecordSale::default()
        };
        record(shop, &planner(), &command).await.unwrap();
        shop.clock.advance(Duration::hours(1));
    }
    sqlx::query("update sales.transactions set external_ref = (536000 + number)::text where number <= 10")
        .execute(&shop.db)
        .await
        .unwrap();
    sqlx::query("update sales.transactions set status = 'held' where number = 1").execute(&shop.db).await.unwrap();
    sqlx::query("update sales.transactions set status = 'partially_refunded' where number = 2")
        .execute(&shop.db)
        .await
        .unwrap();
    (mug, ann)
}

#[sqlx::test(migrations = "../migrations")]
async fn filters_narrow_alone_and_together_and_every_order_runs(db: PgPool) {
    let shop = Shop::on(db);
    let (mug, ann) = sixty(&shop).await;
    for (filter, expected) in [
        (String::new(), 60),
        ("status=approved".into(), 58),
        ("status=completed".into(), 59),
        ("status=flagged".into(), 1),
        (format!("customer_id={ann}"), 20),
        (format!("product_id={mug}"), 60),
        ("payment_method=paypal".into(), 20),
        ("min_amount=64.80".into(), 30),
        ("max_amount=64.79".into(), 30),
        ("from=2026-10-01&to=2026-10-01".into(), 24),
        ("from=2026-10-03".into(), 12),
        ("to=2026-10-01".into(), 24),
        ("hours=10".into(), 10),
        ("q=7".into(), 1),
        ("q=%23536007".into(), 1),
        ("q=5360".into(), 10),
        ("q=17850".into(), 20),
        ("q=jug".into(), 30),
        ("q=ann+lee".into(), 20),
        ("q=nothing_at_all%25".into(), 0),
        ("import_id=01890000-0000-7000-8000-000000000003".into(), 0),
        (
            format!(
                "customer_id={ann}&product_id={mug}&payment_method=cash&from=2026-10-02&min_amount=1&max_amount=70&status=completed&q=jug"
            ),
            6,
        ),
    ] {
        for sort in ["occurred_at:desc", "occurred_at:asc", "total:desc", "total:asc"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let found = list(&shop, &format!("{filter}&sort={sort}&limit=7&cursor={cursor}")).await;
                assert_eq!(found.page.total, expected, "{filter} {sort}");
                seen.extend(found.page.items.iter().map(|s| (s.total_amount, s.timestamp, s.id)));
                match found.page.next_cursor {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            assert_eq!(seen.len() as i64, expected, "{filter} {sort}");
            assert_eq!(seen.iter().map(|s| s.2).collect::<BTreeSet<_>>().len(), seen.len());
            let sorted = match sort {
                "occurred_at:desc" => seen.is_sorted_by(|a, b| a.1 >= b.1),
                "occurred_at:asc" => seen.is_sorted_by(|a, b| a.1 <= b.1),
                "total:desc" => seen.is_sorted_by(|a, b| (a.0, a.2) >= (b.0, b.2)),
                _ => seen.is_sorted_by(|a, b| (a.0, a.2) <= (b.0, b.2)),
            };
            assert!(sorted, "{filter} {sort}");
        }
    }
    assert_eq!(list(&shop, "skip=55").await.page.items.len(), 5);
    assert_eq!(list(&shop, &format!("product_id={mug}&customer_id={ann}")).await.product.as_deref(), Some("Mug"));
}

#[sqlx::test(migrations = "../migrations")]
async fn days_of_the_filter_are_those_of_the_business_zone(db: PgPool) {
    let shop = Shop::on(db);
    sixty(&shop).await;
    // 2026-10-02 in Kolkata is 18:30Z to 18:30Z: the sale of 18:30Z is its first, that of the next 18:30Z not in it.
    shop.set("business.zone", serde_json::json!("Asia/Kolkata")).await;
    let day = list(&shop, "from=2026-10-02&to=2026-10-02&limit=100&sort=occurred_at:asc").await;
    assert_eq!(day.page.total, 24);
    assert_eq!(day.page.items[0].timestamp.to_rfc3339(), "2026-10-02T00:00:00+05:30");
    assert_eq!(day.zone, "Asia/Kolkata");
}

#[sqlx::test(migrations = "../migrations")]
async fn paging_has_no_gap_and_no_repeat_while_sales_come_in(db: PgPool) {
    let shop = Shop::on(db);
    let (mug, _) = sixty(&shop).await;
    let before: BTreeSet<Uuid> = list(&shop, "limit=100").await.page.items.iter().map(|s| s.id.0).collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let found = list(&shop, &format!("limit=9&cursor={cursor}")).await;
        seen.extend(found.page.items.iter().map(|s| s.id.0));
        record(&shop, &planner(), &sale(&[line(mug, "1")])).await.unwrap();
        match found.page.next_cursor {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 60);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), before);
}

#[sqlx::test(migrations = "../migrations")]
async fn lists_mask_customers_and_names_are_searched_only_with_the_right(db: PgPool) {
    let shop = Shop::on(db);
    sixty(&shop).await;
    let query = SaleQuery::parse([("q", "ann lee")]).unwrap();
    assert_eq!(shop.sales.list(&viewer(), &query).await.unwrap().page.total, 0);
    let found = list(&shop, "q=ann+lee&limit=1").await;
    assert!(found.page.items[0].customer.as_ref().unwrap().label.starts_with("A. L. · "));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_form_keeps_what_was_chosen_and_quotes_it(db: PgPool) {
    let shop = Shop::on(db);
    let (mug, jug) = (shop.product("MUG", "Mug", "10", Some(3)).await, shop.product("JUG", "Jug", "25", Some(1)).await);
    let ann = shop.customer("Ann", "Lee", None).await;
    let url = format!(
        "find=u&customer_id={ann}&lines[0][product_id]={mug}&lines[0][quantity]=2&lines[1][product_id]={jug}&lines[1][quantity]=\
         &lines[2][product_id]={mug}&lines[2][quantity]=3&discount_applied=1"
    );
    let draft = shop.sales.draft(&planner(), SaleForm::parse(query::pairs(&url))).await.unwrap();
    assert_eq!(
        draft.chosen.iter().map(|c| (c.product.sku.as_str(), c.quantity.as_str())).collect::<Vec<_>>(),
        [("MUG", "3")]
    );
    assert_eq!(
        draft.found.iter().map(|p| (p.sku.as_str(), p.stock_left)).collect::<Vec<_>>(),
        [("JUG", Some(dec("1")))]
    );
    assert!(draft.customer.unwrap().label.starts_with("A. L."));
    let quote = draft.quote.unwrap().unwrap();
    assert_eq!((quote.net, quote.total_amount), (dec("29.00"), dec("31.32")));
    let wrong = SaleForm::parse(query::pairs(&url.replace("quantity]=3", "quantity]=many")));
    let draft = shop.sales.draft(&planner(), wrong).await.unwrap();
    assert_eq!(paths(&draft.quote.unwrap().unwrap_err()), ["lines[0].quantity"]);
}
