//! Filling the database, part by part. A load that was broken off goes on where it stopped.

use super::{
    DemoService,
    plan::{Details, demo_business, is_complete, plan, zone_of},
    table_rows,
};
use crate::services::{overview::name_closed_days, planning::networks};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Principal,
    demo::{DemoLoaded, DemoPart, LoadDemo, SalesFile},
    live::Topic,
    settings::Business,
};
use engine::{
    calendar::BusinessZone,
    demo::{Chance, World, network},
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::BTreeMap, sync::Arc};
use store::{
    audit::Act,
    demo::{Batch, NewCustomer, NewProduct, NewVisit},
    settings,
};

/// Who writes the rows that name a writer.
const BY: &str = "demo";
/// Stream of chance that makes the ids of visits.
const VISIT_IDS: u64 = 5;

impl DemoService {
    pub(super) async fn load_parts(&self, who: &Principal, command: &LoadDemo) -> Result<DemoLoaded, AppError> {
        let lock = self.lock().await?;
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let batches = store::demo::current_batches(&mut connection).await?;
        let untouched = settings_untouched(&mut connection).await?;
        let business = if untouched { demo_business() } else { settings::business(&mut connection).await? };
        let tables = store::demo::tables(&mut connection).await?;
        if batches.is_empty() && !command.mix && store::demo::live_rows_exist(&mut connection, &tables).await? {
            return Err(AppError::conflict(
                "There are live rows in this database. Demo data is not mixed with them unless you ask for it with --mix.",
            ));
        }
        drop(connection);
        let zone = zone_of(&business);
        let plan = plan(command, &batches, zone, self.now())?;
        let missing = |part| command.parts.contains(&part) && !is_complete(&batches, part);
        let visits_wanted = missing(DemoPart::Orders);
        let commerce_wanted =
            (visits_wanted || missing(DemoPart::Commerce)) && !is_complete(&batches, DemoPart::Commerce);

        let mut changes = 0;
        let mut sales_file = None;
        if commerce_wanted || visits_wanted {
            let world = generate(plan).await?;
            if commerce_wanted {
                let open = batches.iter().find(|b| b.dataset == DemoPart::Commerce.as_str());
                let (rows, file) = self.load_commerce(who, &world, &business, untouched, open).await?;
                changes += rows;
                sales_file = Some(file);
            }
            if visits_wanted {
                changes += self.load_visits(who, &world, zone).await?;
            }
        }
        if missing(DemoPart::Planning) {
            changes += self.load_network(who, plan).await?;
        }
        self.logins.ensure(&self.backend).await?;
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let rows = store::demo::demo_counts(&mut connection, &tables).await?;
        store::commit(lock).await?;
        let seed = i64::try_from(plan.seed).unwrap_or(i64::MAX);
        Ok(DemoLoaded { seed, as_of: plan.as_of, changes, sales_file, rows: table_rows(rows) })
    }

    /// Catalogue, stock and customers in one transaction, then the sales file through the import.
    async fn load_commerce(
        &self,
        who: &Principal,
        world: &World,
        business: &Business,
        untouched: bool,
        open: Option<&Batch>,
    ) -> Result<(i64, SalesFile), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        if untouched {
            self.set_business(&mut tx, who, business).await?;
        }
        let mut batch = match open {
            Some(batch) => batch.clone(),
            None => {
                let batch = self.new_batch(world.plan, DemoPart::Commerce);
                store::demo::start_batch(&mut tx, &batch).await?;
                batch
            }
        };
        let mut details = Details::read(&batch.details);
        let mut written = 0;
        for (what, rows) in insert_catalogue(&mut tx, world, business).await? {
            *details.rows.entry(what.to_owned()).or_default() += rows;
            written += rows;
        }
        batch.details = details.write();
        store::demo::set_details(&mut tx, batch.id, &batch.details).await?;
        let act = Act::done("system.demo_load", "demo", DemoPart::Commerce.as_str())
            .after(json!({ "seed": batch.seed, "as_of": batch.as_of, "rows": details.rows }));
        self.announce(&mut tx, who, act).await?;
        store::commit(tx).await?;

