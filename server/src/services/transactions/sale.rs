//! Pricing and recording one sale (`commerce.md` 3.1, 3.2). Everything of a recorded sale happens in one
//! database transaction: key, prices, stock, rows, event, audit. The announcement follows the commit.

use super::{TransactionsService, local, screening, settlement::HELD_FOR, zone_of};
use crate::services::idempotency::{Request, once};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    format,
    fraud::Outcome,
    idempotency::{Answered, IdempotencyKey},
    ids::{CaseId, ProductId, TransactionId},
    live::Topic,
    money::Currency,
    transactions::{
        Entry, MAX_LINES, PricedLine, Quote, QuoteLine, RecordLine, RecordSale, SaleReceipt, SaleStatus, SaleTotals,
        TotalsFault, totals,
    },
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::{
    audit::{self, Act},
    fraud::screening::JudgedLine,
    transactions::{
        record::{self, Facts, Line, Product},
        stock::{Need, Short, Taking, take},
    },
};
use uuid::Uuid;

/// What the idempotency key belongs to; the page and REST are one and the same act.
const ROUTE: &str = "POST /api/v1/transactions";
const DEFAULT_TAX_RATE: Decimal = Decimal::from_parts(8, 0, 0, false, 2);
const DEFAULT_MAX_TOTAL: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);
const LEAST_TOTAL: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// A sale with its prices and totals; nothing is written yet.
pub struct Priced {
    facts: Facts,
    lines: Vec<RecordLine>,
    totals: SaleTotals,
    currency: Currency,
    tax_rate: Decimal,
}

/// Prices a sale of the instant `at`. `faults` are those found without the database; together with the database's they come
/// back all at once.
pub async fn price(
    connection: &mut PgConnection,
    who: &Principal,
    sale: &RecordSale,
    at: chrono::DateTime<chrono::Utc>,
    mut faults: Vec<FieldError>,
) -> Result<Priced, AppError> {
    let lines = sale.all_lines();
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(AppError::validation(faults));
    }
    let mut ids: Vec<Uuid> = lines.iter().map(|l| l.product_id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let customer = sale.customer_id.map(|c| c.0);
    let facts = record::facts(connection, &ids, sale.site_id.map(|s| s.0), customer, at).await?;

    if facts.site_id.is_none() {
        faults.push(FieldError::new("site_id", "This site does not exist."));
    }
    if customer.is_some() && facts.customer_demo.is_none() {
        faults
            .push(FieldError::new("customer_id", "This customer does not exist. Choose another, or none for a guest."));
    }
    for (i, line) in lines.iter().enumerate() {
        match facts.products.get(&line.product_id.0) {
            None => faults.push(FieldError::new(sale.line_path(i, "product_id"), "This product does not exist.")),
            Some(p) if !p.sellable => {
                faults.push(FieldError::new(sale.line_path(i, "product_id"), format!("{} is no longer sold.", p.name)));
            }
            Some(_) => {}
        }
    }
    let currency = currency(sale, &lines, &facts, &mut faults);
    if !faults.is_empty() {
        return Err(AppError::validation(faults));
    }
    let tax_rate = facts.rules.tax_rate.unwrap_or(DEFAULT_TAX_RATE);
    let priced: Vec<PricedLine> = lines
        .iter()
        .map(|l| PricedLine { quantity: l.quantity, unit_price: unit_price(&facts, l), discount: l.discount })
        .collect();
    let totals = totals(&priced, sale.discount_applied, sale.shipping_cost, tax_rate, currency)
        .map_err(|faults| AppError::validation(faults.into_iter().map(|f| discount_fault(sale, f)).collect()))?;
    let priced = Priced { facts, lines, totals, currency, tax_rate };
    priced.check_total(who)?;
    Ok(priced)
}

fn unit_price(facts: &Facts, line: &RecordLine) -> Decimal {
    line.unit_price.or_else(|| facts.products.get(&line.product_id.0).map(|p| p.price)).unwrap_or_default()
}

fn discount_fault(sale: &RecordSale, fault: TotalsFault) -> FieldError {
    match fault {
        TotalsFault::LineDiscount(i) => {
            FieldError::new(sale.line_path(i, "discount"), "The discount is larger than the line is worth.")
        }
        TotalsFault::Discount => {
            FieldError::new("discount_applied", "The discount is larger than the goods are worth.")
        }
    }
}

/// The currency asked for, else that of the products. A product priced in another currency needs its
/// price given in this one: nothing is converted behind the seller's back.
fn currency(sale: &RecordSale, lines: &[RecordLine], facts: &Facts, faults: &mut Vec<FieldError>) -> Currency {
    let of = |line: &RecordLine| facts.products.get(&line.product_id.0).map(|p| p.currency);
    let own = lines.iter().find_map(of);
    let base = facts.rules.business.base_currency;
    let currency = sale.currency.or(own).unwrap_or(base);
    let accepted = facts.rules.currencies.as_ref().map_or_else(
        || currency == base || lines.iter().any(|l| of(l) == Some(currency)),
        |list| list.contains(&currency),
    );
    if !accepted {
        faults.push(FieldError::new("currency", format!("Sales in {currency} are not set up.")));
    }
    for (i, line) in lines.iter().enumerate() {
        if line.unit_price.is_none() && of(line).is_some_and(|c| c != currency) {
            let message = format!("This product has no price in {currency}; give its unit price.");
            faults.push(FieldError::new(sale.line_path(i, "unit_price"), message));
        }
    }
    currency
}

