//! How good a score told fraud from the rest (`commerce.md` 3.6). Definitions as in the Fraud Detection Handbook, chapter 4
//! (<https://fraud-detection-handbook.github.io/fraud-detection-handbook/>).

use std::collections::{HashMap, HashSet};

/// A sale with a score and the truth about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub score: f64,
    pub fraud: bool,
    /// Whose; a guest is nobody.
    pub customer: Option<u32>,
    /// The day, counted from anywhere.
    pub day: i32,
}

/// A threshold, and how many sales and frauds reach it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub score: f64,
    pub sales: i64,
    pub frauds: i64,
}

/// One step for each score, from the highest down.
#[must_use]
pub fn steps(scored: &[Scored]) -> Vec<Step> {
    let mut ordered: Vec<(f64, bool)> = scored.iter().map(|one| (one.score, one.fraud)).collect();
    ordered.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut steps: Vec<Step> = Vec::new();
    let (mut sales, mut frauds) = (0, 0);
    for (score, fraud) in ordered {
        sales += 1;
        frauds += i64::from(fraud);
        match steps.last_mut() {
            #[allow(clippy::float_cmp, reason = "equal scores are one step")]
            Some(last) if last.score == score => (last.sales, last.frauds) = (sales, frauds),
            _ => steps.push(Step { score, sales, frauds }),
        }
    }
    steps
}

/// Area under the curve of true over false positives: how often a fraud scores higher than another sale, equal ones
/// counting half. `None` without both kinds.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of sales")]
pub fn roc_auc(steps: &[Step]) -> Option<f64> {
    let last = steps.last()?;
    let (frauds, others) = (last.frauds, last.sales - last.frauds);
    if frauds == 0 || others == 0 {
        return None;
    }
    let (mut area, mut before) = (0.0, (0, 0));
    for step in steps {
        let (right, wrong) = (step.frauds, step.sales - step.frauds);
        area += (wrong - before.1) as f64 * (right + before.0) as f64 / 2.0;
        before = (right, wrong);
    }
    Some(area / (frauds as f64 * others as f64))
}

/// AP = Σ (Rᵢ − Rᵢ₋₁) · Pᵢ over the thresholds from the highest down. `None` without a fraud.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of sales")]
pub fn average_precision(steps: &[Step]) -> Option<f64> {
    let all = steps.last().map(|last| last.frauds).filter(|all| *all > 0)?;
    let (mut sum, mut before) = (0.0, 0);
    for step in steps {
        sum += (step.frauds - before) as f64 / all as f64 * (step.frauds as f64 / step.sales as f64);
        before = step.frauds;
    }
    Some(sum)
}

/// CP@k: a day, the `k` customers with the highest score; the share of those who were truly defrauded that day; customers
/// found on a day are not looked at again; the mean over the days. `None` without a day.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of days and customers")]
pub fn card_precision(scored: &[Scored], k: usize) -> Option<f64> {
    let mut days: Vec<i32> = scored.iter().map(|one| one.day).collect();
    days.sort_unstable();
    days.dedup();
    if days.is_empty() || k == 0 {
        return None;
    }
    let mut by_day: HashMap<i32, HashMap<u32, (f64, bool)>> = HashMap::new();
    for one in scored {
        let Some(customer) = one.customer else { continue };
        let seen = by_day.entry(one.day).or_default().entry(customer).or_insert((f64::NEG_INFINITY, false));
        *seen = (seen.0.max(one.score), seen.1 || one.fraud);
    }
    let (mut found, mut sum) = (HashSet::new(), 0.0);
    for day in &days {
        let customers = by_day.remove(day).unwrap_or_default();
        let mut ranked: Vec<(u32, f64, bool)> = customers
            .into_iter()
            .filter(|(customer, _)| !found.contains(customer))
            .map(|(customer, (score, fraud))| (customer, score, fraud))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(k);
        let caught: Vec<u32> =
            ranked.into_iter().filter(|(_, _, fraud)| *fraud).map(|(customer, ..)| customer).collect();
        sum += caught.len() as f64 / k as f64;
        found.extend(caught);
    }
    Some(sum / days.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(pairs: &[(f64, bool)]) -> Vec<Scored> {
        pairs.iter().map(|(score, fraud)| Scored { score: *score, fraud: *fraud, customer: None, day: 0 }).collect()
    }

    fn near(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
    }

    /// The example of scikit-learn's documentation of both functions: 0.75 and 0.8333.
    #[test]
    fn areas_are_those_of_the_textbook() {
        let steps = steps(&scored(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]));
        near(roc_auc(&steps), 0.75);
        near(average_precision(&steps), 5.0 / 6.0);
    }

    #[test]
    fn equal_scores_are_one_threshold() {
        let steps = steps(&scored(&[(1.0, true), (1.0, false), (1.0, false), (1.0, true)]));
        assert_eq!(steps, [Step { score: 1.0, sales: 4, frauds: 2 }]);
        near(roc_auc(&steps), 0.5);
        near(average_precision(&steps), 0.5);
    }

    #[test]
    fn nothing_is_said_without_both_kinds() {
        assert_eq!(roc_auc(&steps(&scored(&[(1.0, true)]))), None);
        assert_eq!(average_precision(&steps(&scored(&[(1.0, false)]))), None);
        assert_eq!(roc_auc(&[]), None);
        assert_eq!(card_precision(&[], 100), None);
    }

    #[test]
    fn a_customer_found_once_is_not_found_again() {
        let one = |score, fraud, customer, day| Scored { score, fraud, customer: Some(customer), day };
        let scored = [
            one(0.9, true, 1, 1),
            one(0.8, false, 2, 1),
            one(0.7, true, 3, 1),
            // Customer 1 is out; 3 was not among the two and is looked at.
            one(0.9, true, 1, 2),
            one(0.5, true, 3, 2),
            one(0.4, false, 4, 2),
        ];
        near(card_precision(&scored, 2), (0.5 + 0.5) / 2.0);
        near(card_precision(&scored, 1), (1.0 + 1.0) / 2.0);
    }
}
