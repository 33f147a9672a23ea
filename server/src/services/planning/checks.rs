//! Documents before a solve: read, overlaid, checked. All of it is work for a thread of its own.

use super::overlay::Overlay;
use domain::{
    AppError, FieldError,
    ingest::DecimalMark,
    planning::{
        DEFAULT_TIME_LIMIT, FileRead, Finding, Handed, InputCheck, InputSummary, NewRun, ReadinessPoint, SheetRead,
        Validation, Verdict,
    },
};
use engine::planning::{
    document::{
        Document, double,
        schema::{SECTIONS, SOLVERS},
    },
    fault::{Fault, Severity, verdict},
    input::Input,
    readiness,
    scenario::BUILT_IN,
    solve::SOLVER,
    tree::{self, Tree},
    workbook::{Book, Form, Source},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use uuid::Uuid;

/// Findings told at once.
const MOST_FINDINGS: usize = 1_000;
pub(super) const BASE: &str = "base";
/// Bytes of a document that a form is filled with.
const MOST_SENT_BACK: usize = 256 << 10;

/// What a run asks instead of its document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub solver: Option<String>,
    pub time_limit: Option<f64>,
    pub mip_gap: Option<f64>,
}

/// A document that was read, as it is kept.
#[derive(Debug)]
pub(super) struct Base {
    read: Read,
    /// Canonical text, without scenario and options of a run.
    pub canonical: String,
    pub sha256: Vec<u8>,
    pub row_counts: Value,
    pub name: String,
    pub currency: String,
}

/// What a run of a document is to solve.
#[derive(Debug)]
pub(super) struct Prepared {
    pub resolved_sha256: Vec<u8>,
    pub name: String,
    pub currency: String,
    pub overlay: Overlay,
    pub solver: String,
    pub asked: Asked,
    pub time_limit: f64,
    pub verdict: Verdict,
    /// The plan that another figure is forced on.
    pub forced_from: Option<Uuid>,
}

/// A document, what is wrong with its single fields, and where in a file it stands.
#[derive(Debug)]
struct Read {
    document: Document,
    faults: Vec<Fault>,
    source: Option<(Source, FileRead)>,
}

impl Read {
    fn text(text: &str) -> Result<Self, AppError> {
        let tree = tree::read(text)
            .map_err(|fault| AppError::field("input_data", format!("The document is no JSON: {fault}.")))?;
        let (document, faults) = Document::of(&tree);
        Ok(Self { document, faults, source: None })
    }

    fn file(bytes: &[u8]) -> Result<Self, AppError> {
        let book = Book::open(bytes)?;
        let source = book.read();
        let (document, mut faults) = Document::of(&source.tree);
        faults.extend_from_slice(source.doubts());
        Ok(Self { document, faults, source: Some((source, told_of(&book))) })
    }

    fn of(handed: &Handed) -> Result<Self, AppError> {
        match handed {
            Handed::Text(text) => Self::text(text),
            Handed::File(bytes) => Self::file(bytes),
        }
    }

    /// Faults of a document made of this one, by cell where it stands in a file.
    fn told(&self, faults: Vec<Fault>, checked: &Document) -> Vec<Fault> {
        match &self.source {
            Some((source, _)) => source.told(faults, &self.document, checked),
            None => faults,
        }
    }

    fn refuses(&self) -> bool {
        let file = self.source.as_ref().is_some_and(|(source, _)| source.refuses());
        file || self.faults.iter().any(|fault| fault.severity == Severity::Error)
    }
}

fn told_of(book: &Book) -> FileRead {
    let sheets = book.sheets.iter().map(|sheet| SheetRead {
        sheet: sheet.name.clone(),
        rows: count(sheet.lines.len().saturating_sub(1)),
        decimal_mark: if sheet.mark == DecimalMark::Comma { ',' } else { '.' },
    });
    let form = if book.form == Form::Xlsx { "xlsx" } else { "csv" };
    FileRead { form: form.to_owned(), sheets: sheets.collect() }
}

/// With scenario and options of a run laid over it.
fn resolve(document: &Document, overlay: &Overlay, asked: &Asked) -> Result<(Document, Vec<Fault>), Vec<Fault>> {
    let (mut resolved, doubts) = overlay.apply(document)?;
    let number = |value: f64| Decimal::try_from(value).map(|value| Tree::Number(value.normalize())).ok();
    let asked = [
        ("solver", asked.solver.clone().map(Tree::Text)),
        ("time_limit_seconds", asked.time_limit.and_then(number)),
        ("mip_gap", asked.mip_gap.and_then(number)),
    ];
    for (name, value) in asked {
        if let Some(value) = value {
            resolved.options.set(name, value);
        }
    }
    Ok((resolved, doubts))
}

