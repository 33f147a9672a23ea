//! Plan documents as workbooks and zips of CSV: what is wrong is told by sheet and cell, and what goes out comes back.

use crate::{
    browser::{Answer, Client},
    forms::signed_in,
    optimize::{Desk, solve, token},
    world::World,
};
use axum::http::{Method, header};
use domain::{access::Role, ingest::DecimalMark};
use engine::planning::{
    document::{Document, hex},
    sample,
    workbook::{Book, Form, Line, Sheet, cell::Cell},
};
use server::services::exports::book;
use sqlx::PgPool;

const PLANTED: &str = include_str!("../../engine/tests/data/planted_faults.txt");
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The workbook with the faults: CSV text under headings such as `# Lanes`.
fn planted() -> Vec<u8> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for line in PLANTED.lines().filter(|line| !line.starts_with('=')) {
        if let Some(name) = line.strip_prefix("# ") {
            sheets.push(Sheet { name: name.to_owned(), lines: Vec::new(), mark: DecimalMark::Point });
        } else if let Some(sheet) = sheets.last_mut() {
            let number = u32::try_from(sheet.lines.len()).expect("few") + 1;
            let cell = |text: &str| text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Number);
            let cells = (0..).zip(line.split(',')).filter(|(_, text)| !text.is_empty());
            let cells = cells.map(|(column, text)| (column, cell(text))).collect();
            sheet.lines.push(Line { number, cells });
        }
    }
    book::write(&sheets, Form::Xlsx).expect("written")
}

fn expected() -> Vec<String> {
    let mut all: Vec<_> = PLANTED.lines().filter_map(|line| line.strip_prefix("= ")).map(str::to_owned).collect();
    all.sort();
    all
}

fn sample_as(form: Form) -> Vec<u8> {
    let (document, _) = Document::parse(sample::DOCUMENT).expect("sample");
    book::write(&Book::of(&document, form).sheets, form).expect("written")
}

/// The hash of the document in a file.
fn hash_of(bytes: &[u8]) -> String {
    let source = Book::open(bytes).expect("a book").read();
    assert!(!source.refuses());
    Document::of(&source.tree).0.sha256()
}

