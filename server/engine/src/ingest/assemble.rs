//! From judged rows and what is recorded to exactly what is to be written: orders, lines, customers,
//! products, refunds with the sale they take back, and the account of the file.

mod account;
mod refunds;
mod sales;
mod visits;

use super::{
    judge::{BadRow, Judged},
    matching::OpenLine,
};
use account::Account;
use chrono::{DateTime, Utc};
use domain::ingest::{Counts, Examples, RuleCount, Verdict};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A recorded sale with an order reference of the file.
#[derive(Debug)]
pub struct KnownSale {
    pub id: Uuid,
    pub version: i32,
    /// It came by import, so rows it lacks may be added.
    pub extendable: bool,
    pub at: DateTime<Utc>,
    /// Line number → hash of the imported row.
    pub lines: HashMap<i32, Option<i64>>,
}

/// An imported sale recorded for the days a file declares.
#[derive(Debug)]
pub struct ScopeSale {
    pub id: Uuid,
    pub reference: Box<str>,
    pub version: i32,
    /// Refunded or disputed: it cannot be closed.
    pub settled: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct KnownProduct {
    pub id: Uuid,
    pub stocked: bool,
}

/// Times of visits by browser and session (empty: none), in their order.
pub type VisitTimes = HashMap<(Box<str>, Box<str>), Vec<DateTime<Utc>>>;

/// What is recorded already and could meet the file's rows. Of a target that asks nothing of a kind, it is empty.
#[derive(Debug, Default)]
pub struct Known {
    /// By order reference.
    pub sales: HashMap<Box<str>, KnownSale>,
    /// Cancel documents: line number → hash.
    pub refunds: HashMap<Box<str>, HashMap<i32, Option<i64>>>,
    /// Rows of earlier imports that were not plainly applied: (line number, hash) by business key.
    pub staged: HashMap<Box<str>, HashSet<(i32, i64)>>,
    /// By reference.
    pub customers: HashMap<Box<str>, Uuid>,
    /// By SKU.
    pub products: HashMap<Box<str>, KnownProduct>,
    pub open_lines: Vec<OpenLine>,
    /// Mode `replace_scope`: what is recorded for the declared days.
    pub in_scope: Vec<ScopeSale>,
    pub visits: VisitTimes,
    /// Visits before it are no longer kept.
    pub visits_since: Option<DateTime<Utc>>,
}

impl Known {
    /// The row is recorded as it is, though it could not be recorded now.
    fn is_recorded(&self, order_ref: &str, line_no: i32, hash: i64) -> bool {
        let same = |lines: &HashMap<i32, Option<i64>>| lines.get(&line_no).copied().flatten() == Some(hash);
        self.sales.get(order_ref).is_some_and(|sale| same(&sale.lines)) || self.refunds.get(order_ref).is_some_and(same)
    }

