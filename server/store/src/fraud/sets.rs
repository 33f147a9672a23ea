//! Rule sets.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::fraud::{Rule, RuleSet, Thresholds};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// A set as it is stored, with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SetRow {
    pub id: Uuid,
    pub set: RuleSet,
    /// Intercept, coefficients, means and scales of the learned score it uses.
    pub model: Option<serde_json::Value>,
    pub state: String,
    pub content_hash: String,
    pub version: i32,
    pub edited_by: Option<String>,
    pub edited_by_id: Option<Uuid>,
    pub edited_at: DateTime<Utc>,
    pub published_by: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
}

struct Stored {
    id: Uuid,
    number: i32,
    name: String,
    state: String,
    review_at: Option<Decimal>,
    hold_at: Option<Decimal>,
    decline_at: Option<Decimal>,
    learned_model: Option<i32>,
    model: Option<serde_json::Value>,
    content_hash: String,
    version: i32,
    edited_by: Option<String>,
    edited_by_id: Option<Uuid>,
    edited_at: DateTime<Utc>,
    published_by: Option<String>,
    published_at: Option<DateTime<Utc>>,
    note: Option<String>,
    rules: serde_json::Value,
}

impl Stored {
    fn read(self) -> Result<SetRow> {
        let rules: Vec<Rule> =
            serde_json::from_value(self.rules).map_err(|fault| sqlx::Error::Decode(Box::new(fault)))?;
        let thresholds = Thresholds { review_at: self.review_at, hold_at: self.hold_at, decline_at: self.decline_at };
        let learned_model = self.learned_model;
        Ok(SetRow {
            id: self.id,
            set: RuleSet { number: self.number, name: self.name, thresholds, rules, learned_model },
            model: self.model,
            state: self.state,
            content_hash: self.content_hash,
            version: self.version,
            edited_by: self.edited_by,
            edited_by_id: self.edited_by_id,
            edited_at: self.edited_at,
            published_by: self.published_by,
            published_at: self.published_at,
            note: self.note,
        })
    }
}

/// Which sets; nothing given: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    pub number: Option<i32>,
    pub id: Option<Uuid>,
    /// The live one and the one in shadow.
    pub judging: bool,
}

async fn fetch(connection: &mut PgConnection, which: Which) -> Result<Vec<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        r#"select s.id, s.number, s.name, s.state, s.review_at, s.hold_at, s.decline_at, m.number as "learned_model?",
                  case when m.id is not null
                       then jsonb_build_object('intercept', m.intercept, 'coefficients', m.coefficients, 'means', m.means,
                                               'scales', m.scales) end as model,
                  s.content_hash, s.version, s.edited_by, s.edited_by_id, s.edited_at, s.published_by, s.published_at, s.note,
                  coalesce((select jsonb_agg(jsonb_build_object('code', r.code, 'name', r.name, 'text', r.text,
                                                                'expression', r.expression, 'points', r.points::text,
                                                                'times', r.times, 'enabled', r.enabled) order by r.position)
                            from sales.fraud_rules r where r.rule_set_id = s.id), '[]') as "rules!"
           from sales.fraud_rule_sets s
           left join sales.fraud_models m on m.id = s.learned_model_id
           where ($1::int is null or s.number = $1) and ($2::uuid is null or s.id = $2)
             and (not $3 or s.state in ('live', 'shadow'))
           order by array_position(array['live', 'shadow', 'draft', 'retired'], s.state), s.number desc"#,
        which.number,
        which.id,
        which.judging
    )
    .fetch_all(connection)
    .await?)
}

/// Live, shadow, drafts, then the retired; each the newest first.
///
/// # Errors
/// When the statement fails, or what is stored is no rule set.
pub async fn list(connection: &mut PgConnection, which: Which) -> Result<Vec<SetRow>> {
    fetch(connection, which).await?.into_iter().map(Stored::read).collect()
}

/// The sets that judge now.
#[derive(Debug, Clone, Default)]
pub struct Judging {
    /// `None`: there is none yet.
    pub live: Option<SetRow>,
    /// The one in shadow; what is wrong with it is told, and no reason for anything else to fail.
    pub shadow: Option<std::result::Result<SetRow, String>>,
}

/// The set that is live, and the one in shadow.
///
/// # Errors
/// When the statement fails, or what is stored as live is no rule set.
pub async fn judging(connection: &mut PgConnection) -> Result<Judging> {
    let mut judging = Judging::default();
    for stored in fetch(connection, Which { judging: true, ..Which::default() }).await? {
        if stored.state == "live" {
            judging.live = Some(stored.read()?);
        } else {
            judging.shadow = Some(stored.read().map_err(|error| error.to_string()));
        }
    }
    Ok(judging)
}

/// A set to be written.
#[derive(Debug)]
pub struct NewSet<'a> {
    pub id: Uuid,
    pub set: &'a RuleSet,
    /// `draft`, `live`, `shadow` or `retired`.
    pub state: &'a str,
    pub content_hash: &'a str,
    pub note: Option<&'a str>,
    pub by: &'a str,
    /// `None`: no person.
    pub by_id: Option<Uuid>,
    pub at: DateTime<Utc>,
}

