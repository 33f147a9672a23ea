//! The course of a solve: the best plan found, and the bound below which none can be.

use super::{Palette, Scale, category, colour, grid, tooltip, values};
use crate::{
    components::chart::{LegendKey, Mark},
    pages::planning::amounts::Words,
};
use charming::{
    Chart,
    datatype::{CompositeValue, DataPoint},
    element::{ItemStyle, LineStyle, LineStyleType, Step, Symbol},
    series::Line,
};
use domain::planning::ProgressPoint;
use rust_decimal::Decimal;

/// Best plan and bound over the seconds; nothing is drawn where there is none.
#[must_use]
pub fn solve_course(course: &[ProgressPoint], currency: &str, palette: &Palette) -> Chart {
    let known = course.iter().flat_map(|point| [point.incumbent, point.bound]).flatten();
    let scale = Scale::largest(known.filter_map(Decimal::from_f64_retain));
    let of = |value: Option<f64>| -> DataPoint {
        let value = value.and_then(Decimal::from_f64_retain);
        value.map_or_else(|| CompositeValue::from("-").into(), |value| CompositeValue::from(scale.apply(value)).into())
    };
    let line = |name: &str, css: &str, of: Vec<DataPoint>, dashed: bool| {
        let style = LineStyle::new().color(colour(css)).width(2);
        Line::new()
            .name(name)
            .step(Step::End)
            .symbol(Symbol::None)
            .line_style(if dashed { style.type_(LineStyleType::Dashed) } else { style })
            .item_style(ItemStyle::new().color(colour(css)))
            .data(of)
    };
    Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(course.iter().map(|point| format!("{:.0} s", point.elapsed_seconds)).collect(), palette))
        .y_axis(values(currency.to_owned(), scale, palette))
        .series(line(BEST, &palette.first, course.iter().map(|point| of(point.incumbent)).collect(), false))
        .series(line(BOUND, &palette.second, course.iter().map(|point| of(point.bound)).collect(), true))
}

const BEST: &str = "Best plan";
const BOUND: &str = "Bound";

#[must_use]
pub fn solve_legend() -> Vec<LegendKey> {
    let key = |n, words: &str| LegendKey { mark: Mark::Series(n), words: words.to_owned() };
    vec![key(1, BEST), key(2, BOUND)]
}

/// In a sentence: what is found, and how much cheaper a plan could be at most.
#[must_use]
pub fn solve_summary(course: &[ProgressPoint], words: &Words) -> String {
    let Some(last) = course.last() else { return "Nothing was found yet.".to_owned() };
    match (last.incumbent, last.bound) {
        (Some(best), Some(bound)) => format!(
            "Best plan {} after {:.0} s; none can be cheaper than {} (gap {}).",
            words.money(Some(best)),
            last.elapsed_seconds,
            words.money(Some(bound)),
            words.share(last.gap)
        ),
        (Some(best), None) => format!("Best plan {}; no bound is known yet.", words.money(Some(best))),
        (None, Some(bound)) => {
            format!("No plan was found yet; none can be cheaper than {}.", words.money(Some(bound)))
        }
        (None, None) => "Nothing was found yet.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use serde_json::json;

    fn point(seconds: f64, incumbent: Option<f64>, bound: Option<f64>) -> ProgressPoint {
        let gap = incumbent.zip(bound).map(|(incumbent, bound)| (incumbent - bound) / incumbent);
        ProgressPoint {
            seq: 1,
            elapsed_seconds: seconds,
            phase: "solving".into(),
            incumbent,
            bound,
            gap,
            nodes: 0,
            lp_iterations: 0,
        }
    }

    #[test]
    fn the_gap_closes_between_best_plan_and_bound_and_what_is_unknown_is_not_drawn() {
        let course = [point(1.0, None, Some(900.0)), point(2.0, Some(1_000.0), Some(950.0))];
        let chart = serde_json::to_value(solve_course(&course, "INR", &test_palette())).unwrap();
        assert_eq!(chart["series"][0]["data"], json!(["-", 1_000.0]));
        assert_eq!(chart["series"][1]["data"], json!([900.0, 950.0]));
        let words = Words { currency: "INR".to_owned(), locale: "en-GB".to_owned() };
        assert_eq!(
            solve_summary(&course, &words),
            "Best plan ₹1,000.00 after 2 s; none can be cheaper than ₹950.00 (gap 5.00\u{a0}%)."
        );
        assert_eq!(solve_summary(&course[..1], &words), "No plan was found yet; none can be cheaper than ₹900.00.");
        assert_eq!(solve_summary(&[], &words), "Nothing was found yet.");
    }
}
