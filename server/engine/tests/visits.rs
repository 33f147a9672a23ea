//! The rules of target `visits`, verdict by verdict.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

use chrono::{DateTime, Utc};
use domain::{
    ingest::{Field, Mapping, MappingOptions, Target, Verdict},
    overview::RecordVisit,
    settings::Business,
};
use engine::ingest::{Judged, Known, Meter, Plan, assemble, judge, survey};
use uuid::Uuid;

const HEADER: &str = "visited_at,visitor_key,customer,session_ref,path,source\n";

fn judged(rows: &str) -> Judged {
    let bytes = format!("{HEADER}{rows}").into_bytes();
    let shape = survey(&bytes).unwrap();
    let mut mapping = Mapping::propose(Target::Visits, &shape, MappingOptions::of(&Business::default()));
    mapping.options.zone = "Europe/London".to_owned();
    assert_eq!(mapping.columns.len(), 6);
    mapping.validate(Target::Visits, &shape).unwrap();
    judge(&bytes, &shape, Target::Visits, &mapping, &Meter::default()).unwrap()
}

fn plan(rows: &str, known: &Known) -> Plan {
    let mut ids = (1..).map(Uuid::from_u128);
    let plan = assemble(&judged(rows), known, || ids.next().unwrap());
    assert!(plan.counts.accounts_for_every_line(), "{:?}", plan.counts);
    plan
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Row number, rule and field of every row in quarantine.
fn refused(plan: &Plan) -> Vec<(u32, &str, Option<Field>)> {
    plan.staged.iter().flat_map(|row| row.issues.iter().map(|i| (row.row_no, i.code.as_str(), i.field))).collect()
}

/// Row numbers of the visits to record.
fn recorded(rows: &str, known: &Known) -> Vec<u32> {
    let (judged, plan) = (judged(rows), plan(rows, known));
    plan.visits.iter().map(|new| judged.visits[new.row].row_no).collect()
}

#[test]
fn a_visit_is_read_in_the_zone_of_the_import() {
    let judged = judged("2026-07-01 10:00:00,b-1,,s-1,/shoes,mail\n2026-07-01T10:00:00Z,b-2,77,,,\n");
    let (first, second) = (&judged.visits[0], &judged.visits[1]);
    assert_eq!((first.at, second.at), (at("2026-07-01T09:00:00Z"), at("2026-07-01T10:00:00Z")));
    assert_eq!(
        (&*first.visitor, first.session.as_deref(), first.path.as_deref()),
        ("b-1", Some("s-1"), Some("/shoes"))
    );
    assert_eq!((second.session.as_deref(), second.path.as_deref(), second.source.as_deref()), (None, None, None));
    assert_eq!(&*judged.customers[second.customer as usize].reference, "77");
}

#[test]
fn each_fault_is_told_at_its_field() {
    let long = "x".repeat(101);
    let rows = format!(
        ",b-1,,,,\nyesterday,b-1,,,,\n2026-07-01 10:00,,,,,\n2026-07-01 10:00,{long},,{},{},{long}\n2026-07-01 10:00,b\u{7}1,,,,\n",
        "s".repeat(51),
        "/".repeat(501)
    );
    let plan = plan(&rows, &Known::default());
    let (visitor, session, path, source) =
        (Some(Field::VisitorKey), Some(Field::SessionRef), Some(Field::Path), Some(Field::Source));
    assert_eq!(
        refused(&plan),
        [
            (2, "missing_value", Some(Field::VisitedAt)),
            (3, "unreadable_time", Some(Field::VisitedAt)),
            (4, "missing_value", visitor),
            (5, "too_long", visitor),
            (5, "too_long", session),
            (5, "too_long", path),
            (5, "too_long", source),
            (6, "unreadable_text", visitor),
        ]
    );
    assert_eq!((plan.counts.rejected, plan.counts.visits), (5, 0));
}

/// A file and the beacon take the same texts.
#[test]
fn a_file_takes_the_texts_that_the_beacon_takes() {
    for (length, character) in
        [(1, "x"), (50, "x"), (51, "x"), (100, "ü"), (101, "x"), (500, "/"), (501, "/"), (1, "x\u{7}")]
    {
        let text = character.repeat(length);
        let beacon = RecordVisit {
            visitor_key: text.clone(),
            session_ref: Some(text.clone()),
            path: Some(text.clone()),
            source: Some(text.clone()),
        };
        let told = beacon.validate().err().unwrap_or_default();
        let mut told: Vec<String> = told.into_iter().map(|fault| fault.path).collect();
        // With a good row beside it: a short file of control characters is no text at all.
        let good = format!("2026-07-01 10:00,b,,,{},\n", "/".repeat(500));
        let plan = plan(&format!("2026-07-01 10:00,{text},,{text},{text},{text}\n{good}"), &Known::default());
        let mut here: Vec<String> =
            refused(&plan).into_iter().filter_map(|(_, _, field)| Some(field?.key().to_owned())).collect();
        told.sort();
        here.sort();
        assert_eq!(here, told, "{length} × {character:?}");
    }
}

#[test]
fn rows_less_than_half_an_hour_apart_are_one_visit() {
    let none = Known::default();
    let rows = "2026-07-01 10:29:59,b-1,,s,/b,\n2026-07-01 10:00:00,b-1,,s,/a,\n2026-07-01 10:00:00,b-1,,t,,\n\
                2026-07-01 10:00:00,b-2,,s,,\n2026-07-01 10:30:00,b-1,,s,/c,\n2026-07-01 10:45:00,b-1,,s,/d,\n\
                2026-07-01 10:00:00,b-1,,,,\n";
    assert_eq!(recorded(rows, &none), [3, 4, 5, 6, 8], "the window begins with the first row, whatever its place");
    let counts = plan(rows, &none).counts;
    assert_eq!((counts.visits, counts.merged, counts.same, counts.lines), (5, 2, 0, 7));
}

#[test]
fn recorded_visits_count_before_and_after() {
    let mut known = Known::default();
    known.visits.insert(("b".into(), "s".into()), vec![at("2026-07-01T12:00:00Z"), at("2026-07-01T15:00:00Z")]);
    let rows = "2026-07-01T12:00:00Z,b,,s,,\n2026-07-01T12:29:59Z,b,,s,,\n2026-07-01T12:30:00Z,b,,s,,\n\
                2026-07-01T14:30:01Z,b,,s,,\n2026-07-01T14:30:00Z,b,,s,,\n2026-07-01T12:00:00Z,b,,,,\n";
    assert_eq!(recorded(rows, &known), [4, 6, 7]);
    let counts = plan(rows, &known).counts;
    assert_eq!((counts.same, counts.merged, counts.visits), (1, 2, 3));
}

#[test]
fn a_customer_is_known_or_the_row_waits_and_none_is_made() {
    let mut known = Known::default();
    let id = Uuid::from_u128(77);
    known.customers.insert("77".into(), id);
    let rows = "2026-07-01 10:00,b-1,,,,\n2026-07-01 10:05,b-1,77.0,,,\n2026-07-01 10:00,b-2,78,,,\n";
    let plan = plan(rows, &known);
    assert_eq!(refused(&plan), [(4, "unknown_customer", Some(Field::CustomerRef))]);
    assert_eq!(plan.without_raw, [4]);
    assert!(plan.customers.is_empty());
    assert_eq!((plan.visits.len(), plan.visits[0].customer), (1, Some(id)), "who signs in on the way is known");
}

#[test]
fn a_visit_older_than_visits_are_kept_is_refused() {
    let known = Known { visits_since: Some(at("2026-07-01T00:00:00Z")), ..Known::default() };
    let rows = "2026-07-01T00:00:00Z,b,,,,\n2026-06-30T23:59:59Z,c,,,,\n";
    let plan = plan(rows, &known);
    assert_eq!(refused(&plan), [(3, "older_than_kept", Some(Field::VisitedAt))]);
    assert_eq!(plan.counts.visits, 1);
}

#[test]
fn a_row_in_quarantine_already_is_the_same() {
    let rows = "2026-07-01 10:00,b-1,78,,,\nsoon,b-2,,,,\n";
    let mut known = Known::default();
    for row in &plan(rows, &known).staged {
        known.staged.entry(row.business_key.as_str().into()).or_default().insert((row.line_no, row.hash));
    }
    let again = plan(rows, &known);
    assert_eq!((again.counts.same, again.counts.quarantined()), (2, 0));
    assert!(again.counts.is_no_change());
}

#[test]
fn the_promise_of_the_preview_changes_with_what_is_recorded() {
    let rows = "2026-07-01T10:00:00Z,b,,s,,\n";
    let mut known = Known::default();
    let before = plan(rows, &known);
    assert_eq!(before.digest, plan(rows, &known).digest);
    known.visits.insert(("b".into(), "s".into()), vec![at("2026-07-01T10:10:00Z")]);
    let after = plan(rows, &known);
    assert_ne!(before.digest, after.digest);
    assert_eq!((after.examples.merged.len(), Verdict::parse("merged")), (1, Some(Verdict::Merged)));
}
