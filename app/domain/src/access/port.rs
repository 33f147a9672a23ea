//! How pages and REST reach sign-in and accounts.

use super::{
    AutoRefresh, Bearer, ChangePassword, CreateToken, CreateUser, EditUser, Grant, Me, NewToken, Password, PermSet,
    Permission, Principal, Role, RotateToken, SessionItem, SetUp, SignIn, Theme, TokenView, UserFilter, UserItem,
};
use crate::{
    error::AppError,
    idempotency::{Answered, IdempotencyKey},
    ids::{TokenId, UserId},
    paging::Page,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The browser session of one request: the only port that changes who the caller is, so it is bound
/// to the request and takes no principal for signing in.
#[async_trait]
pub trait SessionPort: Send + Sync + 'static {
    /// Signs this browser in under a new session id. Answers whether the password must be changed first.
    async fn sign_in(&self, command: SignIn) -> Result<bool, AppError>;
    /// Checks name and password and answers with a bearer token instead of a cookie.
    async fn bearer(&self, command: SignIn) -> Result<Bearer, AppError>;
    /// Ends the session (or bearer sign-in) that asks.
    async fn sign_out(&self) -> Result<(), AppError>;
    /// Whether the one-time link still opens the set-up page.
    async fn may_set_up(&self, link: &str) -> Result<bool, AppError>;
    /// Makes the first administrator and signs the browser in.
    async fn set_up(&self, command: SetUp) -> Result<(), AppError>;
    /// Changes the own password: ends all other sessions, gives this one a new id.
    async fn change_password(&self, who: &Principal, command: ChangePassword) -> Result<(), AppError>;
    /// Keeps the colour scheme in a cookie.
    fn choose_theme(&self, theme: Theme);
    /// Keeps how often the pages of figures look again, for every device of the caller.
    async fn choose_auto_refresh(&self, who: &Principal, every: AutoRefresh) -> Result<(), AppError>;
    /// Hands a new secret to the next page, past everything that is stored.
    fn show_once(&self, secret: Password);
}

/// Accounts, tokens, sessions and users.
#[async_trait]
pub trait AccessPort: Send + Sync + 'static {
    async fn me(&self, who: &Principal) -> Result<Me, AppError>;

    async fn tokens(&self, who: &Principal) -> Result<Vec<TokenView>, AppError>;
    async fn create_token(&self, who: &Principal, command: CreateToken) -> Result<NewToken, AppError>;
    async fn rotate_token(&self, who: &Principal, id: TokenId, command: RotateToken) -> Result<NewToken, AppError>;
    async fn revoke_token(&self, who: &Principal, id: TokenId) -> Result<(), AppError>;

    async fn sessions(&self, who: &Principal) -> Result<Vec<SessionItem>, AppError>;
    /// Ends one session: an own one, or with `access.users_edit` anybody's.
    async fn end_session(&self, who: &Principal, id: &str) -> Result<(), AppError>;
    async fn end_other_sessions(&self, who: &Principal) -> Result<i64, AppError>;

    async fn users(&self, who: &Principal, filter: UserFilter) -> Result<Page<UserItem>, AppError>;
    async fn user(&self, who: &Principal, id: UserId) -> Result<Option<UserItem>, AppError>;
    async fn create_user(
        &self,
        who: &Principal,
        command: CreateUser,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<UserItem, AppError>>;
    async fn edit_user(&self, who: &Principal, id: UserId, command: EditUser) -> Result<UserItem, AppError>;
    async fn set_grants(
        &self,
        who: &Principal,
        id: UserId,
        grants: Vec<Grant>,
        version: Option<i32>,
    ) -> Result<UserItem, AppError>;
    async fn user_sessions(&self, who: &Principal, id: UserId) -> Result<Vec<SessionItem>, AppError>;
    async fn end_user_sessions(&self, who: &Principal, id: UserId) -> Result<i64, AppError>;
}

/// One line of the permission table: who holds the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PermissionRow {
    pub key: Permission,
    pub feature: String,
    pub roles: Vec<Role>,
    pub sets: Vec<PermSet>,
}

/// The permission table of `platform.md` 1.2 with the sets of 1.1.
#[must_use]
pub fn permission_table() -> Vec<PermissionRow> {
    let held: Vec<_> = PermSet::ALL.iter().map(|set| (*set, set.permissions())).collect();
    Permission::ALL
        .iter()
        .map(|&key| PermissionRow {
            key,
            feature: key.key().split('.').next().unwrap_or_default().to_owned(),
            roles: key.roles().to_vec(),
            sets: held.iter().filter(|(_, rights)| rights.contains(&key)).map(|(set, _)| *set).collect(),
        })
        .collect()
}
