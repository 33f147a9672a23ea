//! What is kept sealed of a customer: opened, masked, sealed, and told apart without standing anywhere.

use super::CustomersService;
use crate::access::{
    sealed::Place,
    secret::{Keys, hex},
};
use domain::{
    AppError,
    customers::{CustomerFields, PersonalField, Revealed, SealedChanges, masked_email, masked_phone},
    ids::CustomerId,
};
use serde_json::{Map, Value, json};
use store::customers::{detail::Row, record::Sealed};
use uuid::Uuid;

const fn place(column: &str, row: Uuid) -> Place<'_> {
    Place { table: "sales.customers", column, row }
}

/// `+44•••••1234` of a sealed number; `None`: it does not open.
pub fn masked(keys: &Keys, id: Uuid, sealed: &[u8]) -> Option<String> {
    keys.open(place("phone", id), sealed).map(|number| masked_phone(&number))
}

impl CustomersService {
    fn open(&self, id: CustomerId, column: &str, sealed: Option<&[u8]>) -> Option<String> {
        sealed.and_then(|bytes| self.keys.open(place(column, id.0), bytes))
    }

    /// The sealed columns after `changes` to `now`.
    pub(super) fn sealed(&self, id: CustomerId, changes: &SealedChanges, now: Sealed) -> Result<Sealed, AppError> {
        let seal = |column, change: Option<Option<String>>, was: Option<Vec<u8>>| match change {
            None => Ok(was),
            Some(None) => Ok(None),
            Some(Some(text)) => self.keys.seal(place(column, id.0), &text).map(Some),
        };
        let phone_hash = match &changes.phone {
            None => now.phone_hash,
            Some(number) => number.as_ref().map(|number| self.keys.phone(number).to_vec()),
        };
        let day = changes.date_of_birth.map(|day| day.map(|day| day.to_string()));
        Ok(Sealed {
            phone: seal("phone", changes.phone.clone(), now.phone)?,
            phone_hash,
            address: seal("address", changes.address.clone(), now.address)?,
            date_of_birth: seal("date_of_birth", day, now.date_of_birth)?,
        })
    }

    /// What of `changes` is another than what `row` holds, and what it holds there.
    pub(super) fn differing(
        &self,
        id: CustomerId,
        row: &Row,
        changes: SealedChanges,
    ) -> (SealedChanges, SealedChanges) {
        let was = SealedChanges {
            phone: Some(self.open(id, "phone", row.phone_enc.as_deref())),
            address: Some(self.open(id, "address", row.address_enc.as_deref())),
            date_of_birth: Some(self.born(id, row)),
        };
        let is = SealedChanges {
            phone: changes.phone.filter(|new| was.phone.as_ref() != Some(new)),
            address: changes.address.filter(|new| was.address.as_ref() != Some(new)),
            date_of_birth: changes.date_of_birth.filter(|new| was.date_of_birth != Some(*new)),
        };
        let was = SealedChanges {
            phone: was.phone.filter(|_| is.phone.is_some()),
            address: was.address.filter(|_| is.address.is_some()),
            date_of_birth: was.date_of_birth.filter(|_| is.date_of_birth.is_some()),
        };
        (was, is)
    }

    fn born(&self, id: CustomerId, row: &Row) -> Option<chrono::NaiveDate> {
        self.open(id, "date_of_birth", row.date_of_birth_enc.as_deref()).and_then(|day| day.parse().ok())
    }

    /// What is personal, clear.
    pub(super) fn clear(&self, id: CustomerId, row: &Row, fields: &[PersonalField]) -> Revealed {
        let mut out = Revealed { fields: fields.to_vec(), ..Revealed::default() };
        for field in fields {
            match field {
                PersonalField::Name => {
                    out.first_name = Some(row.first_name.clone());
                    out.last_name = Some(row.last_name.clone());
                }
                PersonalField::Email => out.email.clone_from(&row.email),
                PersonalField::Phone => out.phone = self.open(id, "phone", row.phone_enc.as_deref()),
                PersonalField::Address => out.address = self.open(id, "address", row.address_enc.as_deref()),
                PersonalField::DateOfBirth => out.date_of_birth = self.born(id, row),
            }
        }
        out
    }

    /// As the audit log tells of it: masked, with a keyed hash beside, so that a change shows.
    pub(super) fn shown(&self, fields: &CustomerFields, sealed: &SealedChanges) -> Map<String, Value> {
        let personal = |text: &str, masked: String| {
            (!text.is_empty()).then(|| json!({"masked": masked, "hash": hex(&self.keys.personal(text)[..8])}))
        };
        let initial = |name: &str| name.chars().next().map(|c| format!("{c}.")).unwrap_or_default();
        let dots = || "•••".to_owned();
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| out.insert(name.to_owned(), value.unwrap_or_default());
        put("email", fields.email.as_deref().and_then(|text| personal(text, masked_email(text))));
        put("first_name", personal(&fields.first_name, initial(&fields.first_name)));
        put("last_name", personal(&fields.last_name, initial(&fields.last_name)));
        put("country", fields.country.clone().map(Value::from));
        put("preferred_payment", fields.preferred_payment.map(|m| m.as_str().into()));
        if let Some(phone) = &sealed.phone {
            put("phone", phone.as_deref().and_then(|text| personal(text, masked_phone(text))));
        }
        if let Some(address) = &sealed.address {
            put("address", address.as_deref().and_then(|text| personal(text, dots())));
        }
        if let Some(day) = sealed.date_of_birth {
            put("date_of_birth", day.and_then(|day| personal(&day.to_string(), dots())));
        }
        out
    }
}
