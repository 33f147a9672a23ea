//! Chance that comes out the same every time.

#![allow(dead_code, reason = "each test binary uses its part")]

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    /// Once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Seeds of the random worlds of a test: as many as `MILLRACE_TEST_WORLDS` says, else `usual`.
pub fn seeds(usual: u64) -> std::ops::RangeInclusive<u64> {
    let asked = std::env::var("MILLRACE_TEST_WORLDS").ok().map(|n| n.parse().expect("a number of worlds"));
    1..=asked.unwrap_or(usual)
}
