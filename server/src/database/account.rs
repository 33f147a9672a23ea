//! Whom the managed server runs as. Postgres refuses to run as root, so root lends it another account.

use crate::{config::Config, failure::Failure};
use nix::unistd::{Gid, Uid, User, geteuid};
use std::{
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

/// The account of `initdb` and the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
    /// Whether it differs from ours, so that commands must change to it.
    other: bool,
}

impl Account {
    /// Ourselves, or as root the first existing of `MILLRACE_PG_USER`, `millrace`, `postgres`, `nobody`.
    ///
    /// # Errors
    /// 78 when the wanted account does not exist or is root.
    pub fn choose(config: &Config) -> Result<Self, Failure> {
        if !geteuid().is_root() {
            return Ok(Self { name: String::new(), uid: geteuid(), gid: nix::unistd::getegid(), other: false });
        }
        let find = |name: &str| User::from_name(name).ok().flatten().filter(|u| !u.uid.is_root());
        let user = match &config.pg_user {
            Some(name) => Some(find(name).ok_or_else(|| {
                Failure::config(format!(
                    "MILLRACE_PG_USER: there is no account \"{name}\" other than root on this machine"
                ))
            })?),
            None => ["millrace", "postgres", "nobody"].into_iter().find_map(find),
        };
        let user = user.ok_or_else(|| {
            Failure::config("Postgres refuses to run as root, and none of the accounts millrace, postgres, nobody exists. Make one (useradd --system millrace) or name one with MILLRACE_PG_USER.")
        })?;
        Ok(Self { name: user.name, uid: user.uid, gid: user.gid, other: true })
    }

    /// A command that runs as the account: supplementary groups dropped, group and user set before exec
    /// (the standard library does it in that order when the caller is root).
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if self.other {
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        // Nothing of our surroundings: no PG* variables, no secrets, no folder it may not enter.
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/");
        command
    }

    /// Hands the file or folder to the account.
    ///
    /// # Errors
    /// 78 when the file system does not allow it.
    pub fn own(&self, path: &Path) -> Result<(), Failure> {
        if !self.other {
            return Ok(());
        }
        nix::unistd::chown(path, Some(self.uid), Some(self.gid))
            .map_err(|e| Failure::config(format!("{}: cannot be handed to account {}: {e}", path.display(), self.name)))
    }

    /// The first folder on the way to `path` (itself included) that the account may not pass through.
    #[must_use]
    pub fn barred_at<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.ancestors().filter(|p| !p.as_os_str().is_empty()).find(|p| {
            std::fs::metadata(p).is_ok_and(|meta| {
                let bit = if meta.uid() == self.uid.as_raw() {
                    0o100
                } else if meta.gid() == self.gid.as_raw() {
                    0o010
                } else {
                    0o001
                };
                meta.mode() & bit == 0
            })
        })
    }

    #[must_use]
    pub const fn is_other(&self) -> bool {
        self.other
    }
}
