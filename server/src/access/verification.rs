//! From a cookie, bearer token or personal token to the one behind it.

use super::{
    Doorkeeper, bearer,
    secret::{Digest, digest, reference},
    web_sessions::Data,
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{ActorKind, Permission, Principal, RequestTrace, Rights, SessionKind, SignedInUser},
    freshness::ErrorClass,
    ids::UserId,
};
use std::sync::{Arc, atomic::Ordering};
use store::access::{
    sessions::{self, Holder},
    tokens,
};
use tokio::time::timeout;
use uuid::Uuid;

/// Within this a lost connection is found to be an outage, or not.
const OUTAGE_KNOWN_WITHIN: std::time::Duration = std::time::Duration::from_millis(300);

/// Start of every personal token, so that people and scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "mr_pat_";

/// What a request came with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credential {
    #[default]
    None,
    /// Browser session; the secret id itself, needed for its CSRF token.
    Web(SessionId),
    Jwt(Digest),
    Token(Digest),
}

/// The secret id of a browser session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(pub(crate) String);

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(…)")
    }
}

impl Credential {
    /// Hash under which the session or token is kept.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::None => None,
            Self::Web(id) => Some(digest(&id.0)),
            Self::Jwt(hash) | Self::Token(hash) => Some(*hash),
        }
    }
}

/// A session or token that was found good, as it is held in memory.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) holder: Option<Holder>,
    pub(super) rights: Rights,
    pub(super) token: Option<(Uuid, String, Vec<Permission>)>,
    pub(super) expires_at: DateTime<Utc>,
    /// The end that no request puts off; while the database is away none can be.
    pub(super) ends_at: DateTime<Utc>,
    pub(super) data: Data,
    /// Size of `data` as JSON.
    pub(super) data_bytes: usize,
}

impl Verified {
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        self.holder.as_ref().map(|holder| holder.user_id)
    }

    /// The principal of a request with this session or token; `None` for a browser that is not signed in.
    #[must_use]
    pub fn principal(&self, credential: &Credential, mut trace: RequestTrace) -> Option<Principal> {
        let holder = self.holder.as_ref()?;
        trace.session_ref = credential.digest().as_ref().map(reference);
        let (kind, label) = match &self.token {
            Some((_, name, _)) => (ActorKind::Token, format!("{} · {name}", holder.email)),
            None => (ActorKind::User, holder.email.clone()),
        };
        Some(Principal::vouch(kind, Some(holder.user_id), label, self.rights.clone(), trace))
    }

    #[must_use]
    pub fn user(&self) -> Option<SignedInUser> {
        self.holder.as_ref().map(|holder| SignedInUser {
            id: UserId(holder.user_id),
            email: holder.email.clone(),
            display_name: holder.display_name.clone(),
            role: holder.role,
            rights: self.rights.clone(),
            auto_refresh: holder.auto_refresh,
        })
    }

    /// Scopes of the personal token, if it is one.
    #[must_use]
    pub fn scopes(&self) -> Option<&[Permission]> {
        self.token.as_ref().map(|(_, _, scopes)| scopes.as_slice())
    }
}

