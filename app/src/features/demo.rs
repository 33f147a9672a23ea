//! Demo data: what is there, and its removal.

mod remove;
mod view;

pub use remove::{RemoveDemo, remove_demo};
pub use view::{DemoOverview, demo_overview};
