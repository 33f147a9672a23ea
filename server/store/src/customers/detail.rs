//! One customer, the cases of their sales, and how they buy.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A customer as it is kept.
#[derive(Debug, Clone)]
pub struct Row {
    pub number: i64,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub country: Option<String>,
    pub registration_date: NaiveDate,
    pub preferred_payment: Option<String>,
    pub risk_score: Decimal,
    pub loyalty_tier: String,
    pub external_ref: Option<String>,
    pub phone_enc: Option<Vec<u8>>,
    pub phone_hash: Option<Vec<u8>>,
    pub address_enc: Option<Vec<u8>>,
    pub date_of_birth_enc: Option<Vec<u8>>,
    pub erased_at: Option<DateTime<Utc>>,
    pub origin: String,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// `None`: there is no such customer. `lock` holds the row until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn get(connection: &mut PgConnection, id: Uuid, lock: bool) -> Result<Option<Row>> {
    if lock {
        sqlx::query!("select 1 as locked from sales.customers where id = $1 for update", id)
            .fetch_optional(&mut *connection)
            .await?;
    }
    Ok(sqlx::query_as!(
        Row,
        "select number, email, first_name, last_name, country, registration_date, preferred_payment, risk_score, loyalty_tier,
                external_ref, phone_enc, phone_hash, address_enc, date_of_birth_enc, erased_at, origin, version, created_at,
                updated_at, updated_by
         from sales.customers where id = $1",
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// A case about a sale of the customer.
#[derive(Debug, Clone)]
pub struct Case {
    pub id: Uuid,
    pub number: i64,
    pub state: String,
    pub created_at: DateTime<Utc>,
}

/// The latest first.
///
/// # Errors
/// When the statement fails.
pub async fn cases(connection: &mut PgConnection, id: Uuid, limit: i64) -> Result<Vec<Case>> {
    Ok(sqlx::query_as!(
        Case,
        "select k.id, t.number, k.state, k.created_at
         from sales.transactions t join sales.fraud_cases k on k.transaction_id = t.id
         where t.customer_id = $1 order by k.created_at desc, k.id desc limit $2",
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Whether a sale of the customer is disputed or its case open.
///
/// # Errors
/// When the statement fails.
pub async fn is_argued(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from sales.transactions t
                          where t.customer_id = $1
                            and (t.status in ('disputed', 'held')
                                 or exists (select from sales.fraud_cases k
                                            where k.transaction_id = t.id and k.state <> 'closed'))) as "argued!""#,
        id
    )
    .fetch_one(connection)
    .await?)
}