    fn is_staged(&self, business_key: &str, line_no: i32, hash: i64) -> bool {
        self.staged.get(business_key).is_some_and(|rows| rows.contains(&(line_no, hash)))
    }
}

#[derive(Debug)]
pub struct NewCustomer {
    pub id: Uuid,
    /// Index into [`Judged::customers`].
    pub seen: usize,
}

#[derive(Debug)]
pub struct NewProduct {
    pub id: Uuid,
    /// Index into [`Judged::products`].
    pub seen: usize,
    pub stocked: bool,
}

#[derive(Debug)]
pub struct NewSale {
    pub id: Uuid,
    /// Index into [`Judged::orders`].
    pub order: usize,
    pub customer: Option<Uuid>,
    pub status: &'static str,
    pub payment_method: Option<&'static str>,
    pub net: Decimal,
    pub quantity: Decimal,
    pub lines: i32,
    pub refunded_net: Decimal,
    pub refunded_quantity: Decimal,
    pub at: DateTime<Utc>,
    pub recognised: bool,
}

#[derive(Debug)]
pub struct NewSaleLine {
    pub transaction: Uuid,
    /// Index into [`Plan::sales`]; none for a line added to a recorded sale.
    pub sale: Option<usize>,
    pub line_no: i32,
    pub product: Uuid,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub net: Decimal,
    pub refunded_quantity: Decimal,
    pub at: DateTime<Utc>,
    pub hash: i64,
}

/// Lines added to a recorded sale.
#[derive(Debug, Clone)]
pub struct Addition {
    pub transaction: Uuid,
    pub version: i32,
    pub net: Decimal,
    pub quantity: Decimal,
    pub lines: i32,
}

/// Quantity of a recorded line that a refund of this import takes back.
#[derive(Debug, Clone)]
pub struct Link {
    pub transaction: Uuid,
    pub version: i32,
    pub line_no: i32,
    pub quantity: Decimal,
    pub net: Decimal,
    pub at: DateTime<Utc>,
}

/// A recorded sale that the file lacks.
#[derive(Debug, Clone, Copy)]
pub struct Closing {
    pub transaction: Uuid,
    pub version: i32,
}

#[derive(Debug)]
pub struct NewRefund {
    pub id: Uuid,
    pub order: usize,
    pub transaction: Option<Uuid>,
    pub customer: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub net: Decimal,
}

#[derive(Debug)]
pub struct NewRefundLine {
    pub refund: Uuid,
    pub line_no: i32,
    pub product: Uuid,
    pub quantity: Decimal,
    pub net: Decimal,
    pub at: DateTime<Utc>,
    pub hash: i64,
}

/// A step in the life of a new sale.
#[derive(Debug)]
pub struct NewEvent {
    pub transaction: Uuid,
    pub at: DateTime<Utc>,
    pub from: Option<&'static str>,
    pub to: &'static str,
}

/// A visit to record.
#[derive(Debug)]
pub struct NewVisit {
    pub id: Uuid,
    /// Index into [`Judged::visits`].
    pub row: usize,
    pub customer: Option<Uuid>,
}

/// Everything an import writes, and its account. Lists that the target does not fill stay empty.
#[derive(Debug, Default)]
pub struct Plan {
    pub customers: Vec<NewCustomer>,
    pub products: Vec<NewProduct>,
    pub sales: Vec<NewSale>,
    pub lines: Vec<NewSaleLine>,
    pub additions: Vec<Addition>,
    pub refunds: Vec<NewRefund>,
    pub refund_lines: Vec<NewRefundLine>,
    pub links: Vec<Link>,
    pub closed: Vec<Closing>,
    pub events: Vec<NewEvent>,
    /// Sold quantity by stocked product.
    pub stock: Vec<(Uuid, Decimal)>,
    pub visits: Vec<NewVisit>,
    /// Rows for the quarantine. Those of [`Plan::without_raw`] lack their cells.
    pub staged: Vec<BadRow>,
    /// Row numbers of staged rows whose cells were not kept while judging.
    pub without_raw: Vec<u32>,
    pub counts: Counts,
    pub issues: Vec<RuleCount>,
    pub examples: Examples,
    /// SHA-256 over all verdicts and the versions of recorded sales that are touched.
    pub digest: Vec<u8>,
}

/// Works out the plan. `new_id` gives fresh ids.
pub fn assemble(judged: &Judged, known: &Known, mut new_id: impl FnMut() -> Uuid) -> Plan {
    let mut plan = Plan::default();
    let mut account = Account::default();
    sales::record(judged, known, &mut plan, &mut account, &mut new_id);
    visits::record(judged, known, &mut plan, &mut account, &mut new_id);
    set_aside(judged, known, &mut plan, &mut account);
    account.settle(judged, &mut plan);
    plan
}

/// Rows that cannot be recorded as they stand wait in quarantine, if they do not wait there already.
fn set_aside(judged: &Judged, known: &Known, plan: &mut Plan, account: &mut Account) {
    for bad in &judged.bad {
        let seen = known.is_staged(&bad.business_key, bad.line_no, bad.hash)
            || known.is_recorded(&bad.business_key, bad.line_no, bad.hash);
        if seen {
            account.verdict(bad.row_no, Verdict::Same);
            account.example(Verdict::Same, bad.row_no, || bad.mapped.clone());
        } else {
            account.verdict(bad.row_no, bad.verdict);
            plan.staged.push(bad.clone());
        }
    }
}
