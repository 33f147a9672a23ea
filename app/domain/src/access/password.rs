//! Passwords on their way in.

use crate::error::FieldError;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Shortest and longest password, in characters.
pub const MIN_CHARACTERS: usize = 12;
pub const MAX_CHARACTERS: usize = 128;

/// A typed password. Shows itself to nobody: neither `Debug` nor a log line holds it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(format = "password")]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for hashing only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a *new* password as far as that is possible without the list of common ones.
    /// `names` are what the owner is known by; a password that is one of them is refused.
    #[must_use]
    pub fn faults(&self, path: &str, names: &[&str]) -> Vec<FieldError> {
        let characters = self.0.chars().count();
        if characters < MIN_CHARACTERS {
            return vec![FieldError::new(
                path,
                format!("Use at least {MIN_CHARACTERS} characters; several words are fine."),
            )];
        }
        if characters > MAX_CHARACTERS {
            return vec![FieldError::new(path, format!("Use at most {MAX_CHARACTERS} characters."))];
        }
        let plain = bare(&self.0);
        let known = names.iter().flat_map(|n| [bare(n), bare(n.split('@').next().unwrap_or(n))]);
        if known.chain(["millrace".to_owned()]).any(|name| !name.is_empty() && is_made_of(&plain, &name)) {
            return vec![FieldError::new(
                path,
                "Choose something other than your name, e-mail or the name of this product.",
            )];
        }
        Vec::new()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name alone, repeated, or with nothing but digits around it.
fn is_made_of(password: &str, name: &str) -> bool {
    name.len() >= 3 && password.contains(name) && password.replace(name, "").chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, names: &[&str]) -> Option<String> {
        Password::new(text).faults("password", names).first().map(|f| f.message.clone())
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(fault("ééééééééééé", &[]).is_some_and(|m| m.contains("at least 12")));
        assert_eq!(fault("éééééééééééé", &[]), None);
        assert_eq!(fault(&"x".repeat(128), &[]), None);
        assert!(fault(&"x".repeat(129), &[]).is_some());
    }

    #[test]
    fn own_name_mail_and_product_are_refused_also_with_digits_around_them() {
        for text in ["ada.lovelace@mill.example", "AdaLovelace1815", "adalovelaceadalovelace", "Millrace2026!"] {
            assert!(fault(text, &["ada.lovelace@mill.example", "Ada Lovelace"]).is_some(), "{text}");
        }
        assert_eq!(fault("ada counts the wheels", &["ada.lovelace@mill.example", "Ada Lovelace"]), None);
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert!(!format!("{:?}", Password::new("planted-secret-1")).contains("planted"));
    }
}
