//! Sales that screening did not approve at once (`commerce.md` 5).

use super::{filter::SaleQuery, screen::SaleRow};
use crate::{
    error::FieldError,
    fraud::{Outcome, ShownHit},
    ids::{CaseId, ProductId},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hours looked back unless said.
const HOURS: u32 = 24;

/// How far people are with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Review {
    /// A case is open.
    Open,
    /// There was one, and none is open.
    Closed,
    #[default]
    All,
}

impl Review {
    pub const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::All];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|review| review.as_str() == text)
    }
}

/// A page of them; the filters of the list narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuspiciousQuery {
    pub list: SaleQuery,
    pub review: Review,
}

impl SuspiciousQuery {
    /// As [`SaleQuery::parse`], with `review`; the last 24 hours unless a time is given.
    ///
    /// # Errors
    /// One entry for each value that cannot be read, `path` being its name.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Vec<FieldError>> {
        let (mut review, mut faults, mut rest) = (Review::All, Vec::new(), Vec::new());
        for (name, value) in pairs {
            let (name, value) = (name.as_ref().to_owned(), value.as_ref().trim().to_owned());
            match name.as_str() {
                "review" if value.is_empty() => {}
                "review" => match Review::parse(&value) {
                    Some(known) => review = known,
                    None => faults.push(FieldError::new("review", "Ask for open, closed or all.")),
                },
                _ => rest.push((name, value)),
            }
        }
        let mut list = SaleQuery::parse(rest).unwrap_or_else(|more| {
            faults.extend(more);
            SaleQuery::default()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let filter = &mut list.filter;
        filter.suspicious = Some(true);
        if filter.from.is_none() && filter.to.is_none() {
            filter.hours = filter.hours.or(Some(HOURS));
        }
        Ok(Self { list, review })
    }
}

/// What was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SoldProduct {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    #[schema(format = "decimal")]
    pub quantity: Decimal,
}

/// A row of the list, with what makes it suspicious.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuspiciousSale {
    #[serde(flatten)]
    pub sale: SaleRow,
    pub products: Vec<SoldProduct>,
    /// `None` without `fraud.view`.
    pub outcome: Option<Outcome>,
    /// Empty without `fraud.review`.
    pub hits: Vec<ShownHit>,
    /// `None` without `fraud.view`, and of a declined sale.
    pub case_id: Option<CaseId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::pairs;

    #[test]
    fn the_last_day_is_meant_unless_a_time_is_given() {
        let read = |text: &str| SuspiciousQuery::parse(pairs(text));
        let plain = read("review=&limit=5").unwrap();
        assert_eq!((plain.review, plain.list.filter.hours, plain.list.limit), (Review::All, Some(24), 5));
        assert_eq!(plain.list.filter.suspicious, Some(true));
        let asked = read("review=open&hours=720&suspicious=false").unwrap();
        assert_eq!((asked.review, asked.list.filter.hours), (Review::Open, Some(720)));
        assert_eq!(asked.list.filter.suspicious, Some(true));
        assert_eq!(read("from=2026-03-01").unwrap().list.filter.hours, None);
        let paths = |text| read(text).unwrap_err().into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths("review=some&hours=721"), ["review", "hours"]);
        assert_eq!(paths("hours=0"), ["hours"]);
    }
}
