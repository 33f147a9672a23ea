//! People signed in by a browser: they keep cookies, and nothing else.

use crate::{
    Failure,
    http::{Answer, Connection},
    world::{ADDRESS, PASSWORD, World},
};
use std::collections::BTreeMap;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Default)]
pub struct Viewer {
    cookies: BTreeMap<String, String>,
}

impl Viewer {
    /// A GET as the browser sends it.
    pub fn get(&self, path: &str) -> Vec<u8> {
        // Asked for HTML, a function sends the browser back to its page.
        let accept = if path.starts_with("/fn/") { "application/json" } else { "text/html, */*" };
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nAccept: {accept}\r\nSec-Fetch-Site: same-origin\r\nCookie: {}\r\n\r\n",
            cookies.join("; ")
        )
        .into_bytes()
    }

    pub fn keep(&mut self, answer: &Answer) {
        for (name, value) in &answer.cookies {
            self.cookies.insert(name.clone(), value.clone());
        }
    }

    async fn sign_in(name: &str, from: usize) -> Result<Self, Failure> {
        let body = format!("name={name}&password={}&next=%2F", PASSWORD.replace(' ', "+"));
        let request = format!(
            "POST /fn/access/sign_in HTTP/1.1\r\nHost: {ADDRESS}\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\n\
             Referer: http://{ADDRESS}/login\r\nX-Forwarded-For: 10.9.{}.{}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            from / 250,
            from % 250 + 1,
            body.len()
        );
        let answer = Connection::open(ADDRESS).await?.call(request.as_bytes()).await?;
        let mut viewer = Self::default();
        viewer.keep(&answer);
        if viewer.cookies.is_empty() {
            return Err(format!("sign-in of {name} was answered {} without a cookie", answer.status).into());
        }
        Ok(viewer)
    }
}

/// The administrator of the world.
pub async fn administrator() -> Result<Viewer, Failure> {
    Viewer::sign_in("bench@millrace.test", 0).await
}

/// `n` different people with the role viewer, each signed in.
pub async fn signed_in(world: &World, n: usize) -> Result<Vec<Viewer>, Failure> {
    let owner = sqlx::PgPool::connect(&world.owner_url).await?;
    // The password is everybody's: making a thousand hashes of it is not what is measured.
    sqlx::query(
        "insert into access.users (id, email, display_name, password_hash, role, created_at, updated_at)
         select gen_random_uuid(), 'viewer' || i || '@millrace.test', 'Viewer ' || i, b.password_hash, 'viewer', b.created_at, b.updated_at
         from access.users b, generate_series(1, $1::int) i where b.email = 'bench@millrace.test'
         on conflict do nothing",
    )
    .bind(i32::try_from(n)?)
    .execute(&owner)
    .await?;
    let mut tasks = JoinSet::new();
    let mut viewers = Vec::with_capacity(n);
    for i in 1..=n {
        if tasks.len() >= 4
            && let Some(viewer) = tasks.join_next().await
        {
            viewers.push(viewer??);
        }
        tasks.spawn(async move { Viewer::sign_in(&format!("viewer{i}@millrace.test"), i).await });
    }
    while let Some(viewer) = tasks.join_next().await {
        viewers.push(viewer??);
    }
    Ok(viewers)
}
