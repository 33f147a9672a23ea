//! Hears which statements the program sends to the database: what a request costs, without a clock.

use std::{
    fmt,
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry::Registry,
};

/// Listens on the thread of the test, which is the one that its router and pools run on.
pub struct Statements {
    heard: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Statements {
    pub fn listen() -> Self {
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let guard = tracing::subscriber::set_default(Registry::default().with(Ear(Arc::clone(&heard))));
        Self { heard, _guard: guard }
    }

    /// What was sent since the last call, white space made plain; without what every connection begins with.
    pub fn take(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().expect("heard"));
        heard.into_iter().filter(|sql| !sql.starts_with("set role")).collect()
    }
}

struct Ear(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut words = Words::default();
            event.record(&mut words);
            // A short statement is its own summary.
            let sql = if words.statement.trim().is_empty() { words.summary } else { words.statement };
            self.0.lock().expect("heard").push(sql.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

#[derive(Default)]
struct Words {
    summary: String,
    statement: String,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.statement = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, format!("{value:?}").trim_matches('"'));
    }
}
