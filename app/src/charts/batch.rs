//! How the costs of a batch lie: a bar for each span of cost, as high as runs fall into it.

use super::{Palette, Scale, category, counts, grid, point, tooltip};
use crate::{
    components::chart::{LegendKey, Mark},
    pages::planning::amounts::Words,
};
use charming::{Chart, series};
use domain::planning::{Bar, BatchTotals};

const RUNS: &str = "Runs";

/// From which cost to which.
#[must_use]
pub fn span(bar: &Bar, words: &Words) -> String {
    if bar.low < bar.high {
        format!("{} to {}", words.money(Some(bar.low)), words.money(Some(bar.high)))
    } else {
        words.money(Some(bar.low))
    }
}

#[must_use]
pub fn batch_costs(bars: &[Bar], words: &Words, palette: &Palette) -> Chart {
    let most = bars.iter().filter_map(|bar| rust_decimal::Decimal::from_f64_retain(bar.high));
    let scale = Scale::largest(most);
    let short = |bar: &Bar| {
        let low = rust_decimal::Decimal::from_f64_retain(bar.low).map(|low| scale.apply(low)).unwrap_or_default();
        scale.label().replace("{value}", &words.number(Some(low), 2))
    };
    let height = |runs: i64| i32::try_from(runs).map(f64::from).unwrap_or_default();
    let data = bars
        .iter()
        .map(|bar| point(height(bar.runs), format!("{}: {} runs", span(bar, words), bar.runs), false, &palette.first))
        .collect::<Vec<_>>();
    Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(bars.iter().map(short).collect(), palette))
        .y_axis(counts(RUNS, palette))
        .series(series::Bar::new().name(RUNS).data(data))
}

#[must_use]
pub fn batch_legend() -> Vec<LegendKey> {
    vec![LegendKey { mark: Mark::Series(1), words: "Runs by cost, from the figure on".to_owned() }]
}

/// In a sentence.
#[must_use]
pub fn batch_summary(totals: &BatchTotals, words: &Words) -> String {
    format!(
        "{} runs cost {} to {}, {} on average.",
        totals.runs,
        words.money(Some(totals.min)),
        words.money(Some(totals.max)),
        words.money(Some(totals.mean))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use serde_json::json;

    #[test]
    fn each_span_of_cost_has_a_bar_as_high_as_its_runs() {
        let bars = [Bar { low: 12_000.0, high: 13_500.0, runs: 3 }, Bar { low: 13_500.0, high: 15_000.0, runs: 2 }];
        let words = Words { currency: "INR".to_owned(), locale: "en-GB".to_owned() };
        let chart = serde_json::to_value(batch_costs(&bars, &words, &test_palette())).unwrap();
        assert_eq!(chart["xAxis"]["data"], json!(["12 k", "13.5 k"]));
        let data = &chart["series"][0]["data"];
        assert_eq!((&data[0]["value"], &data[1]["value"]), (&json!(3.0), &json!(2.0)));
        assert_eq!(data[0]["name"], "₹12,000.00 to ₹13,500.00: 3 runs");
        assert_eq!(span(&Bar { low: 7.0, high: 7.0, runs: 1 }, &words), "₹7.00");
    }
}
