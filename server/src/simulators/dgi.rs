//! A main dealer's system: the Dealer Group Integration API v1.3 with its quirks (`dealers.md` 3.10). It serves all reads;
//! their records follow from seed, dealer and day.

use super::faults::{Fault, Faults, Knob};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use domain::{clock::Clock, dealers::Feed};
use engine::dealers::{
    feed::spec,
    fields::form,
    simulated::touched_of,
    token::token,
    value::content_hash,
    window::{self, Window},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use subtle::ConstantTimeEq;

/// Where the contract begins.
pub const BASE: &str = "/dgi-api/v1.3";
/// Calls that are told of.
const TOLD: usize = 1_000;
const TOLERANCE_SECONDS: i64 = 10;
const RANGE_DAYS: i64 = 7;
const LOOKBACK_DAYS: u32 = 30;
/// Its clock is wrong by ten years at most.
const MOST_SKEW_SECONDS: i64 = 10 * 366 * 86_400;

/// The keys that a simulated dealer has; they open nothing else.
#[must_use]
pub fn keys(dealer_id: &str) -> (String, String) {
    (format!("sim-key-{dealer_id}"), format!("sim-secret-{dealer_id}"))
}

/// The token that a simulated dealer may use instead of signing.
#[must_use]
pub fn fixed_token(dealer_id: &str) -> String {
    format!("sim-token-{dealer_id}")
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub path: String,
    pub dealer_id: String,
    pub from_time: String,
    pub to_time: String,
    pub request_time: i64,
    /// Begin of the token.
    pub token: String,
    /// Of the answer; none: it was no answer of the contract.
    pub status: Option<i64>,
    pub message: String,
    pub records: usize,
}

/// One simulated main dealer.
#[derive(Clone)]
pub struct Simulator {
    seed: u64,
    zone: Tz,
    clock: Arc<dyn Clock>,
    pub faults: Faults,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    calls: VecDeque<Told>,
    /// Calls of a key on a day.
    counted: BTreeMap<(String, NaiveDate), i64>,
    /// Made so far, for the draws of the next.
    number: u64,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// The body of a read; names in any case are not borne here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    from_time: String,
    to_time: String,
    dealer_id: String,
    /// Of the feed, by their names in the contract.
    #[serde(flatten)]
    filters: BTreeMap<String, Value>,
}

impl Asked {
    /// Whether a record, or a child of it, has what is filtered by; an empty text is no filter.
    fn wants(&self, feed: Feed, record: &Value) -> bool {
        spec(feed).filters.iter().all(|filter| {
            let wanted = self.filters.get(*filter).and_then(Value::as_str).unwrap_or_default();
            // The order of a sale over the counter is the sale itself.
            let name = if feed == Feed::PrslRead { spec(feed).record_key } else { *filter };
            wanted.is_empty() || record[name] == wanted || children(record).any(|child| child[name] == wanted)
        })
    }
}

fn children(record: &Value) -> impl Iterator<Item = &Value> {
    record.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten()
}

/// Draws of one call: which percent it is, and which records a rate strikes.
struct Draws {
    now: DateTime<Utc>,
    number: u64,
    /// Nothing goes wrong for this dealer.
    spared: bool,
}

impl Draws {
    fn ticket(&self, knob: Knob, of: u64) -> u8 {
        let mixed = (self.number.wrapping_mul(1_000_003) ^ of.wrapping_mul(7_919) ^ knob as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        u8::try_from((mixed >> 33) % 100).unwrap_or(0)
    }
}

impl Simulator {
    #[must_use]
    pub fn new(seed: u64, zone: Tz, clock: Arc<dyn Clock>) -> Self {
        Self { seed, zone, clock, faults: Faults::default(), kept: Arc::default() }
    }

    /// What was asked so far, the oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Told> {
        self.kept().calls.iter().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn router(self) -> Router {
        let with = |router: Router<Self>, feed: &Feed| {
            let feed = *feed;
            let handle =
                move |simulator: State<Self>, headers: HeaderMap, body: Bytes| read(feed, simulator, headers, body);
            router.route(&format!("{BASE}{}", spec(feed).path), post(handle))
        };
        Feed::ALL
            .iter()
            .fold(Router::new(), with)
            .route("/_calls/dgi", get(async |State(simulator): State<Self>| Json(simulator.calls())))
            .route("/_faults/dgi", put(set_faults).get(all_faults).delete(no_faults))
            .with_state(self)
    }

    fn strikes(&self, draws: &Draws, knob: Knob) -> Option<i64> {
        if draws.spared { None } else { self.faults.strikes(knob, draws.now, draws.ticket(knob, 0)) }
    }

    /// Why a call is refused.
    fn refused(&self, draws: &Draws, headers: &HeaderMap, asked: &Asked) -> Result<Window, String> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (key, secret) = keys(&asked.dealer_id);
        if self.strikes(draws, Knob::AuthFail).is_some() || header("dgi-api-key") != key {
            return Err("Invalid API key".to_owned());
        }
        let time: i64 = header("x-request-time").parse().map_err(|_| "X-Request-Time is missing".to_owned())?;
        if (time - draws.now.timestamp()).abs() > TOLERANCE_SECONDS {
            return Err("Request time is not valid".to_owned());
        }
        let given = header("dgi-api-token").as_bytes();
        let good = [token(&key, &secret, "", time), fixed_token(&asked.dealer_id)];
        if !good.iter().any(|good| bool::from(good.as_bytes().ct_eq(given))) {
            return Err("Invalid API token".to_owned());
        }
        let today = draws.now.with_timezone(&self.zone).date_naive();
        let counted = {
            let mut kept = self.kept();
            let counted = kept.counted.entry((key, today)).or_default();
            *counted += 1;
            *counted
        };
        if self.strikes(draws, Knob::Quota).is_some_and(|most| counted > most) {
            return Err("Daily limit reached".to_owned());
        }
        self.window(draws.now, asked)
    }

    fn window(&self, now: DateTime<Utc>, asked: &Asked) -> Result<Window, String> {
        let read = |text: &str| NaiveDateTime::parse_from_str(text, window::FORMAT).ok();
        let from = read(&asked.from_time).ok_or("fromTime is required as YYYY-MM-DD HH:MM:SS")?;
        let to = if asked.to_time.is_empty() { None } else { Some(read(&asked.to_time).ok_or("toTime is not valid")?) };
        let from = window::local(from, self.zone);
        let to = to.map_or(now, |to| window::local(to, self.zone));
        if to < from || to - from >= Duration::days(RANGE_DAYS) {
            return Err(format!("The range must not exceed {RANGE_DAYS} days"));
        }
        if from < window::day_start(now, self.zone, LOOKBACK_DAYS) {
            return Err(format!("fromTime must not be older than {LOOKBACK_DAYS} days"));
        }
        Ok(Window { from, to })
    }

    fn records(&self, feed: Feed, draws: &Draws, asked: &Asked, window: Window) -> Vec<Value> {
        if self.strikes(draws, Knob::Empty).is_some() {
            return Vec::new();
        }
        let mut records = touched_of(feed, self.seed, &asked.dealer_id, window, draws.now, self.zone);
        records.retain(|record| asked.wants(feed, record));
        if let Some(volume) = self.strikes(draws, Knob::Volume) {
            records = records.iter().flat_map(|record| copies(feed, record, volume)).collect();
        }
        let rates = SPOILS.map(|knob| (knob, self.rate(draws, knob)));
        for (of, record) in (1..).zip(&mut records) {
            for (knob, rate) in rates {
                if draws.ticket(knob, of) < rate {
                    spoil(knob, feed, record);
                }
            }
        }
        if self.strikes(draws, Knob::DuplicateRows).is_some() {
            records.extend(records.clone());
        }
        let resent = self.rate(draws, Knob::ResendRate);
        let again: Vec<Value> = (1..)
            .zip(&records)
            .filter(|(of, _)| draws.ticket(Knob::ResendRate, *of) < resent)
            .map(|(_, record)| {
                let mut older = record.clone();
                older["modifiedTime"] = older["createdTime"].clone();
                older
            })
            .collect();
        records.extend(again);
        if self.strikes(draws, Knob::OutOfOrder).is_some() {
            records.sort_by_cached_key(content_hash);
        }
        if self.strikes(draws, Knob::CapitalNames).is_some() {
            records = records.into_iter().map(capitals).collect();
        }
        records
    }

    fn rate(&self, draws: &Draws, knob: Knob) -> u8 {
        self.strikes(draws, knob).map_or(0, |percent| u8::try_from(percent.clamp(0, 100)).unwrap_or(0))
    }
}

/// So many of a record, their keys told apart by a number behind.
fn copies(feed: Feed, record: &Value, volume: i64) -> impl Iterator<Item = Value> + use<'_> {
    let key = spec(feed).record_key;
    (1..=volume).map(move |nth| {
        let mut copy = record.clone();
        copy[key] = format!("{}/{nth}", record[key].as_str().unwrap_or_default()).into();
        copy
    })
}

