//! How much of the demand can be served at most, before any solve (`planning.md` 3.1): one product, no recipes.

use super::input::Input;
use serde::{Deserialize, Serialize};

/// From the first period to the end of this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    pub period: String,
    /// 0 to 1.
    pub share: f64,
    pub supply_tonnes: f64,
    pub demand_tonnes: f64,
    /// Demand above supply, 0 when there is enough.
    pub gap_tonnes: f64,
}

/// ceiling(τ) = min(1, (Σ opening + Σ_{t≤τ} (capacity + in transit) − Σ hard minimum closing at τ) ÷ Σ_{t≤τ} demand).
/// Empty with several products or recipes, where only a model can tell.
#[must_use]
pub fn ceilings(input: &Input) -> Vec<Ceiling> {
    if input.products.len() > 1 || input.lines.iter().any(|line| !line.inputs.is_empty()) {
        return Vec::new();
    }
    let mut there: f64 = input.stock.iter().map(|stock| stock.opening).sum();
    let mut asked = 0.0;
    let mut ceilings = Vec::with_capacity(input.horizon());
    for (t, period) in input.periods.iter().enumerate() {
        there += input.lines.iter().map(|line| line.at[t].capacity.unwrap_or(f64::INFINITY)).sum::<f64>();
        there += input.in_transit.iter().filter(|one| one.period == t).map(|one| one.tonnes).sum::<f64>();
        asked += input.demand.iter().map(|demand| demand.at[t].tonnes).sum::<f64>();
        let kept = input.stock.iter().map(|stock| {
            let at = stock.at[t];
            if input.options.safety_hard { at.min_closing.max(at.safety) } else { at.min_closing }
        });
        let supply = (there - kept.sum::<f64>()).max(0.0);
        ceilings.push(Ceiling {
            period: period.id.clone(),
            share: if asked > 0.0 { (supply / asked).min(1.0) } else { 1.0 },
            supply_tonnes: supply,
            demand_tonnes: asked,
            gap_tonnes: (asked - supply).max(0.0),
        });
    }
    ceilings
}
