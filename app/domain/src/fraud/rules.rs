//! Rules and the sets they stand in.

use super::{
    expression::{Constant, Expression},
    feature::Feature,
};
use crate::FieldError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One rule of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Small letters, digits and `_`; its name in decisions and statistics.
    pub code: String,
    pub name: String,
    /// What a reviewer reads when it hits.
    pub text: String,
    pub expression: Expression,
    pub points: Decimal,
    /// The points are multiplied with this feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Feature>,
    pub enabled: bool,
}

/// Points from which an outcome is given; `None` is never reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Thresholds {
    #[schema(format = "decimal")]
    pub review_at: Option<Decimal>,
    #[schema(format = "decimal")]
    pub hold_at: Option<Decimal>,
    #[schema(format = "decimal")]
    pub decline_at: Option<Decimal>,
}

/// What a sale is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    pub number: i32,
    pub name: String,
    #[serde(flatten)]
    pub thresholds: Thresholds,
    pub rules: Vec<Rule>,
    /// Number of the learned score that adds its points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_model: Option<i32>,
}

impl RuleSet {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let Thresholds { review_at, hold_at, decline_at } = self.thresholds;
        let given: Vec<Decimal> = [review_at, hold_at, decline_at].into_iter().flatten().collect();
        if given.windows(2).any(|pair| pair[0] > pair[1]) {
            faults.push(FieldError::new("thresholds", "Review comes before hold, and hold before decline."));
        }
        if given.iter().any(|at| *at < Decimal::ZERO || *at > Decimal::ONE_HUNDRED) {
            faults.push(FieldError::new("thresholds", "Thresholds are from 0 to 100 points."));
        }
        if given.iter().any(|at| is_too_fine(*at)) {
            faults.push(FieldError::new("thresholds", "Thresholds have two decimals at most."));
        }
        for (n, rule) in self.rules.iter().enumerate() {
            let path = |field: &str| format!("rules[{n}].{field}");
            let well_formed = (1..=50).contains(&rule.code.len())
                && rule.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !well_formed {
                faults.push(FieldError::new(path("code"), "1 to 50 small letters, digits and underscores."));
            }
            if self.rules.iter().take(n).any(|other| other.code == rule.code) {
                faults.push(FieldError::new(path("code"), "Another rule has this code."));
            }
            if rule.points < Decimal::ZERO || rule.points > Decimal::ONE_HUNDRED {
                faults.push(FieldError::new(path("points"), "From 0 to 100 points."));
            } else if is_too_fine(rule.points) {
                faults.push(FieldError::new(path("points"), "Points have two decimals at most."));
            }
            if let Err(found) = rule.expression.check(&path("expression")) {
                faults.extend(found);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Set 0: kept for comparison, no single rule reaches its threshold.
    #[must_use]
    pub fn classic() -> Self {
        use Feature::{Amount, CustCount10m, CustRiskScore, HourUtc};
        let hours = (2..=5).map(|hour: i64| Constant::Number(hour.into())).collect();
        let risk = Rule {
            times: Some(CustRiskScore),
            ..rule("risky_customer", "Risky customer", 30, gt(of(CustRiskScore), part("0.5")))
        };
        Self {
            number: 0,
            name: "Classic".to_owned(),
            learned_model: None,
            thresholds: Thresholds { review_at: Some(60.into()), ..Thresholds::default() },
            rules: vec![
                // Five earlier ones; this one is counted, too.
                rule("many_sales", "5 or more sales within the 10 minutes before", 40, ge(of(CustCount10m), number(6))),
                rule("large_total", "Total over 5,000", 30, gt(of(Amount), number(5_000))),
                risk,
                rule("night", "Between 02:00 and 05:59 UTC", 20, Expression::In(of(HourUtc), hours)),
            ],
        }
    }

    /// Set 1: live at the first start.
    #[must_use]
    pub fn standard() -> Self {
        use Feature::{
            Amount, AmountLimit, CategoryP995, CustAmount24h, CustConfirmed28d, CustCount10m, CustCount24h,
            CustDailyP95, CustDeclined60m, CustHourKnown, CustMean90d, CustOrders, CustOrders90d, CustP90,
            CustPaymentKnown, FirstOrderP95, FpCustomers24h, IsFirstOrder, LineNet, ListBlock, PriceGap,
            TermConfirmed28d,
        };
        let all = Expression::All;
        let not = |feature| Expression::Not(of(feature));
        let times = |factor: i64, feature| Box::new(Expression::Mul(number(factor), of(feature)));
        Self {
            number: 1,
            name: "Standard".to_owned(),
            learned_model: None,
            thresholds: Thresholds {
                review_at: Some(30.into()),
                hold_at: Some(60.into()),
                decline_at: Some(85.into()),
            },
            rules: vec![
                rule("block_list", "On the block list", 100, Expression::Feature(ListBlock)),
                rule(
                    "price_mismatch",
                    "A price differs from the catalogue by more than 20 %",
                    40,
                    gt(of(PriceGap), part("0.2")),
                ),
                rule("amount_limit", "Over the company's limit", 60, gt(of(Amount), of(AmountLimit))),
                rule(
                    "amount_vs_own_mean",
                    "More than 5 times the customer's own mean",
                    25,
                    all(vec![ge(of(CustOrders90d), number(5)), gt(of(Amount), times(5, CustMean90d))]),
                ),
                rule("amount_in_category", "A line stands out in its category", 15, gt(of(LineNet), of(CategoryP995))),
                rule("velocity_10m", "4 or more attempts within 10 minutes", 30, ge(of(CustCount10m), number(4))),
                rule("velocity_24h", "10 or more attempts within 24 hours", 15, ge(of(CustCount24h), number(10))),
                rule(
                    "amount_24h",
                    "More within 24 hours than 3 of the customer's large days",
                    20,
                    gt(of(CustAmount24h), times(3, CustDailyP95)),
                ),
                rule("declines_60m", "3 or more declined within 60 minutes", 35, ge(of(CustDeclined60m), number(3))),
                rule(
                    "first_order_large",
                    "A large first order",
                    20,
                    all(vec![Expression::Feature(IsFirstOrder), gt(of(Amount), of(FirstOrderP95))]),
                ),
                rule(
                    "new_payment_large",
                    "A large sale paid in a new way",
                    10,
                    all(vec![not(CustPaymentKnown), ge(of(CustOrders), number(5)), gt(of(Amount), of(CustP90))]),
                ),
                rule(
                    "shared_payment",
                    "3 or more customers paid with this within 24 hours",
                    25,
                    ge(of(FpCustomers24h), number(3)),
                ),
                rule(
                    "unusual_hour",
                    "At an hour the customer never ordered",
                    5,
                    all(vec![ge(of(CustOrders), number(20)), not(CustHourKnown)]),
                ),
                rule(
                    "customer_fraud",
                    "Fraud of this customer was confirmed within 28 days",
                    40,
                    ge(of(CustConfirmed28d), number(1)),
                ),
                rule(
                    "terminal_fraud_1",
                    "One fraud at this terminal was confirmed within 28 days",
                    20,
                    Expression::Eq(of(TermConfirmed28d), number(1)),
                ),
                rule(
                    "terminal_fraud_2",
                    "More than one fraud at this terminal was confirmed within 28 days",
                    40,
                    ge(of(TermConfirmed28d), number(2)),
                ),
            ],
        }
    }
}

/// Points are kept with two decimals.
fn is_too_fine(points: Decimal) -> bool {
    points.normalize().scale() > 2
}

type Boxed = Box<Expression>;

fn of(feature: Feature) -> Boxed {
    Box::new(Expression::Feature(feature))
}

fn number(number: i64) -> Boxed {
    Box::new(Expression::Const(Constant::Number(number.into())))
}

fn part(text: &str) -> Boxed {
    Box::new(Expression::Const(Constant::Number(text.parse().unwrap_or_default())))
}

fn gt(a: Boxed, b: Boxed) -> Expression {
    Expression::Gt(a, b)
}

fn ge(a: Boxed, b: Boxed) -> Expression {
    Expression::Ge(a, b)
}

fn rule(code: &str, text: &str, points: i64, expression: Expression) -> Rule {
    Rule {
        code: code.to_owned(),
        name: text.to_owned(),
        text: text.to_owned(),
        expression,
        points: points.into(),
        times: None,
        enabled: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_sets_are_sound_and_in_the_order_of_the_table() {
        for set in [RuleSet::classic(), RuleSet::standard()] {
            set.validate().unwrap();
        }
        let codes: Vec<_> = RuleSet::standard().rules.into_iter().map(|rule| (rule.code, rule.points)).collect();
        let points: Vec<i64> = vec![100, 40, 60, 25, 15, 30, 15, 20, 35, 20, 10, 25, 5, 40, 20, 40];
        assert_eq!(
            codes.iter().map(|(_, points)| *points).collect::<Vec<_>>(),
            points.iter().map(|p| (*p).into()).collect::<Vec<Decimal>>()
        );
        assert_eq!((codes.len(), codes[0].0.as_str(), codes[15].0.as_str()), (16, "block_list", "terminal_fraud_2"));
    }

    #[test]
    fn every_fault_of_a_set_is_told() {
        let mut set = RuleSet::standard();
        set.thresholds =
            Thresholds { review_at: Some(61.into()), hold_at: Some(60.into()), decline_at: Some(101.into()) };
        set.rules[1].code = "block_list".into();
        set.rules[2].code = "Limit!".into();
        set.rules[3].points = (-1).into();
        set.rules[4].expression = Expression::Feature(Feature::Amount);
        let paths: Vec<_> = set.validate().unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(
            paths,
            ["thresholds", "thresholds", "rules[1].code", "rules[2].code", "rules[3].points", "rules[4].expression"]
        );
    }
}
