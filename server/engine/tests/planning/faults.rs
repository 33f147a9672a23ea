//! The checks before any solve: every code on the smallest change that breaks its rule, all faults at once, with a path.

use crate::world::{BASE, base, codes, read, rows};
use domain::planning::Verdict;
use engine::planning::{document::Document, fault::verdict};
use serde_json::{Value, json};

type Change = Box<dyn FnOnce(&mut Value)>;

/// Code and path of the faults of the base example with a change.
fn found(change: impl FnOnce(&mut Value)) -> Vec<(&'static str, String)> {
    let (_, _, faults) = read(&base(change));
    faults.into_iter().map(|fault| (fault.code, fault.path)).collect()
}

#[test]
fn every_error_has_its_code_and_path() {
    let lane = |field: &'static str, value: Value| move |d: &mut Value| d["lanes"][3][field] = value;
    let cases: Vec<(&str, &str, Change)> = vec![
        ("E01", "format", Box::new(|d| d["format"] = "millrace-plan/2".into())),
        ("E02", "name", Box::new(|d| drop(d.as_object_mut().unwrap().remove("name")))),
        ("E02", "demand", Box::new(|d| drop(d.as_object_mut().unwrap().remove("demand")))),
        (
            "E02",
            "production[2].capacity_tonnes",
            Box::new(|d| drop(d["production"][2].as_object_mut().unwrap().remove("capacity_tonnes"))),
        ),
        ("E02", "demand[0].tonnes", Box::new(|d| drop(d["demand"][0].as_object_mut().unwrap().remove("tonnes")))),
        ("E03", "lanes[3].trip_tonnes", Box::new(lane("trip_tonnes", "ten".into()))),
        ("E03", "lanes[3].cost_per_tonne", Box::new(lane("cost_per_tonne", 2e12.into()))),
        ("E03", "options.mip_gap", Box::new(|d| d["options"]["mip_gap"] = 0.6.into())),
        ("E03", "options.solver", Box::new(|d| d["options"]["solver"] = "cplex".into())),
        ("E04", "lanes[3].to", Box::new(lane("to", "Z".into()))),
        ("E04", "demand[2].period", Box::new(|d| d["demand"][2]["period"] = "3".into())),
        (
            "E05",
            "lanes[6]",
            Box::new(|d| {
                let row = d["lanes"][0].clone();
                d["lanes"].as_array_mut().unwrap().push(row)
            }),
        ),
        ("E05", "nodes[4].id", Box::new(|d| d["nodes"].as_array_mut().unwrap().push(json!({"id": "A", "type": "GU"})))),
        ("E06", "stock[1].opening_tonnes", Box::new(|d| d["stock"][1]["opening_tonnes"] = (-1).into())),
        (
            "E07",
            "periods[1].start",
            Box::new(|d| {
                d["periods"] = json!([{"id": "1", "start": "2026-04-01"}, {"id": "2", "start": "2026-05-02"}])
            }),
        ),
        ("E08", "stock[2].min_closing_tonnes", Box::new(|d| d["stock"][2]["min_closing_tonnes"] = 31.into())),
        ("E09", "demand[1].min_fulfilment", Box::new(|d| d["demand"][1]["min_fulfilment"] = 1.1.into())),
        (
            "E10",
            "production[2].variable_cost_per_tonne",
            Box::new(|d| drop(d["production"][2].as_object_mut().unwrap().remove("variable_cost_per_tonne"))),
        ),
        ("E11", "lanes[3].min_shipment_tonnes", Box::new(lane("max_tonnes", 1.into()))),
        (
            "E12",
            "lanes[3].fixed_cost_per_trip",
            Box::new(|d| drop(d["lanes"][3].as_object_mut().unwrap().remove("trip_tonnes"))),
        ),
        (
            "E13",
            "contracts[0]",
            Box::new(|d| d["contracts"] = json!([{"id": "C", "sense": ">=", "limit": 1, "from": "X"}])),
        ),
        (
            "E14",
            "stock[4].opening_tonnes",
            Box::new(|d| {
                d["stock"].as_array_mut().unwrap().push(json!({"node": "A", "period": "1", "opening_tonnes": 1}))
            }),
        ),
        (
            "E14",
            "production[1].batch_tonnes",
            Box::new(|d| {
                d["production"][0]["batch_tonnes"] = 5.into();
                d["production"][1]["batch_tonnes"] = 6.into()
            }),
        ),
        (
            "E15",
            "production",
            Box::new(|d| d["production"][0]["inputs"] = json!([{"product": "P", "tonnes_per_tonne": 0.1}])),
        ),
        (
            "E15",
            "resources[0]",
            Box::new(|d| d["resources"] = json!([{"id": "R", "period": "1", "available_hours": 3}])),
        ),
        ("E17", "periods", Box::new(|d| d["periods"] = (1..=105).map(|id| json!({"id": id})).collect())),
    ];
    for (code, path, change) in cases {
        let found = found(change);
        assert!(found.contains(&(code, path.to_owned())), "{code} {path}: {found:?}");
    }
}

