//! Static files of the site folder.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
};
use std::path::Path;
use tower_http::services::{ServeDir, ServeFile};

/// One route for each file and folder found in `site` at the start; pages keep every other address.
pub fn router(site: &Path) -> Router {
    let mut router = Router::new();
    for entry in std::fs::read_dir(site).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if name.starts_with('.') || name.contains(['{', '}']) {
            continue;
        }
        router = if path.is_dir() {
            router.nest_service(&format!("/{name}"), ServeDir::new(path).precompressed_br().precompressed_gzip())
        } else {
            router.route_service(&format!("/{name}"), ServeFile::new(path).precompressed_br().precompressed_gzip())
        };
    }
    router.layer(from_fn(cache))
}

/// A file whose name carries a hash of its content never changes; others are asked for again.
async fn cache(request: Request, next: Next) -> Response {
    let value = if is_hashed(request.uri().path()) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=0, must-revalidate"
    };
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    }
    response
}

/// `millrace.Zy4r_dZ8u6D5kA5B8o5WkQ.wasm`, `chunk_3a5f….wasm`: a part of at least 16 characters with a digit in it.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let parts: Vec<_> = name.split('.').collect();
    parts.len() >= 3
        && parts[1..parts.len() - 1].iter().any(|part| {
            part.len() >= 16
                && part.chars().any(|c| c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("/pkg/millrace.Zy4r_dZ8u6D5kA5B8o5WkQ.wasm"));
        assert!(!is_hashed("/pkg/millrace.wasm") && !is_hashed("/vendor/echarts.min.js") && !is_hashed("/favicon.svg"));
    }
}
