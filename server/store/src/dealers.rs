//! Schema `dealer`: dealers, their main dealers and their keys. A transaction sees the dealers of its scope alone.

pub mod calls;
pub mod fetches;
pub mod prospects;
pub mod records;

use crate::{Result, transactions::read};
use chrono::{DateTime, Utc};
use domain::dealers::{DealerItem, DealerQuery, DealerSource, Environment, KeyField, KeysState, TokenMode, is_code};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Whose rows a transaction may see and write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    /// These; none: nothing.
    Dealers(Vec<String>),
}

impl Scope {
    /// For `dealer_id = any($n)`, which the indexes serve; `None`: all.
    #[must_use]
    pub fn codes(&self) -> Option<&[String]> {
        match self {
            Self::All => None,
            Self::Dealers(codes) => Some(codes),
        }
    }
}

/// Names the dealers of the transaction until its end. What is no code is not named: `*` would name all.
///
/// # Errors
/// When the statement fails.
pub async fn enter(connection: &mut PgConnection, scope: &Scope) -> Result<()> {
    match scope {
        Scope::All => {
            let sql = "select set_config('millrace.dealer_scope', '*', true), set_config('role', 'millrace_all', true)";
            sqlx::query(sql).execute(connection).await?;
        }
        Scope::Dealers(codes) => {
            let named: Vec<&str> = codes.iter().map(String::as_str).filter(|code| is_code(code)).collect();
            let sql = "select set_config('millrace.dealer_scope', $1, true)";
            sqlx::query(sql).bind(named.join(",")).execute(connection).await?;
        }
    }
    Ok(())
}

/// Names all dealers and stays the role it is: for what counts or clears the tables of every feature.
///
/// # Errors
/// When the statement fails.
pub async fn enter_all(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("select set_config('millrace.dealer_scope', '*', true)").execute(connection).await?;
    Ok(())
}

/// A grant that holds now: set, kind of scope, ids.
pub type Granted = (String, String, Vec<String>);

/// Base role and grants of an active user; `None`: there is none.
///
/// # Errors
/// When a statement fails.
pub async fn grants(
    connection: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<(Option<String>, Vec<Granted>)>> {
    let role = sqlx::query_scalar!("select role from access.users where id = $1 and is_active", user)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(role) = role else { return Ok(None) };
    let rows = sqlx::query!(
        "select permission_set, scope_kind, scope_ids from access.grants
         where user_id = $1 and (expires_at is null or expires_at > $2)",
        user,
        now
    )
    .fetch_all(connection)
    .await?;
    Ok(Some((role, rows.into_iter().map(|row| (row.permission_set, row.scope_kind, row.scope_ids)).collect())))
}

/// One dealer with its main dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealer {
    pub id: Uuid,
    pub dealer_id: String,
    pub dealer_name: String,
    pub main_dealer_code: String,
    pub main_dealer_name: String,
    pub source: DealerSource,
    pub timezone: String,
    pub is_active: bool,
    pub token_mode: TokenMode,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub version: i32,
    pub live_base_url: Option<String>,
    pub sandbox_base_url: Option<String>,
    /// Of the main dealer.
    pub zone: String,
    pub token_separator: String,
    pub clock_tolerance_seconds: i32,
    pub max_range_days: i32,
    pub lookback_days: i32,
    /// Calls of a day at most.
    pub daily_limit: Option<i32>,
    /// Of one attempt.
    pub timeout_seconds: i32,
    pub origin: String,
}

/// # Errors
/// When the statement fails.
pub async fn get(connection: &mut PgConnection, dealer_id: &str) -> Result<Option<Dealer>> {
    let row = sqlx::query!(
        "select d.id, d.dealer_id, d.dealer_name, m.code, m.name, d.source, d.timezone, d.is_active, d.token_mode,
                d.created_at, d.updated_at, d.updated_by, d.version, m.live_base_url, m.sandbox_base_url, m.timezone as zone,
                m.token_separator, m.clock_tolerance_seconds, m.max_range_days, m.lookback_days, m.daily_limit,
                m.timeout_seconds, d.origin
         from dealer.dealers d join dealer.main_dealers m on m.id = d.main_dealer_id
         where d.dealer_id = $1",
        dealer_id
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Dealer {
        id: row.id,
        dealer_id: row.dealer_id,
        dealer_name: row.dealer_name,
        main_dealer_code: row.code,
        main_dealer_name: row.name,
        source: read("source", &row.source, DealerSource::parse)?,
        timezone: row.timezone,
        is_active: row.is_active,
        token_mode: read("token_mode", &row.token_mode, TokenMode::parse)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        version: row.version,
        live_base_url: row.live_base_url,
        sandbox_base_url: row.sandbox_base_url,
        zone: row.zone,
        token_separator: row.token_separator,
        clock_tolerance_seconds: row.clock_tolerance_seconds,
        max_range_days: row.max_range_days,
        lookback_days: row.lookback_days,
        daily_limit: row.daily_limit,
        timeout_seconds: row.timeout_seconds,
        origin: row.origin,
    }))
}