impl Priced {
    fn check_total(&self, who: &Principal) -> Result<(), AppError> {
        let limit = self.facts.rules.max_total.unwrap_or(DEFAULT_MAX_TOTAL);
        let shown = |amount| format::money(amount, self.currency, &self.facts.rules.business.locale);
        if self.totals.total < LEAST_TOTAL {
            return Err(AppError::field("total_amount", "The total must be more than nothing."));
        }
        // Who may change the limit may exceed it: that is the administrators.
        if self.totals.total > limit && !who.may(Permission::AccessSettingsEdit) {
            let message = format!("The total of {} is over the limit of {}.", shown(self.totals.total), shown(limit));
            return Err(AppError::field("total_amount", message));
        }
        Ok(())
    }

    fn judged_lines(&self) -> Vec<JudgedLine> {
        let judged = |(line, totals): (&RecordLine, &domain::transactions::LineTotals)| JudgedLine {
            product_id: line.product_id.0,
            quantity: line.quantity,
            list_price: self.product(line).map(|p| p.price).unwrap_or_default(),
            unit_price: unit_price(&self.facts, line),
            net: totals.net,
        };
        self.lines.iter().zip(&self.totals.lines).map(judged).collect()
    }

    fn product(&self, line: &RecordLine) -> Option<&Product> {
        self.facts.products.get(&line.product_id.0)
    }

    pub fn into_quote(self) -> Quote {
        let lines = self
            .lines
            .iter()
            .zip(&self.totals.lines)
            .filter_map(|(line, t)| {
                let product = self.product(line)?;
                Some(QuoteLine {
                    product_id: line.product_id,
                    sku: product.sku.clone(),
                    name: product.name.clone(),
                    quantity: line.quantity,
                    unit_price: unit_price(&self.facts, line),
                    gross: t.gross,
                    discount: t.discount,
                    net: t.net,
                    tax: t.tax,
                    stock_left: product.stocked.then_some(product.left),
                })
            })
            .collect();
        Quote {
            lines,
            gross: self.totals.gross,
            discount_applied: self.totals.discount,
            net: self.totals.net,
            tax_rate: self.tax_rate,
            tax_amount: self.totals.tax,
            shipping_cost: self.totals.shipping,
            total_amount: self.totals.total,
            currency: self.currency,
        }
    }

    /// Stock the sale takes, each product once; services take none.
    fn needs(&self) -> Vec<Need> {
        let mut needs: BTreeMap<Uuid, Decimal> = BTreeMap::new();
        for line in &self.lines {
            if self.product(line).is_some_and(|p| p.stocked) {
                *needs.entry(line.product_id.0).or_default() += line.quantity;
            }
        }
        needs.into_iter().map(|(product_id, quantity)| Need { product_id, quantity }).collect()
    }

    /// A row whose parent is demo is demo.
    fn origin(&self) -> &'static str {
        let demo = self.facts.customer_demo == Some(true)
            || self.lines.iter().any(|l| self.product(l).is_some_and(|p| p.demo));
        if demo { "demo" } else { "live" }
    }

    fn shortage(&self, sale: &RecordSale, short: &[Short]) -> AppError {
        let mut error = AppError::conflict("");
        let mut words = Vec::new();
        for s in short {
            let left = format::number(s.left, &self.facts.rules.business.locale);
            let name = self.facts.products.get(&s.product_id).map_or("this product", |p| p.name.as_str());
            words.push(format!("{left} left of {name}"));
            for (i, line) in self.lines.iter().enumerate().filter(|(_, l)| l.product_id == ProductId(s.product_id)) {
                let message = if line.quantity > s.left || short.len() == 1 {
                    format!("Only {left} left.")
                } else {
                    format!("{left} left.")
                };
                error = error.with_field(sale.line_path(i, "quantity"), message);
            }
        }
        error.message = format!("Too little stock: {}. Nothing was recorded.", words.join(", "));
        error
    }
}

/// Records the sale once; see [`domain::transactions::TransactionsPort::record`].
pub async fn record(
    service: &TransactionsService,
    who: &Principal,
    sale: &RecordSale,
    entry: Entry,
    key: Option<&IdempotencyKey>,
) -> Result<Answered<Result<SaleReceipt, AppError>>, AppError> {
    who.require(Permission::TransactionsCreate)?;
    let _permit = service.recording.acquire().await.map_err(|_| AppError::internal())?;
    let at = service.backend.clock.now();
    let request = Request { who, key, route: ROUTE, body: sale, status: 201 };
    let answered = once(&service.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
        write(service, connection, who, sale, entry, at).await
    })
    .await?;
    if let Answered { value: Ok(receipt), replayed: false } = &answered {
        service.announcements.announce(Topic::Transactions, receipt.transaction_id.to_string());
        service.announcements.announce(Topic::Inventory, receipt.transaction_id.to_string());
    }
    Ok(answered)
}

