//! The checker shares nothing with the builder, and no altered number passes it.

use crate::world::{BASE, solved};
use engine::planning::{checker::check, document::Document, plan::Plan};
use serde_json::Value;

const FAMILIES: &str = include_str!("../data/planning/families.json");

/// Every number of a plan, one after the other, with another value.
fn altered(value: &Value, path: &str, change: &mut dyn FnMut(&str, f64) -> Option<Value>) -> Vec<(String, Value)> {
    match value {
        Value::Number(number) => {
            change(path, number.as_f64().unwrap()).map(|value| (path.to_owned(), value)).into_iter().collect()
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            for (i, item) in items.iter().enumerate() {
                for (path, new) in altered(item, &format!("{path}[{i}]"), change) {
                    let mut items = items.clone();
                    items[i] = new;
                    all.push((path, Value::Array(items)));
                }
            }
            all
        }
        Value::Object(fields) => {
            let mut all = Vec::new();
            for (name, field) in fields {
                for (path, new) in altered(field, &format!("{path}.{name}"), change) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), new);
                    all.push((path, Value::Object(fields)));
                }
            }
            all
        }
        _ => Vec::new(),
    }
}

fn every_altered_number_fails(text: &str) -> usize {
    let (document, _) = Document::parse(text).unwrap();
    let (_, solved) = solved(text);
    let (plan, objective) = (solved.plan.unwrap(), solved.objective.unwrap());
    assert!(check(&document, &plan, objective).passed);
    let value = serde_json::to_value(&plan).unwrap();
    let mut count = 0;
    for step in [0.01, -0.01] {
        let mut change = |path: &str, number: f64| {
            Some(if path.ends_with(".batches") { (number as i64 + 1).into() } else { (number + step).into() })
        };
        for (path, value) in altered(&value, "", &mut change) {
            let plan: Plan = serde_json::from_value(value).unwrap();
            assert!(!check(&document, &plan, objective).passed, "{path} by {step}");
            count += 1;
        }
    }
    assert!(!check(&document, &plan, objective + 0.01).passed);
    count
}

#[test]
fn a_plan_with_any_number_altered_does_not_pass() {
    assert!(every_altered_number_fails(BASE) > 100);
    assert!(every_altered_number_fails(FAMILIES) > 150);
}

#[test]
fn a_plan_with_a_row_left_out_or_twice_does_not_pass() {
    for text in [BASE, FAMILIES] {
        let (document, _) = Document::parse(text).unwrap();
        let (_, solved) = solved(text);
        let (plan, objective) = (solved.plan.unwrap(), solved.objective.unwrap());
        let value = serde_json::to_value(&plan).unwrap();
        for section in ["production", "shipments", "inventory", "unmet_demand", "sites"] {
            for i in 0..value[section].as_array().unwrap().len() {
                let mut without = value.clone();
                without[section].as_array_mut().unwrap().remove(i);
                let mut twice = value.clone();
                let row = twice[section][i].clone();
                twice[section].as_array_mut().unwrap().push(row);
                for (what, value) in [("left out", without), ("twice", twice)] {
                    let plan: Plan = serde_json::from_value(value).unwrap();
                    assert!(!check(&document, &plan, objective).passed, "{section}[{i}] {what}");
                }
            }
        }
    }
}

#[test]
fn a_plan_does_not_pass_against_another_document() {
    let (_, solved) = solved(BASE);
    let (plan, objective) = (solved.plan.unwrap(), solved.objective.unwrap());
    // What the plan needs, taken away one by one.
    for (from, to) in [
        (r#""capacity_tonnes":70"#, r#""capacity_tonnes":59"#),
        (
            r#""max_closing_tonnes":30,"holding_cost_per_tonne":1.5},
  {"node":"Y""#,
            r#""max_closing_tonnes":3,"holding_cost_per_tonne":1.5},
  {"node":"Y""#,
        ),
        (r#""trip_tonnes":50,"min_shipment_tonnes":30}],"#, r#""trip_tonnes":49,"min_shipment_tonnes":30}],"#),
        (
            r#""min_shipment_tonnes":30},
  {"from":"A","to":"Y""#,
            r#""min_shipment_tonnes":60},
  {"from":"A","to":"Y""#,
        ),
        (r#""period":"1","tonnes":60"#, r#""period":"1","tonnes":61"#),
        (r#""variable_cost_per_tonne":12"#, r#""variable_cost_per_tonne":13"#),
        (
            r#"{"node":"A","opening_tonnes":20,"safety_stock_tonnes":5"#,
            r#"{"node":"A","opening_tonnes":20,"safety_stock_tonnes":6"#,
        ),
    ] {
        assert!(BASE.contains(from), "{from}");
        let (document, _) = Document::parse(&BASE.replace(from, to)).unwrap();
        assert!(!check(&document, &plan, objective).passed, "{to}");
    }
    let (document, _) = Document::parse(BASE).unwrap();
    assert!(check(&document, &plan, objective).passed);
}

#[test]
fn the_hash_of_a_check_follows_document_and_plan() {
    let (document, _) = Document::parse(BASE).unwrap();
    let (_, solved) = solved(BASE);
    let (mut plan, objective) = (solved.plan.unwrap(), solved.objective.unwrap());
    let one = check(&document, &plan, objective).sha256;
    assert_eq!(one, check(&document, &plan, objective).sha256);
    plan.shipments[0].tonnes += 0.01;
    assert_ne!(one, check(&document, &plan, objective).sha256);
}
