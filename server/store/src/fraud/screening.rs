//! What is known of a sale when it is judged, and what was decided.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    fraud::{Feature, Features},
    money::Currency,
};
use rust_decimal::{Decimal, RoundingStrategy};
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::net::IpAddr;
use uuid::Uuid;

/// Days after which a fraud is known, unless the settings say otherwise.
const LABEL_DELAY_DAYS: i32 = 7;
/// Decimals of means and shares.
const DECIMALS: u32 = 6;

/// Waits until no other sale of the customer is being judged, so that attempts are counted exactly.
///
/// # Errors
/// When the statement fails.
pub async fn one_at_a_time(connection: &mut PgConnection, customer: Uuid) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 11))", customer.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends each statement of the transaction after `milliseconds`; 0 is never. Answers what it was before.
///
/// # Errors
/// When the statement fails.
pub async fn statement_timeout(connection: &mut PgConnection, setting: &str) -> Result<String> {
    Ok(sqlx::query_scalar!(
        r#"select before as "before!" from (select current_setting('statement_timeout') as before) b,
                  lateral (select set_config('statement_timeout', $1, true)) s"#,
        setting
    )
    .fetch_one(connection)
    .await?)
}

/// A line as far as it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedLine {
    pub product_id: Uuid,
    pub quantity: Decimal,
    pub list_price: Decimal,
    pub unit_price: Decimal,
    pub net: Decimal,
}

/// A sale that is to be judged.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// Of a sale that is written already.
    pub written: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub customer: Option<Uuid>,
    pub fingerprint: Option<&'a [u8]>,
    pub method: Option<&'a str>,
    pub terminal: Option<&'a str>,
    pub device: Option<&'a str>,
    pub address: Option<IpAddr>,
    pub currency: Currency,
    pub total: Decimal,
    pub lines: &'a [JudgedLine],
    pub base: Currency,
    pub zone: &'a str,
    /// Local time of `at`: hour, and day of the week from Monday = 1.
    pub hour: u32,
    pub weekday: u32,
}

