//! What the rows of every target have in common: their texts, their time, their customer.

use super::{super::cells, super::time, BadRow, CustomerSeen, Judge, NOBODY};
use chrono::{DateTime, Utc};
use domain::{
    ingest::{Field, Issue, Target, Verdict},
    overview::{PATH_CHARS, SESSION_REF_CHARS, SOURCE_CHARS, VISITOR_KEY_CHARS},
};
use std::collections::BTreeMap;

pub const ORDER_REF_CHARS: usize = 100;
const SKU_CHARS: usize = 50;
const NAME_CHARS: usize = 255;

/// A time text as read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub at: Option<DateTime<Utc>>,
    pub change: Option<time::ClockChange>,
}

/// Cells of a row by field, trimmed, with the number tail of references taken off.
#[derive(Clone, Copy)]
pub struct Texts<'r>([&'r str; Field::ALL.len()]);

impl<'r> Texts<'r> {
    pub fn get(&self, field: Field) -> &'r str {
        self.0[field as usize]
    }

    fn map(&self) -> BTreeMap<Field, String> {
        Field::ALL
            .iter()
            .filter(|f| !self.get(**f).is_empty())
            .map(|f| (*f, cells::shown(self.get(*f)).into_owned()))
            .collect()
    }
}

/// A row before its target's own rules.
pub struct Row<'r> {
    pub row_no: u32,
    /// The position a repaired row had when it came first.
    pub fixed_line: Option<i32>,
    /// As the row came; by these it is recognised again.
    pub came: Texts<'r>,
    /// With what was accepted for cleaning.
    pub texts: Texts<'r>,
    pub is_cleaned: bool,
    pub issues: Vec<Issue>,
}

/// How a row that cannot be recorded is known again.
pub struct Mark<'r> {
    pub business_key: &'r str,
    pub line_no: i32,
    pub hash: i64,
}

