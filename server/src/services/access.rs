//! Accounts, tokens, sessions and users behind [`AccessPort`].

mod sessions;
mod tokens;
mod users;

use crate::access::{Doorkeeper, browser::me_of};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError, ErrorCode,
    access::{
        AccessPort, ActorKind, CreateToken, CreateUser, EditUser, Grant, Me, NewToken, PermSet, Permission, Principal,
        RotateToken, SessionItem, TokenView, UserFilter, UserItem,
    },
    idempotency::{Answered, IdempotencyKey},
    ids::{TokenId, UserId},
    live::Topic,
    paging::Page,
};
use sqlx::PgConnection;
use std::sync::Arc;
use store::{access, audit::Act};

/// How many active people have the right.
///
/// # Errors
/// When the statement fails.
pub(crate) async fn holders(
    connection: &mut PgConnection,
    right: Permission,
    at: DateTime<Utc>,
) -> Result<i64, AppError> {
    let roles: Vec<String> = right.roles().iter().map(|role| role.as_str().to_owned()).collect();
    let sets = PermSet::ALL.iter().filter(|set| set.permissions().contains(&right));
    let sets: Vec<String> = sets.map(|set| set.as_str().to_owned()).collect();
    Ok(access::users::holders(connection, &roles, &sets, at).await?)
}

#[derive(Debug, Clone)]
pub struct AccessService {
    door: Arc<Doorkeeper>,
}

impl AccessService {
    #[must_use]
    pub const fn new(door: Arc<Doorkeeper>) -> Self {
        Self { door }
    }

    fn pool(&self) -> &store::pool::Pool {
        &self.door.backend.pools.admin
    }

    async fn record(&self, connection: &mut PgConnection, who: &Principal, act: Act<'_>) -> Result<(), AppError> {
        store::audit::record(connection, self.door.backend.clock.new_id(), self.door.now(), who, act).await?;
        store::live::emit(connection, Topic::Audit, "").await?;
        Ok(())
    }

    /// The person who asks; jobs and the command line have no account of their own.
    fn person(who: &Principal) -> Result<UserId, AppError> {
        who.user_id().ok_or_else(|| AppError::new(ErrorCode::Validation, "This is for signed-in people only."))
    }

    /// What a personal token may not do, whatever its scopes: hand out new ways in.
    fn not_by_token(who: &Principal) -> Result<(), AppError> {
        if who.kind() == ActorKind::Token {
            return Err(AppError::new(
                ErrorCode::Forbidden,
                "A personal token cannot do this. Sign in with your password.",
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl AccessPort for AccessService {
    async fn me(&self, who: &Principal) -> Result<Me, AppError> {
        let id = Self::person(who)?;
        let mut connection = store::acquire(self.pool()).await?;
        let user = access::users::by_id(&mut connection, id.0).await?.ok_or_else(AppError::unauthenticated)?;
        let sets = access::users::grants(&mut connection, &[id.0], self.door.now())
            .await?
            .into_iter()
            .map(|(_, g)| g.permission_set)
            .collect();
        let scopes = (who.kind() == ActorKind::Token).then(|| who.rights().iter().collect());
        Ok(Me { permissions: who.rights().iter().collect(), scopes, ..me_of(&user, sets) })
    }

    async fn tokens(&self, who: &Principal) -> Result<Vec<TokenView>, AppError> {
        self.list_tokens(who).await
    }

    async fn create_token(&self, who: &Principal, command: CreateToken) -> Result<NewToken, AppError> {
        self.make_token(who, command).await
    }

    async fn rotate_token(&self, who: &Principal, id: TokenId, command: RotateToken) -> Result<NewToken, AppError> {
        self.renew_token(who, id, command).await
    }

    async fn revoke_token(&self, who: &Principal, id: TokenId) -> Result<(), AppError> {
        self.end_token(who, id).await
    }

    async fn sessions(&self, who: &Principal) -> Result<Vec<SessionItem>, AppError> {
        let id = Self::person(who)?;
        self.list_sessions(who, id).await
    }

    async fn end_session(&self, who: &Principal, id: &str) -> Result<(), AppError> {
        self.end_one_session(who, id).await
    }

    async fn end_other_sessions(&self, who: &Principal) -> Result<i64, AppError> {
        let id = Self::person(who)?;
        self.end_sessions_of(who, id, true).await
    }

    async fn users(&self, who: &Principal, filter: UserFilter) -> Result<Page<UserItem>, AppError> {
        self.list_users(who, filter).await
    }

    async fn user(&self, who: &Principal, id: UserId) -> Result<Option<UserItem>, AppError> {
        self.read_user(who, id).await
    }

    async fn create_user(
        &self,
        who: &Principal,
        command: CreateUser,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<UserItem, AppError>> {
        Answered::of(self.make_user(who, &command, key).await)
    }

    async fn edit_user(&self, who: &Principal, id: UserId, command: EditUser) -> Result<UserItem, AppError> {
        self.change_user(who, id, command).await
    }

    async fn set_grants(
        &self,
        who: &Principal,
        id: UserId,
        grants: Vec<Grant>,
        version: Option<i32>,
    ) -> Result<UserItem, AppError> {
        self.change_grants(who, id, grants, version).await
    }

    async fn user_sessions(&self, who: &Principal, id: UserId) -> Result<Vec<SessionItem>, AppError> {
        who.require(domain::access::Permission::AccessUsersView)?;
        self.list_sessions(who, id).await
    }

    async fn end_user_sessions(&self, who: &Principal, id: UserId) -> Result<i64, AppError> {
        who.require(domain::access::Permission::AccessUsersEdit)?;
        self.end_sessions_of(who, id, false).await
    }
}
