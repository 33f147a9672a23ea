//! OpenAPI 3.1: annotated handlers, and every other path of the route table with its right.

use super::{api, routes::Route};
use axum::http::Method;
use domain::access::Access;
use std::sync::Arc;
use utoipa::{
    OpenApi,
    openapi::{
        HttpMethod, OpenApi as Document, Required,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// Handlers with annotations of their own. A feature adds its lines here.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Millrace",
        description = "Sales, stock, dealers, leads and supply plans. Errors have one shape: \
            {success: false, data: null, error: {code, message, fields, request_id}}."
    ),
    paths(
        api::system::health,
        api::system::live,
        api::system::ready,
        api::settings::view,
        api::settings::change,
        api::audit::list,
        api::audit::detail,
        api::transactions::list,
        api::transactions::record,
        api::transactions::quote,
        api::transactions::detail,
        api::transactions::events,
        api::transactions::capture,
        api::transactions::fail,
        api::transactions::cancel,
        api::catalogue::products,
        api::catalogue::customers,
        api::exports::list,
        api::exports::export,
        api::exports::remove,
        api::exports::file,
        api::search::search,
        api::overview::dashboard,
        api::overview::realtime,
        api::overview::tiles,
        api::overview::trend,
        api::overview::hours,
        api::overview::tile,
        api::overview::rows,
        api::overview::record_visit,
    )
)]
struct Annotated;

/// The description of the API: made once a process, given out as JSON and as a page.
#[derive(Debug, Clone)]
pub struct Description {
    pub json: Arc<str>,
    pub table: Arc<[Route]>,
}

impl Description {
    #[must_use]
    pub fn of(table: &[Route]) -> Self {
        Self { json: document(table).to_json().unwrap_or_default().into(), table: table.into() }
    }
}

/// The document for the routes of `table`.
#[must_use]
pub fn document(table: &[Route]) -> Document {
    let mut document = Annotated::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let bearer = SecurityScheme::Http(
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT or personal API token").build(),
    );
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    for route in table {
        let Some(method) = method_of(&route.method) else { continue };
        let path = openapi_path(&route.path);
        let known = document.paths.get_path_operation(&path, method.clone()).is_some();
        if !known {
            let operation = operation(route, &path);
            document.paths.add_path_operation(&path, vec![method], operation);
        }
    }
    document
}

/// axum's `{*rest}` is `{rest}` there.
fn openapi_path(path: &str) -> String {
    path.replace("{*", "{")
}

fn method_of(method: &Method) -> Option<HttpMethod> {
    Some(match *method {
        Method::GET => HttpMethod::Get,
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => return None,
    })
}

/// What the right means, in words.
#[must_use]
pub fn right_of(access: Access) -> String {
    match access {
        Access::Public => "Open to everybody.".to_owned(),
        Access::SignedIn => "Everybody signed in.".to_owned(),
        Access::Needs(permission) => format!("Needs the right {permission}."),
    }
}

fn operation(route: &Route, path: &str) -> OperationBuilder {
    let name: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let tag =
        path.trim_start_matches("/api/v1/").trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_{}", route.method.as_str().to_ascii_lowercase(), name.trim_matches('_'))))
        .tag(tag)
        .description(Some(right_of(route.access)));
    for parameter in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(parameter)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    operation = operation.response("200", ResponseBuilder::new().description("Done."));
    if route.access != Access::Public {
        operation = operation
            .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
            .response("401", ResponseBuilder::new().description("Not signed in."));
    }
    if matches!(route.access, Access::Needs(_)) {
        operation = operation.response("403", ResponseBuilder::new().description("The right is missing."));
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_table_is_described_with_its_right() {
        let table = super::super::router::table();
        let text = document(&table).to_json().expect("json");
        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        assert_eq!(json["openapi"], "3.1.0");
        for route in &table {
            let entry = &json["paths"][openapi_path(&route.path)][route.method.as_str().to_ascii_lowercase()];
            assert!(entry.is_object(), "{} {} is not described", route.method, route.path);
        }
        let metrics = &json["paths"]["/metrics"]["get"];
        assert!(metrics["description"].as_str().is_some_and(|d| d.contains("system.view")));
        assert_eq!(metrics["security"][0]["bearer"], serde_json::json!([]));
    }
}
