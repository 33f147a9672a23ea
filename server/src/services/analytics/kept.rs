//! Which days a view may answer for.

use crate::services::overview::{Context, dirty};
use chrono::NaiveDate;
use domain::{AppError, overview::DayRange};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use store::{
    analytics::{self as sums, Piece},
    overview::DayReader,
};

/// The days that stand still in some views.
#[derive(Debug)]
pub struct KeptDays {
    /// Days before this one are in all of the views; `None`: a view is of other books, or was never made.
    closed_before: Option<NaiveDate>,
    /// Late facts touched them since.
    named: BTreeSet<NaiveDate>,
}

impl KeptDays {
    /// `by_category`: what the view says depends on the categories that products are of.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn read(
        connection: &mut PgConnection,
        context: &Context,
        view: &str,
        by_category: bool,
    ) -> Result<Self, AppError> {
        // Views are made with the sales that turned out to be fraud.
        if context.without_fraud {
            return Ok(Self { closed_before: None, named: BTreeSet::new() });
        }
        let books = context.books();
        let known = sums::refreshed(connection, &[view]).await?;
        let closed_before = known
            .iter()
            .find(|r| r.zone == books.zone && r.currency == books.currency.as_str())
            .filter(|r| r.same_catalogue || !by_category)
            .map(|r| r.closed_before);
        let named = dirty(connection, books.zone, DayReader::Views).await?;
        Ok(Self { closed_before, named })
    }

    /// The view has the day as it is.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.closed_before.is_some_and(|end| day < end) && !self.named.contains(&day)
    }

    /// `days` as stretches that the view has, and stretches that it has not.
    pub fn pieces(&self, context: &Context, slot: i32, days: DayRange) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for day in days.iter() {
            let kept = self.holds(day);
            match pieces.last_mut() {
                Some(piece) if piece.kept == kept => piece.days.1 = day,
                _ => pieces.push(Piece { slot, window: context.zone.day_range(day), days: (day, day), kept }),
            }
        }
        for piece in &mut pieces {
            piece.window = context.zone.days_range(piece.days.0, piece.days.1);
        }
        pieces
    }
}
