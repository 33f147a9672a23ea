//! Logs: one JSON object a line, or text on a terminal (`platform.md` 3.14).

use crate::{
    config::{Config, LogFormat},
    failure::Failure,
};
use serde_json::{Map, Value};
use std::{
    fmt,
    fs::OpenOptions,
    io::{IsTerminal, Write},
    sync::Mutex,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormattedFields,
        format::{FormatEvent, FormatFields, JsonFields, Writer},
        writer::BoxMakeWriter,
    },
    registry::LookupSpan,
};

/// Sends this process's log where the configuration says. Later calls change nothing.
///
/// # Errors
/// 78 when the log file cannot be opened.
pub fn start(config: &Config) -> Result<(), Failure> {
    let writer = match &config.log_file {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            BoxMakeWriter::new(Mutex::new(
                file.map_err(|e| Failure::config(format!("MILLRACE_LOG_FILE: {}: {e}", path.display())))?,
            ))
        }
    };
    let terminal = config.log_file.is_none() && std::io::stderr().is_terminal();
    let text = config.log_format == LogFormat::Text || (config.log_format == LogFormat::Auto && terminal);
    // Statement texts of the driver stay out unless somebody asks for them by name; the session library
    // suspects every cookie that is over, and repeats what our store has told.
    let filter = EnvFilter::new(format!(
        "sqlx=warn,graphile_worker=warn,tower_sessions_core=off,tower_sessions=error,{}",
        config.log
    ));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let _ = if text {
        builder.with_ansi(terminal).try_init()
    } else {
        builder.fmt_fields(JsonFields::new()).event_format(Lines).try_init()
    };
    std::panic::set_hook(Box::new(|panic| {
        // The message may hold data of a person, so only the place is told.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(error_code = "panic", place, "a task panicked");
    }));
    Ok(())
}

/// `{"ts", "level", "target", "message", …fields of the event, …fields of its spans}`.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Map::new();
        let meta = event.metadata();
        line.insert("ts".to_owned(), timestamp().into());
        line.insert("level".to_owned(), meta.level().as_str().to_ascii_lowercase().into());
        line.insert("target".to_owned(), meta.target().into());
        event.record(&mut Fields(&mut line));
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(Value::Object(fields)) = serde_json::from_str(&fields.fields)
            {
                for (name, value) in fields {
                    line.entry(name).or_insert(value);
                }
            }
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a log line tells when it was written, whatever clock the program runs on"
)]
fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

/// One line a step of the start, on stderr: `ok    database   1.3 s  PostgreSQL 15 in …`.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    shown: bool,
}

/// A step under way.
#[derive(Debug)]
pub struct Step {
    shown: bool,
    name: &'static str,
    since: std::time::Instant,
}

impl Steps {
    #[must_use]
    pub const fn shown() -> Self {
        Self { shown: true }
    }

    #[must_use]
    pub const fn silent() -> Self {
        Self { shown: false }
    }

    #[must_use]
    pub fn begin(self, name: &'static str) -> Step {
        Step { shown: self.shown, name, since: std::time::Instant::now() }
    }
}

impl Step {
    fn line(&self, state: &str, detail: &str) {
        if self.shown {
            let seconds = self.since.elapsed().as_secs_f64();
            let _ = writeln!(std::io::stderr(), "{state:<4}  {:<14} {seconds:>5.1} s  {detail}", self.name);
        }
    }

    pub fn ok(self, detail: impl AsRef<str>) {
        self.line("ok", detail.as_ref());
    }

    /// Not done yet, and not in the way of going on.
    pub fn wait(self, detail: impl AsRef<str>) {
        self.line("wait", detail.as_ref());
    }

    /// Passes a result on, telling of it.
    ///
    /// # Errors
    /// The one given.
    pub fn done<T>(self, result: Result<T, Failure>, detail: impl FnOnce(&T) -> String) -> Result<T, Failure> {
        match &result {
            Ok(value) => self.line("ok", &detail(value)),
            Err(failure) => self.line("fail", failure.message.lines().next().unwrap_or_default()),
        }
        result
    }
}
