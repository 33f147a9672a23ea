//! The rules of target `sales_transactions`, one row at a time.

use super::{
    super::cells,
    super::cleaning,
    super::number,
    GoodRow, Judge, NOBODY, OrderSeen, ProductSeen,
    canon::Canon,
    row::{Mark, Reading, Row, Texts},
};
use chrono::{DateTime, Utc};
use domain::ingest::{Field, Issue, Verdict};
use rust_decimal::Decimal;

/// Beyond this a quantity or price is a slip, and the product of two would not fit the ledger.
const LARGEST: i64 = 1_000_000_000;
const LARGEST_LINE: i64 = 10_000_000_000_000;

impl Judge<'_> {
    pub(super) fn sale_row(&mut self, mut row: Row<'_>, raw: impl FnOnce() -> Vec<String>) {
        let (texts, came) = (row.texts, row.came);
        let issues = &mut row.issues;
        let order = self.order(texts.get(Field::OrderRef));
        let line_no = row.fixed_line.unwrap_or_else(|| self.line_no(order, texts.get(Field::LineNo), issues));
        let cancels = order.is_some_and(|o| self.judged.orders[o as usize].cancels);

        let quantity = number::parse(texts.get(Field::Quantity), self.quantity_mark).ok_or(texts.get(Field::Quantity));
        let price = number::parse(texts.get(Field::UnitPrice), self.price_mark).ok_or(texts.get(Field::UnitPrice));
        check_number(Field::Quantity, quantity, issues);
        check_number(Field::UnitPrice, price, issues);
        if let (Ok(quantity), Ok(price)) = (quantity, price) {
            check_sale(quantity, price, cancels, issues);
        }
        let reading = self.reading(texts.get(Field::OccurredAt), issues);
        self.check_scope(reading, issues);
        let status = check_status(texts.get(Field::Status), issues);
        let payment = check_payment(texts.get(Field::PaymentMethod), issues);

        // The row as it came: the same file is the same with or without cleaning.
        let hash = if row.is_cleaned {
            let came_quantity = number::parse(came.get(Field::Quantity), self.quantity_mark);
            let came_price = number::parse(came.get(Field::UnitPrice), self.price_mark);
            hash(
                &came,
                came_quantity.ok_or(came.get(Field::Quantity)),
                came_price.ok_or(came.get(Field::UnitPrice)),
                reading,
            )
        } else {
            hash(&came, quantity, price, reading)
        };
        // Lines numbered by the file may repeat a number; positions cannot.
        let numbered = !texts.get(Field::LineNo).is_empty() && row.fixed_line.is_none();
        let repeated = numbered && issues.is_empty() && order.is_some_and(|o| !self.keys.insert((o, line_no)));
        if repeated {
            issues.push(Issue::error(
                "duplicate_in_source",
                Some(Field::LineNo),
                format!(
                    "The file has line {line_no} of order {} already; the first one counts.",
                    texts.get(Field::OrderRef)
                ),
            ));
        }
        let (Some(order), Ok(quantity), Ok(unit_price), Some(at), true) =
            (order, quantity, price, reading.at, issues.is_empty())
        else {
            let verdict = if repeated { Verdict::DuplicateInSource } else { Verdict::Rejected };
            let mark = Mark { business_key: texts.get(Field::OrderRef), line_no, hash };
            self.refuse(row, mark, verdict, raw());
            return;
        };
        if let Some(change) = reading.change {
            self.warn_clock_change(change);
        }
        let customer = self.customer(texts.get(Field::CustomerRef), texts.get(Field::Country), at);
        let product = self.product(texts.get(Field::Sku), texts.get(Field::Description), unit_price, at);
        let row_no = row.row_no;
        let row = GoodRow { row_no, order, line_no, product, customer, quantity: quantity.abs(), unit_price, at, hash };
        self.complete_order(&row, status, payment);
        self.judged.rows.push(row);
    }

    /// A file that says which days it covers holds no others.
    fn check_scope(&self, reading: Reading, issues: &mut Vec<Issue>) {
        let (Some(scope), Some(at)) = (&self.scope, reading.at) else { return };
        if !scope.contains(&at) {
            issues.push(Issue::error(
                "outside_scope",
                Some(Field::OccurredAt),
                format!("{} is outside the days this file replaces.", self.zone.local(at).format("%Y-%m-%d %H:%M:%S")),
            ));
        }
    }

    /// The first known customer, status and payment of an order count for all of it.
    fn complete_order(&mut self, row: &GoodRow, status: Option<&'static str>, payment: Option<&'static str>) {
        let seen = &mut self.judged.orders[row.order as usize];
        seen.at = Some(seen.at.map_or(row.at, |at| at.min(row.at)));
        seen.status = seen.status.or(status);
        seen.payment_method = seen.payment_method.or(payment);
        if seen.customer == NOBODY {
            seen.customer = row.customer;
        } else if row.customer != NOBODY && row.customer != seen.customer {
            self.warn("two_customers", Some(Field::CustomerRef), || {
                "An order names two customers; the first one counts.".to_owned()
            });
        }
    }

    fn order(&mut self, reference: &str) -> Option<u32> {
        if reference.is_empty() {
            return None;
        }
        if let Some(order) = self.order_of.get(reference) {
            return Some(*order);
        }
        let prefix = self.mapping.options.cancel_prefix.as_str();
        let cancels = !prefix.is_empty()
            && reference.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && reference.as_bytes().get(prefix.len()).is_some_and(u8::is_ascii_digit);
        let order = u32::try_from(self.judged.orders.len()).unwrap_or(u32::MAX);
        self.judged.orders.push(OrderSeen {
            reference: reference.into(),
            cancels,
            customer: NOBODY,
            status: None,
            payment_method: None,
            at: None,
            rows: 0,
        });
        self.order_of.insert(reference.into(), order);
        Some(order)
    }

    /// The file's own number, else the row's position within its order: rejected rows keep theirs as a gap.
    fn line_no(&mut self, order: Option<u32>, text: &str, issues: &mut Vec<Issue>) -> i32 {
        let Some(order) = order else { return 0 };
        let seen = &mut self.judged.orders[order as usize];
        seen.rows += 1;
        if text.is_empty() {
            return seen.rows;
        }
        match cells::reference(text).parse::<i32>() {
            Ok(number) if (1..=1_000_000).contains(&number) => number,
            _ => {
                issues.push(Issue::error(
                    "unreadable_number",
                    Some(Field::LineNo),
                    format!("\"{text}\" is no line number; use whole numbers from 1."),
                ));
                0
            }
        }
    }

    fn product(&mut self, code: &str, description: &str, price: Decimal, at: DateTime<Utc>) -> u32 {
        let index = match self.product_of.get(code).copied() {
            Some(index) => index,
            None => {
                let sku = code.to_uppercase();
                let index = match self.product_of.get(sku.as_str()).copied() {
                    Some(index) => index,
                    None => {
                        let index = u32::try_from(self.judged.products.len()).unwrap_or(u32::MAX);
                        self.judged.products.push(ProductSeen {
                            sku: sku.as_str().into(),
                            name: None,
                            price,
                            price_at: at,
                        });
                        self.product_of.insert(sku.into(), index);
                        index
                    }
                };
                self.product_of.insert(code.into(), index);
                index
            }
        };
        let seen = &mut self.judged.products[index as usize];
        if at >= seen.price_at {
            seen.price = price;
            seen.price_at = at;
        }
        if seen.name.is_none() && !description.is_empty() {
            seen.name = Some(description.into());
        }
        index
    }
}

