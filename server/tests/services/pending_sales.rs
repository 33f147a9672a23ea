//! Sales whose payment is open: reserved stock, and their four ends.

use crate::shop::{Shop, admin, at, clerk, dec, holding, planner};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{PermSet, Rights, Role},
    idempotency::IdempotencyKey,
    ids::{ProductId, TransactionId},
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale, SaleDetail, SaleStatus, SettleSale, Settlement},
};
use rust_decimal::Decimal;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

fn open(product: Uuid, quantity: &str) -> RecordSale {
    let line = RecordLine {
        product_id: ProductId(product),
        quantity: dec(quantity),
        unit_price: None,
        discount: Decimal::ZERO,
    };
    RecordSale {
        lines: vec![line],
        payment_method: Some(PaymentMethod::CreditCard),
        capture: Some(false),
        ..RecordSale::default()
    }
}

async fn record(shop: &Shop, sale: &RecordSale) -> TransactionId {
    shop.sales.record(&planner(), sale, Entry::Api, None).await.value.unwrap().transaction_id
}

async fn level(shop: &Shop, product: Uuid) -> (Decimal, Decimal) {
    let reserved = shop.one("select reserved from stock.levels where product_id = $1", product).await;
    (shop.on_hand(product).await, reserved)
}

async fn settle(shop: &Shop, id: TransactionId, how: Settlement) -> Result<SaleDetail, domain::AppError> {
    shop.sales.settle(&planner(), id, how, &SettleSale::default(), None).await.value
}

