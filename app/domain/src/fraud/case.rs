//! Cases (`commerce.md` 3.5): suspicious sales that wait for a person's verdict.

use super::decision::{Outcome, ShownHit};
use crate::{
    AppError, FieldError,
    access::Principal,
    ids::{CaseId, CustomerId, DecisionId, TransactionId},
    money::{Currency, Money},
    transactions::SaleStatus,
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Least characters of the comment to a verdict.
pub const LEAST_COMMENT: usize = 5;
/// Most characters of a note or comment.
pub const MOST_COMMENT: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    Open,
    Claimed,
    Escalated,
    Snoozed,
    Closed,
}

impl CaseState {
    const ALL: [Self; 5] = [Self::Open, Self::Claimed, Self::Escalated, Self::Snoozed, Self::Closed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Escalated => "escalated",
            Self::Snoozed => "snoozed",
            Self::Closed => "closed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Claimed => "Being worked on",
            Self::Escalated => "Escalated",
            Self::Snoozed => "Put off",
            Self::Closed => "Closed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CaseVerdict)]
pub enum Verdict {
    Legitimate,
    ConfirmedFraud,
    Inconclusive,
}

impl Verdict {
    pub const ALL: [Self; 3] = [Self::Legitimate, Self::ConfirmedFraud, Self::Inconclusive];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legitimate => "legitimate",
            Self::ConfirmedFraud => "confirmed_fraud",
            Self::Inconclusive => "inconclusive",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Legitimate => "Legitimate",
            Self::ConfirmedFraud => "Confirmed fraud",
            Self::Inconclusive => "Inconclusive",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// What becomes of a held sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldAction {
    Release,
    Decline,
}

impl HeldAction {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "release" => Some(Self::Release),
            "decline" => Some(Self::Decline),
            _ => None,
        }
    }
}

/// A verdict, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideCase {
    pub verdict: Verdict,
    /// Of a held sale that is inconclusive; else it follows from the verdict.
    #[serde(default)]
    pub action: Option<HeldAction>,
    pub comment: String,
}

impl DecideCase {
    /// What becomes of the sale when it is held.
    ///
    /// # Errors
    /// Every fault with its path.
    pub fn resolve(&self, held: bool) -> Result<Option<HeldAction>, Vec<FieldError>> {
        let mut faults = Vec::new();
        let length = self.comment.trim().chars().count();
        if !(LEAST_COMMENT..=MOST_COMMENT).contains(&length) {
            let told = format!("Say why, in {LEAST_COMMENT} to {MOST_COMMENT} characters.");
            faults.push(FieldError::new("comment", told));
        }
        let follows = match self.verdict {
            Verdict::Legitimate => Some(HeldAction::Release),
            Verdict::ConfirmedFraud => Some(HeldAction::Decline),
            Verdict::Inconclusive => None,
        };
        let action = if held { follows.or(self.action) } else { None };
        if held && action.is_none() {
            faults.push(FieldError::new("action", "Choose what becomes of the held sale: release or decline."));
        }
        if follows.is_some() && self.action.is_some_and(|action| Some(action) != follows) {
            faults.push(FieldError::new("action", "A legitimate sale is released, and a fraud declined."));
        }
        if faults.is_empty() { Ok(action) } else { Err(faults) }
    }
}

/// Hours that a case can be put off for at most.
pub const MOST_SNOOZE: i64 = 7 * 24;

/// Why somebody else has to look, or why a sale is looked at at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseReason {
    pub reason: String,
}

impl CaseReason {
    /// # Errors
    /// When it is too short or too long.
    pub fn checked(&self) -> Result<&str, Vec<FieldError>> {
        let reason = self.reason.trim();
        let fits = (LEAST_COMMENT..=MOST_COMMENT).contains(&reason.chars().count());
        let told = format!("Say why, in {LEAST_COMMENT} to {MOST_COMMENT} characters.");
        if fits { Ok(reason) } else { Err(vec![FieldError::new("reason", told)]) }
    }
}

/// Puts a case off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeCase {
    /// 1 to 168, and not past the end of the hold.
    pub hours: i64,
}

/// A case in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseRow {
    pub id: CaseId,
    pub transaction_id: TransactionId,
    pub number: i64,
    pub reason: String,
    pub state: CaseState,
    /// In base currency.
    pub expected_loss: Money,
    #[schema(format = "decimal")]
    pub points: Option<Decimal>,
    #[schema(format = "decimal")]
    pub total: Decimal,
    pub currency: Currency,
    pub status: SaleStatus,
    pub customer_id: Option<CustomerId>,
    /// Its number; empty for a guest.
    pub customer: String,
    pub occurred_at: DateTime<FixedOffset>,
    pub opened_at: DateTime<FixedOffset>,
    pub due_at: DateTime<FixedOffset>,
    pub overdue: bool,
    /// A held sale is cancelled then.
    pub hold_expires_at: Option<DateTime<FixedOffset>>,
    /// Who works on it.
    pub claimed_by: Option<String>,
    pub claim_expires_at: Option<DateTime<FixedOffset>>,
    pub mine: bool,
}

