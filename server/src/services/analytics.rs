//! Sales analytics: each answer is a kept figure, computed of closed days as the views hold them and of the rest
//! from its rows.

mod compute;
mod kept;
mod print;
mod report_mail;
mod reports;
mod segments;
mod views;

pub(crate) use compute::{categories, clock_hours, hourly, products};
pub(crate) use print::print_report;
pub use report_mail::Mailed;
pub use reports::ReportsService;
pub(crate) use reports::kept as kept_report;
pub use segments::SegmentsService;
pub(crate) use segments::segments;
pub use views::{VIEWS, ViewsService};

use super::overview::{Moment, OverviewService};
use crate::{
    backend::Backend,
    freshness::{Answer, Figure},
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use compute::Computed;
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::{
        AnalyticsAnswer, AnalyticsMetadata, AnalyticsPort, AnalyticsQuery, AnalyticsScreen, CategoryPerformance,
        CategoryRequest, HourlyRequest, HourlySales, HourlyWindow, ProductRequest, SegmentsPort, TopProduct, declared,
    },
    freshness::State,
    overview::{Badge, Basis, DayRange, ScopeQuery},
};
use futures::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// Products on the page.
const SHOWN: u16 = 10;

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Figure for Computed<T> {
    fn is_sound(&self) -> bool {
        let t = &self.totals;
        t.transaction_count >= 0 && t.customers >= 0 && t.guests <= t.transaction_count
    }
}

/// The service behind [`AnalyticsPort`].
pub struct AnalyticsService {
    backend: Backend,
    overview: Arc<OverviewService>,
    segments: SegmentsService,
}

impl fmt::Debug for AnalyticsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnalyticsService").finish_non_exhaustive()
    }
}

/// A word of a scope's text.
fn word(text: Option<impl fmt::Display>) -> String {
    text.map_or_else(|| "all".to_owned(), |text| text.to_string())
}

impl AnalyticsService {
    #[must_use]
    pub fn new(backend: Backend, overview: Arc<OverviewService>) -> Self {
        Self { segments: SegmentsService::new(backend.clone()), backend, overview }
    }

    fn answer<T: Clone>(m: &Moment, kept: &Answer<Computed<T>>, limit: Option<u16>) -> AnalyticsAnswer<T> {
        let computed = &kept.value;
        let fresh = m.freshness(kept).state == State::Fresh;
        let count = i64::try_from(computed.items.len()).unwrap_or(i64::MAX);
        let metadata = AnalyticsMetadata {
            count,
            total: computed.found,
            limit: limit.map_or(count, i64::from),
            next_cursor: None,
            from: computed.span.from,
            to: computed.span.to,
            zone: computed.span.zone.clone(),
            currency: computed.currency,
            computed_at: m.local(kept.computed_at),
            age_seconds: m.age(kept.computed_at),
            badge: if fresh { computed.badge } else { Badge::Cached },
            rows_without_rate: computed.rows_without_rate,
            totals: computed.totals,
        };
        AnalyticsAnswer { items: computed.items.clone(), metadata }
    }

    async fn kept_hours(&self, mut m: Moment, asked: HourlyRequest) -> Result<AnalyticsAnswer<HourlySales>, AppError> {
        m.context.without_fraud = asked.clean;
        let (context, now) = (m.context.clone(), m.now);
        let hours = compute::clock_hours(&context, asked.window, now);
        let (from, to) = match asked.window {
            HourlyWindow::Days(DayRange { from, to }) => (from.to_string(), to.to_string()),
            HourlyWindow::Last(n) => {
                (format!("last{n}"), hours.last().map(|hour| hour.start.timestamp().to_string()).unwrap_or_default())
            }
        };
        let text = format!("{from} {to} {} {}", word(asked.only), m.context.scope());
        let kept = self.backend.figures.get::<Computed<HourlySales>, _>(&declared::HOURLY, text, move |connection| {
            async move { compute::hourly(connection, &context, &hours, asked.only, now).await }.boxed()
        });
        Ok(Self::answer(&m, &kept.await?, None))
    }

