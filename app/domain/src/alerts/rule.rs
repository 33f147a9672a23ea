//! Rules: what is watched, from when it is a problem, and from when it is over.

use super::{AlertFeature, AlertLimit, Severity};
use crate::{FieldError, ids::AlertRuleId, words::words};
use chrono::{DateTime, Duration, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Levels of one rule.
const MOST_LEVELS: usize = 4;

/// Shortest and longest window.
const WINDOW_SECONDS: std::ops::RangeInclusive<u32> = 300..=31 * 86_400;

words! {
    /// What of its metric a rule judges.
    #[schema(as = AlertRuleKind)]
    RuleKind {
        /// The present value.
        Threshold => "threshold", "A value";
        /// By how many percent a window's value differs from that of the window before it.
        Change => "change", "A change";
        /// Events of a sliding window.
        Count => "count", "A number of events";
        /// Seconds since something was received last or, where nothing ever was, since it was expected first.
        Absent => "absent", "Silence";
    }
}

impl RuleKind {
    /// Looks at a window.
    #[must_use]
    pub const fn has_window(self) -> bool {
        matches!(self, Self::Change | Self::Count)
    }

    /// Is judged by “at least”, whatever else there is.
    #[must_use]
    pub const fn only_at_least(self) -> bool {
        matches!(self, Self::Count | Self::Absent)
    }
}

words! {
    /// How a value is compared with a threshold.
    #[schema(as = AlertOp)]
    Op {
        Gt => "gt", "above";
        Ge => "ge", "at least";
        Lt => "lt", "below";
        Le => "le", "at most";
        Eq => "eq", "exactly";
        Ne => "ne", "other than";
        Outside => "outside", "outside of";
        Inside => "inside", "inside of";
    }
}

words! {
    /// What a rule does while nothing is known of its metric.
    NoData {
        Keep => "keep", "Keep the state";
        Alert => "alert", "Count as a breach";
        Resolve => "resolve", "Count as clear";
    }
}

words! {
    /// What the rule knows of one entity.
    #[schema(as = AlertRuleState)]
    RuleState {
        Normal => "normal", "Normal";
        Pending => "pending", "Pending";
        Firing => "firing", "Firing";
        Recovering => "recovering", "Recovering";
        Muted => "muted_until_recovery", "Resolved by hand, waiting for recovery";
    }
}

/// From `threshold` on it is as grave as `severity`; it is over at `clear_threshold`, or, without one, when the
/// comparison is false again. `outside` and `inside` take both thresholds, and both to clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertLevel)]
pub struct Level {
    pub severity: Severity,
    #[schema(format = "decimal")]
    pub threshold: Decimal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "decimal")]
    pub threshold_2: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "decimal")]
    pub clear_threshold: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "decimal")]
    pub clear_threshold_2: Option<Decimal>,
}

impl Level {
    /// Whether the value breaches it.
    #[must_use]
    pub fn breached(&self, op: Op, value: Decimal) -> bool {
        holds(op, value, self.threshold, self.threshold_2.unwrap_or(self.threshold))
    }

    /// Whether the value is at or beyond its clear side.
    #[must_use]
    pub fn cleared(&self, op: Op, value: Decimal) -> bool {
        let (low, high) = match (op, self.clear_threshold, self.clear_threshold_2) {
            (Op::Gt | Op::Ge, Some(clear), _) => return value <= clear,
            (Op::Lt | Op::Le, Some(clear), _) => return value >= clear,
            (Op::Outside, Some(low), high) => return value >= low && value <= high.unwrap_or(low),
            (Op::Inside, Some(low), high) => return value <= low || value >= high.unwrap_or(low),
            _ => (self.threshold, self.threshold_2.unwrap_or(self.threshold)),
        };
        !holds(op, value, low, high)
    }
}

fn holds(op: Op, value: Decimal, low: Decimal, high: Decimal) -> bool {
    match op {
        Op::Gt => value > low,
        Op::Ge => value >= low,
        Op::Lt => value < low,
        Op::Le => value <= low,
        Op::Eq => value == low,
        Op::Ne => value != low,
        Op::Outside => value < low || value > high,
        Op::Inside => value >= low && value <= high,
    }
}

