//! Values as main dealers write them: names in any case, numbers and flags as text, days before months.

use super::window;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Digits behind the point of an amount.
const DIGITS: u32 = 4;
/// The least number that `numeric(18,4)` does not hold.
const ABOVE_ALL: i64 = 100_000_000_000_000;

/// Why a record is kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Required,
    Type,
    Length,
    Range,
    ForeignDealer,
}

impl Rule {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Type => "type",
            Self::Length => "length",
            Self::Range => "range",
            Self::ForeignDealer => "foreign_dealer",
        }
    }
}

/// A field that keeps its record back. The message never holds the value: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub rule: Rule,
    pub path: String,
    pub message: &'static str,
}

/// A record by its names in lower case.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    fields: BTreeMap<String, Value>,
    /// Before its names in a path: `unit[1].`.
    of: String,
}

impl Record {
    /// `None`: it is no object.
    #[must_use]
    pub fn of(value: &Value, of: &str) -> Option<Self> {
        let fields = value.as_object()?.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        Some(Self { fields, of: of.to_owned() })
    }

    fn fault(&self, name: &str, rule: Rule, message: &'static str) -> Fault {
        Fault { rule, path: format!("{}{name}", self.of), message }
    }

    /// `None`: it is missing, null or blank.
    ///
    /// # Errors
    /// When it is no text, number or flag.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        let text = match self.fields.get(&name.to_lowercase()) {
            None | Some(Value::Null) => return Ok(None),
            // Postgres holds no text with a zero character.
            Some(Value::String(text)) if !text.contains('\0') => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(_) => return Err(self.fault(name, Rule::Type, "This is no text.")),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// # Errors
    /// When it is no text or longer than `most` characters.
    pub fn short(&self, name: &str, most: usize) -> Result<Option<String>, Fault> {
        match self.text(name)? {
            Some(text) if text.chars().count() > most => Err(self.fault(name, Rule::Length, "This text is too long.")),
            text => Ok(text),
        }
    }

    /// # Errors
    /// When it is missing, no text or too long.
    pub fn required(&self, name: &str, most: usize) -> Result<String, Fault> {
        self.short(name, most)?.ok_or_else(|| self.fault(name, Rule::Required, "This field is missing."))
    }

    /// # Errors
    /// When the record belongs to another dealer, or does not say to whom.
    pub fn belongs_to(&self, dealer_id: &str) -> Result<(), Fault> {
        if self.required("dealerId", 10)? == dealer_id {
            return Ok(());
        }
        Err(self.fault("dealerId", Rule::ForeignDealer, "This record is another dealer's."))
    }

    /// A calendar day between 2000 and a year after `today`.
    ///
    /// # Errors
    /// When it is no day, or one beyond these.
    pub fn date(&self, name: &str, today: NaiveDate) -> Result<Option<NaiveDate>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let day = text.split_whitespace().next().and_then(|day| NaiveDate::parse_from_str(day, "%d/%m/%Y").ok());
        let day = day.ok_or_else(|| self.fault(name, Rule::Type, "This is no day as DD/MM/YYYY."))?;
        self.sane(name, day, today).map(Some)
    }

    fn sane(&self, name: &str, day: NaiveDate, today: NaiveDate) -> Result<NaiveDate, Fault> {
        let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(NaiveDate::MIN);
        let last = today.checked_add_months(chrono::Months::new(12)).unwrap_or(NaiveDate::MAX);
        if (first..=last).contains(&day) {
            return Ok(day);
        }
        Err(self.fault(name, Rule::Range, "This day lies before 2000 or more than a year ahead."))
    }

    /// A moment of the main dealer's wall clock; midnight where no time is given.
    ///
    /// # Errors
    /// When it is no moment, or one beyond the days that may be.
    pub fn moment(&self, name: &str, zone: Tz, today: NaiveDate) -> Result<Option<DateTime<Utc>>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let midnight = || NaiveDate::parse_from_str(&text, "%d/%m/%Y").ok().map(|day| day.and_time(NaiveTime::MIN));
        let at = NaiveDateTime::parse_from_str(&text, "%d/%m/%Y %H:%M:%S").ok().or_else(midnight);
        let at = at.ok_or_else(|| self.fault(name, Rule::Type, "This is no moment as DD/MM/YYYY HH:MM:SS."))?;
        self.sane(name, at.date(), today)?;
        Ok(Some(window::local(at, zone)))
    }

    /// # Errors
    /// When it is no time of a day.
    pub fn time(&self, name: &str) -> Result<Option<NaiveTime>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let time = ["%H:%M:%S", "%H:%M"].into_iter().find_map(|form| NaiveTime::parse_from_str(&text, form).ok());
        time.map(Some).ok_or_else(|| self.fault(name, Rule::Type, "This is no time as HH:MM."))
    }

    /// A number, also as text and with a decimal comma.
    ///
    /// # Errors
    /// When it is no number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number: Option<f64> = text.replace(',', ".").parse().ok().filter(|n: &f64| n.is_finite());
        number.map(Some).ok_or_else(|| self.fault(name, Rule::Type, "This is no number."))
    }

    /// A number of `numeric(18,4)`, also as text and with a decimal comma; further digits are rounded.
    ///
    /// # Errors
    /// When it is no number, or one beyond that range.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let text = text.replace(',', ".");
        let is_number = !text.contains('_') && text.parse().is_ok_and(f64::is_finite);
        if !is_number {
            return Err(self.fault(name, Rule::Type, "This is no number."));
        }
        let number = text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap_or(Decimal::MAX);
        self.in_range(name, number).map(Some)
    }

    /// The number in four digits behind the point and no more zeros than it needs.
    ///
    /// # Errors
    /// When `numeric(18,4)` does not hold it.
    pub fn in_range(&self, name: &str, number: Decimal) -> Result<Decimal, Fault> {
        let number = number.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointAwayFromZero).normalize();
        if number.abs() < Decimal::from(ABOVE_ALL) {
            return Ok(number);
        }
        Err(self.fault(name, Rule::Range, "This number is too large."))
    }

    /// `1`, `yes` and `true`, or `0`, `no` and `false`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.text(name)?.map(|text| text.to_lowercase()).as_deref() {
            None => Ok(None),
            Some("1" | "yes" | "y" | "true") => Ok(Some(true)),
            Some("0" | "no" | "n" | "false") => Ok(Some(false)),
            Some(_) => Err(self.fault(name, Rule::Type, "This is neither yes nor no.")),
        }
    }

    /// Child records; none where the array is missing or null.
    ///
    /// # Errors
    /// When it is no array of objects.
    pub fn children(&self, array: &str) -> Result<Vec<Self>, Fault> {
        let children = match self.fields.get(&array.to_lowercase()) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(children)) => children,
            Some(_) => return Err(self.fault(array, Rule::Type, "This is no list.")),
        };
        let child = |(i, child)| {
            let of = format!("{}{array}[{i}]", self.of);
            let fault = Fault { rule: Rule::Type, path: of.clone(), message: "This is no record." };
            Self::of(child, &format!("{of}.")).ok_or(fault)
        };
        children.iter().enumerate().map(child).collect()
    }
}

