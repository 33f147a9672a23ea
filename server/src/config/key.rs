//! The master key and the keys derived from it.

use super::Config;
use crate::{database::files, failure::Failure};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;

/// What a derived key is for; a key of one purpose tells nothing about another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLabel {
    Cookie,
    Jwt,
    Seal,
    Field,
    Ticket,
}

impl KeyLabel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Jwt => "jwt",
            Self::Seal => "seal",
            Self::Field => "field",
            Self::Ticket => "ticket",
        }
    }
}

/// At least 32 bytes from which all other keys come (HKDF-SHA-256).
#[derive(Clone)]
pub struct MasterKey(Vec<u8>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

impl MasterKey {
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// From the configuration, else from `secret.key` of the data folder, made on the first start.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub fn load(config: &Config) -> Result<Self, Failure> {
        if let Some(secret) = &config.secret_key {
            return Ok(Self::new(secret.expose()));
        }
        files::private_dir(&config.data_dir)?;
        files::secret(&config.data_dir.join("secret.key")).map(Self::new)
    }

    /// # Panics
    /// Never: HKDF-SHA-256 gives up to 8,160 bytes.
    #[must_use]
    pub fn derive(&self, label: KeyLabel) -> [u8; 32] {
        let mut key = [0_u8; 32];
        // Longer than 255 hashes is the only failure of `expand`; 32 bytes are one.
        let _ = Hkdf::<Sha256>::new(None, &self.0).expand(label.as_str().as_bytes(), &mut key);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_part_the_keys_and_the_same_label_gives_the_same() {
        let key = MasterKey::new(b"0123456789abcdef0123456789abcdef".to_vec());
        assert_eq!(key.derive(KeyLabel::Jwt), key.derive(KeyLabel::Jwt));
        assert_ne!(key.derive(KeyLabel::Jwt), key.derive(KeyLabel::Cookie));
        assert_ne!(key.derive(KeyLabel::Jwt), [0; 32]);
    }
}
