//! Argon2id off the async threads, two at a time.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use domain::{AppError, ErrorCode, FieldError, access::Password};
use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Semaphore;

/// OWASP's minimum: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const AT_ONCE: usize = 2;
const QUEUE: usize = 32;

/// Of the 30,000 most used passwords of the xato list (as zxcvbn ships them, MIT licence) those
/// that are long enough to be allowed otherwise; the shorter ones fall to the length rule.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Hashes and verifies passwords.
pub struct Hasher {
    argon: Argon2<'static>,
    /// Hash of a password nobody knows, so that unknown names take as long as known ones.
    dummy: String,
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    done: AtomicU64,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    /// # Errors
    /// `internal` when the system gives no randomness.
    pub fn new() -> Result<Self, AppError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| AppError::internal())?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_with(&argon, &super::secret::random()?)?;
        Ok(Self {
            argon,
            dummy,
            places: Arc::new(Semaphore::new(AT_ONCE + QUEUE)),
            workers: Arc::new(Semaphore::new(AT_ONCE)),
            done: AtomicU64::new(0),
        })
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// `rate_limited` when too many wait already.
    pub async fn hash(&self, password: &Password) -> Result<String, AppError> {
        let (argon, password) = (self.argon.clone(), password.clone());
        self.off_thread(move || hash_with(&argon, password.reveal())).await?
    }

    /// Whether `password` belongs to `stored`; without `stored` the answer is no, in the same time.
    ///
    /// # Errors
    /// `rate_limited` when too many wait already.
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<bool, AppError> {
        let exists = stored.is_some();
        let (argon, password) = (self.argon.clone(), password.clone());
        let hash = stored.unwrap_or(&self.dummy).to_owned();
        let fits =
            self.off_thread(move || argon.verify_password(password.reveal().as_bytes(), hash.as_str()).is_ok()).await?;
        Ok(fits && exists)
    }

    /// Passwords compared or hashed so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// The hash was made with other parameters than today's.
    #[must_use]
    pub fn is_outdated(&self, stored: &str) -> bool {
        let wanted = format!("m={MEMORY_KIB},t={PASSES},p={LANES}");
        PasswordHash::new(stored)
            .is_ok_and(|hash| hash.algorithm.as_str() != "argon2id" || hash.params.to_string() != wanted)
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        self.done.fetch_add(1, Ordering::Relaxed);
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| AppError::internal())?;
        // The permits travel with the work: a caller that goes away does not free a busy core.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((place, worker));
            result
        });
        done.await.map_err(|_| AppError::internal())
    }
}

/// The fault of a password that everybody tries first.
#[must_use]
pub fn common_fault(path: &str, password: &Password) -> Option<FieldError> {
    COMMON.contains(password.reveal().to_lowercase().as_str()).then(|| {
        FieldError::new(
            path,
            "This is one of the most used passwords. Choose another; several unrelated words are fine.",
        )
    })
}

fn hash_with(argon: &Argon2<'_>, password: &str) -> Result<String, AppError> {
    argon.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| AppError::internal())
}

fn busy() -> AppError {
    let mut error =
        AppError::new(ErrorCode::RateLimited, "Many people are signing in just now. Try again in a few seconds.");
    error.retry_after_seconds = Some(2);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_are_argon2id_with_the_agreed_cost_and_fit_their_password_only() {
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash(&Password::new("several plain words")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(&Password::new("several plain words"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&Password::new("several plain word"), Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&Password::new("anything"), None).await.unwrap());
        assert!(!hasher.is_outdated(&hash));
        assert!(hasher.is_outdated(&hash.replace("t=2", "t=1")));
        assert!(!hasher.is_outdated(&hasher.dummy), "an unknown name costs what a known one costs");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_thirty_fifth_at_once_is_told_to_wait() {
        let hasher = Arc::new(Hasher::new().unwrap());
        let tries: Vec<_> = (0..60)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(&Password::new("x"), None).await })
            })
            .collect();
        let mut refused = 0;
        for one in tries {
            if let Err(error) = one.await.unwrap() {
                assert_eq!(error.code, ErrorCode::RateLimited);
                assert!(error.retry_after_seconds.is_some());
                refused += 1;
            }
        }
        assert!((1..=26).contains(&refused), "{refused}");
    }

    #[test]
    fn common_passwords_are_known_whatever_their_case() {
        assert!(common_fault("password", &Password::new("1Q2W3e4r5t6y")).is_some());
        assert!(common_fault("password", &Password::new("the wheel turns at noon")).is_none());
    }
}
