//! Screening: what is known of a sale, what it is judged by, and the cases that come of it.

pub mod amounts;
pub mod backtests;
pub mod cases;
pub mod datasets;
mod formula;
pub mod history;
pub mod hits;
pub mod judged;
pub mod lists;
pub mod models;
pub mod screening;
pub mod sets;
