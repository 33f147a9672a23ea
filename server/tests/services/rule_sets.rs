//! Rule sets are drafted, tried in shadow, published and judged again (`commerce.md` 3.4, 3.5, 3.6).

use crate::{
    dice::Dice,
    shop::{Shop, admin, at, dec, holding, viewer},
};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    clock::Clock,
    fraud::{
        Outcome,
        precision::PerformanceQuery,
        set::{CopyRuleSet, EditRule, EditRuleSet, RuleSetDetail, RuleSetsPort, SetState},
    },
    ids::{CustomerId, DecisionId, ProductId},
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale, SaleReceipt},
};
use rust_decimal::Decimal;
use server::services::fraud::RuleSetsService;
use sqlx::{PgPool, Row};
use std::sync::Arc;
use uuid::Uuid;

struct Desk {
    shop: Shop,
    sets: Arc<RuleSetsService>,
    mug: Uuid,
}

/// One of two who may publish.
fn manager(n: u128) -> Principal {
    #[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
    Principal::vouch(
        ActorKind::User,
        Some(Uuid::from_u128(n)),
        format!("manager {n}"),
        Rights::of(None, &[PermSet::FraudManager]),
        RequestTrace::default(),
    )
}

fn code(of: Result<RuleSetDetail, AppError>) -> ErrorCode {
    of.unwrap_err().code
}

impl Desk {
    async fn on(db: PgPool) -> Self {
        let shop = Shop::on(db);
        shop.set("sales.tax_rate", "0".into()).await;
        let mug = shop.product("MUG", "Mug", "10.00", Some(10_000)).await;
        let sets = Arc::new(RuleSetsService::new(shop.backend.clone()));
        sets.sets(&viewer()).await.unwrap();
        Self { sets, shop, mug }
    }

    async fn draft(&self, who: &Principal) -> i32 {
        let command = CopyRuleSet { copy_of: 1, name: None };
        self.sets.copy(who, &command, None).await.value.unwrap().row.number
    }

    async fn publish(&self, who: &Principal, number: i32) -> Result<RuleSetDetail, AppError> {
        self.sets.publish(who, number, None).await.value
    }

    async fn shadow(&self, number: i32) -> Result<RuleSetDetail, AppError> {
        self.sets.shadow(&admin(), number, None).await.value
    }

    async fn retire(&self, number: i32) -> Result<RuleSetDetail, AppError> {
        self.sets.retire(&admin(), number, None).await.value
    }

    async fn state(&self, number: i32) -> SetState {
        self.sets.set(&viewer(), number).await.unwrap().row.state
    }

    /// A backtest of what the set says now, in `state`, that ended so long ago.
    async fn backtest(&self, number: i32, state: &str, ago: Duration) {
        sqlx::query(
            "insert into sales.fraud_backtests (id, rule_set_id, content_hash, parameters, state, report, by, created_at, finished_at)
             select gen_random_uuid(), id, content_hash, '{}', $2, case when $2 = 'finished' then '{}'::jsonb end, 'test', $3,
                    case when $2 = 'finished' then $3 end
             from sales.fraud_rule_sets where number = $1",
        )
        .bind(number)
        .bind(state)
        .bind(self.shop.clock.now() - ago)
        .execute(&self.shop.db)
        .await
        .unwrap();
    }

    async fn publisher(&self, email: &str, role: Option<Role>, set: Option<PermSet>) {
        sqlx::query(
            "with u as (insert into access.users (id, email, display_name, role, created_at, updated_at)
                        values (gen_random_uuid(), $1, $1, $2, '2026-01-01', '2026-01-01') returning id)
             insert into access.grants (id, user_id, permission_set, scope_kind, scope_ids, granted_by, granted_at)
             select gen_random_uuid(), u.id, $3, 'all', '{}', 'test', '2026-01-01' from u where $3 is not null",
        )
        .bind(email)
        .bind(role.map(Role::as_str))
        .bind(set.map(PermSet::as_str))
        .execute(&self.shop.db)
        .await
        .unwrap();
    }

    async fn sell(&self, customer: Option<Uuid>, price: &str) -> SaleReceipt {
        let line = RecordLine {
            product_id: ProductId(self.mug),
            quantity: Decimal::ONE,
            unit_price: Some(dec(price)),
            discount: Decimal::ZERO,
        };
        let sale = RecordSale {
            customer_id: customer.map(CustomerId),
            lines: vec![line],
            payment_method: Some(PaymentMethod::Cash),
            ..RecordSale::default()
        };
        self.shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap()
    }
}

