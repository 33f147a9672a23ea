//! The 30-day charts: revenue with orders, active customers with visitors.

use super::{Palette, Scale, category, colour, counts, grid, money_name, point, tooltip, values};
use charming::{
    Chart,
    element::{ItemStyle, LineStyle, Symbol},
    series::{Bar, Line},
};
use domain::{
    format,
    overview::{Trend, TrendDay, change_percent},
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

fn line(name: &str, css: &str, data: Vec<f64>) -> Line {
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

/// Revenue as bars, orders as a line; `trend` oldest first.
#[must_use]
pub fn revenue_trend(trend: &Trend, locale: &str, palette: &Palette) -> Chart {
    let scale = Scale::largest(trend.items.iter().map(|d| d.revenue));
    let points = trend
        .items
        .iter()
        .map(|day| {
            let words = format!(
                "{}: {} · {} orders",
                heading(day),
                format::money(day.revenue, trend.currency, locale),
                format::count(day.orders, locale)
            );
            point(scale.apply(day.revenue), words, day.partial, &palette.first)
        })
        .collect::<Vec<_>>();
    two_axes(trend, palette)
        .y_axis(values(money_name(trend.currency), scale, palette))
        .y_axis(counts("Orders", palette))
        .series(Bar::new().name("Revenue").item_style(ItemStyle::new().color(colour(&palette.first))).data(points))
        .series(line("Orders", &palette.second, trend.items.iter().map(|d| float(d.orders)).collect()).y_axis_index(1))
}

/// Active customers as bars, visitors as a line; `trend` oldest first.
#[must_use]
pub fn customers_trend(trend: &Trend, locale: &str, palette: &Palette) -> Chart {
    let points = trend
        .items
        .iter()
        .map(|day| {
            let words = format!(
                "{}: {} active customers · {} visitors",
                heading(day),
                format::count(day.active_customers, locale),
                format::count(day.visitors, locale)
            );
            point(float(day.active_customers), words, day.partial, &palette.third)
        })
        .collect::<Vec<_>>();
    two_axes(trend, palette)
        .y_axis(counts("Customers", palette))
        .y_axis(counts("Visitors", palette))
        .series(
            Bar::new().name("Active customers").item_style(ItemStyle::new().color(colour(&palette.third))).data(points),
        )
        .series(
            line("Visitors", &palette.second, trend.items.iter().map(|d| float(d.visitors)).collect()).y_axis_index(1),
        )
}

/// "Revenue rose 47.1 % against the 30 days before; best day Thu 12 May 2011."
#[must_use]
pub fn trend_summary(trend: &Trend, locale: &str) -> String {
    let n = trend.items.len();
    let total = format::money(trend.totals.revenue, trend.currency, locale);
    let change = match change_percent(trend.totals.revenue, trend.before.revenue) {
        Some(change) if change.is_zero() => format!("Revenue of {total} is the same as in the {n} days before"),
        Some(change) => {
            let verb = if change.is_sign_negative() { "fell" } else { "rose" };
            format!(
                "Revenue {verb} {} to {total} against the {n} days before",
                format::percent(change.abs() / Decimal::ONE_HUNDRED, 1)
            )
        }
        None => format!("Revenue {total}; there is nothing to compare it with in the {n} days before"),
    };
    let corrected = match trend.items.iter().filter(|d| d.revised.is_some()).count() {
        0 => String::new(),
        1 => " 1 day was revised after its end.".to_owned(),
        n => format!(" {n} days were revised after their end."),
    };
    match trend.items.iter().filter(|d| d.orders > 0).max_by_key(|d| d.revenue) {
        Some(best) => format!("{change}; best day {}.{corrected}", format::date_long(best.day)),
        None => format!("{change}.{corrected}"),
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
    if visitors == 0 { format!("{most}; no visits recorded.") } else { format!("{most}.") }
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
                revised: None,
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
        assert_eq!((&bars[1]["value"], &bars[1]["name"]), (&0.0.into(), &"Mon 2 May 2011: £0.00 · 0 orders".into()));
        assert_eq!(
            (&bars[2]["itemStyle"]["opacity"], &bars[2]["name"]),
            (&0.45.into(), &"Tue 3 May 2011 so far: £50.00 · 1 orders".into())
        );
        assert_eq!((&chart["series"][1]["type"], &chart["series"][1]["yAxisIndex"]), (&"line".into(), &1.0.into()));
        let customers =
            serde_json::to_value(customers_trend(&trend(&[100, 0, 50], 0), "en-GB", &test_palette())).unwrap();
        assert_eq!(customers["series"][0]["data"][0]["value"], 10.0);
    }

    #[test]
    fn a_corrected_day_says_when() {
        let mut trend = trend(&[100, 0, 50], 100);
        trend.items[0].revised = Some(DateTime::parse_from_rfc3339("2011-05-02T10:42:00+01:00").unwrap());
        let chart = serde_json::to_value(revenue_trend(&trend, "en-GB", &test_palette())).unwrap();
        let name = chart["series"][0]["data"][0]["name"].as_str().unwrap().to_owned();
        assert_eq!(name, format!("Sun 1 May 2011{}: £100.00 · 1 orders", trend.items[0].mark()));
        assert!(name.contains("(revised 2 May 2011") && name.contains("10:42"), "{name}");
        assert!(trend_summary(&trend, "en-GB").ends_with("1 day was revised after its end."));
    }

    #[test]
    fn the_sentence_says_how_it_moved() {
        assert_eq!(
            trend_summary(&trend(&[100, 0, 50], 100), "en-GB"),
            "Revenue rose 50.0\u{a0}% to £150.00 against the 3 days before; best day Sun 1 May 2011."
        );
        assert!(trend_summary(&trend(&[50], 100), "en-GB").starts_with("Revenue fell 50.0"));
        assert!(trend_summary(&trend(&[50], 0), "en-GB").contains("nothing to compare"));
        assert_eq!(
            customers_summary(&trend(&[0], 0), "en-GB"),
            "No customer bought in these days; no visits recorded."
        );
    }
}
