//! Visits of the shop over the last 30 days: the denominator of conversion.

use super::{
    calendar::Calendar,
    chance::Chance,
    people::{CUSTOMERS, REGULARS},
    range::RANGES,
    sales::{SaleRow, buyers_by_day},
};
use chrono::{NaiveDateTime, TimeDelta};
use std::collections::BTreeSet;

/// Browsers that come by without signing in.
const STRANGERS: usize = 30_000;
/// Visitors of a plain whole day, for days with hardly any buyer.
const PLAIN_DAY: u64 = 2_000;

/// One visit. `customer` is an index of the world's customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Local time of the shop.
    pub time: NaiveDateTime,
    /// Random id of the browser.
    pub visitor: String,
    pub session: String,
    pub customer: Option<usize>,
    pub source: &'static str,
    pub path: String,
}

/// Who comes on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Visitor {
    Customer(usize),
    Stranger(usize),
}

/// Visits in order of time. Each day's share of visitors who buy lies between 2.7 and 4.2 %.
pub fn visits(chance: &mut Chance, calendar: &Calendar, sales: &[SaleRow]) -> Vec<Visit> {
    let customers: Vec<String> = (0..CUSTOMERS).map(|_| chance.hex(16)).collect();
    let strangers: Vec<String> = (0..STRANGERS).map(|_| chance.hex(16)).collect();
    let buyers = buyers_by_day(sales);
    let mut visits = Vec::new();
    for day in calendar.visit_days() {
        let mut seen = BTreeSet::new();
        let mut record = |chance: &mut Chance, visitor: Visitor, time: NaiveDateTime| {
            if seen.insert(visitor) {
                let (key, customer) = match visitor {
                    Visitor::Customer(n) => (&customers[n], Some(n)),
                    Visitor::Stranger(n) => (&strangers[n], None),
                };
                visits.push(visit(chance, key, customer, time));
            }
            seen.len()
        };
        let bought = buyers.get(&day);
        let mut buying = 0;
        for (customer, ordered) in bought.into_iter().flatten() {
            // One buyer in twelve phones or comes in person.
            if *customer < REGULARS || !chance.percent(8) {
                let before = ordered.checked_sub_signed(TimeDelta::seconds(chance.between(60, 1_500)));
                record(chance, Visitor::Customer(*customer), before.filter(|t| t.date() == day).unwrap_or(*ordered));
                buying += 1;
            }
        }
        let wanted = visitors_wanted(chance, buying, calendar.expected_permille(day));
        let mut idle: Vec<usize> = (0..CUSTOMERS).filter(|n| bought.is_none_or(|day| !day.contains_key(n))).collect();
        let strolling = idle.split_off(REGULARS.min(idle.len()));
        idle.retain(|n| *n < REGULARS);
        let strolling: Vec<usize> = strolling.into_iter().filter(|_| chance.percent(6)).collect();
        for customer in idle.into_iter().chain(strolling) {
            if let Some(time) = calendar.time_on(day, chance) {
                record(chance, Visitor::Customer(customer), time);
            }
        }
        let mut count = 0;
        while count < wanted {
            let Some(time) = calendar.time_on(day, chance) else { break };
            let stranger = Visitor::Stranger(chance.index(STRANGERS));
            count = record(chance, stranger, time);
        }
    }
    visits.sort_by(|a, b| (a.time, &a.session).cmp(&(b.time, &b.session)));
    visits
}

/// Distinct visitors of a day on which `buying` of them buy.
fn visitors_wanted(chance: &mut Chance, buying: usize, expected_permille: u64) -> usize {
    let rate_permyriad = 280 + chance.below(130);
    let wanted = match buying {
        0..=7 => PLAIN_DAY * expected_permille / 1_000,
        buyers => buyers as u64 * 10_000 / rate_permyriad,
    };
    usize::try_from(wanted).unwrap_or(0)
}

fn visit(chance: &mut Chance, visitor: &str, customer: Option<usize>, time: NaiveDateTime) -> Visit {
    let source = ["direct", "search", "search", "social", "mail", "referral"][chance.index(6)];
    let path = match chance.below(3) {
        0 => "/".to_owned(),
        _ => format!("/c/{}", RANGES[chance.index(RANGES.len())].code.to_lowercase()),
    };
    Visit { time, visitor: visitor.to_owned(), session: chance.hex(12), customer, source, path }
}