/// The conditions of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertRuleSpec)]
pub struct RuleSpec {
    #[serde(default = "threshold")]
    pub kind: RuleKind,
    /// Of a change or a count: from 5 minutes to 31 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    /// A count and a silence say `ge`.
    pub op: Op,
    /// Rising in severity.
    pub levels: Vec<Level>,
    /// So many breaching looks in a row.
    #[serde(default = "one")]
    pub n_breaches: u32,
    /// So many clear looks in a row end it.
    #[serde(default = "two")]
    pub m_clears: u32,
    #[serde(default)]
    pub for_seconds: u32,
    #[serde(default)]
    pub keep_firing_seconds: u32,
    #[serde(default = "sixty")]
    pub every_seconds: u32,
    #[serde(default = "keep")]
    pub no_data: NoData,
    /// Three looks when not given.
    #[serde(default)]
    pub no_data_after_seconds: Option<u32>,
    #[serde(default = "day")]
    pub reopen_after_seconds: u32,
    #[serde(default = "yes")]
    pub auto_resolve: bool,
}

const fn threshold() -> RuleKind {
    RuleKind::Threshold
}
const fn one() -> u32 {
    1
}
const fn two() -> u32 {
    2
}
const fn sixty() -> u32 {
    60
}
const fn day() -> u32 {
    86_400
}
const fn keep() -> NoData {
    NoData::Keep
}
const fn yes() -> bool {
    true
}

impl RuleSpec {
    /// The lines of a chart: each level's thresholds, and where the lowest is over, if that is elsewhere.
    #[must_use]
    pub fn limits(&self) -> Vec<AlertLimit> {
        let limit = |label: String, value: Decimal| AlertLimit { label, value };
        let mut limits = Vec::new();
        for level in &self.levels {
            limits.push(limit(level.severity.label().to_owned(), level.threshold));
            limits.extend(level.threshold_2.map(|high| limit(level.severity.label().to_owned(), high)));
        }
        if let Some(lowest) = self.levels.first() {
            let clear = [lowest.clear_threshold, lowest.clear_threshold_2];
            limits.extend(clear.into_iter().flatten().map(|value| limit(AlertLimit::OVER.to_owned(), value)));
        }
        limits
    }

    /// With the usual counts and times.
    #[must_use]
    pub fn new(op: Op, levels: Vec<Level>) -> Self {
        Self {
            kind: threshold(),
            window_seconds: None,
            op,
            levels,
            n_breaches: one(),
            m_clears: two(),
            for_seconds: 0,
            keep_firing_seconds: 0,
            every_seconds: sixty(),
            no_data: keep(),
            no_data_after_seconds: None,
            reopen_after_seconds: day(),
            auto_resolve: yes(),
        }
    }

