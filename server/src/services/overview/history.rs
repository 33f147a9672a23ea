//! What a figure was at earlier moments.

use super::measure::Context;
use domain::{
    AppError,
    ids::SnapshotId,
    overview::{Basis, History, HistoryItem, HistoryRequest, MetricKey, PastValue, Scope, Unit},
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use store::snapshots::{self, Past};

/// # Errors
/// When the statement fails.
pub async fn history(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    asked: HistoryRequest,
) -> Result<History, AppError> {
    let (zone, currency) = (context.zone.name(), context.business.base_currency);
    let scope = counted_by(context, metric, asked.basis).to_string();
    let window = context.zone.days_range(asked.days.from, asked.days.to);
    let past = snapshots::Asked {
        metric: metric.as_str(),
        scope: &scope,
        day: asked.day,
        of_days: !metric.is_of_now(),
        zone,
        from: window.start,
        to: window.end,
        step: asked.step.as_str(),
    };
    let items = snapshots::history(connection, &past)
        .await?
        .into_iter()
        .map(|(start, last)| HistoryItem { start: context.zone.local(start), last: value(context, last) });
    Ok(History {
        key: metric,
        unit: metric.unit(),
        currency: (metric.unit() == Unit::Money).then_some(currency),
        zone: zone.to_owned(),
        step: asked.step,
        items: items.collect(),
    })
}

/// What every value of a figure under a counting rule has in its scope.
fn counted_by(context: &Context, metric: MetricKey, basis: Basis) -> Value {
    let (zone, currency) = (context.zone.name(), context.business.base_currency);
    let mut scope = json!({ "zone": zone, "currency": currency, "fraud": context.fraud() });
    if !metric.is_of_now() {
        scope["basis"] = json!(basis.as_str());
    }
    scope
}

/// The value with that number, if it is one of this figure under this scope.
///
/// # Errors
/// When the statement fails.
pub async fn one(
    connection: &mut PgConnection,
    context: &Context,
    metric: MetricKey,
    scope: Scope,
    id: SnapshotId,
) -> Result<Option<PastValue>, AppError> {
    let mut wanted = counted_by(context, metric, scope.basis);
    if !metric.is_of_now() {
        (wanted["from"], wanted["to"]) = (json!(scope.days.from), json!(scope.days.to));
    }
    let past = snapshots::one(connection, metric.as_str(), &wanted.to_string(), id.0).await?;
    Ok(past.map(|past| value(context, past)))
}

fn value(context: &Context, past: Past) -> PastValue {
    PastValue {
        snapshot_id: SnapshotId(past.id),
        value: past.value.map(|value| value.normalize()),
        row_count: past.row_count,
        computed_at: context.zone.local(past.computed_at),
    }
}
