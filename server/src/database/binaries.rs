//! Finding Postgres on this machine. Nothing is downloaded.

use crate::{config::Config, failure::Failure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Oldest release we run on.
pub const OLDEST_MAJOR: u32 = 15;

/// A folder with `initdb`, `pg_ctl`, `postgres` of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    pub dir: PathBuf,
    pub major: u32,
    pub version: String,
}

impl Binaries {
    /// `MILLRACE_PG_BIN`, else `pg_config`, the newest Debian place, macOS places, `PATH`. When data of
    /// release `present` is there, binaries of that release go first.
    ///
    /// # Errors
    /// 69 when there are none; 78 when the named folder holds none or one that is too old.
    pub fn find(config: &Config, present: Option<u32>) -> Result<Self, Failure> {
        if let Some(dir) = &config.pg_bin {
            let found = Self::at(dir).ok_or_else(|| {
                Failure::config(format!("MILLRACE_PG_BIN: {} holds no initdb, pg_ctl and postgres", dir.display()))
            })?;
            if found.major < OLDEST_MAJOR {
                return Err(Failure::config(format!(
                    "MILLRACE_PG_BIN: PostgreSQL {} is too old; {OLDEST_MAJOR} or newer is needed",
                    found.version
                )));
            }
            return Ok(found);
        }
        let mut all: Vec<_> =
            places().iter().filter_map(|dir| Self::at(dir)).filter(|b| b.major >= OLDEST_MAJOR).collect();
        let same = present.and_then(|major| all.iter().position(|b| b.major == major));
        if all.is_empty() {
            return Err(Failure::unavailable(format!(
                "No PostgreSQL {OLDEST_MAJOR} or newer on this machine. Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server postgresql-contrib; macOS: brew install postgresql@17), name its folder with MILLRACE_PG_BIN, or set DATABASE_URL to a database of yours."
            )));
        }
        Ok(all.swap_remove(same.unwrap_or(0)))
    }

    fn at(dir: &Path) -> Option<Self> {
        if !["initdb", "pg_ctl", "postgres"].iter().all(|name| dir.join(name).is_file()) {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?.to_owned();
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { dir: dir.to_owned(), major, version })
    }

    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Whether a library that can be preloaded is installed.
    #[must_use]
    pub fn has_library(&self, name: &str) -> bool {
        let Some(root) = self.dir.parent() else { return false };
        ["lib", "lib/postgresql", "lib64/pgsql", "pkglib"]
            .iter()
            .any(|dir| ["so", "dylib"].iter().any(|ext| root.join(dir).join(format!("{name}.{ext}")).is_file()))
    }
}

fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output()
        && output.status.success()
    {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let mut releases: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    releases.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    places.extend(releases.into_iter().map(|(_, dir)| dir));
    for major in (OLDEST_MAJOR..=20).rev() {
        places.push(format!("/usr/pgsql-{major}/bin").into());
        places.push(format!("/opt/homebrew/opt/postgresql@{major}/bin").into());
        places.push(format!("/usr/local/opt/postgresql@{major}/bin").into());
        places.push(format!("/Applications/Postgres.app/Contents/Versions/{major}/bin").into());
    }
    places.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    places
}
