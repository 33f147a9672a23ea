//! What a document would change of a network: rows are the same where section and key are.

use super::{Network, key};
use crate::planning::{document::Row, document::schema::SECTIONS, tree::Tree};
use std::collections::{BTreeSet, HashMap, HashSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Created,
    Updated,
    Same,
    /// The network has it, the document does not.
    Missing,
}

/// A row, by its places.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Of [`SECTIONS`].
    pub section: usize,
    pub key: String,
    pub verdict: Verdict,
    /// Place in the network, of what is there.
    pub before: Option<usize>,
    /// Place in the document.
    pub after: Option<usize>,
}

/// Every row of both, section by section: those of the document in its order, then those that it does not have. Of rows
/// that share a key in the document the first counts; its checks refuse such a document.
#[must_use]
pub fn changes(network: &Network, document: &Network) -> Vec<Change> {
    let mut out = Vec::new();
    for (place, section) in SECTIONS.iter().enumerate() {
        let old: HashMap<String, usize> =
            network.rows[place].iter().enumerate().map(|(i, row)| (key(section, row), i)).collect();
        let mut seen = HashSet::new();
        for (i, row) in document.rows[place].iter().enumerate() {
            let of = key(section, row);
            if !seen.insert(of.clone()) {
                continue;
            }
            let before = old.get(&of).copied();
            let verdict = match before {
                None => Verdict::Created,
                Some(at) if same(&network.rows[place][at], row) => Verdict::Same,
                Some(_) => Verdict::Updated,
            };
            out.push(Change { section: place, key: of, verdict, before, after: Some(i) });
        }
        let missing = network.rows[place].iter().enumerate().map(|(i, row)| (key(section, row), i));
        out.extend(missing.filter(|(of, _)| !seen.contains(of)).map(|(of, i)| Change {
            section: place,
            key: of,
            verdict: Verdict::Missing,
            before: Some(i),
            after: None,
        }));
    }
    out
}

fn same(a: &Row, b: &Row) -> bool {
    a.tree().canonical() == b.tree().canonical()
}

/// Fields that differ, with what stood there and what will.
#[must_use]
pub fn fields(before: Option<&Row>, after: Option<&Row>) -> Vec<(String, Option<String>, Option<String>)> {
    let names = |row: Option<&Row>| {
        row.into_iter().flat_map(Row::entries).map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>()
    };
    let text = |row: Option<&Row>, name: &str| {
        row.and_then(|row| row.get(name)).map(|value| value.text().map_or_else(|| value.canonical(), str::to_owned))
    };
    let all: BTreeSet<_> = names(before).union(&names(after)).cloned().collect();
    let told = all.into_iter().map(|name| {
        let pair = (text(before, &name), text(after, &name));
        (name, pair.0, pair.1)
    });
    told.filter(|(_, before, after)| before != after).collect()
}

/// Whether what is said of the whole differs.
#[must_use]
pub fn head_differs(network: &Network, document: &Network) -> bool {
    let sorted = |head: &Tree| head.canonical();
    sorted(&network.head) != sorted(&document.head)
}
