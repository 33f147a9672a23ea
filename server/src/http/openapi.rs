//! OpenAPI 3.1: annotated handlers and every other path of the route table with its right, each completed
//! with its types and its failures.

mod complete;
mod operations;
mod shapes;

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
        complete::complete(&mut document, route, &path);
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

    fn operations() -> Vec<(String, serde_json::Value)> {
        let table = super::super::router::table();
        let json: serde_json::Value = serde_json::from_str(&document(&table).to_json().expect("json")).expect("json");
        let mut all = Vec::new();
        for route in &table {
            let method = route.method.as_str();
            let operation = json["paths"][openapi_path(&route.path)][method.to_ascii_lowercase()].clone();
            all.push((format!("{method} {}", openapi_path(&route.path)), operation));
        }
        all
    }

    #[test]
    fn every_operation_says_what_it_takes_answers_and_refuses() {
        let mut ids = std::collections::BTreeSet::new();
        for (name, operation) in operations() {
            assert!(ids.insert(operation["operationId"].to_string()), "{name}: its operationId is taken");
            for text in ["operationId", "summary", "description"] {
                assert!(operation[text].as_str().is_some_and(|t| !t.is_empty()), "{name} has no {text}");
            }
            assert!(operation["tags"][0].is_string(), "{name} has no tag");
            let responses = operation["responses"].as_object().expect("responses");
            let good: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
            assert!(!good.is_empty(), "{name} never succeeds");
            for (status, response) in good {
                let empty = response["content"].as_object().is_none_or(serde_json::Map::is_empty);
                assert!(status == "204" || !empty, "{name}: {status} has no schema");
            }
            let failures: Vec<_> = responses.iter().filter(|(status, _)| status.as_bytes()[0] >= b'4').collect();
            assert!(failures.len() >= 2, "{name} never fails");
            for (status, response) in failures {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Failure", "{name}: {status}");
            }
            let body = ["POST ", "PUT ", "PATCH "].iter().any(|m| name.starts_with(m));
            if let Some(content) = operation["requestBody"]["content"].as_object() {
                assert!(body && content.values().all(|c| c["schema"].is_object()), "{name}: its body has no schema");
            }
        }
    }

    #[test]
    fn every_described_operation_is_a_route_and_every_reference_leads_somewhere() {
        let all = operations();
        let routes: std::collections::BTreeSet<_> = all.iter().map(|(name, _)| name.clone()).collect();
        for operation in operations::OPERATIONS {
            assert!(routes.contains(operation.route), "{} is no route", operation.route);
        }
        assert_eq!(routes.len(), operations::OPERATIONS.len(), "a route is not described");
        let text = document(&super::super::router::table()).to_json().expect("json");
        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        for name in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(json["components"]["schemas"][name].is_object(), "nothing is called {name}");
        }
        let sale = &json["components"]["schemas"]["SaleStatus"]["enum"];
        assert_eq!(sale[0], "pending");
    }
}
