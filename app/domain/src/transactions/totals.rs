//! Price and totals of a sale (`commerce.md` 3.1). Everything is rounded half-up to the currency's
//! minor unit per line, so sums of lines and totals agree to the cent.

use crate::money::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// What a line costs before anything is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricedLine {
    pub quantity: Decimal,
    pub unit_price: Decimal,
    /// The line's own discount, at most its gross.
    pub discount: Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTotals {
    pub gross: Decimal,
    /// The line's own discount and its part of the header's.
    pub discount: Decimal,
    pub net: Decimal,
    pub tax: Decimal,
}

/// net = gross − discount; total = net + tax + shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleTotals {
    pub lines: Vec<LineTotals>,
    pub gross: Decimal,
    pub discount: Decimal,
    pub net: Decimal,
    pub tax: Decimal,
    pub shipping: Decimal,
    pub total: Decimal,
}

/// Why totals cannot be made; the caller knows which field to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalsFault {
    /// The discount of line `.0` is larger than its gross.
    LineDiscount(usize),
    /// The header discount is larger than what is left of the lines.
    Discount,
}

/// `tax_rate` is a share (0.08). Taxes the net, not the shipping.
///
/// # Errors
/// When a discount is larger than what it is taken from.
pub fn totals(
    lines: &[PricedLine],
    discount: Decimal,
    shipping: Decimal,
    tax_rate: Decimal,
    currency: Currency,
) -> Result<SaleTotals, Vec<TotalsFault>> {
    let digits = currency.minor_digits();
    let round = |value: Decimal| value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    let (discount, shipping) = (round(discount), round(shipping));

    let gross: Vec<Decimal> = lines.iter().map(|l| round(l.quantity * l.unit_price)).collect();
    let own: Vec<Decimal> = lines.iter().map(|l| round(l.discount)).collect();
    let left: Vec<Decimal> = gross.iter().zip(&own).map(|(g, d)| g - d).collect();

    let mut faults: Vec<TotalsFault> = left
        .iter()
        .enumerate()
        .filter(|(_, l)| l.is_sign_negative() && !l.is_zero())
        .map(|(i, _)| TotalsFault::LineDiscount(i))
        .collect();
    if faults.is_empty() && discount > left.iter().sum() {
        faults.push(TotalsFault::Discount);
    }
    if !faults.is_empty() {
        return Err(faults);
    }

    let spread = spread(discount, &left, digits);
    let lines: Vec<LineTotals> = (0..lines.len())
        .map(|i| {
            let net = left[i] - spread[i];
            LineTotals { gross: gross[i], discount: own[i] + spread[i], net, tax: round(net * tax_rate) }
        })
        .collect();
    let sum = |part: fn(&LineTotals) -> Decimal| lines.iter().map(part).sum::<Decimal>();
    let (gross, discount, net, tax) = (sum(|l| l.gross), sum(|l| l.discount), sum(|l| l.net), sum(|l| l.tax));
    Ok(SaleTotals { gross, discount, net, tax, shipping, total: net + tax + shipping, lines })
}

