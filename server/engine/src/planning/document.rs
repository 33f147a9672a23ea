//! A document as it is written, row by row: every field of the format is known, of its type and within its own
//! bounds. What rows say together is [`crate::planning::input`].

pub mod json_schema;
pub mod schema;

use super::{
    fault::Fault,
    tree::{Malformed, Tree, read},
};
use domain::ingest::edit_distance;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use schema::{Field, Kind, NEEDED, OPTIONS, PENALTIES, SECTIONS, Section, TOP};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

pub const FORMAT: &str = "millrace-plan/1";
/// The product of a document that names none.
pub const ONLY_PRODUCT: &str = "P";
/// No number of a document is larger.
pub(super) const LARGEST: i64 = 1_000_000_000_000;

/// Fields of one object, in the order in which they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(Vec<(Cow<'static, str>, Tree)>);

impl Row {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tree> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Tree::text)
    }

    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: Tree) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Name and value, in the order in which they stand.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree::Map(self.0.iter().map(|(name, value)| (name.clone().into_owned(), value.clone())).collect())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub top: Row,
    /// One list a section of [`SECTIONS`].
    sections: Vec<Vec<Row>>,
    pub penalties: Row,
    pub options: Row,
}

impl Document {
    /// Reads a text; the faults are those of single fields.
    ///
    /// # Errors
    /// The text is no JSON object.
    pub fn parse(text: &str) -> Result<(Self, Vec<Fault>), Malformed> {
        Ok(Self::of(&read(text)?))
    }

    /// Reads a tree; the faults are those of single fields.
    #[must_use]
    pub fn of(tree: &Tree) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut sections = vec![Vec::new(); SECTIONS.len()];
        let (mut penalties, mut options) = (Row::default(), Row::default());
        let mut top = Vec::new();
        let Tree::Map(entries) = tree else {
            faults.push(Fault::new("E01", "", format!("The document is {}, not an object.", tree.kind())));
            return (Self { top: Row::default(), sections, penalties, options }, faults);
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in entries {
            if seen.contains(&name.as_str()) {
                faults.push(Fault::new("E05", name.as_str(), format!("{name} stands twice.")));
                continue;
            }
            seen.push(name);
            if let Some(place) = SECTIONS.iter().position(|section| section.name == name) {
                sections[place] = section_rows(&SECTIONS[place], value, &mut faults);
            } else if name == "penalties" {
                penalties = object(PENALTIES, name, value, &mut faults);
            } else if name == "options" {
                options = object(OPTIONS, name, value, &mut faults);
            } else {
                top.push((name.clone(), value.clone()));
            }
        }
        let names = SECTIONS.iter().map(|section| section.name).chain(["penalties", "options"]);
        let top = row_with(TOP, "", &top, &names.collect::<Vec<_>>(), &mut faults);
        for name in NEEDED {
            if !seen.contains(name) {
                faults.push(Fault::new("E02", *name, format!("The section {name} is missing.")));
            }
        }
        match top.text("format") {
            Some(FORMAT) | None => {}
            Some(other) => {
                faults.push(Fault::new(
                    "E01",
                    "format",
                    format!("The format is \"{other}\"; it must be \"{FORMAT}\"."),
                ));
            }
        }
        if let Some(currency) =
            top.text("currency").filter(|c| c.len() != 3 || !c.bytes().all(|b| b.is_ascii_uppercase()))
        {
            faults.push(Fault::new("E03", "currency", format!("\"{currency}\" is no ISO 4217 code.")));
        }
        let solver = options.text("solver").unwrap_or("highs");
        if !schema::SOLVERS.iter().any(|known| known.eq_ignore_ascii_case(solver)) {
            let message = format!("There is no solver \"{solver}\"; known names are {}.", schema::SOLVERS.join(", "));
            faults.push(Fault::new("E03", "options.solver", message));
        }
        (Self { top, sections, penalties, options }, faults)
    }

    /// The rows of a section; none for a name that is no section's.
    #[must_use]
    pub fn rows(&self, section: &str) -> &[Row] {
        SECTIONS.iter().position(|one| one.name == section).map_or(&[], |place| &self.sections[place])
    }

    pub fn rows_mut(&mut self, section: &str) -> Option<&mut Vec<Row>> {
        SECTIONS.iter().position(|one| one.name == section).map(|place| &mut self.sections[place])
    }

