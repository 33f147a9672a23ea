//! Learned scores.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A learned score to be kept.
#[derive(Debug)]
pub struct NewModel<'a> {
    pub id: Uuid,
    pub inputs: &'a serde_json::Value,
    pub intercept: f64,
    pub coefficients: &'a serde_json::Value,
    pub means: &'a serde_json::Value,
    pub scales: &'a serde_json::Value,
    /// Name of the dataset it was learned from; none: own sales.
    pub dataset: Option<&'a str>,
    pub trained_from: DateTime<Utc>,
    /// Not included.
    pub trained_to: DateTime<Utc>,
    pub n: i32,
    pub positives: i32,
    pub auc: Option<f64>,
    pub ap: Option<f64>,
    pub hash: &'a str,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// Keeps a model; an equal one is kept once. Answers its id and number.
///
/// # Errors
/// When the statement fails.
pub async fn keep_model(connection: &mut PgConnection, new: &NewModel<'_>) -> Result<(Uuid, i32)> {
    let kept = sqlx::query!(
        "insert into sales.fraud_models (id, inputs, intercept, coefficients, means, scales, trained_from, trained_to, n, positives,
                                         auc, ap, hash, by, created_at, dataset)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         on conflict (hash) do update set auc = excluded.auc, ap = excluded.ap
         returning id, number",
        new.id,
        new.inputs,
        new.intercept,
        new.coefficients,
        new.means,
        new.scales,
        new.trained_from,
        new.trained_to,
        new.n,
        new.positives,
        new.auc,
        new.ap,
        new.hash,
        new.by,
        new.at,
        new.dataset
    )
    .fetch_one(connection)
    .await?;
    Ok((kept.id, kept.number))
}

/// A learned score as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredModel {
    pub number: i32,
    pub dataset: Option<String>,
    pub trained_from: DateTime<Utc>,
    /// Not included.
    pub trained_to: DateTime<Utc>,
    pub labelled: i32,
    pub frauds: i32,
    pub roc_auc: Option<f64>,
    pub average_precision: Option<f64>,
    pub by: String,
    pub created_at: DateTime<Utc>,
}

/// The newest first, or the one with this number.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, number: Option<i32>, limit: i64) -> Result<Vec<StoredModel>> {
    Ok(sqlx::query_as!(
        StoredModel,
        "select number, dataset, trained_from, trained_to, n as labelled, positives as frauds, auc as roc_auc, ap as average_precision,
                by, created_at
         from sales.fraud_models where $1::int is null or number = $1 order by number desc limit $2",
        number,
        limit
    )
    .fetch_all(connection)
    .await?)
}
