//! Text of cells.

use std::borrow::Cow;

/// First character of a cell that holds a spreadsheet error such as `#DIV/0!`.
pub const ERROR_CELL: char = '\u{1}';

/// The cell for the eye.
pub fn shown(cell: &str) -> Cow<'_, str> {
    if cell.contains(['\0', ERROR_CELL]) {
        Cow::Owned(cell.replace(['\0', ERROR_CELL], ""))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Numbers of orders and customers: some programs write `17850` as `17850.0`.
pub fn reference(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lose_a_float_tail_only() {
        assert_eq!(reference("17850.0"), "17850");
        assert_eq!(reference("A.0"), "A.0");
        assert_eq!(reference(".0"), ".0");
        assert_eq!(reference("17850.00"), "17850.00");
    }
}
