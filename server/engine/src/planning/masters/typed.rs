//! Rows as a person types them: a text a field. Blank is absent and `null` says "no limit", as in a cell of a workbook;
//! rows inside a row stand as `clinker, 0.65; slag, 0.3`.

use super::fields;
use crate::planning::{
    document::{
        Row,
        schema::{Field, Kind, OPTIONS, PENALTIES, Section, TOP},
    },
    tree::Tree,
    workbook::cell::{Cell, cell, value},
};
use domain::{
    ingest::DecimalMark,
    planning::{FieldInput, SectionField},
};
use std::collections::BTreeMap;

/// What a form asks for, in the order of the format.
#[must_use]
pub fn inputs(section: &Section) -> Vec<SectionField> {
    let of = |field: &'static Field| SectionField {
        name: field.name.to_owned(),
        input: match field.kind {
            Kind::Bool => FieldInput::Flag,
            Kind::Date => FieldInput::Date,
            Kind::OneOf(known) => FieldInput::Choice(known.iter().map(ToString::to_string).collect()),
            Kind::Rows(of) => FieldInput::Rows(of.iter().map(|field| field.name.to_owned()).collect()),
            Kind::Id | Kind::Text | Kind::Mode | Kind::Ids | Kind::Object(_) => FieldInput::Text,
            _ => FieldInput::Number,
        },
        is_required: field.required,
        may_be_null: field.null,
    };
    fields(section).map(of).collect()
}

/// The object that was typed; `before` keeps what no form shows. A name that is no field's is told by the checks.
#[must_use]
pub fn read(section: &Section, typed: &BTreeMap<String, String>, before: Option<&Row>) -> Tree {
    let known = |name: &str| fields(section).find(|field| field.name == name);
    let mut entries: Vec<(String, Tree)> = Vec::new();
    for (name, text) in typed {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let read = match known(name) {
            Some(field) => value_of(field, text),
            None => Tree::Text(text.to_owned()),
        };
        entries.push((name.clone(), read));
    }
    let hidden = before.into_iter().flat_map(Row::entries).filter(|(name, _)| known(name).is_none());
    entries.extend(hidden.map(|(name, value)| (name.to_owned(), value.clone())));
    Tree::Map(entries)
}

/// The head that was typed: its own fields, and those of `penalties` and `options` as `options.mip_gap`. What no form shows
/// stays as it was.
#[must_use]
pub fn read_head(typed: &BTreeMap<String, String>, before: &Tree) -> Tree {
    let Tree::Map(mut entries) = before.clone() else { return before.clone() };
    for (path, text) in typed {
        let (part, name) = path.split_once('.').unwrap_or(("", path));
        let fields = match part {
            "" => TOP,
            "penalties" => PENALTIES,
            _ => OPTIONS,
        };
        let text = text.trim();
        let read = (!text.is_empty()).then(|| match fields.iter().find(|field| field.name == name) {
            Some(field) => value_of(field, text),
            None => Tree::Text(text.to_owned()),
        });
        if part.is_empty() {
            put(&mut entries, name, read);
            continue;
        }
        let mut inner = match entries.iter().find(|(known, _)| known == part) {
            Some((_, Tree::Map(inner))) => inner.clone(),
            _ => Vec::new(),
        };
        put(&mut inner, name, read);
        let inner = (!inner.is_empty()).then_some(Tree::Map(inner));
        put(&mut entries, part, inner);
    }
    Tree::Map(entries)
}

fn put(entries: &mut Vec<(String, Tree)>, name: &str, value: Option<Tree>) {
    match (entries.iter().position(|(known, _)| known == name), value) {
        (Some(at), Some(value)) => entries[at].1 = value,
        (Some(at), None) => {
            entries.remove(at);
        }
        (None, Some(value)) => entries.push((name.to_owned(), value)),
        (None, None) => {}
    }
}

fn value_of(field: &Field, text: &str) -> Tree {
    let Kind::Rows(of) = field.kind else { return value(field, &Cell::Text(text.to_owned()), DecimalMark::Point) };
    if text == "|" {
        return Tree::List(Vec::new());
    }
    let rows = text.split([';', '\n']).filter(|row| !row.trim().is_empty());
    let row = |row: &str| {
        let parts = row.split(',').map(str::trim);
        // A part too many is a field that nobody knows.
        let named = parts.enumerate().map(|(n, part)| {
            (of.get(n).map_or_else(|| format!("part {}", n + 1), |f| f.name.to_owned()), part, of.get(n))
        });
        let named = named.filter(|(_, part, _)| !part.is_empty());
        Tree::Map(
            named
                .map(|(name, part, field)| {
                    (name, field.map_or_else(|| Tree::Text(part.to_owned()), |field| value_of(field, part)))
                })
                .collect(),
        )
    };
    Tree::List(rows.map(row).collect())
}

/// The texts that [`read`] reads as this row.
#[must_use]
pub fn texts(section: &Section, row: &Row) -> BTreeMap<String, String> {
    let shown = fields(section).filter_map(|field| Some((field.name.to_owned(), text_of(field, row.get(field.name)?))));
    shown.collect()
}

fn text_of(field: &Field, value: &Tree) -> String {
    if let (Kind::Rows(of), Tree::List(items)) = (field.kind, value)
        && !items.is_empty()
    {
        let item = |item: &Tree| {
            let parts: Vec<_> = of
                .iter()
                .map(|field| item.get(field.name).map(|value| text_of(field, value)).unwrap_or_default())
                .collect();
            let shown = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
            parts[..shown].join(", ")
        };
        return items.iter().map(item).collect::<Vec<_>>().join("; ");
    }
    cell(Some(field), value).map(|cell| cell.plain()).unwrap_or_default()
}
