//! Figures and the rows behind them. Reads only, but for recorded visits.

pub mod areas;
pub mod attention;
pub mod cache;
mod dashboard;
pub mod fault_drill;
mod finished;
mod history;
mod hours;
mod measure;
mod pace;
mod pulse;
pub(crate) mod rhythm;
mod rows;
mod seen;
mod series;
mod silence;
pub mod sources;
mod standing;
mod summary;
mod targets;
mod totals;
mod touched;
mod visits_told;

pub use measure::Context;
pub(crate) use measure::{badge, of_windows};
pub use pace::{month_pace, pace};
pub(crate) use rhythm::rhythms;
pub use rows::RowSource;
pub(crate) use standing::reorder_threshold;
pub(crate) use summary::{SETTLING, dirty};
pub use summary::{SummaryService, SummedUp};
pub use targets::TargetsService;
pub use touched::{name_closed_days, name_days_of_sales};

use crate::{
    backend::Backend,
    freshness::{Answer, Figure, Recorded},
    live::Gatherer,
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    AppError, ErrorCode,
    access::{Permission, Principal},
    freshness::{ErrorClass, Freshness, State},
    ids::{SnapshotId, TransactionId},
    money::Money,
    overview::{
        self as figures, Badge, Bars, Compare, Dashboard, DashboardAnswer, DashboardMetadata, DayRange, Drill,
        DrillQuery, DrillRequest, DrillRows, History, HistoryQuery, KpisScreen, MetricKey, OverviewPort,
        OverviewScreen, ProductRow, Realtime, RecentSale, RecordVisit, Scope, ScopeQuery, Tile, Trend, TrendQuery,
        TrendRequest, parse_sliding,
    },
};
use futures::future::{FutureExt, join_all};
use sources::SourcesService;
use sqlx::{Postgres, Transaction};
use std::{fmt, sync::Arc};
use store::overview as sums;
use visits_told::VisitsTold;

/// Sales in the short list of the home page.
const RECENT: i64 = 8;
/// Products in its low-stock table.
const LOWEST: u32 = 5;

impl Figure for Vec<RecentSale> {}
impl Figure for Vec<ProductRow> {}
impl Figure for dashboard::Computed {}

impl Figure for Tile {
    fn is_sound(&self) -> bool {
        Self::is_sound(self)
    }

    fn recorded(&mut self, id: Option<SnapshotId>) -> Option<Recorded> {
        self.snapshot_id = id;
        let computed_at = self.computed_at?;
        Some(Recorded {
            value: self.value,
            currency: self.currency,
            row_count: self.row_count,
            data_until: computed_at.min(self.range.to).to_utc(),
        })
    }
}

impl Figure for Bars {
    fn is_sound(&self) -> bool {
        self.items.iter().all(|bar| bar.orders >= 0)
    }
}

impl Figure for Trend {
    fn is_sound(&self) -> bool {
        self.items.iter().all(|day| day.orders >= 0 && day.visitors >= 0 && day.active_customers >= 0)
    }
}

/// The service behind [`OverviewPort`].
pub struct OverviewService {
    backend: Backend,
    visits: Option<VisitsTold>,
    sources: Option<Arc<SourcesService>>,
}

impl fmt::Debug for OverviewService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverviewService").finish_non_exhaustive()
    }
}

/// The moment of an answer: the clock and the settings, with how sure those are.
pub(crate) struct Moment {
    pub(crate) now: DateTime<Utc>,
    pub(crate) context: Context,
    freshness: Freshness,
}

