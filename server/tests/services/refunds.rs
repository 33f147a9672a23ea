//! Taking sales back by hand, disputes of their payment, and every move of the life cycle (`commerce.md` 3.2).

use crate::{
    analytics::Asker,
    figures::scope,
    shop::{Shop, admin, at, clerk, dec, planner, viewer},
};
use chrono::{DateTime, Duration, FixedOffset};
use domain::{
    AppError, ErrorCode,
    clock::Clock,
    customers::CustomersPort,
    fraud::case::{CaseReason, CasesPort, DecideCase, Verdict},
    idempotency::IdempotencyKey,
    ids::{CustomerId, DisputeId, ProductId, TransactionId},
    overview::{MetricKey, OverviewPort},
    transactions::{
        CloseDispute, DisputeOutcome, DisputeReason, Entry, OpenDispute, PaymentMethod, RecordLine, RecordSale,
        RefundKind, RefundLine, RefundSale, SaleDetail, SaleStatus, SettleSale, Settlement,
    },
};
use rust_decimal::Decimal;
use server::services::{customers::CustomersService, fraud::CasesService, overview::OverviewService};
use sqlx::PgPool;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

fn line(product: Uuid, quantity: &str) -> RecordLine {
    RecordLine { product_id: ProductId(product), quantity: dec(quantity), unit_price: None, discount: Decimal::ZERO }
}

async fn sell(shop: &Shop, lines: Vec<RecordLine>, open: bool) -> TransactionId {
    let sale = RecordSale {
        lines,
        payment_method: Some(PaymentMethod::Cash),
        capture: open.then_some(false),
        ..RecordSale::default()
    };
    shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap().transaction_id
}

fn part(line_no: i32, quantity: &str) -> RefundSale {
    RefundSale { lines: vec![RefundLine { line_no, quantity: Some(dec(quantity)) }], ..RefundSale::default() }
}

async fn refund(shop: &Shop, id: TransactionId, command: &RefundSale) -> Result<SaleDetail, AppError> {
    shop.sales.refund(&clerk(), id, command, None).await.value
}

async fn dispute(shop: &Shop, id: TransactionId, reason: DisputeReason, amount: &str) -> Result<SaleDetail, AppError> {
    shop.sales.dispute(&clerk(), id, &OpenDispute { reason, amount: dec(amount) }, None).await.value
}

async fn close(shop: &Shop, sale: &SaleDetail, outcome: DisputeOutcome) -> Result<SaleDetail, AppError> {
    let id = sale.disputes.iter().find(|d| d.outcome.is_none()).unwrap().id;
    shop.sales.close_dispute(&clerk(), id, CloseDispute { outcome }).await
}

