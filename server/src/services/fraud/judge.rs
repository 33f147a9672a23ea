//! A rule set with the learned score it uses, ready to judge.

use domain::{
    AppError,
    fraud::{Decision, Features, RuleSet, decide},
};
use engine::fraud::learned::Model;
use rust_decimal::Decimal;
use store::fraud::sets::SetRow;
use uuid::Uuid;

/// See the module.
#[derive(Debug, Clone)]
pub struct Judge {
    pub id: Uuid,
    pub set: RuleSet,
    pub model: Option<Model>,
}

impl Judge {
    /// # Errors
    /// When what is stored as its learned score is none.
    pub fn of(stored: SetRow) -> Result<Self, AppError> {
        let model: Option<Model> =
            stored.model.map(serde_json::from_value).transpose().map_err(|_| AppError::internal())?;
        if model.as_ref().is_some_and(|model| !model.is_whole()) {
            return Err(AppError::internal());
        }
        Ok(Self { id: stored.id, set: stored.set, model })
    }

    /// The learned probability of fraud, where the set uses a score.
    #[must_use]
    pub fn learned(&self, features: &Features) -> Option<Decimal> {
        self.model.as_ref()?.judges(features)
    }

    #[must_use]
    pub fn decide(&self, features: &Features) -> Decision {
        decide(&self.set, features, self.learned(features))
    }
}
