//! Principals that are not people with a session: the command line, jobs, the program itself.

use super::Doorkeeper;
use domain::{
    AppError,
    access::{ActorKind, Permission, Principal, RequestTrace, Rights},
};
use uuid::Uuid;

/// A person at the command line of the machine. `label` is the operating system's user.
#[must_use]
pub fn cli(label: &str, run: Uuid) -> Principal {
    Principal::vouch(ActorKind::Cli, None, label.to_owned(), Rights::all(), trace(run))
}

/// A job run. It acts with all rights: what it may do was decided when it was asked for.
#[must_use]
pub fn job(kind: &str, run: Uuid) -> Principal {
    Principal::vouch(ActorKind::Job, Some(run), kind.to_owned(), Rights::all(), trace(run))
}

/// The program itself: first start, schedules.
#[must_use]
pub fn system(what: &str, run: Uuid) -> Principal {
    Principal::vouch(ActorKind::System, None, what.to_owned(), Rights::all(), trace(run))
}

impl Doorkeeper {
    /// A person for whom job `run` goes on working: with the rights they had when they asked for it, as
    /// far as they hold them still. `None`: they may not sign in any more.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn absent(&self, user: Uuid, rights: &[Permission], run: Uuid) -> Result<Option<Principal>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let holder = store::access::sessions::holder(&mut connection, user, self.now()).await?;
        Ok(holder.map(|holder| {
            let rights = Rights::of(holder.role, &holder.sets).restricted_to(rights);
            Principal::vouch(ActorKind::User, Some(user), holder.email, rights, trace(run))
        }))
    }
}

/// Somebody who is not signed in, for the audit row of a sign-in that failed.
pub(super) fn stranger(trace: RequestTrace) -> Principal {
    Principal::vouch(ActorKind::System, None, "sign-in".to_owned(), Rights::default(), trace)
}

fn trace(run: Uuid) -> RequestTrace {
    RequestTrace { request_id: run.to_string(), ..RequestTrace::default() }
}
