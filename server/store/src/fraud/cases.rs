//! Cases: what waits for a reviewer, who works on it, and how it ended.

use crate::Result;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A case to be opened.
#[derive(Debug)]
pub struct NewCase<'a> {
    pub id: Uuid,
    pub transaction_id: Uuid,
    /// `review`, `hold`, `flagged` or `screening_unavailable`.
    pub reason: &'a str,
    pub expected_loss: Decimal,
    pub due_at: DateTime<Utc>,
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub data: &'a serde_json::Value,
}

/// Opens a case and tells of it at commit; `false`: the sale has an open one.
///
/// # Errors
/// When the statement fails.
pub async fn open(connection: &mut PgConnection, new: &NewCase<'_>) -> Result<bool> {
    let opened = sqlx::query_scalar!(
        "with opened as (
             insert into sales.fraud_cases (id, transaction_id, reason, expected_loss, due_at, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing
             returning id
         ), event as (
             insert into sales.fraud_case_events (case_id, seq, at, actor, kind, data)
             select id, 1, $6, $7, 'opened', $8 from opened
         )
         select ops.emit('fraud', id::text)::text as told from opened",
        new.id,
        new.transaction_id,
        new.reason,
        new.expected_loss,
        new.due_at,
        new.at,
        new.actor,
        new.data
    )
    .fetch_optional(connection)
    .await?;
    Ok(opened.is_some())
}

/// A case with the sale it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    pub id: Uuid,
    pub transaction_id: Uuid,
    pub number: i64,
    pub reason: String,
    pub state: String,
    pub expected_loss: Decimal,
    pub points: Option<Decimal>,
    pub total: Decimal,
    pub currency: String,
    pub status: String,
    pub customer_id: Option<Uuid>,
    pub customer: String,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub hold_expires_at: Option<DateTime<Utc>>,
    pub claimed_by: Option<Uuid>,
    pub claimed_name: Option<String>,
    pub claim_expires_at: Option<DateTime<Utc>>,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub verdict: Option<String>,
    pub verdict_reason: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
    pub hits: Option<serde_json::Value>,
}

/// Which cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    /// Only that one, whatever its state.
    pub id: Option<Uuid>,
    pub closed: bool,
    /// Claimed by this user.
    pub mine: Option<Uuid>,
    /// Due before.
    pub due_before: Option<DateTime<Utc>>,
}

/// Cases in the order of the queue: held sales first, then by expected loss, then by age.
///
/// # Errors
/// When the statement fails.
pub async fn list(connection: &mut PgConnection, which: Which, now: DateTime<Utc>, limit: i64) -> Result<Vec<CaseRow>> {
    Ok(sqlx::query_as!(
        CaseRow,
        r#"select c.id, c.transaction_id, t.number, c.reason, c.state, c.expected_loss, d.points as "points?", t.total,
                  t.currency::text as "currency!", t.status, t.customer_id, coalesce(u.external_ref, u.number::text, '') as "customer!",
                  t.occurred_at, c.created_at, c.due_at, t.hold_expires_at, c.claimed_by, c.claimed_name, c.claim_expires_at,
                  c.snoozed_until, c.verdict, c.verdict_reason, c.closed_at, d.hits as "hits?"
           from sales.fraud_cases c
           join sales.transactions t on t.id = c.transaction_id
           left join sales.customers u on u.id = t.customer_id
           left join sales.fraud_decisions d on d.id = t.decision_id
           where case when $1::uuid is not null then c.id = $1
                      else (c.state = 'closed') = $2
                           and ($3::uuid is null or (c.claimed_by = $3 and c.claim_expires_at > $5))
                           and ($4::timestamptz is null or c.due_at < $4)
                           and ($2 or c.snoozed_until is null or c.snoozed_until <= $5) end
           order by (t.status = 'held') desc, c.expected_loss desc, c.created_at, c.id
           limit $6"#,
        which.id,
        which.closed,
        which.mine,
        which.due_before,
        now,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// The sale a case is about.
///
/// # Errors
/// When the statement fails.
pub async fn sale_of(connection: &mut PgConnection, case: Uuid) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!("select transaction_id from sales.fraud_cases where id = $1", case)
        .fetch_optional(connection)
        .await?)
}

/// How many wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub held: i64,
    pub review: i64,
    pub overdue: i64,
    pub mine: i64,
}

