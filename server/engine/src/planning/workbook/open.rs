//! Bytes to sheets: bounds are checked before anything is read.

use super::{
    Book, Cell, Form, Line, MOST_CELLS, Sheet,
    layout::{is_amount, letters},
};
use crate::ingest::{
    Unreadable, bounds,
    number::weigh,
    text::{census, utf8},
    unzip::{self, Entry},
};
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, open_workbook_from_rs};
use chrono::NaiveDate;
use domain::ingest::{DecimalMark, NumberEvidence};
use std::{
    io::{Cursor, Read},
    panic::catch_unwind,
};

pub(super) fn open(bytes: &[u8]) -> Result<Book, Unreadable> {
    if bytes.len() as u64 > bounds::FILE_BYTES {
        return Err(Unreadable::new("file_too_large", "The file is larger than 64 MiB."));
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(old_office(bytes));
    }
    if !bytes.starts_with(b"PK") {
        return Err(strange());
    }
    let entries = unzip::entries(bytes)?;
    if entries.iter().any(|entry| entry.encrypted) {
        return Err(encrypted());
    }
    let form = if entries.iter().any(|entry| entry.name == "xl/workbook.xml") {
        Form::Xlsx
    } else if entries.iter().any(|entry| csv_name(entry).is_some()) {
        Form::Csv
    } else {
        return Err(strange());
    };
    unzip::measure(bytes, &entries)?;
    let sheets = match form {
        // The reader of workbooks is somebody else's, and what is read is anybody's: where it gives up, the file is damaged.
        Form::Xlsx => catch_unwind(|| workbook(bytes)).unwrap_or_else(|_| Err(damaged()))?,
        Form::Csv => texts(bytes, &entries)?,
    };
    Ok(Book { form, sheets })
}

fn strange() -> Unreadable {
    Unreadable::new(
        "unknown_content",
        "This is neither a workbook (XLSX) nor a zip of CSV files, one a sheet. Begin with the template.",
    )
}

fn encrypted() -> Unreadable {
    Unreadable::new("encrypted", "The file is protected by a password. Save it without one.")
}

/// An encrypted workbook hides in the container of old Office files.
fn old_office(bytes: &[u8]) -> Unreadable {
    let needle: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(needle.len()).any(|part| part == needle) {
        return encrypted();
    }
    Unreadable::new("unknown_content", "This is an old Office file. Save it as a workbook (XLSX).")
}

fn damaged() -> Unreadable {
    Unreadable::new(
        "damaged_file",
        "The workbook cannot be read. Open it in your spreadsheet program, save it again and send that.",
    )
}

/// Cells counted over all sheets.
#[derive(Default)]
struct Room(usize);

impl Room {
    /// Row and column from 0.
    fn take(&mut self, sheet: &str, row: u32, column: u32) -> Result<(), Unreadable> {
        self.0 += 1;
        let too_large = |message| Err(Unreadable::new("sheet_too_large", message));
        if row > bounds::SHEET_ROWS {
            return too_large(format!("The sheet {sheet} has more than 200,000 rows below its heading."));
        }
        if column as usize >= bounds::COLUMNS {
            let last = letters(u32::try_from(bounds::COLUMNS - 1).unwrap_or_default());
            return too_large(format!("The sheet {sheet} has cells beyond column {last}, the 500th."));
        }
        if self.0 > MOST_CELLS {
            return too_large("The file has more than 5,000,000 filled cells.".to_owned());
        }
        Ok(())
    }
}

