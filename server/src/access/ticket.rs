//! The ticket: an encrypted cookie by which somebody signed in goes on reading last known figures while the
//! database is away, also after this process was started anew (`platform.md` 3.6). It opens nothing while the
//! database answers, and nothing for long.

use super::{
    Credential, Doorkeeper, REMEMBERED_FOR, Verified,
    secret::{Digest, Keys},
    web_sessions::Data,
};
use chrono::{DateTime, Duration, Utc};
use domain::access::{AutoRefresh, PermSet, Rights, Role};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::access::sessions::Holder;
use uuid::Uuid;

/// Cookie of the ticket.
pub const COOKIE: &str = "millrace_ticket";
/// Says what the sealed text is for: nothing sealed for another purpose passes for a ticket.
const PURPOSE: &[u8] = b"outage ticket 1";

#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    session: Digest,
    user_id: Uuid,
    email: String,
    display_name: String,
    role: Option<Role>,
    #[serde(default)]
    auto_refresh: AutoRefresh,
    sets: Vec<PermSet>,
    /// Milliseconds since 1970: the session was found good then.
    issued: i64,
    /// The session ends then at the latest.
    until: DateTime<Utc>,
}

impl Ticket {
    fn sealed(&self, keys: &Keys) -> Option<String> {
        keys.seal_as(PURPOSE, self).ok()
    }

    /// `None` for whatever we did not seal.
    fn opened(text: &str, keys: &Keys) -> Option<Self> {
        keys.open_as(PURPOSE, text)
    }
}

impl Doorkeeper {
    /// A ticket for the browser session, when it was found good just now and has none of this minute.
    pub fn ticket(&self, credential: &Credential, verified: &Verified) -> Option<String> {
        let Credential::Web(_) = credential else { return None };
        let (hash, holder) = (credential.digest()?, verified.holder.as_ref()?);
        if self.backend.breaker.is_open() || holder.must_change_password || self.ticketed.contains_key(&hash) {
            return None;
        }
        let ticket = Ticket {
            session: hash,
            user_id: holder.user_id,
            email: holder.email.clone(),
            display_name: holder.display_name.clone(),
            role: holder.role,
            auto_refresh: holder.auto_refresh,
            sets: holder.sets.clone(),
            issued: self.now().timestamp_millis(),
            until: verified.ends_at,
        };
        let sealed = ticket.sealed(&self.settings.keys)?;
        self.ticketed.insert(hash, ());
        Some(sealed)
    }

    /// Takes a ticket for what it is worth: while the database is away, its session is remembered.
    pub async fn admit_ticket(&self, text: &str, credential: &Credential) {
        let Some(hash) = credential.digest() else { return };
        if !self.backend.breaker.is_open() || self.remembered.contains_key(&hash) {
            return;
        }
        let Some(ticket) = Ticket::opened(text, &self.settings.keys) else { return };
        let Some(issued) = DateTime::from_timestamp_millis(ticket.issued) else { return };
        let lasts = Duration::from_std(REMEMBERED_FOR).unwrap_or_default();
        let void = self.void(&hash, ticket.user_id).is_some_and(|since| issued <= since);
        if ticket.session != hash || void || issued + lasts <= self.now() {
            return;
        }
        let verified = Verified {
            rights: Rights::of(ticket.role, &ticket.sets),
            holder: Some(Holder {
                user_id: ticket.user_id,
                email: ticket.email,
                username: None,
                display_name: ticket.display_name,
                role: ticket.role,
                sets: ticket.sets,
                must_change_password: false,
                auto_refresh: ticket.auto_refresh,
            }),
            token: None,
            expires_at: ticket.until.min(issued + lasts),
            ends_at: ticket.until.min(issued + lasts),
            data: Data::new(),
            data_bytes: 0,
        };
        self.remembered.insert(hash, Arc::new(verified)).await;
    }

    /// Tickets of the session or the user issued until then are worth nothing.
    fn void(&self, session: &Digest, user: Uuid) -> Option<DateTime<Utc>> {
        self.void_sessions.get(session).max(self.void_users.get(&user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MasterKey;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    fn keys(byte: u8) -> Keys {
        Keys::derive(&MasterKey::new(vec![byte; 32]), None)
    }

    #[test]
    fn only_what_we_sealed_opens_and_nothing_can_be_read_from_it() {
        let ticket = Ticket {
            session: [7; 32],
            user_id: Uuid::nil(),
            email: "ada@mill.example".to_owned(),
            display_name: "Ada".to_owned(),
            role: Some(Role::Viewer),
            auto_refresh: AutoRefresh::Off,
            sets: vec![],
            issued: 1_000,
            until: DateTime::UNIX_EPOCH,
        };
        let sealed = ticket.sealed(&keys(1)).unwrap();
        let opened = Ticket::opened(&sealed, &keys(1)).unwrap();
        assert_eq!((opened.session, opened.role, opened.issued), ([7; 32], Some(Role::Viewer), 1_000));
        assert!(Ticket::opened(&sealed, &keys(2)).is_none(), "another installation's key");
        let rotated = Keys::derive(&MasterKey::new(vec![2; 32]), Some(&MasterKey::new(vec![1; 32])));
        assert!(Ticket::opened(&sealed, &rotated).is_some(), "the previous key still opens");
        assert!(!String::from_utf8_lossy(&BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap()).contains("mill"));
        let mut forged = BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        *forged.last_mut().unwrap() ^= 1;
        for bad in ["", "x", "AAAA", &BASE64_URL_SAFE_NO_PAD.encode(&forged), &sealed[..40]] {
            assert!(Ticket::opened(bad, &keys(1)).is_none(), "{bad}");
        }
        assert_ne!(ticket.sealed(&keys(1)), Some(sealed), "never the same text twice");
    }
}
