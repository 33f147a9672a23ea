//! A backtest's run: history is told sale by sale, so that each is judged by what was known at its time; the rules speak
//! over all of them at once; labels that come later say who was right.

use super::{live_set, telling::Telling};
use crate::{backend::Backend, services::transactions::zone_of};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    fraud::{
        Feature, Outcome, RuleSet,
        backtest::{
            CurvePoint, DifferenceRow, Learned, NewBacktest, OutcomeRow, Ranking, RankingRow, Report, RuleRow, Share,
            Source, ThresholdRow, Weight,
        },
        precision::wilson,
    },
    ids::BacktestId,
    live::Topic,
    money::Currency,
};
use engine::{
    calendar::BusinessZone,
    fraud::{
        history::Label,
        learned::{INPUTS, Inputs, Model, Unlearned, inputs},
        measures::{self, Scored, Step},
    },
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    time::Instant,
};
use store::{
    StoreError,
    fraud::{
        backtests::{self as rows, NewModel, NewScores},
        datasets,
        history::{self, PastSale},
        judged::{Gathered, Verdict},
        sets::{self, Which},
    },
};
use uuid::Uuid;

/// Sales read, and scores written, at a time.
const PAGE: i64 = 5_000;
const PART: usize = 20_000;
/// Points of a curve.
const CURVE: i64 = 50;
/// Points that a sure fraud gets of the learned score.
const LEARNED_POINTS: f64 = 60.0;

/// How a run goes on, and whether it may.
pub trait Watch: Sync {
    /// # Errors
    /// When the run shall stop.
    fn check(&self) -> Result<(), AppError>;
    fn told(&self, sales: i64);
}

/// A sale of the tried days.
struct Tried {
    reference: String,
    at: DateTime<Utc>,
    customer: Option<String>,
    whose: Option<u32>,
    day: i32,
    amount: Decimal,
    learned: Option<f64>,
    fraud: Option<bool>,
}

/// What is tried, where and when.
struct Task {
    new: NewBacktest,
    zone: BusinessZone,
    base: Currency,
    set: RuleSet,
    live: RuleSet,
    tried: Range<DateTime<Utc>>,
    train: Option<Range<DateTime<Utc>>>,
}

/// What history told.
#[derive(Default)]
struct Told {
    tried: Vec<Tried>,
    training: Vec<(Inputs, bool)>,
    model: Option<Model>,
    unlearned: Option<Unlearned>,
    known_before: i64,
    without_rate: i64,
    known: BTreeSet<Feature>,
}

/// Runs a backtest; answers how many sales it judged, or `None` when it was over already.
///
/// # Errors
/// What the database says, and `conflict` when there is nothing to be judged.
pub async fn run(backend: &Backend, id: BacktestId, by: &str, watch: &dyn Watch) -> Result<Option<i64>, AppError> {
    let began = Instant::now();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    if !rows::take_up(&mut tx, id.0).await? {
        return Ok(None);
    }
    store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
    store::commit(tx).await?;

    let mut tx = store::begin(&backend.pools.jobs).await?;
    let task = task(&mut tx, backend, id).await?;
    let mut gathered = Gathered::begin(&mut tx, &[&task.set, &task.live]).await?;
    let told = tell(&mut tx, &task, &mut gathered, watch).await?;
    watch.check()?;
    let verdicts = gathered.judge(&mut tx, &task.set).await?;
    let live = if task.live == task.set { verdicts.clone() } else { gathered.judge(&mut tx, &task.live).await? };
    watch.check()?;
    write_scores(&mut tx, id, &task.set, &told.tried, &verdicts).await?;
    let sales = told.tried.len();
    let (mut report, told, task) = tokio::task::spawn_blocking(move || {
        let report = report(&task, &told, &verdicts, &live);
        (report, told, task)
    })
    .await
    .map_err(|_| AppError::internal())?;
    let model = match &told.model {
        Some(model) => Some(keep(&mut tx, backend, &task, &told, &report, model, by).await?),
        None => None,
    };
    report.seconds = began.elapsed().as_secs_f64();
    let written = serde_json::to_value(&report).map_err(|_| AppError::internal())?;
    rows::finish(&mut tx, id.0, &written, model, backend.clock.now()).await?;
    store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
    store::commit(tx).await?;
    Ok(i64::try_from(sales).ok())
}

