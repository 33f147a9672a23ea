//! The plain form of `/planning/solve`, which may carry a file. With and without script it goes on to the run's page, or
//! comes back with everything that is wrong.

use super::{
    error::ApiError,
    page_form::{again, received, sender, typed},
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
    planning::{InputCheck, SolveForm},
};

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
        Ok(Done::Started(run)) => Redirect::to(&format!("/planning/runs/{run}")).into_response(),
        Ok(Done::Checked(check)) => {
            let check = checked(*check, &mut values);
            let note = match serde_json::to_string(&check) {
                Ok(told) => FormNote::telling(PATH, values, told),
                Err(_) => FormNote { values, ..FormNote::of(PATH, AppError::internal()) },
            };
            again(state, extensions, PATH, note).await
        }
        Err(error) => again(state, extensions, PATH, FormNote { values, ..FormNote::of(PATH, error) }).await,
    }
}

/// What the form came to.
enum Done {
    Started(PlanRunId),
    Checked(Box<InputCheck>),
}

/// No browser fills a file in again: the form goes on with the document that was in it.
fn checked(mut check: InputCheck, values: &mut Vec<(String, String)>) -> InputCheck {
    if let Some(document) = check.document.take() {
        values.retain(|(name, _)| name != "source" && name != "input_data");
        values.extend([("source".to_owned(), "document".to_owned()), ("input_data".to_owned(), document)]);
    }
    check
}

/// `values` is what was typed.
async fn start(
    services: &Services,
    who: &Principal,
    request: Request,
    values: &mut Vec<(String, String)>,
) -> Result<Done, AppError> {
    let file = received(request, values).await?;
    let asked = SolveForm::of(values).read(file.as_ref().map(|file| file.bytes.clone()))?;
    if typed(values, "act") == app::pages::planning::solve::CHECK {
        return Ok(Done::Checked(Box::new(services.planning.check(who, asked).await?)));
    }
    Ok(Done::Started(services.planning.start(who, asked, None).await.value?.run_id))
}
