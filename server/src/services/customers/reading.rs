//! Customers as they are shown: masked, with what of their sales and cases the reader may see.

use super::{CustomersService, sealing::masked};
use crate::{access::secret::Keys, services::transactions::zone_of};
use domain::{
    AppError,
    access::{Permission, Principal},
    customers::{CustomerCase, CustomerDetail, CustomerFields, CustomerItem, CustomerQuery, Tier, e164, masked_email},
    fraud::case::CaseState,
    ids::{CaseId, CustomerId},
    transactions::{CustomerRef, PaymentMethod, SaleFilter, SaleQuery, SaleSort},
};
use sqlx::PgConnection;
use store::{
    customers::{
        detail::{self, Row},
        list, patterns,
    },
    transactions::list as sales,
};

/// Sales and cases that stand on the page of a customer.
const SALES: u32 = 10;
const CASES: i64 = 10;

/// The scope of a query: who may not read a name may not find by it either.
#[must_use]
pub fn scope(who: &Principal, query: &CustomerQuery, keys: &Keys) -> list::Scope {
    let by_name = who.may(Permission::CustomersPii);
    let number = query.filter.q.as_deref().filter(|_| by_name).and_then(e164);
    list::Scope {
        filter: query.filter.clone(),
        by_name,
        phones: number.map(|number| keys.phones(&number)).unwrap_or_default(),
    }
}

fn tier(text: &str) -> Result<Tier, AppError> {
    Tier::parse(text).ok_or_else(AppError::internal)
}

pub fn fields_of(row: &Row) -> Result<CustomerFields, AppError> {
    let method = |text: &str| PaymentMethod::parse(text).ok_or_else(AppError::internal);
    Ok(CustomerFields {
        email: row.email.clone(),
        first_name: row.first_name.clone(),
        last_name: row.last_name.clone(),
        country: row.country.clone(),
        preferred_payment: row.preferred_payment.as_deref().map(method).transpose()?,
    })
}

impl CustomersService {
    pub(super) fn item(&self, row: list::Row) -> Result<CustomerItem, AppError> {
        let names = (row.first_name.as_str(), row.last_name.as_str());
        let id = CustomerId(row.id);
        let label = CustomerRef::masked(id, row.number, names, row.email.as_deref(), row.external_ref.as_deref()).label;
        Ok(CustomerItem {
            id,
            number: row.number,
            label,
            email: row.email.as_deref().map(masked_email),
            phone: row.phone_enc.and_then(|sealed| masked(&self.keys, row.id, &sealed)),
            country: row.country,
            loyalty_tier: tier(&row.loyalty_tier)?,
            registration_date: row.registration_date,
            erased: row.erased,
            demo: row.demo,
        })
    }

    pub(super) async fn read(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: CustomerId,
    ) -> Result<Option<CustomerDetail>, AppError> {
        let Some(row) = detail::get(connection, id.0, false).await? else { return Ok(None) };
        let zone = zone_of(&store::settings::business(connection).await?);
        let pattern = patterns::get(connection, id.0, &|at| zone.local(at)).await?;
        let mut latest = Vec::new();
        if who.may(Permission::TransactionsView) {
            let filter = SaleFilter { customer_id: Some(id), ..SaleFilter::default() };
            let asked = SaleQuery { filter, limit: SALES, ..SaleQuery::default() };
            let scope = crate::services::transactions::scope(who, &asked, zone, self.backend.clock.now());
            let window =
                sales::Window { sort: SaleSort::OccurredAt, ascending: false, after: None, skip: 0, limit: SALES };
            latest = sales::page(connection, &scope, window, &|at| zone.local(at)).await?.0;
        }
        let may_see_cases = who.may(Permission::FraudView);
        let mut cases = Vec::new();
        if may_see_cases {
            for case in detail::cases(connection, id.0, CASES).await? {
                cases.push(CustomerCase {
                    id: CaseId(case.id),
                    sale_number: case.number,
                    state: CaseState::parse(&case.state).ok_or_else(AppError::internal)?,
                    created_at: zone.local(case.created_at),
                });
            }
        }
        let names = (row.first_name.as_str(), row.last_name.as_str());
        let label = CustomerRef::masked(id, row.number, names, row.email.as_deref(), row.external_ref.as_deref()).label;
        let fields = fields_of(&row)?;
        Ok(Some(CustomerDetail {
            id,
            number: row.number,
            label,
            email: row.email.as_deref().map(masked_email),
            phone: row.phone_enc.as_deref().and_then(|sealed| masked(&self.keys, id.0, sealed)),
            has_address: row.address_enc.is_some(),
            has_date_of_birth: row.date_of_birth_enc.is_some(),
            country: fields.country,
            registration_date: row.registration_date,
            preferred_payment: fields.preferred_payment,
            loyalty_tier: tier(&row.loyalty_tier)?,
            risk_score: may_see_cases.then_some(row.risk_score),
            external_ref: row.external_ref,
            erased_at: row.erased_at.map(|at| zone.local(at)),
            pattern,
            sales: latest,
            cases,
            demo: row.origin == "demo",
            version: row.version,
            created_at: zone.local(row.created_at),
            updated_at: zone.local(row.updated_at),
            updated_by: row.updated_by,
        }))
    }
}
