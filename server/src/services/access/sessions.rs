//! The list of open sessions, and ending them.

use super::AccessService;
use crate::access::{local, secret};
use domain::{
    AppError,
    access::{Permission, Principal, SessionItem},
    ids::UserId,
    live::Topic,
};
use serde_json::json;
use store::{access::sessions, audit::Act};

impl AccessService {
    pub(super) async fn list_sessions(&self, who: &Principal, user: UserId) -> Result<Vec<SessionItem>, AppError> {
        let zone = self.door.zone().await?;
        let mut connection = store::acquire(self.pool()).await?;
        let rows = sessions::of_user(&mut connection, user.0, self.door.now()).await?;
        let own = who.trace().session_ref.clone();
        Ok(rows
            .into_iter()
            .map(|row| {
                let id = secret::hex(&row.id_hash);
                SessionItem {
                    current: own.as_deref().is_some_and(|own| id.starts_with(own)),
                    id,
                    kind: row.kind,
                    device: device(row.user_agent.as_deref()),
                    ip: row.ip.map(|ip| ip.to_string()),
                    created_at: local(row.created_at, zone),
                    last_seen_at: local(row.last_seen_at, zone),
                    expires_at: local(row.expires_at, zone),
                }
            })
            .collect())
    }

    pub(super) async fn end_one_session(&self, who: &Principal, id: &str) -> Result<(), AppError> {
        let missing = || AppError::not_found("Session");
        let hash = secret::unhex(id).filter(|hash| hash.len() == 32).ok_or_else(missing)?;
        // Who may not end other people's sessions is not told that they exist.
        let owner = if who.may(Permission::AccessUsersEdit) { None } else { Some(Self::person(who)?.0) };
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        let ended =
            sessions::end(&mut tx, &hash, owner, now, "ended from the session list").await?.ok_or_else(missing)?;
        self.record(
            &mut tx,
            who,
            Act::done("access.session_end", "session", &id[..8]).after(json!({"user_id": ended})),
        )
        .await?;
        if let Some(user) = ended {
            store::live::emit(&mut tx, Topic::Session, &user.to_string()).await?;
        }
        store::commit(tx).await?;
        if let Some(user) = ended {
            self.door.forget_user(user);
        }
        Ok(())
    }

    /// Ends all sessions of a user, or all but the one that asks.
    pub(super) async fn end_sessions_of(&self, who: &Principal, user: UserId, keep_own: bool) -> Result<i64, AppError> {
        let own = who.trace().session_ref.as_deref().filter(|_| keep_own).and_then(secret::unhex);
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        let ended = sessions::end_all(&mut tx, user.0, own.as_deref(), now, "ended from the session list").await?;
        let ended = i64::try_from(ended).unwrap_or(i64::MAX);
        self.record(&mut tx, who, Act::done("access.sessions_end", "user", user).after(json!({"ended": ended})))
            .await?;
        store::live::emit(&mut tx, Topic::Session, &user.to_string()).await?;
        store::commit(tx).await?;
        self.door.forget_user(user.0);
        Ok(ended)
    }
}

/// "Firefox on Linux", from what browsers say about themselves.
fn device(agent: Option<&str>) -> String {
    let Some(agent) = agent.filter(|text| !text.is_empty()) else { return "Unknown device".to_owned() };
    let browser = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark))
    .map(|(_, name)| name);
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark))
    .map(|(_, name)| name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_people_know_them() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/604.1";
        assert_eq!(device(Some(chrome)), "Chrome on Linux");
        assert_eq!(device(Some(edge)), "Edge on Windows");
        assert_eq!(device(Some(iphone)), "Safari on iPhone");
        assert_eq!(device(Some("curl/8.1")), "curl");
        assert_eq!(device(None), "Unknown device");
    }
}
