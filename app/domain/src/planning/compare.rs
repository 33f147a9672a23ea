//! Plans side by side, and two of them row by row.

use super::PlanItem;
use crate::{AppError, FieldError, ids::PlanId, query, words::words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Beside the two that are compared row by row.
const MOST_BESIDE: usize = 3;

words! {
    /// What a row of a plan is about.
    RowFamily {
        Production => "production", "Production";
        Shipment => "shipment", "Shipment";
        Stock => "stock", "Stock";
        Shortage => "shortage", "Shortage";
    }
}

words! {
    /// What happened to a row from the one plan to the other.
    RowChange {
        Added => "added", "Added";
        Removed => "removed", "Removed";
        Changed => "changed", "Changed";
    }
}

/// What is told of a row on one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowAmounts {
    pub tonnes: f64,
    /// Of shipments with trips.
    pub trips: Option<f64>,
    pub cost: f64,
}

/// A row that is not the same in both; the differences are b less a.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowDifference {
    pub family: RowFamily,
    pub change: RowChange,
    /// `A → X rail`, `A L1`, `X`.
    pub place: String,
    pub product: String,
    pub period: String,
    pub a: Option<RowAmounts>,
    pub b: Option<RowAmounts>,
    pub delta_tonnes: f64,
    pub delta_trips: Option<f64>,
    pub delta_cost: f64,
}

/// One figure in every plan, in the order of the plans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparedFigure {
    pub name: String,
    pub scope: Option<String>,
    /// None for money.
    pub unit: Option<String>,
    pub values: Vec<Option<f64>>,
}

/// Two plans row by row, beside them up to three more by their figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// a, b and the others.
    pub plans: Vec<PlanItem>,
    pub costs: Vec<ComparedFigure>,
    pub kpis: Vec<ComparedFigure>,
    /// Rows that differ, by family and change, whatever the filter is.
    pub counts: BTreeMap<String, BTreeMap<String, i64>>,
    /// Rows of the filter, the largest difference of cost first.
    pub rows: Vec<RowDifference>,
    /// How many rows the filter holds; `rows` may be fewer.
    pub row_count: i64,
}

/// Which plans, and which of their rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompareQuery {
    pub a: Option<PlanId>,
    pub b: Option<PlanId>,
    pub beside: Vec<PlanId>,
    pub family: Option<RowFamily>,
    pub change: Option<RowChange>,
    pub period: Option<String>,
    /// In place or product.
    pub q: Option<String>,
}

impl CompareQuery {
    /// # Errors
    /// Of every parameter that cannot be read.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Vec<FieldError>> {
        let (mut asked, mut faults) = (Self::default(), Vec::new());
        for (name, value) in pairs.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let value = value.trim();
            let no_plan = || FieldError::new(name.as_str(), "Give the id of a plan.");
            match name.as_str() {
                "a" | "b" | "beside" => match (name.as_str(), value.parse::<PlanId>()) {
                    (_, Err(_)) => faults.push(no_plan()),
                    ("a", Ok(id)) => asked.a = Some(id),
                    ("b", Ok(id)) => asked.b = Some(id),
                    (_, Ok(id)) => asked.beside.push(id),
                },
                "family" => match RowFamily::parse(value) {
                    Some(family) => asked.family = Some(family),
                    None => faults.push(unknown("family", value, RowFamily::ALL.iter().map(|of| of.as_str()))),
                },
                "change" => match RowChange::parse(value) {
                    Some(change) => asked.change = Some(change),
                    None => faults.push(unknown("change", value, RowChange::ALL.iter().map(|of| of.as_str()))),
                },
                "period" => asked.period = Some(value.to_owned()),
                "q" => asked.q = Some(value.to_lowercase()),
                _ => {}
            }
        }
        if asked.beside.len() > MOST_BESIDE {
            faults.push(FieldError::new("beside", "At most five plans stand side by side."));
        }
        if faults.is_empty() { Ok(asked) } else { Err(faults) }
    }

    /// The two plans.
    ///
    /// # Errors
    /// `validation` where one is missing, or both are the same.
    pub fn both(&self) -> Result<(PlanId, PlanId), AppError> {
        match (self.a, self.b) {
            (Some(a), Some(b)) if a == b => Err(AppError::field("b", "Choose another plan to compare with.")),
            (Some(a), Some(b)) => Ok((a, b)),
            (None, _) => Err(AppError::field("a", "Choose a plan.")),
            (_, None) => Err(AppError::field("b", "Choose a plan to compare with.")),
        }
    }

    /// Whether the filter holds the row.
    #[must_use]
    pub fn holds(&self, row: &RowDifference) -> bool {
        self.family.is_none_or(|family| family == row.family)
            && self.change.is_none_or(|change| change == row.change)
            && self.period.as_ref().is_none_or(|period| *period == row.period)
            && self
                .q
                .as_ref()
                .is_none_or(|text| row.place.to_lowercase().contains(text) || row.product.to_lowercase().contains(text))
    }

    /// As parameters of an address.
    #[must_use]
    pub fn to_query(&self) -> String {
        let ids: Vec<_> = self
            .a
            .map(|id| ("a", id))
            .into_iter()
            .chain(self.b.map(|id| ("b", id)))
            .chain(self.beside.iter().map(|id| ("beside", *id)))
            .map(|(name, id)| (name, id.to_string()))
            .collect();
        let narrowed = [
            ("family", self.family.map(RowFamily::as_str)),
            ("change", self.change.map(RowChange::as_str)),
            ("period", self.period.as_deref()),
            ("q", self.q.as_deref()),
        ];
        let ids = ids.iter().map(|(name, id)| (*name, id.as_str()));
        query::write(ids.chain(narrowed.into_iter().filter_map(|(name, value)| Some((name, value?)))))
    }
}

fn unknown(path: &str, value: &str, known: impl Iterator<Item = &'static str>) -> FieldError {
    let known: Vec<_> = known.collect();
    FieldError::new(path, format!("There is no {path} \"{value}\"; choose one of {}.", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_is_asked_is_read_and_written_again() {
        let id = |n: u128| Uuid::from_u128(n).to_string();
        let text = format!("a={}&b={}&beside={}&family=stock&change=added&period=2&q=x", id(1), id(2), id(3));
        let asked = CompareQuery::parse(&query::pairs(&text)).unwrap();
        assert_eq!(asked.to_query(), text);
        assert_eq!(asked.both().unwrap(), (PlanId(Uuid::from_u128(1)), PlanId(Uuid::from_u128(2))));
    }

    #[test]
    fn all_that_cannot_be_read_is_named_at_once() {
        let of = |text: &str| CompareQuery::parse(&query::pairs(text));
        let wild = of("a=1&family=cost&change=moved&beside=x").unwrap_err();
        assert_eq!(wild.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a", "family", "change", "beside"]);
        let id = Uuid::nil();
        let many = format!("beside={id}&beside={id}&beside={id}&beside={id}");
        assert_eq!(of(&many).unwrap_err()[0].path, "beside");
        let same = of(&format!("a={id}&b={id}")).unwrap();
        assert_eq!(same.both().unwrap_err().fields[0].path, "b");
        assert_eq!(of("").unwrap().both().unwrap_err().fields[0].path, "a");
    }
}
