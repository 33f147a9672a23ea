//! Examples 1 and 2: the complete example of the format.

use crate::world::{BASE, assert_near, base, read, rows, solved};
use domain::planning::Verdict;
use engine::planning::{fault::verdict, run::Outcome};

#[test]
fn the_complete_example_costs_3379_with_its_rows_and_columns() {
    let (_, _, faults) = read(BASE);
    assert_eq!(verdict(&faults), Verdict::Pass, "{faults:?}");
    let (_, solved) = solved(BASE);
    assert_eq!(solved.outcome, Outcome::Optimal);
    assert_near(solved.objective.unwrap(), 3379.0);
    assert_near(solved.operating_cost.unwrap(), 3379.0);
    let costs = &solved.plan.as_ref().unwrap().costs;
    for (name, amount) in [("production", 2640.0), ("freight", 357.5), ("trips", 324.0), ("holding", 57.5)] {
        assert_near(costs[name], amount);
    }
    assert_near(costs.get("shortage").copied().unwrap_or(0.0), 0.0);
    let size = solved.built.model.size();
    assert_eq!((size.rows, size.columns, size.integer, size.binary), (44, 52, 24, 12));
}

#[test]
fn broken_trips_and_no_minimum_shipments_leave_a_linear_model() {
    let (_, solved) = solved(&base(|document| {
        document["options"]["integer_trips"] = false.into();
        for lane in rows(document, "lanes", &[]) {
            lane["min_shipment_tonnes"] = 0.into();
        }
    }));
    assert_near(solved.objective.unwrap(), 3318.5);
    let size = solved.built.model.size();
    assert_eq!((size.rows, size.columns, size.integer), (20, 40, 0));
}
