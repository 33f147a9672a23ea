//! `access.users` and `access.grants`.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::{AutoRefresh, Grant, PermSet, Role, ScopeKind};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

/// A user as the services need it. `Debug` leaves the hash out.
#[derive(Clone, sqlx::FromRow)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub username: Option<String>,
    pub display_name: String,
    pub password_hash: Option<String>,
    role: Option<String>,
    pub is_active: bool,
    pub must_change_password: bool,
    pub last_login_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub version: i32,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}

impl User {
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.role.as_deref().and_then(Role::parse)
    }

    /// What the user is known by; a password must be none of these.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.email, &self.display_name, self.username.as_deref().unwrap_or_default()]
    }
}

#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    pub id: Uuid,
    pub email: &'a str,
    pub username: Option<&'a str>,
    pub display_name: &'a str,
    pub password_hash: Option<&'a str>,
    pub role: Option<Role>,
    pub must_change_password: bool,
}

/// # Errors
/// When the statement fails; unique violations name `users_email_key` or `users_username_key`.
pub async fn insert(connection: &mut PgConnection, user: NewUser<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into access.users (id, email, username, display_name, password_hash, role, must_change_password, created_at, updated_at)
         values ($1, lower($2), $3, $4, $5, $6, $7, $8, $8)",
        user.id,
        user.email,
        user.username,
        user.display_name,
        user.password_hash,
        user.role.map(Role::as_str),
        user.must_change_password,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether anybody has ever been made a user.
///
/// # Errors
/// When the statement fails.
pub async fn any(connection: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select from access.users) as "any!""#).fetch_one(connection).await?)
}

