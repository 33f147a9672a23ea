//! Disputes of sales.

use super::{Local, money, read};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    access::Principal,
    ids::{DisputeId, TransactionId},
    transactions::{DisputeOutcome, DisputeReason, SaleDispute, SaleStatus},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// Those of a sale, the earliest first.
///
/// # Errors
/// When the statement fails.
pub async fn of_sale(connection: &mut PgConnection, id: TransactionId, local: Local<'_>) -> Result<Vec<SaleDispute>> {
    let rows = sqlx::query!(
        "select id, reason, amount, opened_at, opened_by, outcome, closed_at from sales.disputes
         where transaction_id = $1 order by opened_at, id",
        id.0
    )
    .fetch_all(connection)
    .await?;
    let disputes = rows
        .into_iter()
        .map(|r| {
            Ok(SaleDispute {
                id: DisputeId(r.id),
                reason: read("reason", &r.reason, DisputeReason::parse)?,
                amount: money(r.amount),
                opened_at: local(r.opened_at),
                opened_by: r.opened_by,
                outcome: r.outcome.map(|o| read("outcome", &o, DisputeOutcome::parse)).transpose()?,
                closed_at: r.closed_at.map(local),
            })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(disputes)
}

/// What of a sale's total has not gone back.
///
/// # Errors
/// When the statement fails.
pub async fn paid(connection: &mut PgConnection, id: TransactionId) -> Result<Decimal> {
    Ok(sqlx::query_scalar!(
        r#"select t.total - (select coalesce(sum(r.total), 0) from sales.refunds r where r.transaction_id = t.id) as "paid!"
           from sales.transactions t where t.id = $1"#,
        id.0
    )
    .fetch_one(connection)
    .await?)
}

/// A dispute as it is opened.
#[derive(Debug)]
pub struct Opening {
    pub id: Uuid,
    pub event_id: Uuid,
    pub reason: DisputeReason,
    pub amount: Decimal,
    pub at: DateTime<Utc>,
    pub before: SaleStatus,
}

/// Opens a dispute of a sale that the caller has locked, and tells of it at commit.
///
/// # Errors
/// When the statement fails.
pub async fn open(connection: &mut PgConnection, who: &Principal, id: TransactionId, opening: &Opening) -> Result<()> {
    sqlx::query!(
        "with dispute as (
             insert into sales.disputes (id, transaction_id, reason, amount, status_before, opened_at, opened_by)
             values ($2, $1, $3, $4, $5, $6, $7)
         ), sale as (
             update sales.transactions set status = 'disputed', updated_at = $6, version = version + 1 where id = $1
         ), event as (
             insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status, reason, data)
             values ($8, $1, $6, $7, $5, 'disputed', $9, jsonb_build_object('dispute_id', $2::uuid))
         )
         select ops.emit('transactions', $1::uuid::text)::text as told",
        id.0,
        opening.id,
        opening.reason.as_str(),
        opening.amount,
        opening.before.as_str(),
        opening.at,
        who.label(),
        opening.event_id,
        opening.reason.words()
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The sale of a dispute; `None`: there is no such dispute.
///
/// # Errors
/// When the statement fails.
pub async fn sale(connection: &mut PgConnection, id: DisputeId) -> Result<Option<TransactionId>> {
    let sale = sqlx::query_scalar!("select transaction_id from sales.disputes where id = $1", id.0)
        .fetch_optional(connection)
        .await?;
    Ok(sale.map(TransactionId))
}

/// Closes the dispute of a sale that the caller has locked; its reason and the state before it. `None`: it is closed already.
///
/// # Errors
/// When the statement fails.
pub async fn close(
    connection: &mut PgConnection,
    who: &Principal,
    id: DisputeId,
    outcome: DisputeOutcome,
    at: DateTime<Utc>,
) -> Result<Option<(DisputeReason, SaleStatus)>> {
    let row = sqlx::query!(
        "update sales.disputes set outcome = $2, closed_at = $3, closed_by = $4 where id = $1 and outcome is null
         returning reason, status_before",
        id.0,
        outcome.as_str(),
        at,
        who.label()
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let reason = read("reason", &row.reason, DisputeReason::parse)?;
        Ok((reason, read("status_before", &row.status_before, SaleStatus::parse)?))
    })
    .transpose()
}

/// Puts a sale back to where it stood before its dispute, and tells of it at commit.
///
/// # Errors
/// When the statement fails.
pub async fn restore(
    connection: &mut PgConnection,
    who: &Principal,
    id: TransactionId,
    event_id: Uuid,
    to: SaleStatus,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with sale as (
             update sales.transactions set status = $2, updated_at = $3, version = version + 1 where id = $1
         ), event as (
             insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status, reason)
             values ($4, $1, $3, $5, 'disputed', $2, 'The dispute was won.')
         )
         select ops.emit('transactions', $1::uuid::text)::text as told",
        id.0,
        to.as_str(),
        at,
        event_id,
        who.label()
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// It is known by a dispute that the sale was fraud.
///
/// # Errors
/// When the statement fails.
pub async fn label_fraud(connection: &mut PgConnection, id: TransactionId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "with label as (
             insert into sales.fraud_labels (transaction_id, known_at, label, source) values ($1, $2, 'confirmed_fraud', 'dispute')
             on conflict (transaction_id, known_at) do update set label = excluded.label, source = excluded.source
         )
         select ops.emit('fraud', '')::text as told",
        id.0,
        at
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
