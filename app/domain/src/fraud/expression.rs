//! The tree of a rule. Unknown values behave as in SQL: a comparison with one is unknown, and what is unknown in the
//! end is no hit; so the same tree as SQL comes to the same.

use super::feature::{Feature, Features, Kind, Value};
use crate::FieldError;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Levels of a tree.
pub const MAX_DEPTH: usize = 8;
/// Nodes of a tree.
pub const MAX_NODES: usize = 64;
/// Decimals of products and quotients, and of numbers that stand in a rule.
const DECIMALS: u32 = 12;
/// A number of this size, or a larger one, is unknown: it is not kept exactly.
const TOO_LARGE: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// A value that stands in a rule. As JSON a number, a text that is one, or true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Constant {
    Truth(bool),
    Number(Decimal),
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Constant;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, or true or false")
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Constant, E> {
                Ok(Constant::Truth(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Constant, E> {
                Ok(Constant::Number(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Constant, E> {
                Ok(Constant::Number(number.into()))
            }

            // As it was written: the shortest text that is this number.
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Constant, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Constant, E> {
                let number = text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                Ok(Constant::Number(number))
            }
        }

        d.deserialize_any(Visitor)
    }
}

impl Constant {
    const fn value(self) -> Value {
        match self {
            Self::Truth(truth) => Value::Truth(truth),
            Self::Number(number) => Value::Number(number),
        }
    }

    fn check(self, path: &str, faults: &mut Vec<FieldError>) {
        if let Self::Number(number) = self
            && (number.abs() >= TOO_LARGE || number.normalize().scale() > DECIMALS)
        {
            faults.push(FieldError::new(path, format!("Numbers have at most 15 digits and {DECIMALS} decimals.")));
        }
    }
}

type Boxed = Box<Expression>;

/// As JSON an object of one name: `{"gt": [{"feature": "amount"}, {"const": 100}]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Boxed),
    Gt(Boxed, Boxed),
    Ge(Boxed, Boxed),
    Lt(Boxed, Boxed),
    Le(Boxed, Boxed),
    Eq(Boxed, Boxed),
    Ne(Boxed, Boxed),
    /// The first is among the others.
    In(Boxed, Vec<Constant>),
    /// The first is neither below the second nor above the third.
    Between(Boxed, Boxed, Boxed),
    Add(Boxed, Boxed),
    Sub(Boxed, Boxed),
    Mul(Boxed, Boxed),
    /// Unknown when the second is 0.
    Div(Boxed, Boxed),
    Feature(Feature),
    Const(Constant),
}

impl Expression {
    #[must_use]
    pub const fn feature(feature: Feature) -> Self {
        Self::Feature(feature)
    }

    #[must_use]
    pub fn number(number: impl Into<Decimal>) -> Self {
        Self::Const(Constant::Number(number.into()))
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
            Self::Gt(..) => "gt",
            Self::Ge(..) => "ge",
            Self::Lt(..) => "lt",
            Self::Le(..) => "le",
            Self::Eq(..) => "eq",
            Self::Ne(..) => "ne",
            Self::In(..) => "in",
            Self::Between(..) => "between",
            Self::Add(..) => "add",
            Self::Sub(..) => "sub",
            Self::Mul(..) => "mul",
            Self::Div(..) => "div",
            Self::Feature(_) => "feature",
            Self::Const(_) => "const",
        }
    }

    fn children(&self) -> Vec<&Self> {
        match self {
            Self::All(of) | Self::Any(of) => of.iter().collect(),
            Self::Not(of) | Self::In(of, _) => vec![of],
            Self::Gt(a, b)
            | Self::Ge(a, b)
            | Self::Lt(a, b)
            | Self::Le(a, b)
            | Self::Eq(a, b)
            | Self::Ne(a, b)
            | Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::Mul(a, b)
            | Self::Div(a, b) => vec![a, b],
            Self::Between(a, b, c) => vec![a, b, c],
            Self::Feature(_) | Self::Const(_) => Vec::new(),
        }
    }

    /// Features the tree asks for, each once, in the order of their names in it.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        let mut found = Vec::new();
        self.find(&mut found);
        found
    }

    fn find(&self, found: &mut Vec<Feature>) {
        if let Self::Feature(feature) = self
            && !found.contains(feature)
        {
            found.push(*feature);
        }
        self.children().into_iter().for_each(|child| child.find(found));
    }

    fn nodes(&self) -> usize {
        1 + self.children().into_iter().map(Self::nodes).sum::<usize>()
    }

    fn depth(&self) -> usize {
        1 + self.children().into_iter().map(Self::depth).max().unwrap_or(0)
    }

    /// Reads a rule's tree from JSON: it must be one, be small enough, and come to yes or no.
    ///
    /// # Errors
    /// Every fault with its path below `path`.
    pub fn parse(path: &str, json: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let tree: Self = serde_json::from_value(json.clone())
            .map_err(|fault| vec![FieldError::new(path, format!("This is not an expression: {fault}."))])?;
        tree.check(path)?;
        Ok(tree)
    }

    /// # Errors
    /// As [`Expression::parse`].
    pub fn check(&self, path: &str) -> Result<(), Vec<FieldError>> {
        if self.depth() > MAX_DEPTH || self.nodes() > MAX_NODES {
            let told = format!(
                "At most {MAX_DEPTH} levels and {MAX_NODES} parts; this has {} and {}.",
                self.depth(),
                self.nodes()
            );
            return Err(vec![FieldError::new(path, told)]);
        }
        let mut faults = Vec::new();
        self.want(Kind::Truth, path, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Checks that the value is of `kind`.
    fn want(&self, kind: Kind, path: &str, faults: &mut Vec<FieldError>) {
        let found = self.kind(path, faults);
        if found != kind {
            let told = format!("\"{}\" is {}, not {}.", self.told(), found.label(), kind.label());
            faults.push(FieldError::new(path, told));
        }
    }

    fn told(&self) -> &'static str {
        match self {
            Self::Feature(feature) => feature.as_str(),
            other => other.name(),
        }
    }

    /// The type of the value; faults within are told.
    fn kind(&self, path: &str, faults: &mut Vec<FieldError>) -> Kind {
        let at = |n: usize| format!("{path}.{}[{n}]", self.name());
        match self {
            Self::All(of) | Self::Any(of) => {
                if of.is_empty() {
                    faults.push(FieldError::new(path, format!("\"{}\" is empty.", self.name())));
                }
                of.iter().enumerate().for_each(|(n, part)| part.want(Kind::Truth, &at(n), faults));
                Kind::Truth
            }
            Self::Not(of) => {
                of.want(Kind::Truth, &format!("{path}.not"), faults);
                Kind::Truth
            }
            Self::Gt(..) | Self::Ge(..) | Self::Lt(..) | Self::Le(..) | Self::Between(..) => {
                self.children().into_iter().enumerate().for_each(|(n, part)| part.want(Kind::Number, &at(n), faults));
                Kind::Truth
            }
            Self::Add(..) | Self::Sub(..) | Self::Mul(..) | Self::Div(..) => {
                self.children().into_iter().enumerate().for_each(|(n, part)| part.want(Kind::Number, &at(n), faults));
                Kind::Number
            }
            Self::Eq(a, b) | Self::Ne(a, b) => {
                let kind = a.kind(&at(0), faults);
                b.want(kind, &at(1), faults);
                Kind::Truth
            }
            Self::In(of, list) => {
                list.iter().for_each(|constant| constant.check(&at(1), faults));
                let kind = of.kind(&at(0), faults);
                if list.is_empty() || list.iter().any(|constant| constant.value().kind() != kind) {
                    faults.push(FieldError::new(
                        at(1),
                        format!("\"in\" needs a list of values that are {}.", kind.label()),
                    ));
                }
                Kind::Truth
            }
            Self::Feature(feature) => feature.kind(),
            Self::Const(constant) => {
                constant.check(path, faults);
                constant.value().kind()
            }
        }
    }

    /// Whether the rule hits: what is unknown does not.
    #[must_use]
    pub fn hits(&self, features: &Features) -> bool {
        self.truth(features) == Some(true)
    }

    fn truth(&self, of: &Features) -> Option<bool> {
        match self.value(of)? {
            Value::Truth(truth) => Some(truth),
            Value::Number(_) => None,
        }
    }

    fn decimal(&self, of: &Features) -> Option<Decimal> {
        match self.value(of)? {
            Value::Number(number) => Some(number),
            Value::Truth(_) => None,
        }
    }

    /// `None` is unknown.
    #[must_use]
    pub fn value(&self, of: &Features) -> Option<Value> {
        let compare = |a: &Self, b: &Self, holds: fn(&Value, &Value) -> bool| {
            let (a, b) = (a.value(of)?, b.value(of)?);
            Some(Value::Truth(holds(&a, &b)))
        };
        let compute = |a: &Self, b: &Self, with: fn(Decimal, Decimal) -> Option<Decimal>| {
            let result = with(a.decimal(of)?, b.decimal(of)?)?;
            let result = result.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero);
            (result.abs() < TOO_LARGE).then_some(Value::Number(result))
        };
        match self {
            Self::All(parts) => together(parts.iter().map(|part| part.truth(of)), false),
            Self::Any(parts) => together(parts.iter().map(|part| part.truth(of)), true),
            Self::Not(part) => part.truth(of).map(|truth| Value::Truth(!truth)),
            Self::Gt(a, b) => compare(a, b, |a, b| a > b),
            Self::Ge(a, b) => compare(a, b, |a, b| a >= b),
            Self::Lt(a, b) => compare(a, b, |a, b| a < b),
            Self::Le(a, b) => compare(a, b, |a, b| a <= b),
            Self::Eq(a, b) => compare(a, b, |a, b| a == b),
            Self::Ne(a, b) => compare(a, b, |a, b| a != b),
            Self::In(part, list) => {
                let value = part.value(of)?;
                Some(Value::Truth(list.iter().any(|constant| constant.value() == value)))
            }
            Self::Between(part, low, high) => {
                let above = part.decimal(of).zip(low.decimal(of)).map(|(value, low)| value >= low);
                let below = part.decimal(of).zip(high.decimal(of)).map(|(value, high)| value <= high);
                together([above, below].into_iter(), false)
            }
            Self::Add(a, b) => compute(a, b, Decimal::checked_add),
            Self::Sub(a, b) => compute(a, b, Decimal::checked_sub),
            Self::Mul(a, b) => compute(a, b, Decimal::checked_mul),
            Self::Div(a, b) => compute(a, b, Decimal::checked_div),
            Self::Feature(feature) => of.get(*feature),
            Self::Const(constant) => Some(constant.value()),
        }
    }
}

