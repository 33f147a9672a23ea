//! Days summed up and kept (`overview.md` 3.5): computed from their rows, compared with what is kept, and
//! written only where they differ.

use super::measure::Context;
use crate::backend::Backend;
use async_trait::async_trait;
use chrono::{DateTime, Days, Duration, NaiveDate, TimeDelta, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    live::Topic,
    overview::{MAX_DAYS, ScopeQuery, SummaryDay, SummaryPort, SummaryQuery},
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::{collections::BTreeSet, fmt};
use store::overview::{self as sums, DayFigures, DayReader, DirtyDay, SummaryRow, Window};

/// After its end a day waits this long before it counts as closed: a sale of its last second may still be
/// on the way to its commit, and is no correction.
pub(crate) const SETTLING: TimeDelta = Duration::minutes(5);

/// Keeps `ops.kpi_summary` and `ops.kpi_quarter_hours`.
pub struct SummaryService {
    backend: Backend,
}

impl fmt::Debug for SummaryService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummaryService").finish_non_exhaustive()
    }
}

/// What a computation of some days found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SummedUp {
    /// Days whose figures are other than before, or were not kept before.
    pub changed: Vec<NaiveDate>,
    /// Those of them that were closed already: their revision rose.
    pub revised: Vec<NaiveDate>,
    /// Those of the revised that no writer had named: a fault of a writer, or of an exchange rate that came late.
    pub unexplained: Vec<NaiveDate>,
    /// Quarters of an hour that changed.
    pub quarter_hours: i64,
}

impl SummedUp {
    pub fn add(&mut self, more: Self) {
        self.changed.extend(more.changed);
        self.revised.extend(more.revised);
        self.unexplained.extend(more.unexplained);
        self.quarter_hours += more.quarter_hours;
    }
}

impl SummaryService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Today, yesterday, the closed days that late facts touched, and those that were summed up last before their
    /// end (no job ran since), newest first.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn due_days(&self) -> Result<Vec<NaiveDate>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut connection).await?;
        let today = context.zone.day_of(self.backend.clock.now());
        let mut days = BTreeSet::from([today, today - Days::new(1)]);
        for dirty in sums::dirty_days(&mut connection, DayReader::Summary).await? {
            days.extend(meant(&dirty, context.zone.name()));
        }
        let first = today - Days::new(MAX_DAYS.unsigned_abs());
        let kept = sums::summary(&mut connection, context.books(), first, today).await?;
        days.extend(kept.iter().filter(|row| !row.is_final).map(|row| row.day));
        Ok(days.into_iter().rev().filter(|day| *day <= today).collect())
    }

    /// The last `n` days including today, newest first.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn last_days(&self, n: u16) -> Result<Vec<NaiveDate>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let today = Context::read(&mut connection).await?.zone.day_of(self.backend.clock.now());
        Ok((0..u64::from(n)).map(|back| today - Days::new(back)).collect())
    }

    /// Computes `days` from their rows, in one transaction and from one state of the database, and writes what
    /// is other than kept.
    ///
    /// # Errors
    /// When a statement fails; then nothing is written.
    pub async fn sum_up(&self, days: &[NaiveDate]) -> Result<SummedUp, AppError> {
        let now = self.backend.clock.now();
        let mut tx = sums::begin_summary(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut tx).await?;
        sums::drop_other_books(&mut tx, context.books()).await?;
        let named = sums::dirty_days(&mut tx, DayReader::Summary).await?;
        let mut found = write_days(&mut tx, &context, days, &named, now).await?;
        for window in stretches(&context, days) {
            found.quarter_hours += sums::sum_up_quarter_hours(&mut tx, context.books(), &window, now).await?;
        }
        let zone = context.zone.name();
        let done: Vec<i64> =
            named.iter().filter(|d| meant(d, zone).all(|day| days.contains(&day))).map(|d| d.id).collect();
        if !done.is_empty() {
            sums::clear_days(&mut tx, &done).await?;
        }
        if !found.changed.is_empty() {
            store::live::emit(&mut tx, Topic::Metric, "kpi_summary").await?;
        }
        store::commit(tx).await?;
        Ok(found)
    }
}

/// The days that a name stands for: of another zone, those that share hours with it.
fn meant(named: &DirtyDay, zone: &str) -> impl Iterator<Item = NaiveDate> + use<> {
    let around = if named.zone == zone { 0 } else { 1 };
    let first = named.day - Days::new(around);
    (0..=2 * around).map(move |n| first + Days::new(n))
}

/// Days that a name not yet worked off by `reader` stands for.
pub(crate) async fn dirty(
    connection: &mut PgConnection,
    zone: &str,
    reader: DayReader,
) -> Result<BTreeSet<NaiveDate>, AppError> {
    Ok(sums::dirty_days(connection, reader).await?.iter().flat_map(|named| meant(named, zone)).collect())
}

/// Whether `window` is over for good at `now`.
pub(super) fn is_closed(window: &Window, now: DateTime<Utc>) -> bool {
    now >= window.end + SETTLING
}

