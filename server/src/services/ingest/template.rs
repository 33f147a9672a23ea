//! Templates: a header, two rows that import, and notes on fields, units and allowed words.

use domain::{
    AppError,
    ingest::{FieldKind, Target},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// Two rows of example, field by field as [`Target::fields`].
const fn rows(target: Target) -> [&'static [&'static str]; 2] {
    match target {
        Target::SalesTransactions => [&SALES[0], &SALES[1]],
        Target::Visits => [&VISITS[0], &VISITS[1]],
    }
}

/// One order of two lines.
const SALES: [[&str; 11]; 2] = [
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

/// A guest, and a visit of a customer who came by mail.
const VISITS: [[&str; 6]; 2] = [
    ["2026-01-31 14:05:00", "b7f3c0a91e", "", "s-4711", "/", "search"],
    ["2026-01-31 14:20:00", "0c55d2e8aa", "C-17", "s-4712", "/offers", "newsletter"],
];

/// Header and example rows.
#[must_use]
pub fn template_csv(target: Target) -> String {
    let header: Vec<&str> = target.fields().iter().map(|f| f.key()).collect();
    let lines = std::iter::once(header.join(",")).chain(rows(target).into_iter().map(|row| row.join(",")));
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
        for (row, cells) in (1..).zip(rows(target)) {
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
        ingest::{Mapping, MappingOptions},
        settings::Business,
    };
    use engine::ingest::{Known, Meter, assemble, judge, survey};

    #[test]
    fn the_templates_import_as_they_are() {
        for &target in Target::ALL {
            assert!(rows(target).iter().all(|row| row.len() == target.fields().len()), "{target}");
            for bytes in [template_csv(target).into_bytes(), template_xlsx(target).unwrap()] {
                let shape = survey(&bytes).unwrap();
                let mapping = Mapping::propose(target, &shape, MappingOptions::of(&Business::default()));
                assert_eq!(mapping.columns.len(), target.fields().len());
                mapping.validate(target, &shape).unwrap();
                let judged = judge(&bytes, &shape, target, &mapping, &Meter::default()).unwrap();
                let mut known = Known::default();
                known.customers.insert("C-17".into(), uuid::Uuid::nil());
                let plan = assemble(&judged, &known, uuid::Uuid::nil);
                assert_eq!((plan.counts.created(), plan.counts.rejected), (2, 0), "{:?}", plan.issues);
                if target == Target::SalesTransactions {
                    assert_eq!((plan.counts.sales, plan.counts.gross), (1, "20.40".parse().unwrap()));
                }
            }
        }
    }
}
