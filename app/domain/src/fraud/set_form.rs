//! A rule set as the form of its page holds it: texts, until they are read.

use super::set::{EditRule, EditRuleSet, RuleSetDetail, ShownRule};
use crate::{AppError, FieldError};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Rules that the form has room for beside those there are.
pub const FREE_RULES: usize = 2;

/// One rule of the form. Without code and formula there is none; with `remove` it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleTexts {
    pub code: String,
    pub name: String,
    pub text: String,
    pub formula: String,
    pub points: String,
    pub times: String,
    /// `true` or nothing, as those of a box.
    pub enabled: String,
    pub remove: String,
}

impl RuleTexts {
    fn of(rule: &ShownRule) -> Self {
        Self {
            code: rule.code.clone(),
            name: rule.name.clone(),
            text: rule.text.clone(),
            formula: rule.formula.clone(),
            points: rule.points.to_string(),
            times: rule.times.clone().unwrap_or_default(),
            enabled: if rule.enabled { "true".to_owned() } else { String::new() },
            remove: String::new(),
        }
    }

    fn is_meant(&self) -> bool {
        self.remove.is_empty()
            && [&self.code, &self.name, &self.text, &self.formula].iter().any(|t| !t.trim().is_empty())
    }
}

/// The form of a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetForm {
    pub name: String,
    pub note: String,
    pub review_at: String,
    pub hold_at: String,
    pub decline_at: String,
    /// Number of a learned score, or nothing.
    pub learned_model: String,
    pub rules: Vec<RuleTexts>,
}

impl SetForm {
    #[must_use]
    pub fn of(set: &RuleSetDetail) -> Self {
        let points = |points: Option<Decimal>| points.map(|points| points.normalize().to_string()).unwrap_or_default();
        let at = &set.row.thresholds;
        Self {
            name: set.row.name.clone(),
            note: set.note.clone().unwrap_or_default(),
            review_at: points(at.review_at),
            hold_at: points(at.hold_at),
            decline_at: points(at.decline_at),
            learned_model: set.row.learned_model.map(|number| number.to_string()).unwrap_or_default(),
            rules: set.rules.iter().map(RuleTexts::of).collect(),
        }
    }

    /// What stands in the form for the rules that are sent on.
    fn meant(&self) -> impl Iterator<Item = (usize, &RuleTexts)> {
        self.rules.iter().enumerate().filter(|(_, rule)| rule.is_meant())
    }

    /// # Errors
    /// Every field that is no number, by its place in the form.
    pub fn read(&self, version: Option<i32>) -> Result<EditRuleSet, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut number = |path: String, text: &str| -> Option<Decimal> {
            let text = text.trim();
            let read = text.parse().ok();
            if read.is_none() && !text.is_empty() {
                faults.push(FieldError::new(path, format!("\u{201c}{text}\u{201d} is no number.")));
            }
            read
        };
        let review_at = number("review_at".to_owned(), &self.review_at);
        let hold_at = number("hold_at".to_owned(), &self.hold_at);
        let decline_at = number("decline_at".to_owned(), &self.decline_at);
        let rules = self
            .meant()
            .map(|(n, rule)| EditRule {
                code: rule.code.clone(),
                name: rule.name.clone(),
                text: rule.text.clone(),
                formula: Some(rule.formula.clone()),
                expression: None,
                points: number(format!("rules[{n}].points"), &rule.points).unwrap_or_default(),
                times: Some(rule.times.clone()),
                enabled: !rule.enabled.is_empty(),
            })
            .collect();
        let chosen = self.learned_model.trim();
        let learned_model = chosen.parse().ok();
        if learned_model.is_none() && !chosen.is_empty() {
            faults.push(FieldError::new("learned_model", "Choose a learned score of the list, or none."));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(EditRuleSet {
            name: self.name.clone(),
            review_at,
            hold_at,
            decline_at,
            note: Some(self.note.clone()),
            learned_model,
            rules,
            version,
        })
    }

    /// The paths of an error about the rules that were sent on, as places in the form.
    #[must_use]
    pub fn placed(&self, mut error: AppError) -> AppError {
        let places: Vec<usize> = self.meant().map(|(n, _)| n).collect();
        for fault in &mut error.fields {
            let Some((n, field)) = fault.path.strip_prefix("rules[").and_then(|rest| rest.split_once(']')) else {
                continue;
            };
            if let Some(place) = n.parse::<usize>().ok().and_then(|n| places.get(n)) {
                fault.path = format!("rules[{place}]{field}");
            }
        }
        error
    }

    /// As the pairs of a refused form fill it in.
    #[must_use]
    pub fn parse(pairs: &[(String, String)]) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            let value = value.clone();
            if let Some((i, field)) = name.strip_prefix("set[rules][").and_then(|rest| rest.split_once("][")) {
                let Ok(i) = i.parse::<usize>() else { continue };
                if i >= super::set::MOST_RULES + FREE_RULES {
                    continue;
                }
                form.rules.resize(form.rules.len().max(i + 1), RuleTexts::default());
                let rule = &mut form.rules[i];
                match field.trim_end_matches(']') {
                    "code" => rule.code = value,
                    "name" => rule.name = value,
                    "text" => rule.text = value,
                    "formula" => rule.formula = value,
                    "points" => rule.points = value,
                    "times" => rule.times = value,
                    "enabled" => rule.enabled = value,
                    "remove" => rule.remove = value,
                    _ => {}
                }
                continue;
            }
            match name.as_str() {
                "set[name]" => form.name = value,
                "set[note]" => form.note = value,
                "set[review_at]" => form.review_at = value,
                "set[hold_at]" => form.hold_at = value,
                "set[decline_at]" => form.decline_at = value,
                "set[learned_model]" => form.learned_model = value,
                _ => {}
            }
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::pairs;

    const TYPED: &str = "set[name]=Mine&set[review_at]=30&set[learned_model]=3&set[rules][0][code]=gone&set[rules][0][remove]=true\
        &set[rules][1][code]=b&set[rules][1][name]=B&set[rules][1][text]=B&set[rules][1][formula]=amount+%3E&set[rules][1][points]=5\
        &set[rules][2][points]=0";

    #[test]
    fn rules_that_go_and_empty_ones_are_not_sent_on_and_faults_find_their_place() {
        let form = SetForm::parse(&pairs(TYPED));
        let read = form.read(Some(3)).unwrap();
        assert_eq!((read.rules.len(), read.rules[0].code.as_str(), read.version), (1, "b", Some(3)));
        assert!(!read.rules[0].enabled);
        assert_eq!(read.learned_model, Some(3));
        let error = form.placed(AppError::validation(read.read(2).unwrap_err()));
        assert_eq!(error.fields[0].path, "rules[1].formula");
    }

    #[test]
    fn what_is_no_number_is_told_by_its_field() {
        let form = SetForm::parse(&pairs(
            "set[hold_at]=x&set[learned_model]=best&set[rules][1][code]=b&set[rules][1][points]=many",
        ));
        let paths: Vec<_> = form.read(None).unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["hold_at", "rules[1].points", "learned_model"]);
    }
}
