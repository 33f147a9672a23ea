//! What the costs of many runs say together (`planning.md` 3.7), after Rockafellar and Uryasev: Optimization of
//! conditional value-at-risk, Journal of Risk 2 (2000).

use serde::Serialize;

/// A run's cost and its weight; weights need not sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    pub cost: f64,
    pub weight: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tail {
    pub alpha: f64,
    /// Smallest cost whose cumulative probability reaches α.
    pub value_at_risk: f64,
    /// VaR + Σ p·max(0, cost − VaR) ÷ (1 − α).
    pub conditional: f64,
}

/// What costs are on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub mean: f64,
    /// Sample standard deviation; with unequal weights p that of reliability weights, √(Σ p(c − mean)² ÷ (1 − Σ p²)). None
    /// of a single run.
    pub sd: Option<f64>,
    pub min: f64,
    pub max: f64,
}

/// None without a run of positive weight.
#[must_use]
pub fn spread(runs: &[Weighted]) -> Option<Spread> {
    let total: f64 = runs.iter().map(|run| run.weight).sum();
    if runs.is_empty() || total.is_nan() || total <= 0.0 {
        return None;
    }
    let share = |run: &Weighted| run.weight / total;
    let mean: f64 = runs.iter().map(|run| share(run) * run.cost).sum();
    let squares: f64 = runs.iter().map(|run| share(run) * (run.cost - mean).powi(2)).sum();
    let free = 1.0 - runs.iter().map(|run| share(run).powi(2)).sum::<f64>();
    Some(Spread {
        mean,
        sd: (runs.len() > 1 && free > 1e-12).then(|| (squares / free).sqrt()),
        min: runs.iter().map(|run| run.cost).fold(f64::INFINITY, f64::min),
        max: runs.iter().map(|run| run.cost).fold(f64::NEG_INFINITY, f64::max),
    })
}

/// None without a run of positive weight, or with an α outside 0 to 1.
#[must_use]
pub fn tail(runs: &[Weighted], alpha: f64) -> Option<Tail> {
    let total: f64 = runs.iter().map(|run| run.weight).sum();
    let fits = total > 0.0 && alpha > 0.0 && alpha < 1.0;
    if !fits {
        return None;
    }
    let mut ordered = runs.to_vec();
    ordered.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let mut so_far = 0.0;
    let at = ordered.iter().find(|run| {
        so_far += run.weight / total;
        // Weights of a tenth do not sum to nine tenths exactly.
        so_far >= alpha - 1e-12
    })?;
    let above: f64 = ordered.iter().map(|run| run.weight / total * (run.cost - at.cost).max(0.0)).sum();
    Some(Tail { alpha, value_at_risk: at.cost, conditional: at.cost + above / (1.0 - alpha) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_equal_runs_have_a_tail_of_two() {
        let runs: Vec<_> = (1..=20).rev().map(|cost| Weighted { cost: f64::from(cost), weight: 1.0 }).collect();
        let tail = tail(&runs, 0.90).unwrap();
        assert!((tail.value_at_risk - 18.0).abs() < 1e-9, "{tail:?}");
        assert!((tail.conditional - 19.5).abs() < 1e-9, "{tail:?}");
    }

    #[test]
    fn probabilities_weigh_the_tail() {
        let runs = [(10.0, 0.5), (20.0, 0.3), (40.0, 0.2)].map(|(cost, weight)| Weighted { cost, weight });
        let of = |alpha| tail(&runs, alpha).map(|tail| (tail.value_at_risk, tail.conditional)).unwrap();
        // 10 + (0.3·10 + 0.2·30) ÷ 0.5; 20 + 0.2·20 ÷ 0.25.
        for ((var, cvar), alpha) in [((10.0, 28.0), 0.5), ((20.0, 36.0), 0.75), ((40.0, 40.0), 0.9)] {
            let found = of(alpha);
            assert!((found.0 - var).abs() < 1e-9 && (found.1 - cvar).abs() < 1e-9, "{alpha}: {found:?}");
        }
    }

    #[test]
    fn the_spread_of_equal_runs_is_that_of_a_sample() {
        let runs = [2.0, 4.0, 9.0].map(|cost| Weighted { cost, weight: 0.4 });
        let spread = spread(&runs).unwrap();
        // 3² + 1² + 4² = 26, over n − 1.
        assert!(
            (spread.mean - 5.0).abs() < 1e-12 && (spread.sd.unwrap() - 13.0_f64.sqrt()).abs() < 1e-12,
            "{spread:?}"
        );
        assert_eq!((spread.min, spread.max), (2.0, 9.0));
        assert_eq!(super::spread(&runs[..1]).unwrap().sd, None);
        assert_eq!(super::spread(&[]), None);
    }

    #[test]
    fn no_runs_have_no_tail() {
        assert_eq!(tail(&[], 0.9), None);
        assert_eq!(tail(&[Weighted { cost: 1.0, weight: 1.0 }], 1.0), None);
    }
}