    /// How far back a change or a count looks; of other kinds zero.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::seconds(self.window_seconds.unwrap_or_default().into())
    }

    /// Silence of the metric longer than this is told.
    #[must_use]
    pub fn no_data_after(&self) -> u32 {
        self.no_data_after_seconds.unwrap_or(self.every_seconds.saturating_mul(3))
    }

    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut say = |path: String, told: &str| faults.push(FieldError::new(path, told));
        if !(1..=MOST_LEVELS).contains(&self.levels.len()) {
            say("levels".to_owned(), "A rule has one to four levels.");
        }
        match self.window_seconds {
            Some(_) if !self.kind.has_window() => {
                say("window_seconds".to_owned(), "Only a change and a number of events have a window.");
            }
            None if self.kind.has_window() => say("window_seconds".to_owned(), "Say how far back it looks."),
            Some(seconds) if !WINDOW_SECONDS.contains(&seconds) => {
                say("window_seconds".to_owned(), "From 300 seconds to 31 days.");
            }
            _ => {}
        }
        if self.kind.only_at_least() {
            if self.op != Op::Ge {
                say("op".to_owned(), "Events and silence are judged by \u{201c}at least\u{201d}.");
            }
            for (i, _) in self.levels.iter().enumerate().filter(|(_, level)| level.threshold <= Decimal::ZERO) {
                say(format!("levels[{i}].threshold"), "Give a number above zero.");
            }
        }
        let two_sided = matches!(self.op, Op::Outside | Op::Inside);
        for (i, level) in self.levels.iter().enumerate() {
            let path = |name: &str| format!("levels[{i}].{name}");
            if two_sided && level.threshold_2.is_none_or(|high| high < level.threshold) {
                say(path("threshold_2"), "Give the upper end of the range; it is not below the lower one.");
            }
            if !two_sided && level.threshold_2.is_some() {
                say(path("threshold_2"), "Only a range has a second threshold.");
            }
            if level.clear_threshold.is_some_and(|clear| level.breached(self.op, clear)) {
                say(path("clear_threshold"), "At this value the level is still breached.");
            }
            if i > 0 && level.severity.rank() <= self.levels[i - 1].severity.rank() {
                say(path("severity"), "Each level is graver than the one before.");
            }
            if i > 0 && !self.levels[i - 1].breached(self.op, level.threshold) && !two_sided {
                say(path("threshold"), "Each level lies further out than the one before.");
            }
        }
        for (name, value) in [("n_breaches", self.n_breaches), ("m_clears", self.m_clears)] {
            if !(1..=1_000).contains(&value) {
                say(name.to_owned(), "From 1 to 1,000.");
            }
        }
        if !(30..=86_400).contains(&self.every_seconds) {
            say("every_seconds".to_owned(), "From 30 seconds to a day.");
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAlertRule)]
pub struct NewRule {
    pub name: String,
    /// 3 to 50 of `a-z`, `0-9`, `_`.
    pub alert_type: String,
    pub metric_key: String,
    /// 5 to 255 characters.
    pub title: String,
    #[serde(default)]
    pub runbook: Option<String>,
    pub spec: RuleSpec,
}

impl NewRule {
    /// # Errors
    /// Every fault with its path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if !(3..=120).contains(&self.name.trim().chars().count()) {
            faults.push(FieldError::new("name", "A name has 3 to 120 characters."));
        }
        if !(5..=255).contains(&self.title.trim().chars().count()) {
            faults.push(FieldError::new("title", "A title has 5 to 255 characters."));
        }
        faults.extend(super::alert::type_fault(&self.alert_type));
        faults.extend(self.spec.validate().err().into_iter().flatten());
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Something a rule can watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertMetric)]
pub struct Metric {
    pub key: String,
    pub label: String,
    pub unit: String,
    pub entity_type: String,
    pub feature: AlertFeature,
    /// What rules may judge of it.
    pub kinds: Vec<RuleKind>,
}

/// The present value of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertMetricReading)]
pub struct MetricReading {
    pub entity_id: String,
    pub entity_label: String,
    /// Nothing is known.
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    /// What the rule would say of it at once.
    pub severity: Option<Severity>,
}

/// A rule in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertRule)]
pub struct RuleRow {
    pub id: AlertRuleId,
    pub code: Option<String>,
    pub name: String,
    pub alert_type: String,
    pub feature: AlertFeature,
    pub metric_key: String,
    pub metric: String,
    pub unit: String,
    pub title: String,
    pub runbook: Option<String>,
    pub spec: RuleSpec,
    pub enabled: bool,
    pub version: i32,
    pub instances: i64,
    pub firing: i64,
    pub errors: i64,
    pub last_eval_at: Option<DateTime<FixedOffset>>,
}

/// What the rule knows of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertRuleInstance)]
pub struct RuleInstance {
    pub entity_id: String,
    pub entity_label: String,
    pub state: RuleState,
    pub severity: Option<Severity>,
    #[schema(format = "decimal")]
    pub value: Option<Decimal>,
    pub since: DateTime<FixedOffset>,
    /// `ok`, `no_data` or `error`.
    pub health: String,
}

