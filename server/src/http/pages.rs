//! Leptos on axum: the page routes and the server functions, both from the tables of `app` and both
//! behind the right they name.

use super::{caller::Caller, content_security::policy_for, import_page, network_page, plan_page, routes::Route};
use crate::{access::browser::BrowserSession, services::Services};
use app::{context::Steering, features::access_of, pages::PAGES};
use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodFilter, get, on, post},
};
use domain::{
    AppError,
    access::{Access, SessionPort, SessionView},
};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::provide_context};
use leptos_axum::ResponseOptions;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::{Arc, OnceLock};

/// What page handlers need besides the services.
#[derive(Debug, Clone)]
pub struct PageState {
    pub services: Services,
    pub options: LeptosOptions,
}

/// Paths of the app's own router, in axum's notation. Asked once a process, as leptos wants it; asking
/// also tells leptos to run its tasks on tokio.
pub fn app_paths() -> &'static [String] {
    static PATHS: OnceLock<Vec<String>> = OnceLock::new();
    PATHS.get_or_init(|| leptos_axum::generate_route_list(app::App).iter().map(|r| r.path().to_owned()).collect())
}

/// Page routes, server functions and the page for unknown addresses.
pub fn router(services: Services, options: LeptosOptions) -> (Router, Vec<Route>) {
    let unlisted = app_paths().iter().filter(|path| !PAGES.iter().any(|(listed, _)| listed == path));
    for path in unlisted {
        tracing::error!(path, "page without an entry in the permission table; it is not served");
    }
    let state = PageState { services, options };
    let mut router = Router::new();
    let mut table = Vec::new();
    for (path, access) in PAGES.iter().copied() {
        router = router.route(path, get(move |state, request| page(access, state, request)));
        table.push(Route { method: Method::GET, path: path.to_owned(), access });
    }
    router = router.route(import_page::PATH, post(import_page::upload));
    router = router.route(import_page::REPAIRED, post(import_page::upload_repaired));
    router = router.route(import_page::DATASET, post(import_page::upload_dataset));
    router = router.route(plan_page::PATH, post(plan_page::solve));
    router = router.route(network_page::PATH, post(network_page::take));
    let forms = [
        (import_page::PATH, import_page::ACCESS),
        (import_page::REPAIRED, import_page::ACCESS),
        (import_page::DATASET, import_page::DATASET_ACCESS),
        (plan_page::PATH, plan_page::ACCESS),
        (network_page::PATH, network_page::ACCESS),
    ];
    for (path, access) in forms {
        table.push(Route { method: Method::POST, path: path.to_owned(), access });
    }
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::POST);
        router = router.route(path, on(filter, server_function));
        if let Some(access) = access_of(path) {
            table.push(Route { method, path: path.to_owned(), access });
        }
    }
    // Unknown addresses render the not-found page; it tells nothing, so it needs no right.
    (router.fallback(|state, request| page(Access::Public, state, request)).with_state(state), table)
}

async fn page(access: Access, State(state): State<PageState>, mut request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    match (access.allows(caller.0.as_ref().map(|p| p.rights())), &caller.0) {
        (true, _) => render(state, request).await,
        (false, None) => Redirect::to(&sign_in_path(request.uri())).into_response(),
        (false, Some(_)) => {
            let view = request.extensions().get::<SessionView>().cloned().unwrap_or_default();
            request.extensions_mut().insert(SessionView { denied: true, ..view });
            let mut response = render(state, request).await;
            *response.status_mut() = StatusCode::FORBIDDEN;
            response
        }
    }
}

/// `/login?next=…` with the path and query asked for.
fn sign_in_path(uri: &Uri) -> String {
    let wanted = uri.path_and_query().map_or("/", |p| p.as_str());
    format!("/login?next={}", utf8_percent_encode(wanted, NON_ALPHANUMERIC))
}

/// Renders the app for `request` with everything pages ask for in context.
pub async fn render(state: PageState, request: Request) -> Response {
    let context = contexts(&state, &request);
    let options = state.options;
    let render = leptos_axum::render_app_async_with_context(context, move || app::shell(options.clone()));
    render(request).await
}

/// Closure that fills a render's context from the request.
fn contexts(state: &PageState, request: &Request) -> impl Fn() + Clone + Send + Sync + 'static {
    let services = state.services.clone();
    let principal = request.extensions().get::<Caller>().and_then(|c| c.0.clone());
    let session = request.extensions().get::<SessionView>().cloned().unwrap_or_default();
    let browser = request.extensions().get::<BrowserSession>().cloned();
    move || {
        services.provide();
        if let Some(browser) = browser.clone() {
            provide_context::<Arc<dyn SessionPort>>(Arc::new(browser));
        }
        if let Some(principal) = principal.clone() {
            provide_context(principal);
        }
        provide_context(session.clone());
        provide_context(Steering {
            redirect: Arc::new(leptos_axum::redirect),
            status: Arc::new(|status| {
                if let (Some(options), Ok(status)) =
                    (leptos::prelude::use_context::<ResponseOptions>(), StatusCode::from_u16(status))
                {
                    options.set_status(status);
                }
            }),
        });
        if let (Some(options), Some(nonce)) = (leptos::prelude::use_context::<ResponseOptions>(), use_nonce())
            && let Ok(policy) = HeaderValue::from_str(&policy_for(&nonce))
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// Calls a server function. The right is checked before the arguments are read.
async fn server_function(State(state): State<PageState>, request: Request<Body>) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let Some(access) = access_of(request.uri().path()) else {
        tracing::error!(path = request.uri().path(), "server function without an entry in the permission table");
        return fault(AppError::internal());
    };
    match (access.allows(caller.0.as_ref().map(|p| p.rights())), caller.0) {
        (true, _) => {
            let context = contexts(&state, &request);
            leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
        }
        (false, Some(_)) => fault(AppError::forbidden()),
        (false, None) => fault(AppError::unauthenticated()),
    }
}

/// A refusal in the shape that callers of server functions read (`app::fault::Fault`).
fn fault(error: AppError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}
