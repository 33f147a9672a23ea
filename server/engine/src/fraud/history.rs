//! What was known of each sale of the past at its time (`commerce.md` 3.4), in one pass over the sales in time order. The
//! live decision asks the database for one sale; this answers the same for all of them.

use chrono::{DateTime, Datelike, Duration, Timelike, Utc};
use domain::fraud::{Feature, Features};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{HashMap, HashSet, VecDeque};

use crate::calendar::BusinessZone;

/// Decimals of means and shares.
const DECIMALS: u32 = 6;
/// Decimals of amounts; within, amounts are whole ten-thousandths.
const PLACES: u32 = 4;
/// Days with orders from which on a large day is known.
const DAYS_FOR_P95: usize = 10;

/// That a sale was, or was not, a fraud; of several the latest known counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub known_at: DateTime<Utc>,
    pub fraud: bool,
}

/// A sale of the past. Whoever and wherever are numbers of the caller's choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    pub at: DateTime<Utc>,
    pub customer: Option<u32>,
    pub terminal: Option<u32>,
    /// What it was paid with, and how.
    pub fingerprint: Option<u32>,
    pub method: Option<u32>,
    pub address: Option<u32>,
    /// In base currency.
    pub amount: Decimal,
    pub recognised_at: Option<DateTime<Utc>>,
    /// When it was declined or failed.
    pub declined_at: Option<DateTime<Utc>>,
    /// In the order in which they were known.
    pub labels: Vec<Label>,
    /// Whether the way it was paid can be known at all.
    pub has_payment: bool,
}

/// As much of a sale as later ones ask for.
#[derive(Debug)]
struct Kept {
    at: DateTime<Utc>,
    amount: i64,
    recognised_at: Option<DateTime<Utc>>,
    declined_at: Option<DateTime<Utc>>,
    fingerprint: Option<u32>,
    method: Option<u32>,
    hour: u32,
    day: i32,
}

/// As much of a sale as its terminal remembers.
#[derive(Debug)]
struct Seen {
    at: DateTime<Utc>,
    labels: Vec<Label>,
}

/// Frauds of somebody, or of a terminal: from when, and until when that was held to be so.
type Confirmed = Vec<(DateTime<Utc>, Option<DateTime<Utc>>)>;

/// A way to pay or an address: when, and who.
type Visitors = HashMap<u32, VecDeque<(DateTime<Utc>, Option<u32>)>>;

/// Sales as far as they have been told.
#[derive(Debug)]
pub struct History {
    zone: BusinessZone,
    label_delay: Duration,
    customers: HashMap<u32, Vec<Kept>>,
    customers_confirmed: HashMap<u32, Confirmed>,
    terminals: HashMap<u32, VecDeque<Seen>>,
    terminals_confirmed: HashMap<u32, Confirmed>,
    fingerprints: Visitors,
    addresses: Visitors,
}

