//! Scenarios made from what a plan says: a limit of its way out let go, or one of its figures forced.

use crate::{
    FieldError,
    ids::{PlanId, PlanRunId, PlanScenarioId},
    words::words,
};

/// Tonnes that a row can be forced to, at most.
const MOST_TONNES: f64 = 1e12;

/// Which limit of the way out is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetGo {
    pub plan: PlanId,
    /// Its place in the way out, from 0; None: all of them.
    pub slack: Option<i64>,
}

/// The scenario that was made, and the run whose input it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetGoScenario {
    pub scenario_id: PlanScenarioId,
    pub run_id: PlanRunId,
}

words! {
    /// Rows of a plan whose tonnes can be forced.
    #[schema(as = PlanMovedFamily)]
    MovedFamily {
        Production => "production", "Production";
        Shipments => "shipments", "Shipments";
    }
}

/// One figure of a plan that is to be another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForceFigure {
    pub plan: PlanId,
    pub family: MovedFamily,
    /// The row's place in its family, from 0.
    pub row: i64,
    pub tonnes: f64,
}

impl ForceFigure {
    /// # Errors
    /// What is no weight.
    pub fn validate(&self) -> Result<(), FieldError> {
        if self.tonnes.is_finite() && (0.0..=MOST_TONNES).contains(&self.tonnes) {
            return Ok(());
        }
        Err(FieldError::new("tonnes", "Give tonnes of at least 0, such as 60."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_weight_is_not_forced() {
        let of = |tonnes: f64| {
            let plan = "0190a000-0000-7000-8000-000000000000".parse().unwrap();
            ForceFigure { plan, family: MovedFamily::Production, row: 0, tonnes }.validate()
        };
        assert!(of(0.0).is_ok() && of(60.5).is_ok());
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e13] {
            assert_eq!(of(wrong).unwrap_err().path, "tonnes");
        }
    }
}
