//! Sealing what only this program may read again: XChaCha20-Poly1305 under a key of the secret key's, each seal with
//! its purpose, so that nothing sealed for one passes for another.

use super::secret::{Digest, Keys, random_bytes};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};

const NONCE: usize = 24;

/// Nonce and sealed text; `None` when the system gives no randomness.
pub(super) fn seal(key: Digest, purpose: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let nonce = random_bytes::<NONCE>().ok()?;
    let sealed =
        XChaCha20Poly1305::new(&key.into()).encrypt(&nonce.into(), Payload { msg: text, aad: purpose }).ok()?;
    Some([&nonce[..], &sealed].concat())
}

/// `None` for whatever none of `keys` has sealed for this purpose.
pub(super) fn open(keys: impl IntoIterator<Item = Digest>, purpose: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    keys.into_iter().find_map(|key| {
        XChaCha20Poly1305::new(&key.into()).decrypt(&nonce.into(), Payload { msg: sealed, aad: purpose }).ok()
    })
}

impl Keys {
    /// Seals a field of the database; `None` when the system gives no randomness.
    #[must_use]
    pub fn seal_field(&self, purpose: &str, text: &[u8]) -> Option<Vec<u8>> {
        seal(self.field(), purpose.as_bytes(), text)
    }

    /// `None` for what was not sealed for this purpose by this installation.
    #[must_use]
    pub fn open_field(&self, purpose: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        open(self.field_all(), purpose.as_bytes(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MasterKey;

    #[test]
    fn what_is_sealed_is_read_with_the_same_key_for_the_same_purpose_only() {
        let (old, new) = (MasterKey::new([1; 32]), MasterKey::new([2; 32]));
        let keys = Keys::derive(&old, None);
        let sealed = keys.seal_field("a", b"text").unwrap();
        assert_eq!(keys.open_field("a", &sealed).unwrap(), b"text");
        assert_ne!(sealed, keys.seal_field("a", b"text").unwrap(), "each seal has its own nonce");
        assert_eq!(keys.open_field("b", &sealed), None);
        assert_eq!(keys.open_field("a", &sealed[1..]), None);
        assert_eq!(Keys::derive(&new, None).open_field("a", &sealed), None);
        assert_eq!(Keys::derive(&new, Some(&old)).open_field("a", &sealed).unwrap(), b"text");
    }
}