async fn detail(shop: &Shop, id: TransactionId) -> SaleDetail {
    shop.sales.detail(&admin(), id).await.unwrap().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn parts_of_a_sale_go_back_until_nothing_is_left_and_add_up_to_it(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "3.33", Some(10)).await;
    let wrap = shop.service("WRAP", "1.00").await;
    let sale = RecordSale {
        lines: vec![line(mug, "3"), line(wrap, "1")],
        payment_method: Some(PaymentMethod::Cash),
        discount_applied: dec("0.99"),
        shipping_cost: dec("4.50"),
        ..RecordSale::default()
    };
    let sold = shop.sales.record(&planner(), &sale, Entry::Api, None).await.value.unwrap();
    let id = sold.transaction_id;
    let recognised = detail(&shop, id).await.recognised_at;
    assert!(!shop.sales.detail(&planner(), id).await.unwrap().unwrap().may_refund);

    shop.clock.advance(Duration::days(3));
    let command = RefundSale { restock: true, reason: Some(" A chip in the rim ".into()), ..part(1, "1") };
    let first = refund(&shop, id, &command).await.unwrap();
    let share = (first.lines[0].net / dec("3")).round_dp(2);
    assert_eq!((first.status, first.refunds.len(), first.refunds[0].net), (SaleStatus::PartiallyRefunded, 1, share));
    assert_eq!((first.refunded_net, first.lines[0].refunded_quantity), (share, dec("1")));
    assert_eq!(first.refunds[0].refunded_at.to_utc(), at("2026-10-09T08:30:00Z"));
    assert_eq!((first.refunds[0].kind.as_str(), first.recognised_at), ("return", recognised));
    let last = first.events.last().unwrap();
    assert_eq!((last.from_status, last.to_status), (Some(SaleStatus::Approved), SaleStatus::PartiallyRefunded));
    assert_eq!(last.reason.as_deref(), Some("A chip in the rim"));
    // What came back is on hand, with a movement; what was not to be put back is not.
    assert_eq!(shop.on_hand(mug).await, dec("8"));
    let back =
        "select sum(quantity) from stock.movements where product_id = $1 and kind = 'return' and ref_type = 'refund'
                and on_hand_after = 8 and ref_id in (select id from sales.refunds)";
    assert_eq!(shop.one(back, mug).await, dec("1"));
    shop.clock.advance(Duration::hours(1));
    let second = refund(&shop, id, &RefundSale { kind: RefundKind::Goodwill, ..part(1, "1") }).await.unwrap();
    assert_eq!((second.status, second.refunds[1].kind.as_str()), (SaleStatus::PartiallyRefunded, "goodwill"));
    shop.clock.advance(Duration::hours(1));
    // The rest, without naming it: the service takes no place in the stock.
    let rest = refund(&shop, id, &RefundSale { restock: true, ..RefundSale::default() }).await.unwrap();
    assert_eq!((rest.status, rest.may_refund), (SaleStatus::Refunded, false));
    assert_eq!(
        rest.refunds.iter().map(|r| (r.net, r.tax)).fold((Decimal::ZERO, Decimal::ZERO), |a, b| (a.0 + b.0, a.1 + b.1)),
        (rest.net, rest.tax)
    );
    assert_eq!((rest.refunded_net, rest.recognised_at), (rest.net, recognised));
    assert_eq!(shop.on_hand(mug).await, dec("9"));
    assert_eq!(shop.count("select count(*) from stock.levels").await, 1);
    let again = refund(&shop, id, &RefundSale::default()).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'transactions.refund'").await, 3);
    let ledger = "select sum(quantity) from stock.movements where product_id = $1 and kind in ('sale', 'return')";
    assert_eq!(shop.one(ledger, mug).await, dec("-1"));
}

