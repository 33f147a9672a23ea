//! Receiving a file over HTTP: spooled to disk while it comes in, so a slow sender holds neither
//! memory nor a database connection.

use crate::{
    http::{
        body::Json as Body,
        caller::Signed,
        error::ApiError,
        request::too_large,
    },
    services::{Services, ingest::Upload},
};
use axum::{
    extract::{FromRequest, Multipart, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{AppError, ingest::Target};
use engine::ingest::bounds;
use std::io::{Read, Seek, Write};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Files looked into at the same time: each may need its unpacked size in work.
static ROOM: Semaphore = Semaphore::const_new(4);

/// A file that has come in whole.
#[derive(Debug)]
pub struct ReceivedFile {
    pub target: Target,
    pub name: String,
    pub bytes: Vec<u8>,
    _room: SemaphorePermit<'static>,
}

/// Reads a multipart form with the fields `file` and (if not sales) `target`.
///
/// # Errors
/// 413 when the file is larger than 64 MiB, 422 when there is none.
pub async fn receive_file(request: Request) -> Result<ReceivedFile, Response> {
    let no_file = || ApiError(AppError::field("file", "Choose a file: CSV, TSV, XLSX, XLS or ODS, at most 64 MiB.")).into_response();
    let broken = |_| ApiError(AppError::field("file", "The upload broke off. Send the file again.")).into_response();
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| no_file())?;
    let mut target = Target::SalesTransactions;
    let mut received = None;
    while let Some(mut field) = form.next_field().await.map_err(|e| refused(&e))? {
        match field.name() {
            Some("target") => {
                let text = field.text().await.map_err(|e| refused(&e))?;
                target = Target::parse(text.trim()).ok_or_else(|| {
                    ApiError(AppError::field("target", "There is no such import target; use sales_transactions.")).into_response()
                })?;
            }
            Some("file") => {
                let name = field.file_name().unwrap_or("upload").to_owned();
                let mut spool = tempfile::spooled_tempfile(1 << 20);
                let mut size = 0;
                while let Some(chunk) = field.chunk().await.map_err(|e| refused(&e))? {
                    size += chunk.len() as u64;
                    if size > bounds::FILE_BYTES {
                        return Err(too_large(64 << 20));
                    }
                    spool.write_all(&chunk).map_err(broken)?;
                }
                received = Some((name, spool, size));
            }
            _ => {}
        }
    }
    let Some((name, mut spool, size)) = received else { return Err(no_file()) };
    if name.is_empty() && size == 0 {
        return Err(no_file());
    }
    let room = ROOM.acquire().await.map_err(|_| ApiError(AppError::internal()).into_response())?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    spool.rewind().and_then(|()| spool.read_to_end(&mut bytes)).map_err(broken)?;
    Ok(ReceivedFile { target, name, bytes, _room: room })
}

fn refused(error: &axum::extract::multipart::MultipartError) -> Response {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large(64 << 20);
    }
    ApiError(AppError::field("file", "The upload cannot be read; send it as multipart/form-data with a field \"file\".")).into_response()
}

/// Looks into a file and keeps it: 201 with columns, samples, proposals and `imported_as`.
pub async fn upload(State(services): State<Services>, Signed(who): Signed, request: Request) -> Result<Response, Response> {
    let file = receive_file(request).await?;
    let upload = Upload::of(file.target, &file.name, file.bytes);
    let detail = services.ingest.receive(&who, upload).await.map_err(|e| ApiError(e).into_response())?;
    Ok((StatusCode::CREATED, Body(detail)).into_response())
}
