//! Sales are judged before the answer, and what is suspicious waits for a person (`commerce.md` 3.4, 3.5).

use crate::shop::{Shop, admin, at, clerk, dec, viewer};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    clock::Clock,
    fraud::{
        Feature, Outcome,
        case::{
            CaseDetail, CaseQuery, CaseReason, CaseState, CasesPort, DecideCase, HeldAction, Queue, SnoozeCase, Verdict,
        },
    },
    ids::{CaseId, CustomerId, ProductId},
    transactions::{Entry, PaymentMethod, RecordSale, SaleReceipt, SaleStatus, SuspiciousQuery},
};
use rust_decimal::Decimal;
use server::services::fraud::CasesService;
use sqlx::PgPool;
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

struct Desk {
    shop: Shop,
    cases: Arc<CasesService>,
    mug: Uuid,
}

impl Desk {
    /// A shop with 1,000 mugs and no tax.
    async fn on(db: PgPool) -> Self {
        let shop = Shop::on(db);
        shop.set("sales.tax_rate", "0".into()).await;
        let mug = shop.product("MUG", "Mug", "10.00", Some(1_000)).await;
        Self { cases: Arc::new(CasesService::new(shop.backend.clone())), shop, mug }
    }

    /// A sale of one mug at a price.
    fn of(&self, customer: Option<Uuid>, amount: &str) -> RecordSale {
        RecordSale {
            customer_id: customer.map(CustomerId),
            product_id: Some(ProductId(self.mug)),
            quantity: Some(Decimal::ONE),
            payment_method: Some(PaymentMethod::Cash),
            shipping_cost: dec(amount) - dec("10.00"),
            ..RecordSale::default()
        }
    }

    async fn sell(&self, who: &Principal, sale: &RecordSale) -> SaleReceipt {
        self.shop.sales.record(who, sale, Entry::Api, None).await.value.unwrap()
    }

    /// Six sales of 40.00 within the last days, paid in cash.
    async fn regular(&self) -> Uuid {
        let customer = self.shop.customer("Ann", "Archer", None).await;
        let now = self.shop.clock.now();
        for back in 2..8 {
            self.shop.clock.set(now - Duration::days(back));
            self.sell(&admin(), &self.of(Some(customer), "40.00")).await;
        }
        self.shop.clock.set(now);
        customer
    }

    async fn queue(&self, who: &Principal) -> Queue {
        self.cases.queue(who, &CaseQuery::default()).await.unwrap()
    }

    async fn decide(&self, id: CaseId, verdict: Verdict, action: Option<HeldAction>) -> Result<CaseDetail, AppError> {
        self.cases.decide(&admin(), id, &DecideCase { verdict, action, comment: "looked at it".into() }).await
    }

    async fn stock(&self) -> (Decimal, Decimal) {
        let one = |sql| self.shop.one(sql, self.mug);
        (
            one("select on_hand from stock.levels where product_id = $1").await,
            one("select reserved from stock.levels where product_id = $1").await,
        )
    }

    /// A sale that is held (example 5): three declines, a new way to pay, a large amount.
    async fn held(&self) -> SaleReceipt {
        let customer = self.regular().await;
        sqlx::query(
            "insert into sales.transactions (id, customer_id, site_id, status, payment_method, currency, gross, discount, net, tax,
                 shipping, total, quantity, line_count, occurred_at, entry, created_at, updated_at)
             select gen_random_uuid(), $1, s.id, 'declined', 'cash', 'USD', 5, 0, 5, 0, 0, 5, 1, 1, $2, 'api', $2, $2
             from generate_series(1, 3), stock.sites s where s.is_default",
        )
        .bind(customer)
        .bind(self.shop.clock.now() - Duration::minutes(30))
        .execute(&self.shop.db)
        .await
        .unwrap();
        let sale = RecordSale { payment_method: Some(PaymentMethod::Crypto), ..self.of(Some(customer), "250.00") };
        self.sell(&admin(), &sale).await
    }
}

fn reviewer(n: u128) -> Principal {
    #[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
    Principal::vouch(
        ActorKind::User,
        Some(Uuid::from_u128(n)),
        format!("reviewer {n}"),
        Rights::of(Some(Role::Admin), &[]),
        RequestTrace::default(),
    )
}

