//! Rule sets tried on the past (`commerce.md` 3.6): the rules agree with the live decision, history with the live
//! features, and the figures with what is published.

use crate::{
    dice::{Dice, seeds},
    shop::{Shop, admin, at, dec, viewer},
};
use chrono::{Duration, NaiveDate};
use domain::{
    AppError, ErrorCode,
    clock::Clock,
    fraud::{
        Constant, Expression, Feature, Features, Kind, Outcome, Rule, RuleSet, Thresholds,
        backtest::{BacktestDetail, BacktestState, BacktestsPort, Days, NewBacktest, Ranking, RankingRow, Source},
        decide,
    },
    ids::{BacktestId, DatasetId},
};
use engine::{
    calendar::BusinessZone,
    fraud::history::{History, Label, Past},
};
use rust_decimal::Decimal;
use server::services::fraud::{BacktestsService, NewDataset, backtesting, live_set};
use sqlx::PgPool;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};
use store::fraud::{
    backtests as rows,
    judged::Gathered,
    sets::{self, NewSet},
};
use uuid::Uuid;

struct Bench {
    shop: Shop,
    backtests: BacktestsService,
}

impl Bench {
    async fn on(db: PgPool) -> Self {
        server::database::migrations::queue(&db.connect_options()).await.unwrap();
        let shop = Shop::on(db);
        let mut connection = shop.db.acquire().await.unwrap();
        live_set(&mut connection, shop.clock.as_ref()).await.unwrap();
        Self { backtests: BacktestsService::new(shop.backend.clone()), shop }
    }

    /// A draft with these rules.
    async fn draft(&self, number: i32, rules: Vec<Rule>, thresholds: Thresholds) -> RuleSet {
        let set = RuleSet { number, name: format!("Set {number}"), thresholds, rules, learned_model: None };
        set.validate().unwrap();
        let mut connection = self.shop.db.acquire().await.unwrap();
        let new = NewSet {
            id: Uuid::now_v7(),
            set: &set,
            state: "draft",
            content_hash: &format!("hash {number}"),
            note: None,
            by: "test",
            by_id: None,
            at: self.shop.clock.now(),
        };
        assert!(sets::insert(&mut connection, &new).await.unwrap());
        set
    }

    async fn dataset(&self, bytes: Vec<u8>) -> Result<DatasetId, AppError> {
        let new = NewDataset { name: String::new(), file_name: "file.csv".into(), bytes, columns: BTreeMap::new() };
        Ok(self.backtests.receive(&admin(), new).await?.id)
    }

    async fn tried(&self, new: NewBacktest) -> BacktestDetail {
        let id = self.backtests.start(&admin(), new, None).await.value.unwrap().id;
        backtesting::run(&self.shop.backend, id, "admin", &()).await.unwrap();
        self.backtests.backtest(&admin(), id).await.unwrap()
    }

