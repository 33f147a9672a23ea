//! Workbooks. No formula is evaluated: the value the program saved counts.

use super::{NO_SUCH_SHEET, Unreadable, bounds, cells};
use calamine::{Data, Ods, Range, Reader, Xls, Xlsx, open_workbook_from_rs};
use domain::ingest::Media;
use std::io::Cursor;

/// One sheet, and the names of all.
#[derive(Debug)]
pub struct Sheet {
    pub name: String,
    pub names: Vec<String>,
    pub cells: Range<Data>,
}

fn damaged<E: std::fmt::Debug>(_: E) -> Unreadable {
    Unreadable::new(
        "damaged_file",
        "The workbook cannot be opened. Open it in your spreadsheet program, save it again and upload that.",
    )
}

/// The sheet called `wanted`, else the first that holds a header and a row.
///
/// # Errors
/// When the workbook is damaged, has no filled sheet, or the sheet is too large.
pub fn open(bytes: &[u8], media: Media, wanted: Option<&str>) -> Result<Sheet, Unreadable> {
    match media {
        Media::Xlsx => pick(open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(bytes)).map_err(damaged)?, wanted),
        Media::Xls => pick(open_workbook_from_rs::<Xls<_>, _>(Cursor::new(bytes)).map_err(damaged)?, wanted),
        Media::Ods => pick(open_workbook_from_rs::<Ods<_>, _>(Cursor::new(bytes)).map_err(damaged)?, wanted),
        Media::Text | Media::GzipText => Err(Unreadable::new("unknown_content", "This is no workbook.")),
    }
}

fn pick<'a, R: Reader<Cursor<&'a [u8]>>>(mut book: R, wanted: Option<&str>) -> Result<Sheet, Unreadable>
where
    R::Error: std::fmt::Debug,
{
    let names = book.sheet_names();
    if let Some(wanted) = wanted.filter(|w| !names.iter().any(|n| n == w)) {
        let named = names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
        return Err(Unreadable::new(NO_SUCH_SHEET, format!("There is no sheet \"{wanted}\"; there are {named}.")));
    }
    let candidates: Vec<String> = names.iter().filter(|n| wanted.is_none_or(|w| w == n.as_str())).cloned().collect();
    for name in candidates {
        let cells = book.worksheet_range(&name).map_err(damaged)?;
        let (rows, columns) = cells.get_size();
        if rows < 2 {
            continue;
        }
        if rows > bounds::SHEET_ROWS as usize + 1 || columns > bounds::COLUMNS {
            return Err(Unreadable::new(
                "sheet_too_large",
                format!(
                    "Sheet \"{name}\" has {} rows and {columns} columns; at most 200,000 rows and 500 columns are read.",
                    rows - 1
                ),
            ));
        }
        return Ok(Sheet { name, names, cells });
    }
    Err(Unreadable::new("no_rows", "No sheet of the workbook holds a header row with rows below it."))
}

/// A cell as the text a CSV of the sheet would hold.
pub fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(s) | Data::DateTimeIso(s) | Data::DurationIso(s) => s.clone(),
        Data::Int(i) => i.to_string(),
        Data::Float(f) => f.to_string(),
        Data::Bool(b) => b.to_string(),
        Data::DateTime(t) if t.is_datetime() => {
            let (y, mo, d, h, mi, s, _) = t.to_ymd_hms_milli();
            format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}")
        }
        Data::DateTime(t) => t.as_f64().to_string(),
        Data::Error(e) => format!("{}{e}", cells::ERROR_CELL),
    }
}
