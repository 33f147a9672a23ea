//! The definitions of `overview.md` 3.2 once more, over all rows read into memory.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::overview::{Basis, MetricKey, OrderSet};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Sale {
    customer: Option<Uuid>,
    session: Option<String>,
    currency: String,
    net: Decimal,
    total: Decimal,
    occurred: DateTime<Utc>,
    recognised: Option<DateTime<Utc>>,
}

impl Sale {
    fn at(&self, set: OrderSet) -> Option<DateTime<Utc>> {
        if set == OrderSet::All { Some(self.occurred) } else { self.recognised }
    }
}

#[derive(sqlx::FromRow)]
struct Line {
    currency: String,
    net: Decimal,
    refunded: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Visit {
    at: DateTime<Utc>,
    key: String,
    customer: Option<Uuid>,
    session: Option<String>,
}

pub struct Oracle {
    calendar: BusinessZone,
    sales: Vec<Sale>,
    lines: Vec<Line>,
    visits: Vec<Visit>,
    rates: BTreeMap<(String, NaiveDate), Decimal>,
}

impl Oracle {
    pub async fn read(db: &PgPool, calendar: BusinessZone) -> Self {
        let rates: Vec<(String, NaiveDate, Decimal)> =
            sqlx::query_as("select from_currency::text, day, rate from ops.fx_rates").fetch_all(db).await.unwrap();
        Self {
            calendar,
            sales: sqlx::query_as("select customer_id as customer, session_ref as session, currency::text as currency, net, total, occurred_at as occurred, recognised_at as recognised from sales.transactions")
                .fetch_all(db).await.unwrap(),
            lines: sqlx::query_as("select r.currency::text as currency, l.net, l.refunded_at as refunded from sales.refund_lines l join sales.refunds r on r.id = l.refund_id")
                .fetch_all(db).await.unwrap(),
            visits: sqlx::query_as("select visited_at as at, visitor_key as key, customer_id as customer, session_ref as session from sales.visits")
                .fetch_all(db).await.unwrap(),
            rates: rates.into_iter().map(|(currency, day, rate)| ((currency, day), rate)).collect(),
        }
    }

    fn based(&self, amount: Decimal, currency: &str, at: DateTime<Utc>) -> Option<Decimal> {
        if currency == "USD" {
            return Some(amount);
        }
        let day = self.calendar.day_of(at);
        let rate = (0..=7).find_map(|back| self.rates.get(&(currency.to_owned(), day - Days::new(back))))?;
        Some((amount * rate).round_dp_with_strategy(4, rust_decimal::RoundingStrategy::MidpointAwayFromZero))
    }

    /// What the tile must say of the days `from` to `to`; `None`: unknown.
    pub fn value(&self, metric: MetricKey, basis: Basis, from: NaiveDate, to: NaiveDate) -> Option<Decimal> {
        let set = metric.order_set(basis);
        let within = |at: DateTime<Utc>| (from..=to).contains(&self.calendar.day_of(at));
        let orders = self.orders(set, &within);
        let amount = |(sale, at): &(&Sale, DateTime<Utc>)| {
            self.based(if set == OrderSet::All { sale.total } else { sale.net }, &sale.currency, *at)
        };
        let gross = || orders.iter().filter_map(amount).sum::<Decimal>();
        let refunds = || {
            let lines = self.lines.iter().filter(|l| within(l.refunded));
            lines.filter_map(|l| self.based(l.net, &l.currency, l.refunded)).sum::<Decimal>()
        };
        let (visitors, buyers) = self.people(&self.orders(basis.order_set(), &within), &within);
        let percent =
            |part: usize| (visitors > 0).then(|| (Decimal::from(part * 100) / Decimal::from(visitors)).round_dp(6));
        let value = match metric {
            MetricKey::RevenueNet => Some(gross() - refunds()),
            MetricKey::RevenueGross | MetricKey::AmountAll => Some(gross()),
            MetricKey::Orders | MetricKey::OrdersAll => Some(orders.len().into()),
            MetricKey::ActiveCustomers => {
                Some(orders.iter().filter_map(|(s, _)| s.customer).collect::<BTreeSet<_>>().len().into())
            }
            MetricKey::AverageOrder => {
                let rated = orders.iter().filter_map(amount).count();
                (rated > 0).then(|| (gross() / Decimal::from(rated)).round_dp(4))
            }
            MetricKey::Visitors => Some(visitors.into()),
            MetricKey::Conversion => percent(buyers),
            MetricKey::OrdersPerHundred => percent(orders.len()),
        };
        value.map(|value| value.normalize())
    }

    fn orders(&self, set: OrderSet, within: &impl Fn(DateTime<Utc>) -> bool) -> Vec<(&Sale, DateTime<Utc>)> {
        let dated = self.sales.iter().filter_map(|sale| Some((sale, sale.at(set)?)));
        dated.filter(|(_, at)| within(*at)).collect()
    }

    fn people(&self, orders: &[(&Sale, DateTime<Utc>)], within: &impl Fn(DateTime<Utc>) -> bool) -> (usize, usize) {
        let visits: Vec<&Visit> = self.visits.iter().filter(|v| within(v.at)).collect();
        let day = |at| self.calendar.day_of(at);
        let of_visits = visits.iter().filter_map(|v| Some(((day(v.at), v.session.as_deref()?), v.customer?)));
        let of_sales = orders.iter().filter(|(s, _)| s.recognised.is_some());
        let of_sales = of_sales.filter_map(|(s, at)| Some(((day(*at), s.session.as_deref()?), s.customer?)));
        let mut known = BTreeMap::new();
        for (session, customer) in of_visits.chain(of_sales) {
            let named = known.entry(session).or_insert(customer);
            *named = customer.min(*named);
        }
        let (mut visitors, mut buyers) = (BTreeSet::new(), BTreeSet::new());
        for visit in visits {
            let session = visit.session.as_deref();
            let customer = visit.customer.or_else(|| known.get(&(day(visit.at), session?)).copied());
            let visitor = customer.map_or_else(|| visit.key.clone(), |c| c.to_string());
            let bought = orders.iter().any(|(s, _)| {
                (s.customer.is_some() && s.customer == customer)
                    || (session.is_some() && s.session.as_deref() == session)
            });
            if bought {
                buyers.insert(visitor.clone());
            }
            visitors.insert(visitor);
        }
        (visitors.len(), buyers.len())
    }
}
