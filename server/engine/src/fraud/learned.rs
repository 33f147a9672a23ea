//! A score learned from labelled sales: logistic regression with an L2 penalty over standardised inputs, fitted by
//! Newton's method. The inputs are those of the Fraud Detection Handbook, chapter 3
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/>); the objective is that of scikit-learn,
//! ½·|w|² + C·Σ log(1 + exp(−yᵢ(b + w·xᵢ))), with C = 1 and the intercept free.

use domain::fraud::{Feature, Features};
use rust_decimal::{
    Decimal,
    prelude::{FromPrimitive, ToPrimitive},
};
use serde::{Deserialize, Serialize};

/// What the score looks at.
pub const INPUTS: [&str; 16] = [
    "amount",
    "amount_to_mean_30d",
    "weekend",
    "night",
    "cust_count_24h",
    "cust_count_7d",
    "cust_count_30d",
    "cust_mean_1d",
    "cust_mean_7d",
    "cust_mean_30d",
    "term_count_1d",
    "term_count_7d",
    "term_count_30d",
    "term_risk_1d",
    "term_risk_7d",
    "term_risk_30d",
];
const N: usize = INPUTS.len();
/// Labelled sales, and frauds among them, below which nothing is learned.
pub const LEAST_LABELLED: usize = 2_000;
pub const LEAST_FRAUDS: usize = 200;
/// Local hours before this are night; days after this are the weekend.
const NIGHT_ENDS: f64 = 7.0;
const FRIDAY: f64 = 5.0;
/// Newton steps; a dozen is usual.
const MOST_STEPS: usize = 100;
/// The fit is done when a step would gain less than this share of the objective.
const FLAT: f64 = 1e-12;

/// The inputs of one sale; what is not known is `NaN`, and counts as usual.
pub type Inputs = [f64; N];

/// The inputs of a sale.
#[must_use]
pub fn inputs(features: &Features) -> Inputs {
    let number = |feature| features.number(feature).and_then(|number| number.to_f64()).unwrap_or(f64::NAN);
    let flag =
        |value: f64, holds: fn(f64) -> bool| if value.is_nan() { value } else { f64::from(u8::from(holds(value))) };
    let (amount, mean) = (number(Feature::Amount), number(Feature::CustMean30d));
    [
        amount,
        if mean > 0.0 { amount / mean } else { f64::NAN },
        flag(number(Feature::Weekday), |day| day > FRIDAY),
        flag(number(Feature::HourLocal), |hour| hour < NIGHT_ENDS),
        number(Feature::CustCount24h),
        number(Feature::CustCount7d),
        number(Feature::CustCount30d),
        number(Feature::CustMean1d),
        number(Feature::CustMean7d),
        number(Feature::CustMean30d),
        number(Feature::TermCount1d),
        number(Feature::TermCount7d),
        number(Feature::TermCount30d),
        number(Feature::TermRisk1d),
        number(Feature::TermRisk7d),
        number(Feature::TermRisk30d),
    ]
}

/// A fitted score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub intercept: f64,
    /// Of the standardised inputs, in the order of [`INPUTS`].
    pub coefficients: Vec<f64>,
    pub means: Vec<f64>,
    pub scales: Vec<f64>,
}

/// Why nothing was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unlearned {
    #[error(
        "Only {labelled} labelled sales and {frauds} frauds were known at training time; it takes {LEAST_LABELLED} and {LEAST_FRAUDS}."
    )]
    TooFew { labelled: usize, frauds: usize },
    #[error("The fit came to no end.")]
    NoFit,
}

