//! A rule as the form of its page holds it: texts, until they are read.

use super::{Level, NewRule, NoData, Op, RuleKind, RuleRow, RuleSpec, Severity};
use crate::FieldError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One level of the form; empty: there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LevelForm {
    pub severity: String,
    pub threshold: String,
    pub threshold_2: String,
    pub clear: String,
    pub clear_2: String,
}

/// The form of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    pub kind: String,
    pub name: String,
    pub alert_type: String,
    pub metric_key: String,
    pub title: String,
    pub runbook: String,
    pub window_seconds: String,
    pub op: String,
    pub levels: Vec<LevelForm>,
    pub n_breaches: String,
    pub m_clears: String,
    pub for_seconds: String,
    pub keep_firing_seconds: String,
    pub every_seconds: String,
    pub no_data: String,
}

/// Levels of the form.
pub const FORM_LEVELS: usize = 3;

fn text(value: Option<Decimal>) -> String {
    value.map(|value| value.normalize().to_string()).unwrap_or_default()
}

impl RuleForm {
    /// A rule that is there already.
    #[must_use]
    pub fn of(rule: &RuleRow) -> Self {
        let spec = &rule.spec;
        let level = |level: &Level| LevelForm {
            severity: level.severity.as_str().to_owned(),
            threshold: text(Some(level.threshold)),
            threshold_2: text(level.threshold_2),
            clear: text(level.clear_threshold),
            clear_2: text(level.clear_threshold_2),
        };
        Self {
            kind: spec.kind.as_str().to_owned(),
            window_seconds: spec.window_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
            name: rule.name.clone(),
            alert_type: rule.alert_type.clone(),
            metric_key: rule.metric_key.clone(),
            title: rule.title.clone(),
            runbook: rule.runbook.clone().unwrap_or_default(),
            op: spec.op.as_str().to_owned(),
            levels: spec.levels.iter().map(level).collect(),
            n_breaches: spec.n_breaches.to_string(),
            m_clears: spec.m_clears.to_string(),
            for_seconds: spec.for_seconds.to_string(),
            keep_firing_seconds: spec.keep_firing_seconds.to_string(),
            every_seconds: spec.every_seconds.to_string(),
            no_data: spec.no_data.as_str().to_owned(),
        }
    }

    /// What it judges; a value where nothing is chosen.
    #[must_use]
    pub fn kind(&self) -> RuleKind {
        RuleKind::parse(&self.kind).unwrap_or(RuleKind::Threshold)
    }

    /// # Errors
    /// Every field that is no number or no choice. What the rule as a whole allows is looked at later.
    pub fn read(&self) -> Result<NewRule, Vec<FieldError>> {
        let mut faults = Vec::new();
        let kind = self.kind();
        let op = if kind.only_at_least() { Some(Op::Ge) } else { Op::parse(&self.op) };
        if op.is_none() {
            faults.push(FieldError::new("op", "Choose a comparison."));
        }
        let mut levels = Vec::new();
        for (i, level) in self.levels.iter().enumerate().filter(|(_, level)| !level.threshold.trim().is_empty()) {
            let mut number = |name: &str, text: &str| -> Option<Decimal> {
                let text = text.trim();
                let read = text.parse().ok();
                if read.is_none() && !text.is_empty() {
                    faults.push(FieldError::new(
                        format!("levels[{i}][{name}]"),
                        format!("\u{201c}{text}\u{201d} is no number."),
                    ));
                }
                read
            };
            let (threshold, threshold_2) =
                (number("threshold", &level.threshold), number("threshold_2", &level.threshold_2));
            let (clear_threshold, clear_threshold_2) =
                (number("clear", &level.clear), number("clear_2", &level.clear_2));
            let severity = Severity::parse(&level.severity).unwrap_or(Severity::Medium);
            if let Some(threshold) = threshold {
                levels.push(Level { severity, threshold, threshold_2, clear_threshold, clear_threshold_2 });
            }
        }
        let mut spec = RuleSpec { kind, ..RuleSpec::new(op.unwrap_or(Op::Gt), levels) };
        let mut count = |name: &str, text: &str, into: &mut u32| {
            let text = text.trim();
            match text.parse() {
                Ok(n) => *into = n,
                Err(_) if text.is_empty() => {}
                Err(_) => faults.push(FieldError::new(name, "Give a whole number.")),
            }
        };
        count("n_breaches", &self.n_breaches, &mut spec.n_breaches);
        count("m_clears", &self.m_clears, &mut spec.m_clears);
        count("for_seconds", &self.for_seconds, &mut spec.for_seconds);
        count("keep_firing_seconds", &self.keep_firing_seconds, &mut spec.keep_firing_seconds);
        count("every_seconds", &self.every_seconds, &mut spec.every_seconds);
        if kind.has_window() && !self.window_seconds.trim().is_empty() {
            count("window_seconds", &self.window_seconds, spec.window_seconds.get_or_insert_default());
        }
        spec.no_data = NoData::parse(&self.no_data).unwrap_or(NoData::Keep);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(NewRule {
            name: self.name.clone(),
            alert_type: self.alert_type.trim().to_owned(),
            metric_key: self.metric_key.clone(),
            title: self.title.clone(),
            runbook: Some(self.runbook.clone()).filter(|text| !text.trim().is_empty()),
            spec,
        })
    }