/// Spreads `amount` over `weights` by their share, in steps of the minor unit, by largest remainder
/// (ties to the earlier line), so that the parts add up. No part exceeds its weight as long as
/// `amount` does not exceed their sum.
fn spread(amount: Decimal, weights: &[Decimal], digits: u32) -> Vec<Decimal> {
    let sum: Decimal = weights.iter().sum();
    if sum.is_zero() || amount.is_zero() {
        return vec![Decimal::ZERO; weights.len()];
    }
    let exact: Vec<Decimal> = weights.iter().map(|w| amount * w / sum).collect();
    let mut parts: Vec<Decimal> =
        exact.iter().map(|e| e.round_dp_with_strategy(digits, RoundingStrategy::ToZero)).collect();
    let unit = Decimal::new(1, digits);
    let mut open = amount - parts.iter().sum::<Decimal>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // A stable sort keeps the earlier line first among equals.
    order.sort_by(|a, b| (exact[*b] - parts[*b]).cmp(&(exact[*a] - parts[*a])));
    for i in order.into_iter().cycle() {
        if open < unit {
            break;
        }
        if parts[i] + unit <= weights[i] {
            parts[i] += unit;
            open -= unit;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(quantity: &str, unit_price: &str) -> PricedLine {
        PricedLine { quantity: d(quantity), unit_price: d(unit_price), discount: Decimal::ZERO }
    }

    #[test]
    fn acceptance_example_1() {
        let t = totals(&[line("3", "19.99")], d("5.00"), d("4.50"), d("0.08"), Currency::USD).unwrap();
        assert_eq!((t.gross, t.net, t.tax, t.total), (d("59.97"), d("54.97"), d("4.40"), d("63.87")));
    }

    #[test]
    fn a_header_discount_is_spread_by_largest_remainder() {
        let t = totals(&[line("1", "10"), line("1", "10"), line("1", "10")], d("10"), d("0"), d("0"), Currency::USD)
            .unwrap();
        let parts: Vec<Decimal> = t.lines.iter().map(|l| l.discount).collect();
        assert_eq!(parts, [d("3.34"), d("3.33"), d("3.33")]);
        assert_eq!(t.net, d("20.00"));
    }

    #[test]
    fn half_a_minor_unit_goes_up_and_yen_have_none() {
        assert_eq!(totals(&[line("0.5", "0.01")], d("0"), d("0"), d("0"), Currency::USD).unwrap().net, d("0.01"));
        let yen = totals(&[line("1", "105")], d("0"), d("0.5"), d("0.1"), "JPY".parse().unwrap()).unwrap();
        assert_eq!((yen.tax, yen.shipping, yen.total), (d("11"), d("1"), d("117")));
    }

    #[test]
    fn discounts_cannot_exceed_what_they_are_taken_from() {
        assert_eq!(
            totals(&[line("1", "10")], d("10.01"), d("0"), d("0"), Currency::USD),
            Err(vec![TotalsFault::Discount])
        );
        let with_own = PricedLine { discount: d("11"), ..line("1", "10") };
        assert_eq!(
            totals(&[line("1", "5"), with_own], d("0"), d("0"), d("0"), Currency::USD),
            Err(vec![TotalsFault::LineDiscount(1)])
        );
    }

    proptest! {
        #[test]
        fn parts_add_up_and_none_goes_below_zero(
            cents in proptest::collection::vec((1_i64..1_000, 0_i64..5_000, 0_u8..=100), 1..12),
            share in 0_u8..=100,
        ) {
            let lines: Vec<PricedLine> = cents.iter().map(|(quantity, price, own)| {
                let (quantity, unit_price) = (Decimal::from(*quantity), Decimal::new(*price, 2));
                PricedLine { quantity, unit_price, discount: (quantity * unit_price * Decimal::new(i64::from(*own), 2)).round_dp_with_strategy(2, RoundingStrategy::ToZero) }
            }).collect();
            let left: Decimal = lines.iter().map(|l| l.quantity * l.unit_price - l.discount).sum();
            let discount = (left * Decimal::new(i64::from(share), 2)).round_dp_with_strategy(2, RoundingStrategy::ToZero);
            let t = totals(&lines, discount, Decimal::ZERO, Decimal::new(8, 2), Currency::USD).unwrap();
            let own: Decimal = lines.iter().map(|l| l.discount).sum();
            prop_assert_eq!(t.discount, own + discount);
            prop_assert_eq!(t.net, t.gross - t.discount);
            prop_assert_eq!(t.total, t.net + t.tax);
            for l in &t.lines {
                prop_assert!(l.net >= Decimal::ZERO && l.discount <= l.gross);
                prop_assert_eq!(l.net, l.gross - l.discount);
            }
        }
    }
}
