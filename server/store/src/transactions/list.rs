//! The list of sales: any filters together, two orders, keyset paging.

use super::{Local, money, read};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    fraud::Outcome,
    ids::{CustomerId, TransactionId},
    transactions::{CustomerRef, PaymentMethod, Review, SaleFilter, SaleRow, SaleSort, SaleStatus},
};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Which sales: the filter with its days turned into instants.
#[derive(Debug, Clone)]
pub struct Scope {
    pub filter: SaleFilter,
    /// Half-open.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// The caller may search customers by name and e-mail.
    pub by_name: bool,
    /// Of those with a case: whether one is open.
    pub review: Review,
}

/// The row before a page: sort key and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    OccurredAt(DateTime<Utc>, Uuid),
    Total(Decimal, Uuid),
}

/// Which page of the scope.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub sort: SaleSort,
    pub ascending: bool,
    pub after: Option<After>,
    pub skip: u32,
    pub limit: u32,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    number: i64,
    external_ref: Option<String>,
    customer_id: Option<Uuid>,
    customer_number: Option<i64>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    customer_ref: Option<String>,
    first_item: Option<String>,
    line_count: i32,
    quantity: Decimal,
    total: Decimal,
    currency: String,
    status: String,
    payment_method: Option<String>,
    occurred_at: DateTime<Utc>,
    origin: String,
    is_suspicious: bool,
    fraud_score: Decimal,
    outcome: Option<String>,
}

/// Adds the conditions of `scope` on `sales.transactions t` behind a `where`.
pub fn narrow(sql: &mut QueryBuilder<Postgres>, scope: &Scope) {
    let f = &scope.filter;
    sql.push("true");
    if let Some(from) = scope.from {
        sql.push(" and t.occurred_at >= ").push_bind(from);
    }
    if let Some(until) = scope.until {
        sql.push(" and t.occurred_at < ").push_bind(until);
    }
    if let Some(status) = f.status {
        let texts: Vec<&str> = status.statuses().iter().map(|s| s.as_str()).collect();
        sql.push(" and t.status = any(").push_bind(texts).push(")");
    }
    if let Some(CustomerId(id)) = f.customer_id {
        sql.push(" and t.customer_id = ").push_bind(id);
    }
    if let Some(product) = f.product_id {
        sql.push(" and t.id in (select transaction_id from sales.transaction_lines where product_id = ")
            .push_bind(product.0)
            .push(")");
    }
    if let Some(import) = f.import_id {
        sql.push(" and t.import_id = ").push_bind(import.0);
    }
    if let Some(suspicious) = f.suspicious {
        sql.push(if suspicious { " and t.is_suspicious" } else { " and not t.is_suspicious" });
    }
    const OPEN: &str = "exists (select from sales.fraud_cases k where k.transaction_id = t.id and k.state <> 'closed')";
    match scope.review {
        Review::All => {}
        Review::Open => drop(sql.push(" and ").push(OPEN)),
        Review::Closed => {
            sql.push(" and exists (select from sales.fraud_cases k where k.transaction_id = t.id) and not ").push(OPEN);
        }
    }
    if let Some(method) = f.payment_method {
        sql.push(" and t.payment_method = ").push_bind(method.as_str());
    }
    if let Some(min) = f.min_amount {
        sql.push(" and t.total >= ").push_bind(min);
    }
    if let Some(max) = f.max_amount {
        sql.push(" and t.total <= ").push_bind(max);
    }
    if let Some(q) = &f.q {
        matching(sql, q.trim().trim_start_matches('#'), scope.by_name);
    }
}

/// Each branch walks its own index; an `or` over them would walk every sale.
fn matching(sql: &mut QueryBuilder<Postgres>, q: &str, by_name: bool) {
    let number = q.parse::<i64>().ok();
    sql.push(" and t.id in (select id from sales.transactions where external_ref like ").push_bind(prefix(q));
    if let Some(number) = number {
        sql.push(" union all select id from sales.transactions where number = ").push_bind(number);
    }
    sql.push(" union all select x.id from sales.transactions x join sales.customers c on c.id = x.customer_id where c.external_ref = ");
    sql.push_bind(q.to_owned());
    if let Some(number) = number {
        sql.push(" union all select x.id from sales.transactions x join sales.customers c on c.id = x.customer_id where c.number = ");
        sql.push_bind(number);
    }
    if by_name {
        sql.push(
            " union all select x.id from sales.transactions x join sales.customers c on c.id = x.customer_id
              where c.first_name || ' ' || c.last_name || ' ' || coalesce(c.email, '') ilike ",
        );
        sql.push_bind(within(q));
    }
    sql.push(" union all select l.transaction_id from sales.transaction_lines l join sales.products p on p.id = l.product_id where p.sku = ");
    sql.push_bind(q.to_uppercase()).push(")");
}

