//! Backtests and the datasets they use: what people ask for. What a run does is `backtesting`.

use super::live_set;
use crate::{
    backend::Backend,
    jobs::{FraudBacktest, JobRequest, Tried, enqueue},
    services::{
        exports::csv,
        idempotency::{Request, once},
        transactions::zone_of,
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    fraud::backtest::{
        BacktestDetail, BacktestList, BacktestRow, BacktestState, BacktestsPort, Dataset, DatasetField, NewBacktest,
        SetChoice, Source,
    },
    idempotency::{Answered, IdempotencyKey},
    ids::{BacktestId, DatasetId, JobId},
    live::Topic,
};
use engine::{
    calendar::BusinessZone,
    fraud::dataset::{self, Table},
};
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::BTreeMap, fmt};
use store::{
    audit::{self, Act},
    exports::Cell,
    fraud::{
        backtests as rows,
        datasets::{self, NewRows, StoredDataset},
        sets::{self, Which},
    },
};

/// Backtests of one look.
const MOST: i64 = 100;
/// Rows written with one statement.
const PART: usize = 20_000;
/// Rows of one look at the scores.
const SCORES: i64 = 10_000;
const NAME_CHARS: usize = 200;
const SCORE_COLUMNS: [&str; 9] =
    ["ref", "occurred_at", "customer", "amount", "points", "outcome", "hits", "learned", "fraud"];

/// The service behind [`BacktestsPort`].
#[derive(Clone)]
pub struct BacktestsService {
    backend: Backend,
}

impl fmt::Debug for BacktestsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BacktestsService").finish_non_exhaustive()
    }
}

/// A file that is to become a dataset.
#[derive(Debug)]
pub struct NewDataset {
    /// Empty: the file's name.
    pub name: String,
    pub file_name: String,
    pub bytes: Vec<u8>,
    /// Columns that are not to be found by their name.
    pub columns: BTreeMap<DatasetField, String>,
}

fn shown(of: StoredDataset) -> Result<Dataset, AppError> {
    let zone = BusinessZone::parse(&of.zone).unwrap_or(BusinessZone::UTC);
    Ok(Dataset {
        id: DatasetId(of.id),
        name: of.name,
        file_name: of.file_name,
        columns: serde_json::from_value(of.columns).map_err(|_| AppError::internal())?,
        rows: of.rows.into(),
        labelled: of.labelled.into(),
        frauds: of.frauds.into(),
        first_at: zone.local(of.first_at),
        last_at: zone.local(of.last_at),
        zone: of.zone,
        by: of.by,
        created_at: zone.local(of.created_at),
    })
}

fn row(of: rows::StoredBacktest, zone: BusinessZone) -> Result<(BacktestRow, Option<serde_json::Value>), AppError> {
    let row = BacktestRow {
        id: BacktestId(of.id),
        rule_set: of.rule_set,
        rule_set_name: of.rule_set_name,
        dataset: of.dataset,
        parameters: serde_json::from_value(of.parameters).map_err(|_| AppError::internal())?,
        state: BacktestState::parse(&of.state).ok_or_else(AppError::internal)?,
        fault: of.fault,
        job_id: of.run_id.map(JobId),
        by: of.by,
        created_at: zone.local(of.created_at),
        finished_at: of.finished_at.map(|at| zone.local(at)),
        outdated: of.content_hash != of.content_now,
    };
    Ok((row, of.report))
}

