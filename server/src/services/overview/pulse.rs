//! What everything stands on, as this process sees it: the database, the workers, and the line on which changes are
//! heard. No kept figure: it says whether there can be any.

use super::{
    seen::{DEADLINE, Seen},
    sources::Facts,
};
use crate::{backend::Backend, live::LiveBus};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{AppError, freshness::ErrorClass, overview::source::SourceKind};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Mutex as Turn, time::timeout};

/// A worker writes that it lives each half minute; it counts as gone a minute after it should have.
const HEARTBEAT_SECONDS: i64 = 30;
const HEARTBEAT_GRACE_SECONDS: i64 = 30;
/// The database is asked with every look, and every two seconds while it is away.
const PROBE_SECONDS: i64 = 2;
/// Those who look within it share an answer.
const MOMENT: Duration = Duration::from_millis(250);

/// One answer of the database.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// From asking for a connection to the answer.
    pub latency: Duration,
    /// When a worker said last that it lives.
    pub worker: Option<DateTime<Utc>>,
    /// How far this database is behind the one that is written to; `None`: it is that one.
    pub lag_seconds: Option<f64>,
}

#[derive(Default)]
struct Known {
    beat: Option<(Arc<Beat>, DateTime<Utc>)>,
    missed: Option<ErrorClass>,
    asked: Option<Instant>,
    /// When the live line was up last.
    line: Option<DateTime<Utc>>,
}

pub struct Pulse {
    backend: Backend,
    live: LiveBus,
    known: Mutex<Known>,
    turn: Turn<()>,
}

/// How old the data of an answer is.
fn behind(beat: &Beat) -> TimeDelta {
    TimeDelta::try_milliseconds((beat.lag_seconds.unwrap_or_default() * 1_000.0) as i64).unwrap_or_default()
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}

impl Pulse {
    #[must_use]
    pub fn new(backend: Backend, live: LiveBus) -> Self {
        Self { backend, live, known: Mutex::default(), turn: Turn::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database's answer of this moment, or its last one.
    pub async fn feel(&self) -> Seen<Beat> {
        if self.backend.breaker.is_open() {
            return Seen { last: self.known().beat.clone(), missed: Some(ErrorClass::Connection) };
        }
        let _mine = self.turn.lock().await;
        let now = self.backend.clock.now();
        {
            let known = self.known();
            let young = known.beat.as_ref().is_some_and(|(_, at)| (now - *at).num_milliseconds() < 1_000)
                && known.asked.is_some_and(|at| at.elapsed() < MOMENT);
            if young {
                return Seen { last: known.beat.clone(), missed: known.missed };
            }
        }
        let asked = Instant::now();
        let answered = match timeout(DEADLINE, self.ask()).await {
            Ok(Ok((worker, lag))) => Ok(Beat {
                lag_seconds: self.backend.faults.lag_seconds().map(f64::from).or(lag),
                worker,
                latency: asked.elapsed(),
            }),
            Ok(Err(error)) => Err(ErrorClass::of(&error)),
            Err(_) => Err(ErrorClass::Timeout),
        };
        self.backend.computing.record(!matches!(answered, Err(ErrorClass::Connection)), now);
        let mut known = self.known();
        known.asked = Some(asked);
        known.missed = answered.as_ref().err().copied();
        if let Ok(beat) = answered {
            known.beat = Some((Arc::new(beat), now));
        }
        Seen { last: known.beat.clone(), missed: known.missed }
    }

    async fn ask(&self) -> Result<(Option<DateTime<Utc>>, Option<f64>), AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let worker = store::health::last_heartbeat(&mut connection).await?;
        Ok((worker, store::health::replica_lag_seconds(&mut connection).await?))
    }

    /// As sources; the database's own absence is one of their facts.
    pub fn facts(&self, beat: &Seen<Beat>, now: DateTime<Utc>) -> [Facts; 3] {
        let last = beat.last.as_ref();
        let database = Facts {
            last_success: last.map(|(beat, at)| *at - behind(beat)),
            away: beat.missed == Some(ErrorClass::Connection),
            expected_seconds: Some(PROBE_SECONDS),
            error_class: beat.missed.map(|class| class.words().to_owned()),
            ..Facts::unknown("database", SourceKind::Database, "Database", "system")
        };
        let heard = last.and_then(|(beat, _)| beat.worker);
        let worker = Facts {
            last_success: heard,
            away: heard.is_none(),
            expected_seconds: Some(HEARTBEAT_SECONDS),
            grace_seconds: HEARTBEAT_GRACE_SECONDS,
            ..Facts::unknown("worker", SourceKind::Worker, "Workers", "system")
        };
        let up = self.live.connected();
        let line = Facts {
            last_success: self.line_up(now),
            away: !up,
            expected_seconds: Some(PROBE_SECONDS),
            error_class: (!up).then(|| ErrorClass::Connection.words().to_owned()),
            ..Facts::unknown("live", SourceKind::LiveBus, "Live line", "system")
        };
        [database, worker, line]
    }

    /// When the live line was up last.
    fn line_up(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut known = self.known();
        if self.live.connected() {
            known.line = Some(now);
        }
        known.line
    }
}
