use super::*;
use chrono_tz::Asia::Jakarta;
use serde_json::json;

const ASKED: Asked<'_> =
    Asked { dealer_id: "12284", zone: Jakarta, today: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap() };

/// Every field filled in; personal texts say that they are, beside their name.
fn filled(fields: &[Field]) -> Map<String, Value> {
    let value = |field: &Field| match field.kind {
        Kind::Text(most) if field.personal.is_some() => {
            json!(format!("PII{}", field.name).chars().take(most).collect::<String>())
        }
        Kind::Text(most) => json!(field.name.chars().take(most).collect::<String>()),
        Kind::Number => json!("1250000,5"),
        Kind::Date => json!("19/11/2026"),
        Kind::Moment => json!("19/11/2026 00:30:00"),
        Kind::Time => json!("10:15"),
        Kind::Degrees if field.name == "latitude" => json!("-6,213579"),
        Kind::Degrees => json!("106,824680"),
    };
    fields.iter().map(|field| (field.name.to_owned(), value(field))).collect()
}

fn example(feed: Feed) -> Value {
    let mut record = filled(form(feed).fields);
    for (array, fields) in form(feed).children {
        record.insert((*array).to_owned(), json!([filled(fields)]));
    }
    record.insert("dealerId".to_owned(), json!(12284));
    record.insert("createdTime".to_owned(), json!("20/11/2026 00:30:00"));
    record.insert("modifiedTime".to_owned(), json!("20/11/2026 08:00:00"));
    Value::Object(record)
}

fn renamed(value: &Value, name: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(was, value)| (name(was), renamed(value, name))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(|value| renamed(value, name)).collect()),
        plain => plain.clone(),
    }
}

fn with(feed: Feed, name: &str, value: Value) -> Result<FeedRecord, Fault> {
    let mut record = example(feed);
    record[name] = value;
    FeedRecord::read(feed, &record, ASKED)
}

fn told(fault: &Fault) -> (&'static str, &str) {
    (fault.rule.as_str(), fault.path.as_str())
}

#[test]
fn a_full_record_of_every_feed_is_read_whatever_the_case_of_its_names() {
    for feed in Feed::ALL {
        let record = example(*feed);
        let row = FeedRecord::read(*feed, &record, ASKED).unwrap();
        let (form, spec) = (form(*feed), spec(*feed));
        assert_eq!((&row.fields[spec.record_key], row.lines.len()), (&json!(row.record_key), form.children.len()));
        let filled = form.fields.iter().filter(|field| field.personal.is_none()).map(|field| field.name);
        assert!(
            row.fields.len() == filled.clone().count() && filled.into_iter().all(|name| row.fields.contains_key(name))
        );
        let day = if form.dated_by == ["createdTime"] { "2026-11-20" } else { "2026-11-19" };
        assert_eq!(row.business_date.unwrap().to_string(), day, "{feed:?}");
        assert_eq!(row.status_code.is_some(), form.status.is_some());
        assert_eq!(row.amount.is_some(), !form.amounts.is_empty());
        assert_eq!(row.source_created_at.unwrap().to_rfc3339(), "2026-11-19T17:30:00+00:00");
        for name in [str::to_uppercase, str::to_lowercase] {
            assert_eq!(FeedRecord::read(*feed, &renamed(&record, name), ASKED).unwrap(), row, "{feed:?}");
        }
    }
}

#[test]
fn nothing_personal_stands_in_fields_lines_or_keys() {
    for feed in Feed::ALL {
        let row = FeedRecord::read(*feed, &example(*feed), ASKED).unwrap();
        let lines: Vec<_> = row.lines.iter().map(|line| (&line.line_key, &line.fields)).collect();
        let open = json!([row.record_key, row.status_code, row.fields, lines]).to_string();
        for sign in ["PII", "213579", "82468"] {
            assert!(!open.contains(sign), "{feed:?} {sign}: {open}");
        }
        let form = form(*feed);
        let mut personal = form.fields.iter().filter(|field| field.personal.is_some());
        assert!(personal.all(|field| row.personal.contains_key(field.name)), "{feed:?}");
        for (line, (array, fields)) in row.lines.iter().zip(form.children) {
            for field in fields.iter().filter(|field| field.personal.is_some()) {
                assert!(row.personal[*array][&line.line_key].get(field.name).is_some(), "{feed:?} {}", field.name);
            }
        }
    }
}

