//! Building blocks of pages. They know the look, never a feature.

pub mod age;
pub mod chart;
pub mod filter;
pub mod form;
pub mod live_badge;
pub mod moment;
pub mod page;
pub mod pager;
pub mod plain;
pub mod states;
pub mod table;
