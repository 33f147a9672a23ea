//! Rows of one key: the row without period counts for all periods, one with a period overrides it field by field.

use crate::planning::{
    document::{Row, double},
    tree::Tree,
};
use std::{collections::HashMap, hash::Hash};

/// The rows of one key, by their place in the section.
#[derive(Debug, Clone)]
pub struct Group {
    pub first: usize,
    pub base: Option<usize>,
    /// One a period.
    pub at: Vec<Option<usize>>,
}

/// Groups in order of first appearance, and the rows that repeat another one's key and period.
pub fn groups<K: Hash + Eq + Clone>(
    keys: impl Iterator<Item = (usize, K, Option<usize>)>,
    horizon: usize,
) -> (Vec<(K, Group)>, Vec<usize>) {
    let mut places: HashMap<K, usize> = HashMap::new();
    let mut groups: Vec<(K, Group)> = Vec::new();
    let mut repeated = Vec::new();
    for (row, key, period) in keys {
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Group { first: row, base: None, at: vec![None; horizon] }));
            groups.len() - 1
        });
        let group = &mut groups[place].1;
        let slot = match period {
            Some(period) => &mut group.at[period],
            None => &mut group.base,
        };
        if slot.is_some() {
            repeated.push(row);
        } else {
            *slot = Some(row);
        }
    }
    (groups, repeated)
}

/// A key in a period.
#[derive(Debug, Clone, Copy)]
pub struct Merged<'a> {
    rows: &'a [Row],
    base: Option<usize>,
    own: Option<usize>,
    first: usize,
}

impl Group {
    pub fn merged<'a>(&self, rows: &'a [Row], period: usize) -> Merged<'a> {
        Merged { rows, base: self.base, own: self.at[period], first: self.first }
    }

    /// Every row of the key.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.base.into_iter().chain(self.at.iter().flatten().copied())
    }
}

impl<'a> Merged<'a> {
    /// Whether any row speaks of the period.
    pub const fn known(&self) -> bool {
        self.base.is_some() || self.own.is_some()
    }

    /// The value, and the row it stands in.
    fn found(&self, field: &str) -> Option<(&'a Tree, usize)> {
        let of = |row: Option<usize>| row.and_then(|row| self.rows[row].get(field).map(|value| (value, row)));
        of(self.own).or_else(|| of(self.base))
    }

    pub fn get(&self, field: &str) -> Option<&'a Tree> {
        self.found(field).map(|(value, _)| value)
    }

    /// The row to point at for a field, whether or not it stands there.
    pub fn row(&self, field: &str) -> usize {
        self.found(field).map_or_else(|| self.own.or(self.base).unwrap_or(self.first), |(_, row)| row)
    }

    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.get(field).and_then(Tree::text)
    }

    /// None when the field is absent or null.
    pub fn number(&self, field: &str) -> Option<f64> {
        self.get(field).and_then(Tree::number).map(double)
    }

    pub fn number_or(&self, field: &str, default: f64) -> f64 {
        self.number(field).unwrap_or(default)
    }

    pub fn flag(&self, field: &str, default: bool) -> bool {
        match self.get(field) {
            Some(Tree::Bool(value)) => *value,
            _ => default,
        }
    }
}
