//! Sums of sales analytics: closed days as the materialised views hold them, the rest from the rows. The formula is
//! the same for both: `ops.sale_facts` and `ops.line_facts`.

mod categories;
mod hours;
mod products;
mod report_mails;
mod reports;
mod segments;
mod views;

pub use categories::{CategorySums, NO_CATEGORY, categories};
pub use hours::{SalesSums, sales_sums};
pub use products::{Measured, ProductAsked, ProductSums, Products, products};
pub use report_mails::{
    DueMail, due_report_mails, is_subscribed, queue_report_mails, subscribe, take_report_mail, tried_report_mail,
};
pub use reports::{
    KeptReport, ReportSums, add_report, alert_counts, newest_reports, outdated_reports, report_revisions, report_sums,
};
pub use segments::{
    CustomerValue, NewTier, Placed, RuledTier, SegmentRun, SegmentSums, customer_revenue, customer_values, forget_runs,
    lock_customer, put_run, put_segments, put_tier, ruled_tiers, segment_run, segment_sums,
};
pub use views::{
    CalendarHour, Refreshed, calendar_days, forget_calendar, keep_hours, put_books, put_refreshed, refresh_view,
    refreshed,
};

use crate::overview::{Books, Window};
use chrono::NaiveDate;
use domain::money::Currency;

/// A stretch of a window: whole days that a view holds, or anything from its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which answer it is part of.
    pub slot: i32,
    pub window: Window,
    /// First and last day.
    pub days: (NaiveDate, NaiveDate),
    /// Taken from the view.
    pub kept: bool,
}

/// Whose money, and which of it.
#[derive(Debug, Clone, Copy)]
pub struct Money<'a> {
    pub books: Books<'a>,
    /// Only facts in this currency, unconverted; `None`: all, in base currency.
    pub only: Option<Currency>,
}

impl Money<'_> {
    fn only(&self) -> Option<&str> {
        self.only.as_ref().map(Currency::as_str)
    }
}
