//! What a sale is made from, and writing it.

use super::{money, read};
use crate::Result;
use chrono::{DateTime, Utc};
use domain::{
    access::Principal,
    ids::TransactionId,
    money::Currency,
    settings::{Business, currency_list},
    transactions::{LineTotals, PaymentMethod, SaleStatus, SaleTotals},
};
use rust_decimal::Decimal;
use sqlx::{PgConnection, types::ipnet::IpNet};
use std::{collections::HashMap, net::IpAddr};
use uuid::Uuid;

/// A product as the price is made from it.
#[derive(Debug, Clone)]
pub struct Product {
    pub sku: String,
    pub name: String,
    /// Takes stock; services do not.
    pub stocked: bool,
    pub price: Decimal,
    pub currency: Currency,
    /// May be sold: active and not deleted.
    pub sellable: bool,
    pub demo: bool,
    /// On hand and not reserved at the site.
    pub left: Decimal,
}

/// The settings a sale obeys.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub business: Business,
    /// A share; default 0.08.
    pub tax_rate: Option<Decimal>,
    pub max_total: Option<Decimal>,
    /// Currencies that may be sold in; `None`: that of the products and the base currency.
    pub currencies: Option<Vec<Currency>>,
}

/// Everything a sale needs to know, read in one round trip.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub products: HashMap<Uuid, Product>,
    /// `None`: the site asked for does not exist.
    pub site_id: Option<Uuid>,
    /// The customer asked for, if there is one and they are not erased: whether of the demo world.
    pub customer_demo: Option<bool>,
    pub rules: Rules,
}

/// Reads what a sale of `products` at the instant `at` to `customer` at `site` (`None`: the default one) is made
/// from; prices are those in force at that instant.
///
/// # Errors
/// When the statement fails.
pub async fn facts(
    connection: &mut PgConnection,
    products: &[Uuid],
    site: Option<Uuid>,
    customer: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<Facts> {
    let rows = sqlx::query!(
        r#"select w.id as "id!", p.id as "product_id?", p.sku as "sku?", p.name as "name?", p.kind as "kind?",
                  coalesce((select h.price from sales.product_prices h where h.product_id = p.id and h.valid_from <= $4
                            order by h.valid_from desc limit 1), p.price) as "price?",
                  p.currency as "currency?", p.is_active and p.deleted_at is null as "sellable?", p.origin as "origin?",
                  coalesce(l.on_hand - l.reserved, 0) as "left!", s.id as "site_id?", c.origin as "customer_origin?",
                  o.settings as "settings?"
           from unnest($1::uuid[]) as w (id)
           left join sales.products p on p.id = w.id
           left join stock.sites s on s.id = $2 or ($2 is null and s.is_default)
           left join stock.levels l on l.product_id = p.id and l.site_id = s.id
           left join sales.customers c on c.id = $3 and c.erased_at is null
           cross join (select jsonb_object_agg(key, value) as settings from ops.settings
                       where key in ('business.base_currency', 'business.zone', 'business.locale', 'sales.tax_rate',
                                     'sales.max_transaction_amount', 'sales.currencies')) as o"#,
        products,
        site,
        customer,
        at
    )
    .fetch_all(connection)
    .await?;
    let mut facts = Facts::default();
    for row in rows {
        facts.site_id = row.site_id;
        facts.customer_demo = row.customer_origin.map(|o| o == "demo");
        if facts.products.is_empty() {
            facts.rules = rules(row.settings.as_ref());
        }
        let Some((sku, name, kind, price, currency, sellable)) = row
            .product_id
            .and(row.sku)
            .zip(row.name)
            .zip(row.kind)
            .zip(row.price)
            .zip(row.currency)
            .zip(row.sellable)
            .map(|(((((sku, name), kind), price), currency), sellable)| (sku, name, kind, price, currency, sellable))
        else {
            continue;
        };
        let currency = read("currency", &currency, |t| t.parse().ok())?;
        let demo = row.origin.as_deref() == Some("demo");
        let product = Product {
            sku,
            name,
            stocked: kind == "stocked",
            price: money(price),
            currency,
            sellable,
            demo,
            left: row.left.normalize(),
        };
        facts.products.insert(row.id, product);
    }
    Ok(facts)
}

fn rules(settings: Option<&serde_json::Value>) -> Rules {
    let get = |key: &str| settings.and_then(|s| s.get(key));
    let text = |key: &str| get(key).and_then(|v| v.as_str());
    // A number in JSON or a text: both are exact in their decimal form.
    let decimal =
        |key: &str| get(key).and_then(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned).parse().ok());
    let mut business = Business::default();
    if let Some(currency) = text("business.base_currency").and_then(|t| t.parse().ok()) {
        business.base_currency = currency;
    }
    if let Some(zone) = text("business.zone") {
        zone.clone_into(&mut business.zone);
    }
    if let Some(locale) = text("business.locale") {
        locale.clone_into(&mut business.locale);
    }
    // Empty: nobody has narrowed them.
    let currencies = get("sales.currencies")
        .and_then(|v| match v {
            serde_json::Value::Array(list) => Some(list.iter().filter_map(|c| c.as_str()?.parse().ok()).collect()),
            other => currency_list(other.as_str()?),
        })
        .filter(|list: &Vec<Currency>| !list.is_empty());
    Rules {
        business,
        tax_rate: decimal("sales.tax_rate"),
        max_total: decimal("sales.max_transaction_amount"),
        currencies,
    }
}

