//! Who is calling: sign-in, browser sessions, bearer and personal tokens. The only place besides
//! tests that vouches for a [`domain::access::Principal`].

pub mod actors;
mod bearer;
pub mod browser;
mod first_admin;
pub mod password;
pub mod sealed;
pub mod secret;
mod sign_in;
pub mod ticket;
mod verification;
mod web_sessions;

pub use first_admin::FirstAdmin;
pub(crate) use sign_in::HELD;
pub use verification::{Credential, SessionId, TOKEN_PREFIX, Verified};
pub use web_sessions::{WebSessions, told};

use crate::{
    backend::Backend,
    business::Known,
    config::{Config, MasterKey},
    failure::Failure,
    live::Heard,
};
use chrono::{DateTime, Duration, FixedOffset, Utc};
use domain::{AppError, access::FormNote, live::Topic, settings::Business};
use moka::{future::Cache, sync};
use password::Hasher;
use secret::{Digest, Keys};
use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time,
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionPolicy {
    /// Without a request.
    pub idle: Duration,
    /// Whatever happens.
    pub absolute: Duration,
    /// A bearer sign-in, from its start.
    pub bearer: Duration,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { idle: Duration::minutes(30), absolute: Duration::hours(12), bearer: Duration::minutes(30) }
    }
}

/// When sign-ins are refused (`platform.md` 3.4).
#[derive(Debug, Clone, Copy)]
pub struct SignInLimits {
    /// Failures of one name from one address within `window`.
    pub failures: usize,
    pub window: Duration,
    /// Attempts of one address in a minute.
    pub per_minute: usize,
    /// Failures an hour of one name from anywhere, after which unknown addresses wait for `window`.
    pub account_failures: i64,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self { failures: 5, window: Duration::minutes(15), per_minute: 20, account_failures: 50 }
    }
}

/// What the configuration says about access.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    pub keys: Keys,
    /// Public origin, e.g. `https://mill.example`, without trailing slash.
    pub origin: String,
    pub sessions: SessionPolicy,
    pub limits: SignInLimits,
}

impl AccessSettings {
    /// The defaults around what has none.
    #[must_use]
    pub fn new(keys: Keys, origin: &str) -> Self {
        Self {
            keys,
            origin: origin.trim_end_matches('/').to_owned(),
            sessions: SessionPolicy::default(),
            limits: SignInLimits::default(),
        }
    }

    /// From the configuration of the process.
    ///
    /// # Errors
    /// When the master key cannot be read or made.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let previous = config.secret_key_previous.as_ref().map(|secret| MasterKey::new(secret.expose()));
        Ok(Self::new(Keys::derive(&MasterKey::load(config)?, previous.as_ref()), &config.base_url))
    }

    /// The public address is https: cookies are Secure, HSTS is sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// Longest time a verified session or token is believed without asking the database.
pub const BELIEVED_FOR: time::Duration = time::Duration::from_secs(5);

/// Longest time a session or token is believed while the database is away (`platform.md` 3.6).
pub const REMEMBERED_FOR: time::Duration = time::Duration::from_secs(60 * 60);

/// A browser is given a new outage ticket at most so often.
const TICKET_EVERY: time::Duration = time::Duration::from_secs(60);
/// How long, and how many KiB of, refused forms that could not be written down are kept.
const NOTES_KEPT: time::Duration = time::Duration::from_secs(600);
const NOTES_KIB: u64 = 16 * 1024;

/// Signs in, verifies and forgets. One a process.
pub struct Doorkeeper {
    pub(crate) backend: Backend,
    pub(crate) settings: AccessSettings,
    pub(crate) hasher: Hasher,
    /// Verified sessions and tokens by the hash of their secret.
    verified: Cache<Digest, Arc<Verified>>,
    /// The same for longer: believed only while the database is away.
    remembered: Cache<Digest, Arc<Verified>>,
    /// Sessions that were given a ticket within the last minute.
    ticketed: sync::Cache<Digest, ()>,
    /// Tickets of these sessions and users issued until then are worth nothing.
    void_sessions: sync::Cache<Digest, DateTime<Utc>>,
    void_users: sync::Cache<Uuid, DateTime<Utc>>,
    /// Refused forms by session, of the time that the database was away.
    unwritten_notes: sync::Cache<Digest, Arc<FormNote>>,
    /// Rises with everything that ends sessions: what was read before it is not kept.
    epoch: AtomicU64,
}