/// Holds the dealer until the end of the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, dealer_id: &str) -> Result<bool> {
    let found = sqlx::query_scalar!("select id from dealer.dealers where dealer_id = $1 for update", dealer_id)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// What may change of a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub timezone: String,
    pub is_active: bool,
    pub token_mode: TokenMode,
}

/// Writes what may change of a dealer that the caller has locked.
///
/// # Errors
/// When the statement fails.
pub async fn update(
    connection: &mut PgConnection,
    dealer_id: &str,
    kept: &Kept,
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    sqlx::query!(
        "update dealer.dealers
         set dealer_name = $2, timezone = $3, is_active = $4, token_mode = $5, updated_by = $6, updated_at = $7,
             version = version + 1
         where dealer_id = $1",
        dealer_id,
        kept.name,
        kept.timezone,
        kept.is_active,
        kept.token_mode.as_str(),
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn filter(sql: &mut sqlx::QueryBuilder<sqlx::Postgres>, scope: &Scope, query: &DealerQuery) {
    sql.push(" where true");
    if let Some(codes) = scope.codes() {
        sql.push(" and d.dealer_id = any(").push_bind(codes.to_vec()).push(")");
    }
    if let Some(active) = query.is_active {
        sql.push(" and d.is_active = ").push_bind(active);
    }
    if let Some(text) = &query.search {
        let part = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        sql.push(" and (d.dealer_id ilike ").push_bind(part.clone());
        sql.push(" or d.dealer_name ilike ").push_bind(part).push(")");
    }
}

/// How many dealers of the scope the filter finds.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, scope: &Scope, query: &DealerQuery) -> Result<i64> {
    let mut sql = sqlx::QueryBuilder::new("select count(*) from dealer.dealers d");
    filter(&mut sql, scope, query);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// Dealers by code, those after `after`; whether there are more.
///
/// # Errors
/// When the statement fails.
pub async fn page(
    connection: &mut PgConnection,
    scope: &Scope,
    query: &DealerQuery,
    after: Option<&str>,
) -> Result<(Vec<DealerItem>, bool)> {
    let mut sql = sqlx::QueryBuilder::new(
        "select d.dealer_id, d.dealer_name, m.code, d.source, d.is_active, k.keys, k.result
         from dealer.dealers d join dealer.main_dealers m on m.id = d.main_dealer_id
         left join lateral (
             select count(*) as keys, max(c.last_test_result) as result from dealer.credentials c
             where c.dealer_id = d.dealer_id
               and c.environment = case d.source when 'live' then 'live' else 'sandbox' end) k on true",
    );
    filter(&mut sql, scope, query);
    if let Some(after) = after {
        sql.push(" and d.dealer_id > ").push_bind(after.to_owned());
    }
    sql.push(" order by d.dealer_id limit ").push_bind(i64::from(query.limit) + 1);
    let mut rows = sql.build().fetch_all(connection).await?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let item = |row: sqlx::postgres::PgRow| {
        let keys: i64 = row.try_get("keys")?;
        let result: Option<String> = row.try_get("result")?;
        Ok(DealerItem {
            dealer_id: row.try_get("dealer_id")?,
            dealer_name: row.try_get("dealer_name")?,
            main_dealer: row.try_get("code")?,
            source: read("source", row.try_get("source")?, DealerSource::parse)?,
            is_active: row.try_get("is_active")?,
            credentials: match result.as_deref() {
                _ if keys == 0 => KeysState::Missing,
                None => KeysState::Untested,
                Some("ok") => KeysState::Passed,
                Some(_) => KeysState::Failed,
            },
        })
    };
    Ok((rows.into_iter().map(item).collect::<Result<_>>()?, more))
}

/// A sealed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    pub field: KeyField,
    pub sealed: Vec<u8>,
    pub last4: String,
    pub set_by: String,
    pub updated_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_test_at: Option<DateTime<Utc>>,
    pub last_test_result: Option<String>,
}

/// # Errors
/// When the statement fails.
pub async fn keys(connection: &mut PgConnection, dealer_id: &str, environment: Environment) -> Result<Vec<SealedKey>> {
    let rows = sqlx::query!(
        "select field, sealed, last4, set_by, updated_at, last_used_at, last_test_at, last_test_result
         from dealer.credentials where dealer_id = $1 and environment = $2 order by field",
        dealer_id,
        environment.as_str()
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SealedKey {
                field: read("field", &row.field, KeyField::parse)?,
                sealed: row.sealed,
                last4: row.last4,
                set_by: row.set_by,
                updated_at: row.updated_at,
                last_used_at: row.last_used_at,
                last_test_at: row.last_test_at,
                last_test_result: row.last_test_result,
            })
        })
        .collect()
}

