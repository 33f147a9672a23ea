//! `/api/v1/settings`.

use crate::{
    http::{body::Json, caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::extract::State;
use domain::{
    access::{Access, Permission},
    settings::{ChangeSettings, SettingsView},
};

pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/settings", Access::Needs(Permission::AccessSettingsView), view).patch(
        "/api/v1/settings",
        Access::Needs(Permission::AccessSettingsEdit),
        change,
    )
}

/// All settings with who changed them last.
pub async fn view(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<SettingsView>> {
    Ok(Json(services.settings.view(&who).await?))
}

/// Changes some settings: all or none.
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<ChangeSettings>,
) -> ApiResult<Json<SettingsView>> {
    Ok(Json(services.settings.change(&who, command).await?))
}
