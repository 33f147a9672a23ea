//! The acceptance examples of `alerts.md` 8, looks every 60 s.

use super::*;
use domain::alerts::{Level, Op, Severity};
use proptest::prelude::*;

fn start() -> DateTime<Utc> {
    "2026-05-01T08:00:00Z".parse().unwrap()
}

fn level(severity: Severity, threshold: i64, clear: Option<i64>) -> Level {
    Level {
        severity,
        threshold: threshold.into(),
        threshold_2: None,
        clear_threshold: clear.map(Into::into),
        clear_threshold_2: None,
    }
}

fn above(threshold: i64, clear: Option<i64>) -> RuleSpec {
    RuleSpec::new(Op::Gt, vec![level(Severity::High, threshold, clear)])
}

struct Watch {
    rule: RuleSpec,
    instance: Instance,
    now: DateTime<Utc>,
}

impl Watch {
    fn new(rule: RuleSpec) -> Self {
        assert_eq!(rule.validate(), Ok(()));
        Self { rule, instance: Instance::new(start()), now: start() - Duration::seconds(60) }
    }

    fn at(&mut self, seconds: i64, reading: Reading) -> Option<Act> {
        self.now = start() + Duration::seconds(seconds);
        look(&self.rule, &mut self.instance, reading, self.now)
    }

    fn next(&mut self, reading: Reading) -> Option<Act> {
        self.now += Duration::seconds(60);
        look(&self.rule, &mut self.instance, reading, self.now)
    }

    /// What was told to people, with the number of the look.
    fn told(&mut self, values: &[i64]) -> Vec<(usize, Act)> {
        let told = |act: &Act| matches!(act, Act::Fire | Act::Raise | Act::Resolve);
        let looks = values.iter().enumerate();
        looks.filter_map(|(i, value)| Some((i + 1, self.next(Reading::Value((*value).into())).filter(told)?))).collect()
    }
}

#[test]
fn example_1_between_clear_and_threshold_nothing_changes() {
    let told = Watch::new(above(85, Some(80))).told(&[84, 86, 84, 83, 86, 81, 80, 79]);
    assert_eq!(told, [(2, Act::Fire), (8, Act::Resolve)]);
}

#[test]
fn example_2_a_value_that_flaps_fires_once_and_recovers_once() {
    let told = Watch::new(above(85, None)).told(&[86, 84, 86, 84, 86, 84, 84]);
    assert_eq!(told, [(1, Act::Fire), (7, Act::Resolve)]);
}

#[test]
fn example_4_a_breach_must_last() {
    let lasting = || Watch::new(RuleSpec { for_seconds: 180, ..above(85, None) });
    let (bad, good) = (Reading::Value(86.into()), Reading::Value(84.into()));
    let mut watch = lasting();
    assert_eq!([0, 60, 120, 180].map(|s| watch.at(s, bad)), [None, None, None, Some(Act::Fire)]);
    let mut watch = lasting();
    assert_eq!([0, 60, 180].map(|s| watch.at(s, bad)), [None, None, Some(Act::Fire)], "one look was missed");
    let mut watch = lasting();
    for (second, reading) in [(0, bad), (60, bad), (120, good)] {
        assert_eq!(watch.at(second, reading), None);
    }
    assert_eq!(watch.instance.state, RuleState::Normal);
    assert_eq!([180, 240, 300, 360].map(|s| watch.at(s, bad)), [None, None, None, Some(Act::Fire)]);
    let mut watch = lasting();
    assert_eq!(watch.at(0, bad), None);
    assert_eq!([watch.at(60, Reading::NoData), watch.at(120, Reading::Failed)], [None, None]);
    assert_eq!(watch.instance.state, RuleState::Pending, "neither silence nor a fault moves the clock");
    assert_eq!(watch.at(180, bad), Some(Act::Fire));
    assert_eq!(Watch::new(above(85, None)).at(0, bad), Some(Act::Fire));
}

#[test]
fn example_5_breaches_in_a_row() {
    let told = Watch::new(RuleSpec { n_breaches: 3, ..above(0, None) }).told(&[1, 1, 0, 1, 1, 1]);
    assert_eq!(told, [(6, Act::Fire)]);
}

