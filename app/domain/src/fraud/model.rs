//! Learned scores that rule sets can use (`commerce.md` 3.4).

use super::backtest::Days;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A score learned from labelled sales, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LearnedModel {
    pub number: i32,
    /// Name of the dataset it was learned from; none: own sales.
    pub dataset: Option<String>,
    /// Days it was learned from.
    pub trained: Days,
    /// Labelled sales, and frauds among them.
    pub labelled: i32,
    pub frauds: i32,
    /// On the days of the backtest that learned it.
    pub roc_auc: Option<f64>,
    pub average_precision: Option<f64>,
    pub by: String,
    pub created_at: DateTime<FixedOffset>,
}

impl LearnedModel {
    /// One line of a choice: `3: own sales, 2018-04-01 to 2018-04-14, average precision 0.556`.
    #[must_use]
    pub fn label(&self) -> String {
        let from = self.dataset.as_deref().unwrap_or("own sales");
        let measured = self.average_precision.map(|ap| format!(", average precision {ap:.3}")).unwrap_or_default();
        format!("{}: {from}, {} to {}{measured}", self.number, self.trained.from, self.trained.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn a_choice_says_what_was_learned_from_and_how_good_it_was() {
        let day = |d| NaiveDate::from_ymd_opt(2018, 4, d).unwrap();
        let mut model = LearnedModel {
            number: 3,
            dataset: None,
            trained: Days { from: day(1), to: day(14) },
            labelled: 120_000,
            frauds: 800,
            roc_auc: Some(0.852),
            average_precision: Some(0.5561),
            by: "admin".into(),
            created_at: DateTime::default(),
        };
        assert_eq!(model.label(), "3: own sales, 2018-04-01 to 2018-04-14, average precision 0.556");
        model.dataset = Some("handbook.csv".into());
        model.average_precision = None;
        assert_eq!(model.label(), "3: handbook.csv, 2018-04-01 to 2018-04-14");
    }
}
