//! Numbers as people write them.

use domain::ingest::{DecimalMark, NumberEvidence};
use rust_decimal::Decimal;

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'')
}

/// Counts what a value proves about the decimal mark of its column.
pub fn weigh(text: &str, evidence: &mut NumberEvidence) {
    let digits = text.trim_start_matches(['-', '+', '\u{2212}']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
        || !digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',' || is_space(c))
    {
        return;
    }
    let count = |mark: char| digits.matches(mark).count();
    match (count('.'), count(',')) {
        (0, 0) => {}
        (points, commas) if points > 0 && commas > 0 => {
            if digits.rfind('.') > digits.rfind(',') {
                evidence.point += 1
            } else {
                evidence.comma += 1
            }
        }
        (0, 1) => weigh_single(digits, ',', &mut evidence.comma, &mut evidence.unclear),
        (1, 0) => weigh_single(digits, '.', &mut evidence.point, &mut evidence.unclear),
        // Several of one kind group thousands, so the other kind is the decimal mark. Three groups of
        // up to three digits may also be a date (03.04.2025): only true groups count.
        (0, _) if grouped(digits, ',') => evidence.point += 1,
        (_, 0) if grouped(digits, '.') => evidence.comma += 1,
        _ => {}
    }
}

fn weigh_single(digits: &str, mark: char, decimal: &mut u32, unclear: &mut u32) {
    let Some((before, after)) = digits.split_once(mark) else { return };
    let thousands = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    if thousands { *unclear += 1 } else { *decimal += 1 }
}

/// 1,234,567: a first group of one to three digits, then groups of exactly three.
fn grouped(digits: &str, mark: char) -> bool {
    let mut groups = digits.split(mark);
    groups.next().is_some_and(|g| (1..=3).contains(&g.len())) && groups.all(|g| g.len() == 3)
}

/// Reads a number with the given decimal mark; thousands may be grouped by the other mark, spaces or apostrophes.
#[must_use]
pub fn parse(text: &str, mark: DecimalMark) -> Option<Decimal> {
    let text = text.trim();
    if let Some(plain) = parse_plain(text, mark) {
        return Some(plain);
    }
    let (decimal, group) = match mark {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    };
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once(decimal).unwrap_or((digits, ""));
    let whole: String = if whole.contains(group) {
        if !grouped(whole, group) {
            return None;
        }
        whole.replace(group, "")
    } else if whole.contains(is_space) {
        let even: String = whole.chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
        if !grouped(&even, ' ') {
            return None;
        }
        even.replace(' ', "")
    } else {
        whole.to_owned()
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(&whole) || !all_digits(fraction) {
        // 1E+05, as spreadsheets save large numbers.
        let exponent = mark == DecimalMark::Point && digits.contains(['e', 'E']) && digits.len() < 30;
        return exponent.then(|| Decimal::from_scientific(&format!("{sign}{digits}")).ok()).flatten();
    }
    let whole = if whole.is_empty() { "0" } else { &whole };
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    Decimal::from_str_exact(&format!("{sign}{whole}.{fraction}")).ok()
}

/// The common case, without a detour: sign, digits, one decimal mark, at most 18 digits.
fn parse_plain(text: &str, mark: DecimalMark) -> Option<Decimal> {
    let point = match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    };
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut mantissa: i64 = 0;
    let mut scale = None;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale = scale.map(|s: u32| s + 1);
            }
            b if b == point && scale.is_none() => scale = Some(0),
            _ => return None,
        }
    }
    if digits.len() == 1 && scale.is_some() {
        return None;
    }
    Some(Decimal::new(if negative { -mantissa } else { mantissa }, scale.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(values: &[&str]) -> (u32, u32, u32) {
        let mut e = NumberEvidence::default();
        values.iter().for_each(|v| weigh(v, &mut e));
        (e.point, e.comma, e.unclear)
    }

    #[test]
    fn evidence_is_counted_and_doubt_is_doubt() {
        assert_eq!(evidence(&["2.55", "0.123", "1,234.5", "1,234,567"]), (4, 0, 0));
        assert_eq!(evidence(&["2,55", "1.234,50", "1.234.567"]), (0, 3, 0));
        assert_eq!(evidence(&["1.234", "12,345"]), (0, 0, 2));
        assert_eq!(evidence(&["17", "abc", "03.04.2025", "2010-12-01"]), (0, 0, 0));
    }

    #[test]
    fn numbers_are_read_by_their_mark() {
        let point = |s| parse(s, DecimalMark::Point).map(|d| d.to_string());
        let comma = |s| parse(s, DecimalMark::Comma).map(|d| d.to_string());
        assert_eq!(point("2.55").as_deref(), Some("2.55"));
        assert_eq!(point("-9600").as_deref(), Some("-9600"));
        assert_eq!(point("1,234.5").as_deref(), Some("1234.5"));
        assert_eq!(point("\u{2212}5").map(|d| d.trim_end_matches(".0").to_owned()).as_deref(), Some("-5"));
        assert_eq!(point("1E+05").as_deref(), Some("100000"));
        assert_eq!(point("2,55"), None);
        assert_eq!(point("=1+1"), None);
        assert_eq!(point(""), None);
        assert_eq!(point("."), None);
        assert_eq!(comma("1.234,50").as_deref(), Some("1234.50"));
        assert_eq!(comma("1 234,5").as_deref(), Some("1234.5"));
        assert_eq!(comma("1.23,5"), None);
    }
}
