//! Things by their amount, the largest first: products, categories, segments.

use super::{Palette, Scale, category, colour, grid, point, tooltip, values};
use charming::{Chart, element::ItemStyle, series::Bar};
use rust_decimal::Decimal;

/// One thing with its amount and what it says when hovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    pub label: String,
    pub amount: Decimal,
    pub words: String,
}

/// Longest label on the axis.
const LABEL_CHARS: usize = 22;

fn short(label: &str) -> String {
    if label.chars().count() <= LABEL_CHARS {
        return label.to_owned();
    }
    let start: String = label.chars().take(LABEL_CHARS - 1).collect();
    format!("{}…", start.trim_end())
}

/// A bar a thing, from top to bottom; `unit` stands at the axis.
#[must_use]
pub fn ranking(items: &[Ranked], name: &'static str, unit: &str, palette: &Palette) -> Chart {
    let scale = Scale::largest(items.iter().map(|item| item.amount));
    let bars =
        items.iter().map(|item| point(scale.apply(item.amount), item.words.clone(), false, &palette.first)).collect();
    Chart::new()
        .animation(false)
        .grid(grid().right(24))
        .tooltip(tooltip(palette))
        .x_axis(values(unit.to_owned(), scale, palette))
        .y_axis(category(items.iter().map(|item| short(&item.label)).collect(), palette).inverse(true))
        .series(Bar::new().name(name).item_style(ItemStyle::new().color(colour(&palette.first))).data(bars))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::test_palette;
    use serde_json::json;

    #[test]
    fn the_largest_is_at_the_top_and_long_names_are_cut() {
        let item = |label: &str, amount: &str| Ranked {
            label: label.into(),
            amount: amount.parse().unwrap(),
            words: format!("{label}: £{amount}"),
        };
        let items = [item("REGENCY CAKESTAND 3 TIER, large", "92434.67"), item("Mug", "-12")];
        let chart = serde_json::to_value(ranking(&items, "Revenue", "£", &test_palette())).unwrap();
        assert_eq!(chart["yAxis"]["data"], json!(["REGENCY CAKESTAND 3 T…", "Mug"]));
        assert_eq!(chart["yAxis"]["inverse"], json!(true));
        assert_eq!(chart["xAxis"]["axisLabel"]["formatter"], "{value} k");
        let data = &chart["series"][0]["data"];
        assert_eq!((&data[0]["value"], &data[1]["value"]), (&json!(92.4347), &json!(-0.012)));
        assert_eq!(data[1]["name"], "Mug: £-12");
    }
}
