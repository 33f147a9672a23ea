//! The demo world of commerce: a small shop with catalogue, customers, sixty days of sales and thirty
//! of visits. Pure: the same plan gives the same world, byte for byte, on every machine.

mod calendar;
mod catalogue;
pub(crate) mod chance;
pub mod network;
mod people;
mod range;
mod sales;
mod visits;

pub use calendar::{SALES_DAYS, VISIT_DAYS};
pub use catalogue::{Category, PRODUCTS, Product};
pub use chance::Chance;
pub use people::{CUSTOMERS, Customer, REGULARS};
pub use sales::{Damage, HEADER, IMPORTABLE, NON_POSITIVE, ROWS, SaleRow, UNREADABLE_TIMES};
pub use visits::Visit;

use calendar::Calendar;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// What decides a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// The last day of the world, in the business zone.
    pub as_of: NaiveDate,
    /// Minutes of the last day that are filled, 0..=1440: nothing happens after them.
    pub until_minute: u16,
}

/// The world. Indexes in sales and visits point into `products` and `customers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    pub plan: Plan,
    pub categories: Vec<Category>,
    pub products: Vec<Product>,
    pub customers: Vec<Customer>,
    pub sales: Vec<SaleRow>,
    pub visits: Vec<Visit>,
}

impl World {
    #[must_use]
    pub fn generate(plan: Plan) -> Self {
        let calendar = Calendar::new(plan.as_of, plan.until_minute);
        let opened = opened(&calendar);
        let (categories, products) = catalogue::catalogue(&mut Chance::new(plan.seed, 1), opened);
        let customers = people::customers(&mut Chance::new(plan.seed, 2), calendar.first());
        let sales = sales::sales(&mut Chance::new(plan.seed, 3), &calendar, &products, &customers);
        let visits = visits::visits(&mut Chance::new(plan.seed, 4), &calendar, &sales);
        Self { plan, categories, products, customers, sales, visits }
    }

    /// When the catalogue and its prices began: before the first sale in any zone.
    #[must_use]
    pub fn opened(&self) -> DateTime<Utc> {
        opened(&Calendar::new(self.plan.as_of, self.plan.until_minute))
    }

    /// The sales file: CSV with the columns of [`HEADER`], times local to the business zone.
    ///
    /// # Errors
    /// Never in practice: the file is written to memory.
    pub fn sales_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(HEADER)?;
        for row in &self.sales {
            let product = &self.products[row.product];
            let customer = row.customer.map(|n| &self.customers[n]);
            file.write_record([
                row.invoice.as_str(),
                &product.sku,
                &product.name,
                &row.quantity.to_string(),
                &sales::time_text(row),
                &row.unit_price.to_string(),
                customer.map_or("", |c| &c.reference),
                customer.map_or("India", |c| c.country),
            ])?;
        }
        file.into_inner().map_err(|e| csv::Error::from(e.into_error()))
    }
}

fn opened(calendar: &Calendar) -> DateTime<Utc> {
    (calendar.first() - chrono::Days::new(30)).and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests;
