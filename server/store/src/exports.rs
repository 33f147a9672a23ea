//! Rows of exports: what a list says, through a cursor, so that the whole is one state of the database
//! and memory holds one batch of it.

mod columns;
pub mod large;

pub use columns::{Column, Dataset};

use crate::{
    Result, alerts, customers,
    fraud::cases::Which,
    inventory,
    transactions::{Local, list, money},
};
use chrono::{DateTime, FixedOffset, Utc};
use columns::Kind;
use domain::{
    alerts::ShownState,
    customers::masked_email,
    ids::CustomerId,
    transactions::{CustomerRef, SaleSort},
};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use uuid::Uuid;

/// Of an alert that somebody has seen, until that runs out.
const ACKED: &str = "a.acked_at is not null and coalesce(a.ack_until > now_, true)";

/// One field of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Whole(i64),
    /// Exact; trailing zeros gone.
    Number(Decimal),
    /// An amount of money: at least two decimals.
    Money(Decimal),
    Time(DateTime<FixedOffset>),
    /// A value with parts; as text where a file knows none.
    Json(serde_json::Value),
}

/// Masks a sealed phone number of a customer.
pub type MaskPhone<'a> = &'a (dyn Fn(Uuid, &[u8]) -> Option<String> + Send + Sync);

const CUSTOMER: &str =
    "c.id as customer_id, c.number as customer_number, c.first_name as customer_first, c.last_name as customer_last,
    c.email as customer_email, c.external_ref as customer_ref";

/// The same beside a case, which is `c` itself.
const BUYER: &str =
    "u.id as customer_id, u.number as customer_number, u.first_name as customer_first, u.last_name as customer_last,
    u.email as customer_email, u.external_ref as customer_ref";

/// Codes of the rules that spoke.
const RULES: &str = "(select string_agg(h.hit ->> 'code', '|' order by h.n) from jsonb_array_elements(d.hits) with ordinality as h (hit, n))";

/// What of a dataset: the filter and order of its list.
#[derive(Debug, Clone)]
pub enum Selection {
    /// Sales, their lines, or refunds; these read the days (of the refund), customer and import of the filter.
    Sales {
        dataset: Dataset,
        scope: list::Scope,
        sort: SaleSort,
        ascending: bool,
    },
    Products(inventory::list::Scope),
    Customers(customers::list::Scope),
    FraudCases(CasesScope),
    FraudScores(ScoresScope),
    Alerts(Box<alerts::list::Scope>),
}

/// As the queue of cases.
#[derive(Debug, Clone)]
pub struct CasesScope {
    pub which: Which,
    /// The rules that spoke are for reviewers.
    pub with_rules: bool,
    pub now: DateTime<Utc>,
}

/// Decisions within a time, of one outcome or any.
#[derive(Debug, Clone, Default)]
pub struct ScoresScope {
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
}

impl Selection {
    #[must_use]
    pub const fn dataset(&self) -> Dataset {
        match self {
            Self::Sales { dataset, .. } => *dataset,
            Self::Products(_) => Dataset::Products,
            Self::Customers(_) => Dataset::Customers,
            Self::FraudCases(_) => Dataset::FraudCases,
            Self::FraudScores(_) => Dataset::FraudScores,
            Self::Alerts(_) => Dataset::Alerts,
        }
    }
}

/// Number of rows the selection holds now.
///
/// # Errors
/// When the statement fails.
pub async fn count(connection: &mut PgConnection, selection: &Selection) -> Result<i64> {
    let mut sql = match selection {
        Selection::Products(scope) => return inventory::list::count(connection, scope).await,
        Selection::Customers(scope) => return customers::list::count(connection, scope).await,
        Selection::Alerts(scope) => return alerts::list::total(connection, scope).await,
        Selection::FraudCases(_) => QueryBuilder::new("select count(*) from sales.fraud_cases c where "),
        Selection::FraudScores(_) => QueryBuilder::new("select count(*) from sales.fraud_decisions d where "),
        Selection::Sales { dataset: Dataset::TransactionLines, .. } => QueryBuilder::new(
            "select count(*) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id where ",
        ),
        Selection::Sales { dataset: Dataset::Refunds, .. } => {
            QueryBuilder::new("select count(*) from sales.refunds r where ")
        }
        Selection::Sales { scope, .. } => return list::count(connection, scope).await,
    };
    narrow(&mut sql, selection);
    Ok(sql.build_query_scalar().fetch_one(connection).await?)
}

