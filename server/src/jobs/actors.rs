//! Who acts when no person does.

use domain::access::{ActorKind, Principal, RequestTrace, Rights};
use uuid::Uuid;

/// A job run. It acts with all rights: what it may do was decided when it was asked for.
pub(super) fn job(kind: &str, run: Uuid) -> Principal {
    Principal::vouch(ActorKind::Job, Some(run), kind.to_owned(), Rights::all(), trace(run))
}

/// The scheduler.
pub(super) fn system(what: &str, run: Uuid) -> Principal {
    Principal::vouch(ActorKind::System, None, what.to_owned(), Rights::all(), trace(run))
}

fn trace(run: Uuid) -> RequestTrace {
    RequestTrace { request_id: run.to_string(), ..RequestTrace::default() }
}
