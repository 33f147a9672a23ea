//! Principals that are not people with a session: the command line, jobs, the program itself.

use domain::access::{ActorKind, Principal, RequestTrace, Rights};
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

/// Somebody who is not signed in, for the audit row of a sign-in that failed.
pub(super) fn stranger(trace: RequestTrace) -> Principal {
    Principal::vouch(ActorKind::System, None, "sign-in".to_owned(), Rights::default(), trace)
}

fn trace(run: Uuid) -> RequestTrace {
    RequestTrace { request_id: run.to_string(), ..RequestTrace::default() }
}
