//! The report of a business day (`commerce.md` 3.9).

use super::{CategoryPerformance, HourlySales, TopProduct};
use crate::{AppError, access::Principal, format, money::Currency, overview::change_percent};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a figure of the report is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportUnit {
    Money,
    Count,
    Quantity,
}

/// One number of the day beside the day before and the same weekday before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportFigure {
    pub key: String,
    pub label: String,
    pub unit: ReportUnit,
    /// Null is unknown, never 0.
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    #[schema(format = "decimal")]
    pub day_before: Option<Decimal>,
    #[schema(format = "decimal")]
    pub week_before: Option<Decimal>,
}

/// What is kept of a day. Amounts are in base currency; a block that could not be had is empty and named in `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DailyReport {
    pub date: NaiveDate,
    pub zone: String,
    pub currency: Currency,
    pub figures: Vec<ReportFigure>,
    pub hours: Vec<HourlySales>,
    /// The ten with the most revenue.
    pub products: Vec<TopProduct>,
    /// Their change is against the day before.
    pub categories: Vec<CategoryPerformance>,
    /// Names of blocks that could not be had.
    pub failed: Vec<String>,
}

impl DailyReport {
    #[must_use]
    pub fn title(&self) -> String {
        format!("Report of {}", format::date(self.date))
    }

    /// A value of `figure` in words.
    #[must_use]
    pub fn words(&self, figure: &ReportFigure, value: Option<Decimal>, locale: &str) -> String {
        match value {
            None => format::UNKNOWN.to_owned(),
            Some(value) if figure.unit == ReportUnit::Money => format::money(value, self.currency, locale),
            Some(value) => format::number(value, locale),
        }
    }

    /// An earlier value of `figure` in words, with the change since.
    #[must_use]
    pub fn against(&self, figure: &ReportFigure, before: Option<Decimal>, locale: &str) -> String {
        let change = figure.value.zip(before).and_then(|(now, before)| change_percent(now, before));
        let change = change.map(|change| format!(" ({}\u{a0}%)", format::change(change, locale))).unwrap_or_default();
        format!("{}{change}", self.words(figure, before, locale))
    }
}

/// Sales of what stands in no category.
pub const UNCATEGORISED: &str = "Without a category";

/// A report as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportRevision {
    pub date: NaiveDate,
    /// 1 is the first; a later one was made because the data changed.
    pub revision: i32,
    pub built_at: DateTime<FixedOffset>,
    pub reason: String,
    /// Of its content, in hexadecimal.
    pub sha256: String,
}

/// A report with every revision there is, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportScreen {
    pub report: DailyReport,
    pub shown: ReportRevision,
    pub revisions: Vec<ReportRevision>,
}

/// Whether the caller gets the report of each day by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSubscription {
    pub subscribed: bool,
    /// A mail server is set; nothing is sent without one.
    pub mails: bool,
}

/// What the caller wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeReport {
    pub subscribed: bool,
}

/// The page of a day; without a screen the day has no report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    pub screen: Option<ReportScreen>,
    pub subscription: ReportSubscription,
}

/// Reading needs `overview.view`, rebuilding `jobs.run`; a subscription is its person's own.
#[async_trait]
pub trait ReportsPort: Send + Sync + 'static {
    /// The newest revision of each of the last 100 days that have one, the newest day first.
    async fn list(&self, who: &Principal) -> Result<Vec<ReportRevision>, AppError>;
    /// One revision, or the newest; `None`: the day has no report.
    async fn report(
        &self,
        who: &Principal,
        date: NaiveDate,
        revision: Option<i32>,
    ) -> Result<Option<ReportScreen>, AppError>;
    /// Builds the day anew; without a change nothing is written, and the newest revision comes back.
    async fn rebuild(&self, who: &Principal, date: NaiveDate) -> Result<ReportScreen, AppError>;
    async fn subscription(&self, who: &Principal) -> Result<ReportSubscription, AppError>;
    async fn subscribe(&self, who: &Principal, command: SubscribeReport) -> Result<ReportSubscription, AppError>;
}
