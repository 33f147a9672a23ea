//! Figures and the rows behind them. Reads only, but for recorded visits.

mod dashboard;
mod generation;
mod measure;
mod rows;
mod series;

pub use rows::RowSource;

use crate::{backend::Backend, freshness::Shelf, live::Heard};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    freshness::State,
    ids::TransactionId,
    live::Topic,
    money::Money,
    overview::{
        Badge, Bars, DashboardAnswer, DashboardMetadata, Drill, DrillQuery, KpisScreen, MetricKey, OverviewPort,
        OverviewScreen, Realtime, RecentSale, RecordVisit, Scope, ScopeQuery, Sliding, Tile, Trend, TrendQuery,
        TrendRequest, parse_sliding,
    },
};
use generation::Generation;
use measure::Context;
use sqlx::{Postgres, Transaction};
use std::{fmt, sync::Arc};
use store::overview as sums;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Sales in the short list of the home page.
const RECENT: i64 = 8;

/// Topics whose change makes every figure old.
pub const EATS: [Topic; 2] = [Topic::Transactions, Topic::Settings];

/// The service behind [`OverviewPort`].
pub struct OverviewService {
    backend: Backend,
    generation: Generation,
    contexts: Shelf<(), Context>,
    tiles: Shelf<(Scope, bool), Vec<Tile>>,
    bars: Shelf<Scope, Bars>,
    trends: Shelf<TrendRequest, Trend>,
    dashboards: Shelf<Sliding, dashboard::Computed>,
    recent: Shelf<(), Vec<sums::RecentRow>>,
}

impl fmt::Debug for OverviewService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverviewService").finish_non_exhaustive()
    }
}

/// The moment of an answer: the clock, how often the data had changed by then, and the settings.
struct Moment {
    now: DateTime<Utc>,
    generation: u64,
    context: Context,
}

impl Moment {
    fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.context.zone.local(at)
    }

    fn today(&self) -> chrono::NaiveDate {
        self.context.zone.day_of(self.now)
    }

    fn scope(&self, query: &ScopeQuery) -> Result<Scope, AppError> {
        query.resolve(self.today()).map_err(AppError::validation)
    }

    fn age(&self, computed_at: DateTime<FixedOffset>) -> i64 {
        (self.now - computed_at.with_timezone(&Utc)).num_seconds().max(0)
    }
}

