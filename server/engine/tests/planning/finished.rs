//! What is left of a search that somebody ended: an incumbent becomes a full checked plan, and every answer survives the way
//! from the child to its parent.

use crate::world::{BASE, assert_near, base, read, rows, scale_demand};
use engine::planning::{
    model::{Key, Model},
    pipe::{Incumbent, Line, Phase},
    result::{Answer, answer, finish},
    run::{Kept, Outcome},
    solve::{Unwatched, Watch},
};
use serde_json::Value;
use std::cell::{Cell, RefCell};

/// Keeps what it is told, and stops the search after so many incumbents.
#[derive(Default)]
struct Looker {
    keys: RefCell<Vec<Key>>,
    phases: RefCell<Vec<Phase>>,
    incumbents: RefCell<Vec<(f64, Vec<f64>)>>,
    patience: Cell<Option<usize>>,
}

impl Watch for Looker {
    fn phase(&self, phase: Phase) {
        self.phases.borrow_mut().push(phase);
    }

    fn built(&self, model: &Model) {
        *self.keys.borrow_mut() = model.columns.iter().map(|column| column.key).collect();
    }

    fn incumbent(&self, objective: f64, values: &[f64]) {
        self.incumbents.borrow_mut().push((objective, values.to_vec()));
    }

    fn stop(&self) -> bool {
        self.patience.get().is_some_and(|most| self.incumbents.borrow().len() >= most)
    }
}

fn looked_at(text: &str, looker: &Looker) -> Answer {
    let (document, input, faults) = read(text);
    answer(&document, &input, faults, looker).unwrap()
}

/// By way of the line it is handed on in.
fn handed_on(text: &str, looker: &Looker, place: usize) -> Incumbent {
    let (_, input, _) = read(text);
    let (objective, values) = &looker.incumbents.borrow()[place];
    let line = Line::Incumbent(Incumbent::of(&input, &looker.keys.borrow(), *objective, values));
    match serde_json::from_str(&serde_json::to_string(&line).unwrap()).unwrap() {
        Line::Incumbent(incumbent) => incumbent,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_incumbent_becomes_a_checked_plan_with_what_binds_it() {
    let looker = Looker::default();
    let best = looked_at(BASE, &looker);
    assert_near(best.objective.unwrap(), 3379.0);
    assert_eq!(*looker.phases.borrow(), [Phase::BuildingModel, Phase::Solving, Phase::ProcessingResults]);
    let (document, input, _) = read(BASE);
    let count = looker.incumbents.borrow().len();
    assert!(count >= 1);
    for place in 0..count {
        let incumbent = handed_on(BASE, &looker, place);
        let told = incumbent.objective;
        let kept = Kept { incumbent: Some(incumbent), bound: Some(3300.0), cancelled: false };
        for seconds in [5.0, 0.0] {
            let plan = finish(&document, &input, Vec::new(), &kept, seconds).unwrap();
            assert_eq!((plan.outcome, &plan.error), (Outcome::LimitWithPlan, &None));
            assert!(plan.checker.as_ref().unwrap().passed);
            assert!(plan.objective.unwrap() <= told + 1e-6 * told, "{:?} of {told}", plan.objective);
            assert_eq!(plan.bound, Some(3300.0));
            assert!(plan.gap.unwrap() > 0.0 && !plan.kpis.is_empty() && !plan.production.is_empty());
            assert_eq!(plan.bindings.is_empty(), seconds == 0.0, "duals come with polishing");
        }
    }
    // The last incumbent is the optimum.
    let kept = Kept { incumbent: Some(handed_on(BASE, &looker, count - 1)), bound: None, cancelled: true };
    let plan = finish(&document, &input, Vec::new(), &kept, 5.0).unwrap();
    assert_eq!((plan.outcome, plan.gap), (Outcome::Cancelled, None));
    assert_near(plan.objective.unwrap(), 3379.0);
}

#[test]
fn without_an_incumbent_the_news_is_that_there_is_no_plan() {
    let (document, input, _) = read(BASE);
    for (cancelled, outcome) in [(false, Outcome::LimitNoPlan), (true, Outcome::Cancelled)] {
        let kept = Kept { incumbent: None, bound: Some(3000.0), cancelled };
        let answer = finish(&document, &input, Vec::new(), &kept, 1.0).unwrap();
        assert_eq!((answer.outcome, answer.objective, answer.bound), (outcome, None, Some(3000.0)));
        assert!(answer.checker.is_none() && answer.shipments.is_empty());
    }
}

#[test]
fn an_incumbent_of_another_input_is_refused() {
    let looker = Looker::default();
    looked_at(BASE, &looker);
    let kept = Kept { incumbent: Some(handed_on(BASE, &looker, 0)), ..Kept::default() };
    let other = base(|document| document["lanes"].as_array_mut().unwrap().truncate(2));
    let (document, input, _) = read(&other);
    assert!(finish(&document, &input, Vec::new(), &kept, 1.0).is_err());
}

#[test]
fn a_search_stopped_at_its_start_plan_is_cancelled_with_that_plan() {
    let looker = Looker::default();
    looker.patience.set(Some(1));
    let stopped = looked_at(BASE, &looker);
    assert_eq!(stopped.outcome, Outcome::Cancelled);
    assert!(stopped.checker.unwrap().passed);
    // What the relaxation says no plan can cost less than.
    assert!(stopped.bound.unwrap() <= 3379.0 && stopped.objective.unwrap() >= 3379.0 - 0.01);
}

#[test]
fn the_way_out_has_no_incumbents_of_its_own() {
    let looker = Looker::default();
    let none = looked_at(
        &base(|document| {
            scale_demand(document, 1.5);
            document["options"]["shortage_mode"] = "hard".into();
        }),
        &looker,
    );
    assert_eq!(none.outcome, Outcome::Infeasible);
    assert!(none.relaxation.is_some());
    assert_eq!(looker.incumbents.borrow().len(), 0);
}

/// Equal, but for the last digit of a number.
fn assert_same(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            assert!((x - y).abs() <= 1e-14 * x.abs(), "{x} {y}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| assert_same(a, b));
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()));
            a.values().zip(b.values()).for_each(|(a, b)| assert_same(a, b));
        }
        _ => assert_eq!(a, b),
    }
}

#[test]
fn answers_of_every_kind_are_read_back_as_they_were_written() {
    let short = base(|document| rows(document, "demand", &[("node", "X"), ("period", "1")])[0]["tonnes"] = 200.into());
    let cheap = base(|document| document["penalties"] = serde_json::json!({"shortage_cost_per_tonne": 13}));
    let none = base(|document| {
        scale_demand(document, 1.5);
        document["options"]["shortage_mode"] = "hard".into();
    });
    let endless = base(|document| document["lanes"][0]["cost_per_tonne"] = (-50).into());
    for text in [BASE, &short, &cheap, &none, &endless] {
        let (document, input, faults) = read(text);
        let result = Box::new(answer(&document, &input, faults, &Unwatched).unwrap());
        let line = serde_json::to_string(&Line::Result { result: result.clone() }).unwrap();
        let Line::Result { result: back } = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert_same(&serde_json::to_value(&result).unwrap(), &serde_json::to_value(&back).unwrap());
    }
}