impl Judge<'_> {
    /// Judges one row. `fixed_line` is the position a repaired row had when it came first; `cell` gives
    /// the text of a field, `raw` all cells as they came (asked for bad rows only).
    pub fn row<'r>(
        &mut self,
        row_no: u32,
        fixed_line: Option<i32>,
        too_wide: bool,
        cell: impl Fn(Field) -> &'r str,
        raw: impl FnOnce() -> Vec<String>,
    ) {
        let fields = self.target.fields();
        let mut came = Texts([""; Field::ALL.len()]);
        for &field in fields {
            let text = cell(field).trim();
            came.0[field as usize] = match field {
                Field::OrderRef | Field::CustomerRef => cells::reference(text),
                _ => text,
            };
        }
        if let Some(observer) = &mut self.observer {
            observer.see(&self.cleaner, |field| came.get(field));
        }
        let cleaned = self.cleaner.clean(|field| came.get(field));
        let mut texts = came;
        for (field, text) in &cleaned {
            texts.0[*field as usize] = text;
        }
        let mut issues = Vec::new();
        if too_wide {
            issues.push(Issue::error(
                "too_many_cells",
                None,
                "The row has more cells than the header has columns; check its quotes and delimiters.",
            ));
        }
        for &field in fields {
            check_text(field, texts.get(field), &mut issues);
        }
        let row = Row { row_no, fixed_line, came, texts, is_cleaned: !cleaned.is_empty(), issues };
        match self.target {
            Target::SalesTransactions => self.sale_row(row, raw),
            Target::Visits => self.visit_row(row, raw),
        }
    }

    /// Keeps a row that cannot be recorded as it stands.
    pub(super) fn refuse(&mut self, row: Row<'_>, mark: Mark<'_>, verdict: Verdict, raw: Vec<String>) {
        self.judged.bad.push(BadRow {
            row_no: row.row_no,
            business_key: mark.business_key.chars().take(ORDER_REF_CHARS).collect(),
            line_no: mark.line_no,
            verdict,
            raw,
            mapped: row.texts.map(),
            hash: mark.hash,
            issues: row.issues,
        });
    }

    /// The time of a row; a text that is none is an issue.
    pub(super) fn reading(&mut self, text: &str, issues: &mut Vec<Issue>) -> Reading {
        let reading = self.time(text);
        if reading.at.is_none() && !text.is_empty() {
            issues.push(self.unreadable_time(text));
        }
        reading
    }

    fn time(&mut self, text: &str) -> Reading {
        if let Some((last, reading)) = &self.last_time
            && last == text
        {
            return *reading;
        }
        let reading = match time::parse(text, self.date_order) {
            Some(time::Written::Fixed(at)) => Reading { at: Some(at), change: None },
            Some(time::Written::Local(local)) => {
                let (at, change) = time::instant(self.zone, local);
                Reading { at: Some(at), change }
            }
            None => Reading { at: None, change: None },
        };
        self.last_time = Some((text.to_owned(), reading));
        reading
    }

    fn unreadable_time(&self, text: &str) -> Issue {
        let shown: String = cells::shown(text).chars().take(60).collect();
        let issue = Issue::error(
            "unreadable_time",
            Some(self.target.time_field()),
            format!("\"{shown}\" is no date and time; write it as 2011-05-31 14:05:00."),
        );
        match time::propose(text, self.date_order) {
            Some(guess) => issue.suggesting(guess),
            None => issue,
        }
    }

    pub(super) fn warn_clock_change(&mut self, change: time::ClockChange) {
        let field = Some(self.target.time_field());
        match change {
            time::ClockChange::Gap => self.warn("clock_gap", field, || {
                "The clock skipped this local time; the end of the gap counts.".to_owned()
            }),
            time::ClockChange::Overlap => {
                self.warn("clock_overlap", field, || "This local time came twice; the first one counts.".to_owned())
            }
        }
    }

    pub(super) fn customer(&mut self, reference: &str, country: &str, at: DateTime<Utc>) -> u32 {
        if reference.is_empty() {
            return NOBODY;
        }
        let known = self.customer_of.get(reference).copied();
        let index = known.unwrap_or_else(|| {
            let index = u32::try_from(self.judged.customers.len()).unwrap_or(NOBODY);
            self.judged.customers.push(CustomerSeen { reference: reference.into(), country: None, first_at: at });
            self.customer_of.insert(reference.into(), index);
            index
        });
        let seen = &mut self.judged.customers[index as usize];
        seen.first_at = seen.first_at.min(at);
        if seen.country.is_none() && !country.is_empty() {
            seen.country = Some(country.into());
        }
        index
    }
}

fn check_text(field: Field, text: &str, issues: &mut Vec<Issue>) {
    if text.is_empty() {
        if field.required() {
            issues.push(Issue::error("missing_value", Some(field), format!("{} is missing.", field.label())));
        }
        return;
    }
    if let Some(error) = text.strip_prefix(cells::ERROR_CELL) {
        issues.push(Issue::error(
            "error_cell",
            Some(field),
            format!("The cell of {} holds the error {error}; mend the formula in the sheet.", field.label()),
        ));
        return;
    }
    if text.contains('\0') {
        issues.push(Issue::error(
            "unreadable_text",
            Some(field),
            format!("{} holds a character that is no text.", field.label()),
        ));
    }
    let longest = match field {
        Field::Sku => SKU_CHARS,
        Field::Description => NAME_CHARS,
        Field::VisitorKey => VISITOR_KEY_CHARS,
        Field::SessionRef => SESSION_REF_CHARS,
        Field::Path => PATH_CHARS,
        Field::Source => SOURCE_CHARS,
        _ => ORDER_REF_CHARS,
    };
    if text.len() > longest && text.chars().count() > longest {
        issues.push(Issue::error(
            "too_long",
            Some(field),
            format!("{} is longer than {longest} characters.", field.label()),
        ));
    }
}
