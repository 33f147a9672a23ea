//! The machine: how much of the disk is free.

use super::{About, Asked, AttentionSource};
use crate::health::{Space, space_of};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError, format,
    overview::attention::{AttentionItem, AttentionKind, AttentionSeverity, Feature},
};
use rust_decimal::Decimal;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Looks at the disk that holds a folder.
#[derive(Debug)]
pub struct DiskSource {
    folder: PathBuf,
    /// Since when it has been too full.
    since: Mutex<Option<DateTime<Utc>>>,
}

impl DiskSource {
    #[must_use]
    pub fn holding(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), since: Mutex::default() }
    }
}

#[async_trait]
impl AttentionSource for DiskSource {
    fn feature(&self) -> Feature {
        Feature::System
    }

    fn asks_database(&self) -> bool {
        false
    }

    async fn attention(&self, asked: Asked) -> Result<Vec<AttentionItem>, AppError> {
        let folder = self.folder.clone();
        // A disk that does not answer must not hold up the other tasks of its thread.
        let space = tokio::task::spawn_blocking(move || space_of(&folder)).await.ok().flatten();
        let space = space.ok_or_else(|| AppError::unavailable("The disk cannot be looked at."))?;
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = space.is_low().then(|| since.unwrap_or(asked.now));
        Ok(since.map(|since| item(&asked, space, since)).into_iter().collect())
    }
}

fn item(asked: &Asked, space: Space, since: DateTime<Utc>) -> AttentionItem {
    let share = Decimal::from(space.free_bytes) / Decimal::from(space.total_bytes.max(1));
    let about = About {
        feature: Feature::System,
        kind: AttentionKind::DiskLow,
        severity: AttentionSeverity::High,
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
        assert_eq!((item.title.as_str(), item.severity), ("Disk: 4.2\u{a0}% free", AttentionSeverity::High));
    }
}
