//! What people want to be told.

use super::{AlertFeature, Severity, Subject};
use crate::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Of alerts of one feature: from which severity, and by which way. Who has said nothing is told everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationPreference)]
pub struct Preference {
    pub feature: AlertFeature,
    pub min_severity: Severity,
    /// In the inbox.
    pub in_app: bool,
    /// Through channels that send to the address of the person.
    pub email: bool,
}

impl Preference {
    #[must_use]
    pub const fn usual(feature: AlertFeature) -> Self {
        Self { feature, min_severity: Severity::Low, in_app: true, email: true }
    }

    /// Whether an alert of the feature comes into the inbox.
    #[must_use]
    pub fn tells(&self, of: &Subject<'_>) -> bool {
        of.is_always_told() || (self.in_app && of.severity.rank() >= self.min_severity.rank())
    }

    /// Whether it comes by e-mail.
    #[must_use]
    pub fn mails(&self, of: &Subject<'_>) -> bool {
        of.is_always_told() || (self.email && of.severity.rank() >= self.min_severity.rank())
    }
}

/// Preferences to be kept; features that are not named stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetNotificationPreferences)]
pub struct SetPreferences {
    pub preferences: Vec<Preference>,
}

impl SetPreferences {
    /// # Errors
    /// A feature that is named twice.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let twice = |(i, one): (usize, &Preference)| {
            let named = self.preferences[..i].iter().any(|other| other.feature == one.feature);
            named.then(|| FieldError::new(format!("preferences[{i}].feature"), "This feature is named twice."))
        };
        let faults: Vec<FieldError> = self.preferences.iter().enumerate().filter_map(twice).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// One feature as the form has it; an empty box is one without a tick.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferenceForm {
    pub feature: String,
    pub min_severity: String,
    pub in_app: String,
    pub email: String,
}

impl PreferenceForm {
    /// # Errors
    /// A word that is no choice.
    pub fn read(forms: &[Self]) -> Result<SetPreferences, Vec<FieldError>> {
        let (mut preferences, mut faults) = (Vec::new(), Vec::new());
        for (i, form) in forms.iter().enumerate() {
            match (AlertFeature::parse(&form.feature), Severity::parse(&form.min_severity)) {
                (Some(feature), Some(min_severity)) => preferences.push(Preference {
                    feature,
                    min_severity,
                    in_app: !form.in_app.is_empty(),
                    email: !form.email.is_empty(),
                }),
                (feature, _) => {
                    let field = if feature.is_none() { "feature" } else { "min_severity" };
                    faults.push(FieldError::new(format!("preferences[{i}].{field}"), "Choose one of the list."));
                }
            }
        }
        if faults.is_empty() { Ok(SetPreferences { preferences }) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(alert_type: &'static str, severity: Severity) -> Subject<'static> {
        let feature = AlertFeature::Inventory;
        Subject { alert_type, feature, severity, entity_type: None, entity_id: None, rule_id: None }
    }

    #[test]
    fn what_must_be_heard_comes_whatever_was_chosen() {
        let quiet = Preference { in_app: false, email: false, ..Preference::usual(AlertFeature::Inventory) };
        assert!(!quiet.tells(&of("low_stock", Severity::Critical)));
        assert!(quiet.tells(&of("audit_broken", Severity::Critical)));
        assert!(!quiet.mails(&of("audit_broken", Severity::High)));
        let grave = Preference { min_severity: Severity::High, ..Preference::usual(AlertFeature::Inventory) };
        assert!(grave.tells(&of("low_stock", Severity::High)) && !grave.mails(&of("low_stock", Severity::Medium)));
    }

    #[test]
    fn a_form_of_preferences_is_read_whole() {
        let form = |feature: &str, severity: &str| PreferenceForm {
            feature: feature.into(),
            min_severity: severity.into(),
            in_app: "true".into(),
            email: String::new(),
        };
        let read = PreferenceForm::read(&[form("jobs", "high")]).unwrap();
        assert!(read.preferences[0].in_app && !read.preferences[0].email);
        let faults = PreferenceForm::read(&[form("moon", "high"), form("jobs", "urgent")]).unwrap_err();
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["preferences[0].feature", "preferences[1].min_severity"]);
        let twice = SetPreferences { preferences: vec![read.preferences[0]; 2] };
        assert_eq!(twice.validate().unwrap_err()[0].path, "preferences[1].feature");
    }
}
