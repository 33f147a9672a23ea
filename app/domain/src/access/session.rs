//! What a page knows about the one who looks at it.

use super::{Password, Permission, Rights, Role};
use crate::{
    error::{AppError, FieldError},
    ids::UserId,
    settings::Business,
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

/// Colour scheme; kept in the cookie `theme` so that the first HTML is right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// How often the pages of figures look again by themselves; kept with the user, on whatever device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoRefresh {
    Off,
    Quarter,
    #[default]
    Half,
    Minute,
    FiveMinutes,
}

impl AutoRefresh {
    pub const ALL: [Self; 5] = [Self::Off, Self::Quarter, Self::Half, Self::Minute, Self::FiveMinutes];

    /// Seconds between two looks; 0 is off.
    #[must_use]
    pub const fn seconds(self) -> u16 {
        match self {
            Self::Off => 0,
            Self::Quarter => 15,
            Self::Half => 30,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Quarter => "15 s",
            Self::Half => "30 s",
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
        }
    }

    #[must_use]
    pub fn of_seconds(seconds: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| i64::from(choice.seconds()) == seconds)
    }

    /// From the seconds as typed.
    ///
    /// # Errors
    /// When it is none of the choices.
    pub fn parse(text: &str) -> Result<Self, Vec<FieldError>> {
        let chosen = text.trim().parse().ok().and_then(Self::of_seconds);
        chosen.ok_or_else(|| vec![FieldError::new("every", "Choose 0 (off), 15, 30, 60 or 300 seconds.")])
    }
}

/// The signed-in person, as the shell shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInUser {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub role: Option<Role>,
    pub rights: Rights,
    #[serde(default)]
    pub auto_refresh: AutoRefresh,
}

/// A refused form of a browser without script: what was typed and what was wrong with it. Shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormNote {
    /// Path of the server function the form was posted to, e.g. `/fn/access/sign_in`.
    pub form: String,
    /// Typed values by field name; passwords and tokens are never kept.
    pub values: Vec<(String, String)>,
    pub error: AppError,
    /// What was asked without doing it, as JSON; then nothing is wrong with the form.
    #[serde(default)]
    pub told: Option<String>,
}

impl FormNote {
    /// Of a form without values to keep.
    #[must_use]
    pub fn of(form: &str, error: AppError) -> Self {
        Self { form: form.to_owned(), values: Vec::new(), error, told: None }
    }

    /// Of a form that only asked.
    #[must_use]
    pub fn telling(form: &str, values: Vec<(String, String)>, told: String) -> Self {
        Self { form: form.to_owned(), values, error: AppError::conflict("Nothing was done."), told: Some(told) }
    }

    /// What was typed into `field`.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }
}

/// Everything the shell needs for one request; built by the authentication layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub user: Option<SignedInUser>,
    /// Goes into the hidden field `csrf_token` of every form.
    pub csrf_token: String,
    pub theme: Theme,
    pub business: Business,
    /// Demo rows exist: every page shows the banner.
    pub demo: bool,
    /// A fault drill is under way until then.
    #[serde(default)]
    pub drill_until: Option<DateTime<FixedOffset>>,
    pub note: Option<FormNote>,
    /// A new secret that this page shows and no other ever will.
    #[serde(default)]
    pub once: Option<Password>,
    /// The page asked for needs a right that the reader does not hold; it is not shown.
    #[serde(default)]
    pub denied: bool,
}

impl SessionView {
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.user.as_ref().is_some_and(|u| u.rights.has(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_look_again_at_five_paces_and_no_other() {
        assert_eq!(AutoRefresh::default().seconds(), 30);
        for choice in AutoRefresh::ALL {
            assert_eq!(AutoRefresh::parse(&choice.seconds().to_string()), Ok(choice));
        }
        for wrong in ["", "1", "-15", "30s", "99999999999999999999"] {
            assert_eq!(AutoRefresh::parse(wrong).unwrap_err()[0].path, "every", "{wrong}");
        }
    }
}
