//! The business settings as all of this process knows them: one kept figure, for sign-in, pages and figures alike.
//! It is young while the live line speaks, comes at once while the database is away, and is there after a restart.

use crate::{
    backend::Backend,
    freshness::{Answer, Figure},
};
use chrono::{DateTime, FixedOffset, Utc};
use domain::{AppError, overview::BUSINESS, settings::Business};
use engine::calendar::BusinessZone;
use futures::FutureExt;
use serde::{Deserialize, Serialize};

/// The settings, and whether demo rows exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    #[serde(flatten)]
    pub business: Business,
    #[serde(default)]
    pub demo: bool,
}

impl Figure for Known {}

impl Backend {
    /// What is known of the business.
    ///
    /// # Errors
    /// As the database fails, where nothing is known yet.
    pub async fn business(&self) -> Result<Answer<Known>, AppError> {
        let read = self.figures.get::<Known, _>(&BUSINESS, "", |connection| {
            async move {
                let business = store::settings::business(connection).await?;
                let demo = store::access::sessions::demo_rows_exist(connection).await?;
                Ok(Known { business, demo })
            }
            .boxed()
        });
        read.await
    }

    /// In the business zone as far as it is known, without asking anybody.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let known = self.figures.last::<Known>(&BUSINESS, "").unwrap_or_default();
        BusinessZone::parse(&known.business.zone).unwrap_or(BusinessZone::UTC).local(at)
    }

    /// This process changed it: who looks next does not take what was known for fresh.
    pub fn business_changed(&self) {
        self.figures.clear(BUSINESS.key, false);
    }
}
