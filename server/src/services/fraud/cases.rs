//! The queue, and what a reviewer does with a case (`commerce.md` 3.5).

use crate::{
    backend::Backend,
    services::transactions::{end_held, zone_of},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    fraud::{
        Hit, Outcome,
        case::{
            CaseDetail, CaseEvent, CaseQuery, CaseReason, CaseRow, CaseState, CasesPort, DecideCase, HeldAction,
            MOST_COMMENT, MOST_SNOOZE, Queue, SnoozeCase, Verdict,
        },
    },
    ids::{CaseId, CustomerId, DecisionId, TransactionId},
    money::Money,
    settings::Business,
    transactions::SaleStatus,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    audit::{self, Act},
    fraud::{
        cases::{self as rows, LockedCase, NewCase, Standing, Which},
        screening::decision_of,
    },
};

/// A claim lasts so long from the last act.
const CLAIM: Duration = Duration::minutes(30);
/// So soon a sale that somebody flagged should be decided.
const FLAGGED_DUE: Duration = Duration::hours(24);
/// Cases of one look.
const MOST: i64 = 100;
/// Held sales that one transaction of the expiry cancels.
const AT_ONCE: i64 = 50;

/// The service behind [`CasesPort`].
#[derive(Clone)]
pub struct CasesService {
    backend: Backend,
}

impl fmt::Debug for CasesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CasesService").finish_non_exhaustive()
    }
}

/// A reviewer: only people work on cases.
struct Reviewer<'a> {
    who: &'a Principal,
    id: uuid::Uuid,
    now: DateTime<Utc>,
}

impl<'a> Reviewer<'a> {
    /// The case is theirs for the next half hour.
    fn working(&self) -> Standing<'a> {
        Standing { state: "claimed", claim: Some((self.id, self.who.label(), self.now + CLAIM)), snoozed_until: None }
    }
}

/// How cases are shown.
struct Shown<'a> {
    who: &'a Principal,
    business: Business,
    zone: BusinessZone,
    now: DateTime<Utc>,
}

impl Shown<'_> {
    fn row(&self, row: &rows::CaseRow) -> Result<CaseRow, AppError> {
        let local = |at: DateTime<Utc>| self.zone.local(at);
        let base = self.business.base_currency;
        let claimed = row.claim_expires_at.is_some_and(|until| until > self.now);
        let state = CaseState::parse(&row.state).ok_or_else(AppError::internal)?;
        Ok(CaseRow {
            id: CaseId(row.id),
            transaction_id: TransactionId(row.transaction_id),
            number: row.number,
            reason: row.reason.clone(),
            // A claim that ran out is none.
            state: if state == CaseState::Claimed && !claimed { CaseState::Open } else { state },
            expected_loss: Money::new(row.expected_loss.normalize(), base),
            points: row.points.map(|points| points.normalize()),
            total: row.total.normalize(),
            currency: row.currency.parse().unwrap_or(base),
            status: SaleStatus::parse(&row.status).ok_or_else(AppError::internal)?,
            customer_id: row.customer_id.map(CustomerId),
            customer: row.customer.clone(),
            occurred_at: local(row.occurred_at),
            opened_at: local(row.created_at),
            due_at: local(row.due_at),
            overdue: state != CaseState::Closed && row.due_at < self.now,
            hold_expires_at: row.hold_expires_at.filter(|_| row.status == "held").map(local),
            claimed_by: row.claimed_name.clone().filter(|_| claimed),
            claim_expires_at: row.claim_expires_at.filter(|_| claimed).map(local),
            mine: claimed && row.claimed_by.is_some() && row.claimed_by == self.who.user_id().map(|user| user.0),
        })
    }
}

