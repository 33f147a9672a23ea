//! The catalogue: reading it within the rights, and writing it with its history (`commerce.md` 3.7).

mod cursor;

use super::{
    idempotency::{Request, once},
    overview::reorder_threshold,
    stale::stale,
    transactions::zone_of,
};
use crate::backend::Backend;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::{CategoryId, ProductId},
    inventory::{
        BlankProduct, CategoryItem, CreateProduct, EditProduct, InventoryPort, ProductDetail, ProductFields,
        ProductList, ProductQuery, Removed,
    },
    live::Topic,
    paging::Page,
    transactions::{SaleFilter, SaleQuery, SaleSort},
};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use std::fmt;
use store::{
    StoreError,
    audit::{self, Act},
    inventory::{
        detail,
        list::{self, Scope},
        record::{self, Locked, Stamp},
    },
    transactions::list as sales,
};

/// Sales that stand on the page of a product.
const SALES: u32 = 10;

/// The service behind [`InventoryPort`].
#[derive(Clone)]
pub struct InventoryService {
    backend: Backend,
}

impl fmt::Debug for InventoryService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InventoryService").finish_non_exhaustive()
    }
}

/// The scope of a query.
///
/// # Errors
/// When the statement fails.
pub async fn scope(connection: &mut PgConnection, query: &ProductQuery) -> Result<Scope, AppError> {
    Ok(Scope { filter: query.filter.clone(), threshold: reorder_threshold(connection).await? })
}

impl InventoryService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn read(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: ProductId,
    ) -> Result<Option<ProductDetail>, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let threshold = reorder_threshold(connection).await?;
        let Some(mut product) = detail::get(connection, id, threshold, &|at| zone.local(at)).await? else {
            return Ok(None);
        };
        if who.may(Permission::TransactionsView) {
            let filter = SaleFilter { product_id: Some(id), ..SaleFilter::default() };
            let asked = SaleQuery { filter, limit: SALES, ..SaleQuery::default() };
            let scope = super::transactions::scope(who, &asked, zone, self.backend.clock.now());
            let latest =
                sales::Window { sort: SaleSort::OccurredAt, ascending: false, after: None, skip: 0, limit: SALES };
            product.sales = sales::page(connection, &scope, latest, &|at| zone.local(at)).await?.0;
        }
        Ok(Some(product))
    }

    async fn told(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: ProductId,
        at: DateTime<Utc>,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        audit::record(connection, self.backend.clock.new_id(), at, who, act).await?;
        store::live::emit(connection, Topic::Inventory, &id.to_string()).await?;
        Ok(())
    }

    async fn add(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &CreateProduct,
        at: DateTime<Utc>,
    ) -> Result<ProductDetail, AppError> {
        let checked = command.validate();
        let (fields, mut faults) = match checked {
            Ok(fields) => (Some(fields), Vec::new()),
            Err(faults) => (None, faults),
        };
        faults.extend(no_category(connection, command.category_id).await?);
        let Some(fields) = fields.filter(|_| faults.is_empty()) else { return Err(AppError::validation(faults)) };
        let currency = match command.currency {
            Some(currency) => currency,
            None => store::settings::business(connection).await?.base_currency,
        };
        let id = ProductId(self.backend.clock.new_id());
        let stamp = Stamp { by: who.label(), at };
        record::insert(connection, id, &fields, currency, stamp).await.map_err(|error| taken(error, &fields))?;
        let act = Act::done("inventory.product_create", "product", id).after(Value::Object(shown(&fields)));
        self.told(connection, who, id, at, act).await?;
        self.read(connection, who, id).await?.ok_or_else(AppError::internal)
    }

    /// Locks the product, which must be as the caller has read it.
    async fn own(
        &self,
        connection: &mut PgConnection,
        id: ProductId,
        version: Option<i32>,
    ) -> Result<Locked, AppError> {
        let locked = record::lock(connection, id).await?.ok_or_else(|| AppError::not_found("Product"))?;
        if version.is_some_and(|version| version != locked.version) {
            let zone = zone_of(&store::settings::business(connection).await?);
            let when = zone.local(locked.updated_at);
            return Err(stale("product", locked.updated_by.as_deref(), when, locked.version));
        }
        Ok(locked)
    }
}

#[async_trait]
impl InventoryPort for InventoryService {
    async fn products(&self, who: &Principal, query: &ProductQuery) -> Result<ProductList, AppError> {
        who.require(Permission::InventoryView)?;
        let searched = query.filter.q.is_some();
        let after = query.cursor.as_deref().map(|text| cursor::read(text, searched)).transpose()?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let scope = scope(&mut tx, query).await?;
        let total = list::count(&mut tx, &scope).await?;
        let (items, next) = list::page(&mut tx, &scope, after.as_ref(), query.limit).await?;
        store::commit(tx).await?;
        let next_cursor = next.as_ref().map(|after| cursor::write(after, searched));
        Ok(ProductList { page: Page { items, next_cursor, total }, query: query.clone() })
    }

