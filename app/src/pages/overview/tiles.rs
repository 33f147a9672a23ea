//! One figure: value, change, what stands beside it, age; a link to its rows.

use super::drill_href;
use crate::{components::age::Age, context::session};
use domain::{
    format,
    freshness::{Freshness, State},
    overview::{Badge, Change, Scope, Tile},
};
use leptos::prelude::*;
use rust_decimal::Decimal;

/// The tile of the home and KPI pages.
pub fn tile(tile: Tile, scope: Scope) -> impl IntoView {
    let locale = session().business.locale;
    let value = tile.text(&locale);
    let known_once = tile.computed_at.is_some();
    let notes = tile.notes(&locale).into_iter().map(|note| view! { <span>{note}</span> }).collect_view();
    let badge = (tile.badge == Badge::Demo)
        .then(|| view! { <span class=format!("badge {}", tile.badge.tone())>{tile.badge.label()}</span> });
    let cached = freshness_badge(tile.freshness);
    // One without a value says so as its reason already.
    let missed = tile.freshness.words().filter(|_| known_once).map(|words| view! { " · " {words} });
    let reason = tile.reason.clone().map(|reason| view! { <span>{reason}</span> });
    let known = tile.value.is_some();
    let changes = tile.change.iter().chain(&tile.more_changes).filter(|_| known).map(delta).collect_view();
    let title = match tile.computed_at {
        Some(at) => format!("{} · as of {}", tile.formula, format::date_time_full(at)),
        None => tile.formula.clone(),
    };
    let age = tile.age_seconds.map(|age| view! { "updated "<Age seconds=age/> });
    view! {
        <a class="kpi" href=drill_href(&tile, scope) title=title>
            <div class="label"><span>{tile.key.label()}</span><span>{badge}{cached}</span></div>
            <div class="value num" data-metric=tile.key.as_str()>{value}</div>
            <div class="foot">{changes}{reason}{notes}</div>
            <div class="age">{age}{missed}</div>
        </a>
    }
}

/// The badge of a figure that is not as the data is now.
pub fn freshness_badge(freshness: Freshness) -> impl IntoView + use<> {
    (freshness.state != State::Fresh).then(|| {
        view! { <span class=format!("badge {}", freshness.tone())>{Badge::Cached.label()}</span> }
    })
}

/// Direction in shape, word and colour.
pub fn delta(change: &Change) -> impl IntoView + use<> {
    let against = change.against.clone();
    let (class, text) = match change.percent.or(change.points) {
        None => ("delta flat", "n/a".to_owned()),
        Some(by) => {
            let size = match change.percent {
                Some(_) => format::percent(by.abs() / Decimal::ONE_HUNDRED, 1),
                None => format!("{} pt", by.abs().normalize()),
            };
            match by {
                by if by.is_zero() => ("delta flat", "unchanged".to_owned()),
                by if by.is_sign_negative() => ("delta down", format!("▼ {size}")),
                _ => ("delta up", format!("▲ {size}")),
            }
        }
    };
    view! { <span><span class=format!("{class} num")>{text}</span>" vs "{against}</span> }
}
