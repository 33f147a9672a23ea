//! The leads of a simulated dealer: they follow from seed, dealer and day alone (`dealers.md` 3.10). No real person has a
//! national id that begins `00` or a phone that begins `0800`.

use super::window;
use crate::demo::chance::{Chance, Lottery};
use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Days after which a lead does not change any more.
const SETTLED_AFTER: u64 = 18;
const MOST_A_DAY: u64 = 60;
const NAMES: [&str; 12] =
    ["Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Ayu", "Hendra", "Lestari", "Putra", "Wulan", "Rahma"];
const UNITS: [&str; 5] = ["HP5", "KC1", "LB2", "JK1", "GF6"];
const SOURCES: [&str; 6] = ["0001", "0004", "0004", "0007", "0008", "0011"];

/// One lead with what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    key: String,
    dealer_id: String,
    created: DateTime<Utc>,
    /// Codes of `statusProspect`, each from its moment on; the first from the beginning.
    statuses: Vec<(DateTime<Utc>, &'static str)>,
    name: String,
    phone: String,
    national_id: String,
    source: &'static str,
    units: Vec<&'static str>,
    sales_person: String,
}

/// Weights of 0, 1, 2 … events a day; integers, so that every machine draws the same.
fn poisson(mean: u64) -> Lottery {
    let mut weight = 100_000_000_000_u64;
    let rest = (1..MOST_A_DAY).map(|k| {
        weight = weight * mean / k;
        weight
    });
    Lottery::new(std::iter::once(100_000_000_000).chain(rest))
}

const fn mean(day: Weekday) -> u64 {
    match day {
        Weekday::Sat => 14,
        Weekday::Sun => 3,
        _ => 8,
    }
}

