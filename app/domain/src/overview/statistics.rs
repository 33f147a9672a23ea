//! Small formulas of the tiles.

use super::tile::Interval;
use rust_decimal::{Decimal, RoundingStrategy};

/// 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// 100 · (now − before) / before with one decimal, half away from zero; `None` ("n/a") when there is
/// nothing positive to compare with.
#[must_use]
pub fn change_percent(now: Decimal, before: Decimal) -> Option<Decimal> {
    if before <= Decimal::ZERO {
        return None;
    }
    let change = now.checked_sub(before)?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before)?;
    Some(round(change, 1))
}

/// 100 · part / whole to six decimals; `None` without a whole.
#[must_use]
pub fn rate_percent(part: i64, whole: i64) -> Option<Decimal> {
    (whole > 0).then(|| round(Decimal::from(part) * Decimal::ONE_HUNDRED / Decimal::from(whole), 6))
}

/// 95 % Wilson score interval of `hits` in `of` trials, in percent with one decimal; `None` without trials.
/// Wilson (1927), without continuity correction.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of visitors are far below 2^52")]
pub fn wilson_95(hits: i64, of: i64) -> Option<Interval> {
    if of <= 0 || hits < 0 || hits > of {
        return None;
    }
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let z2 = Z * Z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let percent = |share: f64| Decimal::from_f64_retain((share * 100.0).clamp(0.0, 100.0)).map(|d| round(d, 1));
    Some(Interval { low: percent(middle - half)?, high: percent(middle + half)? })
}

fn round(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn change_has_one_decimal_and_no_base_of_zero_or_less() {
        assert_eq!(change_percent(d("59911.97"), d("28750.65")), Some(d("108.4")));
        assert_eq!(change_percent(d("86"), d("89")), Some(d("-3.4")));
        assert_eq!(change_percent(d("1082"), d("1000")), Some(d("8.2")));
        assert_eq!(change_percent(d("763562.36"), d("519114.77")), Some(d("47.1")));
        assert_eq!(change_percent(d("716368.85"), d("475780.00")), Some(d("50.6")));
        assert_eq!(change_percent(d("23958.78"), d("-1566.23")), None);
        assert_eq!(change_percent(d("5"), d("0")), None);
        assert_eq!(change_percent(d("0"), d("5")), Some(d("-100")));
    }

    #[test]
    fn rates_of_the_specification() {
        assert_eq!(rate_percent(1, 1), Some(d("100")));
        assert_eq!(rate_percent(3, 0), None);
        assert_eq!(rate_percent(34, 1000), Some(d("3.4")));
        assert_eq!(wilson_95(34, 1000), Some(Interval { low: d("2.4"), high: d("4.7") }));
        assert_eq!(rate_percent(8, 42).map(|r| r.round_dp(1)), Some(d("19.0")));
        assert_eq!(wilson_95(8, 42), Some(Interval { low: d("10.0"), high: d("33.3") }));
        assert_eq!(wilson_95(0, 0), None);
        assert_eq!(wilson_95(5, 4), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate(of in 1_i64..1_000_000, share in 0.0_f64..=1.0) {
            let hits = (of as f64 * share) as i64;
            let interval = wilson_95(hits, of).unwrap();
            let rate = rate_percent(hits, of).unwrap();
            prop_assert!(interval.low <= interval.high && interval.low >= Decimal::ZERO && interval.high <= Decimal::ONE_HUNDRED);
            prop_assert!(interval.low - d("0.1") <= rate && rate <= interval.high + d("0.1"));
        }
    }
}
