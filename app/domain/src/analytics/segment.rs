//! Segments and tiers of customers, and what is told of them.

use super::AnalyticsQuery;
use crate::{
    AppError, FieldError,
    access::Principal,
    ids::CustomerId,
    money::Currency,
    overview::{Badge, date, given, short},
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// Where the scores of a customer lead.
    Segment {
        Champions => "champions", "Champions";
        Loyal => "loyal", "Loyal";
        Potential => "potential", "Potential";
        New => "new", "New";
        NeedsAttention => "needs_attention", "Needs attention";
        AboutToSleep => "about_to_sleep", "About to sleep";
        AtRisk => "at_risk", "At risk";
        CannotLose => "cannot_lose", "Cannot lose";
        Hibernating => "hibernating", "Hibernating";
        Lost => "lost", "Lost";
        NoPurchase => "no_purchase", "No purchase";
    }
}

words! {
    /// By the revenue of the last 365 days.
    Tier {
        Platinum => "platinum", "Platinum";
        Gold => "gold", "Gold";
        Silver => "silver", "Silver";
        Standard => "standard", "Standard";
    }
}

impl Segment {
    /// The segment of a recency score and the rounded mean of the other two, 1 to 5 each.
    #[must_use]
    pub const fn of(r: i16, fm: i16) -> Self {
        use Segment as S;
        // By the rounded mean, from 1 to 5.
        let row = match r {
            4.. => [S::New, S::Potential, S::Potential, S::Champions, S::Champions],
            3 => [S::AboutToSleep, S::NeedsAttention, S::NeedsAttention, S::Loyal, S::Loyal],
            2 => [S::Hibernating, S::Hibernating, S::AtRisk, S::AtRisk, S::AtRisk],
            _ => [S::Lost, S::Lost, S::AtRisk, S::AtRisk, S::CannotLose],
        };
        let [first, second, third, fourth, fifth] = row;
        match fm {
            ..=1 => first,
            2 => second,
            3 => third,
            4 => fourth,
            _ => fifth,
        }
    }
}

/// Revenue of 365 days from which on a customer is of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierLimits {
    pub silver: Decimal,
    pub gold: Decimal,
    pub platinum: Decimal,
}

impl TierLimits {
    #[must_use]
    pub fn tier(&self, revenue: Decimal) -> Tier {
        match revenue {
            r if r >= self.platinum => Tier::Platinum,
            r if r >= self.gold => Tier::Gold,
            r if r >= self.silver => Tier::Silver,
            _ => Tier::Standard,
        }
    }
}

words! {
    /// How customers are told apart.
    Scheme {
        Rfm => "rfm", "Segments";
        Tier => "tier", "Tiers";
    }
}

/// A question for segments, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentRequest {
    pub by: Scheme,
    /// `None`: the latest.
    pub as_of: Option<NaiveDate>,
}

impl AnalyticsQuery {
    /// # Errors
    /// Every fault of the query with its path.
    pub fn segments(&self) -> Result<SegmentRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let by = given(self.by.as_deref()).map_or(Some(Scheme::Rfm), Scheme::parse);
        if by.is_none() {
            let text = short(self.by.as_deref().unwrap_or_default());
            faults
                .push(FieldError::new("by", format!("\"{text}\" is no way to tell customers apart; use rfm or tier.")));
        }
        let as_of = date("as_of", self.as_of.as_deref(), &mut faults);
        match by {
            Some(by) if faults.is_empty() => Ok(SegmentRequest { by, as_of }),
            _ => Err(faults),
        }
    }
}

/// One segment or tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentRow {
    /// `champions` … `lost`, `no_purchase`; or a tier.
    pub segment: String,
    pub customers: i64,
    /// Of the 365 days before the day.
    pub orders: i64,
    /// Net, refunds taken off.
    #[schema(format = "decimal")]
    pub revenue: Decimal,
    /// Null without an order.
    #[schema(format = "decimal")]
    pub avg_order_value: Option<Decimal>,
    /// Mean risk score, 0 to 1; null without a customer.
    #[schema(format = "decimal")]
    pub avg_risk: Option<Decimal>,
    /// Of all revenue, 0.25 is a quarter; null where that is 0 or less.
    #[schema(format = "decimal")]
    pub share: Option<Decimal>,
    /// Customers who were elsewhere, or nowhere, at the run before; null without one.
    pub moved_in: Option<i64>,
    pub moved_out: Option<i64>,
}

