//! OpenAPI 3.1: each route of the table with its right, and with what [`operations`] says of it.

mod assemble;
mod operation;
mod operations;
mod shapes;

use super::routes::Route;
use axum::http::Method;
use domain::access::Access;
use std::sync::Arc;
use utoipa::openapi::{
    Components, HttpMethod, Info, OpenApi as Document, Paths,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

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
    let mut info = Info::new("Millrace", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Sales, stock, dealers, leads and supply plans. Every failure has the shape Failure.".to_owned());
    let mut components = Components::new();
    for (name, scheme) in security_schemes() {
        components.add_security_scheme(name, scheme);
    }
    let mut paths = Paths::new();
    for route in table {
        let path = openapi_path(&route.path);
        let name = format!("{} {path}", route.method);
        let Some(method) = method_of(&route.method) else { continue };
        // A route that the table of operations lacks stays out, which a test forbids.
        let Some((tag, said)) = operations::of(&name) else { continue };
        let operation = assemble::operation(route, &path, tag, said, &mut components.schemas);
        paths.add_path_operation(&path, vec![method], operation);
    }
    let mut document = Document::new(info, paths);
    document.components = Some(components);
    document
}

fn security_schemes() -> [(&'static str, SecurityScheme); 2] {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT or personal API token")
        .description(Some("From POST /api/v1/auth/login, or made with POST /api/v1/auth/tokens."));
    let session = ApiKeyValue::with_description(
        crate::http::session::cookie_name(false),
        "The session of a browser, over https __Host-millrace. Calls that change something must come from our own pages.",
    );
    [("bearer", SecurityScheme::Http(bearer.build())), ("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)))]
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
