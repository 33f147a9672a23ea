//! `access.sessions`: browser sessions and bearer sign-ins. Only the hash of the secret id is kept.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::{AutoRefresh, PermSet, Role, SessionKind};
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::net::IpAddr;
use uuid::Uuid;

/// The user behind a verified session or token, with what the rights follow from.
#[derive(Debug, Clone)]
pub struct Holder {
    pub user_id: Uuid,
    pub email: String,
    pub username: Option<String>,
    pub display_name: String,
    pub role: Option<Role>,
    pub sets: Vec<PermSet>,
    pub must_change_password: bool,
    pub auto_refresh: AutoRefresh,
}

/// A session that may be used now. Without holder: a browser that is not signed in.
#[derive(Debug, Clone)]
pub struct Live {
    pub kind: SessionKind,
    pub holder: Option<Holder>,
    /// What the session keeps.
    pub data: serde_json::Value,
    pub last_seen_at: DateTime<Utc>,
    pub absolute_expires_at: DateTime<Utc>,
}

/// The session, unless it is over, ended, or its user was disabled.
///
/// # Errors
/// When the statement fails.
pub async fn live(connection: &mut PgConnection, id_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Live>> {
    let row = sqlx::query!(
        r#"select s.kind, s.user_id, s.data, s.last_seen_at, s.absolute_expires_at,
                  u.email as "email?", u.username, u.display_name as "display_name?", u.role, u.must_change_password as "must_change_password?",
                  u.auto_refresh_seconds as "auto_refresh_seconds?",
                  array(select g.permission_set from access.grants g
                        where g.user_id = u.id and (g.expires_at is null or g.expires_at > $2)) as "sets!"
           from access.sessions s left join access.users u on u.id = s.user_id
           where s.id_hash = $1 and s.revoked_at is null and s.expires_at > $2 and s.absolute_expires_at > $2
             and (s.user_id is null or u.is_active)"#,
        id_hash,
        now
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let holder = match (row.user_id, row.email, row.display_name) {
            (Some(user_id), Some(email), Some(display_name)) => Some(Holder {
                user_id,
                email,
                username: row.username,
                display_name,
                role: row.role.as_deref().and_then(Role::parse),
                sets: row.sets.iter().filter_map(|text| PermSet::parse(text)).collect(),
                must_change_password: row.must_change_password.unwrap_or(false),
                auto_refresh: row
                    .auto_refresh_seconds
                    .and_then(|n| AutoRefresh::of_seconds(n.into()))
                    .unwrap_or_default(),
            }),
            _ => None,
        };
        Live {
            kind: kind(&row.kind),
            holder,
            data: row.data,
            last_seen_at: row.last_seen_at,
            absolute_expires_at: row.absolute_expires_at,
        }
    }))
}

/// A user who may act now, whatever session they have: for work that goes on without them.
///
/// # Errors
/// When the statement fails.
pub async fn holder(connection: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> Result<Option<Holder>> {
    let row = sqlx::query!(
        r#"select u.id, u.email, u.username, u.display_name, u.role, u.must_change_password, u.auto_refresh_seconds,
                  array(select g.permission_set from access.grants g
                        where g.user_id = u.id and (g.expires_at is null or g.expires_at > $2)) as "sets!"
           from access.users u where u.id = $1 and u.is_active"#,
        user,
        now
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Holder {
        user_id: row.id,
        email: row.email,
        username: row.username,
        display_name: row.display_name,
        role: row.role.as_deref().and_then(Role::parse),
        sets: row.sets.iter().filter_map(|text| PermSet::parse(text)).collect(),
        must_change_password: row.must_change_password,
        auto_refresh: AutoRefresh::of_seconds(row.auto_refresh_seconds.into()).unwrap_or_default(),
    }))
}

#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    pub id_hash: &'a [u8],
    pub kind: SessionKind,
    pub user_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub absolute_expires_at: DateTime<Utc>,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<&'a str>,
}

/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, session: NewSession<'_>) -> Result<()> {
    let agent = session.user_agent.map(|text| text.chars().take(400).collect::<String>());
    sqlx::query!(
        "insert into access.sessions (id_hash, kind, user_id, created_at, last_seen_at, expires_at, absolute_expires_at, ip, user_agent)
         values ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
        session.id_hash,
        match session.kind {
            SessionKind::Web => "web",
            SessionKind::Jwt => "jwt",
        },
        session.user_id,
        session.created_at,
        session.expires_at,
        session.absolute_expires_at,
        session.ip.map(IpNet::from) as Option<IpNet>,
        agent,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves the idle limit; at most once a minute a session, so that reading stays reading.
///
/// # Errors
/// When the statement fails.
pub async fn touch(
    connection: &mut PgConnection,
    id_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update access.sessions set last_seen_at = $2, expires_at = least($3, absolute_expires_at) where id_hash = $1 and revoked_at is null",
        id_hash,
        now,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces what a session keeps.
///
/// # Errors
/// When the statement fails.
pub async fn save(connection: &mut PgConnection, id_hash: &[u8], data: &serde_json::Value) -> Result<()> {
    sqlx::query!("update access.sessions set data = $2 where id_hash = $1 and revoked_at is null", id_hash, data)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends one session. With `user` only if it is that user's. Answers whose it was.
///
/// # Errors
/// When the statement fails.
pub async fn end(
    connection: &mut PgConnection,
    id_hash: &[u8],
    user: Option<Uuid>,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<Option<Option<Uuid>>> {
    Ok(sqlx::query_scalar!(
        "update access.sessions set revoked_at = $3, revoked_reason = $4, data = '{}'
         where id_hash = $1 and revoked_at is null and ($2::uuid is null or user_id = $2) returning user_id",
        id_hash,
        user,
        at,
        reason
    )
    .fetch_optional(connection)
    .await?)
}

/// Ends all sessions and bearer sign-ins of a user, but for the one whose hash begins with `except`.
///
/// # Errors
/// When the statement fails.
pub async fn end_all(
    connection: &mut PgConnection,
    user: Uuid,
    except: Option<&[u8]>,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<u64> {
    let ended = sqlx::query!(
        "update access.sessions set revoked_at = $3, revoked_reason = $4, data = '{}'
         where user_id = $1 and revoked_at is null and ($2::bytea is null or substring(id_hash from 1 for length($2)) <> $2)",
        user,
        except,
        at,
        reason
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

/// One line of the session list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id_hash: Vec<u8>,
    pub kind: SessionKind,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The open sessions of a user, last used first.
///
/// # Errors
/// When the statement fails.
pub async fn of_user(connection: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"select id_hash, kind, ip as "ip: IpNet", user_agent, created_at, last_seen_at, expires_at from access.sessions
           where user_id = $1 and revoked_at is null and expires_at > $2
           order by last_seen_at desc, id_hash"#,
        user,
        now
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            id_hash: row.id_hash,
            kind: kind(&row.kind),
            ip: row.ip.map(|net| net.addr()),
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        })
        .collect())
}

fn kind(text: &str) -> SessionKind {
    if text == "jwt" { SessionKind::Jwt } else { SessionKind::Web }
}

/// Whether the demo world, or a part of it, is loaded.
///
/// # Errors
/// When the statement fails.
pub async fn demo_rows_exist(connection: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select exists (select from ops.demo_batches where removed_at is null) as "demo!""#)
        .fetch_one(connection)
        .await?)
}
