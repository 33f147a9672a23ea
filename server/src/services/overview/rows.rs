//! The rows behind a figure, with the figure itself from the same state of the database.

use super::{
    history,
    measure::{self, Context},
    standing,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    AppError,
    access::Principal,
    ids::{CustomerId, RefundId, TransactionId},
    money::Money,
    overview::{
        BuyerRow, Drill, DrillKind, DrillQuery, DrillRequest, DrillRows, Earlier, FactKind, FactRow, HistoryRequest,
        MetricKey, OrderSet, ProductRow, Step, Tile, VisitorRow,
    },
    paging::Page,
};
use engine::calendar::BusinessZone;
use sqlx::PgConnection;
use store::exports::Cell;
use store::overview::{self as sums, Asked, FactFields, Found, Window};

/// A row that was being written when the earlier number was computed may carry a time before that.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(2);
/// Changed rows that are shown at most.
const CHANGED: i64 = 20;

/// Number, rows and total; the caller's transaction must be repeatable read.
///
/// # Errors
/// `validation` for a cursor that is not ours and an hour that is none of the day; else when a statement fails.
pub async fn drill(
    connection: &mut PgConnection,
    context: &Context,
    asked: &DrillRequest,
    now: DateTime<Utc>,
) -> Result<Drill, AppError> {
    let scope = asked.scope;
    context.check_hour(scope)?;
    let number = measure::tile(connection, context, asked.metric, scope, now).await?;
    let foreign = has_foreign(connection, context, asked, now).await?;
    let rows = page_of(connection, context, asked, foreign, true, now).await?;
    // Values are written down of whole days, never of one hour.
    let of_days = scope.hour.is_none();
    let earlier = if of_days { earlier(connection, context, asked, foreign, &number, now).await? } else { None };
    let past = if of_days && scope.is_one_day() && asked.cursor.is_none() {
        let by_hour = HistoryRequest {
            days: scope.days,
            day: Some(scope.days.from),
            step: Step::Hour,
            basis: scope.basis,
            clean: scope.clean,
        };
        history::history(connection, context, asked.metric, by_hour).await?.items
    } else {
        Vec::new()
    };
    Ok(Drill {
        number,
        earlier,
        past,
        rows,
        rows_missing: None,
        scope,
        sort: asked.sort,
        base_currency: context.business.base_currency,
        as_of: context.zone.local(now),
    })
}

/// What was looked at before, if it was another number.
async fn earlier(
    connection: &mut PgConnection,
    context: &Context,
    asked: &DrillRequest,
    foreign: bool,
    number: &Tile,
    now: DateTime<Utc>,
) -> Result<Option<Earlier>, AppError> {
    let Some(seen) = asked.seen else { return Ok(None) };
    let Some(value) = history::one(connection, context, asked.metric, asked.scope, seen).await? else {
        return Ok(None);
    };
    if (value.value, value.row_count) == (number.value, number.row_count) {
        return Ok(None);
    }
    let changed = if asked.metric.drill_kind() == DrillKind::Facts {
        let since = value.computed_at.to_utc() - UNDER_WAY;
        let rows =
            sums::changed_facts(connection, &question(context, asked, foreign, false, now), since, CHANGED).await?;
        rows.into_iter().map(|row| fact(context, row)).collect()
    } else {
        Vec::new()
    };
    Ok(Some(Earlier { value, changed }))
}

/// Whether a row of the window is in another currency; of visitors and products nobody asks.
async fn has_foreign(
    connection: &mut PgConnection,
    context: &Context,
    asked: &DrillRequest,
    now: DateTime<Utc>,
) -> Result<bool, AppError> {
    match asked.metric {
        // They are few.
        MetricKey::Held => return Ok(true),
        metric if matches!(metric.drill_kind(), DrillKind::Visitors | DrillKind::Products) => return Ok(false),
        _ => {}
    }
    let window = window(context, asked, now);
    let windows = std::slice::from_ref(&window);
    Ok(match asked.orders {
        // Telling customers apart would cost more than all the rest.
        OrderSet::Recognised => {
            let figures = sums::figures_with_customers(connection, context.books(), windows, |_| false).await?;
            figures.iter().any(|f| f.foreign)
        }
        OrderSet::All => sums::all_orders(connection, context.books(), windows).await?.iter().any(|o| o.foreign),
    })
}