impl fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doorkeeper").finish_non_exhaustive()
    }
}

impl Doorkeeper {
    /// # Errors
    /// `internal` when the system gives no randomness.
    pub fn new(backend: Backend, settings: AccessSettings) -> Result<Self, AppError> {
        Ok(Self {
            backend,
            settings,
            hasher: Hasher::new()?,
            // A place more for each KiB that a refused form keeps in its session.
            verified: Cache::builder()
                .weigher(|_, held: &Arc<Verified>| u32::try_from(1 + held.data_bytes / 1024).unwrap_or(u32::MAX))
                .max_capacity(50_000)
                .time_to_live(BELIEVED_FOR)
                .support_invalidation_closures()
                .build(),
            remembered: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(REMEMBERED_FOR)
                .support_invalidation_closures()
                .build(),
            unwritten_notes: sync::Cache::builder()
                .weigher(|_, note: &Arc<FormNote>| {
                    let bytes: usize = note.values.iter().map(|(name, value)| name.len() + value.len()).sum();
                    u32::try_from(1 + bytes / 1024).unwrap_or(u32::MAX)
                })
                .max_capacity(NOTES_KIB)
                .time_to_live(NOTES_KEPT)
                .build(),
            ticketed: sync::Cache::builder().max_capacity(10_000).time_to_live(TICKET_EVERY).build(),
            void_sessions: sync::Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED_FOR).build(),
            void_users: sync::Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED_FOR).build(),
            epoch: AtomicU64::new(0),
        })
    }

    #[must_use]
    pub const fn settings(&self) -> &AccessSettings {
        &self.settings
    }

    /// Passwords compared or hashed so far: what sign-ins cost.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.hasher.done()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.backend.clock.now()
    }

    /// What is known of the business; a page is shown even while nothing is.
    pub async fn known_business(&self) -> Arc<Known> {
        self.backend.business().await.map(|known| known.value).unwrap_or_default()
    }

    /// When the fault drill under way ends, as people of the business read times.
    pub fn drill_until(&self, business: &Business) -> Option<DateTime<FixedOffset>> {
        let ends_at = self.backend.faults.drill()?.ends_at;
        Some(local(ends_at, business.zone.parse().unwrap_or(chrono_tz::UTC)))
    }

    /// Times as people of the business read them.
    pub(crate) async fn zone(&self) -> Result<chrono_tz::Tz, AppError> {
        Ok(self.backend.business().await?.value.business.zone.parse().unwrap_or(chrono_tz::UTC))
    }

    /// Forgets what is held in memory about a user; called at every topic `session`.
    pub fn forget_user(&self, user: Uuid) {
        self.void_users.insert(user, self.now());
        self.ticketed.invalidate_all();
        self.epoch.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        for held in [&self.verified, &self.remembered] {
            if held.invalidate_entries_if(move |_, held| held.user_id() == Some(user)).is_err() {
                held.invalidate_all();
            }
        }
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.doubt_all();
        self.remembered.invalidate_all();
    }

    /// Asks about everybody anew: the live bus was away and may have missed an ended session. While the
    /// database is away too, what is remembered has to do.
    pub fn doubt_all(&self) {
        self.epoch.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.verified.invalidate_all();
    }

    /// Keeps what is held in memory true to what other processes change, till `stop`.
    pub async fn follow(self: Arc<Self>, mut heard: broadcast::Receiver<Heard>, stop: CancellationToken) {
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = heard.recv() => heard,
            };
            match heard {
                Ok(Heard::Changed(event)) if event.topic == Topic::Session => match event.key.parse() {
                    Ok(user) => self.forget_user(user),
                    Err(_) => self.forget_all(),
                },
                Ok(Heard::Changed(_)) => {}
                Ok(Heard::Resync) | Err(broadcast::error::RecvError::Lagged(_)) => self.doubt_all(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    pub(crate) async fn forget(&self, digest: &Digest) {
        self.epoch.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.verified.invalidate(digest).await;
        self.remembered.invalidate(digest).await;
        self.void_sessions.insert(*digest, self.now());
        self.ticketed.invalidate(digest);
    }
}

/// A time in the zone of the business.
pub(crate) fn local(at: DateTime<Utc>, zone: chrono_tz::Tz) -> DateTime<FixedOffset> {
    at.with_timezone(&zone).fixed_offset()
}
