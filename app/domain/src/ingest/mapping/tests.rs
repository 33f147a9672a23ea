use super::*;
use crate::ingest::shape::{DateEvidence, Media, NumberEvidence};

fn shape(names: &[&str]) -> FileShape {
    FileShape {
        media: Media::Text,
        encoding: None,
        delimiter: Some(','),
        sheet: None,
        sheets: vec![],
        unpacked_bytes: 0,
        rows: 1,
        columns: names
            .iter()
            .map(|n| Column {
                name: (*n).to_owned(),
                samples: vec![],
                filled: 1,
                numbers: NumberEvidence::default(),
                dates: DateEvidence::default(),
            })
            .collect(),
    }
}

const RETAIL: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

fn options() -> MappingOptions {
    MappingOptions::of(&Business::default())
}

#[test]
fn online_retail_header_maps_itself() {
    let mapping = Mapping::propose(Target::SalesTransactions, &shape(&RETAIL), options());
    assert_eq!(mapping.columns.len(), 8);
    assert_eq!(mapping.columns[&Field::OccurredAt], "InvoiceDate");
    assert!(mapping.validate(Target::SalesTransactions, &shape(&RETAIL)).is_ok());
}

#[test]
fn a_slip_of_the_pen_is_proposed_and_a_stranger_is_not() {
    let mapping =
        Mapping::propose(Target::SalesTransactions, &shape(&["Invoice_Numbr", "Quantitty", "Shoe size"]), options());
    assert_eq!(mapping.columns.get(&Field::OrderRef).map(String::as_str), Some("Invoice_Numbr"));
    assert_eq!(mapping.columns.get(&Field::Quantity).map(String::as_str), Some("Quantitty"));
    assert_eq!(mapping.columns.len(), 2);
}

#[test]
fn every_fault_is_named_at_once() {
    let mut mapping = Mapping::propose(Target::SalesTransactions, &shape(&RETAIL), options());
    mapping.columns.remove(&Field::Sku);
    mapping.columns.insert(Field::Country, "CustomerID".into());
    mapping.columns.insert(Field::Status, "Nope".into());
    let faults = mapping.validate(Target::SalesTransactions, &shape(&RETAIL)).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["columns.country", "columns.status", "columns.sku"]);
}

#[test]
fn a_file_of_visits_maps_itself_and_takes_no_field_or_option_of_sales() {
    let file = shape(&["Timestamp", "Visitor ID", "CustomerID", "SessionID", "Page", "Referrer"]);
    let mut mapping = Mapping::propose(Target::Visits, &file, options());
    assert_eq!(mapping.columns.len(), 6);
    assert_eq!(
        (mapping.columns[&Field::VisitedAt].as_str(), mapping.columns[&Field::VisitorKey].as_str()),
        ("Timestamp", "Visitor ID")
    );
    assert!(mapping.validate(Target::Visits, &file).is_ok());
    mapping.columns.remove(&Field::Path);
    mapping.columns.insert(Field::Sku, "Page".into());
    (mapping.options.move_stock, mapping.options.screen) = (true, true);
    let faults = mapping.validate(Target::Visits, &file).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["columns.sku", "options.move_stock", "options.screen"]);
}

#[test]
fn an_unclear_date_order_is_asked_never_guessed() {
    let mut file = shape(&RETAIL);
    file.columns[4].dates.unclear = 9;
    let mut mapping = Mapping::propose(Target::SalesTransactions, &file, options());
    assert_eq!(mapping.validate(Target::SalesTransactions, &file).unwrap_err()[0].path, "options.date_order");
    mapping.options.date_order = Some(DateOrder::DayFirst);
    assert!(mapping.validate(Target::SalesTransactions, &file).is_ok());
    mapping.options.date_order = None;
    file.columns[4].dates.day_first = 1;
    assert!(mapping.validate(Target::SalesTransactions, &file).is_ok(), "13/04/2025 proves day first");
}

#[test]
fn likeness_is_symmetric_and_one_for_equals() {
    assert!((alike("quantity", "quantity") - 1.0).abs() < 1e-9);
    assert!((alike("quantity", "quantitty") - 8.0 / 9.0).abs() < 1e-9);
    assert!((alike("abc", "xyz")).abs() < 1e-9);
    assert!((alike("kitten", "sitting") - 4.0 / 7.0).abs() < 1e-9);
}
