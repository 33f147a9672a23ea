//! Plans: the rows of a result, written as it tells them.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::planning::{
    BindingRow, ContractRow, KpiValue, ProductionRow, ShipmentRow, ShortageCause, ShortageRow, SiteRow, SlackRow,
    StockRow,
};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A plan with its rows as JSON arrays of `millrace-result/1`.
#[derive(Debug)]
pub struct NewPlan<'a> {
    pub id: Uuid,
    pub run_id: Uuid,
    pub name: &'a str,
    pub objective: f64,
    pub operating_cost: f64,
    /// Of a relaxed plan.
    pub relaxation_cost: Option<f64>,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub production: Value,
    pub shipments: Value,
    pub inventory: Value,
    pub unmet_demand: Value,
    pub slacks: Value,
    /// Money by component.
    pub costs: Value,
    pub bindings: Value,
    pub kpis: Value,
    pub sites: Value,
    pub contracts: Value,
}

/// # Errors
/// When a statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewPlan<'_>) -> Result<()> {
    sqlx::query!(
        "insert into plan.plans (id, run_id, name, network, horizon, is_relaxed, objective, operating_cost, relaxation_cost,
                                 sites, contracts, created_at, created_by, origin)
         select $1, r.id, $3, $3, plan.horizon(i.document), $6::float8 is not null, $4::float8, $5::float8, $6::float8, $7,
                $8, $9, $10, r.origin
         from plan.runs r join plan.inputs i on i.id = r.input_id where r.id = $2",
        new.id,
        new.run_id,
        new.name,
        new.objective,
        new.operating_cost,
        new.relaxation_cost,
        new.sites,
        new.contracts,
        new.at,
        new.by
    )
    .execute(&mut *connection)
    .await?;
    insert_moves(connection, new).await?;
    insert_stock(connection, new).await?;
    insert_reasons(connection, new).await
}

async fn insert_moves(connection: &mut PgConnection, new: &NewPlan<'_>) -> Result<()> {
    sqlx::query!(
        "insert into plan.plan_production (plan_id, n, node, line, product, period, tonnes, capacity_tonnes, batches, runs, cost)
         select $1, r.n, r.node, r.line, r.product, r.period, r.tonnes, r.capacity_tonnes, r.batches, r.runs, r.cost
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  node text, line text, product text, period text, tonnes numeric, capacity_tonnes numeric, batches bigint,
                  runs boolean, cost numeric)) with ordinality
              as r (node, line, product, period, tonnes, capacity_tonnes, batches, runs, cost, n)",
        new.id,
        new.production
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"insert into plan.plan_shipments (plan_id, n, from_node, to_node, mode, product, lane_product, period, arrival_period,
                                            tonnes, trips, freight_cost, handling_cost, transit_cost, trip_cost, lane_fixed_cost)
           select $1, r.n, r.from_node, r.to_node, r.mode, r.product, r.lane_product, r.period, r.arrival_period, r.tonnes,
                  r.trips, r.freight_cost, r.handling_cost, r.transit_cost, r.trip_cost, r.lane_fixed_cost
           from rows from (jsonb_to_recordset($2::jsonb) as (
                    "from" text, "to" text, mode text, product text, lane_product text, period text, arrival_period text,
                    tonnes numeric, trips numeric, freight_cost numeric, handling_cost numeric, transit_cost numeric,
                    trip_cost numeric, lane_fixed_cost numeric)) with ordinality
                as r (from_node, to_node, mode, product, lane_product, period, arrival_period, tonnes, trips, freight_cost,
                      handling_cost, transit_cost, trip_cost, lane_fixed_cost, n)"#,
        new.id,
        new.shipments
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_stock(connection: &mut PgConnection, new: &NewPlan<'_>) -> Result<()> {
    sqlx::query!(
        "insert into plan.plan_stock (plan_id, n, node, product, period, tonnes, safety_stock_tonnes, below_tonnes, holding_cost,
                                      safety_cost)
         select $1, r.n, r.node, r.product, r.period, r.tonnes, r.safety_stock_tonnes, r.below_tonnes, r.holding_cost,
                r.safety_cost
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  node text, product text, period text, tonnes numeric, safety_stock_tonnes numeric, below_tonnes numeric,
                  holding_cost numeric, safety_cost numeric)) with ordinality
              as r (node, product, period, tonnes, safety_stock_tonnes, below_tonnes, holding_cost, safety_cost, n)",
        new.id,
        new.inventory
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into plan.plan_shortages (plan_id, n, node, product, period, demand_tonnes, tonnes, cost, causes)
         select $1, r.n, r.node, r.product, r.period, r.demand_tonnes, r.tonnes, r.cost,
                case when r.examined = 'causes' then r.causes end
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  node text, product text, period text, demand_tonnes numeric, tonnes numeric, cost numeric, examined text,
                  causes jsonb)) with ordinality
              as r (node, product, period, demand_tonnes, tonnes, cost, examined, causes, n)",
        new.id,
        new.unmet_demand
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_reasons(connection: &mut PgConnection, new: &NewPlan<'_>) -> Result<()> {
    sqlx::query!(
        "insert into plan.plan_slacks (plan_id, n, family, key, words, amount, price, cost, ops)
         select $1, r.n, r.family, r.key, r.words, r.amount, r.price, r.cost, coalesce(r.ops, '[]')
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  family text, key text, words text, amount numeric, price numeric, cost numeric, ops jsonb)) with ordinality
              as r (family, key, words, amount, price, cost, ops, n)",
        new.id,
        new.slacks
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into plan.plan_costs (plan_id, component, amount)
         select $1, c.key, c.value::numeric from jsonb_each_text($2::jsonb) as c",
        new.id,
        new.costs
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into plan.plan_bindings (plan_id, n, row_name, words, activity, limit_value, worth)
         select $1, r.n, r.row_name, r.words, r.activity, r.limit_value, r.worth
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  row_name text, words text, activity float8, limit_value float8, worth float8)) with ordinality
              as r (row_name, words, activity, limit_value, worth, n)",
        new.id,
        new.bindings
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into plan.plan_kpis (plan_id, n, kpi, scope, value, unit, reason)
         select $1, r.n, r.kpi, r.scope, r.value, r.unit, r.reason
         from rows from (jsonb_to_recordset($2::jsonb) as (
                  kpi text, scope text, value float8, unit text, reason text)) with ordinality
              as r (kpi, scope, value, unit, reason, n)",
        new.id,
        new.kpis
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The head of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    pub id: Uuid,
    pub state: String,
    pub is_relaxed: bool,
    pub objective: f64,
    pub operating_cost: f64,
    pub relaxation_cost: Option<f64>,
    /// Its rows are not kept any more.
    pub rows_removed_at: Option<DateTime<Utc>>,
    pub sites: Json<Vec<SiteRow>>,
    pub contracts: Json<Vec<ContractRow>>,
}

