//! Sheets to begin with: every sheet of the format with its heading, and what each column may hold.

use super::{
    Cell, Sheet,
    layout::{KEY, NESTED, Nested, PLAN, VALUE, columns, keys, sections},
};
use crate::planning::document::{
    FORMAT,
    schema::{Field, Kind},
};

/// Said beside the sheets, and ignored when they are read.
pub const NOTES: &str = "x_Notes";

/// Every sheet, empty but for its heading; the keys of the plan stand in their column.
#[must_use]
pub fn empty() -> Vec<Sheet> {
    let plan = keys().into_iter().map(|(key, _)| {
        let value = (key == "format").then(|| Cell::Text(FORMAT.to_owned()));
        [Some(Cell::Text(key)), value]
    });
    let mut sheets = vec![Sheet::new(PLAN, [KEY, VALUE], plan)];
    let none = Vec::<[Option<Cell>; 0]>::new;
    for (name, section) in sections() {
        let own = columns(section).map(|field| field.name);
        let lists = NESTED.iter().filter(|nested| nested.section == section.name);
        if let Some(nested) = lists.clone().find(|nested| nested.sheet == name) {
            sheets.push(Sheet::new(name, own.chain(nested.fields.iter().map(|field| field.name)), none()));
            continue;
        }
        sheets.push(Sheet::new(name, own, none()));
        for nested in lists {
            sheets.push(Sheet::new(nested.sheet, headings(nested), none()));
        }
    }
    sheets.push(notes());
    sheets
}

fn headings(nested: &Nested) -> impl Iterator<Item = &'static str> {
    nested.owner.iter().copied().chain(nested.fields.iter().map(|field| nested.column(field.name)))
}

fn notes() -> Sheet {
    let mut rows = Vec::new();
    let mut push = |sheet: &str, column: &str, field: &Field, must: bool| {
        let words = [sheet.to_owned(), column.to_owned(), if must { "yes" } else { "" }.to_owned(), words(field)];
        rows.push(words.map(|text| Some(text).filter(|text| !text.is_empty()).map(Cell::Text)));
    };
    for (key, field) in keys() {
        push(PLAN, &key, field, field.required);
    }
    for (sheet, section) in sections() {
        let lists: Vec<_> = NESTED.iter().filter(|nested| nested.section == section.name).collect();
        for field in columns(section) {
            push(sheet, field.name, field, field.required);
        }
        for nested in lists {
            let owner = nested.owner.iter().filter(|_| nested.sheet != sheet);
            for field in owner.filter_map(|name| section.field(name)) {
                push(nested.sheet, field.name, field, field.required);
            }
            for field in nested.fields {
                push(nested.sheet, nested.column(field.name), field, field.required && nested.sheet != sheet);
            }
        }
    }
    Sheet::new(NOTES, ["sheet", "column", "required", "holds"], rows)
}

fn words(field: &Field) -> String {
    let kind = match field.kind {
        Kind::Id => "an id: 1 to 40 letters, digits, _, ., -".to_owned(),
        Kind::Text => "a text".to_owned(),
        Kind::Date => "a date such as 2026-04-01".to_owned(),
        Kind::Amount => "a number".to_owned(),
        Kind::Least0 => "a number of at least 0".to_owned(),
        Kind::Positive => "a number above 0".to_owned(),
        Kind::Share => "a share from 0 to 1".to_owned(),
        Kind::Within(least, most) => format!("a number from {least} to {most}"),
        Kind::Whole => "a whole number of at least 0".to_owned(),
        Kind::WholeTo(most) => format!("a whole number from 0 to {most}"),
        Kind::Bool => "true or false".to_owned(),
        Kind::OneOf(known) => format!("one of {}", known.join(", ")),
        Kind::Mode => "a mode such as road or rail".to_owned(),
        Kind::Ids => "an id, or several joined by |".to_owned(),
        Kind::Rows(_) | Kind::Object(_) => "a list".to_owned(),
    };
    if field.null { format!("{kind}; null: no limit") } else { kind }
}
