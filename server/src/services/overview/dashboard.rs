//! The documented dashboard of sliding windows [t − n, t): real queries, no row caps, no scaled figures.

use super::{
    measure::{Context, badge},
    standing,
    totals::totals,
};
use crate::{backend::Backend, services::alerts::visible};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::Principal,
    freshness::ErrorClass,
    overview::{Badge, Dashboard, DashboardPeriod, PreviousPeriod, Sliding},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::overview::{self as sums, Window};

/// A dashboard and what it left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Computed {
    pub data: Dashboard,
    pub badge: Badge,
    pub rows_without_rate: i64,
}

/// Alerts that are not over, of the features that the reader may see: never kept for another one. Without them, why.
pub async fn active_alerts(backend: &Backend, who: &Principal) -> (Option<i64>, BTreeMap<String, String>) {
    let counted = async {
        let mut connection = store::acquire(&backend.pools.analytics).await?;
        store::alerts::list::counts(&mut connection, &visible(who), backend.clock.now()).await
    };
    match counted.await.map_err(AppError::from) {
        Ok(counts) => (Some(counts.total), BTreeMap::new()),
        Err(error) => {
            let class = ErrorClass::of(&error).as_str().to_owned();
            (None, BTreeMap::from([("active_alerts".to_owned(), class)]))
        }
    }
}

/// # Errors
/// When a statement fails.
pub async fn dashboard(
    connection: &mut PgConnection,
    context: &Context,
    period: Sliding,
    now: DateTime<Utc>,
) -> Result<Computed, AppError> {
    let first = sums::first_fact_at(connection).await?.unwrap_or(now).min(now);
    let all_time: Window = first..now;
    let day: Window = (now - Duration::hours(24))..now;
    let asked = period.seconds().map(Duration::seconds);
    let window = asked.map_or_else(|| all_time.clone(), |n| (now - n)..now);
    let before = asked.map(|n| (now - n - n)..(now - n));
    let suspicious = (sums::suspicious(connection, &day).await?, sums::suspicious(connection, &window).await?);
    let mut windows = vec![day];
    // All time is known by its totals.
    windows.extend(asked.map(|_| window.clone()));
    windows.extend(before.clone());
    let figures = sums::figures_with_customers(connection, context.books(), &windows, |_| true).await?;
    let at = |n: usize| figures.get(n).copied().unwrap_or_default();
    let (totals, all) = (sums::totals(connection).await?, totals(connection, context, first, now).await?);
    let badge = badge(connection, &window).await?;
    let threshold = standing::reorder_threshold(connection).await?;
    let low = sums::low_stock(connection, threshold).await?;
    let local = |t: DateTime<Utc>| context.zone.local(t);
    let data = Dashboard {
        total_sales: all.net.normalize(),
        total_customers: totals.customers,
        total_transactions: all.orders,
        total_products: totals.products,
        sales_24h: at(0).net().normalize(),
        active_customers_24h: at(0).customers,
        transactions_24h: at(0).orders,
        // Of the features that the reader may see, and so never kept with the rest.
        active_alerts: None,
        low_stock_count: Some(low.products),
        suspicious_transactions_24h: Some(suspicious.0),
        currency: context.business.base_currency,
        last_updated: local(now),
        period: DashboardPeriod {
            period,
            from: asked.map(|_| local(window.start)),
            to: local(now),
            zone: context.zone.name().to_owned(),
            sales: if asked.is_some() { at(1).net() } else { all.net }.normalize(),
            transactions: if asked.is_some() { at(1).orders } else { all.orders },
            active_customers: if asked.is_some() { at(1).customers } else { totals.customers },
            suspicious: Some(suspicious.1),
            previous: before.map(|before| PreviousPeriod {
                from: local(before.start),
                to: local(before.end),
                sales: at(2).net().normalize(),
                transactions: at(2).orders,
                active_customers: at(2).customers,
            }),
        },
    };
    Ok(Computed { data, badge, rows_without_rate: all.rows_without_rate })
}
