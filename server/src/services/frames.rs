//! What the live events mean to clients of the WebSocket (`commerce.md` §7, `alerts.md` §7): read once for all of them, after the commit.

use crate::{backend::Backend, live::LiveBus};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    alerts::{AlertFeature, AlertState, Severity, ShownState, is_acknowledged},
    fraud::{Hit, Outcome},
    live::{Changed, Topic},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use store::frames::{self as rows, Alert, Case, Moved, Sale};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Events whose frames are kept for clients that are a little behind.
const KEPT: usize = 256;
/// What was made so shortly before its first event is new.
const NEW: Duration = Duration::minutes(1);
/// Clocks of two servers agree this well.
const SKEW: Duration = Duration::seconds(1);

/// One message, and who may hear it.
#[derive(Debug)]
pub struct Frame {
    pub kind: &'static str,
    /// Besides that of the channel.
    right: Permission,
    data: Value,
    /// For who may review, instead.
    reviewed: Option<Value>,
}

impl Frame {
    /// What `who` is told; `None`: nothing.
    #[must_use]
    pub fn told(&self, who: &Principal) -> Option<&Value> {
        let reviewed = self.reviewed.as_ref().filter(|_| who.may(Permission::FraudReview));
        who.may(self.right).then(|| reviewed.unwrap_or(&self.data))
    }
}

type Kept = Arc<OnceCell<Vec<Frame>>>;

/// The frames of one process.
pub struct FramesService {
    backend: Backend,
    live: LiveBus,
    kept: Mutex<VecDeque<(i64, Kept)>>,
}

impl fmt::Debug for FramesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramesService").finish_non_exhaustive()
    }
}

impl FramesService {
    #[must_use]
    pub const fn new(backend: Backend, live: LiveBus) -> Self {
        Self { backend, live, kept: Mutex::new(VecDeque::new()) }
    }

    /// The frames of an event, in their order; whoever asks first reads, the others wait.
    ///
    /// # Errors
    /// When the database does not answer; who asks next tries again.
    pub async fn of(&self, event: &Changed) -> Result<Kept, AppError> {
        let kept = {
            let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            match all.iter().rev().find(|(id, _)| *id == event.id) {
                Some((_, kept)) => Arc::clone(kept),
                None => {
                    let kept = Kept::default();
                    if all.len() == KEPT {
                        all.pop_front();
                    }
                    all.push_back((event.id, Arc::clone(&kept)));
                    kept
                }
            }
        };
        kept.get_or_try_init(|| self.read(event)).await?;
        Ok(kept)
    }

    async fn read(&self, event: &Changed) -> Result<Vec<Frame>, AppError> {
        let Ok(key) = event.key.parse::<Uuid>() else { return Ok(Vec::new()) };
        let mut connection = store::acquire(&self.backend.pools.live).await?;
        Ok(match event.topic {
            Topic::Transactions => {
                let sale = rows::sale(&mut connection, key).await?;
                sale.map(|sale| sold(&sale, self.is_new(event, sale.created_at))).into_iter().collect()
            }
            Topic::Fraud => {
                let case = rows::case(&mut connection, key).await?;
                let opened = case.filter(|case| self.is_new(event, case.created_at));
                opened.map(|case| suspected(&case)).into_iter().collect()
            }
            Topic::Inventory => {
                let moved = rows::moved(&mut connection, key, event.at + SKEW).await?;
                let threshold = store::overview::reorder_threshold(&mut connection).await?;
                let threshold = threshold.and_then(|text| text.parse().ok());
                moved.iter().map(|moved| stocked(moved, threshold)).collect()
            }
            Topic::Alerts => {
                let alert = rows::alert(&mut connection, key).await?;
                let told = alert.and_then(|alert| {
                    let new = self.is_new(event, alert.opened_at);
                    alerted(&alert, new, self.backend.clock.now())
                });
                told.into_iter().collect()
            }
            _ => Vec::new(),
        })
    }

    /// The first that is heard of it, and it was made just before.
    fn is_new(&self, event: &Changed, made: DateTime<Utc>) -> bool {
        made >= event.at - NEW && self.live.is_first(event)
    }
}

