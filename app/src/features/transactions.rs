//! Server functions of sales. Reads are GETs: linkable, and safe to repeat. What only the body needs is
//! named in the body, which the browser's build does not have.

use crate::{fault::Fault, page_data::Packed};
use domain::transactions::{RefundFormLine, SaleDetail, SaleDraft, SaleFormLine, SaleList};
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

/// Takes back what the form says of a sale that stood at `version`, and comes back to it. Pressing twice is once.
#[server(prefix = "/fn", endpoint = "transactions/refund")]
pub async fn refund_sale(
    id: String,
    #[server(default)] version: String,
    #[server(default)] lines: Vec<RefundFormLine>,
    #[server(default)] kind: String,
    #[server(default)] restock: Option<String>,
    #[server(default)] reason: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        idempotency::IdempotencyKey,
        transactions::{RefundForm, TransactionsPort},
    };
    let sale = id.parse().map_err(|_| AppError::not_found("Transaction"))?;
    let form = RefundForm { lines, kind, restock: restock.is_some(), reason };
    let command = form.to_command().map_err(AppError::validation)?;
    let key = IdempotencyKey::of_form("refund", &[&id, &version], &command)?;
    let port = port::<dyn TransactionsPort>()?;
    port.refund(&principal()?, sale, &command, Some(&key)).await.value.map_err(|error| form.seen(error))?;
    redirect(&format!("/transactions/{sale}"));
    Ok(())
}

/// Opens a dispute of a sale that stood at `version`, and comes back to it.
#[server(prefix = "/fn", endpoint = "transactions/dispute")]
pub async fn dispute_sale(
    id: String,
    #[server(default)] version: String,
    #[server(default)] dispute_reason: String,
    #[server(default)] amount: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError, FieldError,
        idempotency::IdempotencyKey,
        transactions::{DisputeReason, OpenDispute, TransactionsPort},
    };
    let sale = id.parse().map_err(|_| AppError::not_found("Transaction"))?;
    let (reason, worth) = (DisputeReason::parse(&dispute_reason), amount.trim().parse());
    let mut faults = Vec::new();
    if reason.is_none() {
        faults.push(FieldError::new("dispute_reason", "Choose what the customer says."));
    }
    if worth.is_err() {
        faults.push(FieldError::new("amount", "Write an amount such as 4.50."));
    }
    let (Some(reason), Ok(amount)) = (reason, worth) else { return Err(AppError::validation(faults).into()) };
    let command = OpenDispute { reason, amount };
    let key = IdempotencyKey::of_form("dispute", &[&id, &version], &command)?;
    let port = port::<dyn TransactionsPort>()?;
    port.dispute(&principal()?, sale, &command, Some(&key)).await.value?;
    redirect(&format!("/transactions/{sale}"));
    Ok(())
}

/// A dispute is `won` or `lost`.
#[server(prefix = "/fn", endpoint = "transactions/close_dispute")]
pub async fn close_dispute(id: String, outcome: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        transactions::{CloseDispute, DisputeOutcome, TransactionsPort},
    };
    let dispute = id.parse().map_err(|_| AppError::not_found("Dispute"))?;
    let outcome = DisputeOutcome::parse(&outcome).ok_or_else(|| AppError::field("outcome", "Choose won or lost."))?;
    let port = port::<dyn TransactionsPort>()?;
    let sale = port.close_dispute(&principal()?, dispute, CloseDispute { outcome }).await?;
    redirect(&format!("/transactions/{}", sale.id));
    Ok(())
}
