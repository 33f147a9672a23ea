//! Rows of exports: what a list says, through a cursor, so that the whole is one state of the database
//! and memory holds one batch of it.

pub mod large;

use crate::{
    Result, customers, inventory,
    transactions::{Local, list, money},
};
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    access::Permission,
    customers::masked_email,
    ids::CustomerId,
    transactions::{CustomerRef, SaleSort},
};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use uuid::Uuid;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Id,
    Whole,
    Number,
    Money,
    Time,
    /// Masked label, made of the columns `customer_*`.
    Customer,
    /// `a***@example.com`.
    Email,
    /// `+44•••••1234`, opened with the customer's id.
    Phone,
    Day,
}

/// A column of an export: its heading, which is also its name in the statement.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    kind: Kind,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// What can be exported here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    Transactions,
    TransactionLines,
    Refunds,
    Products,
    Customers,
}

impl Dataset {
    pub const ALL: [Self; 5] =
        [Self::Transactions, Self::TransactionLines, Self::Refunds, Self::Products, Self::Customers];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::TransactionLines => "transaction-lines",
            Self::Refunds => "refunds",
            Self::Products => "products",
            Self::Customers => "customers",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// The right of the list it exports; `access.export` comes on top.
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Transactions | Self::TransactionLines | Self::Refunds => Permission::TransactionsView,
            Self::Products => Permission::InventoryView,
            Self::Customers => Permission::CustomersView,
        }
    }

    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Transactions => TRANSACTIONS,
            Self::TransactionLines => LINES,
            Self::Refunds => REFUNDS,
            Self::Products => PRODUCTS,
            Self::Customers => CUSTOMERS,
        }
    }
}

const TRANSACTIONS: &[Column] = &[
    column("number", Kind::Whole),
    column("external_ref", Kind::Text),
    column("occurred_at", Kind::Time),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("payment_method", Kind::Text),
    column("lines", Kind::Whole),
    column("quantity", Kind::Number),
    column("currency", Kind::Text),
    column("gross", Kind::Money),
    column("discount", Kind::Money),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("shipping", Kind::Money),
    column("total", Kind::Money),
    column("refunded_net", Kind::Money),
    column("entry", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const LINES: &[Column] = &[
    column("number", Kind::Whole),
    column("external_ref", Kind::Text),
    column("line", Kind::Whole),
    column("occurred_at", Kind::Time),
    column("status", Kind::Text),
    column("customer", Kind::Customer),
    column("sku", Kind::Text),
    column("product", Kind::Text),
    column("quantity", Kind::Number),
    column("currency", Kind::Text),
    column("unit_price", Kind::Money),
    column("discount", Kind::Money),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("refunded_quantity", Kind::Number),
    column("origin", Kind::Text),
    column("transaction_id", Kind::Id),
];

const REFUNDS: &[Column] = &[
    column("external_ref", Kind::Text),
    column("refunded_at", Kind::Time),
    column("kind", Kind::Text),
    column("transaction_number", Kind::Whole),
    column("customer", Kind::Customer),
    column("currency", Kind::Text),
    column("net", Kind::Money),
    column("tax", Kind::Money),
    column("total", Kind::Money),
    column("reason", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const PRODUCTS: &[Column] = &[
    column("sku", Kind::Text),
    column("name", Kind::Text),
    column("category", Kind::Text),
    column("kind", Kind::Text),
    column("unit", Kind::Text),
    column("currency", Kind::Text),
    column("price", Kind::Money),
    column("cost", Kind::Money),
    column("on_hand", Kind::Number),
    column("reserved", Kind::Number),
    column("active", Kind::Text),
    column("barcode", Kind::Text),
    column("weight_kg", Kind::Number),
    column("dimensions", Kind::Text),
    column("warranty_months", Kind::Whole),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

const CUSTOMERS: &[Column] = &[
    column("number", Kind::Whole),
    column("customer", Kind::Customer),
    column("external_ref", Kind::Text),
    column("email", Kind::Email),
    column("phone", Kind::Phone),
    column("country", Kind::Text),
    column("loyalty_tier", Kind::Text),
    column("registration_date", Kind::Day),
    column("preferred_payment", Kind::Text),
    column("transactions_365_days", Kind::Whole),
    column("last_purchase_at", Kind::Time),
    column("erased", Kind::Text),
    column("origin", Kind::Text),
    column("id", Kind::Id),
];

/// Masks a sealed phone number of a customer.
pub type MaskPhone<'a> = &'a (dyn Fn(Uuid, &[u8]) -> Option<String> + Send + Sync);

const CUSTOMER: &str =
    "c.id as customer_id, c.number as customer_number, c.first_name as customer_first, c.last_name as customer_last,
    c.email as customer_email, c.external_ref as customer_ref";

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
}

impl Selection {
    #[must_use]
    pub const fn dataset(&self) -> Dataset {
        match self {
            Self::Sales { dataset, .. } => *dataset,
            Self::Products(_) => Dataset::Products,
            Self::Customers(_) => Dataset::Customers,
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
    let (key, way) = match selection {
        Selection::Sales { sort, ascending, .. } => (
            match sort {
                SaleSort::OccurredAt => "occurred_at",
                SaleSort::Total => "total",
            },
            if *ascending { "asc" } else { "desc" },
        ),
        Selection::Products(_) | Selection::Customers(_) => ("", ""),
    };
    let dataset = selection.dataset();
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
    };
    narrow(&mut sql, selection);
    match dataset {
        Dataset::Transactions => sql.push(format_args!(" order by t.{key} {way}, t.id {way}")),
        Dataset::TransactionLines => sql.push(format_args!(" order by t.{key} {way}, t.id {way}, l.line_no")),
        Dataset::Refunds => sql.push(format_args!(" order by r.refunded_at {way}, r.id {way}")),
        Dataset::Products => sql.push(" order by p.name, p.id"),
        Dataset::Customers => sql.push(" order by c.number desc"),
    };
    sql.build().persistent(false).execute(connection).await?;
    Ok(())
}

fn narrow(sql: &mut QueryBuilder<Postgres>, selection: &Selection) {
    let scope = match selection {
        Selection::Products(scope) => return inventory::list::narrow(sql, scope),
        Selection::Customers(scope) => return customers::list::narrow(sql, scope),
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
