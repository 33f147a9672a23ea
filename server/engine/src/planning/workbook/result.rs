//! What came of a solve as sheets. Their names begin with `Result`, so that they may stand beside those of the input.

use super::{Sheet, cell::Cell};
use crate::planning::{explain::Reason, result::Answer};
use domain::planning::{BindingRow, ContractRow, ProductionRow, RunResults, ShipmentRow, SiteRow, StockRow};
use std::collections::BTreeMap;

/// A cell of a row.
type At = Option<Cell>;

fn id(text: &str) -> At {
    Some(Cell::Text(text.to_owned())).filter(|_| !text.is_empty())
}

fn words(text: &str) -> At {
    Some(Cell::text(text)).filter(|_| !text.is_empty())
}

fn amount(value: f64) -> At {
    Cell::double(value)
}

fn maybe(value: Option<f64>) -> At {
    value.and_then(amount)
}

/// The rows that both kinds of result have.
struct Rows<'a> {
    costs: &'a BTreeMap<String, f64>,
    production: &'a [ProductionRow],
    shipments: &'a [ShipmentRow],
    inventory: &'a [StockRow],
    sites: &'a [SiteRow],
    contracts: &'a [ContractRow],
}

impl Rows<'_> {
    fn sheets(&self) -> Vec<Sheet> {
        let costs = self.costs.iter().map(|(component, cost)| [id(component), amount(*cost)]);
        let production = self.production.iter().map(|row| {
            #[allow(clippy::cast_precision_loss, reason = "batches are few")]
            let batches = row.batches.map(|batches| batches as f64);
            [
                id(&row.node),
                id(&row.line),
                id(&row.product),
                id(&row.period),
                amount(row.tonnes),
                maybe(row.capacity_tonnes),
                maybe(batches),
                amount(row.cost),
            ]
        });
        let shipments = self.shipments.iter().map(|row| {
            [
                id(&row.from),
                id(&row.to),
                id(&row.mode),
                id(&row.product),
                id(&row.period),
                id(&row.arrival_period),
                amount(row.tonnes),
                maybe(row.trips),
                amount(row.freight_cost),
                amount(row.handling_cost),
                amount(row.transit_cost),
                amount(row.trip_cost),
                amount(row.lane_fixed_cost),
            ]
        });
        let inventory = self.inventory.iter().map(|row| {
            [
                id(&row.node),
                id(&row.product),
                id(&row.period),
                amount(row.tonnes),
                amount(row.safety_stock_tonnes),
                amount(row.below_tonnes),
                amount(row.holding_cost),
                amount(row.safety_cost),
            ]
        });
        let sites = self.sites.iter().map(|row| [id(&row.node), row.period.as_deref().and_then(id), amount(row.cost)]);
        let contracts = self.contracts.iter().map(|row| {
            let period = row.period.as_deref().and_then(id);
            [id(&row.contract), period, amount(row.over), amount(row.under), amount(row.cost)]
        });
        vec![
            Sheet::new("ResultCosts", ["component", "cost"], costs),
            Sheet::new(
                "ResultProduction",
                ["node", "line", "product", "period", "tonnes", "capacity_tonnes", "batches", "cost"],
                production,
            ),
            Sheet::new("ResultShipments", SHIPMENT, shipments),
            Sheet::new("ResultInventory", STOCK, inventory),
            Sheet::new("ResultSites", ["node", "period", "cost"], sites),
            Sheet::new("ResultContracts", ["contract", "period", "over", "under", "cost"], contracts),
        ]
    }
}

const SHIPMENT: [&str; 13] = [
    "from",
    "to",
    "mode",
    "product",
    "period",
    "arrival_period",
    "tonnes",
    "trips",
    "freight_cost",
    "handling_cost",
    "transit_cost",
    "trip_cost",
    "lane_fixed_cost",
];
const STOCK: [&str; 8] =
    ["node", "product", "period", "tonnes", "safety_stock_tonnes", "below_tonnes", "holding_cost", "safety_cost"];
const UNMET: [&str; 7] = ["node", "product", "period", "demand_tonnes", "tonnes", "cost", "causes"];
const SLACK: [&str; 6] = ["family", "key", "words", "amount", "price", "cost"];
const BINDING: [&str; 5] = ["row_name", "words", "activity", "limit_value", "worth"];
const KPI: [&str; 5] = ["kpi", "scope", "value", "unit", "reason"];

fn causes<'a>(examined: bool, words: impl Iterator<Item = &'a str>) -> At {
    if examined { self::words(&words.collect::<Vec<_>>().join("; ")) } else { self::words("not examined") }
}

fn unmet(node: &str, product: &str, period: &str, amounts: [f64; 3], causes: At) -> [At; 7] {
    let [demand, tonnes, cost] = amounts.map(amount);
    [id(node), id(product), id(period), demand, tonnes, cost, causes]
}

fn slack(family: &str, key: &str, told: &str, amounts: [f64; 3]) -> [At; 6] {
    let [much, price, cost] = amounts.map(amount);
    [id(family), words(key), words(told), much, price, cost]
}

fn binding(name: &str, told: &str, amounts: [f64; 3]) -> [At; 5] {
    let [activity, limit, worth] = amounts.map(amount);
    [words(name), words(told), activity, limit, worth]
}

fn kpi(kpi: &str, scope: Option<&str>, value: Option<f64>, unit: &str, reason: Option<&str>) -> [At; 5] {
    [id(kpi), scope.and_then(id), maybe(value), words(unit), reason.and_then(words)]
}

