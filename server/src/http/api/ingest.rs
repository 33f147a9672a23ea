//! `/api/v1/ingest`: targets and templates, mappings, imports with their rows.

pub mod imports;
mod rows;
mod upload;

pub use upload::{ReceivedFile, receive_file, receive_form};

use crate::{
    http::{
        body::{Json as Body, Path},
        caller::Signed,
        error::ApiResult,
        idempotency::{SentKey, answer},
        routes::Routes,
    },
    services::{
        Services,
        ingest::{template_csv, template_xlsx},
    },
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    AppError,
    access::{Access, Permission},
    ingest::{
        ExpectFiles, ExpectedFiles, Field, IngestPort, MappingChange, NewMapping, OpenQuarantine, SavedMapping, Target,
    },
    paging::Page,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

const VIEW: Access = Access::Needs(Permission::IngestView);
const UPLOAD: Access = Access::Needs(Permission::IngestUpload);
const PROMOTE: Access = Access::Needs(Permission::IngestPromote);

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new()
        .get("/api/v1/ingest/targets", VIEW, targets)
        .get("/api/v1/ingest/targets/{target}/{template}", VIEW, template)
        .get("/api/v1/ingest/expected", VIEW, expected)
        .put("/api/v1/ingest/expected", PROMOTE, expect)
        .get("/api/v1/ingest/mappings", VIEW, mappings)
        .post("/api/v1/ingest/mappings", UPLOAD, save_mapping)
        .patch("/api/v1/ingest/mappings/{id}", UPLOAD, change_mapping)
        .get("/api/v1/ingest/quarantine", VIEW, quarantine)
        .get("/api/v1/ingest/imports", VIEW, imports::list)
        .post("/api/v1/ingest/imports", UPLOAD, upload::upload)
        .get("/api/v1/ingest/imports/{id}", VIEW, imports::detail)
        .put("/api/v1/ingest/imports/{id}/mapping", UPLOAD, imports::set_mapping)
        .post("/api/v1/ingest/imports/{id}/preview", UPLOAD, imports::preview)
        .post("/api/v1/ingest/imports/{id}/clean", UPLOAD, imports::clean)
        .post("/api/v1/ingest/imports/{id}/commit", PROMOTE, imports::commit)
        .post("/api/v1/ingest/imports/{id}/undo", PROMOTE, imports::undo)
        .post("/api/v1/ingest/imports/{id}/cancel", UPLOAD, imports::cancel)
        .post("/api/v1/ingest/imports/{id}/rerun", PROMOTE, rows::rerun)
        .post("/api/v1/ingest/imports/{id}/discard", UPLOAD, rows::discard)
        .get("/api/v1/ingest/imports/{id}/rows", VIEW, rows::list)
        .patch("/api/v1/ingest/imports/{id}/rows/{row_no}", UPLOAD, rows::edit)
        .get("/api/v1/ingest/imports/{id}/rejected.csv", VIEW, rows::rejected)
        .post("/api/v1/ingest/imports/{id}/upload", UPLOAD, rows::upload)
}

/// How often a file of each target is expected.
pub async fn expected(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Body<Vec<ExpectedFiles>>> {
    Ok(Body(services.ingest.expected(&who).await?))
}

/// Changes it for the targets named.
pub async fn expect(
    State(services): State<Services>,
    Signed(who): Signed,
    Body(command): Body<ExpectFiles>,
) -> ApiResult<Body<Vec<ExpectedFiles>>> {
    Ok(Body(services.ingest.expect(&who, command).await?))
}

/// One field of a target.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetField {
    key: Field,
    label: &'static str,
    required: bool,
    help: &'static str,
}

/// Something that can be imported.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportTarget {
    target: Target,
    title: &'static str,
    fields: Vec<TargetField>,
}

/// A short list that is always sent whole, in the shape of every list.
fn whole<T>(items: Vec<T>) -> Page<T> {
    Page { total: i64::try_from(items.len()).unwrap_or(i64::MAX), items, next_cursor: None }
}

/// What can be imported, and the fields of each.
async fn targets() -> Body<Page<ImportTarget>> {
    let field = |f: &Field| TargetField { key: *f, label: f.label(), required: f.required(), help: f.help() };
    let targets = Target::ALL.iter().map(|target| ImportTarget {
        target: *target,
        title: target.title(),
        fields: target.fields().iter().map(field).collect(),
    });
    Body(whole(targets.collect()))
}

/// `template.csv` or `template.xlsx`.
async fn template(Path((target, file)): Path<(String, String)>) -> ApiResult<Response> {
    let target = Target::parse(&target).ok_or_else(|| AppError::not_found("Import target"))?;
    let (kind, bytes) = match file.as_str() {
        "template.csv" => ("text/csv; charset=utf-8", template_csv(target).into_bytes()),
        "template.xlsx" => {
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", template_xlsx(target)?)
        }
        _ => return Err(AppError::not_found("Template").into()),
    };
    let disposition = format!("attachment; filename=\"{target}-{file}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

/// Saved mappings.
async fn mappings(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Body<Page<SavedMapping>>> {
    Ok(Body(whole(services.ingest.mappings(&who).await?)))
}

/// Keeps a mapping for files with the given header.
async fn save_mapping(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Body(new): Body<NewMapping>,
) -> Response {
    let answered = services.ingest.save_mapping(&who, new, key.as_ref()).await;
    answer(answered, |saved| (StatusCode::CREATED, Body(saved)))
}

async fn change_mapping(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<Uuid>,
    Body(change): Body<MappingChange>,
) -> ApiResult<Body<SavedMapping>> {
    Ok(Body(services.ingest.change_mapping(&who, id, change).await?))
}

/// Open rejected rows by target.
async fn quarantine(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Body<Page<OpenQuarantine>>> {
    Ok(Body(whole(services.ingest.quarantine(&who).await?)))
}