#[test]
fn example_6_it_grows_at_once_and_falls_slowly_and_silently() {
    let levels = vec![
        level(Severity::Medium, 80, Some(75)),
        level(Severity::High, 90, Some(85)),
        level(Severity::Critical, 95, Some(90)),
    ];
    let mut watch = Watch::new(RuleSpec::new(Op::Gt, levels));
    assert_eq!(watch.told(&[82, 91, 96]), [(1, Act::Fire), (2, Act::Raise), (3, Act::Raise)]);
    assert_eq!((watch.told(&[88, 88]), watch.instance.level), (vec![], 2));
    assert_eq!((watch.told(&[84, 84]), watch.instance.level), (vec![], 1));
    assert_eq!(watch.told(&[70, 70]), [(2, Act::Resolve)]);
}

#[test]
fn examples_7_and_8_faults_and_silence_keep_the_state() {
    let mut watch = Watch::new(above(85, None));
    assert_eq!(watch.told(&[86]).len(), 1);
    for n in 1..=5 {
        assert_eq!((watch.next(Reading::Failed), watch.instance.errors), (None, n));
    }
    assert_eq!(watch.instance.state, RuleState::Firing);
    let silent: Vec<bool> = (0..10)
        .map(|_| {
            assert_eq!(watch.next(Reading::NoData), None);
            is_silent(&watch.rule, &watch.instance, watch.now)
        })
        .collect();
    assert_eq!(silent.iter().position(|silent| *silent), Some(3), "180 s after the first look without data");
    assert_eq!(watch.told(&[84, 84]), [(2, Act::Resolve)]);

    let mut watch = Watch::new(RuleSpec { no_data: NoData::Alert, for_seconds: 60, ..above(85, None) });
    assert_eq!(watch.next(Reading::NoData), None);
    let mut watch = Watch::new(RuleSpec { no_data: NoData::Resolve, ..above(85, None) });
    assert_eq!(watch.told(&[86]).len(), 1);
    assert_eq!([watch.next(Reading::NoData), watch.next(Reading::NoData)], [Some(Act::Recovering), Some(Act::Resolve)]);
}

#[test]
fn example_10_what_a_person_ended_waits_for_recovery_or_a_day() {
    let mut watch = Watch::new(above(85, None));
    assert_eq!(watch.told(&[86]).len(), 1);
    watch.instance.mute(watch.now);
    assert_eq!(watch.told(&[87, 88, 84, 84]), [], "it recovers without a word");
    assert_eq!(watch.told(&[86]), [(1, Act::Fire)]);
    watch.instance.mute(watch.now);
    let over: i64 = (watch.now - start()).num_seconds() + 86_400;
    assert_eq!(watch.at(over - 60, Reading::Value(90.into())), None);
    assert_eq!(watch.at(over, Reading::Value(90.into())), Some(Act::Fire));
}

#[test]
fn an_episode_is_kept_for_a_while_after_the_last_breach() {
    let mut watch = Watch::new(RuleSpec { keep_firing_seconds: 120, m_clears: 1, ..above(85, None) });
    assert_eq!(watch.told(&[86, 84, 84]), [(1, Act::Fire), (3, Act::Resolve)]);
}

proptest! {
    /// Episodes alternate, whatever the values: nothing resolves that has not fired, nothing fires twice.
    #[test]
    fn fires_and_resolutions_alternate(
        values in proptest::collection::vec(70_i64..100, 1..80),
        n in 1_u32..4, m in 1_u32..4, hold in 0_u32..200,
    ) {
        let rule = RuleSpec { n_breaches: n, m_clears: m, for_seconds: hold, ..above(85, Some(80)) };
        let mut watch = Watch::new(rule);
        let mut open = false;
        for value in values {
            match watch.next(Reading::Value(value.into())) {
                Some(Act::Fire) => { prop_assert!(!open); prop_assert!(value > 85); open = true; }
                Some(Act::Resolve) => { prop_assert!(open); prop_assert!(value <= 80); open = false; }
                Some(_) => prop_assert!(open),
                None => {}
            }
        }
    }
}
