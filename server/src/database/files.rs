//! Folders and secret files of the data folder.

use crate::failure::Failure;
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

fn fault(path: &Path, error: &std::io::Error) -> Failure {
    Failure::config(format!("{}: {error}. Give another place with MILLRACE_DATA_DIR.", path.display()))
}

/// Makes the folder and its parents if missing. As root they may be passed through (0711), since
/// Postgres runs as somebody else; what is in them is closed file by file.
///
/// # Errors
/// When it cannot be made.
pub fn private_dir(path: &Path) -> Result<(), Failure> {
    let mode = if nix::unistd::geteuid().is_root() { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|e| fault(path, &e))
}

/// The secret in the file (0600); 64 random hex digits are written when there is none.
///
/// # Errors
/// When the file cannot be read or written.
pub fn secret(path: &Path) -> Result<String, Failure> {
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().len() >= 32 => return Ok(text.trim().to_owned()),
            Ok(_) => {
                return Err(Failure::config(format!("{}: holds no secret of at least 32 characters", path.display())));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(fault(path, &error)),
        }
        // Written aside and linked into place: two processes starting at once agree on one secret, and
        // nobody ever reads half of one.
        let aside = path.with_extension(format!("new-{}", std::process::id()));
        let written =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside).and_then(|mut file| {
                file.write_all(random_hex().as_bytes())?;
                file.sync_all()
            });
        written.map_err(|e| fault(&aside, &e))?;
        let linked = std::fs::hard_link(&aside, path);
        let _ = std::fs::remove_file(&aside);
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fault(path, &error)),
        }
    }
}

/// 32 random bytes as hex.
#[must_use]
pub fn random_hex() -> String {
    hex(&rand::random::<[u8; 32]>())
}

#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Replaces the file as a whole, closed to others.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let aside = path.with_extension("tmp");
    std::fs::write(&aside, text).map_err(|e| fault(&aside, &e))?;
    std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o600)).map_err(|e| fault(&aside, &e))?;
    std::fs::rename(&aside, path).map_err(|e| fault(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_closed_to_others() {
        let dir = tempfile::tempdir().expect("dir");
        let file = dir.path().join("secret.key");
        let first = secret(&file).expect("made");
        assert_eq!(secret(&file).expect("read"), first);
        assert_eq!(first.len(), 64);
        assert_eq!(std::fs::metadata(&file).expect("file").permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "short").expect("write");
        assert!(secret(&file).is_err());
    }
}
