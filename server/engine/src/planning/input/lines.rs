//! Lines, the resources they share and the calendars that cut their capacity.

use super::{
    Line, LineAt, Resource,
    merge::{Merged, groups},
    read::Reader,
};
use crate::planning::{
    document::{double, nearest},
    tree::Tree,
};
use std::collections::HashMap;

impl<'a> Reader<'a> {
    pub fn lines(&mut self, resources: &[Resource]) -> Vec<Line> {
        let rows = self.document.rows("production");
        let calendars = self.calendars();
        let mut keys = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            if let Some((node, product, period)) = self.place("production", i, row, "node") {
                keys.push((i, (node, row.text("line").unwrap_or("L1").to_owned(), product), period));
            }
        }
        let (groups, repeated) = groups(keys.into_iter(), self.periods.len());
        self.repeats("production", &repeated);
        let mut lines = Vec::new();
        for ((node, id, product), group) in groups {
            self.fixed("production", rows, &group, &["batch_tonnes", "inputs", "uses"]);
            let at = (0..self.periods.len()).map(|t| self.line_at(group.merged(rows, t), t, &calendars)).collect();
            if group.base.is_none() && group.at.iter().any(Option::is_none) {
                let message = format!("The line {id} has no row for some period; its capacity there is 0.");
                self.fault("W08", format!("production[{}]", group.first), message);
            }
            let stands = |field: &str| group.rows().find_map(|row| rows[row].get(field).map(|value| (row, value)));
            let mut inputs = Vec::new();
            if let Some((row, list)) = stands("inputs") {
                for (k, item) in list.list().iter().enumerate() {
                    let path = || format!("production[{row}].inputs[{k}].product");
                    let amount = item.get("tonnes_per_tonne").and_then(Tree::number).map(double);
                    let id = item.get("product").and_then(Tree::text);
                    if let (Some(input), Some(amount)) = (id.and_then(|id| self.product(id, path)), amount) {
                        inputs.push((input, amount));
                    }
                }
            }
            let mut uses = Vec::new();
            if let Some((row, list)) = stands("uses") {
                for (k, item) in list.list().iter().enumerate() {
                    let Some(id) = item.get("resource").and_then(Tree::text) else { continue };
                    let hours = |field| item.get(field).and_then(Tree::number).map_or(0.0, double);
                    match resources.iter().position(|resource| resource.id == id) {
                        Some(place) => uses.push((place, hours("hours_per_tonne"), hours("setup_hours"))),
                        None => {
                            let near = nearest(id, resources.iter().map(|resource| resource.id.as_str()));
                            let meant = near.map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
                            let path = format!("production[{row}].uses[{k}].resource");
                            self.fault("E04", path, format!("There is no resource \"{id}\".{meant}"));
                        }
                    }
                }
            }
            let batch = stands("batch_tonnes").and_then(|(_, value)| value.number()).map(double);
            let running_before = stands("running_before").is_some_and(|(_, value)| *value == Tree::Bool(true));
            lines.push(Line { node, id, product, batch, running_before, inputs, uses, at });
        }
        lines
    }

    fn line_at(&mut self, merged: Merged<'_>, t: usize, calendars: &HashMap<&str, Vec<f64>>) -> LineAt {
        let path = |field: &str| format!("production[{}].{field}", merged.row(field));
        let mut capacity = merged.number("capacity_tonnes");
        if !merged.known() {
            capacity = Some(0.0);
        } else if merged.get("capacity_tonnes").is_none() {
            self.fault(
                "E02",
                path("capacity_tonnes"),
                "capacity_tonnes is missing; null says that resources limit it.",
            );
        }
        let mut factor = 1.0;
        if let Some(id) = merged.text("calendar") {
            match calendars.get(id) {
                Some(factors) => factor = factors[t],
                None => self.fault("E04", path("calendar"), format!("There is no calendar \"{id}\".")),
            }
        }
        capacity = capacity.map(|tonnes| tonnes * factor);
        let cost = merged.number("variable_cost_per_tonne");
        if cost.is_none() && capacity.is_none_or(|tonnes| tonnes > 0.0) {
            self.fault("E10", path("variable_cost_per_tonne"), "variable_cost_per_tonne is missing.");
        }
        let fraction = merged.number_or("min_run_fraction", 0.0) * capacity.unwrap_or(0.0);
        LineAt {
            capacity,
            factor,
            variable_cost: cost.unwrap_or(0.0),
            fixed_cost: merged.number_or("fixed_cost_per_period", 0.0),
            min_run: merged.number_or("min_run_tonnes", 0.0).max(fraction),
            start_cost: merged.number_or("start_cost", 0.0),
        }
    }

    fn calendars(&mut self) -> HashMap<&'a str, Vec<f64>> {
        let mut calendars = HashMap::new();
        let rows = self.document.rows("calendars");
        for (i, row) in rows.iter().enumerate() {
            let Some(id) = row.text("id") else { continue };
            let mut factors = vec![1.0; self.periods.len()];
            for (k, item) in row.get("factors").map_or(&[][..], Tree::list).iter().enumerate() {
                let period = item.get("period").and_then(Tree::text);
                let path = || format!("calendars[{i}].factors[{k}].period");
                let factor = item.get("factor").and_then(Tree::number).map(double);
                if let (Some(t), Some(factor)) = (period.and_then(|id| self.period(id, path)), factor) {
                    factors[t] = factor;
                }
            }
            if calendars.insert(id, factors).is_some() {
                self.fault("E05", format!("calendars[{i}].id"), format!("The id {id} stands twice."));
            }
        }
        calendars
    }

    pub fn resources(&mut self) -> Vec<Resource> {
        let rows = self.document.rows("resources");
        let mut keys = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let period = match row.text("period") {
                Some(id) => match self.period(id, || format!("resources[{i}].period")) {
                    Some(period) => Some(period),
                    None => continue,
                },
                None => None,
            };
            if let Some(id) = row.text("id") {
                keys.push((i, id.to_owned(), period));
            }
        }
        let (groups, repeated) = groups(keys.into_iter(), self.periods.len());
        self.repeats("resources", &repeated);
        let mut resources = Vec::new();
        for (id, group) in groups {
            let hours: Vec<_> =
                (0..self.periods.len()).map(|t| group.merged(rows, t).number("available_hours")).collect();
            if let Some(t) = hours.iter().position(Option::is_none) {
                let message = format!("The resource {id} has no available_hours in every period.");
                self.fault("E15", format!("resources[{}]", group.merged(rows, t).row("available_hours")), message);
            }
            resources.push(Resource { id, at: hours.into_iter().map(|hours| hours.unwrap_or(0.0)).collect() });
        }
        resources
    }
}
