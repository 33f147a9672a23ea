//! Visitors of the shop and which of them ordered (`overview.md` 3.2).

use super::figures::{Books, Window};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::overview::{OrderSet, RecordVisit};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// Visitors and buyers of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Visits {
    pub visitors: i64,
    /// Visitors with at least one order counted.
    pub buyers: i64,
    /// Buyers without a recorded visit.
    pub not_visited: i64,
}

/// `b` windows, `v` visits, `o` counted orders by customer and session, `known` the customer of a session on a day, `seen` visits
/// with their visitor, `bought` the visitors who ordered. Starts and ends are the first two binds, the zone
/// the third.
///
/// A visitor is the customer of the visit; else the customer that another visit or a recognised sale of
/// the same session names on the same business day; else the browser.
pub(super) fn with_visitors(windows: &[Window], books: Books<'_>, orders: OrderSet) -> QueryBuilder<Postgres> {
    let (starts, ends): (Vec<_>, Vec<_>) = windows.iter().map(|w| (w.start, w.end)).unzip();
    let at = order_time(orders);
    let counted = if books.without_fraud {
        " where not exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id)"
    } else {
        ""
    };
    let mut sql = QueryBuilder::new("with b as materialized (select * from unnest(");
    sql.push_bind(starts).push("::timestamptz[], ").push_bind(ends);
    sql.push(
        "::timestamptz[]) with ordinality as b (starts, ends, ord)),
         v as materialized (
             select b.ord, (x.visited_at at time zone ",
    );
    sql.push_bind(books.zone.to_owned());
    sql.push(
        "::text)::date as day, x.visited_at, x.visitor_key, x.customer_id, x.session_ref, x.source
             from b join sales.visits x on x.visited_at >= b.starts and x.visited_at < b.ends),
",
    );
    // Orders alike in what tells visitors apart are one row: text is made of and compared for fewer of them.
    sql.push(format!(
        "o as materialized (
             select g.ord, g.day, g.customer_id::text as customer, g.session_ref, g.orders
             from (select b.ord, t.customer_id, t.session_ref, count(*) as orders,
                          case when t.customer_id is not null and t.session_ref is not null and t.recognised_at is not null
                               then (t.{at} at time zone $3::text)::date end as day
                   from b join sales.transactions t on t.{at} >= b.starts and t.{at} < b.ends{counted}
                   group by 1, 2, 3, 5) g),
         known as materialized (
             select day, session_ref, min(customer) as customer
             from (select day, session_ref, customer_id::text as customer from v
                   where session_ref is not null and customer_id is not null
                   union all
                   select day, session_ref, customer from o where day is not null) k
             group by day, session_ref),
         seen as materialized (
             select v.ord, v.visited_at, v.source, v.session_ref,
                    coalesce(v.customer_id::text, known.customer, v.visitor_key) as visitor
             from v left join known on known.day = v.day and known.session_ref = v.session_ref),
         bought as materialized (
             select s.ord, s.visitor from seen s join o on o.ord = s.ord and o.customer = s.visitor
             union
             select s.ord, s.visitor from seen s join o on o.ord = s.ord and o.session_ref = s.session_ref) "
    ));
    sql
}

pub(super) const fn order_time(orders: OrderSet) -> &'static str {
    match orders {
        OrderSet::Recognised => "recognised_at",
        OrderSet::All => "occurred_at",
    }
}

/// One entry a window, in the order given.
///
/// # Errors
/// When a statement fails.
pub async fn visits(
    connection: &mut PgConnection,
    books: Books<'_>,
    orders: OrderSet,
    windows: &[Window],
) -> Result<Vec<Visits>> {
    // Visitors are told apart by text. Hashing them in memory takes a third of the time of the sorts, some on
    // disk, that the planner would choose.
    sqlx::query!(
        "select set_config('work_mem', '64MB', true) as memory, set_config('enable_mergejoin', 'off', true) as merging"
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut sql = with_visitors(windows, books, orders);
    sql.push(
        "select coalesce(s.visitors, 0) as visitors, coalesce(p.buyers, 0) as buyers, coalesce(n.not_visited, 0) as not_visited
         from b
         left join (select ord, count(distinct visitor) as visitors from seen group by ord) s on s.ord = b.ord
         left join (select ord, count(*) as buyers from bought group by ord) p on p.ord = b.ord
         left join (
             select o.ord, count(distinct coalesce(o.customer, o.session_ref))
                           + coalesce(sum(o.orders) filter (where o.customer is null and o.session_ref is null), 0)::bigint
                           as not_visited
             from o
             where not exists (select from seen s where s.ord = o.ord and s.visitor = o.customer)
               and not exists (select from seen s where s.ord = o.ord and s.session_ref = o.session_ref)
             group by o.ord) n on n.ord = b.ord
         order by b.ord",
    );
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// Records a visit; a repeat of the same visitor and session within 30 minutes is the same visit.
/// Answers whether it was a new one.
///
/// # Errors
/// When a statement fails.
pub async fn record_visit(
    connection: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    visit: &RecordVisit,
) -> Result<bool> {
    let mark = format!("{}\n{}", visit.visitor_key, visit.session_ref.as_deref().unwrap_or_default());
    // Two beacons of one page view may come at the same moment.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 10))", mark).execute(&mut *connection).await?;
    let done = sqlx::query!(
        "insert into sales.visits (id, visited_at, visitor_key, session_ref, path, source)
         select $1, $2::timestamptz, $3, $4::varchar, $5, $6
         where not exists (select from sales.visits v
                           where v.visited_at > $2::timestamptz - interval '30 minutes' and v.visited_at <= $2
                             and v.visitor_key = $3 and v.session_ref is not distinct from $4::varchar)",
        id,
        at,
        visit.visitor_key,
        visit.session_ref,
        visit.path,
        visit.source
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any visit of the window is recorded.
///
/// # Errors
/// When the statement fails.
pub async fn any_visits(connection: &mut PgConnection, window: &Window) -> Result<bool> {
    // By the index even where nearly every visit is of the window: another window may hold none.
    Ok(sqlx::query_scalar!(
        r#"select (select visited_at from sales.visits where visited_at >= $1 and visited_at < $2
                   order by visited_at limit 1) is not null as "any!""#,
        window.start,
        window.end
    )
    .fetch_one(connection)
    .await?)
}