/// Knobs that strike single records.
const SPOILS: [Knob; 4] = [Knob::MissingKey, Knob::DirtyRate, Knob::ForeignDealer, Knob::SwappedCoordinates];

fn spoil(knob: Knob, feed: Feed, record: &mut Value) {
    match knob {
        Knob::MissingKey => record[spec(feed).record_key] = Value::Null,
        Knob::DirtyRate => record[form(feed).dated_by[0]] = "2026-31-12".into(),
        Knob::ForeignDealer => record["dealerId"] = "00000".into(),
        _ => swap_coordinates(record),
    }
}

/// Of a record and its children, where they have any.
fn swap_coordinates(record: &mut Value) {
    let Some(fields) = record.as_object_mut() else { return };
    if let (Some(latitude), Some(longitude)) = (fields.get("latitude").cloned(), fields.get("longitude").cloned()) {
        fields.insert("latitude".to_owned(), longitude);
        fields.insert("longitude".to_owned(), latitude);
    }
    fields.values_mut().filter_map(Value::as_array_mut).flatten().for_each(swap_coordinates);
}

fn capitals(record: Value) -> Value {
    let Value::Object(fields) = record else { return record };
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect();
    Value::Object(fields)
}

async fn read(feed: Feed, State(simulator): State<Simulator>, headers: HeaderMap, body: Bytes) -> Response {
    let number = {
        let mut kept = simulator.kept();
        kept.number += 1;
        kept.number
    };
    let asked: Asked = serde_json::from_slice(&body).unwrap_or_default();
    let now = simulator.clock.now();
    let only = simulator.faults.strikes(Knob::OnlyDealer, now, 0);
    let spared = only.is_some_and(|only| asked.dealer_id != only.to_string());
    let mut draws = Draws { now, number, spared };
    if let Some(seconds) = simulator.strikes(&draws, Knob::ClockSkewS) {
        draws.now += Duration::seconds(seconds.clamp(-MOST_SKEW_SECONDS, MOST_SKEW_SECONDS));
    }
    if let Some(wait) = simulator.strikes(&draws, Knob::LatencyMs) {
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
    }
    if let Some(wait) = simulator.strikes(&draws, Knob::Timeout) {
        tokio::time::sleep(std::time::Duration::from_secs(u64::try_from(wait).unwrap_or(0))).await;
    }
    let status = simulator.strikes(&draws, Knob::Status).and_then(|code| u16::try_from(code).ok());
    let status = status.or_else(|| simulator.strikes(&draws, Knob::RateLimit).map(|_| 429));
    let (code, text, told) = match status {
        Some(code) => (code, String::new(), (None, String::new(), 0)),
        None => answer(&simulator, feed, &draws, &headers, &asked),
    };
    simulator.tell(feed, &headers, asked, told);
    let date = draws.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::DATE, date), (header::CONTENT_TYPE, "application/json".to_owned())];
    (code, headers, Body::from(text)).into_response()
}

