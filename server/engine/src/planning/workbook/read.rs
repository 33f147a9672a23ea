//! Sheets to the tree that the JSON text of the document would give. Wrong values are left to the checks of documents;
//! here is told only what a sheet alone can have wrong.

use super::{
    Book, Line, Sheet, Source,
    cell::{Cell, extra, value},
    layout::{KEY, NESTED, Nested, PLAN, VALUE, address, columns, keys, names, nested_of, section_of, sections},
    places::{Places, Table},
};
use crate::planning::{
    document::{
        ONLY_PRODUCT, nearest,
        schema::{Field, Section, section},
        unknown,
    },
    fault::Fault,
    tree::Tree,
};
use std::collections::{HashMap, HashSet};

type Entries = Vec<(String, Tree)>;

pub(super) fn read(book: &Book) -> Source {
    let mut reader = Reader::default();
    let mut nested = Vec::new();
    let mut seen = HashSet::new();
    for sheet in book.sheets.iter().filter(|sheet| !sheet.lines.is_empty()) {
        let name = sheet.name.trim();
        if ["x_", super::RESULT].iter().any(|free| starts(name, free)) {
            continue;
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            reader.fault("E05", name.to_owned(), format!("The sheet {name} stands twice."));
        } else if name.eq_ignore_ascii_case(PLAN) {
            reader.plan(sheet);
        } else if let Some((name, section)) = section_of(name) {
            reader.section(name, section, sheet);
        } else if let Some(list) = nested_of(name) {
            nested.push((list, sheet));
        } else {
            let meant = nearest(name, names()).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
            reader.fault("E16", name.to_owned(), format!("There is no sheet \"{name}\".{meant}"));
        }
    }
    for (list, sheet) in nested {
        reader.lists(list, sheet);
    }
    reader.finish()
}

fn starts(name: &str, with: &str) -> bool {
    name.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with))
}

#[derive(Default)]
struct Reader {
    top: Entries,
    options: Entries,
    penalties: Entries,
    relax: Entries,
    rows: HashMap<&'static str, Vec<Entries>>,
    lists: HashMap<(&'static str, usize, &'static str), Vec<Tree>>,
    faults: Vec<Fault>,
    places: Places,
}

/// The heading of a sheet: what each column is.
struct Heading<F> {
    columns: HashMap<u32, F>,
    table: Table,
}

impl Reader {
    fn fault(&mut self, code: &'static str, path: String, message: impl Into<String>) {
        self.faults.push(Fault::new(code, path, message));
    }

    /// The value of a cell; what cannot be computed is told.
    fn value(&mut self, field: Option<&Field>, sheet: &str, at: (u32, u32), cell: &Cell, of: &Sheet) -> Tree {
        if let Cell::Broken(error) = cell {
            let path = address(sheet, at.0, at.1);
            self.places.broken(path.clone());
            self.fault("E03", path, format!("The cell holds the error {error}."));
            return Tree::Null;
        }
        field.map_or_else(|| extra(cell), |field| value(field, cell, of.mark))
    }

    /// Reads the first line; `known` says what a name is, and gives the fault of one it does not know.
    fn heading<F>(
        &mut self,
        name: &'static str,
        sheet: &Sheet,
        known: impl Fn(&str, String) -> Result<F, Fault>,
    ) -> Heading<F> {
        let mut table = Table { sheet: name, ..Table::default() };
        let mut columns = HashMap::new();
        let first = sheet.lines.first();
        for (column, cell) in first.map_or(&[][..], |line| &line.cells) {
            let title = cell.plain();
            let at = address(name, *column, first.map_or(1, |line| line.number));
            table.free = table.free.max(column + 1);
            if table.columns.contains_key(&title) {
                self.fault("E05", at, format!("The column {title} stands twice."));
                continue;
            }
            match known(&title, at) {
                Ok(what) => {
                    columns.insert(*column, what);
                    table.columns.insert(title, *column);
                }
                Err(fault) => self.faults.push(fault),
            }
        }
        table.heading = first.map_or(1, |line| line.number);
        let titled: HashSet<u32> = first.map_or(&[][..], |line| &line.cells).iter().map(|(at, _)| *at).collect();
        let mut bare = HashSet::new();
        for line in sheet.lines.iter().skip(1) {
            for (column, cell) in &line.cells {
                if !titled.contains(column) && bare.insert(*column) {
                    let message = format!("\"{}\" stands in a column without a name.", cell.plain());
                    self.fault("E16", address(name, *column, line.number), message);
                }
            }
        }
        Heading { columns, table }
    }

