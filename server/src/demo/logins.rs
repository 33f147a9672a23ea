//! The three log-ins of the demo world. Their passwords are made at random and kept in a file that only
//! its owner can read while demo rows exist, so that every start can print them.

use crate::{
    access::{password::Hasher, secret},
    backend::Backend,
};
use domain::{
    AppError,
    access::{Password, Role},
    demo::DEMO_USERS,
};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use store::access::users;

const FILE: &str = "demo-logins.txt";
/// Characters of a password; 20 of 64 are 120 bits.
const CHARACTERS: usize = 20;

/// One log-in, for printing.
#[derive(Clone, PartialEq, Eq)]
pub struct LogIn {
    pub email: String,
    pub password: String,
}

impl std::fmt::Debug for LogIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogIn").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Keeps the log-ins in the data directory. The default keeps none, so that no accounts are made
/// whose passwords nobody could learn.
#[derive(Debug, Clone, Default)]
pub struct LogIns {
    file: Option<PathBuf>,
}

impl LogIns {
    #[must_use]
    pub fn kept_in(data_dir: &Path) -> Self {
        Self { file: Some(data_dir.join(FILE)) }
    }

    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The log-ins as the file has them; none when there is no file.
    #[must_use]
    pub fn read(&self) -> Vec<LogIn> {
        let text = self.path().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let (email, password) = line.split_once(char::is_whitespace)?;
                DEMO_USERS
                    .contains(&email)
                    .then(|| LogIn { email: email.to_owned(), password: password.trim().to_owned() })
            })
            .collect()
    }

    /// Makes sure that the three accounts exist and that the file opens them.
    ///
    /// # Errors
    /// When the file cannot be written or a statement fails.
    pub(super) async fn ensure(&self, backend: &Backend) -> Result<(), AppError> {
        let Some(file) = self.path() else { return Ok(()) };
        let known: BTreeMap<String, String> = self.read().into_iter().map(|l| (l.email, l.password)).collect();
        let mut logins = Vec::new();
        for email in DEMO_USERS {
            let password = match known.get(email) {
                Some(password) => password.clone(),
                None => secret::random()?.chars().filter(char::is_ascii_alphanumeric).take(CHARACTERS).collect(),
            };
            logins.push((email, password, known.contains_key(email)));
        }
        // File first: an account whose password nobody knows is worse than a line without account.
        write(file, &logins).map_err(|e| {
            tracing::error!(error = %e, file = %file.display(), "demo log-ins cannot be written");
            AppError::unavailable(format!(
                "The file of the demo log-ins cannot be written: {e}. Check the data directory."
            ))
        })?;
        let hasher = Hasher::new()?;
        let mut tx = store::begin(&backend.pools.jobs).await?;
        for (email, password, was_known) in logins {
            let found = users::by_name(&mut tx, email).await?;
            if found.is_some() && was_known {
                continue;
            }
            let hash = hasher.hash(&Password::new(password)).await?;
            let now = backend.clock.now();
            match found {
                Some(user) => users::set_password(&mut tx, user.id, &hash, false, now).await?,
                None => {
                    let name = email.split('@').next().unwrap_or(email);
                    let user = users::NewUser {
                        id: backend.clock.new_id(),
                        email,
                        username: None,
                        display_name: &format!("Demo {name}"),
                        password_hash: Some(&hash),
                        role: Role::parse(name),
                        must_change_password: false,
                    };
                    users::insert(&mut tx, user, now).await?;
                }
            }
        }
        store::commit(tx).await?;
        Ok(())
    }

    /// Takes the file away with the demo rows.
    pub(super) fn forget(&self) {
        let Some(file) = self.path() else { return };
        if let Err(error) = fs::remove_file(file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(error = %error, file = %file.display(), "the file of the demo log-ins stays; remove it by hand");
        }
    }
}

/// Writes the file anew, unless it says all of it already.
fn write(file: &Path, logins: &[(&str, String, bool)]) -> io::Result<()> {
    if logins.iter().all(|(_, _, was_known)| *was_known) {
        return Ok(());
    }
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir)?;
    }
    let written = file.with_extension("new");
    // A leftover of a broken-off start may have other rights than the new file gets.
    let _ = fs::remove_file(&written);
    let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&written)?;
    for (email, password, _) in logins {
        writeln!(new, "{email} {password}")?;
    }
    new.sync_all()?;
    fs::rename(&written, file)
}