impl BacktestsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn read(connection: &mut PgConnection, id: BacktestId) -> Result<BacktestDetail, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let found = rows::list(connection, Some(id.0), 1).await?.pop();
        let (row, report) = row(found.ok_or_else(|| AppError::not_found("Backtest"))?, zone)?;
        let report = report.map(serde_json::from_value).transpose().map_err(|_| AppError::internal())?;
        Ok(BacktestDetail { row, report })
    }

    /// Keeps a file of sales; of one with a bad row nothing.
    ///
    /// # Errors
    /// `forbidden`; `validation` at `file`, or at the field whose column cannot be found.
    pub async fn receive(&self, who: &Principal, new: NewDataset) -> Result<Dataset, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        drop(connection);
        let NewDataset { name, file_name, bytes, columns } = new;
        let read = tokio::task::spawn_blocking(move || dataset::read(&bytes, &columns, zone)).await;
        let table = read.map_err(|_| AppError::internal())?.map_err(AppError::validation)?;
        let clock = self.backend.clock.as_ref();
        let short = |text: &str| text.trim().chars().take(NAME_CHARS).collect::<String>();
        let (file_name, name) = (short(&file_name), short(&name));
        let stored = StoredDataset {
            id: clock.new_id(),
            name: if name.is_empty() { file_name.clone() } else { name },
            file_name,
            columns: json!(table.columns.iter().map(|(field, name)| (field.as_str(), name)).collect::<Vec<_>>()),
            zone: zone.name().to_owned(),
            rows: count(table.rows.len()),
            labelled: count(table.rows.iter().filter(|row| row.label.is_some()).count()),
            frauds: count(table.rows.iter().filter(|row| row.label == Some(true)).count()),
            first_at: table.rows.iter().map(|row| row.occurred_at).min().ok_or_else(AppError::internal)?,
            last_at: table.rows.iter().map(|row| row.occurred_at).max().ok_or_else(AppError::internal)?,
            by: who.label().to_owned(),
            created_at: clock.now(),
        };
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        datasets::insert(&mut tx, &stored).await?;
        for part in columnwise(table) {
            datasets::insert_rows(&mut tx, stored.id, &part).await?;
        }
        let about = json!({"name": stored.name, "file": stored.file_name, "rows": stored.rows});
        let act = Act::done("fraud.dataset_added", "fraud_dataset", stored.id).after(about);
        audit::record(&mut tx, clock.new_id(), stored.created_at, who, act).await?;
        store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
        store::commit(tx).await?;
        shown(stored)
    }

    /// Scores of a finished backtest as CSV, a part at a time: `None` after the last.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, and `conflict` while it is not finished.
    pub async fn scores(&self, who: &Principal, id: BacktestId, after: i32) -> Result<Option<(i32, String)>, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        if after < 0 {
            let found = rows::list(&mut connection, Some(id.0), 1).await?.pop();
            if found.ok_or_else(|| AppError::not_found("Backtest"))?.state != "finished" {
                return Err(AppError::conflict("The backtest is not finished; its scores come with the report."));
            }
        }
        let scores = rows::scores(&mut connection, id.0, after, SCORES).await?;
        let Some(last) = scores.last().map(|score| score.n) else {
            return Ok((after < 0).then(|| (0, csv::head(&SCORE_COLUMNS))));
        };
        let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
        let cells = scores.into_iter().map(|score| {
            vec![
                Cell::Text(score.reference),
                Cell::Time(score.occurred_at.into()),
                text(score.customer),
                Cell::Number(score.amount.normalize()),
                Cell::Number(score.points.normalize()),
                Cell::Text(score.outcome),
                Cell::Text(score.hits.join(" ")),
                text(score.learned.map(|p| format!("{p:.6}"))),
                score.label.map_or(Cell::Empty, |fraud| Cell::Whole(fraud.into())),
            ]
        });
        let head = if after < 0 { csv::head(&SCORE_COLUMNS) } else { String::new() };
        let csv = head + &csv::lines(&cells.collect::<Vec<_>>());
        Ok(Some((last, csv)))
    }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn columnwise(table: Table) -> Vec<NewRows> {
    let mut parts = Vec::new();
    let mut rows = table.rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut part = NewRows::default();
        for row in rows.by_ref().take(PART) {
            part.references.push(row.reference);
            part.occurred_at.push(row.occurred_at);
            part.customers.push(row.customer);
            part.terminals.push(row.terminal);
            part.amounts.push(row.amount);
            part.labels.push(row.label);
            part.labels_known_at.push(row.label_known_at);
        }
        parts.push(part);
    }
    parts
}

/// What one part of a dataset's life does not fit to.
fn within(dataset: &StoredDataset, new: &NewBacktest) -> Result<(), AppError> {
    let zone = BusinessZone::parse(&dataset.zone).unwrap_or(BusinessZone::UTC);
    let tried = zone.days_range(new.from, new.to);
    let holds = |range: &std::ops::Range<DateTime<Utc>>| dataset.first_at < range.end && dataset.last_at >= range.start;
    if holds(&tried) {
        return Ok(());
    }
    let (first, last) = (zone.day_of(dataset.first_at), zone.day_of(dataset.last_at));
    Err(AppError::field("from", format!("The dataset has sales from {first} to {last}, none on these days.")))
}

