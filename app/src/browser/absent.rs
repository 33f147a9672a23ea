//! On the server there is no document.

use domain::access::SessionView;

#[must_use]
pub fn embedded_session() -> Option<SessionView> {
    None
}

pub fn mark_hydrated() {}

pub fn set_theme(_theme: &str) {}
