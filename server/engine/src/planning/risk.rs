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
    fn no_runs_have_no_tail() {
        assert_eq!(tail(&[], 0.9), None);
        assert_eq!(tail(&[Weighted { cost: 1.0, weight: 1.0 }], 1.0), None);
    }
}