/// Opens the cursor that [`fetch`] reads; it lives as long as the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn declare(connection: &mut PgConnection, selection: &Selection) -> Result<()> {
    let dataset = selection.dataset();
    let rules = match selection {
        Selection::FraudCases(scope) if !scope.with_rules => "null::text",
        _ => RULES,
    };
    let states: String = ShownState::ALL
        .iter()
        .map(|state| format!("when {} then '{}' ", alerts::list::shown(*state), state.as_str()))
        .collect();
    let mut sql = QueryBuilder::new("declare export_rows no scroll cursor for ");
    match dataset {
        Dataset::Transactions => sql.push(format_args!(
            "select t.number, t.external_ref, t.occurred_at, t.status, t.payment_method, t.line_count::bigint as lines, t.quantity, t.currency,
                    t.gross, t.discount, t.net, t.tax, t.shipping, t.total, t.refunded_net, t.entry, t.origin, t.id, {CUSTOMER}
             from sales.transactions t left join sales.customers c on c.id = t.customer_id where "
        )),
        Dataset::TransactionLines => sql.push(format_args!(
            "select t.number, t.external_ref, l.line_no::bigint as line, t.occurred_at, t.status, p.sku, p.name as product, l.quantity, t.currency,
                    l.unit_price, l.discount, l.net, l.tax, l.refunded_quantity, t.origin, t.id as transaction_id, {CUSTOMER}
             from sales.transactions t
             join sales.transaction_lines l on l.transaction_id = t.id
             join sales.products p on p.id = l.product_id
             left join sales.customers c on c.id = t.customer_id where "
        )),
        Dataset::Refunds => sql.push(format_args!(
            "select r.external_ref, r.refunded_at, r.kind, t.number as transaction_number, r.currency, r.net, r.tax, r.total, r.reason,
                    r.origin, r.id, {CUSTOMER}
             from sales.refunds r left join sales.transactions t on t.id = r.transaction_id
             left join sales.customers c on c.id = r.customer_id where "
        )),
        Dataset::Products => sql.push(
            "select p.sku, p.name, k.name as category, p.kind, p.unit, p.currency, p.price, p.cost,
                    case when p.kind = 'stocked' then coalesce(l.on_hand, 0) end as on_hand,
                    case when p.kind = 'stocked' then coalesce(l.reserved, 0) end as reserved,
                    case when p.is_active and p.deleted_at is null then 'yes' else 'no' end as active, p.barcode, p.weight_kg, p.dimensions,
                    p.warranty_months::bigint as warranty_months, p.origin, p.id
             from sales.products p left join sales.categories k on k.id = p.category_id
             left join lateral (select sum(on_hand) as on_hand, sum(reserved) as reserved
                                from stock.levels where product_id = p.id) l on true where ",
        ),
        Dataset::Customers => sql.push(format_args!(
            "select c.number, c.external_ref, c.email, c.phone_enc as phone, c.country, c.loyalty_tier, c.registration_date, c.preferred_payment,
                    p.total_transactions::bigint as transactions_365_days, p.last_purchase_at,
                    case when c.erased_at is null then 'no' else 'yes' end as erased, c.origin, {CUSTOMER}, c.id
             from sales.customers c left join sales.customer_purchase_patterns p on p.customer_id = c.id where "
        )),
        // A claim that ran out is none, here as in the list.
        Dataset::FraudCases => sql.push(format_args!(
            "select t.number as transaction_number, c.reason,
                    case when c.state = 'claimed' and coalesce(c.claim_expires_at <= n.now_, true) then 'open' else c.state end as state, t.status, t.currency, t.total, d.points, c.expected_loss,
                    t.occurred_at, c.created_at as opened_at, c.due_at, case when c.claim_expires_at > n.now_ then c.claimed_name end as claimed_by,
                    c.snoozed_until, c.verdict, c.verdict_reason, c.closed_at, t.id as transaction_id, c.id, {rules} as rules, {BUYER}
             from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
             left join sales.fraud_decisions d on d.id = t.decision_id
             left join sales.customers u on u.id = t.customer_id "
        )),
        Dataset::FraudScores => sql.push(format_args!(
            "select d.at as decided_at, t.number as transaction_number, s.number::bigint as rule_set, d.outcome, d.fault, d.points, d.learned_p,
                    t.status, t.currency, t.total, t.id as transaction_id, d.id, {rules} as rules, {BUYER},
                    (select l.label from sales.fraud_labels l where l.transaction_id = t.id order by l.known_at desc limit 1) as label
             from sales.fraud_decisions d join sales.transactions t on t.id = d.transaction_id
             left join sales.fraud_rule_sets s on s.id = d.rule_set_id
             left join sales.customers u on u.id = t.customer_id where "
        )),
        Dataset::Alerts => sql.push(format_args!(
            "select a.number, a.alert_type, a.feature, (array['low', 'medium', 'high', 'critical'])[a.severity] as severity,
                    case {states} end as state, a.title, a.message, a.entity_type, a.entity_id, a.entity_label, a.value, a.threshold, a.unit,
                    a.occurrences::bigint as occurrences, a.opened_at, a.last_seen_at, case when {ACKED} then a.acked_by end as acknowledged_by,
                    case when {ACKED} then a.acked_at end as acknowledged_at, (select u.display_name from access.users u where u.id = a.assignee_id) as assignee,
                    a.money_at_risk, a.currency::text as currency, a.resolved_at, a.resolved_by, a.resolution, a.resolution_note, a.id"
        )),
    };
    if let Selection::FraudCases(scope) = selection {
        sql.push("cross join (select ").push_bind(scope.now).push("::timestamptz as now_) n where ");
    }
    narrow(&mut sql, selection);
    sql.push(" order by ").push(order(selection));
    sql.build().persistent(false).execute(connection).await?;
    Ok(())
}

