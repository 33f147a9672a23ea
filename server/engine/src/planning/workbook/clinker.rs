//! The nine-sheet clinker workbook (`planning.md` 3.1), as a document. Its sheets are known by their names; a column that is
//! not needed is left alone.

use super::{
    Book, Line, Sheet, Source,
    cell::{Cell, value},
    layout::address,
    places::{Places, Table},
};
use crate::planning::{
    document::{FORMAT, schema::section},
    fault::Fault,
    tree::Tree,
};
use rust_decimal::Decimal;
use std::collections::{BTreeSet, HashMap, HashSet};

type Entries = Vec<(String, Tree)>;

const DEMAND: &str = "ClinkerDemand";
const CAPACITY: &str = "ClinkerCapacity";
const COST: &str = "ProductionCost";
const LANES: &str = "LogisticsIUGU";
const CONSTRAINTS: &str = "IUGUConstraint";
const OPENING: &str = "IUGUOpeningStock";
const CLOSING: &str = "IUGUClosingStock";
const TYPES: &str = "IUGUType";
const HUB: &str = "HubOpeningStock";
/// Without these there is no plan.
const NEEDED: [&str; 5] = [DEMAND, CAPACITY, COST, LANES, TYPES];

const NODE: &str = "IUGU CODE";
const PLANT: &str = "IU CODE";
const FROM: &str = "FROM IU CODE";
const TO: &str = "TO IUGU CODE";
const MODE: &str = "TRANSPORT CODE";
const PERIOD: &str = "TIME PERIOD";
const LEAST_SERVED: &str = "MIN FULFILLMENT (%)";
const LOT: &str = "QUANTITY MULTIPLIER";
const SENSE: &str = "BOUND TYPEID";
const AMOUNTS: [&str; 11] = [
    "DEMAND",
    LEAST_SERVED,
    "CAPACITY",
    "PRODUCTION COST",
    "FREIGHT COST",
    "HANDLING COST",
    LOT,
    "OPENING STOCK",
    "MIN CLOSE STOCK",
    "MAX CLOSE STOCK",
    "VALUE",
];
const SOURCES: &str = "# SOURCE";

/// In capitals, with single spaces.
fn plain(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

/// Whether numbers stand in a column of this name.
pub(super) fn is_amount(column: &str) -> bool {
    let column = plain(column);
    column == SOURCES || AMOUNTS.contains(&column.as_str())
}

fn sheet<'a>(book: &'a Book, name: &str) -> Option<&'a Sheet> {
    book.sheets.iter().find(|sheet| sheet.name.trim().eq_ignore_ascii_case(name) && !sheet.lines.is_empty())
}

/// No sheet of a document has these names.
pub(super) fn is_one(book: &Book) -> bool {
    sheet(book, DEMAND).is_some() && sheet(book, LANES).is_some()
}

pub(super) fn read(book: &Book) -> Source {
    let mut reader = Reader::default();
    for name in NEEDED.iter().filter(|name| sheet(book, name).is_none()) {
        reader.fault("E02", (*name).to_owned(), format!("The sheet {name} is missing."));
    }
    let sheets = |name: &'static str| sheet(book, name).map(|sheet| Page::of(name, sheet));
    if let Some(page) = sheets(TYPES) {
        reader.types(&page);
    }
    if let Some(page) = sheets(DEMAND) {
        reader.demand(&page);
    }
    if let (Some(page), cost) = (sheets(CAPACITY), sheets(COST)) {
        let costs = cost.map(|cost| reader.costs(&cost)).unwrap_or_default();
        reader.production(&page, &costs);
    }
    if let Some(page) = sheets(LANES) {
        reader.lanes(&page);
    }
    if let Some(page) = sheets(CONSTRAINTS) {
        reader.contracts(&page);
    }
    reader.stock(sheets(OPENING).as_ref(), sheets(CLOSING).as_ref());
    if let Some(page) = sheets(HUB) {
        reader.hub(&page);
    }
    reader.finish()
}

/// A sheet and where its columns stand.
struct Page<'a> {
    name: &'static str,
    sheet: &'a Sheet,
    columns: HashMap<String, u32>,
    heading: u32,
    free: u32,
}

impl<'a> Page<'a> {
    fn of(name: &'static str, sheet: &'a Sheet) -> Self {
        let first = sheet.lines.first();
        let cells = first.map_or(&[][..], |line| &line.cells);
        let mut columns = HashMap::new();
        for (column, cell) in cells {
            columns.entry(plain(&cell.plain())).or_insert(*column);
        }
        let free = cells.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
        Self { name, sheet, columns, heading: first.map_or(1, |line| line.number), free }
    }

