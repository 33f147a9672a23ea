//! The 30-day charts: revenue with orders, active customers with visitors.

use super::{
    Palette, Scale, category, colour, counts, dashed, gap, grid, hatched, money_name, point, silence, tooltip, values,
};
use crate::components::chart::{LegendKey, Mark};
use charming::{
    Chart,
    datatype::DataPoint,
    element::{ItemStyle, LineStyle, Symbol, SymbolSize},
    series::{Bar, Line, Scatter},
};
use domain::{
    format,
    overview::{Counterpart, NO_DATA, Trend, TrendDay, change_percent},
};
use rust_decimal::{Decimal, prelude::ToPrimitive};

fn label(day: &TrendDay) -> String {
    day.day.format("%-d %b").to_string()
}

fn heading(day: &TrendDay) -> String {
    let mark = if day.partial { " so far".to_owned() } else { day.mark() };
    format!("{}{mark}", format::date_long(day.day))
}

fn float(n: i64) -> f64 {
    n.to_f64().unwrap_or_default()
}

/// A value, or none on a day of which nothing arrived.
fn known(silent: bool, value: f64) -> DataPoint {
    if silent { gap() } else { value.into() }
}

fn line(name: &str, css: &str, data: Vec<DataPoint>) -> Line {
    Line::new()
        .name(name)
        .symbol(Symbol::None)
        .line_style(LineStyle::new().color(colour(css)).width(2))
        .item_style(ItemStyle::new().color(colour(css)))
        .data(data)
}

fn two_axes(trend: &Trend, palette: &Palette) -> Chart {
    Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(trend.items.iter().map(label).collect(), palette))
}

/// What the period before is called.
fn before_words(trend: &Trend) -> String {
    match trend.items.len() {
        1 => "the day before".to_owned(),
        n => format!("the {n} days before"),
    }
}

/// The period before as a dashed line, of what `value` takes from each of its days.
fn before(trend: &Trend, palette: &Palette, value: impl Fn(&Counterpart) -> f64) -> Line {
    let points = trend.items.iter().map(|day| day.before.as_ref().map_or_else(gap, |before| value(before).into()));
    dashed(before_words(trend), palette, points.collect())
}

/// A diamond on each day that was revised, at the height of its bar; `None` when there is none.
fn revised(trend: &Trend, palette: &Palette, height: impl Fn(&TrendDay) -> f64) -> Option<Scatter> {
    trend.items.iter().any(|day| day.revised.is_some()).then(|| {
        let point = |day: &TrendDay| if day.revised.is_some() { DataPoint::from(height(day)) } else { gap() };
        Scatter::new()
            .name("Revised")
            .symbol(Symbol::Diamond)
            .symbol_size(SymbolSize::Number(10.0))
            .item_style(ItemStyle::new().color(colour(&palette.fourth)))
            .data(trend.items.iter().map(point).collect::<Vec<_>>())
    })
}

fn key(mark: Mark, words: &str) -> LegendKey {
    LegendKey { mark, words: words.to_owned() }
}

fn legend(trend: &Trend, bars: LegendKey, line: &str, silent: impl Fn(&TrendDay) -> bool) -> Vec<LegendKey> {
    let mut keys = vec![bars, key(Mark::Series(2), line), key(Mark::Dashed, &before_words(trend))];
    keys.extend(trend.items.iter().any(|day| day.revised.is_some()).then(|| key(Mark::Diamond, "revised")));
    keys.extend(trend.items.iter().any(silent).then(|| key(Mark::Hatched, NO_DATA)));
    keys
}

/// What the chart of revenue shows.
#[must_use]
pub fn trend_legend(trend: &Trend) -> Vec<LegendKey> {
    legend(trend, key(Mark::Series(1), "Revenue"), "Orders", |day| day.no_sales_data)
}

/// What the chart of customers shows.
#[must_use]
pub fn customers_legend(trend: &Trend) -> Vec<LegendKey> {
    legend(trend, key(Mark::Series(3), "Active customers"), "Visitors", |day| day.no_sales_data || day.no_visits_data)
}

