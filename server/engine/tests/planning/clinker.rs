//! The nine-sheet clinker workbook: rule by rule what its cells become, and where its faults are told.

use crate::world::solved;
use domain::ingest::DecimalMark;
use engine::planning::{
    document::Document,
    fault::{Fault, Severity},
    input::{Input, Measure, Sense},
    run::Outcome,
    workbook::{Book, Form, Line, Sheet, cell::Cell},
};

const NINE: &str = "\
# ClinkerDemand
IUGU CODE,TIME PERIOD,DEMAND,MIN FULFILLMENT (%)
X,1,60,
X,2,75,90
# ClinkerCapacity
IU CODE,TIME PERIOD,CAPACITY
A,1,100
A,2,100
# ProductionCost
IU CODE,TIME PERIOD,PRODUCTION COST
A,1,10
A,2,11
# LogisticsIUGU
FROM IU CODE,TO IUGU CODE,TRANSPORT CODE,TIME PERIOD,FREIGHT COST,HANDLING COST,QUANTITY MULTIPLIER
A,X,T1,1,3,0.5,1
A,X,T1,2,3,0.5,
A,X,T2,1,1.5,,20
A,X,T2,2,1.5,,20
H,X,T1,1,2,,
# IUGUConstraint
IU CODE,IUGU CODE,TRANSPORT CODE,TIME PERIOD,BOUND TYPEID,VALUE TYPEID,Value
A,X,T2,1,L,C,40
A,X,,2,G,C,10
A,,T1,1,E,C,20
# IUGUOpeningStock
IUGU CODE,OPENING STOCK
X,10
A,5
# IUGUClosingStock
IUGU CODE,TIME PERIOD,MIN CLOSE STOCK,MAX CLOSE STOCK
X,1,5,30
X,2,5,
# IUGUType
IUGU CODE,PLANT TYPE,# Source
A,IU,
X,Grinding,2
# HubOpeningStock
IU CODE,IUGU CODE,OPENING STOCK
A,X,12.5
A,H,0.5
";

fn book(text: &str) -> Book {
    let mut sheets: Vec<Sheet> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            sheets.push(Sheet { name: name.to_owned(), lines: Vec::new(), mark: DecimalMark::Point });
        } else if let Some(sheet) = sheets.last_mut() {
            let number = u32::try_from(sheet.lines.len()).unwrap() + 1;
            let cells = (0..).zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
            let cells = cells.map(|(column, cell)| (column, Cell::Text(cell.to_owned()))).collect();
            sheet.lines.push(Line { number, cells });
        }
    }
    Book { form: Form::Xlsx, sheets }
}

/// Document, input and all that is said of the file.
fn read(text: &str) -> (Document, Input, Vec<Fault>) {
    let source = book(text).read();
    let (document, mut faults) = Document::of(&source.tree);
    faults.extend_from_slice(source.doubts());
    let (input, more) = Input::of(&document);
    faults.extend(more);
    let told = source.told(faults, &document, &document);
    (document, input, told)
}

fn told(text: &str) -> Vec<String> {
    read(text).2.iter().map(|fault| format!("{} {}", fault.code, fault.path)).collect()
}

/// The nine sheets with one line changed; it must be there.
fn with(from: &str, to: &str) -> String {
    assert!(NINE.contains(from), "{from}");
    NINE.replacen(from, to, 1)
}

