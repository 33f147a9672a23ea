//! Never just "infeasible": a copy of the model lets every limit go at a price, and what it lets go is the cheapest way
//! out.

use super::{
    change::{self, Limit},
    column_words, limit_of, row_words,
};
use crate::planning::{
    builder::Built,
    input::Input,
    model::{About, Column, Compare, Domain, Family, Key, Model, names::Names},
    plan::{self, Plan, rounded},
    run::polish,
    solve::{Session, Settings, SolverFault, StopOnly, Watch},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{borrow::Cow, time::Instant};

/// Less than this is the solver's tolerance.
const LEAST: f64 = 1e-6;
/// Beyond the time of the search.
const POLISH_SECONDS: f64 = 1.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slack {
    pub family: Cow<'static, str>,
    /// The ids of what is let go, such as `A,L1,P,1`.
    pub key: String,
    pub words: String,
    pub amount: f64,
    /// Of one unit.
    pub price: f64,
    pub cost: f64,
    /// Operations of a scenario that let it go by just this much; none where no operation says it.
    #[serde(default)]
    pub ops: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayOut {
    /// Operating cost, penalties and relaxation.
    pub objective: f64,
    pub operating_cost: f64,
    /// Of the relaxation alone.
    pub total: f64,
    pub slacks: Vec<Slack>,
    /// May not be promoted.
    pub plan: Plan,
}

/// The way out within the seconds given; None when even the relaxed model has no plan in that time.
///
/// # Errors
/// The solver failed.
pub fn way_out(input: &Input, built: &Built, seconds: f64, watch: &dyn Watch) -> Result<Option<WayOut>, SolverFault> {
    let begun = Instant::now();
    let (model, slacks) = elastic(input, built);
    let mut session = Session::load(&model, model.has_integers())?;
    session.set(&Settings::from(&input.options))?;
    // Its incumbents are no plans.
    session.run(seconds, &StopOnly(watch))?;
    if !session.has_point() {
        return Ok(None);
    }
    let found = session.solution();
    let left = (seconds - begun.elapsed().as_secs_f64()).max(0.0);
    let point =
        if model.has_integers() { polish(&model, &mut session, found, left + POLISH_SECONDS)?.0 } else { found };
    let used = slacks.into_iter().filter_map(|(column, limit, mut slack)| {
        let amount = rounded(point.columns[column]);
        (amount > LEAST).then(|| {
            slack.amount = amount;
            slack.ops = change::ops(input, built, limit, point.columns[column]);
            slack.cost = amount * slack.price;
            slack
        })
    });
    let mut used: Vec<Slack> = used.collect();
    used.sort_by(|a, b| b.cost.total_cmp(&a.cost).then_with(|| a.key.cmp(&b.key)));
    let total: f64 = used.iter().map(|slack| slack.cost).sum();
    let plan = plan::of(input, built, &point.columns);
    let costs = plan::costs(input, built, &point.columns);
    let operating = costs.iter().filter(|(component, _)| component.operating()).map(|(_, sum)| sum).sum();
    Ok(Some(WayOut {
        objective: plan.costs.values().sum::<f64>() + total,
        operating_cost: operating,
        total,
        slacks: used,
        plan,
    }))
}

/// What a column's bound becomes when it may be passed.
struct Bound {
    column: usize,
    family: Family,
    name: &'static str,
    price: f64,
    upper: bool,
}

/// The relaxed copy, and its slacks by column. A slack replaces a hard row's limit, it never stands beside it.
fn elastic(input: &Input, built: &Built) -> (Model, Vec<(usize, Limit, Slack)>) {
    let relax = input.relax;
    let names = Names::new(input);
    let mut model = built.model.clone();
    let mut slacks = Vec::new();
    let mut added: Vec<(usize, usize, f64)> = Vec::new();
    for (place, row) in built.model.rows.iter().enumerate() {
        let (name, price, signs): (&'static str, f64, &[f64]) = match (row.family, row.compare) {
            (Family::Balance, _) => ("surplus", relax.surplus, &[1.0]),
            (Family::Throughput, _) => ("throughput", relax.throughput, &[-1.0]),
            (Family::Resource, _) => ("resource_hour", relax.resource_hour, &[-1.0]),
            (Family::Storage, _) => ("storage", relax.storage, &[-1.0]),
            (Family::Lane, _) => ("lane", relax.lane, &[-1.0]),
            (Family::Pin, Compare::AtMost) => ("pin", relax.contract, &[-1.0]),
            (Family::Pin, _) => ("pin", relax.contract, &[1.0]),
            (Family::Contract, compare) if is_hard(input, row.about) => match compare {
                Compare::AtMost => ("contract", relax.contract, &[-1.0]),
                Compare::AtLeast => ("contract", relax.contract, &[1.0]),
                Compare::Equal => ("contract", relax.contract, &[-1.0, 1.0]),
            },
            _ => continue,
        };
        for sign in signs {
            let column = slack_column(&mut model, place, *sign > 0.0, price);
            added.push((place, column, *sign));
            let words = if name == "surplus" {
                format!("tonnes nobody can take at {}", super::spoken(&names.about(&built.model, row.about)))
            } else {
                row_words(input, &built.model, row)
            };
            let key = names.about(&built.model, row.about);
            slacks.push((column, Limit::Row { row: place, plus: *sign > 0.0 }, slack(name, key, words, price)));
        }
    }
    // Switches must not hold back what may now be more.
    let room = built.params.everything + input.stock.iter().map(|stock| stock.opening).sum::<f64>();
    let mut next = added.into_iter().peekable();
    model.rewrite(|place, row, terms| {
        while let Some((_, column, sign)) = next.next_if(|(row, _, _)| *row == place) {
            terms.push((column, sign));
        }
        let switched =
            matches!(row.family, Family::Run | Family::UseLimit | Family::Supplier | Family::Site | Family::SupplyLink);
        if switched && row.compare == Compare::AtMost {
            // A switch that lets nothing pass stands there with −0.
            for (_, value) in terms.iter_mut().filter(|(_, value)| *value <= 0.0) {
                *value -= room;
            }
        }
    });
    for bound in bounds(input, built) {
        let column = &built.model.columns[bound.column];
        let (key, limit) = (column.key, if bound.upper { column.upper } else { column.lower });
        let row = model.rows.len();
        let over = slack_column(&mut model, row, !bound.upper, bound.price);
        let (sign, compare) = if bound.upper { (-1.0, Compare::AtMost) } else { (1.0, Compare::AtLeast) };
        model.row(bound.family, About::Column(bound.column), [(bound.column, 1.0), (over, sign)], compare, limit);
        if bound.upper {
            model.columns[bound.column].upper = match key {
                Key::Short { demand, t } => input.demand[demand].at[t].tonnes,
                _ => f64::INFINITY,
            };
        } else {
            model.columns[bound.column].lower = 0.0;
        }
        let words = column_words(input, limit_of(key, bound.upper).unwrap_or(bound.name), key);
        let of = Limit::Column { column: bound.column, upper: bound.upper };
        slacks.push((over, of, slack(bound.name, names.key(key), words, bound.price)));
    }
    (model, slacks)
}

/// Of nothing yet.
fn slack(family: &'static str, key: String, words: String, price: f64) -> Slack {
    Slack { family: family.into(), key, words, amount: 0.0, price, cost: 0.0, ops: Vec::new() }
}

fn is_hard(input: &Input, about: About) -> bool {
    matches!(about, About::Contract { contract, .. } if input.contracts[contract].violation_cost.is_none())
}

fn slack_column(model: &mut Model, row: usize, plus: bool, cost: f64) -> usize {
    let key = Key::Slack { row, plus };
    model.column(Column { key, lower: 0.0, upper: f64::INFINITY, domain: Domain::Continuous, cost })
}

fn bounds(input: &Input, built: &Built) -> Vec<Bound> {
    let relax = input.relax;
    let mut bounds = Vec::new();
    for (place, column) in built.model.columns.iter().enumerate() {
        let mut bound = |family, name, price, upper| bounds.push(Bound { column: place, family, name, price, upper });
        let finite = column.upper.is_finite();
        match column.key {
            Key::Prod { .. } if finite => bound(Family::Capacity, "capacity", relax.capacity, true),
            Key::Ship { .. } if finite && single(input, column.key) => bound(Family::Lane, "lane", relax.lane, true),
            Key::Trips { .. } if finite => bound(Family::TripLimit, "trip", relax.trip, true),
            Key::Inv { .. } => {
                if column.lower > 0.0 {
                    bound(Family::Closing, "closing", relax.closing, false);
                }
                if finite {
                    bound(Family::ClosingMax, "storage", relax.storage, true);
                }
            }
            Key::Short { demand, t } if column.upper < input.demand[demand].at[t].tonnes => {
                bound(Family::Fulfilment, "fulfilment", relax.fulfilment, true);
            }
            _ => {}
        }
    }
    bounds
}

/// Whether the lane's limit is the bound of one column.
fn single(input: &Input, key: Key) -> bool {
    matches!(key, Key::Ship { lane, .. } if input.carried(&input.lanes[lane]).count() == 1)
}
