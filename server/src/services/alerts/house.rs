//! What the program notices of itself: schedules that were missed, a disk that fills, rows outside their partition, a
//! database that was started again.

use super::signals::{self, Ended, Signal};
use crate::{
    access,
    backend::Backend,
    health::{Space, space_of},
    services::overview::rhythm::{Rhythm, rhythms},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::Principal,
    alerts::{AlertKind, Resolution, Severity, kind_of},
    format,
    overview::source::SourceState,
    query,
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use store::alerts::{self as rows, metrics};

/// A program that was away has so long to catch up before schedules count as missed.
const CATCHING_UP: Duration = Duration::minutes(10);

/// So far back names that are held are looked for; what was told already is not told again.
const HELD_LOOK: Duration = Duration::minutes(15);

/// Watches the program's own house.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// Lies on the disk that is watched.
    folder: Option<Arc<PathBuf>>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What this process has seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    first_look: DateTime<Utc>,
    /// When the database was started.
    started: DateTime<Utc>,
}

fn known(alert_type: &str) -> Result<&'static AlertKind, AppError> {
    kind_of(alert_type).ok_or_else(AppError::internal)
}

impl House {
    #[must_use]
    pub fn holding(folder: &Path) -> Self {
        Self { folder: Some(Arc::new(folder.to_owned())), ..Self::default() }
    }

    /// Opens alerts of what is wrong, and ends those of what is not any more.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn look(&self, backend: &Backend, who: &Principal) -> Result<(), AppError> {
        let now = backend.clock.now();
        let mut connection = store::acquire(&backend.pools.jobs).await?;
        let zone = store::settings::business(&mut connection).await?.zone;
        let missed = missed(&rhythms(&mut connection, &zone, now).await?, now)?;
        let astray = metrics::rows_astray(&mut connection).await?;
        let started = metrics::database_started(&mut connection).await?;
        drop(connection);

        let before = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first_look = before.map_or(now, |seen| seen.first_look);
        // A disk behind a network that hangs must not hang with a transaction open.
        let space = self.space().await;
        let mut tx = store::begin(&backend.pools.jobs).await?;
        if now - first_look >= CATCHING_UP {
            settle(&mut tx, backend, who, "schedule_missed", missed).await?;
        }
        settle(&mut tx, backend, who, "partition_default", outside(&astray)?).await?;
        if let Some(space) = space {
            let open = rows::open_of(&mut tx, "disk_low").await?.pop().and_then(|(_, rank)| Severity::of_rank(rank));
            settle(&mut tx, backend, who, "disk_low", full(space.free_bytes, space.total_bytes, open)?).await?;
        }
        held_names(&mut tx, backend, who, now).await?;
        // It is told only of the database that this program saw running: who starts both has no need to hear it.
        if before.is_some_and(|seen| seen.started != started) {
            let message = "Connections were cut, and what was not committed is gone. Find out why if nobody did it.";
            let signal = Signal::of(known("database_restarted")?, Severity::Medium, "database", "Database")
                .saying("The database was started again", message)
                .acting("/system");
            signals::raise(&mut tx, backend.clock.as_ref(), who.label(), &signal).await?;
        }
        store::commit(tx).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { first_look, started });
        Ok(())
    }

    /// `None`: the disk does not say.
    async fn space(&self) -> Option<Space> {
        let folder = self.folder.clone()?;
        tokio::task::spawn_blocking(move || space_of(&folder)).await.ok().flatten()
    }
}

/// Less than 15 % of the disk is free, or less than 5 %; what is open ends, and is no longer grave, 2 % above that.
fn full(free: u64, total: u64, open: Option<Severity>) -> Result<Vec<Signal>, AppError> {
    let share = Decimal::from(free) / Decimal::from(total.max(1)) * Decimal::ONE_HUNDRED;
    let below = |limit: i64, holds: bool| share < Decimal::from(if holds { limit + 2 } else { limit });
    let severity = if below(5, open == Some(Severity::Critical)) {
        Severity::Critical
    } else if below(15, open.is_some()) {
        Severity::Medium
    } else {
        return Ok(Vec::new());
    };
    let free = format::percent(share / Decimal::ONE_HUNDRED, 1);
    let message = "When it is full, a database on it stops and nothing can be recorded. Free some space or enlarge it.";
    let mut signal = Signal::of(known("disk_low")?, severity, "data", "Disk of the data folder")
        .saying(format!("Disk: {free} free"), message)
        .acting("/system");
    (signal.value, signal.threshold) = (Some(share.round_dp(1)), Some(Decimal::from(15)));
    signal.unit = Some("%".to_owned());
    Ok(vec![signal])
}

