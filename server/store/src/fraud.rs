//! Screening: what is known of a sale, what it is judged by, and the cases that come of it.

pub mod amounts;
pub mod cases;
pub mod hits;
pub mod lists;
pub mod screening;
pub mod sets;
