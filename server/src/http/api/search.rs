//! `/api/v1/search`.

use crate::{
    http::{
        body::{Json, Query},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::extract::State;
use domain::{
    AppError,
    access::Access,
    search::{IN_ALL, SearchKind, SearchResults},
};
use serde::Deserialize;

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/search", Access::SignedIn, search)
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Look {
    q: String,
    /// Kinds, separated by commas.
    kinds: String,
    limit: Option<usize>,
}

/// Pages, actions, products, customers and sales the caller may see; 5 a kind, 20 in all.
pub async fn search(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(look): Query<Look>,
) -> ApiResult<Json<SearchResults>> {
    let kinds = look
        .kinds
        .split(',')
        .map(str::trim)
        .filter(|k| !k.is_empty())
        .map(|k| SearchKind::parse(k).ok_or_else(|| AppError::field("kinds", format!("There is no kind \"{k}\"."))))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(services.search.search(&who, &look.q, &kinds, look.limit.unwrap_or(IN_ALL)).await?))
}
