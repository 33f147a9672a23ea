//! Every figure of the report's page, counted by hand.

use super::*;
use domain::fraud::{Expression, Rule, Thresholds};

fn rule(code: &str, feature: Feature, enabled: bool) -> Rule {
    Rule {
        code: code.into(),
        name: code.into(),
        text: format!("{code} in words"),
        expression: Expression::Feature(feature),
        points: Decimal::from(40),
        times: None,
        enabled,
    }
}

fn set() -> RuleSet {
    RuleSet {
        number: 7,
        name: "Tried".into(),
        learned_model: Some(5),
        thresholds: Thresholds {
            review_at: Some(Decimal::from(30)),
            hold_at: Some(Decimal::from(75)),
            decline_at: Some(Decimal::from(90)),
        },
        rules: vec![
            rule("first", Feature::CustPaymentKnown, true),
            rule("off", Feature::ListAllow, false),
            rule("third", Feature::ListBlock, true),
        ],
    }
}

fn sale(amount: i64, fraud: Option<bool>, hits: &[usize], points: i64, outcome: Outcome) -> Judged {
    Judged {
        amount: Decimal::new(amount, 2),
        fraud,
        customer: None,
        day: 1,
        learned: None,
        hits: hits.to_vec(),
        rule_points: Decimal::from(points),
        points: Decimal::from(points),
        outcome,
        live: outcome,
    }
}

/// Eight sales of four days; the truth of seven is known, three are frauds.
fn sales() -> Vec<Judged> {
    let mut sales = vec![
        sale(1_000, Some(false), &[], 0, Outcome::Approve),
        sale(2_000, Some(true), &[], 0, Outcome::Approve),
        sale(3_050, Some(false), &[0], 40, Outcome::Review),
        sale(4_000, None, &[0], 40, Outcome::Review),
        sale(5_025, Some(true), &[0, 2], 80, Outcome::Hold),
        sale(6_000, Some(false), &[0, 2], 80, Outcome::Hold),
        sale(7_000, Some(true), &[2], 95, Outcome::Decline),
        sale(8_000, Some(false), &[], 0, Outcome::Approve),
    ];
    sales[2].live = Outcome::Approve;
    sales[4].live = Outcome::Review;
    sales[5].live = Outcome::Review;
    sales
}

fn found(sales: &[Judged]) -> Report {
    let known = BTreeSet::from([Feature::CustPaymentKnown]);
    let trial = Trial { set: &set(), live_set: 3, days: 4, k: 1, known: &known, known_before: 11, without_rate: 12 };
    report(&trial, sales)
}

fn near(found: Option<f64>, wanted: f64) {
    assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
}

#[test]
fn sales_are_counted_by_outcome_and_cases_by_day() {
    let report = found(&sales());
    assert_eq!((report.sales, report.labelled, report.frauds), (8, 7, 3));
    assert_eq!((report.known_before, report.without_rate, report.days, report.live_set), (11, 12, 4, 3));
    let rows: Vec<_> = report.outcomes.iter().map(|row| (row.outcome, row.sales, row.frauds, row.amount)).collect();
    assert_eq!(
        rows,
        [
            (Outcome::Approve, 3, 1, Decimal::from(110)),
            (Outcome::Review, 2, 0, Decimal::new(705, 1)),
            (Outcome::Hold, 2, 1, Decimal::new(11_025, 2)),
            (Outcome::Decline, 1, 1, Decimal::from(70)),
        ]
    );
    assert_eq!(report.attached, Some(5));
    // Declined sales wait for nobody.
    near(Some(report.cases_per_day), 1.0);
    assert_eq!(report.held_value, Decimal::new(11_025, 2));
}

