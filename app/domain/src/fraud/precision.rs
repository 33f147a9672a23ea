//! How often a rule was right (`commerce.md` 3.5).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Decided cases from which a precision says enough to be compared with another.
pub const LEAST_DECIDED: i64 = 30;
/// 97.5 % of the standard normal distribution lies below.
const Z: f64 = 1.959_963_984_540_054;

/// How often a rule hit, and how often that was fraud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulePrecision {
    pub code: String,
    /// Sales it hit.
    pub hits: i64,
    /// Of those, cases decided so.
    pub confirmed: i64,
    pub legitimate: i64,
    /// Confirmed and legitimate ones together.
    pub n: i64,
    /// Confirmed ones as a share of `n`.
    pub precision: Option<f64>,
    /// Of the Wilson 95 % interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// By precision among those with 30 decided cases or more.
    pub rank: Option<i32>,
}

/// Precision of the rules, those with a rank first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulePerformance {
    /// Days of the decisions, both included.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Only decisions of this set.
    pub rule_set: Option<i32>,
    pub items: Vec<RulePrecision>,
}

/// Days and set of [`RulePerformance`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerformanceQuery {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub rule_set: Option<i32>,
}

/// What was counted of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub code: String,
    pub hits: i64,
    pub confirmed: i64,
    pub legitimate: i64,
}

/// Interval in which a share lies with 95 % confidence, when `k` of `n` were found (Wilson 1927); `None` for no `n`.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
pub fn wilson(k: i64, n: i64) -> Option<(f64, f64)> {
    if n <= 0 {
        return None;
    }
    let (n, share) = (n as f64, k as f64 / n as f64);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let (middle, scale) = (share + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    Some((((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)))
}

/// Four decimals: a hundredth of a percent.
fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

/// Ranks the rules that were decided often enough; the others follow in the order they came in.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "as above")]
pub fn ranked(counted: Vec<Counted>) -> Vec<RulePrecision> {
    let mut rules: Vec<RulePrecision> = counted
        .into_iter()
        .map(|Counted { code, hits, confirmed, legitimate }| {
            let n = confirmed + legitimate;
            let (low, high) = wilson(confirmed, n).unzip();
            RulePrecision {
                precision: (n > 0).then(|| rounded(confirmed as f64 / n as f64)),
                low: low.map(rounded),
                high: high.map(rounded),
                rank: None,
                code,
                hits,
                confirmed,
                legitimate,
                n,
            }
        })
        .collect();
    let enough = |rule: &RulePrecision| rule.precision.filter(|_| rule.n >= LEAST_DECIDED);
    rules.sort_by(|a, b| match (enough(a), enough(b)) {
        (Some(x), Some(y)) => y.total_cmp(&x).then(b.n.cmp(&a.n)).then_with(|| a.code.cmp(&b.code)),
        (x, y) => y.is_some().cmp(&x.is_some()),
    });
    for (rank, rule) in (1..).zip(rules.iter_mut().take_while(|rule| enough(rule).is_some())) {
        rule.rank = Some(rank);
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(code: &str, confirmed: i64, legitimate: i64) -> Counted {
        Counted { code: code.into(), hits: 100, confirmed, legitimate }
    }

    /// Example 16 of `commerce.md`: 491 of 491 have a lower bound of 0.992; the others from Wilson's own formula.
    #[test]
    fn the_interval_of_wilson() {
        let near = |a: Option<(f64, f64)>, b: (f64, f64)| {
            let a = a.unwrap();
            assert!((a.0 - b.0).abs() < 5e-4 && (a.1 - b.1).abs() < 5e-4, "{a:?} {b:?}");
        };
        near(wilson(491, 491), (0.9922, 1.0));
        near(wilson(0, 10), (0.0, 0.2775));
        near(wilson(5, 10), (0.2366, 0.7634));
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn under_thirty_decided_cases_there_is_no_rank() {
        let rules = ranked(vec![
            counted("few", 29, 0),
            counted("half", 15, 15),
            counted("none", 0, 0),
            counted("most", 60, 20),
        ]);
        let shown: Vec<_> = rules.iter().map(|r| (r.code.as_str(), r.rank, r.precision)).collect();
        assert_eq!(
            shown,
            [
                ("most", Some(1), Some(0.75)),
                ("half", Some(2), Some(0.5)),
                ("few", None, Some(1.0)),
                ("none", None, None)
            ]
        );
    }
}