async fn page_of(
    connection: &mut PgConnection,
    context: &Context,
    asked: &DrillRequest,
    foreign: bool,
    counted: bool,
    now: DateTime<Utc>,
) -> Result<DrillRows, AppError> {
    let query = question(context, asked, foreign, counted, now);
    Ok(match asked.metric.drill_kind() {
        DrillKind::Facts => DrillRows::Facts(page(sums::facts(connection, &query).await?, |row| fact(context, row))?),
        DrillKind::Buyers => DrillRows::Buyers(page(sums::buyers(connection, &query).await?, |row| BuyerRow {
            customer_id: CustomerId(row.customer_id),
            customer: row.customer,
            orders: row.orders,
            amount: row.amount.normalize(),
        })?),
        DrillKind::Visitors => {
            DrillRows::Visitors(page(sums::visitors(connection, &query).await?, |row| VisitorRow {
                visitor: row.visitor,
                first_visit_at: context.zone.local(row.first_visit_at),
                visits: row.visits,
                source: row.source,
                ordered: row.ordered,
            })?)
        }
        DrillKind::Products => {
            let threshold = standing::reorder_threshold(connection).await?;
            let found = sums::low_products(connection, &query, threshold).await?;
            DrillRows::Products(page(found, |row| standing::product(row, threshold))?)
        }
    })
}

/// The products of which the least is available.
///
/// # Errors
/// When a statement fails.
pub async fn lowest(
    connection: &mut PgConnection,
    context: &Context,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Vec<ProductRow>, AppError> {
    let asked = DrillQuery { limit: Some(limit.to_string()), ..DrillQuery::default() };
    let asked = asked.resolve(MetricKey::LowStock, context.zone.day_of(now)).map_err(AppError::validation)?;
    match page_of(connection, context, &asked, false, false, now).await? {
        DrillRows::Products(page) => Ok(page.items),
        _ => Ok(Vec::new()),
    }
}

/// Of the days asked for, or of this moment.
fn window(context: &Context, asked: &DrillRequest, now: DateTime<Utc>) -> Window {
    if asked.metric.is_of_now() { standing::range(asked.metric, now) } else { context.window(asked.scope) }
}

fn question<'a>(
    context: &'a Context,
    asked: &'a DrillRequest,
    foreign: bool,
    counted: bool,
    now: DateTime<Utc>,
) -> Asked<'a> {
    Asked {
        metric: asked.metric,
        // Visitors are those of the page's rule, whatever orders the figure counts: as in its number.
        orders: match asked.metric.drill_kind() {
            DrillKind::Visitors => asked.scope.basis.order_set(),
            DrillKind::Facts | DrillKind::Buyers | DrillKind::Products => asked.orders,
        },
        window: window(context, asked, now),
        books: context.books(),
        foreign,
        q: asked.q.as_deref(),
        sort: asked.sort,
        cursor: asked.cursor.as_deref(),
        limit: asked.limit,
        counted,
    }
}

fn page<T, R>(found: Option<Found<T>>, row: impl FnMut(T) -> R) -> Result<Page<R>, AppError> {
    let Some(found) = found else {
        return Err(AppError::field("cursor", "This is not a cursor of this list; start at the first page."));
    };
    Ok(Page { items: found.rows.into_iter().map(row).collect(), next_cursor: found.next_cursor, total: found.total })
}

fn fact(context: &Context, row: FactFields) -> FactRow {
    let kind = row.fact_kind();
    FactRow {
        kind,
        transaction_id: row.transaction_id.map(TransactionId),
        refund_id: (kind == FactKind::RefundLine).then_some(RefundId(row.fact_id)),
        line_no: row.line_no,
        number: row.number,
        external_ref: row.external_ref,
        at: context.zone.local(row.at),
        customer: row.customer,
        status: row.status,
        amount: Money::new(row.amount, row.currency.parse().unwrap_or(context.business.base_currency)),
        base_amount: row.base_amount.map(|amount| amount.normalize()),
    }
}

/// Rows of an export batch by batch, all from the caller's one transaction.
#[derive(Debug)]
pub struct RowSource {
    context: Context,
    request: DrillRequest,
    foreign: bool,
    now: DateTime<Utc>,
    finished: bool,
    /// Rows of the whole filter.
    pub total: i64,
}

/// Rows read at once.
const BATCH: u32 = 1_000;

impl RowSource {
    /// Reads filter and order of `pairs`, as on the drill page, and counts.
    ///
    /// # Errors
    /// `not_found` for an unknown figure, `forbidden` for one of another feature, `validation` of the filter; else when
    /// a statement fails.
    pub async fn open(
        connection: &mut PgConnection,
        who: &Principal,
        pairs: &[(String, String)],
        now: DateTime<Utc>,
    ) -> Result<Self, AppError> {
        let mut context = Context::read(connection).await?;
        let metric = pairs.iter().find(|(name, _)| name == "metric").map_or("", |(_, value)| value);
        let metric = super::metric(who, metric)?;
        let query = DrillQuery { cursor: None, limit: None, ..DrillQuery::parse(pairs.to_vec()) };
        let mut request = query.resolve(metric, context.zone.day_of(now)).map_err(AppError::validation)?;
        context.check_hour(request.scope)?;
        context.without_fraud = request.scope.clean;
        request.limit = 1;
        let foreign = has_foreign(connection, &context, &request, now).await?;
        let total = page_of(connection, &context, &request, foreign, true, now).await?.total();
        request.limit = BATCH;
        Ok(Self { context, request, foreign, now, finished: false, total })
    }

