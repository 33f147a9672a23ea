use super::*;
use chrono::NaiveDateTime;
use proptest::prelude::*;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).expect("a date")
}

fn plan() -> Plan {
    Plan { seed: 42, as_of: day(2026, 11, 22), until_minute: 14 * 60 }
}

/// The rows of the file, as a reader sees them.
fn rows(world: &World) -> Vec<BTreeMap<String, String>> {
    let bytes = world.sales_csv().expect("a file");
    csv::Reader::from_reader(bytes.as_slice()).deserialize().collect::<Result<_, _>>().expect("rows")
}

fn readable(row: &BTreeMap<String, String>) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(&row["InvoiceDate"], "%Y-%m-%d %H:%M:%S").ok()
}

fn positive(row: &BTreeMap<String, String>) -> bool {
    let quantity: i64 = row["Quantity"].parse().expect("a quantity");
    let price: Decimal = row["UnitPrice"].parse().expect("a price");
    quantity > 0 && price > Decimal::ZERO
}

#[test]
fn the_world_has_the_promised_sizes() {
    let world = World::generate(plan());
    assert_eq!((world.categories.len(), world.products.len(), world.customers.len()), (12, 500, 1_000));
    let unique = |texts: Vec<&str>| texts.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(unique(world.products.iter().map(|p| p.sku.as_str()).collect()), 500);
    assert_eq!(unique(world.products.iter().map(|p| p.name.as_str()).collect()), 500);
    assert_eq!(unique(world.customers.iter().map(|c| c.email.as_str()).collect()), 1_000);
    assert_eq!(unique(world.customers.iter().map(|c| c.reference.as_str()).collect()), 1_000);
    let low = world.products.iter().filter(|p| p.on_hand <= 5).count();
    let none = world.products.iter().filter(|p| p.on_hand == 0).count();
    assert!((30..90).contains(&low) && (4..30).contains(&none), "{low} low, {none} out of stock");
    assert!(world.products.iter().all(|p| p.cost > Decimal::ZERO && p.cost < p.price));
}

#[test]
fn the_sales_file_is_the_same_in_every_release() {
    let bytes = World::generate(plan()).sales_csv().expect("a file");
    let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, "3fbd9f611906e73f04846c659860cb7c2c4c4bbfa9554d641794ffa19c156068");
}

#[test]
fn the_regulars_order_and_visit_through_the_last_month() {
    let world = World::generate(plan());
    for regular in 0..REGULARS {
        let orders = world
            .sales
            .iter()
            .filter(|s| s.customer == Some(regular) && s.damage == Damage::None && s.time.date() >= day(2026, 10, 24));
        assert!(orders.count() >= 13);
        let visited: BTreeSet<_> =
            world.visits.iter().filter(|v| v.customer == Some(regular)).map(|v| v.time.date()).collect();
        assert_eq!(visited.len(), 30);
    }
}

#[test]
fn between_two_and_five_of_a_hundred_visitors_buy_on_each_day_and_over_the_month() {
    let world = World::generate(plan());
    let mut visitors: BTreeMap<NaiveDate, BTreeSet<&str>> = BTreeMap::new();
    let mut customers: BTreeMap<NaiveDate, BTreeSet<usize>> = BTreeMap::new();
    for visit in &world.visits {
        visitors.entry(visit.time.date()).or_default().insert(&visit.visitor);
        customers.entry(visit.time.date()).or_default().extend(visit.customer);
    }
    assert_eq!(visitors.len(), 30);
    let bought: BTreeMap<NaiveDate, BTreeSet<usize>> = sales::buyers_by_day(&world.sales)
        .into_iter()
        .map(|(day, buyers)| (day, buyers.into_keys().collect()))
        .collect();
    let share = |buyers: usize, visitors: usize| buyers as f64 * 100.0 / visitors as f64;
    for (day, visitors) in &visitors {
        let rate = share(bought[day].intersection(&customers[day]).count(), visitors.len());
        assert!((2.0..5.0).contains(&rate), "{day}: {rate}");
    }
    let all: BTreeSet<_> = visitors.values().flatten().collect();
    let came: BTreeSet<_> = customers.values().flatten().copied().collect();
    let month: BTreeSet<_> =
        bought.iter().filter(|(d, _)| **d >= day(2026, 10, 24)).flat_map(|(_, b)| b).copied().collect();
    let rate = share(month.intersection(&came).count(), all.len());
    assert!((2.0..5.0).contains(&rate), "month: {rate}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn every_plan_gives_the_same_bytes_twice_and_the_promised_counts(
        seed in any::<u64>(), days in 0_u64..4_000, until_minute in 0_u16..=1_440,
    ) {
        let as_of = day(2020, 1, 1) + chrono::Days::new(days);
        let plan = Plan { seed, as_of, until_minute };
        let world = World::generate(plan);
        prop_assert_eq!(&world, &World::generate(plan));
        let rows = rows(&world);
        prop_assert_eq!(rows.len(), 5_250);
        let good = rows.iter().filter(|r| positive(r) && readable(r).is_some()).count();
        prop_assert_eq!(good, 4_979);
        prop_assert_eq!(rows.iter().filter(|r| !positive(r)).count(), 21);
        prop_assert_eq!(rows.iter().filter(|r| readable(r).is_none()).count(), 250);
        prop_assert_eq!(rows.iter().map(|r| &r["InvoiceNo"]).collect::<BTreeSet<_>>().len(), 5_250);
        // No moment lies after the end of the plan, and a mended time is the true one.
        let end = as_of.and_time(NaiveTime::MIN) + chrono::TimeDelta::minutes(until_minute.into());
        for (row, sale) in rows.iter().zip(&world.sales) {
            let mended = row["InvoiceDate"].replace('O', "0").replace('l', "1");
            prop_assert_eq!(&mended, &sale.time.format("%Y-%m-%d %H:%M:%S").to_string());
            prop_assert!(sale.time < end && sale.time.date() > as_of - chrono::Days::new(60));
        }
        prop_assert!(world.visits.iter().all(|v| v.time < end && v.time.date() > as_of - chrono::Days::new(30)));
        prop_assert!(world.customers.iter().all(|c| c.registered <= as_of - chrono::Days::new(60)));
    }

    #[test]
    fn another_seed_is_another_world(seed in 0_u64..1_000) {
        let world = |seed| World::generate(Plan { seed, ..plan() }).sales_csv().expect("a file");
        prop_assert_ne!(world(seed), world(seed + 1));
    }
}
