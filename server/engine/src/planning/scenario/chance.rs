//! Seeded draws: one u a key, by inverse distribution, so that the same seed gives the same documents everywhere.

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// The stream of one draw of a seed.
#[derive(Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    #[must_use]
    pub fn new(seed: u64, draw: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(draw);
        Self(rng)
    }

    /// Between 0 and 1, never either: (⌊x ÷ 2¹¹⌋ + 0.5)·2⁻⁵³.
    #[allow(clippy::cast_precision_loss, reason = "53 bits")]
    pub fn u(&mut self) -> f64 {
        let x = self.0.next_u64();
        ((x >> 11) as f64 + 0.5) * 2.0_f64.powi(-53)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    Normal {
        mean: f64,
        sd: f64,
    },
    Triangular {
        low: f64,
        mode: f64,
        high: f64,
    },
    Uniform {
        low: f64,
        high: f64,
    },
    /// Of mean 1.
    Lognormal {
        sigma: f64,
    },
    /// Values and weights.
    Discrete(Vec<(f64, f64)>),
    /// A row's own low, middle and high; replaces the value.
    DemandInterval,
}

impl Distribution {
    /// The value at u; `own` is the row's interval.
    #[must_use]
    pub fn at(&self, u: f64, own: Option<(f64, f64, f64)>) -> f64 {
        match self {
            Self::Normal { mean, sd } => mean + sd * normal(u),
            Self::Triangular { low, mode, high } => triangular(u, *low, *mode, *high),
            Self::Uniform { low, high } => low + (high - low) * u,
            Self::Lognormal { sigma } => (sigma * normal(u) - sigma * sigma / 2.0).exp(),
            Self::Discrete(values) => {
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                let mut so_far = 0.0;
                let found = values.iter().find(|(_, weight)| {
                    so_far += weight;
                    u * total <= so_far
                });
                found.or(values.last()).map_or(1.0, |(value, _)| *value)
            }
            Self::DemandInterval => own.map_or(1.0, |(low, mode, high)| triangular(u, low, mode, high)),
        }
    }
}

fn triangular(u: f64, low: f64, mode: f64, high: f64) -> f64 {
    let width = high - low;
    if width <= 0.0 {
        return mode;
    }
    if u * width <= mode - low {
        low + (u * width * (mode - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - mode)).sqrt()
    }
}

/// The standard normal quantile: Wichura, Algorithm AS 241, Applied Statistics 37 (1988), `PPND16`.
#[must_use]
#[allow(clippy::excessive_precision, reason = "as published")]
pub fn normal(u: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_608_0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ];
    const B: [f64; 8] = [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_90,
        5.769_497_221_460_691_405_50,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_40,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_103_777_20,
        5.463_784_911_164_114_369_90,
        1.784_826_539_917_291_335_80,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ];
    let ratio = |top: &[f64; 8], bottom: &[f64; 8], r: f64| {
        let of = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * r + term);
        of(top) / of(bottom)
    };
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&A, &B, 0.180_625 - q * q);
    }
    let r = (-if q < 0.0 { u } else { 1.0 - u }.ln()).sqrt();
    let tail = if r <= 5.0 { ratio(&C, &D, r - 1.6) } else { ratio(&E, &F, r - 5.0) };
    if q < 0.0 { -tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        for (draw, expected) in [
            (0, [2_910_824_217_569_608_635_u64, 3_098_856_782_162_503_994]),
            (1, [18_301_176_669_829_311_175, 166_969_048_821_288_533]),
        ] {
            let mut draws = Draws::new(7, draw);
            assert_eq!([draws.0.next_u64(), draws.0.next_u64()], expected);
        }
        let mut draws = Draws::new(7, 0);
        for expected in [0.157_796_097_020_619, 0.167_989_362_772_101] {
            assert!((draws.u() - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn quantiles_are_the_known_ones() {
        for (u, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!((normal(u) - z).abs() < 1e-12 * z.abs().max(1.0), "{u}: {}", normal(u));
        }
    }

    #[test]
    fn ten_thousand_normal_draws_have_their_mean() {
        let mut draws = Draws::new(7, 0);
        let normal = Distribution::Normal { mean: 1.0, sd: 0.1 };
        let mean = (0..10_000).map(|_| normal.at(draws.u(), None)).sum::<f64>() / 10_000.0;
        assert!((mean - 1.0).abs() <= 3.0 * 0.1 / 100.0, "{mean}");
    }

    #[test]
    fn distributions_stay_within_their_bounds() {
        let mut draws = Draws::new(1, 0);
        for _ in 0..1_000 {
            let u = draws.u();
            let triangle = Distribution::Triangular { low: 0.8, mode: 1.0, high: 1.2 }.at(u, None);
            assert!((0.8..=1.2).contains(&triangle));
            assert!((90.0..=130.0).contains(&Distribution::DemandInterval.at(u, Some((90.0, 100.0, 130.0)))));
            assert!([0.5, 2.0].contains(&Distribution::Discrete(vec![(0.5, 1.0), (2.0, 3.0)]).at(u, None)));
        }
        assert!((triangular(0.5, 0.0, 1.0, 2.0) - 1.0).abs() < 1e-12);
    }
}
