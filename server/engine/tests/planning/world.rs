//! The base example and what the tests change in it.

use engine::planning::{
    checker::check,
    document::Document,
    fault::{Fault, Severity},
    input::Input,
    run::{Solved, solve},
    solve::Unwatched,
};
use serde_json::Value;

pub const BASE: &str = engine::planning::sample::DOCUMENT;

/// The base example, changed.
pub fn base(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(BASE).unwrap();
    change(&mut document);
    document.to_string()
}

/// Document, input and every fault.
pub fn read(text: &str) -> (Document, Input, Vec<Fault>) {
    let (document, mut faults) = Document::parse(text).unwrap();
    let (input, more) = Input::of(&document);
    faults.extend(more);
    if faults.iter().all(|fault| fault.severity == Severity::Warning) {
        faults.extend(input.warnings());
    }
    (document, input, faults)
}

pub fn codes(faults: &[Fault]) -> Vec<&'static str> {
    faults.iter().map(|fault| fault.code).collect()
}

pub fn accepted(text: &str) -> Input {
    let (_, input, faults) = read(text);
    let errors: Vec<_> = faults.iter().filter(|fault| fault.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    input
}

/// Solved; what came out has passed the checker.
pub fn solved(text: &str) -> (Input, Solved) {
    let input = accepted(text);
    let solved = solve(&input, &Unwatched).unwrap();
    if let (Some(plan), Some(objective)) = (&solved.plan, solved.objective) {
        let report = check(&Document::parse(text).unwrap().0, plan, objective);
        assert!(report.passed, "{:#?}", report.faults);
    }
    (input, solved)
}

/// Relative tolerance of the specification's figures.
pub fn assert_near(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{got}, expected {expected}");
}

/// The objective of the base example with a change.
pub fn objective(change: impl FnOnce(&mut Value)) -> f64 {
    solved(&base(change)).1.objective.unwrap()
}

/// Rows of a section that have these values.
pub fn rows<'a>(document: &'a mut Value, section: &str, keys: &[(&str, &str)]) -> Vec<&'a mut Value> {
    let rows = document[section].as_array_mut().unwrap().iter_mut();
    rows.filter(|row| keys.iter().all(|(key, value)| row[*key] == **value)).collect()
}

pub fn scale_demand(document: &mut Value, factor: f64) {
    for row in rows(document, "demand", &[]) {
        row["tonnes"] = (row["tonnes"].as_f64().unwrap() * factor).into();
    }
}
