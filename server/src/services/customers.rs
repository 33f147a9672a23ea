//! Customers: read masked, revealed on record, erased for good (`commerce.md` 1, 3.7).

mod cursor;
mod reading;
pub(super) mod sealing;

pub use reading::scope;

use super::{
    idempotency::{Request, once},
    inventory::changes,
    stale::stale,
    transactions::zone_of,
};
use crate::{
    access::{sealed::RevealTicket, secret::Keys},
    backend::Backend,
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    customers::{
        CreateCustomer, CustomerDetail, CustomerList, CustomerPattern, CustomerQuery, CustomerScreen, CustomersPort,
        EditCustomer, PersonalField, RevealCustomer, Revealed,
    },
    idempotency::{Answered, IdempotencyKey},
    ids::CustomerId,
    live::Topic,
    paging::Page,
};
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    StoreError,
    audit::{self, Act},
    customers::{
        detail::{self, Row},
        list, patterns,
        record::{self, Stamp},
    },
};

/// What was revealed is shown so long.
const SHOWN_FOR: Duration = Duration::minutes(5);

/// The service behind [`CustomersPort`].
#[derive(Clone)]
pub struct CustomersService {
    backend: Backend,
    keys: Keys,
}

impl fmt::Debug for CustomersService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomersService").finish_non_exhaustive()
    }
}

impl CustomersService {
    #[must_use]
    pub const fn new(backend: Backend, keys: Keys) -> Self {
        Self { backend, keys }
    }

    async fn today(&self, connection: &mut PgConnection, at: DateTime<Utc>) -> Result<NaiveDate, AppError> {
        Ok(zone_of(&store::settings::business(connection).await?).day_of(at))
    }

    async fn told(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: CustomerId,
        at: DateTime<Utc>,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        audit::record(connection, self.backend.clock.new_id(), at, who, act).await?;
        store::live::emit(connection, Topic::Customers, &id.to_string()).await?;
        Ok(())
    }

    /// Locks the customer, who must be as the caller has read them, and not erased.
    async fn own(&self, connection: &mut PgConnection, id: CustomerId, version: Option<i32>) -> Result<Row, AppError> {
        let row = detail::get(connection, id.0, true).await?.ok_or_else(|| AppError::not_found("Customer"))?;
        if version.is_some_and(|version| version != row.version) {
            let when = zone_of(&store::settings::business(connection).await?).local(row.updated_at);
            return Err(stale("customer", row.updated_by.as_deref(), when, row.version));
        }
        if row.erased_at.is_some() {
            return Err(AppError::conflict("This customer was erased. What is gone cannot be brought back."));
        }
        Ok(row)
    }

    async fn add(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &CreateCustomer,
        at: DateTime<Utc>,
    ) -> Result<CustomerDetail, AppError> {
        let today = self.today(connection, at).await?;
        let (fields, changes) = command.validate(today).map_err(AppError::validation)?;
        let id = CustomerId(self.backend.clock.new_id());
        let sealed = self.sealed(id, &changes, record::Sealed::default())?;
        let reference = command.external_ref.as_deref().map(str::trim);
        let registered = command.registration_date.unwrap_or(today);
        let stamp = Stamp { by: who.label(), at };
        record::insert(connection, id.0, &fields, &sealed, registered, reference, stamp).await.map_err(taken)?;
        let mut after = self.shown(&fields, &changes);
        after.insert("external_ref".to_owned(), json!(reference));
        let act = Act::done("customers.create", "customer", id).after(after.into());
        self.told(connection, who, id, at, act).await?;
        self.read(connection, who, id).await?.ok_or_else(AppError::internal)
    }

    /// What is personal, and on record that it was read.
    async fn unmask(
        &self,
        who: &Principal,
        id: CustomerId,
        command: &RevealCustomer,
    ) -> Result<(Vec<PersonalField>, Revealed), AppError> {
        who.require(Permission::CustomersView)?;
        who.require(Permission::CustomersPii)?;
        let fields = command.validate().map_err(AppError::validation)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = detail::get(&mut tx, id.0, false).await?.ok_or_else(|| AppError::not_found("Customer"))?;
        if row.erased_at.is_some() {
            return Err(AppError::conflict("This customer was erased; there is nothing to read."));
        }
        let revealed = self.clear(id, &row, &fields);
        let names: Vec<_> = fields.iter().map(|f| f.as_str()).collect();
        let mut act = Act::done("customers.reveal", "customer", id).after(json!({"fields": names}));
        act.pii_read = true;
        audit::record(&mut tx, self.backend.clock.new_id(), at, who, act).await?;
        store::commit(tx).await?;
        Ok((fields, revealed))
    }
}

#[async_trait]
impl CustomersPort for CustomersService {
    async fn customers(&self, who: &Principal, query: &CustomerQuery) -> Result<CustomerList, AppError> {
        who.require(Permission::CustomersView)?;
        let after = query.cursor.as_deref().map(cursor::read).transpose()?;
        let scope = scope(who, query, &self.keys);
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let total = list::count(&mut tx, &scope).await?;
        let (rows, next) = list::page(&mut tx, &scope, after, query.limit).await?;
        store::commit(tx).await?;
        let items = rows.into_iter().map(|row| self.item(row)).collect::<Result<_, _>>()?;
        let page = Page { items, next_cursor: next.map(cursor::write), total };
        Ok(CustomerList { page, query: query.clone() })
    }