#[test]
fn the_phone_and_the_id_by_which_a_record_is_found_are_the_customers() {
    let row = FeedRecord::read(Feed::SpkRead, &example(Feed::SpkRead), ASKED).unwrap();
    assert_eq!((row.phone.as_deref(), row.national_id.as_deref()), (Some("PIInoKontak"), Some("PIInoKtp")));
    let row = FeedRecord::read(Feed::Pkb, &example(Feed::Pkb), ASKED).unwrap();
    assert_eq!((row.phone.as_deref(), row.national_id), (Some("PIInoTelpPembaw"), None));
    assert_eq!(with(Feed::SpkRead, "noKtp", json!(" ")).unwrap().national_id, None);
}

#[test]
fn values_are_written_in_one_way_whatever_way_they_came() {
    let row = FeedRecord::read(Feed::Pkb, &example(Feed::Pkb), ASKED).unwrap();
    assert_eq!(row.fields["waktuPKB"], "2026-11-18T17:30:00Z");
    assert_eq!((&row.fields["tanggalServis"], &row.fields["totalFRT"]), (&json!("2026-11-19"), &json!("1250000.5")));
    let bast = FeedRecord::read(Feed::BastRead, &example(Feed::BastRead), ASKED).unwrap();
    assert_eq!(bast.lines[0].fields["waktuPengiriman"], "10:15:00");
    let amount = |value| with(Feed::Inv1Read, "amount", value).map(|row| row.fields["amount"].clone());
    for same in [json!(19_500_000.5), json!("19500000,50"), json!("19500000.5000"), json!("19500000.50001")] {
        assert_eq!(amount(same), Ok(json!("19500000.5")));
    }
    assert_eq!(amount(json!("99999999999999.9999")), Ok(json!("99999999999999.9999")));
    assert_eq!(amount(json!(0.1)), Ok(json!("0.1")));
    for same in [json!(1e7), json!("1E7"), json!("+10000000."), json!("010000000")] {
        assert_eq!(amount(same), Ok(json!("10000000")));
    }
    assert_eq!((amount(json!(",5")), amount(json!("-0"))), (Ok(json!("0.5")), Ok(json!("0"))));
    for far in [json!("100000000000000"), json!("-99999999999999.99999"), json!(1e300)] {
        assert_eq!(told(&amount(far).unwrap_err()), ("range", "amount"));
    }
    for bad in [json!("1.500.000"), json!("1_500"), json!("Rp 5"), json!(true), json!([1])] {
        assert_eq!(told(&amount(bad).unwrap_err()), ("type", "amount"));
    }
}

#[test]
fn a_workshop_invoice_sums_its_two_halves_and_is_of_the_day_of_the_first() {
    let of = |names: &[&str]| {
        let mut record = example(Feed::Inv2Read);
        for name in names {
            record[*name] = Value::Null;
        }
        FeedRecord::read(Feed::Inv2Read, &record, ASKED).unwrap()
    };
    assert_eq!(of(&[]).amount, Some(Decimal::from(2_500_001)));
    assert_eq!(of(&["totalHargaNJB"]).amount, Some(Decimal::new(12_500_005, 1)));
    let none = of(&["totalHargaNJB", "totalHargaNSC", "tanggalNJB", "tanggalNSC"]);
    assert_eq!((none.amount, none.business_date), (None, None));
    // Half past midnight there is the day before in UTC.
    assert_eq!(of(&["tanggalNJB"]).business_date.unwrap().to_string(), "2026-11-19");
    let large = json!("60000000000000");
    let mut record = example(Feed::Inv2Read);
    record["totalHargaNJB"] = large.clone();
    record["totalHargaNSC"] = large;
    let fault = FeedRecord::read(Feed::Inv2Read, &record, ASKED).unwrap_err();
    assert_eq!(told(&fault), ("range", "totalHargaNSC"));
}

