//! Server functions of the block and the allow list.

use crate::{fault::Fault, page_data::Packed};
use domain::fraud::list::{ListForm, ListScreen};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of entries; `query` is the query part of the page's address.
#[server(prefix = "/fn", endpoint = "fraud/lists", input = GetUrl)]
pub async fn load_lists(query: String) -> Result<Packed<ListScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        fraud::list::{ListQuery, ListsPort},
        query::pairs,
    };
    let asked = ListQuery::parse(pairs(&query)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn ListsPort>()?.screen(&principal()?, &asked).await?)
}

/// Puts something on a list, once for its key.
#[server(prefix = "/fn", endpoint = "fraud/add_entry")]
pub async fn add_entry(idempotency_key: String, #[server(default)] entry: ListForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::list::ListsPort, idempotency::IdempotencyKey};
    let command = entry.read().map_err(AppError::validation)?;
    let key = IdempotencyKey::parse(&idempotency_key)?;
    port::<dyn ListsPort>()?.add(&principal()?, &command, Some(&key)).await.value?;
    redirect("/fraud/lists?saved");
    Ok(())
}

/// Takes something off its list.
#[server(prefix = "/fn", endpoint = "fraud/remove_entry")]
pub async fn remove_entry(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::list::ListsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Entry"))?;
    port::<dyn ListsPort>()?.remove(&principal()?, id).await?;
    redirect("/fraud/lists");
    Ok(())
}
