//! A decision judged again from what was known then, by the set of then.

use super::Judge;
use domain::{
    AppError,
    fraud::{
        Decision, Features, Outcome,
        set::{Replay, Replayed},
    },
    ids::{CaseId, DecisionId},
};
use serde_json::Value;
use sqlx::PgConnection;
use store::fraud::{
    cases, hits,
    screening::decision_of,
    sets::{self, Which},
};

/// # Errors
/// `not_found` for an id that is none, `conflict` where no set came to the decision.
pub async fn again(connection: &mut PgConnection, id: DecisionId) -> Result<Replay, AppError> {
    let stored = hits::decision(connection, id.0).await?.ok_or_else(|| AppError::not_found("Decision"))?;
    let Some(by) = stored.rule_set_id else {
        return Err(AppError::conflict("Screening gave no answer for this sale; there is nothing to judge again."));
    };
    let set = sets::list(connection, Which { id: Some(by), ..Which::default() }).await?.pop();
    let judge = Judge::of(set.ok_or_else(AppError::internal)?)?;
    let features: Features = serde_json::from_value(stored.features).map_err(|_| AppError::internal())?;
    let Decision { rule_set, hits, learned, points, outcome } = judge.decide(&features);
    let stored_learned = stored.learned.map(|learned| learned.normalize());
    // Objects of JSON have no order; both are written the same way, and compared as text.
    let text = |value: &Value| value.to_string();
    let replayed_hits = serde_json::to_value(&hits).map_err(|_| AppError::internal())?;
    let same = [
        ("hits", text(&stored.hits) == text(&replayed_hits)),
        ("learned", stored_learned == learned),
        ("points", stored.points.normalize().to_string() == points.normalize().to_string()),
        ("outcome", stored.outcome == outcome.as_str()),
    ];
    let differs: Vec<String> = same.into_iter().filter(|(_, same)| !same).map(|(what, _)| what.to_owned()).collect();
    Ok(Replay {
        identical: differs.is_empty(),
        decision_id: id,
        rule_set,
        differs,
        stored: Replayed {
            hits: serde_json::from_value(stored.hits).map_err(|_| AppError::internal())?,
            learned: stored_learned,
            points: stored.points.normalize(),
            outcome: Outcome::parse(&stored.outcome).ok_or_else(AppError::internal)?,
        },
        replayed: Replayed { hits, learned, points: points.normalize(), outcome },
    })
}

/// The decision about a case's sale, if a set came to it.
pub async fn of_case(connection: &mut PgConnection, case: CaseId) -> Result<Option<DecisionId>, AppError> {
    let sale = cases::sale_of(connection, case.0).await?.ok_or_else(|| AppError::not_found("Case"))?;
    let decision = decision_of(connection, sale).await?.filter(|decision| decision.rule_set.is_some());
    Ok(decision.map(|decision| DecisionId(decision.id)))
}