    fn lines(&self) -> impl Iterator<Item = &'a Line> + use<'a> {
        self.sheet.lines.iter().skip(1).filter(|line| !line.cells.is_empty())
    }

    fn at(&self, line: &Line, column: &str) -> String {
        address(self.name, self.columns.get(column).copied().unwrap_or_default(), line.number)
    }

    /// Where the fields of a section stand.
    fn table(&self, fields: &[(&str, &str)]) -> Table {
        let columns =
            fields.iter().filter_map(|(field, column)| Some(((*field).to_owned(), *self.columns.get(*column)?)));
        Table {
            sheet: self.name,
            columns: columns.collect(),
            free: self.free,
            heading: self.heading,
            ..Table::default()
        }
    }
}

#[derive(Default)]
struct Reader {
    rows: HashMap<&'static str, Vec<Entries>>,
    periods: BTreeSet<String>,
    /// Codes with a type, and those that other sheets than the lanes name.
    typed: HashSet<String>,
    named: HashSet<String>,
    faults: Vec<Fault>,
    doubts: Vec<Fault>,
    places: Places,
}

impl Reader {
    fn fault(&mut self, code: &'static str, path: String, message: impl Into<String>) {
        self.faults.push(Fault::new(code, path, message));
    }

    /// The fields of a section that a line of a sheet holds; every column asked for must be there.
    fn section(
        &mut self,
        page: &Page<'_>,
        name: &'static str,
        fields: &[(&'static str, &'static str)],
        mut more: impl FnMut(&mut Self, &Line, &mut Entries),
    ) {
        self.columns(page, fields.iter().map(|(_, column)| *column));
        let mut table = page.table(fields);
        for line in page.lines() {
            let mut row = self.fields(page, line, name, fields);
            more(self, line, &mut row);
            self.rows.entry(name).or_default().push(row);
            table.rows.push(line.number);
        }
        self.places.sections.insert(name, table);
    }

