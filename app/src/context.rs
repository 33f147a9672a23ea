//! What the server puts into a render or a server-function call, and how pages get at it.

use crate::browser;
use domain::{
    AppError,
    access::{Principal, SessionView},
};
use leptos::prelude::*;
use std::{fmt, sync::Arc};

/// The caller of the running server function.
///
/// # Errors
/// `unauthenticated` when signed out.
pub fn principal() -> Result<Principal, AppError> {
    use_context::<Principal>().ok_or_else(AppError::unauthenticated)
}

/// The port `P`, e.g. `port::<dyn OverviewPort>()`.
///
/// # Errors
/// `internal` when the server did not provide it.
pub fn port<P: ?Sized + Send + Sync + 'static>() -> Result<Arc<P>, AppError> {
    use_context::<Arc<P>>().ok_or_else(AppError::internal)
}

/// Who looks at the page. Known at once on both sides: the server has it from the request, the
/// browser reads what the server wrote into the first HTML. Constant for the life of the document,
/// because signing in and out loads a new one.
#[must_use]
pub fn session() -> SessionView {
    use_context::<SessionView>().or_else(browser::embedded_session).unwrap_or_default()
}

/// How a render or server function steers its HTTP answer. Provided by the server only.
#[derive(Clone)]
pub struct Steering {
    pub redirect: Arc<dyn Fn(&str) + Send + Sync>,
    pub status: Arc<dyn Fn(u16) + Send + Sync>,
}

impl fmt::Debug for Steering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steering").finish_non_exhaustive()
    }
}

/// Sends the caller of a server function on to `path` once it has succeeded.
pub fn redirect(path: &str) {
    if let Some(steering) = use_context::<Steering>() {
        (steering.redirect)(path);
    }
}

/// Sets the status of the page being rendered (404 for a missing record).
pub fn set_status(status: u16) {
    if let Some(steering) = use_context::<Steering>() {
        (steering.status)(status);
    }
}
