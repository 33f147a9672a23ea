//! A network as it is edited: its own fields, and rows in the sections of `millrace-plan/1`, each checked by itself. What
//! a planner says by rule (a stock policy, the working days of a calendar) becomes figures when the network is frozen
//! into a document (`planning.md` 2.3).

mod calendar;
pub mod import;
mod policy;
pub mod typed;

use super::{
    document::{
        Document, FORMAT, Row, row_of,
        schema::{self, Field, INPUTS, Kind, SECTIONS, Section, USES},
    },
    fault::{Fault, Severity},
    scenario::key_of,
    tree::Tree,
};
use std::collections::BTreeSet;

/// Fields of a network's rows that no document has, by section.
pub const BY_RULE: &[(&str, &[Field])] = &[("stock", policy::FIELDS), ("calendars", calendar::FIELDS)];
/// Of the document, not of a network.
const OF_DOCUMENT: &str = "format";

/// The section of a name; `lines` are the rows of production.
#[must_use]
pub fn section(name: &str) -> Option<&'static Section> {
    schema::section(if name == "lines" { "production" } else { name })
}

/// The fields of a section's rows as they are edited.
pub fn fields(section: &Section) -> impl Iterator<Item = &'static Field> + use<> {
    section.fields.iter().chain(by_rule(section.name))
}

fn by_rule(section: &str) -> &'static [Field] {
    BY_RULE.iter().find(|(name, _)| *name == section).map_or(&[], |(_, fields)| fields)
}

/// Reads one row; the paths of its faults begin at the row.
#[must_use]
pub fn read_row(section: &Section, tree: &Tree) -> (Row, Vec<Fault>) {
    let Tree::Map(entries) = tree else {
        return (Row::default(), vec![Fault::new("E03", "", format!("A row is an object, not {}.", tree.kind()))]);
    };
    let own = by_rule(section.name);
    let (ruled, plain): (Vec<_>, Vec<_>) =
        entries.iter().cloned().partition(|(name, _)| own.iter().any(|field| field.name == name));
    let mut faults = Vec::new();
    let names: Vec<_> = own.iter().map(|field| field.name).collect();
    let mut row = row_of(section.fields, &plain, &names, &mut faults);
    let ruled = row_of(own, &ruled, &[], &mut faults);
    ruled.entries().for_each(|(name, value)| row.set(name.to_owned(), value.clone()));
    if section.name == "stock" {
        faults.extend(policy::faults_of(&row));
    }
    (row, faults)
}

/// Reads what is said of a network as a whole: the document's own fields, `penalties` and `options`.
#[must_use]
pub fn read_head(tree: &Tree) -> (Tree, Vec<Fault>) {
    let (document, faults) = Document::of(&whole(tree, &[]));
    let mut faults: Vec<_> =
        faults.into_iter().filter(|fault| !SECTIONS.iter().any(|section| section.name == fault.path)).collect();
    if let Tree::Map(entries) = tree {
        let rows = entries.iter().filter(|(name, _)| SECTIONS.iter().any(|section| section.name == name));
        faults.extend(rows.map(|(name, _)| Fault::new("E16", name.as_str(), format!("{name} has rows of its own."))));
    }
    (head_of(&document), faults)
}

/// What a document says as a whole.
#[must_use]
pub fn head_of(document: &Document) -> Tree {
    let Tree::Map(entries) = document.tree() else { return Tree::Map(Vec::new()) };
    let rows = |name: &str| SECTIONS.iter().any(|section| section.name == name);
    Tree::Map(entries.into_iter().filter(|(name, _)| name != OF_DOCUMENT && !rows(name)).collect())
}

/// What tells a row from the others of its section: its key and period. Rows of a section without key are told apart by
/// all they refer to.
#[must_use]
pub fn key(section: &Section, row: &Row) -> String {
    let mut parts = if section.key.is_empty() {
        ["from", "to", "mode", "product", "period"].map(|name| row.text(name).unwrap_or_default().to_owned()).to_vec()
    } else {
        key_of(section, row, "")
    };
    if section.by_period {
        parts.push(row.text("period").unwrap_or_default().to_owned());
    }
    let shown = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    parts[..shown].join("/")
}

/// Rows of one key in the sections whose rows have no id of their own: a network could not tell them apart.
#[must_use]
pub fn twins(network: &Network) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (section, rows) in SECTIONS.iter().zip(&network.rows).filter(|(section, _)| section.key.is_empty()) {
        let mut seen = BTreeSet::new();
        for (n, row) in rows.iter().enumerate() {
            let key = key(section, row);
            if !seen.insert(key.clone()) {
                let told = format!("Another row is {key}, too. Bring both into one row.");
                faults.push(Fault::new("E05", format!("{}[{n}]", section.name), told));
            }
        }
    }
    faults
}

/// Something that rows refer to by its id, such as `node:A`.
fn named(kind: &str, id: &str) -> String {
    format!("{kind}:{id}")
}

