//! A rule's tree as SQL: for many sales at once what `Expression::value` is for one. Both come to the same on every sale.

use domain::fraud::{Constant, Expression, Feature};
use std::fmt::Write as _;

/// Column of a feature.
pub(super) fn column(feature: Feature) -> String {
    format!("f_{feature}")
}

/// The tree over columns named as [`column`] says; of type boolean or numeric.
pub(super) fn sql(tree: &Expression) -> String {
    let mut text = String::new();
    write(tree, &mut text);
    text
}

fn write(tree: &Expression, to: &mut String) {
    let mut joined = |parts: &[&Expression], with: &str| {
        to.push('(');
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                to.push_str(with);
            }
            write(part, to);
        }
        to.push(')');
    };
    match tree {
        Expression::All(parts) => joined(&parts.iter().collect::<Vec<_>>(), " and "),
        Expression::Any(parts) => joined(&parts.iter().collect::<Vec<_>>(), " or "),
        Expression::Gt(a, b) => joined(&[a, b], " > "),
        Expression::Ge(a, b) => joined(&[a, b], " >= "),
        Expression::Lt(a, b) => joined(&[a, b], " < "),
        Expression::Le(a, b) => joined(&[a, b], " <= "),
        Expression::Eq(a, b) => joined(&[a, b], " = "),
        Expression::Ne(a, b) => joined(&[a, b], " <> "),
        Expression::Not(part) => {
            to.push_str("(not ");
            write(part, to);
            to.push(')');
        }
        Expression::In(part, list) => {
            to.push('(');
            write(part, to);
            to.push_str(" in (");
            for (n, value) in list.iter().enumerate() {
                if n > 0 {
                    to.push_str(", ");
                }
                constant(*value, to);
            }
            to.push_str("))");
        }
        Expression::Between(part, low, high) => {
            to.push('(');
            write(part, to);
            to.push_str(" between ");
            write(low, to);
            to.push_str(" and ");
            write(high, to);
            to.push(')');
        }
        Expression::Add(a, b) => computed(a, b, "+", to),
        Expression::Sub(a, b) => computed(a, b, "-", to),
        Expression::Mul(a, b) => computed(a, b, "*", to),
        Expression::Div(a, b) => computed(a, b, "/", to),
        Expression::Feature(feature) => to.push_str(&column(*feature)),
        Expression::Const(value) => constant(*value, to),
    }
}

fn constant(value: Constant, to: &mut String) {
    let _ = match value {
        Constant::Truth(truth) => write!(to, "{truth}"),
        Constant::Number(number) => write!(to, "({number})::numeric"),
    };
}

/// Twelve decimals; unknown from 10¹⁵ on, and when the divisor is 0. A quotient is taken far enough to round it once.
fn computed(a: &Expression, b: &Expression, with: &str, to: &mut String) {
    to.push_str("nullif(nullif(least(greatest(round(");
    if with == "/" {
        to.push_str("round(");
        write(a, to);
        to.push_str(", 28) / nullif(");
        write(b, to);
        to.push_str(", 0)");
    } else {
        write(a, to);
        let _ = write!(to, " {with} ");
        write(b, to);
    }
    // Of the unknown and a bound, the bound is the greatest; and the bound is unknown.
    to.push_str(", 12), -1e15::numeric), 1e15::numeric), 1e15::numeric), -1e15::numeric)");
}
