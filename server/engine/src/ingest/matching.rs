//! Which sale a cancelled line takes back: the latest earlier sale with the same customer, product and
//! unit price and enough quantity left (`commerce.md` 3.2).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use std::collections::HashMap;
use uuid::Uuid;

/// A recorded sale line that can still be refunded.
#[derive(Debug, Clone)]
pub struct OpenLine {
    pub transaction: Uuid,
    pub version: i32,
    pub line_no: i32,
    pub customer: Uuid,
    pub product: Uuid,
    pub unit_price: Decimal,
    /// Quantity not refunded yet.
    pub left: Decimal,
    pub at: DateTime<Utc>,
}

/// Customer, product, unit price (normalised).
pub type Key = (Uuid, Uuid, Decimal);

/// Where a matched quantity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Index of a line of this import.
    New(usize),
    /// Index of a recorded line.
    Recorded(usize),
}

#[derive(Debug)]
struct Offer {
    at: DateTime<Utc>,
    left: Decimal,
    source: Source,
}

/// Sale lines by key, each with what is left of it.
#[derive(Debug, Default)]
pub struct Offers {
    by_key: HashMap<Key, Vec<Offer>>,
    sorted: bool,
}

impl Offers {
    /// Only keys that a refund asks for are worth keeping.
    pub fn want(&mut self, key: Key) {
        self.by_key.entry(key).or_default();
    }

    pub fn offer(&mut self, key: Key, at: DateTime<Utc>, left: Decimal, source: Source) {
        if let Some(offers) = self.by_key.get_mut(&key) {
            offers.push(Offer { at, left, source });
            self.sorted = false;
        }
    }

    /// Takes `quantity` from the latest offer strictly before `before` that has enough left. Of several
    /// at one time the first offered counts.
    pub fn take(&mut self, key: Key, before: DateTime<Utc>, quantity: Decimal) -> Option<Source> {
        if !self.sorted {
            for offers in self.by_key.values_mut() {
                // Stable and newest first, so equal times keep the order of the file.
                offers.sort_by_key(|offer| std::cmp::Reverse(offer.at));
            }
            self.sorted = true;
        }
        let offer = self.by_key.get_mut(&key)?.iter_mut().find(|o| o.at < before && o.left >= quantity)?;
        offer.left -= quantity;
        Some(offer.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: Key = (Uuid::nil(), Uuid::nil(), Decimal::ONE);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn offers(lines: &[(i64, i64)]) -> Offers {
        let mut offers = Offers::default();
        offers.want(KEY);
        for (index, (second, quantity)) in lines.iter().enumerate() {
            offers.offer(KEY, at(*second), Decimal::from(*quantity), Source::New(index));
        }
        offers
    }

    #[test]
    fn the_latest_earlier_sale_with_enough_left_is_taken() {
        let mut pool = offers(&[(10, 5), (20, 5), (30, 2), (40, 9)]);
        assert_eq!(pool.take(KEY, at(35), Decimal::from(3)), Some(Source::New(1)), "30 s has too little");
        assert_eq!(pool.take(KEY, at(35), Decimal::from(3)), Some(Source::New(0)), "20 s has two left");
        assert_eq!(pool.take(KEY, at(35), Decimal::from(3)), None);
        assert_eq!(
            pool.take(KEY, at(30), Decimal::from(2)),
            Some(Source::New(1)),
            "a sale of the same time is not earlier"
        );
        let other = (Uuid::nil(), Uuid::from_u128(1), Decimal::ONE);
        assert_eq!(pool.take(other, at(99), Decimal::ONE), None);
    }

    proptest! {
        /// No sale gives back more than was sold, none gives to the past, and a refund is left alone only
        /// when no single earlier line could serve it.
        #[test]
        fn quantities_hold(lines in prop::collection::vec((0_i64..50, 1_i64..20), 0..20), asked in prop::collection::vec((0_i64..60, 1_i64..20), 0..30)) {
            let mut pool = offers(&lines);
            let mut left: Vec<i64> = lines.iter().map(|l| l.1).collect();
            for (when, quantity) in asked {
                match pool.take(KEY, at(when), Decimal::from(quantity)) {
                    Some(Source::New(index)) => {
                        prop_assert!(lines[index].0 < when);
                        left[index] -= quantity;
                        prop_assert!(left[index] >= 0);
                        let later = lines.iter().zip(&left).enumerate()
                            .any(|(i, (line, rest))| i != index && line.0 > lines[index].0 && line.0 < when && *rest >= quantity);
                        prop_assert!(!later, "a later line could have served");
                    }
                    Some(Source::Recorded(_)) => unreachable!(),
                    None => prop_assert!(lines.iter().zip(&left).all(|(line, rest)| line.0 >= when || *rest < quantity)),
                }
            }
        }
    }
}
