//! A cell and the value it stands for.
//!
//! Blank is absent, `null` says "no limit", lists are joined by `|` (`A|` is a list of one, `|` an empty one). A text that
//! a cell would not keep as it is stands as JSON, in quotes; what a field that starts with `x_` holds stands as JSON, too,
//! where it is no plain text.

use crate::planning::{
    document::schema::{Field, Kind},
    tree::{self, Tree},
};
use chrono::NaiveDate;
use domain::ingest::DecimalMark;
use rust_decimal::Decimal;

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(Decimal),
    Bool(bool),
    Date(NaiveDate),
    /// What a formula could not compute, such as `#DIV/0!`.
    Broken(String),
}

impl Cell {
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(shown(text))
    }

    /// The number as the shortest text gives it; none for what is no number.
    #[must_use]
    pub fn double(value: f64) -> Option<Self> {
        let text = if value.abs() < 1e28 { (value + 0.0).to_string() } else { format!("{value:e}") };
        match number(&text)? {
            Tree::Number(number) => Some(Self::Number(number)),
            _ => Some(Self::Text(text)),
        }
    }

    /// As it is written in a CSV file, and said in a message.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) | Self::Broken(text) => text.clone(),
            Self::Number(number) => number.normalize().to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Date(date) => date.to_string(),
        }
    }
}

/// A number of JSON, or one with leading zeros.
pub(super) fn number(text: &str) -> Option<Tree> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let begins = digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    (begins && fits && text.parse::<f64>().is_ok()).then(|| tree::number(text))
}

/// A number that stands as text, with the decimal mark of its file. Thousands are not grouped: what 1,234 means would
/// have to be guessed.
fn written(text: &str, mark: DecimalMark) -> Option<Tree> {
    match mark {
        DecimalMark::Point => number(text),
        DecimalMark::Comma if text.contains('.') => None,
        DecimalMark::Comma => number(&text.replacen(',', ".", 1)),
    }
}

/// What a cell says as the value of a field. A wrong one is told by the checks of documents.
#[must_use]
pub fn value(field: &Field, cell: &Cell, mark: DecimalMark) -> Tree {
    match field.kind {
        Kind::Text => Tree::Text(unquoted(&cell.plain())),
        Kind::Id | Kind::Mode | Kind::OneOf(_) | Kind::Date => word(cell),
        Kind::Ids => match cell {
            Cell::Text(text) if text.contains('|') => list(text),
            _ => word(cell),
        },
        Kind::Bool => match cell {
            Cell::Text(text) if text.eq_ignore_ascii_case("true") => Tree::Bool(true),
            Cell::Text(text) if text.eq_ignore_ascii_case("false") => Tree::Bool(false),
            _ => word(cell),
        },
        Kind::Rows(_) => match cell {
            Cell::Text(text) if text == "|" => Tree::List(Vec::new()),
            _ => word(cell),
        },
        Kind::Object(_) => extra(cell),
        _ => match cell {
            Cell::Text(text) if text.eq_ignore_ascii_case("null") => Tree::Null,
            Cell::Text(text) => written(text, mark).unwrap_or_else(|| word(cell)),
            _ => word(cell),
        },
    }
}

fn word(cell: &Cell) -> Tree {
    match cell {
        Cell::Text(text) => Tree::Text(text.clone()),
        Cell::Number(number) => Tree::Number(*number),
        Cell::Bool(value) => Tree::Bool(*value),
        Cell::Date(date) => Tree::Text(date.to_string()),
        Cell::Broken(_) => Tree::Null,
    }
}

fn list(text: &str) -> Tree {
    let inner = text.strip_suffix('|').unwrap_or(text);
    let items = inner.split('|').map(|item| Tree::Text(item.trim().to_owned()));
    Tree::List(if inner.is_empty() { Vec::new() } else { items.collect() })
}

/// The value of a field beyond the format.
#[must_use]
pub fn extra(cell: &Cell) -> Tree {
    match cell {
        Cell::Text(text) => tree::read(text).unwrap_or_else(|_| Tree::Text(text.clone())),
        _ => word(cell),
    }
}

