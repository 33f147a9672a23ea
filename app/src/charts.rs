//! Charts as options for ECharts: pure functions of what a screen holds and the colours of the theme.
//!
//! Values are scaled to thousands or millions before they reach the chart, and what a point says when
//! hovered is written out here, so that no script has to be put into the options.

mod alert;
pub mod batch;
pub mod planning;
mod precision;
mod ranking;
mod revenue;
mod trend;

pub use alert::{alert_legend, alert_summary, alert_values};
pub use precision::{precision_legend, precision_over_recall};
pub use ranking::{Ranked, ranking};
pub use revenue::{revenue_bars, revenue_legend, revenue_summary};
pub use trend::{customers_legend, customers_summary, customers_trend, revenue_trend, trend_legend, trend_summary};

use charming::{
    Chart,
    component::{Axis, Grid},
    datatype::{DataPoint, DataPointItem},
    element::{
        AxisLabel, AxisLine, AxisTick, AxisType, Color, ColorStop, ItemStyle, LineStyle, LineStyleType, SplitLine,
        Symbol, TextStyle, Tooltip, Trigger,
    },
    series::{Bar, Line},
};
use domain::{format, money::Currency, overview::NO_DATA};
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// Colours of the theme in force, as CSS writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    pub ink: String,
    pub surface: String,
    pub border: String,
    pub first: String,
    pub second: String,
    pub third: String,
    pub fourth: String,
}

/// Unit that keeps the labels of an axis short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scale {
    divisor: Decimal,
    suffix: &'static str,
}

impl Scale {
    /// The unit for values up to `most`.
    fn of(most: Decimal) -> Self {
        let most = most.abs();
        let (divisor, suffix) = match most {
            m if m >= Decimal::from(10_000_000) => (1_000_000, " M"),
            m if m >= Decimal::from(10_000) => (1_000, " k"),
            _ => (1, ""),
        };
        Self { divisor: Decimal::from(divisor), suffix }
    }

    fn largest(values: impl Iterator<Item = Decimal>) -> Self {
        Self::of(values.map(|v| v.abs()).max().unwrap_or_default())
    }

    /// For drawing only; what is read is written from the exact value.
    fn apply(self, value: Decimal) -> f64 {
        (value / self.divisor).round_dp(4).to_f64().unwrap_or_default()
    }

    fn label(self) -> String {
        format!("{{value}}{}", self.suffix)
    }
}

/// Name of a money axis: the currency's sign.
fn money_name(currency: Currency) -> String {
    format::symbol(currency).trim().to_owned()
}

fn grid() -> Grid {
    Grid::new().left(8).right(8).top(32).bottom(4).contain_label(true)
}

fn category(labels: Vec<String>, palette: &Palette) -> Axis {
    Axis::new()
        .type_(AxisType::Category)
        .data(labels)
        .axis_tick(AxisTick::new().show(false))
        .axis_line(AxisLine::new().show(false))
        .axis_label(AxisLabel::new().color(colour(&palette.ink)).font_size(11))
}

fn values(name: String, scale: Scale, palette: &Palette) -> Axis {
    Axis::new()
        .type_(AxisType::Value)
        .name(name)
        .name_text_style(TextStyle::new().color(colour(&palette.ink)).font_size(11))
        .axis_label(AxisLabel::new().color(colour(&palette.ink)).font_size(11).formatter(scale.label().as_str()))
        .split_line(SplitLine::new().line_style(LineStyle::new().color(colour(&palette.border))))
        .split_number(4)
}

/// A second axis of whole things, without lines of its own.
fn counts(name: &str, palette: &Palette) -> Axis {
    values(name.to_owned(), Scale::of(Decimal::ZERO), palette).split_line(SplitLine::new().show(false)).min_interval(1)
}

/// Shows the sentence that the first series' point carries as its name.
fn tooltip(palette: &Palette) -> Tooltip {
    Tooltip::new()
        .trigger(Trigger::Axis)
        .formatter("{b0}")
        .background_color(colour(&palette.surface))
        .border_color(colour(&palette.border))
}

fn colour(css: &str) -> Color {
    Color::Value(css.to_owned())
}

/// A point that says `words`; what is still running is drawn half as strong.
fn point(value: f64, words: String, running: bool, css: &str) -> DataPoint {
    let style = ItemStyle::new().color(colour(css)).opacity(if running { 0.45 } else { 1.0 });
    DataPointItem::new(value).name(words).item_style(style).into()
}

/// Stripes of a bar.
const STRIPES: u8 = 24;

/// Adds a hatched column of full height for each day of which nothing arrived, when there is one: on an axis of its own after
/// the `axes` of the figures, at the places of their bars.
fn hatched(chart: Chart, axes: u8, silent: &[bool], palette: &Palette) -> Chart {
    if !silent.contains(&true) {
        return chart;
    }
    let stops = (0..STRIPES).flat_map(|stripe| {
        let css = if stripe % 2 == 0 { palette.border.as_str() } else { palette.surface.as_str() };
        [stripe, stripe + 1].map(|edge| ColorStop::new(f64::from(edge) / f64::from(STRIPES), css))
    });
    let stripes = Color::LinearGradient { x: 0.0, y: 0.0, x2: 1.0, y2: 1.0, color_stops: stops.collect() };
    let style = ItemStyle::new().color(stripes).border_color(colour(&palette.border)).border_width(1);
    let data = silent.iter().map(|silent| if *silent { DataPoint::from(1) } else { gap() }).collect::<Vec<_>>();
    chart
        .y_axis(Axis::new().type_(AxisType::Value).show(false).min(0).max(1))
        .series(Bar::new().name(NO_DATA).y_axis_index(axes).bar_gap("-100%").item_style(style).data(data))
}

/// A point without a value that says `words`.
fn silence(words: String) -> DataPoint {
    DataPointItem::new("-").name(words).into()
}

/// No value: nothing is drawn, which is not 0.
fn gap() -> DataPoint {
    DataPoint::from("-")
}

/// The period compared with, one point at the place of each of today's.
fn dashed(name: String, palette: &Palette, data: Vec<DataPoint>) -> Line {
    let css = &palette.ink;
    Line::new()
        .name(name)
        .symbol(Symbol::None)
        .line_style(LineStyle::new().color(colour(css)).width(1.5).type_(LineStyleType::Dashed))
        .item_style(ItemStyle::new().color(colour(css)))
        .data(data)
}

#[cfg(test)]
pub(crate) fn test_palette() -> Palette {
    let colour = |c: &str| c.to_owned();
    Palette {
        ink: colour("#111"),
        surface: colour("#fff"),
        border: colour("#ddd"),
        first: colour("#0aa"),
        second: colour("#a50"),
        third: colour("#05a"),
        fourth: colour("#85c"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_stay_short() {
        let scale = |n: i64| Scale::of(Decimal::from(n));
        assert_eq!(scale(9_999).label(), "{value}");
        assert_eq!((scale(95_978).label(), scale(95_978).apply(Decimal::from(60_000))), ("{value} k".to_owned(), 60.0));
        assert_eq!(scale(-25_000_000).label(), "{value} M");
        assert_eq!(money_name(Currency::GBP), "£");
    }
}
