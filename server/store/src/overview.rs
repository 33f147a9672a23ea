//! Sums, counts and rows behind the figures of the overview. Every statement reads index ranges of the
//! windows asked for, never a whole table (a test reads the plans).

mod drill;
mod figures;
mod visits;

pub use drill::{Asked, BuyerFields, FactFields, Found, VisitorFields, buyers, facts, visitors};
pub use figures::{
    AllOrders, Books, FIGURES_SQL, Figures, RecentRow, Totals, Window, all_orders, demo_rows, figures,
    figures_with_customers, first_fact_at, last_minute, recent_sales, totals,
};
pub use visits::{Visits, any_visits, record_visit, visits};
