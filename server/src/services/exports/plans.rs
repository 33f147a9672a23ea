//! The rows by which two plans differ, as a file.

use super::{About, Export, Source};
use crate::{
    backend::Backend,
    services::{planning::decisions::compared, transactions::zone_of},
};
use domain::{
    AppError,
    access::{Permission, Principal},
    planning::{CompareQuery, RowAmounts, RowDifference},
};
use rust_decimal::Decimal;
use store::exports::Cell;
use tokio::sync::OwnedSemaphorePermit;

pub(super) const PLAN_DIFFERENCES: &str = "plan-differences";

const HEADINGS: [&str; 15] = [
    "family",
    "change",
    "place",
    "product",
    "period",
    "tonnes_a",
    "tonnes_b",
    "delta_tonnes",
    "trips_a",
    "trips_b",
    "delta_trips",
    "cost_a",
    "cost_b",
    "delta_cost",
    "currency",
];

/// Opens the export of all rows of the filter.
///
/// # Errors
/// `forbidden` without `plan.view`; `validation` of the filter.
pub(super) async fn read(
    backend: &Backend,
    pool: &dyn store::pool::Connections,
    who: &Principal,
    pairs: &[(String, String)],
    permit: Option<OwnedSemaphorePermit>,
) -> Result<Export, AppError> {
    who.require(Permission::PlanView)?;
    let asked = CompareQuery::parse(pairs).map_err(AppError::validation)?;
    let now = backend.clock.now();
    let mut tx = store::snapshot(pool).await?;
    let zone = zone_of(&store::settings::business(&mut tx).await?);
    let found = compared(&mut tx, &asked, now).await?;
    let currency = found.plans.first().map(|plan| plan.currency.clone()).unwrap_or_default();
    let rows: Vec<_> = found.rows.into_iter().map(|row| cells(row, &currency)).collect();
    let about = About {
        dataset: PLAN_DIFFERENCES,
        filter: asked.to_query(),
        zone: zone.name(),
        as_of: zone.local(now),
        by: who.label().to_owned(),
        rows: found.row_count,
    };
    Ok(Export { about, headings: HEADINGS.to_vec(), source: Source::Rows(rows), zone, tx, _permit: permit })
}

fn cells(row: RowDifference, currency: &str) -> Vec<Cell> {
    let side = |side: Option<RowAmounts>| match side {
        Some(of) => [number(Some(of.tonnes)), number(of.trips), number(Some(of.cost))],
        None => [Cell::Empty, Cell::Empty, Cell::Empty],
    };
    let ([tonnes_a, trips_a, cost_a], [tonnes_b, trips_b, cost_b]) = (side(row.a), side(row.b));
    vec![
        Cell::Text(row.family.as_str().to_owned()),
        Cell::Text(row.change.as_str().to_owned()),
        Cell::Text(row.place),
        Cell::Text(row.product),
        Cell::Text(row.period),
        tonnes_a,
        tonnes_b,
        number(Some(row.delta_tonnes)),
        trips_a,
        trips_b,
        number(row.delta_trips),
        cost_a,
        cost_b,
        number(Some(row.delta_cost)),
        Cell::Text(currency.to_owned()),
    ]
}

/// With six decimals, as plans are stored.
fn number(value: Option<f64>) -> Cell {
    let value = value.and_then(Decimal::from_f64_retain).map(|value| value.round_dp(6).normalize());
    value.map_or(Cell::Empty, Cell::Number)
}
