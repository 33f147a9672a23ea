//! Customers: sealed, masked, revealed on record, erased for good; and how they buy.

use crate::{
    dice::Dice,
    shop::{Shop, admin, at, clerk, dec, planner, viewer},
};
use chrono::{DateTime, Duration, Timelike, Utc};
use domain::{
    AppError, ErrorCode,
    customers::{
        CreateCustomer, CustomerDetail, CustomerQuery, CustomersPort, EditCustomer, PersonalField, RevealCustomer,
    },
    ids::CustomerId,
    query,
    transactions::{Entry, PaymentMethod, RecordSale},
};
use rust_decimal::{Decimal, RoundingStrategy};
use server::services::customers::CustomersService;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use store::{customers::patterns, overview::Books};
use uuid::Uuid;

fn desk(shop: &Shop) -> CustomersService {
    CustomersService::new(shop.backend.clone(), crate::world::keys())
}

fn ann() -> CreateCustomer {
    CreateCustomer {
        first_name: Some("Ann".into()),
        last_name: Some("Archer".into()),
        email: Some("Ann.Archer@example.com".into()),
        phone: Some("+44 7700 901234".into()),
        address: Some("1 Mill Lane, Ambridge".into()),
        date_of_birth: Some("1980-12-31".parse().unwrap()),
        country: Some("UK".into()),
        ..CreateCustomer::default()
    }
}

async fn create(desk: &CustomersService, command: &CreateCustomer) -> Result<CustomerDetail, AppError> {
    desk.create(&planner(), command, None).await.value
}

async fn list(desk: &CustomersService, who: &domain::access::Principal, text: &str) -> Vec<String> {
    let asked = CustomerQuery::parse(query::pairs(text)).unwrap();
    desk.customers(who, &asked).await.unwrap().page.items.into_iter().map(|c| c.label).collect()
}

fn faults(error: &AppError) -> Vec<&str> {
    error.fields.iter().map(|f| f.path.as_str()).collect()
}

