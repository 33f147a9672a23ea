//! Documents as sheets: they come back with the same hash, and every fault is told by sheet and cell.

use crate::{size::reference::reference, world::BASE};
use domain::ingest::DecimalMark;
use engine::planning::{
    document::Document,
    fault::{Fault, Severity},
    input::Input,
    scenario::Scenario,
    tree,
    workbook::{Book, Form, Line, Sheet, cell::Cell, csv, template},
};
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Every section and every kind of field, with what is odd and still allowed.
const ODD: &str = include_str!("../data/odd_plan.json");
const PLANTED: &str = include_str!("../data/planted_faults.txt");

/// The document of a file, and all that is said of it.
fn of(book: &Book) -> (Document, Vec<Fault>) {
    let source = book.read();
    let (document, mut faults) = Document::of(&source.tree);
    let (input, more) = Input::of(&document);
    faults.extend(more);
    if faults.iter().all(|fault| fault.severity == Severity::Warning) {
        faults.extend(input.warnings());
    }
    let told = source.told(faults, &document, &document);
    (document, told)
}

fn errors(faults: &[Fault]) -> Vec<String> {
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error);
    errors.map(|fault| format!("{} {}", fault.code, fault.path)).collect()
}

/// Sheets of CSV text under headings such as `# Lanes`.
fn sheets(text: &str) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('=')) {
        if let Some(name) = line.strip_prefix("# ") {
            sheets.push(Sheet { name: name.to_owned(), lines: Vec::new(), mark: DecimalMark::Point });
        } else if let Some(sheet) = sheets.last_mut() {
            let number = u32::try_from(sheet.lines.len()).unwrap() + 1;
            let cells = (0..).zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
            let cells = cells.map(|(column, cell)| (column, Cell::Text(cell.to_owned()))).collect();
            sheet.lines.push(Line { number, cells });
        }
    }
    sheets
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_document_that_goes_through_sheets_keeps_its_hash() {
    for (name, text) in
        [("sample", BASE.to_owned()), ("reference", reference(12, 42).to_string()), ("odd", ODD.to_owned())]
    {
        let (document, faults) = Document::parse(&text).unwrap();
        assert!(errors(&faults).is_empty(), "{name}: {faults:?}");
        let book = Book::of(&document, Form::Csv);
        let (direct, faults) = of(&book);
        assert_eq!(errors(&faults), Vec::<String>::new(), "{name}");
        assert_eq!(direct.tree().canonical(), document.tree().canonical(), "{name}");
        let bytes = csv::write(&book.sheets).unwrap();
        assert_eq!(bytes, csv::write(&book.sheets).unwrap(), "{name}: the same bytes again");
        let (read, _) = of(&Book::open(&bytes).unwrap());
        assert_eq!(read.sha256(), document.sha256(), "{name}: {}", read.tree().canonical());
    }
}

#[test]
fn twenty_planted_faults_are_told_at_once_each_with_its_cell() {
    let expected: Vec<_> = PLANTED.lines().filter_map(|line| line.strip_prefix("= ")).collect();
    assert_eq!(expected.len(), 20);
    let bytes = csv::write(&sheets(PLANTED)).unwrap();
    let (_, faults) = of(&Book::open(&bytes).unwrap());
    let mut told = errors(&faults);
    let mut expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "{faults:#?}");
    let codes: std::collections::BTreeSet<_> = told.iter().map(|fault| &fault[..3]).collect();
    assert_eq!(codes.len(), 17, "every code");
    let misspelt = faults.iter().find(|fault| fault.code == "E16").unwrap();
    assert!(misspelt.message.contains("\"fixed_cost_per_period\""), "{}", misspelt.message);
}

