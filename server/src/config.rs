//! Configuration: what is fixed while the process runs (`platform.md` 3.2). Things that change at run
//! time are settings in the database.

mod key;
mod secret;
mod sources;

pub use key::{KeyLabel, MasterKey};
pub use secret::Secret;
pub use sources::Sources;

use crate::failure::Failure;
use ipnet::IpNet;
use sources::Reader;
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Every name of this file, for `millrace.toml` and `.env.example`.
pub const KEYS: &[&str] = &[
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "REDIS_URL",
    "MILLRACE_LISTEN",
    "MILLRACE_BASE_URL",
    "MILLRACE_ENV",
    "MILLRACE_SECRET_KEY",
    "MILLRACE_SECRET_KEY_PREVIOUS",
    "MILLRACE_DATA_DIR",
    "MILLRACE_PG_BIN",
    "MILLRACE_PG_USER",
    "MILLRACE_AUTO_MIGRATE",
    "MILLRACE_POOL_TOTAL",
    "MILLRACE_WORKER_CONCURRENCY",
    "MILLRACE_SOLVE_CONCURRENCY",
    "MILLRACE_TRUSTED_PROXIES",
    "MILLRACE_CORS_ORIGINS",
    "MILLRACE_WEBHOOK_ALLOW",
    "MILLRACE_SMTP_URL",
    "MILLRACE_MAIL_FROM",
    "MILLRACE_METRICS_LISTEN",
    "MILLRACE_LOG",
    "MILLRACE_LOG_FORMAT",
    "MILLRACE_LOG_FILE",
    "MILLRACE_ENABLE_DRILL",
    "MILLRACE_BACKUP_DIR",
    "MILLRACE_ADMIN_EMAIL",
    "MILLRACE_ADMIN_PASSWORD",
    "MILLRACE_SITE_ROOT",
    "MILLRACE_RATE_ANONYMOUS",
    "MILLRACE_RATE_USER",
    "MILLRACE_RATE_TOKEN",
];

/// Keys whose value may also come from the file named by `NAME_FILE`.
pub const SECRETS: &[&str] = &[
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "MILLRACE_SECRET_KEY",
    "MILLRACE_SECRET_KEY_PREVIOUS",
    "MILLRACE_ADMIN_PASSWORD",
    "MILLRACE_SMTP_URL",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl FromStr for Environment {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            _ => Err(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON, or text when the log goes to a terminal.
    Auto,
    Json,
    Text,
}

impl FromStr for LogFormat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(()),
        }
    }
}

/// Requests a minute (`platform.md` 3.14). Benches and browser tests raise them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    pub anonymous: u32,
    pub user: u32,
    pub token: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { anonymous: 60, user: 600, token: 6_000 }
    }
}

#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: the managed database.
    pub database_url: Option<Secret>,
    pub migrate_url: Option<Secret>,
    pub replica_url: Option<Secret>,
    pub listen: SocketAddr,
    /// Origin as people see it, without a trailing slash.
    pub base_url: String,
    pub environment: Environment,
    pub secret_key: Option<Secret>,
    pub secret_key_previous: Option<Secret>,
    pub data_dir: PathBuf,
    pub pg_bin: Option<PathBuf>,
    pub pg_user: Option<String>,
    pub auto_migrate: bool,
    pub pool_total: u32,
    pub worker_concurrency: u32,
    pub solve_concurrency: u32,
    pub trusted_proxies: Vec<IpNet>,
    pub cors_origins: Vec<String>,
    /// Networks of the own house that webhooks may reach.
    pub webhook_allow: Vec<IpNet>,
    /// `smtps://user:password@host`; `None`: no e-mail is sent.
    pub smtp_url: Option<Secret>,
    /// Whom e-mail is from.
    pub mail_from: Option<String>,
    /// `None`: off.
    pub metrics_listen: Option<SocketAddr>,
    pub log: String,
    pub log_format: LogFormat,
    pub log_file: Option<PathBuf>,
    pub enable_drill: bool,
    pub backup_dir: PathBuf,
    pub admin_email: Option<String>,
    pub admin_password: Option<Secret>,
    /// Folder with `pkg/` and the static files.
    pub site_root: PathBuf,
    pub rates: RateLimits,
    /// Accepted from old installations and ignored.
    pub redis_url_given: bool,
}