fn rule(code: &str, formula: &str, points: i64) -> EditRule {
    EditRule {
        code: code.into(),
        name: code.into(),
        text: code.into(),
        formula: Some(formula.into()),
        expression: None,
        points: points.into(),
        times: None,
        enabled: true,
    }
}

fn edit(version: i32, rules: Vec<EditRule>) -> EditRuleSet {
    EditRuleSet {
        name: "Mine".into(),
        review_at: Some(30.into()),
        hold_at: Some(60.into()),
        decline_at: Some(85.into()),
        note: Some("a try".into()),
        learned_model: None,
        rules,
        version: Some(version),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_draft_is_a_copy_that_is_edited_under_a_lock_and_compared_with_the_live_set(db: PgPool) {
    let desk = Desk::on(db).await;
    let states: Vec<_> = desk.sets.sets(&viewer()).await.unwrap().iter().map(|set| (set.number, set.state)).collect();
    assert_eq!(states, [(1, SetState::Live), (0, SetState::Retired)]);
    let forbidden = desk.sets.copy(&viewer(), &CopyRuleSet { copy_of: 1, name: None }, None).await.value;
    assert_eq!(code(forbidden), ErrorCode::Forbidden);
    let nothing = desk.sets.copy(&admin(), &CopyRuleSet { copy_of: 9, name: None }, None).await.value.unwrap_err();
    assert_eq!(nothing.fields[0].path, "copy_of");

    let number = desk.draft(&admin()).await;
    let (live, copy) = (desk.sets.set(&viewer(), 1).await.unwrap(), desk.sets.set(&viewer(), number).await.unwrap());
    assert_eq!((copy.row.number, copy.row.state, copy.row.rule_count), (2, SetState::Draft, 16));
    assert_eq!(copy.row.content_hash, live.row.content_hash, "the same rules");
    assert!(desk.sets.screen(&admin(), number).await.unwrap().diff.unwrap().is_empty());

    let rules = vec![rule("large", "amount > 5 * cust_mean_90d and cust_orders_90d >= 5", 40)];
    let edited = desk.sets.edit(&admin(), number, &edit(1, rules.clone())).await.unwrap();
    assert_eq!((edited.row.version, edited.rules.len(), edited.note.as_deref()), (2, 1, Some("a try")));
    assert_eq!(edited.rules[0].formula, "amount > 5 * cust_mean_90d and cust_orders_90d >= 5");
    assert_ne!(edited.row.content_hash, live.row.content_hash);
    let late = desk.sets.edit(&admin(), number, &edit(1, rules.clone())).await.unwrap_err();
    assert_eq!((late.code, late.message.contains("test@example.com")), (ErrorCode::Conflict, true), "{late:?}");
    let bad = desk.sets.edit(&admin(), number, &edit(2, vec![rule("large", "amount >", 40)])).await.unwrap_err();
    assert_eq!((bad.code, bad.fields[0].path.as_str()), (ErrorCode::Validation, "rules[0].formula"));
    let diff = desk.sets.screen(&admin(), number).await.unwrap().diff.unwrap();
    assert_eq!((diff.live, diff.added.len(), diff.removed.len(), diff.changed.len()), (1, 1, 16, 0));

    for (who, number, wanted) in [
        (viewer(), 2, ErrorCode::Forbidden),
        (admin(), 1, ErrorCode::Conflict),
        (admin(), 0, ErrorCode::Conflict),
        (admin(), 7, ErrorCode::NotFound),
    ] {
        assert_eq!(code(desk.sets.edit(&who, number, &edit(1, rules.clone())).await), wanted, "{number}");
    }
    let told = desk
        .shop
        .count("select count(*) from ops.audit_log where action in ('fraud.rule_set_create', 'fraud.rule_set_edit')")
        .await;
    assert_eq!(told, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn publishing_needs_a_backtest_of_exactly_these_rules_within_seven_days(db: PgPool) {
    let desk = Desk::on(db).await;
    let number = desk.draft(&admin()).await;
    let refused = |error: AppError| (error.code, error.message.contains("/fraud/backtests"));
    assert_eq!(refused(desk.publish(&admin(), number).await.unwrap_err()), (ErrorCode::Conflict, true));
    desk.backtest(number, "running", Duration::zero()).await;
    desk.backtest(number, "finished", Duration::days(7) + Duration::seconds(1)).await;
    assert_eq!(refused(desk.publish(&admin(), number).await.unwrap_err()), (ErrorCode::Conflict, true));
    desk.backtest(number, "finished", Duration::days(7)).await;
    assert!(desk.sets.screen(&admin(), number).await.unwrap().backtested_at.is_some());
    // Of other rules it says nothing.
    desk.sets.edit(&admin(), number, &edit(1, vec![rule("large", "amount > 15", 30)])).await.unwrap();
    assert_eq!(refused(desk.publish(&admin(), number).await.unwrap_err()), (ErrorCode::Conflict, true));
    desk.backtest(number, "finished", Duration::days(1)).await;
    assert_eq!(code(desk.publish(&viewer(), number).await), ErrorCode::Forbidden);
    let live = desk.publish(&admin(), number).await.unwrap();
    assert_eq!((live.row.state, live.row.published_by.as_deref()), (SetState::Live, Some("test@example.com")));
    assert_eq!(desk.state(1).await, SetState::Retired);
    assert_eq!(desk.sell(None, "20").await.fraud_outcome, Outcome::Review, "it judges from now on");
    // Back to the built-in one: with a backtest, too.
    desk.shop.clock.advance(Duration::hours(1));
    sqlx::query("delete from sales.fraud_backtests where content_hash = (select content_hash from sales.fraud_rule_sets where number = 1)")
        .execute(&desk.shop.db)
        .await
        .unwrap();
    assert_eq!(refused(desk.publish(&admin(), 1).await.unwrap_err()), (ErrorCode::Conflict, true));
    desk.backtest(1, "finished", Duration::zero()).await;
    desk.publish(&admin(), 1).await.unwrap();
    assert_eq!((desk.state(1).await, desk.state(number).await), (SetState::Live, SetState::Retired));
    assert_eq!(code(desk.publish(&admin(), 1).await), ErrorCode::Conflict, "live already");
    let told = desk.shop.count("select count(*) from ops.audit_log where action = 'fraud.rule_set_publish'").await;
    assert_eq!(told, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn where_two_may_publish_the_last_editor_may_not(db: PgPool) {
    let desk = Desk::on(db).await;
    desk.publisher("one@mill.example", None, Some(PermSet::FraudManager)).await;
    desk.publisher("analyst@mill.example", None, Some(PermSet::FraudAnalyst)).await;
    let number = desk.draft(&manager(7)).await;
    desk.backtest(number, "finished", Duration::zero()).await;
    assert!(!desk.sets.screen(&manager(7), number).await.unwrap().own_edit, "nobody else could");
    desk.publisher("two@mill.example", Some(Role::Admin), None).await;
    assert!(desk.sets.screen(&manager(7), number).await.unwrap().own_edit);
    assert_eq!(code(desk.publish(&manager(7), number).await), ErrorCode::Forbidden);
    assert_eq!(desk.state(number).await, SetState::Draft);
    desk.publish(&manager(8), number).await.unwrap();
    // Who is switched off is nobody.
    let next = desk.draft(&manager(7)).await;
    desk.backtest(next, "finished", Duration::zero()).await;
    sqlx::query("update access.users set is_active = false where email = 'two@mill.example'")
        .execute(&desk.shop.db)
        .await
        .unwrap();
    desk.publish(&manager(7), next).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_who_publish_at_the_same_time_one_is_told_so(db: PgPool) {
    let desk = Desk::on(db).await;
    let drafts = [desk.draft(&admin()).await, desk.draft(&admin()).await];
    desk.backtest(1, "finished", Duration::zero()).await;
    // Both have seen set 1 live, and wait.
    let mut gate = desk.shop.db.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('fraud_rule_sets', 11))")
        .execute(&mut *gate)
        .await
        .unwrap();
    let both = drafts.map(|number| {
        let sets = Arc::clone(&desk.sets);
        tokio::spawn(async move { sets.publish(&admin(), number, None).await.value })
    });
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
                   and database = (select oid from pg_database where datname = current_database())";
    while desk.shop.count(waiting).await < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    gate.commit().await.unwrap();
    let answers: Vec<_> = futures::future::join_all(both).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let refused = answers.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refused.code, ErrorCode::Conflict, "{refused:?}");
    assert_eq!(desk.shop.count("select count(*) from sales.fraud_rule_sets where state = 'live'").await, 1);
    assert_eq!(desk.state(1).await, SetState::Retired);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_set_goes_from_draft_to_shadow_to_live_to_retired_and_is_never_changed_after(db: PgPool) {
    let desk = Desk::on(db).await;
    let (first, second) = (desk.draft(&admin()).await, desk.draft(&admin()).await);
    assert_eq!(code(desk.sets.shadow(&viewer(), first, None).await.value), ErrorCode::Forbidden);
    desk.shadow(first).await.unwrap();
    assert_eq!(code(desk.sets.edit(&admin(), first, &edit(2, vec![])).await), ErrorCode::Conflict);
    assert_eq!(code(desk.shadow(first).await), ErrorCode::Conflict);
    desk.shadow(second).await.unwrap();
    assert_eq!(
        (desk.state(first).await, desk.state(second).await),
        (SetState::Retired, SetState::Shadow),
        "one at most"
    );
    assert_eq!(code(desk.shadow(first).await), ErrorCode::Conflict, "only a draft");
    assert_eq!(code(desk.retire(1).await), ErrorCode::Conflict, "somebody must judge");
    assert_eq!(code(desk.sets.retire(&viewer(), second, None).await.value), ErrorCode::Forbidden);
    desk.backtest(second, "finished", Duration::zero()).await;
    desk.publish(&admin(), second).await.unwrap();
    assert_eq!((desk.state(1).await, desk.state(second).await), (SetState::Retired, SetState::Live));
    let third = desk.draft(&admin()).await;
    desk.shadow(third).await.unwrap();
    desk.retire(third).await.unwrap();
    assert_eq!(code(desk.retire(third).await), ErrorCode::Conflict);
    assert_eq!(code(desk.sets.edit(&admin(), third, &edit(3, vec![])).await), ErrorCode::Conflict);
    let places = "select count(*) from sales.fraud_rule_sets where state in ('live', 'shadow')";
    assert_eq!(desk.shop.count(places).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_set_in_shadow_judges_in_silence_and_a_fault_of_it_touches_no_sale(db: PgPool) {
    let desk = Desk::on(db).await;
    let number = desk.draft(&admin()).await;
    let rules = vec![rule("large", "amount > 9", 90), rule("small", "amount < 5", 10)];
    desk.sets.edit(&admin(), number, &edit(1, rules)).await.unwrap();
    desk.sell(None, "10").await;
    desk.shadow(number).await.unwrap();
    let sold = desk.sell(None, "10").await;
    assert_eq!((sold.fraud_outcome, sold.is_suspicious, sold.hits.len()), (Outcome::Approve, false, 0));
    let stored: Vec<Option<serde_json::Value>> =
        sqlx::query_scalar("select shadow from sales.fraud_decisions order by at, id")
            .fetch_all(&desk.shop.db)
            .await
            .unwrap();
    let shadow = serde_json::json!({"rule_set": number, "points": "90", "outcome": "decline", "hits": ["large"]});
    assert!(stored.contains(&None) && stored.contains(&Some(shadow)), "{stored:?}");
    // Alike is no difference.
    desk.sell(None, "8.50").await;
    let screen = desk.sets.screen(&admin(), number).await.unwrap();
    let swaps = screen.swaps.unwrap();
    assert_eq!((swaps.judged, swaps.differ, swaps.items.len()), (2, 1, 1));
    let swap = &swaps.items[0];
    assert_eq!(
        (swap.transaction_id, swap.outcome, swap.shadow_outcome),
        (sold.transaction_id, Outcome::Approve, Outcome::Decline)
    );
    assert_eq!(swap.shadow_hits, ["large"]);
    let precision: Vec<_> = screen.precision.iter().map(|rule| (rule.code.as_str(), rule.hits)).collect();
    assert_eq!(precision, [("large", 1)]);
    assert_eq!(desk.sets.screen(&viewer(), number).await.unwrap().swaps, None, "hits are for reviewers");

    sqlx::query("update sales.fraud_rules r set expression = '{\"nonsense\": 1}' from sales.fraud_rule_sets s where s.id = r.rule_set_id and s.number = $1")
        .bind(number)
        .execute(&desk.shop.db)
        .await
        .unwrap();
    let sold = desk.sell(None, "10").await;
    assert_eq!((sold.fraud_outcome, sold.case_id), (Outcome::Approve, None));
    assert_eq!(desk.shop.count("select count(*) from sales.fraud_decisions where shadow is not null").await, 2);
}

/// Example 17: the sales of a history, judged again.
#[sqlx::test(migrations = "../migrations")]
async fn every_sale_of_a_history_judged_again_comes_to_the_same_byte_for_byte(db: PgPool) {
    let desk = Desk::on(db).await;
    let mut people = vec![None];
    for name in ["Ann", "Bob", "Cy"] {
        people.push(Some(desk.shop.customer(name, "Archer", None).await));
    }
    let mut dice = Dice(17);
    for n in 0..60 {
        desk.shop.clock.advance(Duration::minutes(1 + i64::try_from(dice.below(dice_span(n))).unwrap()));
        let price = dice.one_of(&["10", "9.99", "12.50", "31.07", "250", "1.01"]);
        desk.sell(dice.one_of(&people), price).await;
        if n == 30 {
            let number = desk.draft(&admin()).await;
            let rules =
                vec![rule("often", "cust_count_24h / 3 > 1.1", 35), rule("usual", "amount > 3 * cust_mean_30d", 30)];
            desk.sets.edit(&admin(), number, &edit(1, rules)).await.unwrap();
            desk.backtest(number, "finished", Duration::zero()).await;
            desk.publish(&admin(), number).await.unwrap();
        }
    }
    let decisions: Vec<(Uuid, i32, i32)> = sqlx::query_as(
        "select d.id, s.number, jsonb_array_length(d.hits) from sales.fraud_decisions d join sales.fraud_rule_sets s on s.id = d.rule_set_id",
    )
    .fetch_all(&desk.shop.db)
    .await
    .unwrap();
    assert_eq!(decisions.len(), 60);
    assert!((1..=2).all(|set| decisions.iter().any(|d| d.1 == set && d.2 > 0)), "both sets have hit: {decisions:?}");
    for (id, set, hits) in &decisions {
        let replay = desk.sets.replay(&admin(), DecisionId(*id)).await.unwrap();
        assert!(replay.identical && replay.differs.is_empty(), "{replay:?}");
        assert_eq!((replay.rule_set, replay.replayed.hits.len()), (*set, usize::try_from(*hits).unwrap()));
    }

    // What was changed behind its back is seen, and where.
    let hit = decisions.iter().find(|d| d.2 > 0).unwrap().0;
    let tampered = |sql: &'static str| sqlx::query(sql).bind(hit).execute(&desk.shop.db);
    tampered("update sales.fraud_decisions set points = 1 where id = $1").await.unwrap();
    let replay = desk.sets.replay(&admin(), DecisionId(hit)).await.unwrap();
    assert_eq!((replay.identical, replay.differs), (false, vec!["points".to_owned()]));
    tampered("update sales.fraud_decisions set hits = jsonb_set(hits, '{0,text}', '\"another\"'), outcome = 'decline' where id = $1")
        .await
        .unwrap();
    let replay = desk.sets.replay(&admin(), DecisionId(hit)).await.unwrap();
    assert_eq!(replay.differs, ["hits", "points", "outcome"]);
    assert_eq!(desk.sets.replay(&viewer(), DecisionId(hit)).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(desk.sets.replay(&admin(), DecisionId(Uuid::nil())).await.unwrap_err().code, ErrorCode::NotFound);

    sqlx::query("alter table sales.amount_stats rename to amount_stats_gone").execute(&desk.shop.db).await.unwrap();
    let unjudged = desk.sell(None, "10").await;
    let case = unjudged.case_id.unwrap();
    assert_eq!(desk.sets.replay_of_case(&admin(), case).await.unwrap(), None, "no set has judged it");
    let decision = sqlx::query("select id from sales.fraud_decisions where transaction_id = $1")
        .bind(unjudged.transaction_id.0)
        .fetch_one(&desk.shop.db)
        .await
        .unwrap();
    let error = desk.sets.replay(&admin(), DecisionId(decision.get(0))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
}

/// Now close together, now days apart.
fn dice_span(n: u32) -> u64 {
    if n % 7 < 5 { 3 } else { 4_000 }
}

#[sqlx::test(migrations = "../migrations")]
async fn precision_is_what_was_confirmed_of_what_was_decided_counted_by_hand(db: PgPool) {
    let desk = Desk::on(db).await;
    // 50 sales hit "a": 30 confirmed, 10 legitimate, 5 inconclusive, 5 not decided. Of the first 20 of them "b" hit, too: all
    // confirmed. "c" hit one of another time. One case is decided a second time: the later verdict counts.
    sqlx::query(
        "with t as (
             insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                 occurred_at, recognised_at, entry, created_at, updated_at)
             select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, s.id, 'approved', 'USD', n, 0, n, 0, 0, n, 1, 1, $1, $1,
                    'api', $1, $1
             from generate_series(1, 51) n, stock.sites s where s.is_default returning id, total::int as n
         ), d as (
             insert into sales.fraud_decisions (id, transaction_id, rule_set_id, features, hits, points, outcome, took_ms, engine_version, at)
             select gen_random_uuid(), t.id, s.id, '{}',
                    case when n = 51 then '[{\"code\": \"c\"}]' when n <= 20 then '[{\"code\": \"a\"}, {\"code\": \"b\"}]'
                         else '[{\"code\": \"a\"}]' end::jsonb,
                    30, 'review', 1, 'test', case when n = 51 then $1 - interval '100 days' else $1 end
             from t, sales.fraud_rule_sets s where s.number = 1
         )
         insert into sales.fraud_cases (id, transaction_id, reason, state, due_at, verdict, closed_at, created_at)
         select gen_random_uuid(), t.id, 'review', case when n <= 45 then 'closed' else 'open' end, $1,
                case when n <= 30 then 'confirmed_fraud' when n <= 40 then 'legitimate' when n <= 45 then 'inconclusive' end,
                case when n <= 45 then $1 end, $1
         from t",
    )
    .bind(at("2026-10-01T12:00:00Z"))
    .execute(&desk.shop.db)
    .await
    .unwrap();
    let again = |n: i32, verdict: &'static str, when: &'static str| {
        sqlx::query(
            "insert into sales.fraud_cases (id, transaction_id, reason, state, due_at, verdict, closed_at, created_at)
             select gen_random_uuid(), id, 'flagged', 'closed', $2, $3, $2, $2 from sales.transactions where total = $1",
        )
        .bind(Decimal::from(n))
        .bind(at(when))
        .bind(verdict)
        .execute(&desk.shop.db)
    };
    again(40, "confirmed_fraud", "2026-10-02T12:00:00Z").await.unwrap();
    again(39, "inconclusive", "2026-10-02T12:00:00Z").await.unwrap();

    let asked = PerformanceQuery::default();
    let told = desk.sets.performance(&admin(), &asked).await.unwrap();
    assert_eq!((told.from.to_string(), told.to.to_string()), ("2026-07-09".into(), "2026-10-06".into()));
    let rows: Vec<_> = told
        .items
        .iter()
        .map(|r| (r.code.as_str(), r.hits, r.confirmed, r.legitimate, r.n, r.precision, r.low, r.high, r.rank))
        .collect();
    // Wilson by hand: 31 of 40 is 0.775, (0.6250, 0.8768); 20 of 20 is 1, (0.8389, 1).
    assert_eq!(
        rows,
        [
            ("a", 50, 31, 9, 40, Some(0.775), Some(0.625), Some(0.8768), Some(1)),
            ("b", 20, 20, 0, 20, Some(1.0), Some(0.8389), Some(1.0), None),
        ]
    );
    let all = PerformanceQuery { from: Some("2026-06-01".parse().unwrap()), rule_set: Some(1), ..asked };
    let all = desk.sets.performance(&admin(), &all).await.unwrap().items;
    assert_eq!(all.iter().map(|r| (r.code.as_str(), r.n, r.precision)).next_back(), Some(("c", 0, None)));
    let none = PerformanceQuery { rule_set: Some(0), ..asked };
    assert_eq!(desk.sets.performance(&admin(), &none).await.unwrap().items, []);
    let backwards = PerformanceQuery { from: Some("2027-01-01".parse().unwrap()), ..asked };
    assert_eq!(desk.sets.performance(&admin(), &backwards).await.unwrap_err().code, ErrorCode::Validation);
    assert_eq!(desk.sets.performance(&viewer(), &asked).await.unwrap_err().code, ErrorCode::Forbidden);
    let nobody = holding(Rights::default());
    assert_eq!(desk.sets.sets(&nobody).await.unwrap_err().code, ErrorCode::Forbidden);
}
