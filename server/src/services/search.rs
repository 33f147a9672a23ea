//! Search over pages, actions, products, customers and sales, each within the caller's rights.

use super::transactions::zone_of;
use crate::backend::Backend;
use async_trait::async_trait;
use domain::{
    AppError,
    access::{Permission, Principal},
    format,
    money::Currency,
    search::{IN_ALL, PER_KIND, SearchGroup, SearchHit, SearchKind, SearchPort, SearchResults, SearchText, places},
};
use store::search;

/// The service behind [`SearchPort`].
#[derive(Debug, Clone)]
pub struct SearchService {
    backend: Backend,
}

impl SearchService {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl SearchPort for SearchService {
    async fn search(
        &self,
        who: &Principal,
        q: &str,
        kinds: &[SearchKind],
        limit: usize,
    ) -> Result<SearchResults, AppError> {
        let text = SearchText::parse(q, kinds)?;
        let mut left = limit.min(IN_ALL);
        let mut groups = Vec::new();
        let mut add = |kind, mut items: Vec<SearchHit>| {
            items.truncate(PER_KIND.min(left));
            left -= items.len();
            if !items.is_empty() {
                groups.push(SearchGroup { kind, items });
            }
        };
        add(SearchKind::Page, places(&text, SearchKind::Page, who));
        add(SearchKind::Action, places(&text, SearchKind::Action, who));
        let wants = |kind, right| text.kinds.contains(&kind) && who.may(right) && !text.text.is_empty();
        let products = wants(SearchKind::Product, Permission::InventoryView) && who.may(Permission::TransactionsView);
        let sales = wants(SearchKind::Transaction, Permission::TransactionsView);
        let customers = wants(SearchKind::Customer, Permission::CustomersView) && who.may(Permission::TransactionsView);
        if products || sales || customers {
            let most = i64::try_from(PER_KIND).unwrap_or(5);
            let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
            if sales {
                let business = store::settings::business(&mut tx).await?;
                let zone = zone_of(&business);
                let found = search::sales(&mut tx, &text.text, text.ids_only, most).await?;
                let hits = found.into_iter().map(|s| {
                    let total = s
                        .currency
                        .parse::<Currency>()
                        .map(|c| format::money(s.total, c, &business.locale))
                        .unwrap_or_default();
                    let reference = s.external_ref.map(|r| format!(" ({r})")).unwrap_or_default();
                    SearchHit {
                        title: format!("#{}{reference}", s.number),
                        subtitle: format!("{} · {total}", format::date_time(zone.local(s.occurred_at))),
                        path: format!("/transactions/{}", s.id),
                    }
                });
                add(SearchKind::Transaction, hits.collect());
            }
            if products {
                add(SearchKind::Product, search::products(&mut tx, &text.text, text.ids_only, most).await?);
            }
            if customers {
                // Who may not read a name may not find by it either.
                let by_name = who.may(Permission::CustomersPii);
                let found = search::customers(&mut tx, &text.text, text.ids_only, by_name, most).await?;
                let hits = found.into_iter().map(|customer| SearchHit {
                    title: customer.label,
                    subtitle: "Customer".to_owned(),
                    path: format!("/customers/{}", customer.id),
                });
                add(SearchKind::Customer, hits.collect());
            }
            store::commit(tx).await?;
        }
        Ok(SearchResults { groups })
    }
}