    async fn kept_products(
        &self,
        who: &Principal,
        m: &Moment,
        asked: ProductRequest,
    ) -> Result<AnalyticsAnswer<TopProduct>, AppError> {
        let mut context = m.context.clone();
        context.without_fraud = asked.clean;
        let text = format!(
            "{} {} {} {} {} {} {} {}",
            asked.days.from,
            asked.days.to,
            word(asked.only),
            asked.measure.as_str(),
            word(asked.kind),
            word(asked.category),
            word(asked.limit),
            context.scope()
        );
        let kept = self.backend.figures.get::<Computed<TopProduct>, _>(&declared::PRODUCTS, text, move |connection| {
            async move { compute::products(connection, &context, asked).await }.boxed()
        });
        let mut answer = Self::answer(m, &kept.await?, asked.limit);
        if !who.may(Permission::InventoryView) {
            for product in &mut answer.items {
                product.stock = None;
                product.is_low_stock = None;
            }
        }
        Ok(answer)
    }

    async fn kept_categories(
        &self,
        m: &Moment,
        asked: CategoryRequest,
    ) -> Result<AnalyticsAnswer<CategoryPerformance>, AppError> {
        let mut context = m.context.clone();
        context.without_fraud = asked.clean;
        let text = format!("{} {} {} {}", asked.days.from, asked.days.to, word(asked.only), context.scope());
        let kept = self.backend.figures.get::<Computed<CategoryPerformance>, _>(
            &declared::CATEGORIES,
            text,
            move |connection| async move { compute::categories(connection, &context, asked).await }.boxed(),
        );
        Ok(Self::answer(m, &kept.await?, None))
    }

    fn outage_since(&self, m: &Moment) -> Option<DateTime<FixedOffset>> {
        self.backend.breaker.open_since().map(|since| m.local(since))
    }
}

#[async_trait]
impl AnalyticsPort for AnalyticsService {
    async fn hourly(&self, who: &Principal, query: &AnalyticsQuery) -> Result<AnalyticsAnswer<HourlySales>, AppError> {
        let m = self.overview.moment(who).await?;
        let asked = query.hourly(m.today()).map_err(AppError::validation)?;
        self.kept_hours(m, asked).await
    }

    async fn products(&self, who: &Principal, query: &AnalyticsQuery) -> Result<AnalyticsAnswer<TopProduct>, AppError> {
        let m = self.overview.moment(who).await?;
        let asked = query.products(m.today()).map_err(AppError::validation)?;
        self.kept_products(who, &m, asked).await
    }

    async fn categories(
        &self,
        who: &Principal,
        query: &AnalyticsQuery,
    ) -> Result<AnalyticsAnswer<CategoryPerformance>, AppError> {
        let m = self.overview.moment(who).await?;
        let asked = query.categories(m.today()).map_err(AppError::validation)?;
        self.kept_categories(&m, asked).await
    }

    async fn screen(
        &self,
        who: &Principal,
        query: &ScopeQuery,
        category: Option<&str>,
    ) -> Result<AnalyticsScreen, AppError> {
        let mut m = self.overview.moment(who).await?;
        let mut scope = m.scope(query)?;
        // Orders of whatever status have no products here.
        if scope.basis == Basis::All {
            scope.basis = Basis::Net;
        }
        let category = category
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| Uuid::parse_str(text).map_err(|_| AppError::field("category", "This is no category's id.")))
            .transpose()?;
        let measure = if scope.basis == Basis::Gross {
            domain::analytics::Measure::Gross
        } else {
            domain::analytics::Measure::Revenue
        };
        let products = ProductRequest {
            days: scope.days,
            measure,
            kind: Some("stocked"),
            category,
            limit: Some(SHOWN),
            only: None,
            clean: scope.clean,
        };
        let categories = CategoryRequest { days: scope.days, only: None, clean: scope.clean };
        // Each block reads by itself: one that fails fails alone.
        let asked = AnalyticsQuery::default();
        let (bars, products, categories, segments) = tokio::join!(
            self.overview.kept_bars(&m, scope),
            self.kept_products(who, &m, products),
            self.kept_categories(&m, categories),
            self.segments.segments(who, &asked)
        );
        Ok(AnalyticsScreen {
            scope,
            today: m.today(),
            zone: m.context.zone.name().to_owned(),
            outage_since: self.outage_since(&m),
            category,
            bars,
            products,
            categories,
            segments,
        })
    }
}