    #[must_use]
    pub const fn zone(&self) -> BusinessZone {
        self.context.zone
    }

    /// Filter and order as the page's query.
    #[must_use]
    pub fn filter(&self) -> String {
        let DrillRequest { metric, scope, q, sort, .. } = &self.request;
        let (from, to) = (scope.days.from.to_string(), scope.days.to.to_string());
        let mut pairs = vec![
            ("metric", metric.as_str()),
            ("from", &from),
            ("to", &to),
            ("basis", scope.basis.as_str()),
            ("sort", sort.as_str()),
        ];
        let hour = scope.hour.map(|hour| hour.to_rfc3339_opts(SecondsFormat::Secs, true));
        pairs.extend(hour.as_deref().map(|hour| ("hour", hour)));
        pairs.extend(scope.clean.then_some(("clean", "1")));
        pairs.extend(q.as_deref().map(|q| ("q", q)));
        domain::query::write(pairs)
    }

    #[must_use]
    pub fn headings(&self) -> Vec<&'static str> {
        match self.request.metric.drill_kind() {
            DrillKind::Facts => {
                vec![
                    "kind",
                    "number",
                    "external_ref",
                    "time",
                    "customer",
                    "status",
                    "currency",
                    "amount",
                    "base_amount",
                    "transaction_id",
                ]
            }
            DrillKind::Buyers => vec!["customer", "orders", "amount", "customer_id"],
            DrillKind::Visitors => vec!["visitor", "first_visit_at", "visits", "source", "ordered"],
            DrillKind::Products => {
                vec!["sku", "name", "site", "on_hand", "reserved", "available", "level", "product_id"]
            }
        }
    }

    /// The next rows; empty at the end.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn batch(&mut self, connection: &mut PgConnection) -> Result<Vec<Vec<Cell>>, AppError> {
        if self.finished {
            return Ok(Vec::new());
        }
        let rows = page_of(connection, &self.context, &self.request, self.foreign, false, self.now).await?;
        self.request.cursor = rows.next_cursor().map(str::to_owned);
        self.finished = self.request.cursor.is_none();
        Ok(match rows {
            DrillRows::Facts(page) => page.items.into_iter().map(fact_cells).collect(),
            DrillRows::Buyers(page) => page
                .items
                .into_iter()
                .map(|row| {
                    vec![
                        Cell::Text(row.customer),
                        Cell::Whole(row.orders),
                        Cell::Money(row.amount),
                        Cell::Text(row.customer_id.to_string()),
                    ]
                })
                .collect(),
            DrillRows::Visitors(page) => page
                .items
                .into_iter()
                .map(|row| {
                    let ordered = if row.ordered { "yes" } else { "no" };
                    vec![
                        Cell::Text(row.visitor),
                        Cell::Time(row.first_visit_at),
                        Cell::Whole(row.visits),
                        text(row.source),
                        Cell::Text(ordered.into()),
                    ]
                })
                .collect(),
            DrillRows::Products(page) => page.items.into_iter().map(product_cells).collect(),
        })
    }
}

fn text(text: Option<String>) -> Cell {
    text.map_or(Cell::Empty, Cell::Text)
}

fn product_cells(row: ProductRow) -> Vec<Cell> {
    vec![
        Cell::Text(row.sku),
        Cell::Text(row.name),
        Cell::Text(row.site),
        Cell::Number(row.on_hand),
        Cell::Number(row.reserved),
        Cell::Number(row.available),
        Cell::Text(row.level.label().to_lowercase()),
        Cell::Text(row.product_id.to_string()),
    ]
}

fn fact_cells(row: FactRow) -> Vec<Cell> {
    vec![
        Cell::Text(row.kind.label().to_lowercase()),
        row.number.map_or(Cell::Empty, Cell::Whole),
        text(row.external_ref),
        Cell::Time(row.at),
        Cell::Text(row.customer),
        Cell::Text(row.status),
        Cell::Text(row.amount.currency.to_string()),
        Cell::Money(row.amount.amount),
        row.base_amount.map_or(Cell::Empty, Cell::Money),
        text(row.transaction_id.map(|id| id.to_string())),
    ]
}
