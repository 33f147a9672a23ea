//! The contract, spoken by the real client to the simulator over a real socket.

use crate::world::at;
use chrono_tz::Asia::Jakarta;
use domain::dealers::{ErrorClass, Feed};
use engine::dealers::{
    answer,
    feed::spec,
    prospect::{Asked, Prospect},
    record::FeedRecord,
    window::Window,
};
use serde_json::Value;
use server::{
    clock::FixedClock,
    connectors::dgi::{Ask, DealerKeys, DgiClient, Endpoint, Outcome, Proof, Timing},
    services::alerts::Destinations,
    simulators::{
        dgi::{BASE, Simulator, fixed_token, keys},
        faults::{Fault, Knob},
    },
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const DEALER: &str = "12284";
/// 16:00 in Jakarta.
const NOW: &str = "2026-11-20T09:00:00Z";

/// A simulator that listens, and a client that knows its keys.
struct Wire {
    simulator: Simulator,
    client: DgiClient,
    to: Endpoint,
    keys: DealerKeys,
}

impl Wire {
    async fn open() -> Self {
        let clock = Arc::new(FixedClock::at(at(NOW)));
        let simulator = Simulator::new(42, Jakarta, clock.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}{BASE}", listener.local_addr().unwrap());
        let router = simulator.clone().router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let timing = Timing {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(5),
            total: Duration::from_secs(1),
            wait: Duration::from_millis(5),
            attempts: 3,
        };
        let (api_key, secret_key) = keys(DEALER);
        Self {
            simulator,
            client: DgiClient::new(clock, Destinations::new(Vec::new(), None), timing),
            to: Endpoint {
                base_url,
                zone: Jakarta,
                token_separator: String::new(),
                clock_tolerance_seconds: 10,
                patience: Duration::from_secs(45),
                simulated: true,
            },
            keys: DealerKeys { api_key, proof: Proof::Secret(secret_key) },
        }
    }

    async fn ask(&self, from: &str, to: &str) -> Outcome {
        let window = Window { from: at(from), to: at(to) };
        let ask = Ask { feed: Feed::Prospect, dealer_id: DEALER, window, filter: None, waits_once: false };
        self.client.read(&self.to, &self.keys, ask).await
    }

    /// The seven days up to now.
    async fn week(&self) -> Outcome {
        self.ask("2026-11-13T09:00:01Z", NOW).await
    }

    fn faulty(&self, faults: &[(Knob, Fault)]) {
        self.simulator.faults.set(faults.iter().copied().collect());
    }

    /// Class and attempts of a week.
    async fn failed(&self, faults: &[(Knob, Fault)]) -> (ErrorClass, usize) {
        self.faulty(faults);
        let outcome = self.week().await;
        (outcome.answer.unwrap_err(), outcome.attempts.len())
    }
}

fn records(outcome: Outcome) -> Vec<Value> {
    let answer = outcome.answer.expect("an answer with records");
    let mut records = Vec::new();
    let read = answer::each(answer.open().unwrap(), |raw| {
        records.push(serde_json::from_str(raw.get()).unwrap());
        Ok(())
    });
    assert_eq!(read, Ok(()));
    records
}

fn rows(records: &[Value]) -> BTreeMap<String, Prospect> {
    let asked = Asked { dealer_id: DEALER, zone: Jakarta, today: "2026-11-20".parse().unwrap() };
    let read = |record| Prospect::read(record, asked).map(|row| (row.prospect_no.clone(), row));
    records.iter().map(|record| read(record).expect("a good record")).collect()
}

#[tokio::test]
async fn a_clock_that_is_off_by_twelve_seconds_is_learnt_from_the_refusal() {
    let wire = Wire::open().await;
    wire.faulty(&[(Knob::ClockSkewS, Fault::of(12))]);
    let outcome = wire.week().await;
    assert!(outcome.clock_warning);
    let told: Vec<_> = outcome.attempts.iter().map(|a| (a.dgi_status, a.clock_offset_seconds)).collect();
    assert_eq!(told, [(Some(0), Some(12)), (Some(1), Some(12))]);
    let calls = wire.simulator.calls();
    assert_eq!(calls[1].request_time - calls[0].request_time, 12);
    assert_ne!(calls[1].token, calls[0].token);
    assert!(!records(outcome).is_empty());
    // What was learnt serves the next read at once.
    assert_eq!(wire.week().await.attempts.len(), 1);
}

#[tokio::test]
async fn a_prospect_of_half_past_midnight_is_of_the_day_of_the_dealer() {
    let wire = Wire::open().await;
    let outcome = wire.ask("2026-11-19T17:30:00Z", "2026-11-19T17:30:00Z").await;
    let call = wire.simulator.calls().remove(0);
    assert_eq!((call.from_time.as_str(), call.to_time.as_str()), ("2026-11-20 00:30:00", "2026-11-20 00:30:00"));
    let rows = rows(&records(outcome));
    let night = rows.values().find(|row| row.source_created_at == Some(at("2026-11-19T17:30:00Z"))).unwrap();
    assert_eq!(night.prospect_date.unwrap().to_string(), "2026-11-20");
}

#[tokio::test]
async fn every_read_answers_with_records_of_its_own_and_of_its_filter() {
    let wire = Wire::open().await;
    let asked = Asked { dealer_id: DEALER, zone: Jakarta, today: "2026-11-20".parse().unwrap() };
    let window = Window { from: at("2026-11-13T09:00:01Z"), to: at(NOW) };
    for feed in Feed::ALL {
        for filter in [None, Some("of nobody")] {
            let ask = Ask { feed: *feed, dealer_id: DEALER, window, filter, waits_once: false };
            let answered = records(wire.client.read(&wire.to, &wire.keys, ask).await);
            assert_eq!(answered.is_empty(), filter.is_some(), "{feed:?}");
            let read = answered.iter().all(|record| FeedRecord::read(*feed, record, asked).is_ok());
            assert!(read, "{feed:?}");
        }
        assert_eq!(wire.simulator.calls().pop().unwrap().path, spec(*feed).path);
    }
}

#[tokio::test]
async fn what_the_main_dealer_refuses_is_not_asked_again() {
    let wire = Wire::open().await;
    for text in [0, 1] {
        wire.faulty(&[
            (Knob::AuthFail, Fault::of(1)),
            (Knob::MessageAsText, Fault { probability: text * 100, ..Fault::of(1) }),
        ]);
        let outcome = wire.week().await;
        assert_eq!((outcome.answer.unwrap_err(), outcome.attempts.len()), (ErrorClass::Auth, 1));
    }
    wire.faulty(&[]);
    for from in ["2026-11-13T09:00:00Z", "2026-10-20T16:59:59Z"] {
        let to = if from.starts_with("2026-11") { NOW } else { from };
        let outcome = wire.ask(from, to).await;
        assert_eq!((outcome.answer.unwrap_err(), outcome.attempts.len()), (ErrorClass::InvalidRequest, 1), "{from}");
    }
    assert!(wire.ask("2026-10-20T17:00:00Z", "2026-10-20T17:00:00Z").await.answer.is_ok());
    let stranger = DealerKeys { proof: Proof::Secret("another".to_owned()), ..wire.keys.clone() };
    let window = Window { from: at(NOW), to: at(NOW) };
    let ask = Ask { feed: Feed::Prospect, dealer_id: DEALER, window, filter: None, waits_once: false };
    let outcome = wire.client.read(&wire.to, &stranger, ask).await;
    assert_eq!(outcome.answer.unwrap_err(), ErrorClass::Auth);
    assert!(wire.simulator.calls().iter().all(|call| !call.message.contains("sim-secret")));
}

#[tokio::test]
async fn another_attempt_is_made_only_where_it_may_help() {
    let wire = Wire::open().await;
    let twice = |value| Fault { count: Some(2), ..Fault::of(value) };
    wire.faulty(&[(Knob::Status, twice(503))]);
    let outcome = wire.week().await;
    assert_eq!((outcome.answer.is_ok(), outcome.attempts.len()), (true, 3));
    assert_eq!(wire.failed(&[(Knob::Status, Fault::of(500))]).await, (ErrorClass::ServerError, 3));
    assert_eq!(wire.failed(&[(Knob::Status, Fault::of(401))]).await, (ErrorClass::Auth, 1));
    assert_eq!(wire.failed(&[(Knob::RateLimit, Fault::of(1))]).await, (ErrorClass::QuotaExhausted, 1));
    assert_eq!(wire.failed(&[(Knob::Timeout, Fault::of(30))]).await, (ErrorClass::Timeout, 3));
}

#[tokio::test]
async fn a_fixed_token_is_sent_as_it_was_handed_out() {
    let mut wire = Wire::open().await;
    wire.keys.proof = Proof::Token(fixed_token(DEALER));
    assert!(!records(wire.week().await).is_empty());
    wire.keys.proof = Proof::Token("another-token".to_owned());
    let outcome = wire.week().await;
    assert_eq!((outcome.answer.unwrap_err(), outcome.attempts.len()), (ErrorClass::Auth, 1));
    let tokens: Vec<_> = wire.simulator.calls().into_iter().map(|call| call.token).collect();
    assert_eq!(tokens, ["sim-toke", "another-"]);
}

#[tokio::test]
async fn an_address_within_the_own_network_is_not_called_and_an_unknown_host_is_told_as_such() {
    let mut wire = Wire::open().await;
    wire.to.simulated = false;
    for (host, class, attempts) in
        [("127.0.0.1", ErrorClass::Unconfigured, 1), ("main-dealer.invalid", ErrorClass::Dns, 3)]
    {
        wire.to.base_url = format!("https://{host}{BASE}");
        let outcome = wire.week().await;
        assert_eq!((outcome.answer.unwrap_err(), outcome.attempts.len()), (class, attempts), "{host}");
    }
    assert_eq!(wire.simulator.calls(), []);
}

#[tokio::test]
async fn a_test_of_keys_ends_before_the_request_that_waits_for_it() {
    let timing = Timing::of_a_test();
    // One attempt, and one more where the clock explains a refusal; a request is ended after 30 s.
    assert_eq!(timing.attempts, 1);
    assert!(timing.total * 2 < Duration::from_secs(28));
    let mut wire = Wire::open().await;
    wire.client = wire.client.timed(Timing { total: Duration::from_millis(200), ..timing });
    assert_eq!(wire.failed(&[(Knob::Timeout, Fault::of(30))]).await, (ErrorClass::Timeout, 1));
}

#[tokio::test]
async fn what_is_not_of_the_contract_is_no_answer_and_an_empty_one_is() {
    let wire = Wire::open().await;
    for knob in [Knob::MalformedJson, Knob::TruncatedBody, Knob::WrongType] {
        assert_eq!(wire.failed(&[(knob, Fault::of(1))]).await, (ErrorClass::BadPayload, 1), "{knob:?}");
    }
    assert_eq!(wire.failed(&[(Knob::MissingKey, Fault::of(100))]).await, (ErrorClass::SchemaChanged, 1));
    wire.faulty(&[(Knob::Empty, Fault::of(1))]);
    assert_eq!(records(wire.week().await), [] as [Value; 0]);
}

#[tokio::test]
async fn names_in_capitals_order_and_repetition_change_nothing_of_the_rows() {
    let wire = Wire::open().await;
    let plain = records(wire.week().await);
    wire.faulty(&[
        (Knob::CapitalNames, Fault::of(1)),
        (Knob::OutOfOrder, Fault::of(1)),
        (Knob::DuplicateRows, Fault::of(1)),
        (Knob::SwappedCoordinates, Fault::of(50)),
    ]);
    let odd = records(wire.week().await);
    assert_eq!(odd.len(), plain.len() * 2);
    let (plain, odd) = (rows(&plain), rows(&odd));
    assert!(odd.values().any(|row| row.swapped));
    let straight = |rows: &BTreeMap<String, Prospect>| -> Vec<Prospect> {
        rows.values().map(|row| Prospect { swapped: false, ..row.clone() }).collect()
    };
    assert_eq!(straight(&plain), straight(&odd));
}

#[tokio::test]
async fn the_limit_of_a_day_is_told_and_rates_strike_some_records_only() {
    let wire = Wire::open().await;
    wire.faulty(&[(Knob::Quota, Fault::of(2)), (Knob::ForeignDealer, Fault::of(30)), (Knob::DirtyRate, Fault::of(30))]);
    let some = records(wire.week().await);
    let foreign = some.iter().filter(|record| record["dealerId"] != DEALER).count();
    assert!(foreign > 0 && foreign < some.len(), "{foreign} of {}", some.len());
    assert!(wire.week().await.answer.is_ok());
    let third = wire.week().await;
    assert_eq!((third.answer.unwrap_err(), third.attempts.len()), (ErrorClass::QuotaExhausted, 1));
}
