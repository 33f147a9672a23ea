//! What lists and records show in the place of personal data.

/// Name of somebody who was erased.
pub const ERASED: &str = "Erased customer";

/// `a***@example.com`.
#[must_use]
pub fn masked_email(email: &str) -> String {
    let (name, host) = email.split_once('@').unwrap_or((email, ""));
    let first = name.chars().next().map(String::from).unwrap_or_default();
    format!("{first}***@{host}")
}

/// A number as typed in E.164: `+` and 7 to 15 digits. Spaces, dashes, dots and brackets are left out, `00` is `+`.
/// `None`: it has no country code, or is no number.
#[must_use]
pub fn e164(typed: &str) -> Option<String> {
    let bare: String = typed.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/')).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"))?;
    let fine =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    fine.then(|| format!("+{digits}"))
}

/// `+44•••••1234`: country code and last four digits of a number in E.164.
#[must_use]
pub fn masked_phone(e164: &str) -> String {
    let digits = e164.trim_start_matches('+');
    let code = digits.get(..country_digits(digits)).unwrap_or_default();
    let last = digits.len().checked_sub(4).and_then(|at| digits.get(at..)).unwrap_or_default();
    format!("+{code}•••••{last}")
}

/// Length of the country code (ITU-T E.164, list of assigned codes).
fn country_digits(digits: &str) -> usize {
    let two = digits.get(..2).and_then(|d| d.parse::<u8>().ok()).unwrap_or_default();
    match two {
        10..=19 | 70..=79 => 1,
        20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(e164("+44 7700 901-234").as_deref(), Some("+447700901234"));
        assert_eq!(e164("0044 (7700) 901.234").as_deref(), Some("+447700901234"));
        for wrong in ["07700 901234", "+44", "+44x7700901234", "+0447700901234", "+1234567890123456", ""] {
            assert_eq!(e164(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_mask_keeps_country_and_end() {
        assert_eq!(masked_phone("+447700901234"), "+44•••••1234");
        assert_eq!(masked_phone("+12025550123"), "+1•••••0123");
        assert_eq!(masked_phone("+358401234567"), "+358•••••4567");
        assert_eq!(masked_phone("+916204821"), "+91•••••4821");
        assert_eq!(masked_email("aarav@example.com"), "a***@example.com");
    }
}