/// Writes a set; `false`: its number is taken, or another one is live, and nothing is written.
///
/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewSet<'_>) -> Result<bool> {
    let Thresholds { review_at, hold_at, decline_at } = new.set.thresholds;
    let written = sqlx::query!(
        "insert into sales.fraud_rule_sets (id, number, name, state, review_at, hold_at, decline_at, content_hash, edited_by, edited_by_id,
                                            published_by, published_at, note, created_at, edited_at, learned_model_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $4 = 'live' then $9 end,
                 case when $4 = 'live' then $12::timestamptz end, $11, $12, $12,
                 (select id from sales.fraud_models where number = $13::int))
         on conflict do nothing",
        new.id,
        new.set.number,
        new.set.name,
        new.state,
        review_at,
        hold_at,
        decline_at,
        new.content_hash,
        new.by,
        new.by_id,
        new.note,
        new.at,
        new.set.learned_model
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if written == 0 {
        return Ok(false);
    }
    insert_rules(connection, new.id, &new.set.rules).await?;
    Ok(true)
}

async fn insert_rules(connection: &mut PgConnection, id: Uuid, rules: &[Rule]) -> Result<()> {
    let rules = serde_json::to_value(rules).map_err(|fault| sqlx::Error::Encode(Box::new(fault)))?;
    sqlx::query!(
        "insert into sales.fraud_rules (rule_set_id, code, name, text, expression, points, times, enabled, position)
         select $1, r.value->>'code', r.value->>'name', r.value->>'text', r.value->'expression',
                (r.value->>'points')::numeric, r.value->>'times', (r.value->>'enabled')::boolean, r.ordinality
         from jsonb_array_elements($2::jsonb) with ordinality as r",
        id,
        rules
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The next free number; nobody else gets one until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn next_number(connection: &mut PgConnection) -> Result<i32> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('fraud_rule_sets', 12))")
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_scalar!(r#"select coalesce(max(number), 1) + 1 as "next!" from sales.fraud_rule_sets"#)
        .fetch_one(connection)
        .await?)
}

/// Writes a draft anew; `false`: it is none any more.
///
/// # Errors
/// When a statement fails.
pub async fn rewrite(connection: &mut PgConnection, new: &NewSet<'_>) -> Result<bool> {
    let Thresholds { review_at, hold_at, decline_at } = new.set.thresholds;
    let written = sqlx::query!(
        "update sales.fraud_rule_sets
         set name = $2, review_at = $3, hold_at = $4, decline_at = $5, content_hash = $6, edited_by = $7, edited_by_id = $8, note = $9,
             edited_at = $10, version = version + 1, learned_model_id = (select id from sales.fraud_models where number = $11::int)
         where id = $1 and state = 'draft'",
        new.id,
        new.set.name,
        review_at,
        hold_at,
        decline_at,
        new.content_hash,
        new.by,
        new.by_id,
        new.note,
        new.at,
        new.set.learned_model
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if written == 0 {
        return Ok(false);
    }
    sqlx::query!("delete from sales.fraud_rules where rule_set_id = $1", new.id).execute(&mut *connection).await?;
    insert_rules(connection, new.id, &new.set.rules).await?;
    Ok(true)
}

/// Number of the set in each place that only one can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    pub live: Option<i32>,
    pub shadow: Option<i32>,
}

/// Who is where; with `lock` nobody moves until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn places(connection: &mut PgConnection, lock: bool) -> Result<Places> {
    if lock {
        sqlx::query!("select pg_advisory_xact_lock(hashtextextended('fraud_rule_sets', 11))")
            .execute(&mut *connection)
            .await?;
    }
    let rows = sqlx::query!("select number, state from sales.fraud_rule_sets where state in ('live', 'shadow')")
        .fetch_all(connection)
        .await?;
    let of = |state: &str| rows.iter().find(|row| row.state == state).map(|row| row.number);
    Ok(Places { live: of("live"), shadow: of("shadow") })
}

/// Locks a set against edits until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn hold(connection: &mut PgConnection, number: i32) -> Result<()> {
    sqlx::query!("select id from sales.fraud_rule_sets where number = $1 for update", number)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// Gives a set another state; who is to be live has a publisher.
///
/// # Errors
/// When the statement fails, or the place is taken.
pub async fn put(connection: &mut PgConnection, number: i32, state: &str, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update sales.fraud_rule_sets
         set state = $2, version = version + 1, published_by = case when $2 = 'live' then $3 else published_by end,
             published_at = case when $2 = 'live' then $4 else published_at end
         where number = $1",
        number,
        state,
        by,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When the latest backtest of this content ended, if it ended after `since`.
///
/// # Errors
/// When the statement fails.
pub async fn backtested(
    connection: &mut PgConnection,
    hash: &str,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select max(finished_at) from sales.fraud_backtests where content_hash = $1 and state = 'finished' and finished_at >= $2",
        hash,
        since
    )
    .fetch_one(connection)
    .await?)
}