/// By e-mail or user name, whatever the case.
///
/// # Errors
/// When the statement fails.
pub async fn by_name(connection: &mut PgConnection, name: &str) -> Result<Option<User>> {
    Ok(sqlx::query_as!(
        User,
        "select id, email, username, display_name, password_hash, role, is_active, must_change_password, last_login_at, created_at, version
         from access.users where lower(email) = lower($1) or lower(username) = lower($1)",
        name
    )
    .fetch_optional(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<User>> {
    Ok(sqlx::query_as!(
        User,
        "select id, email, username, display_name, password_hash, role, is_active, must_change_password, last_login_at, created_at, version
         from access.users where id = $1",
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// A person's own choice, which nobody else edits: the version stays.
///
/// # Errors
/// When the statement fails.
pub async fn set_auto_refresh(
    connection: &mut PgConnection,
    id: Uuid,
    every: AutoRefresh,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update access.users set auto_refresh_seconds = $2, updated_at = $3 where id = $1",
        id,
        i32::from(every.seconds()),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks all active administrators, so that two changes cannot each think the other one stays, and
/// then the user. The order is the same for every caller.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<(Option<User>, Vec<Uuid>)> {
    let admins =
        sqlx::query_scalar!("select id from access.users where role = 'admin' and is_active order by id for update")
            .fetch_all(&mut *connection)
            .await?;
    let user = sqlx::query_as!(
        User,
        "select id, email, username, display_name, password_hash, role, is_active, must_change_password, last_login_at, created_at, version
         from access.users where id = $1 for update",
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok((user, admins))
}

/// What may be changed by an administrator; all columns are written.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    pub username: Option<&'a str>,
    pub display_name: &'a str,
    pub role: Option<Role>,
    pub is_active: bool,
}

/// # Errors
/// When the statement fails; unique violations name `users_username_key`.
pub async fn update(connection: &mut PgConnection, id: Uuid, profile: Profile<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update access.users set username = $2, display_name = $3, role = $4, is_active = $5, updated_at = $6, version = version + 1 where id = $1",
        id,
        profile.username,
        profile.display_name,
        profile.role.map(Role::as_str),
        profile.is_active,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// # Errors
/// When the statement fails.
pub async fn set_password(
    connection: &mut PgConnection,
    id: Uuid,
    hash: &str,
    must_change: bool,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update access.users set password_hash = $2, must_change_password = $3, updated_at = $4, version = version + 1 where id = $1",
        id,
        hash,
        must_change,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes a sign-in; `rehashed` replaces the stored hash when its parameters have risen.
///
/// # Errors
/// When the statement fails.
pub async fn signed_in(
    connection: &mut PgConnection,
    id: Uuid,
    rehashed: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update access.users set last_login_at = $2, password_hash = coalesce($3, password_hash) where id = $1",
        id,
        at,
        rehashed
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Grants of several users that are in force at `now`, ordered by user and set.
///
/// # Errors
/// When the statement fails.
pub async fn grants(connection: &mut PgConnection, users: &[Uuid], now: DateTime<Utc>) -> Result<Vec<(Uuid, Grant)>> {
    let rows = sqlx::query!(
        "select user_id, permission_set, scope_kind, scope_ids, expires_at from access.grants
         where user_id = any($1) and (expires_at is null or expires_at > $2)
         order by user_id, permission_set, scope_kind",
        users,
        now
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let grant = Grant {
                permission_set: PermSet::parse(&row.permission_set)?,
                scope_kind: ScopeKind::parse(&row.scope_kind)?,
                scope_ids: row.scope_ids,
                expires_at: row.expires_at,
            };
            Some((row.user_id, grant))
        })
        .collect())
}

/// Puts `grants` in the place of all the user had. `new_id` makes the ids.
///
/// # Errors
/// When a statement fails.
pub async fn replace_grants(
    connection: &mut PgConnection,
    user: Uuid,
    grants: &[(Uuid, Grant)],
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("delete from access.grants where user_id = $1", user).execute(&mut *connection).await?;
    for (id, grant) in grants {
        sqlx::query!(
            "insert into access.grants (id, user_id, permission_set, scope_kind, scope_ids, granted_by, granted_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            id,
            user,
            grant.permission_set.as_str(),
            grant.scope_kind.as_str(),
            &grant.scope_ids,
            by,
            at,
            grant.expires_at,
        )
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query!("update access.users set version = version + 1, updated_at = $2 where id = $1", user, at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Filter of the user list; `after` is the e-mail of the last row of the page before.
#[derive(Debug, Clone, Default)]
pub struct Listing<'a> {
    pub text: Option<&'a str>,
    pub role: Option<Role>,
    pub active: Option<bool>,
    pub after: Option<&'a str>,
    pub limit: i64,
}

/// One page in order of e-mail, and the number of all that pass the filter.
///
/// # Errors
/// When a statement fails.
pub async fn list(connection: &mut PgConnection, listing: &Listing<'_>) -> Result<(Vec<User>, i64)> {
    let mut count = QueryBuilder::new("select count(*) from access.users where true");
    narrow(&mut count, listing);
    let total: i64 = count.build_query_scalar().fetch_one(&mut *connection).await?;

    let mut query = QueryBuilder::new(
        "select id, email, username, display_name, password_hash, role, is_active, must_change_password, last_login_at, created_at, version
         from access.users where true",
    );
    narrow(&mut query, listing);
    if let Some(after) = listing.after {
        query.push(" and lower(email) > lower(").push_bind(after.to_owned()).push(")");
    }
    query.push(" order by lower(email) limit ").push_bind(listing.limit);
    Ok((query.build_query_as::<User>().fetch_all(connection).await?, total))
}

fn narrow(query: &mut QueryBuilder<Postgres>, listing: &Listing<'_>) {
    if let Some(text) = listing.text {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        query.push(" and (email ilike ").push_bind(pattern.clone());
        query.push(" or display_name ilike ").push_bind(pattern.clone());
        query.push(" or username ilike ").push_bind(pattern).push(")");
    }
    if let Some(role) = listing.role {
        query.push(" and role = ").push_bind(role.as_str());
    }
    if let Some(active) = listing.active {
        query.push(" and is_active = ").push_bind(active);
    }
}

/// Lets nobody else make a user till the end of the transaction.
///
/// # Errors
/// When the statement fails.
pub async fn lock_table(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("lock table access.users in share row exclusive mode").execute(connection).await?;
    Ok(())
}

/// How many active people have one of these roles or, not ended, one of these sets.
///
/// # Errors
/// When the statement fails.
pub async fn holders(
    connection: &mut PgConnection,
    roles: &[String],
    sets: &[String],
    at: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from access.users u
           where u.is_active and (u.role = any($1) or exists (select from access.grants g
               where g.user_id = u.id and g.permission_set = any($2) and (g.expires_at is null or g.expires_at > $3)))"#,
        roles,
        sets,
        at
    )
    .fetch_one(connection)
    .await?)
}