/// A rule in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertRuleDetail)]
pub struct RuleDetail {
    #[serde(flatten)]
    pub row: RuleRow,
    pub states: Vec<RuleInstance>,
    pub may_edit: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(severity: Severity, threshold: i64) -> Level {
        Level {
            severity,
            threshold: threshold.into(),
            threshold_2: None,
            clear_threshold: None,
            clear_threshold_2: None,
        }
    }

    #[test]
    fn thresholds_are_met_as_they_are_written() {
        let at =
            |op, threshold: i64, value: &str| level(Severity::High, threshold).breached(op, value.parse().unwrap());
        assert!(!at(Op::Gt, 120, "120") && at(Op::Gt, 120, "120.0001"));
        assert!(at(Op::Ge, 120, "120") && at(Op::Le, 0, "0") && !at(Op::Lt, 0, "0"));
        let band = Level { threshold_2: Some(95.into()), ..level(Severity::High, 10) };
        assert!(band.breached(Op::Outside, 9.into()) && !band.breached(Op::Outside, 10.into()));
        assert!(band.breached(Op::Outside, 96.into()) && !band.breached(Op::Outside, 95.into()));
        let band = Level { clear_threshold: Some(12.into()), clear_threshold_2: Some(93.into()), ..band };
        assert!(!band.cleared(Op::Outside, 94.into()) && band.cleared(Op::Outside, 93.into()));
    }

    #[test]
    fn a_rule_says_all_that_is_wrong_with_it() {
        let paths = |spec: &RuleSpec| -> Vec<String> {
            spec.validate().err().into_iter().flatten().map(|fault| fault.path).collect()
        };
        let rising = vec![level(Severity::Medium, 80), level(Severity::High, 90)];
        assert!(paths(&RuleSpec::new(Op::Gt, rising.clone())).is_empty());
        assert_eq!(paths(&RuleSpec::new(Op::Lt, rising)), ["levels[1].threshold"]);
        let mut one = RuleSpec::new(Op::Gt, vec![level(Severity::High, 85)]);
        one.levels[0].clear_threshold = Some(86.into());
        one.every_seconds = 29;
        assert_eq!(paths(&one), ["levels[0].clear_threshold", "every_seconds"]);
        assert_eq!(paths(&RuleSpec::new(Op::Outside, vec![level(Severity::Low, 1)])), ["levels[0].threshold_2"]);
        assert_eq!(paths(&RuleSpec::new(Op::Gt, vec![])), ["levels"]);
    }

    #[test]
    fn a_window_belongs_to_what_looks_back_and_events_are_counted_up() {
        let paths = |kind, window_seconds, op, threshold: i64| -> Vec<String> {
            let spec = RuleSpec { kind, window_seconds, ..RuleSpec::new(op, vec![level(Severity::High, threshold)]) };
            spec.validate().err().into_iter().flatten().map(|fault| fault.path).collect()
        };
        assert!(paths(RuleKind::Change, Some(3_600), Op::Lt, -30).is_empty());
        assert_eq!(paths(RuleKind::Change, None, Op::Lt, -30), ["window_seconds"]);
        assert_eq!(paths(RuleKind::Change, Some(60), Op::Lt, -30), ["window_seconds"]);
        assert!(paths(RuleKind::Count, Some(600), Op::Ge, 5).is_empty());
        assert_eq!(paths(RuleKind::Count, Some(600), Op::Gt, 0), ["op", "levels[0].threshold"]);
        assert!(paths(RuleKind::Absent, None, Op::Ge, 900).is_empty());
        assert_eq!(paths(RuleKind::Absent, Some(600), Op::Ge, 900), ["window_seconds"]);
        assert_eq!(paths(RuleKind::Threshold, Some(600), Op::Gt, 900), ["window_seconds"]);
        let kept: RuleSpec = serde_json::from_str(r#"{"op": "gt", "levels": []}"#).unwrap();
        assert_eq!(kept.kind, RuleKind::Threshold, "rules from before there were kinds");
    }
}