    fn columns<'c>(&mut self, page: &Page<'_>, columns: impl Iterator<Item = &'c str>) {
        for column in columns.filter(|column| !page.columns.contains_key(*column)) {
            let at = address(page.name, page.free, page.heading);
            self.fault("E02", at, format!("The column {column} is missing."));
        }
    }

    fn fields(
        &mut self,
        page: &Page<'_>,
        line: &Line,
        name: &'static str,
        fields: &[(&'static str, &'static str)],
    ) -> Entries {
        let known = section(name);
        let mut row = Entries::new();
        for (field, column) in fields {
            let Some(cell) = line_cell(page, line, column) else { continue };
            if let Cell::Broken(error) = cell {
                let at = page.at(line, column);
                self.places.broken(at.clone());
                self.fault("E03", at, format!("The cell holds the error {error}."));
                continue;
            }
            let Some(of) = known.and_then(|known| known.field(field)) else { continue };
            let value = value(of, cell, page.sheet.mark);
            if *field == "period"
                && let Some(id) = text(&value)
            {
                self.periods.insert(id);
            }
            row.push(((*field).to_owned(), value));
        }
        row
    }

    fn types(&mut self, page: &Page<'_>) {
        let mut limits = Vec::new();
        let fields = [("id", NODE), ("type", "PLANT TYPE")];
        self.section(page, "nodes", &fields, |reader, line, row| {
            let id = entry(row, "id").and_then(text);
            reader.typed.extend(id.clone());
            if let Some((_, kind)) = row.iter_mut().find(|(name, _)| name == "type")
                && let Some(word) = text(kind)
            {
                *kind = Tree::Text(kind_of(&word));
            }
            if let (Some(id), Some(cell)) = (id, line_cell(page, line, SOURCES)) {
                let most = section("supplier_limits").and_then(|known| known.field("max_suppliers"));
                let most = most.map_or(Tree::Null, |field| value(field, cell, page.sheet.mark));
                limits
                    .push((vec![("node".to_owned(), Tree::Text(id)), ("max_suppliers".to_owned(), most)], line.number));
            }
        });
        if !limits.is_empty() {
            let mut table = page.table(&[("node", NODE), ("max_suppliers", SOURCES)]);
            let (rows, numbers) = limits.into_iter().unzip();
            table.rows = numbers;
            self.rows.insert("supplier_limits", rows);
            self.places.sections.insert("supplier_limits", table);
        }
    }

    fn demand(&mut self, page: &Page<'_>) {
        let fields = [("node", NODE), ("period", PERIOD), ("tonnes", "DEMAND"), ("min_fulfilment", LEAST_SERVED)];
        self.section(page, "demand", &fields, |reader, _, row| {
            reader.named.extend(entry(row, "node").and_then(text));
            if let Some((_, Tree::Number(percent))) = row.iter_mut().find(|(name, _)| name == "min_fulfilment") {
                *percent /= Decimal::ONE_HUNDRED;
            }
        });
    }

    /// Cost by plant and period.
    fn costs(&mut self, page: &Page<'_>) -> HashMap<(String, String), Tree> {
        let fields = [("node", PLANT), ("period", PERIOD), ("variable_cost_per_tonne", "PRODUCTION COST")];
        self.columns(page, fields.iter().map(|(_, column)| *column));
        let mut costs = HashMap::new();
        for line in page.lines() {
            let row = self.fields(page, line, "production", &fields);
            let of = |name| entry(&row, name);
            let (Some(node), Some(period)) = (of("node").and_then(text), of("period").and_then(text)) else {
                self.fault("E02", page.at(line, PLANT), "A cost needs its plant and its period.");
                continue;
            };
            let Some(cost) = of("variable_cost_per_tonne").cloned() else { continue };
            if !matches!(cost, Tree::Number(_)) {
                self.fault("E03", page.at(line, "PRODUCTION COST"), "The cost is no number.");
            }
            if costs.insert((node, period), cost).is_some() {
                self.fault("E05", page.at(line, PLANT), "The cost of this plant and period stands twice.");
            }
        }
        costs
    }

    fn production(&mut self, page: &Page<'_>, costs: &HashMap<(String, String), Tree>) {
        let fields = [("node", PLANT), ("period", PERIOD), ("capacity_tonnes", "CAPACITY")];
        self.section(page, "production", &fields, |reader, _, row| {
            let (node, period) = (entry(row, "node").and_then(text), entry(row, "period").and_then(text));
            reader.named.extend(node.clone());
            let cost = node.zip(period).and_then(|key| costs.get(&key));
            row.extend(cost.map(|cost| ("variable_cost_per_tonne".to_owned(), cost.clone())));
        });
        // A cost that is missing has no cell: it is told at the capacity that needs it.
        if let (Some(table), Some(at)) = (self.places.sections.get_mut("production"), page.columns.get("CAPACITY")) {
            table.columns.insert("variable_cost_per_tonne".to_owned(), *at);
        }
    }

    fn lanes(&mut self, page: &Page<'_>) {
        let fields = [
            ("from", FROM),
            ("to", TO),
            ("mode", MODE),
            ("period", PERIOD),
            ("cost_per_tonne", "FREIGHT COST"),
            ("handling_cost_per_tonne", "HANDLING COST"),
            ("trip_tonnes", LOT),
        ];
        let mut ends: Vec<(String, String)> = Vec::new();
        self.section(page, "lanes", &fields, |_, line, row| {
            for (field, column) in [("from", FROM), ("to", TO)] {
                ends.extend(entry(row, field).and_then(text).map(|id| (id, page.at(line, column))));
            }
            match entry(row, "trip_tonnes") {
                Some(Tree::Number(lot)) if *lot == Decimal::ONE => row.retain(|(name, _)| name != "trip_tonnes"),
                Some(_) => row.push(("trip_rule".to_owned(), Tree::Text("full_lots".to_owned()))),
                None => {}
            }
        });
        let mut told = HashSet::new();
        for (id, at) in ends {
            if self.typed.contains(&id) || self.named.contains(&id) || !told.insert(id.clone()) {
                continue;
            }
            let message = format!("{id} stands in lanes only; it is taken as a hub.");
            self.doubts.push(Fault::new("W16", at, message));
            let node = [("id", id.as_str()), ("type", "hub")];
            let node = node.map(|(name, value)| (name.to_owned(), Tree::Text(value.to_owned())));
            self.rows.entry("nodes").or_default().push(node.to_vec());
        }
    }

    fn contracts(&mut self, page: &Page<'_>) {
        let fields =
            [("from", PLANT), ("to", NODE), ("mode", MODE), ("period", PERIOD), ("sense", SENSE), ("limit", "VALUE")];
        self.section(page, "contracts", &fields, |_, line, row| {
            row.push(("id".to_owned(), Tree::Text(format!("{CONSTRAINTS}.{}", line.number))));
            if let Some((_, Tree::Text(sense))) = row.iter_mut().find(|(name, _)| name == "sense") {
                *sense = sense.trim().to_uppercase();
            }
        });
    }

    fn stock(&mut self, opening: Option<&Page<'_>>, closing: Option<&Page<'_>>) {
        if let Some(page) = opening {
            self.section(page, "stock", &[("node", NODE), ("opening_tonnes", "OPENING STOCK")], |reader, _, row| {
                reader.named.extend(entry(row, "node").and_then(text));
            });
        }
        let Some(page) = closing else { return };
        let fields = [
            ("node", NODE),
            ("period", PERIOD),
            ("min_closing_tonnes", "MIN CLOSE STOCK"),
            ("max_closing_tonnes", "MAX CLOSE STOCK"),
        ];
        // Rows of another sheet stand behind those of the first.
        let first = self.places.sections.remove("stock");
        self.section(page, "stock", &fields, |reader, _, row| {
            reader.named.extend(entry(row, "node").and_then(text));
            if entry(row, "max_closing_tonnes").is_none() {
                row.push(("max_closing_tonnes".to_owned(), Tree::Null));
            }
        });
        let second = self.places.sections.remove("stock");
        match (first, second) {
            (Some(mut first), Some(second)) => {
                first.behind = Some(Box::new(second));
                self.places.sections.insert("stock", first);
            }
            (first, second) => {
                self.places.sections.extend(first.or(second).map(|table| ("stock", table)));
            }
        }
    }

    /// Who owns what lies at a hub is open: it is told, and not counted.
    fn hub(&mut self, page: &Page<'_>) {
        let amount = section("stock").and_then(|known| known.field("opening_tonnes"));
        let mut sum = Decimal::ZERO;
        let mut first = None;
        for line in page.lines() {
            let Some(cell) = line_cell(page, line, "OPENING STOCK") else { continue };
            if let Some(Tree::Number(tonnes)) = amount.map(|field| value(field, cell, page.sheet.mark)) {
                sum += tonnes;
                first.get_or_insert_with(|| page.at(line, "OPENING STOCK"));
            }
        }
        if let Some(at) = first.filter(|_| !sum.is_zero()) {
            let message =
                format!("{} t lie at hubs; whose they are is not said, so they are not counted.", sum.normalize());
            self.doubts.push(Fault::new("W17", at, message));
        }
    }

    fn finish(mut self) -> Source {
        let text = |text: &str| Tree::Text(text.to_owned());
        let mut periods: Vec<String> = self.periods.into_iter().collect();
        if periods.iter().all(|id| id.parse::<u64>().is_ok()) {
            periods.sort_by_key(|id| id.parse::<u64>().unwrap_or_default());
        }
        let periods = periods.iter().map(|id| vec![("id".to_owned(), text(id))]).collect();
        self.rows.insert("periods", periods);
        let mut tree = vec![
            ("format".to_owned(), text(FORMAT)),
            ("name".to_owned(), text("Clinker plan")),
            ("currency".to_owned(), text("INR")),
        ];
        for known in crate::planning::document::schema::SECTIONS {
            if let Some(rows) = self.rows.remove(known.name) {
                tree.push((known.name.to_owned(), Tree::List(rows.into_iter().map(Tree::Map).collect())));
            }
        }
        Source { tree: Tree::Map(tree), faults: self.faults, doubts: self.doubts, places: self.places }
    }
}

fn line_cell<'a>(page: &Page<'_>, line: &'a Line, column: &str) -> Option<&'a Cell> {
    let column = page.columns.get(column)?;
    let cell = line.cells.iter().find(|(at, _)| at == column).map(|(_, cell)| cell)?;
    // A blank text is no value.
    (!matches!(cell, Cell::Text(text) if text.trim().is_empty())).then_some(cell)
}

fn entry<'a>(row: &'a Entries, name: &str) -> Option<&'a Tree> {
    row.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// An id, or a word.
fn text(value: &Tree) -> Option<String> {
    match value {
        Tree::Text(text) => Some(text.trim().to_owned()),
        Tree::Number(number) => Some(number.normalize().to_string()),
        _ => None,
    }
}

/// The type of a plant; an unknown word stays, and is refused by its cell.
fn kind_of(word: &str) -> String {
    match word.to_lowercase().as_str() {
        "iu" | "integrated" | "integrated unit" => "IU",
        "gu" | "grinding" | "grinding unit" => "GU",
        "hub" | "terminal" | "warehouse" => "hub",
        "customer" => "customer",
        "supplier" => "supplier",
        _ => word,
    }
    .to_owned()
}
