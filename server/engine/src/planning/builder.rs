//! The input as a list of named rows: sets, limits, columns, then each family of rows in its own file.

use super::{constraints, input::Input, model::Model, params::Params, sets::Sets, variables::Variables};

/// A model, and where things stand in it.
#[derive(Debug, Clone)]
pub struct Built {
    pub model: Model,
    pub sets: Sets,
    pub params: Params,
    pub variables: Variables,
}

/// What the families see.
#[derive(Debug)]
pub struct Site<'a> {
    pub input: &'a Input,
    pub sets: &'a Sets,
    pub params: &'a Params,
    pub variables: &'a Variables,
    pub model: &'a mut Model,
}

#[must_use]
pub fn build(input: &Input) -> Built {
    let sets = Sets::of(input);
    let params = Params::of(input, &sets);
    let mut model = Model::default();
    model.constant = input.constant_cost;
    let variables = Variables::of(input, &sets, &mut model);
    let mut site = Site { input, sets: &sets, params: &params, variables: &variables, model: &mut model };
    constraints::ALL.iter().for_each(|family| family(&mut site));
    Built { model, sets, params, variables }
}
