//! One `EventSource` for the visible document (`platform.md` 3.8). A hidden document closes its
//! stream and goes on from its last position when shown again; without a stream for 5 s it polls.

use super::hydration::is_hydrated;
use crate::live::{Line, Live};
use domain::live::Topic;
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;
use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, MessageEvent};

/// Milliseconds without a frame after which a line does not count as live.
const SILENCE: f64 = 4_500.0;
/// Milliseconds without a stream after which the document polls, and how often it does.
const POLL_AFTER: f64 = 5_000.0;
const POLL_EVERY: f64 = 5_000.0;
/// A topic is announced at most once in this time.
const CALM: f64 = 1_000.0;
/// Milliseconds over which pages ask anew after an outage.
const SPREAD: f64 = 3_000.0;
const LONGEST_PAUSE: f64 = 30_000.0;
/// From the server's word that the session is over to asking whether it is.
const CONFIRM_AFTER: Duration = Duration::from_millis(1_500);
const EVENTS: [&str; 7] = ["hello", "ping", "changed", "metric", "resync", "session_closed", "bye"];

type Listener = Closure<dyn FnMut(MessageEvent)>;

struct Driver {
    live: Live,
    source: Option<EventSource>,
    listeners: Vec<Listener>,
    /// Listeners of closed streams: one of them may be running when its stream is closed.
    retired: Vec<Listener>,
    last_id: Option<String>,
    last_frame: f64,
    down_since: f64,
    next_try: f64,
    tries: i32,
    next_poll: f64,
    polling: bool,
    /// The server hears nothing from the database.
    deaf: bool,
    /// The server said that the session is over, and asking confirmed it.
    over: bool,
    changed: BTreeSet<Topic>,
    announced: f64,
}

type Shared = Rc<RefCell<Driver>>;

/// Starts listening; called once a document.
pub fn listen(live: Live) {
    let now = js_sys::Date::now();
    let driver = Rc::new(RefCell::new(Driver {
        live,
        source: None,
        listeners: Vec::new(),
        retired: Vec::new(),
        last_id: None,
        last_frame: now,
        down_since: now,
        next_try: now,
        tries: 0,
        next_poll: now + POLL_AFTER,
        polling: false,
        deaf: false,
        over: false,
        changed: BTreeSet::new(),
        announced: 0.0,
    }));
    tick(&driver);
    set_interval(move || tick(&driver), Duration::from_millis(250));
}

fn document_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}

fn browser_offline() -> bool {
    web_sys::window().is_some_and(|w| !w.navigator().on_line())
}

/// Four times a second: everything that depends on time.
fn tick(shared: &Shared) {
    let now = js_sys::Date::now();
    let (open, poll) = {
        let mut driver = shared.borrow_mut();
        driver.retired.clear();
        driver.announce(now);
        if driver.over {
            return;
        }
        if document_hidden() {
            driver.close();
            (driver.next_try, driver.tries) = (now, 0);
            return;
        }
        if driver.source.is_some() && now - driver.last_frame > SILENCE {
            driver.lose(now);
        }
        // With a stream that says the server itself hears nothing there is nothing to ask for.
        let silent = driver.live.line().get_untracked() != Line::Live && !driver.deaf;
        let away = driver.source.is_none() || silent;
        if browser_offline() {
            driver.live.set_line(Line::Offline);
            return;
        }
        let poll = away && now - driver.down_since > POLL_AFTER && now >= driver.next_poll && !driver.polling;
        (driver.source.is_none() && now >= driver.next_try, poll)
    };
    if open {
        connect(shared, now);
    }
    if poll {
        ask(shared, now);
    }
}

impl Driver {
    /// Bumps what changed, unless that was done within the last second or the page's own code is still on its way.
    fn announce(&mut self, now: f64) {
        if self.changed.is_empty() || now - self.announced < CALM || document_hidden() || !is_hydrated() {
            return;
        }
        self.announced = now;
        for topic in std::mem::take(&mut self.changed) {
            self.live.announce(topic);
        }
    }

    fn everything_changed(&mut self) {
        self.changed.extend(Topic::ALL);
    }

    fn close(&mut self) {
        if let Some(source) = self.source.take() {
            source.close();
            self.retired.append(&mut self.listeners);
        }
    }

    /// The stream is gone: 1, 2, 4 … 30 s ± 20 % until the next try.
    fn lose(&mut self, now: f64) {
        self.close();
        if self.live.line().get_untracked() == Line::Live {
            self.down_since = self.last_frame;
            self.next_poll = now;
        }
        if !matches!(self.live.line().get_untracked(), Line::Polling | Line::Offline) {
            self.live.set_line(Line::Reconnecting);
        }
        let pause = (1_000.0 * f64::from(1 << self.tries.min(5))).min(LONGEST_PAUSE);
        self.next_try = now + pause * (0.8 + 0.4 * js_sys::Math::random());
        self.tries += 1;
    }

    fn frame(&mut self, now: f64) {
        self.last_frame = now;
        self.tries = 0;
        self.live.set_line(if self.deaf { Line::Reconnecting } else { Line::Live });
    }

    /// The server says whether changes reach it: the line is only as live as all of its length.
    fn hears(&mut self, hearing: Option<Hearing>) {
        self.deaf = hearing.is_some_and(|hearing| !hearing.hears);
    }

