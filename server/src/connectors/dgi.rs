//! The client of the Dealer Group Integration API v1.3: signs every attempt anew, learns the other clock, keeps an answer
//! in a file without a name and judges it before anybody reads it (`dealers.md` 3.1, 3.4).

use crate::services::alerts::{Destinations, INSIDE, Refused};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    clock::Clock,
    dealers::{ErrorClass, Feed},
};
use engine::{
    dealers::{
        answer::{Judged, judge},
        clock::{Drift, Offsets},
        feed::spec,
        token::token,
        window::Window,
    },
    demo::Chance,
};
use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    error::Error as _,
    fmt, fs,
    io::{BufReader, Seek as _, Write as _},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// Longest answer in bytes.
const MOST_BYTES: u64 = 200 << 20;

/// Time limits of one attempt, and the wait before the second.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    pub total: Duration,
    /// Doubled before the third.
    pub wait: Duration,
    /// Attempts of one read.
    pub attempts: u32,
}

impl Timing {
    /// For a test somebody waits for: even with the second look at the clock it ends before the request does.
    #[must_use]
    pub const fn of_a_test() -> Self {
        let total = Duration::from_secs(12);
        Self { connect: Duration::from_secs(5), read: total, total, wait: Duration::ZERO, attempts: 1 }
    }
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), read: seconds(35), total: seconds(45), wait: seconds(1), attempts: 3 }
    }
}

/// A main dealer's system.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Ends with `/dgi-api/v1.3`.
    pub base_url: String,
    pub zone: Tz,
    pub token_separator: String,
    pub clock_tolerance_seconds: i64,
    /// How long one attempt may take at most.
    pub patience: Duration,
    /// The built-in one, which may lie in the own network and speak without TLS.
    pub simulated: bool,
}

/// What a dealer signs with.
#[derive(Clone)]
pub struct DealerKeys {
    pub api_key: String,
    pub proof: Proof,
}

/// What shows that the API key is the caller's.
#[derive(Clone)]
pub enum Proof {
    /// Signs each attempt.
    Secret(String),
    /// Handed out once by the main dealer.
    Token(String),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

impl fmt::Debug for DealerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DealerKeys(…)")
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub feed: Feed,
    pub dealer_id: &'a str,
    pub window: Window,
    /// Value of the feed's free filter.
    pub filter: Option<&'a str>,
    /// An attempt that is not answered in time is the last.
    pub waits_once: bool,
}

/// One attempt, for the log of calls: no headers, no bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub requested_at: DateTime<Utc>,
    pub duration: Duration,
    pub http_status: Option<u16>,
    /// Status of the contract.
    pub dgi_status: Option<i16>,
    pub class: Option<ErrorClass>,
    pub records: u64,
    pub bytes: u64,
    /// The other clock less ours.
    pub clock_offset_seconds: Option<i64>,
}

/// An answer that holds records; it is gone from the disk when this is dropped.
#[derive(Debug)]
pub struct Answer {
    file: fs::File,
    pub records: u64,
}

impl Answer {
    /// From its beginning.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(mut self) -> std::io::Result<BufReader<fs::File>> {
        self.file.rewind()?;
        Ok(BufReader::new(self.file))
    }
}

/// A read with all its attempts.
#[derive(Debug)]
pub struct Outcome {
    pub answer: Result<Answer, ErrorClass>,
    pub attempts: Vec<Attempt>,
    /// More than five seconds between the clocks.
    pub clock_warning: bool,
}

/// Cheap to clone; clones share what is known of the clocks.
#[derive(Clone)]
pub struct DgiClient {
    clock: Arc<dyn Clock>,
    destinations: Destinations,
    timing: Timing,
    offsets: Arc<Mutex<HashMap<String, Offsets>>>,
    /// For systems outside, and for the built-in one.
    clients: Arc<[OnceLock<Client>; 2]>,
}

impl fmt::Debug for DgiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DgiClient").finish_non_exhaustive()
    }
}

/// What came of one attempt.
struct Tried {
    attempt: Attempt,
    answer: Result<Answer, ErrorClass>,
}

