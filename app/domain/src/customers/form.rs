//! The form of a customer: its fields as they are typed.

use super::{CreateCustomer, CustomerDetail, EditCustomer, Revealed};
use crate::{error::FieldError, transactions::PaymentMethod};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Everything as text. In the form of a customer whose personal data is not shown, an empty personal field
/// keeps what is there.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerForm {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
    pub address: String,
    pub date_of_birth: String,
    pub country: String,
    pub preferred_payment: String,
    pub external_ref: String,
    /// The personal fields are filled in: an empty one is none.
    pub shown: String,
}

impl std::fmt::Debug for CustomerForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomerForm").finish_non_exhaustive()
    }
}

impl CustomerForm {
    /// What stands in the form of a customer.
    #[must_use]
    pub fn of(customer: &CustomerDetail, shown: Option<&Revealed>) -> Self {
        let text = |pick: fn(&Revealed) -> Option<String>| shown.and_then(pick).unwrap_or_default();
        Self {
            first_name: text(|r| r.first_name.clone()),
            last_name: text(|r| r.last_name.clone()),
            email: text(|r| r.email.clone()),
            phone: text(|r| r.phone.clone()),
            address: text(|r| r.address.clone()),
            date_of_birth: text(|r| r.date_of_birth.map(|day| day.to_string())),
            country: customer.country.clone().unwrap_or_default(),
            preferred_payment: customer.preferred_payment.map(|m| m.as_str().to_owned()).unwrap_or_default(),
            external_ref: String::new(),
            shown: if shown.is_some() { "1" } else { "" }.to_owned(),
        }
    }

    fn day(&self) -> Result<Option<NaiveDate>, Vec<FieldError>> {
        let text = self.date_of_birth.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| vec![FieldError::new("date_of_birth", "Write the day as 1980-12-31.")])
    }

    /// # Errors
    /// One entry for each field that cannot be read.
    pub fn to_create(&self) -> Result<CreateCustomer, Vec<FieldError>> {
        let filled = |text: &String| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        Ok(CreateCustomer {
            email: filled(&self.email),
            first_name: filled(&self.first_name),
            last_name: filled(&self.last_name),
            phone: filled(&self.phone),
            address: filled(&self.address),
            date_of_birth: self.day()?,
            country: filled(&self.country),
            preferred_payment: PaymentMethod::parse(&self.preferred_payment),
            registration_date: None,
            external_ref: filled(&self.external_ref),
        })
    }

    /// # Errors
    /// One entry for each field that cannot be read.
    pub fn to_edit(&self, version: Option<i32>) -> Result<EditCustomer, Vec<FieldError>> {
        let keep_empty = self.shown.is_empty();
        let said = |text: &String| (!keep_empty || !text.trim().is_empty()).then(|| text.trim().to_owned());
        let nullable = |text: &String| said(text).map(|t| Some(t).filter(|t| !t.is_empty()));
        let day = self.day()?;
        Ok(EditCustomer {
            email: nullable(&self.email),
            first_name: said(&self.first_name),
            last_name: said(&self.last_name),
            phone: nullable(&self.phone),
            address: nullable(&self.address),
            date_of_birth: (!keep_empty || day.is_some()).then_some(day),
            country: Some(Some(self.country.clone())),
            preferred_payment: Some(PaymentMethod::parse(&self.preferred_payment)),
            version,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_kept_unless_typed() {
        let blind = CustomerForm { phone: "+44 7700 900123".into(), ..CustomerForm::default() };
        let edit = blind.to_edit(Some(2)).unwrap();
        assert_eq!((edit.email, edit.first_name, edit.date_of_birth), (None, None, None));
        assert_eq!(edit.phone, Some(Some("+44 7700 900123".into())));
        let shown = CustomerForm { shown: "1".into(), ..CustomerForm::default() };
        let edit = shown.to_edit(None).unwrap();
        assert_eq!((edit.email, edit.first_name, edit.date_of_birth), (Some(None), Some(String::new()), Some(None)));
        let wrong = CustomerForm { date_of_birth: "soon".into(), ..CustomerForm::default() };
        assert_eq!(wrong.to_create().unwrap_err()[0].path, "date_of_birth");
    }
}
