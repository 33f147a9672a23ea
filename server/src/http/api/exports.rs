//! `/api/v1/exports/{dataset}.{csv|xlsx}`: streamed, never cut, counted in header and trailer; above
//! 200,000 rows a job writes the file, which is fetched from `/api/v1/files/{id}`.

use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::{ApiError, ApiResult},
        routes::Routes,
    },
    services::{
        Services,
        exports::{Asked, Export, Format, LargeFile, Opened, csv, jsonl, xlsx},
    },
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use domain::{
    AppError,
    access::{Access, Permission, Principal},
    exports::{ExportItem, ExportsPort},
    ids::{ExportId, FileId, JobId},
    paging::Page,
    query,
};
use futures::{StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

const EXPECTED: HeaderName = HeaderName::from_static("x-row-count-expected");
const COUNTED: HeaderName = HeaderName::from_static("x-row-count");

/// A workbook that is not written by then is written by a job; a CSV goes out from its first row on.
const WORKBOOK_WITHIN: Duration = Duration::from_secs(60);
/// Answer to a list that is too large to stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    export_id: ExportId,
    job_id: JobId,
    rows: i64,
}

/// The page that lists the caller's large exports.
const PAGE: &str = "/exports";

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    let right = Access::Needs(Permission::AccessExport);
    Routes::new()
        .get("/api/v1/exports", right, list)
        .get("/api/v1/exports/{file}", right, export)
        .delete("/api/v1/exports/{file}", right, remove)
        .get("/api/v1/files/{id}", right, file)
}

/// Every row of the list with exactly its filters, sort and rights.
pub async fn export(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (dataset, format) = name
        .rsplit_once('.')
        .and_then(|(dataset, format)| Some((dataset, Format::parse(format)?)))
        .ok_or_else(|| AppError::not_found("Export"))?;
    let pairs = query::pairs(raw.as_deref().unwrap_or_default());
    let export = match services.exports.open(&who, dataset, format, &pairs).await? {
        Opened::Stream(export) => *export,
        Opened::Asked(asked) => return Ok(written_by_job(asked, &headers)),
    };
    let about = export.about.clone();
    if format != Format::Xlsx {
        return streamed(export, format);
    }
    let name = export.file_name(format);
    let body = match timeout(WORKBOOK_WITHIN, xlsx_body(export)).await {
        Ok(body) => body?,
        Err(_) => return Ok(written_by_job(services.exports.ask_instead(&who, format, &about).await?, &headers)),
    };
    counted(body, &name, format, about.rows)
}

/// Text goes out from its first row on.
pub(super) fn streamed(export: Export, format: Format) -> ApiResult<Response> {
    let (name, rows) = (export.file_name(format), export.about.rows);
    let form = if format == Format::JsonLines { Text::JsonLines } else { Text::Csv };
    counted(text_body(export, form), &name, format, rows)
}

/// The report of a day on paper.
pub(super) async fn printed(services: &Services, who: &Principal, pairs: &[(String, String)]) -> ApiResult<Response> {
    let (about, bytes) = services.exports.report_pdf(who, pairs).await?;
    as_file(Body::from(bytes), &about.file_name(Format::Pdf), Format::Pdf.media_type(), about.rows)
}

/// A file that is written already, with its rows in the trailer.
pub(super) fn whole(content: Vec<u8>, name: &str, media_type: &str, rows: i64) -> ApiResult<Response> {
    let frames = stream::iter([Ok::<_, AppError>(Frame::data(Bytes::from(content))), Ok(trailer(rows))]);
    let mut response = as_file(Body::new(StreamBody::new(frames)), name, media_type, rows)?;
    response.headers_mut().insert(header::TRAILER, HeaderValue::from_static("X-Row-Count"));
    Ok(response)
}

fn counted(body: Body, name: &str, format: Format, rows: i64) -> ApiResult<Response> {
    let mut response = as_file(body, name, format.media_type(), rows)?;
    response.headers_mut().insert(header::TRAILER, HeaderValue::from_static("X-Row-Count"));
    Ok(response)
}

