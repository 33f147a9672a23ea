//! Tells of visits, many at once: they come far more often than anybody looks.

use crate::live::Gatherer;
use domain::live::Topic;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Least time between two events of visits.
const EVERY: Duration = Duration::from_secs(1);

pub struct VisitsTold {
    gatherer: Gatherer,
    /// An event is on its way, and stands for what comes until then.
    due: Arc<AtomicBool>,
}

impl VisitsTold {
    pub fn new(gatherer: Gatherer) -> Self {
        Self { gatherer, due: Arc::default() }
    }

    /// A visit was recorded.
    pub fn tell(&self) {
        if self.due.swap(true, Ordering::SeqCst) {
            return;
        }
        let (gatherer, due) = (self.gatherer.clone(), Arc::clone(&self.due));
        tokio::spawn(async move {
            tokio::time::sleep(EVERY).await;
            due.store(false, Ordering::SeqCst);
            gatherer.announce(Topic::Analytics, "visits");
        });
    }
}