    #[must_use]
    pub fn tree(&self) -> Tree {
        let mut entries: Vec<_> = match self.top.tree() {
            Tree::Map(entries) => entries,
            _ => Vec::new(),
        };
        for (section, rows) in SECTIONS.iter().zip(&self.sections) {
            if !rows.is_empty() || NEEDED.contains(&section.name) {
                entries.push((section.name.to_owned(), Tree::List(rows.iter().map(Row::tree).collect())));
            }
        }
        for (name, row) in [("penalties", &self.penalties), ("options", &self.options)] {
            if !row.0.is_empty() {
                entries.push((name.to_owned(), row.tree()));
            }
        }
        Tree::Map(entries)
    }

    /// Equal content, equal hash: of the canonical JSON.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(self.tree().canonical()))
    }
}

#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The nearest double of an exact number.
#[must_use]
pub fn double(value: Decimal) -> f64 {
    // `to_f64` of a number with many digits is not always the nearest.
    value.to_string().parse().unwrap_or_else(|_| value.to_f64().unwrap_or_default())
}

fn section_rows(section: &Section, value: &Tree, faults: &mut Vec<Fault>) -> Vec<Row> {
    let Tree::List(items) = value else {
        faults.push(Fault::new("E03", section.name, format!("{} is {}, not a list.", section.name, value.kind())));
        return Vec::new();
    };
    let rows = items.iter().enumerate();
    rows.map(|(i, item)| object(section.fields, &format!("{}[{i}]", section.name), item, faults)).collect()
}

fn object(fields: &'static [Field], path: &str, value: &Tree, faults: &mut Vec<Fault>) -> Row {
    if let Tree::Map(entries) = value {
        return row_with(fields, path, entries, &[], faults);
    }
    faults.push(Fault::new("E03", path, format!("{path} is {}, not an object.", value.kind())));
    Row::default()
}

/// One row by itself: the paths of its faults begin at the row; `others` are names that mean something elsewhere.
pub(super) fn row_of(
    fields: &'static [Field],
    entries: &[(String, Tree)],
    others: &[&str],
    faults: &mut Vec<Fault>,
) -> Row {
    row_with(fields, "", entries, others, faults)
}

fn row_with(
    fields: &'static [Field],
    path: &str,
    entries: &[(String, Tree)],
    others: &[&str],
    faults: &mut Vec<Fault>,
) -> Row {
    let mut row = Row::default();
    for (name, value) in entries {
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if row.get(name).is_some() {
            faults.push(Fault::new("E05", at, format!("{name} stands twice.")));
            continue;
        }
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            if name.starts_with("x_") {
                row.0.push((Cow::Owned(name.clone()), value.clone()));
            } else {
                faults.push(unknown(fields, others, name, at));
            }
            continue;
        };
        if let Some(value) = normal(field, &at, value, faults) {
            row.0.push((Cow::Borrowed(field.name), value));
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if !entries.iter().any(|(name, _)| name == field.name) {
            let at = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            faults.push(Fault::new("E02", at, format!("{} is missing.", field.name)));
        }
    }
    row
}

pub(super) fn unknown(fields: &[Field], others: &[&str], name: &str, path: String) -> Fault {
    let known = fields.iter().map(|field| field.name).chain(others.iter().copied());
    let meant = nearest(name, known).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
    Fault::new("E16", path, format!("There is no field \"{name}\".{meant}"))
}

/// The name that differs least, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let longest = word.len().div_ceil(3).max(2);
    known.map(|one| (edit_distance(word, one), one)).min().filter(|(away, _)| *away <= longest).map(|(_, one)| one)
}

