//! The sales file: 5,250 rows, one order each, of which 21 are no sale and 250 have a damaged time.

use super::{
    calendar::Calendar,
    catalogue::Product,
    chance::{Chance, Lottery},
    people::{Customer, REGULARS},
    range::RANGES,
};
use chrono::{Datelike, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub const ROWS: usize = 5_250;
/// Rows whose quantity or price is not positive.
pub const NON_POSITIVE: usize = 21;
/// Rows whose time cannot be read as it stands.
pub const UNREADABLE_TIMES: usize = 250;
/// Rows that become sales.
pub const IMPORTABLE: usize = ROWS - NON_POSITIVE - UNREADABLE_TIMES;

/// The columns of the Online Retail file, so that the same mapping finds them.
pub const HEADER: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

/// What was done to a row, for tests and for measuring what the import finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    None,
    NonPositive,
    /// Zeros typed as the letter O and ones as the letter l, as old tills and scanners do.
    LettersInTime,
}

/// One row: one order of one product. `product` and `customer` are indexes of the world's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRow {
    pub invoice: String,
    pub product: usize,
    pub quantity: i64,
    /// Local time of the shop, always the true one.
    pub time: NaiveDateTime,
    pub unit_price: Decimal,
    /// None for a guest.
    pub customer: Option<usize>,
    pub damage: Damage,
}

/// The rows in order of time.
pub fn sales(chance: &mut Chance, calendar: &Calendar, products: &[Product], customers: &[Customer]) -> Vec<SaleRow> {
    let mut orders = regular_orders(chance, calendar);
    let fixed = orders.len();
    let buyers = Lottery::new((0..customers.len() as u64).map(|rank| 1_000_000 / (rank + 60)));
    orders.extend((fixed..ROWS).map(|_| {
        let guest = chance.percent(4);
        (calendar.time(chance), (!guest).then(|| buyers.draw(chance)))
    }));
    // Damage spares the regulars, whose orders are promised.
    let mut damage = vec![Damage::None; ROWS - fixed - NON_POSITIVE - UNREADABLE_TIMES];
    damage.extend([Damage::NonPositive; NON_POSITIVE]);
    damage.extend([Damage::LettersInTime; UNREADABLE_TIMES]);
    chance.shuffle(&mut damage);
    let damage = std::iter::repeat_n(Damage::None, fixed).chain(damage);
    let mut orders: Vec<_> = orders.into_iter().zip(damage).collect();
    orders.sort_by_key(|((time, customer), _)| (*time, *customer));

    let mut demand = Demand::default();
    orders
        .into_iter()
        .enumerate()
        .map(|(n, ((time, customer), damage))| {
            let product = demand.draw(chance, products, time.date());
            let (quantity, unit_price) = bought(chance, &products[product], damage);
            SaleRow { invoice: format!("{}", 700_001 + n), product, quantity, time, unit_price, customer, damage }
        })
        .collect()
}

/// The first customers order on 14 to 18 of the last 30 days each.
fn regular_orders(chance: &mut Chance, calendar: &Calendar) -> Vec<(NaiveDateTime, Option<usize>)> {
    let mut orders = Vec::new();
    for customer in 0..REGULARS {
        let mut days: Vec<NaiveDate> = calendar.visit_days().collect();
        chance.shuffle(&mut days);
        days.truncate(14 + chance.index(5));
        orders.extend(
            days.into_iter().filter_map(|day| calendar.time_on(day, chance)).map(|time| (time, Some(customer))),
        );
    }
    orders
}

/// What is asked for changes with the season, so each month has its own lottery.
#[derive(Debug, Default)]
struct Demand(BTreeMap<(i32, u32), Lottery>);

impl Demand {
    fn draw(&mut self, chance: &mut Chance, products: &[Product], day: NaiveDate) -> usize {
        self.0
            .entry((day.year(), day.month()))
            .or_insert_with(|| {
                Lottery::new(products.iter().map(|p| p.popularity * RANGES[p.category].season_percent(day)))
            })
            .draw(chance)
    }
}

fn bought(chance: &mut Chance, product: &Product, damage: Damage) -> (i64, Decimal) {
    let quantity = match chance.below(100) {
        0..=57 => 1,
        58..=77 => 2,
        78..=86 => 3,
        87..=91 => 4,
        92..=95 => 6,
        96..=98 => 12,
        _ => 24,
    };
    // One order in seventeen has a tenth off.
    let price = if chance.percent(6) { (product.price * Decimal::new(9, 1)).round_dp(2) } else { product.price };
    match damage {
        Damage::NonPositive => match chance.below(3) {
            0 => (0, price),
            1 => (-quantity, price),
            _ => (quantity, Decimal::ZERO),
        },
        Damage::None | Damage::LettersInTime => (quantity, price),
    }
}

/// The local time as the file writes it.
#[must_use]
pub fn time_text(row: &SaleRow) -> String {
    let text = row.time.format("%Y-%m-%d %H:%M:%S").to_string();
    match row.damage {
        // Every year of this century has a zero, so every damaged text differs from the true one.
        Damage::LettersInTime => text.replace('0', "O").replace('1', "l"),
        Damage::None | Damage::NonPositive => text,
    }
}

/// Customers who bought on each day with their first order's time; importable rows only.
#[must_use]
pub fn buyers_by_day(sales: &[SaleRow]) -> BTreeMap<NaiveDate, BTreeMap<usize, NaiveDateTime>> {
    let mut days: BTreeMap<NaiveDate, BTreeMap<usize, NaiveDateTime>> = BTreeMap::new();
    for row in sales.iter().filter(|row| row.damage == Damage::None) {
        if let Some(customer) = row.customer {
            days.entry(row.time.date()).or_default().entry(customer).or_insert(row.time);
        }
    }
    days
}
