//! The plain form of `/planning/solve`, which may carry a file. With and without script it goes on to the run's page, or
//! comes back with everything that is wrong.

use super::{
    api::ingest::receive_form,
    error::ApiError,
    import_page::{again, sender},
    pages::PageState,
};
use crate::services::Services;
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    AppError,
    access::{Access, FormNote, Permission, Principal},
    ids::PlanRunId,
    planning::SolveForm,
};
use std::sync::Arc;

/// The form's address, which is also the page's.
pub const PATH: &str = app::pages::planning::solve::PATH;
pub const ACCESS: Access = Access::Needs(Permission::PlanRun);

pub async fn solve(State(state): State<PageState>, request: Request) -> Response {
    let who = match sender(&request, Permission::PlanRun) {
        Ok(who) => who,
        Err(error) => return ApiError(error).into_response(),
    };
    let extensions = request.extensions().clone();
    let mut values = Vec::new();
    match start(&state.services, &who, request, &mut values).await {
        Ok(run) => Redirect::to(&format!("/planning/runs/{run}")).into_response(),
        Err(error) => {
            let note = FormNote { form: PATH.to_owned(), values, error };
            again(state, extensions, PATH, note).await
        }
    }
}

/// `values` is what was typed.
async fn start(
    services: &Services,
    who: &Principal,
    request: Request,
    values: &mut Vec<(String, String)>,
) -> Result<PlanRunId, AppError> {
    let mut form = receive_form(request).await.map_err(AppError::from)?;
    values.extend(form.fields.iter().filter(|(name, _)| name != "csrf_token").cloned());
    // The room is held until the file is read.
    let (file, _room) = match form.content().await.map_err(AppError::from)? {
        Some((_, bytes, room)) => (Some(Arc::new(bytes)), Some(room)),
        None => (None, None),
    };
    let asked = SolveForm::of(values).read(file)?;
    Ok(services.planning.start(who, asked, None).await.value?.run_id)
}
