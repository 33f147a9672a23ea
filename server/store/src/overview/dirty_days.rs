//! Closed days touched by late facts: `ops.kpi_dirty_days`. A writer names them in its own transaction; which
//! day an instant belongs to is for the caller, who has the calendar.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A day named by a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyDay {
    pub id: i64,
    pub day: NaiveDate,
    pub zone: String,
}

/// Who works off the names of days: each its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayReader {
    /// `kpi_summary`.
    Summary,
    /// `materialized_views`.
    Views,
}

impl DayReader {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "kpi_summary",
            Self::Views => "views",
        }
    }
}

/// Names days of `zone`, for each reader.
///
/// # Errors
/// When the statement fails.
pub async fn name_days(connection: &mut PgConnection, days: &[NaiveDate], zone: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into ops.kpi_dirty_days (day, zone, named_at, reader)
         select d.day, $2, $3, r.reader
         from unnest($1::date[]) as d (day) cross join (values ('kpi_summary'), ('views')) r (reader)",
        days,
        zone,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All days named for `reader` in the order of their naming.
///
/// # Errors
/// When the statement fails.
pub async fn dirty_days(connection: &mut PgConnection, reader: DayReader) -> Result<Vec<DirtyDay>> {
    let reader = reader.as_str();
    Ok(sqlx::query_as!(DirtyDay, "select id, day, zone from ops.kpi_dirty_days where reader = $1 order by id", reader)
        .fetch_all(connection)
        .await?)
}

/// Takes away names that a computation has seen.
///
/// # Errors
/// When the statement fails.
pub async fn clear_days(connection: &mut PgConnection, ids: &[i64]) -> Result<()> {
    sqlx::query!("delete from ops.kpi_dirty_days where id = any($1)", ids).execute(connection).await?;
    Ok(())
}

/// When the figures of `sales` happened: ordered and recognised, by the quarter of an hour.
///
/// # Errors
/// When the statement fails.
pub async fn moments_of_sales(connection: &mut PgConnection, sales: &[Uuid]) -> Result<Vec<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct date_bin('15 minutes', m.at, timestamptz 'epoch') as "at!"
           from sales.transactions t cross join lateral (values (t.occurred_at), (t.recognised_at)) m (at)
           where t.id = any($1) and m.at is not null"#,
        sales
    )
    .fetch_all(connection)
    .await?)
}

/// When the refunds that an undo takes back happened: those of the import that stand alone or belong to `sales`.
///
/// # Errors
/// When the statement fails.
pub async fn moments_of_refunds(
    connection: &mut PgConnection,
    import_id: Uuid,
    sales: &[Uuid],
) -> Result<Vec<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct date_bin('15 minutes', refunded_at, timestamptz 'epoch') as "at!" from sales.refunds
           where import_id = $1 and (transaction_id is null or transaction_id = any($2))"#,
        import_id,
        sales
    )
    .fetch_all(connection)
    .await?)
}

/// When anything of the demo world happened.
///
/// # Errors
/// When the statement fails.
pub async fn moments_of_demo(connection: &mut PgConnection) -> Result<Vec<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct date_bin('15 minutes', m.at, timestamptz 'epoch') as "at!"
           from (select v.at from sales.transactions t cross join lateral (values (t.occurred_at), (t.recognised_at)) v (at)
                 where t.origin = 'demo' and v.at is not null
                 union all
                 select refunded_at from sales.refunds where origin = 'demo'
                 union all
                 select visited_at from sales.visits where origin = 'demo') m"#
    )
    .fetch_all(connection)
    .await?)
}
