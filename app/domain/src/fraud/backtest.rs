//! Backtests (`commerce.md` 3.6): what a rule set would have done to sales of the past, and how right it would have been.

use super::decision::Outcome;
use crate::{
    AppError, FieldError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::{BacktestId, DatasetId, JobId},
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days after which a label is known, unless said otherwise, and at most.
pub const LABEL_DELAY_DAYS: u16 = 7;
pub const MOST_LABEL_DELAY_DAYS: u16 = 90;
/// Customers looked at a day, unless said otherwise, and at most.
pub const CARDS: u32 = 100;
pub const MOST_CARDS: u32 = 10_000;

/// Where the sales come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BacktestSource)]
pub enum Source {
    /// Those recorded here.
    #[default]
    Own,
    /// A file.
    Dataset,
}

/// Whole days of the business zone (of a dataset: of its zone), both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BacktestDays)]
pub struct Days {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// A backtest to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBacktest {
    /// Number of the rule set.
    pub rule_set: i32,
    #[serde(default)]
    pub source: Source,
    /// With `source=dataset`.
    #[serde(default)]
    pub dataset_id: Option<DatasetId>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    #[serde(default = "label_delay_days")]
    pub label_delay_days: u16,
    /// Days to learn a score from; they end before `from`.
    #[serde(default)]
    pub train: Option<Days>,
    /// Customers that can be looked at a day, for card precision.
    #[serde(default = "cards")]
    pub k: u32,
}

const fn label_delay_days() -> u16 {
    LABEL_DELAY_DAYS
}

const fn cards() -> u32 {
    CARDS
}

impl NewBacktest {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.to < self.from {
            faults.push(FieldError::new("to", "The last day is before the first."));
        }
        if (self.source == Source::Dataset) != self.dataset_id.is_some() {
            faults.push(FieldError::new("dataset_id", "Name a dataset with source \"dataset\", and only then."));
        }
        if self.label_delay_days > MOST_LABEL_DELAY_DAYS {
            let told = format!("Labels are known within {MOST_LABEL_DELAY_DAYS} days.");
            faults.push(FieldError::new("label_delay_days", told));
        }
        if !(1..=MOST_CARDS).contains(&self.k) {
            faults.push(FieldError::new("k", format!("From 1 to {MOST_CARDS} customers a day.")));
        }
        if let Some(train) = self.train {
            if train.to < train.from {
                faults.push(FieldError::new("train.to", "The last day is before the first."));
            }
            if train.to >= self.from {
                faults.push(FieldError::new("train.to", "Learn from days before those that are tried."));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// How far a backtest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BacktestState {
    Queued,
    Running,
    Finished,
    Failed,
}

impl BacktestState {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "queued" => Some(Self::Queued),
            "running" => Some(Self::Running),
            "finished" => Some(Self::Finished),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "Waiting",
            Self::Running => "Running",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
        }
    }

    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Failed)
    }
}

/// A share, with its 95 % interval after Wilson.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShareWithInterval)]
pub struct Share {
    pub share: f64,
    pub low: f64,
    pub high: f64,
    pub n: i64,
}

/// Sales with one outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestOutcome)]
pub struct OutcomeRow {
    pub outcome: Outcome,
    pub sales: i64,
    pub frauds: i64,
    /// In base currency; of a dataset in its own.
    #[schema(format = "decimal")]
    pub amount: Decimal,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestRule)]
pub struct RuleRow {
    pub code: String,
    pub text: String,
    pub hits: i64,
    /// Hits that were fraud.
    pub confirmed: i64,
    /// Frauds among hits whose truth is known.
    pub precision: Option<Share>,
    /// Share of all frauds.
    pub recall: Option<f64>,
}

/// A threshold of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestThreshold)]
pub struct ThresholdRow {
    #[schema(format = "decimal")]
    pub points: Decimal,
    /// The outcome that begins there.
    pub outcome: Option<Outcome>,
    /// Sales that reach it.
    pub sales: i64,
    pub precision: Option<Share>,
    pub recall: Option<f64>,
}