    async fn customer(&self, who: &Principal, id: CustomerId) -> Result<Option<CustomerDetail>, AppError> {
        who.require(Permission::CustomersView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let customer = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(customer)
    }

    async fn screen(
        &self,
        who: &Principal,
        id: CustomerId,
        ticket: Option<&str>,
    ) -> Result<Option<CustomerScreen>, AppError> {
        who.require(Permission::CustomersView)?;
        let now = self.backend.clock.now();
        let ticket = ticket.and_then(|text| self.keys.open_ticket(text)).filter(|ticket| {
            let own = who.user_id().is_some_and(|user| user.0 == ticket.reader);
            own && who.may(Permission::CustomersPii) && ticket.customer == id && now < ticket.until
        });
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let Some(customer) = self.read(&mut tx, who, id).await? else { return Ok(None) };
        let row = detail::get(&mut tx, id.0, false).await?;
        store::commit(tx).await?;
        let living = row.filter(|row| row.erased_at.is_none());
        let shown = living.zip(ticket).map(|(row, ticket)| self.clear(id, &row, &ticket.fields));
        let may_erase = customer.erased_at.is_none() && may_erase(who);
        Ok(Some(CustomerScreen { customer, shown, may_erase }))
    }

    async fn pattern(&self, who: &Principal, id: CustomerId) -> Result<Option<CustomerPattern>, AppError> {
        who.require(Permission::CustomersView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        if detail::get(&mut tx, id.0, false).await?.is_none() {
            return Err(AppError::not_found("Customer"));
        }
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let pattern = patterns::get(&mut tx, id.0, &|at| zone.local(at)).await?;
        store::commit(tx).await?;
        Ok(pattern)
    }

    async fn blank(&self, who: &Principal) -> Result<String, AppError> {
        who.require(Permission::CustomersEdit)?;
        Ok(self.backend.clock.new_id().to_string())
    }

    async fn create(
        &self,
        who: &Principal,
        command: &CreateCustomer,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<CustomerDetail, AppError>> {
        if let Err(error) = who.require(Permission::CustomersEdit) {
            return Answered::of(Err(error));
        }
        let at = self.backend.clock.now();
        // A plain hash would give a birthday or a number away to who can guess.
        let body = serde_json::to_string(command).map(|text| self.keys.personal(&text)).unwrap_or_default();
        let request = Request { who, key, route: "POST /api/v1/customers", body: &body, status: 201 };
        let answered = once(&self.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
            self.add(connection, who, command, at).await
        });
        Answered::of(answered.await)
    }

    async fn edit(&self, who: &Principal, id: CustomerId, command: &EditCustomer) -> Result<CustomerDetail, AppError> {
        who.require(Permission::CustomersEdit)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = self.own(&mut tx, id, command.version).await?;
        let before = reading::fields_of(&row)?;
        let today = self.today(&mut tx, at).await?;
        let (after, sealing) = command.applied(&before, today).map_err(AppError::validation)?;
        let (was_sealed, sealing) = self.differing(id, &row, sealing);
        let (was, is) = changes(self.shown(&before, &was_sealed), self.shown(&after, &sealing));
        if was != is {
            let sealed = record::Sealed {
                phone: row.phone_enc,
                phone_hash: row.phone_hash,
                address: row.address_enc,
                date_of_birth: row.date_of_birth_enc,
            };
            let sealed = self.sealed(id, &sealing, sealed)?;
            let stamp = Stamp { by: who.label(), at };
            record::update(&mut tx, id.0, &after, &sealed, stamp).await.map_err(taken)?;
            let act = Act::done("customers.edit", "customer", id).before(was).after(is);
            self.told(&mut tx, who, id, at, act).await?;
        }
        let customer = self.read(&mut tx, who, id).await?.ok_or_else(AppError::internal)?;
        store::commit(tx).await?;
        Ok(customer)
    }

    async fn reveal(&self, who: &Principal, id: CustomerId, command: &RevealCustomer) -> Result<Revealed, AppError> {
        Ok(self.unmask(who, id, command).await?.1)
    }

    async fn ticket(&self, who: &Principal, id: CustomerId, command: &RevealCustomer) -> Result<String, AppError> {
        let reader = who.user_id().ok_or_else(AppError::forbidden)?.0;
        let (fields, _) = self.unmask(who, id, command).await?;
        let until = self.backend.clock.now() + SHOWN_FOR;
        self.keys.seal_ticket(&RevealTicket { customer: id, reader, fields, until })
    }

    async fn erase(&self, who: &Principal, id: CustomerId, version: Option<i32>) -> Result<CustomerDetail, AppError> {
        who.require(Permission::CustomersPii)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        // No sale of theirs is judged meanwhile.
        store::fraud::screening::one_at_a_time(&mut tx, id.0).await?;
        let row = self.own(&mut tx, id, version).await?;
        if !may_erase(who) {
            return Err(AppError::forbidden());
        }
        if detail::is_argued(&mut tx, id.0).await? {
            return Err(AppError::conflict("A case or dispute about a sale of this customer is open. Close it first."));
        }
        record::erase(&mut tx, id.0, Stamp { by: who.label(), at }).await?;
        let act = Act::done("customers.erase", "customer", id).after(json!({"number": row.number}));
        self.told(&mut tx, who, id, at, act).await?;
        let customer = self.read(&mut tx, who, id).await?.ok_or_else(AppError::internal)?;
        store::commit(tx).await?;
        Ok(customer)
    }
}

/// Who may change the settings: that is the administrators.
fn may_erase(who: &Principal) -> bool {
    who.may(Permission::CustomersPii) && who.may(Permission::AccessSettingsEdit)
}

fn taken(error: StoreError) -> AppError {
    let (path, message) = match error.constraint() {
        Some(record::ONE_EMAIL) => ("email", "Another customer has this e-mail."),
        Some(record::ONE_REFERENCE) => ("external_ref", "Another customer has this reference."),
        _ => return error.into(),
    };
    AppError::conflict(message).with_field(path, message)
}