#[sqlx::test(migrations = "../migrations")]
async fn more_than_is_left_is_refused_with_the_place(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(10)).await;
    let id = sell(&shop, vec![line(mug, "4")], false).await;
    let fault = async |command: &RefundSale| {
        let error = refund(&shop, id, command).await.unwrap_err();
        (error.code, error.fields.into_iter().map(|f| f.path).collect::<Vec<_>>())
    };
    let wrong = |path: &str| (ErrorCode::Validation, vec![path.to_owned()]);
    assert_eq!(fault(&part(2, "1")).await, wrong("lines[0].line_no"));
    assert_eq!(fault(&part(1, "5")).await, wrong("lines[0].quantity"));
    assert_eq!(fault(&part(1, "0")).await, wrong("lines[0].quantity"));
    assert_eq!(fault(&part(1, "79228162514264337593543950335")).await, wrong("lines[0].quantity"));
    refund(&shop, id, &part(1, "3")).await.unwrap();
    assert_eq!(fault(&part(1, "2")).await, (ErrorCode::Conflict, vec!["lines[0].quantity".to_owned()]));
    assert_eq!(shop.count("select count(*) from sales.refunds").await, 1);
    for who in [planner(), viewer()] {
        let error = shop.sales.refund(&who, id, &part(1, "1"), None).await.value.unwrap_err();
        assert_eq!(error.code, ErrorCode::Forbidden);
    }
    let nobody = refund(&shop, TransactionId(Uuid::nil()), &RefundSale::default()).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_ten_parallel_refunds_of_the_whole_one_succeeds(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(10)).await;
    for command in [RefundSale { restock: true, ..RefundSale::default() }, RefundSale { restock: true, ..part(1, "3") }]
    {
        let id = sell(&shop, vec![line(mug, "5")], false).await;
        let calls = (0..10).map(|_| {
            let (sales, command) = (Arc::clone(&shop.sales), command.clone());
            tokio::spawn(async move { sales.refund(&admin(), id, &command, None).await.value })
        });
        let done: Vec<_> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|d| d.is_ok()).count(), 1);
        assert!(done.iter().flat_map(|d| d.as_ref().err()).all(|error| error.code == ErrorCode::Conflict), "{done:?}");
    }
    assert_eq!(shop.on_hand(mug).await, dec("8"));
    assert_eq!(shop.count("select count(*) from sales.refunds").await, 2);

    let id = sell(&shop, vec![line(mug, "5")], false).await;
    let key = IdempotencyKey::parse("till-9").unwrap();
    let first = shop.sales.refund(&clerk(), id, &part(1, "2"), Some(&key)).await;
    let second = shop.sales.refund(&clerk(), id, &part(1, "2"), Some(&key)).await;
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.value, second.value);
    let other = shop.sales.refund(&clerk(), id, &part(1, "1"), Some(&key)).await.value.unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict);
    assert_eq!(detail(&shop, id).await.lines[0].refunded_quantity, dec("2"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_refund_counts_on_its_own_day_and_leaves_the_day_of_the_sale(db: PgPool) {
    let shop = Shop::on(db);
    shop.set("sales.tax_rate", "0".into()).await;
    let mug = shop.product("MUG", "Mug", "10", Some(10)).await;
    let id = sell(&shop, vec![line(mug, "5")], false).await;
    shop.clock.advance(Duration::days(1));
    refund(&shop, id, &part(1, "2")).await.unwrap();
    shop.clock.advance(Duration::hours(1));

    let overview = Arc::new(OverviewService::new(shop.backend.clone()));
    let revenue = async |day: &str| {
        let asked = scope(&format!("day={day}"));
        overview.forget();
        overview.tile(&viewer(), MetricKey::RevenueNet.as_str(), &asked).await.unwrap().value
    };
    let asker = Asker::of(&shop.backend);
    let totals = async |day: &str| asker.hourly(&format!("from={day}&to={day}")).await.metadata.totals;
    for _ in 0..2 {
        assert_eq!((revenue("2026-10-06").await, revenue("2026-10-07").await), (Some(dec("50")), Some(dec("-20"))));
        let (sold, back) = (totals("2026-10-06").await, totals("2026-10-07").await);
        assert_eq!((sold.gross_sales, sold.refunds, sold.transaction_count), (dec("50"), dec("0"), 1));
        assert_eq!((back.gross_sales, back.refunds, back.transaction_count), (dec("0"), dec("20"), 0));
        let products = asker.products("from=2026-10-06&to=2026-10-07").await;
        assert_eq!(products.items[0].total_revenue, dec("30"));
        // Once from the rows, once from the kept sums.
        crate::analytics::refresh(&shop.backend).await;
        crate::daily_report::sum_up(&shop.backend).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_won_puts_the_sale_back_and_one_lost_charges_the_rest_back(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(20)).await;
    let won = sell(&shop, vec![line(mug, "5")], false).await;
    refund(&shop, won, &part(1, "2")).await.unwrap();
    let too_much = dispute(&shop, won, DisputeReason::Quality, "32.41").await.unwrap_err();
    assert_eq!((too_much.code, too_much.fields[0].path.as_str()), (ErrorCode::Validation, "amount"));
    let open = dispute(&shop, won, DisputeReason::Quality, "32.40").await.unwrap();
    assert_eq!((open.status, open.may_refund, open.disputes.len()), (SaleStatus::Disputed, false, 1));
    assert_eq!((open.disputes[0].amount, open.disputes[0].outcome), (dec("32.40"), None));
    assert_eq!(refund(&shop, won, &part(1, "1")).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(dispute(&shop, won, DisputeReason::Other, "1").await.unwrap_err().code, ErrorCode::Conflict);
    shop.clock.advance(Duration::hours(1));
    let stands = close(&shop, &open, DisputeOutcome::Won).await.unwrap();
    assert_eq!((stands.status, stands.refunds.len()), (SaleStatus::PartiallyRefunded, 1));
    assert_eq!(stands.disputes[0].outcome, Some(DisputeOutcome::Won));
    assert_eq!(close(&shop, &open, DisputeOutcome::Lost).await.unwrap_err().code, ErrorCode::Conflict);

    shop.clock.advance(Duration::hours(1));
    let again = dispute(&shop, won, DisputeReason::NotReceived, "32.40").await.unwrap();
    shop.clock.advance(Duration::hours(1));
    let lost = close(&shop, &again, DisputeOutcome::Lost).await.unwrap();
    let charged = lost.refunds.last().unwrap();
    assert_eq!((lost.status, charged.kind.as_str(), charged.restock), (SaleStatus::Refunded, "chargeback", false));
    assert_eq!((charged.total, lost.refunded_net), (dec("32.40"), lost.net));
    assert_eq!(shop.on_hand(mug).await, dec("15"));
    assert_eq!(shop.count("select count(*) from sales.fraud_labels").await, 0);

    let fraud = sell(&shop, vec![line(mug, "1")], false).await;
    let open = dispute(&shop, fraud, DisputeReason::Fraud, "10").await.unwrap();
    shop.clock.advance(Duration::days(2));
    close(&shop, &open, DisputeOutcome::Lost).await.unwrap();
    let label: (Uuid, String, String) = sqlx::query_as("select transaction_id, label, source from sales.fraud_labels")
        .fetch_one(&shop.db)
        .await
        .unwrap();
    assert_eq!(label, (fraud.0, "confirmed_fraud".to_owned(), "dispute".to_owned()));
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'transactions.dispute'").await, 3);
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'transactions.close_dispute'").await, 3);
    let won = CloseDispute { outcome: DisputeOutcome::Won };
    let missing = shop.sales.close_dispute(&clerk(), DisputeId(Uuid::nil()), won).await.unwrap_err();
    let denied = shop.sales.close_dispute(&planner(), open.disputes[0].id, won).await.unwrap_err();
    assert_eq!((missing.code, denied.code), (ErrorCode::NotFound, ErrorCode::Forbidden));
}

#[sqlx::test(migrations = "../migrations")]
async fn who_disputes_a_payment_is_not_erased(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "Mug", "10", Some(20)).await;
    let ann = shop.customer("Ann", "Archer", None).await;
    let sale = RecordSale {
        customer_id: Some(CustomerId(ann)),
        lines: vec![line(mug, "1")],
        payment_method: Some(PaymentMethod::Cash),
        ..RecordSale::default()
    };
    let id = shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap().transaction_id;
    let open = dispute(&shop, id, DisputeReason::Other, "5").await.unwrap();
    let desk = CustomersService::new(shop.backend.clone(), crate::world::keys());
    let erase = async || desk.erase(&admin(), CustomerId(ann), None).await;
    assert_eq!(erase().await.unwrap_err().code, ErrorCode::Conflict);
    close(&shop, &open, DisputeOutcome::Won).await.unwrap();
    erase().await.unwrap();
    assert_eq!(refund(&shop, id, &RefundSale::default()).await.unwrap().customer.unwrap().label, "Erased customer · 1");
}

/// What can happen to a sale (`commerce.md` 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trigger {
    Settle(&'static str),
    /// After 30 minutes, after 48 hours.
    Waited,
    Verdict(&'static str),
    RefundPart,
    RefundAll,
    Dispute,
    Close(&'static str),
}

const TRIGGERS: [Trigger; 11] = [
    Trigger::Settle("capture"),
    Trigger::Settle("fail"),
    Trigger::Settle("cancel"),
    Trigger::Waited,
    Trigger::Verdict("legitimate"),
    Trigger::Verdict("confirmed_fraud"),
    Trigger::RefundPart,
    Trigger::RefundAll,
    Trigger::Dispute,
    Trigger::Close("won"),
    Trigger::Close("lost"),
];

struct Cycle {
    shop: Shop,
    cases: CasesService,
}

impl Cycle {
    /// A sale of three in that state, brought there as sales come there, and its product, which no other sale has.
    async fn sale_in(&self, state: SaleStatus) -> (TransactionId, Uuid) {
        let name = format!("MUG-{}", self.shop.count("select count(*) from sales.products").await);
        let mug = self.shop.product(&name, "Mug", "10", Some(10)).await;
        let open = !state.is_refundable() && !matches!(state, SaleStatus::Refunded | SaleStatus::Disputed)
            || state == SaleStatus::Released;
        let id = sell(&self.shop, vec![line(mug, "3")], open).await;
        let settle = async |how| {
            self.shop.sales.settle(&admin(), id, how, &SettleSale::default(), None).await.value.unwrap();
        };
        match state {
            SaleStatus::Pending | SaleStatus::Approved => {}
            SaleStatus::Failed => settle(Settlement::Fail).await,
            SaleStatus::Cancelled => settle(Settlement::Cancel).await,
            SaleStatus::Held => self.hold(id).await,
            SaleStatus::Released => {
                self.hold(id).await;
                self.fire(id, Trigger::Verdict("legitimate")).await.unwrap();
            }
            SaleStatus::Declined => {
                self.hold(id).await;
                self.fire(id, Trigger::Verdict("confirmed_fraud")).await.unwrap();
            }
            SaleStatus::PartiallyRefunded => drop(refund(&self.shop, id, &part(1, "1")).await.unwrap()),
            SaleStatus::Refunded => drop(refund(&self.shop, id, &RefundSale::default()).await.unwrap()),
            SaleStatus::Disputed => drop(dispute(&self.shop, id, DisputeReason::Other, "1").await.unwrap()),
        }
        assert_eq!(detail(&self.shop, id).await.status, state);
        (id, mug)
    }

    async fn hold(&self, id: TransactionId) {
        sqlx::query("update sales.transactions set status = 'held', hold_expires_at = $2 where id = $1")
            .bind(id.0)
            .bind(self.shop.clock.now() + Duration::hours(48))
            .execute(&self.shop.db)
            .await
            .unwrap();
    }

    async fn fire(&self, id: TransactionId, trigger: Trigger) -> Result<(), AppError> {
        let shop = &self.shop;
        match trigger {
            Trigger::Settle(how) => {
                let how = Settlement::parse(how).unwrap();
                shop.sales.settle(&admin(), id, how, &SettleSale::default(), None).await.value.map(drop)
            }
            Trigger::Waited => {
                shop.clock.advance(Duration::hours(48));
                shop.sales.expire(&admin()).await?;
                self.cases.expire_holds(&admin()).await.map(drop)
            }
            Trigger::Verdict(verdict) => {
                let case = Uuid::now_v7();
                sqlx::query(
                    "insert into sales.fraud_cases (id, transaction_id, reason, due_at, created_at) values ($1, $2, 'review', $3, $3)",
                )
                .bind(case)
                .bind(id.0)
                .bind(shop.clock.now())
                .execute(&shop.db)
                .await
                .unwrap();
                let verdict = Verdict::parse(verdict).unwrap();
                let command = DecideCase { verdict, action: None, comment: "looked at it".into() };
                self.cases.decide(&admin(), domain::ids::CaseId(case), &command).await.map(drop)
            }
            Trigger::RefundPart => refund(shop, id, &part(1, "1")).await.map(drop),
            Trigger::RefundAll => refund(shop, id, &RefundSale::default()).await.map(drop),
            Trigger::Dispute => dispute(shop, id, DisputeReason::Other, "1").await.map(drop),
            Trigger::Close(outcome) => {
                let outcome = DisputeOutcome::parse(outcome).unwrap();
                let open = detail(shop, id).await.disputes.into_iter().find(|d| d.outcome.is_none());
                let dispute = match open {
                    Some(open) => open.id,
                    // Of a sale that is not disputed: none should be open, and if one were, it would change nothing.
                    None => {
                        let lone = DisputeId(Uuid::now_v7());
                        sqlx::query(
                            "insert into sales.disputes (id, transaction_id, reason, amount, status_before, opened_at, opened_by)
                             values ($1, $2, 'other', 1, 'approved', '2026-10-06', 'test')",
                        )
                        .bind(lone.0)
                        .bind(id.0)
                        .execute(&shop.db)
                        .await
                        .unwrap();
                        lone
                    }
                };
                shop.sales.close_dispute(&admin(), dispute, CloseDispute { outcome }).await.map(drop)
            }
        }
    }

    async fn stock(&self, mug: Uuid) -> (Decimal, Decimal) {
        let reserved = self.shop.one("select reserved from stock.levels where product_id = $1", mug).await;
        (self.shop.on_hand(mug).await, reserved)
    }
}

/// Every row of the table, and every move that is not in it: of all states and all triggers.
#[sqlx::test(migrations = "../migrations")]
async fn a_sale_moves_as_the_table_says_and_in_no_other_way(db: PgPool) {
    let shop = Shop::on(db);
    shop.set("sales.tax_rate", "0".into()).await;
    let cycle = Cycle { cases: CasesService::new(shop.backend.clone()), shop };
    use SaleStatus as S;
    use Trigger as T;
    // Where it goes, and what that does to what is on hand and what is reserved.
    let mut moves: BTreeMap<(SaleStatus, Trigger), (SaleStatus, i64, i64)> = BTreeMap::from([
        ((S::Pending, T::Settle("capture")), (S::Approved, -3, -3)),
        ((S::Pending, T::Settle("fail")), (S::Failed, 0, -3)),
        ((S::Pending, T::Settle("cancel")), (S::Cancelled, 0, -3)),
        ((S::Pending, T::Waited), (S::Cancelled, 0, -3)),
        ((S::Held, T::Verdict("legitimate")), (S::Released, -3, -3)),
        ((S::Held, T::Verdict("confirmed_fraud")), (S::Declined, 0, -3)),
        ((S::Held, T::Waited), (S::Cancelled, 0, -3)),
        ((S::Disputed, T::Close("won")), (S::Approved, 0, 0)),
        ((S::Disputed, T::Close("lost")), (S::Refunded, 0, 0)),
    ]);
    for sold in [S::Approved, S::Released, S::PartiallyRefunded] {
        moves.insert((sold, T::RefundPart), (S::PartiallyRefunded, 0, 0));
        moves.insert((sold, T::RefundAll), (S::Refunded, 0, 0));
        moves.insert((sold, T::Dispute), (S::Disputed, 0, 0));
    }
    for state in SaleStatus::ALL {
        for trigger in TRIGGERS {
            let (id, mug) = cycle.sale_in(state).await;
            let (before, stock) = (detail(&cycle.shop, id).await, cycle.stock(mug).await);
            cycle.shop.clock.advance(Duration::seconds(1));
            let done = cycle.fire(id, trigger).await;
            let (after, left) = (detail(&cycle.shop, id).await, cycle.stock(mug).await);
            let moved = (left.0 - stock.0, left.1 - stock.1);
            match moves.get(&(state, trigger)) {
                Some((to, on_hand, reserved)) => {
                    assert!(done.is_ok(), "{state:?} {trigger:?}: {done:?}");
                    assert_eq!(
                        (after.status, moved),
                        (*to, ((*on_hand).into(), (*reserved).into())),
                        "{state:?} {trigger:?}"
                    );
                    let event = after.events.last().unwrap();
                    assert_eq!((event.from_status, event.to_status), (Some(state), *to), "{state:?} {trigger:?}");
                    let recognised: Option<DateTime<FixedOffset>> = match to {
                        S::Approved | S::Released if before.recognised_at.is_none() => after.recognised_at,
                        _ => before.recognised_at,
                    };
                    assert_eq!(after.recognised_at, recognised, "{state:?} {trigger:?}");
                    let counts = !matches!(to, S::Declined | S::Failed | S::Cancelled);
                    assert_eq!(after.recognised_at.is_some(), counts, "{state:?} {trigger:?}");
                }
                None => {
                    // A verdict on what is not held labels it, and time does nothing to it.
                    let refused = !matches!(trigger, T::Verdict(_) | T::Waited);
                    assert_eq!(
                        done.as_ref().err().map(|e| e.code),
                        refused.then_some(ErrorCode::Conflict),
                        "{state:?} {trigger:?}"
                    );
                    assert_eq!((after.status, moved), (state, (Decimal::ZERO, Decimal::ZERO)), "{state:?} {trigger:?}");
                    assert_eq!(
                        (&after.events, after.refunds),
                        (&before.events, before.refunds),
                        "{state:?} {trigger:?}"
                    );
                }
            }
        }
    }
    // A flag moves nothing, and only a sale that went through takes one.
    for state in [S::Approved, S::Pending] {
        let (id, _) = cycle.sale_in(state).await;
        let flagged = cycle.cases.flag(&admin(), id, &CaseReason { reason: "looks odd".into() }).await;
        assert_eq!((flagged.is_ok(), detail(&cycle.shop, id).await.status), (state == S::Approved, state));
    }
}
