//! Planning: what each plant makes, which lane carries it and what stays in stock, at least cost (`planning.md`).
//!
//! A document is read and checked, becomes a list of named rows, is solved, and what came out is checked again by code
//! that shares nothing with the builder.

pub mod builder;
pub mod checker;
pub mod compare;
pub mod constraints;
pub mod difference;
pub mod document;
pub mod explain;
pub mod fault;
pub mod input;
pub mod kpi;
pub mod masters;
pub mod model;
pub mod objective;
pub mod params;
pub mod pipe;
pub mod plan;
pub mod readiness;
pub mod result;
pub mod risk;
pub mod run;
pub mod sample;
pub mod scenario;
pub mod sets;
pub mod solve;
mod start;
pub mod tree;
pub mod variables;
pub mod workbook;