/// All findings of a document that was read with `faults`; warnings only where there is no error.
pub(super) fn findings(document: &Document, mut faults: Vec<Fault>) -> (Input, Vec<Fault>) {
    let (input, more) = Input::of(document);
    faults.extend(more);
    if !faults.iter().any(|fault| fault.severity == Severity::Error) {
        faults.extend(input.warnings());
    }
    (input, faults)
}

pub(super) fn refused(faults: &[Fault]) -> AppError {
    let told = faults.iter().take(MOST_FINDINGS).map(|fault| {
        let path = if fault.path.is_empty() { "input_data" } else { fault.path.as_str() };
        FieldError::new(path, format!("{} ({})", fault.message, fault.code))
    });
    AppError::validation(told.collect())
}

/// Reads a document that is to be kept.
///
/// # Errors
/// `validation` with every finding of one that has an error in its single fields.
pub(super) fn base(handed: &Handed) -> Result<Base, AppError> {
    let read = Read::of(handed)?;
    let document = &read.document;
    if read.refuses() {
        // What rows say together is told, too.
        let (_, faults) = findings(document, read.faults.clone());
        return Err(refused(&read.told(faults, document)));
    }
    let canonical = document.tree().canonical();
    if canonical.contains("\\u0000") {
        return Err(AppError::field("input_data", "A text of the document holds the character U+0000."));
    }
    let rows = SECTIONS.iter().map(|section| (section.name.to_owned(), json!(document.rows(section.name).len())));
    Ok(Base {
        sha256: Sha256::digest(&canonical).to_vec(),
        row_counts: rows.collect::<Map<_, _>>().into(),
        name: document.top.text("name").unwrap_or_default().to_owned(),
        currency: document.top.text("currency").unwrap_or_default().to_owned(),
        canonical,
        read,
    })
}

impl Base {
    /// Overlays and checks it.
    ///
    /// # Errors
    /// `validation` with every finding of what comes of it.
    pub fn under(&self, overlay: Overlay, asked: &Asked) -> Result<Prepared, AppError> {
        let (read, document) = (&self.read, self.document());
        let (resolved, doubts) =
            resolve(document, &overlay, asked).map_err(|more| refused(&read.told(more, document)))?;
        let (input, faults) = findings(&resolved, read.faults.iter().cloned().chain(doubts).collect());
        let verdict = verdict(&faults);
        if verdict == Verdict::Fail {
            return Err(refused(&read.told(faults, &resolved)));
        }
        Ok(Prepared {
            resolved_sha256: Sha256::digest(resolved.tree().canonical()).to_vec(),
            name: input.name.clone(),
            currency: input.currency.clone(),
            overlay,
            solver: resolved.options.text("solver").unwrap_or(SOLVER).to_owned(),
            time_limit: resolved
                .options
                .get("time_limit_seconds")
                .and_then(Tree::number)
                .map_or(DEFAULT_TIME_LIMIT, double),
            asked: asked.clone(),
            verdict,
            forced_from: None,
        })
    }

    /// What its single fields leave doubtful.
    pub fn doubts(&self) -> Vec<Fault> {
        self.read.faults.clone()
    }

    pub const fn document(&self) -> &Document {
        &self.read.document
    }
}

/// The fault of a solver that nobody knows.
pub(super) fn fault_of_solver(solver: Option<&str>) -> Option<FieldError> {
    let solver = solver.filter(|solver| !SOLVERS.iter().any(|name| name.eq_ignore_ascii_case(solver)))?;
    let message = format!("There is no solver \"{solver}\"; known names are {}.", SOLVERS.join(", "));
    Some(FieldError::new("solver", message))
}

/// The fault of a scenario that nobody knows.
pub(super) fn fault_of_scenario(path: &str, name: &str) -> FieldError {
    let known: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let message =
        format!("There is no scenario \"{name}\"; built in are {}, and there are own ones.", known.join(", "));
    FieldError::new(path, message)
}

/// Reads, overlays and checks what a run asks for; `overlay` None: nobody knows its scenario.
///
/// # Errors
/// `validation`: the request's own fields, or every finding of a document with an error.
pub(super) fn prepare(new: &NewRun, handed: &Handed, overlay: Option<Overlay>) -> Result<(Base, Prepared), AppError> {
    let overlay = known(new, overlay)?;
    let base = base(handed)?;
    let prepared = base.under(overlay, &asked_of(new))?;
    Ok((base, prepared))
}

