//! The plain forms of `/planning/network` that may carry a file: a network is begun, or a document brought into one. With
//! and without script they go on to the network, or the page comes back with everything that is wrong.

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
    planning::{Handed, NetworkContent, NewNetwork},
    query,
};

/// The forms' address, which is also the page's.
pub const PATH: &str = app::pages::planning::network::PATH;
pub const ACCESS: Access = Access::Needs(Permission::PlanEditNetwork);

pub async fn take(State(state): State<PageState>, request: Request) -> Response {
    let who = match sender(&request, Permission::PlanEditNetwork) {
        Ok(who) => who,
        Err(error) => return ApiError(error).into_response(),
    };
    let extensions = request.extensions().clone();
    let mut values = Vec::new();
    match act(&state.services, &who, request, &mut values).await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(error) => {
            let network = typed(&values, "network");
            let page = if network.is_empty() { PATH.to_owned() } else { address(network) };
            let note = FormNote { values, ..FormNote::of(PATH, error) };
            again(state, extensions, &page, note).await
        }
    }
}

fn address(network: &str) -> String {
    format!("{PATH}?{}", query::write([("network", network)]))
}

/// `values` is what was typed; the page to go on to comes back.
async fn act(
    services: &Services,
    who: &Principal,
    request: Request,
    values: &mut Vec<(String, String)>,
) -> Result<String, AppError> {
    let file = received(request, values).await?;
    let needed = || AppError::field("file", "Choose a workbook (XLSX) or a zip of CSV files.");
    if typed(values, "act") == "import" {
        let file = file.ok_or_else(needed)?;
        let network = typed(values, "network");
        let staged = services.networks.stage(who, network, Handed::File(file.bytes.clone()), Some(file.name)).await?;
        return Ok(format!("{}&import={}", address(network), staged.import_id));
    }
    let content = match typed(values, "source") {
        "sample" => NetworkContent::Sample,
        "file" => NetworkContent::Document(Handed::File(file.as_ref().ok_or_else(needed)?.bytes.clone())),
        _ => {
            let head = serde_json::json!({"name": typed(values, "name"), "currency": typed(values, "currency")});
            NetworkContent::Head(head.to_string())
        }
    };
    let made = services
        .networks
        .create(who, NewNetwork { code: typed(values, "code").to_owned(), content }, None)
        .await
        .value?;
    Ok(address(&made.network.code))
}
