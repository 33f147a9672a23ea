//! The machine: how much of the disk is free.

use super::{About, Asked};
use crate::{
    health::{Space, space_of},
    services::overview::seen::{DEADLINE, Seen},
};
use chrono::{DateTime, Utc};
use domain::{
    format,
    freshness::ErrorClass,
    overview::attention::{AttentionItem, AttentionKind, Feature, Severity},
};
use rust_decimal::Decimal;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::timeout;

/// Looks at the disk that holds a folder.
#[derive(Debug)]
pub struct DiskSource {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Since when it has been too full.
    since: Option<DateTime<Utc>>,
    last: Option<(Arc<Vec<AttentionItem>>, DateTime<Utc>)>,
}

impl DiskSource {
    #[must_use]
    pub fn holding(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), known: Mutex::default() }
    }

    /// What it holds now; as it was last, when it does not answer in time.
    pub async fn look(&self, asked: &Asked) -> Seen<Vec<AttentionItem>> {
        let folder = self.folder.clone();
        // A disk that does not answer must not hold up the other tasks of its thread.
        let space = timeout(DEADLINE, tokio::task::spawn_blocking(move || space_of(&folder))).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = match space {
            Ok(Ok(Some(space))) => {
                known.since = space.is_low().then(|| known.since.unwrap_or(asked.now));
                let items = known.since.map(|since| item(asked, space, since)).into_iter().collect();
                known.last = Some((Arc::new(items), asked.now));
                None
            }
            Ok(_) => Some(ErrorClass::Query),
            Err(_) => Some(ErrorClass::Timeout),
        };
        Seen { last: known.last.clone(), missed }
    }
}

fn item(asked: &Asked, space: Space, since: DateTime<Utc>) -> AttentionItem {
    let share = Decimal::from(space.free_bytes) / Decimal::from(space.total_bytes.max(1));
    let about = About {
        feature: Feature::System,
        kind: AttentionKind::DiskLow,
        severity: Severity::High,
        title: format!("Disk: {} free", format::percent(share, 1)),
        consequence: "When it is full, the database stops and nothing can be recorded. Free some space or enlarge it."
            .to_owned(),
    };
    asked.item("system.disk", since, about, "/overview/freshness")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::settings::Business;
    use engine::calendar::BusinessZone;

    #[test]
    fn less_than_a_tenth_free_is_a_matter() {
        assert!(Space { free_bytes: 99, total_bytes: 1_000 }.is_low());
        assert!(!Space { free_bytes: 100, total_bytes: 1_000 }.is_low());
        let asked =
            Asked { now: DateTime::UNIX_EPOCH, business: Business::default(), zone: BusinessZone::UTC, limit: 9 };
        let item = item(&asked, Space { free_bytes: 42, total_bytes: 1_000 }, asked.now);
        assert_eq!((item.title.as_str(), item.severity), ("Disk: 4.2\u{a0}% free", Severity::High));
    }
}
