//! What is over without a word from the feature that noticed it, stock that has become low, and silences that begin
//! and end.

use super::{
    routing::{Told, tell},
    signals::{self, Ended, Signal, silence_of},
};
use crate::{backend::Backend, services::overview::reorder_threshold};
use chrono::Duration;
use domain::{
    AppError,
    access::Principal,
    alerts::{AlertFeature, Resolution, Severity, Subject, kind_of},
    clock::Clock,
    live::Topic,
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use store::alerts::{self as rows, metrics, silences};

/// Types whose alerts end when nothing was told of them for so long.
const QUIET: [(&str, Duration); 4] = [
    ("screening_unavailable", Duration::minutes(5)),
    ("fraud_detected", Duration::hours(24)),
    ("database_restarted", Duration::hours(24)),
    ("account_held", Duration::hours(1)),
];
/// Stock has recovered above this multiple of the threshold.
const RECOVERED: Decimal = Decimal::from_parts(12, 0, 0, false, 1);
/// Products of one transaction.
const AT_ONCE: i64 = 500;

/// # Errors
/// When a statement fails.
pub async fn sweep(backend: &Backend, who: &Principal) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    for (alert_type, quiet) in QUIET {
        for key in rows::quiet_since(&mut tx, alert_type, clock.now() - quiet).await? {
            let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
            signals::clear(&mut tx, clock, &key, ended).await?;
        }
    }
    store::commit(tx).await?;
    stock(backend, who).await?;
    silence(backend, who).await
}

/// Opens alerts of products that have become low, and ends those of products that are not any more.
///
/// # Errors
/// When a statement fails.
pub async fn stock(backend: &Backend, who: &Principal) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let kind = kind_of("low_stock").ok_or_else(AppError::internal)?;
    loop {
        let mut tx = store::begin(&backend.pools.jobs).await?;
        let threshold = reorder_threshold(&mut tx).await?;
        let found = metrics::low_stock(&mut tx, threshold, threshold * RECOVERED, AT_ONCE).await?;
        for stock in &found {
            let id = stock.product_id.to_string();
            if !stock.sold || stock.available > threshold {
                let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
                signals::clear(&mut tx, clock, &Signal::key_of(kind, &id), ended).await?;
                continue;
            }
            let left = stock.available.normalize();
            let (severity, what) = if stock.available <= Decimal::ZERO {
                (Severity::Critical, "Out of stock")
            } else {
                (Severity::High, "Critical stock")
            };
            if stock.severity.is_some_and(|open| open > severity.rank()) {
                lower(&mut tx, clock, who, &Signal::key_of(kind, &id), severity, left).await?;
                continue;
            }
            let mut signal = Signal::of(kind, severity, &id, &stock.label)
                .saying(
                    format!("{what}: {}", stock.label),
                    format!("{left} left to sell; the threshold of reordering is {}.", threshold.normalize()),
                )
                .acting(format!("/products/{id}"));
            (signal.value, signal.threshold) = (Some(left), Some(threshold));
            signal.unit = Some("pieces".to_owned());
            signals::raise(&mut tx, clock, who.label(), &signal).await?;
        }
        store::commit(tx).await?;
        if i64::try_from(found.len()).unwrap_or_default() < AT_ONCE {
            return Ok(());
        }
    }
}

/// Less grave than before; nobody is told.
async fn lower(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    key: &str,
    severity: Severity,
    value: Decimal,
) -> Result<(), AppError> {
    let Some(open) = rows::lock_open(connection, key).await? else { return Ok(()) };
    rows::set_severity(connection, open.id, severity.rank(), Some(value)).await?;
    let text = json!({ "text": severity.label() });
    rows::happened(connection, open.id, "severity", who.label(), &text, clock.now()).await?;
    Ok(store::live::emit(connection, Topic::Alerts, &open.id.to_string()).await?)
}

/// [`hold`] in a transaction of its own.
///
/// # Errors
/// When a statement fails.
pub async fn silence(backend: &Backend, who: &Principal) -> Result<(), AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    hold(&mut tx, backend.clock.as_ref(), who).await?;
    Ok(store::commit(tx).await?)
}

/// Holds every open alert against the silences that run. One that still fires when its silence has ended is told then.
///
/// # Errors
/// When a statement fails.
pub async fn hold(connection: &mut PgConnection, clock: &dyn Clock, who: &Principal) -> Result<(), AppError> {
    let now = clock.now();
    if !silences::any(connection, now).await? {
        return Ok(());
    }
    let running = silences::running(connection, now).await?;
    for alert in silences::open_alerts(connection).await? {
        let rule = alert.rule_id.map(|id| id.to_string());
        let severity = super::severity_of(alert.severity)?;
        let subject = Subject {
            alert_type: &alert.alert_type,
            feature: AlertFeature::parse(&alert.feature).ok_or_else(AppError::internal)?,
            severity,
            entity_type: alert.entity_type.as_deref(),
            entity_id: alert.entity_id.as_deref(),
            rule_id: rule.as_deref(),
        };
        let silence = silence_of(&running, &subject);
        let until = silence.map(|(_, until)| until);
        if until == alert.silenced_until {
            continue;
        }
        silences::set(connection, alert.id, until).await?;
        match (alert.silenced_until, silence) {
            (None, Some((id, _))) => {
                rows::happened(connection, alert.id, "silenced", who.label(), &json!({ "silence": id }), now).await?;
                store::live::emit(connection, Topic::Alerts, &alert.id.to_string()).await?;
            }
            (Some(_), None) => {
                let ended = json!({ "text": "The silence has ended." });
                let seq = rows::happened(connection, alert.id, "notified", who.label(), &ended, now).await?;
                let told = Told {
                    id: alert.id,
                    alert_type: &alert.alert_type,
                    feature: &alert.feature,
                    severity: alert.severity,
                    title: &alert.title,
                    entity_type: alert.entity_type.as_deref(),
                    entity_id: alert.entity_id.as_deref(),
                    rule_id: alert.rule_id,
                    silenced: false,
                };
                tell(connection, clock, &told, "silence_ended", seq, now).await?;
            }
            _ => {}
        }
    }
    Ok(())
}