/// `like` pattern of texts that begin with `text`.
#[must_use]
pub fn prefix(text: &str) -> String {
    format!("{}%", escape(text))
}

/// `like` pattern of texts that hold `text`.
#[must_use]
pub fn within(text: &str) -> String {
    format!("%{}%", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// How many sales the scope holds.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, scope: &Scope) -> Result<i64> {
    let mut sql = QueryBuilder::new("select count(*) from sales.transactions t where ");
    narrow(&mut sql, scope);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// One page, and the place after its last row if more follow.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    scope: &Scope,
    window: Window,
    local: Local<'_>,
) -> Result<(Vec<SaleRow>, Option<After>)> {
    let (column, way, past) = match (window.sort, window.ascending) {
        (SaleSort::OccurredAt, false) => ("occurred_at", "desc", "<"),
        (SaleSort::OccurredAt, true) => ("occurred_at", "asc", ">"),
        (SaleSort::Total, false) => ("total", "desc", "<"),
        (SaleSort::Total, true) => ("total", "asc", ">"),
    };
    let mut sql = QueryBuilder::new(
        "select t.id, t.number, t.external_ref, t.customer_id, c.number as customer_number, c.first_name, c.last_name, c.email,
                c.external_ref as customer_ref, t.line_count, t.quantity, t.total, t.currency, t.status, t.payment_method,
                t.occurred_at, t.origin, t.is_suspicious, t.fraud_score,
                (select d.outcome from sales.fraud_decisions d where d.id = t.decision_id) as outcome,
                (select p.name from sales.transaction_lines l join sales.products p on p.id = l.product_id
                  where l.transaction_id = t.id order by l.line_no limit 1) as first_item
         from (select * from sales.transactions t where ",
    );
    narrow(&mut sql, scope);
    if let Some(after) = window.after {
        sql.push(format_args!(" and (t.{column}, t.id) {past} ("));
        match after {
            After::OccurredAt(at, id) => sql.push_bind(at).push(", ").push_bind(id),
            After::Total(total, id) => sql.push_bind(total).push(", ").push_bind(id),
        };
        sql.push(")");
    }
    sql.push(format_args!(" order by t.{column} {way}, t.id {way} limit ")).push_bind(i64::from(window.limit) + 1);
    if window.skip > 0 {
        sql.push(" offset ").push_bind(i64::from(window.skip));
    }
    sql.push(format_args!(
        ") t left join sales.customers c on c.id = t.customer_id order by t.{column} {way}, t.id {way}"
    ));
    let mut rows: Vec<Row> = sql.build_query_as().fetch_all(connection).await?;

    let limit = window.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| match window.sort {
        SaleSort::OccurredAt => After::OccurredAt(last.occurred_at, last.id),
        SaleSort::Total => After::Total(last.total, last.id),
    });
    let rows = rows.into_iter().map(|row| row.into_sale(local)).collect::<Result<_, sqlx::Error>>()?;
    Ok((rows, next))
}

impl Row {
    fn into_sale(self, local: Local<'_>) -> Result<SaleRow, sqlx::Error> {
        let customer = self.customer_id.map(|id| {
            let names = (self.first_name.as_deref().unwrap_or_default(), self.last_name.as_deref().unwrap_or_default());
            let number = self.customer_number.unwrap_or_default();
            CustomerRef::masked(CustomerId(id), number, names, self.email.as_deref(), self.customer_ref.as_deref())
        });
        Ok(SaleRow {
            id: TransactionId(self.id),
            number: self.number,
            external_ref: self.external_ref,
            customer,
            first_item: self.first_item,
            line_count: self.line_count,
            quantity: self.quantity.normalize(),
            total_amount: money(self.total),
            currency: read("currency", &self.currency, |t| t.parse().ok())?,
            status: read("status", &self.status, SaleStatus::parse)?,
            payment_method: self
                .payment_method
                .map(|m| read("payment_method", &m, PaymentMethod::parse))
                .transpose()?,
            timestamp: local(self.occurred_at),
            demo: self.origin == "demo",
            is_suspicious: self.is_suspicious,
            fraud_score: self.fraud_score,
            outcome: self.outcome.map(|of| read("outcome", &of, Outcome::parse)).transpose()?,
        })
    }
}
