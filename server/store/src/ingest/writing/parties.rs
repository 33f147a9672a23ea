//! Customers and products a file names first.

use super::{Record, Rows, Stamp};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Debug)]
pub struct Customer<'a> {
    pub id: Uuid,
    pub external_ref: &'a str,
    pub country: Option<&'a str>,
    pub registered: NaiveDate,
}

impl Record for Customer<'_> {
    const COPY: &'static str = "copy sales.customers (id, external_ref, country, registration_date, origin, created_at, updated_at) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.id).text(self.external_ref).optional_text(self.country).text(&self.registered.to_string());
        out.text(stamp.origin).time(stamp.at).time(stamp.at).end();
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    pub id: Uuid,
    pub sku: &'a str,
    pub name: &'a str,
    pub stocked: bool,
    pub price: Decimal,
}

impl Record for Product<'_> {
    const COPY: &'static str =
        "copy sales.products (id, sku, name, kind, price, currency, origin, created_at, updated_at) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        let kind = if self.stocked { "stocked" } else { "service" };
        out.id(self.id).text(self.sku).text(self.name).text(kind).number(self.price).text(stamp.currency);
        out.text(stamp.origin).time(stamp.at).time(stamp.at).end();
    }
}

/// The first row of a new product's price history.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    pub product: Uuid,
    pub from: DateTime<Utc>,
    pub price: Decimal,
}

impl Record for Price {
    const COPY: &'static str = "copy sales.product_prices (product_id, valid_from, price, by) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.product).time(self.from).number(self.price).text(stamp.by).end();
    }
}
