//! Who may work on alerts, and who may be told of them.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::{PermSet, Rights, Role};
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody who is let in, with what that person may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub rights: Rights,
}

/// Whom one asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whom<'a> {
    pub everybody: bool,
    /// Those with one of these roles,
    pub roles: &'a [String],
    /// with one of these sets,
    pub sets: &'a [String],
    /// or named.
    pub ids: &'a [Uuid],
}

/// By name.
///
/// # Errors
/// When the statement fails.
pub async fn people(connection: &mut PgConnection, whom: Whom<'_>, now: DateTime<Utc>) -> Result<Vec<Person>> {
    let rows = sqlx::query!(
        r#"select u.id, u.display_name, u.email, u.role, g.sets as "sets!"
           from access.users u
           cross join lateral (select array(select g.permission_set from access.grants g
                                            where g.user_id = u.id and (g.expires_at is null or g.expires_at > $5)) as sets) g
           where u.is_active and ($1 or u.role = any($2) or g.sets && $3::text[] or u.id = any($4))
           order by lower(u.display_name), u.id"#,
        whom.everybody,
        whom.roles,
        whom.sets,
        whom.ids,
        now
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sets: Vec<PermSet> = row.sets.iter().filter_map(|set| PermSet::parse(set)).collect();
            let rights = Rights::of(row.role.as_deref().and_then(Role::parse), &sets);
            Person { id: row.id, name: row.display_name, email: row.email, rights }
        })
        .collect())
}