fn asked_of(new: &NewRun) -> Asked {
    Asked { solver: new.solver.clone(), time_limit: new.time_limit, mip_gap: new.mip_gap }
}

/// The scenario, or what is wrong with the request's own fields.
fn known(new: &NewRun, overlay: Option<Overlay>) -> Result<Overlay, AppError> {
    let solver = fault_of_solver(new.solver.as_deref());
    let scenario = new.scenario_name.as_deref().unwrap_or(BASE);
    let (overlay, unknown) = match overlay {
        Some(overlay) => (Some(overlay), None),
        None => (None, Some(fault_of_scenario("scenario_name", scenario))),
    };
    let faults: Vec<_> = unknown.into_iter().chain(solver).collect();
    overlay.filter(|_| faults.is_empty()).ok_or_else(|| AppError::validation(faults))
}

/// What is to be said before a run is solved.
///
/// # Errors
/// `validation`: the request's own fields, or what can be read neither as JSON nor as a file.
pub(super) fn check(new: &NewRun, handed: &Handed, overlay: Option<Overlay>) -> Result<InputCheck, AppError> {
    let overlay = known(new, overlay)?;
    let read = Read::of(handed)?;
    let (resolved, faults) = if read.refuses() {
        (read.document.clone(), read.faults.clone())
    } else {
        match resolve(&read.document, &overlay, &asked_of(new)) {
            Ok((resolved, doubts)) => (resolved, read.faults.iter().cloned().chain(doubts).collect()),
            Err(faults) => (read.document.clone(), faults),
        }
    };
    let document = read.document.tree().canonical();
    let name = read.document.top.text("name").unwrap_or_default().to_owned();
    let is_file = matches!(handed, Handed::File(_));
    let validation = validation_of(read, &resolved, faults);
    let is_sent = is_file && validation.valid && document.len() <= MOST_SENT_BACK;
    Ok(InputCheck { name, scenario_name: overlay.name, validation, document: is_sent.then_some(document) })
}

/// The document that a run's child reads, from the stored text.
///
/// # Errors
/// In words: it was checked before it was stored, so only another release can refuse it.
pub(super) fn stored(text: &str, overlay: Result<Overlay, Vec<Fault>>, asked: &Asked) -> Result<String, String> {
    Ok(resolved(text, overlay, asked)?.tree().canonical())
}

/// The document that a run solves, from the stored text.
///
/// # Errors
/// As [`stored`].
pub(super) fn resolved(text: &str, overlay: Result<Overlay, Vec<Fault>>, asked: &Asked) -> Result<Document, String> {
    let read = Read::text(text).map_err(|error| error.message)?;
    let resolved = overlay.and_then(|overlay| resolve(&read.document, &overlay, asked)).map_err(|faults| {
        let first = faults.first().map(|fault| fault.message.clone());
        first.unwrap_or_else(|| "This release does not take its scenario.".to_owned())
    });
    resolved.map(|(document, _)| document)
}

