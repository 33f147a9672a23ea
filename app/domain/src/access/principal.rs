//! The caller of every port method.

use super::permission::{Permission, Rights};
use crate::{error::AppError, ids::UserId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;
use uuid::Uuid;

/// What kind of actor stands behind a call; the audit log writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    User,
    Token,
    Job,
    Cli,
    System,
}

impl ActorKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Job => "job",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    pub const ALL: [Self; 5] = [Self::User, Self::Token, Self::Job, Self::Cli, Self::System];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a call came from, for audit rows and log lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestTrace {
    pub request_id: String,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// First 8 hex digits of the hash of the session or token; never the secret itself.
    pub session_ref: Option<String>,
}

/// A verified caller. Fields are private and [`Principal::vouch`] is banned by a lint outside
/// the server's session and token layer, so holding one *is* the proof of identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    kind: ActorKind,
    actor_id: Option<Uuid>,
    label: String,
    rights: Rights,
    trace: RequestTrace,
}

impl Principal {
    /// `label` is the name the audit log shows: an e-mail, a token's name, a job kind.
    #[must_use]
    pub fn vouch(kind: ActorKind, actor_id: Option<Uuid>, label: String, rights: Rights, trace: RequestTrace) -> Self {
        Self { kind, actor_id, label, rights, trace }
    }

    #[must_use]
    pub const fn kind(&self) -> ActorKind {
        self.kind
    }

    /// Id of the user (also behind a token) or of the job run.
    #[must_use]
    pub const fn actor_id(&self) -> Option<Uuid> {
        self.actor_id
    }

    /// The signed-in person, also behind a token.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        matches!(self.kind, ActorKind::User | ActorKind::Token).then_some(self.actor_id).flatten().map(UserId)
    }

    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    #[must_use]
    pub const fn rights(&self) -> &Rights {
        &self.rights
    }

    #[must_use]
    pub const fn trace(&self) -> &RequestTrace {
        &self.trace
    }

    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.rights.has(permission)
    }

    /// # Errors
    /// `forbidden` when the right is missing.
    pub fn require(&self, permission: Permission) -> Result<(), AppError> {
        if self.may(permission) { Ok(()) } else { Err(AppError::forbidden()) }
    }
}