/// Example 4.
#[sqlx::test(migrations = "../migrations")]
async fn the_fourth_sale_in_ten_minutes_for_six_times_the_mean_goes_through_with_a_case(db: PgPool) {
    let desk = Desk::on(db).await;
    let customer = desk.regular().await;
    for _ in 0..3 {
        // Declined attempts count as attempts, not as sales.
        sqlx::query(
            "insert into sales.transactions (id, customer_id, site_id, status, payment_method, currency, gross, discount, net, tax,
                 shipping, total, quantity, line_count, occurred_at, entry, created_at, updated_at)
             select gen_random_uuid(), $1, s.id, 'cancelled', 'cash', 'USD', 5, 0, 5, 0, 0, 5, 1, 1, $2, 'api', $2, $2
             from stock.sites s where s.is_default",
        )
        .bind(customer)
        .bind(desk.shop.clock.now() - Duration::minutes(5))
        .execute(&desk.shop.db)
        .await
        .unwrap();
    }
    let receipt = desk.sell(&admin(), &desk.of(Some(customer), "250.00")).await;
    assert_eq!((receipt.status, receipt.fraud_outcome), (SaleStatus::Approved, Outcome::Review));
    assert_eq!((receipt.fraud_score.to_string().as_str(), receipt.is_suspicious), ("0.55", true));
    let hits: Vec<_> = receipt.hits.iter().map(|hit| (hit.code.as_str(), hit.points)).collect();
    assert_eq!(hits, [("amount_vs_own_mean", dec("25")), ("velocity_10m", dec("30"))]);
    let inputs = &receipt.hits[0].inputs;
    assert_eq!(inputs[&Feature::CustMean90d], dec("40").into());
    let case = desk.cases.case(&admin(), receipt.case_id.unwrap()).await.unwrap();
    assert_eq!((case.row.reason.as_str(), case.row.state), ("review", CaseState::Open));
    assert_eq!(case.row.expected_loss.amount, dec("137.5"), "points as a share of the total");
    assert_eq!(case.row.due_at - case.row.opened_at, Duration::hours(24));
    // The sale tells of it, too; who may not review reads no more than that.
    let sale = |who: Principal| {
        let (sales, id) = (Arc::clone(&desk.shop.sales), receipt.transaction_id);
        async move { sales.detail(&who, id).await.unwrap().unwrap().decision }
    };
    let decision = sale(admin()).await.unwrap();
    assert_eq!((decision.outcome, decision.rule_set, decision.hits.len()), (Outcome::Review, Some(1), 2));
    assert_eq!(sale(viewer()).await.unwrap().hits, []);
    assert_eq!(sale(clerk()).await, None);
    // Of many columns one decides a second time: nothing.
    let stored: (bool, Decimal) =
        sqlx::query_as("select is_suspicious, fraud_score from sales.transactions where id = $1")
            .bind(receipt.transaction_id.0)
            .fetch_one(&desk.shop.db)
            .await
            .unwrap();
    assert_eq!(stored, (true, dec("0.55")));
}

