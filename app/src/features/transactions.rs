//! Server functions of sales. Reads are GETs: linkable, and safe to repeat. What only the body needs is
//! named in the body, which the browser's build does not have.

use crate::{fault::Fault, page_data::Packed};
use domain::transactions::{SaleDetail, SaleDraft, SaleFormLine, SaleList};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of the list; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "transactions/list", input = GetUrl)]
pub async fn load_sales(query: String) -> Result<Packed<SaleList>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        query::pairs,
        transactions::{SaleQuery, TransactionsPort},
    };
    let asked = SaleQuery::parse(pairs(&query)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn TransactionsPort>()?.list(&principal()?, &asked).await?)
}

/// One sale; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "transactions/detail", input = GetUrl)]
pub async fn load_sale(id: String) -> Result<Packed<Option<SaleDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::transactions::TransactionsPort;
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    Packed::of(&port::<dyn TransactionsPort>()?.detail(&principal()?, id).await?)
}

/// The form of a new sale as `query` fills it in, with what was found and what it would come to.
#[server(prefix = "/fn", endpoint = "transactions/draft", input = GetUrl)]
pub async fn load_draft(query: String) -> Result<Packed<SaleDraft>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        query::pairs,
        transactions::{SaleForm, TransactionsPort},
    };
    Packed::of(&port::<dyn TransactionsPort>()?.draft(&principal()?, SaleForm::parse(pairs(&query))).await?)
}

/// Records what the form holds, once for its key, and goes to the sale.
#[server(prefix = "/fn", endpoint = "transactions/record")]
pub async fn record_sale(
    idempotency_key: String,
    #[server(default)] customer_id: String,
    #[server(default)] lines: Vec<SaleFormLine>,
    #[server(default)] payment_method: String,
    #[server(default)] discount_applied: String,
    #[server(default)] shipping_cost: String,
    #[server(default)] capture: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        idempotency::IdempotencyKey,
        transactions::{Entry, SaleForm, TransactionsPort},
    };
    let form = SaleForm {
        customer_id,
        lines,
        payment_method,
        discount_applied,
        shipping_cost,
        capture,
        ..SaleForm::default()
    };
    let sale = form.to_command().map_err(AppError::validation)?;
    let key = IdempotencyKey::parse(&idempotency_key)?;
    let answered = port::<dyn TransactionsPort>()?.record(&principal()?, &sale, Entry::Web, Some(&key)).await;
    redirect(&format!("/transactions/{}", answered.value?.transaction_id));
    Ok(())
}

/// Ends a pending sale (`capture`, `fail` or `cancel`) and comes back to it. Pressing twice is once.
#[server(prefix = "/fn", endpoint = "transactions/settle")]
pub async fn settle_sale(id: String, how: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        idempotency::IdempotencyKey,
        transactions::{SettleSale, Settlement, TransactionsPort},
    };
    let sale = id.parse().map_err(|_| AppError::not_found("Transaction"))?;
    let how = Settlement::parse(&how).ok_or_else(|| AppError::field("how", "Choose capture, fail or cancel."))?;
    let key = IdempotencyKey::parse(&format!("page {sale} {}", how.as_str()))?;
    let port = port::<dyn TransactionsPort>()?;
    port.settle(&principal()?, sale, how, &SettleSale::default(), Some(&key)).await.value?;
    redirect(&format!("/transactions/{sale}"));
    Ok(())
}
