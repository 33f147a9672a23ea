//! Screening of sales that were made elsewhere: they keep their status, and get the decision that would have been made of
//! them at their time (`commerce.md` 3.4).

use super::{live_set, telling::Telling};
use crate::{backend::Backend, services::transactions::zone_of};
use chrono::{DateTime, Duration, Utc};
use domain::AppError;
use engine::ingest::{Meter, Unreadable};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::fraud::{
    cases::{self, NewCase},
    history,
    screening::{self as rows, NewDecisions},
};
use uuid::Uuid;

/// Sales of one page.
const PAGE: i64 = 2_000;
/// A sale older than that is not put before a reviewer any more.
const STILL_DUE: Duration = Duration::hours(24);

/// What became of the sales of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screened {
    pub judged: u32,
    pub suspicious: u32,
}

/// Judges sales in time order, as each would have been judged at its time; what has a decision keeps it. All sales
/// before them are told too: what is known of a customer reaches back to the first one.
///
/// # Errors
/// When the database fails, or the import was stopped.
pub async fn screen(
    connection: &mut PgConnection,
    backend: &Backend,
    by: &str,
    sales: &BTreeMap<Uuid, DateTime<Utc>>,
    meter: &Meter,
) -> Result<Screened, AppError> {
    let (Some(first), Some(last)) = (sales.values().min().copied(), sales.values().max().copied()) else {
        return Ok(Screened::default());
    };
    let clock = backend.clock.as_ref();
    let (now, until) = (clock.now(), last + Duration::microseconds(1));
    let set = live_set(connection, clock).await?;
    let business = store::settings::business(connection).await?;
    let zone = zone_of(&business);
    let (limit, label_delay_days) = history::settings(connection).await?;
    let mut telling = Telling::new(zone, label_delay_days, limit);
    let (mut after, mut screened) = ((DateTime::UNIX_EPOCH - Duration::days(1), Uuid::nil()), Screened::default());
    loop {
        if meter.is_stopped() {
            return Err(Unreadable::Stopped.into());
        }
        let page =
            history::own_sales(connection, after, until, first, business.base_currency, zone.name(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(screened) };
        after = (last.at, last.reference.parse().map_err(|_| AppError::internal())?);
        let (mut new, mut due) = (NewDecisions::default(), Vec::new());
        for sale in &page {
            let Some((past, known)) = telling.next(sale) else { continue };
            let transaction_id: Uuid = sale.reference.parse().map_err(|_| AppError::internal())?;
            if sale.decided || !sales.contains_key(&transaction_id) {
                continue;
            }
            let decision = set.decide(&known);
            if decision.outcome.is_suspicious() && sale.recognised_at.is_some() && sale.at > now - STILL_DUE {
                due.push((transaction_id, decision.points, past.amount, sale.at));
            }
            new.ids.push(clock.new_id());
            new.transaction_ids.push(transaction_id);
            new.features.push(serde_json::to_value(&known).map_err(|_| AppError::internal())?);
            new.hits.push(serde_json::to_value(&decision.hits).map_err(|_| AppError::internal())?);
            new.learned.push(decision.learned);
            new.points.push(decision.points);
            new.outcomes.push(decision.outcome.as_str().to_owned());
            new.at.push(sale.at);
            new.scores.push(decision.score());
            new.suspicious.push(decision.outcome.is_suspicious());
        }
        screened.judged += u32::try_from(new.ids.len()).unwrap_or(u32::MAX);
        screened.suspicious += u32::try_from(new.suspicious.iter().filter(|one| **one).count()).unwrap_or(u32::MAX);
        rows::insert_decisions(connection, set.id, env!("CARGO_PKG_VERSION"), &new).await?;
        for (transaction_id, points, amount, at) in due {
            let case = NewCase {
                id: clock.new_id(),
                transaction_id,
                reason: "review",
                expected_loss: (points / Decimal::ONE_HUNDRED * amount).round_dp(4),
                due_at: at + STILL_DUE,
                at,
                actor: by,
                data: &json!({ "reason": "review", "points": points }),
            };
            cases::open(connection, &case).await?;
        }
    }
}
