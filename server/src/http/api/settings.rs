//! `/api/v1/settings`.
//!
//! utoipa reads a schema out of every extractor called `Json`; ours have none in `domain`, hence the other name.

use crate::{
    http::{body::Json as Body, caller::Signed, error::ApiResult, routes::Routes},
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
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", security(("bearer" = [])),
    responses((status = 200, description = "{version, items}"), (status = 403, description = "Needs access.settings_view.")))]
pub async fn view(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Body<SettingsView>> {
    Ok(Body(services.settings.view(&who).await?))
}

/// Changes some settings: all or none.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings", security(("bearer" = [])),
    responses((status = 200, description = "The settings after the change."), (status = 409, description = "The version is not the current one."),
        (status = 422, description = "Every fault, each with its key.")))]
pub async fn change(
    State(services): State<Services>,
    Signed(who): Signed,
    Body(command): Body<ChangeSettings>,
) -> ApiResult<Body<SettingsView>> {
    Ok(Body(services.settings.change(&who, command).await?))
}
