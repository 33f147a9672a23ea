//! What browsers may do with our answers: the security headers of `platform.md` 3.4.

use super::content_security::policy_without_scripts;
use crate::access::Doorkeeper;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use std::sync::Arc;

const FIXED: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", ""),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Use with `from_fn_with_state(doorkeeper, headers)`, around everything that answers. A page has
/// set the policy with its nonce by then; all else gets the one without scripts.
pub async fn headers(State(door): State<Arc<Doorkeeper>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let out = response.headers_mut();
    for (name, value) in FIXED {
        out.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if !out.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&policy_without_scripts())
    {
        out.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if door.settings().is_https() {
        out.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    out.remove(header::SERVER);
    response
}