const CLEAR: [&str; 7] = ["Ann.Archer", "Archer", "7700", "901234", "Mill Lane", "Ambridge", "1980-12-31"];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_personal_is_sealed_at_rest_and_masked_for_everybody(db: PgPool) {
    let shop = Shop::on(db);
    let desk = desk(&shop);
    let made = create(&desk, &ann()).await.unwrap();
    for who in [viewer(), clerk(), admin()] {
        let shown = desk.customer(&who, made.id).await.unwrap().unwrap();
        assert_eq!(shown.email.as_deref(), Some("A***@example.com"));
        assert_eq!(shown.phone.as_deref(), Some("+44•••••1234"));
        assert_eq!((shown.label.as_str(), shown.has_address, shown.has_date_of_birth), ("A. A. · 1", true, true));
        let text = serde_json::to_string(&shown).unwrap();
        assert!(CLEAR.iter().all(|clear| !text.contains(clear)), "{text}");
        let text = format!("{:?}", list(&desk, &who, "").await);
        assert!(CLEAR.iter().all(|clear| !text.contains(clear)), "{text}");
    }
    // In the database the sealed columns tell nothing, nor does the audit log of it.
    let kept: String = sqlx::query_scalar(
        "select encode(phone_enc || phone_hash || address_enc || date_of_birth_enc, 'escape')
             || (select string_agg(coalesce(before::text, '') || after::text, ' ') from ops.audit_log) from sales.customers",
    )
    .fetch_one(&shop.db)
    .await
    .unwrap();
    assert!(CLEAR.iter().all(|clear| !kept.contains(clear)), "{kept}");
    assert!(kept.contains("+44•••••1234"), "{kept}");
    // Who may not read a name may not find by it.
    for text in ["q=archer", "q=ann.archer", "q=%2B447700901234"] {
        assert!(list(&desk, &viewer(), text).await.is_empty(), "{text}");
        assert_eq!(list(&desk, &clerk(), text).await.len(), 1, "{text}");
    }
    assert_eq!(list(&desk, &viewer(), "q=1").await.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reveal_is_on_record_and_its_page_forgets(db: PgPool) {
    let shop = Shop::on(db);
    let desk = desk(&shop);
    let id = create(&desk, &ann()).await.unwrap().id;
    let some = RevealCustomer { fields: vec![PersonalField::Phone, PersonalField::Name, PersonalField::Phone] };
    for who in [viewer(), planner()] {
        assert_eq!(desk.reveal(&who, id, &some).await.unwrap_err().code, ErrorCode::Forbidden);
    }
    let read = "select count(*) from ops.audit_log where pii_read and action = 'customers.reveal'
                and entity_id = (select id::text from sales.customers) and after = '{\"fields\": [\"name\", \"phone\"]}'";
    assert_eq!(shop.count(read).await, 0);
    let clear = desk.reveal(&clerk(), id, &some).await.unwrap();
    assert_eq!((clear.phone.as_deref(), clear.last_name.as_deref()), (Some("+447700901234"), Some("Archer")));
    assert_eq!((clear.email, clear.address, clear.date_of_birth), (None, None, None));
    assert_eq!(shop.count(read).await, 1);
    let none = RevealCustomer { fields: vec![] };
    assert_eq!(faults(&desk.reveal(&clerk(), id, &none).await.unwrap_err()), ["fields"]);

    let ticket = desk.ticket(&clerk(), id, &some).await.unwrap();
    assert_eq!(shop.count(read).await, 2);
    let shown = |who: domain::access::Principal, id| {
        let (desk, ticket) = (desk.clone(), ticket.clone());
        async move { desk.screen(&who, id, Some(&ticket)).await.unwrap().unwrap().shown }
    };
    assert_eq!(shown(clerk(), id).await.unwrap().phone.as_deref(), Some("+447700901234"));
    // Without the right, for another customer, or later it opens nothing.
    assert_eq!(shown(viewer(), id).await, None);
    let other = create(&desk, &CreateCustomer { email: None, ..ann() }).await.unwrap().id;
    assert_eq!(shown(clerk(), other).await, None);
    shop.clock.advance(Duration::minutes(5));
    assert_eq!(shown(clerk(), id).await, None);
    assert_eq!(shop.count(read.replace("(select id::text from sales.customers)", "entity_id").leak()).await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn changes_keep_what_they_do_not_name_and_conflicts_name_their_field(db: PgPool) {
    let shop = Shop::on(db);
    let desk = desk(&shop);
    let made = create(&desk, &ann()).await.unwrap();
    let again = create(&desk, &CreateCustomer { email: Some("ANN.archer@example.com".into()), ..ann() }).await;
    assert_eq!(
        (again.as_ref().unwrap_err().code, faults(again.as_ref().unwrap_err())),
        (ErrorCode::Conflict, vec!["email"])
    );
    shop.clock.advance(Duration::minutes(7));
    let edit: EditCustomer =
        serde_json::from_str(r#"{"phone":"0049 30 1234567","address":null,"first_name":"Anna","version":1}"#).unwrap();
    let now = desk.edit(&clerk(), made.id, &edit).await.unwrap();
    assert_eq!((now.phone.as_deref(), now.has_address, now.has_date_of_birth), (Some("+49•••••4567"), false, true));
    let all = RevealCustomer { fields: PersonalField::ALL.to_vec() };
    let clear = desk.reveal(&clerk(), made.id, &all).await.unwrap();
    assert_eq!((clear.first_name.as_deref(), clear.last_name.as_deref()), (Some("Anna"), Some("Archer")));
    assert_eq!((clear.phone.as_deref(), clear.address), (Some("+49301234567"), None));
    assert_eq!(clear.date_of_birth, Some("1980-12-31".parse().unwrap()));
    let stale = desk.edit(&planner(), made.id, &edit).await.unwrap_err();
    assert_eq!((stale.code, faults(&stale)), (ErrorCode::Conflict, vec!["version"]));
    assert!(stale.message.contains("test@example.com") && stale.message.contains("08:37"), "{}", stale.message);
    // What is written again as it is, is no change.
    let same: EditCustomer = serde_json::from_str(r#"{"phone":"+49 30 1234567","last_name":"Archer"}"#).unwrap();
    assert_eq!(desk.edit(&planner(), made.id, &same).await.unwrap().version, 2);
    let audited: serde_json::Value =
        sqlx::query_scalar("select after from ops.audit_log where action = 'customers.edit'")
            .fetch_one(&shop.db)
            .await
            .unwrap();
    let names: BTreeSet<_> = audited.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["address", "first_name", "phone"]));
    assert!(!audited.to_string().contains("Anna"), "{audited}");
    assert_eq!(desk.edit(&viewer(), made.id, &same).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(desk.create(&viewer(), &ann(), None).await.value.unwrap_err().code, ErrorCode::Forbidden);
    // Its index finds the number again, whatever it is written like.
    assert_eq!(list(&desk, &clerk(), "q=0049301234567").await.len(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_erased_customer_is_gone_but_for_the_sales(db: PgPool) {
    let shop = Shop::on(db);
    shop.set("fraud.amount_limit", "100".into()).await;
    let desk = desk(&shop);
    let mug = shop.product("MUG", "Mug", "150", Some(5)).await;
    let id = create(&desk, &ann()).await.unwrap().id;
    let sale = RecordSale {
        customer_id: Some(id),
        product_id: Some(domain::ids::ProductId(mug)),
        quantity: Some(Decimal::ONE),
        payment_method: Some(PaymentMethod::Cash),
        ..RecordSale::default()
    };
    let sold = shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
    let case = sold.case_id.expect("over the limit");
    for who in [viewer(), clerk()] {
        assert_eq!(desk.erase(&who, id, None).await.unwrap_err().code, ErrorCode::Forbidden);
    }
    let open = desk.erase(&admin(), id, None).await.unwrap_err();
    assert_eq!(open.code, ErrorCode::Conflict);
    assert!(open.message.contains("case"), "{}", open.message);
    let shown = desk.customer(&admin(), id).await.unwrap().unwrap();
    assert_eq!((shown.cases.len(), shown.cases[0].id, shown.sales.len()), (1, case, 1));
    let verdict = domain::fraud::case::DecideCase {
        verdict: domain::fraud::case::Verdict::Legitimate,
        action: None,
        comment: "known to us".into(),
    };
    let cases = server::services::fraud::CasesService::new(shop.backend.clone());
    domain::fraud::case::CasesPort::decide(&cases, &admin(), case, &verdict).await.unwrap();
    assert_eq!(desk.erase(&admin(), id, Some(7)).await.unwrap_err().code, ErrorCode::Conflict);

    let gone = desk.erase(&admin(), id, Some(1)).await.unwrap();
    assert_eq!((gone.label.as_str(), gone.email, gone.phone, gone.country), ("Erased customer · 1", None, None, None));
    assert!(gone.erased_at.is_some() && !gone.has_address && !gone.has_date_of_birth);
    assert_eq!(gone.sales.len(), 1);
    assert_eq!(gone.sales[0].customer.as_ref().unwrap().label, "Erased customer · 1");
    let kept: String = sqlx::query_scalar("select c::text from sales.customers c").fetch_one(&shop.db).await.unwrap();
    assert!(CLEAR.iter().all(|clear| !kept.contains(clear)), "{kept}");
    let all = RevealCustomer { fields: PersonalField::ALL.to_vec() };
    for error in [
        desk.erase(&admin(), id, None).await.unwrap_err(),
        desk.edit(&admin(), id, &EditCustomer::default()).await.unwrap_err(),
        desk.reveal(&admin(), id, &all).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::Conflict);
    }
    assert!(list(&desk, &admin(), "q=archer").await.is_empty());
    assert_eq!(faults(&shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap_err()), ["customer_id"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_of_the_list_hold_each_customer_once(db: PgPool) {
    let shop = Shop::on(db);
    let desk = desk(&shop);
    for n in 0..25 {
        shop.customer(if n % 2 == 0 { "Ann" } else { "Bob" }, "Lee", Some(&format!("2{n}"))).await;
    }
    for (text, total) in
        [("", 25), ("q=ann", 13), ("q=2", 25), ("tier=standard&q=21", 12), ("tier=gold", 0), ("q=lee%20%25", 0)]
    {
        let mut asked = CustomerQuery::parse(query::pairs(text)).unwrap();
        asked.limit = 4;
        let mut seen = Vec::new();
        loop {
            let page = desk.customers(&clerk(), &asked).await.unwrap().page;
            assert_eq!(page.total, total, "{text}");
            seen.extend(page.items.into_iter().map(|c| c.number));
            let Some(cursor) = page.next_cursor else { break };
            asked = asked.page_after(cursor);
        }
        assert_eq!(seen.len(), usize::try_from(total).unwrap(), "{text}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{text}");
    }
    assert_eq!(list(&desk, &viewer(), "q=23").await[..2], ["A. L. · 23", "B. L. · 4"], "exact ones first");
}

/// One thrown sale: customer, product lines as (category, net), net, tax, currency, time.
#[derive(Debug)]
struct Thrown {
    customer: Uuid,
    lines: Vec<(Option<Uuid>, Decimal)>,
    tax: Decimal,
    currency: &'static str,
    at: DateTime<Utc>,
}

fn four(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// `commerce.md` 3.7 word by word. EUR is worth 1.25, XXX has no rate.
fn literally(sales: &[&Thrown]) -> serde_json::Value {
    let rate = |t: &Thrown| match t.currency {
        "USD" => Some(Decimal::ONE),
        "EUR" => Some(dec("1.25")),
        _ => None,
    };
    let mut amounts: Vec<Decimal> = sales
        .iter()
        .filter_map(|t| Some(four((t.lines.iter().map(|l| l.1).sum::<Decimal>() + t.tax) * rate(t)?)))
        .collect();
    amounts.sort();
    let k = amounts.len();
    let n = Decimal::from(k);
    let mean = (k > 0).then(|| amounts.iter().sum::<Decimal>() / n);
    let median = (k > 0).then(|| (amounts[(k - 1) / 2] + amounts[k / 2]) / Decimal::TWO);
    let deviation = (k > 1).then(|| {
        let squares: Decimal = amounts.iter().map(|a| (a - mean.unwrap()) * (a - mean.unwrap())).sum();
        let variance = squares / (n - Decimal::ONE);
        // Newton; f64 starts it.
        let mut root = Decimal::try_from(f64::try_from(variance).unwrap().sqrt()).unwrap();
        for _ in 0..4 {
            if !root.is_zero() {
                root = (root + variance / root) / Decimal::TWO;
            }
        }
        root
    });
    let p90 = (k > 0).then(|| amounts[(n * dec("0.9")).ceil().try_into().map(|rank: usize| rank - 1).unwrap()]);
    let mut times: Vec<_> = sales.iter().map(|t| t.at).collect();
    times.sort();
    let gaps: Vec<i64> = times.windows(2).map(|w| (w[1] - w[0]).num_microseconds().unwrap()).collect();
    let gap = (!gaps.is_empty()).then(|| {
        let count = i64::try_from(gaps.len()).unwrap();
        gaps.iter().sum::<i64>() as f64 / count as f64 / 1e6
    });
    let mut hours: BTreeMap<u32, usize> = BTreeMap::new();
    for t in sales {
        // Asia/Kolkata has no summer time.
        *hours.entry((t.at + Duration::minutes(330)).hour()).or_default() += 1;
    }
    let typical: Vec<u32> = hours.into_iter().filter(|(_, n)| n * 10 >= sales.len()).map(|(h, _)| h).collect();
    let mut nets: BTreeMap<Option<Uuid>, Decimal> = BTreeMap::new();
    for t in sales {
        for (category, net) in &t.lines {
            if let Some(rate) = rate(t) {
                *nets.entry(*category).or_default() += net * rate;
            }
        }
    }
    let nets: Vec<(Option<Uuid>, Decimal)> = nets.into_iter().map(|(c, net)| (c, four(net))).collect();
    let whole: Decimal = nets.iter().map(|(_, net)| *net).sum();
    let mut favorites: Vec<_> =
        nets.iter().filter_map(|(c, net)| c.map(|c| (c, *net))).filter(|(_, n)| !n.is_zero()).collect();
    favorites.sort_by_key(|(c, net)| (std::cmp::Reverse(*net), *c));
    favorites.truncate(3);
    let share = |net: Decimal| four(net / whole).normalize();
    let text = |amount: Option<Decimal>| amount.map(|a| four(a).normalize().to_string());
    serde_json::json!({
        "mean": text(mean), "median": text(median), "deviation": text(deviation), "p90": text(p90),
        "n": sales.len(), "last": times.last(), "gap": gap.map(|g| g.round() as i64), "hours": typical,
        "favorites": favorites.iter().map(|(c, net)| (c, net.normalize().to_string(), share(*net).to_string())).collect::<Vec<_>>(),
    })
}

#[sqlx::test(migrations = "../migrations")]
async fn patterns_are_what_the_formula_says_over_random_shops(db: PgPool) {
    let shop = Shop::on(db);
    let desk = desk(&shop);
    let now = at("2026-10-06T08:30:00Z");
    let books = Books { currency: "USD".parse().unwrap(), zone: "Asia/Kolkata", without_fraud: false };
    shop.set("business.zone", "Asia/Kolkata".into()).await;
    let categories: Vec<Uuid> =
        (0..5).map(|n| Uuid::from_u128(0x0189_0000_0000_7000_8000_0000_0000_0000 | n)).collect();
    sqlx::query("insert into sales.categories (id, name) select id, 'C' || n from unnest($1::uuid[]) with ordinality as t (id, n)")
        .bind(&categories)
        .execute(&shop.db)
        .await
        .unwrap();
    sqlx::query("insert into ops.fx_rates (day, from_currency, to_currency, rate, source) select d, 'EUR', 'USD', 1.25, 'test' from generate_series(date '2025-09-01', date '2026-10-06', interval '1 day') d")
        .execute(&shop.db)
        .await
        .unwrap();
    let mut products = Vec::new();
    for (n, category) in categories.iter().map(Some).chain([None]).enumerate() {
        let id = shop.product(&format!("P{n}"), &format!("P{n}"), "1", None).await;
        sqlx::query("update sales.products set category_id = $2, updated_at = '2025-01-01' where id = $1")
            .bind(id)
            .bind(category)
            .execute(&shop.db)
            .await
            .unwrap();
        products.push((id, category.copied()));
    }
    let mut dice = Dice(4_711);
    let mut thrown = Vec::new();
    for _ in 0..20 {
        let customer = shop.customer("Ann", "Lee", None).await;
        for _ in 0..=dice.below(14) {
            let lines: Vec<_> = (0..=dice.below(3))
                .map(|_| {
                    let (product, category) = products[dice.below(6) as usize];
                    (product, category, Decimal::new(dice.below(2_000_000) as i64, 4))
                })
                .collect();
            let sale = Thrown {
                customer,
                lines: lines.iter().map(|(_, category, net)| (*category, *net)).collect(),
                tax: Decimal::new(dice.below(90_000) as i64, 4),
                currency: ["USD", "USD", "EUR", "XXX"][dice.below(4) as usize],
                at: now - Duration::seconds(dice.below(400 * 86_400) as i64),
            };
            insert(&shop, &sale, &lines).await;
            thrown.push(sale);
        }
    }
    let since = now - Duration::days(365);
    let mut connection = shop.db.acquire().await.unwrap();
    let mut of: BTreeMap<Uuid, Vec<&Thrown>> = BTreeMap::new();
    for sale in thrown.iter().filter(|t| t.at > since) {
        of.entry(sale.customer).or_default().push(sale);
    }
    let written = patterns::sum_up(&mut connection, books, since, now).await.unwrap();
    assert_eq!(written, of.len() as u64);
    assert_eq!(patterns::sum_up(&mut connection, books, since, now).await.unwrap(), 0, "nobody bought since");
    assert_eq!(patterns::forget(&mut connection, since).await.unwrap(), 0);
    let text = |amount: Option<Decimal>| amount.map(|a| a.normalize().to_string());
    for (customer, sales) in &of {
        let got = desk.pattern(&viewer(), CustomerId(*customer)).await.unwrap().unwrap();
        let favorites: Vec<_> = got
            .favorite_categories
            .iter()
            .map(|f| (f.category_id.0, f.net.normalize().to_string(), f.share.normalize().to_string()))
            .collect();
        let got = serde_json::json!({
            "mean": text(got.average_transaction_amount), "median": text(got.median_transaction_amount),
            "deviation": text(got.stddev_transaction_amount), "p90": text(got.p90_amount),
            "n": got.total_transactions, "last": got.last_purchase_at.to_utc(),
            "gap": got.avg_time_between_purchases_seconds, "hours": got.typical_purchase_hours, "favorites": favorites,
        });
        assert_eq!(got, literally(sales));
    }
    // One buys again, and another's sales leave the window.
    let buyer = *of.keys().next().unwrap();
    let more = Thrown {
        customer: buyer,
        lines: vec![(products[0].1, dec("5"))],
        tax: Decimal::ZERO,
        currency: "USD",
        at: now,
    };
    insert(&shop, &more, &[(products[0].0, products[0].1, dec("5"))]).await;
    assert_eq!(patterns::sum_up(&mut connection, books, since, now).await.unwrap(), 1);
    let later = now + Duration::days(364);
    let left = patterns::sum_up(&mut connection, books, later - Duration::days(365), later).await.unwrap();
    let gone = patterns::forget(&mut connection, later - Duration::days(365)).await.unwrap();
    let still = of.values().filter(|sales| sales.iter().any(|t| t.at > now - Duration::days(1))).count() as u64;
    assert!(left <= still + 1 && gone >= of.len() as u64 - still - 1, "{left} {gone} {still}");
    assert_eq!(
        shop.count("select count(*) from sales.customer_purchase_patterns").await as u64,
        of.len() as u64 - gone
    );
}

async fn insert(shop: &Shop, sale: &Thrown, lines: &[(Uuid, Option<Uuid>, Decimal)]) {
    let net: Decimal = sale.lines.iter().map(|l| l.1).sum();
    let id = Uuid::now_v7();
    sqlx::query(
        "insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                                         line_count, occurred_at, recognised_at, entry, created_at, updated_at)
         select $1, $2, id, 'approved', $3, $4, 0, $4, $5, 0, $4 + $5, 1, $6, $7, $7, 'api', $7, $7 from stock.sites where is_default",
    )
    .bind(id)
    .bind(sale.customer)
    .bind(sale.currency)
    .bind(net)
    .bind(sale.tax)
    .bind(i32::try_from(lines.len()).unwrap())
    .bind(sale.at)
    .execute(&shop.db)
    .await
    .unwrap();
    for (n, (product, _, net)) in lines.iter().enumerate() {
        sqlx::query(
            "insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
             values ($1, $2, $3, 1, 1, 1, $4, $5)",
        )
        .bind(id)
        .bind(i32::try_from(n + 1).unwrap())
        .bind(product)
        .bind(net)
        .bind(sale.at)
        .execute(&shop.db)
        .await
        .unwrap();
    }
}
