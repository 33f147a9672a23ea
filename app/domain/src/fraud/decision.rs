//! From what is known of a sale to what happens to it.

use super::{
    feature::{Feature, Features, Value},
    rules::{RuleSet, Thresholds},
};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// From mildest to strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScreeningOutcome)]
pub enum Outcome {
    Approve,
    /// The sale goes through; somebody looks at it.
    Review,
    /// The sale waits for somebody.
    Hold,
    Decline,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Approve, Self::Review, Self::Hold, Self::Decline];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Review => "review",
            Self::Hold => "hold",
            Self::Decline => "decline",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Approve => "Approved",
            Self::Review => "Approved, to be reviewed",
            Self::Hold => "Held for review",
            Self::Decline => "Declined",
        }
    }

    /// The one place that says so.
    #[must_use]
    pub fn is_suspicious(self) -> bool {
        self != Self::Approve
    }

    /// That of a set for so many points; equality belongs to the stricter side.
    #[must_use]
    pub fn of(points: Decimal, at: Thresholds) -> Self {
        let reached = |threshold: Option<Decimal>| threshold.is_some_and(|threshold| points >= threshold);
        if reached(at.decline_at) {
            Self::Decline
        } else if reached(at.hold_at) {
            Self::Hold
        } else if reached(at.review_at) {
            Self::Review
        } else {
            Self::Approve
        }
    }
}

/// A rule that hit, with what it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    pub code: String,
    pub text: String,
    #[schema(format = "decimal")]
    pub points: Decimal,
    #[schema(value_type = Object)]
    pub inputs: BTreeMap<Feature, Value>,
}

/// A hit as people read it. The browser needs to know no feature by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownHit {
    pub code: String,
    pub text: String,
    #[schema(format = "decimal")]
    pub points: Decimal,
    pub inputs: Vec<ShownInput>,
}

/// What a rule saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownInput {
    pub feature: String,
    /// What it is.
    pub words: String,
    /// A number, `yes` or `no`.
    pub value: String,
}

impl From<Hit> for ShownHit {
    fn from(Hit { code, text, points, inputs }: Hit) -> Self {
        let shown = |(feature, value): (Feature, Value)| ShownInput {
            feature: feature.as_str().to_owned(),
            words: feature.words().to_owned(),
            value: match value {
                Value::Number(number) => number.normalize().to_string(),
                Value::Truth(true) => "yes".to_owned(),
                Value::Truth(false) => "no".to_owned(),
            },
        };
        Self { code, text, points, inputs: inputs.into_iter().map(shown).collect() }
    }
}

/// What a set came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub rule_set: i32,
    pub hits: Vec<Hit>,
    /// Learned probability of fraud, where the set uses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Decimal>,
    /// 0 to 100, two decimals.
    pub points: Decimal,
    pub outcome: Outcome,
}

impl Decision {
    /// Points as a share, half-up to two decimals.
    #[must_use]
    pub fn score(&self) -> Decimal {
        let mut score =
            (self.points / Decimal::ONE_HUNDRED).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        score.rescale(2);
        score
    }

    /// Of the classic set: `medium` from 60 to 80 points, `high` over that.
    #[must_use]
    pub fn band(&self) -> Option<&'static str> {
        match self.points {
            points if points > Decimal::from(80) => Some("high"),
            points if points >= Decimal::from(60) => Some("medium"),
            _ => None,
        }
    }
}

/// Points of a learned probability: 60 for a sure fraud.
#[must_use]
pub fn learned_points(probability: Decimal) -> Decimal {
    Decimal::from(60) * probability
}

