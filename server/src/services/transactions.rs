//! Sales: list, detail, and recording with atomic stock.

mod cursor;
mod refunds;
mod sale;
mod screening;
mod settlement;

pub use screening::Sale as JudgedSale;

pub(crate) use settlement::{HELD_FOR, end_held};

use crate::{access::secret::Keys, backend::Backend, live::Gatherer};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::{CustomerId, DisputeId, TransactionId},
    paging::Page,
    settings::Business,
    transactions::{
        CloseDispute, DraftLine, Entry, OpenDispute, Quote, RecordSale, RefundSale, Review, SaleDetail, SaleDraft,
        SaleForm, SaleList, SaleQuery, SaleReceipt, SettleSale, Settlement, SuspiciousQuery, SuspiciousSale,
        TransactionsPort,
    },
};
use engine::calendar::BusinessZone;
use std::{fmt, sync::Arc};
use store::transactions::{choose, detail, list, suspicious};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Sales recorded at the same moment. More would only queue for the same rows and starve readers of
/// connections; waiting here costs nothing and keeps the order.
const RECORDING_AT_ONCE: usize = 12;
/// Products and customers that a search of the form offers.
const CHOICES: u32 = 20;

/// The service behind [`TransactionsPort`].
#[derive(Clone)]
pub struct TransactionsService {
    backend: Backend,
    keys: Keys,
    recording: Arc<Semaphore>,
    announcements: Gatherer,
}

impl fmt::Debug for TransactionsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionsService").finish_non_exhaustive()
    }
}

impl TransactionsService {
    #[must_use]
    pub fn new(backend: Backend, keys: Keys, announcements: Gatherer) -> Self {
        let recording = Arc::new(Semaphore::new(RECORDING_AT_ONCE));
        Self { backend, keys, recording, announcements }
    }
}

/// The scope of a query: its business days as instants, and what the caller may search by.
#[must_use]
pub fn scope(who: &Principal, query: &SaleQuery, zone: BusinessZone, now: DateTime<Utc>) -> list::Scope {
    let f = &query.filter;
    let since = f.hours.map(|h| now - chrono::Duration::hours(i64::from(h)));
    let from = f.from.map(|day| zone.day_range(day).start);
    list::Scope {
        filter: f.clone(),
        from: from.max(since),
        until: f.to.map(|day| zone.day_range(day).end),
        by_name: who.may(Permission::CustomersPii),
        review: Review::All,
    }
}

/// The page of the list that a query asks for.
fn window(query: &SaleQuery) -> Result<list::Window, AppError> {
    let after = query.cursor.as_deref().map(|text| cursor::read(text, query.sort)).transpose()?;
    Ok(list::Window {
        sort: query.sort,
        ascending: query.ascending,
        after,
        skip: if after.is_some() { 0 } else { query.skip },
        limit: query.limit,
    })
}

#[async_trait]
impl TransactionsPort for TransactionsService {
    async fn list(&self, who: &Principal, query: &SaleQuery) -> Result<SaleList, AppError> {
        who.require(Permission::TransactionsView)?;
        let window = window(query)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let scope = scope(who, query, zone, self.backend.clock.now());
        let total = list::count(&mut tx, &scope).await?;
        let (items, next) = list::page(&mut tx, &scope, window, &|at| zone.local(at)).await?;
        let product = match query.filter.product_id {
            Some(id) => choose::product_name(&mut tx, id).await?,
            None => None,
        };
        let customer = match query.filter.customer_id {
            Some(id) => choose::customer(&mut tx, id).await?.map(|c| c.label),
            None => None,
        };
        store::commit(tx).await?;
        Ok(SaleList {
            page: Page { items, next_cursor: next.map(cursor::write), total },
            query: query.clone(),
            zone: zone.name().to_owned(),
            product,
            customer,
        })
    }

