//! Name and password, with the lock-out of `platform.md` 3.4 in front.

use super::{Doorkeeper, SignInLimits, actors::stranger};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError, ErrorCode,
    access::{RequestTrace, SignIn},
    live::Topic,
};
use store::{
    access::{
        attempts::{self, Standing},
        users::{self, User},
    },
    audit::{Act, Outcome},
};

/// What the audit log says of the wrong password that had a name held.
pub const HELD: &str = "wrong name or password; the name is now held for unknown addresses";

/// A name whose password was right; nothing is written yet but the attempt.
pub(super) struct Admitted {
    pub user: User,
    pub attempt: i64,
    /// New hash, where the stored one was made with weaker parameters.
    pub rehashed: Option<String>,
}

impl Doorkeeper {
    /// Checks a sign-in. Unknown name, wrong password and disabled user answer the same, in the same time.
    ///
    /// # Errors
    /// `unauthenticated`; `rate_limited` with the seconds to wait; `validation` for empty fields.
    pub(super) async fn admit(&self, command: &SignIn, trace: &RequestTrace) -> Result<Admitted, AppError> {
        command.validate().map_err(AppError::validation)?;
        let now = self.now();
        let key = self.settings.keys.account(&command.name);
        let pool = &self.backend.pools.auth;

        let mut tx = store::begin(pool).await?;
        attempts::queue_up(&mut tx, &key, trace.ip).await?;
        let standing = attempts::standing(&mut tx, &key, trace.ip, self.settings.limits.window, now).await?;
        if let Some((reason, wait)) = refusal(&standing, &self.settings.limits, now) {
            let act = Act::done("access.sign_in", "user", "").ended(Outcome::Denied, reason);
            store::audit::record(&mut tx, self.backend.clock.new_id(), now, &stranger(trace.clone()), act).await?;
            store::commit(tx).await?;
            metrics::counter!("millrace_logins_total", "result" => "locked").increment(1);
            return Err(too_many(wait));
        }
        let user = users::by_name(&mut tx, command.name.trim()).await?;
        let attempt = attempts::insert(&mut tx, &key, trace.ip, now).await?;
        store::commit(tx).await?;

        let stored = user.as_ref().and_then(|u| u.password_hash.as_deref());
        let fits = match self.hasher.verify(&command.password, stored).await {
            Ok(fits) => fits,
            Err(error) => {
                // Nobody looked at the password: it must not count against the name.
                let mut connection = store::acquire(pool).await?;
                attempts::withdraw(&mut connection, attempt).await?;
                return Err(error);
            }
        };
        match user {
            Some(user) if fits && user.is_active => {
                let outdated = user.password_hash.as_deref().is_some_and(|hash| self.hasher.is_outdated(hash));
                let rehashed = if outdated { self.hasher.hash(&command.password).await.ok() } else { None };
                metrics::counter!("millrace_logins_total", "result" => "ok").increment(1);
                Ok(Admitted { user, attempt, rehashed })
            }
            user => {
                let held = standing.account_failures + 1 >= self.settings.limits.account_failures;
                self.note_failure(user.as_ref(), held, trace).await?;
                metrics::counter!("millrace_logins_total", "result" => "failed").increment(1);
                Err(AppError::new(ErrorCode::Unauthenticated, "The name or the password is not right."))
            }
        }
    }

    /// The typed name is not kept: people type passwords into that field.
    async fn note_failure(&self, user: Option<&User>, held: bool, trace: &RequestTrace) -> Result<(), AppError> {
        let now = self.now();
        let mut tx = store::begin(&self.backend.pools.auth).await?;
        let id = user.map(|u| u.id.to_string()).unwrap_or_default();
        let reason = if held { HELD } else { "wrong name or password" };
        let act = Act::done("access.sign_in", "user", id).ended(Outcome::Failed, reason);
        store::audit::record(&mut tx, self.backend.clock.new_id(), now, &stranger(trace.clone()), act).await?;
        store::live::emit(&mut tx, Topic::Audit, "").await?;
        store::commit(tx).await?;
        if held {
            tracing::warn!(
                user_id = user.map(|u| u.id.to_string()),
                "many failed sign-ins for one name: held for unknown addresses"
            );
        }
        Ok(())
    }
}

/// Why an attempt is not even looked at, and for how long.
fn refusal(standing: &Standing, limits: &SignInLimits, now: DateTime<Utc>) -> Option<(&'static str, Duration)> {
    // Latest first: the one that must grow old for the count to fall below the limit.
    if let Some(first) = standing.failures.get(limits.failures - 1) {
        return Some(("locked after failed sign-ins from this address", *first + limits.window - now));
    }
    if let Some(first) = standing.from_address.get(limits.per_minute - 1) {
        return Some(("too many sign-ins from this address", *first + Duration::minutes(1) - now));
    }
    let held_until = standing
        .account_last_failure
        .filter(|_| standing.account_failures >= limits.account_failures)
        .map(|at| at + limits.window);
    match held_until {
        Some(until) if until > now && !standing.address_is_known => {
            Some(("name held for unknown addresses", until - now))
        }
        _ => None,
    }
}

fn too_many(wait: Duration) -> AppError {
    let seconds =
        u32::try_from(wait.num_seconds()).unwrap_or(0).saturating_add(u32::from(wait.subsec_nanos() > 0)).max(1);
    let words = if seconds < 90 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) };
    let mut error = AppError::new(ErrorCode::RateLimited, format!("Too many sign-ins failed. Try again in {words}."));
    error.retry_after_seconds = Some(seconds);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(10_000 + second, 0).unwrap()
    }

    fn standing(failures: &[i64]) -> Standing {
        Standing {
            failures: failures.iter().rev().map(|s| at(*s)).collect(),
            from_address: vec![],
            account_failures: 0,
            account_last_failure: None,
            address_is_known: false,
        }
    }

    #[test]
    fn five_failures_lock_till_the_first_of_them_is_a_quarter_of_an_hour_old() {
        let limits = SignInLimits::default();
        assert_eq!(refusal(&standing(&[0, 1, 2, 3]), &limits, at(10)), None);
        assert_eq!(refusal(&standing(&[0, 1, 2, 3, 4]), &limits, at(10)).unwrap().1, Duration::seconds(890));
    }

    #[test]
    fn the_twenty_first_attempt_of_a_minute_waits_for_the_first_to_be_a_minute_old() {
        let limits = SignInLimits::default();
        let mut busy = standing(&[]);
        busy.from_address = (0..19).rev().map(at).collect();
        assert_eq!(refusal(&busy, &limits, at(30)), None);
        busy.from_address = (0..20).rev().map(at).collect();
        assert_eq!(refusal(&busy, &limits, at(30)).unwrap().1, Duration::seconds(30));
    }

    #[test]
    fn a_name_tried_from_everywhere_is_held_for_addresses_it_never_came_from() {
        let limits = SignInLimits::default();
        let mut tried = standing(&[]);
        tried.account_failures = 50;
        tried.account_last_failure = Some(at(0));
        assert_eq!(refusal(&tried, &limits, at(60)).unwrap().1, Duration::seconds(840));
        tried.address_is_known = true;
        assert_eq!(refusal(&tried, &limits, at(60)), None);
        tried.address_is_known = false;
        assert_eq!(refusal(&tried, &limits, at(901)), None);
    }

    #[test]
    fn a_wait_is_never_longer_than_said() {
        let error = too_many(Duration::milliseconds(899_001));
        assert_eq!(error.retry_after_seconds, Some(900));
        assert_eq!(error.message, "Too many sign-ins failed. Try again in 15 minutes.");
    }
}