/// One that is `decisive` decides; else one that is unknown leaves the whole unknown.
fn together(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<Value> {
    let mut whole = Some(!decisive);
    for part in parts {
        match part {
            Some(truth) if truth == decisive => return Some(Value::Truth(decisive)),
            Some(_) => {}
            None => whole = None,
        }
    }
    whole.map(Value::Truth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known() -> Features {
        Features::default()
            .with(Feature::Amount, Decimal::from(250))
            .with(Feature::CustMean90d, Decimal::from(40))
            .with(Feature::CustPaymentKnown, false)
            .with(Feature::HourUtc, 3_i64)
    }

    fn value(json: serde_json::Value) -> Option<Value> {
        serde_json::from_value::<Expression>(json).unwrap().value(&known())
    }

    #[test]
    fn what_is_unknown_behaves_as_in_sql() {
        let unknown = json!({"gt": [{"feature": "cust_p90"}, {"const": 1}]});
        let (yes, no) = (json!({"const": true}), json!({"const": false}));
        assert_eq!(value(unknown.clone()), None);
        assert_eq!(value(json!({"not": unknown})), None);
        assert_eq!(value(json!({"all": [unknown, no]})), Some(Value::Truth(false)));
        assert_eq!(value(json!({"all": [unknown, yes]})), None);
        assert_eq!(value(json!({"any": [unknown, yes]})), Some(Value::Truth(true)));
        assert_eq!(value(json!({"any": [unknown, no]})), None);
        assert_eq!(
            value(json!({"between": [{"const": 0}, {"const": 1}, {"feature": "cust_p90"}]})),
            Some(Value::Truth(false))
        );
        assert_eq!(value(json!({"between": [{"const": 2}, {"const": 1}, {"feature": "cust_p90"}]})), None);
    }

    #[test]
    fn numbers_are_exact_and_nothing_is_divided_by_zero() {
        let number = |json| match value(json) {
            Some(Value::Number(number)) => Some(number.normalize().to_string()),
            _ => None,
        };
        assert_eq!(number(json!({"mul": [{"const": 5}, {"feature": "cust_mean_90d"}]})), Some("200".into()));
        assert_eq!(number(json!({"div": [{"const": 2}, {"const": 3}]})), Some("0.666666666667".into()));
        assert_eq!(number(json!({"div": [{"const": 2}, {"const": 0}]})), None);
        let large = json!({"mul": [{"const": "100000000"}, {"const": "9999999.9"}]});
        assert_eq!(number(large), Some("999999990000000".into()));
        assert_eq!(number(json!({"mul": [{"const": "100000000"}, {"const": "-10000000"}]})), None);
        assert_eq!(number(json!({"add": [{"const": "0.1"}, {"const": 0.2}]})), Some("0.3".into()));
        assert_eq!(value(json!({"in": [{"feature": "hour_utc"}, [2, 3, 4]]})), Some(Value::Truth(true)));
    }

    #[test]
    fn faults_are_told_where_they_are() {
        let fault = |json: serde_json::Value| {
            let faults = Expression::parse("expression", &json).unwrap_err();
            faults.into_iter().map(|fault| fault.path).collect::<Vec<_>>()
        };
        assert_eq!(fault(json!({"feature": "amount"})), ["expression"]);
        assert_eq!(
            fault(json!({"all": [{"gt": [{"feature": "list_block"}, {"const": true}]}]})),
            ["expression.all[0].gt[0]", "expression.all[0].gt[1]"]
        );
        assert_eq!(fault(json!({"eq": [{"feature": "amount"}, {"const": true}]})), ["expression.eq[1]"]);
        assert_eq!(fault(json!({"in": [{"feature": "amount"}, []]})), ["expression.in[1]"]);
        assert_eq!(fault(json!({"all": []})), ["expression"]);
        assert_eq!(fault(json!({"gt": [{"feature": "shoe_size"}, {"const": 1}]})), ["expression"]);
        assert_eq!(fault(json!({"gt": [{"const": 1}]})), ["expression"]);
        assert_eq!(
            fault(json!({"gt": [{"const": "1000000000000000"}, {"const": "0.0000000000001"}]})),
            ["expression.gt[0]", "expression.gt[1]"]
        );
        assert_eq!(fault(json!({"in": [{"feature": "amount"}, ["1e15"]]})), ["expression.in[1]"]);
        let mut deep = json!({"const": true});
        for _ in 0..MAX_DEPTH {
            deep = json!({"not": deep});
        }
        assert_eq!(fault(deep), ["expression"]);
        assert_eq!(fault(json!({"all": vec![json!({"const": true}); MAX_NODES]})), ["expression"]);
    }

    #[test]
    fn a_tree_reads_back_as_it_was_written() {
        let json = json!({"all": [
            {"ge": [{"feature": "cust_orders_90d"}, {"const": "5"}]},
            {"not": {"feature": "cust_payment_known"}},
            {"gt": [{"feature": "amount"}, {"mul": [{"const": "5"}, {"feature": "cust_mean_90d"}]}]}]});
        let tree = Expression::parse("x", &json).unwrap();
        assert_eq!(serde_json::to_value(&tree).unwrap(), json);
        assert_eq!(
            tree.features(),
            [Feature::CustOrders90d, Feature::CustPaymentKnown, Feature::Amount, Feature::CustMean90d]
        );
    }
}
