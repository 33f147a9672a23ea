//! What sets two documents apart, row by row and field by field (`planning.md` 3.7).

use super::{
    document::{
        Document, Row,
        schema::{SECTIONS, Section},
    },
    scenario::{key_of, only_product},
    tree::Tree,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A section without key tells its rows apart by these.
const WITHOUT_KEY: &[&str] = &["from", "to", "mode", "product"];

/// A field that is not what it was. What was not there is `None`; a row of one period that says nothing of a field has
/// the value of the row of all periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub section: &'static str,
    pub key: Vec<String>,
    pub period: Option<String>,
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Rows of a section that are new, gone or not what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub section: &'static str,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Of the sections that differ, in their order.
    pub counts: Vec<Count>,
    /// Changed fields in all; `changes` holds the first of them.
    pub total: usize,
    pub changes: Vec<Change>,
}

/// From `base` to `other`, with the first `most` changes.
#[must_use]
pub fn difference(base: &Document, other: &Document, most: usize) -> Difference {
    let mut told = Told { most, ..Told::default() };
    for (name, before, after) in [
        ("plan", &base.top, &other.top),
        ("penalties", &base.penalties, &other.penalties),
        ("options", &base.options, &other.options),
    ] {
        let mut count = Count { section: name, ..Count::default() };
        let place = Place { section: name, key: Vec::new(), period: None };
        count.changed += usize::from(told.row(&place, &[], (Some(before), None), (Some(after), None)) > 0);
        told.count(count);
    }
    for section in SECTIONS {
        told.section(section, base, other);
    }
    told.difference
}

/// Which row: its key, its period, and which of several with both.
type Name = (Vec<String>, Option<String>, usize);

/// The rows of a section by name, and the names in the order of the document.
struct Rows<'a> {
    named: HashMap<Name, &'a Row>,
    order: Vec<Name>,
}

impl<'a> Rows<'a> {
    fn of(section: &Section, document: &'a Document) -> Self {
        let product = only_product(document);
        let mut seen: BTreeMap<(Vec<String>, Option<String>), usize> = BTreeMap::new();
        let (mut named, mut order) = (HashMap::new(), Vec::new());
        for row in document.rows(section.name) {
            let key = match section.key {
                [] => WITHOUT_KEY.iter().map(|name| row.text(name).unwrap_or_default().to_owned()).collect(),
                _ => key_of(section, row, &product),
            };
            let period = row.text("period").map(str::to_owned);
            let before = seen.entry((key.clone(), period.clone())).or_default();
            let name = (key, period, *before);
            *before += 1;
            named.insert(name.clone(), row);
            order.push(name);
        }
        Self { named, order }
    }

    /// The row, and the one of all periods that speaks where it is silent.
    fn pair(&self, section: &Section, name: &Name) -> (Option<&'a Row>, Option<&'a Row>) {
        let general = (section.by_period && name.1.is_some()).then(|| (name.0.clone(), None, 0));
        (self.named.get(name).copied(), general.and_then(|general| self.named.get(&general).copied()))
    }
}

struct Place {
    section: &'static str,
    key: Vec<String>,
    period: Option<String>,
}

#[derive(Default)]
struct Told {
    most: usize,
    difference: Difference,
}

impl Told {
    fn count(&mut self, count: Count) {
        if count.added + count.removed + count.changed > 0 {
            self.difference.counts.push(count);
        }
    }

    fn section(&mut self, section: &'static Section, base: &Document, other: &Document) {
        let (before, after) = (Rows::of(section, base), Rows::of(section, other));
        let mut count = Count { section: section.name, ..Count::default() };
        let silent: Vec<&str> = section.key.iter().copied().chain(["period"]).collect();
        let new = after.order.iter().filter(|name| !before.named.contains_key(*name));
        for name in before.order.iter().chain(new) {
            let (old, new) = (before.pair(section, name), after.pair(section, name));
            let place = Place { section: section.name, key: name.0.clone(), period: name.1.clone() };
            let fields = self.row(&place, &silent, old, new);
            match (old, new) {
                ((None, None), _) => count.added += 1,
                (_, (None, None)) => count.removed += 1,
                _ => count.changed += usize::from(fields > 0),
            }
        }
        self.count(count);
    }

    /// Tells the fields of a row that differ; how many.
    fn row(
        &mut self,
        place: &Place,
        silent: &[&str],
        (old, old_general): (Option<&Row>, Option<&Row>),
        (new, new_general): (Option<&Row>, Option<&Row>),
    ) -> usize {
        fn value<'a>(row: Option<&'a Row>, general: Option<&'a Row>, field: &str) -> Option<&'a Tree> {
            row.and_then(|row| row.get(field)).or_else(|| general.and_then(|row| row.get(field)))
        }
        let mut seen = BTreeSet::new();
        let mut found = 0;
        for (field, _) in [old, new].into_iter().flatten().flat_map(Row::entries) {
            if silent.contains(&field) || !seen.insert(field) {
                continue;
            }
            let (before, after) = (value(old, old_general, field), value(new, new_general, field));
            if before == after {
                continue;
            }
            found += 1;
            self.difference.total += 1;
            if self.difference.changes.len() < self.most {
                let written = |value: &Tree| value.text().map_or_else(|| value.canonical(), str::to_owned);
                self.difference.changes.push(Change {
                    section: place.section,
                    key: place.key.clone(),
                    period: place.period.clone(),
                    field: field.to_owned(),
                    before: before.map(written),
                    after: after.map(written),
                });
            }
        }
        found
    }
}
