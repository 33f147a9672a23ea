//! The way in when nobody can sign in yet.

use super::{
    Doorkeeper,
    actors::system,
    browser::insert_first_admin,
    password::common_fault,
    secret::{self, digest},
};
use chrono::Duration;
use domain::{
    AppError,
    access::{Password, Role},
};
use serde_json::json;
use store::{
    access::{links, users},
    audit::Act,
};

/// What the start found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAdmin {
    /// Somebody can sign in already.
    Exists,
    /// Made from the configuration.
    Made,
    /// Path of the set-up page with its one-time link.
    Link(String),
}

impl Doorkeeper {
    /// With no user in the database: makes the administrator that the configuration names, or else a
    /// set-up link good for an hour. A link given out by an earlier start stops working.
    ///
    /// # Errors
    /// `validation` when the configured password may not be one.
    pub async fn first_admin(&self, configured: Option<(&str, &Password)>) -> Result<FirstAdmin, AppError> {
        let (now, clock) = (self.now(), &self.backend.clock);
        let hash = match configured {
            Some((email, password)) => {
                let faults: Vec<_> = password
                    .faults("MILLRACE_ADMIN_PASSWORD", &[email])
                    .into_iter()
                    .chain(common_fault("MILLRACE_ADMIN_PASSWORD", password))
                    .collect();
                if !faults.is_empty() {
                    return Err(AppError::validation(faults));
                }
                Some((email, self.hasher.hash(password).await?))
            }
            None => None,
        };
        let mut tx = store::begin(&self.backend.pools.auth).await?;
        // Two servers that start at once must not each make one.
        users::lock_table(&mut tx).await?;
        if users::any(&mut tx).await? {
            return Ok(FirstAdmin::Exists);
        }
        let who = system("first start", clock.new_id());
        if let Some((email, hash)) = hash {
            let name = email.split('@').next().unwrap_or(email);
            let id = insert_first_admin(&mut tx, clock.as_ref(), email, name, &hash, now).await?;
            let act = Act::done("access.set_up", "user", id)
                .after(json!({"role": Role::Admin, "password": {"$secret": "changed"}}));
            store::audit::record(&mut tx, clock.new_id(), now, &who, act).await?;
            store::commit(tx).await?;
            return Ok(FirstAdmin::Made);
        }
        let link = secret::random()?;
        links::renew_setup(&mut tx, &digest(&link), now + Duration::minutes(60)).await?;
        store::audit::record(&mut tx, clock.new_id(), now, &who, Act::done("access.setup_link", "link", "setup"))
            .await?;
        store::commit(tx).await?;
        Ok(FirstAdmin::Link(format!("/setup?link={link}")))
    }
}