/// Schedules that were not seen to succeed for two periods and what a run takes.
fn missed(rhythms: &[Rhythm], now: DateTime<Utc>) -> Result<Vec<Signal>, AppError> {
    let kind = known("schedule_missed")?;
    let missing = rhythms.iter().filter(|rhythm| rhythm.enabled && rhythm.state(now) == SourceState::Missing);
    let signal = |rhythm: &Rhythm| {
        let why = rhythm.error_message.as_ref().map(|why| format!(" The last run said: {why}")).unwrap_or_default();
        let message = format!("It has not succeeded for two of its periods; what it keeps up to date is old.{why}");
        Signal::of(kind, Severity::High, &rhythm.id, &rhythm.title)
            .saying(format!("{}: missed", rhythm.title), message)
            .acting(format!("/jobs?schedule={}", rhythm.id))
    };
    Ok(missing.map(signal).collect())
}

/// Rows that lie in the partition for what has none of its own.
fn outside(tables: &[String]) -> Result<Vec<Signal>, AppError> {
    let kind = known("partition_default")?;
    let signal = |table: &String| {
        let message = "Rows lie outside the partitions of their months: reading by time has to look at them every time. \
                       Look for dates that cannot be, then make the missing partitions.";
        Signal::of(kind, Severity::Medium, table, table)
            .saying(format!("Rows without a partition: {table}"), message)
            .acting("/jobs?schedule=partition_ensure")
    };
    Ok(tables.iter().map(signal).collect())
}

/// Names that too many wrong passwords came for since the last look. Found here and not while somebody waits at the door:
/// an answer must not take longer for a name that exists.
async fn held_names(
    connection: &mut PgConnection,
    backend: &Backend,
    who: &Principal,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let kind = known("account_held")?;
    for user in metrics::held_names(connection, access::HELD, now - HELD_LOOK).await? {
        let message = "So many wrong passwords came for one name that unknown addresses are not let try any more for a \
                       quarter of an hour. Ask the person; look at the audit log for where they came from.";
        let path = format!("/audit?{}", query::write([("entity", format!("user/{}", user.id).as_str())]));
        // The title goes out of the house: it names nobody.
        let signal = Signal::of(kind, Severity::Medium, user.id.to_string(), user.name)
            .saying("Sign-in held for one name", message)
            .acting(path);
        signals::raise(connection, backend.clock.as_ref(), who.label(), &signal).await?;
    }
    Ok(())
}

/// The open alerts of a type become these: what is open already keeps up with its figures, and is not told again unless it
/// is graver.
async fn settle(
    connection: &mut PgConnection,
    backend: &Backend,
    who: &Principal,
    alert_type: &str,
    now: Vec<Signal>,
) -> Result<(), AppError> {
    let clock = backend.clock.as_ref();
    let open = rows::open_of(connection, alert_type).await?;
    for signal in &now {
        let there = open.iter().find(|(key, _)| *key == signal.key());
        if there.is_none_or(|(_, rank)| *rank < signal.severity.rank()) {
            signals::raise(connection, clock, who.label(), signal).await?;
        } else {
            signals::measured(connection, clock, who.label(), signal).await?;
        }
    }
    for (key, _) in open.iter().filter(|(key, _)| now.iter().all(|signal| signal.key() != *key)) {
        let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
        signals::clear(connection, clock, key, ended).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_low_below_fifteen_and_grave_below_five_per_cent() {
        let severity = |free: u64| full(free, 1_000, None).unwrap().first().map(|signal| signal.severity);
        assert_eq!(
            [150, 149, 50, 49, 0].map(severity),
            [None, Some(Severity::Medium), Some(Severity::Medium), Some(Severity::Critical), Some(Severity::Critical)]
        );
        let open = |free: u64, open| full(free, 1_000, Some(open)).unwrap().first().map(|signal| signal.severity);
        assert_eq!(
            [69, 70].map(|free| open(free, Severity::Critical)),
            [Severity::Critical, Severity::Medium].map(Some)
        );
        assert_eq!([169, 170].map(|free| open(free, Severity::Medium)), [Some(Severity::Medium), None]);
        assert_eq!(open(51, Severity::Medium), Some(Severity::Medium), "it was not that grave");
        let signal = full(42, 1_000, None).unwrap().remove(0);
        assert_eq!((signal.title.as_str(), signal.value), ("Disk: 4.2\u{a0}% free", Some(Decimal::new(42, 1))));
    }
}