        let name = format!("demo-sales-{}.csv", world.plan.as_of);
        let file = world.sales_csv().map_err(|error| {
            tracing::error!(%error, "the demo sales file could not be written");
            AppError::internal()
        })?;
        let account = self.sales.import(who, &name, file, business).await?;
        details.rows.insert("sales file rows imported".to_owned(), i64::from(account.imported));
        details.rows.insert("sales screened".to_owned(), i64::from(account.screened));
        details.complete = true;
        self.finish(who, batch.id, &details).await?;
        Ok((written + i64::from(account.imported), account))
    }

    async fn load_visits(&self, who: &Principal, world: &World, zone: BusinessZone) -> Result<i64, AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let mut ids = Chance::new(world.plan.seed, VISIT_IDS);
        let visits: Vec<NewVisit<'_>> = world
            .visits
            .iter()
            .map(|visit| {
                let at = zone.earliest_instant(visit.time);
                NewVisit {
                    id: ids.id(at),
                    at,
                    visitor_key: &visit.visitor,
                    session_ref: &visit.session,
                    customer_ref: visit.customer.map(|n| world.customers[n].reference.as_str()),
                    source: visit.source,
                    path: &visit.path,
                }
            })
            .collect();
        let rows = rows(store::demo::insert_visits(&mut tx, &visits).await?);
        let moments: Vec<DateTime<Utc>> = visits.iter().map(|visit| visit.at).collect();
        name_closed_days(&mut tx, moments, self.now()).await?;
        let mut batch = self.new_batch(world.plan, DemoPart::Orders);
        let mut details = Details::read(&batch.details);
        details.rows = BTreeMap::from([("visits".to_owned(), rows)]);
        details.complete = true;
        batch.details = details.write();
        store::demo::start_batch(&mut tx, &batch).await?;
        let act =
            Act::done("system.demo_load", "demo", DemoPart::Orders.as_str()).after(json!({ "rows": details.rows }));
        self.announce(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(rows)
    }

    async fn load_network(&self, who: &Principal, plan: engine::demo::Plan) -> Result<i64, AppError> {
        let document = network::document(plan.seed, plan.as_of).to_string();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let rows = networks::plant(&self.backend, &mut tx, who, network::CODE, document).await?;
        let mut batch = self.new_batch(plan, DemoPart::Planning);
        let mut details = Details::read(&batch.details);
        details.rows = BTreeMap::from([("network rows".to_owned(), rows)]);
        details.complete = true;
        batch.details = details.write();
        store::demo::start_batch(&mut tx, &batch).await?;
        let part = DemoPart::Planning.as_str();
        self.announce(&mut tx, who, Act::done("system.demo_load", "demo", part).after(json!({ "rows": rows }))).await?;
        store::commit(tx).await?;
        Ok(rows)
    }

    async fn finish(&self, who: &Principal, batch: uuid::Uuid, details: &Details) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        store::demo::set_details(&mut tx, batch, &details.write()).await?;
        let act = Act::done("system.demo_load", "demo", DemoPart::Commerce.as_str()).after(json!({ "complete": true }));
        self.announce(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(())
    }

    fn new_batch(&self, plan: engine::demo::Plan, part: DemoPart) -> Batch {
        let details = Details { until_minute: plan.until_minute, ..Details::default() };
        Batch {
            id: self.backend.clock.new_id(),
            dataset: part.as_str().to_owned(),
            seed: i64::try_from(plan.seed).unwrap_or(i64::MAX),
            as_of: plan.as_of,
            details: details.write(),
            loaded_at: self.now(),
        }
    }

    async fn set_business(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        business: &Business,
    ) -> Result<(), AppError> {
        let values = [
            (settings::BASE_CURRENCY, json!(business.base_currency)),
            (settings::ZONE, json!(business.zone)),
            (settings::LOCALE, json!(business.locale)),
        ];
        for (key, value) in &values {
            settings::put(connection, key, value, BY, self.now()).await?;
        }
        let after: serde_json::Map<_, _> =
            values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let act = Act::done("settings.edit", "settings", "business").after(after.into());
        store::audit::record(connection, self.backend.clock.new_id(), self.now(), who, act).await?;
        store::live::emit(connection, Topic::Settings, "business").await?;
        Ok(())
    }
}

/// Nobody has set currency, zone or locale yet.
async fn settings_untouched(connection: &mut PgConnection) -> Result<bool, AppError> {
    let keys = [settings::BASE_CURRENCY, settings::ZONE, settings::LOCALE];
    Ok(!settings::all(connection).await?.iter().any(|set| keys.contains(&set.key.as_str())))
}

async fn generate(plan: engine::demo::Plan) -> Result<Arc<World>, AppError> {
    tokio::task::spawn_blocking(move || Arc::new(World::generate(plan))).await.map_err(|error| {
        tracing::error!(%error, "the demo world could not be generated");
        AppError::internal()
    })
}

/// Rows written, by what they are. Prices are in the currency of the business.
async fn insert_catalogue(
    connection: &mut PgConnection,
    world: &World,
    business: &Business,
) -> Result<[(&'static str, i64); 4], AppError> {
    let at = world.opened();
    let categories: Vec<_> = world.categories.iter().map(|c| (c.id, c.name)).collect();
    let products: Vec<NewProduct<'_>> = world
        .products
        .iter()
        .map(|p| NewProduct {
            id: p.id,
            sku: &p.sku,
            name: &p.name,
            category: world.categories[p.category].name,
            price: p.price,
            cost: p.cost,
            on_hand: Decimal::from(p.on_hand),
        })
        .collect();
    let customers: Vec<NewCustomer<'_>> = world
        .customers
        .iter()
        .map(|c| NewCustomer {
            id: c.id,
            external_ref: &c.reference,
            email: &c.email,
            first_name: c.first_name,
            last_name: c.last_name,
            country: c.country,
            registered: c.registered,
        })
        .collect();
    let currency = business.base_currency;
    Ok([
        ("categories", rows(store::demo::insert_categories(connection, &categories).await?)),
        ("products", rows(store::demo::insert_products(connection, &products, currency.as_str(), BY, at).await?)),
        ("stock levels", rows(store::demo::insert_stock(connection, &products, BY, at).await?)),
        ("customers", rows(store::demo::insert_customers(connection, &customers).await?)),
    ])
}

fn rows(affected: u64) -> i64 {
    i64::try_from(affected).unwrap_or(i64::MAX)
}
