//! A document to sheets that give the same document when they are read.

use super::{
    Sheet,
    cell::{Cell, cell},
    layout::{KEY, NESTED, Nested, PLAN, VALUE, keys, sections},
};
use crate::planning::{
    document::{
        Document, Row,
        schema::{Field, NEEDED, Section},
    },
    tree::Tree,
};

pub(super) fn sheets(document: &Document) -> Vec<Sheet> {
    let mut sheets = vec![plan(document)];
    for (name, section) in sections() {
        let rows = document.rows(section.name);
        if rows.is_empty() && !NEEDED.contains(&section.name) {
            continue;
        }
        match NESTED.iter().find(|nested| nested.sheet == name) {
            Some(nested) => sheets.push(grouped(nested, section, rows)),
            None => sheets.push(flat(name, section, rows)),
        }
        for nested in NESTED.iter().filter(|nested| nested.section == section.name && nested.sheet != name) {
            sheets.extend(listed(nested, section, rows));
        }
    }
    sheets
}

fn plan(document: &Document) -> Sheet {
    let keys = keys();
    let mut rows = Vec::new();
    for (prefix, row) in [("", &document.top), ("penalties.", &document.penalties), ("options.", &document.options)] {
        for (name, value) in row.entries() {
            let key = format!("{prefix}{name}");
            match value {
                Tree::Map(entries) if key == "penalties.relax" && !entries.is_empty() => {
                    rows.extend(entries.iter().map(|(name, value)| (format!("{key}.{name}"), value)));
                }
                value => rows.push((key, value)),
            }
        }
    }
    let rows = rows.into_iter().map(|(key, value)| {
        let field = keys.iter().find(|(name, _)| *name == key).map(|(_, field)| *field);
        let value = cell(field, value);
        [Some(Cell::Text(key)), value]
    });
    Sheet::new(PLAN, [KEY, VALUE], rows)
}

/// Names of the fields of rows: those of the format in its order, then others as they appear.
fn titles<'a>(fields: &[&'static Field], rows: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = vec![false; fields.len()];
    let mut others: Vec<&str> = Vec::new();
    for name in rows {
        match fields.iter().position(|field| field.name == name) {
            Some(place) => known[place] = true,
            None if !others.contains(&name) => others.push(name),
            None => {}
        }
    }
    let kept = fields.iter().zip(known).filter(|(field, there)| field.required || *there);
    kept.map(|(field, _)| field.name).chain(others).collect()
}

/// The cell of a field of a row; a list with a sheet of its own has none.
fn cell_of(section: &Section, row: &Row, name: &str) -> Option<Cell> {
    row.get(name).and_then(|value| cell(section.field(name), value))
}

fn flat(name: &str, section: &Section, rows: &[Row]) -> Sheet {
    let fields: Vec<_> = section.fields.iter().collect();
    let filled = |row: &Row, name: &str| cell_of(section, row, name).is_some();
    let named = rows.iter().flat_map(|row| row.entries().map(|(name, _)| name).filter(|name| filled(row, name)));
    let titles = titles(&fields, named);
    let cells = rows.iter().map(|row| titles.iter().map(|title| cell_of(section, row, title)).collect::<Vec<_>>());
    Sheet::new(name, titles.iter().copied(), cells.collect::<Vec<_>>())
}

/// Items of the lists of rows, with the row's own columns before them.
fn listed(nested: &Nested, section: &Section, rows: &[Row]) -> Option<Sheet> {
    let items: Vec<_> = rows
        .iter()
        .flat_map(|row| row.get(nested.list).map_or(&[][..], Tree::list).iter().map(move |item| (row, item)))
        .collect();
    if items.is_empty() {
        return None;
    }
    let owner = nested.owner.iter().copied();
    let owner: Vec<_> = owner.filter(|name| items.iter().any(|(row, _)| row.get(name).is_some())).collect();
    let fields: Vec<_> = nested.fields.iter().collect();
    let names = titles(&fields, items.iter().flat_map(|(_, item)| names_of(item)));
    let cells = items.iter().map(|(row, item)| {
        let own = owner.iter().map(|name| cell_of(section, row, name));
        own.chain(names.iter().map(|name| item_cell(nested, item, name))).collect::<Vec<_>>()
    });
    let titles = names.iter().map(|name| if name.starts_with("x_") { *name } else { nested.column(name) });
    Some(Sheet::new(nested.sheet, owner.iter().copied().chain(titles), cells.collect::<Vec<_>>()))
}

fn names_of(item: &Tree) -> impl Iterator<Item = &str> {
    let entries = if let Tree::Map(entries) = item { entries.as_slice() } else { &[] };
    entries.iter().map(|(name, _)| name.as_str())
}

fn item_cell(nested: &Nested, item: &Tree, name: &str) -> Option<Cell> {
    let field = nested.fields.iter().find(|field| field.name == name);
    item.get(name).and_then(|value| cell(field, value))
}

/// The section and its lists on one sheet: the first line of a row has its own fields, too.
fn grouped(nested: &Nested, section: &Section, rows: &[Row]) -> Sheet {
    let fields: Vec<_> = section.fields.iter().collect();
    let filled = |row: &Row, name: &str| cell_of(section, row, name).is_some();
    let named = rows.iter().flat_map(|row| row.entries().map(|(name, _)| name).filter(|name| filled(row, name)));
    let own = titles(&fields, named);
    let lists = rows.iter().map(|row| row.get(nested.list).map_or(&[][..], Tree::list));
    let inner: Vec<_> = nested.fields.iter().collect();
    let names = titles(&inner, lists.flatten().flat_map(names_of));
    let mut lines = Vec::new();
    for row in rows {
        let items = row.get(nested.list).map_or(&[][..], Tree::list);
        for i in 0..items.len().max(1) {
            let of_row = own.iter().map(|name| cell_of(section, row, name).filter(|_| i == 0 || *name == "id"));
            let item = names.iter().map(|name| items.get(i).and_then(|item| item_cell(nested, item, name)));
            lines.push(of_row.chain(item).collect::<Vec<_>>());
        }
    }
    let headings: Vec<_> = own
        .iter()
        .map(|name| (*name).to_owned())
        .chain(
            names
                .iter()
                .map(|name| if name.starts_with("x_") { format!("factors.{name}") } else { (*name).to_owned() }),
        )
        .collect();
    Sheet::new(nested.sheet, headings.iter().map(String::as_str), lines)
}
