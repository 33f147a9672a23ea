//! What operations do, in words.

use super::{Op, Scenario, Where, chance::Distribution};
use crate::planning::tree::Tree;

impl Scenario {
    /// One sentence an operation, in their order.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.ops.iter().map(Op::words).collect()
    }
}

/// ` where mode rail; period 1, 2`, or nothing.
fn only(rows: &Where) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let conditions = rows.iter().map(|(name, values)| format!("{name} {}", values.join(", ")));
    format!(" where {}", conditions.collect::<Vec<_>>().join("; "))
}

fn written(value: &Tree) -> String {
    value.text().map_or_else(|| value.canonical(), str::to_owned)
}

impl Op {
    fn words(&self) -> String {
        match self {
            Self::Scale { field, rows, factor } => {
                format!("{}.{} × {factor}{}", field.section.name, field.field, only(rows))
            }
            Self::Add { field, rows, value } => {
                let sign = if value.is_sign_negative() { '−' } else { '+' };
                format!("{}.{} {sign} {}{}", field.section.name, field.field, value.abs(), only(rows))
            }
            Self::Set { field, rows, value } => {
                format!("{}.{} = {}{}", field.section.name, field.field, written(value), only(rows))
            }
            Self::Insert { section, rows } => format!("{} more in {section}", counted(rows.len())),
            Self::Remove { section, rows } => format!("rows of {section} taken out{}", only(rows)),
            Self::Outage { node, line, periods, availability, lanes } => {
                let line = line.as_ref().map(|line| format!(", line {line},")).unwrap_or_default();
                let lanes = if *lanes { ", its lanes closed" } else { "" };
                let periods = periods.join(", ");
                if availability.is_zero() {
                    format!("{node}{line} stops in {periods}{lanes}")
                } else {
                    format!("{node}{line} at {availability} of its capacity in {periods}{lanes}")
                }
            }
            Self::CloseLane { rows } => format!("lanes closed{}", only(rows)),
            Self::FuelPrice { factor, rows } => format!("fuel price × {factor}{}", only(rows)),
            Self::Random { field, rows, distribution, key, .. } => {
                let each = if key.is_empty() { String::new() } else { format!(", a draw for each {}", key.join(", ")) };
                format!(
                    "{}.{} by chance: {}{each}{}",
                    field.section.name,
                    field.field,
                    distribution.words(),
                    only(rows)
                )
            }
            Self::Pin(fixed) => fixed.words(),
            Self::Option { name, value } => format!("option {name} = {}", written(value)),
        }
    }
}

pub(super) fn counted(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

impl Distribution {
    fn words(&self) -> String {
        match self {
            Self::Normal { mean, sd } => format!("normal, mean {mean}, sd {sd}"),
            Self::Triangular { low, mode, high } => format!("triangular, {low} to {high}, mode {mode}"),
            Self::Uniform { low, high } => format!("uniform, {low} to {high}"),
            Self::Lognormal { sigma } => format!("lognormal, sigma {sigma}"),
            Self::Discrete(values) => format!("one of {} values", values.len()),
            Self::DemandInterval => "between tonnes_low and tonnes_high".to_owned(),
        }
    }
}
