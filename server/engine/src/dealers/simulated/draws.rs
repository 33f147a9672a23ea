//! What the records of a simulated dealer are drawn from.

use crate::demo::chance::{Chance, Lottery};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::fmt::Display;

const MOST_A_DAY: u64 = 60;
const NAMES: [&str; 12] =
    ["Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Ayu", "Hendra", "Lestari", "Putra", "Wulan", "Rahma"];
pub(super) const UNITS: [&str; 5] = ["HP5", "KC1", "LB2", "JK1", "GF6"];
/// Of the units, in their order, in rupiah.
const PRICES: [i64; 5] = [17_900_000, 19_650_000, 22_450_000, 26_100_000, 29_800_000];
const COLOURS: [&str; 4] = ["BK", "WH", "RD", "BL"];
/// Number and price of a piece in rupiah.
const PARTS: [(&str, i64); 8] = [
    ("SIM-06455", 62_000),
    ("SIM-08232", 48_500),
    ("SIM-17210", 54_000),
    ("SIM-22535", 129_000),
    ("SIM-23100", 118_500),
    ("SIM-31500", 236_000),
    ("SIM-31919", 17_500),
    ("SIM-42711", 214_000),
];

/// One part in some pieces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub number: &'static str,
    /// Of a piece, in rupiah.
    pub price: i64,
    pub pieces: i64,
}

impl Part {
    pub fn total(self) -> i64 {
        self.price * self.pieces
    }
}

/// Weights of 0, 1, 2 … events a day; integers, so that every machine draws the same.
pub(super) fn poisson(mean: u64) -> Lottery {
    let mut weight = 100_000_000_000_u64;
    let rest = (1..MOST_A_DAY).map(|k| {
        weight = weight * mean / k;
        weight
    });
    Lottery::new(std::iter::once(100_000_000_000).chain(rest))
}

pub(super) fn stream(of: &str, dealer_id: &str, what: impl Display) -> u64 {
    let hash = Sha256::digest(format!("{of}\0{dealer_id}\0{what}").as_bytes());
    hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

pub(super) fn digits(chance: &mut Chance, before: &str, count: usize) -> String {
    (0..count).fold(before.to_owned(), |text, _| format!("{text}{}", chance.below(10)))
}

pub(super) fn name(chance: &mut Chance) -> String {
    format!("{} {}", NAMES[chance.index(NAMES.len())], NAMES[chance.index(NAMES.len())])
}

pub(super) fn phone(chance: &mut Chance) -> String {
    digits(chance, "0800", 8)
}

pub(super) fn national_id(chance: &mut Chance) -> String {
    digits(chance, "00", 14)
}

pub(super) fn plate(chance: &mut Chance) -> String {
    format!("B {} SIM", chance.between(1_000, 9_999))
}

pub(super) fn colour(chance: &mut Chance) -> &'static str {
    COLOURS[chance.index(COLOURS.len())]
}

/// What a unit costs people, in rupiah.
pub(super) fn price(unit_type: &str) -> i64 {
    UNITS.iter().zip(PRICES).find(|(code, _)| **code == unit_type).map_or(PRICES[0], |(_, price)| price)
}

/// Frame and engine of a unit.
pub(super) fn numbers(chance: &mut Chance, unit_type: &str) -> (String, String) {
    (digits(chance, &format!("SIM{unit_type}"), 11), digits(chance, &format!("{unit_type}E"), 7))
}

/// Different parts, so many of them and each in so many pieces at most.
pub(super) fn parts(chance: &mut Chance, count: usize, pieces: i64) -> Vec<Part> {
    let mut all = PARTS;
    chance.shuffle(&mut all);
    all.into_iter()
        .take(count)
        .map(|(number, price)| Part { number, price, pieces: chance.between(1, pieces) })
        .collect()
}

/// Eleven percent of what is before tax, in a price with it.
pub(super) const fn tax(price: i64) -> i64 {
    price * 11 / 111
}

/// Seconds of a day on which doors are open, from eight to so many o'clock.
pub(super) fn open_until(chance: &mut Chance, hour: i64) -> i64 {
    chance.between(8 * 3_600, hour * 3_600)
}

/// The day so many days before.
pub(super) fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(chrono::Days::new(days)).unwrap_or(day)
}
