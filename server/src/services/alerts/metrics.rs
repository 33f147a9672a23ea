//! What rules may watch: each metric with its entities, read in one query.

use crate::{
    backend::Backend,
    services::overview::{Context, of_windows, rhythms},
};
use chrono::{DateTime, Days, Utc};
use domain::{
    AppError,
    access::Principal,
    alerts::{AlertFeature, Metric, RuleKind, RuleSpec},
    overview::{MetricKey, OverviewPort, ScopeQuery, Unit},
};
use rust_decimal::Decimal;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{
    alerts::metrics::{self as rows, Row},
    overview::{self as sums, Window},
};

/// A rule has so long to read its metric.
const DEADLINE: Duration = Duration::from_secs(5);
/// Fewer orders than this by that time of the day tell nothing about the day.
const LEAST_ORDERS: i64 = 20;
/// So many same weekdays before are looked at.
const WEEKS: u64 = 4;

/// Something a rule can watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    OldestHeld,
    QueueLag,
    StockAvailable,
    RevenueShare,
    SalesRecorded,
    FailedSignIns,
    FailedRuns,
    /// Since a schedule succeeded.
    ScheduleSuccess,
    /// Since a dataset was received.
    DatasetReceived,
    /// Since a program came with its token.
    TokenUsed,
    /// A figure of the overview, of today or of this moment.
    Figure(MetricKey),
}

impl Watched {
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::OldestHeld,
            Self::QueueLag,
            Self::StockAvailable,
            Self::RevenueShare,
            Self::SalesRecorded,
            Self::FailedSignIns,
            Self::FailedRuns,
            Self::ScheduleSuccess,
            Self::DatasetReceived,
            Self::TokenUsed,
        ]
        .into_iter()
        .chain(MetricKey::ALL.iter().copied().map(Self::Figure))
    }

    /// What rules may judge of it.
    pub const fn kinds(self) -> &'static [RuleKind] {
        match self {
            Self::OldestHeld | Self::QueueLag | Self::StockAvailable | Self::RevenueShare => &[RuleKind::Threshold],
            Self::SalesRecorded | Self::FailedSignIns | Self::FailedRuns => &[RuleKind::Count],
            Self::ScheduleSuccess | Self::DatasetReceived | Self::TokenUsed => &[RuleKind::Absent],
            // What is of this moment has no window.
            Self::Figure(key) if key.is_of_now() => &[RuleKind::Threshold],
            Self::Figure(_) => &[RuleKind::Threshold, RuleKind::Change],
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::all().find(|metric| metric.key() == key)
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::OldestHeld => "fraud.oldest_held_minutes",
            Self::QueueLag => "jobs.queue_lag",
            Self::StockAvailable => "stock.available",
            Self::RevenueShare => "sales.today_of_usual",
            Self::SalesRecorded => "sales.recorded",
            Self::FailedSignIns => "access.failed_sign_ins",
            Self::FailedRuns => "jobs.failed_runs",
            Self::ScheduleSuccess => "jobs.since_success",
            Self::DatasetReceived => "ingest.since_received",
            Self::TokenUsed => "access.since_token_used",
            Self::Figure(key) => key.as_str(),
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::OldestHeld => "Wait of the oldest held sale",
            Self::QueueLag => "Wait of the oldest ready run",
            Self::StockAvailable => "Stock that is free",
            Self::RevenueShare => "Revenue so far, of the usual",
            Self::SalesRecorded => "Sales",
            Self::FailedSignIns => "Failed sign-ins",
            Self::FailedRuns => "Failed runs",
            Self::ScheduleSuccess => "Time since a schedule succeeded",
            Self::DatasetReceived => "Time since a dataset was received",
            Self::TokenUsed => "Time since a token was used",
            Self::Figure(key) => key.label(),
        }
    }

    pub const fn unit(self) -> &'static str {
        match self {
            Self::OldestHeld => "min",
            Self::QueueLag => "s",
            Self::StockAvailable => "pieces",
            Self::RevenueShare => "%",
            Self::SalesRecorded => "sales",
            Self::FailedSignIns => "attempts",
            Self::FailedRuns => "runs",
            Self::ScheduleSuccess | Self::DatasetReceived | Self::TokenUsed => "s",
            Self::Figure(key) => match key.unit() {
                Unit::Money => "base currency",
                Unit::Orders => "orders",
                Unit::Customers => "customers",
                Unit::Visitors => "visitors",
                Unit::Percent => "%",
                Unit::Ratio => "per 100",
                Unit::Products => "products",
            },
        }
    }

    /// The unit of what a rule of this kind sees.
    pub fn unit_of(self, kind: RuleKind) -> &'static str {
        if kind == RuleKind::Change { "%" } else { self.unit() }
    }

    /// What a rule of this kind sees.
    pub fn label_of(self, kind: RuleKind) -> String {
        if kind == RuleKind::Change {
            format!("Change of {}", self.label().to_lowercase())
        } else {
            self.label().to_owned()
        }
    }

    pub const fn entity_type(self) -> &'static str {
        match self {
            Self::OldestHeld | Self::QueueLag => "queue",
            Self::StockAvailable => "product",
            Self::RevenueShare | Self::SalesRecorded | Self::Figure(_) => "business",
            Self::FailedSignIns => "sign_in",
            Self::FailedRuns => "kind",
            Self::ScheduleSuccess => "schedule",
            Self::DatasetReceived => "dataset",
            Self::TokenUsed => "token",
        }
    }

    pub const fn feature(self) -> AlertFeature {
        match self {
            Self::OldestHeld | Self::Figure(MetricKey::Held) => AlertFeature::Fraud,
            Self::QueueLag | Self::FailedRuns | Self::ScheduleSuccess => AlertFeature::Jobs,
            Self::SalesRecorded => AlertFeature::Transactions,
            Self::FailedSignIns | Self::TokenUsed => AlertFeature::System,
            Self::DatasetReceived => AlertFeature::Ingest,
            Self::StockAvailable | Self::Figure(MetricKey::LowStock) => AlertFeature::Inventory,
            Self::RevenueShare | Self::Figure(_) => AlertFeature::Overview,
        }
    }

    /// The page where something can be done about an entity.
    pub fn action_path(self, entity: &str) -> String {
        match self {
            Self::OldestHeld => "/fraud".to_owned(),
            Self::QueueLag => "/jobs/queues".to_owned(),
            Self::StockAvailable => format!("/products/{entity}"),
            Self::RevenueShare => "/overview/kpis/sales.revenue_net".to_owned(),
            Self::SalesRecorded => "/transactions".to_owned(),
            Self::FailedSignIns => "/audit".to_owned(),
            Self::FailedRuns => format!("/jobs?state=failed&kind={entity}"),
            Self::ScheduleSuccess => format!("/jobs/schedules/{entity}"),
            Self::DatasetReceived => "/data".to_owned(),
            Self::TokenUsed => "/settings/users".to_owned(),
            Self::Figure(key) => format!("/overview/kpis/{key}"),
        }
    }

    pub fn described(self) -> Metric {
        Metric {
            key: self.key().to_owned(),
            label: self.label().to_owned(),
            unit: self.unit().to_owned(),
            entity_type: self.entity_type().to_owned(),
            feature: self.feature(),
            kinds: self.kinds().to_vec(),
        }
    }
}

