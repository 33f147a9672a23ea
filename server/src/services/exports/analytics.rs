//! Sales analytics as files: every row of what the page and the API show, from one snapshot.

use super::{About, Export, Source};
use crate::{
    backend::Backend,
    services::{
        analytics::{categories, clock_hours, hourly, kept_report, print_report, products, segments},
        overview::Context,
        paper::Paper,
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::{AnalyticsQuery, ProductRequest, ReportScreen, ReportUnit, UNCATEGORISED},
    query,
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::exports::Cell;
use tokio::sync::OwnedSemaphorePermit;

/// What can be exported here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalyticsSet {
    HourlySales,
    TopProducts,
    CategoryPerformance,
    CustomerSegments,
    DailyReport,
}

impl AnalyticsSet {
    const ALL: [Self; 5] =
        [Self::HourlySales, Self::TopProducts, Self::CategoryPerformance, Self::CustomerSegments, Self::DailyReport];

    const fn name(self) -> &'static str {
        match self {
            Self::HourlySales => "hourly-sales",
            Self::TopProducts => "top-products",
            Self::CategoryPerformance => "category-performance",
            Self::CustomerSegments => "customer-segments",
            Self::DailyReport => "daily-report",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }

    fn headings(self) -> Vec<&'static str> {
        match self {
            Self::HourlySales => vec![
                "hour",
                "currency",
                "transaction_count",
                "gross_sales",
                "refunds",
                "total_sales",
                "avg_transaction",
                "customers",
                "guests",
                "suspicious_count",
            ],
            Self::TopProducts => vec![
                "sku",
                "name",
                "category",
                "currency",
                "total_revenue",
                "gross_sales",
                "refunds",
                "units",
                "sales_count",
                "share",
                "stock",
                "product_id",
            ],
            Self::CategoryPerformance => vec![
                "category",
                "currency",
                "total_sales",
                "gross_sales",
                "refunds",
                "units",
                "transaction_count",
                "products",
                "unique_buyers",
                "avg_transaction",
                "share",
                "change_percent",
            ],
            Self::CustomerSegments => vec![
                "segment",
                "customers",
                "orders",
                "currency",
                "revenue",
                "avg_order_value",
                "avg_risk",
                "share",
                "moved_in",
                "moved_out",
            ],
            Self::DailyReport => {
                vec!["date", "revision", "block", "item", "measure", "unit", "value", "day_before", "week_before"]
            }
        }
    }
}

fn number(value: Option<Decimal>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
}

fn money(value: Option<Decimal>) -> Cell {
    value.map_or(Cell::Empty, Cell::Money)
}

fn text(value: Option<String>) -> Cell {
    value.map_or(Cell::Empty, Cell::Text)
}

/// Opens the export of `set` with the filter of `pairs`.
///
/// # Errors
/// `forbidden` without `overview.view`; `validation` of the filter.
pub(super) async fn read(
    backend: &Backend,
    pool: &dyn store::pool::Connections,
    who: &Principal,
    set: AnalyticsSet,
    pairs: &[(String, String)],
    permit: Option<OwnedSemaphorePermit>,
) -> Result<Export, AppError> {
    who.require(Permission::OverviewView)?;
    let now = backend.clock.now();
    let mut tx = store::snapshot(pool).await?;
    let mut context = Context::read(&mut tx).await?;
    let today = context.zone.day_of(now);
    let asked = AnalyticsQuery::parse(pairs.to_vec());
    let rows = match set {
        AnalyticsSet::HourlySales => {
            let asked = asked.hourly(today).map_err(AppError::validation)?;
            context.without_fraud = asked.clean;
            let hours = clock_hours(&context, asked.window, now);
            let found = hourly(&mut tx, &context, &hours, asked.only, now).await?;
            let currency = found.currency.as_str().to_owned();
            let row = |h: domain::analytics::HourlySales| {
                vec![
                    Cell::Time(h.hour),
                    Cell::Text(currency.clone()),
                    Cell::Whole(h.transaction_count),
                    Cell::Money(h.gross_sales),
                    Cell::Money(h.refunds),
                    Cell::Money(h.total_sales),
                    money(h.avg_transaction),
                    Cell::Whole(h.customers),
                    Cell::Whole(h.guests),
                    Cell::Whole(h.suspicious_count),
                ]
            };
            found.items.into_iter().map(row).collect::<Vec<_>>()
        }
        AnalyticsSet::TopProducts => {
            let asked = asked.products(today).map_err(AppError::validation)?;
            context.without_fraud = asked.clean;
            let found = products(&mut tx, &context, ProductRequest { limit: None, ..asked }).await?;
            let currency = found.currency.as_str().to_owned();
            let sees_stock = who.may(Permission::InventoryView);
            let row = |p: domain::analytics::TopProduct| {
                vec![
                    Cell::Text(p.sku),
                    Cell::Text(p.name),
                    text(p.category),
                    Cell::Text(currency.clone()),
                    Cell::Money(p.total_revenue),
                    Cell::Money(p.gross_sales),
                    Cell::Money(p.refunds),
                    Cell::Number(p.units),
                    Cell::Whole(p.sales_count),
                    number(p.share),
                    number(p.stock.filter(|_| sees_stock)),
                    Cell::Text(p.product_id.to_string()),
                ]
            };
            found.items.into_iter().map(row).collect()
        }
        AnalyticsSet::CategoryPerformance => {
            let asked = asked.categories(today).map_err(AppError::validation)?;
            context.without_fraud = asked.clean;
            let found = categories(&mut tx, &context, asked).await?;
            let currency = found.currency.as_str().to_owned();
            let row = |c: domain::analytics::CategoryPerformance| {
                vec![
                    text(c.category),
                    Cell::Text(currency.clone()),
                    Cell::Money(c.total_sales),
                    Cell::Money(c.gross_sales),
                    Cell::Money(c.refunds),
                    Cell::Number(c.units),
                    Cell::Whole(c.transaction_count),
                    Cell::Whole(c.products),
                    Cell::Whole(c.unique_buyers),
                    money(c.avg_transaction),
                    number(c.share),
                    number(c.change),
                ]
            };
            found.items.into_iter().map(row).collect()
        }
        AnalyticsSet::CustomerSegments => {
            let found = segments(&mut tx, &context, asked.segments().map_err(AppError::validation)?, now).await?;
            let currency = found.metadata.currency.as_str().to_owned();
            let row = |s: domain::analytics::SegmentRow| {
                vec![
                    Cell::Text(s.segment),
                    Cell::Whole(s.customers),
                    Cell::Whole(s.orders),
                    Cell::Text(currency.clone()),
                    Cell::Money(s.revenue),
                    money(s.avg_order_value),
                    number(s.avg_risk),
                    number(s.share),
                    s.moved_in.map_or(Cell::Empty, Cell::Whole),
                    s.moved_out.map_or(Cell::Empty, Cell::Whole),
                ]
            };
            found.items.into_iter().map(row).collect()
        }
        AnalyticsSet::DailyReport => report_rows(&asked_report(&mut tx, &context, pairs).await?),
    };
    let about = about(set, &context, who, pairs, now, rows.len());
    let zone = context.zone;
    Ok(Export { about, headings: set.headings(), source: Source::Rows(rows), zone, tx, _permit: permit })
}

