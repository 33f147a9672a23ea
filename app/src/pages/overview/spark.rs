//! The course of a figure over the days of the trend, as a small line in its tile. The table twin of the trend
//! holds its values, so it is for the eye alone.

use domain::overview::{Basis, MetricKey, Trend, TrendDay};
use leptos::prelude::*;
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// Units of the drawing; the style gives it the same shape.
const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 26.0;
/// Room for the width of the line.
const EDGE: f64 = 2.0;

/// `None` where the trend does not tell the figure, or has fewer than two days.
pub fn spark(metric: MetricKey, trend: &Trend) -> Option<impl IntoView + use<>> {
    let lines = lines(&series(metric, trend)?);
    let lines = lines.into_iter().map(|points| view! { <polyline points=points/> }).collect_view();
    let (wide, high) = (WIDTH, HEIGHT);
    Some(view! {
        <svg class="spark" viewBox=format!("0 0 {wide} {high}") aria-hidden="true" data-spark=metric.as_str()>{lines}</svg>
    })
}

/// One value a day, oldest first; a day without one is a gap.
fn series(metric: MetricKey, trend: &Trend) -> Option<Vec<Option<Decimal>>> {
    let recognised = trend.basis != Basis::All;
    let of: fn(&TrendDay) -> Option<Decimal> = match metric {
        MetricKey::RevenueNet => |day| Some(day.revenue_net),
        MetricKey::RevenueGross => |day| Some(day.revenue_gross),
        MetricKey::AmountAll if !recognised => |day| Some(day.revenue),
        MetricKey::Orders if recognised => |day| Some(day.orders.into()),
        MetricKey::OrdersAll if !recognised => |day| Some(day.orders.into()),
        MetricKey::ActiveCustomers => |day| Some(day.active_customers.into()),
        MetricKey::Visitors => |day| Some(day.visitors.into()),
        MetricKey::Conversion => |day| day.conversion,
        _ => return None,
    };
    (trend.items.len() > 1).then(|| trend.items.iter().map(of).collect())
}

/// The points of each unbroken run, as SVG writes them.
fn lines(values: &[Option<Decimal>]) -> Vec<String> {
    let known = || values.iter().flatten();
    let (Some(low), Some(high)) = (known().min(), known().max()) else { return Vec::new() };
    let float = |value: Decimal| value.to_f64().unwrap_or_default();
    let (spread, days) = (float(*high - *low), values.len().saturating_sub(1).max(1));
    let place = |(at, value): (usize, &Option<Decimal>)| {
        let share = if spread > 0.0 { float((*value)? - *low) / spread } else { 0.5 };
        let x = at.to_f64()? / days.to_f64()? * WIDTH;
        Some(format!("{x:.1},{:.1}", HEIGHT - EDGE - share * (HEIGHT - 2.0 * EDGE)))
    };
    let places: Vec<Option<String>> = values.iter().enumerate().map(|day| day.1.and_then(|_| place(day))).collect();
    places
        .split(Option::is_none)
        .map(|run| run.iter().flatten().cloned().collect::<Vec<_>>())
        .filter(|run| !run.is_empty())
        // A line of one point is drawn as a dot only when it goes somewhere.
        .map(|run| if let [only] = run.as_slice() { format!("{only} {only}") } else { run.join(" ") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<i64>]) -> Vec<String> {
        lines(&values.iter().map(|value| value.map(Decimal::from)).collect::<Vec<_>>())
    }

    #[test]
    fn the_line_runs_from_edge_to_edge_and_breaks_where_nothing_is_known() {
        assert_eq!(drawn(&[Some(0), Some(10), Some(5)]), ["0.0,24.0 42.0,2.0 84.0,13.0"]);
        assert_eq!(drawn(&[Some(-5), None, Some(5), Some(0)]), ["0.0,24.0 0.0,24.0", "56.0,2.0 84.0,13.0"]);
        assert_eq!(drawn(&[Some(7), Some(7)]), ["0.0,13.0 84.0,13.0"]);
        assert!(drawn(&[None, None]).is_empty());
    }
}
