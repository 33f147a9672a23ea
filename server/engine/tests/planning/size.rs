//! The reference instance has the size and the relaxation that are specified.

use crate::world::{accepted, assert_near};
use engine::planning::{
    builder::build,
    solve::{Session, Status, Unwatched},
};

#[path = "../../benches/planning/reference.rs"]
pub mod reference;

#[test]
fn the_reference_instance_of_twelve_periods_has_its_size_and_relaxation() {
    let input = accepted(&reference::reference(12, 42).to_string());
    let model = build(&input).model;
    let size = model.size();
    assert_eq!((size.columns, size.rows, size.nonzeros), (79_152, 78_312, 209_258));
    let mut session = Session::load(&model, false).unwrap();
    assert_eq!(session.run(60.0, &Unwatched).unwrap(), Status::Optimal);
    assert_near(session.figures().incumbent.unwrap(), 6_445_533_007.8);
}