impl Moment {
    pub(crate) fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.context.zone.local(at)
    }

    pub(crate) fn today(&self) -> chrono::NaiveDate {
        self.context.zone.day_of(self.now)
    }

    /// The scope of a question; sums are with or without confirmed fraud as it says from here on.
    pub(crate) fn scope(&mut self, query: &ScopeQuery) -> Result<Scope, AppError> {
        let scope = query.resolve(self.today()).map_err(AppError::validation)?;
        self.context.without_fraud = scope.clean;
        Ok(scope)
    }

    fn rows(&mut self, metric: MetricKey, query: &DrillQuery) -> Result<DrillRequest, AppError> {
        let asked = query.resolve(metric, self.today()).map_err(AppError::validation)?;
        self.context.without_fraud = asked.scope.clean;
        Ok(asked)
    }

    pub(crate) fn age(&self, computed_at: DateTime<Utc>) -> i64 {
        (self.now - computed_at).num_seconds().max(0)
    }

    /// How a figure stands: a zone that may have changed makes its day doubtful too.
    pub(crate) fn freshness<V>(&self, kept: &Answer<V>) -> Freshness {
        kept.freshness.having_eaten(self.freshness)
    }
}

/// What a tile of `scope` is kept by; who looks at the same days by another name looks at the same figure.
fn tile_scope(metric: MetricKey, scope: Scope, context: &Context) -> String {
    if metric.is_of_now() { context.scope() } else { scope_text(scope, context) }
}

fn scope_text(scope: Scope, context: &Context) -> String {
    let (basis, compare) = (scope.basis.as_str(), scope.compare.as_str());
    format!("{} {} {basis} {compare} {}", scope.days.from, scope.days.to, context.scope())
}

