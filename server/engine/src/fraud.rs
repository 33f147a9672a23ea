//! Screening of the past: what was known of each sale when it was made, a score learned from labels, and how good a score
//! turned out to be. The rules themselves are `domain::fraud`.

pub mod dataset;
pub mod history;
pub mod learned;
pub mod measures;
pub mod report;