impl OverviewService {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        fn shelf<K, V>(backend: &Backend, entries: u64) -> Shelf<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Send + Sync + 'static,
        {
            Shelf::holding(entries, backend.breaker.clone(), Arc::clone(&backend.clock))
        }
        Self {
            generation: Generation::default(),
            contexts: shelf(&backend, 4),
            tiles: shelf(&backend, 2_000),
            bars: shelf(&backend, 2_000),
            trends: shelf(&backend, 500),
            dashboards: shelf(&backend, 20),
            recent: shelf(&backend, 4),
            backend,
        }
    }

    /// `changed` tells whether one of [`EATS`] changed since it was last asked (or may have).
    pub fn listen(&self, changed: impl FnMut() -> bool + Send + 'static) {
        self.generation.listen(changed);
    }

    /// Drops every kept figure.
    pub fn forget(&self) {
        self.generation.forget();
    }

    /// One state of the database, for a computation that may outlive the call that began it.
    fn snapshot(&self) -> impl Future<Output = Result<Transaction<'static, Postgres>, AppError>> + Send + use<> {
        let pool = self.backend.pools.analytics.clone();
        async move { Ok(store::snapshot(&pool).await?) }
    }

    async fn moment(&self, who: &Principal) -> Result<Moment, AppError> {
        who.require(Permission::OverviewView)?;
        let (now, generation) = (self.backend.clock.now(), self.generation.now());
        let snapshot = self.snapshot();
        let read = async move { Context::read(&mut *snapshot.await?).await };
        let kept = self.contexts.get(generation, (), read).await?;
        Ok(Moment { now, generation, context: kept.stamped.value.clone() })
    }

    /// The tiles of a scope: the four of the home page, or all.
    async fn kept_tiles(&self, m: &Moment, scope: Scope, all: bool) -> Result<Vec<Tile>, AppError> {
        let headline = [scope.basis.revenue(), scope.basis.orders(), MetricKey::ActiveCustomers, MetricKey::Conversion];
        let (snapshot, context, now) = (self.snapshot(), m.context.clone(), m.now);
        let compute = async move {
            let metrics: &[MetricKey] = if all { MetricKey::ALL } else { &headline };
            measure::tiles(&mut *snapshot.await?, &context, scope, metrics, now).await
        };
        let kept = self.tiles.get(m.generation, (scope, all), compute).await?;
        let mut tiles = kept.stamped.value.clone();
        for tile in &mut tiles {
            tile.age_seconds = m.age(tile.computed_at);
            tile.freshness = kept.freshness;
        }
        Ok(tiles)
    }

    async fn kept_bars(&self, m: &Moment, scope: Scope) -> Result<Bars, AppError> {
        let (snapshot, context, now) = (self.snapshot(), m.context.clone(), m.now);
        let compute = async move { series::bars(&mut *snapshot.await?, &context, scope, now).await };
        let kept = self.bars.get(m.generation, scope, compute).await?;
        let mut bars = kept.stamped.value.clone();
        bars.age_seconds = m.age(bars.computed_at);
        bars.freshness = kept.freshness;
        Ok(bars)
    }

    async fn kept_trend(&self, m: &Moment, asked: TrendRequest) -> Result<Trend, AppError> {
        let (snapshot, context, now) = (self.snapshot(), m.context.clone(), m.now);
        let compute = async move { series::trend(&mut *snapshot.await?, &context, asked, now).await };
        let kept = self.trends.get(m.generation, asked, compute).await?;
        let mut trend = kept.stamped.value.clone();
        trend.age_seconds = m.age(trend.computed_at);
        trend.freshness = kept.freshness;
        Ok(trend)
    }

    async fn kept_recent(&self, m: &Moment) -> Result<Vec<RecentSale>, AppError> {
        let (snapshot, now) = (self.snapshot(), m.now);
        let compute = async move { Ok(sums::recent_sales(&mut *snapshot.await?, now, RECENT).await?) };
        let kept = self.recent.get(m.generation, (), compute).await?;
        Ok(kept
            .stamped
            .value
            .iter()
            .map(|row| RecentSale {
                id: TransactionId(row.id),
                number: row.number,
                at: m.local(row.at),
                age_seconds: (m.now - row.at).num_seconds(),
                customer: row.customer.clone(),
                quantity: row.quantity.normalize(),
                total: Money::new(row.total, row.currency.parse().unwrap_or(m.context.business.base_currency)),
                status: row.status.clone(),
            })
            .collect())
    }
}

fn metric(text: &str) -> Result<MetricKey, AppError> {
    MetricKey::parse(text).ok_or_else(|| AppError::not_found("Figure"))
}

#[async_trait]
impl OverviewPort for OverviewService {
    async fn overview(&self, who: &Principal, query: &ScopeQuery) -> Result<OverviewScreen, AppError> {
        let m = self.moment(who).await?;
        let scope = m.scope(query)?;
        // Each block reads by itself: one that waits does not hold up the others.
        let recent = async {
            if who.may(Permission::TransactionsView) { self.kept_recent(&m).await.map(Some) } else { Ok(None) }
        };
        let (tiles, bars, trend, recent) = tokio::try_join!(
            self.kept_tiles(&m, scope, false),
            self.kept_bars(&m, scope),
            self.kept_trend(&m, series::page_trend(scope)),
            recent
        )?;
        Ok(OverviewScreen {
            scope,
            today: m.today(),
            zone: m.context.zone.name().to_owned(),
            currency: m.context.business.base_currency,
            outage_since: self.backend.breaker.open_since().map(|since| m.local(since)),
            tiles,
            bars,
            trend,
            recent,
        })
    }