#[sqlx::test(migrations = "../migrations")]
async fn an_open_sale_reserves_and_its_capture_takes(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(5)).await;
    let receipt = shop.sales.record(&planner(), &open(mug, "3"), Entry::Api, None).await.value.unwrap();
    assert_eq!(receipt.status, SaleStatus::Pending);
    assert_eq!(receipt.hold_expires_at.unwrap().to_utc(), at("2026-10-06T09:00:00Z"));
    assert_eq!(level(&shop, mug).await, (dec("5"), dec("3")));
    // What is reserved cannot be sold.
    let error = shop.sales.record(&planner(), &open(mug, "3"), Entry::Api, None).await.value.unwrap_err();
    assert_eq!((error.code, error.fields[0].message.as_str()), (ErrorCode::Conflict, "Only 2 left."));
    let pending = shop.sales.detail(&planner(), receipt.transaction_id).await.unwrap().unwrap();
    assert!(pending.may_settle && pending.recognised_at.is_none());
    // It does not count yet.
    assert_eq!(shop.count("select count(*) from sales.transactions where recognised_at is not null").await, 0);

    shop.clock.advance(Duration::minutes(5));
    let sold = settle(&shop, receipt.transaction_id, Settlement::Capture).await.unwrap();
    assert_eq!((sold.status, sold.hold_expires_at, sold.may_settle), (SaleStatus::Approved, None, false));
    assert_eq!(sold.recognised_at.unwrap().to_utc(), at("2026-10-06T08:35:00Z"));
    assert_eq!(sold.occurred_at.to_utc(), at("2026-10-06T08:30:00Z"));
    assert_eq!(
        sold.events.iter().map(|e| e.to_status).collect::<Vec<_>>(),
        [SaleStatus::Pending, SaleStatus::Approved]
    );
    assert_eq!(level(&shop, mug).await, (dec("2"), dec("0")));
    let ledger = "select sum(quantity) from stock.movements where product_id = $1 and kind = 'sale'";
    assert_eq!(shop.one(ledger, mug).await, dec("-3"));
    let again = settle(&shop, receipt.transaction_id, Settlement::Capture).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'transactions.capture'").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failed_and_a_cancelled_sale_free_what_was_reserved(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(5)).await;
    for (how, status) in [(Settlement::Fail, SaleStatus::Failed), (Settlement::Cancel, SaleStatus::Cancelled)] {
        let id = record(&shop, &open(mug, "5")).await;
        let ended = settle(&shop, id, how).await.unwrap();
        assert_eq!((ended.status, ended.recognised_at), (status, None));
        assert_eq!(level(&shop, mug).await, (dec("5"), dec("0")));
    }
    let kinds = "select count(*) from stock.movements where kind in ('reserve', 'unreserve')";
    assert_eq!(shop.count(kinds).await, 4);
    let error = settle(&shop, TransactionId(Uuid::nil()), Settlement::Cancel).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_its_recorder_or_who_may_refund_ends_a_sale(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(5)).await;
    let id = record(&shop, &open(mug, "1")).await;
    sqlx::query("update sales.transactions set created_by = $1")
        .bind(Uuid::from_u128(9))
        .execute(&shop.db)
        .await
        .unwrap();
    assert_eq!(settle(&shop, id, Settlement::Cancel).await.unwrap_err().code, ErrorCode::Forbidden);
    assert!(!shop.sales.detail(&planner(), id).await.unwrap().unwrap().may_settle);
    let dealer = holding(Rights::of(None, &[PermSet::DealerUser]));
    let by = |who| {
        let sales = Arc::clone(&shop.sales);
        async move { sales.settle(&who, id, Settlement::Cancel, &SettleSale::default(), None).await.value }
    };
    assert_eq!(by(dealer).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(by(holding(Rights::of(Some(Role::Viewer), &[]))).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(by(clerk()).await.unwrap().status, SaleStatus::Cancelled);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_of_many_endings_wins_and_a_key_is_answered_alike(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(40)).await;
    let id = record(&shop, &open(mug, "2")).await;
    let calls = (0..20).map(|n| {
        let sales = Arc::clone(&shop.sales);
        let how = if n % 2 == 0 { Settlement::Capture } else { Settlement::Cancel };
        tokio::spawn(async move { sales.settle(&planner(), id, how, &SettleSale::default(), None).await.value.is_ok() })
    });
    let done = futures::future::join_all(calls).await;
    assert_eq!(done.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    let (on_hand, reserved) = level(&shop, mug).await;
    assert!(reserved.is_zero() && (on_hand == dec("38") || on_hand == dec("40")));

    let id = record(&shop, &open(mug, "2")).await;
    let key = IdempotencyKey::parse("till-7").unwrap();
    let command = SettleSale { reason: Some("Walked away".into()) };
    let first = shop.sales.settle(&planner(), id, Settlement::Cancel, &command, Some(&key)).await;
    let second = shop.sales.settle(&planner(), id, Settlement::Cancel, &command, Some(&key)).await;
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.value, second.value);
    // Both events are of one instant here, so their order says nothing.
    assert!(first.value.unwrap().events.iter().any(|event| event.reason.as_deref() == Some("Walked away")));
    let long = SettleSale { reason: Some("x".repeat(301)) };
    let error = shop.sales.settle(&planner(), id, Settlement::Cancel, &long, None).await.value.unwrap_err();
    assert_eq!((error.code, error.fields[0].path.as_str()), (ErrorCode::Validation, "reason"));
}

#[sqlx::test(migrations = "../migrations")]
async fn after_half_an_hour_an_open_sale_is_cancelled(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(5)).await;
    let old = record(&shop, &open(mug, "2")).await;
    shop.clock.advance(Duration::minutes(20));
    let young = record(&shop, &open(mug, "1")).await;
    shop.clock.advance(Duration::minutes(10) - Duration::seconds(1));
    assert_eq!(shop.sales.expire(&admin()).await.unwrap(), 0);
    shop.clock.advance(Duration::seconds(1));
    assert_eq!((shop.sales.expire(&admin()).await.unwrap(), shop.sales.expire(&admin()).await.unwrap()), (1, 0));
    let status = |id| {
        let sales = Arc::clone(&shop.sales);
        async move { sales.detail(&admin(), id).await.unwrap().unwrap().status }
    };
    assert_eq!((status(old).await, status(young).await), (SaleStatus::Cancelled, SaleStatus::Pending));
    assert_eq!(level(&shop, mug).await, (dec("5"), dec("1")));
    assert_eq!(shop.sales.expire(&planner()).await.unwrap_err().code, ErrorCode::Forbidden);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_payment_token_is_kept_as_a_keyed_hash_only(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(5)).await;
    let with = |token: &str| -> RecordSale {
        let mut sale = serde_json::to_value(open(mug, "1")).unwrap();
        sale["payment_token"] = token.into();
        serde_json::from_value(sale).unwrap()
    };
    for token in ["tok_planted", "tok_planted", "tok_other"] {
        record(&shop, &with(token)).await;
    }
    assert_eq!(shop.count("select count(distinct payment_fingerprint) from sales.transactions").await, 2);
    let leaked = "select count(*) from sales.transactions t where t::text like '%planted%'";
    assert_eq!(shop.count(leaked).await, 0);
    assert_eq!(shop.count("select count(*) from ops.audit_log l where l::text like '%planted%'").await, 0);
    let card = shop.sales.record(&planner(), &with("4111 1111 1111 1111"), Entry::Api, None).await.value.unwrap_err();
    assert_eq!((card.code, card.fields[0].path.as_str()), (ErrorCode::Validation, "payment_token"));
}
