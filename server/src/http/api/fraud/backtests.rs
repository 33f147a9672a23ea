//! Datasets and backtests.

use crate::{
    http::{
        api::ingest::receive_file,
        body::{Json, Path},
        caller::Signed,
        error::{ApiError, ApiResult},
        idempotency::{SentKey, answer},
        routes::Routes,
    },
    services::{
        Services,
        fraud::{BacktestsService, NewDataset},
    },
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    AppError,
    access::{Access, Permission, Principal},
    fraud::backtest::{BacktestDetail, BacktestList, BacktestsPort, Dataset, DatasetField, NewBacktest},
    ids::{BacktestId, DatasetId},
};
use futures::stream;
use std::{io, sync::Arc};

const REVIEW: Access = Access::Needs(Permission::FraudReview);

pub fn routes() -> Routes<Services> {
    Routes::new()
        .post("/api/v1/fraud/datasets", REVIEW, upload)
        .delete("/api/v1/fraud/datasets/{id}", REVIEW, remove)
        .get("/api/v1/fraud/backtests", REVIEW, list)
        .post("/api/v1/fraud/backtests", REVIEW, start)
        .get("/api/v1/fraud/backtests/{id}", REVIEW, backtest)
        .get("/api/v1/fraud/backtests/{id}/scores", REVIEW, scores)
}

/// Takes a file of sales with labels out of a form: `file`, `name`, and a column for each field that has another name.
///
/// # Errors
/// As [`receive_file`] and [`BacktestsService::receive`].
pub async fn take(backtests: &BacktestsService, who: &Principal, request: Request) -> Result<Dataset, AppError> {
    let file = receive_file(request).await.map_err(AppError::from)?;
    let said = |wanted: &str| file.fields.iter().find(|(name, value)| name == wanted && !value.trim().is_empty());
    let column = |field: DatasetField| said(field.as_str()).map(|(_, column)| (field, column.trim().to_owned()));
    let new = NewDataset {
        name: said("name").map(|(_, name)| name.clone()).unwrap_or_default(),
        columns: DatasetField::ALL.into_iter().filter_map(column).collect(),
        file_name: file.name,
        bytes: file.bytes,
    };
    backtests.receive(who, new).await
}

/// Keeps a file of sales; its mapped columns alone.
pub async fn upload(
    State(services): State<Services>,
    Signed(who): Signed,
    request: Request,
) -> ApiResult<(StatusCode, Json<Dataset>)> {
    Ok((StatusCode::CREATED, Json(take(&services.backtests, &who, request).await?)))
}

/// Removes a dataset with the backtests made of it.
pub async fn remove(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<DatasetId>,
) -> ApiResult<StatusCode> {
    services.backtests.remove_dataset(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Backtests, datasets, and what can be tried.
pub async fn list(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<BacktestList>> {
    Ok(Json(services.backtests.list(&who).await?))
}

/// Puts a backtest into the queue.
pub async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Json(new): Json<NewBacktest>,
) -> Response {
    answer(services.backtests.start(&who, new, key.as_ref()).await, |row| (StatusCode::ACCEPTED, Json(row)))
}

/// One backtest with its report.
pub async fn backtest(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<BacktestId>,
) -> ApiResult<Json<BacktestDetail>> {
    Ok(Json(services.backtests.backtest(&who, id).await?))
}

/// The score of each sale as CSV.
pub async fn scores(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<BacktestId>,
) -> Result<Response, ApiError> {
    let backtests = Arc::clone(&services.backtests);
    let Some((last, first)) = backtests.scores(&who, id, -1).await? else {
        return Err(AppError::not_found("Backtest").into());
    };
    let rest = stream::try_unfold((backtests, who, last), move |(backtests, who, after)| async move {
        let part = backtests.scores(&who, id, after).await.map_err(|error| io::Error::other(error.message))?;
        Ok::<_, io::Error>(part.map(|(last, csv)| (Bytes::from(csv), (backtests, who, last))))
    });
    let whole = futures::StreamExt::chain(stream::once(async { Ok(Bytes::from(first)) }), rest);
    let disposition = format!("attachment; filename=\"backtest-{id}-scores.csv\"");
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((head, Body::from_stream(whole)).into_response())
}