    /// The query of an address that fills it in; what is empty is left out.
    #[must_use]
    pub fn to_query(&self) -> String {
        let named = [
            ("kind", &self.kind),
            ("name", &self.name),
            ("alert_type", &self.alert_type),
            ("metric_key", &self.metric_key),
            ("title", &self.title),
            ("runbook", &self.runbook),
            ("window_seconds", &self.window_seconds),
            ("op", &self.op),
            ("n_breaches", &self.n_breaches),
            ("m_clears", &self.m_clears),
            ("for_seconds", &self.for_seconds),
            ("keep_firing_seconds", &self.keep_firing_seconds),
            ("every_seconds", &self.every_seconds),
            ("no_data", &self.no_data),
        ];
        let mut pairs: Vec<(String, &String)> =
            named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for (i, level) in self.levels.iter().enumerate() {
            let fields = [
                ("severity", &level.severity),
                ("threshold", &level.threshold),
                ("threshold_2", &level.threshold_2),
                ("clear", &level.clear),
                ("clear_2", &level.clear_2),
            ];
            pairs.extend(fields.into_iter().map(|(field, value)| (format!("levels[{i}][{field}]"), value)));
        }
        let said = pairs.iter().filter(|(_, value)| !value.is_empty());
        crate::query::write(said.map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// As `pairs` of an address fill it in.
    #[must_use]
    pub fn parse(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            if let Some((i, field)) = name.strip_prefix("levels[").and_then(|rest| rest.split_once("][")) {
                let (Ok(i), field) = (i.parse::<usize>(), field.trim_end_matches(']')) else { continue };
                if i >= FORM_LEVELS {
                    continue;
                }
                form.levels.resize(form.levels.len().max(i + 1), LevelForm::default());
                let level = &mut form.levels[i];
                match field {
                    "severity" => level.severity = value,
                    "threshold" => level.threshold = value,
                    "threshold_2" => level.threshold_2 = value,
                    "clear" => level.clear = value,
                    "clear_2" => level.clear_2 = value,
                    _ => {}
                }
                continue;
            }
            match name.as_str() {
                "kind" => form.kind = value,
                "window_seconds" => form.window_seconds = value,
                "name" => form.name = value,
                "alert_type" => form.alert_type = value,
                "metric_key" => form.metric_key = value,
                "title" => form.title = value,
                "runbook" => form.runbook = value,
                "op" => form.op = value,
                "n_breaches" => form.n_breaches = value,
                "m_clears" => form.m_clears = value,
                "for_seconds" => form.for_seconds = value,
                "keep_firing_seconds" => form.keep_firing_seconds = value,
                "every_seconds" => form.every_seconds = value,
                "no_data" => form.no_data = value,
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

    #[test]
    fn a_form_is_read_and_says_what_is_no_number() {
        let form = RuleForm::parse(pairs(
            "name=Too+hot&alert_type=hot&metric_key=m&title=It+is+hot&op=gt&levels[0][severity]=high&levels[0][threshold]=85&levels[0][clear]=80&levels[1][threshold]=&for_seconds=180&levels[9][threshold]=1",
        ));
        let rule = form.read().unwrap();
        assert_eq!((rule.spec.levels.len(), rule.spec.for_seconds, rule.spec.m_clears), (1, 180, 2));
        assert_eq!(rule.spec.levels[0].clear_threshold, Some(80.into()));
        let again = RuleForm::parse(pairs(&form.to_query()));
        assert_eq!(again.read().unwrap(), rule, "a copy is the same rule");
        let counted = "kind=count&name=Tries&alert_type=tries&metric_key=m&title=Many+tries&op=lt&window_seconds=600&levels[0][threshold]=5";
        let spec = RuleForm::parse(pairs(counted)).read().unwrap().spec;
        assert_eq!((spec.kind, spec.op, spec.window_seconds), (RuleKind::Count, Op::Ge, Some(600)));
        let bad = RuleForm::parse(pairs("levels[0][threshold]=x&for_seconds=1.5"));
        let paths: Vec<String> = bad.read().unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["op", "levels[0][threshold]", "for_seconds"]);
    }
}
