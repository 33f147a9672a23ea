//! Networks of planning: their rows by section, files brought in, and the inputs they are frozen into.

use super::super::{
    operation::{Operation, Parameter, asked, json, made, nothing, text},
    shapes::{any, flag, named, page, uuid},
};
use crate::http::api::optimize::sent::FILES;
use domain::planning::{Freeze, NetworkDetail, NetworkImport, NetworkList, NetworkRow};
use utoipa::ToSchema;

/// A network to be: with its own fields, of a document, or of the sample.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct NewPlanNetwork {
    code: String,
    /// Of a network without rows; `currency` and the other fields of a document likewise.
    name: Option<String>,
    currency: Option<String>,
    /// A document millrace-plan/1 of at most 64 MiB.
    #[schema(value_type = Option<Object>)]
    input_data: Option<serde_json::Value>,
    use_sample_data: Option<bool>,
}

/// The fields of a document that are no rows.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct PlanNetworkHead {
    name: String,
    currency: String,
    description: Option<String>,
    timezone: Option<String>,
    quantity_label: Option<String>,
    constant_cost: Option<f64>,
    #[schema(value_type = Option<Object>)]
    penalties: Option<serde_json::Value>,
    #[schema(value_type = Option<Object>)]
    options: Option<serde_json::Value>,
}

/// Which network; the only one when not given.
#[allow(dead_code, reason = "only its schema is used")]
#[derive(ToSchema)]
struct FreezePlanNetwork {
    network: Option<String>,
}

const CODE: &[Parameter] = &[text("code", "Code of the network.")];
const IMPORT: Parameter = asked("id", uuid, "Id of the import.");
const SECTION: Parameter = text(
    "section",
    "`periods`, `products`, `nodes`, `stock`, `production` (also `lines`), `calendars`, `resources`, `lanes`, `demand`, \
     `contracts`, `supplier_limits`, `in_transit` or `site_groups`.",
);
const NETWORK: Parameter = text("network", "Code of the network; the only one when not given.");
const ROW: &[Parameter] = &[SECTION, asked("id", uuid, "Id of the row.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/planning/networks", "Networks, by code", named::<NetworkList>),
    made("POST /api/v1/planning/networks", "Make a network", named::<NetworkDetail>)
        .note("Empty, or with the rows of a document. A document with an error is refused whole.")
        .takes(named::<NewPlanNetwork>)
        .keyed(),
    json("GET /api/v1/planning/networks/{code}", "A network, and whether it can be solved", named::<NetworkDetail>)
        .with(CODE),
    json("PUT /api/v1/planning/networks/{code}", "Change what is said of a network as a whole", named::<NetworkDetail>)
        .with(CODE)
        .takes(named::<PlanNetworkHead>)
        .versioned()
        .fails(&[("409", "It has another version by now.")]),
    nothing("DELETE /api/v1/planning/networks/{code}", "Remove a network with all its rows")
        .note("The inputs it was frozen into stay, and so do their runs and plans.")
        .with(CODE),
    made("POST /api/v1/planning/networks/{code}/imports", "Bring a document in", named::<NetworkImport>)
        .note("Keeps the document beside the network and tells what it would change; nothing is changed yet.")
        .with(CODE)
        .takes(any)
        .or_file(&FILES),
    json("GET /api/v1/planning/imports/{id}", "What a document would change now", named::<NetworkImport>)
        .with(&[IMPORT]),
    json("POST /api/v1/planning/imports/{id}/commit", "Carry an import out", named::<NetworkImport>)
        .note("All of it in one step.")
        .with(&[
            IMPORT,
            asked("remove_missing", flag, "Removes rows that the document does not have."),
            text("network_changed_at", "As it was told with the changes: refused when the network has changed since."),
        ])
        .fails(&[("409", "It was committed already, or the network has changed since `network_changed_at`.")]),
    made("POST /api/v1/planning/inputs", "Freeze a network into an input", named::<Freeze>)
        .note(
            "The same content is the same input. Policies and working days become figures. A network with an error is \
               refused with every finding.",
        )
        .may_take(named::<FreezePlanNetwork>),
    json("GET /api/v1/planning/{section}", "Rows of a network", page::<NetworkRow>)
        .with(&[
            SECTION,
            NETWORK,
            text("node", "Rows of this node, or that refer to it."),
            text("search", "A part of the key or name."),
        ])
        .paged(),
    made("POST /api/v1/planning/{section}", "Add a row", named::<NetworkRow>)
        .with(&[SECTION, NETWORK])
        .takes(any)
        .keyed(),
    json("PUT /api/v1/planning/{section}/{id}", "Change a row", named::<NetworkRow>)
        .note("The fields that are sent are all it has afterwards.")
        .with(ROW)
        .takes(any)
        .versioned()
        .fails(&[("409", "It has another version by now; each field that differs is told with both values.")]),
    nothing("DELETE /api/v1/planning/{section}/{id}", "Remove a row")
        .with(ROW)
        .versioned()
        .fails(&[("409", "Other rows refer to it, or it has another version by now.")]),
];
