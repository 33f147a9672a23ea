//! One item, and the order of the list.

pub use crate::severity::Severity;
use crate::{access::Permission, money::Currency, words::words};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use utoipa::ToSchema;

words! {
    /// A feature that has items, or figures of its own on the home page.
    Feature {
        Transactions => "transactions", "Transactions";
        Ingest => "ingest", "Imports";
        Jobs => "jobs", "Jobs";
        System => "system", "System";
    }
}

impl Feature {
    /// Who may not view a feature does not hear of its items.
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Transactions => Permission::TransactionsView,
            Self::Ingest => Permission::IngestView,
            Self::Jobs => Permission::JobsView,
            Self::System => Permission::SystemView,
        }
    }
}

words! {
    /// What an item is about.
    AttentionKind {
        /// Sales held for review.
        Held => "transactions_held", "Transactions held";
        /// Sales whose open payment will soon cancel them.
        PaymentOpen => "payments_open", "Payments open";
        /// A job failed after its last attempt.
        JobFailed => "job_failed", "Job failed";
        /// A schedule was not seen to succeed for two periods.
        ScheduleMissed => "schedule_missed", "Schedule missed";
        /// Rows of an import wait in quarantine.
        Quarantine => "import_quarantine", "Rows in quarantine";
        /// Less than a tenth of the disk is free.
        DiskLow => "disk_low", "Disk nearly full";
    }
}

words! {
    /// What a page or program does for an action.
    AttentionAct {
        /// Go to the page `target`.
        Open => "open", "Open";
        /// Run the job `target` again: `POST /api/v1/jobs/{target}/retry`.
        RetryJob => "retry_job", "Retry";
        /// Run the schedule `target` now: `POST /api/v1/schedules/{target}/run`.
        RunSchedule => "run_schedule", "Run now";
    }
}

impl AttentionAct {
    /// The right that acting needs besides seeing the item.
    #[must_use]
    pub const fn right(self) -> Option<Permission> {
        match self {
            Self::Open => None,
            Self::RetryJob | Self::RunSchedule => Some(Permission::JobsRun),
        }
    }
}

/// Something one can do about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionAction {
    pub act: AttentionAct,
    /// On the button.
    pub label: String,
    /// The page of an `open`, the id of what is run.
    pub target: String,
}

impl AttentionAction {
    pub fn new(act: AttentionAct, label: impl Into<String>, target: impl Into<String>) -> Self {
        Self { act, label: label.into(), target: target.into() }
    }
}

/// Something that needs a hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionItem {
    /// The same for as long as the matter stands, e.g. `transactions.held`, `schedule.cleanup`.
    pub key: String,
    pub feature: Feature,
    pub kind: AttentionKind,
    pub severity: Severity,
    pub title: String,
    /// What happens when nobody acts.
    pub consequence: String,
    /// In base currency; `None` is unknown.
    #[schema(format = "decimal")]
    pub money_at_risk: Option<Decimal>,
    pub currency: Option<Currency>,
    /// Since when the matter stands.
    pub since: DateTime<FixedOffset>,
    pub age_seconds: i64,
    /// The page to look at.
    pub link: String,
    pub actions: Vec<AttentionAction>,
    /// The feature did not answer now: this is what was known last.
    pub stale: bool,
}

/// What decides the place of an item in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight<'a> {
    pub severity: Severity,
    pub money_at_risk: Option<Decimal>,
    pub since: DateTime<FixedOffset>,
    pub key: &'a str,
}

impl Weight<'_> {
    /// The graver first; then the more money, unknown last; then the older; then by key.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.severity
            .cmp(&other.severity)
            .then_with(|| match (self.money_at_risk, other.money_at_risk) {
                (Some(mine), Some(theirs)) => theirs.cmp(&mine),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            })
            .then_with(|| self.since.cmp(&other.since))
            .then_with(|| self.key.cmp(other.key))
    }
}

/// The order of the list; see [`Weight::compare`].
#[must_use]
pub fn by_urgency(one: &AttentionItem, other: &AttentionItem) -> Ordering {
    one.weight().compare(&other.weight())
}

impl AttentionItem {
    #[must_use]
    pub fn weight(&self) -> Weight<'_> {
        Weight { severity: self.severity, money_at_risk: self.money_at_risk, since: self.since, key: &self.key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, High, Low, Medium};
    use proptest::prelude::*;

    fn at(hour: u32) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(&format!("2026-11-22T{hour:02}:00:00Z")).unwrap()
    }

    fn weight(severity: Severity, money: Option<i64>, hour: u32, key: &str) -> Weight<'_> {
        Weight { severity, money_at_risk: money.map(Decimal::from), since: at(hour), key }
    }

    fn ordered<'a>(mut all: Vec<Weight<'a>>) -> Vec<&'a str> {
        all.sort_by(Weight::compare);
        all.into_iter().map(|w| w.key).collect()
    }

    /// Acceptance example 19.
    #[test]
    fn gravity_goes_before_money_money_before_age() {
        let all = vec![
            weight(Low, Some(9), 1, "low"),
            weight(High, Some(500), 1, "high-500"),
            weight(High, None, 0, "high-unknown"),
            weight(High, Some(1_000_000), 9, "high-million"),
            weight(Critical, None, 9, "critical"),
            weight(High, Some(61_900), 9, "high-61900"),
            weight(Medium, None, 8, "medium-younger"),
            weight(Medium, None, 7, "medium-older"),
        ];
        let order = [
            "critical",
            "high-million",
            "high-61900",
            "high-500",
            "high-unknown",
            "medium-older",
            "medium-younger",
            "low",
        ];
        assert_eq!(ordered(all), order);
    }

    #[test]
    fn words_parse_back_and_features_name_their_rights() {
        assert!(Feature::ALL.iter().all(|f| Feature::parse(f.as_str()) == Some(*f)));
        assert!(Severity::ALL.iter().all(|s| Severity::parse(s.as_str()) == Some(*s)));
        assert!(Feature::ALL.iter().all(|f| f.right().key().starts_with(f.as_str())), "the view right of the feature");
    }

    fn any_weight() -> impl Strategy<Value = (usize, Option<i64>, u32, String)> {
        (0_usize..4, proptest::option::of(-3_i64..3), 0_u32..3, "[ab]{1,2}")
    }

    fn of(parts: &(usize, Option<i64>, u32, String)) -> Weight<'_> {
        weight(Severity::ALL[parts.0], parts.1, parts.2, &parts.3)
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in any_weight(), b in any_weight(), c in any_weight()) {
            let (a, b, c) = (of(&a), of(&b), of(&c));
            prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
            prop_assert_eq!(a.compare(&b) == Ordering::Equal, a == b);
            if a.compare(&b).is_le() && b.compare(&c).is_le() {
                prop_assert!(a.compare(&c).is_le());
            }
        }

        #[test]
        fn no_money_outweighs_gravity_and_no_age_outweighs_money(a in any_weight(), b in any_weight()) {
            let (a, b) = (of(&a), of(&b));
            if a.severity < b.severity {
                prop_assert!(a.compare(&b).is_lt());
            } else if a.severity == b.severity && a.money_at_risk > b.money_at_risk {
                // `None` is the least of all options, as unknown money stands last.
                prop_assert!(a.compare(&b).is_lt());
            }
        }
    }
}
