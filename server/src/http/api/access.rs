//! `/api/v1/auth`, `/api/v1/users`, `/api/v1/permissions`.

use crate::{
    access::browser::BrowserSession,
    http::{
        body::{Json as Body, Path, Query},
        caller::Signed,
        error::{ApiError, ApiResult},
        idempotency::{SentKey, answer},
        routes::Routes,
        versions::{self, version},
    },
    services::Services,
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{
    AppError,
    access::{
        Access, Bearer, ChangePassword, CreateToken, CreateUser, EditUser, Grant, Me, NewToken, Password, Permission,
        PermissionRow, RotateToken, SessionItem, SessionPort, SignIn, TokenView, UserFilter, UserItem,
        permission_table,
    },
    ids::TokenId,
    paging::Page,
};
use serde::Deserialize;
use utoipa::ToSchema;

pub fn routes() -> Routes<Services> {
    let view = Access::Needs(Permission::AccessUsersView);
    let edit = Access::Needs(Permission::AccessUsersEdit);
    Routes::new()
        .post("/api/v1/auth/login", Access::Public, login)
        .post("/api/v1/auth/logout", Access::SignedIn, logout)
        .get("/api/v1/auth/me", Access::SignedIn, me)
        .post("/api/v1/auth/password", Access::SignedIn, password)
        .get("/api/v1/auth/tokens", Access::SignedIn, tokens)
        .post("/api/v1/auth/tokens", Access::SignedIn, create_token)
        .post("/api/v1/auth/tokens/{id}/rotate", Access::SignedIn, rotate_token)
        .delete("/api/v1/auth/tokens/{id}", Access::SignedIn, revoke_token)
        .get("/api/v1/auth/sessions", Access::SignedIn, sessions)
        .delete("/api/v1/auth/sessions", Access::SignedIn, end_other_sessions)
        .delete("/api/v1/auth/sessions/{id}", Access::SignedIn, end_session)
        .get("/api/v1/users", view, users)
        .post("/api/v1/users", edit, create_user)
        .get("/api/v1/users/{id}", view, user)
        .patch("/api/v1/users/{id}", edit, edit_user)
        .put("/api/v1/users/{id}/grants", edit, set_grants)
        .post("/api/v1/users/{id}/disable", edit, disable)
        .post("/api/v1/users/{id}/enable", edit, enable)
        .get("/api/v1/permissions", Access::SignedIn, permissions)
}

/// Either name is taken; `email` and `username` mean the same field.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Login {
    #[serde(alias = "email", alias = "name", default)]
    #[schema(required)]
    username: String,
    #[serde(default)]
    #[schema(required)]
    password: Password,
}

async fn login(Extension(browser): Extension<BrowserSession>, Body(login): Body<Login>) -> ApiResult<Json<Bearer>> {
    let command = SignIn { name: login.username, password: login.password };
    Ok(Json(browser.bearer(command).await?))
}

async fn logout(Extension(browser): Extension<BrowserSession>) -> ApiResult<StatusCode> {
    browser.sign_out().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Me>> {
    Ok(Json(services.access.me(&who).await?))
}

async fn password(
    Extension(browser): Extension<BrowserSession>,
    Signed(who): Signed,
    Body(command): Body<ChangePassword>,
) -> ApiResult<StatusCode> {
    browser.change_password(&who, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn tokens(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Page<TokenView>>> {
    Ok(Json(whole(services.access.tokens(&who).await?)))
}

async fn create_token(
    State(services): State<Services>,
    Signed(who): Signed,
    Body(command): Body<CreateToken>,
) -> ApiResult<(StatusCode, Json<NewToken>)> {
    Ok((StatusCode::CREATED, Json(services.access.create_token(&who, command).await?)))
}

async fn rotate_token(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    body: Bytes,
) -> ApiResult<(StatusCode, Json<NewToken>)> {
    let id: TokenId = named(&id, "Token")?;
    let command =
        if body.is_empty() { Ok(RotateToken::default()) } else { serde_json::from_slice(&body) }.map_err(|_| {
            AppError::field("overlap_hours", "Send a JSON object with overlap_hours of 0 to 24, or nothing.")
        })?;
    Ok((StatusCode::CREATED, Json(services.access.rotate_token(&who, id, command).await?)))
}

async fn revoke_token(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    services.access.revoke_token(&who, named(&id, "Token")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sessions(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Page<SessionItem>>> {
    Ok(Json(whole(services.access.sessions(&who).await?)))
}

#[derive(Debug, Deserialize)]
struct Others {
    #[serde(default)]
    others: bool,
}

async fn end_other_sessions(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(Others { others }): Query<Others>,
) -> ApiResult<StatusCode> {
    if !others {
        return Err(AppError::field(
            "others",
            "Say others=true to end all sessions but this one, or name one session.",
        )
        .into());
    }
    services.access.end_other_sessions(&who).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end_session(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    services.access.end_session(&who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn users(
    State(services): State<Services>,
    Signed(who): Signed,
    Query(filter): Query<UserFilter>,
) -> ApiResult<Json<Page<UserItem>>> {
    Ok(Json(services.access.users(&who, filter).await?))
}

async fn user(State(services): State<Services>, Signed(who): Signed, Path(id): Path<String>) -> ApiResult<Response> {
    let user = services.access.user(&who, named(&id, "User")?).await?.ok_or_else(|| AppError::not_found("User"))?;
    Ok(tagged(StatusCode::OK, user))
}

async fn create_user(
    State(services): State<Services>,
    Signed(who): Signed,
    SentKey(key): SentKey,
    Body(command): Body<CreateUser>,
) -> Response {
    let answered = services.access.create_user(&who, command, key.as_ref()).await;
    answer(answered, |user| tagged(StatusCode::CREATED, user))
}

async fn edit_user(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut command): Body<EditUser>,
) -> ApiResult<Response> {
    command.version = version(&headers)?.or(command.version);
    Ok(tagged(StatusCode::OK, services.access.edit_user(&who, named(&id, "User")?, command).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Grants {
    grants: Vec<Grant>,
}

async fn set_grants(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(Grants { grants }): Body<Grants>,
) -> ApiResult<Response> {
    Ok(tagged(StatusCode::OK, services.access.set_grants(&who, named(&id, "User")?, grants, version(&headers)?).await?))
}

async fn disable(state: State<Services>, who: Signed, id: Path<String>, headers: HeaderMap) -> ApiResult<Response> {
    switch(state, who, id, &headers, false).await
}

async fn enable(state: State<Services>, who: Signed, id: Path<String>, headers: HeaderMap) -> ApiResult<Response> {
    switch(state, who, id, &headers, true).await
}

async fn switch(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<String>,
    headers: &HeaderMap,
    on: bool,
) -> ApiResult<Response> {
    let command = EditUser { is_active: Some(on), version: version(headers)?, ..EditUser::default() };
    Ok(tagged(StatusCode::OK, services.access.edit_user(&who, named(&id, "User")?, command).await?))
}

async fn permissions() -> Json<Page<PermissionRow>> {
    Json(whole(permission_table()))
}

/// A short list that is always sent whole, in the shape of every list.
fn whole<T>(items: Vec<T>) -> Page<T> {
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    Page { items, next_cursor: None, total }
}

/// An id that is none names nothing.
fn named<I: std::str::FromStr>(text: &str, what: &str) -> Result<I, ApiError> {
    text.parse().map_err(|_| AppError::not_found(what).into())
}

fn tagged(status: StatusCode, user: UserItem) -> Response {
    versions::tagged(status, user.version, user)
}
