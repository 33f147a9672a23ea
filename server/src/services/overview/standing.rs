//! Figures of this moment, whatever days are asked for: what is held, what is low, what the last minute brought.

use super::measure::{Context, badge, badge_of};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    ids::ProductId,
    money::Currency,
    overview::{Badge, MetricKey, ProductRow, Tile, stock::StockLevel},
    settings::DECLARED,
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::{self as sums, ProductFields, Window, attention};

/// # Errors
/// When a statement fails.
pub async fn tile(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    now: DateTime<Utc>,
) -> Result<Tile, AppError> {
    let currency = context.business.base_currency;
    let range = context.span(&range(metric, now));
    let known = |rows: i64| Tile {
        value: Some(rows.into()),
        reason: None,
        row_count: rows,
        freshness: domain::freshness::Freshness::default(),
        badge: Badge::Live,
        computed_at: Some(context.zone.local(now)),
        age_seconds: Some(0),
        ..Tile::unknown(metric, currency, range.clone(), None)
    };
    Ok(match metric {
        MetricKey::LowStock => {
            let threshold = reorder_threshold(connection).await?;
            let low = sums::low_stock(connection, threshold).await?;
            Tile { critical: Some(low.critical), badge: badge_of(low.origins), ..known(low.products) }
        }
        MetricKey::Held => match attention::held(connection, context.books()).await? {
            Some(held) => Tile {
                oldest_at: Some(context.zone.local(held.oldest)),
                badge: badge_of(held.origins),
                ..worth(known(held.sales), held.net, held.without_rate, currency)
            },
            None => worth(known(0), Decimal::ZERO, 0, currency),
        },
        _ => {
            let window = sums::last_minute(now);
            let figures =
                sums::figures_with_customers(connection, context.books(), std::slice::from_ref(&window), |_| false)
                    .await?;
            let f = figures.first().copied().unwrap_or_default();
            let badge = badge(connection, &window).await?;
            Tile { badge, ..worth(known(f.orders), f.gross, f.sales_without_rate, currency) }
        }
    })
}

fn worth(tile: Tile, net: Decimal, rows_without_rate: i64, currency: Currency) -> Tile {
    Tile { amount: Some(net.normalize()), currency: Some(currency), rows_without_rate, ..tile }
}

/// The last minute, or the moment itself.
pub fn range(metric: MetricKey, now: DateTime<Utc>) -> Window {
    if metric == MetricKey::LastMinute { sums::last_minute(now) } else { now..now }
}

/// Up to how much a product counts as low.
///
/// # Errors
/// When the statement fails.
pub async fn reorder_threshold(connection: &mut PgConnection) -> Result<Decimal, AppError> {
    let set = sums::reorder_threshold(connection).await?;
    let usual = || DECLARED.iter().find(|setting| setting.key == "stock.reorder_threshold").map(|s| s.default);
    Ok(set.as_deref().or_else(usual).and_then(|text| text.parse().ok()).unwrap_or_default())
}

/// A row of the list; none that is low is left out.
pub fn product(row: ProductFields, threshold: Decimal) -> ProductRow {
    ProductRow {
        product_id: ProductId(row.product_id),
        level: StockLevel::of(row.available, threshold).unwrap_or(StockLevel::Medium),
        sku: row.sku,
        name: row.name,
        site: row.site,
        on_hand: row.on_hand.normalize(),
        reserved: row.reserved.normalize(),
        available: row.available.normalize(),
    }
}