#[test]
fn names_of_sheets_columns_and_keys_are_known_or_told_with_the_nearest() {
    let (document, _) = Document::parse(BASE).unwrap();
    let mut book = Book::of(&document, Form::Xlsx);
    let lanes = book.sheets.iter_mut().find(|sheet| sheet.name == "Lanes").unwrap();
    lanes.lines[1].cells.push((20, Cell::Text("stray".into())));
    book.sheets[0]
        .lines
        .push(Line { number: 9, cells: vec![(0, Cell::text("options.mip_gab")), (1, Cell::Bool(true))] });
    let cells = vec![(0, Cell::text("node")), (3, Cell::text("max_suppliers"))];
    for name in ["SuplierLimits", "x_mine", "ResultProduction", "lanes"] {
        let lines = vec![Line { number: 1, cells: cells.clone() }];
        book.sheets.push(Sheet { name: name.into(), lines, mark: DecimalMark::Point });
    }
    book.sheets.push(Sheet { name: "Sheet1".into(), lines: Vec::new(), mark: DecimalMark::Point });
    let (_, faults) = of(&book);
    let told = errors(&faults);
    assert_eq!(told, ["E16 Plan!A9", "E16 Lanes!U2", "E16 SuplierLimits", "E05 lanes"], "{faults:#?}");
    assert!(faults[0].message.contains("options.mip_gap"), "{}", faults[0].message);
    assert!(faults[2].message.contains("SupplierLimits"), "{}", faults[2].message);
}

#[test]
fn a_broken_formula_is_told_once_and_a_missing_column_at_its_heading() {
    let (document, _) = Document::parse(BASE).unwrap();
    let mut book = Book::of(&document, Form::Xlsx);
    let sheet = |book: &mut Book, name: &str| book.sheets.iter().position(|sheet| sheet.name == name).unwrap();
    let demand = sheet(&mut book, "Demand");
    book.sheets[demand].lines[2].cells[2].1 = Cell::Broken("#DIV/0!".into());
    let nodes = sheet(&mut book, "Nodes");
    book.sheets[nodes].lines.iter_mut().for_each(|line| line.cells.truncate(1));
    let (_, faults) = of(&book);
    assert_eq!(errors(&faults), ["E03 Demand!C3", "E02 Nodes!B1"], "{faults:#?}");
    assert!(faults[0].message.contains("#DIV/0!"));
    book.sheets.remove(demand);
    assert!(errors(&of(&book).1).contains(&"E02 Demand".to_owned()));
}

#[test]
fn doubts_have_cells_too() {
    let mut document: serde_json::Value = serde_json::from_str(BASE).unwrap();
    document["stock"][2]["opening_tonnes"] = 1.into();
    document["lanes"][5]["mode"] = "balloon".into();
    document["demand"][3]["tonnes"] = 500.into();
    let (document, _) = Document::parse(&document.to_string()).unwrap();
    let (_, faults) = of(&Book::of(&document, Form::Xlsx));
    let told: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.path)).collect();
    for expected in ["W07 Stock!A4", "W09 Lanes!C7", "W02 Demand!A1"] {
        assert!(told.iter().any(|one| one == expected), "{expected}: {told:?}");
    }
}

#[test]
fn rows_that_a_scenario_moved_keep_the_path_of_the_document() {
    let (document, _) = Document::parse(BASE).unwrap();
    let source = Book::of(&document, Form::Xlsx).read();
    let scenario =
        r#"{"format":"millrace-scenario/1","name":"n","ops":[{"op":"remove","section":"lanes","where":{"from":"A"}}]}"#;
    let (resolved, _) = Scenario::parse(scenario).unwrap().apply(&document, 0).unwrap();
    let faults = vec![Fault::new("E03", "lanes[0].to", "moved"), Fault::new("E03", "nodes[0].type", "stays")];
    let told = source.told(faults, &document, &resolved);
    assert_eq!(errors(&told), ["E03 lanes[0].to", "E03 Nodes!B2"]);
}

