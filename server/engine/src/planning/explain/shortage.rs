//! Why a tonne is short (`planning.md` 3.6). One linear model, asked by changed costs and bounds: can more reach the row
//! at all? If not, its minimum cut is the cause; if so, what would one more tonne cost?

use super::{column_words, limit_of, limit_of_row, row_words};
use crate::planning::{
    builder::Built,
    input::Input,
    model::{Column, Domain, Family, Key, Model},
    objective::{self, Component},
    solve::{Session, Settings, Solution, SolverFault, Status, Unwatched},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::HashMap, time::Instant};

/// This many rows are looked into, the largest first.
const MOST: usize = 20;
/// All of them together, at most.
const SECONDS: f64 = 10.0;
const LEAST: f64 = 1e-7;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    pub cause: Cow<'static, str>,
    pub words: String,
    /// Tonnes gained by a unit more of a limit.
    pub dual: Option<f64>,
    /// What one more tonne would cost.
    pub marginal_cost: Option<f64>,
    /// What a missing tonne is priced.
    pub price: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "examined", content = "causes")]
pub enum Reason {
    Causes(Vec<Cause>),
    /// There was no time, or there are too many rows.
    NotExamined,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Shortage {
    /// Place in `demand`, and period.
    pub demand: usize,
    pub t: usize,
    pub reason: Reason,
}

struct Question {
    demand: usize,
    t: usize,
    column: usize,
    /// More supply for the row.
    extra: usize,
    short: f64,
}

/// The causes of every row that is short, as far as they are found within the seconds given.
///
/// # Errors
/// The solver failed.
pub fn shortages(input: &Input, built: &Built, point: &Solution, seconds: f64) -> Result<Vec<Shortage>, SolverFault> {
    let begun = Instant::now();
    let mut model = built.model.clone();
    let (mut questions, rest) = questions(built, point, &mut model);
    let mut answers = Vec::new();
    if !questions.is_empty() {
        let mut asker = Asker::new(input, built, &model, &questions, point)?;
        for question in questions.drain(..) {
            let left = seconds.min(SECONDS) - begun.elapsed().as_secs_f64();
            let causes = if left > 0.0 { asker.ask(&question, left)? } else { None };
            let reason = causes.map_or(Reason::NotExamined, Reason::Causes);
            answers.push(Shortage { demand: question.demand, t: question.t, reason });
        }
    }
    answers.extend(rest.into_iter().map(|(demand, t)| Shortage { demand, t, reason: Reason::NotExamined }));
    Ok(answers)
}

/// The rows to look into, each with a column of extra supply, and those beyond the number.
fn questions(built: &Built, point: &Solution, model: &mut Model) -> (Vec<Question>, Vec<(usize, usize)>) {
    let mut short: Vec<(usize, usize, usize, f64)> = Vec::new();
    for (place, column) in built.model.columns.iter().enumerate() {
        if let Key::Short { demand, t } = column.key
            && point.columns[place] > 1e-6
        {
            short.push((demand, t, place, point.columns[place]));
        }
    }
    short.sort_by(|a, b| b.3.total_cmp(&a.3));
    let rest = short.iter().skip(MOST).map(|(demand, t, _, _)| (*demand, *t)).collect();
    let questions: Vec<Question> = short
        .into_iter()
        .take(MOST)
        .map(|(demand, t, column, short)| {
            let extra = Column { key: Key::Extra, lower: 0.0, upper: 0.0, domain: Domain::Continuous, cost: 0.0 };
            Question { demand, t, column, extra: model.column(extra), short }
        })
        .collect();
    let of_short: HashMap<usize, usize> = questions.iter().map(|one| (one.column, one.extra)).collect();
    model.rewrite(|_, row, terms| {
        if row.family == Family::Balance {
            // Where −short stands, +extra takes what comes.
            let more: Vec<_> = terms.iter().filter_map(|(column, _)| of_short.get(column).map(|e| (*e, 1.0))).collect();
            terms.extend(more);
        }
    });
    (questions, rest)
}

struct Asker<'a> {
    input: &'a Input,
    built: &'a Built,
    session: Session,
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// All but shortage.
    costs: Vec<f64>,
    /// Cost with every shortage as it is.
    standing: Option<f64>,
}

impl<'a> Asker<'a> {
    fn new(
        input: &'a Input,
        built: &'a Built,
        model: &Model,
        questions: &[Question],
        point: &Solution,
    ) -> Result<Self, SolverFault> {
        let mut session = Session::load(model, false)?;
        session.set(&Settings::from(&input.options))?;
        let (lower, mut upper): (Vec<f64>, Vec<f64>) = model.columns.iter().map(|c| (c.lower, c.upper)).unzip();
        let mut costs = vec![0.0; model.columns.len()];
        for (place, column) in built.model.columns.iter().enumerate() {
            if let Key::Short { .. } = column.key {
                upper[place] = point.columns[place].max(0.0);
                continue;
            }
            let parts = objective::parts(input, column.key).into_iter().flatten();
            costs[place] = parts.filter(|(component, _)| *component != Component::Shortage).map(|(_, cost)| cost).sum();
        }
        debug_assert!(questions.iter().all(|one| upper[one.extra] == 0.0));
        Ok(Self { input, built, session, lower, upper, costs, standing: None })
    }

