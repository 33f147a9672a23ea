//! Documents and results as files: the template, and what can be taken from a run.

use super::{
    PlanningService,
    checks::{self, Asked},
    overlay::Overlay,
    queueing::aside,
    reading,
    runs::found,
};
use crate::services::{exports::book, transactions::zone_of};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    ids::PlanRunId,
    planning::{BindingRow, RunResults},
};
use engine::planning::{
    builder::build,
    document::Document,
    input::Input,
    model::{lp, mps},
    sample,
    workbook::{Book, Form, Sheet, result::of_results, template},
};
use serde_json::{json, value::RawValue};
use store::{
    audit::{self, Act},
    planning::{
        inputs::{self, GivenInput},
        plans,
    },
};

/// The forms of what can be taken from a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    Json,
    Xlsx,
    /// A zip of one file a sheet.
    Csv,
    Lp,
    Mps,
}

impl FileForm {
    pub const ALL: [Self; 5] = [Self::Json, Self::Xlsx, Self::Csv, Self::Lp, Self::Mps];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Lp => "lp",
            Self::Mps => "mps",
        }
    }

    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "application/zip",
            Self::Lp | Self::Mps => "text/plain; charset=utf-8",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "zip",
            other => other.as_str(),
        }
    }

    /// # Errors
    /// `validation` on `format`.
    pub fn parse(text: &str, known: &[Self]) -> Result<Self, AppError> {
        known.iter().copied().find(|form| form.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|form| form.as_str()).collect();
            AppError::validation(vec![FieldError::new("format", format!("The format is one of {}.", names.join(", ")))])
        })
    }
}

/// A file to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    pub name: String,
    pub media_type: &'static str,
    pub content: Vec<u8>,
    /// Below headings; of a model its rows.
    pub rows: i64,
}

/// What a run leaves, as it stands in the database.
struct Stored {
    label: String,
    given: GivenInput,
    asked: Asked,
    /// None for its model.
    results: Option<(RunResults, Vec<BindingRow>)>,
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn rows(sheets: &[Sheet]) -> i64 {
    sheets.iter().map(|sheet| count(sheet.lines.len().saturating_sub(1))).sum()
}

fn sheets_file(name: String, form: Form, sheets: &[Sheet]) -> Result<PlanFile, AppError> {
    let of = if form == Form::Xlsx { FileForm::Xlsx } else { FileForm::Csv };
    let content = book::write(sheets, form)?;
    let name = format!("{name}.{}", of.extension());
    Ok(PlanFile { name, media_type: of.media_type(), content, rows: rows(sheets) })
}

impl PlanningService {
    /// The sample as sheets, or every sheet with nothing but its heading.
    ///
    /// # Errors
    /// `forbidden` without `plan.view`.
    pub async fn template_file(&self, who: &Principal, form: Form, empty: bool) -> Result<PlanFile, AppError> {
        who.require(Permission::PlanView)?;
        aside(move || {
            if empty {
                return sheets_file("millrace-plan-empty".to_owned(), form, &template::empty());
            }
            let (document, _) = Document::parse(sample::DOCUMENT).map_err(|_| AppError::internal())?;
            sheets_file("millrace-plan-sample".to_owned(), form, &Book::of(&document, form).sheets)
        })
        .await
    }

    /// The results of a run beside its input, or its model; that they went out is audited.
    ///
    /// # Errors
    /// `not_found`; `conflict` for results while the run is not over.
    pub async fn export(&self, who: &Principal, run: PlanRunId, form: FileForm) -> Result<PlanFile, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::snapshot(&self.backend.pools.analytics).await?;
        let row = found(&mut connection, run).await?;
        let given = inputs::of_run(&mut connection, run.0).await?.ok_or_else(|| AppError::not_found("Run"))?;
        let asked = serde_json::from_value(given.options.clone()).map_err(|_| AppError::internal())?;
        let label = domain::planning::label(row.run_no);
        let results = if matches!(form, FileForm::Lp | FileForm::Mps) {
            None
        } else if reading::state_of(&row)?.is_over() {
            let zone = zone_of(&store::settings::business(&mut connection).await?);
            let results = reading::results(&mut connection, row, zone).await?;
            let bindings = match results.plan_id {
                Some(plan) => plans::bindings(&mut connection, plan.0, None).await?,
                None => Vec::new(),
            };
            Some((results, bindings))
        } else {
            return Err(AppError::conflict("The run is not over; its results cannot be exported yet."));
        };
        drop(connection);
        let stored = Stored { label, given, asked, results };
        let file = aside(move || written(&stored, form)).await?;
        let mut log = store::begin(&self.backend.pools.analytics).await?;
        let act = Act::done("access.export", "plan_run", run)
            .after(json!({"file": file.name, "rows": file.rows, "format": form.as_str()}));
        audit::record(&mut log, self.backend.clock.new_id(), self.backend.clock.now(), who, act).await?;
        store::commit(log).await?;
        Ok(file)
    }
}

fn written(stored: &Stored, form: FileForm) -> Result<PlanFile, AppError> {
    let name = stored.label.clone();
    let sheets = match form {
        FileForm::Lp | FileForm::Mps => return model(stored, form),
        FileForm::Json => None,
        FileForm::Xlsx => Some(Form::Xlsx),
        FileForm::Csv => Some(Form::Csv),
    };
    let (document, _) = Document::parse(&stored.given.document).map_err(|_| AppError::internal())?;
    let Some((results, bindings)) = &stored.results else { return Err(AppError::internal()) };
    let of_results = of_results(results, bindings, &document.sha256());
    if let Some(form) = sheets {
        let mut all = of_results;
        all.extend(Book::of(&document, form).sheets);
        return sheets_file(name, form, &all);
    }
    // The document goes out as it is: no number of it passes through a float.
    let raw = RawValue::from_string(document.tree().canonical()).map_err(|_| AppError::internal())?;
    let whole = Whole { results, input_data: raw };
    let content = serde_json::to_vec(&whole).map_err(|_| AppError::internal())?;
    let name = format!("{name}.{}", form.extension());
    Ok(PlanFile { name, media_type: form.media_type(), content, rows: rows(&of_results) })
}

/// Sent again, it is taken as an object with a document.
#[derive(serde::Serialize)]
struct Whole<'a> {
    results: &'a RunResults,
    input_data: Box<RawValue>,
}

fn model(stored: &Stored, form: FileForm) -> Result<PlanFile, AppError> {
    let of = &stored.given;
    let overlay = Overlay::of(&of.scenario, None, of.ops.as_deref(), of.seed).map(|own| own.drawn(None, of.draw));
    let document = checks::resolved(&of.document, overlay, &stored.asked).map_err(AppError::conflict)?;
    let (input, _) = Input::of(&document);
    let model = build(&input).model;
    let text = if form == FileForm::Lp { lp::text(&input, &model) } else { mps::text(&input, &model) };
    Ok(PlanFile {
        name: format!("{}.{}", stored.label, form.extension()),
        media_type: form.media_type(),
        content: text.into_bytes(),
        rows: count(model.size().rows),
    })
}
