//! Commands and views of sign-in, one's own account, tokens and sessions.

use super::{Password, PermSet, Permission, Role};
use crate::{
    error::FieldError,
    ids::{TokenId, UserId},
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days a personal token may live, and lives unless said otherwise.
pub const TOKEN_MAX_DAYS: u32 = 365;
pub const TOKEN_DEFAULT_DAYS: u32 = 90;

/// `name` is the e-mail or the user name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignIn {
    pub name: String,
    pub password: Password,
}

impl SignIn {
    /// # Errors
    /// All empty fields.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.name.trim().is_empty() || self.name.chars().count() > 254 {
            faults.push(FieldError::new("name", "Enter your e-mail or user name."));
        }
        if self.password.is_empty() || self.password.reveal().len() > 1024 {
            faults.push(FieldError::new("password", "Enter your password."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The first administrator, from the one-time link that `serve` prints.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SetUp {
    pub link: Password,
    pub email: String,
    pub display_name: String,
    pub password: Password,
    /// IANA zone and ISO currency of the business.
    pub zone: String,
    pub currency: String,
}

impl SetUp {
    /// # Errors
    /// All faults that can be told without the database and the zone list.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        faults.extend(email_fault("email", &self.email));
        faults.extend(display_name_fault("display_name", &self.display_name));
        faults.extend(self.password.faults("password", &[&self.email, &self.display_name]));
        if self.zone.trim().is_empty() {
            faults.push(FieldError::new("zone", "Enter a time zone such as Europe/London."));
        }
        if self.currency.trim().len() != 3 {
            faults.push(FieldError::new("currency", "Enter a currency code of three letters, such as EUR."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    #[serde(alias = "old")]
    #[schema(rename = "old")]
    pub old_password: Password,
    #[serde(alias = "new")]
    #[schema(rename = "new")]
    pub new_password: Password,
}

impl ChangePassword {
    /// `names` are the owner's e-mail and names.
    ///
    /// # Errors
    /// All faults at once.
    pub fn validate(&self, names: &[&str]) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.old_password.is_empty() {
            faults.push(FieldError::new("old_password", "Enter your present password."));
        }
        faults.extend(self.new_password.faults("new_password", names));
        if !self.new_password.is_empty() && self.old_password == self.new_password {
            faults.push(FieldError::new("new_password", "Choose a password other than the present one."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateToken {
    pub name: String,
    /// Permission keys; a token can do nothing else, and never more than its owner can.
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

impl CreateToken {
    #[must_use]
    pub fn days(&self) -> u32 {
        self.expires_in_days.unwrap_or(TOKEN_DEFAULT_DAYS)
    }

    /// The scopes as permissions; unknown ones are faults of [`Self::validate`].
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        self.scopes.iter().filter_map(|key| Permission::parse(key)).collect()
    }

    /// # Errors
    /// All faults at once.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if !(1..=80).contains(&self.name.trim().chars().count()) {
            faults.push(FieldError::new("name", "Give the token a name of 1 to 80 characters."));
        }
        if self.scopes.is_empty() {
            faults.push(FieldError::new("scopes", "Choose at least one right for the token."));
        }
        for (n, key) in self.scopes.iter().enumerate() {
            if Permission::parse(key).is_none() {
                faults.push(FieldError::new(format!("scopes[{n}]"), format!("There is no right named “{key}”.")));
            }
        }
        if !(1..=TOKEN_MAX_DAYS).contains(&self.days()) {
            faults.push(FieldError::new("expires_in_days", format!("Choose 1 to {TOKEN_MAX_DAYS} days.")));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A new secret for a token; the old one stays good for `overlap_hours` (0–24).
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct RotateToken {
    #[serde(default)]
    pub overlap_hours: u32,
}

impl RotateToken {
    /// # Errors
    /// When the overlap is longer than a day.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.overlap_hours > 24 {
            return Err(vec![FieldError::new("overlap_hours", "Choose 0 to 24 hours.")]);
        }
        Ok(())
    }
}

/// Who the caller is and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    pub id: UserId,
    pub email: String,
    pub username: Option<String>,
    pub display_name: String,
    pub role: Option<Role>,
    pub sets: Vec<PermSet>,
    pub permissions: Vec<Permission>,
    /// The limits of the personal token that asks; `null` for sessions and bearer sign-ins.
    pub scopes: Option<Vec<Permission>>,
    pub must_change_password: bool,
}

/// Answer of the bearer sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bearer {
    pub access_token: String,
    pub token_type: String,
    /// Seconds.
    pub expires_in: u32,
    pub user: Me,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    Active,
    /// Less than seven days left.
    EndsSoon,
    Expired,
    Revoked,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    pub id: TokenId,
    pub name: String,
    /// First characters of the secret part.
    pub prefix: String,
    pub scopes: Vec<Permission>,
    pub state: TokenState,
    pub created_at: DateTime<FixedOffset>,
    pub expires_at: DateTime<FixedOffset>,
    pub last_used_at: Option<DateTime<FixedOffset>>,
    pub last_used_ip: Option<String>,
}

/// The only time the secret of a token is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    pub token: String,
    #[serde(flatten)]
    pub view: TokenView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    Web,
    Jwt,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionItem {
    /// Hash of the secret session id: names the session, opens nothing.
    pub id: String,
    pub kind: SessionKind,
    /// "Firefox on Linux", or what the client calls itself.
    pub device: String,
    pub ip: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    pub last_seen_at: DateTime<FixedOffset>,
    pub expires_at: DateTime<FixedOffset>,
    /// The session that asks.
    pub current: bool,
}

pub(super) fn email_fault(path: &str, email: &str) -> Option<FieldError> {
    let text = email.trim();
    let shape = text.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@')
    });
    let fine = shape && text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    (!fine).then(|| FieldError::new(path, "Enter an e-mail address such as ada@example.com."))
}

pub(super) fn display_name_fault(path: &str, name: &str) -> Option<FieldError> {
    (!(1..=120).contains(&name.trim().chars().count()))
        .then(|| FieldError::new(path, "Enter a name of 1 to 120 characters."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_all_its_faults_at_once() {
        let command = CreateToken {
            name: " ".into(),
            scopes: vec!["transactions.view".into(), "nonsense".into()],
            expires_in_days: Some(366),
        };
        let paths: Vec<_> = command.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["name", "scopes[1]", "expires_in_days"]);
        assert_eq!(
            CreateToken { name: "x".into(), scopes: vec!["jobs.view".into()], expires_in_days: None }.days(),
            90
        );
    }

    #[test]
    fn mail_addresses_are_checked_by_shape_only() {
        for good in ["a@b.co", "ada+x@mail.example.org"] {
            assert_eq!(email_fault("email", good), None, "{good}");
        }
        for bad in ["", "a", "a@b", "a b@c.de", "a@.de", "a@b.", "a@b@c.de"] {
            assert!(email_fault("email", bad).is_some(), "{bad}");
        }
    }
}
