//! Workbooks. No formula is evaluated: the value the program saved counts.

use super::{NO_SUCH_SHEET, Unreadable, bounds, cells};
use calamine::{Cell, Data, DataRef, Ods, Range, Reader, Xls, Xlsx, open_workbook_from_rs};
use domain::ingest::Media;
use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

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
    let bytes = Cursor::new(bytes);
    let read = || match media {
        Media::Xlsx => pick(open_workbook_from_rs::<Xlsx<_>, _>(bytes).map_err(damaged)?, wanted, near),
        Media::Xls => pick(open_workbook_from_rs::<Xls<_>, _>(bytes).map_err(damaged)?, wanted, whole),
        Media::Ods => pick(open_workbook_from_rs::<Ods<_>, _>(bytes).map_err(damaged)?, wanted, whole),
        Media::Text | Media::GzipText => Err(Unreadable::new("unknown_content", "This is no workbook.")),
    };
    // The reader stumbles over some damaged files.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|stumble| Err(damaged(stumble)))
}

fn whole<'a, R: Reader<Cursor<&'a [u8]>>>(book: &mut R, name: &str) -> Result<Range<Data>, Unreadable>
where
    R::Error: std::fmt::Debug,
{
    book.worksheet_range(name).map_err(damaged)
}

/// Cell by cell: one far from the others would be given room for all between.
fn near(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Range<Data>, Unreadable> {
    let mut reader = book.worksheet_cells_reader(name).map_err(damaged)?;
    let (mut cells, mut from, mut to) = (Vec::new(), (u32::MAX, u32::MAX), (0, 0));
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        let (row, column) = cell.get_position();
        (from, to) = ((from.0.min(row), from.1.min(column)), (to.0.max(row), to.1.max(column)));
        within(name, (to.0 - from.0) as usize + 1, (to.1 - from.1) as usize + 1)?;
        cells.push(Cell::new((row, column), Data::from(cell.get_value().clone())));
    }
    // In the order of rows, as the range wants them.
    cells.sort_by_key(Cell::get_position);
    Ok(Range::from_sparse(cells))
}

fn within(name: &str, rows: usize, columns: usize) -> Result<(), Unreadable> {
    if rows <= bounds::SHEET_ROWS as usize + 1 && columns <= bounds::COLUMNS {
        return Ok(());
    }
    Err(Unreadable::new(
        "sheet_too_large",
        format!("Sheet \"{name}\" spans more than 200,000 rows or 500 columns, and no more are read."),
    ))
}

fn pick<'a, R: Reader<Cursor<&'a [u8]>>>(
    mut book: R,
    wanted: Option<&str>,
    read: impl Fn(&mut R, &str) -> Result<Range<Data>, Unreadable>,
) -> Result<Sheet, Unreadable> {
    let names = book.sheet_names();
    if let Some(wanted) = wanted.filter(|w| !names.iter().any(|n| n == w)) {
        let named = names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
        return Err(Unreadable::new(NO_SUCH_SHEET, format!("There is no sheet \"{wanted}\"; there are {named}.")));
    }
    let candidates: Vec<String> = names.iter().filter(|n| wanted.is_none_or(|w| w == n.as_str())).cloned().collect();
    for name in candidates {
        let cells = read(&mut book, &name)?;
        let (rows, columns) = cells.get_size();
        if rows < 2 {
            continue;
        }
        within(&name, rows, columns)?;
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
