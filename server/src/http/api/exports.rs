//! `/api/v1/exports/{dataset}.{csv|xlsx}`: streamed, never cut, counted in header and trailer.

use crate::{
    http::{
        body::Path,
        caller::Signed,
        error::{ApiError, ApiResult},
        routes::Routes,
    },
    services::{
        Services,
        exports::{Export, Format, KPI_ROWS, csv, xlsx},
    },
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    AppError,
    access::{Access, Permission},
    query,
};
use futures::{StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use store::exports::Dataset;
use tokio_util::io::ReaderStream;

const EXPECTED: HeaderName = HeaderName::from_static("x-row-count-expected");
const COUNTED: HeaderName = HeaderName::from_static("x-row-count");

/// The routes of the family.
#[must_use]
pub fn routes() -> Routes<Services> {
    Routes::new().get("/api/v1/exports/{file}", Access::Needs(Permission::AccessExport), export)
}

/// Every row of the list with exactly its filters, sort and rights.
#[utoipa::path(get, path = "/api/v1/exports/{file}", tag = "exports", params(
    ("file" = String, Path, description = "transactions, transaction-lines, refunds, products or kpi-rows (with metric), with .csv or .xlsx; filters as in the list"),
), responses((status = 200, description = "The file; X-Row-Count-Expected before it, trailer X-Row-Count after it"), (status = 404, description = "No such dataset"), (status = 422, description = "A filter cannot be read")))]
pub async fn export(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(file): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult<Response> {
    let unknown = || AppError::not_found("Export");
    let (dataset, format) = file
        .rsplit_once('.')
        .and_then(|(dataset, format)| Some((dataset, Format::parse(format)?)))
        .ok_or_else(unknown)?;
    let pairs = query::pairs(raw.as_deref().unwrap_or_default());
    let export = if dataset == KPI_ROWS {
        services.exports.open_figure(&who, format, &pairs).await?
    } else {
        services.exports.open(&who, Dataset::parse(dataset).ok_or_else(unknown)?, format, &pairs).await?
    };
    let name = export.file_name(format);
    let rows = export.about.rows;
    let (kind, body) = match format {
        Format::Csv => ("text/csv; charset=utf-8", csv_body(export)),
        Format::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_body(export).await?),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::TRAILER, HeaderValue::from_static("X-Row-Count"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(EXPECTED, HeaderValue::from(rows));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|_| ApiError(AppError::internal()))?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

fn trailer(rows: i64) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert(COUNTED, HeaderValue::from(rows));
    Frame::trailers(trailers)
}

enum Step {
    Head(Export),
    Rows(Export, i64),
    End,
}

/// A batch is read when the reader takes it. A failure ends the body with an error, which cuts the
/// connection: a short file never looks whole.
fn csv_body(export: Export) -> Body {
    let frames = stream::unfold(Step::Head(export), |step| async move {
        match step {
            Step::Head(export) => {
                let head = csv::head(&export.headings);
                Some((Ok(Frame::data(Bytes::from(head))), Step::Rows(export, 0)))
            }
            Step::Rows(mut export, counted) => match export.batch().await {
                Ok(rows) if rows.is_empty() => Some((Ok(trailer(counted)), Step::End)),
                Ok(rows) => {
                    let counted = counted + i64::try_from(rows.len()).unwrap_or_default();
                    Some((Ok(Frame::data(Bytes::from(csv::lines(&rows)))), Step::Rows(export, counted)))
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