/// Example 5.
#[sqlx::test(migrations = "../migrations")]
async fn a_held_sale_reserves_its_stock_until_somebody_decides_or_48_hours_pass(db: PgPool) {
    let desk = Desk::on(db).await;
    let receipt = desk.held().await;
    assert_eq!((receipt.status, receipt.fraud_outcome), (SaleStatus::Held, Outcome::Hold));
    let codes: Vec<_> = receipt.hits.iter().map(|hit| hit.code.as_str()).collect();
    assert_eq!(codes, ["amount_vs_own_mean", "declines_60m", "new_payment_large"]);
    assert_eq!(receipt.fraud_score.to_string(), "0.70");
    assert_eq!(desk.stock().await, (dec("994"), dec("1")));
    assert_eq!(receipt.hold_expires_at.unwrap() - receipt.created_at, Duration::hours(48));

    desk.shop.clock.advance(Duration::hours(48) - Duration::seconds(1));
    assert_eq!(desk.cases.expire_holds(&admin()).await.unwrap(), 0);
    desk.shop.clock.advance(Duration::seconds(1));
    assert_eq!(desk.cases.expire_holds(&admin()).await.unwrap(), 1);
    assert_eq!(desk.stock().await, (dec("994"), dec("0")));
    let sale = desk.shop.sales.detail(&admin(), receipt.transaction_id).await.unwrap().unwrap();
    assert_eq!((sale.status, sale.recognised_at), (SaleStatus::Cancelled, None));
    assert_eq!(sale.events.last().unwrap().reason.as_deref(), Some("hold_expired"));
    // The case stays open: a verdict is wanted all the same.
    let queue = desk.queue(&admin()).await;
    assert_eq!((queue.held, queue.review, queue.overdue, queue.items.len()), (0, 1, 1, 1));
    let closed = desk.decide(receipt.case_id.unwrap(), Verdict::ConfirmedFraud, None).await.unwrap();
    assert_eq!((closed.row.state, closed.verdict), (CaseState::Closed, Some(Verdict::ConfirmedFraud)));
    let sale = desk.shop.sales.detail(&admin(), receipt.transaction_id).await.unwrap().unwrap();
    assert_eq!(sale.status, SaleStatus::Cancelled, "it is over");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_verdict_releases_or_declines_and_labels_the_sale(db: PgPool) {
    let desk = Desk::on(db).await;
    let released = desk.held().await;
    desk.shop.clock.advance(Duration::hours(2));
    let when = desk.shop.clock.now();
    let error = desk.decide(released.case_id.unwrap(), Verdict::Inconclusive, None).await.unwrap_err();
    assert_eq!((error.code, error.fields[0].path.as_str()), (ErrorCode::Validation, "action"));
    desk.decide(released.case_id.unwrap(), Verdict::Legitimate, None).await.unwrap();
    let sale = desk.shop.sales.detail(&admin(), released.transaction_id).await.unwrap().unwrap();
    assert_eq!((sale.status, sale.recognised_at.map(|at| at.to_utc())), (SaleStatus::Released, Some(when)));
    assert_eq!(desk.stock().await, (dec("993"), dec("0")));
    let again = desk.decide(released.case_id.unwrap(), Verdict::ConfirmedFraud, None).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);

    let customer = sale.customer.unwrap().id.0;
    let sale = RecordSale { payment_method: Some(PaymentMethod::Paypal), ..desk.of(Some(customer), "900.00") };
    let declined = desk.sell(&admin(), &sale).await;
    assert_eq!(declined.status, SaleStatus::Approved, "{:?}", declined.hits);
    let case = declined.case_id.unwrap();
    let closed = desk.decide(case, Verdict::ConfirmedFraud, None).await.unwrap();
    assert_eq!(closed.row.status, SaleStatus::Approved, "a sold one is refunded, not declined");
    let labels: Vec<(Uuid, String, String)> =
        sqlx::query_as("select transaction_id, label, source from sales.fraud_labels order by known_at")
            .fetch_all(&desk.shop.db)
            .await
            .unwrap();
    assert_eq!(
        labels,
        [
            (released.transaction_id.0, "legitimate".to_owned(), "case".to_owned()),
            (declined.transaction_id.0, "confirmed_fraud".to_owned(), "case".to_owned())
        ]
    );
    // What was confirmed counts from then on.
    desk.shop.clock.advance(Duration::days(2));
    let next = desk.sell(&admin(), &desk.of(Some(customer), "12.00")).await;
    assert!(next.hits.iter().any(|hit| hit.code == "customer_fraud"), "{:?}", next.hits);
}

