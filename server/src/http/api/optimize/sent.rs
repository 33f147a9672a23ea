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
    planning::{
        BatchScenario, CancelRun, Handed, InputChoice, NetworkContent, NewBatch, NewNetwork, NewRun, ResolveScenario,
        RowFields, ScenarioDraft,
    },
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

/// The fields of a body that are not null; none of one that is empty.
fn fields(text: &str) -> Result<Vec<(String, Tree)>, AppError> {
    if is_nothing(text) {
        return Ok(Vec::new());
    }
    let Tree::Map(entries) = read(text)? else { return Err(AppError::field("body", "Send an object.")) };
    Ok(entries.into_iter().filter(|(_, value)| *value != Tree::Null).collect())
}

/// The fault of a field that is unknown, or not what it must be.
fn unfit(name: &str, value: &Tree, known: &[&str]) -> FieldError {
    let message = if known.contains(&name) {
        format!("This cannot be {}.", value.kind())
    } else {
        format!("There is no field \"{name}\".")
    };
    FieldError::new(name, message)
}

const INPUT: [&str; 4] = ["use_sample_data", "input_data", "input_of_run", "network"];

/// Takes a field that says which document is meant; what it is not comes back.
fn input(choice: &mut InputChoice, name: &str, value: Tree) -> Result<(), Tree> {
    match (name, value) {
        ("use_sample_data", Tree::Bool(yes)) => choice.use_sample_data = yes,
        ("input_data", document @ Tree::Map(_)) => choice.input_data = Some(document.canonical()),
        ("input_of_run", Tree::Text(text)) => match text.parse() {
            Ok(run) => choice.input_of_run = Some(run),
            Err(_) => return Err(Tree::Text(text)),
        },
        ("network", Tree::Text(code)) => choice.network = Some(code),
        (_, other) => return Err(other),
    }
    Ok(())
}

fn whole<T: TryFrom<rust_decimal::Decimal>>(number: rust_decimal::Decimal) -> Option<T> {
    number.fract().is_zero().then(|| T::try_from(number).ok()).flatten()
}

/// # Errors
/// `validation` with every field that is unknown or of the wrong type; the line and column of what is no JSON.
pub fn new_run(text: &str) -> Result<NewRun, AppError> {
    let known = [&["scenario_name", "solver", "time_limit", "mip_gap"], &INPUT[..]].concat();
    let (mut new, mut choice) = (NewRun::default(), InputChoice::default());
    let mut faults = Vec::new();
    for (name, value) in fields(text)? {
        let Err(value) = input(&mut choice, &name, value) else { continue };
        match (name.as_str(), value) {
            ("scenario_name", Tree::Text(text)) => new.scenario_name = Some(text),
            ("solver", Tree::Text(text)) => new.solver = Some(text),
            ("time_limit", Tree::Number(seconds)) => new.time_limit = Some(double(seconds)),
            ("mip_gap", Tree::Number(gap)) => new.mip_gap = Some(double(gap)),
            (name, other) => faults.push(unfit(name, &other, &known)),
        }
    }
    let InputChoice { use_sample_data, input_data, input_of_run, network } = choice;
    new = NewRun { use_sample_data, input_data, input_of_run, network, ..new };
    if faults.is_empty() { Ok(new) } else { Err(AppError::validation(faults)) }
}

/// A network to be: its own fields as a head, or a document, or the sample.
///
/// # Errors
/// `validation`.
pub fn new_network(text: &str) -> Result<NewNetwork, AppError> {
    let (mut code, mut head, mut choice) = (None, Vec::new(), InputChoice::default());
    for (name, value) in fields(text)? {
        match (name.as_str(), value) {
            ("code", Tree::Text(text)) => code = Some(text),
            ("code", other) => return Err(AppError::field("code", format!("This cannot be {}.", other.kind()))),
            ("use_sample_data" | "input_data", value) => input(&mut choice, &name, value)
                .map_err(|value| AppError::validation(vec![unfit(&name, &value, &INPUT)]))?,
            (_, value) => head.push((name, value)),
        }
    }
    let given = [choice.use_sample_data, choice.input_data.is_some(), !head.is_empty()];
    if given.into_iter().filter(|given| *given).count() > 1 {
        let message = "Send fields of the network, a document as input_data, or use_sample_data.";
        return Err(AppError::field("input_data", message));
    }
    let content = match choice.input_data {
        Some(document) => NetworkContent::Document(Handed::Text(document)),
        None if choice.use_sample_data => NetworkContent::Sample,
        None => NetworkContent::Head(Tree::Map(head).canonical()),
    };
    Ok(NewNetwork { code: code.unwrap_or_default(), content })
}

/// The fields of a row, or of a network as a whole.
///
/// # Errors
/// `validation` for what is no object.
pub fn row(text: &str) -> Result<RowFields, AppError> {
    match read(text)? {
        tree @ Tree::Map(_) => Ok(RowFields::Json(tree.canonical())),
        _ => Err(AppError::field("body", "Send an object.")),
    }
}

/// Which network is to be frozen.
///
/// # Errors
/// `validation` with every field that is unknown or of the wrong type.
pub fn freeze(text: &str) -> Result<Option<String>, AppError> {
    let (mut code, mut faults) = (None, Vec::new());
    for (name, value) in fields(text)? {
        match (name.as_str(), value) {
            ("network", Tree::Text(text)) => code = Some(text),
            (name, other) => faults.push(unfit(name, &other, &["network"])),
        }
    }
    if faults.is_empty() { Ok(code) } else { Err(AppError::validation(faults)) }
}

