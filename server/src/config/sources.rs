//! Where configuration values come from, and how they are read with all faults kept.

use super::{Fault, KEYS, SECRETS, Secret};
use crate::failure::Failure;
use sqlx::postgres::PgConnectOptions;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

#[derive(Debug, Clone)]
struct Layer {
    name: &'static str,
    values: HashMap<String, String>,
}

/// Layers of values, the heaviest first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    layers: Vec<Layer>,
}

impl Sources {
    /// One layer.
    pub fn of(name: &'static str, values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { layers: vec![Layer { name, values: values.into_iter().collect() }] }
    }

    /// A lighter layer below.
    #[must_use]
    pub fn then(mut self, name: &'static str, values: impl IntoIterator<Item = (String, String)>) -> Self {
        self.layers.push(Layer { name, values: values.into_iter().collect() });
        self
    }

    /// Command line, environment, `.env` of the working folder, `millrace.toml` (or `file`).
    ///
    /// # Errors
    /// Exit 78 when a file cannot be read or holds what it must not.
    pub fn standard(command_line: HashMap<String, String>, file: Option<&Path>) -> Result<Self, Failure> {
        let environment = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let sources = Self::of("the command line", command_line).then("the environment", environment);
        let dotenv = match dotenvy::from_filename_iter(".env") {
            Ok(pairs) => {
                pairs.collect::<Result<Vec<_>, _>>().map_err(|_| Failure::config(".env: a line is not NAME=value"))?
            }
            Err(_) => Vec::new(),
        };
        Ok(sources.then(".env", dotenv).then("millrace.toml", toml_values(file)?))
    }

    /// A plain variable such as `HOME`.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<&str> {
        self.find(name).map(|(value, _)| value)
    }

    /// The heaviest layer that names it decides, also when it is empty there: empty means unset.
    fn find(&self, name: &str) -> Option<(&str, &'static str)> {
        let layer = self.layers.iter().find(|l| l.values.contains_key(name))?;
        layer.values.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(|v| (v, layer.name))
    }
}