/// Equal rows have equal hashes, whatever file format they came in.
fn hash(came: &Texts<'_>, quantity: Result<Decimal, &str>, price: Result<Decimal, &str>, reading: Reading) -> i64 {
    Canon::default()
        .text(came.get(Field::OrderRef))
        .text(&came.get(Field::Sku).to_uppercase())
        .text(came.get(Field::Description))
        .number(quantity)
        .number(price)
        .time(reading.at.ok_or(came.get(Field::OccurredAt)))
        .text(came.get(Field::CustomerRef))
        .text(came.get(Field::Country))
        .text(came.get(Field::Status))
        .text(came.get(Field::PaymentMethod))
        .finish()
}

fn check_number(field: Field, value: Result<Decimal, &str>, issues: &mut Vec<Issue>) {
    match value {
        Err("") => {}
        Err(text) if text.starts_with(cells::ERROR_CELL) => {}
        Err(text) => {
            let shown: String = cells::shown(text).chars().take(60).collect();
            issues.push(Issue::error(
                "unreadable_number",
                Some(field),
                format!("\"{shown}\" is no number. {}", field.help()),
            ));
        }
        Ok(number) if number.abs() > Decimal::from(LARGEST) => issues.push(Issue::error(
            "out_of_range",
            Some(field),
            format!("{} {number} is beyond anything that can be right; at most 1,000,000,000.", field.label()),
        )),
        Ok(number) if number.scale() > 4 && number.normalize().scale() > 4 => issues.push(
            Issue::error(
                "too_precise",
                Some(field),
                format!("{} {number} has more than four decimals.", field.label()),
            )
            .suggesting(number.round_dp(4).to_string()),
        ),
        Ok(_) => {}
    }
}