#[async_trait]
impl BacktestsPort for BacktestsService {
    async fn list(&self, who: &Principal) -> Result<BacktestList, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        live_set(&mut connection, self.backend.clock.as_ref()).await?;
        let found = rows::list(&mut connection, None, MOST).await?;
        let datasets = datasets::list(&mut connection, None).await?;
        let sets = sets::list(&mut connection, Which::default()).await?;
        Ok(BacktestList {
            backtests: found.into_iter().map(|of| Ok(row(of, zone)?.0)).collect::<Result<_, AppError>>()?,
            datasets: datasets.into_iter().map(shown).collect::<Result<_, _>>()?,
            sets: sets
                .into_iter()
                .map(|of| SetChoice { number: of.set.number, name: of.set.name, state: of.state })
                .collect(),
            last_day: zone.day_of(self.backend.clock.now()) - Days::new(1),
        })
    }

    async fn backtest(&self, who: &Principal, id: BacktestId) -> Result<BacktestDetail, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        Self::read(&mut connection, id).await
    }

    async fn start(
        &self,
        who: &Principal,
        new: NewBacktest,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BacktestRow, AppError>> {
        let started = async {
            who.require(Permission::FraudReview)?;
            new.validate().map_err(AppError::validation)?;
            let clock = self.backend.clock.as_ref();
            let now = clock.now();
            let request = Request { who, key, route: "POST /api/v1/fraud/backtests", status: 202, body: &new };
            once(&self.backend.pools.analytics, now, request, async |connection| {
                live_set(connection, clock).await?;
                let which = Which { number: Some(new.rule_set), ..Which::default() };
                let set = sets::list(connection, which).await?.pop();
                let set = set.ok_or_else(|| AppError::field("rule_set", "There is no rule set with this number."))?;
                match (new.source, new.dataset_id) {
                    (Source::Dataset, Some(id)) => {
                        let dataset = datasets::list(connection, Some(id.0)).await?.pop();
                        let missing = || AppError::field("dataset_id", "There is no such dataset.");
                        within(&dataset.ok_or_else(missing)?, &new)?;
                    }
                    _ => {
                        let zone = zone_of(&store::settings::business(connection).await?);
                        let days = zone.days_range(new.from, new.to);
                        if !store::fraud::history::any_sale(connection, &days).await? {
                            let fault = FieldError::new("from", "No sale was recorded on these days.");
                            return Err(AppError::validation(vec![fault]));
                        }
                    }
                }
                let id = clock.new_id();
                let parameters = serde_json::to_value(&new).map_err(|_| AppError::internal())?;
                let wanted = JobRequest::of::<FraudBacktest>(&Tried { backtest_id: BacktestId(id) })?;
                let run = enqueue(connection, clock, who, wanted).await?;
                let backtest = rows::NewBacktest {
                    id,
                    rule_set_id: set.id,
                    content_hash: &set.content_hash,
                    dataset_id: new.dataset_id.map(|id| id.0),
                    parameters: &parameters,
                    run_id: run.job_id.0,
                    by: who.label(),
                    at: now,
                };
                rows::insert(connection, &backtest).await?;
                let act = Act::done("fraud.backtest_started", "fraud_backtest", id).after(parameters);
                audit::record(connection, clock.new_id(), now, who, act).await?;
                store::live::emit(connection, Topic::Fraud, "backtests").await?;
                Ok(Self::read(connection, BacktestId(id)).await?.row)
            })
            .await
        };
        Answered::of(started.await)
    }

    async fn remove_dataset(&self, who: &Principal, id: DatasetId) -> Result<(), AppError> {
        who.require(Permission::FraudReview)?;
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let dataset = datasets::list(&mut tx, Some(id.0)).await?.pop();
        let dataset = dataset.ok_or_else(|| AppError::not_found("Dataset"))?;
        datasets::delete(&mut tx, id.0).await?;
        let act = Act::done("fraud.dataset_removed", "fraud_dataset", id.0).before(json!({"name": dataset.name}));
        audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
        Ok(store::commit(tx).await?)
    }
}
