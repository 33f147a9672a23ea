//! Customers by recency, frequency and money (`commerce.md` 3.7): nearest-rank cut points and scores from 1 to 5. The
//! grid of segments is in `domain::analytics::Segment`.

use domain::analytics::Segment;
use rust_decimal::Decimal;

/// Shares of the customers below each cut, in percent, rising.
pub type Percentiles = [u8; 4];
/// A fifth of the customers each.
pub const FIFTHS: Percentiles = [20, 40, 60, 80];

/// What a customer did in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviour {
    /// Calendar days since the last sale.
    pub days_since: i32,
    pub orders: i32,
    /// Net, refunds taken off.
    pub revenue: Decimal,
}

/// Four cut points of each value, rising.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cuts {
    pub r: [i32; 4],
    pub f: [i32; 4],
    pub m: [Decimal; 4],
}

/// Scores of one customer, 5 the best, and where they lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scores {
    pub r: i16,
    pub f: i16,
    pub m: i16,
    pub segment: Segment,
}

/// The value of rank ⌈p·n/100⌉ of rising `values`; the default where there are none.
fn nearest_rank<T: Copy + Default>(values: &[T], percent: u8) -> T {
    let rank = (values.len() * usize::from(percent)).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

fn four<T: Copy + Default + Ord>(mut values: Vec<T>, at: Percentiles) -> [T; 4] {
    values.sort_unstable();
    at.map(|percent| nearest_rank(&values, percent))
}

/// The cut points of these customers.
#[must_use]
pub fn cuts(customers: &[Behaviour], at: Percentiles) -> Cuts {
    Cuts {
        r: four(customers.iter().map(|c| c.days_since).collect(), at),
        f: four(customers.iter().map(|c| c.orders).collect(), at),
        m: four(customers.iter().map(|c| c.revenue).collect(), at),
    }
}

/// 1 and one more for each cut point below the value.
fn score<T: PartialOrd>(value: &T, cuts: &[T; 4]) -> i16 {
    cuts.iter().fold(1, |score, cut| score + i16::from(cut < value))
}

impl Cuts {
    /// Few days since the last sale are good, so that score runs the other way.
    #[must_use]
    pub fn scores(&self, customer: &Behaviour) -> Scores {
        let (r, f, m) = (
            6 - score(&customer.days_since, &self.r),
            score(&customer.orders, &self.f),
            score(&customer.revenue, &self.m),
        );
        Scores { r, f, m, segment: Segment::of(r, (f + m + 1) / 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn customer(days_since: i32, orders: i32, revenue: i64) -> Behaviour {
        Behaviour { days_since, orders, revenue: revenue.into() }
    }

    #[test]
    fn ranks_are_the_nearest() {
        let ten: Vec<i32> = (1..=10).collect();
        assert_eq!(FIFTHS.map(|p| nearest_rank(&ten, p)), [2, 4, 6, 8]);
        assert_eq!(FIFTHS.map(|p| nearest_rank(&[7], p)), [7; 4]);
        assert_eq!(FIFTHS.map(|p| nearest_rank(&[1, 2, 3], p)), [1, 2, 2, 3]);
        assert_eq!(nearest_rank::<i32>(&[], 20), 0);
    }

    #[test]
    fn a_value_at_a_cut_is_not_above_it() {
        let cuts = Cuts { r: [15, 35, 66, 112], f: [1, 1, 2, 3], m: [200, 341, 620, 1_260].map(Decimal::from) };
        let of = |c: &Behaviour| {
            let s = cuts.scores(c);
            (s.r, s.f, s.m, s.segment)
        };
        assert_eq!(of(&customer(15, 4, 1_261)), (5, 5, 5, Segment::Champions));
        assert_eq!(of(&customer(16, 1, 200)), (4, 1, 1, Segment::New));
        // 2 orders are above both cuts of 1: the third score.
        assert_eq!(of(&customer(67, 2, 201)), (2, 3, 2, Segment::AtRisk));
        assert_eq!(of(&customer(113, 1, 1)), (1, 1, 1, Segment::Lost));
        assert_eq!(of(&customer(365, 9, 9_999)), (1, 5, 5, Segment::CannotLose));
    }

    proptest! {
        #[test]
        fn better_never_scores_less(values in prop::collection::vec((0_i32..400, 1_i32..30, -500_i64..5_000), 1..60)) {
            let customers: Vec<_> = values.iter().map(|&(d, o, r)| customer(d, o, r)).collect();
            let cuts = cuts(&customers, FIFTHS);
            prop_assert!(cuts.r.is_sorted() && cuts.f.is_sorted() && cuts.m.is_sorted());
            for one in &customers {
                let scores = cuts.scores(one);
                prop_assert!([scores.r, scores.f, scores.m].iter().all(|s| (1..=5).contains(s)));
                for other in customers.iter().filter(|o| o.days_since <= one.days_since && o.orders >= one.orders) {
                    prop_assert!(cuts.scores(other).r >= scores.r && cuts.scores(other).f >= scores.f);
                }
            }
        }
    }
}
