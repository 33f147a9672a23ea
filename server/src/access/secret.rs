//! Secrets: made from the system's randomness, kept as hashes, keyed from the one secret key.

use crate::config::{KeyLabel, MasterKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{AppError, access::Password};
use hmac::{Hmac, KeyInit, Mac};
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// SHA-256 of a secret; what is stored in its place.
pub type Digest = [u8; 32];

/// 256 random bits as 43 characters.
///
/// # Errors
/// `internal` when the system gives no randomness.
pub fn random() -> Result<String, AppError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// Random bytes of the system.
///
/// # Errors
/// `internal` when the system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], AppError> {
    let mut bytes = [0_u8; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no randomness");
        AppError::internal()
    })?;
    Ok(bytes)
}

#[must_use]
pub fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`hex`] wrote.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// First 8 hex digits of a hash: enough to find a session in a log, too little to be one.
#[must_use]
pub fn reference(digest: &Digest) -> String {
    hex(&digest[..4])
}

/// What access needs of one master key.
#[derive(Clone)]
struct KeySet {
    cookie: [u8; 32],
    jwt: [u8; 32],
    field: [u8; 32],
}

/// Keys of cookies and bearer tokens. The previous secret key still verifies what it once signed.
#[derive(Clone)]
pub struct Keys {
    current: KeySet,
    previous: Option<KeySet>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// From `MILLRACE_SECRET_KEY` and, while it is being changed, `MILLRACE_SECRET_KEY_PREVIOUS`.
    #[must_use]
    pub fn derive(current: &MasterKey, previous: Option<&MasterKey>) -> Self {
        Self { current: KeySet::derive(current), previous: previous.map(KeySet::derive) }
    }

    /// The key that signs bearer tokens.
    pub(super) const fn jwt(&self) -> &[u8; 32] {
        &self.current.jwt
    }

    /// The keys that verify bearer tokens.
    pub(super) fn jwt_all(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.current.jwt).chain(self.previous.as_ref().map(|keys| &keys.jwt))
    }

    /// Keyed hash of a typed name: what lock-out counts by.
    pub(super) fn account(&self, name: &str) -> Digest {
        hmac(&self.current.cookie, &[b"account\0", name.trim().to_lowercase().as_bytes()])
    }

    /// Keyed hash of a payment provider's token: tells the same means of payment again, and nothing else.
    #[must_use]
    pub fn fingerprint(&self, token: &str) -> Digest {
        hmac(&self.current.field, &[b"payment\0", token.trim().as_bytes()])
    }

    /// The key that seals fields and tickets, and the first bytes of its name.
    pub(super) fn sealing(&self) -> ([u8; 4], Digest) {
        self.current.sealing()
    }

    /// The keys that open fields and tickets, by name.
    pub(super) fn sealing_all(&self) -> impl Iterator<Item = ([u8; 4], Digest)> {
        std::iter::once(&self.current).chain(&self.previous).map(KeySet::sealing)
    }

    /// Keyed hash of a phone number in E.164: finds the number again.
    #[must_use]
    pub fn phone(&self, e164: &str) -> Digest {
        self.current.phone(e164)
    }

    /// What [`Keys::phone`] gave for the number under this key or the one before.
    #[must_use]
    pub fn phones(&self, e164: &str) -> Vec<Vec<u8>> {
        std::iter::once(&self.current).chain(&self.previous).map(|keys| keys.phone(e164).to_vec()).collect()
    }

    /// Keyed hash of personal text: tells whether two are the same, where the text itself may not stand.
    #[must_use]
    pub fn personal(&self, text: &str) -> Digest {
        hmac(&self.current.field, &[b"personal\0", text.as_bytes()])
    }

    /// Keyed hash of a typed password: tells only whether the same was typed again.
    #[must_use]
    pub fn typed(&self, password: &Password) -> Digest {
        hmac(&self.current.field, &[b"password\0", password.reveal().as_bytes()])
    }

    /// The CSRF token of a session: nothing to store, useless for another session.
    #[must_use]
    pub fn csrf(&self, session_id: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac(&self.current.cookie, &[b"csrf\0", session_id.as_bytes()]))
    }

    /// Whether `given` is the CSRF token of the session.
    #[must_use]
    pub fn is_csrf(&self, session_id: &str, given: &str) -> bool {
        std::iter::once(&self.current).chain(&self.previous).any(|keys| {
            let wanted = BASE64_URL_SAFE_NO_PAD.encode(hmac(&keys.cookie, &[b"csrf\0", session_id.as_bytes()]));
            wanted.as_bytes().ct_eq(given.as_bytes()).into()
        })
    }
}

impl KeySet {
    fn derive(master: &MasterKey) -> Self {
        Self {
            cookie: master.derive(KeyLabel::Cookie),
            jwt: master.derive(KeyLabel::Jwt),
            field: master.derive(KeyLabel::Field),
        }
    }

    fn sealing(&self) -> ([u8; 4], Digest) {
        let name = hmac(&self.field, &[b"name of the sealing key\0"]);
        ([name[0], name[1], name[2], name[3]], hmac(&self.field, &[b"sealing\0"]))
    }

    fn phone(&self, e164: &str) -> Digest {
        hmac(&self.field, &[b"phone\0", e164.as_bytes()])
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Digest {
    // A key shorter than the block of the hash is filled up with zeros (RFC 2104).
    let mut block = [0_u8; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(current: u8, previous: Option<u8>) -> Keys {
        let master = |byte: u8| MasterKey::new(vec![byte; 32]);
        Keys::derive(&master(current), previous.map(master).as_ref())
    }

    #[test]
    fn a_csrf_token_fits_its_session_and_outlives_a_key_change_by_one() {
        let old = keys(1, None);
        let token = old.csrf("session");
        assert!(old.is_csrf("session", &token) && !old.is_csrf("other", &token) && !old.is_csrf("session", ""));
        assert!(keys(2, Some(1)).is_csrf("session", &token));
        assert!(!keys(2, None).is_csrf("session", &token));
    }

    #[test]
    fn names_are_counted_whatever_their_case() {
        let keys = keys(1, None);
        assert_eq!(keys.account(" Ada@Mill.Example"), keys.account("ada@mill.example"));
    }

    #[test]
    fn hex_reads_back() {
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!((unhex("0"), unhex("zz"), unhex("é0")), (None, None, None));
    }
}
