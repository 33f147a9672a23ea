//! Orders and cancel documents: sales, their lines and history, refunds, and the customers and products named first.

use super::{
    super::judge::{BadRow, GoodRow, Judged, NOBODY},
    Addition, Closing, Known, KnownProduct, NewCustomer, NewEvent, NewProduct, NewSale, NewSaleLine, Plan,
    account::{self, Account},
    refunds,
};
use chrono::{DateTime, Utc};
use domain::ingest::{Field, Issue, Verdict};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Plans what the rows of orders write.
pub fn record(
    judged: &Judged,
    known: &Known,
    plan: &mut Plan,
    account: &mut Account,
    new_id: &mut impl FnMut() -> Uuid,
) {
    let created = verdicts(judged, known, plan, account);
    close_missing(judged, known, plan);
    let mut parties = Parties::new(judged, known);
    let (refund_rows, sale_rows): (Vec<&GoodRow>, Vec<&GoodRow>) =
        created.into_iter().partition(|row| judged.orders[row.order as usize].cancels);
    record_sales(judged, known, &sale_rows, plan, &mut parties, new_id);
    refunds::record(judged, known, refund_rows, plan, &mut parties, new_id);
    finish_sales(judged, plan);
    plan.customers = parties.new_customers;
    plan.products = parties.new_products;
    plan.stock = stock_of(plan, &parties.stocked);
}

/// Σ quantity × price of one line; imported lines keep four decimals.
pub(super) fn amount(quantity: Decimal, unit_price: Decimal) -> Decimal {
    (quantity * unit_price).round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// Mode `replace_scope`: recorded sales of the declared days that no row of the file names are closed. An
/// order with a rejected row is named, so a slip in the file closes nothing.
fn close_missing(judged: &Judged, known: &Known, plan: &mut Plan) {
    let named: HashSet<&str> = judged.orders.iter().map(|order| order.reference.as_ref()).collect();
    plan.counts.in_scope = u32::try_from(known.in_scope.len()).unwrap_or(u32::MAX);
    for sale in known.in_scope.iter().filter(|sale| !named.contains(sale.reference.as_ref())) {
        if sale.settled {
            plan.counts.kept += 1;
        } else {
            plan.counts.closed += 1;
            plan.closed.push(Closing { transaction: sale.id, version: sale.version });
        }
    }
}

/// Says of each row what becomes of it; the answer are the rows to be recorded.
fn verdicts<'j>(judged: &'j Judged, known: &Known, plan: &mut Plan, account: &mut Account) -> Vec<&'j GoodRow> {
    let mut created = Vec::with_capacity(judged.rows.len());
    for row in &judged.rows {
        let order = &judged.orders[row.order as usize];
        let recorded = if order.cancels {
            known.refunds.get(&order.reference).map(|lines| (true, lines))
        } else {
            known.sales.get(&order.reference).map(|sale| (sale.extendable, &sale.lines))
        };
        let verdict = match recorded.map(|(extendable, lines)| (extendable, lines.get(&row.line_no))) {
            None | Some((true, None)) => Verdict::Create,
            Some((_, Some(Some(hash)))) if *hash == row.hash => Verdict::Same,
            Some(_) if known.is_staged(&order.reference, row.line_no, row.hash) => Verdict::Same,
            Some(_) => Verdict::Rejected,
        };
        match verdict {
            Verdict::Create => created.push(row),
            Verdict::Rejected => {
                plan.without_raw.push(row.row_no);
                plan.staged.push(differing(judged, row));
            }
            Verdict::Same | Verdict::Merged | Verdict::DuplicateInSource => {}
        }
        account.verdict(row.row_no, verdict);
        account.example(verdict, row.row_no, || account::describe(judged, row));
    }
    created
}

fn differing(judged: &Judged, row: &GoodRow) -> BadRow {
    let order = &judged.orders[row.order as usize];
    BadRow {
        row_no: row.row_no,
        business_key: order.reference.to_string(),
        line_no: row.line_no,
        verdict: Verdict::Rejected,
        raw: Vec::new(),
        mapped: account::describe(judged, row),
        hash: row.hash,
        issues: vec![Issue::error(
            "differs_from_recorded",
            Some(Field::OrderRef),
            format!(
                "Order {} has line {} already, with other content. Mend the recorded order, or discard this row.",
                order.reference, row.line_no
            ),
        )],
    }
}

/// Ids of customers and products, known or new; asked only for rows that are recorded.
pub(super) struct Parties<'a> {
    judged: &'a Judged,
    known: &'a Known,
    customers: Vec<Option<Uuid>>,
    products: Vec<Option<Uuid>>,
    new_customers: Vec<NewCustomer>,
    new_products: Vec<NewProduct>,
    stocked: HashMap<Uuid, bool>,
}

impl<'a> Parties<'a> {
    fn new(judged: &'a Judged, known: &'a Known) -> Self {
        Self {
            judged,
            known,
            customers: vec![None; judged.customers.len()],
            products: vec![None; judged.products.len()],
            new_customers: Vec::new(),
            new_products: Vec::new(),
            stocked: HashMap::new(),
        }
    }

