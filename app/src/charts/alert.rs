//! What was measured while an alert was open, between the lines it is compared with.

use super::{Palette, Scale, category, colour, grid, point, tooltip, values};
use crate::components::chart::{LegendKey, Mark};
use charming::{
    Chart,
    element::{ItemStyle, LineStyle, LineStyleType, Symbol, SymbolSize},
    series::Line,
};
use domain::{
    alerts::{AlertLimit, AlertValue},
    format,
};
use rust_decimal::Decimal;

/// The values as a line, each limit as a dashed one across.
#[must_use]
pub fn alert_values(
    measured: &[AlertValue],
    limits: &[AlertLimit],
    unit: &str,
    locale: &str,
    palette: &Palette,
) -> Chart {
    let all = measured.iter().map(|of| of.value).chain(limits.iter().map(|of| of.value));
    let scale = Scale::largest(all);
    let points = measured
        .iter()
        .map(|of| {
            let words = format!("{}: {} {unit}", format::date_time(of.at), format::number(of.value, locale));
            point(scale.apply(of.value), words, false, &palette.first)
        })
        .collect::<Vec<_>>();
    let labels = measured.iter().map(|of| format::date_time(of.at)).collect();
    let chart = Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(labels, palette))
        .y_axis(values(unit.to_owned(), scale, palette))
        .series(
            Line::new()
                .name("Value")
                .symbol(Symbol::Circle)
                .symbol_size(SymbolSize::Number(5.0))
                .line_style(LineStyle::new().color(colour(&palette.first)).width(2))
                .item_style(ItemStyle::new().color(colour(&palette.first)))
                .data(points),
        );
    limits.iter().fold(chart, |chart, limit| {
        let across: Vec<f64> = measured.iter().map(|_| scale.apply(limit.value)).collect();
        let css = if limit.label == OVER { &palette.third } else { &palette.second };
        chart.series(
            Line::new()
                .name(named(limit, locale))
                .symbol(Symbol::None)
                .line_style(LineStyle::new().color(colour(css)).width(1.5).type_(LineStyleType::Dashed))
                .item_style(ItemStyle::new().color(colour(css)))
                .data(across),
        )
    })
}

/// Label of the line where it is over.
const OVER: &str = AlertLimit::OVER;

fn named(limit: &AlertLimit, locale: &str) -> String {
    format!("{} {}", limit.label, format::number(limit.value, locale))
}

#[must_use]
pub fn alert_legend(limits: &[AlertLimit], locale: &str) -> Vec<LegendKey> {
    let line = |limit: &AlertLimit| LegendKey {
        mark: Mark::Series(if limit.label == OVER { 3 } else { 2 }),
        words: named(limit, locale),
    };
    let value = LegendKey { mark: Mark::Series(1), words: "Value".to_owned() };
    std::iter::once(value).chain(limits.iter().map(line)).collect()
}

/// In a sentence: from where to where, and how far out.
#[must_use]
pub fn alert_summary(measured: &[AlertValue], unit: &str, locale: &str) -> String {
    let of = |value: Decimal| format!("{} {unit}", format::number(value, locale)).trim_end().to_owned();
    let (Some(first), Some(last)) = (measured.first(), measured.last()) else { return String::new() };
    let least = measured.iter().map(|of| of.value).min().unwrap_or_default();
    let most = measured.iter().map(|of| of.value).max().unwrap_or_default();
    format!(
        "{} when it was opened, {} at last; lowest {}, highest {}.",
        of(first.value),
        of(last.value),
        of(least),
        of(most)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use serde_json::json;

    #[test]
    fn values_stand_between_the_lines_they_are_compared_with() {
        let value = |at: &str, value: i64| AlertValue { at: at.parse().unwrap(), value: value.into() };
        let measured = [value("2026-10-06T08:30:00Z", 96), value("2026-10-06T08:31:00Z", 84)];
        let limits = [
            AlertLimit { label: "High".into(), value: 90.into() },
            AlertLimit { label: AlertLimit::OVER.into(), value: 80.into() },
        ];
        let chart = serde_json::to_value(alert_values(&measured, &limits, "%", "en-GB", &test_palette())).unwrap();
        let of = |n: usize| chart["series"][n]["data"].clone();
        assert_eq!((&of(0)[0]["value"], &of(0)[1]["value"]), (&json!(96.0), &json!(84.0)));
        assert_eq!((of(1), of(2)), (json!([90.0, 90.0]), json!([80.0, 80.0])));
        assert_eq!(of(0)[0]["name"], json!("6 Oct 2026, 08:30: 96 %"));
        let legend: Vec<String> = alert_legend(&limits, "en-GB").into_iter().map(|key| key.words).collect();
        assert_eq!(legend, ["Value", "High 90", "Over at 80"]);
        assert_eq!(
            alert_summary(&measured, "%", "en-GB"),
            "96 % when it was opened, 84 % at last; lowest 84 %, highest 96 %."
        );
    }
}
