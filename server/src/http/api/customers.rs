//! `/api/v1/customers`: customers to choose from, for typeaheads.

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
    access::{Access, Permission},
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
    transactions::CustomerChoice,
};
use serde::Deserialize;

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/customers", Access::Needs(Permission::CustomersView), customers)
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Look {
    q: String,
    limit: Option<u32>,
}

impl Look {
    fn limit(&self) -> Result<u32, AppError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if self.q.chars().count() > 100 {
            return Err(AppError::field("q", "Search for at most 100 characters."));
        }
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(AppError::field("limit", "Give a whole number from 1 to 100."))
        }
    }
}

/// Customers whose number or reference matches; with `customers.pii` also name and e-mail. Labels are masked.
pub async fn customers(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(look): Query<Look>,
) -> ApiResult<Json<Page<CustomerChoice>>> {
    let items = services.transactions.customers(&who, &look.q, look.limit()?).await?;
    let total = i64::try_from(items.len()).unwrap_or_default();
    Ok(Json(Page { items, next_cursor: None, total }))
}
