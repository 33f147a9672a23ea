//! The materialised views: refreshed one at a time, and only when a day closed, late facts touched a closed one, or
//! they are of other books. The running day is never in them, so a sale of now makes none of them old.

use crate::{
    backend::Backend,
    services::overview::{Context, SETTLING},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{AppError, overview::DayRange};
use std::fmt;
use store::{
    analytics::{self as sums, CalendarHour},
    overview::{self, DayReader},
};

/// The views made of the calendar, in the order of their refreshing.
pub const VIEWS: [&str; 3] = ["hourly_sales_mv", "top_products_mv", "category_performance_mv"];
/// Hours written at once.
const CHUNK: usize = 20_000;

/// Keeps the views.
pub struct ViewsService {
    backend: Backend,
}

impl fmt::Debug for ViewsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewsService").finish_non_exhaustive()
    }
}

/// A refresh that has begun.
#[derive(Debug, Clone)]
pub struct Refresh {
    context: Context,
    closed_before: NaiveDate,
    now: DateTime<Utc>,
    /// Names of days that had been given before it began.
    named: Vec<i64>,
}

impl ViewsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Writes the calendar up to the last closed day; `None`: every view holds what there is.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn begin(&self) -> Result<Option<Refresh>, AppError> {
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut tx).await?;
        let closed_before = context.zone.day_of(now - SETTLING);
        let named: Vec<i64> =
            overview::dirty_days(&mut tx, DayReader::Views).await?.into_iter().map(|named| named.id).collect();
        let books = context.books();
        let current = sums::refreshed(&mut tx, &VIEWS)
            .await?
            .into_iter()
            .filter(|r| {
                r.zone == books.zone
                    && r.currency == books.currency.as_str()
                    && r.closed_before == closed_before
                    && r.same_catalogue
            })
            .count();
        if current == VIEWS.len() && named.is_empty() {
            return Ok(None);
        }
        let known = sums::calendar_days(&mut tx, books.zone).await?;
        if known.is_none() {
            sums::forget_calendar(&mut tx).await?;
        }
        sums::put_books(&mut tx, books).await?;
        if let Some(first) = overview::first_fact_at(&mut tx).await? {
            let wanted = DayRange { from: context.zone.day_of(first), to: closed_before }.iter();
            let hours: Vec<CalendarHour> = wanted
                .filter(|day| *day < closed_before)
                .filter(|day| known.is_none_or(|(first, last)| *day < first || *day > last))
                .flat_map(|day| {
                    context.zone.hours_of(day).into_iter().map(move |h| CalendarHour {
                        starts: h.start,
                        ends: h.end,
                        day,
                    })
                })
                .collect();
            for piece in hours.chunks(CHUNK) {
                sums::keep_hours(&mut tx, piece).await?;
            }
        }
        store::commit(tx).await?;
        Ok(Some(Refresh { context, closed_before, now, named }))
    }

    /// Makes one view anew.
    ///
    /// # Errors
    /// When a statement fails; then the view is as it was.
    pub async fn refresh(&self, refresh: &Refresh, view: &str) -> Result<(), AppError> {
        let mut tx = store::figures::begin(&self.backend.pools.jobs).await?;
        sums::refresh_view(&mut tx, view).await?;
        sums::put_refreshed(&mut tx, view, refresh.context.books(), refresh.closed_before, refresh.now).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// Takes away the names of the days that all views have seen.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn end(&self, refresh: &Refresh) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        overview::clear_days(&mut tx, &refresh.named).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// All of it at once.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn refresh_all(&self) -> Result<bool, AppError> {
        let Some(refresh) = self.begin().await? else { return Ok(false) };
        for view in VIEWS {
            self.refresh(&refresh, view).await?;
        }
        self.end(&refresh).await?;
        Ok(true)
    }
}
