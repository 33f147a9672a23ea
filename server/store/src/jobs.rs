//! `ops.job_runs` and the tickets of the queue library that deliver them.
//!
//! The run is the truth; a ticket only wakes a worker. `queue_job_id` names the one ticket that may
//! start a run, and worker and attempt together are the fence of a running one: whoever lost either
//! changes nothing any more. So a ticket delivered twice, or a worker thought dead, does no harm.
//!
//! Statements on the library's own schema are not checked at compile time: `millrace migrate` installs it,
//! not our migrations, so a database that only has these does not know it. The tests run every one.

mod enqueue;
mod history;
mod list;
mod queues;
mod rescue;
mod run;
mod stats;

pub use enqueue::{ASIDE, Inserted, NewRun, add_ticket, enqueue, insert_skipped, set_aside};
pub use history::{CleanupCounts, VISITS_KEPT_DAYS, clean_up, delete, remove_expired};
pub use list::{
    EventRow, Filter, JobRecord, Position, count, detail, events, last_events, matching_ids, page, retries_of,
};
pub use queues::{QueueRow, pause, queues, resume, set_concurrency};
pub use rescue::{
    dead_workers, deregister, heartbeat, lost_tickets, register, release_worker, rescue_stale, workers_on,
};
pub use run::{
    Claimed, Ending, Fence, Pulse, add_event, cancel_queued, claim, finish, open_state, pulse, request_cancel, requeue,
    save_checkpoint,
};
pub use stats::{KindRow, Pace, kinds, pace, states};
