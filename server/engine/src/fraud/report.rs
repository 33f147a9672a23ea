//! What a backtest found (`commerce.md` 3.6), from its judged sales.

use super::{
    learned::{INPUTS, Inputs, Model},
    measures::{self, Scored, Step},
};
use domain::fraud::{
    Feature, Outcome, RuleSet,
    backtest::{
        CurvePoint, DifferenceRow, Learned, OutcomeRow, Ranking, RankingRow, Report, RuleRow, Share, ThresholdRow,
        Weight,
    },
    precision::wilson,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::collections::{BTreeMap, BTreeSet};

/// Points of a curve.
const CURVE: i64 = 50;
/// Points that a sure fraud gets of the learned score.
const LEARNED_POINTS: f64 = 60.0;

/// A sale of the tried days, judged by the tried set and by the one in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub amount: Decimal,
    /// The truth, where it is known.
    pub fraud: Option<bool>,
    /// Whose; a guest is nobody.
    pub customer: Option<u32>,
    /// The day, counted from anywhere.
    pub day: i32,
    /// The probability learned from labels: in this backtest, or before by the score that the set uses.
    pub learned: Option<f64>,
    /// Places, in the tried set, of the rules that hit.
    pub hits: Vec<usize>,
    /// Of the rules alone.
    pub rule_points: Decimal,
    /// With those of the learned score that the set uses.
    pub points: Decimal,
    pub outcome: Outcome,
    /// Of the set in force.
    pub live: Outcome,
}

/// What was tried, and what history told besides the judged sales.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    pub set: &'a RuleSet,
    /// Number of the set in force.
    pub live_set: i32,
    pub days: i64,
    /// Customers looked at a day.
    pub k: u32,
    /// Features known of at least one sale.
    pub known: &'a BTreeSet<Feature>,
    pub known_before: i64,
    pub without_rate: i64,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    sales: i64,
    labelled: i64,
    frauds: i64,
    amount: Decimal,
}

impl Tally {
    fn add(&mut self, sale: &Judged) {
        self.sales += 1;
        self.labelled += i64::from(sale.fraud.is_some());
        self.frauds += i64::from(sale.fraud == Some(true));
        self.amount += sale.amount;
    }

    fn of<'a>(sales: impl Iterator<Item = &'a Judged>) -> Self {
        let mut tally = Self::default();
        sales.for_each(|sale| tally.add(sale));
        tally
    }
}

/// The report; of a score that was learned, and of the time it took, the caller knows more.
#[must_use]
pub fn report(trial: &Trial<'_>, sales: &[Judged]) -> Report {
    let set = trial.set;
    let all = Tally::of(sales.iter());
    let mut outcomes = Outcome::ALL.map(|outcome| (outcome, Tally::default()));
    let mut rules = vec![Tally::default(); set.rules.len()];
    let mut differences: BTreeMap<(Outcome, Outcome), Tally> = BTreeMap::new();
    for sale in sales {
        outcomes.iter_mut().filter(|(of, _)| *of == sale.outcome).for_each(|(_, tally)| tally.add(sale));
        for at in &sale.hits {
            if let Some(tally) = rules.get_mut(*at) {
                tally.add(sale);
            }
        }
        if sale.live != sale.outcome {
            differences.entry((sale.live, sale.outcome)).or_default().add(sale);
        }
    }
    let of = |wanted: Outcome| outcomes.iter().find(|(of, _)| *of == wanted).map_or(Tally::default(), |(_, t)| *t);
    let enabled = || set.rules.iter().zip(&rules).filter(|(rule, _)| rule.enabled);
    let asked: BTreeSet<Feature> = enabled().flat_map(|(rule, _)| rule.expression.features()).collect();
    Report {
        sales: all.sales,
        labelled: all.labelled,
        frauds: all.frauds,
        known_before: trial.known_before,
        without_rate: trial.without_rate,
        days: trial.days,
        cases_per_day: ratio(of(Outcome::Review).sales + of(Outcome::Hold).sales, trial.days).unwrap_or_default(),
        held_value: of(Outcome::Hold).amount.normalize(),
        outcomes: outcomes
            .iter()
            .map(|(outcome, t)| OutcomeRow {
                outcome: *outcome,
                sales: t.sales,
                frauds: t.frauds,
                amount: t.amount.normalize(),
            })
            .collect(),
        rules: enabled()
            .map(|(rule, t)| RuleRow {
                code: rule.code.clone(),
                text: rule.text.clone(),
                hits: t.sales,
                confirmed: t.frauds,
                precision: share(t.frauds, t.labelled),
                recall: ratio(t.frauds, all.frauds),
            })
            .collect(),
        thresholds: thresholds(set, sales, all.frauds),
        rankings: rankings(sales, trial.k),
        differences: differences
            .into_iter()
            .map(|((live, tried), t)| DifferenceRow { live, tried, sales: t.sales, frauds: t.frauds })
            .collect(),
        live_set: trial.live_set,
        attached: set.learned_model,
        learned: None,
        unlearned: None,
        unknown_features: asked.difference(trial.known).map(|feature| feature.words().to_owned()).collect(),
        seconds: 0.0,
    }
}