impl Config {
    /// Reads command line, environment, `.env`, `millrace.toml`, in falling order of weight.
    ///
    /// # Errors
    /// Exit 78 with every fault at once.
    pub fn load(sources: &Sources) -> Result<Self, Failure> {
        let mut read = Reader::new(sources);
        let environment = read.parse("MILLRACE_ENV", Environment::Development, "development or production");
        let production = environment == Environment::Production;
        let listen = read.parse(
            "MILLRACE_LISTEN",
            SocketAddr::from(([127, 0, 0, 1], 8000)),
            "address:port, e.g. 127.0.0.1:8000",
        );
        let data_dir = read.path("MILLRACE_DATA_DIR").unwrap_or_else(|| default_data_dir(sources));
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        let config = Self {
            database_url: read.database_url("DATABASE_URL"),
            migrate_url: read.database_url("MIGRATE_DATABASE_URL"),
            replica_url: read.database_url("DATABASE_REPLICA_URL"),
            listen,
            base_url: read.origin("MILLRACE_BASE_URL").unwrap_or_else(|| derived_origin(listen)),
            environment,
            secret_key: read.long_secret("MILLRACE_SECRET_KEY"),
            secret_key_previous: read.long_secret("MILLRACE_SECRET_KEY_PREVIOUS"),
            backup_dir: read.path("MILLRACE_BACKUP_DIR").unwrap_or_else(|| data_dir.join("backups")),
            data_dir,
            pg_bin: read.path("MILLRACE_PG_BIN"),
            pg_user: read.text("MILLRACE_PG_USER"),
            auto_migrate: read.switch("MILLRACE_AUTO_MIGRATE", !production),
            pool_total: read.number("MILLRACE_POOL_TOTAL", 60, 10, 1_000),
            worker_concurrency: read.number("MILLRACE_WORKER_CONCURRENCY", 4, 1, 256),
            solve_concurrency: read.number("MILLRACE_SOLVE_CONCURRENCY", 2, 1, 64),
            trusted_proxies: read.list(
                "MILLRACE_TRUSTED_PROXIES",
                "addresses or CIDR ranges parted by commas, e.g. 10.0.0.0/8",
                |item| item.parse::<IpNet>().ok().or_else(|| item.parse::<std::net::IpAddr>().ok().map(IpNet::from)),
            ),
            cors_origins: read.list(
                "MILLRACE_CORS_ORIGINS",
                "origins parted by commas, e.g. https://app.example.com",
                sources::origin_of,
            ),
            webhook_allow: read.list(
                "MILLRACE_WEBHOOK_ALLOW",
                "addresses or CIDR ranges parted by commas, e.g. 10.0.0.0/8",
                |item| item.parse::<IpNet>().ok().or_else(|| item.parse::<std::net::IpAddr>().ok().map(IpNet::from)),
            ),
            smtp_url: read.secret("MILLRACE_SMTP_URL"),
            mail_from: read.text("MILLRACE_MAIL_FROM"),
            metrics_listen: read.listen_or_off("MILLRACE_METRICS_LISTEN", SocketAddr::from(([127, 0, 0, 1], 9400))),
            log: read.log_filter("MILLRACE_LOG"),
            log_format: read.parse("MILLRACE_LOG_FORMAT", LogFormat::Auto, "json, text or auto"),
            log_file: read.path("MILLRACE_LOG_FILE"),
            enable_drill: read.switch("MILLRACE_ENABLE_DRILL", !production),
            admin_email: read.text("MILLRACE_ADMIN_EMAIL"),
            admin_password: read.secret("MILLRACE_ADMIN_PASSWORD"),
            site_root: read
                .path("MILLRACE_SITE_ROOT")
                .or_else(|| read.path_of("LEPTOS_SITE_ROOT"))
                .unwrap_or_else(default_site_root),
            rates: RateLimits {
                anonymous: read.number("MILLRACE_RATE_ANONYMOUS", 60, 1, 10_000_000),
                user: read.number("MILLRACE_RATE_USER", 600, 1, 10_000_000),
                token: read.number("MILLRACE_RATE_TOKEN", 6_000, 1, 10_000_000),
            },
            redis_url_given: read.text("REDIS_URL").is_some(),
        };
        if production && config.secret_key.is_none() {
            read.fault(
                "MILLRACE_SECRET_KEY",
                "not set",
                "at least 32 bytes, needed with MILLRACE_ENV=production (or MILLRACE_SECRET_KEY_FILE)",
            );
        }
        read.finish().map(|()| config)
    }

    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// Cookies are `Secure` and HSTS is sent.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// All faults of a configuration, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub key: String,
    /// Where the value came from.
    pub source: &'static str,
    /// What kind of value was found; never the value.
    pub found: String,
    pub allowed: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, source, found, allowed } = self;
        if source.is_empty() {
            write!(f, "{key}: {found}; allowed: {allowed}")
        } else {
            write!(f, "{key} (from {source}): {found}; allowed: {allowed}")
        }
    }
}

fn default_data_dir(sources: &Sources) -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from(ROOT_DATA_DIR);
    }
    let home = sources.plain("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    sources
        .plain("XDG_DATA_HOME")
        .filter(|v| Path::new(v).is_absolute())
        .map_or_else(|| home.join(".local/share"), PathBuf::from)
        .join("millrace")
}

/// Default data folder when the program runs as root.
pub const ROOT_DATA_DIR: &str = "/var/lib/millrace";

fn derived_origin(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        format!("http://localhost:{}", listen.port())
    } else {
        format!("http://{listen}")
    }
}

