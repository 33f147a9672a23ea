//! Plans that are proposed, decided by a second person, and hold from then on.

use super::PlanPage;
use crate::{
    AppError, FieldError,
    ids::{PlanId, PlanRunId},
    paging,
    words::words,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Of a reason, in characters.
const LONGEST_REASON: usize = 2_000;

words! {
    /// Where a plan stands.
    PlanState {
        Draft => "draft", "Draft";
        Proposed => "proposed", "Proposed";
        Promoted => "promoted", "Promoted";
        Rejected => "rejected", "Rejected";
        Superseded => "superseded", "Superseded";
        Withdrawn => "withdrawn", "Withdrawn";
    }
}

impl PlanState {
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Promoted => "good",
            Self::Proposed => "warn",
            Self::Rejected => "bad",
            Self::Draft | Self::Superseded | Self::Withdrawn => "neutral",
        }
    }
}

words! {
    /// What a person does with a plan.
    PlanAct {
        Propose => "propose", "Propose";
        Approve => "approve", "Approve and promote";
        Reject => "reject", "Reject";
        Withdraw => "withdraw", "Withdraw";
    }
}

impl PlanAct {
    /// The states in which it can be done.
    #[must_use]
    pub const fn from(self) -> &'static [PlanState] {
        match self {
            Self::Propose => &[PlanState::Draft, PlanState::Withdrawn],
            Self::Approve | Self::Reject | Self::Withdraw => &[PlanState::Proposed],
        }
    }

    #[must_use]
    pub const fn to(self) -> PlanState {
        match self {
            Self::Propose => PlanState::Proposed,
            Self::Approve => PlanState::Promoted,
            Self::Reject => PlanState::Rejected,
            Self::Withdraw => PlanState::Withdrawn,
        }
    }
}

/// Why somebody does it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PlanReason)]
pub struct Reason {
    /// Needed to reject, and to decide on a plan of one's own.
    pub reason: Option<String>,
}

impl Reason {
    /// Its words, if there are any.
    ///
    /// # Errors
    /// `validation` of a reason that is too long.
    pub fn words(&self) -> Result<Option<&str>, AppError> {
        let words = self.reason.as_deref().map(str::trim).filter(|words| !words.is_empty());
        if words.is_some_and(|words| words.chars().count() > LONGEST_REASON) {
            let message = format!("A reason has at most {LONGEST_REASON} characters.");
            return Err(AppError::field("reason", message));
        }
        Ok(words)
    }
}

/// A plan that passed the checker, or the relaxed one of a way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanItem {
    pub plan_id: PlanId,
    pub run_id: PlanRunId,
    /// Of its run: `OPT-000001`.
    pub label: String,
    pub name: String,
    /// The code of the network, or the name of the document that was brought.
    pub network: String,
    pub scenario_name: String,
    pub state: PlanState,
    pub is_relaxed: bool,
    /// Its days, the last one not among them; none where the document has no dates.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub currency: String,
    pub total_cost: f64,
    pub operating_cost: f64,
    /// 0 to 1.
    pub service_level: Option<f64>,
    pub shortage_tonnes: f64,
    /// Over the input's hash, the plan's rows and its costs.
    pub checker_sha256: Option<String>,
    /// When its input was brought.
    pub input_at: DateTime<FixedOffset>,
    pub input_age_seconds: i64,
    pub created_at: DateTime<FixedOffset>,
    pub proposed_by: Option<String>,
    pub proposed_at: Option<DateTime<FixedOffset>>,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<FixedOffset>>,
    pub reason: Option<String>,
    /// Nobody else could have decided.
    pub single_person: bool,
}

/// What somebody did with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanReview {
    pub person: String,
    pub decision: PlanState,
    pub reason: Option<String>,
    pub single_person: bool,
    pub at: DateTime<FixedOffset>,
}

/// A plan with what was done with it, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanDetail {
    pub plan: PlanItem,
    pub reviews: Vec<PlanReview>,
    /// What the caller can do now.
    pub acts: Vec<PlanAct>,
    /// The caller is the only one who could decide, and must say why.
    pub alone: bool,
}

/// A plan as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanScreen {
    pub detail: PlanDetail,
    pub page: PlanPage,
    /// The promoted plan of the same network, to compare with.
    pub promoted: Option<PlanId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanList {
    pub plans: Vec<PlanItem>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanFilter {
    pub state: Option<String>,
    pub network: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

impl PlanFilter {
    /// # Errors
    /// Of a state that is none, or a limit outside 1 to 100.
    pub fn validate(&self) -> Result<(), AppError> {
        let mut faults = Vec::new();
        if let Some(state) = self.state.as_deref().filter(|state| PlanState::parse(state).is_none()) {
            let known: Vec<_> = PlanState::ALL.iter().map(|state| state.as_str()).collect();
            let message = format!("There is no state \"{state}\"; the states are {}.", known.join(", "));
            faults.push(FieldError::new("state", message));
        }
        if self.limit.is_some_and(|limit| !(1..=paging::MAX_LIMIT).contains(&limit)) {
            faults.push(FieldError::new("limit", "A page has 1 to 100 rows."));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::validation(faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_goes_from_draft_over_proposed_and_what_was_decided_stays() {
        for state in PlanState::ALL.iter().copied() {
            let acts: Vec<_> = PlanAct::ALL.iter().filter(|act| act.from().contains(&state)).collect();
            let wanted: &[PlanAct] = match state {
                PlanState::Draft | PlanState::Withdrawn => &[PlanAct::Propose],
                PlanState::Proposed => &[PlanAct::Approve, PlanAct::Reject, PlanAct::Withdraw],
                PlanState::Promoted | PlanState::Rejected | PlanState::Superseded => &[],
            };
            assert_eq!(acts, wanted.iter().collect::<Vec<_>>(), "{state:?}");
        }
    }

    #[test]
    fn a_reason_of_blanks_is_none_and_one_without_end_is_refused() {
        let of = |text: &str| Reason { reason: Some(text.to_owned()) };
        assert_eq!((of(" \n").words().unwrap(), of(" cheaper ").words().unwrap()), (None, Some("cheaper")));
        assert_eq!(of(&"ä".repeat(2_001)).words().unwrap_err().fields[0].path, "reason");
        assert!(of(&"ä".repeat(2_000)).words().is_ok());
    }

    #[test]
    fn a_filter_names_what_it_does_not_know() {
        let wild = PlanFilter { state: Some("done".into()), limit: Some(101), ..PlanFilter::default() };
        let paths: Vec<_> = wild.validate().unwrap_err().fields.into_iter().map(|field| field.path).collect();
        assert_eq!(paths, ["state", "limit"]);
    }
}
