//! Taking a sale back, and disputes of its payment (`commerce.md` 3.2): money, stock, state, event and audit row in one
//! transaction.

use super::{TransactionsService, settlement::read};
use crate::services::idempotency::{Request, once};
use chrono::{DateTime, Utc};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    clock::Clock,
    format,
    idempotency::{Answered, IdempotencyKey},
    ids::{DisputeId, TransactionId},
    money::Currency,
    transactions::{
        CloseDispute, DisputeOutcome, DisputeReason, OpenDispute, RefundLine, RefundSale, SaleDetail, SaleStatus,
    },
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::{
    audit::{self, Act},
    transactions::{
        disputes::{self, Opening},
        pending::{self, Locked},
        refunds::{self, Line, Part, Refund},
        stock::{Need, Taking, put_back},
    },
};
use uuid::Uuid;

/// Refunds once; see [`domain::transactions::TransactionsPort::refund`].
pub async fn refund(
    service: &TransactionsService,
    who: &Principal,
    id: TransactionId,
    command: &RefundSale,
    key: Option<&IdempotencyKey>,
) -> Result<Answered<Result<SaleDetail, AppError>>, AppError> {
    who.require(Permission::TransactionsRefund)?;
    command.validate().map_err(AppError::validation)?;
    let _permit = service.recording.acquire().await.map_err(|_| AppError::internal())?;
    let at = service.backend.clock.now();
    let route = format!("POST /api/v1/transactions/{id}/refunds");
    let request = Request { who, key, route: &route, body: command, status: 201 };
    once(&service.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
        let sale = refundable(connection, id, "refunded").await?;
        let lines = refunds::lines(connection, id).await?;
        let wanted = wanted(connection, &command.lines, &lines).await?;
        let back = Back {
            kind: command.kind.as_str(),
            restock: command.restock,
            reason: command.reason.as_deref().map(str::trim),
            at,
        };
        give_back(connection, service.backend.clock.as_ref(), who, (id, &sale), &wanted, &lines, back).await?;
        read(connection, who, id).await
    })
    .await
}

/// The sale, locked, if it went through and something of it is left.
async fn refundable(connection: &mut PgConnection, id: TransactionId, what: &str) -> Result<Locked, AppError> {
    let sale = pending::lock(connection, id).await?.ok_or_else(|| AppError::not_found("Transaction"))?;
    if !sale.status.is_refundable() {
        return Err(AppError::conflict(format!(
            "Transaction #{} is {}; only a sale that went through can be {what}.",
            sale.number,
            sale.status.words().to_lowercase()
        )));
    }
    Ok(sale)
}

/// The lines asked for with their quantities; none asked for: all that is left.
async fn wanted(
    connection: &mut PgConnection,
    asked: &[RefundLine],
    lines: &[Line],
) -> Result<Vec<(usize, Decimal)>, AppError> {
    if asked.is_empty() {
        let left = all_left(lines);
        // As an import may leave it.
        return if left.is_empty() {
            Err(AppError::conflict("Nothing of this sale is left to refund."))
        } else {
            Ok(left)
        };
    }
    let locale = store::settings::business(connection).await?.locale;
    let (mut chosen, mut faults, mut short) = (Vec::new(), Vec::new(), Vec::new());
    for (i, line) in asked.iter().enumerate() {
        let Some(place) = lines.iter().position(|l| l.line_no == line.line_no) else {
            faults.push(FieldError::new(format!("lines[{i}].line_no"), "The sale has no such line."));
            continue;
        };
        let of = &lines[place];
        let quantity = line.quantity.unwrap_or(of.left.quantity);
        let path = format!("lines[{i}].quantity");
        if quantity > of.sold {
            let sold = format::number(of.sold, &locale);
            faults.push(FieldError::new(path, format!("Only {sold} of {} was sold.", of.name)));
        } else if quantity > of.left.quantity || quantity.is_zero() {
            let left = format::number(of.left.quantity.normalize(), &locale);
            short.push(FieldError::new(path, format!("Only {left} of {} is left to refund.", of.name)));
        } else {
            chosen.push((place, quantity));
        }
    }
    if !faults.is_empty() {
        return Err(AppError::validation(faults));
    }
    if !short.is_empty() {
        let mut error = AppError::conflict("Less is left of this sale. Nothing was refunded.");
        error.fields = short;
        return Err(error);
    }
    Ok(chosen)
}

fn all_left(lines: &[Line]) -> Vec<(usize, Decimal)> {
    let left = lines.iter().enumerate().map(|(place, line)| (place, line.left.quantity));
    left.filter(|(_, quantity)| *quantity > Decimal::ZERO).collect()
}

/// How a refund is made.
#[derive(Debug, Clone, Copy)]
struct Back<'a> {
    kind: &'a str,
    restock: bool,
    reason: Option<&'a str>,
    at: DateTime<Utc>,
}