impl DgiClient {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, destinations: Destinations, timing: Timing) -> Self {
        Self { clock, destinations, timing, offsets: Arc::default(), clients: Arc::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn timed(&self, timing: Timing) -> Self {
        Self { timing, clients: Arc::default(), ..self.clone() }
    }

    /// Reads one window, with up to three attempts where another may help, and one more where a refusal may be the
    /// clock's fault.
    pub async fn read(&self, to: &Endpoint, keys: &DealerKeys, ask: Ask<'_>) -> Outcome {
        let mut attempts = Vec::new();
        let mut clock_tried = false;
        let mut left = self.timing.attempts;
        let answer = loop {
            let known = self.offsets(&to.base_url);
            let Tried { attempt, answer } = self.attempt(to, keys, ask, &known).await;
            attempts.push(attempt);
            let Err(class) = answer else { break answer };
            let learnt = self.offsets(&to.base_url);
            if class == ErrorClass::Auth && !clock_tried && learnt.explains_refusal(to.clock_tolerance_seconds) {
                clock_tried = true;
                continue;
            }
            left = left.saturating_sub(1);
            let given_up = ask.waits_once && class == ErrorClass::Timeout;
            if !class.is_passing() || left == 0 || given_up {
                break Err(class);
            }
            tokio::time::sleep(self.wait(self.timing.attempts - left)).await;
        };
        let clock_warning = matches!(self.offsets(&to.base_url).drift(), Drift::Warned | Drift::Refused);
        Outcome { answer, attempts, clock_warning }
    }

    /// Before the attempt after the `nth`: doubled each time, a fifth more or less.
    fn wait(&self, nth: u32) -> Duration {
        let seed = u64::try_from(self.clock.now().timestamp_micros()).unwrap_or(0);
        let permille = Chance::new(seed, nth.into()).between(800, 1_200);
        self.timing.wait * 2_u32.pow(nth.saturating_sub(1)) * u32::try_from(permille).unwrap_or(1_000) / 1_000
    }

    fn offsets(&self, base_url: &str) -> Offsets {
        let all = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(base_url).cloned().unwrap_or_default()
    }

    fn note(&self, base_url: &str, seconds: i64) {
        let mut all = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(base_url.to_owned()).or_default().note(seconds);
    }

    async fn attempt(&self, to: &Endpoint, keys: &DealerKeys, ask: Ask<'_>, known: &Offsets) -> Tried {
        let (requested_at, started) = (self.clock.now(), Instant::now());
        let mut attempt = Attempt {
            requested_at,
            duration: Duration::ZERO,
            http_status: None,
            dgi_status: None,
            class: None,
            records: 0,
            bytes: 0,
            clock_offset_seconds: None,
        };
        let called =
            tokio::time::timeout(self.timing.total.min(to.patience), self.call(to, keys, ask, known, &mut attempt))
                .await;
        let answer = called.unwrap_or(Err(ErrorClass::Timeout));
        attempt.duration = started.elapsed();
        attempt.class = answer.as_ref().err().copied();
        attempt.records = answer.as_ref().map_or(0, |answer| answer.records);
        Tried { attempt, answer }
    }

    async fn call(
        &self,
        to: &Endpoint,
        keys: &DealerKeys,
        ask: Ask<'_>,
        known: &Offsets,
        attempt: &mut Attempt,
    ) -> Result<Answer, ErrorClass> {
        let spec = spec(ask.feed);
        let url = format!("{}{}", to.base_url, spec.path);
        if !to.simulated {
            // An address without a name is not resolved, so the client would not look at it.
            self.destinations.check(&url).await.map_err(|refused| match refused {
                Refused::Unknown => ErrorClass::Dns,
                Refused::Inside | Refused::Address => ErrorClass::Unconfigured,
            })?;
        }
        // The receiver bears a few seconds: the time is that of the sending.
        let asked_at = self.clock.now().timestamp();
        let time = known.applied(asked_at);
        let token = match &keys.proof {
            Proof::Secret(secret) => token(&keys.api_key, secret, &to.token_separator, time),
            Proof::Token(token) => token.clone(),
        };
        let sent = self
            .client(to.simulated)
            .post(url)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("x-request-time", time)
            .header("dgi-api-key", &keys.api_key)
            .header("dgi-api-token", token)
            .body(body(to, ask, spec.free_filter()))
            .send()
            .await
            .map_err(|error| class_of(&error))?;
        attempt.http_status = Some(sent.status().as_u16());
        let date = sent.headers().get("date").and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        if let Some(date) = date {
            let offset = offset(date.timestamp(), (asked_at, self.clock.now().timestamp()));
            attempt.clock_offset_seconds = Some(offset);
            self.note(&to.base_url, offset);
        }
        refused_by_status(sent.status().as_u16())?;
        let file = kept(sent, &mut attempt.bytes).await?;
        let (file, judged) = judged(file, spec.record_key).await?;
        match judged {
            Judged::Records(records) => {
                attempt.dgi_status = Some(1);
                Ok(Answer { file, records })
            }
            Judged::Refused { class, .. } => {
                attempt.dgi_status = Some(0);
                Err(class)
            }
            Judged::Changed => Err(ErrorClass::SchemaChanged),
            Judged::Bad => Err(ErrorClass::BadPayload),
        }
    }

    fn client(&self, simulated: bool) -> &Client {
        self.clients[usize::from(simulated)].get_or_init(|| self.made(simulated))
    }

    fn made(&self, simulated: bool) -> Client {
        // Others in the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .connect_timeout(self.timing.connect)
            .read_timeout(self.timing.read)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")));
        let builder =
            if simulated { builder } else { builder.https_only(true).dns_resolver(self.destinations.resolver()) };
        #[allow(clippy::expect_used, reason = "its settings are constants")]
        builder.build().expect("the client's settings are sound")
    }
}

/// How far a clock is from ours that showed `date` somewhen between the two moments: a slow answer is no wrong clock.
fn offset(date: i64, (asked, answered): (i64, i64)) -> i64 {
    if date < asked { date - asked } else { (date - answered).max(0) }
}

fn body(to: &Endpoint, ask: Ask<'_>, filter: &str) -> String {
    let (from, until) = ask.window.written(to.zone);
    let mut body: Map<String, Value> =
        spec(ask.feed).filters.iter().map(|name| ((*name).to_owned(), "".into())).collect();
    body.insert("fromTime".to_owned(), from.into());
    body.insert("toTime".to_owned(), until.into());
    body.insert("dealerId".to_owned(), ask.dealer_id.into());
    if let Some(value) = ask.filter {
        body.insert(filter.to_owned(), value.into());
    }
    Value::Object(body).to_string()
}

fn refused_by_status(code: u16) -> Result<(), ErrorClass> {
    match code {
        200..=299 => Ok(()),
        401 | 403 => Err(ErrorClass::Auth),
        404 | 502..=504 => Err(ErrorClass::NotFound),
        429 => Err(ErrorClass::QuotaExhausted),
        400 | 422 => Err(ErrorClass::InvalidRequest),
        500..=599 => Err(ErrorClass::ServerError),
        _ => Err(ErrorClass::BadPayload),
    }
}

/// What the network did, by the words of its errors' causes.
fn class_of(error: &reqwest::Error) -> ErrorClass {
    if error.is_timeout() {
        return ErrorClass::Timeout;
    }
    let mut words = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(&inner.to_string().to_lowercase());
        cause = inner.source();
    }
    if words.contains(INSIDE) {
        ErrorClass::Unconfigured
    } else if words.contains("dns") {
        ErrorClass::Dns
    } else if words.contains("certificate") || words.contains("tls") {
        ErrorClass::Tls
    } else {
        ErrorClass::Connect
    }
}