/// An overlay, with the code it is to have beside its own fields.
///
/// # Errors
/// `validation`.
pub fn scenario(text: &str) -> Result<ScenarioDraft, AppError> {
    let Tree::Map(entries) = read(text)? else { return Err(AppError::field("body", "Send an object.")) };
    let (code, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(name, _)| name == "code");
    let code = match code.into_iter().next().map(|(_, code)| code) {
        None | Some(Tree::Null) => None,
        Some(Tree::Text(code)) => Some(code),
        Some(other) => return Err(AppError::field("code", format!("This cannot be {}.", other.kind()))),
    };
    Ok(ScenarioDraft { code, overlay: Tree::Map(rest).canonical() })
}

/// # Errors
/// `validation` with every field that is unknown or of the wrong type.
pub fn resolve(text: &str) -> Result<ResolveScenario, AppError> {
    let mut over = ResolveScenario::default();
    let mut faults = Vec::new();
    for (name, value) in fields(text)? {
        let Err(value) = input(&mut over.input, &name, value) else { continue };
        match (name.as_str(), &value) {
            ("draw", Tree::Number(draw)) if whole::<i32>(*draw).is_some() => over.draw = whole(*draw).unwrap_or(0),
            (name, _) => faults.push(unfit(name, &value, &[&INPUT[..], &["draw"]].concat())),
        }
    }
    if faults.is_empty() { Ok(over) } else { Err(AppError::validation(faults)) }
}

/// # Errors
/// `validation` with every field that is unknown or of the wrong type.
pub fn new_batch(text: &str) -> Result<NewBatch, AppError> {
    let own = ["scenarios", "scenario", "draws", "seed", "solver", "time_limit", "mip_gap"];
    let known = [&own[..], &INPUT[..]].concat();
    let mut new = NewBatch::default();
    let mut faults = Vec::new();
    for (name, value) in fields(text)? {
        let Err(value) = input(&mut new.input, &name, value) else { continue };
        match (name.as_str(), value) {
            ("scenario", Tree::Text(text)) => new.scenario = Some(text),
            ("solver", Tree::Text(text)) => new.solver = Some(text),
            ("time_limit", Tree::Number(seconds)) => new.time_limit = Some(double(seconds)),
            ("mip_gap", Tree::Number(gap)) => new.mip_gap = Some(double(gap)),
            ("draws", Tree::Number(draws)) if whole::<i32>(draws).is_some() => new.draws = whole(draws),
            ("seed", Tree::Number(seed)) if whole::<i64>(seed).is_some() => new.seed = whole(seed),
            ("scenarios", Tree::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    match batch_scenario(item) {
                        Some(one) => new.scenarios.push(one),
                        None => faults.push(FieldError::new(
                            format!("scenarios[{i}]"),
                            "This must be a name, or an object with name and probability.",
                        )),
                    }
                }
            }
            (name, other) => faults.push(unfit(name, &other, &known)),
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

fn batch_scenario(item: &Tree) -> Option<BatchScenario> {
    let (name, probability) = match item {
        Tree::Text(name) => (name.clone(), None),
        Tree::Map(entries) if entries.iter().all(|(name, _)| name == "name" || name == "probability") => {
            let probability = match item.get("probability") {
                None | Some(Tree::Null) => None,
                Some(share) => Some(double(share.number()?)),
            };
            (item.get("name")?.text()?.to_owned(), probability)
        }
        _ => return None,
    };
    Some(BatchScenario { name, probability })
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

    #[test]
    fn a_batch_names_scenarios_in_either_form_and_tells_all_that_is_wrong() {
        let text =
            r#"{"use_sample_data": true, "scenarios": ["base", {"name": "wet", "probability": 0.25}], "seed": 7}"#;
        let batch = new_batch(text).unwrap();
        let named: Vec<_> = batch.scenarios.iter().map(|one| (one.name.as_str(), one.probability)).collect();
        assert_eq!(named, [("base", None), ("wet", Some(0.25))]);
        assert_eq!((batch.seed, batch.input.use_sample_data), (Some(7), true));
        let error = new_batch(r#"{"scenarios": [7, {"nam": "x"}], "draws": 1.5, "input_of_run": "x", "drawz": 1}"#)
            .unwrap_err();
        let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["scenarios[0]", "scenarios[1]", "draws", "input_of_run", "drawz"]);
    }

    #[test]
    fn the_code_of_a_scenario_stands_beside_its_overlay() {
        let draft = scenario(r#"{"code": "wet", "name": "Wet", "ops": [{"factor": 0.30000000000000000001}]}"#).unwrap();
        assert_eq!(draft.code.as_deref(), Some("wet"));
        assert_eq!(draft.overlay, r#"{"name":"Wet","ops":[{"factor":0.30000000000000000001}]}"#);
        assert!(scenario(r#"{"code": 7}"#).is_err() && scenario("[]").is_err());
        let over = resolve(r#"{"use_sample_data": true, "draw": 3}"#).unwrap();
        assert_eq!((over.input.use_sample_data, over.draw), (true, 3));
    }
}
