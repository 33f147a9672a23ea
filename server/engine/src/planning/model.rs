//! The list of named rows and columns a plan is made of. The solver gets it, LP and MPS texts print it.

pub mod lp;
pub mod mps;
pub mod names;

use std::ops::Range;

/// Thing of the input and period, by their places there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    Prod {
        line: usize,
        t: usize,
    },
    On {
        line: usize,
        t: usize,
    },
    Start {
        line: usize,
        t: usize,
    },
    Batches {
        line: usize,
        t: usize,
    },
    Ship {
        lane: usize,
        product: usize,
        t: usize,
    },
    Trips {
        lane: usize,
        t: usize,
    },
    Use {
        lane: usize,
        t: usize,
    },
    /// By place in `stock`.
    Inv {
        stock: usize,
        t: usize,
    },
    Below {
        stock: usize,
        t: usize,
    },
    /// By place in `demand`.
    Short {
        demand: usize,
        t: usize,
    },
    /// `t` is None for an activation once.
    Open {
        node: usize,
        t: Option<usize>,
    },
    /// Whether a node supplies the limit's node.
    From {
        node: usize,
        limit: usize,
        t: usize,
    },
    /// `t` is None for a row over all periods of the contract.
    Over {
        contract: usize,
        t: Option<usize>,
    },
    Under {
        contract: usize,
        t: Option<usize>,
    },
    /// What the explain model lets go in a row.
    Slack {
        row: usize,
        plus: bool,
    },
    /// More supply than there is, for one row of the shortage questions.
    Extra,
}

/// One family of rows a file of `constraints`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Balance,
    Run,
    MinRun,
    Start,
    Batch,
    Resource,
    Vehicle,
    Lot,
    UseLimit,
    MinShipment,
    Lane,
    Storage,
    Throughput,
    Safety,
    Contract,
    Supplier,
    SupplierCount,
    Site,
    SiteGroup,
    SupplyLink,
    Pin,
    /// Bounds of columns that the explain model turned into rows.
    Capacity,
    Closing,
    ClosingMax,
    TripLimit,
    Fulfilment,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    Place {
        node: usize,
        product: usize,
        t: usize,
    },
    Line {
        line: usize,
        t: usize,
    },
    Resource {
        resource: usize,
        t: usize,
    },
    Lane {
        lane: usize,
        t: usize,
    },
    LaneProduct {
        lane: usize,
        product: usize,
        t: usize,
    },
    Node {
        node: usize,
        t: usize,
    },
    Contract {
        contract: usize,
        t: Option<usize>,
    },
    /// A supplier of a limit; None for their count.
    Limit {
        limit: usize,
        node: Option<usize>,
        t: usize,
    },
    /// What one activity of a site needs.
    Site {
        node: usize,
        of: Activity,
        t: usize,
    },
    Group {
        group: usize,
        t: Option<usize>,
    },
    Link {
        line: usize,
        lane: usize,
        t: usize,
    },
    Column(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activity {
    Made { line: usize },
    Moved { lane: usize },
    Served { demand: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    Continuous,
    Integer,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub key: Key,
    pub lower: f64,
    pub upper: f64,
    pub domain: Domain,
    /// Money for one.
    pub cost: f64,
}

impl Column {
    #[must_use]
    pub fn binary(&self) -> bool {
        self.domain == Domain::Integer && self.lower >= 0.0 && self.upper <= 1.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    AtMost,
    Equal,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub family: Family,
    pub about: About,
    terms: Range<usize>,
    pub compare: Compare,
    pub limit: f64,
}

/// Minimise Σ cost·x + constant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    terms: Vec<(usize, f64)>,
    pub constant: f64,
}

impl Model {
    pub fn column(&mut self, column: Column) -> usize {
        self.columns.push(column);
        self.columns.len() - 1
    }

    pub fn row(
        &mut self,
        family: Family,
        about: About,
        terms: impl IntoIterator<Item = (usize, f64)>,
        compare: Compare,
        limit: f64,
    ) -> usize {
        let start = self.terms.len();
        self.terms.extend(terms);
        self.rows.push(Row { family, about, terms: start..self.terms.len(), compare, limit });
        self.rows.len() - 1
    }

    /// Columns and their coefficients in a row.
    #[must_use]
    pub fn terms(&self, row: &Row) -> &[(usize, f64)] {
        &self.terms[row.terms.clone()]
    }

    /// The rows again, with what `rewrite` makes of their terms.
    pub fn rewrite(&mut self, mut rewrite: impl FnMut(usize, &Row, &mut Vec<(usize, f64)>)) {
        let mut terms = Vec::with_capacity(self.terms.len());
        let mut of_row = Vec::new();
        for (place, row) in self.rows.iter_mut().enumerate() {
            of_row.clear();
            of_row.extend_from_slice(&self.terms[row.terms.clone()]);
            rewrite(place, row, &mut of_row);
            row.terms = terms.len()..terms.len() + of_row.len();
            terms.extend_from_slice(&of_row);
        }
        self.terms = terms;
    }

    #[must_use]
    pub fn size(&self) -> Size {
        let integer = self.columns.iter().filter(|column| column.domain == Domain::Integer).count();
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for (_, value) in self.terms.iter().filter(|(_, value)| *value != 0.0) {
            (low, high) = (low.min(value.abs()), high.max(value.abs()));
        }
        Size {
            rows: self.rows.len(),
            columns: self.columns.len(),
            integer,
            binary: self.columns.iter().filter(|column| column.binary()).count(),
            nonzeros: self.terms.len(),
            coefficients: (high > 0.0).then_some((low, high)),
        }
    }

    #[must_use]
    pub fn has_integers(&self) -> bool {
        self.columns.iter().any(|column| column.domain == Domain::Integer)
    }

    /// Σ cost·x + constant.
    #[must_use]
    pub fn value(&self, x: &[f64]) -> f64 {
        self.columns.iter().zip(x).map(|(column, x)| column.cost * x).sum::<f64>() + self.constant
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub rows: usize,
    pub columns: usize,
    /// Binary ones too.
    pub integer: usize,
    pub binary: usize,
    pub nonzeros: usize,
    /// Least and greatest, by size.
    pub coefficients: Option<(f64, f64)>,
}
