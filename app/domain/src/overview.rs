//! The overview: what the figures of the business mean, for which days, and the screens that show them
//! (`spec/overview.md`). The arithmetic of the sums is in `store`; what a figure *is* is here.

pub mod area;
pub mod attention;
pub mod cache;
mod dashboard;
pub mod declared;
mod drill;
pub mod fault_drill;
mod history;
mod metric;
mod pace;
mod scope;
mod screen;
mod series;
pub mod source;
mod statistics;
pub mod status;
pub mod stock;
mod summary;
mod target;
mod tile;
mod visit;

pub use dashboard::{
    Dashboard, DashboardAnswer, DashboardMetadata, DashboardPeriod, PreviousPeriod, Realtime, Sliding, parse_sliding,
};
pub use declared::{BARS, BUSINESS, DASHBOARD, LOW_STOCK, RECENT, TREND, figures};
pub use drill::{
    BuyerRow, Drill, DrillKind, DrillQuery, DrillRequest, DrillRows, DrillSort, Earlier, FactKind, FactRow, ProductRow,
    VisitorRow,
};
pub use history::{History, HistoryItem, HistoryQuery, HistoryRequest, PastValue, Step};
pub(crate) use metric::FACTS;
pub use metric::{Basis, MetricKey, OrderSet, Unit};
pub use pace::{EARLIER_DAYS, EarlierDay, Pace, Quarter, Share, Standing};
pub use scope::{Compare, DayRange, MAX_DAYS, Period, Scope, ScopeQuery, TREND_DAYS};
pub(crate) use scope::{clean, date, given, short};
pub use screen::{KpisScreen, OverviewScreen, RecentSale};
pub use series::{Bar, Bars, Counterpart, NO_DATA, Progress, Trend, TrendDay, TrendQuery, TrendRequest, TrendTotals};
pub use statistics::{change_percent, rate_percent, wilson_95};
pub use summary::{SummaryDay, SummaryPort, SummaryQuery};
pub use target::{Aim, NewTarget, SetTarget, Target, TargetPeriod, TargetsPort, TargetsScreen};
pub use tile::{Badge, Change, Interval, Span, Tile, TileError};
pub use visit::{ONE_VISIT, PATH_CHARS, RecordVisit, SESSION_REF_CHARS, SOURCE_CHARS, VISITOR_KEY_CHARS};

use crate::{AppError, access::Principal};
use async_trait::async_trait;

/// Figures and the rows behind them. Every method needs `overview.view`, [`OverviewPort::record_visit`]
/// needs `transactions.create`.
#[async_trait]
pub trait OverviewPort: Send + Sync + 'static {
    /// The home page.
    async fn overview(&self, who: &Principal, query: &ScopeQuery) -> Result<OverviewScreen, AppError>;
    /// The KPI page: every figure of one scope, and two trends.
    async fn kpis(&self, who: &Principal, query: &ScopeQuery) -> Result<KpisScreen, AppError>;
    /// The tiles alone, in the order of [`MetricKey::ALL`].
    async fn tiles(&self, who: &Principal, query: &ScopeQuery) -> Result<Vec<Tile>, AppError>;
    /// One tile; `not_found` for an unknown metric.
    async fn tile(&self, who: &Principal, metric: &str, query: &ScopeQuery) -> Result<Tile, AppError>;
    /// Number and rows of one snapshot of the database; `not_found` for an unknown metric.
    async fn rows(&self, who: &Principal, metric: &str, query: &DrillQuery) -> Result<Drill, AppError>;
    /// As [`OverviewPort::rows`]; while they cannot be had, the last known number with the reason.
    async fn drill(&self, who: &Principal, metric: &str, query: &DrillQuery) -> Result<Drill, AppError>;
    /// What the figure was; `not_found` for an unknown metric.
    async fn history(&self, who: &Principal, metric: &str, query: &HistoryQuery) -> Result<History, AppError>;
    async fn trend(&self, who: &Principal, query: &TrendQuery) -> Result<Trend, AppError>;
    /// One business day by local hour.
    async fn hours(&self, who: &Principal, query: &ScopeQuery) -> Result<Bars, AppError>;
    /// The documented overview of sliding windows; `period` is `24h`, `7d`, `30d` or `all`.
    async fn dashboard(&self, who: &Principal, period: &str) -> Result<DashboardAnswer, AppError>;
    /// The last 60 seconds.
    async fn realtime(&self, who: &Principal) -> Result<Realtime, AppError>;
    /// Repeats of one visitor and session within 30 minutes are one visit.
    async fn record_visit(&self, who: &Principal, visit: &RecordVisit) -> Result<(), AppError>;
}
