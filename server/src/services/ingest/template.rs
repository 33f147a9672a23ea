//! Templates: a header, two rows that import, and notes on fields, units and allowed words.

use domain::{
    AppError,
    ingest::{FieldKind, Target},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// One order of two lines, field by field as [`Field::ALL`].
const ROWS: [[&str; 11]; 2] = [
    [
        "10001",
        "1",
        "MUG-1",
        "Mug",
        "2",
        "7.95",
        "2026-01-31 14:05:00",
        "C-17",
        "United Kingdom",
        "credit_card",
        "approved",
    ],
    [
        "10001",
        "2",
        "POST",
        "Postage",
        "1",
        "4.50",
        "2026-01-31 14:05:00",
        "C-17",
        "United Kingdom",
        "credit_card",
        "approved",
    ],
];

/// Header and example rows.
#[must_use]
pub fn template_csv(target: Target) -> String {
    let header: Vec<&str> = target.fields().iter().map(|f| f.key()).collect();
    let lines = std::iter::once(header.join(",")).chain(ROWS.iter().map(|row| row.join(",")));
    lines.map(|line| line + "\r\n").collect()
}

/// The same as a workbook, with a second sheet that explains the fields.
///
/// # Errors
/// `internal` when the workbook cannot be written.
pub fn template_xlsx(target: Target) -> Result<Vec<u8>, AppError> {
    workbook(target).map_err(|error| {
        tracing::error!(error = %error, error_code = "internal", "template not written");
        AppError::internal()
    })
}

fn workbook(target: Target) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name(target.title())?;
    for (column, field) in (0..).zip(target.fields()) {
        sheet.write_with_format(0, column, field.key(), &bold)?;
        for (row, cells) in (1..).zip(&ROWS) {
            let text = cells.get(usize::from(column)).copied().unwrap_or_default();
            match (field.kind(), text.parse::<f64>()) {
                (FieldKind::Number, Ok(number)) => sheet.write(row, column, number)?,
                _ => sheet.write(row, column, text)?,
            };
        }
    }
    let notes = book.add_worksheet();
    notes.set_name("Notes")?;
    for (column, head) in (0..).zip(["Field", "Meaning", "Required", "Note"]) {
        notes.write_with_format(0, column, head, &bold)?;
    }
    for (row, field) in (1..).zip(target.fields()) {
        notes.write(row, 0, field.key())?;
        notes.write(row, 1, field.label())?;
        notes.write(row, 2, if field.required() { "yes" } else { "no" })?;
        notes.write(row, 3, field.help())?;
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ingest::{Field, Mapping, MappingOptions},
        settings::Business,
    };
    use engine::ingest::{Known, Meter, assemble, judge, survey};

    #[test]
    fn both_templates_import_as_they_are() {
        assert_eq!(ROWS[0].len(), Field::ALL.len());
        let target = Target::SalesTransactions;
        for bytes in [template_csv(target).into_bytes(), template_xlsx(target).unwrap()] {
            let shape = survey(&bytes).unwrap();
            let mapping = Mapping::propose(target, &shape, MappingOptions::of(&Business::default()));
            assert_eq!(mapping.columns.len(), Field::ALL.len());
            mapping.validate(target, &shape).unwrap();
            let judged = judge(&bytes, &shape, &mapping, &Meter::default()).unwrap();
            let plan = assemble(&judged, &Known::default(), uuid::Uuid::nil);
            assert_eq!(
                (plan.counts.sale_lines, plan.counts.sales, plan.counts.rejected),
                (2, 1, 0),
                "{:?}",
                plan.issues
            );
            assert_eq!(plan.counts.gross, "20.40".parse().unwrap());
        }
    }
}