impl OverviewService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend, visits: None, sources: None }
    }

    /// Has recorded visits told.
    #[must_use]
    pub fn telling(self, gatherer: Gatherer) -> Self {
        Self { visits: Some(VisitsTold::new(gatherer)), ..self }
    }

    /// Has figures tell of sources that are late.
    #[must_use]
    pub fn eating_from(self, sources: Arc<SourcesService>) -> Self {
        Self { sources: Some(sources), ..self }
    }

    /// Takes no kept figure for fresh any more.
    pub fn forget(&self) {
        self.backend.figures.news().forget();
    }

    /// One state of the database.
    fn snapshot(&self) -> impl Future<Output = Result<Transaction<'static, Postgres>, AppError>> + Send + use<> {
        let pool = self.backend.pools.analytics.clone();
        async move { Ok(store::snapshot(&pool).await?) }
    }

    pub(crate) async fn moment(&self, who: &Principal) -> Result<Moment, AppError> {
        who.require(Permission::OverviewView)?;
        let now = self.backend.clock.now();
        let known = self.backend.business().await?;
        Ok(Moment { now, context: Context::of(known.value.business.clone())?, freshness: known.freshness })
    }

    /// The tile of a figure; one that could not be had says so in its place.
    async fn kept_tile(&self, m: &Moment, metric: MetricKey, scope: Scope) -> Tile {
        let (context, now) = (m.context.clone(), m.now);
        let text = tile_scope(metric, scope, &m.context);
        let kept = self.backend.figures.get::<Tile, _>(metric.declaration(), text, move |connection| {
            async move { measure::tile(connection, &context, metric, scope, now).await }.boxed()
        });
        match kept.await {
            Ok(kept) => Tile::clone(&kept.value).standing(m.freshness(&kept), m.age(kept.computed_at)),
            Err(error) => {
                let class = Some(ErrorClass::of(&error));
                let currency = m.context.business.base_currency;
                Tile::unknown(metric, currency, measure::range(&m.context, metric, scope, m.now), class)
            }
        }
    }

    async fn kept_tiles(&self, who: &Principal, m: &Moment, metrics: &[MetricKey], scope: Scope) -> Vec<Tile> {
        let tiles = join_all(metrics.iter().map(|metric| self.kept_tile(m, *metric, scope)));
        let late = async {
            match &self.sources {
                Some(sources) => sources.late(who, m.now, m.context.zone).await,
                None => Vec::new(),
            }
        };
        let (mut tiles, late) = tokio::join!(tiles, late);
        for tile in &mut tiles {
            let until = tile.range.to.to_utc().min(m.now);
            let area = tile.key.declaration().area();
            tile.late_sources = late.iter().filter_map(|source| source.of(area, until)).collect();
        }
        tiles
    }

    pub(crate) async fn kept_bars(&self, m: &Moment, scope: Scope) -> Result<Bars, AppError> {
        let (context, now) = (m.context.clone(), m.now);
        let text = scope_text(scope, &m.context);
        let kept = self.backend.figures.get::<Bars, _>(&figures::BARS, text, move |connection| {
            async move { series::bars(connection, &context, scope, now).await }.boxed()
        });
        let kept = kept.await?;
        let mut bars = Bars::clone(&kept.value);
        bars.age_seconds = m.age(kept.computed_at);
        bars.freshness = m.freshness(&kept);
        Ok(bars)
    }

    async fn kept_trend(&self, m: &Moment, asked: TrendRequest) -> Result<Trend, AppError> {
        let (context, now) = (m.context.clone(), m.now);
        let order = if asked.newest_first { "desc" } else { "asc" };
        let DayRange { from, to } = asked.days;
        let text = format!("{from} {to} {} {order} {}", asked.basis.as_str(), m.context.scope());
        let kept = self.backend.figures.get::<Trend, _>(&figures::TREND, text, move |connection| {
            async move { series::trend(connection, &context, asked, now).await }.boxed()
        });
        let kept = kept.await?;
        let mut trend = Trend::clone(&kept.value);
        trend.age_seconds = m.age(kept.computed_at);
        trend.freshness = m.freshness(&kept);
        Ok(trend)
    }

    async fn kept_recent(&self, m: &Moment) -> Result<Vec<RecentSale>, AppError> {
        let (context, now) = (m.context.clone(), m.now);
        let sale = move |row: sums::RecentRow| RecentSale {
            id: TransactionId(row.id),
            number: row.number,
            at: context.zone.local(row.at),
            age_seconds: (now - row.at).num_seconds(),
            customer: row.customer,
            quantity: row.quantity.normalize(),
            total: Money::new(row.total, row.currency.parse().unwrap_or(context.business.base_currency)),
            status: row.status,
        };
        let text = m.context.scope();
        let kept = self.backend.figures.get::<Vec<RecentSale>, _>(&figures::RECENT, text, move |connection| {
            async move { Ok(sums::recent_sales(connection, now, RECENT).await?.into_iter().map(sale).collect()) }
                .boxed()
        });
        let mut recent = Vec::clone(&kept.await?.value);
        for sale in &mut recent {
            sale.age_seconds = (m.now - sale.at.with_timezone(&Utc)).num_seconds();
        }
        Ok(recent)
    }

    async fn kept_low_stock(&self, m: &Moment) -> Result<Vec<ProductRow>, AppError> {
        let (context, now) = (m.context.clone(), m.now);
        let kept = self.backend.figures.get::<Vec<ProductRow>, _>(&figures::LOW_STOCK, "", move |connection| {
            async move { rows::lowest(connection, &context, LOWEST, now).await }.boxed()
        });
        Ok(Vec::clone(&kept.await?.value))
    }

    fn outage_since(&self, m: &Moment) -> Option<DateTime<FixedOffset>> {
        self.backend.breaker.open_since().map(|since| m.local(since))
    }
}

/// Those of `metrics` that the reader may see.
fn seen_by(who: &Principal, metrics: impl Iterator<Item = MetricKey>) -> Vec<MetricKey> {
    metrics.filter(|metric| who.may(metric.declaration().permission)).collect()
}

fn all_seen_by(who: &Principal) -> Vec<MetricKey> {
    seen_by(who, MetricKey::ALL.iter().copied())
}

/// # Errors
/// `not_found` for a figure that there is not, `forbidden` for one that the reader may not see.
pub fn metric(who: &Principal, text: &str) -> Result<MetricKey, AppError> {
    let metric = MetricKey::parse(text).ok_or_else(|| AppError::not_found("Figure"))?;
    who.require(metric.declaration().permission)?;
    Ok(metric)
}

