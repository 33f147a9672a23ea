//! What rules may watch: each metric with its entities, read in one query.

use crate::{backend::Backend, services::overview::Context};
use chrono::{DateTime, Days, Utc};
use domain::{
    AppError,
    access::Principal,
    alerts::{AlertFeature, Metric},
    overview::{MetricKey, OverviewPort, ScopeQuery, Unit},
};
use rust_decimal::Decimal;
use std::{sync::Arc, time::Duration};
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
    /// A figure of the overview, of today or of this moment.
    Figure(MetricKey),
}

impl Watched {
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::OldestHeld, Self::QueueLag, Self::StockAvailable, Self::RevenueShare]
            .into_iter()
            .chain(MetricKey::ALL.iter().copied().map(Self::Figure))
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
            Self::Figure(key) => key.as_str(),
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::OldestHeld => "Wait of the oldest held sale",
            Self::QueueLag => "Wait of the oldest ready run",
            Self::StockAvailable => "Stock that is free",
            Self::RevenueShare => "Revenue so far, of the usual",
            Self::Figure(key) => key.label(),
        }
    }

    pub const fn unit(self) -> &'static str {
        match self {
            Self::OldestHeld => "min",
            Self::QueueLag => "s",
            Self::StockAvailable => "pieces",
            Self::RevenueShare => "%",
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

    pub const fn entity_type(self) -> &'static str {
        match self {
            Self::OldestHeld | Self::QueueLag => "queue",
            Self::StockAvailable => "product",
            Self::RevenueShare | Self::Figure(_) => "business",
        }
    }

    pub const fn feature(self) -> AlertFeature {
        match self {
            Self::OldestHeld | Self::Figure(MetricKey::Held) => AlertFeature::Fraud,
            Self::QueueLag => AlertFeature::Jobs,
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
        }
    }
}

/// Reads metrics.
#[derive(Clone)]
pub struct Reader {
    backend: Backend,
    overview: Arc<dyn OverviewPort>,
}

impl Reader {
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>) -> Self {
        Self { backend, overview }
    }

    /// The present values; a value older than `oldest` is none.
    ///
    /// # Errors
    /// When the query fails or takes too long.
    pub async fn read(&self, who: &Principal, metric: Watched, oldest: u32) -> Result<Vec<Row>, AppError> {
        tokio::time::timeout(DEADLINE, self.values(who, metric, oldest))
            .await
            .map_err(|_| AppError::unavailable("The metric did not answer within 5 s."))?
    }

    async fn values(&self, who: &Principal, metric: Watched, oldest: u32) -> Result<Vec<Row>, AppError> {
        let now = self.backend.clock.now();
        if let Watched::Figure(key) = metric {
            let tile = self.overview.tile(who, key.as_str(), &ScopeQuery::default()).await?;
            let fresh = tile.age_seconds.is_some_and(|age| age <= i64::from(oldest));
            return Ok(vec![business(tile.value.filter(|_| fresh))]);
        }
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        Ok(match metric {
            Watched::OldestHeld => rows::oldest_held(&mut connection, now).await?,
            Watched::QueueLag => rows::queue_lag(&mut connection, now).await?,
            Watched::StockAvailable => rows::stock_available(&mut connection).await?,
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
