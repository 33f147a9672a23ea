//! RFC 4180 with a byte-order mark: UTF-8, CRLF, dot decimals, ISO times with offset.

use super::defused;
use chrono::SecondsFormat;
use std::fmt::Write as _;
use store::exports::Cell;

const MARK: &str = "\u{feff}";

/// The mark and the heading line.
#[must_use]
pub fn head(headings: &[&str]) -> String {
    format!("{MARK}{}\r\n", headings.join(","))
}

/// Lines of `rows`.
#[must_use]
pub fn lines(rows: &[Vec<Cell>]) -> String {
    let mut out = String::with_capacity(rows.len() * 160);
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            field(&mut out, cell);
        }
        out.push_str("\r\n");
    }
    out
}

fn field(out: &mut String, cell: &Cell) {
    // Writing to a string cannot fail.
    match cell {
        Cell::Empty => {}
        Cell::Whole(n) => drop(write!(out, "{n}")),
        Cell::Number(n) | Cell::Money(n) => drop(write!(out, "{n}")),
        Cell::Time(at) => out.push_str(&at.to_rfc3339_opts(SecondsFormat::Secs, false)),
        Cell::Text(text) => quoted(out, text),
        Cell::Json(value) => quoted(out, &value.to_string()),
    }
}

fn quoted(out: &mut String, text: &str) {
    let text = defused(text);
    if text.contains([',', '"', '\r', '\n']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_as_the_standard_says() {
        let at = chrono::DateTime::parse_from_rfc3339("2026-10-06T14:05:09+05:30").unwrap();
        let row = vec![
            Cell::Text("=1+1".into()),
            Cell::Text("a \"b\", c\nd".into()),
            Cell::Number("-5".parse().unwrap()),
            Cell::Money("12.50".parse().unwrap()),
            Cell::Whole(-7),
            Cell::Time(at),
            Cell::Empty,
        ];
        assert_eq!(lines(&[row]), "'=1+1,\"a \"\"b\"\", c\nd\",-5,12.50,-7,2026-10-06T14:05:09+05:30,\r\n");
        assert_eq!(head(&["a", "b"]), "\u{feff}a,b\r\n");
    }
}
