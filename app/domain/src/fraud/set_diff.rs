//! How a rule set differs from another.

use super::{RuleSet, set::ShownRule};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A field of a rule that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    pub what: String,
    pub before: String,
    pub after: String,
}

/// A rule that both sets have, and not alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleChange {
    pub code: String,
    pub fields: Vec<Difference>,
}

/// How a set differs from the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetDiff {
    /// Number of the live set.
    pub live: i32,
    pub thresholds: Vec<Difference>,
    pub added: Vec<ShownRule>,
    pub removed: Vec<ShownRule>,
    pub changed: Vec<RuleChange>,
}

impl SetDiff {
    #[must_use]
    pub fn between(live: &RuleSet, set: &RuleSet) -> Self {
        let has = |of: &RuleSet, code: &str| of.rules.iter().any(|rule| rule.code == code);
        let without = |of: &RuleSet, other: &RuleSet| -> Vec<ShownRule> {
            of.rules.iter().filter(|rule| !has(other, &rule.code)).map(ShownRule::from).collect()
        };
        let points = |points: Option<Decimal>| points.map_or_else(|| "never".to_owned(), |p| p.normalize().to_string());
        let learned = |of: &RuleSet| of.learned_model.map_or_else(|| "none".to_owned(), |number| number.to_string());
        let (a, b) = (&live.thresholds, &set.thresholds);
        let thresholds = differences([
            ("Review from", points(a.review_at), points(b.review_at)),
            ("Hold from", points(a.hold_at), points(b.hold_at)),
            ("Decline from", points(a.decline_at), points(b.decline_at)),
            ("Learned score", learned(live), learned(set)),
        ]);
        let changed = set.rules.iter().filter_map(|rule| {
            let before = ShownRule::from(live.rules.iter().find(|other| other.code == rule.code)?);
            let after = ShownRule::from(rule);
            let on = |enabled: bool| if enabled { "on" } else { "off" }.to_owned();
            let fields = differences([
                ("Name", before.name, after.name),
                ("Text", before.text, after.text),
                ("Formula", before.formula, after.formula),
                ("Points", before.points.to_string(), after.points.to_string()),
                ("Points times", before.times.unwrap_or_default(), after.times.unwrap_or_default()),
                ("Switched", on(before.enabled), on(after.enabled)),
            ]);
            (!fields.is_empty()).then(|| RuleChange { code: rule.code.clone(), fields })
        });
        Self {
            live: live.number,
            thresholds,
            added: without(set, live),
            removed: without(live, set),
            changed: changed.collect(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.thresholds.is_empty() && self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn differences<const N: usize>(pairs: [(&str, String, String); N]) -> Vec<Difference> {
    let differs = pairs.into_iter().filter(|(_, before, after)| before != after);
    differs.map(|(what, before, after)| Difference { what: what.to_owned(), before, after }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraud::Rule;

    #[test]
    fn a_difference_is_what_was_added_taken_away_and_changed() {
        let live = RuleSet::standard();
        let mut set = live.clone();
        set.number = 2;
        assert!(SetDiff::between(&live, &set).is_empty());
        set.thresholds.hold_at = None;
        set.learned_model = Some(4);
        let moved = set.rules.remove(0);
        set.rules[0].points = 45.into();
        set.rules[0].enabled = false;
        set.rules.push(Rule { code: "mine".into(), ..moved });
        let diff = SetDiff::between(&live, &set);
        assert_eq!((diff.added[0].code.as_str(), diff.removed[0].code.as_str()), ("mine", "block_list"));
        assert_eq!((diff.thresholds[0].before.as_str(), diff.thresholds[0].after.as_str()), ("60", "never"));
        assert_eq!((diff.thresholds[1].before.as_str(), diff.thresholds[1].after.as_str()), ("none", "4"));
        let changed: Vec<_> = diff.changed.iter().map(|c| (c.code.as_str(), c.fields.len())).collect();
        assert_eq!(changed, [("price_mismatch", 2)]);
        assert_eq!(
            diff.changed[0].fields[0],
            Difference { what: "Points".into(), before: "40".into(), after: "45".into() }
        );
    }
}