/// Writes a refund of `wanted` (places among `lines`, and quantities) of the locked sale.
async fn give_back(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    (id, sale): (TransactionId, &Locked),
    wanted: &[(usize, Decimal)],
    lines: &[Line],
    back: Back<'_>,
) -> Result<(), AppError> {
    let currency: Currency = sale.currency.parse().map_err(|_| AppError::internal())?;
    let parts: Vec<Part> = wanted
        .iter()
        .map(|&(place, quantity)| {
            let line = &lines[place];
            let (net, tax) = line.left.part(quantity, currency.minor_digits());
            Part { line_no: line.line_no, product_id: line.product_id, quantity, net, tax }
        })
        .collect();
    let before: Decimal = lines.iter().map(|line| line.left.quantity).sum();
    let taken: Decimal = parts.iter().map(|part| part.quantity).sum();
    let to = if taken >= before { SaleStatus::Refunded } else { SaleStatus::PartiallyRefunded };
    let refund_id = clock.new_id();
    let refund = Refund {
        id: refund_id,
        event_id: clock.new_id(),
        kind: back.kind,
        at: back.at,
        parts: &parts,
        restock: back.restock,
        reason: back.reason,
        from: sale.status,
        to,
    };
    refunds::insert(connection, who, id, &refund).await?;
    if back.restock {
        let mut goods: BTreeMap<Uuid, Decimal> = BTreeMap::new();
        for &(place, quantity) in wanted.iter().filter(|(place, _)| lines[*place].stocked) {
            *goods.entry(lines[place].product_id).or_default() += quantity;
        }
        let needs: Vec<Need> = goods.into_iter().map(|(product_id, quantity)| Need { product_id, quantity }).collect();
        if !needs.is_empty() {
            let taking = Taking {
                site_id: sale.site_id,
                ref_id: refund_id,
                actor: who.label(),
                at: back.at,
                origin: &sale.origin,
                reserve: false,
            };
            put_back(connection, &needs, taking).await?;
        }
    }
    let total: Decimal = parts.iter().map(|part| part.net + part.tax).sum();
    let act = Act::done("transactions.refund", "transaction", id).before(json!({"status": sale.status})).after(json!({
        "number": sale.number, "status": to, "refund_id": refund_id, "kind": back.kind, "total": total,
        "currency": sale.currency, "restock": back.restock, "reason": back.reason,
    }));
    Ok(audit::record(connection, clock.new_id(), back.at, who, act).await?)
}

/// Opens a dispute once; see [`domain::transactions::TransactionsPort::dispute`].
pub async fn dispute(
    service: &TransactionsService,
    who: &Principal,
    id: TransactionId,
    command: &OpenDispute,
    key: Option<&IdempotencyKey>,
) -> Result<Answered<Result<SaleDetail, AppError>>, AppError> {
    who.require(Permission::TransactionsRefund)?;
    command.validate().map_err(AppError::validation)?;
    let clock = &service.backend.clock;
    let at = clock.now();
    let route = format!("POST /api/v1/transactions/{id}/disputes");
    let request = Request { who, key, route: &route, body: command, status: 201 };
    once(&service.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
        let sale = refundable(connection, id, "disputed").await?;
        let paid = disputes::paid(connection, id).await?;
        if command.amount > paid {
            let currency = sale.currency.parse().map_err(|_| AppError::internal())?;
            let locale = store::settings::business(connection).await?.locale;
            let message = format!("At most {} of this sale is paid.", format::money(paid, currency, &locale));
            return Err(AppError::field("amount", message));
        }
        let opening = Opening {
            id: clock.new_id(),
            event_id: clock.new_id(),
            reason: command.reason,
            amount: command.amount,
            at,
            before: sale.status,
        };
        disputes::open(connection, who, id, &opening).await?;
        let act = Act::done("transactions.dispute", "transaction", id)
            .before(json!({"status": sale.status}))
            .after(json!({"number": sale.number, "status": SaleStatus::Disputed, "dispute_id": opening.id,
                   "reason": command.reason, "amount": command.amount}));
        audit::record(connection, clock.new_id(), at, who, act).await?;
        read(connection, who, id).await
    })
    .await
}

/// Decides a dispute; see [`domain::transactions::TransactionsPort::close_dispute`].
pub async fn close(
    service: &TransactionsService,
    who: &Principal,
    id: DisputeId,
    command: CloseDispute,
) -> Result<SaleDetail, AppError> {
    who.require(Permission::TransactionsRefund)?;
    let clock = service.backend.clock.as_ref();
    let at = clock.now();
    let mut tx = store::begin(&service.backend.pools.analytics).await?;
    let of = disputes::sale(&mut tx, id).await?.ok_or_else(|| AppError::not_found("Dispute"))?;
    let sale = pending::lock(&mut tx, of).await?.ok_or_else(|| AppError::not_found("Dispute"))?;
    let closed = disputes::close(&mut tx, who, id, command.outcome, at).await?;
    let (reason, before) = closed
        .filter(|_| sale.status == SaleStatus::Disputed)
        .ok_or_else(|| AppError::conflict(format!("The dispute of transaction #{} is closed already.", sale.number)))?;
    let to = match command.outcome {
        DisputeOutcome::Won => {
            disputes::restore(&mut tx, who, of, clock.new_id(), before, at).await?;
            before
        }
        DisputeOutcome::Lost => {
            let lines = refunds::lines(&mut tx, of).await?;
            let back = Back { kind: "chargeback", restock: false, reason: Some("The dispute was lost."), at };
            give_back(&mut tx, clock, who, (of, &sale), &all_left(&lines), &lines, back).await?;
            if reason == DisputeReason::Fraud {
                disputes::label_fraud(&mut tx, of, at).await?;
            }
            SaleStatus::Refunded
        }
    };
    let act = Act::done("transactions.close_dispute", "transaction", of)
        .before(json!({"status": sale.status}))
        .after(json!({"number": sale.number, "status": to, "dispute_id": id, "outcome": command.outcome}));
    audit::record(&mut tx, clock.new_id(), at, who, act).await?;
    let detail = read(&mut tx, who, of).await?;
    store::commit(tx).await?;
    Ok(detail)
}
