//! Precision over recall: how many of those found are fraud, the more of all frauds are found.

use super::{Palette, Scale, colour, grid, values};
use crate::components::chart::{LegendKey, Mark};
use charming::{
    Chart,
    element::{AxisType, ItemStyle, LineStyle, Symbol},
    series::Line,
};
use domain::fraud::backtest::RankingRow;
use rust_decimal::Decimal;

const PERCENT: f64 = 100.0;

/// A line an order of the sales; both axes in per cent.
#[must_use]
pub fn precision_over_recall(rankings: &[RankingRow], palette: &Palette) -> Chart {
    let axis = |name: &str| values(name.to_owned(), Scale::of(Decimal::ZERO), palette).min(0).max(100);
    let colours = [&palette.first, &palette.second, &palette.third, &palette.fourth];
    let chart = Chart::new().animation(false).grid(grid()).x_axis(axis("").type_(AxisType::Value)).y_axis(axis("%"));
    rankings.iter().zip(colours).fold(chart, |chart, (row, css)| {
        let points: Vec<Vec<f64>> =
            row.curve.iter().map(|point| vec![point.recall * PERCENT, point.precision * PERCENT]).collect();
        chart.series(
            Line::new()
                .name(row.ranking.label())
                .symbol(Symbol::None)
                .line_style(LineStyle::new().color(colour(css)).width(2))
                .item_style(ItemStyle::new().color(colour(css)))
                .data(points),
        )
    })
}

#[must_use]
pub fn precision_legend(rankings: &[RankingRow]) -> Vec<LegendKey> {
    let key = |(n, row): (u8, &RankingRow)| LegendKey { mark: Mark::Series(n), words: row.ranking.label().to_owned() };
    (1..).zip(rankings).map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use domain::fraud::backtest::{CurvePoint, Ranking};
    use serde_json::json;

    #[test]
    fn both_axes_are_in_per_cent_and_each_order_has_its_colour() {
        let row = |ranking, precision| RankingRow {
            ranking,
            roc_auc: None,
            average_precision: None,
            card_precision: None,
            curve: vec![CurvePoint { score: 1.0, recall: 0.5, precision }],
        };
        let rankings = [row(Ranking::Rules, 0.25), row(Ranking::Amount, 0.125)];
        let chart = serde_json::to_value(precision_over_recall(&rankings, &test_palette())).unwrap();
        assert_eq!(chart["series"][0]["data"], json!([[50.0, 25.0]]));
        assert_eq!(chart["series"][1]["data"], json!([[50.0, 12.5]]));
        assert_ne!(chart["series"][0]["itemStyle"]["color"], chart["series"][1]["itemStyle"]["color"]);
        assert_eq!(chart["xAxis"]["max"], json!(100));
        assert_eq!(precision_legend(&rankings)[1].mark, Mark::Series(2));
    }
}
