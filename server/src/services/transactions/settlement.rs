//! Ending a pending sale (`commerce.md` 3.2): its reserved stock is taken or freed in one transaction with
//! its state, event and audit row.

use super::{TransactionsService, zone_of};
use crate::services::idempotency::{Request, once};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    clock::Clock,
    idempotency::{Answered, IdempotencyKey},
    ids::TransactionId,
    transactions::{SaleDetail, SaleStatus, SettleSale, Settlement},
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    transactions::{
        detail,
        pending::{self, Ending, Locked},
    },
};
use uuid::Uuid;

/// The stock of a pending sale is reserved for this long.
pub const HELD_FOR: Duration = Duration::minutes(30);
/// Sales that one transaction of the expiry ends.
const AT_ONCE: i64 = 50;

/// Whether `who` may end a pending sale of that recorder: their own, or anybody's with the right to refund.
pub fn may_settle(who: &Principal, recorder: Option<Uuid>) -> bool {
    let own = recorder.is_some() && recorder == who.user_id().map(|user| user.0);
    who.may(Permission::TransactionsCreate) && (own || who.may(Permission::TransactionsRefund))
}

/// Ends the sale once; see [`domain::transactions::TransactionsPort::settle`].
pub async fn settle(
    service: &TransactionsService,
    who: &Principal,
    id: TransactionId,
    how: Settlement,
    command: &SettleSale,
    key: Option<&IdempotencyKey>,
) -> Result<Answered<Result<SaleDetail, AppError>>, AppError> {
    who.require(Permission::TransactionsCreate)?;
    command.validate().map_err(AppError::validation)?;
    let _permit = service.recording.acquire().await.map_err(|_| AppError::internal())?;
    let at = service.backend.clock.now();
    let route = format!("POST /api/v1/transactions/{id}/{}", how.as_str());
    let reason = command.reason.as_deref().map(str::trim);
    let request = Request { who, key, route: &route, body: command, status: 200 };
    once(&service.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
        end(service, connection, who, id, how, reason, at).await?;
        read(connection, who, id).await
    })
    .await
}

pub async fn read(connection: &mut PgConnection, who: &Principal, id: TransactionId) -> Result<SaleDetail, AppError> {
    let zone = zone_of(&store::settings::business(connection).await?);
    let may = |recorder| may_settle(who, recorder);
    let found = detail::get(connection, id, &|at| zone.local(at), HELD_FOR, may).await?;
    found.map(|sale| seen_by(who, sale)).ok_or_else(AppError::internal)
}

/// What hit is for who may review; who may not see cases sees no decision, and who may not refund is not offered it.
pub fn seen_by(who: &Principal, mut sale: SaleDetail) -> SaleDetail {
    sale.may_refund &= who.may(Permission::TransactionsRefund);
    if !who.may(Permission::FraudView) {
        sale.decision = None;
    }
    if let Some(decision) = sale.decision.as_mut().filter(|_| !who.may(Permission::FraudReview)) {
        decision.hits.clear();
        decision.learned = None;
    }
    sale
}

async fn end(
    service: &TransactionsService,
    connection: &mut PgConnection,
    who: &Principal,
    id: TransactionId,
    how: Settlement,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let clock = &service.backend.clock;
    let sale = pending::lock(connection, id).await?.ok_or_else(|| AppError::not_found("Transaction"))?;
    if !may_settle(who, sale.created_by) {
        return Err(AppError::forbidden());
    }
    if sale.status != SaleStatus::Pending {
        return Err(AppError::conflict(format!(
            "Transaction #{} is {} already; only a pending one can be captured, failed or cancelled.",
            sale.number,
            sale.status.words().to_lowercase()
        )));
    }
    let take = how == Settlement::Capture;
    let ending = Ending { id, event_id: clock.new_id(), status: how.status(), take, reason, at };
    pending::end(connection, who, &sale, ending).await?;
    let action = match how {
        Settlement::Capture => "transactions.capture",
        Settlement::Fail => "transactions.fail",
        Settlement::Cancel => "transactions.cancel",
    };
    let act = Act::done(action, "transaction", id)
        .before(json!({"status": sale.status}))
        .after(json!({"number": sale.number, "status": how.status(), "reason": reason}));
    Ok(audit::record(connection, clock.new_id(), at, who, act).await?)
}

/// Ends a held sale, which the caller has locked: releases, declines or cancels it.
pub async fn end_held(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    id: TransactionId,
    sale: &Locked,
    status: SaleStatus,
    reason: &str,
) -> Result<(), AppError> {
    let at = clock.now();
    let take = status == SaleStatus::Released;
    let ending = Ending { id, event_id: clock.new_id(), status, take, reason: Some(reason), at };
    pending::end(connection, who, sale, ending).await?;
    let action = match status {
        SaleStatus::Released => "transactions.release",
        SaleStatus::Declined => "transactions.decline",
        _ => "transactions.cancel",
    };
    let act = Act::done(action, "transaction", id)
        .before(json!({"status": sale.status}))
        .after(json!({"number": sale.number, "status": status, "reason": reason}));
    Ok(audit::record(connection, clock.new_id(), at, who, act).await?)
}

/// Cancels what stayed open for too long; see [`domain::transactions::TransactionsPort::expire`].
pub async fn expire(service: &TransactionsService, who: &Principal) -> Result<i64, AppError> {
    who.require(Permission::TransactionsRefund)?;
    let at = service.backend.clock.now();
    let mut tx = store::begin(&service.backend.pools.jobs).await?;
    let due = pending::expired(&mut tx, at - HELD_FOR, AT_ONCE).await?;
    let count = i64::try_from(due.len()).unwrap_or_default();
    for id in due {
        let reason = Some("The payment stayed open for 30 minutes.");
        end(service, &mut tx, who, id, Settlement::Cancel, reason, at).await?;
    }
    store::commit(tx).await?;
    Ok(count)
}
