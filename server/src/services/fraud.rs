//! Screening's rule sets, and the cases that come of it.

pub mod alarm;
pub mod backtesting;
mod backtests;
mod cases;
pub mod imported;
mod telling;

pub use backtests::{BacktestsService, NewDataset};
pub use cases::CasesService;

use domain::{AppError, clock::Clock, fraud::RuleSet};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use store::fraud::sets::{self, NewSet, StoredSet};

/// Who wrote the built-in sets.
const MILLRACE: &str = "millrace";

/// The set that judges now. The first to ask writes the built-in ones: the standard set live, the classic one retired.
///
/// # Errors
/// When a statement fails.
pub async fn live_set(connection: &mut PgConnection, clock: &dyn Clock) -> Result<StoredSet, AppError> {
    if let Some(set) = sets::live(connection).await? {
        return Ok(set);
    }
    for (set, state) in [(RuleSet::classic(), "retired"), (RuleSet::standard(), "live")] {
        let content_hash = content_hash(&set)?;
        let new =
            NewSet { id: clock.new_id(), set: &set, state, content_hash: &content_hash, by: MILLRACE, at: clock.now() };
        sets::insert(connection, &new).await?;
    }
    sets::live(connection).await?.ok_or_else(AppError::internal)
}

/// The same for the same rules, points and thresholds.
fn content_hash(set: &RuleSet) -> Result<String, AppError> {
    let text = serde_json::to_string(&(&set.thresholds, &set.rules)).map_err(|_| AppError::internal())?;
    Ok(Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}
