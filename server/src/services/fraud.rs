//! Screening's rule sets and lists, and the cases that come of it.

pub mod alarm;
pub mod backtesting;
mod backtests;
pub(crate) mod cases;
pub mod imported;
mod judge;
mod lists;
mod publishing;
mod replaying;
mod rule_sets;
mod telling;
pub mod training;

pub use backtests::{BacktestsService, NewDataset};
pub use cases::CasesService;
pub use judge::Judge;
pub use lists::ListsService;
pub use rule_sets::RuleSetsService;

use domain::{
    AppError,
    clock::Clock,
    fraud::{Rule, RuleSet, Thresholds},
};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use store::fraud::sets::{self, Judging, NewSet};

/// Who wrote the built-in sets.
const MILLRACE: &str = "millrace";

/// The set that judges now, and the one in shadow. The first to ask writes the built-in ones: the standard set live, the
/// classic one retired.
///
/// # Errors
/// When a statement fails.
pub async fn judging_sets(
    connection: &mut PgConnection,
    clock: &dyn Clock,
) -> Result<(Judge, Option<Judge>), AppError> {
    let found = sets::judging(connection).await?;
    let Judging { live, shadow } = if found.live.is_some() {
        found
    } else {
        for (set, state) in [(RuleSet::classic(), "retired"), (RuleSet::standard(), "live")] {
            let content_hash = content_hash(&set)?;
            let new = NewSet {
                id: clock.new_id(),
                set: &set,
                state,
                content_hash: &content_hash,
                note: None,
                by: MILLRACE,
                by_id: None,
                at: clock.now(),
            };
            sets::insert(connection, &new).await?;
        }
        sets::judging(connection).await?
    };
    let shadow = shadow.and_then(|shadow| {
        let shadow = shadow.and_then(|row| Judge::of(row).map_err(|error| error.message));
        shadow.map_err(|error| tracing::error!(error, "the set in shadow cannot be read; sales go on without it")).ok()
    });
    Ok((Judge::of(live.ok_or_else(AppError::internal)?)?, shadow))
}

/// The set that judges now, as [`judging_sets`].
///
/// # Errors
/// When a statement fails.
pub async fn live_set(connection: &mut PgConnection, clock: &dyn Clock) -> Result<Judge, AppError> {
    Ok(judging_sets(connection, clock).await?.0)
}

/// The same for the same rules, points, thresholds and learned score, whatever zeros their points end in.
fn content_hash(set: &RuleSet) -> Result<String, AppError> {
    let plain = |points: Option<Decimal>| points.map(|points| points.normalize());
    let Thresholds { review_at, hold_at, decline_at } = set.thresholds;
    let thresholds = Thresholds { review_at: plain(review_at), hold_at: plain(hold_at), decline_at: plain(decline_at) };
    let rules: Vec<Rule> =
        set.rules.iter().map(|rule| Rule { points: rule.points.normalize(), ..rule.clone() }).collect();
    let text = match set.learned_model {
        None => serde_json::to_string(&(&thresholds, &rules)),
        Some(model) => serde_json::to_string(&(&thresholds, &rules, model)),
    };
    let text = text.map_err(|_| AppError::internal())?;
    Ok(crate::access::secret::hex(&Sha256::digest(text.as_bytes())))
}