#[test]
fn a_rule_is_right_in_a_share_of_its_labelled_hits() {
    let report = found(&sales());
    let rows: Vec<_> = report.rules.iter().map(|row| (row.code.as_str(), row.hits, row.confirmed)).collect();
    // One that is off is not judged.
    assert_eq!(rows, [("first", 4, 1), ("third", 3, 2)]);
    let first = report.rules[0].precision.unwrap();
    // Of four hits the truth of one is not known: 1 of 3, Wilson 0.0615 to 0.7923.
    assert_eq!(first.n, 3);
    near(Some(first.share), 1.0 / 3.0);
    assert!((first.low - 0.0615).abs() < 5e-5 && (first.high - 0.7923).abs() < 5e-5, "{first:?}");
    near(report.rules[0].recall, 1.0 / 3.0);
    near(report.rules[1].recall, 2.0 / 3.0);
    assert_eq!(report.rules[0].text, "first in words");
}

#[test]
fn thresholds_are_every_ten_points_and_the_sets_own() {
    let rows = found(&sales()).thresholds;
    let points: Vec<i64> = rows.iter().filter_map(|row| row.points.to_i64()).collect();
    assert_eq!(points, [10, 20, 30, 40, 50, 60, 70, 75, 80, 90, 100]);
    let begins: Vec<_> = rows.iter().filter_map(|row| Some((row.points.to_i64()?, row.outcome?))).collect();
    assert_eq!(begins, [(30, Outcome::Review), (75, Outcome::Hold), (90, Outcome::Decline)]);
    let reached: Vec<i64> = rows.iter().map(|row| row.sales).collect();
    assert_eq!(reached, [5, 5, 5, 5, 3, 3, 3, 3, 3, 1, 0]);
    // Equal to the threshold reaches it; of five the truth of four is known.
    let at_forty = &rows[3];
    near(at_forty.precision.map(|share| share.share), 0.5);
    near(at_forty.recall, 2.0 / 3.0);
    assert_eq!(rows[10].precision, None);
    near(rows[10].recall, 0.0);
}

#[test]
fn differences_name_what_the_set_in_force_would_have_done() {
    let rows: Vec<_> =
        found(&sales()).differences.iter().map(|row| (row.live, row.tried, row.sales, row.frauds)).collect();
    assert_eq!(rows, [(Outcome::Approve, Outcome::Review, 1, 0), (Outcome::Review, Outcome::Hold, 2, 1)]);
}

#[test]
fn features_that_no_sale_has_are_named() {
    // Of the rule that is off none is asked.
    assert_eq!(found(&sales()).unknown_features, [Feature::ListBlock.words()]);
}

#[test]
fn orders_are_measured_over_labelled_sales_and_a_learned_one_where_it_is_known() {
    let mut sales = sales();
    let of = |report: &Report, ranking| report.rankings.iter().find(|row| row.ranking == ranking).cloned();
    let without = found(&sales);
    assert_eq!(without.rankings.len(), 2);
    assert_eq!(of(&without, Ranking::Learned), None);
    // Frauds at 0, 80 and 95 points, others at 0, 0, 40 and 80: of twelve pairs 1 + 3.5 + 4 = 8.5 (ties half: 0 and 0
    // twice) are in order.
    near(of(&without, Ranking::Rules).unwrap().roc_auc, 8.5 / 12.0);
    // Amounts of frauds 20, 50.25, 70 against 10, 30.50, 60, 80: 1 + 2 + 3 pairs.
    near(of(&without, Ranking::Amount).unwrap().roc_auc, 0.5);

    for (sale, p) in sales.iter_mut().zip([0.1, 0.9, 0.1, 0.5, 0.7, 0.2, 0.8, 0.1]) {
        sale.learned = Some(p);
    }
    let with = found(&sales);
    near(of(&with, Ranking::Learned).unwrap().roc_auc, 1.0);
    near(of(&with, Ranking::Learned).unwrap().average_precision, 1.0);
    // 60 points for a sure fraud, 100 at most: frauds 54, 100, 100, others 6, 46, 92, 6.
    near(of(&with, Ranking::Both).unwrap().roc_auc, 11.0 / 12.0);
    let curve = of(&with, Ranking::Both).unwrap().curve;
    let points: Vec<_> = curve.iter().map(|point| (point.score, point.recall, point.precision)).collect();
    assert_eq!(points, [(100.0, 2.0 / 3.0, 1.0), (54.0, 1.0, 0.75)]);
}

