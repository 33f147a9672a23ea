//! A scenario as a form writes it: operations as JSON, and usual ones by their figures.

use crate::FieldError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

/// What a form for a scenario holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScenarioForm {
    /// The version that is changed.
    pub id: String,
    pub name: String,
    pub description: String,
    pub seed: String,
    pub probability: String,
    /// A JSON list.
    pub ops: String,
    /// Operations more, each at the end: factors, and a plant that stops.
    pub demand: String,
    pub capacity: String,
    pub fuel: String,
    /// The same as sliders stand; they count where the figure is empty, and 1 changes nothing.
    pub demand_slide: String,
    pub capacity_slide: String,
    pub fuel_slide: String,
    pub outage_node: String,
    /// Ids, apart by commas or spaces.
    pub outage_periods: String,
}

impl ScenarioForm {
    /// The overlay that it means, as JSON text.
    ///
    /// # Errors
    /// Every field that cannot be read; what it means together is checked by whoever keeps it.
    pub fn overlay(&self) -> Result<String, Vec<FieldError>> {
        let mut faults = Vec::new();
        let ops = match self.ops.trim() {
            "" => Ok(Vec::new()),
            text => serde_json::from_str::<Vec<&RawValue>>(text),
        };
        let mut ops: Vec<String> = match ops {
            Ok(ops) => ops.into_iter().map(|op| op.get().to_owned()).collect(),
            Err(fault) => {
                faults.push(FieldError::new("ops", format!("The operations are no JSON list: {fault}.")));
                Vec::new()
            }
        };
        for (path, text, op, field) in [
            ("demand", figure(&self.demand, &self.demand_slide), "scale", Some("demand.tonnes")),
            ("capacity", figure(&self.capacity, &self.capacity_slide), "scale", Some("production.capacity_tonnes")),
            ("fuel", figure(&self.fuel, &self.fuel_slide), "fuel_price", None),
        ] {
            match number(text) {
                None => {}
                Some(Ok(factor)) if !factor.is_sign_negative() => {
                    let field = field.map(|field| format!("\"field\":\"{field}\",")).unwrap_or_default();
                    ops.push(format!("{{\"op\":\"{op}\",{field}\"factor\":{factor}}}"));
                }
                Some(_) => faults.push(FieldError::new(path, "Give a factor of at least 0, such as 1.15.")),
            }
        }
        let periods: Vec<_> = self.outage_periods.split([',', ' ', ';']).filter(|id| !id.is_empty()).collect();
        match (self.outage_node.trim(), periods.is_empty()) {
            ("", true) => {}
            ("", false) => faults.push(FieldError::new("outage_node", "Say which plant stops.")),
            (_, true) => faults.push(FieldError::new("outage_periods", "Say in which periods it stops.")),
            (node, false) => ops.push(json!({"op": "outage", "node": node, "periods": periods}).to_string()),
        }
        let seed = number(&self.seed).transpose().unwrap_or_else(|()| {
            faults.push(FieldError::new("seed", "The seed is a whole number of at least 0."));
            None
        });
        let probability = number(&self.probability).transpose().unwrap_or_else(|()| {
            faults.push(FieldError::new("probability", "A probability is above 0 and at most 1, such as 0.25."));
            None
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut fields = vec![
            "\"format\":\"millrace-scenario/1\"".to_owned(),
            format!("\"name\":{}", Value::from(self.name.trim())),
            format!("\"ops\":[{}]", ops.join(",")),
        ];
        if !self.description.trim().is_empty() {
            fields.push(format!("\"description\":{}", Value::from(self.description.trim())));
        }
        fields.extend(seed.map(|seed| format!("\"seed\":{seed}")));
        fields.extend(probability.map(|share| format!("\"probability\":{share}")));
        Ok(format!("{{{}}}", fields.join(",")))
    }
}

/// The figure, or where it is empty the slider beside it.
fn figure<'a>(typed: &'a str, slider: &'a str) -> &'a str {
    if typed.trim().is_empty() && slider.trim() != "1" { slider } else { typed }
}

/// None of an empty field.
fn number(text: &str) -> Option<Result<Decimal, ()>> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.replace(',', ".").parse::<Decimal>().map_err(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_figures_write_operations_at_the_end() {
        let form = ScenarioForm {
            name: "A \"stops\"".into(),
            ops: "[ {\"op\":\"close_lane\",\"where\":{\"mode\":\"rail\"}} ]".into(),
            demand: "1,15".into(),
            fuel: "1.25".into(),
            outage_node: "A".into(),
            outage_periods: "1, 2".into(),
            seed: "7".into(),
            ..ScenarioForm::default()
        };
        let written: Value = serde_json::from_str(&form.overlay().unwrap()).unwrap();
        let ops = json!([{"op": "close_lane", "where": {"mode": "rail"}},
                         {"op": "scale", "field": "demand.tonnes", "factor": 1.15},
                         {"op": "fuel_price", "factor": 1.25}, {"op": "outage", "node": "A", "periods": ["1", "2"]}]);
        assert_eq!(written, json!({"format": "millrace-scenario/1", "name": "A \"stops\"", "ops": ops, "seed": 7}));
    }

    #[test]
    fn a_slider_counts_where_its_figure_is_empty_and_1_changes_nothing() {
        let form = ScenarioForm {
            name: "S".into(),
            demand_slide: "1.15".into(),
            capacity: "0.9".into(),
            capacity_slide: "0.5".into(),
            fuel_slide: "1".into(),
            ..ScenarioForm::default()
        };
        let written: Value = serde_json::from_str(&form.overlay().unwrap()).unwrap();
        let ops = json!([{"op": "scale", "field": "demand.tonnes", "factor": 1.15},
                         {"op": "scale", "field": "production.capacity_tonnes", "factor": 0.9}]);
        assert_eq!(written["ops"], ops);
    }

    #[test]
    fn every_field_that_cannot_be_read_is_told() {
        let form = ScenarioForm {
            ops: "{}".into(),
            demand: "much".into(),
            capacity: "-1".into(),
            outage_periods: "2".into(),
            seed: "x".into(),
            probability: "x".into(),
            ..ScenarioForm::default()
        };
        let paths: Vec<_> = form.overlay().unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["ops", "demand", "capacity", "outage_node", "seed", "probability"]);
    }
}
