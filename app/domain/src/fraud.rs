//! Screening (`commerce.md` 3.4): what is known of a sale, rules over it, and the outcome they come to. Pure, so that
//! server and browser decide alike.

pub mod backtest;
pub mod case;
mod decision;
mod expression;
mod feature;
mod formula;
pub mod list;
pub mod model;
pub mod precision;
mod rules;
mod score;
pub mod set;
pub mod set_diff;
pub mod set_form;

pub use decision::{Decision, Hit, Outcome, ShownHit, ShownInput, decide, learned_points};
pub use expression::{Constant, Expression, MAX_DEPTH, MAX_NODES};
pub use feature::{Feature, Features, Kind, Value};
pub use formula::{FormulaFault, MOST_CHARACTERS};
pub use rules::{Rule, RuleSet, Thresholds};
pub use score::ScoreQuery;
