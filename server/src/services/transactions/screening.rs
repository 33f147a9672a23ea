//! Judging a sale before the answer (`commerce.md` 3.4). What fails or takes too long is reviewed by a person: nothing
//! passes in silence.

use crate::services::fraud::{alarm, judging_sets};
use chrono::{DateTime, Datelike, Duration, Timelike, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    clock::Clock,
    fraud::{Decision, Features, Hit, Outcome, set::ShadowDecision},
    ids::TransactionId,
    money::Currency,
};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::time::Instant;
use store::fraud::{
    cases::{self, NewCase},
    screening::{self as rows, Judged, JudgedLine, NewDecision},
};
use uuid::Uuid;

/// A held sale waits so long for a reviewer.
pub const HOLD: Duration = Duration::hours(48);
/// So soon a held sale, and one to be reviewed, should be decided.
const DUE_HELD: Duration = Duration::hours(4);
const DUE_REVIEW: Duration = Duration::hours(24);

/// A sale to be judged, as its recording knows it.
#[derive(Debug)]
pub struct Sale<'a> {
    pub id: TransactionId,
    pub at: DateTime<Utc>,
    pub customer: Option<Uuid>,
    pub fingerprint: Option<&'a [u8]>,
    pub method: &'a str,
    pub terminal: Option<&'a str>,
    pub device: Option<&'a str>,
    pub address: Option<std::net::IpAddr>,
    pub currency: Currency,
    pub total: Decimal,
    pub lines: &'a [JudgedLine],
    pub base: Currency,
    pub zone: BusinessZone,
}

/// Why there are no points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Unavailable,
    NoRate,
}

impl Fault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "screening_unavailable",
            Self::NoRate => "no_exchange_rate",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Unavailable => "Screening did not answer; a person must look at this sale.",
            Self::NoRate => "No exchange rate of the day is known; a person must look at this sale.",
        }
    }
}

/// What was decided of a sale that is not written yet.
pub struct Screened {
    set: Option<Uuid>,
    features: Features,
    decision: Decision,
    /// What the set in shadow came to; it changes nothing.
    shadow: Option<ShadowDecision>,
    fault: Option<Fault>,
    took: std::time::Duration,
}

impl Screened {
    pub const fn outcome(&self) -> Outcome {
        self.decision.outcome
    }

    pub fn score(&self) -> Decimal {
        self.decision.score()
    }

    /// The rules that hit, for who may review.
    pub fn hits(&self, who: &Principal) -> Vec<Hit> {
        if who.may(Permission::FraudReview) { self.decision.hits.clone() } else { Vec::new() }
    }

    /// What the caller is told; without the right to review no more than what follows.
    pub fn reason(&self, who: &Principal) -> Option<String> {
        if !self.outcome().is_suspicious() {
            return None;
        }
        if !who.may(Permission::FraudReview) {
            return Some(match self.outcome() {
                Outcome::Decline => "This sale was declined.".to_owned(),
                Outcome::Hold => "This sale waits for a review.".to_owned(),
                Outcome::Approve | Outcome::Review => "This sale will be reviewed.".to_owned(),
            });
        }
        let texts: Vec<&str> = self.decision.hits.iter().map(|hit| hit.text.as_str()).collect();
        Some(self.fault.map_or_else(|| texts.join("; "), |fault| fault.words().to_owned()))
    }
}

/// Judges a sale. What goes wrong within is undone and leaves the caller's transaction as it was.
pub async fn screen(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    sale: &Sale<'_>,
    budget: std::time::Duration,
) -> Result<Screened, AppError> {
    let began = Instant::now();
    let mut part = store::part(connection).await?;
    let judged = judge(&mut part, clock, sale, budget).await;
    let took = began.elapsed();
    let reviewed = |fault: Fault| Screened {
        set: None,
        features: Features::default(),
        decision: Decision {
            rule_set: -1,
            hits: Vec::new(),
            learned: None,
            points: Decimal::ZERO,
            outcome: Outcome::Review,
        },
        shadow: None,
        fault: Some(fault),
        took,
    };
    match judged {
        Ok(judged) => {
            store::commit(part).await?;
            Ok(match judged {
                None => reviewed(Fault::NoRate),
                Some(_) if took > budget => {
                    tracing::warn!(?took, "screening took longer than it may");
                    reviewed(Fault::Unavailable)
                }
                Some(Judgement { set, features, decision, shadow }) => {
                    Screened { set: Some(set), features, decision, shadow, fault: None, took }
                }
            })
        }
        Err(error) => {
            tracing::error!(?error, "a sale could not be screened");
            store::rollback(part).await?;
            Ok(reviewed(Fault::Unavailable))
        }
    }
}