impl SegmentRow {
    /// In words.
    #[must_use]
    pub fn label(&self) -> &'static str {
        Segment::parse(&self.segment)
            .map(Segment::label)
            .or_else(|| Tier::parse(&self.segment).map(Tier::label))
            .unwrap_or("Other")
    }
}

/// Cut points of the scores, rising.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentCuts {
    /// Days since the last sale.
    pub r: Vec<i32>,
    /// Sales.
    pub f: Vec<i32>,
    /// Revenue.
    pub m: Vec<Decimal>,
}

/// Beside the segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentMetadata {
    pub count: i64,
    pub total: i64,
    pub limit: i64,
    /// Always null: an answer is sent whole.
    pub next_cursor: Option<String>,
    pub by: Scheme,
    /// Null: customers were not looked at yet.
    pub as_of: Option<NaiveDate>,
    /// The day that movement is told against.
    pub previous: Option<NaiveDate>,
    pub cuts: Option<SegmentCuts>,
    /// The 365 days before `as_of`.
    pub from: Option<DateTime<FixedOffset>>,
    /// Exclusive.
    pub to: Option<DateTime<FixedOffset>>,
    pub zone: String,
    pub currency: Currency,
    pub computed_at: DateTime<FixedOffset>,
    pub age_seconds: i64,
    pub badge: Badge,
}

/// Segments, and what they are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    pub items: Vec<SegmentRow>,
    pub metadata: SegmentMetadata,
}

/// Puts a customer into a tier by hand, or back under the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTier {
    /// Null: by the rule again.
    pub tier: Option<Tier>,
    /// First day on which the rule decides again; null: until it is changed.
    pub until: Option<NaiveDate>,
    pub reason: String,
}

impl SetTier {
    /// # Errors
    /// All faults at once.
    pub fn validate(&self, today: NaiveDate) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if !(5..=500).contains(&self.reason.trim().chars().count()) {
            faults.push(FieldError::new("reason", "Give a reason of 5 to 500 characters."));
        }
        if self.until.is_some_and(|until| until <= today) {
            faults.push(FieldError::new("until", "The end must lie after today."));
        }
        if self.tier.is_none() && self.until.is_some() {
            faults.push(FieldError::new("until", "Only a tier given by hand has an end."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Segments are read with `overview.view`; a tier is given with `customers.edit`.
#[async_trait]
pub trait SegmentsPort: Send + Sync + 'static {
    async fn segments(&self, who: &Principal, query: &AnalyticsQuery) -> Result<Segments, AppError>;
    /// The tier in force from today on.
    async fn set_tier(&self, who: &Principal, customer: CustomerId, command: &SetTier) -> Result<Tier, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_the_specification() {
        let row = |r: i16| (1..=5).map(|fm| Segment::of(r, fm).as_str()).collect::<Vec<_>>();
        for r in [5, 4] {
            assert_eq!(row(r), ["new", "potential", "potential", "champions", "champions"]);
        }
        assert_eq!(row(3), ["about_to_sleep", "needs_attention", "needs_attention", "loyal", "loyal"]);
        assert_eq!(row(2), ["hibernating", "hibernating", "at_risk", "at_risk", "at_risk"]);
        assert_eq!(row(1), ["lost", "lost", "at_risk", "at_risk", "cannot_lose"]);
    }

    #[test]
    fn equality_belongs_to_the_higher_tier() {
        let limits = TierLimits { silver: 500.into(), gold: 2_000.into(), platinum: 10_000.into() };
        let tier = |revenue: &str| limits.tier(revenue.parse().unwrap()).as_str();
        assert_eq!(
            ["-1", "499.9999", "500", "1999.99", "2000", "9999.99", "10000"].map(tier),
            ["standard", "standard", "silver", "silver", "gold", "gold", "platinum"]
        );
    }

    #[test]
    fn all_faults_of_a_tier_come_at_once() {
        let today = "2026-11-22".parse().unwrap();
        let good = SetTier { tier: Some(Tier::Gold), until: None, reason: "A partner".into() };
        assert!(good.validate(today).is_ok());
        let bad = SetTier { tier: None, until: Some(today), reason: "x".into() };
        assert_eq!(bad.validate(today).unwrap_err().len(), 3);
        assert_eq!(
            AnalyticsQuery { by: Some("age".into()), as_of: Some("x".into()), ..AnalyticsQuery::default() }
                .segments()
                .unwrap_err()
                .len(),
            2
        );
    }
}
