//! `access.api_tokens`: personal tokens, of which only the hash is kept.

use super::sessions::Holder;
use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::{AutoRefresh, PermSet, Permission, Role};
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::net::IpAddr;
use uuid::Uuid;

/// A token that may be used now.
#[derive(Debug, Clone)]
pub struct Live {
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<Permission>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
    pub holder: Holder,
}

/// The token, unless it is over, revoked, or its owner was disabled.
///
/// # Errors
/// When the statement fails.
pub async fn live(connection: &mut PgConnection, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Live>> {
    let row = sqlx::query!(
        r#"select t.id, t.name, t.scopes, t.last_used_at, t.expires_at,
                  u.id as user_id, u.email, u.username, u.display_name, u.role, u.must_change_password, u.auto_refresh_seconds,
                  array(select g.permission_set from access.grants g
                        where g.user_id = u.id and (g.expires_at is null or g.expires_at > $2)) as "sets!"
           from access.api_tokens t join access.users u on u.id = t.user_id
           where t.token_hash = $1 and (t.revoked_at is null or t.revoked_at > $2) and t.expires_at > $2 and u.is_active"#,
        token_hash,
        now
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Live {
        id: row.id,
        name: row.name,
        scopes: permissions(&row.scopes),
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        holder: Holder {
            user_id: row.user_id,
            email: row.email,
            username: row.username,
            display_name: row.display_name,
            role: row.role.as_deref().and_then(Role::parse),
            sets: row.sets.iter().filter_map(|text| PermSet::parse(text)).collect(),
            must_change_password: row.must_change_password,
            auto_refresh: AutoRefresh::of_seconds(row.auto_refresh_seconds.into()).unwrap_or_default(),
        },
    }))
}

#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: &'a str,
    pub token_hash: &'a [u8],
    pub prefix: &'a str,
    pub scopes: &'a [Permission],
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub replaces_id: Option<Uuid>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, token: NewToken<'_>) -> Result<()> {
    let scopes: Vec<String> = token.scopes.iter().map(|p| p.key().to_owned()).collect();
    sqlx::query!(
        "insert into access.api_tokens (id, user_id, name, token_hash, prefix, scopes, created_at, expires_at, replaces_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        token.id,
        token.user_id,
        token.name,
        token.token_hash,
        token.prefix,
        &scopes,
        token.created_at,
        token.expires_at,
        token.replaces_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One token as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: Uuid,
    pub name: String,
    pub prefix: String,
    pub scopes: Vec<Permission>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_used_ip: Option<IpAddr>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The tokens of a user, newest first; those over for more than 30 days are left out.
///
/// # Errors
/// When the statement fails.
pub async fn of_user(connection: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> Result<Vec<Listed>> {
    let since = now - chrono::Duration::days(30);
    let rows = sqlx::query!(
        r#"select id, name, prefix, scopes, created_at, expires_at, last_used_at, last_used_ip as "last_used_ip: IpNet", revoked_at
           from access.api_tokens
           where user_id = $1 and expires_at > $2 and (revoked_at is null or revoked_at > $2)
           order by created_at desc, id desc"#,
        user,
        since
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: permissions(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            last_used_ip: row.last_used_ip.map(|net| net.addr()),
            revoked_at: row.revoked_at,
        })
        .collect())
}

/// Lets a token of the user end at `at`, unless it ends sooner. Answers whether there was one.
///
/// # Errors
/// When the statement fails.
pub async fn revoke(
    connection: &mut PgConnection,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let ended = sqlx::query!(
        "update access.api_tokens set revoked_at = $4
         where id = $1 and user_id = $2 and expires_at > $3 and (revoked_at is null or revoked_at > $4)",
        id,
        user,
        now,
        at
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes the use of a token; called at most once a minute a token.
///
/// # Errors
/// When the statement fails.
pub async fn used(connection: &mut PgConnection, id: Uuid, ip: Option<IpAddr>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update access.api_tokens set last_used_at = $2, last_used_ip = $3 where id = $1",
        id,
        at,
        ip.map(IpNet::from) as Option<IpNet>
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn permissions(keys: &[String]) -> Vec<Permission> {
    keys.iter().filter_map(|key| Permission::parse(key)).collect()
}
