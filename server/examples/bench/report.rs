//! One line a figure, with its target and whether it is met.

use crate::{Failure, shop::ms};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Report {
    figures: usize,
    missed: Vec<String>,
}

impl Report {
    pub fn judge(&mut self, what: &str, got: &str, target: &str, is_met: bool) {
        let verdict = if is_met { "met" } else { "missed" };
        println!("{what}: {got} (target {target}) {verdict}");
        self.figures += 1;
        if !is_met {
            self.missed.push(format!("{what}: {got}, target {target}"));
        }
    }

    /// A time that must stay below `limit_ms`.
    pub fn below(&mut self, what: &str, got: Duration, limit_ms: u32) {
        let target = format!("below {limit_ms} ms");
        self.judge(what, &format!("{:.1} ms", ms(got)), &target, ms(got) < f64::from(limit_ms));
    }

    /// A part that could not be measured to its end is a figure missed, and the others go on.
    pub fn ended(&mut self, part: &str, end: Result<(), Failure>) {
        if let Err(error) = end {
            self.judge(part, &format!("broke off, {error}"), "its figures", false);
        }
    }

    pub fn sum_up(&self) {
        println!("\n{} figures with a target, {} missed", self.figures, self.missed.len());
        for missed in &self.missed {
            println!("  missed: {missed}");
        }
    }
}
