//! The query part of an address: read into pairs and written back, the same way in page links,
//! server functions and REST.

use crate::{AppError, error::FieldError};
use std::fmt::Write as _;

/// Name and value pairs in their order, decoded. A leading `?` is ignored; empty values are kept.
#[must_use]
pub fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// The value of a name; of several the last.
#[must_use]
pub fn last(query: &str, name: &str) -> Option<String> {
    pairs(query).into_iter().rev().find(|(of, _)| of == name).map(|(_, value)| value)
}

/// Hands each name and its value, trimmed, to `set`; empty values count as absent. What it could not read, all at once.
pub(crate) fn set_each<N: AsRef<str>, V: AsRef<str>, M: Into<String>>(
    pairs: impl IntoIterator<Item = (N, V)>,
    mut set: impl FnMut(&str, &str) -> Result<(), M>,
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref().trim());
        if value.contains('\0') {
            // No text of the database holds one.
            faults.push(FieldError::new(name, "This holds a character that no text has."));
        } else if !value.is_empty()
            && let Err(message) = set(name, value)
        {
            faults.push(FieldError::new(name, message));
        }
    }
    faults
}

/// `a=1&b=x%20y`, without a leading `?`.
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(name, &mut out);
        out.push('=');
        encode(value, &mut out);
    }
    out
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'*' => out.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The ids that are ticked in a list.
///
/// # Errors
/// A fault of `ids` when one of them is none: left out, it could leave nothing ticked, and that means all.
pub fn ticked<T: std::str::FromStr>(pairs: &[(String, String)]) -> Result<Vec<T>, AppError> {
    let ticked = pairs.iter().filter(|(name, _)| name == "ids").map(|(_, value)| value.parse());
    let wrong = |_| AppError::field("ids", "One of the selected is not known by its address; select again.");
    ticked.collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_browsers_are_read() {
        let read = pairs("?q=mug+%26+jug&status=&x&lines%5B0%5D%5Bquantity%5D=2&bad=%zz%4");
        let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            read,
            [("q", "mug & jug"), ("status", ""), ("x", ""), ("lines[0][quantity]", "2"), ("bad", "%zz%4")]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "[a-z]{1,5}", value in any::<String>()) {
            let text = write([(name.as_str(), value.as_str())]);
            prop_assert!(text.is_ascii());
            prop_assert_eq!(pairs(&text), vec![(name, value)]);
        }
    }
}