/// Example 6: lists.
#[sqlx::test(migrations = "../migrations")]
async fn block_declines_allow_caps_and_block_wins(db: PgPool) {
    let desk = Desk::on(db).await;
    let customer = desk.shop.customer("Bob", "Baker", None).await;
    let entry = |list: &'static str, expires: &'static str| {
        sqlx::query(
            "insert into sales.fraud_list_entries (id, list, subject, value, reason, expires_at, by, created_at)
             values (gen_random_uuid(), $1, 'customer', $2, 'test', $3, 'test', '2026-01-01')",
        )
        .bind(list)
        .bind(customer.to_string())
        .bind(at(expires))
        .execute(&desk.shop.db)
    };
    entry("allow", "2026-12-01T00:00:00Z").await.unwrap();
    let pricy = RecordSale {
        lines: vec![domain::transactions::RecordLine {
            product_id: ProductId(desk.mug),
            quantity: Decimal::ONE,
            unit_price: Some(dec("500")),
            discount: Decimal::ZERO,
        }],
        product_id: None,
        quantity: None,
        ..desk.of(Some(customer), "10.00")
    };
    desk.shop.set("fraud.amount_limit", "100".into()).await;
    let allowed = desk.sell(&admin(), &pricy).await;
    assert_eq!((allowed.fraud_score.to_string().as_str(), allowed.fraud_outcome), ("1.00", Outcome::Review));
    entry("block", "2026-12-01T00:00:00Z").await.unwrap();
    let before = desk.stock().await;
    let blocked = desk.sell(&admin(), &desk.of(Some(customer), "10.00")).await;
    assert_eq!(
        (blocked.status, blocked.fraud_outcome, blocked.case_id),
        (SaleStatus::Declined, Outcome::Decline, None)
    );
    assert_eq!(desk.stock().await, before, "declined takes nothing");
    let told = desk.sell(&clerk(), &desk.of(Some(customer), "10.00")).await;
    assert_eq!((told.hits, told.fraud_reason.as_deref()), (vec![], Some("This sale was declined.")));
    // Entries end.
    desk.shop.clock.set(at("2026-12-01T00:00:00Z"));
    let free = desk.sell(&admin(), &desk.of(Some(customer), "10.00")).await;
    assert!(!free.hits.iter().any(|hit| hit.code == "block_list"));
}

/// Example 8.
#[sqlx::test(migrations = "../migrations")]
async fn a_sale_that_cannot_be_screened_is_reviewed_never_passed_in_silence(db: PgPool) {
    let desk = Desk::on(db).await;
    sqlx::query("alter table sales.amount_stats rename to amount_stats_gone").execute(&desk.shop.db).await.unwrap();
    let receipt = desk.sell(&admin(), &desk.of(None, "20.00")).await;
    assert_eq!((receipt.status, receipt.fraud_outcome), (SaleStatus::Approved, Outcome::Review));
    assert!(receipt.fraud_reason.unwrap().starts_with("Screening did not answer"));
    let queue = desk.queue(&admin()).await;
    assert_eq!(queue.items.iter().map(|case| case.reason.as_str()).collect::<Vec<_>>(), ["screening_unavailable"]);
    assert_eq!(desk.stock().await.0, dec("999"), "sold once");
    sqlx::query("alter table sales.amount_stats_gone rename to amount_stats").execute(&desk.shop.db).await.unwrap();
    assert_eq!(desk.sell(&admin(), &desk.of(None, "20.00")).await.fraud_outcome, Outcome::Approve);
    // Money that cannot be compared is looked at by a person, too.
    let pounds = RecordSale {
        currency: Some("GBP".parse().unwrap()),
        lines: vec![domain::transactions::RecordLine {
            product_id: ProductId(desk.mug),
            quantity: Decimal::ONE,
            unit_price: Some(dec("8")),
            discount: Decimal::ZERO,
        }],
        product_id: None,
        quantity: None,
        ..desk.of(None, "10.00")
    };
    desk.shop.set("sales.currencies", "USD, GBP".into()).await;
    let receipt = desk.sell(&admin(), &pounds).await;
    assert_eq!(receipt.fraud_outcome, Outcome::Review);
    assert!(receipt.fraud_reason.unwrap().starts_with("No exchange rate"));
}