#[test]
fn the_nine_sheets_become_a_plan_that_can_be_solved() {
    let (document, input, faults) = read(NINE);
    assert!(faults.iter().all(|fault| fault.severity == Severity::Warning), "{faults:?}");
    assert_eq!(input.periods.iter().map(|period| period.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let (_, solved) = solved(&document.tree().canonical());
    assert_eq!(solved.outcome, Outcome::Optimal);
    let plan = solved.plan.unwrap();
    // Lots of 20 by T2, exactly 20 t by T1 in the first period, and no fixed cost a trip.
    let of = |mode: &str, period: &str| {
        plan.shipments.iter().filter(|row| row.mode == mode && row.period == period).map(|row| row.tonnes).sum::<f64>()
    };
    assert!((of("T1", "1") - 20.0).abs() < 1e-6 && (of("T2", "1") - 40.0).abs() < 1e-6, "{:?}", plan.shipments);
    assert!((of("T2", "2") / 20.0).fract().abs() < 1e-6);
}

#[test]
fn demand_capacity_and_cost_stand_by_plant_and_period() {
    let (_, input, _) = read(NINE);
    let at = &input.demand[0].at;
    // Blank is 0; per cent are a share.
    assert_eq!(
        [(at[0].tonnes, at[0].min_fulfilment), (at[1].tonnes, at[1].min_fulfilment)],
        [(60.0, 0.0), (75.0, 0.9)]
    );
    let line = &input.lines[0].at;
    assert_eq!([line[0].variable_cost, line[1].variable_cost], [10.0, 11.0]);
    assert_eq!([line[0].capacity, line[1].capacity], [Some(100.0), Some(100.0)]);
}

#[test]
fn a_multiplier_above_1_is_a_lot_and_1_or_blank_is_none() {
    let (_, input, _) = read(NINE);
    let lanes: Vec<_> = input.lanes.iter().map(|lane| (lane.mode.as_str(), lane.at[0])).collect();
    let (one, two) = (lanes[0].1.unwrap(), lanes[1].1.unwrap());
    assert_eq!((one.freight, one.handling, one.trip_tonnes, one.full_lots), (3.0, 0.5, None, false));
    assert_eq!((two.freight, two.handling, two.trip_tonnes, two.full_lots), (1.5, 0.0, Some(20.0), true));
    assert_eq!(input.lanes[0].at[1].unwrap().trip_tonnes, None, "blank");
    // A route that is not there in a period is closed then.
    assert_eq!((lanes[2].0, input.lanes[2].at[1].is_none()), ("T1", true));
}

#[test]
fn bounds_become_contracts_and_a_blank_end_or_transport_means_all() {
    let (_, input, _) = read(NINE);
    let told: Vec<_> =
        input.contracts.iter().map(|one| (one.sense, one.limit, one.measure, one.periods.clone())).collect();
    assert_eq!(
        told,
        [
            (Sense::AtMost, 40.0, Measure::Tonnes, vec![0]),
            (Sense::AtLeast, 10.0, Measure::Tonnes, vec![1]),
            (Sense::Equal, 20.0, Measure::Tonnes, vec![0]),
        ]
    );
    assert_eq!(input.contracts[0].modes, ["T2"]);
    assert!(input.contracts[1].modes.is_empty() && input.contracts[2].to.is_empty());
}

#[test]
fn stock_has_its_bounds_and_a_blank_most_is_no_limit() {
    let (_, input, _) = read(NINE);
    let stock = |code: &str| input.stock.iter().find(|stock| input.nodes[stock.node].id == code).unwrap();
    assert_eq!((stock("X").opening, stock("A").opening), (10.0, 5.0));
    let at = &stock("X").at;
    assert_eq!(
        [(at[0].min_closing, at[0].max_closing), (at[1].min_closing, at[1].max_closing)],
        [(5.0, Some(30.0)), (5.0, None)]
    );
}

#[test]
fn types_become_nodes_and_sources_limit_suppliers() {
    let (document, input, _) = read(NINE);
    let nodes: Vec<_> =
        document.rows("nodes").iter().map(|row| (row.text("id").unwrap(), row.text("type").unwrap())).collect();
    assert_eq!(nodes, [("A", "IU"), ("X", "GU"), ("H", "hub")]);
    assert_eq!(input.supplier_limits.len(), 1);
    assert_eq!(input.supplier_limits[0].at, [Some(2.0), Some(2.0)]);
}

#[test]
fn codes_of_lanes_alone_and_stock_at_hubs_are_told() {
    let (_, input, faults) = read(NINE);
    let of = |code: &str| faults.iter().find(|fault| fault.code == code).unwrap();
    assert_eq!((of("W16").path.as_str(), of("W17").path.as_str()), ("LogisticsIUGU!A6", "HubOpeningStock!C2"));
    assert!(of("W16").message.starts_with("H stands") && of("W17").message.starts_with("13 t"), "{faults:?}");
    assert!(input.stock.iter().all(|stock| input.nodes[stock.node].id != "H"));
    assert!(!told(&NINE.replace("12.5", "0").replace("0.5\n", "0\n")).iter().any(|one| one.starts_with("W17")));
}

#[test]
fn faults_are_told_by_sheet_and_cell() {
    for (text, wanted) in [
        (with("A,2,11\n", ""), "E10 ClinkerCapacity!C3"),
        (with("X,1,60,", "X,1,much,"), "E03 ClinkerDemand!C2"),
        (with("X,1,5,30", "X,1,50,30"), "E08 IUGUClosingStock!C2"),
        (with("X,Grinding,2", "X,Mill,2"), "E03 IUGUType!B3"),
        (with("A,X,T2,1,L", "A,X,T2,1,Q"), "E03 IUGUConstraint!E2"),
        (with("IU CODE,TIME PERIOD,CAPACITY", "IU CODE,TIME PERIOD,CAP"), "E02 ClinkerCapacity!D1"),
        (with("A,2,11\n", "A,2,11\nA,2,12\n"), "E05 ProductionCost!A4"),
        (with("A,1,100", "Q,1,100"), "E04 ClinkerCapacity!A2"),
        (with("# ProductionCost", "# Costs"), "E02 ProductionCost"),
    ] {
        assert!(told(&text).contains(&wanted.to_owned()), "{wanted}: {:?}", told(&text));
    }
}
