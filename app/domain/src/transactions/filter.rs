//! The filter of the list, its sort and its place in the list; the same in the URL of the page, in
//! REST and in exports.

use super::status::{PaymentMethod, StatusFilter};
use crate::{
    error::FieldError,
    ids::{CustomerId, ImportId, ProductId},
    paging::{DEFAULT_LIMIT, limit_of},
    query,
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Rows that may be skipped by number when no cursor is given.
pub const MAX_SKIP: u32 = 10_000;
const MAX_HOURS: u32 = 720;

/// What the list is ordered by; the id breaks ties in the same direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleSort {
    #[default]
    OccurredAt,
    Total,
}

impl SaleSort {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OccurredAt => "occurred_at",
            Self::Total => "total",
        }
    }
}

/// Which sales. Days are business days, both included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleFilter {
    /// Number, reference of the source, customer or SKU.
    pub q: Option<String>,
    pub status: Option<StatusFilter>,
    pub customer_id: Option<CustomerId>,
    pub product_id: Option<ProductId>,
    pub payment_method: Option<PaymentMethod>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// The last so many hours before now.
    pub hours: Option<u32>,
    /// Bounds of the total, both included.
    pub min_amount: Option<Decimal>,
    pub max_amount: Option<Decimal>,
    /// Sales that one import brought in.
    pub import_id: Option<ImportId>,
    /// Sales that screening did not approve at once, or the others.
    pub suspicious: Option<bool>,
}

/// A filter, an order, and a page of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleQuery {
    pub filter: SaleFilter,
    pub sort: SaleSort,
    pub ascending: bool,
    /// Opaque; from [`crate::paging::Page::next_cursor`] of the same filter and sort.
    pub cursor: Option<String>,
    /// Read only when there is no cursor.
    pub skip: u32,
    pub limit: u32,
}

impl Default for SaleQuery {
    fn default() -> Self {
        Self {
            filter: SaleFilter::default(),
            sort: SaleSort::default(),
            ascending: false,
            cursor: None,
            skip: 0,
            limit: DEFAULT_LIMIT,
        }
    }
}

impl SaleQuery {
    /// Reads name and value pairs. Empty values count as absent, unknown names are ignored (a page's
    /// URL may carry more). All faults at once.
    ///
    /// # Errors
    /// One entry for each value that cannot be read, `path` being its name.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut out = Self::default();
        let mut faults = query::set_each(pairs, |name, value| out.set(name, value));
        let filter = &out.filter;
        if filter.from.zip(filter.to).is_some_and(|(from, to)| from > to) {
            faults.push(FieldError::new("to", "The last day lies before the first."));
        }
        if filter.min_amount.zip(filter.max_amount).is_some_and(|(min, max)| min > max) {
            faults.push(FieldError::new("max_amount", "The largest amount is smaller than the smallest."));
        }
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let filter = &mut self.filter;
        match name {
            "q" => {
                if value.chars().count() > 100 {
                    return Err("Search for at most 100 characters.".into());
                }
                filter.q = Some(value.to_owned());
            }
            "status" => {
                filter.status =
                    Some(StatusFilter::parse(value).ok_or_else(|| format!("There is no status \"{value}\"."))?);
            }
            "customer_id" => filter.customer_id = Some(id(value, "customer")?),
            "product_id" => filter.product_id = Some(id(value, "product")?),
            "import_id" => filter.import_id = Some(id(value, "import")?),
            "payment_method" => {
                let method =
                    PaymentMethod::parse(value).ok_or_else(|| format!("There is no payment method \"{value}\"."))?;
                filter.payment_method = Some(method);
            }
            "suspicious" => {
                filter.suspicious = Some(match value {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err("Suspicious is true or false.".into()),
                });
            }
            "from" => filter.from = Some(day(value)?),
            "to" => filter.to = Some(day(value)?),
            "hours" => filter.hours = Some(within(value, 1, MAX_HOURS)?),
            "min_amount" => filter.min_amount = Some(amount(value)?),
            "max_amount" => filter.max_amount = Some(amount(value)?),
            "sort" => {
                let (column, direction) = value.split_once(':').unwrap_or((value, "desc"));
                self.sort = match column {
                    "occurred_at" => SaleSort::OccurredAt,
                    "total" => SaleSort::Total,
                    _ => return Err("Sort by occurred_at or total, e.g. total:asc.".into()),
                };
                self.ascending = match direction {
                    "asc" => true,
                    "desc" => false,
                    _ => return Err("The direction is asc or desc, e.g. total:asc.".into()),
                };
            }
            "cursor" => self.cursor = Some(value.to_owned()),
            "skip" => self.skip = within(value, 0, MAX_SKIP)?,
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The pairs that [`SaleQuery::parse`] reads back; defaults are left out.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let f = &self.filter;
        let mut out: Vec<(&'static str, String)> = Vec::new();
        let mut add = |name, value: Option<String>| out.extend(value.map(|v| (name, v)));
        add("q", f.q.clone());
        add("status", f.status.map(|v| v.as_str().to_owned()));
        add("customer_id", f.customer_id.map(|v| v.to_string()));
        add("product_id", f.product_id.map(|v| v.to_string()));
        add("import_id", f.import_id.map(|v| v.to_string()));
        add("payment_method", f.payment_method.map(|v| v.as_str().to_owned()));
        add("from", f.from.map(|v| v.to_string()));
        add("to", f.to.map(|v| v.to_string()));
        add("hours", f.hours.map(|v| v.to_string()));
        add("min_amount", f.min_amount.map(|v| v.to_string()));
        add("max_amount", f.max_amount.map(|v| v.to_string()));
        add("suspicious", f.suspicious.map(|v| v.to_string()));
        let sorted = self.sort != SaleSort::default() || self.ascending;
        let direction = if self.ascending { "asc" } else { "desc" };
        add("sort", sorted.then(|| format!("{}:{direction}", self.sort.as_str())));
        add("cursor", self.cursor.clone());
        add("skip", (self.skip > 0).then(|| self.skip.to_string()));
        add("limit", (self.limit != DEFAULT_LIMIT).then(|| self.limit.to_string()));
        out
    }

    /// The query part of the list's address, without `?`; empty for the plain list.
    #[must_use]
    pub fn to_query(&self) -> String {
        let pairs = self.to_pairs();
        query::write(pairs.iter().map(|(n, v)| (*n, v.as_str())))
    }

    /// The same filter and order from its first row on.
    #[must_use]
    pub fn first_page(&self) -> Self {
        Self { cursor: None, skip: 0, ..self.clone() }
    }

    /// The page that begins after `cursor`.
    #[must_use]
    pub fn page_after(&self, cursor: String) -> Self {
        Self { cursor: Some(cursor), skip: 0, ..self.clone() }
    }

    /// First page sorted by `sort`: a second click on the same header turns the order round.
    #[must_use]
    pub fn sorted_by(&self, sort: SaleSort) -> Self {
        let ascending = self.sort == sort && !self.ascending;
        Self { sort, ascending, ..self.first_page() }
    }

    /// Anything but the order narrows the list.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.filter != SaleFilter::default()
    }
}