/// Example 9.
#[sqlx::test(migrations = "../migrations")]
async fn twenty_reviewers_get_twenty_cases_and_one_case_has_one_reviewer(db: PgPool) {
    let desk = Desk::on(db).await;
    sqlx::query("alter table sales.amount_stats rename to amount_stats_gone").execute(&desk.shop.db).await.unwrap();
    let mut opened = BTreeSet::new();
    for _ in 0..20 {
        opened.insert(desk.sell(&admin(), &desk.of(None, "20.00")).await.case_id.unwrap());
    }
    let asked = (100..120).map(|n| {
        let cases = Arc::clone(&desk.cases);
        tokio::spawn(async move { cases.next(&reviewer(n)).await.unwrap().unwrap().row.id })
    });
    let got: BTreeSet<CaseId> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(got, opened);
    assert_eq!(desk.cases.next(&reviewer(200)).await.unwrap(), None);
    // After half an hour without an act a claim is none.
    desk.shop.clock.advance(Duration::minutes(31));
    let one = *opened.first().unwrap();
    let claims = (300..320).map(|n| {
        let cases = Arc::clone(&desk.cases);
        tokio::spawn(async move { cases.claim(&reviewer(n), one).await.map_err(|error| (error.code, error.message)) })
    });
    let claims: Vec<_> = futures::future::join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    let winner = claims.iter().find_map(|claim| claim.as_ref().ok()?.row.claimed_by.clone()).unwrap();
    let told = format!("{winner} is working on this case.");
    assert!(
        claims
            .iter()
            .filter_map(|c| c.as_ref().err())
            .all(|(code, message)| *code == ErrorCode::Conflict && *message == told)
    );
    assert_eq!(desk.queue(&viewer()).await.items.len(), 20);
    let error = desk.cases.claim(&viewer(), one).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert_eq!(desk.cases.case(&viewer(), CaseId(Uuid::nil())).await.unwrap_err().code, ErrorCode::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_queue_has_held_sales_first_then_the_largest_loss(db: PgPool) {
    let desk = Desk::on(db).await;
    let held = desk.held().await;
    desk.shop.clock.advance(Duration::minutes(1));
    let customer = desk.shop.customer("Cy", "Cook", None).await;
    desk.shop.set("fraud.amount_limit", "1000".into()).await;
    sqlx::query(
        "insert into sales.fraud_list_entries (id, list, subject, value, reason, expires_at, by, created_at)
                 values (gen_random_uuid(), 'allow', 'customer', $1, 'test', '2026-12-01', 'test', '2026-01-01')",
    )
    .bind(customer.to_string())
    .execute(&desk.shop.db)
    .await
    .unwrap();
    let small = desk.sell(&admin(), &desk.of(Some(customer), "1100.00")).await;
    let large = desk.sell(&admin(), &desk.of(Some(customer), "5000.00")).await;
    let queue = desk.queue(&admin()).await;
    let order: Vec<_> = queue.items.iter().map(|case| case.id).collect();
    assert_eq!(order, [held.case_id.unwrap(), large.case_id.unwrap(), small.case_id.unwrap()]);
    assert_eq!((queue.held, queue.review, queue.overdue), (1, 2, 0));
    let note = desk.cases.note(&admin(), large.case_id.unwrap(), "  called the customer ").await.unwrap();
    assert!(note.row.mine && note.events.iter().any(|event| event.text.as_deref() == Some("called the customer")));
    let mine = CaseQuery { mine: Some("1".into()), ..CaseQuery::default() };
    assert_eq!(desk.cases.queue(&admin(), &mine).await.unwrap().items.len(), 1);
    let free = desk.cases.unclaim(&admin(), large.case_id.unwrap()).await.unwrap();
    assert_eq!((free.row.state, free.row.claimed_by), (CaseState::Open, None));
    desk.shop.clock.advance(Duration::hours(5));
    let late = CaseQuery { overdue: Some("1".into()), ..CaseQuery::default() };
    let late = desk.cases.queue(&admin(), &late).await.unwrap().items;
    assert_eq!(late.iter().map(|case| case.id).collect::<Vec<_>>(), [held.case_id.unwrap()]);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_usual_is_known_from_two_hundred_lines_and_a_hundred_first_orders_on(db: PgPool) {
    use server::services::transactions::zone_of;
    use store::{
        fraud::amounts::{FIRST_ORDER_DAYS, LINE_DAYS, sum_up},
        overview::Books,
    };
    let desk = Desk::on(db).await;
    let now = desk.shop.clock.now();
    // 200 lines of 1 to 200, each the first order of a customer; the day of the judgement itself says nothing.
    sqlx::query(
        "with c as (insert into sales.customers (id, registration_date, created_at, updated_at)
                    select gen_random_uuid(), '2026-01-01', '2026-01-01', '2026-01-01' from generate_series(1, 200) returning id),
              n as (select id, row_number() over () as n from c),
              t as (insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total,
                        quantity, line_count, occurred_at, recognised_at, entry, created_at, updated_at)
                    select n.id, n.id, s.id, 'approved', 'USD', n.n, 0, n.n, 0, 0, n.n, 1, 1, $1, $1, 'import', $1, $1
                    from n, stock.sites s where s.is_default returning id, net)
         insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
         select id, 1, $2, 1, net, net, net, $1 from t",
    )
    .bind(now - Duration::days(3))
    .bind(desk.mug)
    .execute(&desk.shop.db)
    .await
    .unwrap();
    let mut db = desk.shop.db.acquire().await.unwrap();
    let business = store::settings::business(&mut db).await.unwrap();
    let zone = zone_of(&business);
    let today = zone.day_of(now);
    let books = Books { currency: business.base_currency, zone: zone.name(), without_fraud: false };
    let since = |days| zone.days_range(today - chrono::Days::new(days), today - chrono::Days::new(1));
    for _ in 0..2 {
        let scopes = sum_up(&mut db, books, today, &since(LINE_DAYS), &since(FIRST_ORDER_DAYS), now).await.unwrap();
        assert_eq!(scopes, 1, "products without a category count together");
    }
    let stats: (Decimal, i32, Decimal, i32) =
        sqlx::query_as("select p995_line_amount, n, p95_first_order, n_first from sales.amount_stats")
            .fetch_one(&mut *db)
            .await
            .unwrap();
    assert_eq!(stats, (dec("199"), 200, dec("190"), 200), "nearest rank");
    drop(db);

    let hits = |receipt: &SaleReceipt| receipt.hits.iter().map(|hit| hit.code.clone()).collect::<Vec<_>>();
    let new = desk.shop.customer("Di", "Dean", None).await;
    let at_price = |customer, price: &str| RecordSale {
        lines: vec![domain::transactions::RecordLine {
            product_id: ProductId(desk.mug),
            quantity: dec(price) / dec("10"),
            unit_price: None,
            discount: Decimal::ZERO,
        }],
        product_id: None,
        quantity: None,
        ..desk.of(customer, "10.00")
    };
    assert_eq!(hits(&desk.sell(&admin(), &at_price(Some(new), "190")).await), Vec::<String>::new());
    let other = desk.shop.customer("Ed", "Eden", None).await;
    let large = desk.sell(&admin(), &at_price(Some(other), "200")).await;
    assert_eq!(hits(&large), ["amount_in_category", "first_order_large"]);
    assert_eq!(large.hits[0].inputs[&Feature::LineNet], dec("200").into());
    // A guest has no first order.
    assert_eq!(hits(&desk.sell(&admin(), &at_price(None, "200")).await), ["amount_in_category"]);
    desk.shop.clock.set(at("2026-10-06T08:29:59Z"));
    assert_eq!(hits(&desk.sell(&admin(), &at_price(None, "200")).await), Vec::<String>::new(), "not known by then");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_case_is_passed_on_put_off_and_a_sale_flagged_by_a_person(db: PgPool) {
    let desk = Desk::on(db).await;
    let held = desk.held().await;
    let id = held.case_id.unwrap();
    let short = CaseReason { reason: "no".into() };
    assert_eq!(desk.cases.escalate(&admin(), id, &short).await.unwrap_err().fields[0].path, "reason");
    let reason = CaseReason { reason: "The bank must be asked.".into() };
    desk.cases.claim(&admin(), id).await.unwrap();
    let passed = desk.cases.escalate(&admin(), id, &reason).await.unwrap();
    assert_eq!((passed.row.state, passed.row.mine), (CaseState::Escalated, false), "free for another one");
    assert_eq!(passed.events.last().unwrap().text.as_deref(), Some("The bank must be asked."));

    let late = desk.cases.snooze(&admin(), id, SnoozeCase { hours: 49 }).await.unwrap_err();
    assert_eq!(late.fields[0].path, "hours", "the hold ends after 48 hours");
    assert!(desk.cases.snooze(&admin(), id, SnoozeCase { hours: 169 }).await.is_err());
    let put_off = desk.cases.snooze(&admin(), id, SnoozeCase { hours: 4 }).await.unwrap();
    assert_eq!(put_off.row.state, CaseState::Snoozed);
    assert!(desk.queue(&viewer()).await.items.is_empty());
    desk.shop.clock.advance(Duration::hours(4));
    assert_eq!(desk.queue(&viewer()).await.items.len(), 1, "it is back");
    assert_eq!(desk.cases.next(&admin()).await.unwrap().unwrap().row.id, id);

    let sale = desk.sell(&admin(), &desk.of(None, "25.00")).await;
    assert_eq!(sale.case_id, None);
    assert_eq!(desk.cases.flag(&viewer(), sale.transaction_id, &reason).await.unwrap_err().code, ErrorCode::Forbidden);
    let case = desk.cases.flag(&admin(), sale.transaction_id, &reason).await.unwrap();
    assert_eq!((case.row.reason.as_str(), case.row.status), ("flagged", SaleStatus::Approved));
    assert_eq!(case.row.expected_loss.amount, dec("25"));
    let twice = desk.cases.flag(&admin(), sale.transaction_id, &reason).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::Conflict);
    assert_eq!(desk.cases.flag(&admin(), held.transaction_id, &reason).await.unwrap_err().code, ErrorCode::Conflict);
    let unknown = domain::ids::TransactionId(Uuid::from_u128(9));
    assert_eq!(desk.cases.flag(&admin(), unknown, &reason).await.unwrap_err().code, ErrorCode::NotFound);
    desk.decide(case.row.id, Verdict::ConfirmedFraud, None).await.unwrap();
    assert!(desk.cases.flag(&admin(), sale.transaction_id, &reason).await.is_ok(), "it is opened again");
}

#[sqlx::test(migrations = "../migrations")]
async fn suspicious_sales_are_listed_by_how_far_their_review_is(db: PgPool) {
    let desk = Desk::on(db).await;
    let held = desk.held().await;
    let list = async |who: &Principal, text: &str| {
        let asked = SuspiciousQuery::parse(domain::query::pairs(text)).unwrap();
        desk.shop.sales.suspicious(who, &asked).await.unwrap()
    };
    let all = list(&admin(), "").await;
    assert_eq!((all.total, all.items.len(), all.next_cursor), (1, 1, None));
    let row = &all.items[0];
    assert_eq!((row.sale.id, row.sale.is_suspicious, row.outcome), (held.transaction_id, true, Some(Outcome::Hold)));
    assert_eq!((row.products[0].sku.as_str(), row.products[0].quantity), ("MUG", dec("1")));
    assert_eq!((row.case_id, row.hits.len()), (held.case_id, 3));
    assert_eq!(row.sale.customer.as_ref().unwrap().label, "A. A. · 1");
    // Who may not review sees no rule, who may not see cases none of them.
    let seen = &list(&viewer(), "").await.items[0];
    assert_eq!((seen.case_id, seen.outcome, seen.hits.len()), (held.case_id, Some(Outcome::Hold), 0));
    let sold = &list(&clerk(), "").await.items[0];
    assert_eq!((sold.case_id, sold.outcome, sold.hits.len()), (None, None, 0));

    assert_eq!((list(&admin(), "review=open").await.total, list(&admin(), "review=closed").await.total), (1, 0));
    desk.decide(held.case_id.unwrap(), Verdict::Legitimate, None).await.unwrap();
    assert_eq!((list(&admin(), "review=open").await.total, list(&admin(), "review=closed").await.total), (0, 1));
    desk.shop.clock.advance(Duration::hours(25));
    assert_eq!((list(&admin(), "").await.total, list(&admin(), "hours=26&review=all").await.total), (0, 1));
}
