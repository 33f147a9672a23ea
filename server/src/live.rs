//! The live bus of one process: one listener on Postgres' notifications, a ring of the latest
//! events, and a broadcast to the streams (`platform.md` 3.8). It says which topic changed, never what.

mod gather;
mod listener;
mod ring;

pub use gather::Gatherer;
pub use ring::Replay;

use crate::backend::Backend;
use domain::live::Changed;
use ring::Ring;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Notify, broadcast};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Events a slow stream may fall behind before it is told to resync.
pub const QUEUE: usize = 256;

/// What subscribers hear.
#[derive(Debug, Clone)]
pub enum Heard {
    Changed(Arc<Changed>),
    /// The listener was away: whatever was heard before may have a gap.
    Resync,
}

/// The connection that listens: 0 while there is none, else its floor.
#[derive(Debug, Default)]
struct Connection(AtomicU64);

/// A subscriber that asks when it wants to know, and can tell whether it missed anything.
#[derive(Debug)]
pub struct Ear {
    pub receiver: broadcast::Receiver<Heard>,
    connection: Arc<Connection>,
}

impl Ear {
    #[must_use]
    pub fn connected(&self) -> bool {
        self.floor().is_some()
    }

    /// Transactions that ended before the listening began lie below it; `None` while nothing is heard.
    #[must_use]
    pub fn floor(&self) -> Option<u64> {
        Some(self.connection.0.load(Ordering::SeqCst)).filter(|floor| *floor > 0)
    }
}

/// Cheap to clone. Silent until [`LiveBus::start`].
#[derive(Clone)]
pub struct LiveBus(Arc<Bus>);

struct Bus {
    backend: Backend,
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Heard>,
    connection: Arc<Connection>,
    /// Told when the connection breaks off.
    lost: Notify,
    stop: CancellationToken,
    gatherer: Gatherer,
}

impl fmt::Debug for LiveBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveBus").field("connected", &self.connected()).finish_non_exhaustive()
    }
}

impl LiveBus {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        let gatherer = Gatherer::new(backend.pools.live.clone());
        let ring = Mutex::new(Ring::new(backend.clock.new_id()));
        Self(Arc::new(Bus {
            backend,
            ring,
            sender: broadcast::Sender::new(QUEUE),
            connection: Arc::default(),
            lost: Notify::new(),
            stop: CancellationToken::new(),
            gatherer,
        }))
    }

    /// Starts the listener; streams say `bye` as soon as `stop` is cancelled.
    #[must_use]
    pub fn start(&self, stop: &CancellationToken) -> LiveHandle {
        let tasks = TaskTracker::new();
        let (own, process) = (self.0.stop.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = process.cancelled() => own.cancel(),
                () = own.cancelled() => {}
            }
        });
        tasks.spawn(listener::listen(self.clone()));
        tasks.close();
        LiveHandle { bus: self.clone(), tasks }
    }

    /// For changes of which many commit at once.
    #[must_use]
    pub fn gatherer(&self) -> &Gatherer {
        &self.0.gatherer
    }

    /// Whether notifications arrive just now.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.0.connection.0.load(Ordering::SeqCst) > 0
    }

    /// Everything from now on, for one who asks.
    #[must_use]
    pub fn ear(&self) -> Ear {
        Ear { receiver: self.subscribe(), connection: Arc::clone(&self.0.connection) }
    }

    /// Returns when the connection to the database breaks off.
    pub async fn lost(&self) {
        self.0.lost.notified().await;
    }

    /// Makes every listener read anew what it shows.
    pub fn resync(&self) {
        self.restart();
    }

    /// Streams connected to this process, and others that listen.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.0.sender.receiver_count()
    }

    /// Ends when the process drains: streams say goodbye.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Everything from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.0.sender.subscribe()
    }

    /// Everything after position `last`, first from the ring, then from the receiver: no gap, no
    /// duplicate, because nothing is published in between.
    #[must_use]
    pub fn join(&self, last: Option<&str>) -> (broadcast::Receiver<Heard>, Replay) {
        let mut ring = self.ring();
        let replay = ring.since(last, self.0.backend.clock.now());
        (self.0.sender.subscribe(), replay)
    }

    /// Everything in the ring after `last`.
    #[must_use]
    pub fn since(&self, last: Option<&str>) -> Replay {
        self.ring().since(last, self.0.backend.clock.now())
    }

    /// Whether nothing about the same thing stands before the event.
    #[must_use]
    pub fn is_first(&self, event: &Changed) -> bool {
        self.ring().is_first(event)
    }

    /// The event at a position, while it is known.
    #[must_use]
    pub fn at(&self, id: i64) -> Option<Arc<Changed>> {
        self.ring().at(id)
    }

    fn publish(&self, changed: Changed) {
        let mut ring = self.ring();
        let changed = Arc::new(changed);
        ring.push(Arc::clone(&changed));
        // No receiver is no fault.
        let _ = self.0.sender.send(Heard::Changed(changed));
    }

    /// Forgets the ring: notifications may have been missed.
    fn restart(&self) {
        let mut ring = self.ring();
        *ring = Ring::new(self.0.backend.clock.new_id());
        let _ = self.0.sender.send(Heard::Resync);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Owns the listener.
#[derive(Debug)]
pub struct LiveHandle {
    bus: LiveBus,
    tasks: TaskTracker,
}

impl LiveHandle {
    /// What was gathered is sent, streams say `bye`, the listener closes its connection, then this returns.
    pub async fn stop(self) {
        self.bus.0.gatherer.finish().await;
        self.bus.0.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for LiveHandle {
    fn drop(&mut self) {
        self.bus.0.stop.cancel();
    }
}
