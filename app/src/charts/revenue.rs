//! Revenue by local hour, or by day.

use super::{
    Palette, Scale, category, colour, dashed, gap, grid, hatched, money_name, point, silence, tooltip,
    trend::silence_summary, values,
};
use crate::components::chart::{LegendKey, Mark};
use charming::{Chart, datatype::DataPoint, element::ItemStyle, series::Bar};
use domain::{
    format,
    overview::{Bar as Item, Bars, NO_DATA, Progress},
};
use rust_decimal::Decimal;

fn words(bars: &Bars, item: &Item, locale: &str) -> String {
    let money = |amount: Decimal| format::money(amount, bars.currency, locale);
    let orders = || format::count(item.orders, locale);
    let here = match item.progress {
        _ if item.no_data => format!("{}: {NO_DATA}", item.label),
        Progress::Ahead => format!("{}: still to come", item.label),
        Progress::Running => format!("{} so far: {} · {} orders", item.label, money(item.revenue), orders()),
        Progress::Done => format!("{}: {} · {} orders", item.label, money(item.revenue), orders()),
    };
    match bars.against.as_deref().zip(item.revenue_before) {
        Some((against, before)) => format!("{here} · {against} {}", money(before)),
        None => here,
    }
}

/// One bar an hour or a day; the running one is paler, what is still to come is left empty. The period compared
/// with is the dashed line.
#[must_use]
pub fn revenue_bars(bars: &Bars, locale: &str, palette: &Palette) -> Chart {
    let befores = bars.items.iter().filter_map(|b| b.revenue_before);
    let scale = Scale::largest(bars.items.iter().map(|b| b.revenue).chain(befores));
    let points: Vec<DataPoint> = bars
        .items
        .iter()
        .map(|item| match item.progress {
            _ if item.no_data => silence(words(bars, item, locale)),
            Progress::Ahead => silence(words(bars, item, locale)),
            progress => point(
                scale.apply(item.revenue),
                words(bars, item, locale),
                progress == Progress::Running,
                &palette.first,
            ),
        })
        .collect();
    let chart = Chart::new()
        .animation(false)
        .grid(grid())
        .tooltip(tooltip(palette))
        .x_axis(category(bars.items.iter().map(|b| b.label.clone()).collect(), palette))
        .y_axis(values(money_name(bars.currency), scale, palette))
        .series(Bar::new().name("Revenue").item_style(ItemStyle::new().color(colour(&palette.first))).data(points));
    let silent: Vec<bool> = bars.items.iter().map(|bar| bar.no_data).collect();
    let chart = match bars.against.clone() {
        None => chart,
        Some(against) => {
            let before = bars.items.iter();
            let before = before.map(|b| b.revenue_before.map_or_else(gap, |amount| scale.apply(amount).into()));
            chart.series(dashed(against, palette, before.collect()))
        }
    };
    hatched(chart, 1, &silent, palette)
}

/// What its bars and line stand for.
#[must_use]
pub fn revenue_legend(bars: &Bars) -> Vec<LegendKey> {
    let revenue = LegendKey { mark: Mark::Series(1), words: "Revenue".to_owned() };
    let before = bars.against.clone().map(|words| LegendKey { mark: Mark::Dashed, words });
    let silent = bars.items.iter().any(|bar| bar.no_data);
    let silent = silent.then(|| LegendKey { mark: Mark::Hatched, words: NO_DATA.to_owned() });
    std::iter::once(revenue).chain(before).chain(silent).collect()
}