/// # Errors
/// When the statement fails.
pub async fn of_run(connection: &mut PgConnection, run: Uuid) -> Result<Option<StoredPlan>> {
    Ok(sqlx::query_as!(
        StoredPlan,
        r#"select id, state, is_relaxed, objective::float8 as "objective!", operating_cost::float8 as "operating_cost!",
                  relaxation_cost::float8 as relaxation_cost, rows_removed_at, sites as "sites: Json<Vec<SiteRow>>",
                  contracts as "contracts: Json<Vec<ContractRow>>"
           from plan.plans where run_id = $1"#,
        run
    )
    .fetch_optional(connection)
    .await?)
}

/// How many rows a plan has, and what they come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sums {
    pub production: i64,
    pub shipments: i64,
    pub stock: i64,
    pub shortages: i64,
    pub slacks: i64,
    pub bindings: i64,
    pub made: f64,
    pub shipped: f64,
    /// At the end of the last period.
    pub in_stock: f64,
}

/// # Errors
/// When the statement fails.
pub async fn sums(connection: &mut PgConnection, plan: Uuid) -> Result<Sums> {
    Ok(sqlx::query_as!(
        Sums,
        r#"select p.rows as "production!", p.tonnes as "made!", s.rows as "shipments!", s.tonnes as "shipped!",
                  k.rows as "stock!", k.tonnes as "in_stock!",
                  (select count(*) from plan.plan_shortages where plan_id = $1) as "shortages!",
                  (select count(*) from plan.plan_slacks where plan_id = $1) as "slacks!",
                  (select count(*) from plan.plan_bindings where plan_id = $1) as "bindings!"
           from (select count(*) as rows, coalesce(sum(tonnes), 0)::float8 as tonnes
                 from plan.plan_production where plan_id = $1) p,
                (select count(*) as rows, coalesce(sum(tonnes), 0)::float8 as tonnes
                 from plan.plan_shipments where plan_id = $1) s,
                -- Rows of a node and product stand in the order of time.
                (select count(*) as rows, coalesce(sum(tonnes) filter (where is_last), 0)::float8 as tonnes
                 from (select tonnes, n = max(n) over (partition by node, product) as is_last
                       from plan.plan_stock where plan_id = $1) t) k"#,
        plan
    )
    .fetch_one(connection)
    .await?)
}

