//! JSON lines: one object a row, named by the headings; what is empty is left out.

use chrono::SecondsFormat;
use serde_json::{Map, Value};
use store::exports::Cell;

/// Lines of `rows`.
#[must_use]
pub fn lines(headings: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut out = String::with_capacity(rows.len() * 320);
    for row in rows {
        let fields: Map<String, Value> =
            headings.iter().zip(row).filter_map(|(name, cell)| Some(((*name).to_owned(), value(cell)?))).collect();
        out.push_str(&Value::Object(fields).to_string());
        out.push('\n');
    }
    out
}

fn value(cell: &Cell) -> Option<Value> {
    Some(match cell {
        Cell::Empty => return None,
        Cell::Text(text) => text.clone().into(),
        Cell::Whole(n) => (*n).into(),
        // Exact: JSON's numbers are floats to most readers.
        Cell::Number(n) | Cell::Money(n) => n.to_string().into(),
        Cell::Time(at) => at.to_rfc3339_opts(SecondsFormat::Micros, false).into(),
        Cell::Json(value) => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_an_object_on_a_line() {
        let at = chrono::DateTime::parse_from_rfc3339("2026-10-06T14:05:09.5+05:30").unwrap();
        let row = vec![
            Cell::Time(at),
            Cell::Text("=1+1\n".into()),
            Cell::Empty,
            Cell::Json(serde_json::json!({"a": [1]})),
            Cell::Money("12.50".parse().unwrap()),
        ];
        assert_eq!(
            lines(&["at", "text", "none", "after", "total"], &[row]),
            "{\"after\":{\"a\":[1]},\"at\":\"2026-10-06T14:05:09.500000+05:30\",\"text\":\"=1+1\\n\",\"total\":\"12.50\"}\n"
        );
    }
}
