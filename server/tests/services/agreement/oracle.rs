//! The definitions of `overview.md` 3.2 once more, over all rows read into memory.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::overview::{Basis, MetricKey, OrderSet};
use engine::calendar::BusinessZone;
use rust_decimal::Decimal;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Sale {
    id: Uuid,
    status: String,
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
    sale: Option<Uuid>,
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
    /// What is available of each stocked product.
    stock: Vec<Decimal>,
    /// Sales whose latest label says so.
    fraud: BTreeSet<Uuid>,
}

/// Which figure of which days.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub metric: MetricKey,
    pub basis: Basis,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub clean: bool,
    pub now: DateTime<Utc>,
}

impl Oracle {
    pub async fn read(db: &PgPool, calendar: BusinessZone) -> Self {
        let rates: Vec<(String, NaiveDate, Decimal)> =
            sqlx::query_as("select from_currency::text, day, rate from ops.fx_rates").fetch_all(db).await.unwrap();
        let labels: Vec<(Uuid, String)> =
            sqlx::query_as("select transaction_id, label from sales.fraud_labels order by known_at")
                .fetch_all(db)
                .await
                .unwrap();
        let last: BTreeMap<Uuid, String> = labels.into_iter().collect();
        Self {
            calendar,
            fraud: last.into_iter().filter(|(_, label)| label == "confirmed_fraud").map(|(id, _)| id).collect(),
            stock: sqlx::query_scalar("select l.on_hand - l.reserved from stock.levels l join sales.products p on p.id = l.product_id where p.is_active").fetch_all(db).await.unwrap(),
            sales: sqlx::query_as("select id, status, customer_id as customer, session_ref as session, currency::text as currency, net, total, occurred_at as occurred, recognised_at as recognised from sales.transactions")
                .fetch_all(db).await.unwrap(),
            lines: sqlx::query_as("select r.transaction_id as sale, r.currency::text as currency, l.net, l.refunded_at as refunded from sales.refund_lines l join sales.refunds r on r.id = l.refund_id")
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

    fn counts(&self, sale: Option<Uuid>, clean: bool) -> bool {
        !clean || sale.is_none_or(|id| !self.fraud.contains(&id))
    }

    /// What the tile must say; `None`: unknown.
    pub fn value(&self, asked: Asked) -> Option<Decimal> {
        let Asked { metric, basis, from, to, clean, now } = asked;
        let set = metric.order_set(basis);
        let within = |at: DateTime<Utc>| (from..=to).contains(&self.calendar.day_of(at));
        let orders = self.orders(set, clean, &within);
        let amount = |(sale, at): &(&Sale, DateTime<Utc>)| {
            self.based(if set == OrderSet::All { sale.total } else { sale.net }, &sale.currency, *at)
        };
        let gross = || orders.iter().filter_map(amount).sum::<Decimal>();
        let refunds = || {
            let lines = self.lines.iter().filter(|l| within(l.refunded) && self.counts(l.sale, clean));
            lines.filter_map(|l| self.based(l.net, &l.currency, l.refunded)).sum::<Decimal>()
        };
        let (visitors, buyers) = self.people(&self.orders(basis.order_set(), clean, &within), &within);
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
            MetricKey::Held => Some(self.held(clean).count().into()),
            MetricKey::LowStock => Some(self.stock.iter().filter(|left| **left <= Decimal::TEN).count().into()),
            MetricKey::LastMinute => {
                let minute = |at: DateTime<Utc>| at > now - TimeDelta::seconds(60) && at <= now;
                Some(self.orders(OrderSet::Recognised, clean, &minute).len().into())
            }
        };
        value.map(|value| value.normalize())
    }

    fn held(&self, clean: bool) -> impl Iterator<Item = &Sale> {
        self.sales.iter().filter(move |sale| sale.status == "held" && self.counts(Some(sale.id), clean))
    }

    /// Net amounts of the sales held, in base currency.
    pub fn at_risk(&self, clean: bool) -> Decimal {
        self.held(clean)
            .filter_map(|sale| self.based(sale.net, &sale.currency, sale.occurred))
            .sum::<Decimal>()
            .normalize()
    }

    fn orders(
        &self,
        set: OrderSet,
        clean: bool,
        within: &impl Fn(DateTime<Utc>) -> bool,
    ) -> Vec<(&Sale, DateTime<Utc>)> {
        let counted = self.sales.iter().filter(|sale| self.counts(Some(sale.id), clean));
        let dated = counted.filter_map(|sale| Some((sale, sale.at(set)?)));
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