/// The value as it is kept, or nothing with the fault told.
fn normal(field: &Field, path: &str, value: &Tree, faults: &mut Vec<Fault>) -> Option<Tree> {
    if *value == Tree::Null && field.null {
        return Some(Tree::Null);
    }
    let name = field.name;
    let mut fault = |code, message: String| {
        faults.push(Fault::new(code, path, message));
        None
    };
    match field.kind {
        Kind::Id => match id(value) {
            Some(text) => Some(Tree::Text(text)),
            None => fault("E03", format!("{name} must be an id: 1 to 40 letters, digits, _, ., -.")),
        },
        Kind::Mode => match mode(value) {
            Some(text) => Some(Tree::Text(text)),
            None => fault("E03", format!("{name} must be a mode of at most 20 letters, digits, _, ., -.")),
        },
        Kind::Ids => {
            let read = if name == "mode" { mode } else { id };
            let ids: Option<Vec<_>> = match value {
                Tree::List(items) => items.iter().map(|item| read(item).map(Tree::Text)).collect(),
                one => read(one).map(|text| vec![Tree::Text(text)]),
            };
            match ids {
                Some(ids) if matches!(value, Tree::List(_)) => Some(Tree::List(ids)),
                Some(ids) => ids.into_iter().next(),
                None => fault("E03", format!("{name} must be an id or a list of ids.")),
            }
        }
        Kind::Text => match value {
            Tree::Text(_) => Some(value.clone()),
            other => fault("E03", format!("{name} is {}, not a text.", other.kind())),
        },
        Kind::Date => match value.text().filter(|text| text.parse::<chrono::NaiveDate>().is_ok()) {
            Some(_) => Some(value.clone()),
            None => fault("E03", format!("{name} must be a date such as 2026-04-01.")),
        },
        Kind::Bool => match value {
            Tree::Bool(_) => Some(value.clone()),
            other => fault("E03", format!("{name} is {}, not true or false.", other.kind())),
        },
        Kind::OneOf(known) => match value.text().filter(|text| known.contains(text)) {
            Some(_) => Some(value.clone()),
            None => fault("E03", format!("{name} must be one of {}.", known.join(", "))),
        },
        Kind::Rows(fields) => match value {
            Tree::List(items) => {
                let rows = items.iter().enumerate();
                Some(Tree::List(
                    rows.map(|(i, item)| object(fields, &format!("{path}[{i}]"), item, faults).tree()).collect(),
                ))
            }
            other => fault("E03", format!("{name} is {}, not a list.", other.kind())),
        },
        Kind::Object(fields) => Some(object(fields, path, value, faults).tree()),
        _ => match amount(field, value) {
            Ok(number) => Some(Tree::Number(number)),
            Err((code, message)) => fault(code, message),
        },
    }
}

fn amount(field: &Field, value: &Tree) -> Result<Decimal, (&'static str, String)> {
    let name = field.name;
    let number = match value {
        Tree::Number(number) => *number,
        Tree::Wide(text) => return Err(("E03", format!("{name} is {text}, more than can be kept exactly."))),
        other => return Err(("E03", format!("{name} is {}, not a number.", other.kind()))),
    };
    if number.abs() > Decimal::from(LARGEST) {
        return Err(("E03", format!("{name} is {number}, above 1e12.")));
    }
    match field.kind {
        Kind::Least0 if number < Decimal::ZERO => Err(("E06", format!("{name} is {number}, below 0."))),
        Kind::Positive if number <= Decimal::ZERO => Err(("E06", format!("{name} is {number}; it must be above 0."))),
        Kind::Whole | Kind::WholeTo(_) if number < Decimal::ZERO => {
            Err(("E06", format!("{name} is {number}, below 0.")))
        }
        Kind::Whole | Kind::WholeTo(_) if !number.fract().is_zero() => {
            Err(("E03", format!("{name} is {number}, not a whole number.")))
        }
        Kind::WholeTo(most) if number > Decimal::from(most) => {
            Err(("E03", format!("{name} is {number}, above {most}.")))
        }
        Kind::Share if number < Decimal::ZERO || number > Decimal::ONE => {
            Err(("E09", format!("{name} is {number}, outside 0 to 1.")))
        }
        Kind::Within(low, high) if double(number) < low || double(number) > high => {
            Err(("E03", format!("{name} is {number}, outside {low} to {high}.")))
        }
        _ => Ok(number),
    }
}

fn id(value: &Tree) -> Option<String> {
    let text = match value {
        Tree::Text(text) => text.clone(),
        Tree::Number(number) if number.fract().is_zero() => number.normalize().to_string(),
        _ => return None,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    ((1..=40).contains(&text.len()) && text.bytes().all(fits)).then_some(text)
}

/// A means of transport by its own name: lorries go by road, trains by rail, ships by sea.
fn mode(value: &Tree) -> Option<String> {
    let text = id(value).filter(|text| text.len() <= 20)?;
    Some(match text.to_ascii_lowercase().as_str() {
        "truck" | "lorry" => "road".to_owned(),
        "train" | "railway" => "rail".to_owned(),
        "ship" => "sea".to_owned(),
        known if schema::MODES.contains(&known) => known.to_owned(),
        _ => text,
    })
}