/// The chart in one sentence.
#[must_use]
pub fn revenue_summary(bars: &Bars, locale: &str) -> String {
    let total: Decimal = bars.items.iter().map(|b| b.revenue).sum();
    let money = |amount: Decimal| format::money(amount, bars.currency, locale);
    let unit = if bars.by_hour { "hour" } else { "day" };
    let before: Decimal = bars.items.iter().filter_map(|b| b.revenue_before).sum();
    let dashed = bars.against.as_ref().map(|against| format!(" Dashed: {against}, {} in all.", money(before)));
    let sentence = match bars.items.iter().filter(|b| b.orders > 0).max_by_key(|b| b.revenue) {
        Some(best) => format!("{} in all; best {unit} {} with {}.", money(total), best.label, money(best.revenue)),
        None if total.is_zero() => "No orders in this period.".to_owned(),
        None => format!("{} in all; no orders, only refunds.", money(total)),
    };
    let silent = silence_summary(bars.items.iter().filter(|bar| bar.no_data).count());
    format!("{sentence}{}{silent}", dashed.unwrap_or_default())
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
        let item = |hour: u32, revenue: &str, orders: i64, progress: Progress, before: Option<&str>| Item {
            label: format!("{hour:02}:00"),
            start: at(&format!("2010-12-01T{hour:02}:00:00+00:00")),
            end: at(&format!("2010-12-01T{:02}:00:00+00:00", hour + 1)),
            revenue: revenue.parse().unwrap(),
            revenue_net: revenue.parse().unwrap(),
            orders,
            revenue_before: before.map(|before| before.parse().unwrap()),
            orders_before: before.map(|_| 1),
            progress,
            no_data: false,
        };
        Bars {
            by_hour: true,
            items: vec![
                item(8, "1383.81", 6, Progress::Done, Some("25000")),
                item(9, "12000", 22, Progress::Running, None),
                item(10, "0", 0, Progress::Ahead, Some("0.5")),
            ],
            against: Some("last Wed".into()),
            range_before: None,
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
        assert_eq!(data[0]["name"], "08:00: £1,383.81 · 6 orders · last Wed £25,000.00");
        assert_eq!(data[0]["itemStyle"]["opacity"], json!(1.0));
        assert_eq!(
            (&data[1]["itemStyle"]["opacity"], &data[1]["name"]),
            (&json!(0.45), &json!("09:00 so far: £12,000.00 · 22 orders"))
        );
        assert_eq!(
            (&data[2]["value"], &data[2]["name"]),
            (&json!("-"), &json!("10:00: still to come · last Wed £0.50"))
        );
    }

    #[test]
    fn the_day_compared_with_is_a_dashed_line_on_the_same_scale() {
        let chart = serde_json::to_value(revenue_bars(&bars(), "en-GB", &test_palette())).unwrap();
        let line = &chart["series"][1];
        assert_eq!((&line["name"], &line["lineStyle"]["type"]), (&json!("last Wed"), &json!("dashed")));
        assert_eq!(line["data"], json!([25.0, "-", 0.0005]));
        let alone = Bars { against: None, ..bars() };
        let chart = serde_json::to_value(revenue_bars(&alone, "en-GB", &test_palette())).unwrap();
        assert_eq!(chart["series"].as_array().map(Vec::len), Some(1));
        assert_eq!((revenue_legend(&bars()).len(), revenue_legend(&alone).len()), (2, 1));
    }

    #[test]
    fn a_day_of_which_nothing_arrived_is_hatched() {
        let mut bars = bars();
        bars.items[0].no_data = true;
        let chart = serde_json::to_value(revenue_bars(&bars, "en-GB", &test_palette())).unwrap();
        assert_eq!(chart["series"][0]["data"][0]["name"], "08:00: no data received · last Wed £25,000.00");
        assert_eq!(
            (&chart["series"][0]["data"][0]["value"], &chart["series"][2]["data"]),
            (&json!("-"), &json!([1, "-", "-"]))
        );
        assert_eq!(revenue_legend(&bars).last().map(|key| key.mark), Some(Mark::Hatched));
        assert!(revenue_summary(&bars, "en-GB").ends_with("Of 1 day no data was received."));
    }

    #[test]
    fn the_sentence_names_the_best_hour() {
        assert_eq!(
            revenue_summary(&bars(), "en-GB"),
            "£13,383.81 in all; best hour 09:00 with £12,000.00. Dashed: last Wed, £25,000.50 in all."
        );
        let empty = Bars { items: vec![], against: None, ..bars() };
        assert_eq!(revenue_summary(&empty, "en-GB"), "No orders in this period.");
    }
}