/// What is known of it; `None`: its day has no exchange rate.
///
/// # Errors
/// When a statement fails.
pub async fn features(connection: &mut PgConnection, sale: &Judged<'_>) -> Result<Option<Features>> {
    let rate = if sale.currency == sale.base {
        Decimal::ONE
    } else {
        let found = sqlx::query_scalar!(
            r#"select rate as "rate!" from ops.fx_rate_on($1::char(3), $2::char(3), ($3::timestamptz at time zone $4::text)::date)"#,
            sale.currency.as_str(),
            sale.base.as_str(),
            sale.at,
            sale.zone
        );
        match found.fetch_optional(&mut *connection).await? {
            Some(rate) => rate,
            None => return Ok(None),
        }
    };
    let amount = half_up(sale.total * rate, 4);
    let products: Vec<Uuid> = sale.lines.iter().map(|line| line.product_id).collect();
    let asked = sqlx::query!(
        r#"select (select array_agg(coalesce(p.category_id::text, 'all') order by w.n)
                   from unnest($1::uuid[]) with ordinality as w (id, n) join sales.products p on p.id = w.id) as "scopes!",
                  (select value #>> '{}' from ops.settings where key = 'fraud.label_delay_days') as "delay?""#,
        &products
    )
    .fetch_one(&mut *connection)
    .await?;
    let delay = asked.delay.and_then(|days| days.parse().ok()).unwrap_or(LABEL_DELAY_DAYS);
    let row = sqlx::query_file!(
        "src/fraud/features.sql",
        sale.at,
        sale.customer,
        sale.fingerprint,
        sale.method,
        sale.terminal,
        sale.device,
        sale.address.map(IpNet::from) as Option<IpNet>,
        sale.base.as_str(),
        sale.zone,
        delay,
        &asked.scopes,
        sale.written.unwrap_or(Uuid::max())
    )
    .fetch_one(connection)
    .await?;

    let mean = |of: Option<Decimal>| of.map(|of| half_up(of, DECIMALS));
    let mut known = Features::default()
        .with(Feature::Amount, amount)
        .with(Feature::HourLocal, i64::from(sale.hour))
        .with(Feature::HourUtc, i64::from(chrono::Timelike::hour(&sale.at)))
        .with(Feature::Weekday, i64::from(sale.weekday))
        .with(Feature::ListBlock, row.blocked)
        .with(Feature::ListAllow, row.allowed);
    known.set(Feature::QuantityMax, sale.lines.iter().map(|line| line.quantity).max());
    known.set(Feature::PriceGap, price_gap(sale.lines));
    known.set(Feature::FirstOrderP95, row.first_order_p95);
    known.set(Feature::AmountLimit, row.amount_limit.and_then(|text| text.parse::<Decimal>().ok()));
    if let Some((net, usual)) = standing_out(sale.lines, rate, row.p995.as_deref().unwrap_or_default()) {
        known.set(Feature::LineNet, Some(net));
        known.set(Feature::CategoryP995, Some(usual));
    }
    if sale.customer.is_some() {
        for (feature, count) in [
            (Feature::CustCount10m, row.count_10m + 1),
            (Feature::CustCount1h, row.count_1h + 1),
            (Feature::CustCount24h, row.count_24h + 1),
            (Feature::CustCount7d, row.count_7d + 1),
            (Feature::CustCount30d, row.count_30d + 1),
            (Feature::CustOrders, row.orders),
            (Feature::CustOrders90d, row.orders_90d),
            (Feature::CustDeclined60m, row.declined_60m),
            (Feature::CustConfirmed28d, row.confirmed_28d),
        ] {
            known.set(feature, Some(count));
        }
        known.set(Feature::CustAmount1h, Some(row.amount_1h + amount));
        known.set(Feature::CustAmount24h, Some(row.amount_24h + amount));
        known.set(Feature::CustAmount30d, Some(row.amount_30d + amount));
        known.set(Feature::CustMean1d, mean(row.mean_1d));
        known.set(Feature::CustMean7d, mean(row.mean_7d));
        known.set(Feature::CustMean30d, mean(row.mean_30d));
        known.set(Feature::CustMean90d, mean(row.mean_90d));
        known.set(Feature::CustP90, row.p90);
        known.set(Feature::CustDailyP95, row.daily_p95);
        known.set(Feature::CustRiskScore, row.risk_score);
        known.set(Feature::IsFirstOrder, Some(row.orders == 0));
        known.set(Feature::CustPaymentKnown, Some(row.payment_known));
        known.set(Feature::CustHourKnown, Some(row.hour_known));
    }
    let this_one = i64::from(sale.customer.is_some());
    known.set(Feature::FpCustomers24h, sale.fingerprint.map(|_| row.fp_others + this_one));
    known.set(Feature::IpCustomers24h, sale.address.map(|_| row.ip_others + this_one));
    if sale.terminal.is_some() {
        known.set(Feature::TermCount1d, Some(row.term_count_1d + 1));
        known.set(Feature::TermCount7d, Some(row.term_count_7d + 1));
        known.set(Feature::TermCount30d, Some(row.term_count_30d + 1));
        known.set(Feature::TermRisk1d, mean(row.risk_1d));
        known.set(Feature::TermRisk7d, mean(row.risk_7d));
        known.set(Feature::TermRisk30d, mean(row.risk_30d));
        known.set(Feature::TermConfirmed28d, Some(row.term_confirmed_28d));
    }
    Ok(Some(known))
}

/// As Postgres rounds.
fn half_up(number: Decimal, decimals: u32) -> Decimal {
    number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// The largest share by which a price differs from the catalogue's.
fn price_gap(lines: &[JudgedLine]) -> Option<Decimal> {
    let gap = |line: &JudgedLine| {
        let differs = (line.unit_price - line.list_price).abs();
        differs.checked_div(line.list_price).map(|gap| half_up(gap, DECIMALS))
    };
    lines.iter().filter_map(gap).max()
}

/// Net of the line that is most times its category's usual most, and that.
fn standing_out(lines: &[JudgedLine], rate: Decimal, usual: &[Option<Decimal>]) -> Option<(Decimal, Decimal)> {
    let judged = lines.iter().zip(usual).filter_map(|(line, usual)| Some((half_up(line.net * rate, 4), (*usual)?)));
    judged.max_by(|(net, usual), (other, others)| (*net * *others).cmp(&(*other * *usual)))
}

/// What was decided of a sale.
#[derive(Debug)]
pub struct NewDecision<'a> {
    pub id: Uuid,
    pub transaction_id: Uuid,
    pub rule_set_id: Option<Uuid>,
    pub features: &'a serde_json::Value,
    pub hits: &'a serde_json::Value,
    pub learned: Option<Decimal>,
    pub points: Decimal,
    pub outcome: &'a str,
    pub fault: Option<&'a str>,
    pub took_ms: i32,
    pub engine_version: &'a str,
    /// What the set in shadow came to.
    pub shadow: Option<&'a serde_json::Value>,
    pub at: DateTime<Utc>,
    pub score: Decimal,
    pub suspicious: bool,
    pub hold_expires_at: Option<DateTime<Utc>>,
}

