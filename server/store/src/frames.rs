//! What the frames of the WebSocket say of a sale, a case and a stock (`commerce.md` §7), and of an alert (`alerts.md` §7).

use crate::{
    Result,
    transactions::{money, read},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CaseId, CustomerId, ProductId, TransactionId},
    money::Currency,
    transactions::{CustomerRef, SaleStatus},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A sale as it stands.
#[derive(Debug)]
pub struct Sale {
    pub id: TransactionId,
    pub number: i64,
    pub status: SaleStatus,
    pub total: Decimal,
    pub currency: Currency,
    /// Masked; `None`: a guest.
    pub customer: Option<CustomerRef>,
    pub is_suspicious: bool,
    pub fraud_score: Decimal,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// `None`: there is no such sale any more.
///
/// # Errors
/// When the statement fails.
pub async fn sale(connection: &mut PgConnection, id: Uuid) -> Result<Option<Sale>> {
    let row = sqlx::query!(
        r#"select t.number, t.status, t.total, t.currency, t.is_suspicious, t.fraud_score, t.occurred_at, t.created_at,
                  t.customer_id, c.number as "customer_number?", c.first_name as "first_name?", c.last_name as "last_name?", c.email,
                  c.external_ref
           from sales.transactions t left join sales.customers c on c.id = t.customer_id where t.id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    let sale = row.map(|row| {
        let customer = row.customer_id.map(|customer| {
            let names = (row.first_name.as_deref().unwrap_or_default(), row.last_name.as_deref().unwrap_or_default());
            let number = row.customer_number.unwrap_or_default();
            CustomerRef::masked(CustomerId(customer), number, names, row.email.as_deref(), row.external_ref.as_deref())
        });
        Ok::<_, sqlx::Error>(Sale {
            id: TransactionId(id),
            number: row.number,
            status: read("status", &row.status, SaleStatus::parse)?,
            total: money(row.total),
            currency: read("currency", &row.currency, |t| t.parse().ok())?,
            customer,
            is_suspicious: row.is_suspicious,
            fraud_score: row.fraud_score,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
        })
    });
    Ok(sale.transpose()?)
}

/// A case as it was opened.
#[derive(Debug)]
pub struct Case {
    pub id: CaseId,
    pub transaction_id: TransactionId,
    /// Why it was opened: `review`, `hold`, `flagged` or `screening_unavailable`.
    pub reason: String,
    /// Of screening; `None`: the sale was not screened.
    pub outcome: Option<String>,
    pub hits: Option<serde_json::Value>,
    pub fraud_score: Decimal,
    /// In base currency.
    pub expected_loss: Decimal,
    pub created_at: DateTime<Utc>,
}

/// `None`: there is no such case.
///
/// # Errors
/// When the statement fails.
pub async fn case(connection: &mut PgConnection, id: Uuid) -> Result<Option<Case>> {
    let row = sqlx::query!(
        r#"select k.transaction_id, k.reason, d.outcome as "outcome?", d.hits as "hits?", t.fraud_score, k.expected_loss, k.created_at
           from sales.fraud_cases k
           join sales.transactions t on t.id = k.transaction_id
           left join sales.fraud_decisions d on d.id = t.decision_id
           where k.id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Case {
        id: CaseId(id),
        transaction_id: TransactionId(row.transaction_id),
        reason: row.reason,
        outcome: row.outcome,
        hits: row.hits,
        fraud_score: row.fraud_score,
        expected_loss: money(row.expected_loss),
        created_at: row.created_at,
    }))
}

/// An alert as it stands.
#[derive(Debug)]
pub struct Alert {
    pub id: Uuid,
    pub number: i64,
    pub alert_type: String,
    pub feature: String,
    pub severity: i16,
    pub state: String,
    pub title: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub value: Option<Decimal>,
    pub threshold: Option<Decimal>,
    pub occurrences: i32,
    pub opened_at: DateTime<Utc>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub acked_at: Option<DateTime<Utc>>,
    pub ack_until: Option<DateTime<Utc>>,
    pub silenced_until: Option<DateTime<Utc>>,
}

/// `None`: there is no such alert any more.
///
/// # Errors
/// When the statement fails.
pub async fn alert(connection: &mut PgConnection, id: Uuid) -> Result<Option<Alert>> {
    Ok(sqlx::query_as!(
        Alert,
        "select id, number, alert_type, feature, severity, state, title, entity_type, entity_id, value, threshold, occurrences,
                opened_at, resolved_at, acked_at, ack_until, silenced_until
         from ops.alerts where id = $1",
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// What can be sold of a product at a site, after it was moved.
#[derive(Debug)]
pub struct Moved {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub site: String,
    pub available: Decimal,
    /// By how much it changed.
    pub change: Decimal,
}

/// The latest step that moved stock for the sale or refund `of` at `until` or before. A reservation that becomes a take changes
/// nothing of what can be sold.
///
/// # Errors
/// When the statement fails.
pub async fn moved(connection: &mut PgConnection, of: Uuid, until: DateTime<Utc>) -> Result<Vec<Moved>> {
    let rows = sqlx::query!(
        r#"select m.product_id, p.sku, p.name, s.name as site, m.on_hand_after - m.reserved_after as "available!",
                  case when m.kind in ('reserve', 'unreserve') then -m.quantity
                       when m.kind = 'sale' and exists (select from stock.movements r
                                                        where r.ref_id = m.ref_id and r.product_id = m.product_id
                                                          and r.kind = 'reserve') then 0
                       else m.quantity end as "change!"
           from stock.movements m
           join sales.products p on p.id = m.product_id
           join stock.sites s on s.id = m.site_id
           where m.ref_id = $1 and m.at = (select max(x.at) from stock.movements x where x.ref_id = $1 and x.at <= $2)
           order by m.product_id"#,
        of,
        until
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Moved {
            product_id: ProductId(r.product_id),
            sku: r.sku,
            name: r.name,
            site: r.site,
            available: r.available.normalize(),
            change: r.change.normalize(),
        })
        .filter(|moved| !moved.change.is_zero())
        .collect())
}
