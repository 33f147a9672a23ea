//! Schedules against their promise: when each was to succeed, and whether it did.

use crate::jobs::timing_of;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    overview::source::{SourceState, intervals_missed},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use store::schedules::{ScheduleRow, Standing, list, standings};
use uuid::Uuid;

/// From a due time to the start of its run: the scheduler ticks each second, a worker looks as often.
const START_SECONDS: i64 = 5;

/// A schedule and how it keeps its time.
#[derive(Debug, Clone)]
pub struct Rhythm {
    pub id: String,
    pub title: String,
    pub feature: String,
    pub enabled: bool,
    pub last_success_at: Option<DateTime<Utc>>,
    pub next_due_at: Option<DateTime<Utc>>,
    /// The promised interval; `None` when its rhythm cannot be read.
    pub period_seconds: Option<i64>,
    /// What a run usually takes, with its way to the worker.
    pub grace_seconds: i64,
    pub rows: Option<i64>,
    /// The latest run, if it failed.
    pub failed_run: Option<Uuid>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub failed_since: Option<DateTime<Utc>>,
    first_due_at: Option<DateTime<Utc>>,
}

/// All schedules, by group and id.
///
/// # Errors
/// When a statement fails.
pub async fn rhythms(
    connection: &mut PgConnection,
    business_zone: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Rhythm>, AppError> {
    let rows = list(&mut *connection).await?;
    let mut told: BTreeMap<_, _> = standings(connection).await?.into_iter().map(|s| (s.schedule.clone(), s)).collect();
    let rhythms = rows.into_iter().filter_map(|row| {
        let standing = told.remove(&row.id)?;
        Some(rhythm(row, standing, business_zone, now))
    });
    Ok(rhythms.collect())
}

fn rhythm(row: ScheduleRow, standing: Standing, business_zone: &str, now: DateTime<Utc>) -> Rhythm {
    let from = row.last_success_at.unwrap_or(now);
    let period = timing_of(&row, business_zone).ok().and_then(|timing| timing.period_after(from));
    #[allow(clippy::cast_possible_truncation, reason = "a length of time in whole seconds")]
    let usual = standing.p95_seconds.unwrap_or_default().clamp(0.0, 86_400.0).ceil() as i64;
    Rhythm {
        id: row.id,
        title: row.title,
        feature: row.owner_feature,
        enabled: row.enabled,
        last_success_at: row.last_success_at,
        next_due_at: row.next_due_at,
        period_seconds: period.map(|p| p.num_seconds()).filter(|seconds| *seconds > 0),
        grace_seconds: usual + START_SECONDS + i64::from(row.jitter_seconds),
        rows: standing.rows,
        failed_run: standing.failed_run,
        error_code: standing.error_code,
        error_message: standing.error_message,
        failed_since: standing.failed_since,
        first_due_at: standing.first_due_at.or(row.next_due_at.filter(|due| *due < now)),
    }
}

impl Rhythm {
    fn period(&self) -> Duration {
        Duration::seconds(self.period_seconds.unwrap_or_default())
    }

    /// From when its age counts. One that never succeeded counts from an interval before it was due first;
    /// `None`: it was not due yet.
    #[must_use]
    pub fn counted_from(&self) -> Option<DateTime<Utc>> {
        self.last_success_at.or_else(|| Some(self.first_due_at? - self.period()))
    }

    fn age_seconds(&self, now: DateTime<Utc>) -> Option<i64> {
        Some((now - self.counted_from()?).num_seconds().max(0))
    }

    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> SourceState {
        match (self.enabled, self.period_seconds, self.age_seconds(now)) {
            (false, ..) | (_, None, _) => SourceState::Off,
            (true, Some(_), None) => SourceState::OnTime,
            (true, Some(period), Some(age)) => SourceState::of(age, period, self.grace_seconds),
        }
    }

    /// Intervals missed in a row.
    #[must_use]
    pub fn missed(&self, now: DateTime<Utc>) -> i64 {
        match (self.enabled, self.period_seconds, self.age_seconds(now)) {
            (true, Some(period), Some(age)) => intervals_missed(age, period, self.grace_seconds),
            _ => 0,
        }
    }

    /// When it should have succeeded and did not.
    #[must_use]
    pub fn due_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.counted_from().map_or(now, |from| from + self.period()).min(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::seconds(seconds)
    }

    fn minute_job(last_success_at: Option<DateTime<Utc>>, first_due_at: Option<DateTime<Utc>>) -> Rhythm {
        Rhythm {
            id: "expire".to_owned(),
            title: "Expire".to_owned(),
            feature: "transactions".to_owned(),
            enabled: true,
            last_success_at,
            next_due_at: None,
            period_seconds: Some(60),
            grace_seconds: 6,
            rows: None,
            failed_run: None,
            error_code: None,
            error_message: None,
            failed_since: None,
            first_due_at,
        }
    }

    #[test]
    fn two_intervals_and_the_usual_length_of_a_run_without_success_are_missing() {
        let rhythm = minute_job(Some(at(0)), Some(at(-600)));
        assert_eq!(
            [66, 67, 126, 127].map(|s| rhythm.state(at(s))),
            [SourceState::OnTime, SourceState::Late, SourceState::Late, SourceState::Missing]
        );
        assert_eq!((rhythm.missed(at(66)), rhythm.missed(at(127)), rhythm.due_since(at(127))), (0, 2, at(60)));
        let off = Rhythm { enabled: false, ..rhythm };
        assert_eq!((off.state(at(9_999)), off.missed(at(9_999))), (SourceState::Off, 0));
    }

    #[test]
    fn one_that_never_succeeded_counts_from_its_first_due_time() {
        let new = minute_job(None, None);
        assert_eq!((new.state(at(9_999)), new.missed(at(9_999))), (SourceState::OnTime, 0), "it was not due yet");
        let never = minute_job(None, Some(at(0)));
        assert_eq!(never.state(at(6)), SourceState::OnTime);
        assert_eq!((never.state(at(67)), never.due_since(at(67))), (SourceState::Missing, at(0)));
    }
}