/// A program gets ids, a person the page where the file will be.
fn written_by_job(asked: Asked, headers: &HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return Redirect::to(PAGE).into_response();
    }
    let body = Accepted { export_id: asked.export_id, job_id: asked.job_id, rows: asked.rows };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/api/v1/exports"));
    response.headers_mut().insert(EXPECTED, HeaderValue::from(asked.rows));
    response
}

fn as_file(body: Body, name: &str, media_type: &str, rows: i64) -> Result<Response, ApiError> {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| ApiError(AppError::internal()));
    headers.insert(header::CONTENT_TYPE, value(media_type)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(EXPECTED, HeaderValue::from(rows));
    headers.insert(header::CONTENT_DISPOSITION, value(&format!("attachment; filename=\"{name}\""))?);
    Ok(response)
}

/// The caller's large exports, the newest first, with the file of each that can be downloaded.
pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Page<ExportItem>>> {
    let items = services.exports.list(&who).await?;
    let total = i64::try_from(items.len()).unwrap_or_default();
    Ok(Json(Page { items, next_cursor: None, total }))
}

/// Stops the writing of one of the caller's large exports and removes its file.
pub async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ExportId>,
) -> ApiResult<StatusCode> {
    services.exports.remove(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of a large export: its owner's only, for 24 hours.
pub async fn file(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<FileId>,
) -> ApiResult<Response> {
    let file = services.exports.file(&who, id).await?;
    let (name, media_type, size, rows) = (file.name.clone(), file.media_type.clone(), file.size_bytes, file.rows);
    let mut response = as_file(file_body(file), &name, &media_type, rows)?;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

/// A piece is read when the reader takes it; a failure cuts the connection before the promised length.
fn file_body(file: LargeFile) -> Body {
    Body::from_stream(stream::try_unfold(file, |mut file| async move {
        let piece = file.piece().await?;
        Ok::<_, AppError>((!piece.is_empty()).then_some((Bytes::from(piece), file)))
    }))
}

fn trailer(rows: i64) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert(COUNTED, HeaderValue::from(rows));
    Frame::trailers(trailers)
}

/// How rows are written as text.
#[derive(Clone, Copy)]
enum Text {
    Csv,
    JsonLines,
}

enum Step {
    Head(Export),
    Rows(Export, i64),
    End,
}

/// A batch is read when the reader takes it. A failure ends the body with an error, which cuts the
/// connection: a short file never looks whole.
fn text_body(export: Export, form: Text) -> Body {
    let first = match form {
        Text::Csv => Step::Head(export),
        Text::JsonLines => Step::Rows(export, 0),
    };
    let frames = stream::unfold(first, move |step| async move {
        match step {
            Step::Head(export) => {
                let head = csv::head(&export.headings);
                Some((Ok(Frame::data(Bytes::from(head))), Step::Rows(export, 0)))
            }
            Step::Rows(mut export, counted) => match export.batch().await {
                Ok(rows) if rows.is_empty() => Some((Ok(trailer(counted)), Step::End)),
                Ok(rows) => {
                    let counted = counted + i64::try_from(rows.len()).unwrap_or_default();
                    let text = match form {
                        Text::Csv => csv::lines(&rows),
                        Text::JsonLines => jsonl::lines(&export.headings, &rows),
                    };
                    Some((Ok(Frame::data(Bytes::from(text))), Step::Rows(export, counted)))
                }
                Err(error) => Some((Err(error), Step::End)),
            },
            Step::End => None,
        }
    });
    Body::new(StreamBody::new(frames))
}

async fn xlsx_body(export: Export) -> Result<Body, AppError> {
    let (file, rows) = xlsx::write(export).await?;
    let bytes =
        ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 * 1024).map(|chunk| chunk.map(Frame::data));
    let end = stream::once(async move { Ok(trailer(rows)) });
    Ok(Body::new(StreamBody::new(bytes.chain(end))))
}