/// # Errors
/// When the statement fails.
pub async fn counts(connection: &mut PgConnection, user: Option<Uuid>, now: DateTime<Utc>) -> Result<Counts> {
    Ok(sqlx::query_as!(
        Counts,
        r#"select count(*) filter (where t.status = 'held') as "held!", count(*) filter (where t.status <> 'held') as "review!",
                  count(*) filter (where c.due_at < $2) as "overdue!",
                  count(*) filter (where c.claimed_by = $1 and c.claim_expires_at > $2) as "mine!"
           from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
           where c.state <> 'closed'"#,
        user,
        now
    )
    .fetch_one(connection)
    .await?)
}

/// Claims the first case of the queue that nobody works on; `None`: there is none.
///
/// # Errors
/// When the statement fails.
pub async fn claim_next(
    connection: &mut PgConnection,
    user: Uuid,
    name: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "update sales.fraud_cases
         set state = 'claimed', claimed_by = $1, claimed_name = $2, claim_expires_at = $4, snoozed_until = null, version = version + 1
         where id = (
             select c.id from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
             where c.state <> 'closed' and (c.claim_expires_at is null or c.claim_expires_at <= $3)
               and (c.snoozed_until is null or c.snoozed_until <= $3)
             order by (t.status = 'held') desc, c.expected_loss desc, c.created_at, c.id
             limit 1 for update of c skip locked)
         returning id",
        user,
        name,
        now,
        until
    )
    .fetch_optional(connection)
    .await?)
}

/// A case locked by the caller's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedCase {
    pub transaction_id: Uuid,
    pub state: String,
    pub claimed_by: Option<Uuid>,
    pub claimed_name: Option<String>,
    pub claim_expires_at: Option<DateTime<Utc>>,
    /// The sale is held until then.
    pub hold_expires_at: Option<DateTime<Utc>>,
}

