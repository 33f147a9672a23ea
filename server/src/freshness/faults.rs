//! Faults that a drill puts before the program's own look into the database.

use chrono::{DateTime, Utc};
use domain::{
    AppError,
    freshness::ErrorClass,
    overview::fault_drill::{Fault, Reach},
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use uuid::Uuid;

/// How long a query that never answers is waited for.
const NEVER: Duration = Duration::from_secs(2);

/// A drill under way in this process.
#[derive(Debug, Clone)]
pub struct Drill {
    pub id: Uuid,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// When it is over, by the clock that nobody can set.
    pub until: Instant,
    pub faults: Vec<Fault>,
    pub reach: Reach,
    pub checking: bool,
}

/// The drill of this process, if one is under way. Cheap to clone.
#[derive(Clone)]
pub struct Faults(Arc<watch::Sender<Option<Arc<Drill>>>>);

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("drill", &self.drill().map(|drill| drill.id)).finish()
    }
}

impl Faults {
    /// The drill under way; one whose time is over is none.
    #[must_use]
    pub fn drill(&self) -> Option<Arc<Drill>> {
        self.0.borrow().clone().filter(|drill| drill.until > Instant::now())
    }

    /// Begins one; `false` while another is under way.
    pub fn begin(&self, drill: Drill) -> bool {
        self.0.send_if_modified(|now| {
            let free = now.as_ref().is_none_or(|drill| drill.until <= Instant::now());
            if free {
                *now = Some(Arc::new(drill));
            }
            free
        })
    }

    /// Changes what fails in the drill `id`.
    pub fn change(&self, id: Uuid, faults: Vec<Fault>) -> bool {
        self.0.send_if_modified(|now| match now {
            Some(drill) if drill.id == id => {
                *now = Some(Arc::new(Drill { faults, ..Drill::clone(drill) }));
                true
            }
            _ => false,
        })
    }

    /// Ends the drill `id`; `false` when it is over already.
    pub fn end(&self, id: Uuid) -> bool {
        self.0.send_if_modified(|now| {
            let mine = now.as_ref().is_some_and(|drill| drill.id == id);
            if mine {
                *now = None;
            }
            mine
        })
    }

    fn any(&self, is: impl Fn(&Fault) -> bool) -> bool {
        self.drill().is_some_and(|drill| drill.faults.iter().any(is))
    }

    #[must_use]
    pub fn is_db_down(&self) -> bool {
        self.any(|fault| *fault == Fault::DbDown)
    }

    #[must_use]
    pub fn is_push_cut(&self) -> bool {
        self.any(|fault| *fault == Fault::PushCut)
    }

    /// Returns as soon as live connections are to break off.
    pub async fn push_cut(&self) {
        let cut = |drill: &Option<Arc<Drill>>| drill.as_ref().is_some_and(|d| d.faults.contains(&Fault::PushCut));
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(cut).await;
    }

    /// Whether what the figure `key` comes to is to be taken for what cannot be true.
    #[must_use]
    pub fn spoils(&self, key: &str) -> bool {
        self.any(|fault| matches!(fault, Fault::InvalidData { metric } if metric == key))
    }

    /// How far behind the database is to seem.
    #[must_use]
    pub fn lag_seconds(&self) -> Option<u32> {
        self.drill()?.faults.iter().find_map(|fault| match fault {
            Fault::ReplicaLag { seconds } => Some(*seconds),
            _ => None,
        })
    }

    #[must_use]
    pub fn is_worker_stopped(&self) -> bool {
        self.any(|fault| *fault == Fault::WorkerStop)
    }

    /// Returns as soon as the worker is to stop, or may go on.
    pub async fn worker_stopped(&self, stopped: bool) {
        let told = |drill: &Option<Arc<Drill>>| {
            drill.as_ref().is_some_and(|d| d.faults.contains(&Fault::WorkerStop)) == stopped
        };
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(told).await;
    }

    /// Stands before the computation of a figure: delays it, or fails as the real thing would.
    ///
    /// # Errors
    /// As the fault wants it.
    pub async fn stand_before(&self, key: &str) -> Result<(), AppError> {
        let Some(drill) = self.drill() else { return Ok(()) };
        let met = drill.faults.iter().find(|fault| **fault == Fault::DbDown || fault.metric() == Some(key));
        let class = match met {
            // What cannot be true is computed first and refused then.
            None | Some(Fault::PushCut | Fault::WorkerStop | Fault::ReplicaLag { .. } | Fault::InvalidData { .. }) => {
                return Ok(());
            }
            Some(Fault::SlowQuery { ms, .. }) => {
                tokio::time::sleep(Duration::from_millis(u64::from(*ms))).await;
                return Ok(());
            }
            Some(Fault::DbDown) => ErrorClass::Connection,
            Some(Fault::QueryError { .. }) => ErrorClass::Query,
            Some(Fault::NetworkTimeout { .. }) => {
                tokio::time::sleep(NEVER).await;
                ErrorClass::Timeout
            }
        };
        let mut error = AppError::unavailable("A fault drill is under way: this figure is made to fail.");
        error.cause = Some(class);
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill(faults: Vec<Fault>, seconds: u64) -> Drill {
        let at = DateTime::UNIX_EPOCH;
        let until = Instant::now() + Duration::from_secs(seconds);
        Drill {
            id: Uuid::from_u128(7),
            started_by: "ada".into(),
            started_at: at,
            ends_at: at,
            until,
            faults,
            reach: Reach::This,
            checking: false,
        }
    }

    fn broken(metric: &str) -> Fault {
        Fault::QueryError { metric: metric.into() }
    }

    #[tokio::test]
    async fn a_fault_meets_its_own_figure_until_the_drill_ends() {
        let faults = Faults::default();
        assert_eq!(faults.stand_before("sales.orders").await, Ok(()));
        assert!(faults.begin(drill(vec![broken("sales.orders")], 60)));
        assert!(!faults.begin(drill(vec![], 60)), "one at a time");
        let failed = faults.stand_before("sales.orders").await.unwrap_err();
        assert_eq!(failed.cause, Some(ErrorClass::Query));
        assert_eq!(faults.stand_before("sales.revenue_net").await, Ok(()), "its neighbours stand");
        assert!(faults.change(Uuid::from_u128(7), vec![Fault::DbDown]));
        assert!(faults.is_db_down() && !faults.is_push_cut());
        assert_eq!(faults.stand_before("sales.bars").await.unwrap_err().cause, Some(ErrorClass::Connection));
        assert!(faults.end(Uuid::from_u128(7)) && !faults.end(Uuid::from_u128(7)));
        assert_eq!(faults.stand_before("sales.bars").await, Ok(()));
    }

    #[tokio::test]
    async fn a_drill_ends_by_itself() {
        let faults = Faults::default();
        assert!(faults.begin(drill(vec![Fault::DbDown], 0)));
        assert!(faults.drill().is_none() && !faults.is_db_down());
        assert!(faults.begin(drill(vec![Fault::PushCut], 60)), "what is over does not stand in the way");
        faults.push_cut().await;
    }
}