/// One line as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub product_id: Uuid,
    pub quantity: Decimal,
    pub list_price: Decimal,
    pub unit_price: Decimal,
    pub totals: LineTotals,
}

/// A sale as it is written: approved and recognised at once, or pending.
#[derive(Debug)]
pub struct Sale<'a> {
    pub id: TransactionId,
    pub event_id: Uuid,
    pub at: DateTime<Utc>,
    pub customer_id: Option<Uuid>,
    pub site_id: Uuid,
    pub payment_method: PaymentMethod,
    pub terminal_id: Option<&'a str>,
    pub device_id: Option<&'a str>,
    pub ip_address: Option<IpAddr>,
    pub currency: Currency,
    pub lines: &'a [Line],
    pub totals: &'a SaleTotals,
    pub entry: &'a str,
    pub origin: &'a str,
    pub status: SaleStatus,
    /// `None`: pending.
    pub recognised_at: Option<DateTime<Utc>>,
    pub payment_fingerprint: Option<&'a [u8]>,
}

/// Writes the sale, its lines and its first event in one round trip, announces it at commit, and
/// answers its number.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, who: &Principal, sale: &Sale<'_>) -> Result<i64> {
    let column = |part: fn(&Line) -> Decimal| sale.lines.iter().map(part).collect::<Vec<Decimal>>();
    let products: Vec<Uuid> = sale.lines.iter().map(|l| l.product_id).collect();
    let quantity: Decimal = sale.lines.iter().map(|l| l.quantity).sum();
    let trace = who.trace();
    let row = sqlx::query!(
        r#"with sale as (
               insert into sales.transactions (id, customer_id, site_id, status, payment_method, session_ref, currency, gross, discount,
                                               net, tax, shipping, total, quantity, line_count, occurred_at, recognised_at, entry,
                                               origin, created_at, updated_at, terminal_id, device_id, ip_address, user_agent,
                                               created_by, payment_fingerprint)
               values ($1, $2, $3, $31, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $32, $16, $17, $15, $15,
                       $18, $19, $20, left($21, 400), $33, $34)
               returning number
           ), lines as (
               insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, discount,
                                                    net, tax, occurred_at)
               select $1, line_no, product_id, quantity, list_price, unit_price, discount, net, tax, $15
               from unnest($22::uuid[], $23::numeric[], $24::numeric[], $25::numeric[], $26::numeric[], $27::numeric[], $28::numeric[])
                    with ordinality as l (product_id, quantity, list_price, unit_price, discount, net, tax, line_no)
           ), event as (
               insert into sales.transaction_events (id, transaction_id, at, actor, to_status) values ($29, $1, $15, $30, $31)
           )
           select number from sale"#,
        sale.id.0,
        sale.customer_id,
        sale.site_id,
        sale.payment_method.as_str(),
        trace.session_ref.as_deref(),
        sale.currency.as_str(),
        sale.totals.gross,
        sale.totals.discount,
        sale.totals.net,
        sale.totals.tax,
        sale.totals.shipping,
        sale.totals.total,
        quantity,
        i32::try_from(sale.lines.len()).unwrap_or(i32::MAX),
        sale.at,
        sale.entry,
        sale.origin,
        sale.terminal_id,
        sale.device_id,
        sale.ip_address.map(IpNet::from),
        trace.user_agent.as_deref(),
        &products,
        &column(|l| l.quantity),
        &column(|l| l.list_price),
        &column(|l| l.unit_price),
        &column(|l| l.totals.discount),
        &column(|l| l.totals.net),
        &column(|l| l.totals.tax),
        sale.event_id,
        who.label(),
        sale.status.as_str(),
        sale.recognised_at,
        who.user_id().map(|user| user.0),
        sale.payment_fingerprint
    )
    .fetch_one(connection)
    .await?;
    Ok(row.number)
}
