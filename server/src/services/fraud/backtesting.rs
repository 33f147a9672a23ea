//! A backtest's run: history is told sale by sale, so that each is judged by what was known at its time; the rules speak
//! over all of them at once; labels that come later say who was right.

use super::{Judge, live_set, telling::Telling};
use crate::{backend::Backend, services::transactions::zone_of};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    fraud::{
        Feature, RuleSet,
        backtest::{NewBacktest, Ranking, Report, Source},
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
        report::{self, Judged, Trial},
    },
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::{
    collections::{BTreeSet, HashSet},
    ops::Range,
    time::Instant,
};
use store::{
    StoreError,
    fraud::{
        backtests::{self as rows, NewScores},
        datasets,
        history::{self, PastSale},
        judged::{Gathered, Verdict},
        models::{self, NewModel},
        sets::{self, Which},
    },
};
use uuid::Uuid;

/// Sales read, and scores written, at a time.
const PAGE: i64 = 5_000;
const PART: usize = 20_000;

/// How a run goes on, and whether it may.
pub trait Watch: Sync {
    /// # Errors
    /// When the run shall stop.
    fn check(&self) -> Result<(), AppError>;
    fn told(&self, sales: i64);
}

/// Nobody watches.
impl Watch for () {
    fn check(&self) -> Result<(), AppError> {
        Ok(())
    }
    fn told(&self, _: i64) {}
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
    set: Judge,
    live: Judge,
    dataset: Option<String>,
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
    let mut gathered = Gathered::begin(&mut tx, &[&task.set.set, &task.live.set]).await?;
    let told = tell(&mut tx, &task, &mut gathered, watch).await?;
    watch.check()?;
    let verdicts = gathered.judge(&mut tx, &task.set.set, 0).await?;
    let live =
        if task.live.id == task.set.id { verdicts.clone() } else { gathered.judge(&mut tx, &task.live.set, 1).await? };
    watch.check()?;
    write_scores(&mut tx, id, &task.set.set, &told.tried, &verdicts).await?;
    let sales = told.tried.len();
    let (mut report, told, task) = tokio::task::spawn_blocking(move || {
        let report = report(&task, &told, &verdicts, &live);
        (report, told, task)
    })
    .await
    .map_err(|_| AppError::internal())?;
    let mut kept = None;
    if let Some(model) = &told.model {
        let (model, number) = keep(&mut tx, backend, &task, &told, &report, model, by).await?;
        report.learned.iter_mut().for_each(|learned| learned.model = Some(number));
        kept = Some(model);
    }
    report.seconds = began.elapsed().as_secs_f64();
    let written = serde_json::to_value(&report).map_err(|_| AppError::internal())?;
    rows::finish(&mut tx, id.0, &written, kept, backend.clock.now()).await?;
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
    let (zone, dataset) = match new.dataset_id {
        None => (zone_of(&business), None),
        Some(dataset) => {
            let dataset = datasets::list(connection, Some(dataset.0)).await?.pop();
            let dataset = dataset.ok_or_else(|| AppError::not_found("Dataset"))?;
            (BusinessZone::parse(&dataset.zone).unwrap_or(BusinessZone::UTC), Some(dataset.name))
        }
    };
    let live = live_set(connection, backend.clock.as_ref()).await?;
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
        set: Judge::of(set)?,
        live,
        dataset,
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
            let by_sets = [&task.set, &task.live].map(|judge| judge.learned(&known));
            let learned = match &told.model {
                Some(model) => Some(model.probability(&inputs(&known))),
                None => by_sets[0].and_then(|learned| learned.to_f64()),
            };
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
            if gathered.add(&known, &by_sets) {
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
            let codes: Vec<_> =
                verdict.hits.iter().filter_map(|at| set.rules.get(*at)).map(|rule| rule.code.as_str()).collect();
            new.hits.push(codes.join(" "));
            new.outcomes.push(verdict.outcome.as_str().to_owned());
            new.learned.push(sale.learned);
            new.labels.push(sale.fraud);
        }
        rows::insert_scores(connection, id.0, &new).await?;
    }
    Ok(())
}

/// The report over what was told and judged.
fn report(task: &Task, told: &Told, verdicts: &[Verdict], live: &[Verdict]) -> Report {
    let judged: Vec<Judged> = told
        .tried
        .iter()
        .zip(verdicts.iter().zip(live))
        .map(|(sale, (verdict, live))| Judged {
            amount: sale.amount,
            fraud: sale.fraud,
            customer: sale.whose,
            day: sale.day,
            learned: sale.learned,
            hits: verdict.hits.clone(),
            rule_points: verdict.rule_points,
            points: verdict.points,
            outcome: verdict.outcome,
            live: live.outcome,
        })
        .collect();
    let trial = Trial {
        set: &task.set.set,
        live_set: task.live.set.number,
        days: (task.new.to - task.new.from).num_days() + 1,
        k: task.new.k,
        known: &told.known,
        known_before: told.known_before,
        without_rate: told.without_rate,
    };
    Report {
        learned: told.model.as_ref().map(|model| report::learned(model, &told.training)),
        unlearned: told.unlearned.map(|why| why.to_string()),
        ..report::report(&trial, &judged)
    }
}

async fn keep(
    connection: &mut PgConnection,
    backend: &Backend,
    task: &Task,
    told: &Told,
    report: &Report,
    model: &Model,
    by: &str,
) -> Result<(Uuid, i32), AppError> {
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
        dataset: task.dataset.as_deref(),
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
    Ok(models::keep_model(connection, &new).await?)
}