/// Notes that a backtest came to nothing.
///
/// # Errors
/// When the database fails.
pub async fn fail(backend: &Backend, id: BacktestId, fault: &str) -> Result<(), AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    rows::fail(&mut tx, id.0, fault).await?;
    store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
    Ok(store::commit(tx).await?)
}

async fn task(connection: &mut PgConnection, backend: &Backend, id: BacktestId) -> Result<Task, AppError> {
    let stored = rows::list(connection, Some(id.0), 1).await?.pop().ok_or_else(|| AppError::not_found("Backtest"))?;
    let new: NewBacktest = serde_json::from_value(stored.parameters).map_err(|_| AppError::internal())?;
    let business = store::settings::business(connection).await?;
    let zone = match new.dataset_id {
        None => zone_of(&business),
        Some(dataset) => {
            let dataset = datasets::list(connection, Some(dataset.0)).await?.pop();
            let zone = dataset.ok_or_else(|| AppError::not_found("Dataset"))?.zone;
            BusinessZone::parse(&zone).unwrap_or(BusinessZone::UTC)
        }
    };
    let live = live_set(connection, backend.clock.as_ref()).await?.set;
    let set = sets::list(connection, Which { number: Some(new.rule_set), ..Which::default() })
        .await?
        .pop()
        .ok_or_else(|| AppError::not_found("Rule set"))?;
    if set.content_hash != stored.content_hash {
        return Err(AppError::conflict("The rule set was changed before its backtest began; start another."));
    }
    Ok(Task {
        tried: zone.days_range(new.from, new.to),
        train: new.train.map(|train| zone.days_range(train.from, train.to)),
        zone,
        base: business.base_currency,
        set: set.set,
        live,
        new,
    })
}

/// Tells history from its beginning to the end of the tried days, and gathers what is to be judged.
async fn tell(
    connection: &mut PgConnection,
    task: &Task,
    gathered: &mut Gathered,
    watch: &dyn Watch,
) -> Result<Told, AppError> {
    let mut told = Told::default();
    let (limit, _) = history::settings(connection).await?;
    let mut telling = Telling::new(task.zone, task.new.label_delay_days, limit);
    let mut unmasked: HashSet<u32> = HashSet::new();
    let mut fitted = task.train.is_none();
    // No sale is older: times before 1970 are not read.
    let (mut after, mut count) = ((DateTime::UNIX_EPOCH - chrono::Duration::days(1), String::new()), 0);
    loop {
        watch.check()?;
        let page = page(connection, task, &after).await?;
        let Some(last) = page.last() else { break };
        after = (last.at, last.reference.clone());
        count += i64::try_from(page.len()).unwrap_or_default();
        for sale in page {
            let Some((past, known)) = telling.next(&sale) else {
                told.without_rate += i64::from(task.tried.contains(&sale.at));
                continue;
            };
            // Known before the tried days, which are all later.
            let in_time = |label: &&Label| label.known_at <= task.tried.start;
            let latest = past.labels.iter().rev().find(in_time).map(|label| label.fraud);
            if !task.tried.contains(&sale.at) {
                if let (Some(fraud), true) = (latest, task.train.as_ref().is_some_and(|days| days.contains(&sale.at))) {
                    told.training.push((inputs(&known), fraud));
                }
                if let (Some(true), Some(customer), true) = (latest, past.customer, task.train.is_some()) {
                    unmasked.insert(customer);
                }
                continue;
            }
            if !fitted {
                fitted = true;
                let training = std::mem::take(&mut told.training);
                let (model, training) = tokio::task::spawn_blocking(move || (Model::fit(&training), training))
                    .await
                    .map_err(|_| AppError::internal())?;
                told.training = training;
                match model {
                    Ok(model) => told.model = Some(model),
                    Err(unlearned) => told.unlearned = Some(unlearned),
                }
            }
            if past.customer.is_some_and(|customer| unmasked.contains(&customer)) {
                told.known_before += 1;
                continue;
            }
            let learned = told.model.as_ref().map(|model| model.probability(&inputs(&known)));
            told.known.extend(Feature::ALL.iter().filter(|feature| known.get(**feature).is_some()));
            told.tried.push(Tried {
                reference: sale.reference,
                at: sale.at,
                customer: sale.customer,
                whose: past.customer,
                day: chrono::Datelike::num_days_from_ce(&task.zone.day_of(sale.at)),
                amount: past.amount,
                learned,
                fraud: past.labels.last().map(|label| label.fraud),
            });
            if gathered.add(&known, None) {
                gathered.send(connection).await?;
            }
        }
        watch.told(count);
    }
    Ok(told)
}

