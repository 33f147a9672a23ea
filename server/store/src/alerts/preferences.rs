//! What people want to be told.

use crate::Result;
use domain::alerts::{AlertFeature, Preference};
use sqlx::PgConnection;
use uuid::Uuid;

/// A preference and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub user_id: Uuid,
    pub email_address: String,
    pub feature: String,
    pub min_severity: i16,
    pub in_app: bool,
    pub email: bool,
}

/// Of these people or of those with these addresses, about these features.
///
/// # Errors
/// When the statement fails.
pub async fn about(
    connection: &mut PgConnection,
    users: &[Uuid],
    addresses: &[String],
    features: &[AlertFeature],
) -> Result<Vec<Chosen>> {
    let features: Vec<String> = features.iter().map(|feature| feature.as_str().to_owned()).collect();
    Ok(sqlx::query_as!(
        Chosen,
        "select p.user_id, u.email as email_address, p.feature, p.min_severity, p.in_app, p.email
         from ops.notification_preferences p join access.users u on u.id = p.user_id
         where (p.user_id = any($1) or u.email = any($2)) and p.feature = any($3)",
        users,
        addresses,
        &features
    )
    .fetch_all(connection)
    .await?)
}

/// Writes one down; answers whether it says anything new.
///
/// # Errors
/// When the statement fails.
pub async fn set(connection: &mut PgConnection, user: Uuid, of: &Preference) -> Result<bool> {
    let done = sqlx::query!(
        "insert into ops.notification_preferences as p (user_id, feature, min_severity, in_app, email)
         values ($1, $2, $3, $4, $5)
         on conflict (user_id, feature) do update set min_severity = $3, in_app = $4, email = $5
         where (p.min_severity, p.in_app, p.email) is distinct from ($3, $4, $5)",
        user,
        of.feature.as_str(),
        of.min_severity.rank(),
        of.in_app,
        of.email
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
