//! Rows of a file, whatever kind of file it is.

use super::{Unreadable, bounds, sheet, text};
use csv::StringRecord;
use domain::ingest::{FileShape, Media, TextEncoding};
use std::{
    cell::Cell,
    collections::HashMap,
    io::{self, Read},
    ops::ControlFlow,
    rc::Rc,
};

/// How to open the file; a part of [`FileShape`] that is known before its columns are.
#[derive(Debug, Clone)]
pub struct Opening<'a> {
    pub media: Media,
    pub encoding: TextEncoding,
    pub delimiter: u8,
    pub sheet: Option<&'a str>,
}

impl<'a> From<&'a FileShape> for Opening<'a> {
    fn from(shape: &'a FileShape) -> Self {
        Self {
            media: shape.media,
            encoding: shape.encoding.unwrap_or(TextEncoding::Utf8),
            delimiter: shape.delimiter.and_then(|c| u8::try_from(c).ok()).unwrap_or(b','),
            sheet: shape.sheet.as_deref(),
        }
    }
}

/// Calls `take(row number, cells)` for the header (row 1) and each row below it.
///
/// # Errors
/// When the file cannot be read to its end, or is longer than allowed.
pub fn each_row<F>(bytes: &[u8], opening: &Opening<'_>, mut take: F) -> Result<(), Unreadable>
where
    F: FnMut(u32, &StringRecord) -> Result<ControlFlow<()>, Unreadable>,
{
    match opening.media {
        Media::Text | Media::GzipText => each_line(bytes, opening, take),
        Media::Xlsx | Media::Xls | Media::Ods => {
            let sheet = sheet::open(bytes, opening.media, opening.sheet)?;
            let first = sheet.cells.start().map_or(0, |(row, _)| row);
            for (at, cells) in (first + 1..).zip(sheet.cells.rows()) {
                let record: StringRecord = cells.iter().map(sheet::text).collect();
                if record.iter().all(|c| c.trim().is_empty()) {
                    continue;
                }
                if take(at, &record)?.is_break() {
                    break;
                }
            }
            Ok(())
        }
    }
}

fn each_line<F>(bytes: &[u8], opening: &Opening<'_>, mut take: F) -> Result<(), Unreadable>
where
    F: FnMut(u32, &StringRecord) -> Result<ControlFlow<()>, Unreadable>,
{
    let since_row = Rc::new(Cell::new(0));
    let source = RowBound {
        inner: text::utf8(bytes, opening.media == Media::GzipText, opening.encoding),
        since_row: Rc::clone(&since_row),
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(opening.delimiter)
        .flexible(true)
        .has_headers(false)
        .buffer_capacity(128 << 10)
        .from_reader(source);
    let mut record = StringRecord::new();
    let mut row_no = 0;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => {
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(e) => text::explain(&e),
                    _ => Unreadable::new(
                        "unknown_encoding",
                        "The text is not in one encoding throughout. Save the file as UTF-8.",
                    ),
                });
            }
        }
        since_row.set(0);
        row_no += 1;
        if row_no > bounds::TEXT_ROWS + 1 {
            return Err(Unreadable::new(
                "too_many_rows",
                "The file has more than 1,000,000 rows. Split it into smaller files.",
            ));
        }
        if take(row_no, &record)?.is_break() {
            return Ok(());
        }
    }
}

/// Stops a reader that swallows the file into one row, as a forgotten closing quote makes it do.
struct RowBound<'a> {
    inner: Box<dyn Read + 'a>,
    since_row: Rc<Cell<u64>>,
}

impl Read for RowBound<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since_row.get() > bounds::LINE_BYTES + (256 << 10) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let read = self.inner.read(out)?;
        self.since_row.set(self.since_row.get() + read as u64);
        Ok(read)
    }
}

/// The cells of chosen rows, as they came.
///
/// # Errors
/// When the file cannot be read.
pub fn raw_rows(bytes: &[u8], shape: &FileShape, rows: &[u32]) -> Result<HashMap<u32, Vec<String>>, Unreadable> {
    let wanted: std::collections::HashSet<u32> = rows.iter().copied().collect();
    let mut found = HashMap::with_capacity(rows.len());
    if !wanted.is_empty() {
        each_row(bytes, &Opening::from(shape), |row_no, record| {
            if wanted.contains(&row_no) {
                found.insert(row_no, record.iter().map(str::to_owned).collect());
            }
            Ok(if found.len() == wanted.len() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    Ok(found)
}
