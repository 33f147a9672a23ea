//! Adding, changing and revealing a customer.

use super::e164;
use crate::{error::FieldError, inventory::present, transactions::PaymentMethod};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_ADDRESS: usize = 500;

/// What of a customer can be given and is kept as it is; trimmed, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFields {
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub country: Option<String>,
    pub preferred_payment: Option<PaymentMethod>,
}

/// What is kept sealed: absent stays, `None` empties. The phone is in E.164.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SealedChanges {
    pub phone: Option<Option<String>>,
    pub address: Option<Option<String>>,
    pub date_of_birth: Option<Option<NaiveDate>>,
}

impl std::fmt::Debug for SealedChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedChanges").finish_non_exhaustive()
    }
}

/// Adds a customer: a name, an e-mail or a reference at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateCustomer {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// With its country code.
    pub phone: Option<String>,
    pub address: Option<String>,
    pub date_of_birth: Option<NaiveDate>,
    pub country: Option<String>,
    pub preferred_payment: Option<PaymentMethod>,
    /// Today unless given.
    pub registration_date: Option<NaiveDate>,
    /// The source's own number; once.
    pub external_ref: Option<String>,
}

impl CreateCustomer {
    /// The customer as it is to be; `today` is the business day.
    ///
    /// # Errors
    /// All faults at once.
    pub fn validate(&self, today: NaiveDate) -> Result<(CustomerFields, SealedChanges), Vec<FieldError>> {
        let edit = EditCustomer {
            email: Some(self.email.clone()),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            phone: Some(self.phone.clone()),
            address: Some(self.address.clone()),
            date_of_birth: Some(self.date_of_birth),
            country: Some(self.country.clone()),
            preferred_payment: Some(self.preferred_payment),
            version: None,
        };
        let checked = edit.applied(&CustomerFields::default(), today);
        let mut faults = Vec::new();
        if self.registration_date.is_some_and(|day| day > today || day < first_day()) {
            faults.push(FieldError::new("registration_date", "The day is today or before."));
        }
        if self.external_ref.as_ref().is_some_and(|r| !(1..=100).contains(&r.trim().chars().count())) {
            faults.push(FieldError::new("external_ref", "Write 1 to 100 characters."));
        }
        match checked {
            Ok((fields, _)) if fields.is_nobody() && self.external_ref.is_none() => {
                faults.push(FieldError::new("last_name", "Give a name, an e-mail or a reference."));
                Err(faults)
            }
            Ok(done) if faults.is_empty() => Ok(done),
            Ok(_) => Err(faults),
            Err(mut more) => {
                more.extend(faults);
                Err(more)
            }
        }
    }
}

impl CustomerFields {
    fn is_nobody(&self) -> bool {
        self.email.is_none() && self.first_name.is_empty() && self.last_name.is_empty()
    }
}

/// Changes to a customer; what is absent stays, `null` empties.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditCustomer {
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// With its country code.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub address: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Option<NaiveDate>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub country: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub preferred_payment: Option<Option<PaymentMethod>>,
    /// The version the change was made on; also as `If-Match`.
    pub version: Option<i32>,
}

