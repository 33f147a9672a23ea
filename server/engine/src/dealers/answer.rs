//! An answer of a main dealer, read as a stream: judged first, then record by record.

use super::value::Record;
use domain::dealers::ErrorClass;
use serde::{
    Deserialize as _,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::{cell::Cell, fmt, io::Read};

/// Records in which the key is looked for before an answer is believed.
const LOOKED_AT: u64 = 500;

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// So many records.
    Records(u64),
    /// Status 0, with what it says.
    Refused { class: ErrorClass, message: String },
    /// More than half of the first records have no key.
    Changed,
    /// It is no JSON, or not that of the contract.
    Bad,
}

/// Takes one record after the other; an error ends the reading.
type Sink<'a> = &'a mut dyn FnMut(&RawValue) -> Result<(), Stopped>;

/// The sink wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

#[derive(Default)]
struct Envelope {
    status: Option<i64>,
    message: String,
    has_array: bool,
}

struct Whole<'a>(Sink<'a>);
struct Data<'a>(Sink<'a>);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with status, message and data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.to_lowercase().as_str() {
                "status" => envelope.status = number(&map.next_value()?),
                "message" => envelope.message = words(&map.next_value()?),
                "data" => envelope.has_array = map.next_value_seed(Data(&mut *self.0))?,
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(envelope)
    }
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or null")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(record) = seq.next_element::<Box<RawValue>>()? {
            (self.0)(&record).map_err(|Stopped| A::Error::custom("stopped"))?;
        }
        Ok(true)
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// All text of a message, which may be an object of lists under the names of what they are about.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) => joined(values.iter()),
        Value::Object(fields) => {
            let named = |(name, value): (&String, &Value)| match words(value) {
                text if text.is_empty() => name.clone(),
                text => format!("{name}: {text}"),
            };
            fields.iter().map(named).collect::<Vec<_>>().join("; ")
        }
        Value::Null => String::new(),
        plain => plain.to_string(),
    }
}

fn joined<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    values.map(words).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

fn read(from: impl Read, sink: Sink<'_>) -> serde_json::Result<Envelope> {
    let mut json = serde_json::Deserializer::from_reader(from);
    let envelope = (&mut json).deserialize_map(Whole(sink))?;
    json.end()?;
    Ok(envelope)
}

/// Reads the whole answer once; `key` is the name of the record key.
#[must_use]
pub fn judge(from: impl Read, key: &str) -> Judged {
    let (seen, keyless) = (Cell::new(0_u64), Cell::new(0_u64));
    let envelope = read(from, &mut |raw| {
        if seen.get() < LOOKED_AT {
            let record = Value::deserialize(raw).ok().and_then(|value| Record::of(&value, ""));
            let has_key = record.is_some_and(|record| matches!(record.text(key), Ok(Some(_))));
            keyless.set(keyless.get() + u64::from(!has_key));
        }
        seen.set(seen.get() + 1);
        Ok(())
    });
    match envelope {
        Ok(Envelope { status: Some(1), has_array: true, .. }) if keyless.get() * 2 > seen.get().min(LOOKED_AT) => {
            Judged::Changed
        }
        Ok(Envelope { status: Some(1), has_array: true, .. }) => Judged::Records(seen.get()),
        Ok(Envelope { status: Some(0), message, .. }) => Judged::Refused { class: refusal(&message), message },
        _ => Judged::Bad,
    }
}

/// Reads an answer that was judged to have records once more.
///
/// # Errors
/// When the sink has stopped it, or the answer is another than before.
pub fn each(from: impl Read, mut sink: impl FnMut(&RawValue) -> Result<(), Stopped>) -> Result<(), Stopped> {
    read(from, &mut sink).map(drop).map_err(|_| Stopped)
}

