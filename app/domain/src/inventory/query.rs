//! The filter of the catalogue and its place in it; the same in the URL of the page, in REST and in exports.

use super::ProductKind;
use crate::{
    error::FieldError,
    ids::CategoryId,
    paging::{DEFAULT_LIMIT, limit_of},
    query,
};
use serde::{Deserialize, Serialize};

/// Whether it is still sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductState {
    #[default]
    Active,
    /// Not sold any more, or archived.
    Inactive,
    All,
}

impl ProductState {
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::All];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "true",
            Self::Inactive => "false",
            Self::All => "all",
        }
    }
}

/// Which products.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFilter {
    /// Part of SKU or name.
    pub q: Option<String>,
    /// The whole SKU, in any case.
    pub sku: Option<String>,
    pub category: Option<CategoryId>,
    pub kind: Option<ProductKind>,
    pub state: ProductState,
    /// Only those of which a site has little left.
    pub low_stock: bool,
}

/// A filter and a page of it. Best match first where `q` is asked, else by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductQuery {
    pub filter: ProductFilter,
    /// Opaque; from [`crate::paging::Page::next_cursor`] of the same filter.
    pub cursor: Option<String>,
    pub limit: u32,
}

impl Default for ProductQuery {
    fn default() -> Self {
        Self { filter: ProductFilter::default(), cursor: None, limit: DEFAULT_LIMIT }
    }
}

impl ProductQuery {
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
        let filter = &mut self.filter;
        let short =
            || (value.chars().count() <= 100).then(|| value.to_owned()).ok_or("Search for at most 100 characters.");
        match name {
            "q" => filter.q = Some(short()?),
            "sku" => filter.sku = Some(short()?),
            "category" => {
                filter.category = Some(value.parse().map_err(|_| "This is not the id of a category.")?);
            }
            "kind" => filter.kind = Some(ProductKind::parse(value).ok_or("The kind is stocked or service.")?),
            "active" => {
                filter.state = ProductState::ALL
                    .into_iter()
                    .find(|state| state.as_str() == value)
                    .ok_or("Say true, false or all.")?;
            }
            "low_stock" => {
                filter.low_stock = match value {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err("Say true or false."),
                };
            }
            "cursor" => self.cursor = Some(value.to_owned()),
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The query part of the list's address, without `?`; empty for the plain list.
    #[must_use]
    pub fn to_query(&self) -> String {
        let f = &self.filter;
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|v| (name, v)));
        add("q", f.q.clone());
        add("sku", f.sku.clone());
        add("category", f.category.map(|id| id.to_string()));
        add("kind", f.kind.map(|kind| kind.as_str().to_owned()));
        add("active", (f.state != ProductState::default()).then(|| f.state.as_str().to_owned()));
        add("low_stock", f.low_stock.then(|| "true".to_owned()));
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
        self.filter != ProductFilter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_survives_the_way_through_the_url() {
        let url = "q=mug%20%26&sku=m-1&category=01890000-0000-7000-8000-000000000001&kind=service&active=all&low_stock=true\
                   &cursor=abc&limit=50";
        let read = ProductQuery::parse(query::pairs(url)).unwrap();
        assert_eq!((read.filter.q.as_deref(), read.filter.low_stock), (Some("mug &"), true));
        assert_eq!(ProductQuery::parse(query::pairs(&read.to_query())).unwrap(), read);
        assert_eq!(ProductQuery::default().to_query(), "");
        assert!(!ProductQuery::parse(query::pairs("q=&kind=&utm=x")).unwrap().is_narrowed());
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let faults = ProductQuery::parse(query::pairs("category=1&kind=x&active=x&low_stock=x&limit=0")).unwrap_err();
        let paths: Vec<_> = faults.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["category", "kind", "active", "low_stock", "limit"]);
    }
}