fn order(selection: &Selection) -> String {
    match selection {
        Selection::Sales { dataset, sort, ascending, .. } => {
            let key = match sort {
                SaleSort::OccurredAt => "occurred_at",
                SaleSort::Total => "total",
            };
            let way = if *ascending { "asc" } else { "desc" };
            match dataset {
                Dataset::TransactionLines => format!("t.{key} {way}, t.id {way}, l.line_no"),
                Dataset::Refunds => format!("r.refunded_at {way}, r.id {way}"),
                _ => format!("t.{key} {way}, t.id {way}"),
            }
        }
        Selection::Products(_) => "p.name, p.id".to_owned(),
        Selection::Customers(_) => "c.number desc".to_owned(),
        Selection::FraudCases(_) => "(t.status = 'held') desc, c.expected_loss desc, c.created_at, c.id".to_owned(),
        Selection::FraudScores(_) => "d.at desc, d.id desc".to_owned(),
        Selection::Alerts(scope) => alerts::list::order(scope.query.sort).to_owned(),
    }
}

fn narrow(sql: &mut QueryBuilder<Postgres>, selection: &Selection) {
    let scope = match selection {
        Selection::Products(scope) => return inventory::list::narrow(sql, scope),
        Selection::Customers(scope) => return customers::list::narrow(sql, scope),
        Selection::Alerts(scope) => return alerts::list::narrow(sql, scope),
        Selection::FraudCases(scope) => return narrow_cases(sql, scope),
        Selection::FraudScores(scope) => return narrow_scores(sql, scope),
        Selection::Sales { dataset: Dataset::Refunds, scope, .. } => scope,
        Selection::Sales { scope, .. } => return list::narrow(sql, scope),
    };
    sql.push("true");
    if let Some(from) = scope.from {
        sql.push(" and r.refunded_at >= ").push_bind(from);
    }
    if let Some(until) = scope.until {
        sql.push(" and r.refunded_at < ").push_bind(until);
    }
    if let Some(customer) = scope.filter.customer_id {
        sql.push(" and r.customer_id = ").push_bind(customer.0);
    }
    if let Some(import) = scope.filter.import_id {
        sql.push(" and r.import_id = ").push_bind(import.0);
    }
}

