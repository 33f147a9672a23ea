//! Demo data over REST.

use crate::{
    http::{caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::{Json, extract::State};
use domain::{
    access::{Access, Permission},
    demo::{DemoRemoved, DemoView},
};

const NEEDED: Access = Access::Needs(Permission::SystemDemo);

pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/demo", NEEDED, view).delete("/api/v1/demo", NEEDED, remove)
}

/// What was loaded, how many rows of which table are demo, and what would keep them from leaving.
pub async fn view(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<DemoView>> {
    Ok(Json(services.demo.view(&who).await?))
}

/// Removes every demo row of every table, all or none.
pub async fn remove(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<DemoRemoved>> {
    Ok(Json(services.demo.remove(&who).await?))
}
