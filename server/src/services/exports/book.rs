//! Sheets of a plan document and of its result as one file.

use domain::AppError;
use engine::planning::{
    document::double,
    workbook::{Form, Sheet, cell::Cell, csv},
};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

/// A sheet holds no longer text; Excel's own limit.
const LONGEST_TEXT: usize = 32_767;

/// The file's content.
///
/// # Errors
/// A text is too long for a workbook; the disk fails.
pub fn write(sheets: &[Sheet], form: Form) -> Result<Vec<u8>, AppError> {
    if form == Form::Csv {
        return csv::write(sheets).map_err(|error| failed(&error));
    }
    let long = |cell: &Cell| matches!(cell, Cell::Text(text) if text.encode_utf16().count() > LONGEST_TEXT);
    let cells = |sheet: &Sheet| sheet.lines.iter().flat_map(|line| &line.cells).any(|(_, cell)| long(cell));
    if let Some(sheet) = sheets.iter().find(|sheet| cells(sheet)) {
        let message = format!("A text of {} is too long for a workbook. Take csv instead.", sheet.name);
        return Err(AppError::field("format", message));
    }
    workbook(sheets).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> AppError {
    tracing::error!(%error, "writing sheets failed");
    AppError::internal()
}

fn workbook(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    for sheet in sheets {
        let page = book.add_worksheet_with_constant_memory()?;
        page.set_name(&sheet.name)?.set_freeze_panes(1, 0)?;
        for (row, line) in (0..).zip(&sheet.lines) {
            for (column, cell) in &line.cells {
                let Ok(column) = u16::try_from(*column) else { continue };
                match cell {
                    Cell::Text(text) if row == 0 => drop(page.write_string_with_format(row, column, text, &bold)?),
                    cell => write_cell(page, row, column, cell)?,
                }
            }
        }
    }
    book.save_to_buffer()
}

fn write_cell(page: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Bool(value) => page.write_boolean(row, column, *value)?,
        Cell::Number(number) => {
            // A sheet has floats only; what is no float stands as text, which is read as the same number.
            let (near, exact) = (double(*number), number.normalize().to_string());
            if near.to_string() == exact {
                page.write_number(row, column, near)?
            } else {
                page.write_string(row, column, exact)?
            }
        }
        other => page.write_string(row, column, other.plain())?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::planning::{document::Document, sample, workbook::Book};

    /// Through a file and back.
    fn again(document: &Document, form: Form) -> Document {
        let bytes = write(&Book::of(document, form).sheets, form).unwrap();
        let book = Book::open(&bytes).unwrap();
        assert_eq!(book.form, form);
        let source = book.read();
        let (read, faults) = Document::of(&source.tree);
        assert_eq!((source.refuses(), faults), (false, Vec::new()));
        read
    }

    #[test]
    fn a_document_goes_through_a_file_and_keeps_its_hash() {
        let odd = include_str!("../../../engine/tests/data/odd_plan.json");
        for text in [sample::DOCUMENT, odd] {
            let (document, _) = Document::parse(text).unwrap();
            for form in [Form::Xlsx, Form::Csv] {
                let read = again(&document, form);
                assert_eq!(read.tree().canonical(), document.tree().canonical(), "{form:?}");
                assert_eq!(read.sha256(), document.sha256());
            }
        }
    }
}
