//! Example 22: the model as LP and MPS text, read again by a solver. The tests read them with the library itself.
#![allow(unsafe_code)]

use crate::world::{BASE, accepted, assert_near};
use engine::planning::{
    builder::build,
    model::{lp, mps},
};
use highs_sys::{
    Highs_create, Highs_destroy, Highs_getNumCol, Highs_getNumRow, Highs_getObjectiveValue, Highs_readModel, Highs_run,
    Highs_setBoolOptionValue, Highs_setDoubleOptionValue,
};
use std::ffi::CString;

/// Optimum, rows and columns of a file.
fn read_again(text: &str, suffix: &str) -> (f64, i32, i32) {
    let file = std::env::temp_dir().join(format!("millrace-{}.{suffix}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let name = CString::new(file.to_str().unwrap()).unwrap();
    // SAFETY: the instance lives until it is destroyed, the texts through the calls.
    let found = unsafe {
        let highs = Highs_create();
        Highs_setBoolOptionValue(highs, c"output_flag".as_ptr(), 0);
        Highs_setDoubleOptionValue(highs, c"mip_rel_gap".as_ptr(), 0.0);
        assert_eq!(Highs_readModel(highs, name.as_ptr()), 0, "{suffix}");
        Highs_run(highs);
        let found = (Highs_getObjectiveValue(highs), Highs_getNumRow(highs), Highs_getNumCol(highs));
        Highs_destroy(highs);
        found
    };
    std::fs::remove_file(file).unwrap();
    found
}

#[test]
fn lp_and_mps_of_the_base_example_read_back_and_are_the_same_bytes_each_time() {
    let input = accepted(BASE);
    let model = build(&input).model;
    for (suffix, text) in [("lp", lp::text(&input, &model)), ("mps", mps::text(&input, &model))] {
        let (objective, rows, columns) = read_again(&text, suffix);
        assert_near(objective, 3379.0);
        assert_eq!((rows, columns), (44, 52), "{suffix}");
        let again = build(&accepted(BASE)).model;
        let twice = if suffix == "lp" { lp::text(&input, &again) } else { mps::text(&input, &again) };
        assert_eq!(text, twice);
    }
}

#[test]
fn constants_fixed_columns_and_dashes_read_back() {
    let families = include_str!("../data/planning/families.json");
    let input = accepted(families);
    let model = build(&input).model;
    let expected = crate::world::solved(families).1.objective.unwrap();
    let text = lp::text(&input, &model);
    assert!(text.contains("contract(from~N,1):"), "{text}");
    assert_near(read_again(&text, "lp").0, expected);
    assert_near(read_again(&mps::text(&input, &model), "mps").0, expected);
}
