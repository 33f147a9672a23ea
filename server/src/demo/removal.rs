//! All demo rows leave in one transaction, or none does.

use super::{DemoService, table_rows};
use crate::services::overview::name_closed_days;
use domain::{
    AppError, FieldError,
    access::Principal,
    demo::{DEMO_USERS, DemoRemoved},
    live::Topic,
};
use serde_json::json;
use store::{StoreError, audit::Act, demo::Dependence};

/// SQLSTATE of a row that another still refers to.
const FOREIGN_KEY_VIOLATION: &str = "23503";

impl DemoService {
    pub(super) async fn remove_all(&self, who: &Principal) -> Result<DemoRemoved, AppError> {
        let lock = self.lock().await?;
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        store::dealers::enter_all(&mut tx).await?;
        let tables = store::demo::tables(&mut tx).await?;
        let obstacles = obstacles(&store::demo::dependences(&mut tx, &tables).await?);
        if !obstacles.is_empty() {
            return Err(blocked(obstacles));
        }
        let batches = store::demo::current_batches(&mut tx).await?;
        let moments = store::overview::moments_of_demo(&mut tx).await?;
        name_closed_days(&mut tx, moments, self.now()).await?;
        let removed = store::demo::delete_demo_rows(&mut tx, &tables).await.map_err(refused)?;
        store::demo::mark_removed(&mut tx, self.now()).await?;
        let gone = store::demo::delete_demo_users(&mut tx, &DEMO_USERS).await?;
        let kept_admin = store::access::users::by_name(&mut tx, DEMO_USERS[0]).await?.is_some();
        for user in &gone {
            store::live::emit(&mut tx, Topic::Session, &user.to_string()).await?;
        }
        let rows = table_rows(removed);
        let total = rows.iter().map(|t| t.rows).sum();
        if total > 0 || !batches.is_empty() || !gone.is_empty() {
            let counts: serde_json::Map<_, _> = rows.iter().map(|t| (t.table.clone(), json!(t.rows))).collect();
            let act =
                Act::done("system.demo_remove", "demo", "").after(json!({ "rows": counts, "accounts": gone.len() }));
            self.announce(&mut tx, who, act).await?;
        }
        store::commit(tx).await?;
        self.logins.forget();
        store::commit(lock).await?;
        Ok(DemoRemoved { rows, total, kept_admin })
    }
}

/// In words, what stands in the way.
pub(super) fn obstacles(dependences: &[Dependence]) -> Vec<String> {
    dependences
        .iter()
        .map(|d| {
            format!(
                "{} live row(s) of {}.{} refer to demo rows of {}.{}",
                d.rows, d.table.schema, d.table.name, d.parent.schema, d.parent.name
            )
        })
        .collect()
}

fn blocked(obstacles: Vec<String>) -> AppError {
    let mut error = AppError::conflict(
        "Live rows refer to demo rows, so the demo data stays as it is. Remove or change those live rows first; nothing was removed.",
    );
    error.fields = obstacles.into_iter().map(|message| FieldError::new("demo", message)).collect();
    error
}

/// A reference that only shows when the row is to go: a live sale's line names a demo product.
fn refused(error: StoreError) -> AppError {
    if error.sqlstate().as_deref() == Some(FOREIGN_KEY_VIOLATION) {
        let key = error.constraint().unwrap_or("a foreign key").to_owned();
        return blocked(vec![format!("The reference {key} holds on to a demo row")]);
    }
    error.into()
}
