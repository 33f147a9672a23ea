//! The filter of the list of customers and its place in it; the same in the URL of the page, in REST and in exports.

use super::Tier;
use crate::{
    error::FieldError,
    paging::{DEFAULT_LIMIT, limit_of},
    query,
};
use serde::{Deserialize, Serialize};

/// Which customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFilter {
    /// Number or reference; for who may read them also name, e-mail and the whole phone number.
    pub q: Option<String>,
    pub tier: Option<Tier>,
}

/// A filter and a page of it: exact numbers first where `q` is asked, else the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerQuery {
    pub filter: CustomerFilter,
    /// Opaque; from [`crate::paging::Page::next_cursor`] of the same filter.
    pub cursor: Option<String>,
    pub limit: u32,
}

impl Default for CustomerQuery {
    fn default() -> Self {
        Self { filter: CustomerFilter::default(), cursor: None, limit: DEFAULT_LIMIT }
    }
}

impl CustomerQuery {
    /// Reads name and value pairs. Empty values count as absent, unknown names are ignored. All faults at once.
    ///
    /// # Errors
    /// One entry for each value that cannot be read, `path` being its name.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut out = Self::default();
        let faults = query::set_each(pairs, |name, value| out.set(name, value));
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "q" if value.chars().count() > 100 => return Err("Search for at most 100 characters."),
            "q" => self.filter.q = Some(value.to_owned()),
            "tier" => self.filter.tier = Some(Tier::parse(value).ok_or("There is no such tier.")?),
            "cursor" => self.cursor = Some(value.to_owned()),
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The query part of the list's address, without `?`; empty for the plain list.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|v| (name, v)));
        add("q", self.filter.q.clone());
        add("tier", self.filter.tier.map(|tier| tier.as_str().to_owned()));
        add("cursor", self.cursor.clone());
        add("limit", (self.limit != DEFAULT_LIMIT).then(|| self.limit.to_string()));
        query::write(pairs.iter().map(|(n, v)| (*n, v.as_str())))
    }

    /// The same filter from its first row on.
    #[must_use]
    pub fn first_page(&self) -> Self {
        Self { cursor: None, ..self.clone() }
    }

    /// The page that begins after `cursor`.
    #[must_use]
    pub fn page_after(&self, cursor: String) -> Self {
        Self { cursor: Some(cursor), ..self.clone() }
    }

    /// The whole filter, as an export takes it.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { filter: self.filter.clone(), ..Self::default() }
    }

    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.filter != CustomerFilter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_survives_the_way_through_the_url() {
        let read = CustomerQuery::parse(query::pairs("q=ann%20lee&tier=gold&cursor=abc&limit=50&x=1")).unwrap();
        assert_eq!(CustomerQuery::parse(query::pairs(&read.to_query())).unwrap(), read);
        assert_eq!(CustomerQuery::default().to_query(), "");
        let faults = CustomerQuery::parse(query::pairs("tier=x&limit=101")).unwrap_err();
        assert_eq!(faults.len(), 2);
    }
}
