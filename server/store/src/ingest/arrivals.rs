//! Which days a dataset has arrived for, and how often a file of it is expected.

use crate::{Result, overview::Window};
use chrono::{DateTime, Utc};
use domain::ingest::Target;
use sqlx::PgConnection;
use uuid::Uuid;

/// How often a file of a target is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub hours: u32,
    pub set_at: DateTime<Utc>,
    /// The first row that came by a file, or when the interval was set, whichever was earlier.
    pub since: DateTime<Utc>,
}

/// `None`: none is expected.
///
/// # Errors
/// When the statement fails.
pub async fn interval(connection: &mut PgConnection, target: Target) -> Result<Option<Interval>> {
    let row = sqlx::query!(
        r#"select s.value #>> '{}' as "hours!", s.updated_at,
                  least(s.updated_at, (select min(b.rows_from) from ops.import_batches b
                                       where b.target = $2 and b.undo_of is null
                                         and b.state in ('committed', 'committed_partial'))) as "since!"
           from ops.settings s where s.key = $1"#,
        target.interval_setting(),
        target.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| {
        let hours = row.hours.parse().ok().filter(|hours| *hours > 0)?;
        Some(Interval { hours, set_at: row.updated_at, since: row.since })
    }))
}

/// Keeps from when to when the rows are that an import recorded: of the days between, those without a row had none.
///
/// # Errors
/// When the statement fails.
pub async fn keep_span(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!(
        "update ops.import_batches b set rows_from = s.first, rows_to = s.last
         from (select min(at) as first, max(at) as last from (
                   select occurred_at as at from sales.transactions where import_id = $1
                   union all select refunded_at from sales.refunds where import_id = $1
                   union all select visited_at from sales.visits where import_id = $1) r) s
         where b.id = $1",
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Of these days (with their windows), one entry each: whether anything of `target` arrived for it, by a committed import whose
/// rows or declared days reach it, or a row by whatever way.
///
/// # Errors
/// When the statement fails.
pub async fn arrived(connection: &mut PgConnection, target: Target, windows: &[Window]) -> Result<Vec<bool>> {
    let (starts, ends): (Vec<_>, Vec<_>) = windows.iter().map(|w| (w.start, w.end)).unzip();
    let of_sales = target == Target::SalesTransactions;
    Ok(sqlx::query_scalar!(
        r#"select ($4 and (exists (select from sales.transactions t where t.occurred_at >= w.starts and t.occurred_at < w.ends)
                           or exists (select from sales.refunds r where r.refunded_at >= w.starts and r.refunded_at < w.ends)))
               or (not $4 and exists (select from sales.visits v where v.visited_at >= w.starts and v.visited_at < w.ends))
               or exists (select from ops.import_batches b
                          where b.target = $3 and b.undo_of is null and b.state in ('committed', 'committed_partial')
                            and (b.rows_from < w.ends and b.rows_to >= w.starts
                                 or (b.mapping #>> '{options,replace,from}')::date::timestamp
                                        at time zone (b.mapping #>> '{options,zone}') < w.ends
                                    and ((b.mapping #>> '{options,replace,to}')::date + 1)::timestamp
                                        at time zone (b.mapping #>> '{options,zone}') > w.starts)) as "arrived!"
           from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as w (starts, ends, ord)
           order by w.ord"#,
        &starts,
        &ends,
        target.as_str(),
        of_sales
    )
    .fetch_all(connection)
    .await?)
}