#[test]
fn files_with_semicolons_and_decimal_commas_are_read_as_they_are_meant() {
    let (document, _) =
        Document::parse(&BASE.replace("\"capacity_tonnes\":100", "\"capacity_tonnes\":100.125")).unwrap();
    let bytes = csv::write(&Book::of(&document, Form::Csv).sheets).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).unwrap();
        let (name, mut text) = (format!("plan/{}", file.name().unwrap()), String::new());
        file.read_to_string(&mut text).unwrap();
        // Keys of the plan have points that are no decimal marks.
        let text = text.replace(',', ";").replace('.', ",").replace("options,", "options.");
        files.push((name, text.into_bytes()));
    }
    let mut files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    files.push(("__MACOSX/plan/._Lanes.csv", b"\0\0"));
    files.push(("x_readme.txt", b"ignored"));
    let book = Book::open(&zipped(&files)).unwrap();
    let production = book.sheets.iter().find(|sheet| sheet.name == "Production").unwrap();
    // 100,125 alone proves nothing; the cells of the file are told apart by semicolons.
    assert_eq!(production.mark, DecimalMark::Comma);
    let (read, faults) = of(&book);
    assert_eq!(errors(&faults), Vec::<String>::new());
    assert_eq!(read.sha256(), document.sha256());
}

#[test]
fn bounds_are_kept_before_anything_is_read() {
    let zeros = vec![b'0'; 200 << 20];
    let error = Book::open(&zipped(&[("Lanes.csv", &zeros)])).unwrap_err().to_string();
    assert!(error.contains("100 times"), "{error}");
    let rows = "node,tonnes\n".to_owned() + &(0..200_001).map(|i| format!("N{i},{i}\n")).collect::<String>();
    let error = Book::open(&zipped(&[("Demand.csv", rows.as_bytes())])).unwrap_err().to_string();
    assert!(error.contains("Demand") && error.contains("200,000"), "{error}");
    let wide = vec!["x_a"; 501].join(",");
    let error = Book::open(&zipped(&[("Demand.csv", wide.as_bytes())])).unwrap_err().to_string();
    assert!(error.contains("column SF"), "{error}");
    let book = Book::open(&zipped(&[("Periods.csv", b"id\n1\n"), ("Lanes.tsv", b"from\tto\n")])).unwrap();
    assert!(errors(&of(&book).1).contains(&"E16 Lanes.tsv".to_owned()));
    let error = Book::open(&zipped(&[("readme.txt", b"hello")])).unwrap_err().to_string();
    assert!(error.contains("neither"), "{error}");
}

#[test]
fn the_empty_template_names_every_column_and_is_told_to_be_empty() {
    let sheets = template::empty();
    let book = Book::open(&csv::write(&sheets).unwrap()).unwrap();
    let (document, faults) = of(&book);
    assert_eq!(document.top.text("format"), Some("millrace-plan/1"));
    let told = errors(&faults);
    assert!(
        told.contains(&"E17 Periods!A1".to_owned()) && !told.iter().any(|fault| fault.starts_with("E16")),
        "{told:?}"
    );
    let notes = sheets.iter().find(|sheet| sheet.name == template::NOTES).unwrap();
    assert!(notes.lines.len() > 120, "{}", notes.lines.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bytes_that_went_bad_are_refused_and_not_worse(at in 0.0..1.0_f64, byte in any::<u8>(), cut in any::<bool>()) {
        let (document, _) = Document::parse(BASE).unwrap();
        let mut bytes = csv::write(&Book::of(&document, Form::Csv).sheets).unwrap();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
        let place = (at * bytes.len() as f64) as usize;
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        if let Ok(book) = Book::open(&bytes) {
            of(&book);
        }
    }

    #[test]
    fn fields_beyond_the_format_come_back(note in "\\PC{0,12}", number in any::<i32>(), inner in "[ -~]{0,8}") {
        let mut document: serde_json::Value = serde_json::from_str(BASE).unwrap();
        document["name"] = note.clone().into();
        document["x_top"] = serde_json::json!({"a": [number, note, null]});
        document["lanes"][2]["x_note"] = inner.clone().into();
        document["nodes"][1]["x_note"] = serde_json::json!([inner]);
        document["options"]["x_own"] = number.into();
        let (document, _) = Document::parse(&document.to_string()).unwrap();
        let bytes = csv::write(&Book::of(&document, Form::Csv).sheets).unwrap();
        let (read, _) = of(&Book::open(&bytes).unwrap());
        prop_assert_eq!(read.tree().canonical(), document.tree().canonical());
        prop_assert!(tree::read(&read.tree().canonical()).is_ok());
    }
}