/// Latitude and longitude of a place in Indonesia, put right where they were swapped; the flag says so.
#[must_use]
pub fn coordinates(latitude: f64, longitude: f64) -> (f64, f64, bool) {
    let indonesian = |latitude: f64| (-11.0..=6.0).contains(&latitude);
    if !indonesian(latitude) && indonesian(longitude) {
        (longitude, latitude, true)
    } else {
        (latitude, longitude, false)
    }
}

/// SHA-256 over names in lower case and in order: equal records have one, however they are written.
#[must_use]
pub fn content_hash(record: &Value) -> [u8; 32] {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(fields) => {
                let ordered: BTreeMap<String, &Value> = fields.iter().map(|(k, v)| (k.to_lowercase(), v)).collect();
                out.push('{');
                for (name, value) in ordered {
                    out.push_str(&Value::String(name).to_string());
                    out.push(':');
                    write(value, out);
                    out.push(',');
                }
                out.push('}');
            }
            Value::Array(values) => {
                out.push('[');
                for value in values {
                    write(value, out);
                    out.push(',');
                }
                out.push(']');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }
    let mut text = String::new();
    write(record, &mut text);
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Jakarta;
    use serde_json::json;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_read_as_main_dealers_write_them() {
        let record = Record::of(
            &json!({"TANGGAL": "05/11/2026", "at": "20/11/2026 00:30:00", "n": "12", "comma": "-6,2", "bad": "x",
                "old": "01/01/1999", "flag": "No", "list": [1], "none": "  ", "t": "09:30"}),
            "",
        )
        .unwrap();
        let today = day("2026-11-20");
        assert_eq!(record.date("Tanggal", today), Ok(Some(day("2026-11-05"))));
        let half_past = record.moment("at", Jakarta, today).unwrap().unwrap();
        assert_eq!(half_past.to_rfc3339(), "2026-11-19T17:30:00+00:00");
        assert_eq!(record.number("n"), Ok(Some(12.0)));
        assert_eq!(record.number("comma"), Ok(Some(-6.2)));
        assert_eq!(record.number("bad").unwrap_err().rule, Rule::Type);
        assert_eq!(record.date("bad", today).unwrap_err().rule, Rule::Type);
        assert_eq!(record.date("old", today).unwrap_err().rule, Rule::Range);
        assert_eq!(record.flag("flag"), Ok(Some(false)));
        assert_eq!(record.text("list").unwrap_err().rule, Rule::Type);
        assert_eq!(record.text("none"), Ok(None));
        assert_eq!(record.time("t"), Ok(NaiveTime::from_hms_opt(9, 30, 0)));
        assert_eq!(record.children("list").unwrap_err().path, "list[0]");
    }

    #[test]
    fn swapped_coordinates_are_put_right_and_others_left() {
        assert_eq!(coordinates(106.8, -6.2), (-6.2, 106.8, true));
        assert_eq!(coordinates(-6.2, 106.8), (-6.2, 106.8, false));
        assert_eq!(coordinates(52.5, 13.4), (52.5, 13.4, false));
    }

    #[test]
    fn the_hash_of_a_record_does_not_know_case_or_order() {
        let one = content_hash(&json!({"a": 1, "B": [{"x": "y"}]}));
        assert_eq!(one, content_hash(&json!({"b": [{"X": "y"}], "A": 1})));
        assert_ne!(one, content_hash(&json!({"a": 1, "b": [{"x": "z"}]})));
    }
}
