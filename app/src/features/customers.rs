//! Server functions of customers.

use crate::{fault::Fault, page_data::Packed};
use domain::customers::{CustomerForm, CustomerList, CustomerScreen};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of the list; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "customers/list", input = GetUrl)]
pub async fn load_customers(query: String) -> Result<Packed<CustomerList>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        customers::{CustomerQuery, CustomersPort},
        query::pairs,
    };
    let asked = CustomerQuery::parse(pairs(&query)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn CustomersPort>()?.customers(&principal()?, &asked).await?)
}

/// One customer; with the `ticket` of a reveal what is personal, too. `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "customers/screen", input = GetUrl)]
pub async fn load_customer(
    id: String,
    #[server(default)] ticket: Option<String>,
) -> Result<Packed<Option<CustomerScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::customers::CustomersPort;
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    Packed::of(&port::<dyn CustomersPort>()?.screen(&principal()?, id, ticket.as_deref()).await?)
}

/// The key of a new customer's form.
#[server(prefix = "/fn", endpoint = "customers/blank", input = GetUrl)]
pub async fn load_blank() -> Result<Packed<String>, Fault> {
    use crate::context::{port, principal};
    use domain::customers::CustomersPort;
    Packed::of(&port::<dyn CustomersPort>()?.blank(&principal()?).await?)
}

/// Adds a customer, once for its key, and goes to them.
#[server(prefix = "/fn", endpoint = "customers/create")]
pub async fn create_customer(idempotency_key: String, #[server(default)] customer: CustomerForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, customers::CustomersPort, idempotency::IdempotencyKey};
    let command = customer.to_create().map_err(AppError::validation)?;
    let key = IdempotencyKey::parse(&idempotency_key)?;
    let made = port::<dyn CustomersPort>()?.create(&principal()?, &command, Some(&key)).await;
    redirect(&format!("/customers/{}?saved", made.value?.id));
    Ok(())
}

/// Changes a customer as the form says.
#[server(prefix = "/fn", endpoint = "customers/edit")]
pub async fn edit_customer(
    id: String,
    #[server(default)] version: Option<i32>,
    #[server(default)] customer: CustomerForm,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, customers::CustomersPort, ids::CustomerId};
    let id: CustomerId = id.parse().map_err(|_| AppError::not_found("Customer"))?;
    let command = customer.to_edit(version).map_err(AppError::validation)?;
    port::<dyn CustomersPort>()?.edit(&principal()?, id, &command).await?;
    redirect(&format!("/customers/{id}?saved"));
    Ok(())
}

/// Reads what is personal, on record, and shows it for a few minutes.
#[server(prefix = "/fn", endpoint = "customers/reveal")]
pub async fn reveal_customer(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        customers::{CustomersPort, PersonalField, RevealCustomer},
        ids::CustomerId,
    };
    let id: CustomerId = id.parse().map_err(|_| AppError::not_found("Customer"))?;
    let all = RevealCustomer { fields: PersonalField::ALL.to_vec() };
    let ticket = port::<dyn CustomersPort>()?.ticket(&principal()?, id, &all).await?;
    redirect(&format!("/customers/{id}?shown={ticket}"));
    Ok(())
}

/// Empties what is personal, for good.
#[server(prefix = "/fn", endpoint = "customers/erase")]
pub async fn erase_customer(id: String, #[server(default)] version: Option<i32>) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, customers::CustomersPort, ids::CustomerId};
    let id: CustomerId = id.parse().map_err(|_| AppError::not_found("Customer"))?;
    port::<dyn CustomersPort>()?.erase(&principal()?, id, version).await?;
    redirect(&format!("/customers/{id}?saved"));
    Ok(())
}