/// By what sales are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BacktestRanking)]
pub enum Ranking {
    Rules,
    Learned,
    Both,
    /// The larger the worse: what any score has to beat.
    Amount,
}

impl Ranking {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rules => "Rules alone",
            Self::Learned => "Learned score alone",
            Self::Both => "Rules and learned score",
            Self::Amount => "Amount alone",
        }
    }
}

/// A point of the curve of precision over recall.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PrecisionRecall)]
pub struct CurvePoint {
    pub score: f64,
    pub recall: f64,
    pub precision: f64,
}

/// How well an order tells fraud from the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestScore)]
pub struct RankingRow {
    pub ranking: Ranking,
    pub roc_auc: Option<f64>,
    pub average_precision: Option<f64>,
    /// CP@k.
    pub card_precision: Option<f64>,
    /// At most 50 points, from the highest score down.
    pub curve: Vec<CurvePoint>,
}

/// Sales that the set in force would have judged otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestDifference)]
pub struct DifferenceRow {
    pub live: Outcome,
    pub tried: Outcome,
    pub sales: i64,
    pub frauds: i64,
}

/// A learned score, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = LearnedScore)]
pub struct Learned {
    /// Labelled sales, and frauds among them, known when the tried days began.
    pub labelled: i64,
    pub frauds: i64,
    /// Weight of each input after it is standardised.
    pub weights: Vec<Weight>,
    pub intercept: f64,
    /// Number under which rule sets can use it.
    #[serde(default)]
    pub model: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = LearnedWeight)]
pub struct Weight {
    pub input: String,
    pub weight: f64,
}

/// What a backtest found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestReport)]
pub struct Report {
    /// Sales of the tried days that were judged.
    pub sales: i64,
    /// Those whose truth is known, and the frauds among them.
    pub labelled: i64,
    pub frauds: i64,
    /// Not judged: of customers whose fraud was known before the tried days.
    pub known_before: i64,
    /// Not judged: no exchange rate of their day.
    pub without_rate: i64,
    pub days: i64,
    pub cases_per_day: f64,
    /// Amount of held sales.
    #[schema(format = "decimal")]
    pub held_value: Decimal,
    pub outcomes: Vec<OutcomeRow>,
    pub rules: Vec<RuleRow>,
    pub thresholds: Vec<ThresholdRow>,
    pub rankings: Vec<RankingRow>,
    pub differences: Vec<DifferenceRow>,
    /// Number of the set in force it was compared with.
    pub live_set: i32,
    /// Number of the learned score that the tried set uses; its points are in outcomes and thresholds.
    #[serde(default)]
    pub attached: Option<i32>,
    pub learned: Option<Learned>,
    /// Why nothing was learned.
    pub unlearned: Option<String>,
    /// Features the set asks for that this source cannot know.
    pub unknown_features: Vec<String>,
    pub seconds: f64,
}

/// A backtest in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestRow {
    pub id: BacktestId,
    pub rule_set: i32,
    pub rule_set_name: String,
    /// Name of the dataset; none: own sales.
    pub dataset: Option<String>,
    pub parameters: NewBacktest,
    pub state: BacktestState,
    /// Why it failed.
    pub fault: Option<String>,
    /// The run that tries it.
    pub job_id: Option<JobId>,
    pub by: String,
    pub created_at: DateTime<FixedOffset>,
    pub finished_at: Option<DateTime<FixedOffset>>,
    /// The set was changed since.
    pub outdated: bool,
}

/// One in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestDetail {
    #[serde(flatten)]
    pub row: BacktestRow,
    pub report: Option<Report>,
}

/// A file of sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestDataset)]
pub struct Dataset {
    pub id: DatasetId,
    pub name: String,
    pub file_name: String,
    /// Field and column, of those that were mapped.
    pub columns: Vec<(String, String)>,
    pub zone: String,
    pub rows: i64,
    pub labelled: i64,
    pub frauds: i64,
    pub first_at: DateTime<FixedOffset>,
    pub last_at: DateTime<FixedOffset>,
    pub by: String,
    pub created_at: DateTime<FixedOffset>,
}

