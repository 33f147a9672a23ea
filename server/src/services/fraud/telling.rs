//! Sales of the past, told in time order: what the live decision would have known of each.

use chrono::Duration;
use domain::fraud::{Feature, Features};
use engine::{
    calendar::BusinessZone,
    fraud::history::{History, Label, Past},
};
use rust_decimal::Decimal;
use std::{collections::HashMap, hash::Hash};
use store::fraud::history::{Circumstances, PastSale};

/// Numbers for names.
#[derive(Debug)]
struct Names<T>(HashMap<T, u32>);

impl<T: Hash + Eq> Names<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn of(&mut self, name: Option<T>) -> Option<u32> {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        name.map(|name| *self.0.entry(name).or_insert(next))
    }
}

/// History as far as it was told.
#[derive(Debug)]
pub struct Telling {
    history: History,
    label_delay: Duration,
    /// The company's limit.
    limit: Option<Decimal>,
    customers: Names<String>,
    terminals: Names<String>,
    fingerprints: Names<Vec<u8>>,
    methods: Names<String>,
    addresses: Names<sqlx::types::ipnet::IpNet>,
}

impl Telling {
    pub fn new(zone: BusinessZone, label_delay_days: u16, limit: Option<Decimal>) -> Self {
        Self {
            history: History::new(zone, label_delay_days),
            label_delay: Duration::days(label_delay_days.into()),
            limit,
            customers: Names::new(),
            terminals: Names::new(),
            fingerprints: Names::new(),
            methods: Names::new(),
            addresses: Names::new(),
        }
    }

    /// The next sale, and what was known of it; `None`: its day has no exchange rate.
    pub fn next(&mut self, sale: &PastSale) -> Option<(Past, Features)> {
        let usual = sale.at + self.label_delay;
        let label =
            |(known_at, fraud): &(Option<_>, bool)| Label { known_at: known_at.unwrap_or(usual), fraud: *fraud };
        let past = Past {
            at: sale.at,
            customer: self.customers.of(sale.customer.clone()),
            terminal: self.terminals.of(sale.terminal.clone()),
            has_payment: sale.circumstances.is_some(),
            fingerprint: self.fingerprints.of(sale.fingerprint.clone()),
            method: self.methods.of(sale.method.clone()),
            address: self.addresses.of(sale.address),
            amount: sale.amount?,
            recognised_at: sale.recognised_at,
            declined_at: sale.declined_at,
            labels: sale.labels.iter().map(label).collect(),
        };
        let mut known = self.history.judge(&past);
        known.set(Feature::AmountLimit, self.limit);
        if let Some(of) = &sale.circumstances {
            add(&mut known, of, past.customer.is_some());
        }
        Some((past, known))
    }
}

/// What history does not tell of a sale.
fn add(known: &mut Features, of: &Circumstances, has_customer: bool) {
    if has_customer {
        known.set(Feature::CustRiskScore, of.risk_score);
    }
    known.set(Feature::QuantityMax, of.quantity_max);
    known.set(Feature::PriceGap, of.price_gap);
    known.set(Feature::LineNet, of.line_net);
    known.set(Feature::CategoryP995, of.category_p995);
    known.set(Feature::FirstOrderP95, of.first_order_p95);
    known.set(Feature::ListBlock, Some(of.blocked));
    known.set(Feature::ListAllow, Some(of.allowed));
}