impl Model {
    /// One weight, mean and scale for each input.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        [&self.coefficients, &self.means, &self.scales].iter().all(|of| of.len() == N)
    }

    /// The probability of fraud, as it is stored with a decision: six decimals.
    #[must_use]
    pub fn judges(&self, features: &Features) -> Option<Decimal> {
        Some(Decimal::from_f64(self.probability(&inputs(features)))?.round_dp(6).normalize())
    }

    /// The probability of fraud.
    #[must_use]
    pub fn probability(&self, inputs: &Inputs) -> f64 {
        let standard = self.means.iter().zip(&self.scales).zip(inputs).map(|((m, s), x)| standardised(*x, *m, *s));
        let sum: f64 = self.coefficients.iter().zip(standard).map(|(w, x)| w * x).sum();
        sigmoid(self.intercept + sum)
    }

    /// Learns from sales and whether they were fraud.
    ///
    /// # Errors
    /// When there are too few, or the fit does not converge.
    pub fn fit(sales: &[(Inputs, bool)]) -> Result<Self, Unlearned> {
        let frauds = sales.iter().filter(|(_, fraud)| *fraud).count();
        if sales.len() < LEAST_LABELLED || frauds < LEAST_FRAUDS {
            return Err(Unlearned::TooFew { labelled: sales.len(), frauds });
        }
        fit(sales).ok_or(Unlearned::NoFit)
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn standardised(x: f64, mean: f64, scale: f64) -> f64 {
    if x.is_nan() { 0.0 } else { (x - mean) / scale }
}

/// Coefficients with the intercept last.
type Weights = [f64; N + 1];

#[allow(clippy::cast_precision_loss, clippy::needless_range_loop, reason = "counts of sales; indices of a matrix")]
fn fit(sales: &[(Inputs, bool)]) -> Option<Model> {
    let (mut means, mut scales) = ([0.0; N], [1.0; N]);
    for j in 0..N {
        let known = || sales.iter().map(|(x, _)| x[j]).filter(|x| !x.is_nan());
        let n = known().count() as f64;
        if n > 0.0 {
            means[j] = known().sum::<f64>() / n;
            let deviation = (known().map(|x| (x - means[j]).powi(2)).sum::<f64>() / n).sqrt();
            scales[j] = if deviation > 0.0 { deviation } else { 1.0 };
        }
    }
    let rows: Vec<(Weights, f64)> = sales
        .iter()
        .map(|(x, fraud)| {
            let row = std::array::from_fn(|j| if j < N { standardised(x[j], means[j], scales[j]) } else { 1.0 });
            (row, f64::from(u8::from(*fraud)))
        })
        .collect();
    let mut weights: Weights = [0.0; N + 1];
    let mut cost = objective(&rows, &weights);
    for _ in 0..MOST_STEPS {
        let (slope, curvature) = slopes(&rows, &weights);
        let step = solve(curvature, slope)?;
        let gain: f64 = slope.iter().zip(&step).map(|(s, d)| s * d).sum();
        if gain <= FLAT * cost {
            let [coefficients @ .., intercept] = weights;
            return Some(Model {
                intercept,
                coefficients: coefficients.to_vec(),
                means: means.to_vec(),
                scales: scales.to_vec(),
            });
        }
        // A whole step may lead too far; half of it and so on never does.
        let mut share = 1.0;
        loop {
            let next: Weights = std::array::from_fn(|j| weights[j] - share * step[j]);
            let at = objective(&rows, &next);
            if at <= cost {
                (weights, cost) = (next, at);
                break;
            }
            share /= 2.0;
            if share < 1e-9 {
                return None;
            }
        }
    }
    None
}

fn score(row: &Weights, weights: &Weights) -> f64 {
    row.iter().zip(weights).map(|(x, w)| x * w).sum()
}

fn objective(rows: &[(Weights, f64)], weights: &Weights) -> f64 {
    let penalty = weights[..N].iter().map(|w| w * w).sum::<f64>() / 2.0;
    // log(1 + exp(z)) − y·z, without overflow.
    let loss = |(row, y): &(Weights, f64)| {
        let z = score(row, weights);
        z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z
    };
    penalty + rows.iter().map(loss).sum::<f64>()
}

type Matrix = [[f64; N + 1]; N + 1];

/// First and second derivatives.
#[allow(clippy::needless_range_loop, reason = "indices of a matrix")]
fn slopes(rows: &[(Weights, f64)], weights: &Weights) -> (Weights, Matrix) {
    let (mut slope, mut curvature): (Weights, Matrix) = ([0.0; N + 1], [[0.0; N + 1]; N + 1]);
    for (row, y) in rows {
        let p = sigmoid(score(row, weights));
        let (off, bend) = (p - y, p * (1.0 - p));
        for i in 0..=N {
            slope[i] += off * row[i];
            for j in 0..=i {
                curvature[i][j] += bend * row[i] * row[j];
            }
        }
    }
    for i in 0..=N {
        for j in 0..i {
            curvature[j][i] = curvature[i][j];
        }
        if i < N {
            slope[i] += weights[i];
            curvature[i][i] += 1.0;
        }
    }
    (slope, curvature)
}

/// Solves a symmetric positive system after Cholesky.
#[allow(clippy::needless_range_loop, reason = "indices of a matrix")]
fn solve(mut a: Matrix, b: Weights) -> Option<Weights> {
    for i in 0..=N {
        for j in 0..=i {
            let sum = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            if i == j {
                if sum <= 0.0 {
                    return None;
                }
                a[i][i] = sum.sqrt();
            } else {
                a[i][j] = sum / a[j][j];
            }
        }
    }
    let mut x = b;
    for i in 0..=N {
        x[i] = (x[i] - (0..i).map(|k| a[i][k] * x[k]).sum::<f64>()) / a[i][i];
    }
    for i in (0..=N).rev() {
        x[i] = (x[i] - (i + 1..=N).map(|k| a[k][i] * x[k]).sum::<f64>()) / a[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    /// Sales whose fraud follows the first two inputs by a known law.
    fn drawn(n: usize) -> Vec<(Inputs, bool)> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..n)
            .map(|_| {
                let x: Inputs = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
                (x, rng.random_range(0.0..1.0) < sigmoid(-1.0 + 2.0 * x[0] - 3.0 * x[1]))
            })
            .collect()
    }

    #[test]
    fn the_law_behind_the_draws_is_found_again() {
        let model = Model::fit(&drawn(12_000)).unwrap();
        let raw = |j: usize| model.coefficients[j] / model.scales[j];
        assert!((raw(0) - 2.0).abs() < 0.2, "{}", raw(0));
        assert!((raw(1) + 3.0).abs() < 0.2, "{}", raw(1));
        assert!((2..N).all(|j| raw(j).abs() < 0.1), "{:?}", model.coefficients);
    }

    /// At the optimum no slope is left; so it is the one optimum of a convex function.
    #[test]
    fn the_fit_is_the_optimum_of_the_objective() {
        let sales = drawn(3_000);
        let model = Model::fit(&sales).unwrap();
        let rows: Vec<(Weights, f64)> =
            sales
                .iter()
                .map(|(x, fraud)| {
                    let row = std::array::from_fn(|j| {
                        if j < N { standardised(x[j], model.means[j], model.scales[j]) } else { 1.0 }
                    });
                    (row, f64::from(u8::from(*fraud)))
                })
                .collect();
        let weights: Weights = std::array::from_fn(|j| if j < N { model.coefficients[j] } else { model.intercept });
        assert!(slopes(&rows, &weights).0.iter().all(|slope| slope.abs() < 1e-3));
        let cost = objective(&rows, &weights);
        for j in 0..=N {
            for step in [-0.01, 0.01] {
                let mut other = weights;
                other[j] += step;
                assert!(objective(&rows, &other) > cost);
            }
        }
    }

    #[test]
    fn what_is_unknown_counts_as_usual_and_what_never_varies_as_nothing() {
        let mut sales = drawn(3_000);
        for (n, (x, _)) in sales.iter_mut().enumerate() {
            x[5] = 4.0;
            if n % 3 == 0 {
                x[0] = f64::NAN;
            }
        }
        let model = Model::fit(&sales).unwrap();
        assert_eq!(model.coefficients[5], 0.0);
        let mut usual: Inputs = std::array::from_fn(|j| model.means[j]);
        let at_mean = model.probability(&usual);
        usual[0] = f64::NAN;
        assert_eq!(model.probability(&usual), at_mean);
    }

    #[test]
    fn too_little_is_said_so() {
        assert_eq!(
            Model::fit(&drawn(1_999)).unwrap_err(),
            Unlearned::TooFew { labelled: 1_999, frauds: drawn(1_999).iter().filter(|(_, fraud)| *fraud).count() }
        );
        let honest: Vec<_> = drawn(5_000).into_iter().map(|(x, _)| (x, false)).collect();
        assert_eq!(Model::fit(&honest).unwrap_err(), Unlearned::TooFew { labelled: 5_000, frauds: 0 });
    }
}
