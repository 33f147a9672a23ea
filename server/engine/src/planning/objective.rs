//! What one unit of a column costs, by component. Cost is booked in the period of departure or production.

use super::{input::Input, model::Key};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    Production,
    ProductionFixed,
    Start,
    Freight,
    Handling,
    Trips,
    LaneFixed,
    Holding,
    Transit,
    Site,
    Constant,
    Shortage,
    Safety,
    Contract,
}

impl Component {
    pub const ALL: [Self; 14] = [
        Self::Production,
        Self::ProductionFixed,
        Self::Start,
        Self::Freight,
        Self::Handling,
        Self::Trips,
        Self::LaneFixed,
        Self::Holding,
        Self::Transit,
        Self::Site,
        Self::Constant,
        Self::Shortage,
        Self::Safety,
        Self::Contract,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::ProductionFixed => "production_fixed",
            Self::Start => "start",
            Self::Freight => "freight",
            Self::Handling => "handling",
            Self::Trips => "trips",
            Self::LaneFixed => "lane_fixed",
            Self::Holding => "holding",
            Self::Transit => "transit",
            Self::Site => "site",
            Self::Constant => "constant",
            Self::Shortage => "shortage",
            Self::Safety => "safety",
            Self::Contract => "contract",
        }
    }

    /// Penalties are not paid to anybody.
    #[must_use]
    pub const fn operating(self) -> bool {
        !matches!(self, Self::Shortage | Self::Safety | Self::Contract)
    }
}

/// Unit costs of a column; one that costs nothing has none.
#[must_use]
pub fn parts(input: &Input, key: Key) -> [Option<(Component, f64)>; 3] {
    let one = |component, cost| [Some((component, cost)), None, None];
    match key {
        Key::Prod { line, t } => one(Component::Production, input.lines[line].at[t].variable_cost),
        Key::On { line, t } => one(Component::ProductionFixed, input.lines[line].at[t].fixed_cost),
        Key::Start { line, t } => one(Component::Start, input.lines[line].at[t].start_cost),
        Key::Ship { lane, t, .. } => input.lanes[lane].at[t].map_or([None; 3], |at| {
            [
                Some((Component::Freight, at.freight)),
                Some((Component::Handling, at.handling)),
                Some((Component::Transit, at.transit_holding * at.lead as f64)),
            ]
        }),
        Key::Trips { lane, t } => input.lanes[lane].at[t].map_or([None; 3], |at| one(Component::Trips, at.trip_cost)),
        Key::Use { lane, t } => {
            input.lanes[lane].at[t].map_or([None; 3], |at| one(Component::LaneFixed, at.fixed_cost))
        }
        Key::Inv { stock, t } => one(Component::Holding, input.stock[stock].at[t].holding_cost),
        Key::Below { stock, t } => one(Component::Safety, input.stock[stock].at[t].shortfall_cost),
        Key::Short { demand, t } => one(Component::Shortage, input.demand[demand].at[t].shortage_cost),
        Key::Open { node, .. } => one(Component::Site, input.nodes[node].activation_cost),
        Key::Over { contract, .. } | Key::Under { contract, .. } => {
            one(Component::Contract, input.contracts[contract].violation_cost.unwrap_or(0.0))
        }
        Key::Batches { .. } | Key::From { .. } | Key::Slack { .. } | Key::Extra => [None; 3],
    }
}

/// All of them together.
#[must_use]
pub fn cost(input: &Input, key: Key) -> f64 {
    parts(input, key).into_iter().flatten().map(|(_, cost)| cost).sum()
}