async fn page(
    connection: &mut PgConnection,
    task: &Task,
    (at, reference): &(DateTime<Utc>, String),
) -> Result<Vec<PastSale>, StoreError> {
    let until = task.tried.end;
    match (task.new.source, task.new.dataset_id) {
        (Source::Dataset, Some(dataset)) => {
            history::dataset_sales(connection, dataset.0, (*at, reference), until, PAGE).await
        }
        _ => {
            let after = (*at, reference.parse().unwrap_or(Uuid::nil()));
            let (judged, zone) = (task.tried.start, task.zone.name());
            history::own_sales(connection, after, until, judged, task.base, zone, PAGE).await
        }
    }
}

async fn write_scores(
    connection: &mut PgConnection,
    id: BacktestId,
    set: &RuleSet,
    tried: &[Tried],
    verdicts: &[Verdict],
) -> Result<(), AppError> {
    let pairs: Vec<_> = tried.iter().zip(verdicts).collect();
    let mut n = 0;
    for part in pairs.chunks(PART) {
        let mut new = NewScores::default();
        for (sale, verdict) in part {
            new.n.push(n);
            n += 1;
            new.references.push(sale.reference.clone());
            new.occurred_at.push(sale.at);
            new.customers.push(sale.customer.clone());
            new.amounts.push(sale.amount);
            new.points.push(verdict.points);
            let codes: Vec<_> = verdict.hits.iter().filter_map(|at| rule_at(set, *at)).collect();
            new.hits.push(codes.join(" "));
            new.outcomes.push(verdict.outcome.clone());
            new.learned.push(sale.learned);
            new.labels.push(sale.fraud);
        }
        rows::insert_scores(connection, id.0, &new).await?;
    }
    Ok(())
}

fn rule_at(set: &RuleSet, at: i32) -> Option<&str> {
    set.rules.get(usize::try_from(at).ok()?).map(|rule| rule.code.as_str())
}

fn share(k: i64, n: i64) -> Option<Share> {
    let ((low, high), share) = wilson(k, n).zip(ratio(k, n))?;
    Some(Share { share, low, high, n })
}

#[allow(clippy::cast_precision_loss, reason = "counts of sales")]
fn ratio(k: i64, n: i64) -> Option<f64> {
    (n > 0).then(|| k as f64 / n as f64)
}

fn length<T>(of: &[T]) -> i64 {
    i64::try_from(of.len()).unwrap_or(i64::MAX)
}

#[derive(Default, Clone, Copy)]
struct Tally {
    sales: i64,
    labelled: i64,
    frauds: i64,
    amount: Decimal,
}

impl Tally {
    fn add(&mut self, sale: &Tried) {
        self.sales += 1;
        self.labelled += i64::from(sale.fraud.is_some());
        self.frauds += i64::from(sale.fraud == Some(true));
        self.amount += sale.amount;
    }
}

