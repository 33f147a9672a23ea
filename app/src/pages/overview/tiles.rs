//! One figure: value, change, what stands beside it, its course, age and receipt; a link to its rows.

use super::{place::Place, receipt, spark::spark};
use crate::{components::age::Age, context::session};
use domain::{
    format,
    freshness::{Freshness, State},
    overview::{Badge, Change, Scope, Tile, Trend},
};
use leptos::prelude::*;
use rust_decimal::Decimal;

/// The tile of the home and KPI pages; `trend` draws its course.
pub fn tile(tile: Tile, scope: Scope, place: Place, trend: Option<&Trend>) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let value = tile.text(&locale);
    let known_once = tile.computed_at.is_some();
    let notes = tile.notes(&locale).into_iter().map(|note| view! { <span>{note}</span> }).collect_view();
    let late = tile.late_sources.iter();
    let late =
        late.map(|source| view! { <a class="kpi-late" href=source.link.clone()>{source.words()}</a> }).collect_view();
    let badge = matches!(tile.badge, Badge::Demo | Badge::Simulated)
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
    let course = trend.and_then(|trend| spark(tile.key, trend));
    view! {
        <article class="kpi">
            <div class="label">
                <a class="kpi-link" href=place.rows_of(&tile, scope) title=title>{tile.key.label()}</a>
                <span>{badge}{cached}</span>
            </div>
            <div class="value num" data-metric=tile.key.as_str()>{value}</div>
            <div class="foot">{changes}{reason}{late}{notes}{course}</div>
            <div class="age">{age}{missed}</div>
            <details class="kpi-receipt">
                <summary>
                    <span aria-hidden="true">"i"</span>
                    <span class="visually-hidden">{format!("Receipt of {}", tile.key.label())}</span>
                </summary>
                <dl class="details">{receipt::entries(&tile, &locale)}</dl>
            </details>
        </article>
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
    let (class, word, text) = match change.percent.or(change.points) {
        None => ("delta flat", None, "n/a".to_owned()),
        Some(by) => {
            let size = match change.percent {
                Some(_) => format::percent(by.abs() / Decimal::ONE_HUNDRED, 1),
                None => format!("{:.1} pt", by.abs()),
            };
            match by {
                by if by.is_zero() => ("delta flat", None, "unchanged".to_owned()),
                by if by.is_sign_negative() => ("delta down", Some("down "), format!("▼ {size}")),
                _ => ("delta up", Some("up "), format!("▲ {size}")),
            }
        }
    };
    let word = word.map(|word| view! { <span class="visually-hidden">{word}</span> });
    view! { <span><span class=format!("{class} num")>{word}{text}</span>" vs "{against}</span> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::overview::Span;

    fn written(percent: Option<&str>, points: Option<&str>) -> String {
        let at = DateTime::parse_from_rfc3339("2026-11-22T00:00:00+00:00").unwrap();
        let by = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let change = Change {
            against: "last Sun".into(),
            previous: None,
            percent: by(percent),
            points: by(points),
            range: Span { from: at, to: at, zone: "UTC".into() },
        };
        delta(&change).to_html().replace("<!>", "")
    }

    #[test]
    fn a_change_says_its_direction_in_a_word_and_rates_have_one_decimal() {
        let down = written(None, Some("-1"));
        assert!(down.contains("<span class=\"visually-hidden\">down </span>") && down.contains("▼ 1.0 pt"), "{down}");
        let up = written(Some("8.2"), None);
        assert!(up.contains("<span class=\"visually-hidden\">up </span>") && up.contains("▲ 8.2"), "{up}");
        let same = written(Some("0.0"), None);
        assert!(same.contains("unchanged") && !same.contains("visually-hidden"), "{same}");
        assert!(written(None, None).contains("n/a"));
    }
}