fn workbook(bytes: &[u8]) -> Result<Vec<Sheet>, Unreadable> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| damaged())?;
    let tables = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<_> = tables.map(|sheet| sheet.name.clone()).collect();
    let mut room = Room::default();
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let mut cells = book.worksheet_cells_reader(&name).map_err(|_| damaged())?;
        let mut sheet = Sheet { name, lines: Vec::new(), mark: DecimalMark::Point };
        while let Some(found) = cells.next_cell().map_err(|_| damaged())? {
            let Some(cell) = typed(found.get_value()) else { continue };
            let (row, column) = found.get_position();
            room.take(&sheet.name, row, column)?;
            match sheet.lines.last_mut().filter(|line| line.number == row + 1) {
                Some(line) => line.cells.push((column, cell)),
                None => sheet.lines.push(Line { number: row + 1, cells: vec![(column, cell)] }),
            }
        }
        if !sheet.lines.is_sorted_by_key(|line| line.number) {
            return Err(damaged());
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}

/// None for a blank one. Formulas count by the value the program saved.
fn typed(cell: &DataRef<'_>) -> Option<Cell> {
    let text = |text: &str| {
        let text = text.trim();
        (!text.is_empty()).then(|| Cell::Text(text.to_owned()))
    };
    let double = |value: f64| Cell::double(value).or_else(|| text(&value.to_string()));
    match cell {
        DataRef::Empty => None,
        DataRef::Int(value) => Some(Cell::Number((*value).into())),
        DataRef::Float(value) => double(*value),
        DataRef::String(value) | DataRef::DateTimeIso(value) | DataRef::DurationIso(value) => text(value),
        DataRef::SharedString(value) => text(value),
        DataRef::Bool(value) => Some(Cell::Bool(*value)),
        DataRef::DateTime(at) => day(at).map(Cell::Date).or_else(|| double(at.as_f64())),
        DataRef::Error(error) => Some(Cell::Broken(error.to_string())),
    }
}

/// A point in time that is the beginning of a day.
fn day(at: &ExcelDateTime) -> Option<NaiveDate> {
    if !at.is_datetime() || at.as_f64().fract() != 0.0 {
        return None;
    }
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())
}

/// The file's own name; none for folders and what systems leave behind.
fn file_name(entry: &Entry) -> Option<&str> {
    let name = entry.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = name.is_empty() || name.starts_with('.') || entry.name.starts_with("__MACOSX/");
    (!hidden).then_some(name)
}

/// The sheet in an entry of a zip.
fn csv_name(entry: &Entry) -> Option<&str> {
    let name = file_name(entry)?;
    let at = name.len().checked_sub(4).filter(|at| name.is_char_boundary(*at))?;
    let (sheet, ending) = name.split_at(at);
    (ending.eq_ignore_ascii_case(".csv") && !sheet.is_empty()).then_some(sheet)
}

fn texts(bytes: &[u8], entries: &[Entry]) -> Result<Vec<Sheet>, Unreadable> {
    let mut room = Room::default();
    let mut sheets = Vec::new();
    let mut proofs = Vec::new();
    for entry in entries {
        let Some(name) = csv_name(entry) else {
            // No sheet has that name, which is told as of any other.
            if let Some(name) = file_name(entry) {
                let lines = vec![Line { number: 1, cells: vec![(0, Cell::Text(name.to_owned()))] }];
                sheets.push(Sheet { name: name.to_owned(), lines, mark: DecimalMark::Point });
                proofs.push((NumberEvidence::default(), false));
            }
            continue;
        };
        let content = unzip::unpack(bytes, entry)?;
        let (sheet, proof, semicolons) = table(name, &content, &mut room)?;
        sheets.push(sheet);
        proofs.push((proof, semicolons));
    }
    // What a file does not prove by itself, the others do; else a comma between numbers' digits is not between cells.
    let points: u32 = proofs.iter().map(|(proof, _)| proof.point).sum();
    let commas: u32 = proofs.iter().map(|(proof, _)| proof.comma).sum();
    for (sheet, (proof, semicolons)) in sheets.iter_mut().zip(proofs) {
        let comma = match proof.comma.cmp(&proof.point) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal if points == commas => semicolons,
            std::cmp::Ordering::Equal => commas > points,
        };
        sheet.mark = if comma { DecimalMark::Comma } else { DecimalMark::Point };
    }
    Ok(sheets)
}

