//! Where plans stand, and what people did with them.

use crate::Result;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The head of a plan as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanHead {
    pub id: Uuid,
    pub run_id: Uuid,
    pub run_no: i64,
    pub name: String,
    pub network: String,
    pub scenario: String,
    pub state: String,
    pub is_relaxed: bool,
    pub starts_on: Option<NaiveDate>,
    pub ends_before: Option<NaiveDate>,
    pub currency: String,
    pub objective: f64,
    pub operating_cost: f64,
    /// A percentage.
    pub service_level: Option<f64>,
    pub shortage_tonnes: f64,
    pub checker_passed: Option<bool>,
    pub checker_sha256: Option<Vec<u8>>,
    pub input_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub proposed_by: Option<String>,
    pub proposed_by_id: Option<Uuid>,
    pub proposed_at: Option<DateTime<Utc>>,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub single_person: bool,
    pub rows_removed_at: Option<DateTime<Utc>>,
}

macro_rules! heads {
    ($rest:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            PlanHead,
            r#"select p.id, p.run_id, r.run_no, p.name, p.network as "network!", r.scenario, p.state, p.is_relaxed,
                      lower(p.horizon) as starts_on, upper(p.horizon) as ends_before, r.currency::text as "currency!",
                      p.objective::float8 as "objective!", p.operating_cost::float8 as "operating_cost!",
                      k.value as "service_level?", coalesce(p.shortage_tonnes, s.tonnes, 0)::float8 as "shortage_tonnes!", r.checker_passed,
                      r.checker_sha256, i.created_at as input_at, p.created_at, p.proposed_by, p.proposed_by_id,
                      p.proposed_at, p.decided_by, p.decided_at, p.reason, p.single_person,
                      p.rows_removed_at
               from plan.plans p join plan.runs r on r.id = p.run_id join plan.inputs i on i.id = r.input_id
               left join plan.plan_kpis k on k.plan_id = p.id and k.kpi = 'service_level' and k.scope is null
               left join lateral (select sum(tonnes) as tonnes from plan.plan_shortages where plan_id = p.id) s on true "# + $rest,
            $($argument),+
        )
    };
}

/// One whose run was not deleted.
///
/// # Errors
/// When the statement fails.
pub async fn one(connection: &mut PgConnection, id: Uuid) -> Result<Option<PlanHead>> {
    Ok(heads!("where p.id = $1 and r.deleted_at is null", id).fetch_optional(connection).await?)
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub state: Option<String>,
    pub network: Option<String>,
}

/// The newest first, after a place.
///
/// # Errors
/// When the statement fails.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<PlanHead>> {
    let (at, id) = after.unzip();
    Ok(heads!(
        "where r.deleted_at is null and ($1::text is null or p.state = $1) and ($2::text is null or p.network = $2)
               and ($3::timestamptz is null or (p.created_at, p.id) < ($3, $4::uuid))
         order by p.created_at desc, p.id desc limit $5",
        filter.state.as_deref(),
        filter.network.as_deref(),
        at,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// The promoted plan of the same network over the same days.
///
/// # Errors
/// When the statement fails.
pub async fn promoted_beside(connection: &mut PgConnection, plan: Uuid) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select p.id from plan.plans p join plan.plans of on of.id = $1
         where p.state = 'promoted' and p.network = of.network and p.horizon && of.horizon and p.id <> of.id
         order by p.decided_at desc limit 1",
        plan
    )
    .fetch_optional(connection)
    .await?)
}

/// Keeps others from deciding on plans of the same network until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn hold(connection: &mut PgConnection, plan: Uuid) -> Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('plan.network/' || network, 0)) from plan.plans where id = $1",
        plan
    )
    .fetch_optional(connection)
    .await?;
    Ok(())
}

/// Who does it, when, and why.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub person: &'a str,
    pub person_id: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub reason: Option<&'a str>,
    /// Nobody else could have decided.
    pub single_person: bool,
}

/// # Errors
/// When the statement fails.
pub async fn propose(connection: &mut PgConnection, plan: Uuid, by: By<'_>) -> Result<()> {
    sqlx::query!(
        "update plan.plans set state = 'proposed', proposed_by = $2, proposed_by_id = $3, proposed_at = $4, reason = $5,
                version = version + 1
         where id = $1",
        plan,
        by.person,
        by.person_id,
        by.at,
        by.reason
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn withdraw(connection: &mut PgConnection, plan: Uuid) -> Result<()> {
    sqlx::query!("update plan.plans set state = 'withdrawn', version = version + 1 where id = $1", plan)
        .execute(connection)
        .await?;
    Ok(())
}

/// Promoted or rejected.
///
/// # Errors
/// When the statement fails.
pub async fn decide(connection: &mut PgConnection, plan: Uuid, state: &str, by: By<'_>) -> Result<()> {
    sqlx::query!(
        "update plan.plans set state = $2, decided_by = $3, decided_at = $4, reason = coalesce($5, reason),
                single_person = $6, version = version + 1
         where id = $1",
        plan,
        state,
        by.person,
        by.at,
        by.reason,
        by.single_person
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the place of promoted plans of the same network whose days overlap; their ids.
///
/// # Errors
/// When the statement fails.
pub async fn supersede(connection: &mut PgConnection, plan: Uuid) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "update plan.plans p set state = 'superseded', version = p.version + 1 from plan.plans by
         where by.id = $1 and p.id <> by.id and p.state = 'promoted' and p.network = by.network and p.horizon && by.horizon
         returning p.id",
        plan
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn record(connection: &mut PgConnection, id: Uuid, plan: Uuid, decision: &str, by: By<'_>) -> Result<()> {
    sqlx::query!(
        "insert into plan.plan_reviews (id, plan_id, person, person_id, decision, reason, single_person, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        plan,
        by.person,
        by.person_id,
        decision,
        by.reason,
        by.single_person,
        by.at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub person: String,
    pub decision: String,
    pub reason: Option<String>,
    pub single_person: bool,
    pub at: DateTime<Utc>,
}

/// The oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn reviews(connection: &mut PgConnection, plan: Uuid) -> Result<Vec<Review>> {
    Ok(sqlx::query_as!(
        Review,
        "select person, decision, reason, single_person, at from plan.plan_reviews where plan_id = $1 order by n",
        plan
    )
    .fetch_all(connection)
    .await?)
}