/// Beside the binary when it was installed with its site, else where cargo-leptos puts it.
fn default_site_root() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|dir| dir.join("site")));
    beside.filter(|dir| dir.is_dir()).unwrap_or_else(|| PathBuf::from("target/site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Failure> {
        Config::load(&Sources::of("the environment", pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))))
    }

    #[test]
    fn nothing_set_gives_the_documented_defaults() {
        let config = load(&[("HOME", "/home/x"), ("DATABASE_URL", "")]).expect("defaults are right");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.base_url, "http://127.0.0.1:8000");
        assert_eq!((config.pool_total, config.worker_concurrency, config.solve_concurrency), (60, 4, 2));
        assert_eq!(config.rates, RateLimits::default());
        assert!(config.database_url.is_none(), "an empty DATABASE_URL means the managed database");
        assert!(config.auto_migrate && config.enable_drill && !config.is_https());
        assert_eq!(config.metrics_listen.map(|a| a.port()), Some(9400));
    }

    #[test]
    fn all_faults_come_at_once_and_no_secret_is_echoed() {
        let error = load(&[
            ("MILLRACE_ENV", "staging"),
            ("MILLRACE_POOL_TOTAL", "many"),
            ("MILLRACE_WORKER_CONCURRENCY", "0"),
            ("MILLRACE_SECRET_KEY", "tooshort-s3cret"),
            ("DATABASE_URL", "mysql://root:hunter2@db/x"),
            ("MILLRACE_LISTEN", "everywhere"),
            ("MILLRACE_TRUSTED_PROXIES", "10.0.0.0/8, lan"),
            ("MILLRACE_BASE_URL", "example.com"),
        ])
        .expect_err("eight faults");
        assert_eq!(error.exit, 78);
        for key in [
            "MILLRACE_ENV",
            "MILLRACE_POOL_TOTAL",
            "MILLRACE_WORKER_CONCURRENCY",
            "MILLRACE_SECRET_KEY",
            "DATABASE_URL",
            "MILLRACE_LISTEN",
            "MILLRACE_TRUSTED_PROXIES",
            "MILLRACE_BASE_URL",
        ] {
            assert!(error.message.contains(key), "{key} missing in: {}", error.message);
        }
        assert!(!error.message.contains("hunter2") && !error.message.contains("tooshort"), "{}", error.message);
    }

    #[test]
    fn production_needs_a_key_and_turns_comforts_off() {
        let error = load(&[("MILLRACE_ENV", "production")]).expect_err("no key");
        assert!(error.message.contains("MILLRACE_SECRET_KEY"));
        let key = "k".repeat(32);
        let config = load(&[
            ("MILLRACE_ENV", "production"),
            ("MILLRACE_SECRET_KEY", &key),
            ("MILLRACE_BASE_URL", "https://m.example.com/"),
        ])
        .expect("complete");
        assert!(!config.auto_migrate && !config.enable_drill && config.is_https());
        assert_eq!(config.base_url, "https://m.example.com");
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_not_from_both() {
        let dir = tempfile::tempdir().expect("dir");
        let file = dir.path().join("url");
        std::fs::write(&file, "postgres://a:b@h/d\n").expect("write");
        let path = file.to_string_lossy().into_owned();
        let config = load(&[("DATABASE_URL_FILE", &path)]).expect("file is read");
        assert_eq!(config.database_url.map(|s| s.expose().to_owned()).as_deref(), Some("postgres://a:b@h/d"));
        assert!(load(&[("DATABASE_URL_FILE", &path), ("DATABASE_URL", "postgres://x/y")]).is_err());
        assert!(load(&[("DATABASE_URL_FILE", "/nowhere/at/all")]).is_err());
    }

    #[test]
    fn the_example_names_every_key_and_shows_the_defaults() {
        let example = include_str!("../../.env.example");
        for key in KEYS.iter().filter(|k| **k != "REDIS_URL") {
            assert!(
                example.contains(&format!("{key}=")) || example.contains(&format!("{key}_FILE=")),
                "{key} is missing in .env.example"
            );
        }
        let lines = example.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('='));
        let shown = Config::load(&Sources::of(".env", lines.map(|(k, v)| (k.to_owned(), v.to_owned()))))
            .expect("the example is right");
        let bare = load(&[]).expect("defaults");
        assert_eq!(format!("{shown:?}"), format!("{bare:?}"));
    }

    #[test]
    fn a_heavier_source_wins_and_may_unset() {
        let light = [
            ("MILLRACE_POOL_TOTAL".to_owned(), "20".to_owned()),
            ("DATABASE_URL".to_owned(), "postgres://x/y".to_owned()),
        ];
        let heavy = [("MILLRACE_POOL_TOTAL".to_owned(), "30".to_owned()), ("DATABASE_URL".to_owned(), String::new())];
        let config = Config::load(&Sources::of("the command line", heavy).then("millrace.toml", light)).expect("right");
        assert_eq!(config.pool_total, 30);
        assert!(config.database_url.is_none());
    }
}
