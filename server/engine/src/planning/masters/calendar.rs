//! Working days (`planning.md` 2.3): factor of a period = Σ availability of its open days ÷ its days.

use super::Network;
use crate::planning::{
    document::{
        Row,
        schema::{Field, Kind},
    },
    fault::Fault,
    tree::Tree,
};
use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::collections::HashMap;

const EXCEPTION: &[Field] = &[
    Field { name: "day", kind: Kind::Date, required: true, null: false },
    Field { name: "availability", kind: Kind::Share, required: false, null: false },
    Field { name: "reason", kind: Kind::Text, required: false, null: false },
];
pub(super) const FIELDS: &[Field] = &[
    Field { name: "weekday_mask", kind: Kind::WholeTo(ALL_DAYS), required: false, null: false },
    Field { name: "exceptions", kind: Kind::Rows(EXCEPTION), required: false, null: false },
];
/// Monday is 1, Tuesday 2, Wednesday 4 … Sunday 64.
const ALL_DAYS: i32 = 127;
const DAYS: i64 = 30;
/// Longer ones are not walked day by day.
const MOST_DAYS: i64 = 36_600;
const PLACES: u32 = 6;

/// A period's first day and its days.
type Span = (String, NaiveDate, u64);

/// Periods by date; the first must say its own, others follow where they say none.
fn spans(network: &Network) -> Result<Vec<Span>, String> {
    let mut next: Option<NaiveDate> = None;
    let mut found = Vec::new();
    for period in network.section("periods") {
        let id = period.text("id").unwrap_or_default();
        let days = period.get("days").and_then(Tree::number).unwrap_or_else(|| Decimal::from(DAYS));
        let whole = days.to_i64().filter(|whole| Decimal::from(*whole) == days && (1..=MOST_DAYS).contains(whole));
        let Some(days) = whole.and_then(|days| u64::try_from(days).ok()) else {
            return Err(format!("Working days need periods of whole days; period {id} has {days}."));
        };
        let own = period.text("start").and_then(|text| text.parse().ok());
        let Some(start) = own.or(next) else {
            return Err(format!("Working days need dates; period {id} has no start."));
        };
        next = start.checked_add_days(Days::new(days));
        found.push((id.to_owned(), start, days));
    }
    Ok(found)
}

/// The calendars with a factor for each period; one that a row states goes before the days.
pub(super) fn applied(network: &Network, rows: &[Row], faults: &mut Vec<Fault>) -> Vec<Row> {
    let mut out = rows.to_vec();
    for (i, row) in rows.iter().enumerate() {
        let (mask, exceptions) = (row.get("weekday_mask"), row.get("exceptions"));
        out[i].remove("weekday_mask");
        out[i].remove("exceptions");
        if mask.is_none() && exceptions.is_none() {
            continue;
        }
        let spans = match spans(network) {
            Ok(spans) => spans,
            Err(message) => {
                faults.push(Fault::new("E02", format!("calendars[{i}]"), message));
                continue;
            }
        };
        let mask = mask.and_then(Tree::number).and_then(|mask| mask.to_i32()).unwrap_or(ALL_DAYS);
        let told = exceptions.map_or(&[][..], Tree::list).iter().filter_map(|one| {
            let day: NaiveDate = one.get("day")?.text()?.parse().ok()?;
            Some((day, one.get("availability").and_then(Tree::number).unwrap_or_default()))
        });
        let told: HashMap<NaiveDate, Decimal> = told.collect();
        let stated = row.get("factors").map_or(&[][..], Tree::list);
        let mut factors = stated.to_vec();
        for (id, start, days) in spans {
            if stated.iter().any(|factor| factor.get("period").and_then(Tree::text) == Some(&id)) {
                continue;
            }
            let open = |day: NaiveDate| {
                let works = mask & (1 << day.weekday().num_days_from_monday()) != 0;
                told.get(&day).copied().unwrap_or_else(|| Decimal::from(i32::from(works)))
            };
            let sum: Decimal = (0..days).filter_map(|n| start.checked_add_days(Days::new(n))).map(open).sum();
            let factor = (sum / Decimal::from(days)).round_dp(PLACES).normalize();
            factors.push(Tree::Map(vec![
                ("period".to_owned(), Tree::Text(id)),
                ("factor".to_owned(), Tree::Number(factor)),
            ]));
        }
        out[i].set("factors", Tree::List(factors));
    }
    out
}