/// What the sets came to.
struct Judgement {
    set: Uuid,
    features: Features,
    decision: Decision,
    shadow: Option<ShadowDecision>,
}

async fn judge(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    sale: &Sale<'_>,
    budget: std::time::Duration,
) -> Result<Option<Judgement>, AppError> {
    let before = rows::statement_timeout(connection, &format!("{}ms", budget.as_millis())).await?;
    let (set, shadow) = judging_sets(connection, clock).await?;
    let local = sale.zone.local(sale.at);
    let judged = Judged {
        written: None,
        at: sale.at,
        customer: sale.customer,
        fingerprint: sale.fingerprint,
        method: Some(sale.method),
        terminal: sale.terminal,
        device: sale.device,
        address: sale.address,
        currency: sale.currency,
        total: sale.total,
        lines: sale.lines,
        base: sale.base,
        zone: sale.zone.name(),
        hour: local.hour(),
        weekday: local.weekday().number_from_monday(),
    };
    let Some(features) = rows::features(connection, &judged).await? else { return Ok(None) };
    rows::statement_timeout(connection, &before).await?;
    let decision = set.decide(&features);
    let shadow = shadow.map(|shadow| {
        let Decision { rule_set, hits, learned, points, outcome } = shadow.decide(&features);
        ShadowDecision { rule_set, learned, points, outcome, hits: hits.into_iter().map(|hit| hit.code).collect() }
    });
    Ok(Some(Judgement { set: set.id, features, decision, shadow }))
}

/// Writes what was decided of the sale, which is written by now, and opens its case; answers that.
pub async fn write(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    sale: &Sale<'_>,
    screened: &Screened,
    held: bool,
) -> Result<Option<Uuid>, AppError> {
    let Screened { set, features, decision, shadow, fault, took } = screened;
    let id = clock.new_id();
    let to_json = |value: serde_json::Result<serde_json::Value>| value.map_err(|_| AppError::internal());
    let (features, hits) = (to_json(serde_json::to_value(features))?, to_json(serde_json::to_value(&decision.hits))?);
    let shadow = shadow.as_ref().map(|shadow| to_json(serde_json::to_value(shadow))).transpose()?;
    let new = NewDecision {
        id,
        transaction_id: sale.id.0,
        rule_set_id: *set,
        features: &features,
        hits: &hits,
        learned: decision.learned,
        points: decision.points,
        outcome: decision.outcome.as_str(),
        fault: fault.map(Fault::as_str),
        took_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
        engine_version: env!("CARGO_PKG_VERSION"),
        shadow: shadow.as_ref(),
        at: sale.at,
        score: decision.score(),
        suspicious: decision.outcome.is_suspicious(),
        hold_expires_at: held.then(|| sale.at + HOLD),
    };
    rows::insert_decision(connection, &new).await?;
    if fault.is_some_and(|fault| fault == Fault::Unavailable) {
        alarm::unavailable(connection, clock, who).await?;
    }
    if matches!(decision.outcome, Outcome::Hold | Outcome::Decline) {
        alarm::stopped(connection, clock, who, sale).await?;
    }
    let (reason, due) = match decision.outcome {
        Outcome::Approve | Outcome::Decline => return Ok(None),
        Outcome::Hold => ("hold", DUE_HELD),
        Outcome::Review if fault.is_some() => ("screening_unavailable", DUE_REVIEW),
        Outcome::Review => ("review", DUE_REVIEW),
    };
    let amount = features.get("amount").and_then(|amount| amount.as_str()).and_then(|text| text.parse().ok());
    let expected_loss = decision.points / Decimal::ONE_HUNDRED * amount.unwrap_or(sale.total);
    let case = NewCase {
        id: clock.new_id(),
        transaction_id: sale.id.0,
        reason,
        expected_loss: expected_loss.round_dp(4),
        due_at: sale.at + due,
        at: sale.at,
        actor: who.label(),
        data: &json!({ "reason": reason, "points": decision.points }),
    };
    Ok(cases::open(connection, &case).await?.then_some(case.id))
}
