//! From sums to answers: one question, one state of the database.

use super::kept::KeptDays;
use crate::services::overview::{Context, badge, reorder_threshold};
use chrono::{DateTime, Days, Utc};
use domain::{
    AppError,
    analytics::{
        CategoryPerformance, CategoryRequest, HourlySales, HourlyWindow, Measure, ProductRequest, SalesTotals,
        TopProduct,
    },
    ids::ProductId,
    money::Currency,
    overview::{Badge, DayRange, Span, change_percent},
};
use engine::calendar::HourBucket;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use store::{
    analytics::{self as sums, Measured, Money, NO_CATEGORY, Piece, ProductAsked, SalesSums},
    overview::Window,
};

/// Rows of a window, and what the whole window came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed<T> {
    pub items: Vec<T>,
    /// Rows there are.
    pub found: i64,
    pub totals: SalesTotals,
    pub rows_without_rate: i64,
    pub span: Span,
    pub currency: Currency,
    pub badge: Badge,
}

/// The clock hours asked for, in order.
pub fn clock_hours(context: &Context, window: HourlyWindow, now: DateTime<Utc>) -> Vec<HourBucket> {
    match window {
        HourlyWindow::Days(days) => days.iter().flat_map(|day| context.zone.hours_of(day)).collect(),
        HourlyWindow::Last(n) => {
            let today = context.zone.day_of(now);
            // A day may be short or missing.
            let first = today - Days::new(u64::from(n) / 24 + 3);
            let hours = DayRange { from: first, to: today };
            let hours: Vec<_> =
                hours.iter().flat_map(|day| context.zone.hours_of(day)).filter(|hour| hour.start <= now).collect();
            hours.get(hours.len().saturating_sub(n.into())..).unwrap_or_default().to_vec()
        }
    }
}

fn average(gross: Decimal, sales: i64) -> Option<Decimal> {
    (sales > 0).then(|| (gross / Decimal::from(sales)).round_dp(4).normalize())
}

fn share(part: Decimal, whole: Decimal) -> Option<Decimal> {
    (whole > Decimal::ZERO).then(|| (part / whole).round_dp(6).normalize())
}

fn totals(s: &SalesSums) -> SalesTotals {
    SalesTotals {
        transaction_count: s.sales,
        total_sales: (s.gross - s.refunds).normalize(),
        gross_sales: s.gross.normalize(),
        refunds: s.refunds.normalize(),
        avg_transaction: average(s.gross, s.sales - s.sales_without_rate),
        customers: s.customers,
        guests: s.guests,
    }
}

/// The whole window `days`, each sale and each customer once.
async fn whole(
    connection: &mut PgConnection,
    context: &Context,
    money: Money<'_>,
    days: DayRange,
) -> Result<SalesSums, AppError> {
    let kept = KeptDays::read(connection, context, "hourly_sales_mv", false).await?;
    let sums = sums::sales_sums(connection, money, &kept.pieces(context, 0, days), 1).await?;
    Ok(sums.first().copied().unwrap_or_default())
}

/// What the whole of `days` came to.
///
/// # Errors
/// When a statement fails.
pub async fn day_totals(
    connection: &mut PgConnection,
    context: &Context,
    days: DayRange,
) -> Result<SalesTotals, AppError> {
    let money = Money { books: context.books(), only: None };
    Ok(totals(&whole(connection, context, money, days).await?))
}

fn currency(context: &Context, only: Option<Currency>) -> Currency {
    only.unwrap_or(context.business.base_currency)
}

/// # Errors
/// When a statement fails.
pub async fn hourly(
    connection: &mut PgConnection,
    context: &Context,
    hours: &[HourBucket],
    only: Option<Currency>,
    now: DateTime<Utc>,
) -> Result<Computed<HourlySales>, AppError> {
    let money = Money { books: context.books(), only };
    let kept = KeptDays::read(connection, context, "hourly_sales_mv", false).await?;
    let window: Window = hours.first().zip(hours.last()).map_or(now..now, |(first, last)| first.start..last.end);
    let place = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    let piece = |slot: i32, hour: &HourBucket| {
        let day = context.zone.day_of(hour.start);
        Piece { slot, window: hour.start..hour.end, days: (day, day), kept: kept.holds(day) }
    };
    let last = hours.len();
    let mut pieces: Vec<Piece> = hours.iter().enumerate().map(|(at, hour)| piece(place(at), hour)).collect();
    // The slot after the hours is all of them, each customer once.
    for one in pieces.clone() {
        match pieces.last_mut() {
            Some(all) if all.slot == place(last) && all.kept == one.kept => all.window.end = one.window.end,
            _ => pieces.push(Piece { slot: place(last), ..one }),
        }
    }
    let sums = sums::sales_sums(connection, money, &pieces, last + 1).await?;
    let all = sums.last().copied().unwrap_or_default();
    let badge = badge(connection, &window).await?;
    let items = hours.iter().zip(&sums).map(|(hour, s)| HourlySales {
        hour: hour.start.with_timezone(&hour.offset),
        transaction_count: s.sales,
        total_sales: (s.gross - s.refunds).normalize(),
        gross_sales: s.gross.normalize(),
        refunds: s.refunds.normalize(),
        avg_transaction: average(s.gross, s.sales - s.sales_without_rate),
        customers: s.customers,
        guests: s.guests,
        suspicious_count: s.suspicious,
    });
    Ok(Computed {
        items: items.collect(),
        found: i64::try_from(last).unwrap_or(i64::MAX),
        totals: totals(&all),
        rows_without_rate: all.sales_without_rate + all.refunds_without_rate,
        span: context.span(&window),
        currency: currency(context, only),
        badge,
    })
}

