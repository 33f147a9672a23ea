//! Learned scores in rule sets: chosen for a draft, judging in shadow and live, judged again, tried, and learned anew
//! (`commerce.md` 3.4, 6).

use crate::shop::{Shop, admin, at, dec, viewer};
use chrono::{Duration, NaiveDate};
use domain::{
    ErrorCode,
    clock::Clock,
    fraud::{
        Outcome,
        backtest::{BacktestDetail, BacktestState, BacktestsPort, NewBacktest, Source},
        set::{CopyRuleSet, EditRuleSet, RuleSetDetail, RuleSetsPort, SetState},
        set_form::SetForm,
    },
    ids::{BacktestId, DecisionId, JobId, ProductId},
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale, SaleQuery, SaleReceipt},
};
use rust_decimal::Decimal;
use server::services::fraud::{
    BacktestsService, RuleSetsService, backtesting,
    training::{self, Trained},
};
use sqlx::{PgPool, Row};
use uuid::Uuid;

struct Desk {
    shop: Shop,
    sets: RuleSetsService,
    backtests: BacktestsService,
    mug: Uuid,
}

impl Desk {
    async fn on(db: PgPool) -> Self {
        server::database::migrations::queue(&db.connect_options()).await.unwrap();
        let shop = Shop::on(db);
        shop.set("sales.tax_rate", "0".into()).await;
        let mug = shop.product("MUG", "Mug", "10.00", Some(10_000)).await;
        let sets = RuleSetsService::new(shop.backend.clone());
        sets.sets(&viewer()).await.unwrap();
        Self { sets, backtests: BacktestsService::new(shop.backend.clone()), mug, shop }
    }

    /// A score that looks at the amount alone: log odds −1 + 2 · (amount − 50) / 50. Learned from 30 days.
    async fn model(&self) -> i32 {
        sqlx::query_scalar(
            "insert into sales.fraud_models (id, inputs, intercept, coefficients, means, scales, trained_from, trained_to, n, positives,
                                             auc, ap, hash, by, created_at)
             values (gen_random_uuid(), '[]', -1, '[2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]', '[50,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]',
                     '[50,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]', '2026-07-01', '2026-07-31', 5000, 300, 0.9, 0.5, 'amounts', 'test', '2026-08-01')
             returning number",
        )
        .fetch_one(&self.shop.db)
        .await
        .unwrap()
    }

    /// A copy of the standard set that uses the score.
    async fn draft(&self, model: i32) -> RuleSetDetail {
        let copied = self.sets.copy(&admin(), &CopyRuleSet { copy_of: 1, name: None }, None).await.value.unwrap();
        self.sets.edit(&admin(), copied.row.number, &using(&copied, Some(model))).await.unwrap()
    }

    async fn tried(&self, rule_set: i32) -> BacktestDetail {
        let today = self.shop.clock.now().date_naive();
        let new = NewBacktest {
            rule_set,
            source: Source::Own,
            dataset_id: None,
            from: today,
            to: today,
            label_delay_days: 7,
            train: None,
            k: 100,
        };
        let id = self.backtests.start(&admin(), new, None).await.value.unwrap().id;
        backtesting::run(&self.shop.backend, id, "admin", &()).await.unwrap();
        self.backtests.backtest(&admin(), id).await.unwrap()
    }

    async fn live_with_model(&self, model: i32) -> i32 {
        self.sell(1).await;
        let number = self.draft(model).await.row.number;
        self.tried(number).await;
        self.sets.publish(&admin(), number, None).await.value.unwrap();
        number
    }

    /// So many mugs at their price.
    async fn sell(&self, mugs: i64) -> SaleReceipt {
        let line = RecordLine {
            product_id: ProductId(self.mug),
            quantity: mugs.into(),
            unit_price: None,
            discount: Decimal::ZERO,
        };
        let sale = RecordSale { lines: vec![line], payment_method: Some(PaymentMethod::Cash), ..RecordSale::default() };
        self.shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap()
    }

    /// Id, probability, points and shadow of the latest decision.
    async fn decided(&self, sale: &SaleReceipt) -> (Uuid, Option<Decimal>, Decimal, Option<serde_json::Value>) {
        let row =
            sqlx::query("select id, learned_p, points, shadow from sales.fraud_decisions where transaction_id = $1")
                .bind(sale.transaction_id.0)
                .fetch_one(&self.shop.db)
                .await
                .unwrap();
        (row.get(0), row.get(1), row.get::<Decimal, _>(2).normalize(), row.get(3))
    }

    /// Sales of the days before the last fortnight, most days ago first: `frauds` of 900 and the others of about 20,
    /// each with a label an hour later; and one of each on every day of the fortnight.
    async fn labelled(&self, others: i32, frauds: i32) {
        sqlx::query(
            "with made as (
                 insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                                                 occurred_at, recognised_at, entry, created_at, updated_at)
                 select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', a, 0, a, 0, 0, a, 1, 1, t, t, 'api', t, t
                 from (select 900 + n % 7 as a, $3::timestamptz - interval '16 days' - n * interval '1 minute' as t
                       from generate_series(1, $1) n
                       union all
                       select 20 + n % 11, $3::timestamptz - interval '15 days' - n * interval '2 minutes' from generate_series(1, $2) n
                       union all
                       select a, $3::timestamptz - n * interval '1 day' from generate_series(1, 14) n, (values (25), (905)) v (a)) s
                 returning id, occurred_at, total
             )
             insert into sales.fraud_labels (transaction_id, known_at, label, source)
             select id, occurred_at + interval '1 hour', case when total > 500 then 'confirmed_fraud' else 'legitimate' end, 'import'
             from made",
        )
        .bind(frauds)
        .bind(others)
        .bind(self.shop.clock.now())
        .execute(&self.shop.db)
        .await
        .unwrap();
    }

    async fn train(&self) -> Trained {
        training::train(&self.shop.backend, &admin(), JobId(Uuid::now_v7()), &()).await.unwrap()
    }
}

