//! A shop of any size, written set by set: sales with a line each, refunds and visits, spread evenly over the last 400
//! days.

use crate::{Failure, world::World};
use sqlx::{AssertSqlSafe, PgPool};
use std::time::Instant;

/// Days over which the rows lie.
pub const DAYS: u64 = 400;
/// From this number of new rows on their indexes are made afterwards.
const AT_ONCE: u64 = 300_000;

const PARTIES: &str = "
    insert into sales.customers (id, external_ref, registration_date, created_at, updated_at)
    select ('00000002-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'bench-' || i, '2025-01-01', now(), now()
    from generate_series(1, 20000) i on conflict do nothing;
    insert into sales.categories (id, name)
    select ('00000006-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Kind ' || i from generate_series(1, 12) i on conflict do nothing;
    insert into sales.products (id, sku, name, kind, price, currency, category_id, created_at, updated_at)
    select ('00000003-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'BENCH-' || i, 'Bench ' || i, 'stocked', 10, 'USD',
           ('00000006-0000-7000-8000-' || lpad(to_hex(i % 12 + 1), 12, '0'))::uuid, now(), now()
    from generate_series(1, 500) i on conflict do nothing;";
/// Tables whose indexes are made afterwards when many rows come.
const LARGE: [&str; 2] = ["sales.transactions", "sales.transaction_lines"];

/// Indexes of `table` without those of constraints, and what makes each again.
async fn indexes(owner: &PgPool, table: &str) -> Result<Vec<(String, String)>, Failure> {
    Ok(sqlx::query_as(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
         where i.indrelid = $1::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid)",
    )
    .bind(table)
    .fetch_all(owner)
    .await?)
}

/// Grows the shop from `from` sales to `to`.
pub async fn grow(world: &World, from: u64, to: u64) -> Result<(), Failure> {
    let owner = PgPool::connect(&world.owner_url).await?;
    let (more, started) = (to - from, Instant::now());
    sqlx::raw_sql("set statement_timeout = 0").execute(&owner).await?;
    sqlx::raw_sql(PARTIES).execute(&owner).await?;
    let mut dropped = Vec::new();
    for table in LARGE.iter().filter(|_| more > AT_ONCE) {
        dropped.extend(indexes(&owner, table).await?);
    }
    for (name, _) in &dropped {
        sqlx::raw_sql(AssertSqlSafe(format!("drop index {name}"))).execute(&owner).await?;
    }
    let id = |kind: &str, i: &str| format!("('{kind}-0000-7000-8000-' || lpad(to_hex({i}), 12, '0'))::uuid");
    let at =
        |every: u64| format!("now() - interval '1 minute' - interval '{DAYS} days' * ({to} - i * {every}) / {more}");
    let (sale, customer) = (id("00000001", "i"), id("00000002", "i::bigint * 7919 % 20000 + 1"));
    let (refund, visit, when) = (id("00000004", "i"), id("00000005", "i"), at(1));
    let (first, last) = (from + 1, to);
    let sales = format!(
        "insert into sales.transactions (id, customer_id, site_id, status, payment_method, session_ref, currency, gross, discount, net, tax,
             shipping, total, quantity, line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
         select {sale}, case when i % 5 > 0 then {customer} end, s.id, case when i % 500 = 7 then 'pending' else 'approved' end, 'cash',
                case when i % 3 = 0 then 'session-' || (i / 6) end, 'USD', n, 0, n, 0, 0, n, 1, 1, w, case when i % 500 <> 7 then w end,
                'import', 'bench-' || i, w, w
         from (select i, (100 + i % 20000)::numeric / 100 as n, {when} as w from generate_series({first}::bigint, {last}) i) t,
              stock.sites s where s.is_default"
    );
    sqlx::query(AssertSqlSafe(sales)).execute(&owner).await?;
    let product = id("00000003", "i::bigint * 7907 % 500 + 1");
    let lines = format!(
        "insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
         select {sale}, 1, {product}, 1, n, n, n, w
         from (select i, (100 + i % 20000)::numeric / 100 as n, {when} as w from generate_series({first}::bigint, {last}) i) t"
    );
    sqlx::query(AssertSqlSafe(lines)).execute(&owner).await?;
    for (_, definition) in dropped {
        sqlx::raw_sql(AssertSqlSafe(definition)).execute(&owner).await?;
    }
    let (first, last, when) = (from / 50 + 1, to / 50, at(50));
    let refunds = format!(
        "insert into sales.refunds (id, kind, currency, refunded_at, net, total, created_at)
         select {refund}, 'return', 'USD', {when}, 1, 1, now() from generate_series({first}::bigint, {last}) i;
         insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at)
         select r.id, 1, '00000003-0000-7000-8000-000000000001', 1, 1, r.refunded_at
         from sales.refunds r where not exists (select from sales.refund_lines l where l.refund_id = r.id)"
    );
    sqlx::raw_sql(AssertSqlSafe(refunds)).execute(&owner).await?;
    let (first, last, when) = (from / 4 + 1, to / 4, at(4));
    let visits = format!(
        "insert into sales.visits (id, visited_at, visitor_key, session_ref)
         select {visit}, {when}, 'b' || (i % 100000), 'session-' || (i * 4 / 6) from generate_series({first}::bigint, {last}) i"
    );
    sqlx::query(AssertSqlSafe(visits)).execute(&owner).await?;
    // What Postgres does by itself within a minute.
    for table in ["transactions", "transaction_lines", "refunds", "refund_lines", "visits", "customers", "products"] {
        sqlx::raw_sql(AssertSqlSafe(format!("vacuum analyze sales.{table}"))).execute(&owner).await?;
    }
    let size: String =
        sqlx::query_scalar("select pg_size_pretty(pg_database_size(current_database()))").fetch_one(&owner).await?;
    println!("grown from {from} to {to} sales in {:.0} s; the database takes {size}", started.elapsed().as_secs_f64());
    Ok(())
}

/// How often a table of facts was read from end to end since the database began.
pub async fn whole_reads(world: &World) -> Result<i64, Failure> {
    let owner = PgPool::connect(&world.owner_url).await?;
    // Backends tell their counts after a second.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    Ok(sqlx::query_scalar(
        "select coalesce(sum(seq_scan), 0)::bigint from pg_stat_user_tables
         where schemaname = 'sales' and relname in ('transactions', 'refunds', 'refund_lines', 'visits_default')",
    )
    .fetch_one(&owner)
    .await?)
}