#[test]
fn a_misspelt_field_is_told_with_the_nearest_name() {
    let text = BASE.replacen("capacity_tonnes", "capcity_tonnes", 1);
    let (_, _, faults) = read(&text);
    let fault = faults.iter().find(|fault| fault.code == "E16").unwrap();
    assert_eq!(fault.path, "production[0].capcity_tonnes");
    assert_eq!(fault.message, "There is no field \"capcity_tonnes\". Did you mean \"capacity_tonnes\"?");
    assert_eq!(verdict(&faults), Verdict::Fail);
    let (_, _, faults) = read(&base(|d| d["lane"] = json!([])));
    assert!(faults.iter().any(|fault| fault.message.contains("\"lanes\"")), "{faults:?}");
    let (_, _, faults) = read(&base(|d| d["lanes"][0]["x_remark"] = "kept".into()));
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn all_faults_are_told_at_once() {
    let found = found(|d| {
        d["lanes"][0]["trip_tonnes"] = (-1).into();
        d["lanes"][1]["to"] = "Z".into();
        d["stock"][2]["min_closing_tonnes"] = 31.into();
        d["demand"][0]["tonne"] = 1.into();
    });
    for code in ["E06", "E04", "E08", "E16"] {
        assert!(found.iter().any(|(one, _)| *one == code), "{code}: {found:?}");
    }
}

#[test]
fn every_doubt_has_its_code() {
    let cases: Vec<(&str, Change)> = vec![
        (
            "W01",
            Box::new(|d| {
                d["nodes"].as_array_mut().unwrap().push(json!({"id": "Z", "type": "customer"}));
                d["demand"].as_array_mut().unwrap().push(json!({"node": "Z", "tonnes": 1}));
            }),
        ),
        ("W02", Box::new(|d| d["production"][2]["capacity_tonnes"] = 10.into())),
        (
            "W03",
            Box::new(|d| {
                rows(d, "lanes", &[("to", "Y")]).into_iter().for_each(|l| {
                    l["max_tonnes"] = 2.into();
                    l["min_shipment_tonnes"] = 0.into();
                })
            }),
        ),
        ("W04", Box::new(|d| d["contracts"] = json!([{"id": "C", "sense": "<=", "limit": 1, "from": "X"}]))),
        ("W05", Box::new(|d| d["lanes"][0]["to"] = "A".into())),
        ("W06", Box::new(|d| d["penalties"] = json!({"shortage_cost_per_tonne": 13}))),
        ("W07", Box::new(|d| d["stock"][0]["opening_tonnes"] = 4.into())),
        ("W08", Box::new(|d| d["production"][2]["period"] = "1".into())),
        ("W09", Box::new(|d| d["lanes"][0]["mode"] = "camel".into())),
        ("W10", Box::new(|d| d["demand"][0]["tonnes"] = 0.001.into())),
        ("W11", Box::new(|d| d["lanes"][0]["trip_tonnes"] = 1e9.into())),
        ("W12", Box::new(|d| d["lanes"][0] = json!({"from": "A", "to": "X", "mode": "sea"}))),
        ("W13", Box::new(|d| d["stock"][0]["min_closing_tonnes"] = 60.into())),
        (
            "W15",
            Box::new(|d| {
                d["production"][2]["capacity_tonnes"] = Value::Null;
                d["production"][2]["fixed_cost_per_period"] = 5.into()
            }),
        ),
    ];
    for (code, change) in cases {
        let mut document: Value = serde_json::from_str(BASE).unwrap();
        if code == "W13" {
            rows(&mut document, "production", &[]).into_iter().for_each(|line| line["capacity_tonnes"] = 10.into());
        }
        change(&mut document);
        let (_, _, faults) = read(&document.to_string());
        assert!(codes(&faults).contains(&code), "{code}: {faults:?}");
        assert_eq!(verdict(&faults), Verdict::Warn, "{code}: {faults:?}");
    }
}

#[test]
fn rows_of_a_period_override_field_by_field() {
    let (_, input, faults) = read(BASE);
    assert!(faults.is_empty(), "{faults:?}");
    let line = &input.lines[0];
    assert_eq!([line.at[0].capacity, line.at[1].capacity], [Some(100.0), Some(80.0)]);
    assert_eq!([line.at[0].variable_cost, line.at[1].variable_cost], [10.0, 10.0]);
}

#[test]
fn modes_of_other_names_and_numbers_as_ids_are_read() {
    let other = base(|d| {
        rows(d, "lanes", &[("mode", "road")]).into_iter().for_each(|lane| lane["mode"] = "Lorry".into());
        d["periods"] = json!([{"id": 1}, {"id": 2}]);
    });
    let (document, _, faults) = read(&other);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(document.sha256(), Document::parse(BASE).unwrap().0.sha256());
}

#[test]
fn equal_content_has_an_equal_hash() {
    let one = Document::parse(BASE).unwrap().0.sha256();
    let value: Value = serde_json::from_str(BASE).unwrap();
    assert_eq!(one, Document::parse(&serde_json::to_string_pretty(&value).unwrap()).unwrap().0.sha256());
    assert_eq!(one, Document::parse(&BASE.replace("1.5", "1.500")).unwrap().0.sha256());
    assert_ne!(one, Document::parse(&BASE.replace("1.5", "1.6")).unwrap().0.sha256());
}

/// The document with one value after the other put in the place of each of its values, and with each left out.
fn spoilt(value: &Value, make: &dyn Fn(Value) -> Value, all: &mut Vec<Value>) {
    for other in
        [json!(null), json!(-1), json!(""), json!([]), json!({}), json!("Z"), json!(1e13), json!(true), json!(0.5)]
    {
        all.push(make(other));
    }
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| {
            let with = |new: Value| {
                let mut items = items.clone();
                items[i] = new;
                make(Value::Array(items))
            };
            spoilt(item, &with, all);
        }),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let mut without = fields.clone();
            without.remove(name);
            all.push(make(Value::Object(without)));
            let with = |new: Value| {
                let mut fields = fields.clone();
                fields.insert(name.clone(), new);
                make(Value::Object(fields))
            };
            spoilt(field, &with, all);
        }),
        _ => {}
    }
}

#[test]
fn no_spoilt_document_is_more_than_refused() {
    for text in [BASE, include_str!("../data/planning/families.json")] {
        let mut all = Vec::new();
        spoilt(&serde_json::from_str(text).unwrap(), &|value| value, &mut all);
        assert!(all.len() > 1_000);
        for document in all {
            let (_, input, faults) = read(&document.to_string());
            if verdict(&faults) != Verdict::Fail {
                let model = engine::planning::builder::build(&input).model;
                assert!(model.columns.iter().all(|column| !column.cost.is_nan() && !column.lower.is_nan()));
            }
        }
    }
}