fn narrow_cases(sql: &mut QueryBuilder<Postgres>, scope: &CasesScope) {
    let Which { id: _, closed, mine, due_before } = scope.which;
    sql.push("(c.state = 'closed') = ").push_bind(closed);
    if let Some(user) = mine {
        sql.push(" and c.claimed_by = ").push_bind(user).push(" and c.claim_expires_at > ").push_bind(scope.now);
    }
    if let Some(due) = due_before {
        sql.push(" and c.due_at < ").push_bind(due);
    }
    if !closed {
        sql.push(" and (c.snoozed_until is null or c.snoozed_until <= ").push_bind(scope.now).push(")");
    }
}

fn narrow_scores(sql: &mut QueryBuilder<Postgres>, scope: &ScoresScope) {
    sql.push("true");
    if let Some(from) = scope.from {
        sql.push(" and d.at >= ").push_bind(from);
    }
    if let Some(until) = scope.until {
        sql.push(" and d.at < ").push_bind(until);
    }
    if let Some(outcome) = &scope.outcome {
        sql.push(" and d.outcome = ").push_bind(outcome.clone());
    }
}

/// The next rows of the cursor; empty at its end.
///
/// # Errors
/// When the statement fails.
pub async fn fetch(
    connection: &mut PgConnection,
    dataset: Dataset,
    local: Local<'_>,
    mask: MaskPhone<'_>,
) -> Result<Vec<Vec<Cell>>> {
    let rows = sqlx::query("fetch 2000 from export_rows").persistent(false).fetch_all(connection).await?;
    let mut out = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = dataset.columns().iter().map(|c| cell(row, *c, local, mask)).collect::<Result<_, sqlx::Error>>()?;
        out.push(cells);
    }
    Ok(out)
}

fn cell(row: &PgRow, column: Column, local: Local<'_>, mask: MaskPhone<'_>) -> Result<Cell, sqlx::Error> {
    let name = column.name;
    Ok(match column.kind {
        Kind::Text => row.try_get::<Option<String>, _>(name)?.map_or(Cell::Empty, Cell::Text),
        Kind::Id => row.try_get::<Option<Uuid>, _>(name)?.map_or(Cell::Empty, |id| Cell::Text(id.to_string())),
        Kind::Whole => row.try_get::<Option<i64>, _>(name)?.map_or(Cell::Empty, Cell::Whole),
        Kind::Number => row.try_get::<Option<Decimal>, _>(name)?.map_or(Cell::Empty, |d| Cell::Number(d.normalize())),
        Kind::Money => row.try_get::<Option<Decimal>, _>(name)?.map_or(Cell::Empty, |d| Cell::Money(money(d))),
        Kind::Time => row.try_get::<Option<DateTime<Utc>>, _>(name)?.map_or(Cell::Empty, |at| Cell::Time(local(at))),
        Kind::Email => {
            row.try_get::<Option<String>, _>(name)?.map_or(Cell::Empty, |email| Cell::Text(masked_email(&email)))
        }
        Kind::Phone => {
            let (id, sealed) = (row.try_get::<Uuid, _>("customer_id")?, row.try_get::<Option<Vec<u8>>, _>(name)?);
            sealed.and_then(|sealed| mask(id, &sealed)).map_or(Cell::Empty, Cell::Text)
        }
        Kind::Day => {
            row.try_get::<Option<chrono::NaiveDate>, _>(name)?.map_or(Cell::Empty, |day| Cell::Text(day.to_string()))
        }
        Kind::Customer => match row.try_get::<Option<Uuid>, _>("customer_id")? {
            None => Cell::Empty,
            Some(id) => {
                let text = |name| row.try_get::<Option<String>, _>(name);
                let (first, last) = (text("customer_first")?, text("customer_last")?);
                let names = (first.as_deref().unwrap_or_default(), last.as_deref().unwrap_or_default());
                let number = row.try_get::<Option<i64>, _>("customer_number")?.unwrap_or_default();
                let (email, reference) = (text("customer_email")?, text("customer_ref")?);
                Cell::Text(
                    CustomerRef::masked(CustomerId(id), number, names, email.as_deref(), reference.as_deref()).label,
                )
            }
        },
    })
}
