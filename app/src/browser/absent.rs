//! On the server there is no document.

use crate::live::Live;
use domain::access::SessionView;
use leptos::prelude::RwSignal;

#[must_use]
pub fn embedded_session() -> Option<SessionView> {
    None
}

pub fn listen(_live: Live) {}

pub fn set_theme(_theme: &str) {}

/// No time passes where nobody looks.
pub fn count_seconds(_passed: RwSignal<u32>) {}

/// The query of a form's fields; see the browser's own.
#[must_use]
pub fn form_query(_event: &web_sys::Event) -> Option<String> {
    None
}

pub fn open_dialog(_dialog: &web_sys::HtmlDialogElement) {}

pub fn close_dialog(_dialog: &web_sys::HtmlDialogElement) {}

#[must_use]
pub fn is_open(_event: &web_sys::Event) -> bool {
    false
}
