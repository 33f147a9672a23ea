//! Sales of the past in time order, a page at a time: own ones, and those of a dataset.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::{fraud::backtest::LABEL_DELAY_DAYS, money::Currency};
use rust_decimal::Decimal;
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::ops::Range;
use uuid::Uuid;

/// What only a sale that is judged needs, and history does not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circumstances {
    pub risk_score: Option<Decimal>,
    pub quantity_max: Option<Decimal>,
    pub price_gap: Option<Decimal>,
    pub line_net: Option<Decimal>,
    pub category_p995: Option<Decimal>,
    pub first_order_p95: Option<Decimal>,
    pub blocked: bool,
    pub allowed: bool,
}

/// A sale of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastSale {
    pub reference: String,
    pub at: DateTime<Utc>,
    pub customer: Option<String>,
    pub terminal: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub method: Option<String>,
    pub address: Option<IpNet>,
    /// In base currency, unless its day has no rate; of a dataset as it stands there.
    pub amount: Option<Decimal>,
    pub recognised_at: Option<DateTime<Utc>>,
    pub declined_at: Option<DateTime<Utc>>,
    /// When it was known, and whether it was fraud; of a dataset without a time: not known when.
    pub labels: Vec<(Option<DateTime<Utc>>, bool)>,
    /// Of own sales.
    pub circumstances: Option<Circumstances>,
    /// A decision about it stands.
    pub decided: bool,
}

/// Own sales after (`after`), within `within`; what is needed of a judged sale from `judged` on.
///
/// # Errors
/// When the statement fails.
pub async fn own_sales(
    connection: &mut PgConnection,
    after: (DateTime<Utc>, Uuid),
    until: DateTime<Utc>,
    judged: DateTime<Utc>,
    base: Currency,
    zone: &str,
    limit: i64,
) -> Result<Vec<PastSale>> {
    let rows = sqlx::query_file!("src/fraud/history.sql", after.0, after.1, until, limit, judged, base.as_str(), zone)
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| PastSale {
            reference: row.id.to_string(),
            at: row.occurred_at,
            customer: row.customer_id.map(|id| id.to_string()),
            terminal: row.terminal_id,
            fingerprint: row.payment_fingerprint,
            method: row.payment_method,
            address: row.ip_address,
            amount: row.amount,
            recognised_at: row.recognised_at,
            declined_at: row.declined_at,
            labels: row.known_at.into_iter().flatten().map(Some).zip(row.frauds.into_iter().flatten()).collect(),
            circumstances: Some(Circumstances {
                risk_score: row.risk_score,
                quantity_max: row.quantity_max,
                price_gap: row.price_gap,
                line_net: row.line_net,
                category_p995: row.category_p995,
                first_order_p95: row.first_order_p95,
                blocked: row.blocked,
                allowed: row.allowed,
            }),
            decided: row.decided,
        })
        .collect())
}

/// Sales of a dataset after (`after`), within `within`.
///
/// # Errors
/// When the statement fails.
pub async fn dataset_sales(
    connection: &mut PgConnection,
    dataset: Uuid,
    after: (DateTime<Utc>, &str),
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PastSale>> {
    let rows = sqlx::query!(
        "select ref as reference, occurred_at, customer_ref, terminal_ref, amount, label, label_known_at
         from sales.fraud_dataset_rows
         where dataset_id = $1 and (occurred_at, ref) > ($2, $3) and occurred_at < $4
         order by occurred_at, ref
         limit $5",
        dataset,
        after.0,
        after.1,
        until,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PastSale {
            reference: row.reference,
            at: row.occurred_at,
            customer: row.customer_ref,
            terminal: row.terminal_ref,
            fingerprint: None,
            method: None,
            address: None,
            amount: Some(row.amount),
            recognised_at: Some(row.occurred_at),
            declined_at: None,
            labels: row.label.map(|fraud| (row.label_known_at, fraud)).into_iter().collect(),
            circumstances: None,
            decided: false,
        })
        .collect())
}

/// The company's limit of a sale, if one is set, and days after which a fraud is known.
///
/// # Errors
/// When the statement fails.
pub async fn settings(connection: &mut PgConnection) -> Result<(Option<Decimal>, u16)> {
    let row = sqlx::query!(
        r#"select (select value #>> '{}' from ops.settings where key = 'fraud.amount_limit') as "limit?",
                  (select value #>> '{}' from ops.settings where key = 'fraud.label_delay_days') as "delay?""#
    )
    .fetch_one(connection)
    .await?;
    let limit = row.limit.and_then(|text| text.parse().ok());
    Ok((limit, row.delay.and_then(|days| days.parse().ok()).unwrap_or(LABEL_DELAY_DAYS)))
}

/// Whether there is an own sale in a range.
///
/// # Errors
/// When the statement fails.
pub async fn any_sale(connection: &mut PgConnection, within: &Range<DateTime<Utc>>) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from sales.transactions where occurred_at >= $1 and occurred_at < $2) as "any!""#,
        within.start,
        within.end
    )
    .fetch_one(connection)
    .await?)
}