fn report(task: &Task, told: &Told, verdicts: &[Verdict], live: &[Verdict]) -> Report {
    let set = &task.set;
    let mut all = Tally::default();
    let mut outcomes = Outcome::ALL.map(|outcome| (outcome, Tally::default()));
    let mut rules = vec![Tally::default(); set.rules.len()];
    let mut differences: BTreeMap<(Outcome, Outcome), Tally> = BTreeMap::new();
    let parse = |text: &str| Outcome::parse(text).unwrap_or(Outcome::Review);
    for ((sale, verdict), live) in told.tried.iter().zip(verdicts).zip(live) {
        all.add(sale);
        let outcome = parse(&verdict.outcome);
        outcomes.iter_mut().filter(|(of, _)| *of == outcome).for_each(|(_, tally)| tally.add(sale));
        for at in &verdict.hits {
            if let Some(tally) = usize::try_from(*at).ok().and_then(|at| rules.get_mut(at)) {
                tally.add(sale);
            }
        }
        let before = parse(&live.outcome);
        if before != outcome {
            differences.entry((before, outcome)).or_default().add(sale);
        }
    }
    let days = (task.new.to - task.new.from).num_days() + 1;
    let of = |wanted: Outcome| outcomes.iter().find(|(of, _)| *of == wanted).map_or(Tally::default(), |(_, t)| *t);
    let cases = of(Outcome::Review).sales + of(Outcome::Hold).sales;
    let asked: BTreeSet<Feature> =
        set.rules.iter().filter(|rule| rule.enabled).flat_map(|rule| rule.expression.features()).collect();
    Report {
        sales: all.sales,
        labelled: all.labelled,
        frauds: all.frauds,
        known_before: told.known_before,
        without_rate: told.without_rate,
        days,
        cases_per_day: ratio(cases, days).unwrap_or_default(),
        held_value: of(Outcome::Hold).amount.normalize(),
        outcomes: outcomes
            .iter()
            .map(|(outcome, t)| OutcomeRow {
                outcome: *outcome,
                sales: t.sales,
                frauds: t.frauds,
                amount: t.amount.normalize(),
            })
            .collect(),
        rules: set
            .rules
            .iter()
            .zip(&rules)
            .filter(|(rule, _)| rule.enabled)
            .map(|(rule, t)| RuleRow {
                code: rule.code.clone(),
                text: rule.text.clone(),
                hits: t.sales,
                confirmed: t.frauds,
                precision: share(t.frauds, t.labelled),
                recall: ratio(t.frauds, all.frauds),
            })
            .collect(),
        thresholds: thresholds(set, &told.tried, verdicts, all.frauds),
        rankings: rankings(&told.tried, verdicts, told.model.is_some(), task.new.k),
        differences: differences
            .into_iter()
            .map(|((live, tried), t)| DifferenceRow { live, tried, sales: t.sales, frauds: t.frauds })
            .collect(),
        live_set: task.live.number,
        learned: told.model.as_ref().map(|model| Learned {
            labelled: length(&told.training),
            frauds: i64::try_from(told.training.iter().filter(|(_, fraud)| *fraud).count()).unwrap_or(i64::MAX),
            weights: INPUTS
                .iter()
                .zip(&model.coefficients)
                .map(|(input, weight)| Weight { input: (*input).to_owned(), weight: *weight })
                .collect(),
            intercept: model.intercept,
        }),
        unlearned: told.unlearned.map(|why| why.to_string()),
        unknown_features: asked.difference(&told.known).map(|feature| feature.words().to_owned()).collect(),
        seconds: 0.0,
    }
}