    fn plan(&mut self, sheet: &Sheet) {
        let known = |title: &str, at: String| match title {
            KEY | VALUE => Ok(title == VALUE),
            other if other.starts_with("x_") => Ok(false),
            other => {
                let meant = nearest(other, [KEY, VALUE].into_iter());
                let meant = meant.map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
                Err(Fault::new("E16", at, format!("There is no column \"{other}\".{meant}")))
            }
        };
        let heading = self.heading(PLAN, sheet, known);
        let keys = keys();
        let (key_at, value_at) = (heading.table.columns.get(KEY).copied(), heading.table.columns.get(VALUE).copied());
        for (title, found) in [(KEY, key_at), (VALUE, value_at)] {
            if found.is_none() {
                let at = address(PLAN, heading.table.free, heading.table.heading);
                self.fault("E02", at, format!("The column {title} is missing."));
            }
        }
        self.places.plan = Some(heading.table);
        let (Some(key_at), Some(value_at)) = (key_at, value_at) else { return };
        let of =
            |line: &Line, column: u32| line.cells.iter().find(|(at, _)| *at == column).map(|(_, cell)| cell.clone());
        for line in sheet.lines.iter().skip(1) {
            self.places.plan_end = line.number;
            let Some(cell) = of(line, value_at) else { continue };
            let Some(key) = of(line, key_at).map(|cell| cell.plain()) else {
                self.fault("E02", address(PLAN, key_at, line.number), "The key is missing.");
                continue;
            };
            if self.places.keys.contains_key(&key) {
                self.fault("E05", address(PLAN, key_at, line.number), format!("{key} stands twice."));
                continue;
            }
            let field = keys.iter().find(|(name, _)| *name == key).map(|(_, field)| *field);
            let (list, name) = match key.rsplit_once('.') {
                Some(("options", name)) => (0, name),
                Some(("penalties", name)) => (1, name),
                Some(("penalties.relax", name)) => (2, name),
                _ => (3, key.as_str()),
            };
            // An empty object stands as itself.
            let whole = key == "penalties.relax";
            if field.is_none() && !name.starts_with("x_") && !whole {
                let near = nearest(&key, keys.iter().map(|(name, _)| name.as_str()));
                let meant = near.map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
                self.fault("E16", address(PLAN, key_at, line.number), format!("There is no key \"{key}\".{meant}"));
                continue;
            }
            let value = self.value(field, PLAN, (value_at, line.number), &cell, sheet);
            let entries = [&mut self.options, &mut self.penalties, &mut self.relax, &mut self.top];
            if let Some(entries) = entries.into_iter().nth(list) {
                entries.push((name.to_owned(), value));
            }
            self.places.keys.insert(key, address(PLAN, value_at, line.number));
        }
    }

    fn section(&mut self, name: &'static str, section: &'static Section, sheet: &Sheet) {
        let list = NESTED.iter().find(|nested| nested.sheet == name);
        if let Some(list) = list {
            return self.grouped(list, section, sheet);
        }
        let known = |title: &str, at: String| match section.field(title) {
            Some(field) => Ok((title.to_owned(), Some(field))),
            None if title.starts_with("x_") => Ok((title.to_owned(), None)),
            None => Err(unknown(section.fields, &[], title, at)),
        };
        let Heading { columns, mut table } = self.heading(name, sheet, known);
        let mut rows = Vec::new();
        for line in sheet.lines.iter().skip(1) {
            let mut entries = Vec::new();
            for (column, cell) in &line.cells {
                let Some((title, field)) = columns.get(column) else { continue };
                let value = self.value(*field, name, (*column, line.number), cell, sheet);
                entries.push((title.clone(), value));
            }
            if !entries.is_empty() {
                rows.push(entries);
                table.rows.push(line.number);
            }
        }
        self.rows.insert(section.name, rows);
        self.places.sections.insert(section.name, table);
    }

