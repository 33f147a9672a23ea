//! The real file, without a database: every line is accounted for and every figure of the reference holds.
//! Skips with a message where the shared data is absent.

use chrono::NaiveDate;
use domain::{
    ingest::{CleaningRule, Field, Mapping, MappingOptions, Target},
    settings::Business,
};
use engine::{
    calendar::BusinessZone,
    ingest::{Known, KnownWords, Meter, assemble, judge, judge_and_propose, survey},
};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, path::PathBuf};
use uuid::Uuid;

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("MILLRACE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let found = root.join("transactions/online_retail_2010-12_2011-05.csv.gz").exists();
    if !found {
        eprintln!("skipped: {} has no transactions/online_retail file", root.display());
    }
    found.then_some(root)
}

#[test]
fn half_a_year_of_real_sales() {
    let Some(root) = data() else { return };
    let bytes = std::fs::read(root.join("transactions/online_retail_2010-12_2011-05.csv.gz")).unwrap();
    let shape = survey(&bytes).unwrap();
    assert_eq!(shape.rows, 209_029);
    let mut options = MappingOptions::of(&Business::default());
    options.zone = "Europe/London".into();
    let mapping = Mapping::propose(Target::SalesTransactions, &shape, options);
    mapping.validate(Target::SalesTransactions, &shape).unwrap();
    let judged = judge(&bytes, &shape, Target::SalesTransactions, &mapping, &Meter::default()).unwrap();
    let mut next = 0_u128;
    let plan = assemble(&judged, &Known::default(), || {
        next += 1;
        Uuid::from_u128(next)
    });
    let counts = &plan.counts;
    assert!(counts.accounts_for_every_line());
    assert_eq!((counts.sale_lines, counts.refund_lines, counts.rejected), (203_954, 3_783, 1_292));
    assert_eq!((counts.sales, counts.same, counts.duplicate_in_source), (8_126, 0, 0));
    assert_eq!(counts.gross.to_string().parse::<Decimal>().unwrap(), "4064726.591".parse().unwrap());
    assert_eq!(counts.gross - counts.refunded, "3706827.641".parse().unwrap());
    assert!(plan.staged.iter().all(|row| row.issues.iter().all(|i| i.code == "not_a_sale")));
    assert!(plan.sales.iter().all(|s| s.refunded_quantity <= s.quantity && s.refunded_net <= s.net));

    // Looking for what could be cleaned changes no verdict, and of the sale lines proposes spaces only.
    let looked = judge_and_propose(
        &bytes,
        &shape,
        Target::SalesTransactions,
        &mapping,
        &Meter::default(),
        KnownWords::default(),
    )
    .unwrap();
    assert_eq!((looked.rows.len(), looked.bad.len()), (judged.rows.len(), judged.bad.len()));
    assert!(looked.rows.iter().zip(&judged.rows).all(|(a, b)| (a.row_no, a.hash) == (b.row_no, b.hash)));
    let rules: Vec<_> = looked.proposals.iter().map(|p| (p.cleaning.rule, p.cleaning.field)).collect();
    assert_eq!(rules, [(CleaningRule::Spaces, Field::Description)], "{:?}", looked.proposals);

    let zone = BusinessZone::parse("Europe/London").unwrap();
    let mut days: BTreeMap<NaiveDate, (Decimal, Decimal, u32)> = BTreeMap::new();
    for sale in &plan.sales {
        let day = days.entry(zone.day_of(sale.at)).or_default();
        day.0 += sale.net;
        day.1 += sale.net;
        day.2 += 1;
    }
    for line in &plan.refund_lines {
        days.entry(zone.day_of(line.at)).or_default().0 -= line.net;
    }
    let reference = std::fs::read_to_string(root.join("transactions/daily_reference.csv")).unwrap();
    let mut compared = 0;
    for line in reference.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (net, gross, sales) = days.remove(&cells[0].parse().unwrap()).unwrap_or_default();
        assert_eq!(net.round_dp(2), cells[2].parse::<Decimal>().unwrap().round_dp(2), "net of {}", cells[0]);
        assert_eq!(gross.round_dp(2), cells[5].parse::<Decimal>().unwrap().round_dp(2), "gross of {}", cells[0]);
        assert_eq!(sales.to_string(), cells[6], "sales of {}", cells[0]);
        compared += 1;
    }
    assert_eq!((compared, days.len()), (141, 0));
}
