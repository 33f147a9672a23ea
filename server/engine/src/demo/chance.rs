//! Seeded chance: the same seed and stream give the same draws on every machine and in every release.

use chrono::{DateTime, Utc};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use uuid::{Builder, Uuid};

/// One stream of draws. Only integers are drawn, so no platform's floating point takes part.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// Streams of one seed are independent: a change in how one is used leaves the others alone.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform in 0..n; 0 when `n` is 0. The bias of the multiplication is below 2⁻⁴⁰ for the n used here.
    pub fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Uniform index of a slice of `len` elements.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// Uniform in `from..=to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to - from).unwrap_or(0) + 1;
        from + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// True in `percent` of 100 draws.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }

    /// A UUID v7 whose time part is `at`.
    pub fn id(&mut self, at: DateTime<Utc>) -> Uuid {
        let mut random = [0; 10];
        self.0.fill_bytes(&mut random);
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// `digits` hexadecimal digits, at most 16.
    pub fn hex(&mut self, digits: usize) -> String {
        format!("{:016x}", self.0.next_u64()).chars().take(digits).collect()
    }
}

/// Draws indexes in proportion to integer weights.
#[derive(Debug, Clone)]
pub struct Lottery {
    /// Running sums of the weights.
    sums: Vec<u64>,
}

impl Lottery {
    #[must_use]
    pub fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        let sums = weights
            .into_iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        Self { sums }
    }

    /// An index; one of weight 0 is never drawn.
    pub fn draw(&self, chance: &mut Chance) -> usize {
        let ticket = chance.below(self.sums.last().copied().unwrap_or(0));
        self.sums.partition_point(|sum| *sum <= ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut chance = Chance::new(42, 1);
        let drawn: Vec<u64> = (0..6).map(|_| chance.below(1_000)).collect();
        assert_eq!(drawn, [716, 166, 482, 846, 66, 773]);
    }

    #[test]
    fn draws_follow_the_weights() {
        let lottery = Lottery::new([1, 0, 3]);
        let mut chance = Chance::new(7, 0);
        let mut seen = [0_u32; 3];
        for _ in 0..4_000 {
            seen[lottery.draw(&mut chance)] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2_850..3_150).contains(&seen[2]), "{seen:?}");
    }

    #[test]
    fn ids_carry_their_time() {
        let at = DateTime::from_timestamp_millis(1_790_000_000_123).expect("a time");
        let id = Chance::new(1, 1).id(at);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().map(|t| t.to_unix().0), Some(1_790_000_000));
    }
}
