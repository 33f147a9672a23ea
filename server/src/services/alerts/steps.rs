//! What comes while nobody takes an alert: its steps, and being told again (`alerts.md` 3.7). The times stand in the
//! database, so a worker that was stopped does afterwards what fell due.

use super::routing::{self, Told};
use crate::backend::Backend;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    alerts::{AlertStep, Recipients},
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use store::alerts::{
    self as rows,
    routes::{self, Repeat, StepFields},
};
use uuid::Uuid;

/// Alerts of one sweep.
const AT_ONCE: i64 = 500;

/// Fires the steps that are due, then tells again what is to be told again.
///
/// # Errors
/// When a statement fails.
pub async fn sweep(backend: &Backend, by: &str) -> Result<(), AppError> {
    let now = backend.clock.now();
    let mut connection = store::acquire(&backend.pools.jobs).await?;
    let due = routes::due(&mut connection, now, AT_ONCE).await?;
    let repeats = routes::repeats(&mut connection, None, now, AT_ONCE).await?;
    drop(connection);
    for alert in due {
        fire(backend, by, alert, now).await?;
    }
    for repeat in repeats {
        again(backend, by, repeat, now).await?;
    }
    Ok(())
}

/// The steps of one alert that are due. Who acknowledges, resolves or silences it holds its row as well; a step that was
/// not called off with it is now.
async fn fire(backend: &Backend, by: &str, alert: Uuid, now: DateTime<Utc>) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let Some(open) = rows::lock(&mut tx, alert).await? else { return Ok(()) };
    let due = |step: &StepFields| step.outcome.is_none() && step.due_at <= now;
    let steps: Vec<StepFields> = routes::steps(&mut tx, alert).await?.into_iter().filter(due).collect();
    let told = Told::of(&open, now);
    let over = open.state == "resolved" || open.deleted_at.is_some() || open.is_acknowledged(now);
    let called_off = if over { Some("cancelled") } else { told.silenced.then_some("silenced") };
    for step in steps {
        if let Some(outcome) = called_off {
            routes::settle(&mut tx, alert, step.step, outcome, now).await?;
            continue;
        }
        let text = json!({ "text": format!("Step {}: nobody has acknowledged it.", step.step), "step": step.step });
        let seq = rows::happened(&mut tx, alert, "escalated", by, &text, now).await?;
        routes::settle(&mut tx, alert, step.step, "fired", now).await?;
        routing::escalate(&mut tx, clock, &told, &step, seq, now).await?;
    }
    Ok(store::commit(tx).await?)
}

async fn again(backend: &Backend, by: &str, repeat: Repeat, now: DateTime<Utc>) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let Some(open) = rows::lock(&mut tx, repeat.alert_id).await? else { return Ok(()) };
    // Another worker may have told it meanwhile.
    if !routes::repeats(&mut tx, Some(repeat.alert_id), now, AT_ONCE).await?.contains(&repeat) {
        return Ok(());
    }
    let told = Told::of(&open, now);
    let all = routing::all(&mut tx).await?;
    let Some(route) = all.iter().find(|route| route.id.map(|id| id.0) == Some(repeat.route_id)) else { return Ok(()) };
    if let Some(found) = routing::repeat(&mut tx, &told, route, now).await? {
        let text = json!({ "text": "It still fires." });
        let seq = rows::happened(&mut tx, open.id, "notified", by, &text, now).await?;
        routing::tell_again(&mut tx, clock, &told, &found, seq, now).await?;
    }
    Ok(store::commit(tx).await?)
}

/// The steps of an alert as its page shows them.
///
/// # Errors
/// When a statement fails.
pub(super) async fn of(
    connection: &mut PgConnection,
    alert: Uuid,
    zone: &BusinessZone,
) -> Result<Vec<AlertStep>, AppError> {
    let steps = routes::steps(connection, alert).await?;
    let channels: Vec<Uuid> = steps.iter().flat_map(|step| step.channel_ids.iter().copied()).collect();
    let ways = routes::ways(connection, &channels).await?;
    let shown = |step: StepFields| {
        let to: Recipients = serde_json::from_value(step.recipients).map_err(|_| AppError::internal())?;
        let mut told: Vec<String> =
            ways.iter().filter(|way| step.channel_ids.contains(&way.id)).map(|way| way.name.clone()).collect();
        told.extend(to.words());
        if !to.user_ids.is_empty() {
            told.push(format!("{} by name", to.user_ids.len()));
        }
        Ok(AlertStep {
            step: step.step,
            due_at: zone.local(step.due_at),
            fired_at: step.fired_at.map(|at| zone.local(at)),
            outcome: step.outcome,
            told,
        })
    };
    steps.into_iter().map(shown).collect()
}