/// Judges by `set`; `learned` is the learned probability of fraud, where the set has a model.
#[must_use]
pub fn decide(set: &RuleSet, features: &Features, learned: Option<Decimal>) -> Decision {
    let hits: Vec<Hit> = set
        .rules
        .iter()
        .filter(|rule| rule.enabled && rule.expression.hits(features))
        .map(|rule| {
            let factor = rule.times.map(|feature| features.number(feature).unwrap_or_default());
            let inputs = rule.expression.features().into_iter().chain(rule.times);
            Hit {
                code: rule.code.clone(),
                text: rule.text.clone(),
                points: rule.points * factor.unwrap_or(Decimal::ONE),
                inputs: inputs.filter_map(|feature| Some((feature, features.get(feature)?))).collect(),
            }
        })
        .collect();
    let sum = hits.iter().map(|hit| hit.points).sum::<Decimal>() + learned.map(learned_points).unwrap_or_default();
    let points =
        sum.min(Decimal::ONE_HUNDRED).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize();
    let by_points = Outcome::of(points, set.thresholds);
    let outcome = if features.is_true(Feature::ListBlock) {
        Outcome::Decline
    } else if features.is_true(Feature::ListAllow) {
        by_points.min(Outcome::Review)
    } else {
        by_points
    };
    Decision { rule_set: set.number, hits, learned, points, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn number(pairs: &[(Feature, &str)]) -> Features {
        pairs.iter().fold(Features::default(), |of, (feature, text)| of.with(*feature, dec(text)))
    }

    fn judged(set: &RuleSet, features: &Features) -> (String, Outcome, Vec<String>) {
        let decision = decide(set, features, None);
        let codes = decision.hits.iter().map(|hit| hit.code.clone()).collect();
        (decision.score().to_string(), decision.outcome, codes)
    }

    /// Example 4 of `commerce.md`.
    #[test]
    fn six_earlier_sales_of_40_and_the_fourth_in_ten_minutes_for_250() {
        let features = number(&[
            (Feature::Amount, "250"),
            (Feature::CustOrders90d, "6"),
            (Feature::CustMean90d, "40.00"),
            (Feature::CustCount10m, "4"),
        ]);
        let (score, outcome, codes) = judged(&RuleSet::standard(), &features);
        assert_eq!((score.as_str(), outcome), ("0.55", Outcome::Review));
        assert_eq!(codes, ["amount_vs_own_mean", "velocity_10m"]);
        let hit = &decide(&RuleSet::standard(), &features, None).hits[0];
        assert_eq!(
            hit.inputs.keys().map(|f| f.as_str()).collect::<Vec<_>>(),
            ["amount", "cust_orders_90d", "cust_mean_90d"]
        );
    }

    /// Example 5.
    #[test]
    fn declines_a_new_way_to_pay_and_a_large_amount_are_held() {
        let features = number(&[
            (Feature::Amount, "250"),
            (Feature::CustOrders, "6"),
            (Feature::CustOrders90d, "6"),
            (Feature::CustMean90d, "40"),
            (Feature::CustP90, "80"),
            (Feature::CustCount10m, "1"),
            (Feature::CustDeclined60m, "3"),
        ])
        .with(Feature::CustPaymentKnown, false);
        let (score, outcome, codes) = judged(&RuleSet::standard(), &features);
        assert_eq!((score.as_str(), outcome), ("0.70", Outcome::Hold));
        assert_eq!(codes, ["amount_vs_own_mean", "declines_60m", "new_payment_large"]);
    }

    /// Example 6.
    #[test]
    fn thresholds_belong_to_the_stricter_side_and_block_wins_over_allow() {
        let at = RuleSet::standard().thresholds;
        for (points, outcome) in [
            ("29.99", Outcome::Approve),
            ("30", Outcome::Review),
            ("59.99", Outcome::Review),
            ("60", Outcome::Hold),
            ("84.99", Outcome::Hold),
            ("85", Outcome::Decline),
        ] {
            assert_eq!(Outcome::of(dec(points), at), outcome, "{points}");
        }
        let never = Thresholds::default();
        assert_eq!(Outcome::of(Decimal::ONE_HUNDRED, never), Outcome::Approve);
        let both = Features::default().with(Feature::ListBlock, true).with(Feature::ListAllow, true);
        assert_eq!(judged(&RuleSet::standard(), &both).1, Outcome::Decline);
        let many = number(&[(Feature::Amount, "1000"), (Feature::AmountLimit, "500"), (Feature::PriceGap, "0.5")])
            .with(Feature::ListAllow, true);
        assert_eq!(judged(&RuleSet::standard(), &many).1, Outcome::Review);
        assert_eq!(decide(&RuleSet::standard(), &many, None).points, Decimal::ONE_HUNDRED);
    }

    /// Example 7.
    #[test]
    fn the_classic_set() {
        let set = RuleSet::classic();
        let classic = |pairs: &[(Feature, &str)]| {
            let decision = decide(&set, &number(pairs), None);
            (decision.score().to_string(), decision.outcome.is_suspicious(), decision.band())
        };
        let (count, amount, risk, hour) =
            (Feature::CustCount10m, Feature::Amount, Feature::CustRiskScore, Feature::HourUtc);
        assert_eq!(classic(&[(count, "6"), (amount, "5000.01"), (hour, "12")]), ("0.70".into(), true, Some("medium")));
        assert_eq!(classic(&[(count, "1"), (amount, "5000.00"), (hour, "12")]).0, "0.00");
        assert_eq!(classic(&[(risk, "1.00"), (hour, "3"), (amount, "6000")]), ("0.80".into(), true, Some("medium")));
        assert_eq!(classic(&[(risk, "0.51")]), ("0.15".into(), false, None));
        for hundredth in 0..=100 {
            let risk = Decimal::new(hundredth, 2);
            let decision = decide(&set, &Features::default().with(Feature::CustRiskScore, risk), None);
            assert!(decision.score() <= Decimal::ONE, "{risk}");
        }
    }

    #[test]
    fn a_learned_probability_adds_up_to_sixty_points() {
        let decision = decide(&RuleSet::standard(), &Features::default(), Some(dec("0.505")));
        assert_eq!((decision.points, decision.outcome), (dec("30.3"), Outcome::Review));
        assert_eq!(decision.learned, Some(dec("0.505")));
    }

    #[test]
    fn a_decision_reads_back_as_it_was_written() {
        let features = number(&[(Feature::Amount, "1"), (Feature::TermConfirmed28d, "2")]);
        let decision = decide(&RuleSet::standard(), &features, None);
        let text = serde_json::to_string(&decision).unwrap();
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
        let kept: Features = serde_json::from_str(&serde_json::to_string(&features).unwrap()).unwrap();
        let again = decide(&RuleSet::standard(), &kept, None);
        assert_eq!(serde_json::to_string(&again).unwrap(), text, "replayed byte for byte");
    }
}
