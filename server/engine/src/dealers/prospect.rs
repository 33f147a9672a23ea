//! A record of the feed `prospect` as a row.

use super::value::{Fault, Record, Rule, coordinates};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

/// What a record is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose records were asked for.
    pub dealer_id: &'a str,
    /// Of the main dealer.
    pub zone: Tz,
    /// There.
    pub today: NaiveDate,
}

/// One unit somebody is interested in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub unit_type_code: String,
    pub sales_program_code: Option<String>,
}

/// A lead. Phone, national id, address, location and the office's address and phone are personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    pub prospect_no: String,
    pub source_code: Option<String>,
    pub prospect_date: Option<NaiveDate>,
    pub tagged: Option<bool>,
    pub full_name: Option<String>,
    pub phone: Option<String>,
    pub national_id: Option<String>,
    pub address: Option<String>,
    pub province_code: Option<String>,
    pub city_code: Option<String>,
    pub district_code: Option<String>,
    pub village_code: Option<String>,
    pub postal_code: Option<String>,
    /// `latitude,longitude`.
    pub location: Option<String>,
    pub swapped: bool,
    /// Codes of the place of the office.
    pub office: Map<String, Value>,
    /// Its address and phone as JSON.
    pub office_personal: Option<String>,
    pub occupation_code: Option<String>,
    pub appointment_at: Option<DateTime<Utc>>,
    pub follow_up_method: Option<String>,
    pub test_ride: Option<bool>,
    pub follow_up_status: Option<String>,
    pub status_code: Option<String>,
    pub sales_person_code: Option<String>,
    pub event_code: Option<String>,
    pub source_created_at: Option<DateTime<Utc>>,
    pub source_modified_at: Option<DateTime<Utc>>,
    /// In order, each type once.
    pub units: Vec<Unit>,
}

/// Longest code.
const CODE: usize = 60;
/// Longest address.
const ADDRESS: usize = 500;

fn units(record: &Record) -> Result<Vec<Unit>, Fault> {
    let mut units: Vec<Unit> = Vec::new();
    for unit in record.children("unit")? {
        let unit_type_code = unit.required("kodeTipeUnit", 3)?;
        let sales_program_code = unit.short("salesProgramId", 200)?;
        if units.iter().all(|known| known.unit_type_code != unit_type_code) {
            units.push(Unit { unit_type_code, sales_program_code });
        }
    }
    Ok(units)
}

fn place(record: &Record) -> Result<(Option<String>, bool), Fault> {
    let (Some(latitude), Some(longitude)) = (record.number("latitude")?, record.number("longitude")?) else {
        return Ok((None, false));
    };
    let (latitude, longitude, swapped) = coordinates(latitude, longitude);
    Ok((Some(format!("{latitude},{longitude}")), swapped))
}

fn object<const N: usize>(pairs: [(&str, Option<String>); N]) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect()
}

