//! Files of past sales to try rule sets on.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A dataset as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDataset {
    pub id: Uuid,
    pub name: String,
    pub file_name: String,
    /// Pairs of field and column.
    pub columns: serde_json::Value,
    pub zone: String,
    pub rows: i32,
    pub labelled: i32,
    pub frauds: i32,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub by: String,
    pub created_at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &StoredDataset) -> Result<()> {
    sqlx::query!(
        "insert into sales.fraud_datasets (id, name, file_name, columns, zone, rows, labelled, frauds, first_at, last_at, by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        new.name,
        new.file_name,
        new.columns,
        new.zone,
        new.rows,
        new.labelled,
        new.frauds,
        new.first_at,
        new.last_at,
        new.by,
        new.created_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The rows of a dataset, column by column.
#[derive(Debug, Default)]
pub struct NewRows {
    pub references: Vec<String>,
    pub occurred_at: Vec<DateTime<Utc>>,
    pub customers: Vec<Option<String>>,
    pub terminals: Vec<Option<String>>,
    pub amounts: Vec<Decimal>,
    pub labels: Vec<Option<bool>>,
    pub labels_known_at: Vec<Option<DateTime<Utc>>>,
}

/// # Errors
/// When the statement fails.
pub async fn insert_rows(connection: &mut PgConnection, dataset: Uuid, rows: &NewRows) -> Result<()> {
    sqlx::query!(
        "insert into sales.fraud_dataset_rows (dataset_id, ref, occurred_at, customer_ref, terminal_ref, amount, label, label_known_at)
         select $1, r.* from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::numeric[], $7::bool[],
                                    $8::timestamptz[]) as r",
        dataset,
        &rows.references,
        &rows.occurred_at,
        &rows.customers as &[Option<String>],
        &rows.terminals as &[Option<String>],
        &rows.amounts,
        &rows.labels as &[Option<bool>],
        &rows.labels_known_at as &[Option<DateTime<Utc>>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest first, or the one named.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, id: Option<Uuid>) -> Result<Vec<StoredDataset>> {
    Ok(sqlx::query_as!(
        StoredDataset,
        r#"select id, name, file_name, columns, zone, rows, labelled, frauds, first_at, last_at, by, created_at
           from sales.fraud_datasets where $1::uuid is null or id = $1 order by created_at desc, id limit 100"#,
        id
    )
    .fetch_all(connection)
    .await?)
}

/// Whether there was one.
///
/// # Errors
/// When the statement fails.
pub async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query!("delete from sales.fraud_datasets where id = $1", id).execute(connection).await?.rows_affected()
        > 0)
}
