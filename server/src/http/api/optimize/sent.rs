//! What is sent, read so that a document in it keeps every digit. A workbook or a zip is told by its content.

use crate::http::{error::ApiError, request::too_large};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    AppError, FieldError,
    planning::{CancelRun, NewRun},
    query::pairs,
};
use engine::planning::{
    document::double,
    tree::{self, MOST_BYTES, Tree},
    workbook,
};
use std::sync::Arc;

/// The body as text; JSON whatever its content type says.
#[derive(Debug)]
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        text(bytes(request, state).await?)
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Vec<u8>, Response> {
    Bytes::from_request(request, state).await.map(Into::into).map_err(|_| too_large(MOST_BYTES))
}

#[allow(clippy::result_large_err, reason = "the rejection of an extractor")]
fn text(bytes: Vec<u8>) -> Result<Text, Response> {
    let text = String::from_utf8(bytes);
    text.map(Text).map_err(|_| ApiError(AppError::field("body", "The body is not UTF-8.")).into_response())
}

/// A body with a document.
#[derive(Debug)]
pub enum Sent {
    Text(String),
    /// A workbook or a zip of CSV files, or what says it is one.
    File(Arc<Vec<u8>>),
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        let says = FILES.contains(&kind.as_str());
        let bytes = bytes(request, state).await?;
        if says || workbook::is_file(&bytes) {
            return Ok(Self::File(Arc::new(bytes)));
        }
        text(bytes).map(|Text(text)| Self::Text(text))
    }
}

/// Media types of workbooks and zips.
pub const FILES: [&str; 3] = [
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "application/x-zip-compressed",
];

fn is_nothing(text: &str) -> bool {
    matches!(text.trim(), "" | "null")
}

fn read(text: &str) -> Result<Tree, AppError> {
    tree::read(text).map_err(|fault| AppError::field("body", format!("This is no JSON: {fault}.")))
}

/// # Errors
/// `validation` with every field that is unknown or of the wrong type; the line and column of what is no JSON.
pub fn new_run(text: &str) -> Result<NewRun, AppError> {
    let mut new = NewRun::default();
    if is_nothing(text) {
        return Ok(new);
    }
    let Tree::Map(entries) = read(text)? else { return Err(AppError::field("body", "Send an object.")) };
    let mut faults = Vec::new();
    for (name, value) in entries {
        match (name.as_str(), value) {
            (_, Tree::Null) => {}
            ("scenario_name", Tree::Text(text)) => new.scenario_name = Some(text),
            ("solver", Tree::Text(text)) => new.solver = Some(text),
            ("time_limit", Tree::Number(seconds)) => new.time_limit = Some(double(seconds)),
            ("mip_gap", Tree::Number(gap)) => new.mip_gap = Some(double(gap)),
            ("use_sample_data", Tree::Bool(yes)) => new.use_sample_data = yes,
            ("input_data", document @ Tree::Map(_)) => new.input_data = Some(document.canonical()),
            ("scenario_name" | "solver" | "time_limit" | "mip_gap" | "use_sample_data" | "input_data", other) => {
                faults.push(FieldError::new(name.as_str(), format!("This cannot be {}.", other.kind())));
            }
            _ => faults.push(FieldError::new(name.as_str(), format!("There is no field \"{name}\"."))),
        }
    }
    if faults.is_empty() { Ok(new) } else { Err(AppError::validation(faults)) }
}

/// A run of a file; what else is asked stands in the address.
///
/// # Errors
/// `validation` with every parameter that is unknown or no number.
pub fn new_run_of(file: Arc<Vec<u8>>, query: &str) -> Result<NewRun, AppError> {
    let mut new = NewRun { input_file: Some(file), ..NewRun::default() };
    let mut faults = Vec::new();
    for (name, value) in pairs(query).into_iter().filter(|(_, value)| !value.is_empty()) {
        match (name.as_str(), value.parse::<f64>()) {
            ("scenario_name", _) => new.scenario_name = Some(value),
            ("solver", _) => new.solver = Some(value),
            ("time_limit", Ok(seconds)) => new.time_limit = Some(seconds),
            ("mip_gap", Ok(gap)) => new.mip_gap = Some(gap),
            ("time_limit" | "mip_gap", Err(_)) => faults.push(FieldError::new(name, "This is no number.")),
            _ => faults.push(FieldError::new(name.as_str(), format!("There is no parameter \"{name}\"."))),
        }
    }
    if faults.is_empty() { Ok(new) } else { Err(AppError::validation(faults)) }
}

/// A document, alone or as `input_data`.
///
/// # Errors
/// `validation` with the line and column of what is no JSON.
pub fn document(text: &str) -> Result<String, AppError> {
    let tree = read(text)?;
    Ok(tree.get("input_data").unwrap_or(&tree).canonical())
}

/// # Errors
/// `validation`.
pub fn cancel(text: &str) -> Result<CancelRun, AppError> {
    if is_nothing(text) {
        return Ok(CancelRun::default());
    }
    serde_json::from_str(text).map_err(|error| AppError::field("body", format!("This cannot be read: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        let error = new_run(r#"{"solver": 1, "mip_gab": 0.1, "time_limit": "60", "scenario_name": null}"#).unwrap_err();
        let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["solver", "mip_gab", "time_limit"]);
        let error = new_run("{\"solver\":\n nothing}").unwrap_err();
        assert!(error.message.contains("line 2"), "{}", error.message);
    }

    #[test]
    fn a_document_keeps_its_digits_in_both_places() {
        let text = r#"{"x_much": 0.30000000000000000001}"#;
        let alone = document(text).unwrap();
        assert!(alone.contains("0.30000000000000000001"), "{alone}");
        let inside = format!("{{\"input_data\": {text}}}");
        assert_eq!((document(&inside).unwrap(), new_run(&inside).unwrap().input_data), (alone.clone(), Some(alone)));
        assert_eq!(cancel("").unwrap(), CancelRun { keep_incumbent: true });
        assert!(cancel("{\"keep\": true}").is_err());
    }
}
