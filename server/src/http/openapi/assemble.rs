//! An operation of the document: what the table says, and what follows from route and right.

use super::{
    operation::{Answer, Operation as Said, Parameter as Asked, asked, text},
    right_of,
    shapes::{self, JSON, Schemas, failure},
};
use crate::http::routes::Route;
use axum::http::Method;
use domain::access::Access;
use utoipa::openapi::{
    Content, RefOr, Required, Response,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    security::SecurityRequirement,
};

/// The operation of `route`, which stands in the document under `path`.
pub fn operation(route: &Route, path: &str, tag: &str, said: &Said, schemas: &mut Schemas) -> Operation {
    let parameters = parameters(said, path, schemas);
    let note = [said.note, &right_of(route.access)].join(" ");
    let id: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_{}", route.method.as_str().to_ascii_lowercase(), id.trim_matches('_'))))
        .tag(tag)
        .summary(Some(said.summary))
        .description(Some(note.trim()))
        .securities(Some(security(route.access)));
    for (status, response) in failures(route, path, said, !parameters.is_empty(), schemas) {
        operation = operation.response(status, response);
    }
    operation = operation.response(said.status, response("Done.", said.answer, schemas));
    for (status, answer, meaning) in said.others {
        operation = operation.response(*status, response(meaning, *answer, schemas));
    }
    if let Some(takes) = said.takes {
        let content = Content::new(Some((takes.shape)(schemas)));
        let required = if takes.required { Required::True } else { Required::False };
        let mut body = RequestBodyBuilder::new().content(takes.media_type, content).required(Some(required));
        for media_type in takes.files {
            body = body.content(*media_type, Content::new(Some(shapes::bytes())));
        }
        operation = operation.request_body(Some(body.build()));
    }
    operation.parameters(Some(parameters)).build()
}

/// Nothing at all, or a token, or the cookie of a browser.
fn security(access: Access) -> Vec<SecurityRequirement> {
    let schemes: &[&str] = if access == Access::Public { &[] } else { &["bearer", "session"] };
    schemes.iter().map(|name| SecurityRequirement::new(*name, Vec::<String>::new())).collect()
}

fn parameters(said: &Said, path: &str, schemas: &mut Schemas) -> Vec<Parameter> {
    let in_path: Vec<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut all: Vec<_> = said.parameters.to_vec();
    if in_path.contains(&"id") && all.iter().all(|p| p.name != "id") {
        all.insert(0, asked("id", shapes::uuid, "Its id."));
    }
    if said.paged {
        all.push(text("cursor", "next_cursor of the page before."));
        all.push(asked("limit", shapes::limit, "Rows of a page; 20 when not given."));
    }
    let mut described: Vec<_> = all
        .iter()
        .map(|parameter| {
            let place = if in_path.contains(&parameter.name) { ParameterIn::Path } else { ParameterIn::Query };
            described(parameter, place, schemas)
        })
        .collect();
    if said.keyed {
        let key = text(
            "Idempotency-Key",
            "1 to 255 characters. The same key and body answer the same for 24 hours, marked Idempotent-Replayed: true.",
        );
        described.push(self::described(&key, ParameterIn::Header, schemas));
    }
    if said.versioned {
        let version = text("If-Match", "The version that was read; another one by now is a conflict.");
        described.push(self::described(&version, ParameterIn::Header, schemas));
    }
    described
}

fn described(asked: &Asked, place: ParameterIn, schemas: &mut Schemas) -> Parameter {
    let required = asked.required || place == ParameterIn::Path;
    ParameterBuilder::new()
        .name(asked.name)
        .parameter_in(place)
        .required(if required { Required::True } else { Required::False })
        .description(Some(asked.meaning))
        .schema(Some((asked.shape)(schemas)))
        .build()
}

fn response(meaning: &str, answer: Answer, schemas: &mut Schemas) -> Response {
    let mut response = Response::new(meaning);
    let mut hold = |media_type: &str, schema| {
        response.content.insert(media_type.to_owned(), RefOr::T(Content::new(Some(schema))));
    };
    match answer {
        Answer::Nothing => {}
        Answer::Json(shape) => hold(JSON, shape(schemas)),
        Answer::Text(media_type) => hold(media_type, shapes::text(schemas)),
        Answer::JsonOrFile(shape, media_types) => {
            hold(JSON, shape(schemas));
            media_types.iter().for_each(|media_type| hold(media_type, shapes::bytes()));
        }
        Answer::File(media_types) => media_types.iter().for_each(|media_type| hold(media_type, shapes::bytes())),
    }
    response
}

/// Every way to fail; all have one shape.
fn failures(
    route: &Route,
    path: &str,
    said: &Said,
    reads_parameters: bool,
    schemas: &mut Schemas,
) -> Vec<(&'static str, Response)> {
    let signed_in = route.access != Access::Public;
    let changes = route.method != Method::GET;
    let follows = [
        ("401", signed_in, "Not signed in."),
        ("403", matches!(route.access, Access::Needs(_)) || changes, "The right is missing, or the request is forged."),
        ("404", path.contains('{'), "There is no such thing, or not for the caller."),
        ("409", said.keyed, "The Idempotency-Key was used for another request, or its first request is still running."),
        ("413", said.takes.is_some(), "The body is too large."),
        ("422", said.takes.is_some() || reads_parameters, "Every fault with its path."),
        (
            "429",
            !path.starts_with("/health") && !path.starts_with("/_stcore"),
            "Too many requests; Retry-After says when.",
        ),
        ("503", signed_in || changes, "Not just now; Retry-After says when."),
        ("default", true, "Anything else that fails."),
    ];
    let follows = follows.into_iter().filter(|(_, applies, _)| *applies).map(|(status, _, meaning)| (status, meaning));
    let all = follows.chain(said.fails.iter().copied());
    all.map(|(status, meaning)| (status, response(meaning, Answer::Json(failure), schemas))).collect()
}