/// Length of a window.
pub(super) fn hours(window: &Window) -> Decimal {
    (Decimal::from((window.end - window.start).num_seconds()) / Decimal::from(3_600)).round_dp(2)
}

async fn write_days(
    connection: &mut PgConnection,
    context: &Context,
    days: &[NaiveDate],
    named: &[DirtyDay],
    now: DateTime<Utc>,
) -> Result<SummedUp, AppError> {
    let mut found = SummedUp::default();
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Ok(found) };
    let books = context.books();
    let kept = sums::summary(connection, books, *first, *last).await?;
    let explained: BTreeSet<NaiveDate> = named.iter().flat_map(|d| meant(d, books.zone)).collect();
    let windows: Vec<Window> = days.iter().map(|day| context.zone.day_range(*day)).collect();
    let computed = sums::day_figures(connection, books, &windows).await?;
    let with_visits = now - Duration::days(store::jobs::VISITS_KEPT_DAYS);
    for ((day, window), figures) in days.iter().copied().zip(windows).zip(computed) {
        let old = kept.iter().find(|row| row.day == day);
        let figures = match old {
            Some(old) if window.start < with_visits => without_visits(figures, &old.figures),
            _ => figures,
        };
        let other = old.is_none_or(|old| old.figures != figures);
        let is_final = is_closed(&window, now);
        if !other && old.is_some_and(|old| old.is_final == is_final) {
            continue;
        }
        let revised = old.is_some_and(|old| old.is_final && standing(&old.figures) != standing(&figures));
        let row = SummaryRow {
            day,
            hours: hours(&window),
            window,
            figures,
            is_final,
            revision: old.map_or(1, |old| old.revision) + i32::from(revised),
            revised_at: if revised { Some(now) } else { old.and_then(|old| old.revised_at) },
            computed_at: old.filter(|_| !other).map_or(now, |old| old.computed_at),
        };
        sums::put_summary(connection, books, &row).await?;
        if other {
            found.changed.push(day);
        }
        if revised {
            found.revised.push(day);
            if !explained.contains(&day) {
                found.unexplained.push(day);
            }
        }
    }
    Ok(found)
}

/// Of a day whose visits are no longer kept in rows: what was known of them stays.
const fn without_visits(computed: DayFigures, known: &DayFigures) -> DayFigures {
    DayFigures {
        visitors: known.visitors,
        buyers_visited: known.buyers_visited,
        buyers_not_visited: known.buyers_not_visited,
        ..computed
    }
}

/// What of a closed day stands still. A review may end on any later day, and is no correction.
const fn standing(figures: &DayFigures) -> DayFigures {
    DayFigures { orders_held: 0, ..*figures }
}

/// Windows of the days that follow one another.
fn stretches(context: &Context, days: &[NaiveDate]) -> Vec<Window> {
    let mut ordered = days.to_vec();
    ordered.sort_unstable();
    ordered
        .chunk_by(|a, b| *b <= *a + Days::new(1))
        .filter_map(|run| Some(context.zone.days_range(*run.first()?, *run.last()?)))
        .collect()
}

#[async_trait]
impl SummaryPort for SummaryService {
    async fn summary(&self, who: &Principal, query: &SummaryQuery) -> Result<Vec<SummaryDay>, AppError> {
        who.require(Permission::OverviewView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let context = Context::read(&mut tx).await?;
        let query = ScopeQuery {
            period: (query.from.is_none() && query.to.is_none()).then(|| "30d".to_owned()),
            from: query.from.clone(),
            to: query.to.clone(),
            ..ScopeQuery::default()
        };
        let scope = query.resolve(context.zone.day_of(self.backend.clock.now())).map_err(AppError::validation)?;
        let rows = sums::summary(&mut tx, context.books(), scope.days.from, scope.days.to).await?;
        Ok(rows.into_iter().map(|row| shown(&context, row)).collect())
    }
}

fn shown(context: &Context, row: SummaryRow) -> SummaryDay {
    let f = row.figures;
    SummaryDay {
        day: row.day,
        zone: context.zone.name().to_owned(),
        currency: context.business.base_currency,
        day_start: context.zone.local(row.window.start),
        day_end: context.zone.local(row.window.end),
        hours: row.hours.normalize(),
        revenue_net: f.revenue_net.normalize(),
        revenue_gross: f.revenue_gross.normalize(),
        refunds: f.refunds.normalize(),
        amount_all: f.amount_all.normalize(),
        orders: f.orders,
        orders_all: f.orders_all,
        orders_held: f.orders_held,
        refund_rows: f.refund_rows,
        active_customers: f.active_customers,
        orders_without_customer: f.orders_without_customer,
        visitors: f.visitors,
        buyers_visited: f.buyers_visited,
        buyers_not_visited: f.buyers_not_visited,
        rows_without_rate: f.rows_without_rate,
        demo_rows: f.demo_rows,
        is_final: row.is_final,
        revision: row.revision,
        computed_at: context.zone.local(row.computed_at),
    }
}
