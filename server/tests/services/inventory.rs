//! The catalogue: conflicts, history, archive, and every shape of its list.

use crate::shop::{Shop, admin, at, buyer, clerk, dec, planner, viewer};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    idempotency::IdempotencyKey,
    ids::ProductId,
    inventory::{CreateProduct, EditProduct, InventoryPort, ProductDetail, ProductQuery, Removed},
    query,
    transactions::{Entry, PaymentMethod, RecordLine, RecordSale},
};
use rust_decimal::Decimal;
use server::services::inventory::InventoryService;
use sqlx::PgPool;
use std::collections::BTreeSet;

fn catalogue(shop: &Shop) -> InventoryService {
    InventoryService::new(shop.backend.clone())
}

fn vase(sku: &str) -> CreateProduct {
    CreateProduct {
        sku: sku.into(),
        name: "Vase".into(),
        price: Some(dec("12.50")),
        currency: Some("USD".parse().unwrap()),
        ..CreateProduct::default()
    }
}

async fn create(catalogue: &InventoryService, command: &CreateProduct) -> Result<ProductDetail, AppError> {
    catalogue.create(&planner(), command, None).await.value
}

async fn sell(shop: &Shop, product: ProductId) -> Decimal {
    let line = RecordLine { product_id: product, quantity: Decimal::ONE, unit_price: None, discount: Decimal::ZERO };
    let sale = RecordSale { lines: vec![line], payment_method: Some(PaymentMethod::Cash), ..RecordSale::default() };
    shop.sales.record(&planner(), &sale, Entry::Api, None).await.value.unwrap().net
}

