//! The figures of one process.

use super::{
    Breakers, Faults, News,
    slot::{Answer, Flight, Held, Known, Slot, Standing},
    statistics::{AreaStatistics, Counters, Look},
};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    clock::Clock,
    freshness::{Class, Declaration, ErrorClass, Freshness, fits},
    ids::SnapshotId,
    money::Currency,
};
use futures::{FutureExt, future::BoxFuture};
use moka::{policy::EvictionPolicy, sync::Cache};
use rust_decimal::Decimal;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{pool::Pool, snapshots::Snapshot};
use tokio::{sync::broadcast, time::timeout};

/// Memory for values.
const MEMORY: u64 = 256 * 1024 * 1024;
/// Longest wait for a better value than the one at hand, when the data changed.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two looks whether the server that computes a value has written it down.
const AGAIN: Duration = Duration::from_millis(25);
/// Longest wait for another server; then this one counts it as a time-out.
const OTHERS: Duration = Duration::from_secs(10);

/// A value that can be kept as text, and says whether it can be true.
pub trait Figure: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `false`: it is refused and the last good one stays.
    fn is_sound(&self) -> bool {
        true
    }

    /// What of it is written down for good, under `id`; without one it is told that it was not.
    fn recorded(&mut self, id: Option<SnapshotId>) -> Option<Recorded> {
        let _ = id;
        None
    }
}

/// A figure's value as its history keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub value: Option<Decimal>,
    pub currency: Option<Currency>,
    pub row_count: i64,
    /// Facts up to then are in it.
    pub data_until: DateTime<Utc>,
}

impl Recorded {
    fn snapshot(&self, id: SnapshotId, slot: &Slot) -> Snapshot {
        let mut scope = serde_json::Map::new();
        // What it is compared with is no part of what it is.
        for (name, value) in slot.declared.scope.iter().zip(slot.scope().split(' ')).filter(|(n, _)| **n != "compare") {
            scope.insert((*name).to_owned(), value.into());
        }
        let value = serde_json::json!({ "value": self.value, "currency": self.currency });
        Snapshot {
            id: id.0,
            scope: serde_json::Value::Object(scope).to_string(),
            value: value.to_string(),
            row_count: self.row_count,
            data_until: self.data_until,
        }
    }
}

/// A better value has come for a figure that somebody was shown an older one of.
#[derive(Debug, Clone)]
pub struct Landed {
    pub declared: &'static Declaration,
    pub scope: Arc<str>,
}

/// A kept value, for the file, the freshness page and the statistics.
#[derive(Debug, Clone)]
pub struct Kept {
    pub declared: &'static Declaration,
    pub scope: String,
    pub json: Arc<str>,
    pub class: Class,
    pub computed_at: DateTime<Utc>,
    pub looked_at: Option<DateTime<Utc>>,
    pub freshness: Freshness,
    pub bytes: u32,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Figures(Arc<Inner>);

struct Inner {
    slots: Cache<String, Arc<Slot>>,
    counters: Mutex<BTreeMap<&'static str, Arc<Counters>>>,
    pool: Pool,
    breakers: Breakers,
    faults: Faults,
    clock: Arc<dyn Clock>,
    news: News,
    landed: broadcast::Sender<Landed>,
    /// When something was told last.
    told: Mutex<Option<Instant>>,
    /// How many values came in.
    landings: AtomicU64,
    /// Least time between the beginnings of two computations of one figure.
    calm: Duration,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").field("kept", &self.0.slots.entry_count()).finish_non_exhaustive()
    }
}