/// One CSV file: its sheet, what its numbers prove of their decimal mark, and whether cells are told apart by `;`.
fn table(name: &str, content: &[u8], room: &mut Room) -> Result<(Sheet, NumberEvidence, bool), Unreadable> {
    let mut sheet = Sheet { name: name.to_owned(), lines: Vec::new(), mark: DecimalMark::Point };
    let mut proof = NumberEvidence::default();
    if content.is_empty() {
        return Ok((sheet, proof, false));
    }
    let told = |error: Unreadable| match error {
        Unreadable::File { code, message } => Unreadable::new(code, format!("{name}.csv: {message}")),
        stopped => stopped,
    };
    let encoding = census(content, false).map_err(told)?.encoding;
    let mut text = String::new();
    let mut reader = utf8(content, false, encoding);
    reader.read_to_string(&mut text).map_err(|_| told(damaged()))?;
    let text = text.trim_start_matches('\u{feff}');
    // Names of fields hold none of them.
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |mark: &u8| heading.bytes().filter(|byte| byte == mark).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut amounts = Vec::new();
    let mut row = 0;
    loop {
        let before = reader.position().line();
        if !reader.read_record(&mut record).map_err(|_| told(damaged()))? {
            break;
        }
        // Blank lines are rows, too; line breaks inside cells are none.
        let breaks: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let blank = (reader.position().line() - before).saturating_sub(breaks as u64 + 1);
        row += u32::try_from(blank).unwrap_or(u32::MAX);
        let mut cells = Vec::with_capacity(record.len());
        for (column, cell) in (0..).zip(&record) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            room.take(name, row, column)?;
            if sheet.lines.is_empty() && is_amount(cell) {
                amounts.push(column);
            } else if amounts.contains(&column) {
                weigh(cell, &mut proof);
            }
            cells.push((column, Cell::Text(cell.to_owned())));
        }
        row += 1;
        if !cells.is_empty() {
            sheet.lines.push(Line { number: row, cells });
        }
    }
    Ok((sheet, proof, delimiter == b';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> (DecimalMark, usize) {
        let (sheet, proof, semicolons) = table("T", text.as_bytes(), &mut Room::default()).unwrap();
        let comma = proof.comma > proof.point || (proof.comma == proof.point && semicolons);
        (if comma { DecimalMark::Comma } else { DecimalMark::Point }, sheet.lines[0].cells.len())
    }

    #[test]
    fn delimiter_and_decimal_mark_are_recognised() {
        assert_eq!(mark("id,tonnes\nA,1.5\n"), (DecimalMark::Point, 2));
        assert_eq!(mark("id;tonnes\nA;1,5\n"), (DecimalMark::Comma, 2));
        assert_eq!(mark("id;tonnes\nA;1.5\n"), (DecimalMark::Point, 2));
        assert_eq!(mark("id,tonnes\nA,\"1,5\"\n"), (DecimalMark::Comma, 2));
        assert_eq!(mark("period;tonnes\n2026.1;7\n2026.2;1,5\n"), (DecimalMark::Comma, 2));
        assert_eq!(mark("id\nA|B|C\nA|B|C\n"), (DecimalMark::Point, 1));
    }

    #[test]
    fn blank_lines_count_and_breaks_inside_cells_do_not() {
        let text = "id,name\n\nA,\"two\nlines\"\n\n\nB,one\n";
        let (sheet, ..) = table("T", text.as_bytes(), &mut Room::default()).unwrap();
        let numbers: Vec<_> = sheet.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 6]);
    }

    #[test]
    fn what_is_no_workbook_is_said_and_nothing_panics() {
        for bytes in [&b""[..], b"{}", b"PK", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"] {
            assert!(matches!(open(bytes), Err(Unreadable::File { .. })), "{bytes:?}");
        }
        let mut hidden = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        hidden.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
        assert!(open(&hidden).unwrap_err().to_string().contains("password"));
    }
}