/// Writes the decision, and what of it stands with the sale.
///
/// # Errors
/// When the statement fails.
pub async fn insert_decision(connection: &mut PgConnection, new: &NewDecision<'_>) -> Result<()> {
    sqlx::query!(
        "with decided as (
             insert into sales.fraud_decisions (id, transaction_id, rule_set_id, features, hits, points, outcome, fault, took_ms,
                                                engine_version, at, shadow, learned_p)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16)
         )
         update sales.transactions
         set decision_id = $1, is_suspicious = $12, fraud_score = $13, hold_expires_at = $14
         where id = $2",
        new.id,
        new.transaction_id,
        new.rule_set_id,
        new.features,
        new.hits,
        new.points,
        new.outcome,
        new.fault,
        new.took_ms,
        new.engine_version,
        new.at,
        new.suspicious,
        new.score,
        new.hold_expires_at,
        new.shadow,
        new.learned
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Decisions about sales that were made elsewhere, column by column.
#[derive(Debug, Default)]
pub struct NewDecisions {
    pub ids: Vec<Uuid>,
    pub transaction_ids: Vec<Uuid>,
    pub features: Vec<serde_json::Value>,
    pub hits: Vec<serde_json::Value>,
    pub learned: Vec<Option<Decimal>>,
    pub points: Vec<Decimal>,
    pub outcomes: Vec<String>,
    pub at: Vec<DateTime<Utc>>,
    pub scores: Vec<Decimal>,
    pub suspicious: Vec<bool>,
}

/// As [`insert_decision`] for many sales, whose status stays.
///
/// # Errors
/// When the statement fails.
pub async fn insert_decisions(
    connection: &mut PgConnection,
    rule_set: Uuid,
    engine_version: &str,
    new: &NewDecisions,
) -> Result<()> {
    sqlx::query!(
        "with given as (
             select * from unnest($3::uuid[], $4::uuid[], $5::jsonb[], $6::jsonb[], $7::numeric[], $8::text[], $9::timestamptz[],
                                  $10::numeric[], $11::bool[], $12::numeric[])
                           as g (id, transaction_id, features, hits, points, outcome, at, score, suspicious, learned)
         ), decided as (
             insert into sales.fraud_decisions (id, transaction_id, rule_set_id, features, hits, points, outcome, took_ms,
                                                engine_version, at, learned_p)
             select id, transaction_id, $1, features, hits, points, outcome, 0, $2, at, learned from given
         )
         update sales.transactions t
         set decision_id = g.id, is_suspicious = g.suspicious, fraud_score = g.score
         from given g where t.id = g.transaction_id",
        rule_set,
        engine_version,
        &new.ids,
        &new.transaction_ids,
        &new.features,
        &new.hits,
        &new.points,
        &new.outcomes,
        &new.at,
        &new.scores,
        &new.suspicious,
        &new.learned as &[Option<Decimal>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The latest decision about a sale.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    pub id: Uuid,
    pub rule_set: Option<i32>,
    pub features: serde_json::Value,
    pub hits: serde_json::Value,
    pub learned: Option<Decimal>,
    pub points: Decimal,
    pub outcome: String,
    pub fault: Option<String>,
    pub at: DateTime<Utc>,
    pub case_id: Option<Uuid>,
}

/// # Errors
/// When the statement fails.
pub async fn decision_of(connection: &mut PgConnection, transaction: Uuid) -> Result<Option<StoredDecision>> {
    Ok(sqlx::query_as!(
        StoredDecision,
        r#"select d.id, s.number as "rule_set?", d.features, d.hits, d.learned_p as learned, d.points, d.outcome, d.fault, d.at,
                  (select c.id from sales.fraud_cases c where c.transaction_id = $1 order by c.created_at desc limit 1) as case_id
           from sales.fraud_decisions d
           left join sales.fraud_rule_sets s on s.id = d.rule_set_id
           where d.transaction_id = $1
           order by d.at desc limit 1"#,
        transaction
    )
    .fetch_optional(connection)
    .await?)
}