/// The first `most`, or all.
///
/// # Errors
/// When the statement fails.
pub async fn production(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<ProductionRow>> {
    Ok(sqlx::query_as!(
        ProductionRow,
        r#"select node, node as plant_id, line, product, period, tonnes::float8 as "tonnes!",
                  capacity_tonnes::float8 as capacity_tonnes, batches, runs, cost::float8 as "cost!"
           from plan.plan_production where plan_id = $1 order by n limit $2"#,
        plan,
        most
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn shipments(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<ShipmentRow>> {
    Ok(sqlx::query_as!(
        ShipmentRow,
        r#"select from_node as "from", to_node as "to", mode, product, lane_product, period, arrival_period,
                  tonnes::float8 as "tonnes!", trips::float8 as trips, freight_cost::float8 as "freight_cost!",
                  handling_cost::float8 as "handling_cost!", transit_cost::float8 as "transit_cost!",
                  trip_cost::float8 as "trip_cost!", lane_fixed_cost::float8 as "lane_fixed_cost!"
           from plan.plan_shipments where plan_id = $1 order by n limit $2"#,
        plan,
        most
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn stock(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<StockRow>> {
    Ok(sqlx::query_as!(
        StockRow,
        r#"select node, product, period, tonnes::float8 as "tonnes!", safety_stock_tonnes::float8 as "safety_stock_tonnes!",
                  below_tonnes::float8 as "below_tonnes!", holding_cost::float8 as "holding_cost!",
                  safety_cost::float8 as "safety_cost!"
           from plan.plan_stock where plan_id = $1 order by n limit $2"#,
        plan,
        most
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn shortages(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<ShortageRow>> {
    let rows = sqlx::query!(
        r#"select node, product, period, demand_tonnes::float8 as "demand_tonnes!", tonnes::float8 as "tonnes!",
                  cost::float8 as "cost!", causes as "causes: Json<Vec<ShortageCause>>"
           from plan.plan_shortages where plan_id = $1 order by n limit $2"#,
        plan,
        most
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows
        .map(|row| ShortageRow {
            node: row.node,
            product: row.product,
            period: row.period,
            demand_tonnes: row.demand_tonnes,
            tonnes: row.tonnes,
            cost: row.cost,
            examined: row.causes.is_some(),
            causes: row.causes.map(|causes| causes.0).unwrap_or_default(),
        })
        .collect())
}

/// # Errors
/// When the statement fails.
pub async fn slacks(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<SlackRow>> {
    let rows = sqlx::query!(
        r#"select family, key, words, amount::float8 as "amount!", price::float8 as "price!", cost::float8 as "cost!",
                  ops as "ops: Json<Vec<Value>>"
           from plan.plan_slacks where plan_id = $1 order by n limit $2"#,
        plan,
        most
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows
        .map(|row| SlackRow {
            family: row.family,
            key: row.key,
            words: row.words,
            amount: row.amount,
            price: row.price,
            cost: row.cost,
            ops: row.ops.0,
        })
        .collect())
}

/// Money by component.
///
/// # Errors
/// When the statement fails.
pub async fn costs(connection: &mut PgConnection, plan: Uuid) -> Result<BTreeMap<String, f64>> {
    let rows =
        sqlx::query!(r#"select component, amount::float8 as "amount!" from plan.plan_costs where plan_id = $1"#, plan);
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.component, row.amount)).collect())
}

/// Sorted by worth, as they were written.
///
/// # Errors
/// When the statement fails.
pub async fn bindings(connection: &mut PgConnection, plan: Uuid, most: Option<i64>) -> Result<Vec<BindingRow>> {
    Ok(sqlx::query_as!(
        BindingRow,
        "select row_name, words, activity, limit_value, worth from plan.plan_bindings where plan_id = $1 order by n limit $2",
        plan,
        most
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn kpis(connection: &mut PgConnection, plan: Uuid) -> Result<Vec<KpiValue>> {
    Ok(sqlx::query_as!(
        KpiValue,
        "select kpi, scope, value, unit, reason from plan.plan_kpis where plan_id = $1 order by n",
        plan
    )
    .fetch_all(connection)
    .await?)
}