    /// The sheet of calendars: rows of one id are one calendar, and its factors.
    fn grouped(&mut self, list: &'static Nested, section: &'static Section, sheet: &Sheet) {
        let known = |title: &str, at: String| {
            if let Some(field) = section.field(title) {
                Ok((title.to_owned(), Some(field), false))
            } else if let Some(field) = list.field(title) {
                Ok((field.name.to_owned(), Some(field), true))
            } else if let Some(own) = title.strip_prefix("factors.").filter(|own| own.starts_with("x_")) {
                Ok((own.to_owned(), None, true))
            } else if title.starts_with("x_") {
                Ok((title.to_owned(), None, false))
            } else {
                let fields: Vec<_> = columns(section).chain(list.fields).copied().collect();
                Err(unknown(&fields, &[], title, at))
            }
        };
        let Heading { columns, mut table } = self.heading(list.sheet, sheet, known);
        let mut rows: Vec<Entries> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for line in sheet.lines.iter().skip(1) {
            let (mut own, mut item) = (Entries::new(), Entries::new());
            for (column, cell) in &line.cells {
                let Some((title, field, inner)) = columns.get(column) else { continue };
                let value = self.value(*field, list.sheet, (*column, line.number), cell, sheet);
                let entries = if *inner { &mut item } else { &mut own };
                entries.push((title.clone(), value));
            }
            if own.is_empty() && item.is_empty() {
                continue;
            }
            let id = of(&own, "id").unwrap_or_default();
            let place = *places.entry(id).or_insert_with(|| {
                rows.push(Vec::new());
                table.rows.push(line.number);
                rows.len() - 1
            });
            for (title, value) in own {
                match rows[place].iter().find(|(known, _)| *known == title) {
                    None => rows[place].push((title, value)),
                    Some((_, known)) if *known != value && title != "id" => {
                        let at = table.columns.get(&title).copied().unwrap_or_default();
                        self.fault("E05", address(list.sheet, at, line.number), format!("{title} stands twice."));
                    }
                    Some(_) => {}
                }
            }
            if !item.is_empty() {
                self.item(list, place, item, line.number);
            }
        }
        self.places.nested.insert(list.list, table.clone());
        self.rows.insert(section.name, rows);
        self.places.sections.insert(section.name, table);
    }

    fn item(&mut self, list: &'static Nested, place: usize, item: Entries, row: u32) {
        let items = self.lists.entry((list.section, place, list.list)).or_default();
        self.places.items.insert((list.list, place, items.len()), row);
        items.push(Tree::Map(item));
    }

