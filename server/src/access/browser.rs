//! The session of one request: what it came with, and what its answer changes about it.

use super::{
    Doorkeeper, SessionPolicy, bearer,
    password::common_fault,
    secret::{self, digest},
    sign_in::Admitted,
    verification::{Credential, SessionId, Verified},
    web_sessions::{self, NOTE, told},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError, ErrorCode, FieldError,
    access::{
        AutoRefresh, Bearer, ChangePassword, FormNote, Me, Password, PermSet, Principal, RequestTrace, Rights, Role,
        SessionKind, SessionPort, SetUp, SignIn, Theme,
    },
    clock::Clock,
    ids::UserId,
    live::Topic,
    money::Currency,
};
use serde_json::json;
use sqlx::PgConnection;
use std::sync::{Arc, Mutex, PoisonError};
use store::{
    access::{
        attempts, links,
        sessions::{self, NewSession},
        users::{self, NewUser, User},
    },
    audit::Act,
};
use tower_sessions::Session;
use uuid::Uuid;

/// What sealed notes are for.
const TYPED: &[u8] = b"refused form 1";

/// Cookies that go out with the answer, besides the session's.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub theme: Option<Theme>,
    /// A new secret on its way to the next page. It lives in the reader's browser for that long, so
    /// that it is never written down on our side.
    pub once: Option<Password>,
}

/// Bound to one request; clones share it.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    doorkeeper: Arc<Doorkeeper>,
    trace: RequestTrace,
    credential: Credential,
    verified: Option<Arc<Verified>>,
    /// Loaded by the session layer, which saves what is changed here.
    session: Session,
    outgoing: Arc<Mutex<Outgoing>>,
}

impl BrowserSession {
    #[must_use]
    pub fn new(
        doorkeeper: Arc<Doorkeeper>,
        trace: RequestTrace,
        credential: Credential,
        verified: Option<Arc<Verified>>,
        session: Session,
    ) -> Self {
        Self { doorkeeper, trace, credential, verified, session, outgoing: Arc::default() }
    }

    /// What the answer must change, for the layer that writes it.
    #[must_use]
    pub fn outgoing(&self) -> Outgoing {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a refused form till the next page; makes a session without user where there is none.
    ///
    /// # Errors
    /// When the database cannot be written to.
    pub async fn put_note(&self, note: &FormNote) -> Result<(), AppError> {
        if let Some(id) = self.session.id().filter(|_| self.doorkeeper.backend.breaker.is_open()) {
            // Nothing can be written, but what was typed is not lost.
            self.doorkeeper.unwritten_notes.insert(digest(&id.to_string()), Arc::new(note.clone()));
            return Ok(());
        }
        if !web_sessions::has_row(&self.session).await? {
            let mut connection = store::acquire(&self.doorkeeper.backend.pools.auth).await?;
            let id = self.open(&mut connection, SessionKind::Web, None, self.doorkeeper.now()).await?;
            web_sessions::adopt(&self.session, &id).await?;
        }
        // What was typed may be personal: it is kept as such is.
        let sealed = self.doorkeeper.settings.keys.seal_as(TYPED, note)?;
        self.session.insert(NOTE, sealed).await.map_err(told)
    }

    /// The refused form, once.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn take_note(&self) -> Result<Option<FormNote>, AppError> {
        let unwritten =
            self.session.id().and_then(|id| self.doorkeeper.unwritten_notes.remove(&digest(&id.to_string())));
        if let Some(note) = unwritten {
            return Ok(Some(FormNote::clone(&note)));
        }
        // Asked first: taking away counts as a change, which is written.
        if self.session.get_value(NOTE).await.map_err(told)?.is_none() {
            return Ok(None);
        }
        let note = self.session.remove_value(NOTE).await.map_err(told)?;
        Ok(note.and_then(|note| self.doorkeeper.settings.keys.open_as(TYPED, note.as_str()?)))
    }