    async fn suspicious(&self, who: &Principal, query: &SuspiciousQuery) -> Result<Page<SuspiciousSale>, AppError> {
        who.require(Permission::TransactionsView)?;
        let window = window(&query.list)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let scope = list::Scope { review: query.review, ..scope(who, &query.list, zone, self.backend.clock.now()) };
        let total = list::count(&mut tx, &scope).await?;
        let (rows, next) = list::page(&mut tx, &scope, window, &|at| zone.local(at)).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id.0).collect();
        let mut found = suspicious::found(&mut tx, &ids).await?;
        store::commit(tx).await?;
        let (may_view, may_review) = (who.may(Permission::FraudView), who.may(Permission::FraudReview));
        let items = rows.into_iter().map(|sale| {
            let of = found.remove(&sale.id.0).unwrap_or_default();
            let hits = if may_review { of.hits.into_iter().map(Into::into).collect() } else { Vec::new() };
            SuspiciousSale {
                sale,
                products: of.products,
                outcome: of.outcome.filter(|_| may_view),
                hits,
                case_id: of.case_id.filter(|_| may_view),
            }
        });
        Ok(Page { items: items.collect(), next_cursor: next.map(cursor::write), total })
    }

    async fn detail(&self, who: &Principal, id: TransactionId) -> Result<Option<SaleDetail>, AppError> {
        who.require(Permission::TransactionsView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let may = |recorder| settlement::may_settle(who, recorder);
        let detail = detail::get(&mut tx, id, &|at| zone.local(at), settlement::HELD_FOR, may).await?;
        store::commit(tx).await?;
        Ok(detail.map(|detail| settlement::seen_by(who, detail)))
    }

    async fn quote(&self, who: &Principal, sale: &RecordSale) -> Result<Quote, AppError> {
        who.require(Permission::TransactionsCreate)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        // How it will be paid does not change what it costs.
        let mut faults = sale.validate().err().unwrap_or_default();
        faults.retain(|f| f.path != "payment_method");
        let priced = sale::price(&mut tx, who, sale, self.backend.clock.now(), faults).await?;
        store::commit(tx).await?;
        Ok(priced.into_quote())
    }

    async fn record(
        &self,
        who: &Principal,
        sale: &RecordSale,
        entry: Entry,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleReceipt, AppError>> {
        Answered::of(sale::record(self, who, sale, entry, key).await)
    }

    async fn settle(
        &self,
        who: &Principal,
        id: TransactionId,
        how: Settlement,
        command: &SettleSale,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>> {
        Answered::of(settlement::settle(self, who, id, how, command, key).await)
    }

    async fn refund(
        &self,
        who: &Principal,
        id: TransactionId,
        command: &RefundSale,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>> {
        Answered::of(refunds::refund(self, who, id, command, key).await)
    }

    async fn dispute(
        &self,
        who: &Principal,
        id: TransactionId,
        command: &OpenDispute,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<SaleDetail, AppError>> {
        Answered::of(refunds::dispute(self, who, id, command, key).await)
    }

    async fn close_dispute(
        &self,
        who: &Principal,
        id: DisputeId,
        command: CloseDispute,
    ) -> Result<SaleDetail, AppError> {
        refunds::close(self, who, id, command).await
    }

    async fn expire(&self, who: &Principal) -> Result<i64, AppError> {
        settlement::expire(self, who).await
    }

    async fn draft(&self, who: &Principal, mut form: SaleForm) -> Result<SaleDraft, AppError> {
        who.require(Permission::TransactionsCreate)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;

        let ids: Vec<Uuid> = form.chosen().filter_map(|l| l.product_id.parse().ok()).collect();
        let known = choose::products_by_id(&mut tx, &ids).await?;
        let mut chosen: Vec<DraftLine> = Vec::new();
        for line in form.chosen() {
            let product = known.iter().find(|p| p.id.to_string() == line.product_id.to_lowercase());
            // The same product found and chosen twice is one line; the last quantity typed counts.
            match (product, chosen.iter_mut().find(|c| Some(c.product.id) == product.map(|p| p.id))) {
                (Some(_), Some(there)) => there.quantity.clone_from(&line.quantity),
                (Some(product), None) => {
                    chosen.push(DraftLine { product: product.clone(), quantity: line.quantity.clone() })
                }
                (None, _) => {}
            }
        }
        form.lines = chosen
            .iter()
            .map(|c| domain::transactions::SaleFormLine {
                product_id: c.product.id.to_string(),
                quantity: c.quantity.clone(),
            })
            .collect();

        let mut found = choose::products(&mut tx, &form.find, CHOICES).await?;
        found.retain(|p| chosen.iter().all(|c| c.product.id != p.id));
        let customer = match form.customer_id.parse::<CustomerId>() {
            Ok(id) => choose::customer(&mut tx, id).await?,
            Err(_) => None,
        };
        if customer.is_none() {
            form.customer_id.clear();
        }
        let customers_found = if form.find_customer.is_empty() || !who.may(Permission::CustomersView) {
            Vec::new()
        } else {
            choose::customers(&mut tx, &form.find_customer, who.may(Permission::CustomersPii), CHOICES).await?
        };
        store::commit(tx).await?;

        let quote = if chosen.is_empty() {
            None
        } else {
            Some(match form.to_command() {
                Ok(command) => self.quote(who, &command).await,
                Err(faults) => Err(AppError::validation(faults)),
            })
        };
        let idempotency_key = self.backend.clock.new_id().to_string();
        Ok(SaleDraft { form, idempotency_key, chosen, found, customer, customers_found, quote })
    }
}

/// The zone of the settings; a name nobody knows any more falls back to UTC rather than to an error page.
#[must_use]
pub fn zone_of(business: &Business) -> BusinessZone {
    BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC)
}

/// `at` in the zone of the settings.
fn local(business: &Business, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    zone_of(business).local(at)
}