    fn apply(&mut self, topic: Option<Topic>) {
        if let Some(topic) = topic {
            self.changed.insert(topic);
        }
    }
}

fn connect(shared: &Shared, now: f64) {
    let url = {
        let driver = shared.borrow();
        match &driver.last_id {
            Some(id) => format!("/live?last_event_id={id}"),
            None => "/live".to_owned(),
        }
    };
    let Ok(source) = EventSource::new(&url) else { return };
    let mut listeners = Vec::new();
    for name in EVENTS {
        let weak = Rc::downgrade(shared);
        let listener: Listener = Closure::new(move |event: MessageEvent| {
            if let Some(shared) = weak.upgrade() {
                heard(&shared, name, &event);
            }
        });
        let _ = source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        listeners.push(listener);
    }
    let weak = Rc::downgrade(shared);
    let failed: Listener = Closure::new(move |_| {
        if let Some(shared) = weak.upgrade() {
            shared.borrow_mut().lose(js_sys::Date::now());
        }
    });
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    listeners.push(failed);
    let mut driver = shared.borrow_mut();
    driver.source = Some(source);
    driver.listeners = listeners;
    // The first frame has as long as any other.
    driver.last_frame = now;
}

#[derive(Deserialize)]
struct Told {
    topic: String,
}

/// In `hello` and `ping`.
#[derive(Deserialize)]
struct Hearing {
    hears: bool,
}

/// The text of an event as `T`; one that another release words otherwise is none.
fn told<T: for<'de> Deserialize<'de>>(event: &MessageEvent) -> Option<T> {
    serde_json::from_str(&event.data().as_string()?).ok()
}

fn heard(shared: &Shared, name: &str, event: &MessageEvent) {
    let now = js_sys::Date::now();
    let mut driver = shared.borrow_mut();
    let id = event.last_event_id();
    if !id.is_empty() {
        driver.last_id = Some(id);
    }
    match name {
        "session_closed" => {
            driver.close();
            driver.down_since = now;
            driver.next_try = f64::INFINITY;
            // Who signs out is leaving: a question now would only be refused. It is asked if the document stays.
            let shared = Rc::clone(shared);
            set_timeout(move || ask(&shared, js_sys::Date::now()), CONFIRM_AFTER);
            return;
        }
        "bye" => {
            driver.frame(now);
            driver.tries = 0;
            driver.lose(now);
        }
        "changed" => {
            driver.apply(told::<Told>(event).and_then(|told| Topic::parse(&told.topic)));
            driver.frame(now);
        }
        "metric" => {
            driver.apply(Some(Topic::Metric));
            driver.frame(now);
        }
        "resync" => {
            driver.everything_changed();
            // Every page of everybody is told so at once; they do not all ask at once.
            driver.announced = driver.announced.max(now - CALM + SPREAD * js_sys::Math::random());
            driver.frame(now);
        }
        _ => {
            driver.hears(told(event));
            driver.frame(now);
        }
    }
    driver.announce(now);
}

/// Answer of `/api/v1/live/since`.
#[derive(Deserialize)]
struct Since {
    last_id: String,
    resync: bool,
    events: Vec<Told>,
}

fn ask(shared: &Shared, now: f64) {
    let url = {
        let mut driver = shared.borrow_mut();
        driver.polling = true;
        driver.next_poll = now + POLL_EVERY;
        driver
            .last_id
            .as_ref()
            .map_or_else(|| "/api/v1/live/since".to_owned(), |id| format!("/api/v1/live/since?last_id={id}"))
    };
    let shared = Rc::clone(shared);
    spawn_local(async move {
        let answer = fetch(&url).await;
        let now = js_sys::Date::now();
        let mut driver = shared.borrow_mut();
        driver.polling = false;
        match answer {
            Answer::Since(since) => {
                // Without a position of our own nobody knows what was missed.
                if since.resync || driver.last_id.is_none() {
                    driver.everything_changed();
                }
                for told in since.events {
                    driver.apply(Topic::parse(&told.topic));
                }
                driver.last_id = Some(since.last_id);
                if driver.live.line().get_untracked() != Line::Live || driver.source.is_none() {
                    driver.live.set_line(Line::Polling);
                }
                driver.next_try = driver.next_try.min(now + LONGEST_PAUSE);
                if driver.next_try.is_infinite() {
                    driver.next_try = now;
                }
                driver.announce(now);
            }
            Answer::SignedOut => {
                driver.over = true;
                driver.close();
                driver.live.set_line(Line::Offline);
            }
            Answer::Nothing => driver.live.set_line(Line::Offline),
        }
    });
}

enum Answer {
    Since(Since),
    SignedOut,
    Nothing,
}

async fn fetch(url: &str) -> Answer {
    let Some(window) = web_sys::window() else { return Answer::Nothing };
    let Ok(response) = JsFuture::from(window.fetch_with_str(url)).await else { return Answer::Nothing };
    let Ok(response) = response.dyn_into::<web_sys::Response>() else { return Answer::Nothing };
    if response.status() == 401 {
        return Answer::SignedOut;
    }
    let Ok(text) = response.text() else { return Answer::Nothing };
    let text = JsFuture::from(text).await.ok().and_then(|text| text.as_string());
    match text.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(since) if response.ok() => Answer::Since(since),
        _ => Answer::Nothing,
    }
}