/// Writes a key in the place of the one before; whether it works is not known then, of none of the dealer's.
///
/// # Errors
/// When a statement fails.
pub async fn set_key(
    connection: &mut PgConnection,
    dealer_id: &str,
    environment: Environment,
    (field, sealed, last4): (KeyField, &[u8], &str),
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    sqlx::query!(
        "insert into dealer.credentials (dealer_id, environment, field, sealed, last4, set_by, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (dealer_id, environment, field)
         do update set sealed = $4, last4 = $5, set_by = $6, updated_at = $7, last_used_at = null",
        dealer_id,
        environment.as_str(),
        field.as_str(),
        sealed,
        last4,
        by,
        at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update dealer.credentials set last_test_at = null, last_test_result = null where dealer_id = $1 and environment = $2",
        dealer_id,
        environment.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a test of a dealer's keys gave.
#[derive(Debug, Clone, Copy)]
pub struct Tested<'a> {
    /// `ok` or a class of error.
    pub result: &'a str,
    /// Whether its system was asked.
    pub called: bool,
    pub at: DateTime<Utc>,
    /// When the newest of the keys was set that were tried.
    pub newest: Option<DateTime<Utc>>,
}

/// Stamps the keys of a dealer with what a test of them gave, unless one of them is another by now.
///
/// # Errors
/// When the statement fails.
pub async fn stamp_test(
    connection: &mut PgConnection,
    dealer_id: &str,
    environment: Environment,
    tested: Tested<'_>,
) -> Result<()> {
    sqlx::query!(
        "update dealer.credentials
         set last_used_at = case when $6 then $4 else last_used_at end, last_test_at = $4, last_test_result = $3
         where dealer_id = $1 and environment = $2
           and $5 = (select max(c.updated_at) from dealer.credentials c where c.dealer_id = $1 and c.environment = $2)",
        dealer_id,
        environment.as_str(),
        tested.result,
        tested.at,
        tested.newest,
        tested.called
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A dealer of the demo world, simulated.
#[derive(Debug, Clone, Copy)]
pub struct DemoDealer<'a> {
    pub id: Uuid,
    pub dealer_id: &'a str,
    pub dealer_name: &'a str,
}

/// Writes the simulated main dealer unless it is there; its id.
///
/// # Errors
/// When a statement fails.
pub async fn demo_main_dealer(connection: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<Uuid> {
    sqlx::query!(
        "insert into dealer.main_dealers (id, code, name, created_at, updated_at, origin)
         values ($1, 'SIM', 'Simulated main dealer', $2, $2, 'demo') on conflict (code) do nothing",
        id,
        at
    )
    .execute(&mut *connection)
    .await?;
    Ok(sqlx::query_scalar!("select id from dealer.main_dealers where code = 'SIM'").fetch_one(connection).await?)
}

/// Writes a simulated dealer; `false`: there was one with this code.
///
/// # Errors
/// When the statement fails.
pub async fn demo_dealer(
    connection: &mut PgConnection,
    dealer: DemoDealer<'_>,
    main_dealer: Uuid,
    at: DateTime<Utc>,
) -> Result<bool> {
    let written = sqlx::query!(
        "insert into dealer.dealers (id, dealer_id, dealer_name, main_dealer_id, source, created_at, updated_at, origin)
         values ($1, $2, $3, $4, 'simulated', $5, $5, 'demo') on conflict (dealer_id) do nothing",
        dealer.id,
        dealer.dealer_id,
        dealer.dealer_name,
        main_dealer,
        at
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}