    /// Opens a session row and answers with its secret id.
    async fn open(
        &self,
        tx: &mut PgConnection,
        kind: SessionKind,
        user: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<SessionId, AppError> {
        let id = match kind {
            SessionKind::Web => web_sessions::new_id()?,
            SessionKind::Jwt => SessionId(secret::random()?),
        };
        let SessionPolicy { idle, absolute, bearer } = self.doorkeeper.settings.sessions;
        let (expires_at, absolute_expires_at) = match kind {
            SessionKind::Web => (now + idle.min(absolute), now + absolute),
            SessionKind::Jwt => (now + bearer, now + bearer),
        };
        let session = NewSession {
            id_hash: &digest(&id.0),
            kind,
            user_id: user,
            created_at: now,
            expires_at,
            absolute_expires_at,
            ip: self.trace.ip,
            user_agent: self.trace.user_agent.as_deref(),
        };
        sessions::insert(tx, session).await?;
        Ok(id)
    }

    /// Ends the browser session the request came with, if any: its id never lives on under another user.
    async fn leave(&self, tx: &mut PgConnection, now: DateTime<Utc>, reason: &str) -> Result<(), AppError> {
        if let (Credential::Web(id), Some(_)) = (&self.credential, &self.verified) {
            sessions::end(tx, &digest(&id.0), None, now, reason).await?;
        }
        Ok(())
    }

    /// Writes a right sign-in down and opens its session.
    async fn enter(&self, admitted: Admitted, kind: SessionKind) -> Result<(SessionId, User, Vec<PermSet>), AppError> {
        let door = &self.doorkeeper;
        let (now, clock) = (door.now(), &door.backend.clock);
        let Admitted { user, attempt, rehashed } = admitted;
        let mut tx = store::begin(&door.backend.pools.auth).await?;
        attempts::succeeded(&mut tx, attempt).await?;
        users::signed_in(&mut tx, user.id, rehashed.as_deref(), now).await?;
        if kind == SessionKind::Web {
            self.leave(&mut tx, now, "replaced").await?;
        }
        let id = self.open(&mut tx, kind, Some(user.id), now).await?;
        let sets: Vec<_> =
            users::grants(&mut tx, &[user.id], now).await?.into_iter().map(|(_, grant)| grant.permission_set).collect();
        let who = self.principal(&user, &sets, &id);
        let act = Act::done("access.sign_in", "user", user.id).after(json!({"kind": kind}));
        store::audit::record(&mut tx, clock.new_id(), now, &who, act).await?;
        store::live::emit(&mut tx, Topic::Audit, "").await?;
        store::commit(tx).await?;
        if let Some(hash) = self.credential.digest() {
            door.forget(&hash).await;
        }
        Ok((id, user, sets))
    }

    fn principal(&self, user: &User, sets: &[PermSet], session: &SessionId) -> Principal {
        let trace = RequestTrace { session_ref: Some(secret::reference(&digest(&session.0))), ..self.trace.clone() };
        let rights = Rights::of(user.role(), sets);
        Principal::vouch(domain::access::ActorKind::User, Some(user.id), user.email.clone(), rights, trace)
    }
}

#[async_trait]
impl SessionPort for BrowserSession {
    async fn sign_in(&self, command: SignIn) -> Result<bool, AppError> {
        let admitted = self.doorkeeper.admit(&command, &self.trace).await?;
        let (id, user, _) = self.enter(admitted, SessionKind::Web).await?;
        web_sessions::adopt(&self.session, &id).await?;
        Ok(user.must_change_password)
    }

    async fn bearer(&self, command: SignIn) -> Result<Bearer, AppError> {
        let door = &self.doorkeeper;
        let admitted = door.admit(&command, &self.trace).await?;
        let (id, user, sets) = self.enter(admitted, SessionKind::Jwt).await?;
        let now = door.now();
        let lives = door.settings.sessions.bearer;
        let claims = bearer::Claims {
            sub: user.id,
            role: user.role(),
            sets: sets.clone(),
            sid: id.0,
            jti: door.backend.clock.new_id(),
            iat: now.timestamp(),
            exp: (now + lives).timestamp(),
        };
        Ok(Bearer {
            access_token: bearer::sign(&door.settings.keys, &claims)?,
            token_type: "bearer".to_owned(),
            expires_in: u32::try_from(lives.num_seconds()).unwrap_or(u32::MAX),
            user: me_of(&user, sets),
        })
    }

