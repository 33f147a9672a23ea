//! The audit row, written in the same transaction as the change it tells of.

pub mod reading;

use crate::Result;
use chrono::{DateTime, Utc};
use domain::access::Principal;
use sqlx::PgConnection;
use uuid::Uuid;

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Denied,
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// One act. `action` is `feature.verb`; `before` and `after` hold the changed fields only.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    pub action: &'a str,
    pub entity_type: &'a str,
    pub entity_id: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub pii_read: bool,
    /// Code of the dealer it is about.
    pub dealer_id: Option<String>,
}

impl<'a> Act<'a> {
    #[must_use]
    pub fn done(action: &'a str, entity_type: &'a str, entity_id: impl ToString) -> Self {
        Self {
            action,
            entity_type,
            entity_id: entity_id.to_string(),
            before: None,
            after: None,
            outcome: Outcome::Ok,
            reason: None,
            pii_read: false,
            dealer_id: None,
        }
    }

    #[must_use]
    pub fn after(mut self, after: serde_json::Value) -> Self {
        self.after = Some(after);
        self
    }

    #[must_use]
    pub fn before(mut self, before: serde_json::Value) -> Self {
        self.before = Some(before);
        self
    }

    #[must_use]
    pub fn of_dealer(mut self, code: &str) -> Self {
        self.dealer_id = Some(code.to_owned());
        self
    }

    #[must_use]
    pub fn ended(mut self, outcome: Outcome, reason: impl Into<String>) -> Self {
        self.outcome = outcome;
        self.reason = Some(reason.into());
        self
    }
}

/// Writes the row. `id` is a UUID v7 of `at`.
///
/// # Errors
/// When the statement fails; the caller's transaction is then lost with it.
pub async fn record(
    connection: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    who: &Principal,
    act: Act<'_>,
) -> Result<()> {
    let trace = who.trace();
    sqlx::query(
        "insert into ops.audit_log (id, at, actor_kind, actor_id, actor_label, session_ref, ip, user_agent, request_id,
                                    action, entity_type, entity_id, before, after, outcome, reason, pii_read,
                                    dealer_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(id)
    .bind(at)
    .bind(who.kind().as_str())
    .bind(who.actor_id())
    .bind(who.label())
    .bind(trace.session_ref.as_deref())
    .bind(trace.ip.map(ipnet_of))
    .bind(trace.user_agent.as_deref())
    .bind(&trace.request_id)
    .bind(act.action)
    .bind(act.entity_type)
    .bind(act.entity_id)
    .bind(act.before)
    .bind(act.after)
    .bind(act.outcome.as_str())
    .bind(act.reason)
    .bind(act.pii_read)
    .bind(act.dealer_id)
    .execute(connection)
    .await?;
    Ok(())
}

fn ipnet_of(ip: std::net::IpAddr) -> sqlx::types::ipnet::IpNet {
    sqlx::types::ipnet::IpNet::from(ip)
}
