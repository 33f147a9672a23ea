//! How fast alerts are seen and ended.

use crate::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Sums of a group: all, a type, a severity or a person, which the other three then leave empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub alert_type: Option<String>,
    pub severity: Option<i16>,
    pub person: Option<String>,
    /// 7 all, 3 a type, 5 a severity, 6 a person.
    pub grouping: i32,
    pub opened: i64,
    pub acknowledged: i64,
    pub resolved: i64,
    /// Mean, median and ninth decile in seconds; `None`: of none.
    pub to_acknowledge: Option<Vec<f64>>,
    pub to_resolve: Option<Vec<f64>>,
}

/// Alerts opened, acknowledged and ended from `from` on and before `until`, each by its own time.
///
/// # Errors
/// When the statement fails.
pub async fn groups(
    connection: &mut PgConnection,
    features: &[String],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Group>> {
    Ok(sqlx::query_as!(
        Group,
        r#"with acts as (
               select alert_type, severity, null as person, 1 as opened, null::float8 as acked, null::float8 as ended
               from ops.alerts
               where opened_at >= $2 and opened_at < $3 and deleted_at is null and feature = any($1)
               union all
               select alert_type, severity, acked_by, 0, extract(epoch from acked_at - opened_at)::float8, null
               from ops.alerts
               where acked_at >= $2 and acked_at < $3 and deleted_at is null and feature = any($1)
               union all
               select alert_type, severity, case when resolution = 'manual' then resolved_by end, 0, null,
                      extract(epoch from resolved_at - opened_at)::float8
               from ops.alerts
               where resolved_at >= $2 and resolved_at < $3 and deleted_at is null and feature = any($1)
           )
           select alert_type as "alert_type?", severity as "severity?", person as "person?",
                  grouping(alert_type, severity, person) as "grouping!", coalesce(sum(opened), 0) as "opened!",
                  count(acked) as "acknowledged!", count(ended) as "resolved!",
                  case when count(acked) > 0 then
                      array_prepend(avg(acked), percentile_cont(array[0.5, 0.9]) within group (order by acked)) end as to_acknowledge,
                  case when count(ended) > 0 then
                      array_prepend(avg(ended), percentile_cont(array[0.5, 0.9]) within group (order by ended)) end as to_resolve
           from acts group by grouping sets ((), (alert_type), (severity), (person))
           order by 4 desc, sum(opened) desc nulls last, severity desc, alert_type, lower(person), person"#,
        features,
        from,
        until
    )
    .fetch_all(connection)
    .await?)
}

/// An entity and its alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noisy {
    pub entity_type: Option<String>,
    pub entity_id: String,
    pub entity_label: Option<String>,
    pub alerts: i64,
    pub occurrences: i64,
}

/// Entities with the most alerts opened from `from` on and before `until`.
///
/// # Errors
/// When the statement fails.
pub async fn noisiest(
    connection: &mut PgConnection,
    features: &[String],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Noisy>> {
    Ok(sqlx::query_as!(
        Noisy,
        r#"select entity_type, entity_id as "entity_id!", (array_agg(entity_label order by opened_at desc))[1] as entity_label,
                  count(*) as "alerts!", sum(occurrences) as "occurrences!"
           from ops.alerts
           where opened_at >= $2 and opened_at < $3 and deleted_at is null and feature = any($1) and entity_id is not null
           group by entity_type, entity_id
           order by count(*) desc, sum(occurrences) desc, entity_type, entity_id limit $4"#,
        features,
        from,
        until,
        limit
    )
    .fetch_all(connection)
    .await?)
}
