use super::*;
use crate::dealers::{fields::form, prospect::Asked, record::FeedRecord};
use chrono::Datelike;
use chrono_tz::Asia::Jakarta;
use std::collections::{BTreeMap, BTreeSet};

const NOW: &str = "2026-11-20T09:00:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn back(days: i64) -> Window {
    Window { from: at(NOW) - Duration::days(days), to: at(NOW) }
}

fn of(feed: Feed, asked: Window, now: DateTime<Utc>) -> Vec<Value> {
    touched_of(feed, 42, "12284", asked, now, Jakarta)
}

fn rows(feed: Feed, records: &[Value], now: DateTime<Utc>) -> Vec<FeedRecord> {
    let asked = Asked { dealer_id: "12284", zone: Jakarta, today: now.with_timezone(&Jakarta).date_naive() };
    let read = |record| FeedRecord::read(feed, record, asked);
    records.iter().map(|record| read(record).unwrap_or_else(|fault| panic!("{feed:?} {fault:?}"))).collect()
}

#[test]
fn the_same_seed_and_dealer_give_the_same_records_and_others_do_not() {
    for feed in Feed::ALL {
        let month = of(*feed, back(30), at(NOW));
        assert!(!month.is_empty(), "{feed:?}");
        assert_eq!(month, of(*feed, back(30), at(NOW)));
        assert_ne!(month, touched_of(*feed, 43, "12284", back(30), at(NOW), Jakarta), "{feed:?}");
        assert_ne!(month, touched_of(*feed, 42, "12285", back(30), at(NOW), Jakarta), "{feed:?}");
    }
}

#[test]
fn sixty_days_of_every_feed_are_read_without_a_fault_each_key_once() {
    for feed in Feed::ALL {
        let records = of(*feed, back(60), at(NOW));
        let rows = rows(*feed, &records, at(NOW));
        let keys: BTreeSet<_> = rows.iter().map(|row| &row.record_key).collect();
        assert_eq!(keys.len(), rows.len(), "{feed:?}");
        assert!(rows.iter().all(|row| row.business_date.is_some()), "{feed:?}");
        assert!(rows.iter().all(|row| row.amount.is_none_or(|amount| amount > 0.into())), "{feed:?}");
        assert!(rows.iter().all(|row| row.source_modified_at >= row.source_created_at), "{feed:?}");
        // No line is lost for its key.
        let lines: usize = form(*feed)
            .children
            .iter()
            .flat_map(|(array, _)| records.iter().map(|r| r[*array].as_array().map_or(0, Vec::len)))
            .sum();
        assert_eq!(rows.iter().map(|row| row.lines.len()).sum::<usize>(), lines, "{feed:?}");
        let simulated = |row: &FeedRecord| {
            row.phone.as_ref().is_none_or(|phone| phone.starts_with("0800"))
                && row.national_id.as_ref().is_none_or(|id| id.starts_with("00"))
        };
        assert!(rows.iter().all(simulated), "{feed:?}");
    }
}

/// Whoever asks often, for short windows, misses no state that whoever asks once for all of them sees.
#[test]
fn a_record_is_found_by_the_moment_it_was_made_and_by_that_of_its_last_change() {
    for feed in Feed::ALL {
        let all = rows(*feed, &of(*feed, back(200), at(NOW)), at(NOW));
        // About a hundred of them, from all days.
        for row in all.iter().step_by(1 + all.len() / 100) {
            for moment in [row.source_created_at.unwrap(), row.source_modified_at.unwrap()] {
                let found = rows(*feed, &of(*feed, Window { from: moment, to: moment }, at(NOW)), at(NOW));
                assert!(found.contains(row), "{feed:?} {} {moment}", row.record_key);
            }
        }
    }
}

/// Records that moved between two moments, found by a window around their change.
fn moved(feed: Feed, from: DateTime<Utc>, to: DateTime<Utc>) -> usize {
    let before = Window { from: from - Duration::days(60), to: from };
    let early = rows(feed, &of(feed, before, from), from);
    let early: BTreeMap<_, _> = early.into_iter().map(|row| (row.record_key.clone(), row)).collect();
    let later = rows(feed, &of(feed, Window { from: from + Duration::seconds(1), to }, to), to);
    let moved = |row: &&FeedRecord| {
        early.get(&row.record_key).is_some_and(|was| {
            was.source_created_at == row.source_created_at && (&was.fields, &was.lines) != (&row.fields, &row.lines)
        })
    };
    later.iter().filter(moved).count()
}

