//! What rules have hit, how those cases were decided, and what the set in shadow would have done.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::fraud::precision::Counted;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// Whose decisions.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// Number of a set, also where it judged in shadow; `None`: what was live.
    pub set: Option<i32>,
    pub from: DateTime<Utc>,
    /// Not included.
    pub until: DateTime<Utc>,
}

/// What each rule hit, by code. A sale counts once; its latest verdict that is not inconclusive is that of its case.
///
/// # Errors
/// When the statement fails.
pub async fn counted(connection: &mut PgConnection, of: Period) -> Result<Vec<Counted>> {
    Ok(sqlx::query_as!(
        Counted,
        r#"with hit as (
               select d.transaction_id, h->>'code' as code
               from sales.fraud_decisions d
               left join sales.fraud_rule_sets s on s.id = d.rule_set_id
               cross join jsonb_array_elements(d.hits) h
               where d.hits <> '[]' and d.at >= $2 and d.at < $3 and ($1::int is null or s.number = $1)
               union
               select d.transaction_id, c.code
               from sales.fraud_decisions d cross join jsonb_array_elements_text(d.shadow->'hits') as c (code)
               where d.shadow is not null and (d.shadow->>'rule_set')::int = $1 and d.at >= $2 and d.at < $3
           )
           select hit.code as "code!", count(*) as "hits!",
                  count(*) filter (where v.verdict = 'confirmed_fraud') as "confirmed!",
                  count(*) filter (where v.verdict = 'legitimate') as "legitimate!"
           from hit
           left join lateral (select c.verdict from sales.fraud_cases c
                              where c.transaction_id = hit.transaction_id and c.state = 'closed' and c.verdict <> 'inconclusive'
                              order by c.closed_at desc limit 1) v on true
           group by hit.code
           order by hit.code"#,
        of.set,
        of.from,
        of.until
    )
    .fetch_all(connection)
    .await?)
}

/// A sale that a set in shadow would have judged otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct SwapRow {
    pub transaction_id: Uuid,
    pub number: i64,
    pub occurred_at: DateTime<Utc>,
    pub total: Decimal,
    pub currency: String,
    pub outcome: String,
    pub points: Decimal,
    pub shadow: serde_json::Value,
}

/// How many sales a set has judged in shadow, and of how many the outcome differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadowed {
    pub judged: i64,
    pub differ: i64,
}

/// # Errors
/// When the statement fails.
pub async fn shadowed(connection: &mut PgConnection, set: i32) -> Result<Shadowed> {
    Ok(sqlx::query_as!(
        Shadowed,
        r#"select count(*) as "judged!", count(*) filter (where shadow->>'outcome' <> outcome) as "differ!"
           from sales.fraud_decisions where shadow is not null and (shadow->>'rule_set')::int = $1"#,
        set
    )
    .fetch_one(connection)
    .await?)
}

/// The latest sales with another outcome.
///
/// # Errors
/// When the statement fails.
pub async fn swaps(connection: &mut PgConnection, set: i32, limit: i64) -> Result<Vec<SwapRow>> {
    Ok(sqlx::query_as!(
        SwapRow,
        r#"select d.transaction_id, t.number, t.occurred_at, t.total, t.currency::text as "currency!", d.outcome, d.points,
                  d.shadow as "shadow!"
           from sales.fraud_decisions d join sales.transactions t on t.id = d.transaction_id
           where d.shadow is not null and (d.shadow->>'rule_set')::int = $1 and d.shadow->>'outcome' <> d.outcome
           order by d.at desc, d.id limit $2"#,
        set,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// A decision as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    pub id: Uuid,
    pub rule_set_id: Option<Uuid>,
    pub features: serde_json::Value,
    pub hits: serde_json::Value,
    pub learned: Option<Decimal>,
    pub points: Decimal,
    pub outcome: String,
}

/// # Errors
/// When the statement fails.
pub async fn decision(connection: &mut PgConnection, id: Uuid) -> Result<Option<DecisionRow>> {
    Ok(sqlx::query_as!(
        DecisionRow,
        "select id, rule_set_id, features, hits, learned_p as learned, points, outcome from sales.fraud_decisions where id = $1",
        id
    )
    .fetch_optional(connection)
    .await?)
}
