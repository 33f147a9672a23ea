//! The last load of each dataset.

use crate::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// What became of the imports of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLoad {
    pub target: String,
    /// The last committed import.
    pub id: Option<Uuid>,
    pub committed_at: Option<DateTime<Utc>>,
    pub origin: Option<String>,
    /// Lines that it recorded.
    pub rows: Option<i64>,
    /// A later import failed.
    pub failed_since: bool,
}

/// One entry a target that somebody has imported into.
///
/// # Errors
/// When the statement fails.
pub async fn last_loads(connection: &mut PgConnection) -> Result<Vec<LastLoad>> {
    Ok(sqlx::query_as!(
        LastLoad,
        r#"select t.target as "target!", good.id as "id?", good.committed_at as "committed_at?", good.origin as "origin?",
                  good.rows as "rows?",
                  exists (select from ops.import_batches f
                          where f.target = t.target and f.state = 'failed'
                            and f.created_at > coalesce(good.committed_at, '-infinity')) as "failed_since!"
           from (select distinct target from ops.import_batches) t
           left join lateral (
               select b.id, b.committed_at, b.origin,
                      (b.counts->>'sale_lines')::bigint + (b.counts->>'refund_lines')::bigint
                          + coalesce((b.counts->>'visits')::bigint, 0) as rows
               from ops.import_batches b
               where b.target = t.target and b.state in ('committed', 'committed_partial') and b.undo_of is null
               order by b.committed_at desc, b.id desc limit 1
           ) good on true
           order by t.target"#
    )
    .fetch_all(connection)
    .await?)
}

/// What of all imported rows was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Data rows of committed imports that were not taken back.
    pub lines: i64,
    /// Rows of these that wait for a person.
    pub open_rows: i64,
}

/// # Errors
/// When the statement fails.
pub async fn acceptance(connection: &mut PgConnection) -> Result<Acceptance> {
    Ok(sqlx::query_as!(
        Acceptance,
        r#"select coalesce(sum((b.counts->>'lines')::bigint), 0)::bigint as "lines!",
                  coalesce(sum((select count(*) from ops.staged_rows s where s.import_id = b.id and s.state = 'open')), 0)::bigint
                      as "open_rows!"
           from ops.import_batches b where b.state in ('committed', 'committed_partial') and b.undo_of is null"#
    )
    .fetch_one(connection)
    .await?)
}