#[test]
fn what_moves_is_found_again_by_a_window_around_its_change() {
    let moving = [
        Feed::SpkRead,
        Feed::Leasing,
        Feed::Inv1Read,
        Feed::BastRead,
        Feed::DochRead,
        Feed::UinbRead,
        Feed::Pkb,
        Feed::UnpaidhloRead,
        Feed::DphloRead,
    ];
    for feed in moving {
        // The afternoon of six Wednesdays: goods have come, work is being done.
        let afternoons = (1..=6).map(|weeks| at("2026-11-18T09:00:00Z") - Duration::weeks(weeks));
        let moves: usize = afternoons.map(|day| moved(feed, day, day + Duration::days(7))).sum();
        assert!(moves > 0, "{feed:?}");
    }
}

#[test]
fn an_order_letter_is_of_a_lead_that_is_won_and_all_that_follows_is_of_an_order_letter() {
    let keys = |feed, name: &str, days| -> BTreeSet<String> {
        let records = of(feed, back(days), at(NOW));
        let own = records.iter().filter_map(|record| record[name].as_str());
        let of_children = records.iter().filter_map(|record| record["detail"][0][name].as_str());
        own.chain(of_children).map(ToOwned::to_owned).collect()
    };
    let leads = of(Feed::Prospect, back(200), at(NOW));
    let won: BTreeSet<_> = leads
        .iter()
        .filter(|lead| lead["statusProspect"] == "4")
        .map(|lead| lead["idProspect"].as_str().unwrap())
        .collect();
    let orders = keys(Feed::SpkRead, "idProspect", 60);
    assert!(orders.len() > 20 && orders.iter().all(|key| won.contains(key.as_str())));
    let letters = keys(Feed::SpkRead, "idSpk", 200);
    for feed in [Feed::Leasing, Feed::Inv1Read, Feed::BastRead, Feed::DochRead] {
        let of_letters = keys(feed, "idSPK", 60);
        assert!(of_letters.len() > 10 && of_letters.is_subset(&letters), "{feed:?}");
    }
    let work = keys(Feed::Pkb, "noWorkOrder", 200);
    for feed in [Feed::Inv2Read, Feed::UnpaidhloRead, Feed::DphloRead] {
        assert!(keys(feed, "noWorkOrder", 60).is_subset(&work), "{feed:?}");
    }
    assert!(keys(Feed::UinbRead, "noInvoice", 60).is_subset(&keys(Feed::Mdinvh1Read, "noInvoice", 200)));
}

#[test]
fn order_letters_and_invoices_tell_of_the_same_payment_in_their_own_numbers() {
    let payments = |feed, key: &str| -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let paid = |record: &Value| match feed {
            Feed::SpkRead => text(&record["unit"][0]["tipePembayaran"]),
            _ => text(&record["tipePembayaran"]),
        };
        of(feed, back(60), at(NOW)).iter().map(|record| (text(&record[key]), paid(record))).collect()
    };
    let label = |feed, code: &str| domain::dealers::values::list_of(feed, "tipePembayaran").unwrap().label(code);
    let letters = payments(Feed::SpkRead, "idSpk");
    let both: Vec<_> = payments(Feed::Inv1Read, "idSPK")
        .into_iter()
        .filter_map(|(key, code)| Some((label(Feed::Inv1Read, &code), label(Feed::SpkRead, letters.get(&key)?))))
        .collect();
    assert!(both.len() > 10 && both.iter().all(|(invoice, letter)| invoice == letter));
    assert_eq!(both.iter().map(|(label, _)| label.as_str()).collect::<BTreeSet<_>>(), ["Cash", "Credit"].into());
}

#[test]
fn the_workshop_rests_on_sundays_and_has_twelve_orders_on_other_days() {
    let rows = rows(Feed::Pkb, &of(Feed::Pkb, back(364), at(NOW)), at(NOW));
    assert!(rows.iter().all(|row| row.business_date.unwrap().weekday() != chrono::Weekday::Sun));
    // 312 days of 12; four standard deviations either way.
    assert!((3_500..=3_990).contains(&rows.len()), "{}", rows.len());
    let sums: Vec<_> = rows.iter().filter_map(|row| row.amount).collect();
    assert!(sums.iter().all(|sum| (50_000..=1_000_000).contains(&i64::try_from(*sum).unwrap())));
}

#[test]
fn what_has_not_happened_yet_is_not_told() {
    for feed in Feed::ALL {
        for row in rows(*feed, &of(*feed, Window { to: at(NOW) + Duration::days(30), ..back(7) }, at(NOW)), at(NOW)) {
            assert!(row.source_modified_at.unwrap() <= at(NOW), "{feed:?} {}", row.record_key);
        }
    }
}