/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<LockedCase>> {
    Ok(sqlx::query_as!(
        LockedCase,
        r#"select c.transaction_id, c.state, c.claimed_by, c.claimed_name, c.claim_expires_at,
                  case when t.status = 'held' then t.hold_expires_at end as hold_expires_at
           from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id where c.id = $1 for update of c"#,
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// What becomes of a case that is not closed.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// `open`, `claimed`, `escalated` or `snoozed`.
    pub state: &'a str,
    pub claim: Option<(Uuid, &'a str, DateTime<Utc>)>,
    pub snoozed_until: Option<DateTime<Utc>>,
}

/// # Errors
/// When the statement fails.
pub async fn set(connection: &mut PgConnection, id: Uuid, standing: Standing<'_>) -> Result<()> {
    sqlx::query!(
        "update sales.fraud_cases set state = $2, claimed_by = $3, claimed_name = $4, claim_expires_at = $5, snoozed_until = $6,
                version = version + 1
         where id = $1",
        id,
        standing.state,
        standing.claim.map(|(user, _, _)| user),
        standing.claim.map(|(_, name, _)| name),
        standing.claim.map(|(_, _, until)| until),
        standing.snoozed_until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes a case with a verdict and, where the verdict is one, a label.
///
/// # Errors
/// When the statement fails.
pub async fn close(
    connection: &mut PgConnection,
    id: Uuid,
    verdict: &str,
    reason: &str,
    label: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with closed as (
             update sales.fraud_cases
             set state = 'closed', verdict = $2, verdict_reason = $3, closed_at = $5, claim_expires_at = null, snoozed_until = null,
                 version = version + 1
             where id = $1 returning transaction_id
         )
         insert into sales.fraud_labels (transaction_id, known_at, label, source)
         select transaction_id, $5, $4::text, 'case' from closed where $4 is not null
         on conflict (transaction_id, known_at) do update set label = excluded.label",
        id,
        verdict,
        reason,
        label,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what happened to a case, and tells of it at commit.
///
/// # Errors
/// When the statement fails.
pub async fn happened(
    connection: &mut PgConnection,
    id: Uuid,
    kind: &str,
    actor: &str,
    data: &serde_json::Value,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with event as (
             insert into sales.fraud_case_events (case_id, seq, at, actor, kind, data)
             select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5 from sales.fraud_case_events where case_id = $1
         )
         select ops.emit('fraud', $1::uuid::text)::text as told",
        id,
        at,
        actor,
        kind,
        data
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// One thing that happened to a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseEvent {
    pub at: DateTime<Utc>,
    pub actor: String,
    pub kind: String,
    pub data: serde_json::Value,
}

/// Oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn events(connection: &mut PgConnection, id: Uuid) -> Result<Vec<CaseEvent>> {
    Ok(sqlx::query_as!(
        CaseEvent,
        "select at, actor, kind, data from sales.fraud_case_events where case_id = $1 order by seq",
        id
    )
    .fetch_all(connection)
    .await?)
}

/// Held sales whose time is up, the oldest first, locked; what somebody else is ending is left out.
///
/// # Errors
/// When the statement fails.
pub async fn holds_expired(connection: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select id from sales.transactions where status = 'held' and hold_expires_at <= $1
         order by hold_expires_at limit $2 for update skip locked",
        now,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// By what a suspicious sale is told apart from others: its customer, else its means of payment, else its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    pub customer_id: Option<Uuid>,
    pub payment_fingerprint: Option<Vec<u8>>,
    pub terminal_id: Option<String>,
}

/// # Errors
/// When the statement fails.
pub async fn suspect(connection: &mut PgConnection, transaction: Uuid) -> Result<Suspect> {
    Ok(sqlx::query_as!(
        Suspect,
        "select customer_id, payment_fingerprint, terminal_id from sales.transactions where id = $1",
        transaction
    )
    .fetch_one(connection)
    .await?)
}

/// How many sales of the suspect were held or declined since, and how many of their cases are not closed.
///
/// # Errors
/// When the statement fails.
pub async fn stopped(connection: &mut PgConnection, of: &Suspect, since: DateTime<Utc>) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"with recent as (
               select decision_id from sales.transactions where customer_id = $1 and occurred_at > $4
               union all
               select decision_id from sales.transactions
               where $1::uuid is null and customer_id is null and payment_fingerprint = $2 and occurred_at > $4
               union all
               select decision_id from sales.transactions
               where $1::uuid is null and $2::bytea is null and customer_id is null and payment_fingerprint is null
                 and terminal_id = $3 and occurred_at > $4
           )
           select (select count(*) from recent r join sales.fraud_decisions d on d.id = r.decision_id
                   where d.outcome in ('hold', 'decline')) as "stopped!",
                  (select count(*) from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
                   where c.state <> 'closed' and t.customer_id is not distinct from $1
                     and ($1::uuid is not null or t.payment_fingerprint is not distinct from $2)
                     and ($1::uuid is not null or $2::bytea is not null or t.terminal_id is not distinct from $3)) as "open!""#,
        of.customer_id,
        of.payment_fingerprint.as_deref(),
        of.terminal_id.as_deref(),
        since
    )
    .fetch_one(connection)
    .await?;
    Ok((row.stopped, row.open))
}

/// A sale that may be flagged: what it is worth in base currency, and whether it went through. `None`: there is none.
///
/// # Errors
/// When the statement fails.
pub async fn flaggable(
    connection: &mut PgConnection,
    transaction: Uuid,
    base: &str,
    zone: &str,
) -> Result<Option<(Decimal, bool)>> {
    let row = sqlx::query!(
        r#"select coalesce(t.total * r.rate, t.total) as "worth!", t.recognised_at is not null as "sold!"
           from sales.transactions t
           left join lateral ops.fx_rate_on(t.currency, $2::char(3), (t.occurred_at at time zone $3::text)::date) r on true
           where t.id = $1 for update of t"#,
        transaction,
        base,
        zone
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.worth, row.sold)))
}