/// A learned score, and what it was learned from.
#[must_use]
pub fn learned(model: &Model, from: &[(Inputs, bool)]) -> Learned {
    let weight = |(input, weight): (&&str, &f64)| Weight { input: (*input).to_owned(), weight: *weight };
    Learned {
        labelled: length(from.len()),
        frauds: length(from.iter().filter(|(_, fraud)| *fraud).count()),
        weights: INPUTS.iter().zip(&model.coefficients).map(weight).collect(),
        intercept: model.intercept,
        model: None,
    }
}

/// Every ten points, and where the set's own outcomes begin.
fn thresholds(set: &RuleSet, sales: &[Judged], frauds: i64) -> Vec<ThresholdRow> {
    let own = [
        (set.thresholds.review_at, Outcome::Review),
        (set.thresholds.hold_at, Outcome::Hold),
        (set.thresholds.decline_at, Outcome::Decline),
    ];
    let mut points: Vec<Decimal> = (1..=10).map(|ten: i64| Decimal::from(ten * 10)).collect();
    points.extend(own.iter().filter_map(|(at, _)| *at));
    points.iter_mut().for_each(|at| *at = at.normalize());
    points.sort_unstable();
    points.dedup();
    points
        .into_iter()
        .map(|at| {
            let reached = Tally::of(sales.iter().filter(|sale| sale.points >= at));
            ThresholdRow {
                points: at,
                outcome: own.iter().rev().find(|(own, _)| *own == Some(at)).map(|(_, outcome)| *outcome),
                sales: reached.sales,
                precision: share(reached.frauds, reached.labelled),
                recall: ratio(reached.frauds, frauds),
            }
        })
        .collect()
}

/// Orders of the labelled sales; those of a learned score where there is one.
fn rankings(sales: &[Judged], k: u32) -> Vec<RankingRow> {
    let number = |of: Decimal| of.to_f64().unwrap_or_default();
    let learned = sales.iter().any(|sale| sale.learned.is_some());
    [Ranking::Rules, Ranking::Learned, Ranking::Both, Ranking::Amount]
        .into_iter()
        .filter(|ranking| learned || matches!(ranking, Ranking::Rules | Ranking::Amount))
        .map(|ranking| {
            let scored: Vec<Scored> = sales
                .iter()
                .filter_map(|sale| {
                    let p = sale.learned.unwrap_or_default();
                    let score = match ranking {
                        Ranking::Rules => number(sale.rule_points),
                        Ranking::Learned => p,
                        Ranking::Both => (number(sale.rule_points) + LEARNED_POINTS * p).min(100.0),
                        Ranking::Amount => number(sale.amount),
                    };
                    Some(Scored { score, fraud: sale.fraud?, customer: sale.customer, day: sale.day })
                })
                .collect();
            let steps = measures::steps(&scored);
            RankingRow {
                ranking,
                roc_auc: measures::roc_auc(&steps),
                average_precision: measures::average_precision(&steps),
                card_precision: measures::card_precision(&scored, usize::try_from(k).unwrap_or(usize::MAX)),
                curve: curve(&steps),
            }
        })
        .collect()
}

/// Points at about equal distances of recall.
fn curve(steps: &[Step]) -> Vec<CurvePoint> {
    let all = steps.last().map_or(0, |last| last.frauds);
    let (mut points, mut next) = (Vec::new(), 1);
    for step in steps {
        let (Some(recall), Some(precision)) = (ratio(step.frauds, all), ratio(step.frauds, step.sales)) else {
            continue;
        };
        if step.frauds * CURVE >= next * all {
            points.push(CurvePoint { score: step.score, recall, precision });
            next = step.frauds * CURVE / all + 1;
        }
    }
    points
}

fn share(k: i64, n: i64) -> Option<Share> {
    let ((low, high), share) = wilson(k, n).zip(ratio(k, n))?;
    Some(Share { share, low, high, n })
}

#[allow(clippy::cast_precision_loss, reason = "counts of sales")]
fn ratio(k: i64, n: i64) -> Option<f64> {
    (n > 0).then(|| k as f64 / n as f64)
}

fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