    async fn sign_out(&self) -> Result<(), AppError> {
        let door = &self.doorkeeper;
        let (Some(hash), Some(user)) = (self.credential.digest(), self.verified.as_ref().and_then(|v| v.user_id()))
        else {
            return self.session.flush().await.map_err(told);
        };
        if matches!(self.credential, Credential::Token(_)) {
            return Err(AppError::new(ErrorCode::Validation, "A personal token does not sign out; revoke it instead."));
        }
        let now = door.now();
        let mut tx = store::begin(&door.backend.pools.auth).await?;
        sessions::end(&mut tx, &hash, Some(user), now, "signed out").await?;
        if let Some(who) = self.verified.as_ref().and_then(|v| v.principal(&self.credential, self.trace.clone())) {
            store::audit::record(
                &mut tx,
                door.backend.clock.new_id(),
                now,
                &who,
                Act::done("access.sign_out", "user", user),
            )
            .await?;
        }
        store::live::emit(&mut tx, Topic::Session, &user.to_string()).await?;
        store::commit(tx).await?;
        door.forget_user(user);
        self.session.flush().await.map_err(told)
    }

    async fn may_set_up(&self, link: &str) -> Result<bool, AppError> {
        let mut connection = store::acquire(&self.doorkeeper.backend.pools.auth).await?;
        Ok(links::setup_is_open(&mut connection, &digest(link), self.doorkeeper.now()).await?
            && !users::any(&mut connection).await?)
    }

    async fn set_up(&self, command: SetUp) -> Result<(), AppError> {
        let door = &self.doorkeeper;
        let mut faults = command.validate().err().unwrap_or_default();
        faults.extend(common_fault("password", &command.password));
        let zone = command.zone.trim().parse::<chrono_tz::Tz>();
        if zone.is_err() && !faults.iter().any(|f| f.path == "zone") {
            faults
                .push(FieldError::new("zone", "There is no time zone of that name. Enter one such as Europe/London."));
        }
        let currency = command.currency.trim().to_uppercase().parse::<Currency>();
        if currency.is_err() && !faults.iter().any(|f| f.path == "currency") {
            faults.push(FieldError::new("currency", "Enter a currency code of three letters, such as EUR."));
        }
        let (Ok(zone), Ok(currency), true) = (zone, currency, faults.is_empty()) else {
            return Err(AppError::validation(faults));
        };
        let hash = door.hasher.hash(&command.password).await?;
        let (now, clock) = (door.now(), &door.backend.clock);

        let mut tx = store::begin(&door.backend.pools.auth).await?;
        // Using the link up first lets only one of two callers go on.
        if !links::use_setup(&mut tx, &digest(command.link.reveal()), now).await? || users::any(&mut tx).await? {
            return Err(AppError::new(
                ErrorCode::Forbidden,
                "This set-up link is used up or too old. Start the server again to get a new one.",
            ));
        }
        let user =
            insert_first_admin(&mut tx, clock.as_ref(), &command.email, &command.display_name, &hash, now).await?;
        let who = super::actors::system("set-up", clock.new_id());
        store::settings::put(&mut tx, store::settings::ZONE, &json!(zone.name()), "set-up", now).await?;
        store::settings::put(&mut tx, store::settings::BASE_CURRENCY, &json!(currency.to_string()), "set-up", now)
            .await?;
        let act = Act::done("access.set_up", "user", user)
            .after(json!({"role": Role::Admin, "zone": zone.name(), "currency": currency.to_string()}));
        store::audit::record(&mut tx, clock.new_id(), now, &who, act).await?;
        store::live::emit(&mut tx, Topic::Settings, "business").await?;
        self.leave(&mut tx, now, "replaced").await?;
        let id = self.open(&mut tx, SessionKind::Web, Some(user), now).await?;
        store::commit(tx).await?;
        door.forget_all();
        door.backend.business_changed();
        web_sessions::adopt(&self.session, &id).await
    }

