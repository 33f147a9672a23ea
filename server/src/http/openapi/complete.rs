//! Completes an operation: an id of its own, its summary and right, types in and out, and how it fails.

use super::{
    operations::{Answer, OPERATIONS, Operation as Said},
    right_of,
    shapes::{Schemas, failure},
};
use crate::http::routes::Route;
use axum::http::Method;
use domain::access::Access;
use utoipa::openapi::{
    Content, OpenApi as Document, RefOr, Required, Response,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    schema::{ObjectBuilder, Type},
    security::SecurityRequirement,
};

const JSON: &str = "application/json";

/// The operation of `route`, which stands in the document under `path`.
pub fn complete(document: &mut Document, route: &Route, path: &str) {
    let mut schemas = std::mem::take(&mut document.components.get_or_insert_default().schemas);
    if let Some(operation) = operation(document, route, path) {
        let name: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let method = route.method.as_str().to_ascii_lowercase();
        // Handlers of different features share names; an id must be the document's own.
        operation.operation_id = Some(format!("{method}_{}", name.trim_matches('_')));
        let said = OPERATIONS.iter().find(|said| said.route == format!("{} {path}", route.method));
        if let Some(said) = said {
            describe(operation, said, &mut schemas);
        }
        rights(operation, route);
        failures(operation, route, path, said.is_some_and(|said| said.takes.is_some()), &mut schemas);
    }
    document.components.get_or_insert_default().schemas = schemas;
}

fn operation<'d>(document: &'d mut Document, route: &Route, path: &str) -> Option<&'d mut Operation> {
    let item = document.paths.paths.get_mut(path)?;
    match route.method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

fn describe(operation: &mut Operation, said: &Said, schemas: &mut Schemas) {
    if operation.summary.as_ref().is_none_or(String::is_empty) {
        operation.summary = Some(said.summary.to_owned());
    }
    let known = operation.parameters.get_or_insert_default();
    for (name, meaning) in said.parameters {
        let there = known.iter().any(|parameter| matches!(parameter, RefOr::T(p) if p.name == *name));
        if !there {
            known.push(RefOr::T(parameter(name, meaning)));
        }
    }
    if let Some(takes) = said.takes {
        let media = if said.summary.contains("multipart") { "multipart/form-data" } else { JSON };
        let described = match operation.request_body.take() {
            Some(RefOr::T(body)) => body.description,
            _ => None,
        };
        let content = Content::new(Some(takes(schemas)));
        let body =
            RequestBodyBuilder::new().description(described).content(media, content).required(Some(Required::True));
        operation.request_body = Some(RefOr::T(body.build()));
    }
    let responses = &mut operation.responses.responses;
    if said.status != "200"
        && responses.get("200").is_some_and(|r| matches!(r, RefOr::T(r) if r.description == "Done."))
    {
        responses.remove("200");
    }
    let response = responses.entry(said.status.to_owned()).or_insert_with(|| RefOr::T(Response::new("Done.")));
    let RefOr::T(response) = response else { return };
    match said.answer {
        Answer::Nothing => {}
        Answer::Json(shape) => {
            response.content.insert(JSON.to_owned(), RefOr::T(Content::new(Some(shape(schemas)))));
        }
        Answer::Other(media) => {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            response.content.insert(media.to_owned(), RefOr::T(Content::new(Some(text))));
        }
    }
    // An answer that is only sometimes given (202 of an export) is an object.
    for (status, other) in responses.iter_mut().filter(|(status, _)| status.starts_with('2') && *status != "204") {
        if let RefOr::T(other) = other
            && other.content.is_empty()
            && status != said.status
        {
            let object = ObjectBuilder::new().schema_type(Type::Object).build();
            other.content.insert(JSON.to_owned(), RefOr::T(Content::new(Some(object))));
        }
    }
}

fn parameter(name: &str, meaning: &str) -> Parameter {
    let header = name.starts_with(|c: char| c.is_ascii_uppercase());
    ParameterBuilder::new()
        .name(name)
        .parameter_in(if header { ParameterIn::Header } else { ParameterIn::Query })
        .required(Required::False)
        .description(Some(meaning))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn rights(operation: &mut Operation, route: &Route) {
    let right = right_of(route.access);
    match &mut operation.description {
        Some(text) if text.contains(&right) => {}
        Some(text) if !text.is_empty() => *text = format!("{text} {right}"),
        other => *other = Some(right),
    }
    if route.access != Access::Public && operation.security.is_none() {
        operation.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// Every way to fail that follows from what the operation is; all have one shape.
fn failures(operation: &mut Operation, route: &Route, path: &str, has_body: bool, schemas: &mut Schemas) {
    let names_something = path.contains('{');
    let changes = route.method != Method::GET;
    let reads_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let signed_in = route.access != Access::Public;
    let follows = [
        ("401", signed_in || path.ends_with("/login"), "Not signed in."),
        ("403", matches!(route.access, Access::Needs(_)), "The right is missing."),
        ("404", names_something, "There is no such thing, or not for the caller."),
        ("409", changes && signed_in, "It has changed meanwhile, or its state does not allow this."),
        ("422", has_body || reads_parameters, "Every fault with its path."),
        ("429", true, "Too many requests; Retry-After says when."),
        ("503", true, "Not just now; Retry-After says when."),
    ];
    let responses = &mut operation.responses.responses;
    for (status, _, meaning) in follows.iter().filter(|(_, applies, _)| *applies) {
        responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(Response::new(*meaning)));
    }
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
        if let RefOr::T(response) = response {
            let shape: RefOr<utoipa::openapi::Schema> = failure(schemas);
            response.content.insert(JSON.to_owned(), RefOr::T(Content::new(Some(shape))));
        }
    }
}
