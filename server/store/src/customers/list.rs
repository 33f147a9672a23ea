//! The list of customers: any filters together, keyset paging.

use crate::{
    Result,
    transactions::list::{prefix, within},
};
use chrono::NaiveDate;
use domain::customers::CustomerFilter;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Which customers.
#[derive(Debug, Clone)]
pub struct Scope {
    pub filter: CustomerFilter,
    /// The caller may search by name and e-mail.
    pub by_name: bool,
    /// Keyed hashes of the phone number that is searched for; empty: it is none, or may not be searched.
    pub phones: Vec<Vec<u8>>,
}

/// The row before a page. `rank` 0 where nothing is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    pub rank: i32,
    pub number: i64,
}

/// A customer as the list reads it.
#[derive(Debug, Clone, FromRow)]
pub struct Row {
    pub id: Uuid,
    pub number: i64,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub country: Option<String>,
    pub registration_date: NaiveDate,
    pub loyalty_tier: String,
    pub external_ref: Option<String>,
    pub phone_enc: Option<Vec<u8>>,
    pub erased: bool,
    pub demo: bool,
    rank: i32,
}

/// Adds the conditions of `scope` on `sales.customers c` behind a `where`. Who was erased is not found by a search.
pub fn narrow(sql: &mut QueryBuilder<Postgres>, scope: &Scope) {
    sql.push("true");
    if let Some(tier) = scope.filter.tier {
        sql.push(" and c.loyalty_tier = ").push_bind(tier.as_str());
    }
    let Some(q) = &scope.filter.q else { return };
    let q = q.trim().trim_start_matches('#');
    sql.push(" and c.erased_at is null and (c.number = ").push_bind(q.parse::<i64>().unwrap_or(-1));
    sql.push(" or c.external_ref like ").push_bind(prefix(q));
    if scope.by_name {
        sql.push(" or (c.first_name || ' ' || c.last_name || ' ' || coalesce(c.email, '')) ilike ")
            .push_bind(within(q));
    }
    if !scope.phones.is_empty() {
        sql.push(" or c.phone_hash = any(").push_bind(scope.phones.clone()).push(")");
    }
    sql.push(")");
}

/// How many customers the scope holds.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, scope: &Scope) -> Result<i64> {
    let mut sql = QueryBuilder::new("select count(*) from sales.customers c where ");
    narrow(&mut sql, scope);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// One page, exact numbers and references first, then the newest; and the place after its last row if more follow.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    scope: &Scope,
    after: Option<After>,
    limit: u32,
) -> Result<(Vec<Row>, Option<After>)> {
    let mut sql = QueryBuilder::new(
        "select * from (
         select c.id, c.number, c.email, c.first_name, c.last_name, c.country, c.registration_date, c.loyalty_tier, c.external_ref,
                c.phone_enc, c.erased_at is not null as erased, c.origin = 'demo' as demo, ",
    );
    match &scope.filter.q {
        Some(q) => {
            let q = q.trim().trim_start_matches('#');
            sql.push("case when c.number = ").push_bind(q.parse::<i64>().unwrap_or(-1));
            sql.push(" or c.external_ref = ").push_bind(q.to_owned()).push(" then 0 else 1 end as rank");
        }
        None => {
            sql.push("0 as rank");
        }
    }
    sql.push(" from sales.customers c where ");
    narrow(&mut sql, scope);
    sql.push(") c where true");
    // Without a search the rank is the same of all, and the index has the order without it.
    let searched = scope.filter.q.is_some();
    match after {
        Some(after) if searched => {
            sql.push(" and (c.rank > ").push_bind(after.rank);
            sql.push(" or c.rank = ").push_bind(after.rank).push(" and c.number < ").push_bind(after.number).push(")");
        }
        Some(after) => {
            sql.push(" and c.number < ").push_bind(after.number);
        }
        None => {}
    }
    let order = if searched { "c.rank, c.number desc" } else { "c.number desc" };
    sql.push(format_args!(" order by {order} limit ")).push_bind(i64::from(limit) + 1);
    Ok(cut(sql.build_query_as().fetch_all(connection).await?, limit))
}

fn cut(mut rows: Vec<Row>, limit: u32) -> (Vec<Row>, Option<After>) {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| After { rank: row.rank, number: row.number });
    (rows, next)
}
