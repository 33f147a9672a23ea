//! Segments and tiers of customers.

use super::Money;
use crate::{
    Result,
    overview::{Books, Window},
};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// What a customer did in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerValue {
    pub customer_id: Uuid,
    pub last_sale_at: DateTime<Utc>,
    pub orders: i64,
    /// Net in base currency, refunds taken off.
    pub revenue: Decimal,
}

/// Customers with a sale in `window`, or one of them.
///
/// # Errors
/// When the statement fails.
pub async fn customer_values(
    connection: &mut PgConnection,
    money: Money<'_>,
    window: &Window,
    only: Option<Uuid>,
) -> Result<Vec<CustomerValue>> {
    let books = money.books;
    Ok(sqlx::query_file_as!(
        CustomerValue,
        "src/analytics/customer_values.sql",
        window.start,
        window.end,
        books.currency.as_str(),
        books.zone,
        only
    )
    .fetch_all(connection)
    .await?)
}

/// What one customer's sales of `window` came to; 0 without one.
///
/// # Errors
/// When the statement fails.
pub async fn customer_revenue(
    connection: &mut PgConnection,
    money: Money<'_>,
    window: &Window,
    customer: Uuid,
) -> Result<Decimal> {
    let found = customer_values(connection, money, window, Some(customer)).await?;
    Ok(found.first().map_or(Decimal::ZERO, |value| value.revenue))
}

/// A customer's place as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub customer_id: Uuid,
    pub scores: [i16; 3],
    pub segment: &'static str,
    pub days_since: i32,
    pub orders: i32,
    pub revenue: Decimal,
}

/// Keeps the places of `as_of`, instead of what was kept of it.
///
/// # Errors
/// When a statement fails.
pub async fn put_segments(connection: &mut PgConnection, as_of: NaiveDate, placed: &[Placed]) -> Result<()> {
    sqlx::query!("delete from sales.customer_segments where as_of = $1", as_of).execute(&mut *connection).await?;
    for piece in placed.chunks(10_000) {
        let ids: Vec<Uuid> = piece.iter().map(|p| p.customer_id).collect();
        let score = |at: usize| piece.iter().map(|p| p.scores[at]).collect::<Vec<i16>>();
        let segments: Vec<String> = piece.iter().map(|p| p.segment.to_owned()).collect();
        let days: Vec<i32> = piece.iter().map(|p| p.days_since).collect();
        let orders: Vec<i32> = piece.iter().map(|p| p.orders).collect();
        let revenue: Vec<Decimal> = piece.iter().map(|p| p.revenue).collect();
        sqlx::query!(
            "insert into sales.customer_segments (customer_id, as_of, r, f, m, segment, days_since, orders, revenue)
             select x.id, $1, x.r, x.f, x.m, x.segment, x.days, x.orders, x.revenue
             from unnest($2::uuid[], $3::smallint[], $4::smallint[], $5::smallint[], $6::text[], $7::int[], $8::int[], $9::numeric[])
                 as x (id, r, f, m, segment, days, orders, revenue)",
            as_of,
            &ids,
            &score(0),
            &score(1),
            &score(2),
            &segments,
            &days,
            &orders,
            &revenue
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// A look at all customers.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRun {
    pub as_of: NaiveDate,
    pub previous: Option<NaiveDate>,
    pub currency: String,
    pub zone: String,
    pub cuts: serde_json::Value,
    pub computed_at: DateTime<Utc>,
}

/// The run of `as_of`, or the latest.
///
/// # Errors
/// When the statement fails.
pub async fn segment_run(connection: &mut PgConnection, as_of: Option<NaiveDate>) -> Result<Option<SegmentRun>> {
    Ok(sqlx::query_as!(
        SegmentRun,
        r#"select as_of, previous, currency as "currency!", zone, cuts, computed_at
           from sales.segment_runs where $1::date is null or as_of = $1
           order by as_of desc limit 1"#,
        as_of
    )
    .fetch_optional(connection)
    .await?)
}

/// Writes a run down; it is told against the latest one before it. Answers that one's day.
///
/// # Errors
/// When the statement fails.
pub async fn put_run(
    connection: &mut PgConnection,
    as_of: NaiveDate,
    books: Books<'_>,
    cuts: &serde_json::Value,
    at: DateTime<Utc>,
) -> Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "insert into sales.segment_runs (as_of, previous, currency, zone, cuts, computed_at)
         values ($1, (select max(as_of) from sales.segment_runs where as_of < $1), $2::char(3), $3, $4, $5)
         on conflict (as_of) do update set previous = excluded.previous, currency = excluded.currency, zone = excluded.zone,
             cuts = excluded.cuts, computed_at = excluded.computed_at
         returning previous",
        as_of,
        books.currency.as_str(),
        books.zone,
        cuts,
        at
    )
    .fetch_one(connection)
    .await?)
}

