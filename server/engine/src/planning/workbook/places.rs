//! Where in a file the parts of its tree stand: paths of the checks become cells.

use super::layout::{NESTED, Nested, PLAN, address, sheet_of};
use crate::planning::{
    document::{
        Document, Row,
        schema::{SECTIONS, Section, section},
    },
    fault::Fault,
};
use std::collections::{HashMap, HashSet};

/// A sheet's columns and rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub sheet: &'static str,
    pub columns: HashMap<String, u32>,
    /// The first column behind the heading.
    pub free: u32,
    /// Row of the heading, from 1.
    pub heading: u32,
    /// Row of each thing read.
    pub rows: Vec<u32>,
    /// Of a section that stands on two sheets: the second.
    pub behind: Option<Box<Self>>,
}

impl Table {
    /// The cell of a column; of one that is not there, where it would stand.
    pub fn cell(&self, column: &str, row: u32) -> String {
        match self.columns.get(column) {
            Some(column) => address(self.sheet, *column, row),
            None => address(self.sheet, self.free, self.heading),
        }
    }

    /// The sheet of a thing read, and its row there.
    fn of(&self, place: usize) -> Option<(&Self, u32)> {
        match self.rows.get(place) {
            Some(row) => Some((self, *row)),
            None => self.behind.as_ref()?.of(place - self.rows.len()),
        }
    }

    fn top(&self) -> String {
        address(self.sheet, 0, self.heading)
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub plan: Option<Table>,
    /// Cells of values by key.
    pub keys: HashMap<String, String>,
    /// The last row of the sheet `Plan`.
    pub plan_end: u32,
    pub sections: HashMap<&'static str, Table>,
    /// Sheets of lists inside rows, by list.
    pub nested: HashMap<&'static str, Table>,
    /// Row of an item: list, place of the row it belongs to, place in the list.
    pub items: HashMap<(&'static str, usize, usize), u32>,
    broken: HashSet<String>,
}

/// `production[3].inputs[0].product` taken apart.
struct Path<'a> {
    head: &'a str,
    row: Option<usize>,
    field: Option<&'a str>,
    item: Option<usize>,
    inner: Option<&'a str>,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let mut parts = path.splitn(3, '.');
        let mut next = || match parts.next() {
            Some(part) => match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
                Some((name, at)) => (Some(name), at.parse().ok()),
                None => (Some(part), None),
            },
            None => (None, None),
        };
        let ((head, row), (field, item), (inner, _)) = (next(), next(), next());
        Self { head: head.unwrap_or_default(), row, field, item, inner }
    }
}

impl Places {
    pub fn broken(&mut self, cell: String) {
        self.broken.insert(cell);
    }

    pub fn is_broken(&self, cell: &str) -> bool {
        self.broken.contains(cell)
    }

    /// The cell a fault is about; none where it is about none.
    pub fn of(&self, fault: &Fault, read: &Document, checked: &Document) -> Option<String> {
        // What names a cell stays as it is.
        if fault.path.is_empty() || fault.path.contains('!') {
            return None;
        }
        if let Some((section, keys)) = fault.path.strip_suffix(')').and_then(|path| path.split_once('(')) {
            return self.by_keys(fault.code, section, keys, read);
        }
        let path = Path::of(&fault.path);
        let Some(section) = section(path.head) else {
            return self.of_plan(&fault.path);
        };
        let Some(table) = self.sections.get(section.name) else { return Some(sheet_of(section.name).to_owned()) };
        let Some(place) = path.row else { return Some(table.top()) };
        if !is_same(section, read.rows(section.name).get(place), checked.rows(section.name).get(place)) {
            return None;
        }
        let (table, row) = table.of(place)?;
        let first = || first_of(section, table, row);
        let Some(field) = path.field else { return Some(first()) };
        if let Some(nested) = NESTED.iter().find(|nested| (nested.section, nested.list) == (section.name, field)) {
            return Some(self.inside(nested, place, &path).unwrap_or_else(first));
        }
        let required = section.field(field).is_some_and(|field| field.required);
        Some(if required || table.columns.contains_key(field) { table.cell(field, row) } else { first() })
    }

    fn inside(&self, nested: &Nested, place: usize, path: &Path<'_>) -> Option<String> {
        let table = self.nested.get(nested.list)?;
        let row = *self.items.get(&(nested.list, place, path.item.unwrap_or_default()))?;
        let column = path.inner.unwrap_or_else(|| nested.fields.first().map_or("", |field| field.name));
        let column = if column.starts_with("x_") { column } else { nested.column(column) };
        Some(table.cell(column, row))
    }

    fn of_plan(&self, path: &str) -> Option<String> {
        if let Some(cell) = self.keys.get(path) {
            return Some(cell.clone());
        }
        let known = path.starts_with("options.") || path.starts_with("penalties.") || !path.contains(['.', '[', '(']);
        let Some(table) = &self.plan else { return known.then(|| PLAN.to_owned()) };
        // Where it would be written.
        let row = self.plan_end.max(table.heading) + 1;
        known.then(|| table.cell(super::layout::KEY, row))
    }

    /// A doubt about a thing and not a row: the first row that speaks of it.
    fn by_keys(&self, code: &str, section_name: &str, keys: &str, read: &Document) -> Option<String> {
        let section = section(section_name)?;
        let table = self.sections.get(section.name)?;
        let keys: Vec<_> = keys.split(',').collect();
        let columns: &[&str] = match section.name {
            "production" => &["node", "line"],
            "lanes" => &["from", "to", "mode"],
            _ => &["node", "period"],
        };
        // Of the end of a period, and not of a node.
        if code == "W13" {
            return Some(table.top());
        }
        let says = |row: &Row, column: &str, key: &str| {
            let default = match column {
                "line" => "L1",
                "mode" => "road",
                _ => "",
            };
            row.text(column).unwrap_or(default) == key
        };
        let rows = || read.rows(section.name).iter().enumerate();
        let all = rows().find(|(_, row)| columns.iter().zip(&keys).all(|(column, key)| says(row, column, key)));
        let first = || rows().find(|(_, row)| keys.first().is_some_and(|key| says(row, columns[0], key)));
        let row = all.or_else(first).and_then(|(place, _)| table.rows.get(place));
        Some(row.map_or_else(|| table.top(), |row| first_of(section, table, *row)))
    }
}

/// The cell of a row as a whole: the first of what names it.
fn first_of(section: &Section, table: &Table, row: u32) -> String {
    let column = section.fields.iter().find_map(|field| table.columns.get(field.name));
    address(table.sheet, column.copied().unwrap_or_default(), row)
}

/// Whether a place still holds the row that was read there.
fn is_same(section: &Section, read: Option<&Row>, checked: Option<&Row>) -> bool {
    debug_assert!(SECTIONS.contains(section));
    let (Some(read), Some(checked)) = (read, checked) else { return false };
    section.key.iter().chain(&["period"]).all(|name| read.get(name) == checked.get(name))
}