fn stream(dealer_id: &str, day: NaiveDate) -> u64 {
    let hash = Sha256::digest(format!("prospect\0{dealer_id}\0{day}").as_bytes());
    hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn digits(chance: &mut Chance, before: &str, count: usize) -> String {
    (0..count).fold(before.to_owned(), |text, _| format!("{text}{}", chance.below(10)))
}

fn statuses(chance: &mut Chance, created: DateTime<Utc>) -> Vec<(DateTime<Utc>, &'static str)> {
    let mut later = |days: i64| Duration::hours(chance.between(24, days * 24));
    let (warm, end) = (created + later(3), created + Duration::days(3) + later(14));
    let first = if chance.percent(60) { "1" } else { "2" };
    let mut all = vec![(created, first)];
    if chance.percent(80) {
        all.push((warm, "3"));
    }
    match chance.below(100) {
        ..35 => all.push((end, "4")),
        35..75 => all.push((end, "5")),
        _ => {}
    }
    all
}

/// The leads that come on a day: 8 on the mean, 14 on Saturdays, 3 on Sundays.
#[must_use]
pub fn leads(seed: u64, dealer_id: &str, day: NaiveDate, zone: Tz) -> Vec<Lead> {
    let mut chance = Chance::new(seed, stream(dealer_id, day));
    let count = poisson(mean(day.weekday())).draw(&mut chance);
    let one = |n: usize| {
        // The first comes through the website at night: its day there is another than in UTC.
        let second = if n == 0 { 30 * 60 } else { chance.between(8 * 3_600, 20 * 3_600) };
        let midnight = window::local(day.and_time(NaiveTime::MIN), zone);
        let created = midnight + Duration::seconds(second);
        let mut units = UNITS.to_vec();
        chance.shuffle(&mut units);
        let kept = if chance.percent(5) { 0 } else { 1 + chance.index(3) };
        units.truncate(kept);
        Lead {
            key: format!("PRSP/{dealer_id}/{}/{:04}", day.format("%y%m%d"), n + 1),
            dealer_id: dealer_id.to_owned(),
            created,
            statuses: statuses(&mut chance, created),
            name: format!("{} {}", NAMES[chance.index(NAMES.len())], NAMES[chance.index(NAMES.len())]),
            phone: digits(&mut chance, "0800", 8),
            national_id: digits(&mut chance, "00", 14),
            source: if n == 0 { "0007" } else { SOURCES[chance.index(SOURCES.len())] },
            units,
            sales_person: format!("SP{:03}", chance.between(1, 6)),
        }
    };
    (0..count).map(one).collect()
}

/// The leads that were made or changed in the window, as they are at `now`, by their key.
#[must_use]
pub fn touched(seed: u64, dealer_id: &str, asked: window::Window, now: DateTime<Utc>, zone: Tz) -> Vec<Value> {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let first = day(asked.from).checked_sub_days(Days::new(SETTLED_AFTER)).unwrap_or(NaiveDate::MIN);
    let days = first.iter_days().take_while(|one| *one <= day(asked.to.min(now)));
    let all = days.flat_map(|one| leads(seed, dealer_id, one, zone));
    all.filter(|lead| lead.touched(asked, now)).map(|lead| lead.written(now, zone)).collect()
}

impl Lead {
    /// What it is at `now`, and since when.
    fn status(&self, now: DateTime<Utc>) -> (DateTime<Utc>, &'static str) {
        self.statuses.iter().rev().find(|(at, _)| *at <= now).copied().unwrap_or((self.created, "1"))
    }

    fn touched(&self, asked: window::Window, now: DateTime<Utc>) -> bool {
        let within = |at: DateTime<Utc>| asked.from <= at && at <= asked.to;
        self.created <= now && (within(self.created) || within(self.status(now).0))
    }

    fn written(&self, now: DateTime<Utc>, zone: Tz) -> Value {
        let moment = |at: DateTime<Utc>| at.with_timezone(&zone).format("%d/%m/%Y %H:%M:%S").to_string();
        let (modified, status) = self.status(now);
        let times = (moment(self.created), moment(modified));
        let unit = |code: &&str| json!({"kodeTipeUnit": code, "salesProgramId": "", "createdTime": times.0, "modifiedTime": times.1});
        json!({
            "idProspect": self.key,
            "dealerId": self.dealer_id,
            "sumberProspect": self.source,
            "tanggalProspect": self.created.with_timezone(&zone).format("%d/%m/%Y").to_string(),
            "taggingProspect": "No",
            "namaLengkap": self.name,
            "noKontak": self.phone,
            "noKtp": self.national_id,
            "alamat": "Jl. Contoh 1",
            "kodePropinsi": "3100",
            "kodeKota": "3171",
            "latitude": "-6,200000",
            "longitude": "106,816666",
            "metodeFollowUp": "1",
            "testRidePreference": "0",
            "statusFollowUpProspecting": if self.statuses[0].0 < modified { "2" } else { "1" },
            "statusProspect": status,
            "idSalesPeople": self.sales_person,
            "idEvent": "",
            "unit": self.units.iter().map(unit).collect::<Vec<_>>(),
            "createdTime": times.0,
            "modifiedTime": times.1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dealers::prospect::{Asked, Prospect};
    use chrono_tz::Asia::Jakarta;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn of(from: &str, to: &str, now: &str) -> Vec<Value> {
        touched(42, "12284", window::Window { from: at(from), to: at(to) }, at(now), Jakarta)
    }

    const WEEK: (&str, &str) = ("2026-11-08T17:00:00Z", "2026-11-15T16:59:59Z");

    #[test]
    fn the_same_seed_dealer_and_day_give_the_same_leads_and_others_do_not() {
        let now = "2026-11-20T00:00:00Z";
        let week = of(WEEK.0, WEEK.1, now);
        assert_eq!(week, of(WEEK.0, WEEK.1, now));
        assert!(week.len() > 30, "{}", week.len());
        let day = "2026-11-09".parse().unwrap();
        assert_ne!(leads(42, "12284", day, Jakarta), leads(43, "12284", day, Jakarta));
        assert_ne!(leads(42, "12284", day, Jakarta), leads(42, "12285", day, Jakarta));
    }

    #[test]
    fn every_lead_is_read_back_and_one_made_after_midnight_has_the_day_of_the_dealer() {
        let asked = Asked { dealer_id: "12284", zone: Jakarta, today: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap() };
        let rows: Vec<Prospect> = of(WEEK.0, WEEK.1, "2026-11-20T00:00:00Z")
            .iter()
            .map(|record| Prospect::read(record, asked).expect("a good record"))
            .collect();
        assert!(rows.iter().all(|row| row.national_id.as_deref().unwrap().starts_with("00")));
        assert!(rows.iter().all(|row| row.phone.as_deref().unwrap().starts_with("0800")));
        let night = rows.iter().find(|row| row.source_created_at == Some(at("2026-11-09T17:30:00Z"))).unwrap();
        assert_eq!(night.prospect_date.unwrap().to_string(), "2026-11-10");
    }

    #[test]
    fn a_lead_moves_on_and_is_found_again_by_the_time_of_its_change() {
        let early = of(WEEK.0, WEEK.1, "2026-11-15T17:00:00Z");
        let late = of(WEEK.0, WEEK.1, "2026-12-05T17:00:00Z");
        let moved = |record: &&Value| {
            late.iter()
                .any(|l| l["idProspect"] == record["idProspect"] && l["statusProspect"] != record["statusProspect"])
        };
        assert!(early.iter().filter(moved).count() > 5);
        let changed = of("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z");
        assert!(changed.iter().any(|record| record["createdTime"] != record["modifiedTime"]));
    }

    #[test]
    fn saturdays_bring_more_than_sundays() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let count = |weekday: Weekday| {
            let days = day.iter_days().take(364).filter(|one| one.weekday() == weekday);
            days.map(|one| leads(42, "12284", one, Jakarta).len()).sum::<usize>()
        };
        // 52 days of 14 and of 3; four standard deviations either way.
        assert!((620..=836).contains(&count(Weekday::Sat)), "{}", count(Weekday::Sat));
        assert!((106..=206).contains(&count(Weekday::Sun)), "{}", count(Weekday::Sun));
    }
}
