//! What a solve tells while it runs and at its end, one JSON line each (`planning.md` 3.3): written by `millrace solve --pipe`,
//! read by whoever started it.

use super::{
    input::Input,
    model::{Key, Model, names::Names},
    result::Answer,
    run::Kept,
    solve::SolverFault,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Ends a text on the standard input while the pipe stays open; no JSON text holds it (RFC 7464).
pub const END: u8 = 0x1e;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    ValidatingData,
    BuildingModel,
    Solving,
    ProcessingResults,
}

impl Phase {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidatingData => "validating_data",
            Self::BuildingModel => "building_model",
            Self::Solving => "solving",
            Self::ProcessingResults => "processing_results",
        }
    }
}

/// Unknown is None, never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub incumbent: Option<f64>,
    pub bound: Option<f64>,
    pub gap: Option<f64>,
    pub nodes: i64,
    pub lp_iterations: i64,
    pub elapsed_seconds: f64,
}

/// A better whole plan: its cost, and the columns that are not 0 by their names in the LP text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incumbent {
    pub objective: f64,
    pub values: HashMap<String, f64>,
}

impl Incumbent {
    #[must_use]
    pub fn of(input: &Input, keys: &[Key], objective: f64, values: &[f64]) -> Self {
        let names = Names::new(input);
        let there = keys.iter().zip(values).filter(|(_, value)| **value != 0.0);
        Self { objective, values: there.map(|(key, value)| (names.column(*key), *value)).collect() }
    }

    /// One value a column.
    ///
    /// # Errors
    /// The values are not of this model.
    pub fn point(&self, input: &Input, model: &Model) -> Result<Vec<f64>, SolverFault> {
        let names = Names::new(input);
        let mut known = 0;
        let point = model.columns.iter().map(|column| match self.values.get(&names.column(column.key)) {
            Some(value) => {
                known += 1;
                *value
            }
            None => 0.0,
        });
        let point = point.collect();
        if known == self.values.len() {
            Ok(point)
        } else {
            Err(SolverFault("the values are of another model".to_owned()))
        }
    }
}

/// What is handed over after the document of a plan that is to be finished.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    #[serde(flatten)]
    pub kept: Kept,
    /// For polishing.
    pub seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    Phase {
        phase: Phase,
    },
    Progress(Progress),
    Incumbent(Incumbent),
    /// The last line of a solve, whatever came of it.
    Result {
        result: Box<Answer>,
    },
    /// The last line of one that came to nothing.
    Failed {
        code: Code,
        message: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    InputRefused,
    /// Presolve took more than half the time.
    PresolveSlow,
    SolverError,
    SolverMemory,
}