/// Reads metrics.
#[derive(Clone)]
pub struct Reader {
    backend: Backend,
    overview: Arc<dyn OverviewPort>,
}

/// What rules of one round have seen: many rules watch one metric, and one query answers them all, also where it fails.
#[derive(Default)]
pub struct Readings(BTreeMap<String, (Instant, Seen)>);

type Seen = Result<Arc<Vec<Row>>, AppError>;

impl Reader {
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>) -> Self {
        Self { backend, overview }
    }

    /// As [`Self::read`], or what another rule saw a moment ago.
    ///
    /// # Errors
    /// As there.
    pub async fn shared(&self, who: &Principal, metric: Watched, rule: &RuleSpec, readings: &mut Readings) -> Seen {
        let of = format!("{} {:?} {:?} {}", metric.key(), rule.kind, rule.window(), rule.no_data_after());
        if let Some((at, seen)) = readings.0.get(&of)
            && at.elapsed() < DEADLINE
        {
            return seen.clone();
        }
        let seen = self.read(who, metric, rule).await.map(Arc::new);
        readings.0.insert(of, (Instant::now(), seen.clone()));
        seen
    }

    /// What a rule sees now; a value older than it takes is none.
    ///
    /// # Errors
    /// When the query fails or takes too long.
    pub async fn read(&self, who: &Principal, metric: Watched, rule: &RuleSpec) -> Result<Vec<Row>, AppError> {
        tokio::time::timeout(DEADLINE, self.values(who, metric, rule))
            .await
            .map_err(|_| AppError::unavailable("The metric did not answer within 5 s."))?
    }

    async fn values(&self, who: &Principal, metric: Watched, rule: &RuleSpec) -> Result<Vec<Row>, AppError> {
        let now = self.backend.clock.now();
        let since = now - rule.window();
        if rule.kind == RuleKind::Change {
            let Watched::Figure(key) = metric else { return Err(AppError::internal()) };
            let mut connection = store::acquire(&self.backend.pools.jobs).await?;
            let context = Context::read(&mut connection).await?;
            let windows = [since..now, since - rule.window()..since];
            let values = of_windows(&mut connection, &context, key, &windows).await?;
            let [Some(now), Some(before)] = values.as_slice() else { return Ok(vec![business(None)]) };
            return Ok(vec![business(changed(*now, *before))]);
        }
        if let Watched::Figure(key) = metric {
            let tile = self.overview.tile(who, key.as_str(), &ScopeQuery::default()).await?;
            let fresh = tile.age_seconds.is_some_and(|age| age <= i64::from(rule.no_data_after()));
            return Ok(vec![business(tile.value.filter(|_| fresh))]);
        }
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        Ok(match metric {
            Watched::OldestHeld => rows::oldest_held(&mut connection, now).await?,
            Watched::QueueLag => rows::queue_lag(&mut connection, now).await?,
            Watched::StockAvailable => rows::stock_available(&mut connection).await?,
            Watched::SalesRecorded => rows::sales_recorded(&mut connection, since, now).await?,
            Watched::FailedSignIns => rows::failed_sign_ins(&mut connection, since, now).await?,
            Watched::FailedRuns => rows::failed_runs(&mut connection, since, now).await?,
            Watched::DatasetReceived => rows::since_received(&mut connection, now).await?,
            Watched::TokenUsed => rows::since_token_used(&mut connection, now).await?,
            Watched::ScheduleSuccess => {
                let context = Context::read(&mut connection).await?;
                let rhythms = rhythms(&mut connection, context.zone.name(), now).await?;
                // One whose rhythm cannot be read never runs; one that was not due yet is not silent.
                let running = rhythms.into_iter().filter(|of| of.enabled && of.period_seconds.is_some());
                let silent = running.map(|of| {
                    let seconds = of.counted_from().map_or(0, |from| (now - from).num_seconds().max(0));
                    Row { entity_key: of.id, label: of.title, value: Some(seconds.into()) }
                });
                silent.collect()
            }
            Watched::RevenueShare | Watched::Figure(_) => {
                let context = Context::read(&mut connection).await?;
                let windows = same_time(&context, now);
                let figures =
                    sums::figures_with_customers(&mut connection, context.books(), &windows, |_| false).await?;
                let (today, before) = figures.split_first().ok_or_else(AppError::internal)?;
                let days = Decimal::from(before.len());
                let orders: i64 = before.iter().map(|day| day.orders).sum();
                let usual: Decimal = before.iter().map(|day| day.gross - day.refunds).sum();
                let enough = Decimal::from(orders) >= Decimal::from(LEAST_ORDERS) * days && usual > Decimal::ZERO;
                let share =
                    enough.then(|| ((today.gross - today.refunds) * days * Decimal::ONE_HUNDRED / usual).round_dp(1));
                vec![business(share)]
            }
        })
    }
}