#[async_trait]
impl OverviewPort for OverviewService {
    async fn overview(&self, who: &Principal, query: &ScopeQuery) -> Result<OverviewScreen, AppError> {
        let mut m = self.moment(who).await?;
        let scope = m.scope(query)?;
        let day = [scope.basis.revenue(), scope.basis.orders(), MetricKey::ActiveCustomers, MetricKey::Conversion];
        let headline = seen_by(who, day.into_iter().chain([MetricKey::Held, MetricKey::LowStock]));
        // Each block reads by itself: one that waits does not hold up the others, one that fails fails alone.
        let recent =
            async { if who.may(Permission::TransactionsView) { Some(self.kept_recent(&m).await) } else { None } };
        let low_stock =
            async { if who.may(Permission::InventoryView) { Some(self.kept_low_stock(&m).await) } else { None } };
        let (tiles, bars, trend, recent, low_stock) = tokio::join!(
            self.kept_tiles(who, &m, &headline, scope),
            self.kept_bars(&m, scope),
            self.kept_trend(&m, series::page_trend(scope)),
            recent,
            low_stock
        );
        let request = &who.trace().request_id;
        Ok(OverviewScreen {
            scope,
            today: m.today(),
            zone: m.context.zone.name().to_owned(),
            currency: m.context.business.base_currency,
            outage_since: self.outage_since(&m),
            tiles,
            bars: bars.map_err(|error| error.of_request(request)),
            trend: trend.map_err(|error| error.of_request(request)),
            recent: recent.map(|recent| recent.map_err(|error| error.of_request(request))),
            low_stock: low_stock.map(|low| low.map_err(|error| error.of_request(request))),
        })
    }

    async fn kpis(&self, who: &Principal, query: &ScopeQuery) -> Result<KpisScreen, AppError> {
        let mut m = self.moment(who).await?;
        let scope = m.scope(query)?;
        // All comparisons at once, unless one was asked for.
        let chosen = query.compare.as_deref().is_some_and(|text| !text.trim().is_empty());
        let scope = if chosen { scope } else { scope.with_compare(Compare::All) };
        let metrics = all_seen_by(who);
        let (tiles, trend) =
            tokio::join!(self.kept_tiles(who, &m, &metrics, scope), self.kept_trend(&m, series::page_trend(scope)));
        Ok(KpisScreen {
            scope,
            today: m.today(),
            zone: m.context.zone.name().to_owned(),
            currency: m.context.business.base_currency,
            outage_since: self.outage_since(&m),
            tiles,
            trend: trend.map_err(|error| error.of_request(&who.trace().request_id)),
        })
    }

    async fn tiles(&self, who: &Principal, query: &ScopeQuery) -> Result<Vec<Tile>, AppError> {
        let mut m = self.moment(who).await?;
        let scope = m.scope(query)?;
        Ok(self.kept_tiles(who, &m, &all_seen_by(who), scope).await)
    }

    async fn tile(&self, who: &Principal, key: &str, query: &ScopeQuery) -> Result<Tile, AppError> {
        let mut m = self.moment(who).await?;
        let metric = metric(who, key)?;
        let scope = m.scope(query)?;
        let mut tiles = self.kept_tiles(who, &m, &[metric], scope).await;
        tiles.pop().ok_or_else(AppError::internal)
    }

    async fn rows(&self, who: &Principal, key: &str, query: &DrillQuery) -> Result<Drill, AppError> {
        let mut m = self.moment(who).await?;
        let asked = m.rows(metric(who, key)?, query)?;
        // Never kept: number and rows are of this very moment, and of one state of the database.
        let mut tx = self.snapshot().await?;
        rows::drill(&mut tx, &m.context, &asked, m.now).await
    }

