//! Everything the web side answers, put together once. A feature adds its line in [`features`].

use super::{
    api, assets,
    authenticate::authenticate,
    cors,
    error::ApiError,
    face::{self, Faces},
    form_note::form_note,
    headers::headers,
    openapi::Description,
    pages,
    rate::{self, Rates},
    request::{self, Observer},
    routes::{Route, Routes},
    session,
};
use crate::{process::Process, services::Services};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::any,
};
use domain::{AppError, ErrorCode};
use leptos::config::LeptosOptions;
use std::{path::Path, sync::Arc};
use tower::Layer;
use tower_http::{
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
    normalize_path::NormalizePathLayer,
};

/// The routes of every feature.
fn features() -> Routes<Services> {
    Routes::new()
        .merge(api::system::routes())
        .merge(api::settings::routes())
        .merge(api::access::routes())
        .merge(api::audit::routes())
        .merge(api::overview::routes())
        .merge(api::targets::routes())
        .merge(api::attention::routes())
        .merge(api::cache::routes())
        .merge(api::fault_drill::routes())
        .merge(api::transactions::routes())
        .merge(api::alerts::routes())
        .merge(api::alert_routes::routes())
        .merge(api::fraud::routes())
        .merge(api::analytics::routes())
        .merge(api::reports::routes())
        .merge(api::catalogue::routes())
        .merge(api::dealers::routes())
        .merge(api::fetches::routes())
        .merge(api::dealer_records::routes())
        .merge(api::customers::routes())
        .merge(api::exports::routes())
        .merge(api::search::routes())
        .merge(api::ingest::routes())
        .merge(api::optimize::routes())
        .merge(api::networks::routes())
        .merge(api::demo::routes())
        .merge(api::live::routes())
        .merge(api::dashboard_socket::routes())
        .merge(api::jobs::routes())
}

/// The table of the API, for its description.
#[must_use]
pub fn table() -> Vec<Route> {
    features().into_parts().1
}

/// The whole web side, and the table of all its routes.
pub fn router(services: Services, process: Process) -> (Router, Vec<Route>) {
    let (router, mut table) = features().into_parts();
    let door = Arc::clone(&services.door);
    let description = Description::of(&table);
    let observer = Observer {
        clock: services.backend.clock.clone(),
        trusted_proxies: process.config.trusted_proxies.clone().into(),
    };
    let (pages, page_table) = pages::router(services.clone(), leptos_options(&process.config.site_root));
    table.extend(page_table);
    let inner = router
        // Below it no page: what is missing here is told in JSON.
        .route("/api/{*rest}", any(missing))
        .with_state(services)
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&door), form_note))
        .layer(from_fn_with_state(Rates::new(process.config.rates), rate::limit))
        .layer(from_fn_with_state(Arc::clone(&door), authenticate))
        .layer(from_fn_with_state(Faces::new(process.served), face::admit))
        .layer(session::layer(&door))
        .layer(from_fn_with_state(Arc::clone(&door), session::finish))
        .merge(assets::router(&process.config.site_root))
        // The outermost layer holds the limit; this one would hold uploads to 2 MiB.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(process.config.cors_origins.clone().into(), cors::allow))
        .layer(Extension(description))
        .layer(Extension(process))
        .layer(from_fn_with_state(door, headers))
        .layer(from_fn_with_state(observer, request::observe));
    // Around the router, since paths are matched before its own layers run.
    let compressed = CompressionLayer::new()
        .compress_when(SizeAbove::new(512).and(NotForContentType::SSE).and(NotForContentType::IMAGES));
    let normalized = NormalizePathLayer::trim_trailing_slash().layer(inner);
    (Router::new().fallback_service(compressed.layer(normalized)), table)
}

/// What leptos needs to name the browser files; hashed names only when the build left its list of hashes.
fn leptos_options(site: &Path) -> LeptosOptions {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|dir| dir.join("hash.txt")));
    let hashed =
        beside.is_some_and(|file| file.is_file()) && std::env::var("LEPTOS_HASH_FILES").is_ok_and(|v| v == "true");
    LeptosOptions::builder()
        .output_name("millrace")
        .site_root(site.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .hash_files(hashed)
        .build()
}

async fn missing() -> Response {
    ApiError(AppError::not_found("Address")).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}.", uri.path());
    ApiError(AppError::new(ErrorCode::NotFound, message)).with_status(StatusCode::METHOD_NOT_ALLOWED)
}