/// Revenue as bars, orders as a line; `trend` oldest first.
#[must_use]
pub fn revenue_trend(trend: &Trend, locale: &str, palette: &Palette) -> Chart {
    let befores = trend.items.iter().filter_map(|d| d.before.as_ref()).map(|b| b.revenue);
    let scale = Scale::largest(trend.items.iter().map(|d| d.revenue).chain(befores));
    let points = trend
        .items
        .iter()
        .map(|day| {
            let money = |amount: Decimal| format::money(amount, trend.currency, locale);
            let before = day.before.as_ref().map(|b| format!(" · {} {}", format::date(b.day), money(b.revenue)));
            let words = format!(
                "{}: {} · {} orders{}",
                heading(day),
                money(day.revenue),
                format::count(day.orders, locale),
                before.unwrap_or_default()
            );
            if day.no_sales_data {
                return silence(format!("{}: {NO_DATA}", heading(day)));
            }
            point(scale.apply(day.revenue), words, day.partial, &palette.first)
        })
        .collect::<Vec<_>>();
    let orders = trend.items.iter().map(|d| known(d.no_sales_data, float(d.orders))).collect();
    let chart = two_axes(trend, palette)
        .y_axis(values(money_name(trend.currency), scale, palette))
        .y_axis(counts("Orders", palette))
        .series(Bar::new().name("Revenue").item_style(ItemStyle::new().color(colour(&palette.first))).data(points))
        .series(line("Orders", &palette.second, orders).y_axis_index(1))
        .series(before(trend, palette, |b| scale.apply(b.revenue)));
    let chart = match revised(trend, palette, |d| scale.apply(d.revenue)) {
        Some(marks) => chart.series(marks),
        None => chart,
    };
    hatched(chart, 2, &trend.items.iter().map(|d| d.no_sales_data).collect::<Vec<_>>(), palette)
}

/// Active customers as bars, visitors as a line; `trend` oldest first.
#[must_use]
pub fn customers_trend(trend: &Trend, locale: &str, palette: &Palette) -> Chart {
    let points = trend
        .items
        .iter()
        .map(|day| {
            let count = |n: i64| format::count(n, locale);
            let before =
                day.before.as_ref().map(|b| format!(" · {} {}", format::date(b.day), count(b.active_customers)));
            let part = |silent: bool, n: i64, what: &str| {
                if silent { format!("{what}: {NO_DATA}") } else { format!("{} {what}", count(n)) }
            };
            let words = format!(
                "{}: {} · {}{}",
                heading(day),
                part(day.no_sales_data, day.active_customers, "active customers"),
                part(day.no_visits_data, day.visitors, "visitors"),
                before.unwrap_or_default()
            );
            if day.no_sales_data {
                return silence(words);
            }
            point(float(day.active_customers), words, day.partial, &palette.third)
        })
        .collect::<Vec<_>>();
    let visitors = trend.items.iter().map(|d| known(d.no_visits_data, float(d.visitors))).collect();
    let chart = two_axes(trend, palette)
        .y_axis(counts("Customers", palette))
        .y_axis(counts("Visitors", palette))
        .series(
            Bar::new().name("Active customers").item_style(ItemStyle::new().color(colour(&palette.third))).data(points),
        )
        .series(line("Visitors", &palette.second, visitors).y_axis_index(1))
        .series(before(trend, palette, |b| float(b.active_customers)));
    let chart = match revised(trend, palette, |d| float(d.active_customers)) {
        Some(marks) => chart.series(marks),
        None => chart,
    };
    let silent = trend.items.iter().map(|d| d.no_sales_data || d.no_visits_data);
    hatched(chart, 2, &silent.collect::<Vec<_>>(), palette)
}

/// " Of 2 days no data was received."
pub(super) fn silence_summary(days: usize) -> String {
    match days {
        0 => String::new(),
        1 => " Of 1 day no data was received.".to_owned(),
        n => format!(" Of {n} days no data was received."),
    }
}

/// "Revenue rose 47.1 % against the 30 days before; best day Thu 12 May 2011."
#[must_use]
pub fn trend_summary(trend: &Trend, locale: &str) -> String {
    let before = before_words(trend);
    let total = format::money(trend.totals.revenue, trend.currency, locale);
    let change = match change_percent(trend.totals.revenue, trend.before.revenue) {
        Some(change) if change.is_zero() => format!("Revenue of {total} is the same as in {before} (dashed)"),
        Some(change) => {
            let verb = if change.is_sign_negative() { "fell" } else { "rose" };
            format!(
                "Revenue {verb} {} to {total} against {before} (dashed)",
                format::percent(change.abs() / Decimal::ONE_HUNDRED, 1)
            )
        }
        None => format!("Revenue {total}; there is nothing to compare it with in {before} (dashed)"),
    };
    let corrected = match trend.items.iter().filter(|d| d.revised.is_some()).count() {
        0 => String::new(),
        1 => " 1 day was revised after its end.".to_owned(),
        n => format!(" {n} days were revised after their end."),
    };
    let silent = silence_summary(trend.items.iter().filter(|d| d.no_sales_data).count());
    match trend.items.iter().filter(|d| d.orders > 0).max_by_key(|d| d.revenue) {
        Some(best) => format!("{change}; best day {}.{corrected}{silent}", format::date_long(best.day)),
        None => format!("{change}.{corrected}{silent}"),
    }
}