fn about(
    set: AnalyticsSet,
    context: &Context,
    who: &Principal,
    pairs: &[(String, String)],
    now: DateTime<Utc>,
    rows: usize,
) -> About {
    let known = [
        "by", "as_of", "date", "revision", "hours", "days", "from", "to", "measure", "kind", "category", "currency",
        "clean",
    ];
    let given = pairs.iter().filter(|(name, value)| known.contains(&name.as_str()) && !value.trim().is_empty());
    About {
        dataset: set.name(),
        filter: query::write(given.map(|(name, value)| (name.as_str(), value.as_str()))),
        zone: context.zone.name(),
        as_of: context.zone.local(now),
        by: who.label().to_owned(),
        rows: i64::try_from(rows).unwrap_or(i64::MAX),
    }
}

/// The report of a day on paper, with what stands in the audit row.
///
/// # Errors
/// As [`read`].
pub(super) async fn printed(
    backend: &Backend,
    who: &Principal,
    pairs: &[(String, String)],
) -> Result<(About, Paper), AppError> {
    who.require(Permission::OverviewView)?;
    let now = backend.clock.now();
    let mut tx = store::snapshot(&backend.pools.analytics).await?;
    let context = Context::read(&mut tx).await?;
    let screen = asked_report(&mut tx, &context, pairs).await?;
    let about = about(AnalyticsSet::DailyReport, &context, who, pairs, now, report_rows(&screen).len());
    Ok((about, print_report(&screen, &context.business.locale)?))
}

async fn asked_report(
    connection: &mut PgConnection,
    context: &Context,
    pairs: &[(String, String)],
) -> Result<ReportScreen, AppError> {
    let of =
        |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim()).filter(|v| !v.is_empty());
    let date: NaiveDate = of("date")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| AppError::field("date", "Give the day of the report, like 2010-12-01."))?;
    let revision = of("revision")
        .map(|text| text.parse().map_err(|_| AppError::field("revision", "Give a whole number.")))
        .transpose()?;
    kept_report(connection, context, date, revision).await?.ok_or_else(|| AppError::not_found("Report"))
}

/// A report from its top to its bottom: one row a number.
fn report_rows(screen: &ReportScreen) -> Vec<Vec<Cell>> {
    let (report, revision) = (&screen.report, screen.shown.revision);
    let date = report.date;
    let currency = report.currency.as_str();
    let row = |block: &str, item: &str, measure: &str, unit: &str, values: [Option<Decimal>; 3]| {
        let mut cells = vec![Cell::Text(date.to_string()), Cell::Whole(revision.into())];
        cells.extend([block, item, measure, unit].map(|text| Cell::Text(text.to_owned())));
        cells.extend(values.map(number));
        cells
    };
    let mut rows = Vec::new();
    for f in &report.figures {
        let unit = match f.unit {
            ReportUnit::Money => currency,
            ReportUnit::Count => "count",
            ReportUnit::Quantity => "quantity",
        };
        rows.push(row("figures", &f.label, &f.key, unit, [f.value, f.day_before, f.week_before]));
    }
    for h in &report.hours {
        let hour = h.hour.to_rfc3339();
        rows.push(row("hours", &hour, "gross_sales", currency, [Some(h.gross_sales), None, None]));
        rows.push(row("hours", &hour, "refunds", currency, [Some(h.refunds), None, None]));
        rows.push(row("hours", &hour, "transaction_count", "count", [Some(h.transaction_count.into()), None, None]));
    }
    for p in &report.products {
        rows.push(row("products", &p.sku, "total_revenue", currency, [Some(p.total_revenue), None, None]));
        rows.push(row("products", &p.sku, "units", "quantity", [Some(p.units), None, None]));
    }
    for c in &report.categories {
        let name = c.category.as_deref().unwrap_or(UNCATEGORISED);
        rows.push(row("categories", name, "total_sales", currency, [Some(c.total_sales), None, None]));
        rows.push(row("categories", name, "units", "quantity", [Some(c.units), None, None]));
    }
    for block in &report.failed {
        rows.push(row("failed", block, "unavailable", "", [None; 3]));
    }
    rows
}