impl EditCustomer {
    /// The customer as it is to be; `today` is the business day.
    ///
    /// # Errors
    /// All faults at once.
    pub fn applied(
        &self,
        now: &CustomerFields,
        today: NaiveDate,
    ) -> Result<(CustomerFields, SealedChanges), Vec<FieldError>> {
        let now = now.clone();
        let name = |typed: &Option<String>, was: String| typed.as_ref().map_or(was, |text| text.trim().to_owned());
        let filled =
            |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let fields = CustomerFields {
            email: self.email.as_ref().map_or(now.email, &filled),
            first_name: name(&self.first_name, now.first_name),
            last_name: name(&self.last_name, now.last_name),
            country: self.country.as_ref().map_or(now.country, &filled),
            preferred_payment: self.preferred_payment.unwrap_or(now.preferred_payment),
        };
        let mut sealed = SealedChanges {
            phone: self.phone.as_ref().map(&filled),
            address: self.address.as_ref().map(&filled),
            date_of_birth: self.date_of_birth,
        };
        let mut faults = Vec::new();
        let mut fault = |path: &str, message: &str| faults.push(FieldError::new(path, message));
        if fields.email.as_deref().is_some_and(|email| !is_email(email)) {
            fault("email", "Write an e-mail address such as ann@example.com.");
        }
        for (path, text) in [("first_name", &fields.first_name), ("last_name", &fields.last_name)] {
            if text.chars().count() > 100 || text.chars().any(char::is_control) {
                fault(path, "Write at most 100 characters.");
            }
        }
        if fields.country.as_ref().is_some_and(|c| c.chars().count() > 100) {
            fault("country", "Write at most 100 characters.");
        }
        if let Some(Some(phone)) = &mut sealed.phone {
            match e164(phone) {
                Some(number) => *phone = number,
                None => fault("phone", "Write the number with its country code, such as +44 7700 900123."),
            }
        }
        if sealed.address.iter().flatten().any(|a| a.chars().count() > MAX_ADDRESS) {
            fault("address", "Write at most 500 characters.");
        }
        if sealed.date_of_birth.flatten().is_some_and(|day| day > today || day < first_day()) {
            fault("date_of_birth", "The day lies between 1900 and today.");
        }
        if faults.is_empty() { Ok((fields, sealed)) } else { Err(faults) }
    }
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    text.chars().count() <= 254
        && !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && !name.contains('@')
}

/// What is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonalField {
    /// First and last.
    Name,
    Email,
    Phone,
    Address,
    DateOfBirth,
}

impl PersonalField {
    pub const ALL: [Self; 5] = [Self::Name, Self::Email, Self::Phone, Self::Address, Self::DateOfBirth];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::DateOfBirth => "date_of_birth",
        }
    }
}

/// What somebody wants to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealCustomer {
    /// One at least.
    pub fields: Vec<PersonalField>,
}

impl RevealCustomer {
    /// Each field once, in their order.
    ///
    /// # Errors
    /// `fields` when there is none.
    pub fn validate(&self) -> Result<Vec<PersonalField>, Vec<FieldError>> {
        let asked: Vec<_> = PersonalField::ALL.into_iter().filter(|f| self.fields.contains(f)).collect();
        if asked.is_empty() {
            return Err(vec![FieldError::new("fields", "Name one field at least.")]);
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let bad = CreateCustomer {
            email: Some("ann at example".into()),
            first_name: Some("x".repeat(101)),
            phone: Some("07700 900123".into()),
            address: Some("x".repeat(501)),
            date_of_birth: Some(day("2027-01-01")),
            registration_date: Some(day("2027-01-01")),
            external_ref: Some(" ".into()),
            ..CreateCustomer::default()
        };
        let mut paths: Vec<_> = bad.validate(day("2026-10-06")).unwrap_err().into_iter().map(|f| f.path).collect();
        paths.sort();
        let wanted = ["address", "date_of_birth", "email", "external_ref", "first_name", "phone", "registration_date"];
        assert_eq!(paths, wanted);
        assert_eq!(CreateCustomer::default().validate(day("2026-10-06")).unwrap_err()[0].path, "last_name");
    }

    #[test]
    fn null_empties_and_absence_keeps() {
        let now = CustomerFields {
            email: Some("a@example.com".into()),
            first_name: "Ann".into(),
            ..CustomerFields::default()
        };
        let edit: EditCustomer =
            serde_json::from_str(r#"{"email":null,"phone":"+44 7700 900123","last_name":" Lee "}"#).unwrap();
        let (fields, sealed) = edit.applied(&now, day("2026-10-06")).unwrap();
        assert_eq!((fields.email, fields.first_name.as_str(), fields.last_name.as_str()), (None, "Ann", "Lee"));
        assert_eq!((sealed.phone, sealed.address), (Some(Some("+447700900123".into())), None));
    }
}
