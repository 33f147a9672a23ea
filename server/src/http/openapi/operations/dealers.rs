//! Dealers and their keys.

use super::super::{
    operation::{Operation, Parameter, accepted, asked, json, nothing, text},
    shapes::{day, named, one_of, page, uuid},
};
use domain::{
    dealers::{
        DealerDetail, DealerFetches, DealerItem, DealerTest, EditDealer, Feed, FetchStarted, FetchStatus, ProspectItem,
        ProspectPersonal, RecordDetail, RecordItem, SetKeys, StartFetch, SwitchFeed,
    },
    jobs::{JobDetail, JobRow},
};

const FILTER: &[Parameter] = &[
    text("search", "Part of code or name, at most 100 characters."),
    asked("is_active", |_| one_of(["true", "false", "all"]), "Those active, those not, or all (unless said)."),
];

const CODE: &[Parameter] = &[text("dealer_id", "Code of the dealer.")];

const PROSPECTS: &[Parameter] = &[
    text("dealer_id", "Code of the dealer."),
    text("search", "Part of the name, or a whole phone number or national id; needs prospects.pii."),
    text("status", "Code of the status, such as 3."),
    text("unit", "Code of a unit type."),
    text("source", "Code of the source."),
    text("sales_person", "Code of the sales person."),
    asked("from", day, "First day of the prospect."),
    asked("to", day, "Last day of the prospect."),
];

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
    json("GET /api/v1/dealers/{dealer_id}/prospects", "Prospects of a dealer, the latest first", page::<ProspectItem>)
        .note("Names, phone numbers and national ids are masked.")
        .with(PROSPECTS)
        .paged(),
    json(
        "POST /api/v1/dealers/{dealer_id}/prospects/{prospect_no}/unmask",
        "Personal fields of one prospect",
        named::<ProspectPersonal>,
    )
    .note("On record; at most 60 an hour. A slash in the number is written %2F.")
    .with(&[text("dealer_id", "Code of the dealer."), text("prospect_no", "Number of the prospect.")])
    .fails(&[("429", "60 were unmasked in the last hour.")]),
    json("GET /api/v1/dealers/{dealer_id}/fetches", "What was fetched of a dealer", named::<DealerFetches>)
        .note("Coverage and gaps of each feed, and its newest fetches.")
        .with(CODE),
];

const FEED: Parameter = asked("feed", |_| one_of(Feed::ALL.iter().map(|feed| feed.as_str())), "One of the feeds.");
const RECORD: &[Parameter] =
    &[text("dealer_id", "Code of the dealer."), FEED, text("record_key", "Key of the record; a slash is written %2F.")];
const RECORDS_OF: &[Parameter] = &[
    text("dealer_id", "Code of the dealer."),
    FEED,
    text("search", "Begin of the key; with prospects.pii also a whole phone number or national id."),
    text("status", "Code of the status, such as 3."),
    asked("from", day, "First day of the record."),
    asked("to", day, "Last day of the record."),
];

pub const RECORDS: &[Operation] = &[
    json("GET /api/v1/dealers/{dealer_id}/records/{feed}", "Records of a feed, the latest first", page::<RecordItem>)
        .note("Of every feed but the prospects, which have a list of their own.")
        .with(RECORDS_OF)
        .paged(),
    json(
        "GET /api/v1/dealers/{dealer_id}/records/{feed}/{record_key}",
        "One record with its child records",
        named::<RecordDetail>,
    )
    .note("Names are those of the contract; what is personal is masked.")
    .with(RECORD),
    json(
        "POST /api/v1/dealers/{dealer_id}/records/{feed}/{record_key}/unmask",
        "One record with what is personal in it",
        named::<RecordDetail>,
    )
    .note("On record; at most 60 an hour, prospects included.")
    .with(RECORD)
    .fails(&[("429", "60 were unmasked in the last hour.")]),
    nothing("PUT /api/v1/dealers/{dealer_id}/feeds/{feed}", "Fetch a feed from now on, or no more")
        .with(&[text("dealer_id", "Code of the dealer."), FEED])
        .takes(named::<SwitchFeed>),
];

const RUN: &[Parameter] = &[asked("id", uuid, "Id of the run, which is its task_id.")];

macro_rules! fetches {
    ($below:literal) => {
        &[
            accepted(concat!("POST ", $below, "/jobs/run"), "Fetch a dealer's records", named::<FetchStarted>)
                .note("The same range asked again while it is open is the same run.")
                .takes(named::<StartFetch>)
                .fails(&[("409", "An open run fetches a part of the range already (named in the message).")]),
            json(concat!("GET ", $below, "/jobs/active"), "Runs that wait or are at work", page::<JobRow>).paged(),
            json(concat!("GET ", $below, "/jobs/{id}/status"), "One fetch with its windows", named::<FetchStatus>)
                .with(RUN),
            op_cancel(concat!("DELETE ", $below, "/jobs/{id}/cancel")),
        ]
    };
}

const fn op_cancel(route: &'static str) -> Operation {
    accepted(route, "Cancel a run", named::<JobDetail>).with(RUN).fails(&[("409", "The run is over already.")])
}

pub const FETCHES: &[Operation] = fetches!("/api/v1");
/// As they are documented.
pub const LITERAL: &[Operation] = fetches!("");