/// The sheets of what explains a plan.
fn reasons(
    unmet: impl Iterator<Item = [At; 7]>,
    slacks: impl Iterator<Item = [At; 6]>,
    bindings: impl Iterator<Item = [At; 5]>,
    kpis: impl Iterator<Item = [At; 5]>,
) -> [Sheet; 4] {
    [
        Sheet::new("ResultUnmetDemand", UNMET, unmet),
        Sheet::new("ResultSlacks", SLACK, slacks),
        Sheet::new("ResultBindings", BINDING, bindings),
        Sheet::new("ResultKpis", KPI, kpis),
    ]
}

/// Sheets without a row are left out, but for the first.
fn kept(facts: Vec<(&str, At)>, rest: impl IntoIterator<Item = Sheet>) -> Vec<Sheet> {
    let facts = facts.into_iter().filter(|(_, value)| value.is_some()).map(|(name, value)| [id(name), value]);
    let first = Sheet::new(super::RESULT, ["key", "value"], facts);
    std::iter::once(first).chain(rest.into_iter().filter(|sheet| sheet.lines.len() > 1)).collect()
}

/// What the command line answers.
#[must_use]
pub fn of_answer(answer: &Answer) -> Vec<Sheet> {
    let outcome = serde_json::to_value(answer.outcome).unwrap_or_default();
    let facts = vec![
        ("format", id(&answer.format)),
        ("name", words(&answer.name)),
        ("currency", id(&answer.currency)),
        ("outcome", outcome.as_str().and_then(id)),
        ("error", answer.error.as_ref().and_then(|error| words(&error.message))),
        ("objective", maybe(answer.objective)),
        ("operating_cost", maybe(answer.operating_cost)),
        ("bound", maybe(answer.bound)),
        ("gap", maybe(answer.gap)),
        ("relaxation_cost", maybe(answer.relaxation.as_ref().map(|relaxation| relaxation.total))),
        ("input_sha256", id(&answer.input_sha256)),
        ("solver_used", id(&answer.solver.solver_used)),
        ("solver_version", id(&answer.solver.solver_version)),
        ("checker_passed", answer.checker.as_ref().map(|report| Cell::Bool(report.passed))),
        ("checker_sha256", answer.checker.as_ref().and_then(|report| id(&report.sha256))),
        ("endless", words(&answer.endless.join("; "))),
    ];
    let rows = Rows {
        costs: &answer.costs,
        production: &answer.production,
        shipments: &answer.shipments,
        inventory: &answer.inventory,
        sites: &answer.sites,
        contracts: &answer.contracts,
    };
    let more = reasons(
        answer.unmet_demand.iter().map(|row| {
            let causes = match &row.reason {
                Reason::Causes(all) => causes(true, all.iter().map(|cause| cause.words.as_str())),
                Reason::NotExamined => causes(false, std::iter::empty()),
            };
            unmet(&row.node, &row.product, &row.period, [row.demand_tonnes, row.tonnes, row.cost], causes)
        }),
        answer.slacks.iter().map(|row| slack(&row.family, &row.key, &row.words, [row.amount, row.price, row.cost])),
        answer.bindings.iter().map(|r| binding(&r.row_name, &r.words, [r.activity, r.limit_value, r.worth])),
        answer.kpis.iter().map(|r| kpi(&r.kpi, r.scope.as_deref(), r.value, &r.unit, r.reason.as_deref())),
    );
    kept(facts, rows.sheets().into_iter().chain(more))
}

/// What is stored of a run.
#[must_use]
pub fn of_results(results: &RunResults, bindings: &[BindingRow], input_sha256: &str) -> Vec<Sheet> {
    let facts = vec![
        ("run", id(&results.label)),
        ("scenario", words(&results.scenario_name)),
        ("currency", id(&results.currency)),
        ("outcome", results.solver_status.and_then(|outcome| id(outcome.as_str()))),
        ("termination_reason", words(&results.termination_reason)),
        ("is_relaxed", Some(Cell::Bool(results.is_relaxed))),
        ("rows_removed_at", results.rows_removed_at.and_then(|at| words(&at.to_rfc3339()))),
        ("objective", maybe(results.total_cost)),
        ("operating_cost", maybe(results.operating_cost)),
        ("gap", maybe(results.optimality_gap)),
        ("relaxation_cost", maybe(results.relaxation.as_ref().map(|relaxation| relaxation.total))),
        ("input_sha256", id(input_sha256)),
        ("solver_used", id(&results.solver_used)),
        ("solver_version", results.solver_version.as_deref().and_then(id)),
        ("checker_passed", results.checker.as_ref().map(|check| Cell::Bool(check.passed))),
        ("checker_sha256", results.checker.as_ref().and_then(|check| check.sha256.as_deref()).and_then(id)),
        ("endless", words(&results.endless.join("; "))),
    ];
    let rows = Rows {
        costs: &results.costs,
        production: &results.production,
        shipments: &results.shipments,
        inventory: &results.inventory,
        sites: &results.sites,
        contracts: &results.contracts,
    };
    let slacks = results.relaxation.iter().flat_map(|relaxation| &relaxation.slacks);
    let more = reasons(
        results.unmet_demand.iter().map(|row| {
            let causes = causes(row.examined, row.causes.iter().map(|cause| cause.words.as_str()));
            unmet(&row.node, &row.product, &row.period, [row.demand_tonnes, row.tonnes, row.cost], causes)
        }),
        slacks.map(|row| slack(&row.family, &row.key, &row.words, [row.amount, row.price, row.cost])),
        bindings.iter().map(|r| binding(&r.row_name, &r.words, [r.activity, r.limit_value, r.worth])),
        results.kpis.iter().map(|r| kpi(&r.kpi, r.scope.as_deref(), r.value, &r.unit, r.reason.as_deref())),
    );
    kept(facts, rows.sheets().into_iter().chain(more))
}