#[test]
fn a_damaged_workbook_is_refused_without_a_panic() {
    let bytes = sample_as(Form::Xlsx);
    for at in (0..bytes.len()).step_by(37) {
        assert!(Book::open(&bytes[..at]).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        if let Ok(book) = Book::open(&changed) {
            let _ = book.read();
        }
    }
}

#[test]
fn a_text_too_long_for_a_cell_is_said_and_csv_takes_it() {
    let text = sample::DOCUMENT.replacen("Two plants", &"n".repeat(32_768), 1);
    let (document, _) = Document::parse(&text).expect("JSON");
    let error = book::write(&Book::of(&document, Form::Xlsx).sheets, Form::Xlsx).expect_err("too long");
    assert!(error.of_field("format").is_some_and(|message| message.contains("Plan")), "{error:?}");
    let zip = book::write(&Book::of(&document, Form::Csv).sheets, Form::Csv).expect("written");
    assert_eq!(hash_of(&zip), document.sha256());
}

impl Desk {
    async fn send(&mut self, path: &str, media_type: &str, file: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("content-type", media_type), ("authorization", bearer.as_str())];
        self.client.send(Method::POST, path, &headers, file).await
    }

    async fn download(&mut self, path: &str) -> Answer {
        let answer = self.call(Method::GET, path, serde_json::Value::Null).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
        answer
    }

    /// Nothing of a refused file is kept.
    async fn assert_nothing_stored(&self) {
        for table in ["plan.inputs", "plan.runs", "ops.job_runs"] {
            let count = format!("select count(*) from {table} where created_at > 'epoch'");
            let count: i64 =
                sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&self.world.owner).await.expect("rows");
            assert_eq!(count, 0, "{table}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_workbook_with_twenty_faults_is_refused_with_every_cell_and_nothing_is_stored(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let file = planted();
    for at in ["/api/v1/optimize", "/api/v1/optimize/optimize"] {
        for media_type in [XLSX, "application/octet-stream"] {
            let told = desk.send(&format!("{at}/validate-input"), media_type, &file).await;
            assert_eq!(told.status.as_u16(), 200, "{}", told.text);
            let told = told.json();
            assert_eq!(told["overall"], "FAIL");
            let errors = told["errors"].as_array().expect("errors").iter();
            let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
            let mut found: Vec<_> =
                errors.map(|error| format!("{} {}", text(&error["code"]), text(&error["path"]))).collect();
            found.sort();
            assert_eq!(found, expected());
        }
        let refused = desk.send(at, XLSX, &file).await;
        assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
        let refused = refused.json();
        let fields = refused["error"]["fields"].as_array().or_else(|| refused["fields"].as_array()).expect("fields");
        // Doubts are told beside them.
        let errors = fields.iter().filter(|field| field["message"].as_str().is_some_and(|text| text.contains(" (E")));
        assert_eq!(errors.count(), 20, "{refused:#}");
        for fault in expected() {
            let cell = fault.split(' ').nth(1).expect("cell");
            assert!(fields.iter().any(|field| field["path"] == cell), "{cell}: {refused:#}");
        }
    }
    desk.assert_nothing_stored().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_that_goes_out_as_sheets_comes_back_with_the_hash_of_its_input(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let asked = "/api/v1/optimize?scenario_name=high_demand&time_limit=60&mip_gap=0";
    let begun = desk.send(asked, XLSX, &sample_as(Form::Xlsx)).await;
    assert_eq!(begun.status.as_u16(), 202, "{}", begun.text);
    let path = format!("/api/v1/optimize/{}", begun.json()["run_id"].as_str().expect("id"));
    let early = desk.call(Method::GET, &format!("{path}/export?format=xlsx"), serde_json::Value::Null).await;
    assert_eq!(early.status.as_u16(), 409, "{}", early.text);
    solve(&desk.world).await;
    let results = desk.get(&format!("{path}/results")).await;
    assert!((results["total_cost"].as_f64().expect("cost") - 4_284.125).abs() < 0.01, "{results:#}");
    let stored: Vec<u8> =
        sqlx::query_scalar("select sha256 from plan.inputs").fetch_one(&desk.world.owner).await.expect("one input");
    for (form, media_type) in [("xlsx", XLSX), ("csv", "application/zip")] {
        let file = desk.download(&format!("{path}/export?format={form}")).await;
        assert_eq!(file.headers[header::CONTENT_TYPE], media_type);
        assert_eq!(hash_of(&file.content), hex(&stored), "{form}");
        let book = Book::open(&file.content).expect("a book");
        let rows =
            |name: &str| book.sheets.iter().find(|sheet| sheet.name == name).map_or(0, |sheet| sheet.lines.len() - 1);
        let count = |name: &str| results[name].as_array().expect("rows").len();
        assert_eq!((rows("ResultProduction"), rows("ResultShipments")), (count("production"), count("shipments")));
        assert_eq!((rows("ResultInventory"), rows("Lanes")), (count("inventory"), 6));
        let all: usize = book.sheets.iter().map(|sheet| sheet.lines.len() - 1).sum();
        assert_eq!(file.headers["x-row-count-expected"], all.to_string().as_str());
        let again = desk.send("/api/v1/optimize/optimize", media_type, &file.content).await;
        assert_eq!(again.status.as_u16(), 202, "{}", again.text);
    }
    assert_eq!(desk.world.number("select count(*) from plan.inputs").await, 1, "every export is the same input");
    let whole = desk.download(&format!("{path}/export")).await;
    let checked = desk.call(Method::POST, "/api/v1/optimize/validate-input", whole.json()).await;
    assert_eq!(checked.json()["overall"], "PASS", "{}", checked.text);
    assert_eq!(whole.json()["results"]["total_cost"], results["total_cost"]);
    let lp = desk.download(&format!("{path}/export?format=lp")).await;
    // The model is that of the scenario: X asks for 75 in the first period.
    assert!(lp.text.contains("balance(X,P,1)") && lp.text.contains("75"), "{}", lp.text);
    assert_eq!(lp.headers["x-row-count-expected"], "44");
    let mps = desk.download(&format!("{path}/export?format=mps")).await;
    assert!(mps.text.contains("balance(X,P,1)"));
    let audited = "select count(*) from ops.audit_log where action = 'access.export' and entity_type = 'plan_run'";
    assert_eq!(desk.world.number(audited).await, 5, "every file that went out");
    let wrong = desk.call(Method::GET, &format!("{path}/export?format=pdf"), serde_json::Value::Null).await;
    assert_eq!(wrong.status.as_u16(), 422, "{}", wrong.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_template_can_be_solved_as_it_comes_and_an_empty_one_says_what_to_fill_in(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let (document, _) = Document::parse(sample::DOCUMENT).expect("sample");
    for form in ["xlsx", "csv"] {
        let file = desk.download(&format!("/api/v1/optimize/optimize/model-template?format={form}")).await;
        assert_eq!(hash_of(&file.content), document.sha256(), "{form}");
        let told = desk.send("/api/v1/optimize/validate-input", "application/octet-stream", &file.content).await.json();
        assert_eq!((&told["overall"], &told["file"]["form"]), (&"PASS".into(), &form.into()), "{told:#}");
        let lanes = told["file"]["sheets"].as_array().expect("sheets").iter().find(|sheet| sheet["sheet"] == "Lanes");
        assert_eq!(lanes.map(|sheet| (&sheet["rows"], &sheet["decimal_mark"])), Some((&6.into(), &".".into())));
        let empty = desk.download(&format!("/api/v1/optimize/model-template?format={form}&empty=true")).await;
        let book = Book::open(&empty.content).expect("a book");
        assert_eq!(book.sheets.len(), 19, "every sheet and the notes");
        let told = desk.send("/api/v1/optimize/validate-input", XLSX, &empty.content).await.json();
        assert_eq!(told["overall"], "FAIL");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_workbook_is_said_once_and_rights_are_those_of_documents(db: PgPool) {
    let mut desk = Desk::new(db).await;
    let mut hidden = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    hidden.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let cut = sample_as(Form::Xlsx);
    for (file, word) in
        [(&hidden[..], "password"), (&cut[..cut.len() / 2], "damaged"), (b"{\"format\": 1}", "neither a workbook")]
    {
        for path in ["/api/v1/optimize/validate-input", "/api/v1/optimize"] {
            let refused = desk.send(path, XLSX, file).await;
            assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
            assert!(refused.text.contains(word), "{word}: {}", refused.text);
        }
    }
    let asked = desk.send("/api/v1/optimize?time_limit=soon&colour=red", XLSX, &cut).await;
    assert!(asked.text.contains("time_limit") && asked.text.contains("colour"), "{}", asked.text);
    desk.assert_nothing_stored().await;
    desk.world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    desk.token = token(&mut desk.client, "viewer@mill.example").await;
    let file = sample_as(Form::Csv);
    assert_eq!(desk.send("/api/v1/optimize/validate-input", "application/zip", &file).await.status.as_u16(), 200);
    assert_eq!(desk.send("/api/v1/optimize", "application/zip", &file).await.status.as_u16(), 403);
}

/// The form of the page, as a browser without script sends it.
async fn solve_form(client: &mut Client, source: &str, file: (&str, &[u8])) -> Answer {
    send_form(client, source, file, "low_demand", "solve").await
}

/// With the button that was pressed.
async fn send_form(client: &mut Client, source: &str, file: (&str, &[u8]), scenario: &str, act: &str) -> Answer {
    let mut body = Vec::new();
    let fields = [
        ("act", act),
        ("source", source),
        ("input_data", "{}"),
        ("scenario_name", scenario),
        ("time_limit", "30"),
        ("mip_gap", "0"),
    ];
    for (name, value) in fields {
        let part = format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"";
    body.extend(format!("{head}{}\"\r\nContent-Type: {XLSX}\r\n\r\n", file.0).into_bytes());
    body.extend(file.1);
    body.extend(b"\r\n--frontier--\r\n");
    let headers = [
        ("content-type", "multipart/form-data; boundary=frontier"),
        ("accept", "text/html"),
        ("sec-fetch-site", "same-origin"),
    ];
    client.send(Method::POST, "/planning/solve", &headers, body).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_form_takes_a_workbook_without_script_and_shows_its_faults_by_cell(db: PgPool) {
    let world = World::new(db).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = signed_in(&world, "planner%40mill.example").await;
    let refused = solve_form(&mut client, "file", ("plan.xlsx", &planted())).await;
    assert_eq!(refused.status.as_u16(), 422);
    for cell in ["Lanes!B3", "Plan!B2", "Production!E1", "Periods!A1"] {
        assert!(refused.text.contains(&format!("<code>{cell}<")), "{cell}: {}", refused.text);
    }
    // What was typed stays, but for the file.
    assert!(refused.text.contains("value=\"30\"") && refused.text.contains("low_demand"), "{}", refused.text);
    let none = solve_form(&mut client, "file", ("", b"")).await;
    assert_eq!(none.status.as_u16(), 422);
    assert!(none.text.contains("Choose a workbook"), "{}", none.text);
    assert_eq!(world.number("select count(*) from plan.runs").await, 0);
    let begun = solve_form(&mut client, "file", ("plan.xlsx", &sample_as(Form::Xlsx))).await;
    assert_eq!(begun.status.as_u16(), 303, "{}", begun.text);
    assert!(begun.location().starts_with("/planning/runs/"), "{}", begun.location());
    assert_eq!(world.number("select count(*) from plan.runs where scenario = 'low_demand'").await, 1);
    let page = client.get(begun.location()).await;
    assert!(page.text.contains("export?format=lp") && !page.text.contains("export?format=xlsx"), "it is not over");
    let mut viewer = signed_in(&world, "viewer%40mill.example").await;
    let refused = solve_form(&mut viewer, "sample", ("", b"")).await;
    assert_eq!(refused.status.as_u16(), 403, "{}", refused.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_input_is_checked_before_it_is_solved_and_the_form_goes_on_with_it(db: PgPool) {
    let world = World::new(db).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    let mut client = signed_in(&world, "planner%40mill.example").await;
    // The sample is fit; with a quarter more demand, too, and its ceiling is told period by period.
    let told = send_form(&mut client, "sample", ("", b""), "high_demand", "check").await;
    assert_eq!(told.status.as_u16(), 200, "{}", told.text);
    for words in
        ["data-check", "Two plants, scenario high_demand", "318.75 t", "Before the solve", "How much can be served"]
    {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    assert!(!told.text.contains("role=\"alert\""), "nothing is wrong");
    // A workbook at fault: every finding with its cell.
    let refused = send_form(&mut client, "file", ("plan.xlsx", &planted()), "base", "check").await;
    assert_eq!(refused.status.as_u16(), 200, "{}", refused.text);
    assert!(refused.text.contains("FAIL") && refused.text.contains("<code>Lanes!B3<"), "{}", refused.text);
    // One that is fit goes on as its document: no browser fills a file in again.
    let fit = send_form(&mut client, "file", ("plan.xlsx", &sample_as(Form::Xlsx)), "base", "check").await;
    assert!(fit.text.contains("PASS") && fit.text.contains("millrace-plan/1"), "{}", fit.text);
    assert!(fit.text.contains("The form below goes on with what was checked."), "{}", fit.text);
    assert_eq!(world.number("select count(*) from plan.runs").await, 0);
    assert_eq!(world.number("select count(*) from plan.inputs").await, 0);
}
