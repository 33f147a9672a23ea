//! Fetches of dealers' records: their ranges, the windows these are cut into, and what is covered.

use crate::{Result, transactions::read};
use chrono::{DateTime, Utc};
use domain::{
    dealers::{Feed, FetchCounts, WindowState},
    jobs::JobState,
};
use sqlx::{PgConnection, postgres::types::PgRange};
use std::ops::Bound;
use uuid::Uuid;

/// From and to, both of them within.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// What a run fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    pub dealer_id: String,
    pub feed: Feed,
    pub range: Span,
    pub filter: Option<String>,
}

/// A window as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRow {
    pub seq: i32,
    pub span: Span,
    pub state: WindowState,
    pub attempts: i32,
    pub counts: FetchCounts,
    pub error_class: Option<String>,
    pub duration_ms: Option<i64>,
}

/// Writes what a run fetches, with the windows of its range.
///
/// # Errors
/// When a statement fails.
pub async fn plan(connection: &mut PgConnection, run: Uuid, params: &Params, windows: &[Span]) -> Result<()> {
    sqlx::query!(
        "insert into dealer.fetch_params (run_id, dealer_id, feed, from_at, to_at, extra_filter)
         values ($1, $2, $3, $4, $5, $6)",
        run,
        params.dealer_id,
        params.feed.as_str(),
        params.range.0,
        params.range.1,
        params.filter
    )
    .execute(&mut *connection)
    .await?;
    let (from, to): (Vec<_>, Vec<_>) = windows.iter().copied().unzip();
    sqlx::query!(
        "insert into dealer.fetch_windows (run_id, dealer_id, seq, from_at, to_at)
         select $1, $2, w.seq::int, w.from_at, w.to_at
         from unnest($3::timestamptz[], $4::timestamptz[]) with ordinality as w (from_at, to_at, seq)",
        run,
        params.dealer_id,
        &from,
        &to
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a run what the one it repeats had left: windows that are not done. `false`: that was no fetch.
///
/// # Errors
/// When a statement fails.
pub async fn take_over(connection: &mut PgConnection, run: Uuid, from: Uuid) -> Result<bool> {
    let copied = sqlx::query!(
        "insert into dealer.fetch_params (run_id, dealer_id, feed, from_at, to_at, extra_filter, parent_run_id)
         select $1, dealer_id, feed, from_at, to_at, extra_filter, run_id from dealer.fetch_params where run_id = $2",
        run,
        from
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into dealer.fetch_windows (run_id, dealer_id, seq, from_at, to_at)
         select $1, dealer_id, row_number() over (order by seq)::int, from_at, to_at
         from dealer.fetch_windows where run_id = $2 and state <> 'done'",
        run,
        from
    )
    .execute(connection)
    .await?;
    Ok(copied.rows_affected() == 1)
}

/// Gives the windows of a run that are not done to another run, with the part of the range that they are.
///
/// # Errors
/// When a statement fails.
pub async fn move_rest(connection: &mut PgConnection, from: Uuid, to: Uuid) -> Result<()> {
    sqlx::query!(
        "insert into dealer.fetch_params (run_id, dealer_id, feed, from_at, to_at, extra_filter, parent_run_id)
         select $2, p.dealer_id, p.feed, (select min(w.from_at) from dealer.fetch_windows w where w.run_id = $1 and w.state <> 'done'),
                p.to_at, p.extra_filter, p.run_id
         from dealer.fetch_params p where p.run_id = $1",
        from,
        to
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update dealer.fetch_windows w set run_id = $2, seq = rest.seq
         from (select seq as was, row_number() over (order by seq)::int as seq from dealer.fetch_windows
               where run_id = $1 and state <> 'done') as rest
         where w.run_id = $1 and w.seq = rest.was",
        from,
        to
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update dealer.fetch_params p set to_at = (select max(w.to_at) from dealer.fetch_windows w where w.run_id = $1)
         where p.run_id = $1",
        from
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn params(connection: &mut PgConnection, run: Uuid) -> Result<Option<Params>> {
    let row = sqlx::query!(
        "select dealer_id, feed, from_at, to_at, extra_filter from dealer.fetch_params where run_id = $1",
        run
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Params {
        dealer_id: row.dealer_id,
        feed: read("feed", &row.feed, Feed::parse)?,
        range: (row.from_at, row.to_at),
        filter: row.extra_filter,
    }))
}

/// The windows of a run, in their order.
///
/// # Errors
/// When the statement fails.
pub async fn windows(connection: &mut PgConnection, run: Uuid) -> Result<Vec<WindowRow>> {
    let rows = sqlx::query!(
        "select seq, from_at, to_at, state, attempts, received, inserted, updated, unchanged, stale, duplicate, rejected,
                error_class, duration_ms
         from dealer.fetch_windows where run_id = $1 order by seq",
        run
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(WindowRow {
                seq: row.seq,
                span: (row.from_at, row.to_at),
                state: read("state", &row.state, WindowState::parse)?,
                attempts: row.attempts,
                counts: FetchCounts {
                    received: row.received.into(),
                    inserted: row.inserted.into(),
                    updated: row.updated.into(),
                    unchanged: row.unchanged.into(),
                    stale: row.stale.into(),
                    duplicate: row.duplicate.into(),
                    rejected: row.rejected.into(),
                },
                error_class: row.error_class,
                duration_ms: row.duration_ms,
            })
        })
        .collect()
}

/// Begins a window anew: what an attempt before it counted and kept back is forgotten.
///
/// # Errors
/// When a statement fails.
pub async fn begin(connection: &mut PgConnection, run: Uuid, seq: i32) -> Result<()> {
    sqlx::query!(
        "update dealer.fetch_windows
         set state = 'running', attempts = attempts + 1, received = 0, inserted = 0, updated = 0, unchanged = 0, stale = 0,
             duplicate = 0, rejected = 0, error_class = null, duration_ms = null
         where run_id = $1 and seq = $2",
        run,
        seq
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from dealer.rejects where run_id = $1 and window_seq = $2 and state = 'open'", run, seq)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds what became of a chunk.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, run: Uuid, seq: i32, counts: &FetchCounts) -> Result<()> {
    let small = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    sqlx::query!(
        "update dealer.fetch_windows
         set received = received + $3, inserted = inserted + $4, updated = updated + $5, unchanged = unchanged + $6,
             stale = stale + $7, duplicate = duplicate + $8, rejected = rejected + $9
         where run_id = $1 and seq = $2",
        run,
        seq,
        small(counts.received),
        small(counts.inserted),
        small(counts.updated),
        small(counts.unchanged),
        small(counts.stale),
        small(counts.duplicate),
        small(counts.rejected)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a window: done, or with the class of what went wrong.
///
/// # Errors
/// When the statement fails.
pub async fn end(
    connection: &mut PgConnection,
    run: Uuid,
    seq: i32,
    (state, class): (WindowState, Option<&str>),
    duration_ms: i64,
) -> Result<()> {
    sqlx::query!(
        "update dealer.fetch_windows set state = $3, error_class = $4, duration_ms = $5 where run_id = $1 and seq = $2",
        run,
        seq,
        state.as_str(),
        class,
        duration_ms
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a window that is done to what is covered.
///
/// # Errors
/// When the statement fails.
pub async fn cover(connection: &mut PgConnection, dealer_id: &str, feed: Feed, (from, to): Span) -> Result<()> {
    sqlx::query!(
        "insert into dealer.coverage as c (dealer_id, feed, covered, watermark)
         values ($1, $2, tstzmultirange(tstzrange($3, $4::timestamptz + interval '1 second')), $4)
         on conflict (dealer_id, feed)
         do update set covered = c.covered + excluded.covered, watermark = greatest(c.watermark, excluded.watermark)",
        dealer_id,
        feed.as_str(),
        from,
        to
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What was fetched of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    pub feed: Feed,
    pub watermark: Option<DateTime<Utc>>,
    pub covered: Vec<Span>,
    /// Of the asked range, what is not covered.
    pub gaps: Vec<Span>,
}

/// A range with its last second, as ranges of fetches have it.
fn span(range: &PgRange<DateTime<Utc>>) -> Option<Span> {
    match (range.start, range.end) {
        (Bound::Included(from), Bound::Excluded(end)) => Some((from, end - chrono::Duration::seconds(1))),
        _ => None,
    }
}

/// What was fetched of the dealer's `feeds`, and what of `range` was not.
///
/// # Errors
/// When the statement fails.
pub async fn coverage(
    connection: &mut PgConnection,
    dealer_id: &str,
    feeds: &[Feed],
    range: Span,
) -> Result<Vec<Covered>> {
    let feeds: Vec<String> = feeds.iter().map(|feed| feed.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"select f.feed as "feed!", c.watermark,
                  array(select r from unnest(c.covered) as r order by r) as "covered!: Vec<PgRange<DateTime<Utc>>>",
                  array(select r from unnest(
                      tstzmultirange(tstzrange($2, $3::timestamptz + interval '1 second')) - coalesce(c.covered, '{}')) as r
                      order by r) as "gaps!: Vec<PgRange<DateTime<Utc>>>"
         from unnest($4::text[]) with ordinality as f (feed, at)
         left join dealer.coverage c on c.dealer_id = $1 and c.feed = f.feed
         order by f.at"#,
        dealer_id,
        range.0,
        range.1,
        &feeds
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Covered {
                feed: read("feed", &row.feed, Feed::parse)?,
                watermark: row.watermark,
                covered: row.covered.iter().filter_map(span).collect(),
                gaps: row.gaps.iter().filter_map(span).collect(),
            })
        })
        .collect()
}

/// An open run whose range meets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    pub run: Uuid,
    pub range: Span,
    pub state: JobState,
}

/// The open run of the dealer and feed whose range meets this one.
///
/// # Errors
/// When the statement fails.
pub async fn meeting(
    connection: &mut PgConnection,
    dealer_id: &str,
    feed: Feed,
    range: Span,
) -> Result<Option<Meeting>> {
    let found = sqlx::query!(
        "select p.run_id, p.from_at, p.to_at, r.state
         from dealer.fetch_params p join ops.job_runs r on r.id = p.run_id
         where p.dealer_id = $1 and p.feed = $2 and p.from_at <= $4 and p.to_at >= $3 and r.state in ('queued', 'running')
         order by r.created_at limit 1",
        dealer_id,
        feed.as_str(),
        range.0,
        range.1
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let state = read("state", &row.state, JobState::parse)?;
    Ok(Some(Meeting { run: row.run_id, range: (row.from_at, row.to_at), state }))
}

/// The dealer's fetches that wait or are at work.
///
/// # Errors
/// When the statement fails.
pub async fn open(connection: &mut PgConnection, dealer_id: &str) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select p.run_id from dealer.fetch_params p join ops.job_runs r on r.id = p.run_id
         where p.dealer_id = $1 and r.state in ('queued', 'running')",
        dealer_id
    )
    .fetch_all(connection)
    .await?)
}

/// How many runs of the dealer are open in a queue.
///
/// # Errors
/// When the statement fails.
pub async fn standing(connection: &mut PgConnection, dealer_id: &str, queue: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "runs!" from ops.job_runs
         where dealer_id = $1 and queue = $2 and state in ('queued', 'running')"#,
        dealer_id,
        queue
    )
    .fetch_one(connection)
    .await?)
}

/// A fetch in the list of a dealer's.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchRecord {
    pub run: Uuid,
    pub feed: String,
    pub from_at: DateTime<Utc>,
    pub to_at: DateTime<Utc>,
    pub state: String,
    pub counters: serde_json::Value,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub requested_label: String,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// The newest fetches of a dealer.
///
/// # Errors
/// When the statement fails.
pub async fn recent(connection: &mut PgConnection, dealer_id: &str, most: i64) -> Result<Vec<FetchRecord>> {
    Ok(sqlx::query_as!(
        FetchRecord,
        "select p.run_id as run, p.feed, p.from_at, p.to_at, r.state, r.counters, r.error_code, r.error_message,
                r.requested_label, r.created_at, r.finished_at
         from dealer.fetch_params p join ops.job_runs r on r.id = p.run_id
         where p.dealer_id = $1 order by p.run_id desc limit $2",
        dealer_id,
        most
    )
    .fetch_all(connection)
    .await?)
}