/// The draft as its form sends it, with this score.
fn using(set: &RuleSetDetail, model: Option<i32>) -> EditRuleSet {
    let mut form = SetForm::of(set);
    form.learned_model = model.map(|number| number.to_string()).unwrap_or_default();
    form.read(Some(set.row.version)).unwrap()
}

/// 1 / (1 + e^−1) of 100.00: 43.86 points.
#[sqlx::test(migrations = "../migrations")]
async fn a_score_judges_in_shadow_and_live_and_is_judged_again(db: PgPool) {
    let desk = Desk::on(db).await;
    let model = desk.model().await;
    let first = desk.sets.set(&viewer(), 1).await.unwrap();
    let draft = desk.draft(model).await;
    assert_eq!(draft.row.learned_model, Some(model));
    assert_ne!(draft.row.content_hash, first.row.content_hash, "a backtest without the score says nothing about it");
    let screen = desk.sets.screen(&admin(), draft.row.number).await.unwrap();
    let differs = &screen.diff.unwrap().thresholds;
    assert_eq!((differs[0].what.as_str(), differs[0].before.as_str()), ("Learned score", "none"));
    assert_eq!(screen.models.len(), 1);
    assert_eq!(
        screen.models[0].label(),
        format!("{model}: own sales, 2026-07-01 to 2026-07-30, average precision 0.500")
    );
    assert_eq!(desk.sets.models(&viewer()).await.unwrap(), screen.models);

    // In shadow it changes nothing.
    desk.sets.shadow(&admin(), draft.row.number, None).await.value.unwrap();
    let sold = desk.sell(10).await;
    let (_, learned, points, shadow) = desk.decided(&sold).await;
    let shadow = shadow.unwrap();
    assert_eq!((learned, points), (None, Decimal::ZERO));
    assert_eq!(
        (&shadow["learned"], &shadow["points"], &shadow["outcome"]),
        (&"0.731059".into(), &"43.86".into(), &"review".into())
    );

    // Tried, it comes to the same for the same sale.
    let tried = desk.tried(draft.row.number).await;
    let report = tried.report.unwrap();
    assert_eq!((report.attached, report.sales), (Some(model), 1));
    assert_eq!(report.thresholds.iter().find(|row| row.points == Decimal::from(40)).unwrap().sales, 1);
    assert_eq!(
        report.differences.iter().map(|of| (of.live, of.tried, of.sales)).collect::<Vec<_>>(),
        [(Outcome::Approve, Outcome::Review, 1)]
    );

    desk.sets.publish(&admin(), draft.row.number, None).await.value.unwrap();
    let sold = desk.sell(10).await;
    let (decision, learned, points, _) = desk.decided(&sold).await;
    assert_eq!((learned, points), (Some(dec("0.731059")), dec("43.86")));
    assert!(sold.case_id.is_some(), "43.86 points are reviewed");
    let rows = desk.shop.sales.list(&viewer(), &SaleQuery::default()).await.unwrap().page.items;
    // Both were sold at the same moment.
    let outcome = |second: bool| rows.iter().find(|row| (row.id == sold.transaction_id) == second).unwrap().outcome;
    assert_eq!((rows.len(), outcome(true), outcome(false)), (2, Some(Outcome::Review), Some(Outcome::Approve)));
    let shown = desk.shop.sales.detail(&admin(), sold.transaction_id).await.unwrap().unwrap().decision.unwrap();
    assert_eq!((shown.learned, shown.rule_set), (Some(dec("0.731059")), Some(draft.row.number)));
    let hidden = desk.shop.sales.detail(&viewer(), sold.transaction_id).await.unwrap().unwrap().decision;
    assert_eq!(hidden.and_then(|of| of.learned), None, "what a score saw is for reviewers");

    let again = desk.sets.replay(&admin(), DecisionId(decision)).await.unwrap();
    assert!(again.identical, "{again:?}");
    assert_eq!(again.replayed.learned, Some(dec("0.731059")));
    sqlx::query("update sales.fraud_models set intercept = 0").execute(&desk.shop.db).await.unwrap();
    let again = desk.sets.replay(&admin(), DecisionId(decision)).await.unwrap();
    assert_eq!(again.differs, ["learned", "points"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_score_that_is_none_is_refused_and_a_broken_one_stops_no_sale(db: PgPool) {
    let desk = Desk::on(db).await;
    let model = desk.model().await;
    let draft = desk.draft(model).await;
    let refused = desk.sets.edit(&admin(), draft.row.number, &using(&draft, Some(99))).await.unwrap_err();
    assert_eq!((refused.code, refused.fields[0].path.as_str()), (ErrorCode::Validation, "learned_model"));
    assert_eq!(desk.sets.set(&admin(), draft.row.number).await.unwrap().row.learned_model, Some(model));
    let without = desk.sets.edit(&admin(), draft.row.number, &using(&draft, None)).await.unwrap();
    assert_eq!(without.row.content_hash, desk.sets.set(&admin(), 1).await.unwrap().row.content_hash);

    let broken = desk.draft(model).await;
    desk.sets.shadow(&admin(), broken.row.number, None).await.value.unwrap();
    sqlx::query("update sales.fraud_models set means = '[1]'").execute(&desk.shop.db).await.unwrap();
    let (.., shadow) = desk.decided(&desk.sell(1).await).await;
    assert_eq!(shadow, None, "a set in shadow that cannot judge is left out");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_score_in_use_is_learned_anew_as_a_draft(db: PgPool) {
    let desk = Desk::on(db).await;
    assert!(matches!(desk.train().await, Trained::Not(why) if why.contains("No rule set")));
    let model = desk.model().await;
    let live = desk.live_with_model(model).await;
    assert!(matches!(desk.train().await, Trained::Not(why) if why.contains("No sale was recorded from")));

    desk.labelled(2_300, 250).await;
    let Trained::Draft { set, model: anew } = desk.train().await else { panic!("a draft") };
    let draft = desk.sets.set(&admin(), set).await.unwrap();
    assert_eq!((draft.row.state, draft.row.learned_model), (SetState::Draft, Some(anew)));
    assert_eq!(draft.row.name, "Standard copy learned anew");
    assert_eq!(desk.sets.set(&admin(), live).await.unwrap().row.state, SetState::Live, "it judges by nothing new");
    let kept = desk.sets.models(&admin()).await.unwrap().into_iter().find(|of| of.number == anew).unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    // Today is 6 October: measured from 22 September, learned from the 30 days before.
    assert_eq!((kept.trained.from, kept.trained.to), (day("2026-08-23"), day("2026-09-21")));
    assert_eq!((kept.labelled, kept.frauds, kept.roc_auc), (2_550, 250, Some(1.0)));
    assert!(matches!(desk.train().await, Trained::Not(why) if why.contains(&format!("Rule set {set} has"))));
}

#[sqlx::test(migrations = "../migrations")]
async fn too_few_labels_make_no_draft_and_say_so(db: PgPool) {
    let desk = Desk::on(db).await;
    let model = desk.model().await;
    desk.live_with_model(model).await;
    desk.labelled(300, 40).await;
    assert!(matches!(desk.train().await, Trained::Not(why) if why.contains("340 labelled sales and 40 frauds")));
    assert_eq!(desk.sets.models(&admin()).await.unwrap().len(), 1);
}

/// Cancelled before it began, it waits no longer.
#[sqlx::test(migrations = "../migrations")]
async fn a_backtest_ends_with_its_job(db: PgPool) {
    let desk = Desk::on(db).await;
    desk.sell(1).await;
    let day = at("2026-10-06T00:00:00Z").date_naive();
    let new = NewBacktest {
        rule_set: 1,
        source: Source::Own,
        dataset_id: None,
        from: day,
        to: day,
        label_delay_days: 7,
        train: None,
        k: 100,
    };
    let row = desk.backtests.start(&admin(), new, None).await.value.unwrap();
    assert_eq!(row.state, BacktestState::Queued);
    let ended = "update ops.job_runs set state = 'cancelled', finished_at = $2 where id = $1";
    let run = row.job_id.unwrap();
    let at = desk.shop.clock.now() + Duration::seconds(1);
    assert_eq!(sqlx::query(ended).bind(run.0).bind(at).execute(&desk.shop.db).await.unwrap().rows_affected(), 1);
    let shown = desk.backtests.backtest(&admin(), BacktestId(row.id.0)).await.unwrap().row;
    assert_eq!(shown.state, BacktestState::Failed);
    assert_eq!(shown.fault.unwrap(), "Its job ended without a report: cancelled.");
}
