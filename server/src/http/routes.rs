//! The route table: a route exists only with the right it names, so the permission walk sees all of them.

use super::{caller::Caller, error::ApiError};
use axum::{
    Router,
    extract::Request,
    handler::Handler,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, on},
};
use axum::{http::Method, routing::MethodFilter};
use domain::{AppError, access::Access};

/// One entry of the table. `path` is axum's pattern, e.g. `/api/v1/transactions/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub access: Access,
}

/// Routes with state `S`, and the list of what they are.
#[derive(Debug)]
pub struct Routes<S> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Method::GET, path, access, on(MethodFilter::GET, handler))
    }

    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Method::POST, path, access, on(MethodFilter::POST, handler))
    }

    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Method::PUT, path, access, on(MethodFilter::PUT, handler))
    }

    #[must_use]
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Method::PATCH, path, access, on(MethodFilter::PATCH, handler))
    }

    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Method::DELETE, path, access, on(MethodFilter::DELETE, handler))
    }

    /// Any method router under one method of the table (a handler with layers of its own).
    #[must_use]
    pub fn add(mut self, method: Method, path: &str, access: Access, handler: MethodRouter<S>) -> Self {
        let guarded = handler.layer(from_fn(move |request: Request, next: Next| guard(access, request, next)));
        self.router = self.router.route(path, guarded);
        self.table.push(Route { method, path: path.to_owned(), access });
        self
    }

    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    pub fn into_parts(self) -> (Router<S>, Vec<Route>) {
        (self.router, self.table)
    }
}

/// Stands before the arguments are read: a signed-out call with nonsense in it is still 401.
async fn guard(access: Access, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    match (access.allows(caller.0.as_ref().map(|p| p.rights())), caller.0) {
        (true, _) => next.run(request).await,
        (false, Some(_)) => ApiError(AppError::forbidden()).into_response(),
        (false, None) => ApiError(AppError::unauthenticated()).into_response(),
    }
}