impl CasesService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn shown<'a>(&self, connection: &mut PgConnection, who: &'a Principal) -> Result<Shown<'a>, AppError> {
        let business = store::settings::business(connection).await?;
        let zone = zone_of(&business);
        Ok(Shown { who, business, zone, now: self.backend.clock.now() })
    }

    fn reviewer<'a>(&self, who: &'a Principal) -> Result<Reviewer<'a>, AppError> {
        who.require(Permission::FraudReview)?;
        let id = who.user_id().ok_or_else(AppError::forbidden)?.0;
        Ok(Reviewer { who, id, now: self.backend.clock.now() })
    }

    async fn read(&self, connection: &mut PgConnection, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError> {
        let shown = self.shown(connection, who).await?;
        let which = Which { id: Some(id.0), ..Which::default() };
        let row = rows::list(connection, which, shown.now, 1).await?.pop();
        let row = row.ok_or_else(|| AppError::not_found("Case"))?;
        let decision = decision_of(connection, row.transaction_id).await?;
        let may_review = who.may(Permission::FraudReview);
        let hits: Vec<Hit> = match &decision {
            Some(decision) if may_review => serde_json::from_value(decision.hits.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        let hits = hits.into_iter().map(Into::into).collect();
        let events = rows::events(connection, id.0).await?.into_iter().map(|event| CaseEvent {
            at: shown.zone.local(event.at),
            actor: event.actor,
            kind: event.kind,
            text: ["text", "comment", "reason"].iter().find_map(|key| event.data.get(key)?.as_str()).map(str::to_owned),
        });
        Ok(CaseDetail {
            outcome: decision.as_ref().and_then(|decision| Outcome::parse(&decision.outcome)),
            rule_set: decision.as_ref().and_then(|decision| decision.rule_set),
            decision_id: decision
                .as_ref()
                .filter(|decision| may_review && decision.rule_set.is_some())
                .map(|decision| DecisionId(decision.id)),
            hits,
            learned: decision.as_ref().filter(|_| may_review).and_then(|of| of.learned).map(|of| of.normalize()),
            events: events.collect(),
            verdict: row.verdict.as_deref().and_then(Verdict::parse),
            verdict_reason: row.verdict_reason.clone(),
            closed_at: row.closed_at.map(|at| shown.zone.local(at)),
            may_review,
            row: shown.row(&row)?,
        })
    }

    /// A locked case that the reviewer may act on: not closed, and nobody else works on it.
    async fn own(
        &self,
        connection: &mut PgConnection,
        reviewer: &Reviewer<'_>,
        id: CaseId,
    ) -> Result<LockedCase, AppError> {
        let case = rows::lock(connection, id.0).await?.ok_or_else(|| AppError::not_found("Case"))?;
        if case.state == "closed" {
            return Err(AppError::conflict("This case is closed already."));
        }
        let claimed = case.claim_expires_at.is_some_and(|until| until > reviewer.now);
        if claimed && case.claimed_by != Some(reviewer.id) {
            let name = case.claimed_name.as_deref().unwrap_or("Somebody");
            return Err(AppError::conflict(format!("{name} is working on this case.")));
        }
        Ok(case)
    }

    /// Does something with a case that the reviewer may act on, and writes it down.
    async fn act(
        &self,
        who: &Principal,
        id: CaseId,
        kind: &str,
        data: serde_json::Value,
        becomes: impl for<'a> FnOnce(&LockedCase, &Reviewer<'a>) -> Result<Standing<'a>, AppError> + Send,
    ) -> Result<CaseDetail, AppError> {
        let by = self.reviewer(who)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let case = self.own(&mut tx, &by, id).await?;
        rows::set(&mut tx, id.0, becomes(&case, &by)?).await?;
        self.happened(&mut tx, &by, id, kind, data).await?;
        let case = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(case)
    }

    async fn happened(
        &self,
        connection: &mut PgConnection,
        by: &Reviewer<'_>,
        id: CaseId,
        kind: &str,
        data: serde_json::Value,
    ) -> Result<(), AppError> {
        rows::happened(connection, id.0, kind, by.who.label(), &data, by.now).await?;
        let action = format!("fraud.case_{kind}");
        let act = Act::done(&action, "fraud_case", id).after(data);
        Ok(audit::record(connection, self.backend.clock.new_id(), by.now, by.who, act).await?)
    }
}

/// The cases a query of the queue asks for.
///
/// # Errors
/// `validation` of an unknown state.
pub fn which(who: &Principal, query: &CaseQuery, now: DateTime<Utc>) -> Result<Which, AppError> {
    let chosen = |text: &Option<String>| text.as_deref() == Some("1");
    Ok(Which {
        id: None,
        closed: query.closed().map_err(AppError::validation)?,
        mine: who.user_id().map(|user| user.0).filter(|_| chosen(&query.mine)),
        due_before: chosen(&query.overdue).then_some(now),
    })
}

#[async_trait]
impl CasesPort for CasesService {
    async fn queue(&self, who: &Principal, query: &CaseQuery) -> Result<Queue, AppError> {
        who.require(Permission::FraudView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let shown = self.shown(&mut tx, who).await?;
        let user = who.user_id().map(|user| user.0);
        let which = which(who, query, shown.now)?;
        let items = rows::list(&mut tx, which, shown.now, MOST).await?;
        let counts = rows::counts(&mut tx, user, shown.now).await?;
        Ok(Queue {
            held: counts.held,
            review: counts.review,
            overdue: counts.overdue,
            mine: counts.mine,
            items: items.iter().map(|row| shown.row(row)).collect::<Result<_, _>>()?,
            may_review: who.may(Permission::FraudReview),
        })
    }

    async fn case(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError> {
        who.require(Permission::FraudView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.read(&mut tx, who, id).await
    }

    async fn next(&self, who: &Principal) -> Result<Option<CaseDetail>, AppError> {
        let by = self.reviewer(who)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let Some(id) = rows::claim_next(&mut tx, by.id, who.label(), by.now, by.now + CLAIM).await? else {
            return Ok(None);
        };
        let id = CaseId(id);
        self.happened(&mut tx, &by, id, "claim", json!({})).await?;
        let case = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(Some(case))
    }

    async fn claim(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError> {
        self.act(who, id, "claim", json!({}), |_, by| Ok(by.working())).await
    }

    async fn unclaim(&self, who: &Principal, id: CaseId) -> Result<CaseDetail, AppError> {
        self.act(who, id, "unclaim", json!({}), |_, _| Ok(Standing { state: "open", claim: None, snoozed_until: None }))
            .await
    }

    async fn note(&self, who: &Principal, id: CaseId, text: &str) -> Result<CaseDetail, AppError> {
        let text = text.trim();
        if !(1..=MOST_COMMENT).contains(&text.chars().count()) {
            return Err(AppError::field("text", format!("A note has 1 to {MOST_COMMENT} characters.")));
        }
        self.act(who, id, "note", json!({ "text": text }), |_, by| Ok(by.working())).await
    }

    async fn escalate(&self, who: &Principal, id: CaseId, reason: &CaseReason) -> Result<CaseDetail, AppError> {
        let reason = reason.checked().map_err(AppError::validation)?;
        let escalated = Standing { state: "escalated", claim: None, snoozed_until: None };
        self.act(who, id, "escalate", json!({ "reason": reason }), |_, _| Ok(escalated)).await
    }

    async fn snooze(&self, who: &Principal, id: CaseId, command: SnoozeCase) -> Result<CaseDetail, AppError> {
        if !(1..=MOST_SNOOZE).contains(&command.hours) {
            return Err(AppError::field("hours", "A case can be put off for 1 to 168 hours."));
        }
        self.act(who, id, "snooze", json!({ "hours": command.hours }), |case, by| {
            let until = by.now + Duration::hours(command.hours);
            if case.hold_expires_at.is_some_and(|hold| until > hold) {
                return Err(AppError::field("hours", "The held sale is cancelled before that; choose less."));
            }
            Ok(Standing { state: "snoozed", claim: None, snoozed_until: Some(until) })
        })
        .await
    }

    async fn flag(&self, who: &Principal, sale: TransactionId, reason: &CaseReason) -> Result<CaseDetail, AppError> {
        let by = self.reviewer(who)?;
        let reason = reason.checked().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let business = store::settings::business(&mut tx).await?;
        let (base, zone) = (business.base_currency.as_str(), business.zone.as_str());
        let found = rows::flaggable(&mut tx, sale.0, base, zone).await?;
        let (worth, sold) = found.ok_or_else(|| AppError::not_found("Transaction"))?;
        if !sold {
            return Err(AppError::conflict("Only a sale that went through can be flagged."));
        }
        let id = CaseId(self.backend.clock.new_id());
        let data = json!({ "reason": reason });
        let new = NewCase {
            id: id.0,
            transaction_id: sale.0,
            reason: "flagged",
            expected_loss: worth.round_dp(4),
            due_at: by.now + FLAGGED_DUE,
            at: by.now,
            actor: who.label(),
            data: &data,
        };
        if !rows::open(&mut tx, &new).await? {
            return Err(AppError::conflict("This sale has an open case already."));
        }
        let act = Act::done("fraud.flag", "fraud_case", id).after(json!({ "transaction_id": sale, "reason": reason }));
        audit::record(&mut tx, self.backend.clock.new_id(), by.now, who, act).await?;
        let case = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(case)
    }

    async fn decide(&self, who: &Principal, id: CaseId, command: &DecideCase) -> Result<CaseDetail, AppError> {
        let by = self.reviewer(who)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let case = self.own(&mut tx, &by, id).await?;
        let sale = TransactionId(case.transaction_id);
        let held = store::transactions::pending::lock(&mut tx, sale).await?;
        let held = held.filter(|sale| sale.status == SaleStatus::Held);
        let action = command.resolve(held.is_some()).map_err(AppError::validation)?;
        let comment = command.comment.trim();
        if let Some((locked, action)) = held.zip(action) {
            let status = match action {
                HeldAction::Release => SaleStatus::Released,
                HeldAction::Decline => SaleStatus::Declined,
            };
            end_held(&mut tx, self.backend.clock.as_ref(), who, sale, &locked, status, comment).await?;
        }
        let label = (command.verdict != Verdict::Inconclusive).then(|| command.verdict.as_str());
        rows::close(&mut tx, id.0, command.verdict.as_str(), comment, label, by.now).await?;
        super::alarm::closed(&mut tx, self.backend.clock.as_ref(), who, case.transaction_id).await?;
        let data = json!({ "verdict": command.verdict, "action": action, "comment": comment });
        self.happened(&mut tx, &by, id, "decide", data).await?;
        let case = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(case)
    }

    async fn expire_holds(&self, who: &Principal) -> Result<i64, AppError> {
        who.require(Permission::TransactionsRefund)?;
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let due = rows::holds_expired(&mut tx, clock.now(), AT_ONCE).await?;
        let count = i64::try_from(due.len()).unwrap_or_default();
        for id in due {
            let id = TransactionId(id);
            let Some(locked) = store::transactions::pending::lock(&mut tx, id).await? else { continue };
            end_held(&mut tx, clock, who, id, &locked, SaleStatus::Cancelled, "hold_expired").await?;
        }
        store::commit(tx).await?;
        Ok(count)
    }
}
