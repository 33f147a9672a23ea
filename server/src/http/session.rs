//! The session layer of tower-sessions around everything that may be signed in to, and what it
//! leaves to us.

use super::error::ApiError;
use crate::access::{Doorkeeper, WebSessions};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::AppError;
use std::sync::Arc;
use tower_sessions::{SessionManagerLayer, cookie::SameSite};

/// Name of the session cookie. `__Host-` binds it to this host, which browsers grant to https only.
#[must_use]
pub const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-millrace" } else { "millrace" }
}

/// Puts the `Session` of the cookie into each request; it is read when somebody asks for it, and
/// written when it was changed. The cookie ends with the browser; the row ends by our own rules.
#[must_use]
pub fn layer(door: &Arc<Doorkeeper>) -> SessionManagerLayer<WebSessions> {
    let is_https = door.settings().is_https();
    SessionManagerLayer::new(WebSessions::new(Arc::clone(door)))
        .with_name(cookie_name(is_https))
        .with_secure(is_https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
}

/// Use with `from_fn_with_state(doorkeeper, finish)` around [`layer`].
pub async fn finish(State(door): State<Arc<Doorkeeper>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // The library answers a session that could not be saved with a bare 500.
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR && !response.headers().contains_key(header::CONTENT_TYPE)
    {
        let error = AppError::unavailable("Your session could not be saved just now. Try again in a moment.");
        return ApiError(error).into_response();
    }
    if door.settings().is_https() {
        secure(response.headers_mut());
    }
    response
}

/// The library takes a cookie away without `Secure`, and browsers heed no such line about a `__Host-` name.
fn secure(headers: &mut HeaderMap) {
    let header::Entry::Occupied(mut lines) = headers.entry(header::SET_COOKIE) else { return };
    for line in lines.iter_mut() {
        if let Ok(text) = line.to_str()
            && !text.split(';').any(|part| part.trim().eq_ignore_ascii_case("secure"))
            && let Ok(whole) = HeaderValue::from_str(&format!("{text}; Secure"))
        {
            *line = whole;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_over_https_is_secure_once() {
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, HeaderValue::from_static("__Host-millrace=; Path=/; Max-Age=0"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("theme=dark; Path=/; Secure"));
        secure(&mut headers);
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(lines, ["__Host-millrace=; Path=/; Max-Age=0; Secure", "theme=dark; Path=/; Secure"]);
    }
}