    /// None: there was no time.
    fn ask(&mut self, question: &Question, seconds: f64) -> Result<Option<Vec<Cause>>, SolverFault> {
        let (mut lower, mut upper) = (self.lower.clone(), self.upper.clone());
        lower[question.column] = upper[question.column];
        upper[question.extra] = question.short;
        let mut costs = vec![0.0; self.costs.len()];
        costs[question.extra] = -1.0;
        self.session.set_costs(&costs)?;
        self.session.set_bounds(&lower, &upper)?;
        if self.session.run(seconds, &Unwatched)? != Status::Optimal {
            return Ok(None);
        }
        let found = self.session.solution();
        let more = found.columns[question.extra];
        if more <= 1e-6 { Ok(Some(self.cut(question, &found))) } else { self.price(question, more.min(1.0), seconds) }
    }

    /// Rows and bounds that hold the row back.
    fn cut(&self, question: &Question, found: &Solution) -> Vec<Cause> {
        let model = &self.built.model;
        let cause = |cause: &'static str, words, dual| Cause {
            cause: cause.into(),
            words,
            dual: Some(dual),
            marginal_cost: None,
            price: None,
        };
        let mut causes = Vec::new();
        for (place, row) in model.rows.iter().enumerate() {
            let dual = found.row_duals[place].abs();
            if let Some(limit) = limit_of_row(row.family).filter(|limit| dual > LEAST && *limit != "trips") {
                causes.push(cause(limit, row_words(self.input, model, row), dual));
            }
        }
        for (place, column) in model.columns.iter().enumerate() {
            let dual = found.column_duals[place];
            let bound = if dual < 0.0 { column.upper } else { column.lower };
            let limit = limit_of(column.key, dual < 0.0).filter(|limit| *limit != "fulfilment");
            if let Some(limit) =
                limit.filter(|_| dual.abs() > LEAST && bound.is_finite() && (dual < 0.0 || bound > 0.0))
            {
                causes.push(cause(limit, column_words(self.input, limit, column.key), dual.abs()));
            }
        }
        causes.extend(self.unreached(question));
        causes.sort_by(|a, b| {
            let rank = |cause: &Cause| cause.dual.unwrap_or(0.0);
            rank(b).total_cmp(&rank(a)).then_with(|| a.words.cmp(&b.words))
        });
        causes
    }

    /// A node no lane reaches, or none in time.
    fn unreached(&self, question: &Question) -> Option<Cause> {
        let input = self.input;
        let demand = &input.demand[question.demand];
        let (node, period) = (&input.nodes[demand.node].id, &input.periods[question.t].id);
        let lanes =
            input.lanes.iter().enumerate().filter(|(_, lane)| {
                lane.to == demand.node && lane.product.is_none_or(|product| product == demand.product)
            });
        let lanes: Vec<usize> =
            lanes.filter(|(_, lane)| lane.at.iter().any(Option::is_some)).map(|(place, _)| place).collect();
        let made = input.lines.iter().any(|line| (line.node, line.product) == (demand.node, demand.product));
        let (cause, words) = if lanes.is_empty() && !made {
            ("no_lane", format!("no lane leads to {node}"))
        } else if lanes.iter().any(|lane| input.lanes[*lane].at.iter().flatten().any(|at| at.lead > question.t)) {
            ("lead_time", format!("what leaves for {node} after the first period arrives after {period}"))
        } else {
            return None;
        };
        Some(Cause { cause: cause.into(), words, dual: None, marginal_cost: None, price: None })
    }

    /// What a tonne more would cost, against what a missing one is priced.
    fn price(&mut self, question: &Question, step: f64, seconds: f64) -> Result<Option<Vec<Cause>>, SolverFault> {
        self.session.set_costs(&self.costs)?;
        let standing = match self.standing {
            Some(standing) => standing,
            None => match self.cost_with(question, 0.0, seconds)? {
                Some(standing) => *self.standing.insert(standing),
                None => return Ok(None),
            },
        };
        let Some(more) = self.cost_with(question, step, seconds)? else { return Ok(None) };
        let marginal = (more - standing) / step;
        let price = self.input.demand[question.demand].at[question.t].shortage_cost;
        let dearer = marginal > price + 1e-6 * price.abs().max(1.0);
        let words = if dearer {
            format!("one more tonne costs {:.4}, a missing tonne is priced {price}", marginal)
        } else {
            "whole trips, lots, batches, minimum shipments or runs hold it back".to_owned()
        };
        let cause = if dearer { "price" } else { "lot_size" };
        let cause = cause.into();
        Ok(Some(vec![Cause { cause, words, dual: None, marginal_cost: Some(marginal), price: Some(price) }]))
    }

    /// Cost with this shortage less by a step and all others as they are.
    fn cost_with(&mut self, question: &Question, step: f64, seconds: f64) -> Result<Option<f64>, SolverFault> {
        let (mut lower, mut upper) = (self.lower.clone(), self.upper.clone());
        for (place, column) in self.built.model.columns.iter().enumerate() {
            if matches!(column.key, Key::Short { .. }) {
                lower[place] = upper[place];
            }
        }
        lower[question.column] = question.short - step;
        upper[question.column] = question.short - step;
        self.session.set_bounds(&lower, &upper)?;
        let optimal = self.session.run(seconds, &Unwatched)? == Status::Optimal;
        Ok(if optimal { self.session.figures().incumbent } else { None })
    }
}