async fn write(
    service: &TransactionsService,
    connection: &mut PgConnection,
    who: &Principal,
    sale: &RecordSale,
    entry: Entry,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<SaleReceipt, AppError> {
    let faults = sale.validate().err().unwrap_or_default();
    if let Some(customer) = sale.customer_id {
        store::fraud::screening::one_at_a_time(connection, customer.0).await?;
    }
    let priced = price(connection, who, sale, at, faults).await?;
    let (Some(site_id), Some(payment_method)) = (priced.facts.site_id, sale.payment_method) else {
        return Err(AppError::internal());
    };
    let clock = &service.backend.clock;
    let id = TransactionId(clock.new_id());
    let origin = priced.origin();
    let fingerprint = sale.payment_token.as_ref().map(|token| service.keys.fingerprint(token.expose()));
    let judged_lines = priced.judged_lines();
    let judged = screening::Sale {
        id,
        at,
        customer: sale.customer_id.map(|c| c.0),
        fingerprint: fingerprint.as_ref().map(<[u8; 32]>::as_slice),
        method: payment_method.as_str(),
        terminal: sale.terminal_id.as_deref(),
        device: sale.device_id.as_deref(),
        address: sale.ip_address.or(who.trace().ip),
        currency: priced.currency,
        total: priced.totals.total,
        lines: &judged_lines,
        base: priced.facts.rules.business.base_currency,
        zone: zone_of(&priced.facts.rules.business),
    };
    let screened = screening::screen(connection, clock.as_ref(), &judged, service.backend.screening).await?;
    let status = match screened.outcome() {
        Outcome::Decline => SaleStatus::Declined,
        Outcome::Hold => SaleStatus::Held,
        _ if sale.capture == Some(false) => SaleStatus::Pending,
        Outcome::Approve | Outcome::Review => SaleStatus::Approved,
    };
    let needs = priced.needs();
    if !needs.is_empty() && status != SaleStatus::Declined {
        let reserve = status != SaleStatus::Approved;
        let taking = Taking { site_id, ref_id: id.0, actor: who.label(), at, origin, reserve };
        let short = take(connection, &needs, taking).await?;
        if !short.is_empty() {
            return Err(priced.shortage(sale, &short));
        }
    }
    let lines: Vec<Line> = priced
        .lines
        .iter()
        .zip(&priced.totals.lines)
        .map(|(line, totals)| Line {
            product_id: line.product_id.0,
            quantity: line.quantity,
            list_price: priced.product(line).map(|p| p.price).unwrap_or_default(),
            unit_price: unit_price(&priced.facts, line),
            totals: *totals,
        })
        .collect();
    let row = record::Sale {
        id,
        event_id: clock.new_id(),
        at,
        customer_id: sale.customer_id.map(|c| c.0),
        site_id,
        payment_method,
        terminal_id: sale.terminal_id.as_deref(),
        device_id: sale.device_id.as_deref(),
        ip_address: sale.ip_address.or(who.trace().ip),
        currency: priced.currency,
        lines: &lines,
        totals: &priced.totals,
        entry: entry.as_str(),
        origin,
        status,
        recognised_at: (status == SaleStatus::Approved).then_some(at),
        payment_fingerprint: fingerprint.as_ref().map(<[u8; 32]>::as_slice),
    };
    let number = record::insert(connection, who, &row).await?;
    let held = status == SaleStatus::Held;
    let case_id = screening::write(connection, clock.as_ref(), who, &judged, &screened, held).await?;
    let act = Act::done("transactions.create", "transaction", id).after(json!({
        "number": number, "status": status.as_str(), "total": priced.totals.total, "currency": priced.currency,
        "customer_id": sale.customer_id, "lines": lines.len(),
    }));
    audit::record(connection, clock.new_id(), at, who, act).await?;
    Ok(SaleReceipt {
        transaction_id: id,
        number,
        status,
        net: priced.totals.net,
        tax_amount: priced.totals.tax,
        shipping_cost: priced.totals.shipping,
        discount_applied: priced.totals.discount,
        total_amount: priced.totals.total,
        currency: priced.currency,
        hold_expires_at: match status {
            SaleStatus::Pending => Some(local(&priced.facts.rules.business, at + HELD_FOR)),
            SaleStatus::Held => Some(local(&priced.facts.rules.business, at + screening::HOLD)),
            _ => None,
        },
        is_suspicious: screened.outcome().is_suspicious(),
        fraud_score: screened.score(),
        fraud_outcome: screened.outcome(),
        fraud_reason: screened.reason(who),
        hits: screened.hits(who),
        case_id: case_id.map(CaseId),
        created_at: local(&priced.facts.rules.business, at),
    })
}