/// In percent of what it was; `None` where it was nothing.
fn changed(now: Decimal, before: Decimal) -> Option<Decimal> {
    let change = (now - before).checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before.abs())?;
    Some(change.round_dp(1))
}

fn business(value: Option<Decimal>) -> Row {
    Row { entity_key: "business".to_owned(), label: "The business".to_owned(), value }
}

/// Today so far, and the same time of the last same weekdays.
fn same_time(context: &Context, now: DateTime<Utc>) -> Vec<Window> {
    let today = context.zone.day_of(now);
    let begin = context.zone.day_range(today).start;
    let earlier = (1..=WEEKS).filter_map(|week| {
        let day = context.zone.day_range(today.checked_sub_days(Days::new(7 * week))?);
        Some(day.start..(day.start + (now - begin)).min(day.end))
    });
    std::iter::once(begin..now).chain(earlier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_of_what_was_and_of_nothing_there_is_none() {
        let of = |now: i64, before: i64| changed(now.into(), before.into());
        assert_eq!((of(70, 100), of(150, 100), of(0, 100)), (Some((-30).into()), Some(50.into()), Some((-100).into())));
        assert_eq!((of(5, -10), of(-20, -10)), (Some(150.into()), Some((-100).into())), "a loss that grows goes down");
        assert_eq!((of(5, 0), of(0, 0)), (None, None));
    }

    #[test]
    fn every_metric_has_one_key_and_says_what_may_be_judged() {
        for metric in Watched::all() {
            assert_eq!(Watched::parse(metric.key()), Some(metric));
            assert!(!metric.kinds().is_empty());
        }
    }
}
