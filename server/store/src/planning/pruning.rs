//! What is not kept for ever.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Steps that remain of an old course, the first and the last among them.
pub const STEPS: i64 = 200;

/// Removes the rows of plans made before `until` that never held and wait for no decision; head, costs and figures stay. How
/// many plans.
///
/// # Errors
/// When a statement fails.
pub async fn rows_of_plans(connection: &mut PgConnection, until: DateTime<Utc>, at: DateTime<Utc>) -> Result<u64> {
    let plans = sqlx::query_scalar!(
        "update plan.plans p
         set rows_removed_at = $2,
             shortage_tonnes = coalesce((select sum(tonnes) from plan.plan_shortages where plan_id = p.id), 0)
         where p.created_at < $1 and p.rows_removed_at is null and p.state in ('draft', 'rejected', 'withdrawn')
         returning p.id",
        until,
        at
    )
    .fetch_all(&mut *connection)
    .await?;
    if plans.is_empty() {
        return Ok(0);
    }
    sqlx::query!(
        "with production as (delete from plan.plan_production where plan_id = any($1)),
              shipments as (delete from plan.plan_shipments where plan_id = any($1)),
              stock as (delete from plan.plan_stock where plan_id = any($1)),
              shortages as (delete from plan.plan_shortages where plan_id = any($1)),
              slacks as (delete from plan.plan_slacks where plan_id = any($1))
         delete from plan.plan_bindings where plan_id = any($1)",
        &plans
    )
    .execute(connection)
    .await?;
    Ok(plans.len() as u64)
}

/// Thins the courses of runs that ended before `until` to [`STEPS`]; how many steps went.
///
/// # Errors
/// When the statement fails.
pub async fn courses(connection: &mut PgConnection, until: DateTime<Utc>) -> Result<u64> {
    let gone = sqlx::query!(
        "delete from plan.run_progress p using (
             select s.run_id, s.seq, row_number() over (partition by s.run_id order by s.seq) as n,
                    count(*) over (partition by s.run_id) as of_all
             from plan.run_progress s join plan.runs r on r.id = s.run_id where r.finished_at < $1) k
         where k.run_id = p.run_id and k.seq = p.seq and k.of_all > $2 and k.n > 1
               and (k.n - 1) * ($2 - 1) / (k.of_all - 1) = (k.n - 2) * ($2 - 1) / (k.of_all - 1)",
        until,
        STEPS
    );
    Ok(gone.execute(connection).await?.rows_affected())
}
