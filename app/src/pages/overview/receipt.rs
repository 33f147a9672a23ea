//! What a number is made of: formula, range, rows, age and state.

use crate::components::age::Age;
use domain::{format, overview::Tile};
use leptos::prelude::*;

/// The entries of a definition list about `tile`.
pub fn entries(tile: &Tile, locale: &str) -> impl IntoView + use<> {
    let range = format!(
        "{} to {} (end not included)",
        format::date_time_full(tile.range.from),
        format::date_time_full(tile.range.to)
    );
    let computed = tile.computed_at.map(|at| {
        view! { <div><dt>"Computed"</dt><dd class="num"><time datetime=format::date_time_machine(at)>{format::date_time_full(at)}</time></dd></div> }
    });
    let age = tile
        .age_seconds
        .map(|seconds| view! { <div><dt>"Age"</dt><dd class="num" data-receipt="age"><Age seconds/></dd></div> });
    view! {
        <div><dt>"Formula"</dt><dd>{tile.formula.clone()}</dd></div>
        <div><dt>"Range"</dt><dd class="num">{range}</dd></div>
        <div><dt>"Zone"</dt><dd>{tile.range.zone.clone()}</dd></div>
        <div><dt>"Rows"</dt><dd class="num">{format::count(tile.row_count, locale)}</dd></div>
        {computed}
        {age}
        {tile.snapshot_id.map(|id| view! { <div><dt>"Value no."</dt><dd class="num">{id.to_string()}</dd></div> })}
        <div><dt>"State"</dt><dd data-receipt="state">{state(tile)}</dd></div>
    }
}

/// "Live: as the data is now", "Cached: could not be refreshed (query)".
fn state(tile: &Tile) -> String {
    let words = tile.freshness.words().unwrap_or_else(|| "as the data is now".to_owned());
    format!("{}: {words}", tile.badge.label())
}
