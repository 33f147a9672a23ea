//! From draft to shadow, to live, to retired. One set is live at any time, and one in shadow at most; one that judged
//! sales is never changed, so that every decision can be judged again.

use super::rule_sets::{RuleSetsService, find};
use crate::services::{
    access::holders,
    idempotency::{Request, once},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    fraud::set::{BACKTEST_DAYS, RuleSetDetail, SetState},
    idempotency::{Answered, IdempotencyKey},
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::Act,
    fraud::sets::{self as rows, Places, SetRow},
};

/// Gives a set another state, once for its key.
pub async fn moved(
    service: &RuleSetsService,
    who: &Principal,
    number: i32,
    to: SetState,
    key: Option<&IdempotencyKey>,
) -> Answered<Result<RuleSetDetail, AppError>> {
    let (right, verb) = match to {
        SetState::Live => (Permission::FraudRulesPublish, "publish"),
        SetState::Shadow => (Permission::FraudRulesEdit, "shadow"),
        SetState::Retired | SetState::Draft => (Permission::FraudRulesPublish, "retire"),
    };
    if let Err(error) = who.require(right) {
        return Answered::of(Err(error));
    }
    let at = service.backend.clock.now();
    let route = format!("POST /api/v1/fraud/rule-sets/{number}/{verb}");
    let request = Request { who, key, route: &route, body: &(), status: 200 };
    let answered = once(&service.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
        // What the caller has seen; whoever is quicker changes it while this waits.
        let seen = rows::places(connection, false).await?;
        let places = rows::places(connection, true).await?;
        rows::hold(connection, number).await?;
        let set = find(connection, number).await?;
        let state = SetState::parse(&set.state).ok_or_else(AppError::internal)?;
        match to {
            SetState::Live => {
                not_overtaken(seen.live, places.live)?;
                may_publish(connection, who, &set, state, at).await?;
            }
            SetState::Shadow => {
                not_overtaken(seen.shadow, places.shadow)?;
                if state != SetState::Draft {
                    return Err(AppError::conflict("Only a draft goes into shadow."));
                }
            }
            SetState::Retired | SetState::Draft => may_retire(state)?,
        }
        change(service, connection, who, number, to, places, at, verb).await?;
        service.shown(connection, number).await
    });
    Answered::of(answered.await)
}

fn not_overtaken(seen: Option<i32>, now: Option<i32>) -> Result<(), AppError> {
    if seen == now {
        return Ok(());
    }
    let number = now.or(seen).unwrap_or_default();
    Err(AppError::conflict(format!("Rule set {number} was moved at the same time. Look at it, and repeat your step.")))
}

fn may_retire(state: SetState) -> Result<(), AppError> {
    match state {
        SetState::Draft | SetState::Shadow => Ok(()),
        SetState::Live => Err(AppError::conflict("Sales are judged by this set. Publish another one in its place.")),
        SetState::Retired => Err(AppError::conflict("This set is retired already.")),
    }
}

async fn may_publish(
    connection: &mut PgConnection,
    who: &Principal,
    set: &SetRow,
    state: SetState,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    if state == SetState::Live {
        return Err(AppError::conflict("This set is live already."));
    }
    if is_own_edit(connection, who, set, at).await? {
        let mut error = AppError::forbidden();
        error.message = "You have edited this set last; somebody else has to publish it.".to_owned();
        return Err(error);
    }
    let since = at - Duration::days(BACKTEST_DAYS);
    if rows::backtested(connection, &set.content_hash, since).await?.is_none() {
        return Err(AppError::conflict(format!(
            "Publishing needs a backtest of exactly these rules that ended within {BACKTEST_DAYS} days. Run one at \
             /fraud/backtests."
        )));
    }
    Ok(())
}

/// Whether `who` has edited the set last, and somebody else could publish it.
pub async fn is_own_edit(
    connection: &mut PgConnection,
    who: &Principal,
    set: &SetRow,
    at: DateTime<Utc>,
) -> Result<bool, AppError> {
    if set.edited_by_id.is_none() || set.edited_by_id != who.user_id().map(|user| user.0) {
        return Ok(false);
    }
    Ok(holders(connection, Permission::FraudRulesPublish, at).await? >= 2)
}

#[allow(clippy::too_many_arguments, reason = "one move with all that is told of it")]
async fn change(
    service: &RuleSetsService,
    connection: &mut PgConnection,
    who: &Principal,
    number: i32,
    to: SetState,
    places: Places,
    at: DateTime<Utc>,
    verb: &str,
) -> Result<(), AppError> {
    let before = match to {
        SetState::Live => places.live,
        SetState::Shadow => places.shadow,
        SetState::Retired | SetState::Draft => None,
    };
    if let Some(before) = before {
        rows::put(connection, before, SetState::Retired.as_str(), who.label(), at).await?;
    }
    rows::put(connection, number, to.as_str(), who.label(), at).await?;
    let action = format!("fraud.rule_set_{verb}");
    let after = json!({ "state": to, "in_place_of": before });
    service.told(connection, who, number, at, Act::done(&action, "fraud_rule_set", number).after(after)).await
}
