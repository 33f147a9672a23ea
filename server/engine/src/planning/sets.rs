//! Index sets of the model: which lanes, lines and demands meet at a node, in document order.

use super::input::Input;

#[derive(Debug, Clone)]
pub struct Sets {
    pub horizon: usize,
    /// A node: lanes that leave it.
    pub out: Vec<Vec<usize>>,
    /// A node: lanes that lead to it.
    pub into: Vec<Vec<usize>>,
    /// A node: lines that stand there.
    pub lines: Vec<Vec<usize>>,
    /// A node: places in `stock`.
    pub stock: Vec<Vec<usize>>,
    /// A node: places in `demand`.
    pub demand: Vec<Vec<usize>>,
    /// A node and product: tonnes in transit that arrive, one a period; empty without any.
    rolling: Vec<Vec<f64>>,
    products: usize,
}

impl Sets {
    #[must_use]
    pub fn of(input: &Input) -> Self {
        let (nodes, products, horizon) = (input.nodes.len(), input.products.len(), input.horizon());
        let mut sets = Self {
            horizon,
            out: vec![Vec::new(); nodes],
            into: vec![Vec::new(); nodes],
            lines: vec![Vec::new(); nodes],
            stock: vec![Vec::new(); nodes],
            demand: vec![Vec::new(); nodes],
            rolling: vec![Vec::new(); nodes * products],
            products,
        };
        for (place, lane) in input.lanes.iter().enumerate() {
            sets.out[lane.from].push(place);
            sets.into[lane.to].push(place);
        }
        input.lines.iter().enumerate().for_each(|(place, line)| sets.lines[line.node].push(place));
        input.stock.iter().enumerate().for_each(|(place, stock)| sets.stock[stock.node].push(place));
        input.demand.iter().enumerate().for_each(|(place, demand)| sets.demand[demand.node].push(place));
        for one in &input.in_transit {
            let arrivals = &mut sets.rolling[one.to * products + one.product];
            arrivals.resize(horizon, 0.0);
            arrivals[one.period] += one.tonnes;
        }
        sets
    }

    /// Tonnes that arrive at a node without the model's doing.
    #[must_use]
    pub fn in_transit(&self, node: usize, product: usize, t: usize) -> f64 {
        self.rolling[node * self.products + product].get(t).copied().unwrap_or(0.0)
    }
}

impl Input {
    /// Whether a lane can be used in a period: open, and what leaves arrives within the horizon.
    #[must_use]
    pub fn open(&self, lane: usize, t: usize) -> bool {
        self.lanes[lane].at[t].is_some_and(|at| t + at.lead < self.horizon())
    }

    /// The periods in which what arrives in `t` has left.
    pub fn departures(&self, lane: usize, t: usize) -> impl Iterator<Item = usize> + '_ {
        (0..=t).filter(move |s| self.lanes[lane].at[*s].is_some_and(|at| s + at.lead == t))
    }
}
