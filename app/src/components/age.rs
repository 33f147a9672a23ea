//! How long ago something was, growing while one looks.

use crate::passing::use_seconds;
use domain::format;
use leptos::prelude::*;

/// "12 s ago".
#[component]
pub fn Age(
    /// When the page was made; the server's clock says it.
    seconds: i64,
) -> impl IntoView {
    let passed = use_seconds();
    let since = passed.get_untracked();
    move || format::ago(seconds + i64::from(passed.get().saturating_sub(since)))
}
