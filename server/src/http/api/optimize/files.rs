//! Files of planning: the template, and what can be taken from a run.

use crate::{
    http::{
        api::exports::whole,
        body::{Json, Path, Query},
        caller::Signed,
        error::ApiResult,
    },
    services::{
        Services,
        planning::{FileForm, PlanFile},
    },
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::ids::PlanRunId;
use engine::planning::workbook::Form;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    format: Option<String>,
    empty: bool,
}

fn download(file: PlanFile) -> ApiResult<Response> {
    whole(file.content, &file.name, file.media_type, file.rows)
}

/// A document to begin with: JSON with its schema, or the sample as sheets; with `empty` headings and notes only.
pub async fn template(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(Asked { format, empty }): Query<Asked>,
) -> ApiResult<Response> {
    let known = [FileForm::Json, FileForm::Xlsx, FileForm::Csv];
    let form = match FileForm::parse(format.as_deref().unwrap_or("json"), &known)? {
        FileForm::Xlsx => Form::Xlsx,
        FileForm::Csv => Form::Csv,
        _ => return Ok(Json(services.planning.template(&who)?).into_response()),
    };
    download(services.plan_files.template_file(&who, form, empty).await?)
}

/// The results of a run beside its input, or its model.
pub async fn export(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
    Query(Asked { format, .. }): Query<Asked>,
) -> ApiResult<Response> {
    let form = FileForm::parse(format.as_deref().unwrap_or("json"), &FileForm::ALL)?;
    download(services.plan_files.export(&who, run, form).await?)
}