    /// A sheet of lists inside rows: each line goes to the row it names.
    fn lists(&mut self, list: &'static Nested, sheet: &Sheet) {
        let Some(section) = section(list.section) else { return };
        let known = |title: &str, at: String| {
            if list.owner.contains(&title) {
                Ok((title.to_owned(), section.field(title), false))
            } else if let Some(field) = list.field(title) {
                Ok((field.name.to_owned(), Some(field), true))
            } else if title.starts_with("x_") {
                Ok((title.to_owned(), None, true))
            } else {
                let titles: Vec<_> = list.fields.iter().map(|field| list.column(field.name)).collect();
                let fields: Vec<_> = list.owner.iter().filter_map(|name| section.field(name)).copied().collect();
                Err(unknown(&fields, &titles, title, at))
            }
        };
        let Heading { columns, table } = self.heading(list.sheet, sheet, known);
        self.places.nested.insert(list.list, table);
        let owners = self.owners(list);
        for line in sheet.lines.iter().skip(1) {
            let (mut own, mut item) = (Entries::new(), Entries::new());
            for (column, cell) in &line.cells {
                let Some((title, field, inner)) = columns.get(column) else { continue };
                let value = self.value(*field, list.sheet, (*column, line.number), cell, sheet);
                let entries = if *inner { &mut item } else { &mut own };
                entries.push((title.clone(), value));
            }
            if own.is_empty() && item.is_empty() {
                continue;
            }
            let at = self.places.nested[list.list].cell("node", line.number);
            let Some(node) = of(&own, "node") else {
                self.fault("E02", at, "node is missing.");
                continue;
            };
            let (key, period) = (self.line(&own), of(&own, "period"));
            match owners.get(&key).and_then(|rows| rows.of(period.as_deref())) {
                Some(place) => self.item(list, place, item, line.number),
                None => {
                    let (_, one, product) = &key;
                    let period = period.map(|id| format!(" in period {id}")).unwrap_or_default();
                    let message = format!("Production has no row of {node}, line {one}, product {product}{period}.");
                    self.fault("E04", at, message);
                }
            }
        }
    }

    /// Node, line and product, with what stands for one left out.
    fn line(&self, row: &Entries) -> (String, String, String) {
        let products = self.rows.get("products").map_or(&[][..], Vec::as_slice);
        let only = match products {
            [] => ONLY_PRODUCT.to_owned(),
            [one] => of(one, "id").unwrap_or_default(),
            _ => String::new(),
        };
        let or = |name, default: &str| of(row, name).unwrap_or_else(|| default.to_owned());
        (or("node", ""), or("line", "L1"), or("product", &only))
    }

    fn owners(&self, list: &Nested) -> HashMap<(String, String, String), Owners> {
        let mut owners: HashMap<_, Owners> = HashMap::new();
        for (place, row) in self.rows.get(list.section).map_or(&[][..], Vec::as_slice).iter().enumerate() {
            let of_line = owners.entry(self.line(row)).or_default();
            of_line.0.push((of(row, "period"), place));
        }
        owners
    }

    fn finish(mut self) -> Source {
        if !self.relax.is_empty() {
            self.penalties.retain(|(name, _)| name != "relax");
            self.penalties.push(("relax".to_owned(), Tree::Map(self.relax)));
        }
        let mut lists = std::mem::take(&mut self.lists);
        let mut tree = self.top;
        for (_, section) in sections() {
            let name = section.name;
            let Some(rows) = self.rows.remove(name) else { continue };
            let of_row = |(place, mut row): (usize, Entries)| {
                for nested in NESTED.iter().filter(|nested| nested.section == name) {
                    if let Some(items) = lists.remove(&(name, place, nested.list)) {
                        row.retain(|(title, _)| title != nested.list);
                        row.push((nested.list.to_owned(), Tree::List(items)));
                    }
                }
                Tree::Map(row)
            };
            tree.push((name.to_owned(), Tree::List(rows.into_iter().enumerate().map(of_row).collect())));
        }
        for (name, entries) in [("options", self.options), ("penalties", self.penalties)] {
            if !entries.is_empty() {
                tree.push((name.to_owned(), Tree::Map(entries)));
            }
        }
        Source { tree: Tree::Map(tree), faults: self.faults, doubts: Vec::new(), places: self.places }
    }
}

/// The rows of one line: by period, in their order.
#[derive(Default)]
struct Owners(Vec<(Option<String>, usize)>);

impl Owners {
    /// Without a period: the row without one, else the first.
    fn of(&self, period: Option<&str>) -> Option<usize> {
        let found = self.0.iter().find(|(own, _)| own.as_deref() == period);
        found.or_else(|| self.0.first().filter(|_| period.is_none())).map(|(_, place)| *place)
    }
}

/// An id as text.
fn of(row: &Entries, name: &str) -> Option<String> {
    match &row.iter().find(|(title, _)| title == name)?.1 {
        Tree::Text(text) => Some(text.clone()),
        Tree::Number(number) => Some(number.normalize().to_string()),
        _ => None,
    }
}