/// What a row brings into being.
#[must_use]
pub fn defines(section: &Section, row: &Row) -> Option<String> {
    let kind = match section.name {
        "nodes" => "node",
        "products" => "product",
        "periods" => "period",
        "calendars" => "calendar",
        "resources" => "resource",
        _ => return None,
    };
    row.text("id").map(|id| named(kind, id))
}

/// What a row needs: `node:A`, `product:P`, `period:1`, `calendar:C`, `resource:R`.
#[must_use]
pub fn mentions(section: &Section, row: &Row) -> BTreeSet<String> {
    needs(section, row).into_iter().map(|(_, name)| name).collect()
}

/// What a row needs, with the field that says so.
#[must_use]
pub fn needs(section: &Section, row: &Row) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for (name, value) in row.entries() {
        let kind = match name {
            "node" | "from" | "to" | "nodes" => "node",
            "product" => "product",
            "period" | "periods" => "period",
            "calendar" => "calendar",
            _ => "",
        };
        if !kind.is_empty() {
            let ids = value.text().into_iter().chain(value.list().iter().filter_map(Tree::text));
            told.extend(ids.map(|id| (name.to_owned(), named(kind, id))));
        }
        let Some(Field { kind: Kind::Rows(of), .. }) = section.field(name) else { continue };
        let (part, kind) = match *of {
            fields if fields == INPUTS => ("product", "product"),
            fields if fields == USES => ("resource", "resource"),
            _ => ("period", "period"),
        };
        let ids = value.list().iter().filter_map(|item| item.get(part).and_then(Tree::text));
        told.extend(ids.map(|id| (name.to_owned(), named(kind, id))));
    }
    told
}

/// The nodes that a row speaks of: its own, and those it refers to.
#[must_use]
pub fn nodes(section: &Section, row: &Row) -> BTreeSet<String> {
    let all = mentions(section, row).into_iter().chain(defines(section, row));
    all.filter_map(|name| name.strip_prefix("node:").map(str::to_owned)).collect()
}

/// A network as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// As [`read_head`] gives it.
    pub head: Tree,
    /// One list a section of [`SECTIONS`], each in its order.
    pub rows: Vec<Vec<Row>>,
}

impl Network {
    /// Of a document: what it says as a whole, and its rows.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let rows = SECTIONS.iter().map(|section| document.rows(section.name).to_vec());
        Self { head: head_of(document), rows: rows.collect() }
    }

    pub(super) fn section(&self, name: &str) -> &[Row] {
        SECTIONS.iter().position(|section| section.name == name).map_or(&[], |place| &self.rows[place])
    }

    /// The document it comes to, with what is wrong with rules and single fields. The rows keep their places; those that
    /// a policy adds stand behind them.
    #[must_use]
    pub fn freeze(&self) -> (Document, Vec<Fault>) {
        let mut faults = Vec::new();
        let sections = SECTIONS.iter().zip(&self.rows).map(|(section, rows)| {
            let rows = match section.name {
                "stock" => policy::applied(self, rows, &mut faults),
                "calendars" => calendar::applied(self, rows, &mut faults),
                _ => rows.clone(),
            };
            (section.name, rows)
        });
        let sections: Vec<_> = sections.collect();
        let (document, more) = Document::of(&whole(&self.head, &sections));
        faults.extend(more);
        (document, faults)
    }
}

/// The place of a finding by the row it is about: `lanes[3].trip_tonnes` becomes `lanes A/X/rail: trip_tonnes`. What a
/// policy added behind the rows, and what is no row, stays as it is.
#[must_use]
pub fn place_of(network: &Network, path: &str) -> String {
    let row = || {
        let (name, rest) = path.split_once('[')?;
        let (at, field) = rest.split_once(']')?;
        let (section, row) = (section(name)?, network.section(name).get(at.parse::<usize>().ok()?)?);
        let field = field.trim_start_matches('.');
        let of = if field.is_empty() { String::new() } else { format!(": {field}") };
        Some(format!("{name} {}{of}", key(section, row)))
    };
    row().unwrap_or_else(|| path.to_owned())
}

/// Whether a row can be kept: doubts are told when the whole is checked.
#[must_use]
pub fn refuses(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.severity == Severity::Error)
}

fn whole(head: &Tree, sections: &[(&str, Vec<Row>)]) -> Tree {
    let mut entries = vec![(OF_DOCUMENT.to_owned(), Tree::Text(FORMAT.to_owned()))];
    if let Tree::Map(head) = head {
        entries.extend(
            head.iter().filter(|(name, _)| name != OF_DOCUMENT && !SECTIONS.iter().any(|s| s.name == name)).cloned(),
        );
    }
    let rows = |rows: &[Row]| Tree::List(rows.iter().map(Row::tree).collect());
    entries.extend(sections.iter().map(|(name, of)| ((*name).to_owned(), rows(of))));
    Tree::Map(entries)
}

#[cfg(test)]
mod tests;
