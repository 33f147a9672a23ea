//! Receiving a file over HTTP: spooled to disk while it comes in, so a slow sender holds neither
//! memory nor a database connection.

use crate::{
    http::{
        body::Json as Body,
        caller::Signed,
        error::ApiError,
        idempotency::{SentKey, answer},
        request::too_large,
    },
    services::{Services, ingest::Upload},
};
use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{AppError, ingest::Target};
use engine::ingest::bounds;
use std::io::{Read, Seek, Write};
use tempfile::SpooledTempFile;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Files looked into at the same time: each may need its unpacked size in work.
static ROOM: Semaphore = Semaphore::const_new(4);

/// Other fields of one form.
const OTHERS: usize = 20;

/// A file that has come in whole.
#[derive(Debug)]
pub struct ReceivedFile {
    pub target: Target,
    /// The sheet to read, as typed.
    pub sheet: Option<String>,
    pub name: String,
    pub bytes: Vec<u8>,
    /// The other fields of the form.
    pub fields: Vec<(String, String)>,
    _room: SemaphorePermit<'static>,
}

/// Why a form was not taken.
#[derive(Debug)]
pub enum Refusal {
    TooLarge,
    Fault(AppError),
}

impl Refusal {
    fn file(message: &str) -> Self {
        Self::Fault(AppError::field("file", message))
    }
}

impl From<&MultipartError> for Refusal {
    fn from(error: &MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::TooLarge;
        }
        Self::file("The upload cannot be read; send it as multipart/form-data with a field \"file\".")
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge => {
                Self::field("file", "The file is larger than 64 MiB. Compress it with gzip or split it.")
            }
            Refusal::Fault(error) => error,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge => too_large(64 << 20),
            Self::Fault(error) => ApiError(error).into_response(),
        }
    }
}

/// A multipart form that has come in whole; its file is on disk.
#[derive(Debug)]
pub struct ReceivedForm {
    /// Name, content and size.
    file: Option<(String, SpooledTempFile, u64)>,
    pub fields: Vec<(String, String)>,
}

impl ReceivedForm {
    /// The value of a field, which is taken out.
    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.fields.iter().position(|(known, _)| known == name)?;
        Some(self.fields.swap_remove(place).1)
    }

    /// Name and content of the file, with the room it takes; none where nothing was chosen.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn content(&mut self) -> Result<Option<(String, Vec<u8>, SemaphorePermit<'static>)>, Refusal> {
        let chosen = self.file.take().filter(|(name, _, size)| !name.is_empty() || *size > 0);
        let Some((name, mut spool, size)) = chosen else { return Ok(None) };
        let room = ROOM.acquire().await.map_err(|_| Refusal::Fault(AppError::internal()))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        spool.rewind().and_then(|()| spool.read_to_end(&mut bytes)).map_err(broken)?;
        Ok(Some((name, bytes, room)))
    }
}

fn broken(_: std::io::Error) -> Refusal {
    Refusal::file("The upload broke off. Send the file again.")
}

/// Reads a multipart form; its file stands in the field `file`.
///
/// # Errors
/// 413 when the file is larger than 64 MiB.
pub async fn receive_form(request: Request) -> Result<ReceivedForm, Refusal> {
    let no_form = |_| Refusal::file("Choose a file and send it as multipart/form-data.");
    let mut form = Multipart::from_request(request, &()).await.map_err(no_form)?;
    let (mut file, mut fields) = (None, Vec::new());
    while let Some(mut field) = form.next_field().await.map_err(|e| Refusal::from(&e))? {
        match field.name() {
            Some("file") => {
                let name = field.file_name().unwrap_or("upload").to_owned();
                let mut spool = tempfile::spooled_tempfile(1 << 20);
                let mut size = 0;
                while let Some(chunk) = field.chunk().await.map_err(|e| Refusal::from(&e))? {
                    size += chunk.len() as u64;
                    if size > bounds::FILE_BYTES {
                        return Err(Refusal::TooLarge);
                    }
                    spool.write_all(&chunk).map_err(broken)?;
                }
                file = Some((name, spool, size));
            }
            Some(name) if fields.len() < OTHERS => {
                let name = name.to_owned();
                fields.push((name, field.text().await.map_err(|e| Refusal::from(&e))?));
            }
            _ => {}
        }
    }
    Ok(ReceivedForm { file, fields })
}

/// Reads a multipart form with the fields `file`, (if not sales) `target` and (of a workbook) `sheet`.
///
/// # Errors
/// 413 when the file is larger than 64 MiB, 422 when there is none.
pub async fn receive_file(request: Request) -> Result<ReceivedFile, Refusal> {
    let no_file = || Refusal::file("Choose a file: CSV, TSV, XLSX, XLS or ODS, at most 64 MiB.");
    let mut form = receive_form(request).await?;
    let target = form.take("target").map_or(Ok(Target::SalesTransactions), |text| {
        Target::parse(text.trim()).ok_or_else(|| {
            let known: Vec<_> = Target::ALL.iter().map(|t| t.as_str()).collect();
            let message = format!("There is no such import target; use {}.", known.join(" or "));
            Refusal::Fault(AppError::field("target", message))
        })
    })?;
    let sheet = form.take("sheet");
    let Some((name, bytes, room)) = form.content().await? else { return Err(no_file()) };
    Ok(ReceivedFile { target, sheet, name, bytes, fields: form.fields, _room: room })
}

/// Looks into a file and keeps it: 201 with columns, samples, proposals and `imported_as`.
pub async fn upload(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    request: Request,
) -> Result<Response, Refusal> {
    let file = receive_file(request).await?;
    let upload = Upload::of(file.target, &file.name, file.bytes).with_sheet(file.sheet);
    let answered = services.ingest.receive_once(&who, upload, key.as_ref()).await;
    Ok(answer(answered, |detail| (StatusCode::CREATED, Body(detail))))
}
