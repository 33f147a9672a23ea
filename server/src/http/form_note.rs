//! Forms without script. A server function's error answers a plain form post with a redirect back to
//! the page, which then shows what was typed and what was wrong ([`FormNote`]); everybody else gets
//! the error as JSON under the status of its code.

use super::{
    cross_site::{buffered, fields, is_form},
    error::ApiError,
    request::RequestId,
};
use crate::access::{Doorkeeper, browser::BrowserSession};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, response::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{AppError, ErrorCode, access::FormNote};
use std::sync::Arc;

/// leptos marks the answer of a failed server function with this header.
const FAILED: &str = "serverfnerror";
/// Longest JSON of an error, and most bytes of typed values that are kept.
const ERROR_LIMIT: usize = 64 * 1024;
const VALUES_LIMIT: usize = 64 * 1024;

/// Use with `from_fn_with_state(doorkeeper, form_note)` inside the authentication layer.
pub async fn form_note(State(door): State<Arc<Doorkeeper>>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/fn/") {
        return next.run(request).await;
    }
    let is_plain_form = request.method() == Method::POST && accepts_html(request.headers());
    match request.extensions().get::<BrowserSession>().cloned() {
        Some(browser) if is_plain_form => answer_form(&door, &browser, request, next).await,
        _ => {
            let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
            match taken_apart(next.run(request).await).await {
                Answer::Fine(response) => response,
                Answer::Failed { error, parts, .. } => as_json(AppError { request_id: id, ..error }, parts),
            }
        }
    }
}

async fn answer_form(door: &Doorkeeper, browser: &BrowserSession, mut request: Request, next: Next) -> Response {
    let form = request.uri().path().to_owned();
    let back = page_before(&door.settings().origin, request.headers());
    let mut values = Vec::new();
    if is_form(request.headers()) {
        match buffered(request).await {
            Ok((again, body)) => {
                values = kept(&body);
                request = again;
            }
            Err(error) => return ApiError(error).into_response(),
        }
    }
    // leptos would answer html with a redirect of its own that carries the error in the address.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));

    match taken_apart(next.run(request).await).await {
        Answer::Fine(response) => {
            let target =
                response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or(&back).to_owned();
            see_other(&target, response.headers())
        }
        Answer::Failed { error, refused, parts, .. } => {
            if refused && error.code == ErrorCode::Unauthenticated {
                let next = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
                return see_other(&format!("/login?next={next}"), &parts.headers);
            }
            let code = error.code;
            if let Err(unsaved) = browser.put_note(&FormNote { form, values, error, told: None }).await {
                return ApiError(unsaved).into_response();
            }
            let mut response = see_other(&back, &parts.headers);
            response.extensions_mut().insert(code);
            response
        }
    }
}

enum Answer {
    Fine(Response),
    Failed {
        error: AppError,
        parts: Parts,
        /// The guard refused the call; the function never ran.
        refused: bool,
    },
}

async fn taken_apart(response: Response) -> Answer {
    let failed = response.headers().contains_key(FAILED);
    let refused = !failed && response.status().as_u16() >= 400;
    if !failed && !refused {
        return Answer::Fine(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ERROR_LIMIT).await.unwrap_or_default();
    let error = serde_json::from_slice(&body).unwrap_or_else(|_| AppError::internal());
    Answer::Failed { error, parts, refused }
}

/// The error as callers of server functions read it, under the status of its code.
fn as_json(error: AppError, mut parts: Parts) -> Response {
    parts.status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) = error.retry_after_seconds {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    parts.extensions.insert(error.code);
    Response::from_parts(parts, Body::from(serde_json::to_vec(&error).unwrap_or_default()))
}

/// A redirect after a post; cookies that the function set go with it.
fn see_other(target: &str, headers: &HeaderMap) -> Response {
    let mut response = Redirect::to(target).into_response();
    for cookie in headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// Path and query of the page the form stood on, if that page is ours.
fn page_before(origin: &str, headers: &HeaderMap) -> String {
    let referer =
        headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<Uri>().ok());
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    referer
        .filter(|uri| {
            let authority = uri.authority().map(|a| a.as_str());
            authority.is_some()
                && (authority == host || origin.ends_with(&format!("//{}", authority.unwrap_or_default())))
        })
        .and_then(|uri| uri.path_and_query().map(|p| p.as_str().to_owned()))
        .filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or_else(|| "/".to_owned())
}

/// What was typed, without anything secret.
fn kept(body: &[u8]) -> Vec<(String, String)> {
    if body.len() > VALUES_LIMIT {
        return Vec::new();
    }
    fields(body).filter(|(name, _)| !is_secret(name)).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "token", "secret", "link", "otp", "credential"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_kept() {
        let body =
            b"name=ada&password=planted&new_password=planted&csrf_token=planted&link=planted&command[password]=planted";
        assert_eq!(kept(body), [("name".to_owned(), "ada".to_owned())]);
    }

    #[test]
    fn only_our_own_pages_are_gone_back_to() {
        let back = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "mill.example".parse().unwrap());
            headers.insert(header::REFERER, referer.parse().unwrap());
            page_before("https://mill.example", &headers)
        };
        assert_eq!(back("https://mill.example/login?next=%2Fjobs"), "/login?next=%2Fjobs");
        assert_eq!(back("https://evil.example/login"), "/");
        assert_eq!(back("https://evil.example//mill.example/x"), "/");
        assert_eq!(back("https://mill.example//evil.example/x"), "/");
        assert_eq!(back("nonsense"), "/");
    }
}
