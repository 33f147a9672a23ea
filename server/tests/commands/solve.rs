//! `millrace solve`: the specification's examples through the binary, files in and out, and exit codes.

use crate::instance::BASE;
use engine::planning::{
    document::Document,
    workbook::{Book, Form, cell::Cell},
};
use serde_json::{Value, json};
use server::services::exports::book;
use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

fn millrace(arguments: &[&str], input: &str) -> Output {
    millrace_of(arguments, input.as_bytes())
}

fn millrace_of(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_millrace"))
        .args(["solve", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn base(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(BASE).unwrap();
    change(&mut document);
    document.to_string()
}

fn assert_near(got: &Value, expected: f64) {
    let got = got.as_f64().unwrap();
    assert!((got - expected).abs() <= 1e-6 * expected.abs(), "{got}, expected {expected}");
}

#[test]
fn the_complete_example_is_solved_without_a_database() {
    let output = millrace(&[], BASE);
    assert_eq!(output.status.code(), Some(0));
    let result = result(&output);
    assert_eq!(result["format"], "millrace-result/1");
    assert_eq!(result["outcome"], "optimal");
    assert_near(&result["objective"], 3379.0);
    assert_near(&result["costs"]["production"], 2640.0);
    assert_eq!((&result["statistics"]["rows"], &result["statistics"]["columns"]), (&json!(44), &json!(52)));
    assert_eq!(result["checker"]["passed"], true);
    assert_eq!(result["solver"]["solver_used"], "highs");
    let service = result["kpis"].as_array().unwrap().iter().find(|kpi| kpi["kpi"] == "service_level").unwrap();
    assert_near(&service["value"], 100.0);
}

#[test]
fn scenarios_and_set_fields_change_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    let ops = json!([{"op": "outage", "node": "A", "periods": ["2"]}]);
    std::fs::write(&file, json!({"format": "millrace-scenario/1", "name": "S", "ops": ops}).to_string()).unwrap();
    assert_near(&result(&millrace(&["--scenario", file.to_str().unwrap()], BASE))["objective"], 3525.5);
    assert_near(&result(&millrace(&["--scenario", "low_demand"], BASE))["objective"], 2656.0);
    let set = ["--set", "penalties.shortage_cost_per_tonne=13"];
    let result = result(&millrace(&set, BASE));
    assert_near(&result["objective"], 3185.0);
    let causes = result["unmet_demand"].as_array().unwrap().iter().map(|row| &row["causes"][0]["cause"]);
    assert!(causes.clone().any(|cause| cause == "price") && causes.clone().any(|cause| cause == "lot_size"));
    assert_eq!(result["warnings"][0]["code"], "W06");
}

#[test]
fn exit_codes_tell_the_outcome() {
    let infeasible = base(|document| {
        for row in document["demand"].as_array_mut().unwrap() {
            row["tonnes"] = (row["tonnes"].as_f64().unwrap() * 1.5).into();
        }
        document["options"]["shortage_mode"] = "hard".into();
    });
    let output = millrace(&[], &infeasible);
    assert_eq!(output.status.code(), Some(3));
    let found = result(&output);
    assert_eq!(found["outcome"], "infeasible");
    assert_near(&found["relaxation"]["total"], 320_000.0);
    let misspelt = BASE.replacen("capacity_tonnes", "capcity_tonnes", 1);
    let output = millrace(&[], &misspelt);
    assert_eq!(output.status.code(), Some(2));
    let found = result(&output);
    assert_eq!((&found["overall"], &found["errors"][0]["code"]), (&json!("FAIL"), &json!("E16")));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Did you mean \"capacity_tonnes\"?"));
    assert_eq!(millrace(&[], "{\"format\":").status.code(), Some(2));
    assert_eq!(millrace(&["--sett", "x"], BASE).status.code(), Some(64));
    let missing = Command::new(env!("CARGO_BIN_EXE_millrace")).args(["solve", "/nowhere.json"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(64));
}

#[test]
fn files_of_result_lp_and_mps_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, lp, mps) = (path("result.json"), path("plan.lp"), path("plan.mps"));
    let output = millrace(&["--out", &out, "--lp", &lp, "--mps", &mps, "--progress", "json"], BASE);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    let read = |file: &str| std::fs::read_to_string(Path::new(file)).unwrap();
    assert_near(&serde_json::from_str::<Value>(&read(&out)).unwrap()["objective"], 3379.0);
    assert!(read(&lp).contains("balance(A,P,1):") && read(&mps).contains(" E balance(A,P,1)"));
    let lines = String::from_utf8(output.stderr).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "progress");
}

