//! What makes sales suspicious, and what was sold.

use super::read;
use crate::Result;
use domain::{
    fraud::{Hit, Outcome},
    ids::{CaseId, ProductId},
    transactions::SoldProduct,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// What was decided of a sale.
#[derive(Debug, Default)]
pub struct Found {
    pub products: Vec<SoldProduct>,
    pub outcome: Option<Outcome>,
    pub hits: Vec<Hit>,
    pub case_id: Option<CaseId>,
}

/// What is to be told of each of `sales`.
///
/// # Errors
/// When a statement fails.
pub async fn found(connection: &mut PgConnection, sales: &[Uuid]) -> Result<HashMap<Uuid, Found>> {
    let mut all: HashMap<Uuid, Found> = HashMap::new();
    let decisions = sqlx::query!(
        r#"select t.id as "id!", d.outcome as "outcome?", d.hits as "hits?",
                  (select k.id from sales.fraud_cases k where k.transaction_id = t.id
                   order by k.created_at desc, k.id desc limit 1) as case_id
           from sales.transactions t left join sales.fraud_decisions d on d.id = t.decision_id
           where t.id = any($1)"#,
        sales
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in decisions {
        let found = all.entry(row.id).or_default();
        found.outcome = row.outcome.map(|o| read("outcome", &o, Outcome::parse)).transpose()?;
        found.hits = row.hits.and_then(|hits| serde_json::from_value(hits).ok()).unwrap_or_default();
        found.case_id = row.case_id.map(CaseId);
    }
    let lines = sqlx::query!(
        "select l.transaction_id, l.product_id, p.sku, p.name, l.quantity
         from sales.transaction_lines l join sales.products p on p.id = l.product_id
         where l.transaction_id = any($1) order by l.transaction_id, l.line_no",
        sales
    )
    .fetch_all(connection)
    .await?;
    for line in lines {
        all.entry(line.transaction_id).or_default().products.push(SoldProduct {
            product_id: ProductId(line.product_id),
            sku: line.sku,
            name: line.name,
            quantity: line.quantity.normalize(),
        });
    }
    Ok(all)
}