/// A rule set that can be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TriedSet)]
pub struct SetChoice {
    pub number: i32,
    pub name: String,
    pub state: String,
}

/// `/fraud/backtests`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Backtests)]
pub struct BacktestList {
    pub backtests: Vec<BacktestRow>,
    pub datasets: Vec<Dataset>,
    pub sets: Vec<SetChoice>,
    /// Yesterday, the last day that is over.
    pub last_day: NaiveDate,
}

/// A field of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatasetField {
    Ref,
    OccurredAt,
    Customer,
    Terminal,
    Amount,
    Label,
    LabelKnownAt,
}

impl DatasetField {
    pub const ALL: [Self; 7] =
        [Self::Ref, Self::OccurredAt, Self::Customer, Self::Terminal, Self::Amount, Self::Label, Self::LabelKnownAt];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ref => "ref",
            Self::OccurredAt => "occurred_at",
            Self::Customer => "customer",
            Self::Terminal => "terminal",
            Self::Amount => "amount",
            Self::Label => "label",
            Self::LabelKnownAt => "label_known_at",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ref => "Reference",
            Self::OccurredAt => "Time",
            Self::Customer => "Customer",
            Self::Terminal => "Terminal",
            Self::Amount => "Amount",
            Self::Label => "Fraud (1 or 0)",
            Self::LabelKnownAt => "When that was known",
        }
    }

    #[must_use]
    pub const fn required(self) -> bool {
        matches!(self, Self::Ref | Self::OccurredAt | Self::Amount)
    }

    /// Column names, without marks and in small letters, that mean this field.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Ref => &["ref", "reference", "transactionid", "txid", "id", "number"],
            Self::OccurredAt => &["occurredat", "txdatetime", "datetime", "timestamp", "time", "date"],
            Self::Customer => &["customer", "customerid", "customerref", "cardid", "client"],
            Self::Terminal => &["terminal", "terminalid", "terminalref", "merchantid"],
            Self::Amount => &["amount", "txamount", "total", "totalamount"],
            Self::Label => &["label", "txfraud", "fraud", "isfraud", "class"],
            Self::LabelKnownAt => &["labelknownat", "knownat"],
        }
    }
}

/// Backtests; all of it needs `fraud.review`.
#[async_trait]
pub trait BacktestsPort: Send + Sync + 'static {
    /// The newest 100, the datasets, and what can be tried.
    async fn list(&self, who: &Principal) -> Result<BacktestList, AppError>;
    /// `not_found` for an id that is none.
    async fn backtest(&self, who: &Principal, id: BacktestId) -> Result<BacktestDetail, AppError>;
    /// Puts it into the queue.
    async fn start(
        &self,
        who: &Principal,
        new: NewBacktest,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<BacktestRow, AppError>>;
    /// A dataset goes with the backtests made of it.
    async fn remove_dataset(&self, who: &Principal, id: DatasetId) -> Result<(), AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_backtest_is_told() {
        let day = |d| NaiveDate::from_ymd_opt(2018, 4, d).unwrap_or_default();
        let sound = NewBacktest {
            rule_set: 1,
            source: Source::Own,
            dataset_id: None,
            from: day(22),
            to: day(28),
            label_delay_days: 7,
            train: Some(Days { from: day(1), to: day(14) }),
            k: 100,
        };
        assert_eq!(sound.validate(), Ok(()));
        let wrong = NewBacktest {
            source: Source::Dataset,
            to: day(21),
            label_delay_days: 91,
            train: Some(Days { from: day(24), to: day(23) }),
            k: 0,
            ..sound
        };
        let paths: Vec<_> = wrong.validate().unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["to", "dataset_id", "label_delay_days", "k", "train.to", "train.to"]);
    }
}