/// # Errors
/// When a statement fails.
pub async fn products(
    connection: &mut PgConnection,
    context: &Context,
    asked: ProductRequest,
) -> Result<Computed<TopProduct>, AppError> {
    let money = Money { books: context.books(), only: asked.only };
    let kept = KeptDays::read(connection, context, "top_products_mv", false).await?;
    let wanted = ProductAsked {
        measure: match asked.measure {
            Measure::Revenue => Measured::Revenue,
            Measure::Gross => Measured::Gross,
            Measure::Units => Measured::Units,
        },
        kind: asked.kind,
        category: asked.category,
        limit: asked.limit.map(i64::from),
        threshold: reorder_threshold(connection).await?,
    };
    let found = sums::products(connection, money, wanted, &kept.pieces(context, 0, asked.days)).await?;
    let all = whole(connection, context, money, asked.days).await?;
    let window = context.zone.days_range(asked.days.from, asked.days.to);
    let badge = badge(connection, &window).await?;
    let items = found.items.into_iter().map(|p| TopProduct {
        product_id: ProductId(p.product_id),
        sku: p.sku,
        name: p.name,
        category: p.category,
        stock: p.stock.map(|stock| stock.normalize()),
        sales_count: p.sales,
        units: p.units.normalize(),
        total_revenue: (p.gross - p.refunds).normalize(),
        gross_sales: p.gross.normalize(),
        refunds: p.refunds.normalize(),
        share: share(p.measure, found.whole),
        is_low_stock: Some(p.is_low),
    });
    Ok(Computed {
        items: items.collect(),
        found: found.found,
        totals: totals(&all),
        rows_without_rate: found.rows_without_rate,
        span: context.span(&window),
        currency: currency(context, asked.only),
        badge,
    })
}

/// # Errors
/// When a statement fails.
pub async fn categories(
    connection: &mut PgConnection,
    context: &Context,
    asked: CategoryRequest,
) -> Result<Computed<CategoryPerformance>, AppError> {
    let money = Money { books: context.books(), only: asked.only };
    let kept = KeptDays::read(connection, context, "category_performance_mv", true).await?;
    let mut pieces = kept.pieces(context, 0, asked.days);
    pieces.extend(kept.pieces(context, 1, asked.days.before()));
    let found = sums::categories(connection, money, &pieces).await?;
    let all = whole(connection, context, money, asked.days).await?;
    let window = context.zone.days_range(asked.days.from, asked.days.to);
    let badge = badge(connection, &window).await?;
    let revenue: Decimal = found.iter().map(|c| c.gross - c.refunds).sum();
    let rows_without_rate = found.iter().map(|c| c.without_rate).sum();
    let items: Vec<_> = found
        .into_iter()
        .map(|c| CategoryPerformance {
            category_id: (c.category_id != NO_CATEGORY).then_some(c.category_id),
            category: c.name,
            transaction_count: c.sales,
            total_sales: (c.gross - c.refunds).normalize(),
            gross_sales: c.gross.normalize(),
            refunds: c.refunds.normalize(),
            units: c.units.normalize(),
            products: c.products,
            unique_buyers: c.buyers,
            avg_transaction: average(c.gross, c.sales),
            share: share(c.gross - c.refunds, revenue),
            change: change_percent(c.gross - c.refunds, c.before),
        })
        .collect();
    Ok(Computed {
        found: i64::try_from(items.len()).unwrap_or(i64::MAX),
        items,
        totals: totals(&all),
        rows_without_rate,
        span: context.span(&window),
        currency: currency(context, asked.only),
        badge,
    })
}