/// The body in a file that has no name.
async fn kept(mut sent: Response, bytes: &mut u64) -> Result<fs::File, ErrorClass> {
    let mut file = tempfile::tempfile().map_err(|error| {
        tracing::error!(%error, "no temporary file for an answer of a main dealer");
        ErrorClass::Connect
    })?;
    while let Some(piece) = sent.chunk().await.map_err(|error| class_of(&error))? {
        *bytes += piece.len() as u64;
        if *bytes > MOST_BYTES {
            return Err(ErrorClass::TooLarge);
        }
        file.write_all(&piece).map_err(|_| ErrorClass::Connect)?;
    }
    Ok(file)
}

async fn judged(mut file: fs::File, key: &'static str) -> Result<(fs::File, Judged), ErrorClass> {
    let judging = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        let judged = judge(BufReader::new(&file), key);
        Ok::<_, std::io::Error>((file, judged))
    });
    judging.await.ok().and_then(Result::ok).ok_or(ErrorClass::BadPayload)
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(offset(100, (100, 100)), 0);
        // Twelve seconds under way, its time taken at the beginning, in between or at the end.
        for date in [100, 105, 112] {
            assert_eq!(offset(date, (100, 112)), 0, "{date}");
        }
        assert_eq!((offset(93, (100, 112)), offset(119, (100, 112))), (-7, 7));
    }
}
