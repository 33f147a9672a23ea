//! Writing customers.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use domain::customers::{CustomerFields, ERASED};
use sqlx::PgConnection;
use uuid::Uuid;

/// Constraints whose violation a form is told of.
pub const ONE_EMAIL: &str = "customers_email_key";
pub const ONE_REFERENCE: &str = "customers_external_ref_key";

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// The sealed columns.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    pub phone: Option<Vec<u8>>,
    /// There is one when there is a phone.
    pub phone_hash: Option<Vec<u8>>,
    pub address: Option<Vec<u8>>,
    pub date_of_birth: Option<Vec<u8>>,
}

/// Writes a new customer.
///
/// # Errors
/// When the statement fails; a violation of [`ONE_EMAIL`] or [`ONE_REFERENCE`] when another customer has it.
pub async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    fields: &CustomerFields,
    sealed: &Sealed,
    registered: NaiveDate,
    external_ref: Option<&str>,
    stamp: Stamp<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into sales.customers (id, email, first_name, last_name, country, preferred_payment, phone_enc, phone_hash, address_enc,
                                      date_of_birth_enc, registration_date, external_ref, created_at, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)",
        id,
        fields.email,
        fields.first_name,
        fields.last_name,
        fields.country,
        fields.preferred_payment.map(|m| m.as_str()),
        sealed.phone,
        sealed.phone_hash,
        sealed.address,
        sealed.date_of_birth,
        registered,
        external_ref,
        stamp.at,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes all fields of a customer that the caller has locked.
///
/// # Errors
/// When the statement fails; a violation of [`ONE_EMAIL`] when another customer has it.
pub async fn update(
    connection: &mut PgConnection,
    id: Uuid,
    fields: &CustomerFields,
    sealed: &Sealed,
    stamp: Stamp<'_>,
) -> Result<()> {
    sqlx::query!(
        "update sales.customers
         set email = $2, first_name = $3, last_name = $4, country = $5, preferred_payment = $6, phone_enc = $7, phone_hash = $8,
             address_enc = $9, date_of_birth_enc = $10, version = version + 1, updated_at = $11, updated_by = $12
         where id = $1",
        id,
        fields.email,
        fields.first_name,
        fields.last_name,
        fields.country,
        fields.preferred_payment.map(|m| m.as_str()),
        sealed.phone,
        sealed.phone_hash,
        sealed.address,
        sealed.date_of_birth,
        stamp.at,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Empties what is personal, for good. The sales stay.
///
/// # Errors
/// When the statement fails.
pub async fn erase(connection: &mut PgConnection, id: Uuid, stamp: Stamp<'_>) -> Result<()> {
    sqlx::query!(
        "update sales.customers
         set email = null, first_name = $2, last_name = '', country = null, preferred_payment = null, phone_enc = null,
             phone_hash = null, address_enc = null, date_of_birth_enc = null, erased_at = $3, version = version + 1,
             updated_at = $3, updated_by = $4
         where id = $1",
        id,
        ERASED,
        stamp.at,
        stamp.by
    )
    .execute(connection)
    .await?;
    Ok(())
}
