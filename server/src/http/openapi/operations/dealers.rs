//! Dealers and their keys.

use super::super::{
    operation::{Operation, Parameter, asked, json, nothing, text},
    shapes::{named, one_of, page},
};
use domain::dealers::{DealerDetail, DealerItem, DealerTest, EditDealer, SetKeys};

const FILTER: &[Parameter] = &[
    text("search", "Part of code or name, at most 100 characters."),
    asked("is_active", |_| one_of(["true", "false", "all"]), "Those active, those not, or all (unless said)."),
];

const CODE: &[Parameter] = &[text("dealer_id", "Code of the dealer.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/dealers", "Dealers in the caller's scope, by code", page::<DealerItem>).with(FILTER).paged(),
    json("GET /api/v1/dealers/{dealer_id}", "One dealer; of its keys only whether they are set", named::<DealerDetail>)
        .with(CODE),
    json("PATCH /api/v1/dealers/{dealer_id}", "Change a dealer, or (de)activate it", named::<DealerDetail>)
        .note("Code and source never change. Only who may edit every dealer (de)activates one.")
        .with(CODE)
        .takes(named::<EditDealer>)
        .versioned()
        .fails(&[("409", "It is not as it was read (who changed it and when, field version).")]),
    nothing("PUT /api/v1/dealers/{dealer_id}/credentials", "Set keys, which nobody reads back")
        .note("What is absent or blank stays.")
        .with(CODE)
        .takes(named::<SetKeys>),
    json(
        "POST /api/v1/dealers/{dealer_id}/credentials/test",
        "Ask its system with the saved keys",
        named::<DealerTest>,
    )
    .note("Asks for the prospects of the last minute; stamped and on record.")
    .with(CODE),
];
