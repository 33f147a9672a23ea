//! A zip of CSV files, one a sheet: RFC 4180 in UTF-8, numbers with every digit.

use super::Sheet;
use std::io::{self, Cursor, Write};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// Spreadsheet programs know UTF-8 by it.
const MARK: &str = "\u{feff}";

/// The same sheets give the same bytes.
///
/// # Errors
/// The archive is larger than its format takes.
pub fn write(sheets: &[Sheet]) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for sheet in sheets {
        archive.start_file(format!("{}.csv", sheet.name), options)?;
        archive.write_all(text(sheet)?.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn text(sheet: &Sheet) -> io::Result<String> {
    let width = sheet.lines.iter().filter_map(|line| line.cells.last()).map(|(column, _)| *column + 1).max();
    let width = width.unwrap_or(1) as usize;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in &sheet.lines {
        let mut record = vec![String::new(); width];
        for (column, cell) in &line.cells {
            record[*column as usize] = cell.plain();
        }
        writer.write_record(&record)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(format!("{MARK}{text}"))
}
