//! What is laid over a document: a built-in scenario, or a version of an own one, in one of its draws.

use domain::AppError;
use engine::planning::{
    document::Document,
    fault::Fault,
    scenario::{FORMAT, Scenario},
};
use sqlx::PgConnection;
use store::planning::scenarios::{self, StoredScenario};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub(super) struct Overlay {
    pub name: String,
    /// Of an own one: its version.
    pub id: Option<Uuid>,
    /// In place of the scenario's own.
    pub seed: Option<i64>,
    pub draw: i32,
    pub probability: Option<f64>,
    pub scenario: Scenario,
}

impl Overlay {
    pub fn built_in(name: &str) -> Option<Self> {
        let scenario = Scenario::built_in(name)?;
        Some(Self { name: name.to_owned(), id: None, seed: None, draw: 0, probability: None, scenario })
    }

    /// As it was stored: `ops` is a JSON list that was checked before.
    ///
    /// # Errors
    /// What this release no longer takes.
    pub fn of(name: &str, id: Option<Uuid>, ops: Option<&str>, seed: i64) -> Result<Self, Vec<Fault>> {
        let Some(ops) = ops else {
            let message = format!("This release has no scenario {name}.");
            return Self::built_in(name).ok_or_else(|| vec![Fault::new("E04", "scenario_name", message)]);
        };
        let scenario = Scenario::parse(&text(name, seed, ops))?;
        Ok(Self { name: name.to_owned(), id, seed: None, draw: 0, probability: None, scenario })
    }

    pub fn stored(row: &StoredScenario) -> Result<Self, Vec<Fault>> {
        let own = Self::of(&row.code, Some(row.id), Some(&row.ops), row.seed)?;
        Ok(Self { probability: row.probability, ..own })
    }

    /// One of its draws; `seed` goes before its own.
    #[must_use]
    pub fn drawn(mut self, seed: Option<i64>, draw: i32) -> Self {
        if let Some(seed) = seed {
            self.scenario.seed = seed.unsigned_abs();
        }
        (self.seed, self.draw) = (seed, draw);
        self
    }

    /// # Errors
    /// What the operations made wrong.
    pub fn apply(&self, document: &Document) -> Result<(Document, Vec<Fault>), Vec<Fault>> {
        self.scenario.apply(document, u64::from(self.draw.unsigned_abs()))
    }
}

/// An overlay as the engine reads it.
fn text(name: &str, seed: i64, ops: &str) -> String {
    let name = serde_json::Value::from(name);
    format!("{{\"format\":\"{FORMAT}\",\"name\":{name},\"seed\":{seed},\"ops\":{ops}}}")
}

/// What a name means now: a built-in scenario, or the newest version of an own one that is not archived.
///
/// # Errors
/// `internal` of one that this release no longer takes.
pub(super) async fn named(connection: &mut PgConnection, name: &str) -> Result<Option<Overlay>, AppError> {
    if let Some(built_in) = Overlay::built_in(name) {
        return Ok(Some(built_in));
    }
    let own = scenarios::newest(connection, name).await?.filter(|own| own.archived_at.is_none());
    own.map(|own| Overlay::stored(&own).map_err(|_| AppError::internal())).transpose()
}
