//! One sale in full.

use super::{Local, disputes, money, read};
use crate::{Result, fraud::screening::decision_of};
use domain::{
    fraud::{Hit, Outcome},
    ids::{CaseId, CustomerId, ProductId, RefundId, TransactionId},
    transactions::{CustomerRef, PaymentMethod, SaleDecision, SaleDetail, SaleEvent, SaleLine, SaleRefund, SaleStatus},
};
use rust_decimal::{Decimal, RoundingStrategy};
use sqlx::PgConnection;

/// `None`: there is no such sale. Read it in one snapshot: it takes several statements. The stock of a
/// pending sale is reserved for `held_for`; `may_settle` says whether the caller may end a sale of that recorder.
///
/// # Errors
/// When a statement fails.
pub async fn get(
    connection: &mut PgConnection,
    id: TransactionId,
    local: Local<'_>,
    held_for: chrono::Duration,
    may_settle: impl Fn(Option<uuid::Uuid>) -> bool,
) -> Result<Option<SaleDetail>> {
    let Some(row) = sqlx::query!(
        r#"select t.number as "number!", t.version as "version!", t.external_ref, t.customer_id, s.name as "site!", t.status as "status!", t.payment_method,
                  t.currency as "currency!", t.gross as "gross!", t.discount as "discount!", t.net as "net!", t.tax as "tax!",
                  t.shipping as "shipping!", t.total as "total!", t.refunded_net as "refunded_net!", t.occurred_at as "occurred_at!",
                  t.recognised_at, t.hold_expires_at, t.created_at as "created_at!", t.created_by, t.entry as "entry!", t.origin as "origin!", c.number as "customer_number?",
                  c.first_name as "first_name?", c.last_name as "last_name?", c.email, c.external_ref as customer_ref
           from sales.transactions t
           join stock.sites s on s.id = t.site_id
           left join sales.customers c on c.id = t.customer_id
           where t.id = $1"#,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    let customer = row.customer_id.map(|customer| {
        let names = (row.first_name.as_deref().unwrap_or_default(), row.last_name.as_deref().unwrap_or_default());
        let number = row.customer_number.unwrap_or_default();
        CustomerRef::masked(CustomerId(customer), number, names, row.email.as_deref(), row.customer_ref.as_deref())
    });
    let status = read("status", &row.status, SaleStatus::parse)?;
    Ok(Some(SaleDetail {
        id,
        number: row.number,
        version: row.version,
        external_ref: row.external_ref,
        customer,
        site: row.site,
        status,
        payment_method: row.payment_method.map(|m| read("payment_method", &m, PaymentMethod::parse)).transpose()?,
        currency: read("currency", &row.currency, |t| t.parse().ok())?,
        gross: money(row.gross),
        discount: money(row.discount),
        net: money(row.net),
        tax: money(row.tax),
        shipping: money(row.shipping),
        total: money(row.total),
        refunded_net: money(row.refunded_net),
        occurred_at: local(row.occurred_at),
        recognised_at: row.recognised_at.map(local),
        hold_expires_at: match status {
            SaleStatus::Pending => Some(local(row.created_at + held_for)),
            SaleStatus::Held => row.hold_expires_at.map(local),
            _ => None,
        },
        decision: decision(connection, id).await?,
        may_settle: status == SaleStatus::Pending && may_settle(row.created_by),
        may_refund: status.is_refundable(),
        entry: row.entry,
        demo: row.origin == "demo",
        lines: lines(connection, id).await?,
        refunds: refunds(connection, id, local).await?,
        disputes: disputes::of_sale(connection, id, local).await?,
        events: events(connection, id, local).await?,
    }))
}

async fn decision(connection: &mut PgConnection, id: TransactionId) -> Result<Option<SaleDecision>> {
    let Some(stored) = decision_of(connection, id.0).await? else { return Ok(None) };
    Ok(Some(SaleDecision {
        outcome: read("outcome", &stored.outcome, Outcome::parse)?,
        fraud_score: (stored.points / Decimal::ONE_HUNDRED)
            .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero),
        rule_set: stored.rule_set,
        fault: stored.fault,
        hits: serde_json::from_value::<Vec<Hit>>(stored.hits).unwrap_or_default().into_iter().map(Into::into).collect(),
        learned: stored.learned.map(|learned| learned.normalize()),
        case_id: stored.case_id.map(CaseId),
    }))
}

async fn lines(connection: &mut PgConnection, id: TransactionId) -> Result<Vec<SaleLine>> {
    let rows = sqlx::query!(
        r#"select l.line_no as "line_no!", l.product_id as "product_id!", p.sku as "sku!", p.name as "name!", l.quantity as "quantity!",
                  l.list_price as "list_price!", l.unit_price as "unit_price!", l.discount as "discount!", l.net as "net!",
                  l.tax as "tax!", l.refunded_quantity as "refunded_quantity!"
           from sales.transaction_lines l join sales.products p on p.id = l.product_id
           where l.transaction_id = $1 order by l.line_no"#,
        id.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| SaleLine {
            line_no: r.line_no,
            product_id: ProductId(r.product_id),
            sku: r.sku,
            name: r.name,
            quantity: r.quantity.normalize(),
            list_price: money(r.list_price),
            unit_price: money(r.unit_price),
            discount: money(r.discount),
            net: money(r.net),
            tax: money(r.tax),
            refunded_quantity: r.refunded_quantity.normalize(),
        })
        .collect())
}

async fn refunds(connection: &mut PgConnection, id: TransactionId, local: Local<'_>) -> Result<Vec<SaleRefund>> {
    let rows = sqlx::query!(
        r#"select r.id, r.kind, r.refunded_at, r.net, r.tax, r.total, r.restock, r.reason, r.external_ref,
                  (select coalesce(sum(l.quantity), 0) from sales.refund_lines l where l.refund_id = r.id) as "quantity!"
           from sales.refunds r where r.transaction_id = $1 order by r.refunded_at, r.id"#,
        id.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| SaleRefund {
            id: RefundId(r.id),
            kind: r.kind,
            refunded_at: local(r.refunded_at),
            quantity: r.quantity.normalize(),
            net: money(r.net),
            tax: money(r.tax),
            total: money(r.total),
            restock: r.restock,
            reason: r.reason,
            external_ref: r.external_ref,
        })
        .collect())
}

async fn events(connection: &mut PgConnection, id: TransactionId, local: Local<'_>) -> Result<Vec<SaleEvent>> {
    let rows = sqlx::query!(
        "select at, actor, from_status, to_status, reason from sales.transaction_events
         where transaction_id = $1 order by at, id",
        id.0
    )
    .fetch_all(connection)
    .await?;
    let events = rows
        .into_iter()
        .map(|r| {
            Ok(SaleEvent {
                at: local(r.at),
                actor: r.actor,
                from_status: r.from_status.map(|s| read("from_status", &s, SaleStatus::parse)).transpose()?,
                to_status: read("to_status", &r.to_status, SaleStatus::parse)?,
                reason: r.reason,
            })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(events)
}