/// Thresholds count the points that were given; rules alone are measured without those of the learned score.
#[test]
fn points_of_a_score_that_the_set_uses_are_no_points_of_its_rules() {
    let mut sales = sales();
    for sale in &mut sales {
        sale.learned = Some(if sale.fraud == Some(true) { Decimal::ONE } else { Decimal::ZERO }.to_f64().unwrap());
        sale.points = Decimal::from(if sale.fraud == Some(true) { 100 } else { 0 });
    }
    let report = found(&sales);
    assert_eq!(report.thresholds[10].sales, 3);
    let of = |ranking| report.rankings.iter().find(|row| row.ranking == ranking).and_then(|row| row.roc_auc);
    near(of(Ranking::Rules), 8.5 / 12.0);
    // Rules and score: frauds 60, 100, 100 against 0, 40, 80, 0.
    near(of(Ranking::Both), 11.0 / 12.0);
}

#[test]
fn customers_looked_at_a_day_are_those_with_the_highest_score() {
    let mut sales = sales();
    // Days: 1 (fraud 7, other 6), 2 (fraud 5 behind other 8 by amount).
    for (at, day, customer) in [(6, 1, 7), (5, 1, 6), (4, 2, 5), (7, 2, 8)] {
        sales[at].day = day;
        sales[at].customer = Some(customer);
    }
    let kept = [sales[6].clone(), sales[5].clone(), sales[4].clone(), sales[7].clone()];
    let report = found(&kept);
    let of = |ranking| report.rankings.iter().find(|row| row.ranking == ranking).and_then(|row| row.card_precision);
    // k is 1: by rules the fraud is first on both days, by amount on the first only.
    near(of(Ranking::Rules), 1.0);
    near(of(Ranking::Amount), 0.5);
}

#[test]
fn a_curve_has_fifty_points_at_most_and_ends_at_the_last_fraud() {
    let many: Vec<_> = (0..500).map(|n| sale(100, Some(n % 2 == 0), &[], n, Outcome::Approve)).collect();
    let curve = found(&many).rankings[0].curve.clone();
    assert_eq!(curve.len(), 50);
    let last = curve.last().unwrap();
    assert_eq!((last.score, last.recall, last.precision), (0.0, 1.0, 0.5));
}

#[test]
fn nothing_is_divided_by_nothing() {
    let report = found(&[]);
    assert_eq!((report.sales, report.held_value), (0, Decimal::ZERO));
    assert!(report.rules.iter().all(|row| row.precision.is_none() && row.recall.is_none()));
    assert!(report.rankings.iter().all(|row| row.roc_auc.is_none() && row.curve.is_empty()));
    assert_eq!(report.differences, []);
}

#[test]
fn weights_stand_beside_their_inputs() {
    let model = Model {
        intercept: -2.5,
        coefficients: (0..INPUTS.len()).map(|n| n as f64).collect(),
        means: vec![0.0; INPUTS.len()],
        scales: vec![1.0; INPUTS.len()],
    };
    let zeros = [0.0; INPUTS.len()];
    let told = learned(&model, &[(zeros, true), (zeros, false), (zeros, false)]);
    assert_eq!((told.labelled, told.frauds, told.intercept, told.model), (3, 1, -2.5, None));
    assert_eq!(told.weights.len(), INPUTS.len());
    assert_eq!((told.weights[1].input.as_str(), told.weights[1].weight), ("amount_to_mean_30d", 1.0));
    assert_eq!((told.weights[15].input.as_str(), told.weights[15].weight), ("term_risk_30d", 15.0));
}