    async fn change_password(&self, who: &Principal, command: ChangePassword) -> Result<(), AppError> {
        let door = &self.doorkeeper;
        let (Some(user_id), false) = (who.user_id(), matches!(self.credential, Credential::Token(_))) else {
            return Err(AppError::new(ErrorCode::Forbidden, "A password is changed by its owner, signed in with it."));
        };
        let mut connection = store::acquire(&door.backend.pools.auth).await?;
        let user = users::by_id(&mut connection, user_id.0).await?.ok_or_else(AppError::unauthenticated)?;
        drop(connection);
        let mut faults = command.validate(&user.names()).err().unwrap_or_default();
        faults.extend(common_fault("new_password", &command.new_password));
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        // The same counting as at sign-in: an open browser is no way around the lock-out.
        let sign_in = SignIn { name: user.email.clone(), password: command.old_password.clone() };
        let admitted = match self.doorkeeper.admit(&sign_in, &self.trace).await {
            Err(error) if error.code == ErrorCode::Unauthenticated => {
                return Err(AppError::field("old_password", "This is not your present password."));
            }
            other => other?,
        };
        let hash = door.hasher.hash(&command.new_password).await?;
        let now = door.now();
        let mut tx = store::begin(&door.backend.pools.auth).await?;
        attempts::succeeded(&mut tx, admitted.attempt).await?;
        users::set_password(&mut tx, user.id, &hash, false, now).await?;
        sessions::end_all(&mut tx, user.id, None, now, "password changed").await?;
        let fresh = match self.credential {
            Credential::Web(_) => Some(self.open(&mut tx, SessionKind::Web, Some(user.id), now).await?),
            _ => None,
        };
        let act =
            Act::done("access.change_password", "user", user.id).after(json!({"password": {"$secret": "changed"}}));
        store::audit::record(&mut tx, door.backend.clock.new_id(), now, who, act).await?;
        store::live::emit(&mut tx, Topic::Session, &user.id.to_string()).await?;
        store::commit(tx).await?;
        door.forget_user(user.id);
        if let Some(id) = fresh {
            web_sessions::adopt(&self.session, &id).await?;
        }
        Ok(())
    }

    fn choose_theme(&self, theme: Theme) {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).theme = Some(theme);
    }

    async fn choose_auto_refresh(&self, who: &Principal, every: AutoRefresh) -> Result<(), AppError> {
        let door = &self.doorkeeper;
        let Some(user) = who.user_id() else { return Err(AppError::forbidden()) };
        let mut connection = store::acquire(&door.backend.pools.auth).await?;
        users::set_auto_refresh(&mut connection, user.0, every, door.now()).await?;
        // Other sessions of the user are asked about anew within seconds.
        if let Some(hash) = self.credential.digest() {
            door.forget(&hash).await;
        }
        Ok(())
    }

    fn show_once(&self, secret: Password) {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).once = Some(secret);
    }
}

/// Makes the first administrator; the caller has made sure that there is none.
pub(crate) async fn insert_first_admin(
    tx: &mut PgConnection,
    clock: &dyn Clock,
    email: &str,
    display_name: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<Uuid, AppError> {
    let id = clock.new_id();
    let user = NewUser {
        id,
        email: email.trim(),
        username: None,
        display_name: display_name.trim(),
        password_hash: Some(password_hash),
        role: Some(Role::Admin),
        must_change_password: false,
    };
    users::insert(tx, user, now).await?;
    Ok(id)
}

/// What a user may do, unrestricted by a token.
pub(crate) fn me_of(user: &User, sets: Vec<PermSet>) -> Me {
    Me {
        id: UserId(user.id),
        email: user.email.clone(),
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        role: user.role(),
        permissions: Rights::of(user.role(), &sets).iter().collect(),
        sets,
        scopes: None,
        must_change_password: user.must_change_password,
    }
}
