//! `/api/v1/notification-routes` and `/api/v1/notifications/preferences`: who is told of what.

use crate::{
    http::{body::Json, caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::extract::State;
use domain::{
    access::{Access, Permission},
    alerts::{Preference, ProbeRoutes, RouteList, RouteProbe, SetPreferences, SetRoutes},
};

pub fn routes() -> Routes<Services> {
    let edit = Access::Needs(Permission::AlertsEdit);
    Routes::new()
        .get("/api/v1/notification-routes", edit, list)
        .put("/api/v1/notification-routes", edit, set)
        .post("/api/v1/notification-routes/probe", edit, probe)
        .get("/api/v1/notifications/preferences", Access::SignedIn, preferences)
        .put("/api/v1/notifications/preferences", Access::SignedIn, set_preferences)
}

/// The routes in order.
pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<RouteList>> {
    Ok(Json(services.routes.routes(&who).await?))
}

/// The whole list anew.
pub async fn set(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<SetRoutes>,
) -> ApiResult<Json<RouteList>> {
    Ok(Json(services.routes.set_routes(&who, &command).await?))
}

/// Who would be told of such an alert; nothing is written.
pub async fn probe(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(sample): Json<ProbeRoutes>,
) -> ApiResult<Json<RouteProbe>> {
    Ok(Json(services.routes.probe(&who, &sample).await?))
}

/// What the caller wants to be told.
pub async fn preferences(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Preference>>> {
    Ok(Json(services.routes.preferences(&who).await?))
}

/// Changes what the caller wants to be told.
pub async fn set_preferences(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<SetPreferences>,
) -> ApiResult<Json<Vec<Preference>>> {
    Ok(Json(services.routes.set_preferences(&who, &command).await?))
}
