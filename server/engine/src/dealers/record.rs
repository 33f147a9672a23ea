//! A record of any feed as a row: what everybody may see, and apart from it what is personal.

use super::{
    feed::spec,
    fields::{Field, Form, Kind, Personal, form},
    prospect::Asked,
    value::{Fault, Record, Rule, coordinates},
};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::dealers::Feed;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A record. Names are as the contract writes them; what was blank is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    pub record_key: String,
    pub business_date: Option<NaiveDate>,
    pub status_code: Option<String>,
    pub amount: Option<Decimal>,
    /// Nothing personal: texts, numbers as decimal text, `YYYY-MM-DD`, moments of UTC as RFC 3339, `HH:MM:SS`.
    pub fields: Map<String, Value>,
    /// Likewise; that of child records stands under the name of their array and their key.
    pub personal: Map<String, Value>,
    /// By which it is found.
    pub phone: Option<String>,
    /// By which it is found.
    pub national_id: Option<String>,
    /// Latitude and longitude were put right, here or in a child record.
    pub location_swapped: bool,
    pub source_created_at: Option<DateTime<Utc>>,
    pub source_modified_at: Option<DateTime<Utc>>,
    /// In order, each key of an array once.
    pub lines: Vec<Line>,
}

/// A child record; nothing personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub array_name: &'static str,
    /// Its key fields joined by `/`; its position from 1 where they are personal.
    pub line_key: String,
    pub fields: Map<String, Value>,
}

/// Fields of one level as they were read.
#[derive(Default)]
struct Fields {
    open: Map<String, Value>,
    personal: Map<String, Value>,
    swapped: bool,
}

/// Longest text of a field that is a key.
fn longest(fields: &[Field], name: &str) -> usize {
    let kind = fields.iter().find(|field| field.name == name).map(|field| field.kind);
    if let Some(Kind::Text(most)) = kind { most } else { 0 }
}

/// A value as it is kept.
fn kept(record: &Record, field: Field, asked: Asked<'_>) -> Result<Option<String>, Fault> {
    let name = field.name;
    Ok(match field.kind {
        Kind::Text(most) => record.short(name, most)?,
        Kind::Number => record.decimal(name)?.map(|number| number.to_string()),
        Kind::Date => record.date(name, asked.today)?.map(|day| day.to_string()),
        Kind::Moment => {
            let at = record.moment(name, asked.zone, asked.today)?;
            at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
        }
        Kind::Time => record.time(name)?.map(|time| time.format("%H:%M:%S").to_string()),
        Kind::Degrees => record.number(name)?.map(|degrees| degrees.to_string()),
    })
}

impl Fields {
    fn read(record: &Record, fields: &[Field], asked: Asked<'_>) -> Result<Self, Fault> {
        let mut all = Self::default();
        for field in fields {
            let Some(text) = kept(record, *field, asked)? else { continue };
            let to = if field.personal.is_some() { &mut all.personal } else { &mut all.open };
            to.insert(field.name.to_owned(), Value::String(text));
        }
        if fields.iter().any(|field| field.kind == Kind::Degrees) {
            all.put_right(record)?;
        }
        Ok(all)
    }

    fn put_right(&mut self, record: &Record) -> Result<(), Fault> {
        if let (Some(latitude), Some(longitude)) = (record.number("latitude")?, record.number("longitude")?) {
            let (latitude, longitude, swapped) = coordinates(latitude, longitude);
            self.swapped = swapped;
            self.personal.insert("latitude".to_owned(), latitude.to_string().into());
            self.personal.insert("longitude".to_owned(), longitude.to_string().into());
        }
        Ok(())
    }

    fn text(from: &Map<String, Value>, name: &str) -> Option<String> {
        from.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
    }

    /// The personal field of a record by which it is found.
    fn found_by(&self, form: &Form, one: Personal) -> Option<String> {
        let field = form.fields.iter().find(|field| field.personal == Some(one))?;
        Self::text(&self.personal, field.name)
    }
}

/// The key of the child record at `position`.
fn line_key(record: &Record, key: &[&str], fields: &[Field], position: usize) -> Result<String, Fault> {
    let parts = key.iter().map(|name| record.required(name, longest(fields, name)));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let personal = fields.iter().any(|field| field.personal.is_some() && key.contains(&field.name));
    Ok(if personal { position.to_string() } else { parts.join("/") })
}

/// The first of each key stands for the others.
fn lines(record: &Record, feed: Feed, asked: Asked<'_>, whole: &mut Fields) -> Result<Vec<Line>, Fault> {
    let mut lines: Vec<Line> = Vec::new();
    for (children, (array, fields)) in spec(feed).children.iter().zip(form(feed).children) {
        let mut personal = Map::new();
        let before = lines.len();
        for (position, child) in (1..).zip(record.children(array)?) {
            let line_key = line_key(&child, children.key, fields, position)?;
            let read = Fields::read(&child, fields, asked)?;
            if lines[before..].iter().any(|known| known.line_key == line_key) {
                continue;
            }
            whole.swapped |= read.swapped;
            if !read.personal.is_empty() {
                personal.insert(line_key.clone(), Value::Object(read.personal));
            }
            lines.push(Line { array_name: array, line_key, fields: read.open });
        }
        if !personal.is_empty() {
            whole.personal.insert((*array).to_owned(), Value::Object(personal));
        }
    }
    Ok(lines)
}

fn business_date(record: &Record, form: &Form, asked: Asked<'_>) -> Result<Option<NaiveDate>, Fault> {
    for name in form.dated_by {
        if let Some(day) = record.date(name, asked.today)? {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// Nothing where none of the amounts is filled in.
fn amount(record: &Record, form: &Form) -> Result<Option<Decimal>, Fault> {
    let mut sum: Option<Decimal> = None;
    for name in form.amounts {
        if let Some(more) = record.decimal(name)? {
            sum = Some(record.in_range(name, sum.unwrap_or_default() + more)?);
        }
    }
    Ok(sum)
}

impl FeedRecord {
    /// # Errors
    /// The first fault: key, dealer, then the fields in their order, then the child records.
    pub fn read(feed: Feed, value: &Value, asked: Asked<'_>) -> Result<Self, Fault> {
        let no_record = || Fault { rule: Rule::Type, path: String::new(), message: "This is no record." };
        let record = Record::of(value, "").ok_or_else(no_record)?;
        let (form, key) = (form(feed), spec(feed).record_key);
        let record_key = record.required(key, longest(form.fields, key))?;
        record.belongs_to(asked.dealer_id)?;
        let moment = |name: &str| record.moment(name, asked.zone, asked.today);
        let mut fields = Fields::read(&record, form.fields, asked)?;
        let phone = fields.found_by(form, Personal::Phone);
        let national_id = fields.found_by(form, Personal::NationalId);
        let (source_created_at, source_modified_at) = (moment("createdTime")?, moment("modifiedTime")?);
        let lines = lines(&record, feed, asked, &mut fields)?;
        Ok(Self {
            record_key,
            business_date: business_date(&record, form, asked)?,
            status_code: form.status.and_then(|status| Fields::text(&fields.open, status)),
            amount: amount(&record, form)?,
            fields: fields.open,
            personal: fields.personal,
            phone,
            national_id,
            location_swapped: fields.swapped,
            source_created_at,
            source_modified_at,
            lines,
        })
    }
}

#[cfg(test)]
mod tests;
