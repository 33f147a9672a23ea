//! How far a person's right to edit networks goes: a grant for nodes reaches their rows of production, stock and demand.

use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal, ScopeKind},
};
use engine::planning::document::{Row, schema::Section};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use store::access::users;

const OF_NODES: &[&str] = &["production", "stock", "demand"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    All,
    Nodes(BTreeSet<String>),
}

impl Reach {
    /// Of somebody who holds the right.
    pub async fn of(connection: &mut PgConnection, who: &Principal, at: DateTime<Utc>) -> Result<Self, AppError> {
        let right = Permission::PlanEditNetwork;
        if !who.may(right) {
            return Ok(Self::Nodes(BTreeSet::new()));
        }
        // Jobs and the command line have no account, and no bounds.
        let Some(user) = who.user_id() else { return Ok(Self::All) };
        let role = users::by_id(connection, user.0).await?.and_then(|user| user.role());
        if role.is_some_and(|role| right.roles().contains(&role)) {
            return Ok(Self::All);
        }
        let grants = users::grants(connection, &[user.0], at).await?;
        let grants = grants.into_iter().map(|(_, grant)| grant);
        let mut nodes = BTreeSet::new();
        for grant in grants.filter(|grant| grant.permission_set.permissions().contains(&right)) {
            match grant.scope_kind {
                ScopeKind::All => return Ok(Self::All),
                ScopeKind::Nodes => nodes.extend(grant.scope_ids),
                _ => {}
            }
        }
        Ok(Self::Nodes(nodes))
    }

    /// # Errors
    /// `forbidden` where it goes to some nodes only.
    pub fn whole(&self) -> Result<(), AppError> {
        if *self == Self::All { Ok(()) } else { Err(AppError::forbidden()) }
    }

    pub fn has(&self, section: &Section, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Nodes(nodes) => {
                OF_NODES.contains(&section.name) && row.text("node").is_some_and(|node| nodes.contains(node))
            }
        }
    }

    /// # Errors
    /// `forbidden` for a row beyond it.
    pub fn of_row(&self, section: &Section, row: &Row) -> Result<(), AppError> {
        if self.has(section, row) { Ok(()) } else { Err(AppError::forbidden()) }
    }
}
