//! Screening of sales that were made elsewhere: they keep their status, and get the decision that would have been made of
//! them at their time (`commerce.md` 3.4).

use super::{live_set, telling::Telling};
use crate::{backend::Backend, services::transactions::zone_of};
use chrono::{DateTime, Duration};
use domain::{AppError, access::Principal, live::Topic};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
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

/// Judges the sales of the demo world in time order; answers how many. What has a decision keeps it.
///
/// # Errors
/// When the database fails; nothing is written then.
pub async fn screen_demo(backend: &Backend, who: &Principal) -> Result<i64, AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let judged = screen(&mut tx, backend, who).await?;
    if judged > 0 {
        store::live::emit(&mut tx, Topic::Transactions, "").await?;
        store::live::emit(&mut tx, Topic::Fraud, "cases").await?;
    }
    store::commit(tx).await?;
    Ok(judged)
}

async fn screen(connection: &mut PgConnection, backend: &Backend, who: &Principal) -> Result<i64, AppError> {
    let clock = backend.clock.as_ref();
    let now = clock.now();
    let set = live_set(connection, clock).await?;
    let business = store::settings::business(connection).await?;
    let zone = zone_of(&business);
    let (limit, label_delay_days) = history::settings(connection).await?;
    let mut telling = Telling::new(zone, label_delay_days, limit);
    let start = DateTime::UNIX_EPOCH - Duration::days(1);
    let (mut after, mut judged) = ((start, Uuid::nil()), 0);
    loop {
        let page = history::own_sales(connection, after, now, start, business.base_currency, zone.name(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(judged) };
        after = (last.at, last.reference.parse().map_err(|_| AppError::internal())?);
        let (mut new, mut due) = (NewDecisions::default(), Vec::new());
        for sale in &page {
            let Some((past, known)) = telling.next(sale) else { continue };
            if sale.decided || !sale.demo {
                continue;
            }
            let decision = set.decide(&known);
            let transaction_id: Uuid = sale.reference.parse().map_err(|_| AppError::internal())?;
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
        judged += i64::try_from(new.ids.len()).unwrap_or_default();
        rows::insert_decisions(connection, set.id, env!("CARGO_PKG_VERSION"), &new).await?;
        for (transaction_id, points, amount, at) in due {
            let case = NewCase {
                id: clock.new_id(),
                transaction_id,
                reason: "review",
                expected_loss: (points / Decimal::ONE_HUNDRED * amount).round_dp(4),
                due_at: at + STILL_DUE,
                at,
                actor: who.label(),
                data: &json!({ "reason": "review", "points": points }),
            };
            cases::open(connection, &case).await?;
        }
    }
}
