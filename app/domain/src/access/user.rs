//! Commands and views of the people who may sign in.

use super::{
    Password, PermSet, Role,
    account::{display_name_fault, email_fault},
};
use crate::{dealers::is_code, error::FieldError, ids::UserId};
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a grant reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    #[default]
    All,
    Dealers,
    Nodes,
    Teams,
}

impl ScopeKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Dealers => "dealers",
            Self::Nodes => "nodes",
            Self::Teams => "teams",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::Dealers, Self::Nodes, Self::Teams].into_iter().find(|k| k.as_str() == text)
    }
}

impl PermSet {
    /// The scope its grants must carry (`platform.md` 1.1).
    #[must_use]
    pub const fn scope(self) -> ScopeKind {
        match self {
            Self::CrmRep | Self::CrmManager => ScopeKind::Teams,
            Self::DealerUser | Self::DealerManager => ScopeKind::Dealers,
            Self::IuManager | Self::GuManager => ScopeKind::Nodes,
            _ => ScopeKind::All,
        }
    }
}

/// One permission set of a user. An empty list of ids reaches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    pub permission_set: PermSet,
    #[serde(default)]
    pub scope_kind: ScopeKind,
    #[serde(default)]
    pub scope_ids: Vec<String>,
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateUser {
    pub email: String,
    #[serde(default)]
    pub username: Option<String>,
    pub display_name: String,
    #[serde(default)]
    pub role: Option<Role>,
    /// First password; the user is asked to change it.
    pub password: Password,
}

impl CreateUser {
    /// # Errors
    /// All faults at once.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        faults.extend(email_fault("email", &self.email));
        faults.extend(self.username.as_deref().and_then(|name| username_fault("username", name)));
        faults.extend(display_name_fault("display_name", &self.display_name));
        let names = [self.email.as_str(), self.display_name.as_str(), self.username.as_deref().unwrap_or_default()];
        faults.extend(self.password.faults("password", &names));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Changes to a user; what is absent stays. `role: null` takes the base role away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EditUser {
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub role: Option<Option<Role>>,
    #[serde(default)]
    pub is_active: Option<bool>,
    /// The version the change was made on; also as `If-Match`.
    #[serde(default)]
    pub version: Option<i32>,
}

impl EditUser {
    /// # Errors
    /// All faults at once.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        faults.extend(self.display_name.as_deref().and_then(|name| display_name_fault("display_name", name)));
        faults.extend(
            self.username.as_deref().filter(|n| !n.is_empty()).and_then(|name| username_fault("username", name)),
        );
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Checks a whole list of grants.
///
/// # Errors
/// All faults at once, with the place in the list.
pub fn validate_grants(grants: &[Grant]) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    for (n, grant) in grants.iter().enumerate() {
        let set = grant.permission_set;
        if grant.scope_kind != set.scope() {
            let wanted = set.scope().as_str();
            faults.push(FieldError::new(
                format!("grants[{n}].scope_kind"),
                format!("The set {} takes the scope “{wanted}”.", set.as_str()),
            ));
        } else if grant.scope_kind != ScopeKind::All && grant.scope_ids.iter().all(|id| id.trim().is_empty()) {
            faults.push(FieldError::new(
                format!("grants[{n}].scope_ids"),
                "Name at least one; an empty list reaches nothing.",
            ));
        } else if grant.scope_kind == ScopeKind::Dealers
            && let Some(id) = grant.scope_ids.iter().find(|id| !id.trim().is_empty() && !is_code(id))
        {
            faults.push(FieldError::new(
                format!("grants[{n}].scope_ids"),
                format!("{id:?} is no dealer code: 1 to 10 letters and digits."),
            ));
        }
        if grants[..n].iter().any(|other| other.permission_set == set) {
            faults.push(FieldError::new(format!("grants[{n}].permission_set"), "This set is listed twice."));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Filters of the user list, as they stand in the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserFilter {
    /// Part of e-mail or name.
    pub q: Option<String>,
    pub role: Option<Role>,
    pub active: Option<bool>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserItem {
    pub id: UserId,
    pub email: String,
    pub username: Option<String>,
    pub display_name: String,
    pub role: Option<Role>,
    pub grants: Vec<Grant>,
    pub is_active: bool,
    pub must_change_password: bool,
    pub last_login_at: Option<DateTime<FixedOffset>>,
    pub created_at: DateTime<FixedOffset>,
    pub version: i32,
}

fn username_fault(path: &str, name: &str) -> Option<FieldError> {
    let fine = (1..=80).contains(&name.chars().count())
        && !name.contains('@')
        && !name.chars().any(|c| c.is_whitespace() || c.is_control());
    (!fine).then(|| FieldError::new(path, "Use 1 to 80 characters without spaces and without @."))
}

/// Tells "absent" from "null".
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_role_is_not_the_same_as_no_role() {
        let kept: EditUser = serde_json::from_str("{}").unwrap();
        let taken: EditUser = serde_json::from_str(r#"{"role":null}"#).unwrap();
        let given: EditUser = serde_json::from_str(r#"{"role":"viewer"}"#).unwrap();
        assert_eq!((kept.role, taken.role, given.role), (None, Some(None), Some(Some(Role::Viewer))));
    }

    #[test]
    fn scoped_sets_need_their_scope_and_an_id() {
        let grant = |scope_kind, ids: &[&str]| Grant {
            permission_set: PermSet::DealerUser,
            scope_kind,
            scope_ids: ids.iter().map(ToString::to_string).collect(),
            expires_at: None,
        };
        assert!(validate_grants(&[grant(ScopeKind::Dealers, &["12284"])]).is_ok());
        assert_eq!(validate_grants(&[grant(ScopeKind::All, &[])]).unwrap_err()[0].path, "grants[0].scope_kind");
        assert_eq!(validate_grants(&[grant(ScopeKind::Dealers, &[])]).unwrap_err()[0].path, "grants[0].scope_ids");
        for id in ["*", "12284,12301", "1 2"] {
            let faults = validate_grants(&[grant(ScopeKind::Dealers, &["12284", id])]).unwrap_err();
            assert_eq!(faults[0].path, "grants[0].scope_ids", "{id:?}");
        }
        let twice = [grant(ScopeKind::Dealers, &["1"]), grant(ScopeKind::Dealers, &["2"])];
        assert_eq!(validate_grants(&twice).unwrap_err()[0].path, "grants[1].permission_set");
    }
}