fn id<T: FromStr>(value: &str, what: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("This is not the id of a {what}."))
}

fn day(value: &str) -> Result<NaiveDate, String> {
    // Postgres and the calendar both reach further; nobody's sales do.
    let day: NaiveDate = value.parse().map_err(|_| "Write the day as 2026-10-06.".to_owned())?;
    let sane = NaiveDate::from_ymd_opt(1900, 1, 1).is_some_and(|d| d <= day)
        && NaiveDate::from_ymd_opt(9000, 1, 1).is_some_and(|d| day < d);
    if sane { Ok(day) } else { Err("The day must lie between 1900 and 9000.".to_owned()) }
}

fn amount(value: &str) -> Result<Decimal, String> {
    let amount: Decimal = value.parse().map_err(|_| "Write an amount such as 12.50.".to_owned())?;
    if amount.abs() < Decimal::from(1_000_000_000_000_i64) {
        Ok(amount)
    } else {
        Err("The amount is too large.".to_owned())
    }
}

fn within(value: &str, least: u32, most: u32) -> Result<u32, String> {
    value
        .parse()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("Give a whole number from {least} to {most}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_survives_the_way_through_the_url() {
        let url = "q=mug%20%26&status=completed&customer_id=01890000-0000-7000-8000-000000000001\
                   &product_id=01890000-0000-7000-8000-000000000002&import_id=01890000-0000-7000-8000-000000000003\
                   &payment_method=cash&from=2011-01-01&to=2011-01-31&hours=24&min_amount=1.50&max_amount=20\
                   &sort=total:asc&cursor=abc&skip=5&limit=50";
        let read = SaleQuery::parse(query::pairs(url)).unwrap();
        assert_eq!(read.filter.q.as_deref(), Some("mug &"));
        assert_eq!((read.sort, read.ascending, read.limit), (SaleSort::Total, true, 50));
        assert_eq!(SaleQuery::parse(query::pairs(&read.to_query())).unwrap(), read);
        assert_eq!(SaleQuery::default().to_query(), "");
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let faults = SaleQuery::parse(query::pairs(
            "status=x&from=yesterday&limit=101&skip=10001&sort=name&min_amount=a&customer_id=1&hours=0&payment_method=x",
        ))
        .unwrap_err();
        let paths: Vec<&str> = faults.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            paths,
            ["status", "from", "limit", "skip", "sort", "min_amount", "customer_id", "hours", "payment_method"]
        );
        let crossed =
            SaleQuery::parse([("from", "2011-02-01"), ("to", "2011-01-01"), ("min_amount", "2"), ("max_amount", "1")]);
        assert_eq!(crossed.unwrap_err().len(), 2);
    }

    #[test]
    fn empty_fields_of_a_form_do_not_filter() {
        let read = SaleQuery::parse([("q", " "), ("status", ""), ("from", ""), ("utm", "x")]).unwrap();
        assert_eq!(read, SaleQuery::default());
        assert!(!read.is_narrowed());
    }

    #[test]
    fn a_second_click_on_a_header_turns_the_order_round() {
        let by_total = SaleQuery { cursor: Some("x".into()), ..SaleQuery::default() }.sorted_by(SaleSort::Total);
        assert_eq!((by_total.sort, by_total.ascending, by_total.cursor.clone()), (SaleSort::Total, false, None));
        assert!(by_total.sorted_by(SaleSort::Total).ascending);
    }
}