fn sold(sale: &Sale, new: bool) -> Frame {
    let data = json!({
        "transaction_id": sale.id,
        "number": sale.number,
        "status": sale.status,
        "total_amount": sale.total,
        "currency": sale.currency,
        "customer": sale.customer.as_ref().map(|customer| &customer.label),
        "is_suspicious": sale.is_suspicious,
        "fraud_score": sale.fraud_score,
        "timestamp": sale.occurred_at,
    });
    let kind = if new { "new_transaction" } else { "transaction_update" };
    Frame { kind, right: Permission::TransactionsView, data, reviewed: None }
}

fn suspected(case: &Case) -> Frame {
    let outcome = case.outcome.as_deref().and_then(Outcome::parse);
    let said = match case.reason.as_str() {
        "hold" => "This sale waits for a review.",
        "flagged" => "Somebody flagged this sale.",
        _ => "This sale will be reviewed.",
    };
    let hits: Vec<Hit> = case.hits.clone().and_then(|hits| serde_json::from_value(hits).ok()).unwrap_or_default();
    let texts: Vec<&str> = hits.iter().map(|hit| hit.text.as_str()).collect();
    let with = |reason: &str| {
        json!({
            "case_id": case.id,
            "transaction_id": case.transaction_id,
            "outcome": outcome,
            "fraud_score": case.fraud_score,
            "expected_loss": case.expected_loss,
            "reason": reason,
        })
    };
    let reviewed = (!texts.is_empty()).then(|| with(&texts.join("; ")));
    Frame { kind: "fraud_alert", right: Permission::FraudView, data: with(said), reviewed }
}

/// For who may view its feature.
fn alerted(alert: &Alert, new: bool, now: DateTime<Utc>) -> Option<Frame> {
    let stored = AlertState::parse(&alert.state)?;
    let acknowledged = is_acknowledged(alert.acked_at, alert.ack_until, now);
    let silenced = alert.silenced_until.is_some_and(|until| until > now);
    let data = json!({
        "id": alert.id,
        "number": alert.number,
        "alert_type": alert.alert_type,
        "severity": Severity::of_rank(alert.severity)?,
        "state": ShownState::of(stored, silenced, acknowledged),
        "title": alert.title,
        "entity_type": alert.entity_type,
        "entity_id": alert.entity_id,
        "value": alert.value.map(|value| value.normalize()),
        "threshold": alert.threshold.map(|value| value.normalize()),
        "occurrences": alert.occurrences,
        "opened_at": alert.opened_at,
        "resolved_at": alert.resolved_at,
    });
    let kind = if new { "new_alert" } else { "alert_update" };
    Some(Frame { kind, right: AlertFeature::parse(&alert.feature)?.right(), data, reviewed: None })
}

fn stocked(moved: &Moved, threshold: Option<Decimal>) -> Frame {
    let data = json!({
        "product_id": moved.product_id,
        "sku": moved.sku,
        "name": moved.name,
        "site": moved.site,
        "old_available": (moved.available - moved.change).normalize(),
        "new_available": moved.available,
        "change": moved.change,
        "urgency": urgency(moved.available, threshold),
    });
    Frame { kind: "stock_update", right: Permission::InventoryView, data, reviewed: None }
}

/// The level by thresholds only (`stock.md` 3.6); `None`: there is enough.
fn urgency(available: Decimal, threshold: Option<Decimal>) -> Option<&'static str> {
    if available <= Decimal::ZERO {
        return Some("critical");
    }
    let threshold = threshold?;
    if available < threshold * Decimal::new(25, 2) {
        Some("high")
    } else if available <= threshold {
        Some("medium")
    } else if available <= threshold * Decimal::new(12, 1) {
        Some("low")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_a_stock_follows_its_threshold() {
        let level = |available: i64| urgency(available.into(), Some(Decimal::from(20)));
        assert_eq!(
            [0, 4, 5, 20, 21, 24, 25].map(level),
            [Some("critical"), Some("high"), Some("medium"), Some("medium"), Some("low"), Some("low"), None]
        );
        assert_eq!((urgency(Decimal::ZERO, None), urgency(Decimal::ONE, None)), (Some("critical"), None));
    }
}