/// Names in any case, with or without `MILLRACE_`; an unknown name is a fault, or a typing error stays unseen.
fn toml_values(file: Option<&Path>) -> Result<Vec<(String, String)>, Failure> {
    let path = file.unwrap_or(Path::new("millrace.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(_) if file.is_none() => return Ok(Vec::new()),
        Err(error) => return Err(Failure::config(format!("{}: {error}", path.display()))),
    };
    let table: toml::Table =
        text.parse().map_err(|_| Failure::config(format!("{}: not valid TOML", path.display())))?;
    let mut values = Vec::new();
    let mut unknown = Vec::new();
    for (name, value) in table {
        let upper = name.to_ascii_uppercase();
        let known = |key: &str| KEYS.contains(&key) || key.strip_suffix("_FILE").is_some_and(|k| SECRETS.contains(&k));
        let key = [upper.clone(), format!("MILLRACE_{upper}")].into_iter().find(|k| known(k));
        let text = match value {
            toml::Value::String(s) => Some(s),
            toml::Value::Integer(i) => Some(i.to_string()),
            toml::Value::Boolean(b) => Some(b.to_string()),
            toml::Value::Array(items) => Some(items.iter().filter_map(|i| i.as_str()).collect::<Vec<_>>().join(",")),
            _ => None,
        };
        match (key, text) {
            (Some(key), Some(text)) => values.push((key, text)),
            _ => unknown.push(name),
        }
    }
    if unknown.is_empty() {
        Ok(values)
    } else {
        Err(Failure::config(format!(
            "{}: not a name of Millrace's configuration: {}",
            path.display(),
            unknown.join(", ")
        )))
    }
}

/// Reads values and gathers faults.
#[derive(Debug)]
pub struct Reader<'a> {
    sources: &'a Sources,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub const fn new(sources: &'a Sources) -> Self {
        Self { sources, faults: Vec::new() }
    }

    pub fn fault(&mut self, key: &str, found: &str, allowed: &str) {
        let source = self.sources.find(key).map_or("", |(_, source)| source);
        self.faults.push(Fault { key: key.to_owned(), source, found: found.to_owned(), allowed: allowed.to_owned() });
    }

    /// # Errors
    /// Exit 78 with every fault.
    pub fn finish(self) -> Result<(), Failure> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = self.faults.iter().map(|f| format!("  {f}")).collect();
        Err(Failure::config(format!("The configuration has {} fault(s):\n{}", lines.len(), lines.join("\n"))))
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        self.sources.plain(key).map(str::to_owned)
    }

    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A path under a name that is not ours to define.
    pub fn path_of(&mut self, key: &str) -> Option<PathBuf> {
        self.path(key)
    }

    pub fn parse<T: FromStr>(&mut self, key: &str, default: T, allowed: &str) -> T {
        match self.sources.plain(key).map(str::parse) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.fault(key, "not one of the allowed values", allowed);
                default
            }
        }
    }

    pub fn number(&mut self, key: &str, default: u32, least: u32, most: u32) -> u32 {
        let allowed = format!("a whole number from {least} to {most}");
        match self.sources.plain(key).map(str::parse::<u32>) {
            None => default,
            Some(Ok(value)) if (least..=most).contains(&value) => value,
            Some(Ok(_)) => {
                self.fault(key, "a number out of range", &allowed);
                default
            }
            Some(Err(_)) => {
                self.fault(key, "not a whole number", &allowed);
                default
            }
        }
    }

    pub fn switch(&mut self, key: &str, default: bool) -> bool {
        match self.sources.plain(key).map(str::to_ascii_lowercase).as_deref() {
            None => default,
            Some("on" | "true" | "1" | "yes") => true,
            Some("off" | "false" | "0" | "no") => false,
            Some(_) => {
                self.fault(key, "neither on nor off", "on or off");
                default
            }
        }
    }

    pub fn list<T>(&mut self, key: &str, allowed: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.text(key).unwrap_or_default();
        let items: Vec<_> = text.split(',').map(str::trim).filter(|i| !i.is_empty()).map(parse).collect();
        if items.iter().any(Option::is_none) {
            self.fault(key, "an entry of the list is not of the allowed form", allowed);
        }
        items.into_iter().flatten().collect()
    }

    pub fn listen_or_off(&mut self, key: &str, default: SocketAddr) -> Option<SocketAddr> {
        if self.sources.plain(key) == Some("off") {
            return None;
        }
        Some(self.parse(key, default, "address:port or off"))
    }

    pub fn origin(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let origin = origin_of(&text);
        if origin.is_none() {
            self.fault(key, "not an origin", "http:// or https:// and a host, without a path");
        }
        origin
    }

    pub fn log_filter(&mut self, key: &str) -> String {
        let Some(text) = self.text(key) else { return "info".to_owned() };
        if tracing_subscriber::EnvFilter::try_new(&text).is_err() {
            self.fault(key, "not a log filter", "error, warn, info, debug, trace, or target=level parted by commas");
        }
        text
    }

    /// The value, or the content of the file that `NAME_FILE` names.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        let file_key = format!("{key}_FILE");
        match (self.sources.find(key), self.sources.find(&file_key)) {
            (Some((_, a)), Some((_, b))) if a == b => {
                self.fault(key, "given twice, as value and as file", "one of both");
                None
            }
            (Some((value, _)), _) => Some(Secret::new(value)),
            (None, Some((path, _))) => match std::fs::read_to_string(path) {
                Ok(text) if !text.trim().is_empty() => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Ok(_) => {
                    self.fault(&file_key, "an empty file", "a file with the secret");
                    None
                }
                Err(error) => {
                    self.fault(&file_key, &format!("a file that cannot be read ({})", error.kind()), "a readable file");
                    None
                }
            },
            (None, None) => None,
        }
    }

    pub fn long_secret(&mut self, key: &str) -> Option<Secret> {
        let secret = self.secret(key)?;
        if secret.expose().len() < 32 {
            self.fault(key, "a text of fewer than 32 bytes", "at least 32 bytes");
        }
        Some(secret)
    }

    pub fn database_url(&mut self, key: &str) -> Option<Secret> {
        let secret = self.secret(key)?;
        let url = secret.expose();
        let known = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if !known || url.parse::<PgConnectOptions>().is_err() {
            self.fault(key, "not an address of a Postgres database", "postgres://user:password@host:port/database");
        }
        Some(secret)
    }
}

/// `https://host[:port]` of a text that is just that, a trailing slash allowed.
pub fn origin_of(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let uri: axum::http::Uri = text.parse().ok()?;
    let right = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
        && uri.path() == "/"
        && uri.query().is_none();
    right.then(|| text.to_owned())
}
