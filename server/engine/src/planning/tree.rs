//! JSON as it was written: numbers keep every digit, objects keep their order.

use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// A document may be this large (`planning.md` 3.1).
pub const MOST_BYTES: usize = 64 << 20;
/// Deeper nesting holds no plan.
const MOST_DEPTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(Decimal),
    /// A number no `Decimal` holds exactly, as written.
    Wide(String),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// The text is no JSON, or too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// From 1; 0 when the fault has no place.
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl Malformed {
    fn nowhere(message: &str) -> Self {
        Self { line: 0, column: 0, message: message.to_owned() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.message);
        }
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        Self { line: error.line(), column: error.column(), message }
    }
}

/// Reads a text.
///
/// # Errors
/// Where and why it is no JSON; more than 64 MiB; nested too deep.
pub fn read(text: &str) -> Result<Tree, Malformed> {
    if text.len() > MOST_BYTES {
        return Err(Malformed::nowhere("the document is larger than 64 MiB"));
    }
    let text = text.trim_start_matches('\u{feff}');
    branch(serde_json::from_str::<&RawValue>(text)?, MOST_DEPTH)
}

fn branch(raw: &RawValue, depth: usize) -> Result<Tree, Malformed> {
    let text = raw.get();
    let below = || depth.checked_sub(1).ok_or_else(|| Malformed::nowhere("the document is nested too deep"));
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(text)?;
            let below = below()?;
            let read = |(key, raw)| Ok::<_, Malformed>((key, branch(raw, below)?));
            Tree::Map(entries.into_iter().map(read).collect::<Result<_, _>>()?)
        }
        Some(b'[') => {
            let Items(items) = serde_json::from_str(text)?;
            let below = below()?;
            Tree::List(items.into_iter().map(|raw| branch(raw, below)).collect::<Result<_, Malformed>>()?)
        }
        Some(b'"') => Tree::Text(serde_json::from_str(text)?),
        Some(b't') => Tree::Bool(true),
        Some(b'f') => Tree::Bool(false),
        Some(b'n') | None => Tree::Null,
        Some(_) => number(text),
    })
}

/// Exact, or as text.
pub(super) fn number(text: &str) -> Tree {
    let exact = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok().filter(|value| {
            // A mantissa cut short is not what was written.
            let digits = |text: &str| {
                let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
                mantissa.chars().filter(char::is_ascii_digit).collect::<String>().trim_matches('0').to_owned()
            };
            digits(text) == digits(&value.normalize().to_string())
        })
    } else {
        Decimal::from_str_exact(text).ok()
    };
    exact.map_or_else(|| Tree::Wide(text.to_owned()), Tree::Number)
}

impl Tree {
    /// Of a map: the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    #[must_use]
    pub const fn number(&self) -> Option<Decimal> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    #[must_use]
    pub fn list(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// What stands there, for a message.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) | Self::Wide(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// Canonical JSON: keys in byte order, no spaces, numbers without needless digits.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => {
                // A `String` takes everything.
                let _ = write!(out, "{}", value.normalize());
            }
            Self::Wide(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                out.push('{');
                for (i, (key, value)) in sorted.into_iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// An object's entries, unread.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A list's items, unread.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_were_written() {
        for (text, canonical) in [
            ("0.12599999999999997", "0.12599999999999997"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            ("7", "7"),
        ] {
            assert_eq!(read(text).unwrap().canonical(), canonical, "{text}");
        }
        assert_eq!(read("1e400").unwrap(), Tree::Wide("1e400".to_owned()));
        let long = "0.12345678901234567890123456789012345";
        assert_eq!(read(long).unwrap(), Tree::Wide(long.to_owned()));
    }

    #[test]
    fn bad_json_is_told_with_line_and_column() {
        let fault = read("{\"a\": 1,\n \"b\": }").unwrap_err();
        assert_eq!((fault.line, fault.column), (2, 7));
        assert!(read(&"[".repeat(500)).is_err());
        let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
        assert_eq!(read(&deep).unwrap_err().message, "the document is nested too deep");
    }

    #[test]
    fn the_order_of_keys_does_not_change_canonical_json() {
        let one = read(r#"{"b":[1.0,true,null],"a":"\u00fc\n"}"#).unwrap();
        let two = read("{ \"a\" : \"ü\\n\", \"b\":[1, true, null] }").unwrap();
        assert_eq!(one.canonical(), two.canonical());
        assert_eq!(one.canonical(), "{\"a\":\"ü\\n\",\"b\":[1,true,null]}");
    }
}
