//! Sums, counts and rows behind the figures of the overview. Every statement reads index ranges of the
//! windows asked for, never a whole table (a test reads the plans).

pub mod attention;
mod dirty_days;
mod drill;
mod figures;
mod quarter_hours;
mod stock;
mod summary;
mod targets;
mod visits;

pub use dirty_days::{
    DayReader, DirtyDay, clear_days, dirty_days, moments_of_demo, moments_of_refunds, moments_of_sales, name_days,
};
pub use drill::{Asked, BuyerFields, FactFields, Found, VisitorFields, buyers, changed_facts, facts, visitors};
pub use figures::{
    AllOrders, Books, FIGURES_SQL, Figures, Origins, RecentRow, Totals, Window, all_orders, figures,
    figures_with_customers, first_fact_at, last_minute, origins, recent_sales, suspicious, totals,
};
pub use quarter_hours::{EarlierQuarter, QuarterHour, earlier_quarters, quarter_hours, sum_up_quarter_hours};
pub use stock::{LowStock, ProductFields, low_products, low_stock, reorder_threshold};
pub use summary::{DayFigures, SummaryRow, begin_summary, day_figures, drop_other_books, put_summary, summary};
pub use targets::{ONE_A_DAY, change_target, delete_target, insert_target, target_on, targets};
pub use visits::{Visits, any_visits, record_visit, visits};