    async fn scores(&self, id: BacktestId) -> Vec<rows::Score> {
        let mut connection = self.shop.db.acquire().await.unwrap();
        rows::scores(&mut connection, id.0, -1, i64::MAX).await.unwrap()
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn trial(rule_set: i32, dataset: Option<DatasetId>, from: &str, to: &str) -> NewBacktest {
    NewBacktest {
        rule_set,
        source: if dataset.is_some() { Source::Dataset } else { Source::Own },
        dataset_id: dataset,
        from: day(from),
        to: day(to),
        label_delay_days: 7,
        train: None,
        k: 100,
    }
}

fn rule(code: &str, points: i64, expression: Expression) -> Rule {
    Rule {
        code: code.into(),
        name: code.into(),
        text: code.into(),
        expression,
        points: points.into(),
        times: None,
        enabled: true,
    }
}

fn above(limit: i64) -> Expression {
    Expression::Gt(Box::new(Expression::feature(Feature::Amount)), Box::new(Expression::number(limit)))
}

fn review_at(points: i64) -> Thresholds {
    Thresholds { review_at: Some(points.into()), ..Thresholds::default() }
}

// --- one tree, two evaluators -------------------------------------------------------------------

fn number(dice: &mut Dice) -> Decimal {
    let magnitude = [1, 10, 1_000, 1_000_000, 100_000_000_000_i64][usize::try_from(dice.below(5)).unwrap()];
    let whole = i64::try_from(dice.below(u64::try_from(magnitude).unwrap())).unwrap();
    let scale = u32::try_from(dice.below(5)).unwrap();
    let number = Decimal::new(whole, scale);
    if dice.once_in(4) { -number } else { number }
}

fn feature(dice: &mut Dice, kind: Kind) -> Feature {
    loop {
        let found = dice.one_of(Feature::ALL);
        if found.kind() == kind {
            return found;
        }
    }
}

fn numeric(dice: &mut Dice, depth: u64) -> Box<Expression> {
    let part = |dice: &mut Dice| numeric(dice, depth - 1);
    Box::new(match if depth == 0 { dice.below(2) } else { dice.below(6) } {
        0 => Expression::Feature(feature(dice, Kind::Number)),
        1 => Expression::Const(Constant::Number(number(dice))),
        2 => Expression::Add(part(dice), part(dice)),
        3 => Expression::Sub(part(dice), part(dice)),
        4 => Expression::Mul(part(dice), part(dice)),
        _ => Expression::Div(part(dice), part(dice)),
    })
}

fn truth(dice: &mut Dice, depth: u64) -> Expression {
    if depth == 0 {
        return Expression::Feature(feature(dice, Kind::Truth));
    }
    let several = |dice: &mut Dice| (0..=dice.below(2)).map(|_| truth(dice, depth - 1)).collect();
    let number_of = |dice: &mut Dice| numeric(dice, depth - 1);
    match dice.below(11) {
        0 => Expression::All(several(dice)),
        1 => Expression::Any(several(dice)),
        2 => Expression::Not(Box::new(truth(dice, depth - 1))),
        3 => Expression::Gt(number_of(dice), number_of(dice)),
        4 => Expression::Ge(number_of(dice), number_of(dice)),
        5 => Expression::Lt(number_of(dice), number_of(dice)),
        6 => Expression::Le(number_of(dice), number_of(dice)),
        7 => Expression::Eq(number_of(dice), number_of(dice)),
        8 => Expression::Ne(Box::new(truth(dice, depth - 1)), Box::new(truth(dice, depth - 1))),
        9 => {
            let list = (0..3).map(|_| Constant::Number(number(dice))).collect();
            Expression::In(number_of(dice), list)
        }
        _ => Expression::Between(number_of(dice), number_of(dice), number_of(dice)),
    }
}

fn known(dice: &mut Dice) -> Features {
    let mut known = Features::default();
    for feature in Feature::ALL {
        if dice.once_in(4) {
            continue;
        }
        match feature.kind() {
            // Few different ones, so that comparisons meet their edge.
            Kind::Number if dice.once_in(2) => known.set(*feature, Some(i64::try_from(dice.below(4)).unwrap())),
            Kind::Number => known.set(*feature, Some(number(dice).abs())),
            Kind::Truth => known.set(*feature, Some(dice.once_in(3))),
        }
    }
    known
}

/// 10,000 sales under random trees: the database comes to what the live decision comes to, on every one.
#[sqlx::test(migrations = "../migrations")]
async fn both_evaluators_agree_on_random_rules_and_sales(db: PgPool) {
    for seed in seeds(4) {
        let mut dice = Dice(seed);
        let mut rules = Vec::new();
        while rules.len() < 25 {
            let depth = dice.below(5) + 1;
            let expression = truth(&mut dice, depth);
            if expression.check("expression").is_ok() {
                let points = i64::try_from(dice.below(30)).unwrap();
                let times = dice.once_in(5).then(|| feature(&mut dice, Kind::Number));
                rules.push(Rule { times, ..rule(&format!("r{}", rules.len()), points, expression) });
            }
        }
        rules[3].enabled = false;
        // Points are told apart below the cap.
        for rule in &mut rules {
            rule.points = (rule.points / Decimal::from(7)).round_dp(2);
            rule.times = rule.times.filter(|of| *of == Feature::CustRiskScore);
        }
        let set = RuleSet {
            number: 9,
            name: "Random".into(),
            thresholds: Thresholds {
                review_at: Some(20.into()),
                hold_at: Some(35.into()),
                decline_at: seed.is_multiple_of(2).then(|| 60.into()),
            },
            rules,
            learned_model: None,
        };
        let sales: Vec<Features> = (0..2_500).map(|_| known(&mut dice)).collect();
        let mut tx = db.begin().await.unwrap();
        let mut gathered = Gathered::begin(&mut tx, &[&RuleSet::classic(), &set]).await.unwrap();
        let learned: Vec<Option<Decimal>> = sales
            .iter()
            .map(|_| dice.once_in(3).then(|| Decimal::new(i64::try_from(dice.below(1_000_000)).unwrap(), 6)))
            .collect();
        for (sale, learned) in sales.iter().zip(&learned) {
            if gathered.add(sale, &[Some(Decimal::ONE), *learned]) {
                gathered.send(&mut tx).await.unwrap();
            }
        }
        let verdicts = gathered.judge(&mut tx, &set, 1).await.unwrap();
        assert_eq!(verdicts.len(), sales.len());
        let mut hits = 0;
        for ((sale, learned), verdict) in sales.iter().zip(&learned).zip(&verdicts) {
            let decision = decide(&set, sale, *learned);
            let codes: Vec<_> = verdict.hits.iter().map(|at| set.rules[*at].code.as_str()).collect();
            let wanted: Vec<_> = decision.hits.iter().map(|hit| hit.code.as_str()).collect();
            assert_eq!(codes, wanted, "seed {seed}: {}", serde_json::to_string(sale).unwrap());
            assert_eq!(
                (verdict.points.normalize(), verdict.outcome.as_str()),
                (decision.points, decision.outcome.as_str()),
                "seed {seed}: {}",
                serde_json::to_string(sale).unwrap()
            );
            assert_eq!(verdict.rule_points.normalize(), decide(&set, sale, None).points, "seed {seed}");
            hits += codes.len();
        }
        assert!(hits > sales.len(), "the rules say something");
        tx.rollback().await.unwrap();
    }
}

// --- the handbook's file ------------------------------------------------------------------------

/// The file; where it is not, the test says so and passes.
fn handbook() -> Option<Vec<u8>> {
    let path = std::env::var_os("MILLRACE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("fraud/handbook_raw_2018-04.csv.gz");
    let found = std::fs::read(&path).ok();
    if found.is_none() {
        eprintln!("skipped: no {}", path.display());
    }
    found
}

fn of(report: &[RankingRow], ranking: Ranking) -> &RankingRow {
    report.iter().find(|row| row.ranking == ranking).unwrap()
}

/// Example 16 of `commerce.md`.
#[sqlx::test(migrations = "../migrations")]
async fn the_handbooks_april(db: PgPool) {
    let Some(bytes) = handbook() else { return };
    let bench = Bench::on(db).await;
    let dataset = bench.dataset(bytes).await.unwrap();
    bench.draft(7, vec![rule("amount_limit", 60, above(220))], review_at(60)).await;

    let whole = bench.tried(trial(7, Some(dataset), "2018-04-01", "2018-04-30")).await;
    let report = whole.report.unwrap();
    assert_eq!((report.sales, report.labelled, report.frauds), (288_062, 288_062, 1_702));
    let limit = &report.rules[0];
    let precision = limit.precision.unwrap();
    assert_eq!((limit.hits, limit.confirmed, precision.share), (491, 491, 1.0));
    assert_eq!(format!("{:.3}", precision.low), "0.992");
    assert_eq!(format!("{:.4}", limit.recall.unwrap()), "0.2885");
    assert_eq!(report.outcomes.iter().map(|row| row.sales).collect::<Vec<_>>(), [287_571, 491, 0, 0]);

    let new = NewBacktest {
        train: Some(Days { from: day("2018-04-01"), to: day("2018-04-14") }),
        ..trial(1, Some(dataset), "2018-04-22", "2018-04-28")
    };
    let tried = bench.tried(new).await;
    let report = tried.report.unwrap();
    let (learned, amount) = (of(&report.rankings, Ranking::Learned), of(&report.rankings, Ranking::Amount));
    assert!(learned.average_precision.unwrap() > amount.average_precision.unwrap());
    assert!(learned.roc_auc.unwrap() > amount.roc_auc.unwrap());
    assert!(report.known_before > 0 && report.learned.unwrap().labelled > 100_000);
    assert!(report.unknown_features.contains(&Feature::ListBlock.words().to_owned()));
}

/// Row by row and all at once, the standard set comes to the same on all rows of the file.
#[sqlx::test(migrations = "../migrations")]
async fn both_evaluators_agree_on_every_row_of_the_handbooks_april(db: PgPool) {
    let Some(bytes) = handbook() else { return };
    let bench = Bench::on(db).await;
    let dataset = bench.dataset(bytes).await.unwrap();
    let all = bench.tried(trial(1, Some(dataset), "2018-04-01", "2018-04-30")).await;
    let scores = bench.scores(all.row.id).await;
    assert_eq!(scores.len(), 288_062);
    let mut rows: Vec<Row> = sqlx::query_as(
        "select ref, occurred_at, customer_ref, terminal_ref, amount, label from sales.fraud_dataset_rows order by occurred_at, ref",
    )
    .fetch_all(&bench.shop.db)
    .await
    .unwrap();
    let set = RuleSet::standard();
    let mut history = History::new(BusinessZone::UTC, 7);
    let (mut people, mut places) = (HashMap::new(), HashMap::new());
    let mut hits = 0;
    for (row, score) in rows.drain(..).zip(&scores) {
        let (reference, at, customer, terminal, amount, label) = row;
        let next = u32::try_from(people.len()).unwrap();
        let customer = customer.map(|name| *people.entry(name).or_insert(next));
        let next = u32::try_from(places.len()).unwrap();
        let terminal = terminal.map(|name| *places.entry(name).or_insert(next));
        let labels = label.map(|fraud| Label { known_at: at + Duration::days(7), fraud }).into_iter().collect();
        let past = Past { at, customer, terminal, amount, recognised_at: Some(at), labels, ..Past::default() };
        let decision = decide(&set, &history.judge(&past), None);
        let codes: Vec<_> = decision.hits.iter().map(|hit| hit.code.clone()).collect();
        assert_eq!((&score.reference, &score.hits), (&reference, &codes));
        assert_eq!((score.points.normalize(), score.outcome.as_str()), (decision.points, decision.outcome.as_str()));
        hits += codes.len();
    }
    assert!(hits > 1_000, "{hits}");
}

type Row = (String, chrono::DateTime<chrono::Utc>, Option<String>, Option<String>, Decimal, Option<bool>);

// --- own sales ----------------------------------------------------------------------------------

/// What a backtest says of own sales is what the live decision would have known of them, sale by sale.
#[sqlx::test(migrations = "../migrations")]
async fn history_knows_of_own_sales_what_the_live_decision_knew(db: PgPool) {
    use domain::{
        ids::{CustomerId, ProductId},
        transactions::{Entry, PaymentMethod, RecordLine, RecordSale},
    };
    let bench = Bench::on(db).await;
    let shop = &bench.shop;
    let mug = shop.product("MUG", "Mug", "10.00", Some(100_000)).await;
    let people = [
        shop.customer("Ann", "Archer", None).await,
        shop.customer("Bob", "Baker", None).await,
        shop.customer("Cid", "Cook", None).await,
    ];
    let mut dice = Dice(11);
    let start = at("2026-01-01T08:00:00Z");
    let mut now = start;
    for _ in 0..400 {
        now += Duration::seconds(i64::try_from(dice.below(4_000)).unwrap());
        shop.clock.set(now);
        let quantity = Decimal::from(dice.below(30) + 1);
        let sale = RecordSale {
            customer_id: (!dice.once_in(5)).then(|| CustomerId(dice.one_of(&people))),
            lines: vec![RecordLine {
                product_id: ProductId(mug),
                quantity,
                unit_price: dice.once_in(6).then(|| dec("25.00")),
                discount: Decimal::ZERO,
            }],
            payment_method: Some(dice.one_of(&[PaymentMethod::Cash, PaymentMethod::CreditCard])),
            payment_token: dice
                .once_in(2)
                .then(|| serde_json::from_value(dice.one_of(&["one", "two", "three"]).into()).unwrap()),
            terminal_id: dice.once_in(2).then(|| dice.one_of(&["T1", "T2"]).to_owned()),
            ip_address: dice.once_in(2).then(|| dice.one_of(&["192.0.2.1", "192.0.2.2"]).parse().unwrap()),
            ..RecordSale::default()
        };
        shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
    }
    shop.clock.set(now + Duration::days(1));
    let decided: Vec<(String, serde_json::Value, Decimal, String)> = sqlx::query_as(
        "select t.id::text, d.features, d.points, d.outcome from sales.transactions t
         join sales.fraud_decisions d on d.id = t.decision_id order by t.occurred_at, t.id",
    )
    .fetch_all(&shop.db)
    .await
    .unwrap();
    assert_eq!(decided.len(), 400);
    let tried = bench.tried(trial(1, None, "2026-01-01", &now.date_naive().to_string())).await;
    let report = tried.report.unwrap();
    assert_eq!((report.sales, report.differences.len()), (400, 0));
    let scores = bench.scores(tried.row.id).await;
    let suspicious = decided.iter().filter(|(.., outcome)| outcome != "approve").count();
    assert!(suspicious > 10, "{suspicious} sales of the history are suspicious");
    for ((id, features, points, outcome), score) in decided.iter().zip(&scores) {
        assert_eq!((&score.reference, &score.outcome), (id, outcome), "{features}");
        assert_eq!(score.points.normalize(), points.normalize(), "{id}: {features} / {:?}", score.hits);
    }
    let reviewed =
        report.outcomes.iter().filter(|row| row.outcome != Outcome::Approve).map(|row| row.sales).sum::<i64>();
    assert_eq!(usize::try_from(reviewed).unwrap(), suspicious);
}

// --- asking for it ------------------------------------------------------------------------------

#[sqlx::test(migrations = "../migrations")]
async fn a_backtest_says_what_is_missing_and_is_not_run_twice(db: PgPool) {
    let bench = Bench::on(db).await;
    let csv =
        "id,time,customer,amount,fraud\n1,2026-03-01 10:00,a,500,1\n2,2026-03-01 11:00,a,5,0\n3,2026-03-02,b,300,\n";
    let dataset = bench.dataset(csv.into()).await.unwrap();
    let path = async |new: NewBacktest| {
        bench
            .backtests
            .start(&admin(), new, None)
            .await
            .value
            .unwrap_err()
            .fields
            .into_iter()
            .map(|f| f.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(path(trial(99, Some(dataset), "2026-03-01", "2026-03-02")).await, ["rule_set"]);
    assert_eq!(path(trial(1, Some(dataset), "2026-03-03", "2026-03-04")).await, ["from"]);
    assert_eq!(path(trial(1, Some(DatasetId(Uuid::nil())), "2026-03-01", "2026-03-02")).await, ["dataset_id"]);
    assert_eq!(path(trial(1, None, "2026-03-01", "2026-03-02")).await, ["from"]);
    let forbidden = bench.backtests.list(&viewer()).await.unwrap_err();
    assert_eq!(forbidden.code, ErrorCode::Forbidden);

    bench.draft(7, vec![rule("large", 60, above(100))], review_at(60)).await;
    let new = NewBacktest {
        train: Some(Days { from: day("2026-02-01"), to: day("2026-02-28") }),
        ..trial(7, Some(dataset), "2026-03-01", "2026-03-02")
    };
    let tried = bench.tried(new).await;
    assert_eq!(tried.row.state, BacktestState::Finished);
    let report = tried.report.unwrap();
    assert_eq!((report.sales, report.labelled, report.frauds, report.days), (3, 2, 1, 2));
    assert_eq!((report.rules[0].hits, report.rules[0].confirmed), (2, 1));
    assert_eq!(report.rules[0].precision.unwrap().n, 1, "of one hit the truth is not known");
    assert_eq!(report.cases_per_day, 1.0);
    assert!(report.unlearned.unwrap().contains("0 labelled"), "it says why nothing was learned");
    assert_eq!(backtesting::run(&bench.shop.backend, tried.row.id, "admin", &()).await.unwrap(), None);
    let (last, csv) = bench.backtests.scores(&admin(), tried.row.id, -1).await.unwrap().unwrap();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(
        lines[0].trim_start_matches('\u{feff}'),
        "ref,occurred_at,customer,amount,points,outcome,hits,learned,fraud"
    );
    assert_eq!(lines[1], "1,2026-03-01T10:00:00+00:00,a,500,60,review,large,,1");
    assert_eq!((lines.len(), last), (4, 2));
    assert_eq!(bench.backtests.scores(&admin(), tried.row.id, last).await.unwrap(), None);

    bench.backtests.remove_dataset(&admin(), dataset).await.unwrap();
    let gone = bench.backtests.backtest(&admin(), tried.row.id).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::NotFound);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_a_file_with_a_bad_row_nothing_is_kept(db: PgPool) {
    let bench = Bench::on(db).await;
    let fault = bench.dataset(b"id,time,amount\n1,2026-03-01,5\n2,never,5\n".to_vec()).await.unwrap_err();
    assert_eq!((fault.code, fault.fields[0].path.as_str()), (ErrorCode::Validation, "file"));
    assert!(fault.message.contains("Row 3"), "{}", fault.message);
    assert_eq!(bench.shop.count("select count(*) from sales.fraud_datasets").await, 0);
    assert_eq!(bench.shop.count("select count(*) from sales.fraud_dataset_rows").await, 0);
}