fn finding(fault: &Fault) -> Finding {
    Finding {
        code: fault.code.to_string(),
        severity: if fault.severity == Severity::Error { "error" } else { "warning" }.to_owned(),
        path: fault.path.clone(),
        message: fault.message.clone(),
        rule: fault.rule.to_string(),
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Reads a document that is to be taken whole.
///
/// # Errors
/// `validation` with every finding of one with an error.
pub(super) fn sound(handed: &Handed) -> Result<Base, AppError> {
    let base = base(handed)?;
    let (_, faults) = findings(base.document(), base.doubts());
    if verdict(&faults) == Verdict::Fail {
        return Err(refused(&base.read.told(faults, base.document())));
    }
    Ok(base)
}

/// What is to be said of a document.
///
/// # Errors
/// `validation` when it is no JSON, or no file that can be read.
pub(super) fn validation(handed: &Handed) -> Result<Validation, AppError> {
    let read = Read::of(handed)?;
    let (document, faults) = (read.document.clone(), read.faults.clone());
    Ok(validation_of(read, &document, faults))
}

/// Of `document`, which was made from what was read.
fn validation_of(read: Read, document: &Document, faults: Vec<Fault>) -> Validation {
    let (input, faults) = findings(document, faults);
    let faults = read.told(faults, document);
    Validation { file: read.source.map(|(_, told)| told), ..said(&input, &faults) }
}

/// What is to be said of a document that was read with `faults`.
pub(super) fn told(document: &Document, faults: Vec<Fault>) -> Validation {
    let (input, faults) = findings(document, faults);
    said(&input, &faults)
}

fn said(input: &Input, faults: &[Fault]) -> Validation {
    let (errors, warnings): (Vec<_>, Vec<_>) = faults.iter().partition(|fault| fault.severity == Severity::Error);
    let listed = |faults: Vec<&Fault>| faults.into_iter().take(MOST_FINDINGS).map(finding).collect();
    let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
    let ceilings = if errors.is_empty() { readiness::ceilings(input) } else { Vec::new() };
    Validation {
        valid: errors.is_empty(),
        overall: verdict(faults),
        summary: InputSummary {
            plants_count: count(input.lines.iter().map(|line| line.node).collect::<HashSet<_>>().len()),
            customers_count: count(input.demand.iter().map(|demand| demand.node).collect::<HashSet<_>>().len()),
            periods_count: count(input.periods.len()),
            routes_count: count(input.lanes.len()),
            total_demand: finite(input.demand.iter().flat_map(|d| d.at.iter().map(|at| at.tonnes)).sum()),
        },
        readiness: ceilings
            .into_iter()
            .map(|ceiling| ReadinessPoint {
                period: ceiling.period,
                share: ceiling.share,
                supply_tonnes: Some(ceiling.supply_tonnes).filter(|tonnes| tonnes.is_finite()),
                demand_tonnes: ceiling.demand_tonnes,
                gap_tonnes: ceiling.gap_tonnes,
            })
            .collect(),
        errors: listed(errors),
        warnings: listed(warnings),
        file: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> NewRun {
        NewRun { use_sample_data: true, ..NewRun::default() }
    }

    fn prepare(new: &NewRun) -> Result<(Base, Prepared), AppError> {
        let text = new.input_data.as_deref().unwrap_or(engine::planning::sample::DOCUMENT);
        super::prepare(
            new,
            &Handed::Text(text.to_owned()),
            Overlay::built_in(new.scenario_name.as_deref().unwrap_or(BASE)),
        )
    }

    #[test]
    fn the_sample_is_fit_and_what_a_run_asks_goes_before_the_document() {
        let (input, plain) = prepare(&sample()).unwrap();
        assert_eq!((plain.verdict, plain.time_limit, plain.solver.as_str()), (Verdict::Pass, 300.0, "highs"));
        let asked = NewRun { time_limit: Some(60.5), mip_gap: Some(0.01), solver: Some("CBC".into()), ..sample() };
        let (again, asked) = prepare(&asked).unwrap();
        assert_eq!((asked.time_limit, asked.solver.as_str()), (60.5, "CBC"));
        assert_eq!(again.sha256, input.sha256, "the input is the same");
        assert_ne!(asked.resolved_sha256, plain.resolved_sha256);
        let text = stored(&input.canonical, Overlay::of("high_demand", None, None, 0), &asked.asked).unwrap();
        assert!(text.contains("\"mip_gap\":0.01") && text.contains("\"tonnes\":75"), "{text}");
    }

    #[test]
    fn a_misspelt_field_is_refused_with_the_name_that_was_meant() {
        let text = engine::planning::sample::DOCUMENT.replacen("capacity_tonnes", "capcity_tonnes", 1);
        let error = prepare(&NewRun { input_data: Some(text), ..NewRun::default() }).unwrap_err();
        let message = error.of_field("production[0].capcity_tonnes").unwrap();
        assert!(message.contains("capacity_tonnes") && message.ends_with("(E16)"), "{message}");
        let wrong = NewRun { scenario_name: Some("boom".into()), solver: Some("abacus".into()), ..sample() };
        let error = prepare(&wrong).unwrap_err();
        assert!(error.of_field("scenario_name").is_some() && error.of_field("solver").is_some(), "{error:?}");
    }

    #[test]
    fn one_and_a_half_times_the_demand_has_its_ceiling() {
        let mut document: Value = serde_json::from_str(engine::planning::sample::DOCUMENT).unwrap();
        for row in document["demand"].as_array_mut().unwrap() {
            row["tonnes"] = json!(row["tonnes"].as_f64().unwrap() * 1.5);
        }
        let told = validation(&Handed::Text(document.to_string())).unwrap();
        assert_eq!((told.valid, told.overall), (true, Verdict::Warn));
        let last = told.readiness.last().unwrap();
        assert!((last.share - 335.0 / 382.5).abs() < 1e-12, "{last:?}");
        assert_eq!((told.summary.plants_count, told.summary.customers_count, told.summary.routes_count), (2, 2, 6));
    }
}