/// What happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseEvent {
    pub at: DateTime<FixedOffset>,
    pub actor: String,
    pub kind: String,
    /// A note, a comment, a reason.
    pub text: Option<String>,
}

/// One case in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub row: CaseRow,
    pub outcome: Option<Outcome>,
    pub rule_set: Option<i32>,
    /// What the sale was judged with; it can be judged again.
    pub decision_id: Option<DecisionId>,
    /// Empty without the right to review.
    pub hits: Vec<ShownHit>,
    /// Learned probability of fraud, where the set used one; only with the right to review.
    #[schema(format = "decimal")]
    pub learned: Option<Decimal>,
    pub events: Vec<CaseEvent>,
    pub verdict: Option<Verdict>,
    pub verdict_reason: Option<String>,
    pub closed_at: Option<DateTime<FixedOffset>>,
    pub may_review: bool,
}

/// `/fraud`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseQueue)]
pub struct Queue {
    pub held: i64,
    pub review: i64,
    pub overdue: i64,
    pub mine: i64,
    pub items: Vec<CaseRow>,
    pub may_review: bool,
}

/// Which cases; nothing given: all that are not closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseQuery {
    /// `open` or `closed`.
    pub state: Option<String>,
    /// `1`: those the caller works on.
    pub mine: Option<String>,
    /// `1`: those that should have been decided by now.
    pub overdue: Option<String>,
}

impl CaseQuery {
    #[must_use]
    pub fn parse(pairs: Vec<(String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "state" => query.state = Some(value),
                "mine" => query.mine = Some(value),
                "overdue" => query.overdue = Some(value),
                _ => {}
            }
        }
        query
    }

    /// The query of an address that asks for these.
    #[must_use]
    pub fn to_query(&self) -> String {
        let pairs = [("state", &self.state), ("mine", &self.mine), ("overdue", &self.overdue)];
        crate::query::write(pairs.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))))
    }

    /// Whether closed ones are meant.
    ///
    /// # Errors
    /// For another state.
    pub fn closed(&self) -> Result<bool, Vec<FieldError>> {
        match self.state.as_deref().map(str::trim) {
            None | Some("" | "open") => Ok(false),
            Some("closed") => Ok(true),
            Some(_) => Err(vec![FieldError::new("state", "Cases are open or closed.")]),
        }
    }
}

/// Cases. Reading needs `fraud.view`, everything else `fraud.review`.
#[async_trait]
pub trait CasesPort: Send + Sync + 'static {
    /// Held sales first, then by expected loss, then by age; 100 at most.
    async fn queue(&self, who: &Principal, query: &CaseQuery) -> Result<Queue, AppError>;
    /// `not_found` for an id that is none.
    async fn case(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError>;
    /// Claims the first case that nobody works on; `None`: there is none.
    async fn next(&self, who: &Principal) -> Result<Option<CaseDetail>, AppError>;
    /// For 30 minutes from the last act on it; `conflict` with the name of who works on it.
    async fn claim(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError>;
    async fn unclaim(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError>;
    async fn note(&self, who: &Principal, id: CaseId, text: &str) -> Result<CaseDetail, AppError>;
    /// Somebody with more to say has to look; the claim ends.
    async fn escalate(&self, who: &Principal, id: CaseId, reason: &CaseReason) -> Result<CaseDetail, AppError>;
    /// It leaves the queue for so long; the claim ends.
    async fn snooze(&self, who: &Principal, id: CaseId, command: SnoozeCase) -> Result<CaseDetail, AppError>;
    /// Opens a case of a sale that went through; `conflict` when it has an open one or did not go through.
    async fn flag(&self, who: &Principal, sale: TransactionId, reason: &CaseReason) -> Result<CaseDetail, AppError>;
    /// A held sale is released or declined with it; a verdict but inconclusive becomes a label.
    async fn decide(&self, who: &Principal, id: CaseId, command: &DecideCase) -> Result<CaseDetail, AppError>;
    /// Cancels held sales whose time is up; answers how many. For the schedule.
    async fn expire_holds(&self, who: &Principal) -> Result<i64, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_held_sale_follows_from_the_verdict() {
        let decide = |verdict, action, comment: &str| DecideCase { verdict, action, comment: comment.into() };
        let why = "looked at it";
        assert_eq!(decide(Verdict::Legitimate, None, why).resolve(true), Ok(Some(HeldAction::Release)));
        assert_eq!(decide(Verdict::ConfirmedFraud, None, why).resolve(true), Ok(Some(HeldAction::Decline)));
        assert_eq!(decide(Verdict::ConfirmedFraud, None, why).resolve(false), Ok(None));
        let chosen = decide(Verdict::Inconclusive, Some(HeldAction::Decline), why);
        assert_eq!(chosen.resolve(true), Ok(Some(HeldAction::Decline)));
        let paths = |command: DecideCase| -> Vec<String> {
            command.resolve(true).unwrap_err().into_iter().map(|fault| fault.path).collect()
        };
        assert_eq!(paths(decide(Verdict::Inconclusive, None, " abc ")), ["comment", "action"]);
        assert_eq!(paths(decide(Verdict::Legitimate, Some(HeldAction::Decline), why)), ["action"]);
    }
}
