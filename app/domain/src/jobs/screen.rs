//! What the pages of jobs get in one piece.

use super::{
    port::JobFilter,
    queue::{QueueView, StateCount},
    run::JobRow,
};
use crate::paging::Page;
use serde::{Deserialize, Serialize};

/// A kind to choose, in the filter or to start by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindChoice {
    pub kind: String,
    pub title: String,
    pub by_hand: bool,
}

/// `/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobsScreen {
    pub filter: JobFilter,
    pub page: Page<JobRow>,
    pub states: Vec<StateCount>,
    pub window_days: i32,
    pub kinds: Vec<KindChoice>,
    pub queues: Vec<QueueView>,
}
