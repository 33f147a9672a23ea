//! Browser sessions as tower-sessions loads and saves them, kept in `access.sessions`. The library
//! reads and writes the cookie and calls this store; how long a session lives, whose it is and why
//! it ended stay columns of the table, so that they can be listed, audited and ended from anywhere.

use super::{
    Doorkeeper,
    secret::{self, digest},
    verification::{Credential, SessionId},
};
use async_trait::async_trait;
use domain::{
    AppError,
    access::{RequestTrace, SessionKind},
};
use std::{collections::HashMap, sync::Arc};
use store::access::sessions::{self, NewSession};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{self, Id, Record},
    session_store::{Error, Result},
};

/// In a record that is to be created: the id of the row that a transaction of ours has opened
/// already, together with its audit row. It never reaches the table.
const OPENED: &str = "opened";
/// A refused form on its way to the page that shows it.
pub(super) const NOTE: &str = "note";

/// What a session holds besides its owner.
pub(super) type Data = HashMap<String, serde_json::Value>;

/// The store behind the session layer.
#[derive(Debug, Clone)]
pub struct WebSessions(Arc<Doorkeeper>);

impl WebSessions {
    #[must_use]
    pub const fn new(door: Arc<Doorkeeper>) -> Self {
        Self(door)
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        store::acquire(&self.0.backend.pools.auth).await.map_err(|error| carried(&error.into()))
    }
}

#[async_trait]
impl SessionStore for WebSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        if let Some(opened) = record.data.remove(OPENED) {
            let id = opened.as_str().and_then(|text| text.parse().ok());
            record.id = id.ok_or_else(|| carried(&AppError::internal()))?;
            return if record.data.is_empty() { Ok(()) } else { self.save(record).await };
        }
        record.id = random_id().map_err(|error| carried(&error))?;
        let (now, policy) = (self.0.now(), self.0.settings.sessions);
        let session = NewSession {
            id_hash: &digest(&record.id.to_string()),
            kind: SessionKind::Web,
            user_id: None,
            created_at: now,
            expires_at: now + policy.idle.min(policy.absolute),
            absolute_expires_at: now + policy.absolute,
            ip: None,
            user_agent: None,
        };
        sessions::insert(&mut *self.connection().await?, session).await.map_err(|error| carried(&error.into()))?;
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let hash = digest(&record.id.to_string());
        let data = serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        let saved = sessions::save(&mut *self.connection().await?, &hash, &data).await;
        self.0.forget(&hash).await;
        saved.map_err(|error| carried(&error.into()))
    }

    /// One query, or none while the session is believed; the caller's rights come with it.
    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let credential = Credential::Web(SessionId::of(*id));
        let found = self.0.verify(&credential, &RequestTrace::default()).await.map_err(|error| carried(&error))?;
        let away = self.0.backend.breaker.is_open();
        Ok(found.map(|verified| {
            let end = if away { verified.ends_at } else { verified.expires_at };
            Record {
                id: *id,
                data: verified.data.clone(),
                expiry_date: OffsetDateTime::from_unix_timestamp(end.timestamp()).unwrap_or(OffsetDateTime::UNIX_EPOCH),
            }
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let hash = digest(&id.to_string());
        let ended = sessions::end(&mut *self.connection().await?, &hash, None, self.0.now(), "ended").await;
        self.0.forget(&hash).await;
        ended.map(|_| ()).map_err(|error| carried(&error.into()))
    }
}

impl SessionId {
    /// As it stands in the cookie.
    #[must_use]
    pub fn of(id: Id) -> Self {
        Self(id.to_string())
    }
}

/// The secret id of a new browser session, from the system's randomness.
pub(super) fn new_id() -> std::result::Result<SessionId, AppError> {
    random_id().map(SessionId::of)
}

fn random_id() -> std::result::Result<Id, AppError> {
    Ok(Id(i128::from_le_bytes(secret::random_bytes()?)))
}

/// Lets the browser go on with the session `id`, which the caller has opened. Nothing of the one
/// before goes with it.
pub(super) async fn adopt(session: &tower_sessions::Session, id: &SessionId) -> std::result::Result<(), AppError> {
    session.clear().await;
    session.cycle_id().await.map_err(told)?;
    session.insert(OPENED, &id.0).await.map_err(told)
}

/// There is a row to keep something in.
pub(super) async fn has_row(session: &tower_sessions::Session) -> std::result::Result<bool, AppError> {
    Ok(session.id().is_some() || session.get_value(OPENED).await.map_err(told)?.is_some())
}

/// Our error through the library's, which knows text only.
fn carried(error: &AppError) -> Error {
    Error::Backend(serde_json::to_string(error).unwrap_or_default())
}

/// The error that went in with [`carried`].
#[must_use]
pub fn told(error: session::Error) -> AppError {
    match error {
        session::Error::Store(Error::Backend(text)) => {
            serde_json::from_str(&text).unwrap_or_else(|_| AppError::internal())
        }
        other => {
            tracing::error!(error = %other, error_code = "internal", "a session could not be read or written");
            AppError::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_through_the_library_as_it_went_in() {
        let error = AppError::unavailable("The database cannot be reached just now.");
        let back = told(session::Error::Store(carried(&error)));
        assert_eq!((back.code, back.message), (error.code, error.message));
    }

    #[test]
    fn ids_are_128_random_bits_that_read_back_as_written() {
        let (one, two) = (new_id().unwrap(), new_id().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.0.len(), 22);
        assert_eq!(one.0.parse::<Id>().unwrap().to_string(), one.0);
    }
}