impl Figures {
    #[must_use]
    pub fn new(pool: Pool, breakers: Breakers, faults: Faults, clock: Arc<dyn Clock>, calm: Duration) -> Self {
        let slots = Cache::builder()
            .max_capacity(MEMORY)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &String, slot: &Arc<Slot>| slot.bytes())
            .build();
        Self(Arc::new(Inner {
            slots,
            counters: Mutex::default(),
            pool,
            breakers,
            faults,
            clock,
            news: News::default(),
            landed: broadcast::Sender::new(256),
            told: Mutex::default(),
            landings: AtomicU64::new(0),
            calm,
        }))
    }

    /// What the figures eat.
    #[must_use]
    pub fn news(&self) -> &News {
        &self.0.news
    }

    /// Hears of better values.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Landed> {
        self.0.landed.subscribe()
    }

    /// How many values came in since the process began.
    #[must_use]
    pub fn landings(&self) -> u64 {
        self.0.landings.load(Ordering::Relaxed)
    }

    /// The value of a figure under a scope. As the data is now: at once. Older than its time: at once, and one
    /// refresh begins behind it. The data changed: after a short wait, with the new value or the old one. Unknown:
    /// after the figure's deadline at most. Whoever asks meanwhile waits for the same computation.
    ///
    /// # Errors
    /// That of the computation, and `unavailable` when it takes too long or the database is away; only
    /// where there is no last value.
    pub async fn get<V, C>(
        &self,
        declared: &'static Declaration,
        scope: impl Display,
        compute: C,
    ) -> Result<Answer<V>, AppError>
    where
        V: Figure,
        C: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<V, AppError>> + Send + 'static,
    {
        let me = self.clone();
        self.keep(declared, scope, move |slot, forced| async move { me.compute(&slot, forced, compute).await }.boxed())
            .await
    }

    /// The last value, however old.
    #[must_use]
    pub fn last<V: Figure>(&self, declared: &'static Declaration, scope: &str) -> Option<Arc<V>> {
        self.0.slots.get(&format!("{} {scope}", declared.key))?.known().last.as_ref()?.typed()
    }

    /// As [`Figures::get`], with the way to a value spelt out.
    async fn keep<V: Figure>(
        &self,
        declared: &'static Declaration,
        scope: impl Display,
        run: impl FnOnce(Arc<Slot>, bool) -> BoxFuture<'static, Result<Held, AppError>> + Send + 'static,
    ) -> Result<Answer<V>, AppError> {
        let now = self.0.clock.now();
        let generation = self.0.news.count(declared.topics);
        let slot = self.slot(declared, &scope);
        slot.looked(now);
        let (flight, joined, patience) = {
            let mut known = slot.known();
            let standing = slot.standing(&known, generation, now);
            if standing == Standing::Fresh
                && let Some(answer) = answer(&known, Freshness::default(), true)
            {
                slot.counters.count(Look::Hit);
                return Ok(answer);
            }
            if self.0.breakers.is_open() {
                let last = answer(&known, known.failed(ErrorClass::Connection), true);
                slot.counters.count(if last.is_some() { Look::StaleHit } else { Look::Failure });
                return last.ok_or_else(away);
            }
            let pause = known.pause(self.0.calm);
            let patience = match standing {
                Standing::Missing => Duration::from_millis(declared.deadline_ms),
                Standing::Changed if pause.is_zero() => PATIENCE,
                _ => Duration::ZERO,
            };
            let running = known.flight.clone().filter(|flight| flight.serves(generation));
            let joined = running.is_some();
            let flight = running.unwrap_or_else(|| {
                // A first value has nothing to be gathered with.
                let pause = if standing == Standing::Missing { Duration::ZERO } else { pause };
                let flight = self.start(&slot, &mut known, pause, run);
                known.flight = Some(flight.clone());
                flight
            });
            (flight, joined, patience)
        };
        let ended = if patience.is_zero() { None } else { timeout(patience, flight.ended).await.ok() };
        let mut known = slot.known();
        let (look, answered) = match ended {
            Some(Ok(())) => {
                let look = if joined { Look::Coalesced } else { Look::Miss };
                (look, answer(&known, Freshness::default(), joined).ok_or_else(AppError::internal))
            }
            Some(Err(error)) => {
                let last = answer(&known, known.failed(ErrorClass::of(&error)), true);
                (Look::StaleHit, last.ok_or(error))
            }
            None => {
                known.owed = true;
                (Look::StaleHit, answer(&known, known.waiting(declared.deadline_ms), true).ok_or_else(slow))
            }
        };
        slot.counters.count(if answered.is_ok() { look } else { Look::Failure });
        answered
    }

    fn slot(&self, declared: &'static Declaration, scope: impl Display) -> Arc<Slot> {
        let mut name = String::with_capacity(96);
        // Writing to a string does not fail.
        let _ = write!(name, "{} {scope}", declared.key);
        self.0.slots.get(&name).unwrap_or_else(|| {
            let counters = self.counters(declared.area());
            self.0
                .slots
                .get_with_by_ref(&name, || Arc::new(Slot::new(declared, name.clone(), counters, Known::default())))
        })
    }

    fn counters(&self, area: &'static str) -> Arc<Counters> {
        Arc::clone(self.0.counters.lock().unwrap_or_else(PoisonError::into_inner).entry(area).or_default())
    }

    fn start(
        &self,
        slot: &Arc<Slot>,
        known: &mut Known,
        pause: Duration,
        run: impl FnOnce(Arc<Slot>, bool) -> BoxFuture<'static, Result<Held, AppError>> + Send + 'static,
    ) -> Flight {
        let begun = Arc::new(OnceLock::new());
        known.began = Instant::now().checked_add(pause);
        let (me, slot, mark) = (self.clone(), Arc::clone(slot), Arc::clone(&begun));
        // The statement limit of its connection ends it, whoever waits.
        let task = tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let generation = me.0.news.count(slot.declared.topics);
            let generation = *mark.get_or_init(|| generation);
            let forced = slot.known().last.is_some();
            let result = run(Arc::clone(&slot), forced).await;
            let reached = result.as_ref().err().is_none_or(|e| ErrorClass::of(e) != ErrorClass::Connection);
            me.0.breakers.computing.record(reached, me.0.clock.now());
            me.land(&slot, generation, result)
        });
        let ended = async move { task.await.unwrap_or_else(|_| Err(AppError::internal())) }.boxed().shared();
        Flight { begun, ended }
    }

    fn land(&self, slot: &Arc<Slot>, generation: u64, result: Result<Held, AppError>) -> Result<(), AppError> {
        if let Err(error) = &result {
            let class = ErrorClass::of(error).as_str();
            metrics::counter!("millrace_metric_failures_total", "key" => slot.declared.key, "class" => class)
                .increment(1);
        }
        let (ended, owed) = {
            let mut known = slot.known();
            let ended = known.land(generation, result);
            (ended, std::mem::take(&mut known.owed))
        };
        // It weighs something else now.
        self.0.slots.insert(slot.name().to_owned(), Arc::clone(slot));
        self.0.landings.fetch_add(1, Ordering::Relaxed);
        if owed {
            // A failure is told too: the page shows the reason.
            self.announce(Landed { declared: slot.declared, scope: slot.scope().into() });
        }
        ended
    }

    /// Computes a value in one state of the database, or takes the one another server computes. `forced`: there is
    /// a value already and it will not do.
    async fn compute<V, C>(&self, slot: &Slot, forced: bool, compute: C) -> Result<Held, AppError>
    where
        V: Figure,
        C: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<V, AppError>>,
    {
        let (key, scope) = (slot.declared.key, slot.scope());
        self.0.faults.stand_before(key).await?;
        let give_up = Instant::now() + OTHERS;
        loop {
            let (at, began) = (self.0.clock.now(), Instant::now());
            let heard = if forced { None } else { self.0.news.horizon(slot.declared.topics) };
            let since = slot.since(at);
            let mut tx = store::figures::begin(&self.0.pool).await?;
            let claim = store::figures::claim(&mut tx, key, scope, heard.as_ref(), since).await?;
            if let Some(known) = claim.known
                && let Ok(value) = serde_json::from_str::<V>(&known.value)
            {
                return Ok(Held::of(value, known.value.into(), known.computed_at));
            }
            if !claim.mine {
                store::rollback(tx).await?;
                if Instant::now() > give_up {
                    return Err(slow());
                }
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            let mut value = compute(&mut tx).await?;
            if !value.is_sound() || self.0.faults.spoils(key) {
                tracing::error!(
                    figure = key,
                    scope,
                    error_code = "invalid_data",
                    "a figure that cannot be true was refused"
                );
                return Err(invalid());
            }
            let id = SnapshotId(self.0.clock.new_id());
            let snapshot = value.recorded(Some(id)).map(|recorded| recorded.snapshot(id, slot));
            let json = serde_json::to_string(&value).map_err(|_| invalid())?;
            let taken = i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX);
            let mut shared = store::figures::Shared { value: json, computed_at: at };
            let written = match store::figures::publish(&mut tx, key, scope, &shared, taken, snapshot.as_ref()).await {
                Ok(()) => store::commit(tx).await,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                // The value is good all the same; only the other servers compute it once more.
                tracing::debug!(figure = key, %error, "a figure could not be shared");
                value.recorded(None);
                shared.value = serde_json::to_string(&value).map_err(|_| invalid())?;
            }
            return Ok(Held::of(value, shared.value.into(), at));
        }
    }

    /// Everything kept, in no order.
    #[must_use]
    pub fn kept(&self) -> Vec<Kept> {
        let now = self.0.clock.now();
        let kept = |slot: Arc<Slot>| {
            let generation = self.0.news.count(slot.declared.topics);
            let bytes = slot.bytes();
            let known = slot.known();
            let last = known.last.clone()?;
            let freshness = match slot.standing(&known, generation, now) {
                Standing::Fresh => Freshness::default(),
                _ => known.waiting(slot.declared.deadline_ms),
            };
            Some(Kept {
                declared: slot.declared,
                scope: slot.scope().to_owned(),
                json: last.json.clone().into(),
                class: slot.class(last.computed_at),
                computed_at: last.computed_at,
                looked_at: slot.looked_at(),
                freshness,
                bytes,
            })
        };
        self.0.slots.iter().filter_map(|(_, slot)| kept(slot)).collect()
    }

    /// Takes a value of an earlier process in; whoever looks sees its age, and it is computed anew.
    pub fn remember(&self, declared: &'static Declaration, scope: &str, json: Box<str>, computed_at: DateTime<Utc>) {
        let known = Known { last: Some(Arc::new(Held::written(json, computed_at))), ..Known::default() };
        let name = format!("{} {scope}", declared.key);
        let slot = Slot::new(declared, name.clone(), self.counters(declared.area()), known);
        self.0.slots.insert(name, Arc::new(slot));
    }

    /// Lets every figure whose key fits `pattern` be computed anew at the next look; its last value stays until
    /// then, unless `hard`. Answers how many were met.
    pub fn clear(&self, pattern: &str, hard: bool) -> u64 {
        let mut met = 0;
        for (name, slot) in &self.0.slots {
            if fits(pattern, slot.declared.key) {
                met += 1;
                slot.known().generation = None;
                if hard {
                    self.0.slots.invalidate(name.as_str());
                }
            }
        }
        met
    }

    /// Has pages look at a figure again.
    pub fn tell(&self, declared: &'static Declaration) {
        self.announce(Landed { declared, scope: "".into() });
    }

    fn announce(&self, landed: Landed) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        // No receiver is no fault.
        let _ = self.0.landed.send(landed);
    }

    /// Whether something was told within the last `moment`: who began to listen only now may have missed it.
    #[must_use]
    pub fn told_within(&self, moment: Duration) -> bool {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < moment)
    }

    /// By area.
    #[must_use]
    pub fn statistics(&self) -> Vec<AreaStatistics> {
        let mut sizes = BTreeMap::<&str, (u64, u64)>::new();
        for (_, slot) in &self.0.slots {
            let (keys, bytes) = sizes.entry(slot.declared.area()).or_default();
            (*keys, *bytes) = (*keys + 1, *bytes + u64::from(slot.bytes()));
        }
        let counters = self.0.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let area = |(area, counters): (&&'static str, &Arc<Counters>)| {
            let (keys, bytes) = sizes.get(area).copied().unwrap_or_default();
            AreaStatistics { area, keys, bytes, looks: counters.read() }
        };
        counters.iter().map(area).collect()
    }
}

/// The last value as `V`; one whose text this release cannot read is none.
fn answer<V: Figure>(known: &Known, freshness: Freshness, cached: bool) -> Option<Answer<V>> {
    let held = known.last.as_ref()?;
    Some(Answer { value: held.typed()?, computed_at: held.computed_at, freshness, cached })
}

fn away() -> AppError {
    let text = "The database cannot be reached just now, and nobody looked at this lately: there is no last figure.";
    let mut error = AppError::unavailable(text);
    error.cause = Some(ErrorClass::Connection);
    error
}

fn slow() -> AppError {
    let mut error = AppError::unavailable("This takes longer than usual. It goes on; try again in a moment.");
    (error.cause, error.retry_after_seconds) = (Some(ErrorClass::Timeout), Some(1));
    error
}

fn invalid() -> AppError {
    let mut error = AppError::unavailable("This came to a figure that cannot be true, so it is not shown.");
    error.cause = Some(ErrorClass::InvalidData);
    error
}

#[cfg(test)]
mod tests;