/// Forgets runs before `day`, and their places.
///
/// # Errors
/// When a statement fails.
pub async fn forget_runs(connection: &mut PgConnection, day: NaiveDate) -> Result<()> {
    sqlx::query!("delete from sales.customer_segments where as_of < $1", day).execute(&mut *connection).await?;
    sqlx::query!("delete from sales.segment_runs where as_of < $1", day).execute(connection).await?;
    Ok(())
}

/// One segment or tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSums {
    pub segment: String,
    pub customers: i64,
    pub orders: i64,
    pub revenue: Decimal,
    /// Σ of the risk scores.
    pub risk: Decimal,
    pub moved_in: Option<i64>,
    pub moved_out: Option<i64>,
}

/// Those of a run: the latest from the view, an earlier one from the rows.
///
/// # Errors
/// When a statement fails.
pub async fn segment_sums(connection: &mut PgConnection, scheme: &str, run: &SegmentRun) -> Result<Vec<SegmentSums>> {
    let kept = sqlx::query_as!(
        SegmentSums,
        r#"select segment as "segment!", customers as "customers!", orders as "orders!", revenue as "revenue!",
                  risk as "risk!", moved_in, moved_out
           from sales.customer_segments_mv where scheme = $1 and as_of = $2
           order by segment"#,
        scheme,
        run.as_of
    )
    .fetch_all(&mut *connection)
    .await?;
    if !kept.is_empty() {
        return Ok(kept);
    }
    Ok(sqlx::query_as!(
        SegmentSums,
        r#"select segment as "segment!", customers as "customers!", orders as "orders!", revenue as "revenue!",
                  risk as "risk!", moved_in, moved_out
           from ops.segment_sums($2, $3) where scheme = $1
           order by segment"#,
        scheme,
        run.as_of,
        run.previous
    )
    .fetch_all(connection)
    .await?)
}

/// The tier of every customer for whom the rule decides on `day`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledTier {
    pub customer_id: Uuid,
    /// In force when the run begins.
    pub tier: String,
    /// Begun or ended by hand since: the rule's own word must be written down.
    pub by_hand_before: bool,
}

/// Customers without a tier given by hand on `day`.
///
/// # Errors
/// When the statement fails.
pub async fn ruled_tiers(connection: &mut PgConnection, day: NaiveDate) -> Result<Vec<RuledTier>> {
    Ok(sqlx::query_as!(
        RuledTier,
        r#"select c.id as customer_id, c.loyalty_tier as tier,
                  exists (select from sales.customer_tiers t
                          where t.customer_id = c.id and t.source = 'manual' and t.valid_to <= $1
                            and not exists (select from sales.customer_tiers n
                                            where n.customer_id = c.id and n.valid_from >= t.valid_to)) as "by_hand_before!"
           from sales.customers c
           where not exists (select from sales.customer_tiers t
                             where t.customer_id = c.id and t.source = 'manual' and t.valid_from <= $1
                               and (t.valid_to is null or t.valid_to > $1))"#,
        day
    )
    .fetch_all(connection)
    .await?)
}

/// A tier from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTier<'a> {
    pub customer_id: Uuid,
    pub tier: &'static str,
    pub from: NaiveDate,
    /// Exclusive.
    pub to: Option<NaiveDate>,
    pub manual: bool,
    pub by: &'a str,
    pub reason: Option<&'a str>,
}

/// Ends what was in force and puts the new tier in its place.
///
/// # Errors
/// When a statement fails.
pub async fn put_tier(connection: &mut PgConnection, new: &NewTier<'_>) -> Result<()> {
    sqlx::query!(
        "update sales.customer_tiers set valid_to = $2
         where customer_id = $1 and valid_from < $2 and (valid_to is null or valid_to > $2)",
        new.customer_id,
        new.from
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into sales.customer_tiers (customer_id, valid_from, tier, valid_to, source, by, reason)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (customer_id, valid_from) do update set tier = excluded.tier, valid_to = excluded.valid_to,
             source = excluded.source, by = excluded.by, reason = excluded.reason",
        new.customer_id,
        new.from,
        new.tier,
        new.to,
        if new.manual { "manual" } else { "computed" },
        new.by,
        new.reason
    )
    .execute(&mut *connection)
    .await?;
    // Not a change of the record that somebody edits: its version stands.
    sqlx::query!("update sales.customers set loyalty_tier = $2 where id = $1", new.customer_id, new.tier)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether there is such a customer, locked until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock_customer(connection: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!("select id from sales.customers where id = $1 for update", id)
        .fetch_optional(connection)
        .await?
        .is_some())
}