/// Every ten points, and where the set's own outcomes begin.
fn thresholds(set: &RuleSet, tried: &[Tried], verdicts: &[Verdict], frauds: i64) -> Vec<ThresholdRow> {
    let own = [
        (set.thresholds.review_at, Outcome::Review),
        (set.thresholds.hold_at, Outcome::Hold),
        (set.thresholds.decline_at, Outcome::Decline),
    ];
    let mut points: Vec<Decimal> = (1..=10).map(|ten: i64| Decimal::from(ten * 10)).collect();
    points.extend(own.iter().filter_map(|(at, _)| *at));
    points.iter_mut().for_each(|at| *at = at.normalize());
    points.sort_unstable();
    points.dedup();
    points
        .into_iter()
        .map(|at| {
            let mut reached = Tally::default();
            tried.iter().zip(verdicts).filter(|(_, v)| v.points >= at).for_each(|(sale, _)| reached.add(sale));
            ThresholdRow {
                points: at,
                outcome: own.iter().rev().find(|(own, _)| *own == Some(at)).map(|(_, outcome)| *outcome),
                sales: reached.sales,
                precision: share(reached.frauds, reached.labelled),
                recall: ratio(reached.frauds, frauds),
            }
        })
        .collect()
}

fn rankings(tried: &[Tried], verdicts: &[Verdict], learned: bool, k: u32) -> Vec<RankingRow> {
    let number = |of: Decimal| of.to_f64().unwrap_or_default();
    let wanted = [Ranking::Rules, Ranking::Learned, Ranking::Both, Ranking::Amount];
    wanted
        .into_iter()
        .filter(|ranking| learned || matches!(ranking, Ranking::Rules | Ranking::Amount))
        .map(|ranking| {
            let scored: Vec<Scored> = tried
                .iter()
                .zip(verdicts)
                .filter_map(|(sale, verdict)| {
                    let p = sale.learned.unwrap_or_default();
                    let score = match ranking {
                        Ranking::Rules => number(verdict.points),
                        Ranking::Learned => p,
                        Ranking::Both => (number(verdict.points) + LEARNED_POINTS * p).min(100.0),
                        Ranking::Amount => number(sale.amount),
                    };
                    Some(Scored { score, fraud: sale.fraud?, customer: sale.whose, day: sale.day })
                })
                .collect();
            let steps = measures::steps(&scored);
            RankingRow {
                ranking,
                roc_auc: measures::roc_auc(&steps),
                average_precision: measures::average_precision(&steps),
                card_precision: measures::card_precision(&scored, usize::try_from(k).unwrap_or(usize::MAX)),
                curve: curve(&steps),
            }
        })
        .collect()
}

/// Points at about equal distances of recall.
fn curve(steps: &[Step]) -> Vec<CurvePoint> {
    let all = steps.last().map_or(0, |last| last.frauds);
    let (mut points, mut next) = (Vec::new(), 1);
    for step in steps {
        let (Some(recall), Some(precision)) = (ratio(step.frauds, all), ratio(step.frauds, step.sales)) else {
            continue;
        };
        if step.frauds * CURVE >= next * all {
            points.push(CurvePoint { score: step.score, recall, precision });
            next = step.frauds * CURVE / all + 1;
        }
    }
    points
}

async fn keep(
    connection: &mut PgConnection,
    backend: &Backend,
    task: &Task,
    told: &Told,
    report: &Report,
    model: &Model,
    by: &str,
) -> Result<Uuid, AppError> {
    let text = serde_json::to_string(model).map_err(|_| AppError::internal())?;
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let measured = report.rankings.iter().find(|row| row.ranking == Ranking::Learned);
    let trained = task.train.clone().ok_or_else(AppError::internal)?;
    let positives = told.training.iter().filter(|(_, fraud)| *fraud).count();
    let new = NewModel {
        id: backend.clock.new_id(),
        inputs: &json!(INPUTS),
        intercept: model.intercept,
        coefficients: &json!(model.coefficients),
        means: &json!(model.means),
        scales: &json!(model.scales),
        trained_from: trained.start,
        trained_to: trained.end,
        n: i32::try_from(told.training.len()).unwrap_or(i32::MAX),
        positives: i32::try_from(positives).unwrap_or(i32::MAX),
        auc: measured.and_then(|row| row.roc_auc),
        ap: measured.and_then(|row| row.average_precision),
        hash: &hash,
        by,
        at: backend.clock.now(),
    };
    Ok(rows::keep_model(connection, &new).await?)
}