fn check_sale(quantity: Decimal, price: Decimal, cancels: bool, issues: &mut Vec<Issue>) {
    let zero = Decimal::ZERO;
    if quantity.abs().checked_mul(price.abs()).is_none_or(|value| value > Decimal::from(LARGEST_LINE)) {
        issues.push(Issue::error(
            "out_of_range",
            Some(Field::UnitPrice),
            "Quantity times price is beyond anything that can be right.",
        ));
    }
    if cancels {
        if quantity >= zero {
            issues.push(Issue::error(
                "not_a_refund",
                Some(Field::Quantity),
                format!("Quantity {quantity} is not negative on a cancel document."),
            ));
        }
        if price <= zero {
            issues.push(Issue::error(
                "not_a_refund",
                Some(Field::UnitPrice),
                format!("Unit price {price} is not positive."),
            ));
        }
        return;
    }
    if quantity <= zero {
        issues.push(Issue::error(
            "not_a_sale",
            Some(Field::Quantity),
            format!("Quantity {quantity} is not positive, and the order is no cancel document."),
        ));
    }
    if price <= zero {
        issues.push(Issue::error("not_a_sale", Some(Field::UnitPrice), format!("Unit price {price} is not positive.")));
    }
}

fn check_status(text: &str, issues: &mut Vec<Issue>) -> Option<&'static str> {
    check_word(Field::Status, text, issues)
}

fn check_payment(text: &str, issues: &mut Vec<Issue>) -> Option<&'static str> {
    check_word(Field::PaymentMethod, text, issues)
}

/// A word of a closed list; case, spaces and hyphens do not matter. A synonym is proposed, never taken.
fn check_word(field: Field, text: &str, issues: &mut Vec<Issue>) -> Option<&'static str> {
    if text.is_empty() {
        return None;
    }
    let plain = text.to_ascii_lowercase().replace([' ', '-'], "_");
    let known = cleaning::words_of(field).iter().copied().find(|word| *word == plain);
    if known.is_none() {
        let message = format!("\"{text}\" is no {}. Use {}", field.label().to_lowercase(), field.help());
        let issue = Issue::error("unknown_word", Some(field), message);
        issues.push(match cleaning::synonym(field, text) {
            Some(word) => issue.suggesting(word),
            None => issue,
        });
    }
    known
}