    async fn product(&self, who: &Principal, id: ProductId) -> Result<Option<ProductDetail>, AppError> {
        who.require(Permission::InventoryView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let product = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(product)
    }

    async fn categories(&self, who: &Principal) -> Result<Vec<CategoryItem>, AppError> {
        who.require(Permission::InventoryView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let categories = list::categories(&mut tx).await?;
        store::commit(tx).await?;
        Ok(categories)
    }

    async fn blank(&self, who: &Principal) -> Result<BlankProduct, AppError> {
        who.require(Permission::InventoryEdit)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let currency = store::settings::business(&mut tx).await?.base_currency;
        let categories = list::categories(&mut tx).await?;
        store::commit(tx).await?;
        Ok(BlankProduct { idempotency_key: self.backend.clock.new_id().to_string(), currency, categories })
    }

    async fn create(
        &self,
        who: &Principal,
        command: &CreateProduct,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ProductDetail, AppError>> {
        if let Err(error) = who.require(Permission::InventoryEdit) {
            return Answered::of(Err(error));
        }
        let at = self.backend.clock.now();
        let request = Request { who, key, route: "POST /api/v1/products", body: command, status: 201 };
        let answered = once(&self.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
            self.add(connection, who, command, at).await
        });
        Answered::of(answered.await)
    }

    async fn edit(&self, who: &Principal, id: ProductId, command: &EditProduct) -> Result<ProductDetail, AppError> {
        who.require(Permission::InventoryEdit)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let before = self.own(&mut tx, id, command.version).await?.fields;
        let (after, mut faults) = match command.applied(&before) {
            Ok(after) => (Some(after), Vec::new()),
            Err(faults) => (None, faults),
        };
        faults.extend(no_category(&mut tx, command.category_id.flatten()).await?);
        let Some(after) = after.filter(|_| faults.is_empty()) else { return Err(AppError::validation(faults)) };
        if after.kind != before.kind && record::has_stock(&mut tx, id).await? {
            let message = "Stock of this product was moved already; its kind stays.";
            return Err(AppError::conflict(message).with_field("kind", message));
        }
        if after != before {
            let stamp = Stamp { by: who.label(), at };
            record::update(&mut tx, id, &after, stamp).await.map_err(|error| taken(error, &after))?;
            if after.price != before.price {
                record::price(&mut tx, id, after.price, stamp).await?;
            }
            let (was, is) = changes(shown(&before), shown(&after));
            let act = Act::done("inventory.product_edit", "product", id).before(was).after(is);
            self.told(&mut tx, who, id, at, act).await?;
        }
        let product = self.read(&mut tx, who, id).await?.ok_or_else(AppError::internal)?;
        store::commit(tx).await?;
        Ok(product)
    }

    async fn remove(&self, who: &Principal, id: ProductId, version: Option<i32>) -> Result<Removed, AppError> {
        who.require(Permission::InventoryEdit)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let before = self.own(&mut tx, id, version).await?;
        let removed = if record::delete(&mut tx, id).await? {
            let was = Value::Object(shown(&before.fields));
            let act = Act::done("inventory.product_delete", "product", id).before(was);
            self.told(&mut tx, who, id, at, act).await?;
            Removed::Deleted
        } else {
            record::archive(&mut tx, id, Stamp { by: who.label(), at }).await?;
            let act = Act::done("inventory.product_archive", "product", id)
                .before(json!({"sku": before.fields.sku, "is_active": before.fields.is_active}))
                .after(json!({"sku": before.fields.sku, "is_active": false}));
            self.told(&mut tx, who, id, at, act).await?;
            Removed::Archived(self.read(&mut tx, who, id).await?.ok_or_else(AppError::internal)?)
        };
        store::commit(tx).await?;
        Ok(removed)
    }
}

async fn no_category(
    connection: &mut PgConnection,
    category: Option<CategoryId>,
) -> Result<Option<FieldError>, AppError> {
    let Some(id) = category else { return Ok(None) };
    let there = record::has_category(connection, id).await?;
    Ok((!there).then(|| FieldError::new("category_id", "This category does not exist.")))
}

fn taken(error: StoreError, fields: &ProductFields) -> AppError {
    let (path, message) = match error.constraint() {
        Some(record::ONE_SKU) => ("sku", format!("There is a product {} already.", fields.sku)),
        Some(record::ONE_BARCODE) => ("barcode", "Another product has this barcode.".to_owned()),
        _ => return error.into(),
    };
    AppError::conflict(message.clone()).with_field(path, message)
}

fn shown(fields: &ProductFields) -> Map<String, Value> {
    let value = json!({
        "sku": fields.sku,
        "name": fields.name,
        "category_id": fields.category_id,
        "kind": fields.kind,
        "description": fields.description,
        "unit": fields.unit,
        "price": fields.price,
        "cost": fields.cost,
        "weight_kg": fields.weight_kg,
        "dimensions": fields.dimensions,
        "warranty_months": fields.warranty_months,
        "barcode": fields.barcode,
        "is_active": fields.is_active,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The fields that differ, before and after.
pub(super) fn changes(mut before: Map<String, Value>, mut after: Map<String, Value>) -> (Value, Value) {
    before.retain(|name, value| after.get(name) != Some(value));
    after.retain(|name, _| before.contains_key(name));
    (Value::Object(before), Value::Object(after))
}
