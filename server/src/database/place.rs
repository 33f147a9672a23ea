//! Where the managed database lives.

use super::{account::Account, binaries::OLDEST_MAJOR, files};
use crate::{
    config::{Config, ROOT_DATA_DIR},
    failure::Failure,
};
use sha2::{Digest, Sha256};
use std::{
    fs::DirBuilder,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

/// A socket's address holds 108 bytes; the spec keeps 100.
const SOCKET_PATH_LIMIT: usize = 100;

/// The folder `pg` with one folder per release, the lock files and the passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub root: PathBuf,
    /// Set when the wanted place was not reachable for the account: what was wanted and why not.
    pub moved_from: Option<(PathBuf, PathBuf)>,
}

impl Place {
    /// `$MILLRACE_DATA_DIR/pg`, or, when the account cannot get there, a folder below root's default
    /// that carries a hash of the wanted path, so that two checkouts never share a database.
    ///
    /// # Errors
    /// 78 when no place can be made.
    pub fn choose(config: &Config, account: &Account) -> Result<Self, Failure> {
        Self::choose_with(&config.data_dir, Path::new(ROOT_DATA_DIR), account)
    }

    fn choose_with(data_dir: &Path, fallback: &Path, account: &Account) -> Result<Self, Failure> {
        files::private_dir(data_dir)?;
        let real = std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        let wanted = real.join("pg");
        files::private_dir(&wanted)?;
        let Some(barred) = account.barred_at(&wanted).filter(|_| account.is_other()) else {
            return Ok(Self { root: wanted, moved_from: None });
        };
        let root = fallback.join(&short_hash(&wanted)[..12]).join("pg");
        files::private_dir(&root)?;
        if let Some(still) = account.barred_at(&root) {
            return Err(Failure::config(format!(
                "Account {} can pass through neither {} nor {}. Give a place it can reach with MILLRACE_DATA_DIR.",
                account.name,
                barred.display(),
                still.display()
            )));
        }
        let barred = barred.to_owned();
        Ok(Self { root, moved_from: Some((wanted, barred)) })
    }

    /// Releases whose data is here.
    #[must_use]
    pub fn releases(&self) -> Vec<u32> {
        let mut found: Vec<u32> = std::fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        found.sort_unstable();
        found
    }

    /// Refuses to start a new, empty database beside data of another release.
    ///
    /// # Errors
    /// 78 with the steps.
    pub fn check_release(&self, major: u32) -> Result<(), Failure> {
        let present = self.releases();
        match present.last() {
            Some(old) if !present.contains(&major) => {
                let root = self.root.display();
                Err(Failure::config(format!(
                    "The data in {root}/{old} was written by PostgreSQL {old}; the binaries found are {major} ({OLDEST_MAJOR} or newer is needed). Nothing was touched. Either name the old binaries with MILLRACE_PG_BIN, or move the data over:\n  1. MILLRACE_PG_BIN=<folder of PostgreSQL {old}> millrace backup --out millrace.dump (or db start, then pg_dump -Fc \"$(millrace db url --owner)\")\n  2. mv {root}/{old} {root}/{old}.old\n  3. millrace migrate (makes a database of release {major})\n  4. pg_restore --clean --if-exists --dbname \"$(millrace db url --owner)\" millrace.dump"
                )))
            }
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn data(&self, major: u32) -> PathBuf {
        self.root.join(major.to_string())
    }

    /// Folder of the socket: the data folder, or a short one in `/tmp` when the path gets too long.
    ///
    /// # Errors
    /// 78 when the short folder belongs to somebody else.
    pub fn socket_dir(&self, major: u32, account: &Account) -> Result<PathBuf, Failure> {
        let data = self.data(major);
        if data.as_os_str().len() + "/.s.PGSQL.5432.lock".len() <= SOCKET_PATH_LIMIT {
            return Ok(data);
        }
        let dir = PathBuf::from(format!("/tmp/millrace-{}-{}", account.uid, &short_hash(&data)[..8]));
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => account.own(&dir)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::config(format!("{}: {error}", dir.display()))),
        }
        // `/tmp` is everybody's: a folder laid there by another account, or a link, would catch our password.
        let meta = std::fs::symlink_metadata(&dir).map_err(|e| Failure::config(format!("{}: {e}", dir.display())))?;
        if !meta.is_dir() || meta.uid() != account.uid.as_raw() || meta.mode() & 0o077 != 0 {
            return Err(Failure::config(format!(
                "{} is not a private folder of the database's account; remove it",
                dir.display()
            )));
        }
        Ok(dir)
    }
}

fn short_hash(path: &Path) -> String {
    files::hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(root: &Path) -> Place {
        Place { root: root.to_owned(), moved_from: None }
    }

    #[test]
    fn data_of_another_release_stops_the_start_and_says_how_to_go_on() {
        let dir = tempfile::tempdir().expect("dir");
        std::fs::create_dir(dir.path().join("14")).expect("dir");
        let error = place(dir.path()).check_release(15).expect_err("other release");
        assert_eq!(error.exit, 78);
        assert!(error.message.contains("pg_restore") && error.message.contains("Nothing was touched"));
        std::fs::create_dir(dir.path().join("15")).expect("dir");
        assert!(place(dir.path()).check_release(15).is_ok());
    }

    #[test]
    fn a_place_the_account_cannot_reach_is_exchanged_for_one_it_can() {
        use std::os::unix::fs::PermissionsExt;
        let config = Config::load(&crate::config::Sources::of("test", [])).expect("defaults");
        let account = Account::choose(&config).expect("account");
        if !account.is_other() {
            return; // Only root lends the server another account.
        }
        let set =
            |dir: &Path, mode| std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode)).expect("chmod");
        let (closed, fallback) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        set(fallback.path(), 0o755);
        set(closed.path(), 0o700);
        let moved = Place::choose_with(&closed.path().join("data"), fallback.path(), &account).expect("fallback");
        assert!(moved.root.starts_with(fallback.path()));
        assert_eq!(moved.moved_from.map(|(_, barred)| barred), Some(closed.path().canonicalize().expect("path")));
        set(closed.path(), 0o755);
        let there = Place::choose_with(&closed.path().join("data"), fallback.path(), &account).expect("wanted");
        assert_eq!((there.root, there.moved_from), (closed.path().canonicalize().expect("path").join("data/pg"), None));
    }

    #[test]
    fn two_places_never_share_the_short_name() {
        assert_ne!(short_hash(Path::new("/a/pg")), short_hash(Path::new("/b/pg")));
    }
}