fn faults(error: &AppError) -> Vec<&str> {
    error.fields.iter().map(|f| f.path.as_str()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sku_is_kept_in_capitals_and_once(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let made = create(&catalogue, &CreateProduct { barcode: Some("4001".into()), ..vase(" vase-1 ") }).await.unwrap();
    assert_eq!((made.sku.as_str(), made.version, made.prices.len()), ("VASE-1", 1, 1));
    let again = create(&catalogue, &vase("Vase-1")).await.unwrap_err();
    assert_eq!((again.code, faults(&again)), (ErrorCode::Conflict, vec!["sku"]));
    let other = create(&catalogue, &vase("VASE-2")).await.unwrap();
    let edit = EditProduct { sku: Some("vase-1".into()), ..EditProduct::default() };
    let taken = catalogue.edit(&planner(), other.id, &edit).await.unwrap_err();
    assert_eq!((taken.code, faults(&taken)), (ErrorCode::Conflict, vec!["sku"]));
    let edit = EditProduct { barcode: Some(Some("4001".into())), ..EditProduct::default() };
    let taken = catalogue.edit(&planner(), other.id, &edit).await.unwrap_err();
    assert_eq!((taken.code, faults(&taken)), (ErrorCode::Conflict, vec!["barcode"]));
    let wild = CreateProduct { category_id: Some("01890000-0000-7000-8000-000000000001".parse().unwrap()), ..vase("") };
    assert_eq!(faults(&create(&catalogue, &wild).await.unwrap_err()), ["sku", "category_id"]);
    assert_eq!(shop.count("select count(*) from sales.products").await, 2);
    assert_eq!(shop.count("select count(*) from ops.audit_log where action = 'inventory.product_create'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_key_adds_one_product(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let key = IdempotencyKey::parse("k1").unwrap();
    let first = catalogue.create(&planner(), &vase("V"), Some(&key)).await;
    let again = catalogue.create(&planner(), &vase("V"), Some(&key)).await;
    assert_eq!((first.value.as_ref().unwrap().id, first.replayed), (again.value.unwrap().id, false));
    assert!(again.replayed);
    let other = catalogue.create(&planner(), &vase("W"), Some(&key)).await;
    assert_eq!(other.value.unwrap_err().code, ErrorCode::Conflict);
}

#[sqlx::test(migrations = "../migrations")]
async fn null_empties_and_a_stale_change_is_told_who_and_when(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let filled = CreateProduct {
        barcode: Some("4001".into()),
        cost: Some(dec("4")),
        warranty_months: Some(24),
        dimensions: Some("10 × 10 cm".into()),
        weight_kg: Some(dec("0.350")),
        ..vase("V")
    };
    let made = create(&catalogue, &filled).await.unwrap();
    assert_eq!(
        (made.weight_kg, made.warranty_months, made.dimensions.as_deref()),
        (Some(dec("0.35")), Some(24), Some("10 × 10 cm"))
    );
    let emptied: EditProduct = serde_json::from_str(
        r#"{"barcode":null,"cost":null,"warranty_months":null,"dimensions":null,"weight_kg":null}"#,
    )
    .unwrap();
    shop.clock.advance(Duration::minutes(5));
    let now = catalogue.edit(&buyer(), made.id, &emptied).await.unwrap();
    assert_eq!(
        (now.barcode, now.cost, now.warranty_months, now.dimensions, now.weight_kg),
        (None, None, None, None, None)
    );
    assert_eq!((now.sku, now.price, now.version), (made.sku, made.price, 2));

    let late = EditProduct { name: Some("Jar".into()), version: Some(1), ..EditProduct::default() };
    let error = catalogue.edit(&planner(), made.id, &late).await.unwrap_err();
    assert_eq!((error.code, faults(&error)), (ErrorCode::Conflict, vec!["version"]));
    for said in ["test@example.com", "08:35", "version 2"] {
        assert!(error.message.contains(said), "{said}: {}", error.message);
    }
    let error = catalogue.remove(&planner(), made.id, Some(1)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    let right = EditProduct { version: Some(2), ..late };
    assert_eq!(catalogue.edit(&planner(), made.id, &right).await.unwrap().name, "Jar");
    // Saving what stands there already is no change.
    let same = EditProduct { name: Some("Jar".into()), ..EditProduct::default() };
    assert_eq!(catalogue.edit(&planner(), made.id, &same).await.unwrap().version, 3);
    let audited = "select count(*) from ops.audit_log where action = 'inventory.product_edit' and before ? 'name' and not before ? 'price'";
    assert_eq!(shop.count(audited).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn each_price_is_kept_and_a_sale_takes_the_one_in_force(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let service = CreateProduct { kind: domain::inventory::ProductKind::Service, ..vase("WRAP") };
    let id = create(&catalogue, &service).await.unwrap().id;
    assert_eq!(sell(&shop, id).await, dec("12.50"));
    shop.clock.advance(Duration::hours(1));
    let dearer = EditProduct { price: Some(dec("15")), ..EditProduct::default() };
    let now = catalogue.edit(&planner(), id, &dearer).await.unwrap();
    let prices: Vec<_> = now.prices.iter().map(|p| (p.valid_from.to_utc(), p.price)).collect();
    assert_eq!(prices, [(at("2026-10-06T09:30:00Z"), dec("15")), (at("2026-10-06T08:30:00Z"), dec("12.50"))]);
    assert_eq!(sell(&shop, id).await, dec("15"));
    // A price that begins tomorrow is none of today's, whatever the product itself says.
    sqlx::query(
        "insert into sales.product_prices (product_id, valid_from, price, by) values ($1, '2026-10-07Z', 20, 'test')",
    )
    .bind(id.0)
    .execute(&shop.db)
    .await
    .unwrap();
    sqlx::query("update sales.products set price = 20 where id = $1").bind(id.0).execute(&shop.db).await.unwrap();
    assert_eq!(sell(&shop, id).await, dec("15"));
    shop.clock.advance(Duration::days(1));
    assert_eq!(sell(&shop, id).await, dec("20"));
    assert_eq!(shop.count("select count(distinct list_price) from sales.transaction_lines").await, 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_sold_or_moved_is_archived_and_can_come_back(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let fresh = create(&catalogue, &vase("NEW")).await.unwrap();
    assert_eq!(catalogue.remove(&planner(), fresh.id, Some(1)).await.unwrap(), Removed::Deleted);
    assert_eq!(catalogue.product(&viewer(), fresh.id).await.unwrap(), None);
    assert_eq!(catalogue.remove(&planner(), fresh.id, None).await.unwrap_err().code, ErrorCode::NotFound);

    let mug = ProductId(shop.product("MUG", "Mug", "5", Some(3)).await);
    sell(&shop, mug).await;
    let Removed::Archived(gone) = catalogue.remove(&planner(), mug, None).await.unwrap() else { panic!("it was sold") };
    assert!(gone.archived_at.is_some() && !gone.is_active);
    assert_eq!((gone.on_hand, gone.sales.len()), (Some(dec("2")), 1));
    let list = |text: &'static str| ProductQuery::parse(query::pairs(text)).unwrap();
    assert_eq!(catalogue.products(&viewer(), &list("")).await.unwrap().page.total, 0);
    assert_eq!(catalogue.products(&viewer(), &list("active=false")).await.unwrap().page.total, 1);
    let line = RecordLine { product_id: mug, quantity: Decimal::ONE, unit_price: None, discount: Decimal::ZERO };
    let sale = RecordSale { lines: vec![line], payment_method: Some(PaymentMethod::Cash), ..RecordSale::default() };
    assert_eq!(faults(&shop.sales.quote(&planner(), &sale).await.unwrap_err()), ["lines[0].product_id"]);
    let service = EditProduct { kind: Some(domain::inventory::ProductKind::Service), ..EditProduct::default() };
    assert_eq!(faults(&catalogue.edit(&planner(), mug, &service).await.unwrap_err()), ["kind"]);
    let back = EditProduct { is_active: Some(true), ..EditProduct::default() };
    let back = catalogue.edit(&planner(), mug, &back).await.unwrap();
    assert_eq!((back.is_active, back.archived_at), (true, None));
    let acts =
        "select count(*) from ops.audit_log where action in ('inventory.product_delete', 'inventory.product_archive')";
    assert_eq!(shop.count(acts).await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_shape_of_the_list_counts_what_its_pages_hold(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    sqlx::query("insert into sales.categories (id, name) values ('01890000-0000-7000-8000-00000000000a', 'Kitchen')")
        .execute(&shop.db)
        .await
        .unwrap();
    for n in 0..30 {
        let command = CreateProduct {
            name: if n % 3 == 0 { "Mug, large".into() } else { format!("Jug {}", n % 4) },
            category_id: (n % 2 == 0).then(|| "01890000-0000-7000-8000-00000000000a".parse().unwrap()),
            kind: if n % 5 == 0 { domain::inventory::ProductKind::Service } else { Default::default() },
            is_active: Some(n % 7 != 0),
            ..vase(&format!("{}-{n}", if n % 4 == 0 { "MUG" } else { "J" }))
        };
        create(&catalogue, &command).await.unwrap();
    }
    shop.product("LOW", "Low jug", "1", Some(1)).await;
    let all: [(&str, &[&str]); 5] = [
        ("q", &["", "mug", "j", "%", "100%_\\"]),
        ("category", &["", "01890000-0000-7000-8000-00000000000a"]),
        ("kind", &["", "stocked", "service"]),
        ("active", &["", "false", "all"]),
        ("low_stock", &["", "true"]),
    ];
    let mut shapes = vec![String::new()];
    for (name, values) in all {
        shapes = shapes
            .iter()
            .flat_map(|shape| values.iter().map(move |value| format!("{shape}&{name}={}", value.replace('%', "%25"))))
            .collect();
    }
    let mut found = BTreeSet::new();
    for shape in &shapes {
        let mut query = ProductQuery::parse(query::pairs(shape)).unwrap();
        query.limit = 7;
        let (mut seen, mut total) = (Vec::new(), None);
        loop {
            let page = catalogue.products(&viewer(), &query).await.unwrap().page;
            assert_eq!(*total.get_or_insert(page.total), page.total, "{shape}");
            seen.extend(page.items.into_iter().map(|p| p.sku));
            let Some(cursor) = page.next_cursor else { break };
            query = query.page_after(cursor);
        }
        assert_eq!(i64::try_from(seen.len()).unwrap(), total.unwrap(), "{shape}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{shape}: one twice");
        found.insert(seen.len());
    }
    assert!(found.len() > 8, "{found:?}");
    let list = |text: &'static str| ProductQuery::parse(query::pairs(text)).unwrap();
    let best = catalogue.products(&viewer(), &list("q=mug-8&active=all")).await.unwrap().page;
    assert_eq!(best.items[0].sku, "MUG-8");
    let low = catalogue.products(&viewer(), &list("low_stock=true")).await.unwrap().page;
    assert_eq!((low.total, low.items[0].sku.as_str(), low.items[0].low_stock), (1, "LOW", true));
    assert_eq!(catalogue.products(&viewer(), &list("sku=low")).await.unwrap().page.total, 1);
    let next = catalogue.products(&viewer(), &list("q=mug&limit=1")).await.unwrap().page.next_cursor.unwrap();
    let crossed = ProductQuery::default().page_after(next);
    assert_eq!(faults(&catalogue.products(&viewer(), &crossed).await.unwrap_err()), ["cursor"]);
    let categories = catalogue.categories(&clerk()).await.unwrap();
    assert_eq!((categories.len(), categories[0].products), (1, 12));
}

#[sqlx::test(migrations = "../migrations")]
async fn each_act_on_the_catalogue_needs_its_right(db: PgPool) {
    let shop = Shop::on(db);
    let catalogue = catalogue(&shop);
    let nobody = crate::shop::holding(domain::access::Rights::default());
    let id = create(&catalogue, &vase("V")).await.unwrap().id;
    for error in [
        catalogue.products(&nobody, &ProductQuery::default()).await.unwrap_err(),
        catalogue.product(&nobody, id).await.unwrap_err(),
        catalogue.categories(&nobody).await.unwrap_err(),
        catalogue.blank(&viewer()).await.unwrap_err(),
        catalogue.create(&clerk(), &vase("W"), None).await.value.unwrap_err(),
        catalogue.edit(&viewer(), id, &EditProduct::default()).await.unwrap_err(),
        catalogue.remove(&clerk(), id, None).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::Forbidden);
    }
    assert!(catalogue.product(&buyer(), id).await.unwrap().unwrap().sales.is_empty());
    assert_eq!(catalogue.create(&admin(), &vase("W"), None).await.value.unwrap().sku, "W");
}
