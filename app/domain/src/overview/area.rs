//! Area cards of the home page (`overview.md` §4): the few figures of a feature at a glance.

use super::{scope::ScopeQuery, tile::Change};
use crate::{
    AppError,
    access::{Permission, Principal},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An area with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    Sales,
    Data,
    Jobs,
}

impl Area {
    pub const ALL: [Self; 3] = [Self::Sales, Self::Data, Self::Jobs];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Data => "data",
            Self::Jobs => "jobs",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sales => "Sales",
            Self::Data => "Data",
            Self::Jobs => "Jobs",
        }
    }

    /// Without it there is no card.
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Sales => Permission::TransactionsView,
            Self::Data => Permission::IngestView,
            Self::Jobs => Permission::JobsView,
        }
    }

    /// The page of the area.
    #[must_use]
    pub const fn link(self) -> &'static str {
        match self {
            Self::Sales => "/transactions",
            Self::Data => "/overview/freshness",
            Self::Jobs => "/jobs",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.as_str() == text)
    }
}

/// A figure as a person reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaFigure {
    pub label: String,
    /// "–" when it is unknown.
    pub text: String,
    /// What stands beside it: what it counts, or why it is unknown.
    pub note: Option<String>,
    pub change: Option<Change>,
    /// The rows or the page behind it.
    pub link: Option<String>,
}

/// The card of an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaCard {
    pub area: Area,
    pub figures: Vec<AreaFigure>,
    /// Of the oldest figure; `None` when nothing is known.
    pub age_seconds: Option<i64>,
    /// "Jobs: unavailable, last seen 10:42": the figures are the last known.
    pub unavailable: Option<String>,
}

/// Each card answers by itself within 300 ms.
#[async_trait]
pub trait AreasPort: Send + Sync + 'static {
    /// Needs `overview.view` and the area's own right. `query` is the period of the page.
    async fn area(&self, who: &Principal, area: Area, query: &ScopeQuery) -> Result<AreaCard, AppError>;
}
