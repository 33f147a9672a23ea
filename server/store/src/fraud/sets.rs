//! Rule sets.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::fraud::{Rule, RuleSet, Thresholds};
use sqlx::PgConnection;
use uuid::Uuid;

/// A set as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSet {
    pub id: Uuid,
    pub content_hash: String,
    pub set: RuleSet,
}

/// The set that judges now; `None`: there is none yet.
///
/// # Errors
/// When the statement fails, or what is stored is no rule set.
pub async fn live(connection: &mut PgConnection) -> Result<Option<StoredSet>> {
    one(connection, Some("live"), None).await
}

/// # Errors
/// As [`live`].
pub async fn by_number(connection: &mut PgConnection, number: i32) -> Result<Option<StoredSet>> {
    one(connection, None, Some(number)).await
}

async fn one(connection: &mut PgConnection, state: Option<&str>, number: Option<i32>) -> Result<Option<StoredSet>> {
    let row = sqlx::query!(
        r#"select s.id, s.number, s.name, s.content_hash, s.review_at, s.hold_at, s.decline_at,
                  coalesce((select jsonb_agg(jsonb_build_object('code', r.code, 'name', r.name, 'text', r.text,
                                                                'expression', r.expression, 'points', r.points::text,
                                                                'times', r.times, 'enabled', r.enabled) order by r.position)
                            from sales.fraud_rules r where r.rule_set_id = s.id), '[]') as "rules!"
           from sales.fraud_rule_sets s where s.state = $1 or s.number = $2"#,
        state,
        number
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let rules: Vec<Rule> =
            serde_json::from_value(row.rules).map_err(|fault| sqlx::Error::Decode(Box::new(fault)))?;
        let thresholds = Thresholds { review_at: row.review_at, hold_at: row.hold_at, decline_at: row.decline_at };
        let set = RuleSet { number: row.number, name: row.name, thresholds, rules };
        Ok(StoredSet { id: row.id, content_hash: row.content_hash, set })
    })
    .transpose()
}

/// A set to be written.
#[derive(Debug)]
pub struct NewSet<'a> {
    pub id: Uuid,
    pub set: &'a RuleSet,
    /// `draft`, `live`, `shadow` or `retired`.
    pub state: &'a str,
    pub content_hash: &'a str,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// Writes a set; where its number is taken, or another one is live, nothing is written.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewSet<'_>) -> Result<()> {
    let rules = serde_json::to_value(&new.set.rules).map_err(|fault| sqlx::Error::Encode(Box::new(fault)))?;
    let Thresholds { review_at, hold_at, decline_at } = new.set.thresholds;
    sqlx::query!(
        "with set as (
             insert into sales.fraud_rule_sets (id, number, name, state, review_at, hold_at, decline_at, content_hash, edited_by,
                                                published_by, published_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $4 = 'live' then $9 end,
                     case when $4 = 'live' then $10::timestamptz end, $10)
             on conflict do nothing
             returning id
         )
         insert into sales.fraud_rules (rule_set_id, code, name, text, expression, points, times, enabled, position)
         select set.id, r.value->>'code', r.value->>'name', r.value->>'text', r.value->'expression',
                (r.value->>'points')::numeric, r.value->>'times', (r.value->>'enabled')::boolean, r.ordinality
         from set cross join jsonb_array_elements($11::jsonb) with ordinality as r",
        new.id,
        new.set.number,
        new.set.name,
        new.state,
        review_at,
        hold_at,
        decline_at,
        new.content_hash,
        new.by,
        new.at,
        rules
    )
    .execute(connection)
    .await?;
    Ok(())
}
