//! Leads, and what becomes of them.

use super::{Made, World, draws, window};
use crate::demo::chance::Chance;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// Days after which a lead does not change any more.
pub(super) const SETTLED_AFTER: u64 = 18;
const SOURCES: [&str; 6] = ["0001", "0004", "0004", "0007", "0008", "0011"];

/// One lead with what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lead {
    pub key: String,
    dealer_id: String,
    created: DateTime<Utc>,
    /// Codes of `statusProspect`, each from its moment on; the first from the beginning.
    statuses: Vec<(DateTime<Utc>, &'static str)>,
    pub name: String,
    pub phone: String,
    pub national_id: String,
    source: &'static str,
    pub units: Vec<&'static str>,
    pub sales_person: String,
}

const fn mean(day: Weekday) -> u64 {
    match day {
        Weekday::Sat => 14,
        Weekday::Sun => 3,
        _ => 8,
    }
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
pub(super) fn leads(seed: u64, dealer_id: &str, day: NaiveDate, zone: Tz) -> Vec<Lead> {
    let mut chance = Chance::new(seed, draws::stream("prospect", dealer_id, day));
    let count = draws::poisson(mean(day.weekday())).draw(&mut chance);
    let one = |n: usize| {
        // The first comes through the website at night: its day there is another than in UTC.
        let second = if n == 0 { 30 * 60 } else { chance.between(8 * 3_600, 20 * 3_600) };
        let midnight = window::local(day.and_time(NaiveTime::MIN), zone);
        let created = midnight + Duration::seconds(second);
        let mut units = draws::UNITS.to_vec();
        chance.shuffle(&mut units);
        let kept = if chance.percent(5) { 0 } else { 1 + chance.index(3) };
        units.truncate(kept);
        Lead {
            key: format!("PRSP/{dealer_id}/{}/{:04}", day.format("%y%m%d"), n + 1),
            dealer_id: dealer_id.to_owned(),
            created,
            statuses: statuses(&mut chance, created),
            name: draws::name(&mut chance),
            phone: draws::phone(&mut chance),
            national_id: draws::national_id(&mut chance),
            source: if n == 0 { "0007" } else { SOURCES[chance.index(SOURCES.len())] },
            units,
            sales_person: format!("SP{:03}", chance.between(1, 6)),
        }
    };
    (0..count).map(one).collect()
}

/// The leads of a day as records.
pub(super) fn of_day(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    let made = |lead: Lead| {
        let (modified, _) = lead.status(world.now);
        Made { created: lead.created, modified, record: lead.written(world.now, world.zone) }
    };
    leads(world.seed, world.dealer_id, day, world.zone).into_iter().map(made).collect()
}

impl Lead {
    /// What it is at `now`, and since when.
    fn status(&self, now: DateTime<Utc>) -> (DateTime<Utc>, &'static str) {
        self.statuses.iter().rev().find(|(at, _)| *at <= now).copied().unwrap_or((self.created, "1"))
    }

    /// The moment from which on it is a deal.
    pub fn won(&self) -> Option<DateTime<Utc>> {
        self.statuses.last().filter(|(_, status)| *status == "4").map(|(at, _)| *at)
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
    use crate::dealers::{
        prospect::{Asked, Prospect},
        simulated::touched_of,
        value::content_hash,
    };
    use chrono_tz::Asia::Jakarta;
    use domain::dealers::Feed;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn of(from: &str, to: &str, now: &str) -> Vec<Value> {
        let asked = window::Window { from: at(from), to: at(to) };
        touched_of(Feed::Prospect, 42, "12284", asked, at(now), Jakarta)
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
    fn the_leads_of_a_seed_never_change() {
        let hash = content_hash(&Value::Array(of(WEEK.0, WEEK.1, "2026-11-20T00:00:00Z")));
        assert_eq!(hash[..8], [178, 246, 111, 189, 162, 214, 4, 44]);
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