/// The chart of customers in one sentence.
#[must_use]
pub fn customers_summary(trend: &Trend, locale: &str) -> String {
    let visitors: i64 = trend.items.iter().map(|d| d.visitors).sum();
    let busiest = trend.items.iter().max_by_key(|d| d.active_customers).filter(|d| d.active_customers > 0);
    let most = busiest.map_or_else(
        || "No customer bought in these days".to_owned(),
        |day| {
            format!(
                "Most active customers, {}, on {}",
                format::count(day.active_customers, locale),
                format::date_long(day.day)
            )
        },
    );
    let visits = if visitors == 0 { "; no visits recorded" } else { "" };
    let silent = silence_summary(trend.items.iter().filter(|d| d.no_sales_data || d.no_visits_data).count());
    format!("{most}{visits}. Dashed: active customers of {}.{silent}", before_words(trend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use chrono::{DateTime, NaiveDate};
    use domain::{
        money::Currency,
        overview::{Badge, Basis, TrendTotals},
    };

    fn trend(revenue: &[i64], before: i64) -> Trend {
        let first = NaiveDate::from_ymd_opt(2011, 5, 1).unwrap();
        let items: Vec<_> = revenue
            .iter()
            .zip(0_u64..)
            .map(|(amount, n)| TrendDay {
                day: first + chrono::Days::new(n),
                hours: 24.into(),
                revenue: (*amount).into(),
                revenue_net: (*amount).into(),
                revenue_gross: (*amount).into(),
                refunds: 0.into(),
                orders: i64::from(*amount != 0),
                active_customers: *amount / 10,
                visitors: 0,
                conversion: None,
                partial: n + 1 == revenue.len() as u64,
                no_sales_data: false,
                no_visits_data: false,
                revised: None,
                before: Some(Counterpart {
                    day: first + chrono::Days::new(n) - chrono::Days::new(revenue.len() as u64),
                    revenue: (before + i64::try_from(n).unwrap()).into(),
                    orders: 1,
                    active_customers: 4,
                    visitors: 0,
                }),
            })
            .collect();
        let totals = |revenue: i64| TrendTotals { revenue: revenue.into(), ..TrendTotals::default() };
        Trend {
            items,
            totals: totals(revenue.iter().sum()),
            before: totals(before),
            basis: Basis::Net,
            currency: Currency::GBP,
            zone: "UTC".into(),
            rows_without_rate: 0,
            computed_at: DateTime::parse_from_rfc3339("2011-05-03T12:00:00+00:00").unwrap(),
            age_seconds: 0,
            freshness: domain::freshness::Freshness::default(),
            badge: Badge::Live,
        }
    }

    #[test]
    fn every_day_has_its_point_and_today_is_paler() {
        let chart = serde_json::to_value(revenue_trend(&trend(&[100, 0, 50], 0), "en-GB", &test_palette())).unwrap();
        let bars = chart["series"][0]["data"].as_array().unwrap();
        assert_eq!(bars.len(), 3);
        assert_eq!(
            (&bars[1]["value"], &bars[1]["name"]),
            (&0.0.into(), &"Mon 2 May 2011: £0.00 · 0 orders · 29 Apr 2011 £1.00".into())
        );
        assert_eq!(
            (&bars[2]["itemStyle"]["opacity"], &bars[2]["name"]),
            (&0.45.into(), &"Tue 3 May 2011 so far: £50.00 · 1 orders · 30 Apr 2011 £2.00".into())
        );
        assert_eq!((&chart["series"][1]["type"], &chart["series"][1]["yAxisIndex"]), (&"line".into(), &1.0.into()));
        let customers =
            serde_json::to_value(customers_trend(&trend(&[100, 0, 50], 0), "en-GB", &test_palette())).unwrap();
        assert_eq!(customers["series"][0]["data"][0]["value"], 10.0);
        for (chart, data) in [(&chart, [0.0, 1.0, 2.0]), (&customers, [4.0; 3])] {
            let line = &chart["series"][2];
            assert_eq!((&line["name"], &line["lineStyle"]["type"]), (&"the 3 days before".into(), &"dashed".into()));
            assert_eq!(line["data"], serde_json::json!(data));
            assert_eq!(chart["series"].as_array().map(Vec::len), Some(3), "nothing was revised");
        }
    }

    #[test]
    fn a_corrected_day_says_when() {
        let mut trend = trend(&[100, 0, 50], 100);
        trend.items[0].revised = Some(DateTime::parse_from_rfc3339("2011-05-02T10:42:00+01:00").unwrap());
        let chart = serde_json::to_value(revenue_trend(&trend, "en-GB", &test_palette())).unwrap();
        let name = chart["series"][0]["data"][0]["name"].as_str().unwrap().to_owned();
        assert_eq!(name, format!("Sun 1 May 2011{}: £100.00 · 1 orders · 28 Apr 2011 £100.00", trend.items[0].mark()));
        let marks = &chart["series"][3];
        assert_eq!((&marks["type"], &marks["symbol"]), (&"scatter".into(), &"diamond".into()));
        assert_eq!(marks["data"], serde_json::json!([100.0, "-", "-"]));
        assert_eq!(trend_legend(&trend).last(), Some(&LegendKey { mark: Mark::Diamond, words: "revised".into() }));
        assert!(name.contains("(revised 2 May 2011") && name.contains("10:42"), "{name}");
        assert!(trend_summary(&trend, "en-GB").ends_with("1 day was revised after its end."));
    }

    #[test]
    fn a_day_of_which_nothing_arrived_is_hatched_and_has_no_value() {
        let mut trend = trend(&[100, 0, 50], 100);
        trend.items[1].no_sales_data = true;
        let chart = serde_json::to_value(revenue_trend(&trend, "en-GB", &test_palette())).unwrap();
        let series = &chart["series"];
        assert_eq!(
            (&series[0]["data"][1]["value"], &series[0]["data"][1]["name"]),
            (&"-".into(), &"Mon 2 May 2011: no data received".into())
        );
        assert_eq!(series[1]["data"], serde_json::json!([1.0, "-", 1.0]), "the line breaks");
        let hatch = &series[3];
        assert_eq!(
            (&hatch["type"], &hatch["name"], &hatch["yAxisIndex"]),
            (&"bar".into(), &"no data received".into(), &2.0.into())
        );
        assert_eq!((&hatch["data"], &hatch["barGap"]), (&serde_json::json!(["-", 1, "-"]), &"-100%".into()));
        let stripes = hatch["itemStyle"]["color"]["colorStops"].as_array().unwrap();
        assert!(stripes.len() > 20 && stripes[0]["color"] != stripes[2]["color"], "{stripes:?}");
        assert_eq!((&chart["yAxis"][2]["show"], &chart["yAxis"][2]["max"]), (&false.into(), &1.into()));
        assert_eq!(
            trend_legend(&trend).last(),
            Some(&LegendKey { mark: Mark::Hatched, words: "no data received".into() })
        );
        assert!(trend_summary(&trend, "en-GB").ends_with("Of 1 day no data was received."));

        trend.items[2].no_visits_data = true;
        let chart = serde_json::to_value(customers_trend(&trend, "en-GB", &test_palette())).unwrap();
        assert_eq!(chart["series"][1]["data"], serde_json::json!([0.0, 0.0, "-"]));
        assert_eq!(chart["series"][3]["data"], serde_json::json!(["-", 1, 1]));
        let words = chart["series"][0]["data"][1]["name"].as_str().unwrap();
        assert!(words.starts_with("Mon 2 May 2011: active customers: no data received · "), "{words}");
        assert!(customers_summary(&trend, "en-GB").ends_with("Of 2 days no data was received."));
    }

    #[test]
    fn the_sentence_says_how_it_moved() {
        assert_eq!(
            trend_summary(&trend(&[100, 0, 50], 100), "en-GB"),
            "Revenue rose 50.0\u{a0}% to £150.00 against the 3 days before (dashed); best day Sun 1 May 2011."
        );
        assert!(trend_summary(&trend(&[50], 100), "en-GB").starts_with("Revenue fell 50.0"));
        assert!(trend_summary(&trend(&[50], 0), "en-GB").contains("nothing to compare"));
        assert_eq!(
            customers_summary(&trend(&[0], 0), "en-GB"),
            "No customer bought in these days; no visits recorded. Dashed: active customers of the day before."
        );
    }
}