#[test]
fn swapped_coordinates_are_put_right_in_records_and_their_children() {
    let mut record = example(Feed::BastRead);
    assert!(!FeedRecord::read(Feed::BastRead, &record, ASKED).unwrap().location_swapped);
    record["detail"][0]["latitude"] = json!("106,8");
    record["detail"][0]["longitude"] = json!("-6,2");
    let row = FeedRecord::read(Feed::BastRead, &record, ASKED).unwrap();
    assert!(row.location_swapped);
    let detail = &row.personal["detail"]["noRangka"];
    assert_eq!((&detail["latitude"], &detail["longitude"]), (&json!("-6.2"), &json!("106.8")));
    // One alone says nothing about the other.
    assert!(!with(Feed::SpkRead, "longitude", Value::Null).unwrap().location_swapped);
}

#[test]
fn lines_are_keyed_by_their_fields_and_by_position_where_those_are_personal() {
    let parts = json!([{"idJob": "J1", "partsNumber": "A"}, {"idJob": "J2", "partsNumber": "A"},
        {"idJob": "J1", "partsNumber": "A", "kuantitas": 2}]);
    let row = with(Feed::Pkb, "parts", parts).unwrap();
    let keys: Vec<_> = row.lines.iter().map(|line| (line.array_name, line.line_key.as_str())).collect();
    // The first of one key stands for the others, as with the units of a prospect.
    assert_eq!(keys, [("services", "idJob"), ("parts", "J1/A"), ("parts", "J2/A")]);
    assert!(!row.lines[1].fields.contains_key("kuantitas"));
    let row =
        with(Feed::SpkRead, "dataAnggotaKeluarga", json!([{"anggotaKK": "Siti"}, {"anggotaKK": "Siti"}])).unwrap();
    let family: Vec<_> = row.lines.iter().filter(|line| line.array_name == "dataAnggotaKeluarga").collect();
    assert_eq!(family.iter().map(|line| line.line_key.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(family.iter().all(|line| line.fields.is_empty()));
    assert_eq!(row.personal["dataAnggotaKeluarga"]["2"]["anggotaKK"], "Siti");
}

#[test]
fn what_is_missing_or_wrong_is_told_with_its_path() {
    let parts = json!([{"idJob": "J", "partsNumber": "A"}, {"idJob": "J", "partsNumber": "B"}, {"idJob": "J"}]);
    assert_eq!(told(&with(Feed::Pkb, "parts", parts).unwrap_err()), ("required", "parts[2].partsNumber"));
    let family = with(Feed::SpkRead, "dataAnggotaKeluarga", json!([{}])).unwrap_err();
    assert_eq!(told(&family), ("required", "dataAnggotaKeluarga[0].anggotaKK"));
    let unit = json!([{"kodeTipeUnit": "HP5", "kodeWarna": "BK", "tanggalPengiriman": "2026-11-20"}]);
    assert_eq!(told(&with(Feed::SpkRead, "unit", unit).unwrap_err()), ("type", "unit[0].tanggalPengiriman"));
    for feed in Feed::ALL {
        let key = spec(*feed).record_key;
        assert_eq!(told(&with(*feed, key, json!(" ")).unwrap_err()), ("required", key));
        assert_eq!(told(&with(*feed, "dealerId", json!("99999")).unwrap_err()), ("foreign_dealer", "dealerId"));
        assert_eq!(told(&with(*feed, form(*feed).dated_by[0], json!("2026-31-12")).unwrap_err()).0, "type");
        for field in form(*feed).fields {
            if let Kind::Text(most) = field.kind {
                let fault = with(*feed, field.name, json!("x".repeat(most + 1))).unwrap_err();
                assert_eq!(told(&fault), ("length", field.name), "{feed:?}");
            }
        }
    }
}

#[test]
fn a_text_that_no_database_holds_is_kept_back() {
    let fault = with(Feed::Inv1Read, "note", json!("a\0b")).unwrap_err();
    assert_eq!(told(&fault), ("type", "note"));
}