impl Prospect {
    /// # Errors
    /// The first fault: key, dealer, then the fields in their order.
    pub fn read(value: &Value, asked: Asked<'_>) -> Result<Self, Fault> {
        let no_record = || Fault { rule: Rule::Type, path: String::new(), message: "This is no record." };
        let record = Record::of(value, "").ok_or_else(no_record)?;
        let prospect_no = record.required("idProspect", 30)?;
        record.belongs_to(asked.dealer_id)?;
        let code = |name: &str| record.short(name, CODE);
        let date = |name: &str| record.date(name, asked.today);
        let moment = |name: &str| record.moment(name, asked.zone, asked.today);
        let (location, swapped) = place(&record)?;
        let appointment = date("tanggalAppointment")?.map(|day| {
            let time = record.time("waktuAppointment")?.unwrap_or(NaiveTime::MIN);
            Ok(super::window::local(day.and_time(time), asked.zone))
        });
        let office_personal = object([
            ("address", record.short("alamatKantor", ADDRESS)?),
            ("phone", record.short("noKontakKantor", 15)?),
        ]);
        Ok(Self {
            prospect_no,
            source_code: code("sumberProspect")?,
            prospect_date: date("tanggalProspect")?,
            tagged: record.flag("taggingProspect")?,
            full_name: record.short("namaLengkap", 100)?,
            phone: record.short("noKontak", 15)?,
            national_id: record.short("noKtp", 17)?,
            address: record.short("alamat", ADDRESS)?,
            province_code: code("kodePropinsi")?,
            city_code: code("kodeKota")?,
            district_code: code("kodeKecamatan")?,
            village_code: code("kodeKelurahan")?,
            postal_code: code("kodePos")?,
            location,
            swapped,
            office: object([
                ("province_code", code("kodePropinsiKantor")?),
                ("city_code", code("kodeKotaKantor")?),
                ("district_code", code("kodeKecamatanKantor")?),
                ("village_code", code("kodeKelurahanKantor")?),
                ("postal_code", code("kodePosKantor")?),
            ]),
            office_personal: (!office_personal.is_empty()).then(|| Value::Object(office_personal).to_string()),
            occupation_code: code("kodePekerjaan")?,
            appointment_at: appointment.transpose()?,
            follow_up_method: code("metodeFollowUp")?,
            test_ride: record.flag("testRidePreference")?,
            follow_up_status: code("statusFollowUpProspecting")?,
            status_code: code("statusProspect")?,
            sales_person_code: code("idSalesPeople")?,
            event_code: code("idEvent")?,
            source_created_at: moment("createdTime")?,
            source_modified_at: moment("modifiedTime")?,
            units: units(&record)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Jakarta;
    use serde_json::json;

    const ASKED: Asked<'_> =
        Asked { dealer_id: "12284", zone: Jakarta, today: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap() };

    fn record() -> Value {
        json!({
            "idProspect": "PRSP/1", "dealerId": 12284, "sumberProspect": "0004", "tanggalProspect": "20/11/2026",
            "taggingProspect": "Yes", "namaLengkap": "Siti Rahma", "noKontak": "080012345678",
            "noKtp": "0000000000001234", "alamat": "Jl. Contoh 1", "kodePropinsi": "3100", "latitude": "106,8",
            "longitude": "-6,2", "alamatKantor": "Jl. Kantor 2", "kodeKotaKantor": "3171",
            "tanggalAppointment": "21/11/2026", "waktuAppointment": "10:15", "testRidePreference": "1",
            "statusProspect": 3, "createdTime": "20/11/2026 00:30:00", "modifiedTime": "20/11/2026 08:00:00",
            "unit": [{"kodeTipeUnit": "HP5"}, {"kodeTipeUnit": "KC1", "salesProgramId": "P1"}, {"kodeTipeUnit": "HP5"}],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut record = record();
        record[name] = value;
        record
    }

    #[test]
    fn a_record_becomes_a_row_whatever_the_case_of_its_names() {
        let row = Prospect::read(&record(), ASKED).unwrap();
        assert_eq!((row.prospect_no.as_str(), row.status_code.as_deref()), ("PRSP/1", Some("3")));
        // Half past midnight there is the day before in UTC; the day is the one the dealer wrote.
        assert_eq!(row.prospect_date.unwrap().to_string(), "2026-11-20");
        assert_eq!(row.source_created_at.unwrap().to_rfc3339(), "2026-11-19T17:30:00+00:00");
        assert_eq!((row.location.as_deref(), row.swapped), (Some("-6.2,106.8"), true));
        assert_eq!(row.appointment_at.unwrap().to_rfc3339(), "2026-11-21T03:15:00+00:00");
        let types: Vec<_> = row.units.iter().map(|unit| unit.unit_type_code.as_str()).collect();
        assert_eq!(types, ["HP5", "KC1"]);
        assert_eq!(row.office["city_code"], "3171");
        assert_eq!(row.office_personal.as_deref(), Some(r#"{"address":"Jl. Kantor 2"}"#));
        let capitals: Map<String, Value> =
            record().as_object().unwrap().iter().map(|(name, value)| (name.to_uppercase(), value.clone())).collect();
        assert_eq!(Prospect::read(&Value::Object(capitals), ASKED).unwrap(), row);
    }

    #[test]
    fn of_ten_records_three_are_kept_back_each_for_its_reason() {
        let mut records: Vec<Value> = (0..7).map(|n| with("idProspect", json!(format!("PRSP/{n}")))).collect();
        records.push(with("idProspect", Value::Null));
        records.push(with("tanggalProspect", json!("2026-11-20")));
        records.push(with("dealerId", json!("99999")));
        let (rows, faults): (Vec<_>, Vec<_>) =
            records.iter().map(|record| Prospect::read(record, ASKED)).partition(Result::is_ok);
        let reasons: Vec<_> = faults.into_iter().map(|fault| fault.unwrap_err().rule.as_str()).collect();
        assert_eq!((rows.len(), reasons), (7, vec!["required", "type", "foreign_dealer"]));
    }

    #[test]
    fn what_is_too_long_or_no_child_record_is_told_with_its_path() {
        let fault = |name: &str, value| Prospect::read(&with(name, value), ASKED).unwrap_err();
        let long = fault("namaLengkap", json!("x".repeat(101)));
        assert_eq!((long.rule.as_str(), long.path.as_str()), ("length", "namaLengkap"));
        let unit = fault("unit", json!([{"kodeTipeUnit": "HP5"}, {"kodeTipeUnit": "HONDA"}]));
        assert_eq!((unit.rule.as_str(), unit.path.as_str()), ("length", "unit[1].kodeTipeUnit"));
        assert_eq!(fault("unit", json!("HP5")).rule.as_str(), "type");
        assert_eq!(Prospect::read(&json!("x"), ASKED).unwrap_err().rule.as_str(), "type");
    }
}