impl History {
    #[must_use]
    pub fn new(zone: BusinessZone, label_delay_days: u16) -> Self {
        Self {
            zone,
            label_delay: Duration::days(label_delay_days.into()),
            customers: HashMap::new(),
            customers_confirmed: HashMap::new(),
            terminals: HashMap::new(),
            terminals_confirmed: HashMap::new(),
            fingerprints: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// What was known of `sale`, which is no earlier than any that was told before; it is remembered for the next ones.
    /// Lines, lists and limits are the caller's to add.
    pub fn judge(&mut self, sale: &Past) -> Features {
        let local = self.zone.local(sale.at);
        let (hour, day) = (local.hour(), local.date_naive().num_days_from_ce());
        let mut known = Features::default()
            .with(Feature::Amount, sale.amount)
            .with(Feature::HourLocal, i64::from(hour))
            .with(Feature::HourUtc, i64::from(sale.at.hour()))
            .with(Feature::Weekday, i64::from(local.weekday().number_from_monday()));
        if let Some(customer) = sale.customer {
            self.customer(&mut known, customer, sale, hour);
        }
        let this_one = i64::from(sale.customer.is_some());
        let others = |visitors: &mut Visitors, key: Option<u32>| key.map(|key| others(visitors, key, sale) + this_one);
        known.set(Feature::FpCustomers24h, others(&mut self.fingerprints, sale.fingerprint));
        known.set(Feature::IpCustomers24h, others(&mut self.addresses, sale.address));
        if let Some(terminal) = sale.terminal {
            self.terminal(&mut known, terminal, sale.at);
        }
        self.remember(sale, hour, day);
        known
    }

    fn customer(&self, known: &mut Features, customer: u32, sale: &Past, hour: u32) {
        let t = sale.at;
        let within = |at: DateTime<Utc>, minutes: i64| at > t - Duration::minutes(minutes);
        const HOUR: i64 = 60;
        const DAY: i64 = 24 * HOUR;
        let attempts = self.customers.get(&customer).map(Vec::as_slice).unwrap_or_default();
        // They came in time order, so the last ones are the latest.
        let recent = |minutes: i64| attempts.iter().rev().take_while(move |kept| within(kept.at, minutes));
        for (feature, minutes) in [
            (Feature::CustCount10m, 10),
            (Feature::CustCount1h, HOUR),
            (Feature::CustCount24h, DAY),
            (Feature::CustCount7d, 7 * DAY),
            (Feature::CustCount30d, 30 * DAY),
        ] {
            known.set(feature, Some(whole(recent(minutes).count() + 1)));
        }
        for (feature, minutes) in
            [(Feature::CustAmount1h, HOUR), (Feature::CustAmount24h, DAY), (Feature::CustAmount30d, 30 * DAY)]
        {
            let before: i64 = recent(minutes).map(|kept| kept.amount).sum();
            known.set(feature, Some(amount(before) + sale.amount));
        }
        let declined = recent(HOUR).filter(|kept| kept.declined_at.is_some_and(|at| at <= t)).count();
        known.set(Feature::CustDeclined60m, Some(whole(declined)));

        let sold = || attempts.iter().filter(|kept| kept.recognised_at.is_some_and(|at| at < t));
        let orders = sold().count();
        known.set(Feature::CustOrders, Some(whole(orders)));
        known.set(Feature::IsFirstOrder, Some(orders == 0));
        for (feature, days) in
            [(Feature::CustMean1d, 1), (Feature::CustMean7d, 7), (Feature::CustMean30d, 30), (Feature::CustMean90d, 90)]
        {
            let (mut sum, mut n) = (0, 0);
            for kept in recent(days * DAY).filter(|kept| kept.recognised_at.is_some_and(|at| at < t)) {
                sum += kept.amount;
                n += 1;
            }
            known.set(feature, share(sum, n).map(|mean| half_up(mean / Decimal::from(10_i64.pow(PLACES)))));
            if days == 90 {
                known.set(Feature::CustOrders90d, Some(n));
            }
        }
        let mut amounts: Vec<i64> = sold().map(|kept| kept.amount).collect();
        known.set(Feature::CustP90, nearest_rank(&mut amounts, 9, 10).map(amount));
        let mut days: HashMap<i32, i64> = HashMap::new();
        sold().for_each(|kept| *days.entry(kept.day).or_default() += kept.amount);
        if days.len() >= DAYS_FOR_P95 {
            let mut sums: Vec<i64> = days.into_values().collect();
            known.set(Feature::CustDailyP95, nearest_rank(&mut sums, 19, 20).map(amount));
        }
        if sale.has_payment {
            let same = |kept: &Kept| match sale.fingerprint {
                Some(fingerprint) => kept.fingerprint == Some(fingerprint),
                None => sale.method.is_some() && kept.method == sale.method,
            };
            known.set(Feature::CustPaymentKnown, Some(sold().any(same)));
        }
        known.set(Feature::CustHourKnown, Some(sold().any(|kept| kept.hour == hour)));
        known.set(Feature::CustConfirmed28d, Some(confirmed(self.customers_confirmed.get(&customer), t)));
    }

    fn terminal(&mut self, known: &mut Features, terminal: u32, t: DateTime<Utc>) {
        let longest = t - self.label_delay - Duration::days(30);
        let seen = self.terminals.entry(terminal).or_default();
        while seen.front().is_some_and(|first| first.at <= longest) {
            seen.pop_front();
        }
        for (feature, days) in [(Feature::TermCount1d, 1), (Feature::TermCount7d, 7), (Feature::TermCount30d, 30)] {
            let since = t - Duration::days(days);
            known.set(feature, Some(whole(seen.iter().rev().take_while(|one| one.at > since).count() + 1)));
        }
        let until = t - self.label_delay;
        for (feature, days) in [(Feature::TermRisk1d, 1), (Feature::TermRisk7d, 7), (Feature::TermRisk30d, 30)] {
            let since = until - Duration::days(days);
            let (mut frauds, mut n) = (0, 0);
            for one in seen.iter().filter(|one| one.at > since && one.at <= until) {
                frauds += i64::from(one.labels.iter().rev().find(|label| label.known_at <= t).is_some_and(|l| l.fraud));
                n += 1;
            }
            known.set(feature, share(frauds, n).map(half_up));
        }
        known.set(Feature::TermConfirmed28d, Some(confirmed(self.terminals_confirmed.get(&terminal), t)));
    }

    fn remember(&mut self, sale: &Past, hour: u32, day: i32) {
        let frauds = || {
            let until = |n: usize| sale.labels.get(n + 1).map(|next| next.known_at);
            sale.labels.iter().enumerate().filter(|(_, l)| l.fraud).map(move |(n, l)| (l.known_at, until(n)))
        };
        if let Some(customer) = sale.customer {
            self.customers.entry(customer).or_default().push(Kept {
                at: sale.at,
                amount: ten_thousandths(sale.amount),
                recognised_at: sale.recognised_at,
                declined_at: sale.declined_at,
                fingerprint: sale.fingerprint,
                method: sale.method,
                hour,
                day,
            });
            if frauds().next().is_some() {
                self.customers_confirmed.entry(customer).or_default().extend(frauds());
            }
        }
        if let Some(terminal) = sale.terminal {
            self.terminals.entry(terminal).or_default().push_back(Seen { at: sale.at, labels: sale.labels.clone() });
            if frauds().next().is_some() {
                self.terminals_confirmed.entry(terminal).or_default().extend(frauds());
            }
        }
        for (visitors, key) in [(&mut self.fingerprints, sale.fingerprint), (&mut self.addresses, sale.address)] {
            if let Some(key) = key {
                visitors.entry(key).or_default().push_back((sale.at, sale.customer));
            }
        }
    }
}

/// Other customers with the same within a day.
fn others(visitors: &mut Visitors, key: u32, sale: &Past) -> i64 {
    let Some(seen) = visitors.get_mut(&key) else { return 0 };
    let since = sale.at - Duration::days(1);
    while seen.front().is_some_and(|(at, _)| *at <= since) {
        seen.pop_front();
    }
    let others: HashSet<u32> =
        seen.iter().filter_map(|(_, customer)| *customer).filter(|customer| Some(*customer) != sale.customer).collect();
    whole(others.len())
}

/// Frauds that were known within the 28 days before `t`, and are still held to be.
fn confirmed(of: Option<&Confirmed>, t: DateTime<Utc>) -> i64 {
    let since = t - Duration::days(28);
    let holds = |(from, until): &&(DateTime<Utc>, Option<DateTime<Utc>>)| {
        *from > since && *from <= t && until.is_none_or(|until| until > t)
    };
    whole(of.map_or(0, |of| of.iter().filter(holds).count()))
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn share(sum: i64, n: i64) -> Option<Decimal> {
    Decimal::from(sum).checked_div(Decimal::from(n))
}

fn half_up(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero)
}

fn amount(ten_thousandths: i64) -> Decimal {
    Decimal::new(ten_thousandths, PLACES)
}

fn ten_thousandths(amount: Decimal) -> i64 {
    let mut scaled = amount;
    scaled.rescale(PLACES);
    i64::try_from(scaled.mantissa()).unwrap_or(i64::MAX)
}

/// The value at rank ⌈p·n⌉.
fn nearest_rank(values: &mut [i64], of: usize, out_of: usize) -> Option<i64> {
    let rank = (values.len() * of).div_ceil(out_of);
    let at = rank.checked_sub(1)?;
    Some(*values.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn sale(when: &str, amount: &str) -> Past {
        let at = at(when);
        Past {
            at,
            customer: Some(1),
            terminal: Some(9),
            amount: amount.parse().unwrap(),
            recognised_at: Some(at),
            ..Past::default()
        }
    }

    fn told(sales: &[Past]) -> Features {
        let mut history = History::new(BusinessZone::UTC, 7);
        sales.iter().map(|sale| history.judge(sale)).last().unwrap()
    }

    fn number(known: &Features, feature: Feature) -> String {
        known.number(feature).map_or("unknown".into(), |number| number.normalize().to_string())
    }

    #[test]
    fn windows_leave_out_their_beginning_and_count_the_sale_itself_as_an_attempt() {
        let known = told(&[
            sale("2026-01-01T12:00:00Z", "10"),
            sale("2026-01-01T12:00:01Z", "20"),
            sale("2026-01-01T12:10:00Z", "40"),
        ]);
        assert_eq!(number(&known, Feature::CustCount10m), "2");
        assert_eq!(number(&known, Feature::CustCount1h), "3");
        assert_eq!(number(&known, Feature::CustAmount1h), "70");
        assert_eq!(number(&known, Feature::CustMean1d), "15");
        assert_eq!(number(&known, Feature::CustOrders), "2");
        assert_eq!(number(&known, Feature::CustP90), "20");
        assert_eq!(number(&known, Feature::TermCount1d), "3");
        assert!(!known.is_true(Feature::IsFirstOrder));
    }

    #[test]
    fn what_was_not_recognised_is_an_attempt_and_no_sale() {
        let mut declined = sale("2026-01-01T12:00:00Z", "10");
        (declined.recognised_at, declined.declined_at) = (None, Some(at("2026-01-01T12:30:00Z")));
        let before = told(&[declined.clone(), sale("2026-01-01T12:20:00Z", "1")]);
        assert_eq!(number(&before, Feature::CustDeclined60m), "0", "it was declined later");
        let after = told(&[declined, sale("2026-01-01T12:40:00Z", "1")]);
        assert_eq!(number(&after, Feature::CustDeclined60m), "1");
        assert_eq!(
            (number(&after, Feature::CustCount1h), number(&after, Feature::CustOrders)),
            ("2".into(), "0".into())
        );
        assert!(after.is_true(Feature::IsFirstOrder));
        assert_eq!(after.get(Feature::CustP90), None);
    }

    #[test]
    fn labels_count_from_when_they_were_known_and_until_they_were_taken_back() {
        let mut fraud = sale("2026-01-01T12:00:00Z", "10");
        fraud.labels = vec![
            Label { known_at: at("2026-01-08T12:00:00Z"), fraud: true },
            Label { known_at: at("2026-01-20T12:00:00Z"), fraud: false },
        ];
        let on = |when: &str| told(&[fraud.clone(), sale(when, "1")]);
        for (when, confirmed, risk_1d, risk_7d) in [
            ("2026-01-08T11:59:59Z", "0", "unknown", "unknown"),
            ("2026-01-08T12:00:00Z", "1", "1", "1"),
            ("2026-01-09T12:00:00Z", "1", "unknown", "1"),
            ("2026-01-20T12:00:00Z", "0", "unknown", "unknown"),
        ] {
            let known = on(when);
            assert_eq!(number(&known, Feature::CustConfirmed28d), confirmed, "{when}");
            assert_eq!(number(&known, Feature::TermConfirmed28d), confirmed, "{when}");
            assert_eq!(number(&known, Feature::TermRisk1d), risk_1d, "{when}");
            assert_eq!(number(&known, Feature::TermRisk7d), risk_7d, "{when}");
        }
        assert_eq!(number(&on("2026-01-21T12:00:00Z"), Feature::TermRisk30d), "0");
    }

    #[test]
    fn others_with_the_same_card_or_address_are_counted_once_each() {
        let with = |customer: Option<u32>, when: &str| Past {
            customer,
            fingerprint: Some(5),
            address: Some(6),
            has_payment: true,
            ..sale(when, "1")
        };
        let known = told(&[
            with(Some(2), "2026-01-01T11:00:00Z"),
            with(Some(2), "2026-01-01T13:00:00Z"),
            with(Some(3), "2026-01-01T13:30:00Z"),
            with(None, "2026-01-01T13:40:00Z"),
            with(Some(1), "2026-01-01T13:50:00Z"),
            with(Some(1), "2026-01-02T12:00:00Z"),
        ]);
        assert_eq!(number(&known, Feature::FpCustomers24h), "3");
        assert_eq!(number(&known, Feature::IpCustomers24h), "3");
        assert!(known.is_true(Feature::CustPaymentKnown));
    }

    #[test]
    fn a_large_day_is_known_from_ten_days_with_orders() {
        let days = |n: u32| {
            let mut sales: Vec<_> =
                (1..=n).map(|d| sale(&format!("2026-01-{d:02}T09:00:00Z"), &d.to_string())).collect();
            sales.push(sale("2026-02-01T09:00:00Z", "1"));
            number(&told(&sales), Feature::CustDailyP95)
        };
        assert_eq!((days(9), days(10), days(20)), ("unknown".into(), "10".into(), "19".into()));
    }
}
