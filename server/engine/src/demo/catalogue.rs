//! The shop's 500 products with prices and stock.

use super::{
    chance::Chance,
    range::{RANGES, Range},
};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const PRODUCTS: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub id: Uuid,
    pub name: &'static str,
}

/// A product. Money in the currency of the business, two decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: Uuid,
    pub sku: String,
    pub name: String,
    /// Index into the categories, which is the index of its range.
    pub category: usize,
    pub price: Decimal,
    pub cost: Decimal,
    /// Pieces at the default site.
    pub on_hand: u32,
    /// How often it is asked for, relative to the others.
    pub popularity: u64,
}

/// The categories and the products; `at` dates their ids.
pub fn catalogue(chance: &mut Chance, at: DateTime<Utc>) -> (Vec<Category>, Vec<Product>) {
    let categories = RANGES.iter().map(|range| Category { id: chance.id(at), name: range.name }).collect();
    let mut products: Vec<Product> = Vec::with_capacity(PRODUCTS);
    for (category, range) in RANGES.iter().enumerate() {
        // 12 × 42 = 504: the last four ranges leave out their last variant.
        let wanted = if category < RANGES.len() - 4 { 42 } else { 41 };
        products.extend(variants(range).take(wanted).enumerate().map(|(n, (name, price))| {
            // Buying costs 52 to 71 % of the price.
            let cost = price * Decimal::new(chance.between(52, 71), 2);
            Product {
                id: chance.id(at),
                sku: format!("{}-{:03}", range.code, n + 1),
                name,
                category,
                price,
                cost: cost.round_dp(2),
                on_hand: 0,
                popularity: 0,
            }
        }));
    }
    let mut ranks: Vec<u64> = (0..products.len() as u64).collect();
    chance.shuffle(&mut ranks);
    for (product, rank) in products.iter_mut().zip(ranks) {
        product.popularity = 1_000_000 / (rank + 30);
        product.on_hand = stock(chance, product.popularity);
    }
    (categories, products)
}

fn variants(range: &Range) -> impl Iterator<Item = (String, Decimal)> + '_ {
    range.articles.iter().flat_map(|(article, price)| {
        range.variants.iter().map(move |(variant, percent)| {
            // Shops end prices on 9.
            let whole = (price * percent / 100 / 10 * 10 + 9).max(19);
            (format!("{article}, {variant}"), Decimal::new(i64::from(whole) * 100, 2))
        })
    })
}

/// Pieces on the shelf: 3 % none, 8 % a few, the rest by demand.
fn stock(chance: &mut Chance, popularity: u64) -> u32 {
    let pieces = match chance.below(100) {
        0..=2 => 0,
        3..=10 => chance.between(1, 5),
        _ => chance.between(12, 60) + i64::try_from(popularity / 150).unwrap_or(0),
    };
    u32::try_from(pieces).unwrap_or(0)
}
