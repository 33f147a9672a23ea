//! How the costs of a batch lie: a bar for each span of cost, as high as runs fall into it.

use super::{Palette, Scale, category, colour, counts, grid, point, tooltip, values};
use crate::{
    components::chart::{LegendKey, Mark},
    pages::planning::amounts::Words,
};
use charming::{
    Chart,
    datatype::{CompositeValue, DataPoint, DataPointItem},
    element::{ItemStyle, SymbolSize, Trigger},
    series,
};
use domain::planning::{Bar, BatchRun, BatchTotals};

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

/// A point for each run: to the right the share of demand that it serves in per cent, upwards its cost.
#[must_use]
pub fn served(runs: &[BatchRun], words: &Words, palette: &Palette) -> Chart {
    let decimal = rust_decimal::Decimal::from_f64_retain;
    let scale = Scale::largest(runs.iter().filter_map(|run| run.total_cost.and_then(decimal)));
    let data = runs.iter().filter_map(|run| {
        let (share, cost) = (run.fill_rate?, scale.apply(run.total_cost.and_then(decimal)?));
        let said = format!(
            "{}, draw {}: {} served for {}",
            run.scenario_name,
            run.draw,
            words.share(Some(share)),
            words.money(run.total_cost)
        );
        let place = CompositeValue::from(vec![share * 100.0, cost]);
        Some(DataPoint::from(DataPointItem::new(place).name(said)))
    });
    let least = runs.iter().filter_map(|run| run.fill_rate).fold(1.0, f64::min);
    Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette).trigger(Trigger::Item).formatter("{b}"))
        .x_axis(
            values("% served".to_owned(), Scale::of(rust_decimal::Decimal::ZERO), palette).min((least * 100.0).floor()),
        )
        .y_axis(values(words.currency.clone(), scale, palette))
        .series(
            series::Scatter::new()
                .name(RUNS)
                .symbol_size(SymbolSize::Number(9.0))
                .item_style(ItemStyle::new().color(colour(&palette.first)).opacity(0.75))
                .data(data.collect::<Vec<_>>()),
        )
}

#[must_use]
pub fn served_legend() -> Vec<LegendKey> {
    vec![LegendKey { mark: Mark::Series(1), words: "Runs: to the right more demand served, upwards dearer".to_owned() }]
}

/// In a sentence: between which shares and costs the runs lie.
#[must_use]
pub fn served_summary(runs: &[BatchRun], words: &Words) -> String {
    let ends = |of: &dyn Fn(&BatchRun) -> Option<f64>| {
        let all = || runs.iter().filter_map(of);
        (all().reduce(f64::min), all().reduce(f64::max))
    };
    let (shares, costs) = (ends(&|run| run.fill_rate), ends(&|run| run.total_cost));
    format!(
        "{} runs serve {} to {} of the demand and cost {} to {}.",
        runs.len(),
        words.share(shares.0),
        words.share(shares.1),
        words.money(costs.0),
        words.money(costs.1)
    )
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
    fn each_run_is_a_point_by_what_it_serves_and_costs() {
        let run = |n: i32, share: f64, cost: f64| BatchRun {
            n,
            scenario_name: "wet".to_owned(),
            scenario_id: None,
            draw: n - 1,
            probability: 0.5,
            basis: domain::planning::UNDER_CHANCE.to_owned(),
            run_id: None,
            run_removed: false,
            label: None,
            status: domain::planning::RunState::Completed,
            outcome: None,
            resolved_sha256: None,
            total_cost: Some(cost),
            fill_rate: Some(share),
            shortage_tonnes: Some(0.0),
            error_message: None,
        };
        let runs = [run(1, 1.0, 3_379.0), run(2, 0.875, 25_000.0)];
        let words = Words { currency: "INR".to_owned(), locale: "en-GB".to_owned() };
        let chart = serde_json::to_value(served(&runs, &words, &test_palette())).unwrap();
        let data = &chart["series"][0]["data"];
        assert_eq!((&data[0]["value"], &data[1]["value"]), (&json!([100.0, 3.379]), &json!([87.5, 25.0])));
        assert_eq!(data[1]["name"], "wet, draw 1: 87.50\u{a0}% served for ₹25,000.00");
        assert_eq!(
            served_summary(&runs, &words),
            "2 runs serve 87.50\u{a0}% to 100.00\u{a0}% of the demand and cost ₹3,379.00 to ₹25,000.00."
        );
    }

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