/// The cell of a value that a document holds; none for a list that has a sheet of its own.
#[must_use]
pub fn cell(field: Option<&Field>, value: &Tree) -> Option<Cell> {
    let Some(field) = field else { return Some(extra_cell(value)) };
    Some(match (field.kind, value) {
        (Kind::Rows(_), Tree::List(items)) if items.is_empty() => Cell::Text("|".to_owned()),
        (Kind::Rows(_), _) => return None,
        (Kind::Ids, Tree::List(items)) => {
            let ids: Vec<_> = items.iter().filter_map(Tree::text).collect();
            Cell::Text(ids.join("|") + if ids.len() < 2 { "|" } else { "" })
        }
        (Kind::Text, Tree::Text(text)) => Cell::text(text),
        (_, Tree::Text(text)) => Cell::Text(text.clone()),
        (_, other) => extra_cell(other),
    })
}

fn extra_cell(value: &Tree) -> Cell {
    match value {
        Tree::Number(number) => Cell::Number(*number),
        Tree::Bool(value) => Cell::Bool(*value),
        Tree::Text(text) if tree::read(text).is_ok() => Cell::Text(quoted(text)),
        Tree::Text(text) => Cell::text(text),
        other => Cell::Text(safe(&other.canonical())),
    }
}

/// A text as a cell keeps it.
fn shown(text: &str) -> String {
    // A cell that begins like a formula is one for some readers.
    let formula = text.starts_with(['"', '=', '+', '-', '@']);
    if text.is_empty() || text.trim() != text || formula || safe(text) != text { quoted(text) } else { text.to_owned() }
}

fn unquoted(text: &str) -> String {
    let quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    let read = quoted.then(|| serde_json::from_str(text).ok()).flatten();
    read.unwrap_or_else(|| text.to_owned())
}

fn quoted(text: &str) -> String {
    safe(&serde_json::Value::from(text).to_string())
}

/// JSON without characters that a sheet changes or does not hold; `_x0041_` is one of them to some writers.
fn safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        let strange = (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}');
        if strange || (c == '_' && rest.peek() == Some(&'x')) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn field(kind: Kind) -> Field {
        Field { name: "f", kind, required: false, null: true }
    }

    #[test]
    fn texts_come_back_whatever_they_hold() {
        for text in ["", " a ", "\"a\"", "=1+1", "a\tb", "_x0041_", "\u{feff}5", "a\r\nb", "a\nb", "7", "null", "{}"] {
            let value = Tree::Text(text.to_owned());
            for field in [Some(field(Kind::Text)), None] {
                let cell = cell(field.as_ref(), &value).unwrap();
                let read = field.as_ref().map_or_else(|| extra(&cell), |f| super::value(f, &cell, DecimalMark::Point));
                assert_eq!(read, value, "{text:?} as {cell:?}");
            }
        }
        assert_eq!(Cell::text("Two plants"), Cell::Text("Two plants".into()));
    }

    #[test]
    fn lists_of_none_and_of_one_are_not_the_same_as_an_id() {
        let ids = field(Kind::Ids);
        for (json, text) in [("\"A\"", "A"), ("[\"A\"]", "A|"), ("[]", "|"), ("[\"A\",\"B\"]", "A|B")] {
            let value = tree::read(json).unwrap();
            assert_eq!(cell(Some(&ids), &value), Some(Cell::Text(text.to_owned())));
            assert_eq!(super::value(&ids, &Cell::Text(text.to_owned()), DecimalMark::Point), value);
        }
    }

    #[test]
    fn numbers_that_stand_as_text_have_the_mark_of_their_file() {
        let amount = field(Kind::Amount);
        let read = |text: &str, mark| super::value(&amount, &Cell::Text(text.to_owned()), mark).canonical();
        assert_eq!(read("0.30000000000000000001", DecimalMark::Point), "0.30000000000000000001");
        assert_eq!(read("1.234,5", DecimalMark::Comma), "\"1.234,5\"");
        assert_eq!(read("1,5", DecimalMark::Comma), "1.5");
        assert_eq!(read("1,5", DecimalMark::Point), "\"1,5\"");
        assert_eq!(read("inf", DecimalMark::Point), "\"inf\"");
        assert_eq!(read("null", DecimalMark::Comma), "null");
        assert_eq!(Cell::double(0.1).map(|cell| cell.plain()).as_deref(), Some("0.1"));
        assert_eq!(Cell::double(f64::NAN), None);
    }
}