    async fn drill(&self, who: &Principal, key: &str, query: &DrillQuery) -> Result<Drill, AppError> {
        let error = match self.rows(who, key, query).await {
            Err(error) if error.code == ErrorCode::Unavailable => error,
            answered => return answered,
        };
        let mut m = self.moment(who).await?;
        let asked = m.rows(metric(who, key)?, query)?;
        // Figures are kept of days, never of one hour: the day's must not stand for it.
        if asked.scope.hour.is_some() {
            return Err(error);
        }
        let number = self.kept_tile(&m, asked.metric, asked.scope).await;
        Ok(Drill {
            as_of: number.computed_at.unwrap_or_else(|| m.local(m.now)),
            number,
            earlier: None,
            past: Vec::new(),
            rows: DrillRows::none(asked.metric.drill_kind()),
            rows_missing: Some(error.message),
            scope: asked.scope,
            sort: asked.sort,
            base_currency: m.context.business.base_currency,
        })
    }

    async fn history(&self, who: &Principal, key: &str, query: &HistoryQuery) -> Result<History, AppError> {
        let mut m = self.moment(who).await?;
        let metric = metric(who, key)?;
        let asked = query.resolve(m.today()).map_err(AppError::validation)?;
        m.context.without_fraud = asked.clean;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        history::history(&mut connection, &m.context, metric, asked).await
    }

    async fn trend(&self, who: &Principal, query: &TrendQuery) -> Result<Trend, AppError> {
        let mut m = self.moment(who).await?;
        let asked = query.resolve(m.today()).map_err(AppError::validation)?;
        m.context.without_fraud = asked.clean;
        self.kept_trend(&m, asked).await
    }

    async fn hours(&self, who: &Principal, query: &ScopeQuery) -> Result<Bars, AppError> {
        let mut m = self.moment(who).await?;
        let scope = m.scope(query)?;
        if !scope.is_one_day() {
            return Err(AppError::field("day", "Hours are those of one day; give it as day=2010-12-01."));
        }
        self.kept_bars(&m, scope).await
    }

    async fn dashboard(&self, who: &Principal, period: &str) -> Result<DashboardAnswer, AppError> {
        let m = self.moment(who).await?;
        let period = parse_sliding(period).map_err(AppError::validation)?;
        let (context, now) = (m.context.clone(), m.now);
        let text = format!("{} {}", period.as_str(), m.context.scope());
        let kept = self.backend.figures.get::<dashboard::Computed, _>(&figures::DASHBOARD, text, move |connection| {
            async move { dashboard::dashboard(connection, &context, period, now).await }.boxed()
        });
        let kept = kept.await?;
        let fresh = m.freshness(&kept).state == State::Fresh;
        let computed = &kept.value;
        let (active_alerts, unavailable) = dashboard::active_alerts(&self.backend, who).await;
        Ok(DashboardAnswer {
            data: Dashboard { active_alerts, ..computed.data.clone() },
            metadata: DashboardMetadata {
                cached: kept.cached,
                badge: if fresh { computed.badge } else { Badge::Cached },
                age_seconds: m.age(kept.computed_at),
                rows_without_rate: computed.rows_without_rate,
                unavailable,
            },
        })
    }

    async fn realtime(&self, who: &Principal) -> Result<Realtime, AppError> {
        let m = self.moment(who).await?;
        let last_minute = [sums::last_minute(m.now)];
        let sums = sums::figures(&mut *self.snapshot().await?, m.context.books(), &last_minute).await?;
        let sums = sums.first().copied().unwrap_or_default();
        Ok(Realtime {
            transactions_last_minute: sums.orders,
            sales_last_minute: sums.gross.normalize(),
            currency: m.context.business.base_currency,
            timestamp: m.local(m.now),
        })
    }

    async fn record_visit(&self, who: &Principal, visit: &RecordVisit) -> Result<(), AppError> {
        who.require(Permission::TransactionsCreate)?;
        visit.validate().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let id = self.backend.clock.new_id();
        let counted = sums::record_visit(&mut tx, id, self.backend.clock.now(), visit).await?;
        store::commit(tx).await?;
        if let Some(visits) = self.visits.as_ref().filter(|_| counted) {
            visits.tell();
        }
        Ok(())
    }
}
