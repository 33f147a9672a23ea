//! Revenue by local hour, or by day.

use super::{Palette, Scale, category, colour, gap, grid, money_name, point, tooltip, values};
use charming::{Chart, element::ItemStyle, series::Bar};
use domain::{
    format,
    overview::{Bar as Item, Bars, Progress},
};
use rust_decimal::Decimal;

fn words(bars: &Bars, item: &Item, locale: &str) -> String {
    let so_far = if item.progress == Progress::Running { " so far" } else { "" };
    let orders = format::count(item.orders, locale);
    format!("{}{so_far}: {} · {orders} orders", item.label, format::money(item.revenue, bars.currency, locale))
}

/// One bar an hour or a day; the running one is paler, what is still to come is left empty.
#[must_use]
pub fn revenue_bars(bars: &Bars, locale: &str, palette: &Palette) -> Chart {
    let scale = Scale::largest(bars.items.iter().map(|b| b.revenue));
    let points = bars
        .items
        .iter()
        .map(|item| match item.progress {
            Progress::Ahead => gap(),
            progress => point(
                scale.apply(item.revenue),
                words(bars, item, locale),
                progress == Progress::Running,
                &palette.first,
            ),
        })
        .collect::<Vec<_>>();
    Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(bars.items.iter().map(|b| b.label.clone()).collect(), palette))
        .y_axis(values(money_name(bars.currency), scale, palette))
        .series(Bar::new().name("Revenue").item_style(ItemStyle::new().color(colour(&palette.first))).data(points))
}

/// The chart in one sentence.
#[must_use]
pub fn revenue_summary(bars: &Bars, locale: &str) -> String {
    let total: Decimal = bars.items.iter().map(|b| b.revenue).sum();
    let money = |amount: Decimal| format::money(amount, bars.currency, locale);
    let unit = if bars.by_hour { "hour" } else { "day" };
    match bars.items.iter().filter(|b| b.orders > 0).max_by_key(|b| b.revenue) {
        Some(best) => format!("{} in all; best {unit} {} with {}.", money(total), best.label, money(best.revenue)),
        None if total.is_zero() => "No orders in this period.".to_owned(),
        None => format!("{} in all; no orders, only refunds.", money(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use chrono::DateTime;
    use domain::{money::Currency, overview::Basis};
    use serde_json::json;

    fn bars() -> Bars {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
        let item = |hour: u32, revenue: &str, orders: i64, progress: Progress| Item {
            label: format!("{hour:02}:00"),
            start: at(&format!("2010-12-01T{hour:02}:00:00+00:00")),
            end: at(&format!("2010-12-01T{:02}:00:00+00:00", hour + 1)),
            revenue: revenue.parse().unwrap(),
            revenue_net: revenue.parse().unwrap(),
            orders,
            progress,
        };
        Bars {
            by_hour: true,
            items: vec![
                item(8, "1383.81", 6, Progress::Done),
                item(9, "12000", 22, Progress::Running),
                item(10, "0", 0, Progress::Ahead),
            ],
            basis: Basis::Net,
            currency: Currency::GBP,
            zone: "Europe/London".into(),
            rows_without_rate: 0,
            computed_at: at("2010-12-01T09:30:00+00:00"),
            age_seconds: 0,
            freshness: domain::freshness::Freshness::default(),
        }
    }

    #[test]
    fn the_running_hour_is_paler_and_hours_to_come_are_empty() {
        let chart = serde_json::to_value(revenue_bars(&bars(), "en-GB", &test_palette())).unwrap();
        assert_eq!(chart["xAxis"]["data"], json!(["08:00", "09:00", "10:00"]));
        assert_eq!(chart["yAxis"]["axisLabel"]["formatter"], "{value} k");
        let data = &chart["series"][0]["data"];
        assert_eq!(data[0]["value"], json!(1.3838));
        assert_eq!(data[0]["name"], "08:00: £1,383.81 · 6 orders");
        assert_eq!(data[0]["itemStyle"]["opacity"], json!(1.0));
        assert_eq!(
            (&data[1]["itemStyle"]["opacity"], &data[1]["name"]),
            (&json!(0.45), &json!("09:00 so far: £12,000.00 · 22 orders"))
        );
        assert_eq!(data[2], "-");
    }

    #[test]
    fn the_sentence_names_the_best_hour() {
        assert_eq!(revenue_summary(&bars(), "en-GB"), "£13,383.81 in all; best hour 09:00 with £12,000.00.");
        let empty = Bars { items: vec![], ..bars() };
        assert_eq!(revenue_summary(&empty, "en-GB"), "No orders in this period.");
    }
}