type Outcome = (u16, String, (Option<i64>, String, usize));

/// HTTP 200 also where it refuses.
fn answer(simulator: &Simulator, feed: Feed, draws: &Draws, headers: &HeaderMap, asked: &Asked) -> Outcome {
    let window = match simulator.refused(draws, headers, asked) {
        Ok(window) => window,
        Err(message) => {
            let as_text = simulator.strikes(draws, Knob::MessageAsText).is_some();
            let told = if as_text { json!(message) } else { json!({"error": [message]}) };
            let text = json!({"status": 0, "message": told, "data": null}).to_string();
            return (200, text, (Some(0), message, 0));
        }
    };
    let records = simulator.records(feed, draws, asked, window);
    let count = records.len();
    let data = if simulator.strikes(draws, Knob::WrongType).is_some() { json!({}) } else { Value::Array(records) };
    // The status stands behind the data, as the contract allows.
    let mut text = format!("{{\"data\":{data},\"message\":null,\"status\":1}}");
    if simulator.strikes(draws, Knob::MalformedJson).is_some() {
        text = text.replace("\":", "\"=");
    }
    if simulator.strikes(draws, Knob::TruncatedBody).is_some() {
        text.truncate(text.len() / 2);
    }
    (200, text, (Some(1), String::new(), count))
}

impl Simulator {
    fn tell(
        &self,
        feed: Feed,
        headers: &HeaderMap,
        asked: Asked,
        (status, message, records): (Option<i64>, String, usize),
    ) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let told = Told {
            path: spec(feed).path.to_owned(),
            dealer_id: asked.dealer_id,
            from_time: asked.from_time,
            to_time: asked.to_time,
            request_time: header("x-request-time").parse().unwrap_or(0),
            token: header("dgi-api-token").chars().take(8).collect(),
            status,
            message,
            records,
        };
        let mut kept = self.kept();
        if kept.calls.len() == TOLD {
            kept.calls.pop_front();
        }
        kept.calls.push_back(told);
    }
}

async fn all_faults(State(simulator): State<Simulator>) -> Json<BTreeMap<Knob, Fault>> {
    Json(simulator.faults.all())
}

async fn set_faults(State(simulator): State<Simulator>, Json(all): Json<BTreeMap<Knob, Fault>>) -> StatusCode {
    simulator.faults.set(all);
    StatusCode::NO_CONTENT
}

async fn no_faults(State(simulator): State<Simulator>) -> StatusCode {
    simulator.faults.set(BTreeMap::new());
    StatusCode::NO_CONTENT
}