impl Doorkeeper {
    /// The credential in an `Authorization` header's value.
    ///
    /// # Errors
    /// `unauthenticated` when it is of no known kind or its signature is wrong.
    pub fn read_authorization(&self, value: &str) -> Result<Credential, AppError> {
        let secret = value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim())
            .ok_or_else(AppError::unauthenticated)?;
        if secret.starts_with(TOKEN_PREFIX) {
            return Ok(Credential::Token(digest(secret)));
        }
        let claims = bearer::read(&self.settings.keys, secret, self.now()).ok_or_else(AppError::unauthenticated)?;
        Ok(Credential::Jwt(digest(&claims.sid)))
    }

    /// Whether the credential is good now. Believed for at most five seconds without asking again; while the
    /// database is away, for an hour after it was last found good.
    ///
    /// # Errors
    /// `unavailable` when the database cannot be asked.
    pub async fn verify(
        &self,
        credential: &Credential,
        trace: &RequestTrace,
    ) -> Result<Option<Arc<Verified>>, AppError> {
        let Some(hash) = credential.digest() else { return Ok(None) };
        if let Some(held) = self.verified.get(&hash).await {
            return Ok((held.expires_at > self.now()).then_some(held));
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        let breaker = &self.backend.breaker;
        let found = tokio::select! {
            biased;
            () = breaker.opened() => return self.remembered(&hash).await,
            found = self.look_up(credential, &hash, trace) => found,
        };
        let found = match found {
            Ok(found) => found,
            // The connection broke off: the probe finds out at this moment what that means.
            Err(error) if error.cause == Some(ErrorClass::Connection) => {
                return match timeout(OUTAGE_KNOWN_WITHIN, breaker.opened()).await {
                    Ok(()) => self.remembered(&hash).await,
                    Err(_) => Err(error),
                };
            }
            Err(error) => return Err(error),
        };
        let Some(found) = found else { return Ok(None) };
        let found = Arc::new(found);
        self.verified.insert(hash, Arc::clone(&found)).await;
        self.remembered.insert(hash, Arc::clone(&found)).await;
        // Somebody's session ended while this one was read: do not keep what may be outdated.
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.verified.invalidate(&hash).await;
            self.remembered.invalidate(&hash).await;
        }
        Ok(Some(found))
    }

    /// As it was when it was last found good.
    async fn remembered(&self, hash: &Digest) -> Result<Option<Arc<Verified>>, AppError> {
        match self.remembered.get(hash).await {
            Some(held) => Ok((held.ends_at > self.now()).then_some(held)),
            None => Err(AppError::unavailable(
                "The database cannot be reached just now, so nobody can sign in. Try again in a moment.",
            )),
        }
    }

    async fn look_up(
        &self,
        credential: &Credential,
        hash: &Digest,
        trace: &RequestTrace,
    ) -> Result<Option<Verified>, AppError> {
        let now = self.now();
        let mut connection = store::acquire(&self.backend.pools.auth).await?;
        match credential {
            Credential::None => Ok(None),
            Credential::Token(_) => {
                let Some(token) = tokens::live(&mut connection, hash, now).await? else { return Ok(None) };
                if token.last_used_at.is_none_or(|at| now - at >= Duration::minutes(1)) {
                    tokens::used(&mut connection, token.id, trace.ip, now).await?;
                }
                Ok(Some(Verified {
                    rights: Rights::of(token.holder.role, &token.holder.sets).restricted_to(&token.scopes),
                    holder: Some(token.holder),
                    token: Some((token.id, token.name, token.scopes)),
                    expires_at: token.expires_at,
                    ends_at: token.expires_at,
                    data: Data::new(),
                    data_bytes: 0,
                }))
            }
            Credential::Web(_) | Credential::Jwt(_) => {
                let wanted = if matches!(credential, Credential::Web(_)) { SessionKind::Web } else { SessionKind::Jwt };
                let Some(session) = sessions::live(&mut connection, hash, now).await?.filter(|s| s.kind == wanted)
                else {
                    return Ok(None);
                };
                let data = session.data;
                let mut expires_at = session.absolute_expires_at;
                if wanted == SessionKind::Web {
                    expires_at = expires_at.min(now + self.settings.sessions.idle);
                    if now - session.last_seen_at >= Duration::minutes(1) {
                        sessions::touch(&mut connection, hash, now, expires_at).await?;
                    }
                }
                Ok(Some(Verified {
                    rights: session.holder.as_ref().map(|h| Rights::of(h.role, &h.sets)).unwrap_or_default(),
                    holder: session.holder,
                    token: None,
                    expires_at,
                    ends_at: session.absolute_expires_at,
                    data_bytes: data.as_object().filter(|d| !d.is_empty()).map_or(0, |_| data.to_string().len()),
                    data: data.as_object().map(|d| d.clone().into_iter().collect()).unwrap_or_default(),
                }))
            }
        }
    }
}
