//! The account of a file: a verdict for every row, counts, rules, examples, and the digest the commit must meet again.

use super::{
    super::{
        bounds,
        judge::{GoodRow, Judged, NOBODY, VisitRow},
    },
    Plan,
};
use domain::ingest::{Example, Examples, Field, Issue, RuleCount, Severity, Verdict};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Account {
    digest: Sha256,
    same: u32,
    merged: u32,
    examples: Examples,
}

impl Account {
    pub fn verdict(&mut self, row_no: u32, verdict: Verdict) {
        self.digest.update(row_no.to_be_bytes());
        self.digest.update([verdict as u8]);
        match verdict {
            Verdict::Same => self.same += 1,
            Verdict::Merged => self.merged += 1,
            Verdict::Create | Verdict::DuplicateInSource | Verdict::Rejected => {}
        }
    }

    /// Keeps the first rows of each verdict; rejected ones come from [`Plan::staged`].
    pub fn example(&mut self, verdict: Verdict, row_no: u32, mapped: impl FnOnce() -> BTreeMap<Field, String>) {
        let list = match verdict {
            Verdict::Create => &mut self.examples.create,
            Verdict::Same => &mut self.examples.same,
            Verdict::Merged => &mut self.examples.merged,
            Verdict::DuplicateInSource | Verdict::Rejected => return,
        };
        if list.len() < bounds::EXAMPLES {
            list.push(Example { row_no, mapped: mapped(), issues: Vec::new() });
        }
    }

    pub fn settle(mut self, judged: &Judged, plan: &mut Plan) {
        plan.staged.sort_by_key(|row| row.row_no);
        let mut rules: BTreeMap<(String, Option<Field>), RuleCount> = BTreeMap::new();
        for row in &plan.staged {
            let list = match row.verdict {
                Verdict::DuplicateInSource => &mut self.examples.duplicate_in_source,
                _ => &mut self.examples.rejected,
            };
            if list.len() < bounds::EXAMPLES {
                list.push(Example { row_no: row.row_no, mapped: row.mapped.clone(), issues: row.issues.clone() });
            }
            for issue in &row.issues {
                count(&mut rules, issue);
            }
        }
        plan.issues = rules.into_values().chain(judged.warnings.iter().cloned()).collect();
        // Errors before warnings, the most frequent first.
        plan.issues.sort_by(|a, b| {
            let rank = |r: &RuleCount| (r.severity != Severity::Error, std::cmp::Reverse(r.rows));
            rank(a).cmp(&rank(b)).then_with(|| a.code.cmp(&b.code))
        });
        let duplicates = plan.staged.iter().filter(|r| r.verdict == Verdict::DuplicateInSource).count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = &mut plan.counts;
        counts.lines = judged.lines;
        counts.filtered = judged.filtered;
        counts.same = self.same;
        counts.merged = self.merged;
        counts.visits = number(plan.visits.len());
        counts.sale_lines = number(plan.lines.len());
        counts.refund_lines = number(plan.refund_lines.len());
        counts.duplicate_in_source = number(duplicates);
        counts.rejected = number(plan.staged.len() - duplicates);
        counts.sales = number(plan.sales.len());
        counts.sales_extended = number(plan.additions.len());
        counts.refunds = number(plan.refunds.len());
        counts.new_customers = number(plan.customers.len());
        counts.new_products = number(plan.products.len());
        counts.gross = plan.lines.iter().map(|l| l.net).sum::<Decimal>();
        counts.refunded = plan.refund_lines.iter().map(|l| l.net).sum::<Decimal>();
        for addition in &plan.additions {
            self.digest.update(addition.transaction.as_bytes());
            self.digest.update(addition.version.to_be_bytes());
        }
        for link in &plan.links {
            self.digest.update(link.transaction.as_bytes());
            self.digest.update(link.version.to_be_bytes());
            self.digest.update(link.line_no.to_be_bytes());
        }
        for closing in &plan.closed {
            self.digest.update(closing.transaction.as_bytes());
            self.digest.update(closing.version.to_be_bytes());
        }
        plan.examples = self.examples;
        plan.digest = self.digest.finalize().to_vec();
    }
}

fn count(rules: &mut BTreeMap<(String, Option<Field>), RuleCount>, issue: &Issue) {
    rules
        .entry((issue.code.clone(), issue.field))
        .or_insert_with(|| RuleCount {
            code: issue.code.clone(),
            field: issue.field,
            severity: issue.severity,
            message: issue.message.clone(),
            rows: 0,
        })
        .rows += 1;
}

/// A good row in words, for examples and for the quarantine.
pub fn describe(judged: &Judged, row: &GoodRow) -> BTreeMap<Field, String> {
    let order = &judged.orders[row.order as usize];
    let product = &judged.products[row.product as usize];
    let quantity = if order.cancels { -row.quantity } else { row.quantity };
    let mut fields = BTreeMap::from([
        (Field::OrderRef, order.reference.to_string()),
        (Field::LineNo, row.line_no.to_string()),
        (Field::Sku, product.sku.to_string()),
        (Field::Quantity, quantity.to_string()),
        (Field::UnitPrice, row.unit_price.to_string()),
        (Field::OccurredAt, row.at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ]);
    if let Some(name) = &product.name {
        fields.insert(Field::Description, name.to_string());
    }
    if row.customer != NOBODY {
        fields.insert(Field::CustomerRef, judged.customers[row.customer as usize].reference.to_string());
    }
    fields
}

/// The same of a visit.
pub fn describe_visit(judged: &Judged, visit: &VisitRow) -> BTreeMap<Field, String> {
    let mut fields = BTreeMap::from([
        (Field::VisitedAt, visit.at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()),
        (Field::VisitorKey, visit.visitor.to_string()),
    ]);
    let others = [(Field::SessionRef, &visit.session), (Field::Path, &visit.path), (Field::Source, &visit.source)];
    fields.extend(others.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?.to_string()))));
    if visit.customer != NOBODY {
        fields.insert(Field::CustomerRef, judged.customers[visit.customer as usize].reference.to_string());
    }
    fields
}