#[test]
fn a_check_alone_solves_nothing() {
    let output = millrace(&["--check-only"], BASE);
    assert_eq!(output.status.code(), Some(0));
    let found = result(&output);
    assert_eq!((&found["overall"], &found["valid"]), (&json!("PASS"), &json!(true)));
    assert_eq!(found["summary"]["nodes"], 4);
    assert!(found.get("objective").is_none());
}

/// The base example as a file of sheets.
fn sheets(form: Form) -> Vec<u8> {
    let (document, _) = Document::parse(BASE).unwrap();
    book::write(&Book::of(&document, form).sheets, form).unwrap()
}

#[test]
fn workbooks_and_zips_are_solved_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    std::fs::write(&file, sheets(Form::Csv)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_millrace")).arg("solve").arg(&file).output().unwrap();
    let from_zip = result(&output);
    assert_near(&from_zip["objective"], 3379.0);
    let from_book = result(&millrace_of(&["--set", "options.threads=1"], &sheets(Form::Xlsx)));
    assert_near(&from_book["objective"], 3379.0);
    let from_json = result(&millrace(&[], BASE));
    assert_eq!(from_zip["input_sha256"], from_json["input_sha256"]);
}

#[test]
fn faults_of_a_workbook_name_the_cell_and_a_stranger_is_refused() {
    let misspelt = BASE.replacen("capacity_tonnes", "x_capacity", 3).replacen("\"to\":\"X\"", "\"to\":\"Z\"", 1);
    let (document, _) = Document::parse(&misspelt).unwrap();
    let bytes = book::write(&Book::of(&document, Form::Xlsx).sheets, Form::Xlsx).unwrap();
    let output = millrace_of(&["--check-only"], &bytes);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("E04 Lanes!B2: ") && told.contains("E02 Production!"), "{told}");
    let found = result(&output);
    assert!(found["errors"].as_array().unwrap().iter().any(|error| error["path"] == "Lanes!B2"), "{found:#}");
    let output = millrace_of(&[], b"PK\x03\x04 and nothing else");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_result_is_written_as_sheets() {
    let folder = tempfile::tempdir().unwrap();
    for (name, form) in [("xlsx", Form::Xlsx), ("csv", Form::Csv)] {
        let file = folder.path().join(name);
        let output = millrace(&["--format", name, "--out", file.to_str().unwrap()], BASE);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let book = Book::open(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(book.form, form);
        let sheet = |name: &str| book.sheets.iter().find(|sheet| sheet.name == name).unwrap();
        let objective = sheet("Result").lines.iter().find(|line| line.cells[0].1 == Cell::Text("objective".into()));
        let objective: f64 = objective.unwrap().cells[1].1.plain().parse().unwrap();
        assert!((objective - 3379.0).abs() < 0.01, "{objective}");
        let made = &sheet("ResultProduction").lines;
        let tonnes: f64 = made[1..].iter().map(|line| line.cells[4].1.plain().parse::<f64>().unwrap()).sum();
        assert!((tonnes - 240.0).abs() < 1e-6, "{tonnes}");
        assert!(sheet("ResultInventory").lines.len() > 4 && sheet("ResultKpis").lines.len() > 4);
    }
}
