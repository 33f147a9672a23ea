//! Cancel documents: one refund for each sale they take back, and one for their unmatched lines.

use super::{
    super::{
        judge::{GoodRow, Judged},
        matching::{Key, Offers, Source},
    },
    Known, Link, NewRefund, NewRefundLine, Plan,
    sales::{Parties, amount},
};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

pub fn record(
    judged: &Judged,
    known: &Known,
    mut rows: Vec<&GoodRow>,
    plan: &mut Plan,
    parties: &mut Parties<'_>,
    new_id: &mut impl FnMut() -> Uuid,
) {
    // Documents in the order of their time: an earlier cancel takes first.
    rows.sort_by_key(|row| (judged.orders[row.order as usize].at, row.row_no));
    let keys: Vec<Option<Key>> = rows
        .iter()
        .map(|row| {
            let customer = parties.customer(judged.orders[row.order as usize].customer, new_id)?;
            Some((customer, parties.product(row.product, new_id), row.unit_price.normalize()))
        })
        .collect();
    let mut offers = offers(known, plan, &keys);
    let mut refund_of: HashMap<(u32, Option<Uuid>), usize> = HashMap::new();
    for (row, key) in rows.into_iter().zip(keys) {
        let order = &judged.orders[row.order as usize];
        let at = order.at.unwrap_or(row.at);
        let net = amount(row.quantity, row.unit_price);
        let source = key.and_then(|key| offers.take(key, at, row.quantity));
        let transaction = match source {
            None => {
                plan.counts.unmatched_refund_lines += 1;
                None
            }
            Some(Source::New(index)) => {
                let line = &mut plan.lines[index];
                line.refunded_quantity += row.quantity;
                if let Some(sale) = line.sale.and_then(|s| plan.sales.get_mut(s)) {
                    sale.refunded_net += net;
                    sale.refunded_quantity += row.quantity;
                }
                Some(line.transaction)
            }
            Some(Source::Recorded(index)) => {
                let line = &known.open_lines[index];
                plan.links.push(Link {
                    transaction: line.transaction,
                    version: line.version,
                    line_no: line.line_no,
                    quantity: row.quantity,
                    net,
                    at,
                });
                Some(line.transaction)
            }
        };
        let product = parties.product(row.product, new_id);
        let customer = parties.customer(order.customer, new_id);
        let index = *refund_of.entry((row.order, transaction)).or_insert_with(|| {
            plan.refunds.push(NewRefund {
                id: new_id(),
                order: row.order as usize,
                transaction,
                customer,
                at,
                net: Decimal::ZERO,
            });
            plan.refunds.len() - 1
        });
        let refund = &mut plan.refunds[index];
        refund.net += net;
        plan.refund_lines.push(NewRefundLine {
            refund: refund.id,
            line_no: row.line_no,
            product,
            quantity: row.quantity,
            net,
            at,
            hash: row.hash,
        });
    }
}

/// Sale lines a refund may take from: recorded ones, and those of this import with a known customer.
fn offers(known: &Known, plan: &Plan, keys: &[Option<Key>]) -> Offers {
    let mut offers = Offers::default();
    keys.iter().flatten().for_each(|key| offers.want(*key));
    let closed: HashSet<Uuid> = plan.closed.iter().map(|closing| closing.transaction).collect();
    for (index, line) in known.open_lines.iter().enumerate().filter(|(_, l)| !closed.contains(&l.transaction)) {
        let key = (line.customer, line.product, line.unit_price.normalize());
        offers.offer(key, line.at, line.left, Source::Recorded(index));
    }
    for (index, line) in plan.lines.iter().enumerate() {
        // A line added to a recorded sale is offered by the next import, when it is recorded itself.
        let Some(sale) = line.sale.and_then(|s| plan.sales.get(s)).filter(|s| s.recognised) else { continue };
        let Some(customer) = sale.customer else { continue };
        offers.offer((customer, line.product, line.unit_price.normalize()), sale.at, line.quantity, Source::New(index));
    }
    offers
}