    pub(super) fn customer(&mut self, index: u32, new_id: &mut impl FnMut() -> Uuid) -> Option<Uuid> {
        if index == NOBODY {
            return None;
        }
        let seen = index as usize;
        if self.customers[seen].is_none() {
            let id = self.known.customers.get(&self.judged.customers[seen].reference).copied();
            self.customers[seen] = Some(id.unwrap_or_else(|| {
                let id = new_id();
                self.new_customers.push(NewCustomer { id, seen });
                id
            }));
        }
        self.customers[seen]
    }

    pub(super) fn product(&mut self, index: u32, new_id: &mut impl FnMut() -> Uuid) -> Uuid {
        let seen = index as usize;
        if let Some(id) = self.products[seen] {
            return id;
        }
        let sku = &self.judged.products[seen].sku;
        let product = self.known.products.get(sku).copied().unwrap_or_else(|| {
            // POST, DOT, M: a code without any digit is a service.
            let stocked = sku.bytes().any(|b| b.is_ascii_digit());
            let id = new_id();
            self.new_products.push(NewProduct { id, seen, stocked });
            KnownProduct { id, stocked }
        });
        self.stocked.insert(product.id, product.stocked);
        self.products[seen] = Some(product.id);
        product.id
    }
}

fn record_sales(
    judged: &Judged,
    known: &Known,
    rows: &[&GoodRow],
    plan: &mut Plan,
    parties: &mut Parties<'_>,
    new_id: &mut impl FnMut() -> Uuid,
) {
    let mut sale_of: HashMap<u32, usize> = HashMap::new();
    let mut addition_of: HashMap<u32, usize> = HashMap::new();
    plan.lines.reserve(rows.len());
    for row in rows {
        let order = &judged.orders[row.order as usize];
        let net = amount(row.quantity, row.unit_price);
        let product = parties.product(row.product, new_id);
        let mut line = NewSaleLine {
            transaction: Uuid::nil(),
            sale: None,
            line_no: row.line_no,
            product,
            quantity: row.quantity,
            unit_price: row.unit_price,
            net,
            refunded_quantity: Decimal::ZERO,
            at: row.at,
            hash: row.hash,
        };
        if let Some(sale) = known.sales.get(&order.reference) {
            let index = *addition_of.entry(row.order).or_insert_with(|| {
                plan.additions.push(Addition {
                    transaction: sale.id,
                    version: sale.version,
                    net: Decimal::ZERO,
                    quantity: Decimal::ZERO,
                    lines: 0,
                });
                plan.additions.len() - 1
            });
            let addition = &mut plan.additions[index];
            addition.net += net;
            addition.quantity += row.quantity;
            addition.lines += 1;
            line.transaction = sale.id;
            line.at = sale.at;
        } else {
            let at = order.at.unwrap_or(row.at);
            let index = *sale_of.entry(row.order).or_insert_with(|| {
                let status = order.status.unwrap_or("approved");
                plan.sales.push(NewSale {
                    id: new_id(),
                    order: row.order as usize,
                    customer: parties.customer(order.customer, new_id),
                    status,
                    payment_method: order.payment_method,
                    net: Decimal::ZERO,
                    quantity: Decimal::ZERO,
                    lines: 0,
                    refunded_net: Decimal::ZERO,
                    refunded_quantity: Decimal::ZERO,
                    at,
                    recognised: matches!(status, "approved" | "released"),
                });
                plan.sales.len() - 1
            });
            let sale = &mut plan.sales[index];
            sale.net += net;
            sale.quantity += row.quantity;
            sale.lines += 1;
            line.transaction = sale.id;
            line.sale = Some(index);
            line.at = at;
        }
        plan.lines.push(line);
    }
}

/// Status after all refunds of this import, and the events that led there.
fn finish_sales(judged: &Judged, plan: &mut Plan) {
    let mut refunded_at: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    for refund in &plan.refunds {
        if let Some(transaction) = refund.transaction {
            let at = refunded_at.entry(transaction).or_insert(refund.at);
            *at = refund.at.max(*at);
        }
    }
    for sale in &mut plan.sales {
        let first = judged.orders[sale.order].status.unwrap_or("approved");
        plan.events.push(NewEvent { transaction: sale.id, at: sale.at, from: None, to: first });
        if sale.refunded_quantity > Decimal::ZERO {
            sale.status = if sale.refunded_quantity >= sale.quantity { "refunded" } else { "partially_refunded" };
            let at = refunded_at.get(&sale.id).copied().unwrap_or(sale.at);
            plan.events.push(NewEvent { transaction: sale.id, at, from: Some(first), to: sale.status });
        }
    }
}

fn stock_of(plan: &Plan, stocked: &HashMap<Uuid, bool>) -> Vec<(Uuid, Decimal)> {
    let mut sold: HashMap<Uuid, Decimal> = HashMap::new();
    for line in plan.lines.iter().filter(|l| stocked.get(&l.product).copied().unwrap_or(false)) {
        *sold.entry(line.product).or_default() += line.quantity;
    }
    let mut sold: Vec<_> = sold.into_iter().collect();
    // Locks are taken in product order everywhere.
    sold.sort_unstable_by_key(|(product, _)| *product);
    sold
}
