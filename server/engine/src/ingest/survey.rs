//! The first look at an upload: what it is, which columns it has, and what their values prove.

use super::{
    NO_SUCH_SHEET, Unreadable, bounds, cells, container, number, sheet,
    table::{Opening, each_row},
    text, time,
};
use csv::StringRecord;
use domain::ingest::{Column, DateEvidence, FileShape, Media, NumberEvidence, TextEncoding};
use std::{io::Read, ops::ControlFlow};

const SAMPLES: usize = 5;
/// A sample is for the eye.
const SAMPLE_CHARS: usize = 80;

/// Opens the file by its content and reads it once to the end.
///
/// # Errors
/// When it is no table, damaged, too large, or has no rows.
pub fn survey(bytes: &[u8]) -> Result<FileShape, Unreadable> {
    survey_sheet(bytes, None)
}

/// As [`survey`]; `wanted` is the sheet to read, else the first that holds rows.
///
/// # Errors
/// As [`survey`]; also `no_such_sheet`.
pub fn survey_sheet(bytes: &[u8], wanted: Option<&str>) -> Result<FileShape, Unreadable> {
    let media = container::sniff(bytes)?;
    let mut shape = FileShape {
        media,
        encoding: None,
        delimiter: None,
        sheet: None,
        sheets: Vec::new(),
        unpacked_bytes: bytes.len() as u64,
        rows: 0,
        columns: Vec::new(),
    };
    let mut encoding = TextEncoding::Utf8;
    let mut delimiter = b',';
    match media {
        Media::Text | Media::GzipText if wanted.is_some() => {
            return Err(Unreadable::new(NO_SUCH_SHEET, "The file is no workbook, so it has no sheets to choose from."));
        }
        Media::Text | Media::GzipText => {
            if media == Media::GzipText {
                check_inner(bytes)?;
            }
            let census = text::census(bytes, media == Media::GzipText)?;
            let (head, ..) = encoding_of(census.encoding).decode(&census.head);
            (encoding, delimiter) = (census.encoding, text::delimiter(&head));
            shape.encoding = Some(encoding);
            shape.delimiter = Some(char::from(delimiter));
            shape.unpacked_bytes = census.bytes;
        }
        Media::Xlsx | Media::Xls | Media::Ods => {
            let sheet = sheet::open(bytes, media, wanted)?;
            shape.sheet = Some(sheet.name);
            shape.sheets = sheet.names;
        }
    }
    let sheet = shape.sheet.clone();
    let opening = Opening { media, encoding, delimiter, sheet: sheet.as_deref() };
    let mut header = false;
    each_row(bytes, &opening, |_, record| {
        if header {
            shape.rows += 1;
            for (column, value) in shape.columns.iter_mut().zip(record) {
                profile(column, value);
            }
        } else {
            shape.columns = columns(record)?;
            header = true;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if shape.rows == 0 {
        return Err(Unreadable::new("no_rows", "The file has no rows below its header."));
    }
    Ok(shape)
}

/// What was compressed must be a text table.
fn check_inner(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut head = Vec::new();
    // A damaged file is explained by the census.
    if text::unpacked(bytes, true).take(512).read_to_end(&mut head).is_err() || head.is_empty() {
        return Ok(());
    }
    match container::sniff(&head) {
        Ok(Media::Text) => Ok(()),
        _ => Err(Unreadable::new(
            "unknown_content",
            "Only CSV and TSV are read gzip-compressed. Unpack the file and upload what is inside.",
        )),
    }
}

const fn encoding_of(encoding: TextEncoding) -> &'static encoding_rs::Encoding {
    match encoding {
        TextEncoding::Utf8 => encoding_rs::UTF_8,
        TextEncoding::Utf16Le => encoding_rs::UTF_16LE,
        TextEncoding::Utf16Be => encoding_rs::UTF_16BE,
        TextEncoding::Windows1252 => encoding_rs::WINDOWS_1252,
    }
}

/// Column names: trimmed, never empty, never twice the same.
fn columns(header: &StringRecord) -> Result<Vec<Column>, Unreadable> {
    if header.len() > bounds::COLUMNS {
        return Err(Unreadable::new("too_many_columns", "The file has more than 500 columns."));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(header.len());
    for (at, cell) in header.iter().enumerate() {
        let plain = cell.trim().trim_start_matches('\u{feff}').replace('\0', "");
        let base = if plain.is_empty() { format!("Column {}", at + 1) } else { plain };
        let mut name = base.clone();
        let mut copy = 1;
        while columns.iter().any(|c| c.name == name) {
            copy += 1;
            name = format!("{base} ({copy})");
        }
        columns.push(Column {
            name,
            samples: Vec::new(),
            filled: 0,
            numbers: NumberEvidence::default(),
            dates: DateEvidence::default(),
        });
    }
    Ok(columns)
}

fn profile(column: &mut Column, value: &str) {
    let value = value.trim();
    if value.is_empty() {
        return;
    }
    column.filled += 1;
    if column.samples.len() < SAMPLES {
        let sample: String = cells::shown(value).chars().take(SAMPLE_CHARS).collect();
        if !column.samples.contains(&sample) {
            column.samples.push(sample);
        }
    }
    number::weigh(value, &mut column.numbers);
    time::weigh(value, &mut column.dates);
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn fault(bytes: &[u8]) -> String {
        survey(bytes).unwrap_err().to_string()
    }

    #[test]
    fn gzip_is_read_and_a_cut_or_damaged_one_is_named() {
        let table: Vec<u8> = (0..4000).flat_map(|i| format!("{i},{}\n", i * 7919 % 1009).into_bytes()).collect();
        let packed = gzip(&[b"a,b\n".as_slice(), &table].concat());
        let shape = survey(&packed).unwrap();
        assert_eq!((shape.media, shape.rows, shape.columns.len()), (Media::GzipText, 4000, 2));
        assert!(fault(&packed[..packed.len() / 2]).contains("truncated_gzip"));
        assert!(fault(&packed[..packed.len() - 4]).contains("truncated_gzip"));
        let mut broken = packed;
        let middle = broken.len() / 2;
        broken[middle..middle + 8].fill(0xff);
        assert!(fault(&broken).contains("damaged_file"));
    }

    #[test]
    fn a_bomb_is_refused_by_ratio() {
        let lines = "0,0,0,0,0,0\n".repeat(2_000_000);
        assert!(fault(&gzip(lines.as_bytes())).contains("file_too_large_unpacked"));
        assert!(fault(&gzip(&gzip(b"a,b\n1,2\n"))).contains("Unpack the file"));
    }

    #[test]
    fn a_forgotten_quote_does_not_swallow_the_file() {
        let text = format!("a,b\n\"1,2\n{}", "3,4\n".repeat(600_000));
        assert!(fault(text.as_bytes()).contains("missing closing quote"));
    }

    #[test]
    fn header_names_are_never_empty_or_twice_the_same() {
        let shape = survey(b"\xef\xbb\xbf\"Id\",,Name,Name\n1,2,3,4\n").unwrap();
        let names: Vec<_> = shape.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["Id", "Column 2", "Name", "Name (2)"]);
        assert!(fault(b"a,b\n").contains("no_rows"));
    }

    #[test]
    fn quoted_line_breaks_stay_in_their_cell() {
        let shape = survey(b"id;note;price\n1;\"two\nlines\";1.234,50\n2;x;7,5\n").unwrap();
        assert_eq!((shape.rows, shape.delimiter), (2, Some(';')));
        assert_eq!(shape.columns[2].numbers, NumberEvidence { point: 0, comma: 2, unclear: 0 });
    }
}
