//! Requests forged by other sites (`platform.md` 3.4, CSRF).

use crate::access::{Doorkeeper, SessionId};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, header},
};
use domain::{AppError, ErrorCode};

/// Largest url-encoded form.
pub const FORM_LIMIT: usize = 1024 * 1024;

/// Lets a request without `Authorization` pass if it changes nothing or comes from our own pages.
/// Gives the request back, because its body may have been read.
///
/// # Errors
/// `forbidden` for a forged request.
pub async fn check(door: &Doorkeeper, session: Option<&SessionId>, request: Request) -> Result<Request, AppError> {
    match judge(door, session, &request) {
        Verdict::Passes => return Ok(request),
        Verdict::Forged => return Err(forged()),
        Verdict::AskTheForm => {}
    }
    let (request, body) = buffered(request).await?;
    let keys = &door.settings().keys;
    let fits = session
        .is_some_and(|id| fields(&body).any(|(name, value)| name == "csrf_token" && keys.is_csrf(&id.0, &value)));
    if fits { Ok(request) } else { Err(forged()) }
}

enum Verdict {
    Passes,
    Forged,
    /// Neither header tells where the request comes from: the hidden field must.
    AskTheForm,
}

fn judge(door: &Doorkeeper, session: Option<&SessionId>, request: &Request) -> Verdict {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Verdict::Passes;
    }
    // A REST call without a session has no authority that another site could borrow.
    if session.is_none() && request.uri().path().starts_with("/api/") {
        return Verdict::Passes;
    }
    let passes = |yes| if yes { Verdict::Passes } else { Verdict::Forged };
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), session) {
        (Some(site), _, _) => passes(site == "same-origin"),
        (None, Some(origin), _) => passes(origin.eq_ignore_ascii_case(&door.settings().origin)),
        (None, None, None) => Verdict::Passes,
        (None, None, Some(id)) => match text("x-csrf-token") {
            Some(given) => passes(door.settings().keys.is_csrf(&id.0, given)),
            None if is_form(request.headers()) => Verdict::AskTheForm,
            None => Verdict::Forged,
        },
    }
}

fn forged() -> AppError {
    AppError::new(
        ErrorCode::Forbidden,
        "This request did not come from a page of ours, so nothing was done. Load the page again and repeat.",
    )
}

/// The body is an url-encoded form.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| {
        kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// Reads the body and puts it back.
///
/// # Errors
/// `validation` when it is longer than a form may be, or breaks off.
pub async fn buffered(request: Request) -> Result<(Request, Bytes), AppError> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| {
        AppError::new(
            ErrorCode::Validation,
            "The form is larger than 1 MiB or broke off. Shorten it and send it again.",
        )
    })?;
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

/// Names and values of an url-encoded body.
pub fn fields(body: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decoded(halves.next().unwrap_or_default());
        (half(), half())
    })
}

fn decoded(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let read: Vec<_> = fields(b"a=1&name=Ada+Lovelace&x=%C3%A9%26&empty=&alone").collect();
        let wanted = [("a", "1"), ("name", "Ada Lovelace"), ("x", "é&"), ("empty", ""), ("alone", "")];
        assert_eq!(read, wanted.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
