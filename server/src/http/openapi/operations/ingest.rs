//! Imports, their rows, and kept mappings.

use super::super::{
    operation::{Operation, accepted, asked, file, json, made, whole},
    shapes::{list, named, one_of, page, repair, upload},
};
use crate::http::api::ingest::{
    ImportTarget,
    imports::{Chosen, SetMapping},
};
use domain::{
    ingest::{
        Discard, ExpectFiles, ExpectedFiles, ImportDetail, ImportSummary, MappingChange, NewMapping, OpenQuarantine,
        RowEdit, SavedMapping, StagedRow, Target,
    },
    jobs::Enqueued,
};

const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CLOSED: &[(&str, &str)] = &[("409", "The import's state does not allow it, or it was changed meanwhile.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/ingest/targets", "What can be imported, and the fields of each", page::<ImportTarget>),
    file("GET /api/v1/ingest/targets/{target}/{template}", "An empty file to fill in", &["text/csv", SHEET]).with(&[
        asked("target", named::<Target>, "What is to be imported."),
        asked("template", |_| one_of(["template.csv", "template.xlsx"]), "Its form."),
    ]),
    json("GET /api/v1/ingest/expected", "How often a file of each target is expected", list::<ExpectedFiles>),
    json("PUT /api/v1/ingest/expected", "Say how often files are expected", list::<ExpectedFiles>)
        .note("Targets that are not named stay as they are. A day that is over and of which nothing arrived then has no data.")
        .takes(named::<ExpectFiles>),
    json("GET /api/v1/ingest/mappings", "Kept mappings", page::<SavedMapping>),
    made("POST /api/v1/ingest/mappings", "Keep a mapping for files with the given header", named::<SavedMapping>)
        .takes(named::<NewMapping>)
        .keyed(),
    json("PATCH /api/v1/ingest/mappings/{id}", "Change a kept mapping", named::<SavedMapping>)
        .takes(named::<MappingChange>)
        .fails(&[("409", "The mapping was changed meanwhile.")]),
    json("GET /api/v1/ingest/quarantine", "Open rejected rows by target", page::<OpenQuarantine>),
    json("GET /api/v1/ingest/imports", "Imports, the newest first", page::<ImportSummary>).paged(),
    made("POST /api/v1/ingest/imports", "Upload a file of at most 64 MiB", named::<ImportDetail>)
        .note("CSV, TSV, XLSX, XLS or ODS. Nothing is recorded before the commit.")
        .takes_form(upload)
        .keyed(),
    json("GET /api/v1/ingest/imports/{id}", "One import", named::<ImportDetail>),
    json("PUT /api/v1/ingest/imports/{id}/mapping", "Say which column is what", named::<ImportDetail>)
        .takes(named::<SetMapping>)
        .fails(CLOSED),
    accepted("POST /api/v1/ingest/imports/{id}/preview", "Judge every row, as a job", named::<Enqueued>).fails(CLOSED),
    json(
        "POST /api/v1/ingest/imports/{id}/clean",
        "Accept proposals to clean cells, refuse all others",
        named::<ImportDetail>,
    )
    .takes(named::<Chosen>)
    .fails(CLOSED),
    accepted("POST /api/v1/ingest/imports/{id}/commit", "Record what the preview said, as a job", named::<Enqueued>)
        .with(&[whole("confirm_closed", "Repeats how many recorded sales are closed, where that is asked.")])
        .fails(CLOSED),
    accepted("POST /api/v1/ingest/imports/{id}/undo", "Take a committed import back, as a job", named::<Enqueued>)
        .fails(CLOSED),
    json("POST /api/v1/ingest/imports/{id}/cancel", "Give an import up", named::<ImportDetail>).fails(CLOSED),
    json("POST /api/v1/ingest/imports/{id}/rerun", "Record the mended rows", named::<ImportDetail>).fails(CLOSED),
    json("POST /api/v1/ingest/imports/{id}/discard", "Give rejected rows up for good", named::<ImportDetail>)
        .takes(named::<Discard>)
        .fails(CLOSED),
    json("GET /api/v1/ingest/imports/{id}/rows", "Rejected rows, by row number", page::<StagedRow>)
        .with(&[asked("state", |_| one_of(["open", "all"]), "open when not given.")])
        .paged(),
    json("PATCH /api/v1/ingest/imports/{id}/rows/{row_no}", "Mend a rejected row", named::<StagedRow>)
        .with(&[whole("row_no", "Its number in the file; the header is row 1.")])
        .takes(named::<RowEdit>)
        .fails(CLOSED),
    file(
        "GET /api/v1/ingest/imports/{id}/rejected.csv",
        "Open rejected rows with code, field and message",
        &["text/csv"],
    ),
    json("POST /api/v1/ingest/imports/{id}/upload", "Upload rejected.csv with mended rows", named::<ImportDetail>)
        .takes_form(repair)
        .fails(CLOSED),
];
