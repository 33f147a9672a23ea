//! Personal fields at rest: sealed under a key that the database has not, bound to their place, so that a value
//! moved to another row or column does not open.

use super::secret::{Digest, Keys, random_bytes};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use chrono::{DateTime, Utc};
use domain::{AppError, customers::PersonalField, ids::CustomerId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

const NONCE: usize = 24;
/// First bytes of a sealed value: which key it is under.
const KEY_ID: usize = 4;
const TICKET: &[u8] = b"customer reveal 1";

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: Uuid,
}

impl Place<'_> {
    fn words(self) -> Vec<u8> {
        [self.table.as_bytes(), b"\0", self.column.as_bytes(), b"\0", self.row.as_bytes()].concat()
    }
}

/// Lets a page show personal data that its reader has just revealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealTicket {
    pub customer: CustomerId,
    pub reader: Uuid,
    pub fields: Vec<PersonalField>,
    pub until: DateTime<Utc>,
}

impl Keys {
    /// `key id ‖ nonce ‖ sealed text`.
    ///
    /// # Errors
    /// `internal` when the system gives no randomness.
    pub fn seal(&self, place: Place<'_>, text: &str) -> Result<Vec<u8>, AppError> {
        let (id, key) = self.sealing();
        sealed(&id, &key, text.as_bytes(), &place.words())
    }

    /// `None`: it was sealed under another key, for another place, or not by us.
    #[must_use]
    pub fn open(&self, place: Place<'_>, bytes: &[u8]) -> Option<String> {
        self.opened(bytes, &place.words()).and_then(|text| String::from_utf8(text).ok())
    }

    /// # Errors
    /// `internal` when the system gives no randomness.
    pub fn seal_ticket(&self, ticket: &RevealTicket) -> Result<String, AppError> {
        self.seal_as(TICKET, ticket)
    }

    /// `None` for whatever we did not seal.
    #[must_use]
    pub fn open_ticket(&self, text: &str) -> Option<RevealTicket> {
        self.open_as(TICKET, text)
    }

    /// A value as sealed text; nothing sealed for another purpose opens in its place.
    pub(super) fn seal_as(&self, purpose: &[u8], value: &impl Serialize) -> Result<String, AppError> {
        let text = serde_json::to_vec(value).map_err(|_| AppError::internal())?;
        let (id, key) = self.sealing();
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed(&id, &key, &text, purpose)?))
    }

    /// `None` for whatever we did not seal for the purpose.
    pub(super) fn open_as<T: DeserializeOwned>(&self, purpose: &[u8], text: &str) -> Option<T> {
        let text = self.opened(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?, purpose)?;
        serde_json::from_slice(&text).ok()
    }

    fn opened(&self, bytes: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        let (id, rest) = bytes.split_at_checked(KEY_ID)?;
        let (nonce, text) = rest.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let key = self.sealing_all().find(|(known, _)| known == id).map(|(_, key)| key)?;
        XChaCha20Poly1305::new(&key.into()).decrypt(&nonce.into(), Payload { msg: text, aad }).ok()
    }
}

fn sealed(id: &[u8], key: &Digest, text: &[u8], aad: &[u8]) -> Result<Vec<u8>, AppError> {
    let nonce = random_bytes::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: text, aad }).map_err(|_| AppError::internal())?;
    Ok([id, &nonce[..], &sealed].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MasterKey;

    fn keys(current: u8, previous: Option<u8>) -> Keys {
        let master = |byte: u8| MasterKey::new(vec![byte; 32]);
        Keys::derive(&master(current), previous.map(master).as_ref())
    }

    #[test]
    fn a_value_opens_in_its_place_only_and_outlives_a_key_change_by_one() {
        let place = Place { table: "sales.customers", column: "phone", row: Uuid::from_u128(1) };
        let old = keys(1, None);
        let sealed = old.seal(place, "+447700900123").unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"900123"));
        assert_ne!(sealed, old.seal(place, "+447700900123").unwrap(), "every sealing differs");
        assert_eq!(old.open(place, &sealed).as_deref(), Some("+447700900123"));
        assert_eq!(keys(2, Some(1)).open(place, &sealed).as_deref(), Some("+447700900123"));
        assert_eq!(keys(2, None).open(place, &sealed), None);
        assert_eq!(old.open(Place { row: Uuid::from_u128(2), ..place }, &sealed), None);
        assert_eq!(old.open(Place { column: "address", ..place }, &sealed), None);
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert_eq!(old.open(place, &bent), None);
        assert_eq!(old.open(place, b"short"), None);
    }

    #[test]
    fn a_ticket_is_no_field_and_a_field_no_ticket() {
        let keys = keys(1, None);
        let ticket = RevealTicket {
            customer: CustomerId(Uuid::from_u128(1)),
            reader: Uuid::from_u128(2),
            fields: vec![PersonalField::Phone],
            until: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        };
        let text = keys.seal_ticket(&ticket).unwrap();
        assert_eq!(keys.open_ticket(&text), Some(ticket));
        assert_eq!(keys.open_ticket("nonsense"), None);
    }
}