/// What a refusal is about, by its words.
#[must_use]
pub fn refusal(message: &str) -> ErrorClass {
    let lower = message.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    if has(&["limit", "quota"]) {
        return ErrorClass::QuotaExhausted;
    }
    // "Request time is out of range" is about the time, whatever the range.
    if has(&["key", "token", "clock", "unauthorized", "expired", "apikey"]) || lower.contains("request time") {
        return ErrorClass::Auth;
    }
    if has(&["fromtime", "totime", "range", "filter", "parameter", "dealerid", "days"]) {
        return ErrorClass::InvalidRequest;
    }
    if has(&["time"]) {
        return ErrorClass::Auth;
    }
    ErrorClass::ServerError
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Judged {
        judge(text.as_bytes(), "idProspect")
    }

    #[test]
    fn answers_are_told_apart_wherever_their_status_stands() {
        assert_eq!(judged(r#"{"status":1,"message":null,"data":[]}"#), Judged::Records(0));
        assert_eq!(judged(r#"{"data":[{"IDPROSPECT":"1"}],"message":"ok","Status":"1"}"#), Judged::Records(1));
        let refused = |text: &str| match judged(text) {
            Judged::Refused { class, message } => (class.as_str(), message),
            other => panic!("{other:?}"),
        };
        let text = r#"{"status":0,"message":"Invalid API token","data":null}"#;
        assert_eq!(refused(text), ("auth", "Invalid API token".to_owned()));
        let object = r#"{"status":0,"message":{"fromTime":["fromTime is out of range"]},"data":null}"#;
        assert_eq!(refused(object), ("invalid_request", "fromTime: fromTime is out of range".to_owned()));
    }

    #[test]
    fn what_is_not_of_the_contract_is_never_taken_for_an_empty_answer() {
        for bad in [
            "",
            "<html>",
            "[]",
            r#"{"status":1,"data":null}"#,
            r#"{"status":1,"data":{}}"#,
            r#"{"data":[]}"#,
            r#"{"status":1,"data":[{"idProspect":"1"}"#,
            r#"{"status":1,"data":[]} trailing"#,
        ] {
            assert_eq!(judged(bad), Judged::Bad, "{bad}");
        }
    }

    #[test]
    fn an_answer_most_of_whose_records_have_no_key_is_another_contract() {
        let of = |keyed: usize, keyless: usize| {
            let records = vec![r#"{"idProspect":"1"}"#; keyed].into_iter().chain(vec![r#"{"id":"1"}"#; keyless]);
            judged(&format!(r#"{{"status":1,"data":[{}]}}"#, records.collect::<Vec<_>>().join(",")))
        };
        assert_eq!(of(2, 2), Judged::Records(4));
        assert_eq!(of(2, 3), Judged::Changed);
    }

    #[test]
    fn refusals_are_told_apart_by_their_words() {
        for (message, class) in [
            ("Daily limit reached", "quota_exhausted"),
            ("Request time is not valid", "auth"),
            ("Unknown API key", "auth"),
            ("Request time is out of range", "auth"),
            ("API token expired, out of range", "auth"),
            ("fromTime: is not valid", "invalid_request"),
            ("dgi-api-token: is not valid", "auth"),
            ("fromTime must not be older than 30 days", "invalid_request"),
            ("Server timeout", "server_error"),
            ("", "server_error"),
        ] {
            assert_eq!(refusal(message).as_str(), class, "{message}");
        }
    }

    #[test]
    fn records_come_one_by_one_and_the_reading_can_be_ended() {
        let text = r#"{"status":1,"data":[{"a":1},{"a":2},{"a":3}]}"#;
        let mut seen = Vec::new();
        let all = each(text.as_bytes(), |raw| {
            seen.push(raw.get().to_owned());
            Ok(())
        });
        assert_eq!(all, Ok(()));
        assert_eq!(seen, [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
        let mut left = 2;
        let stopped = each(text.as_bytes(), |_| {
            left -= 1;
            if left == 0 { Err(Stopped) } else { Ok(()) }
        });
        assert_eq!((stopped, left), (Err(Stopped), 0));
    }
}