    async fn kpis(&self, who: &Principal, query: &ScopeQuery) -> Result<KpisScreen, AppError> {
        let m = self.moment(who).await?;
        let scope = m.scope(query)?;
        let (tiles, trend) =
            tokio::try_join!(self.kept_tiles(&m, scope, true), self.kept_trend(&m, series::page_trend(scope)))?;
        Ok(KpisScreen {
            scope,
            today: m.today(),
            zone: m.context.zone.name().to_owned(),
            currency: m.context.business.base_currency,
            outage_since: self.backend.breaker.open_since().map(|since| m.local(since)),
            tiles,
            trend,
        })
    }

    async fn tiles(&self, who: &Principal, query: &ScopeQuery) -> Result<Vec<Tile>, AppError> {
        let m = self.moment(who).await?;
        self.kept_tiles(&m, m.scope(query)?, true).await
    }

    async fn tile(&self, who: &Principal, key: &str, query: &ScopeQuery) -> Result<Tile, AppError> {
        let m = self.moment(who).await?;
        let key = metric(key)?;
        let tiles = self.kept_tiles(&m, m.scope(query)?, true).await?;
        tiles.into_iter().find(|t| t.key == key).ok_or_else(AppError::internal)
    }

    async fn rows(&self, who: &Principal, key: &str, query: &DrillQuery) -> Result<Drill, AppError> {
        let m = self.moment(who).await?;
        let asked = query.resolve(metric(key)?, m.today()).map_err(AppError::validation)?;
        // Never kept: number and rows are of this very moment, and of one state of the database.
        let mut tx = self.snapshot().await?;
        rows::drill(&mut tx, &m.context, &asked, m.now).await
    }

    async fn trend(&self, who: &Principal, query: &TrendQuery) -> Result<Trend, AppError> {
        let m = self.moment(who).await?;
        let asked = query.resolve(m.today()).map_err(AppError::validation)?;
        self.kept_trend(&m, asked).await
    }

    async fn hours(&self, who: &Principal, query: &ScopeQuery) -> Result<Bars, AppError> {
        let m = self.moment(who).await?;
        let scope = m.scope(query)?;
        if !scope.is_one_day() {
            return Err(AppError::field("day", "Hours are those of one day; give it as day=2010-12-01."));
        }
        self.kept_bars(&m, scope).await
    }

    async fn dashboard(&self, who: &Principal, period: &str) -> Result<DashboardAnswer, AppError> {
        let m = self.moment(who).await?;
        let period = parse_sliding(period).map_err(AppError::validation)?;
        let (snapshot, context, now) = (self.snapshot(), m.context.clone(), m.now);
        let compute = async move { dashboard::dashboard(&mut *snapshot.await?, &context, period, now).await };
        let kept = self.dashboards.get(m.generation, period, compute).await?;
        let computed = &kept.stamped.value;
        Ok(DashboardAnswer {
            data: computed.data.clone(),
            metadata: DashboardMetadata {
                cached: kept.cached,
                badge: if kept.freshness.state == State::Fresh { computed.badge } else { Badge::Cached },
                age_seconds: (m.now - kept.stamped.computed_at).num_seconds().max(0),
                rows_without_rate: computed.rows_without_rate,
                unavailable: dashboard::unavailable(),
            },
        })
    }

    async fn realtime(&self, who: &Principal) -> Result<Realtime, AppError> {
        let m = self.moment(who).await?;
        let (count, sales) = sums::last_minute(&mut *self.snapshot().await?, m.context.books(), m.now).await?;
        Ok(Realtime {
            transactions_last_minute: count,
            sales_last_minute: sales.normalize(),
            currency: m.context.business.base_currency,
            timestamp: m.local(m.now),
        })
    }

    async fn record_visit(&self, who: &Principal, visit: &RecordVisit) -> Result<(), AppError> {
        who.require(Permission::TransactionsCreate)?;
        visit.validate().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let id = self.backend.clock.new_id();
        sums::record_visit(&mut tx, id, self.backend.clock.now(), visit).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// Whether something of [`EATS`] was heard since the last look; a gap counts as such.
pub fn changed(heard: &mut Receiver<Heard>) -> bool {
    let mut changed = false;
    loop {
        changed |= match heard.try_recv() {
            Ok(Heard::Changed(event)) => EATS.contains(&event.topic),
            Ok(Heard::Resync) | Err(TryRecvError::Lagged(_)) => true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return changed,
        };
    }
}
