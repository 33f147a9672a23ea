//! Sales analytics (`commerce.md` 3.8): what sold when, of what, of which kind, and to whom.

mod answer;
pub mod declared;
mod query;
mod report;
mod segment;

pub use answer::{
    AnalyticsAnswer, AnalyticsMetadata, AnalyticsScreen, CategoryPerformance, HourlySales, SalesTotals, TopProduct,
};
pub use query::{
    AnalyticsQuery, CategoryRequest, HourlyRequest, HourlyWindow, MAX_HOURLY_DAYS, Measure, ProductRequest,
};

pub use report::{
    DailyReport, ReportFigure, ReportPage, ReportRevision, ReportScreen, ReportSubscription, ReportUnit, ReportsPort,
    SubscribeReport, UNCATEGORISED,
};
pub use segment::{
    Scheme, Segment, SegmentCuts, SegmentMetadata, SegmentRequest, SegmentRow, Segments, SegmentsPort, SetTier, Tier,
    TierLimits,
};

use crate::{AppError, access::Principal, overview::ScopeQuery};
use async_trait::async_trait;

/// Reads only. Every method needs `overview.view`; stock is shown with `inventory.view`.
#[async_trait]
pub trait AnalyticsPort: Send + Sync + 'static {
    /// One row a clock hour of the business zone, those without a sale with 0.
    async fn hourly(&self, who: &Principal, query: &AnalyticsQuery) -> Result<AnalyticsAnswer<HourlySales>, AppError>;
    /// The products with most of the measure.
    async fn products(&self, who: &Principal, query: &AnalyticsQuery) -> Result<AnalyticsAnswer<TopProduct>, AppError>;
    /// Every category that sold or took something back.
    async fn categories(
        &self,
        who: &Principal,
        query: &AnalyticsQuery,
    ) -> Result<AnalyticsAnswer<CategoryPerformance>, AppError>;
    /// The page; its scope is that of the overview, `category` narrows the products.
    async fn screen(
        &self,
        who: &Principal,
        query: &ScopeQuery,
        category: Option<&str>,
    ) -> Result<AnalyticsScreen, AppError>;
}
