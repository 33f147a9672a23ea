//! The demo world: loaded once, removed to the last row, and never at the cost of a live one.

use crate::world::{World, person};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    AppError, ErrorCode,
    access::{Principal, Role},
    demo::{DEMO_USERS, DemoPart, DemoPort, LoadDemo, SalesFile},
    settings::Business,
};
use server::demo::{DemoService, LogIns, SalesImport};
use sqlx::{AssertSqlSafe, PgPool};
use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, sync::Arc};
use tempfile::TempDir;

struct Demo {
    world: World,
    service: DemoService,
    logins: LogIns,
    _dir: TempDir,
}

impl Demo {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let sales = Arc::clone(&world.services.ingest) as Arc<dyn SalesImport>;
        Self::with(world, sales)
    }

    fn with(world: World, sales: Arc<dyn SalesImport>) -> Self {
        let dir = TempDir::new().expect("a folder");
        let logins = LogIns::kept_in(dir.path());
        let service = DemoService::new(world.backend.clone(), sales, logins.clone());
        Self { world, service, logins, _dir: dir }
    }

    async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&self.world.owner).await.expect(sql)
    }

    /// Every table of the database with a column `origin`, found by the standard's catalogue.
    async fn tables(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select quote_ident(c.table_schema) || '.' || quote_ident(c.table_name)
             from information_schema.columns c
             join information_schema.tables t using (table_schema, table_name)
             where c.column_name = 'origin' and t.table_type = 'BASE TABLE'
               and c.table_schema not in ('pg_catalog', 'information_schema')
             order by 1",
        )
        .fetch_all(&self.world.owner)
        .await
        .expect("tables")
    }

    /// Demo rows by table, tables without any left out.
    async fn demo_rows(&self) -> BTreeMap<String, i64> {
        let mut rows = BTreeMap::new();
        for table in self.tables().await {
            let count = self.number(&format!("select count(*) from {table} where origin = 'demo'")).await;
            if count > 0 {
                rows.insert(table, count);
            }
        }
        rows
    }

    /// A digest of every row of `origin` in every table.
    async fn digests(&self, origin: &str) -> BTreeMap<String, String> {
        let mut digests = BTreeMap::new();
        for table in self.tables().await {
            let sql = format!(
                "select count(*) || ':' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t where origin = '{origin}'"
            );
            let digest: String =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.world.owner).await.expect("digest");
            digests.insert(table, digest);
        }
        digests
    }

    /// A live customer, product with stock, and sale.
    async fn live_rows(&self) {
        sqlx::raw_sql(
            "insert into sales.categories (id, name) values ('00000000-0000-7000-8000-0000000000c1', 'Kitchen');
             insert into sales.products (id, sku, name, category_id, price, currency, created_at, updated_at)
             values ('00000000-0000-7000-8000-0000000000a1', 'KIT-001', 'A live kettle', '00000000-0000-7000-8000-0000000000c1', 10, 'INR',
                     '2026-01-01Z', '2026-01-01Z');
             insert into stock.levels (product_id, site_id, on_hand)
             values ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-000000000001', 7);
             insert into sales.customers (id, external_ref, registration_date, created_at, updated_at)
             values ('00000000-0000-7000-8000-0000000000b1', 'D10001', '2026-01-01', '2026-01-01Z', '2026-01-01Z');
             insert into sales.transactions (id, customer_id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                                             line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
             values ('00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-000000000001',
                     'approved', 'INR', 10, 0, 10, 0, 0, 10, 1, 1, '2026-02-01Z', '2026-02-01Z', 'web', '700001', '2026-02-01Z', '2026-02-01Z');
             insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
             values ('00000000-0000-7000-8000-0000000000d1', 1, '00000000-0000-7000-8000-0000000000a1', 1, 10, 10, 10, '2026-02-01Z');
             insert into sales.visits (id, visited_at, visitor_key) values ('00000000-0000-7000-8000-0000000000e1', '2026-02-01Z', 'v');",
        )
        .execute(&self.world.owner)
        .await
        .expect("live rows");
    }
}

fn admin() -> Principal {
    person(Role::Admin)
}

fn mixed() -> LoadDemo {
    LoadDemo { mix: true, ..LoadDemo::default() }
}

fn code<T>(result: Result<T, AppError>) -> Option<ErrorCode> {
    result.err().map(|e| e.code)
}

#[sqlx::test(migrations = "../migrations")]
async fn loaded_once_it_has_the_promised_rows_and_a_second_load_changes_none(pool: PgPool) {
    let demo = Demo::new(pool).await;
    let loaded = demo.service.load(&admin(), LoadDemo::default()).await.expect("loads");
    assert_eq!(loaded.sales_file, Some(SalesFile { rows: 5_250, imported: 4_979, quarantined: 271, screened: 4_979 }));
    assert!(loaded.changes > 0);

    let rows = demo.demo_rows().await;
    let told: BTreeMap<String, i64> = loaded.rows.iter().map(|t| (t.table.clone(), t.rows)).collect();
    let partitions_apart = |t: &String| !t.starts_with("sales.visits_");
    assert_eq!(told, rows.clone().into_iter().filter(|(t, _)| partitions_apart(t)).collect());
    assert_eq!((rows["sales.products"], rows["sales.customers"], rows["sales.transactions"]), (500, 1_000, 4_979));
    assert_eq!(demo.number("select count(*) from sales.transactions where origin <> 'demo'").await, 0);
    assert_eq!(demo.number("select count(*) from sales.customers").await, 1_000);

    // Line by line: 21 are no sale, 250 have a time that cannot be read but a repair is offered.
    let quarantined = |code: &str| {
        format!("select count(*) from ops.staged_rows where state = 'open' and issues @> '[{{\"code\": \"{code}\"}}]'")
    };
    assert_eq!(demo.number(&quarantined("not_a_sale")).await, 21);
    assert_eq!(demo.number(&quarantined("unreadable_time")).await, 250);
    let offered = "select count(*) from ops.staged_rows, jsonb_array_elements(issues) i
                   where i->>'code' = 'unreadable_time' and i->>'suggestion' ~ '^20[0-9-]{8} [0-9:]{8}$'";
    assert_eq!(demo.number(offered).await, 250);

    // The world ends at the last whole hour of the clock; nothing is dated at import time.
    let last: DateTime<Utc> = sqlx::query_scalar("select max(occurred_at) from sales.transactions")
        .fetch_one(&demo.world.owner)
        .await
        .expect("a time");
    let hour: DateTime<Utc> = "2026-03-10T11:30:00Z".parse().expect("17:00 in Kolkata");
    assert!(last < hour && last > hour - chrono::Duration::hours(6), "{last}");
    assert_eq!(demo.number("select count(*) from sales.visits where visited_at >= '2026-03-10T11:30:00Z'").await, 0);

    let before = demo.digests("demo").await;
    demo.world.clock.advance(chrono::Duration::days(3));
    let again = demo.service.load(&admin(), LoadDemo::default()).await.expect("loads");
    assert_eq!((again.changes, again.sales_file), (0, None));
    assert_eq!(demo.digests("demo").await, before);
    assert_eq!(again.as_of, NaiveDate::from_ymd_opt(2026, 3, 10).expect("a date"));

    let other = LoadDemo { seed: Some(43), ..LoadDemo::default() };
    assert_eq!(code(demo.service.load(&admin(), other).await), Some(ErrorCode::Conflict));
}

#[sqlx::test(migrations = "../migrations")]
async fn removed_it_leaves_no_demo_row_in_any_table_and_live_rows_byte_for_byte(pool: PgPool) {
    let demo = Demo::new(pool).await;
    demo.live_rows().await;
    demo.world.user("boss@example.com", Some(Role::Admin), &[]).await;
    let live = demo.digests("live").await;
    demo.service.load(&admin(), mixed()).await.expect("loads");
    let there = demo.demo_rows().await;
    assert!(there.len() >= 8 && there["sales.transactions"] == 4_979, "{there:?}");
    assert_eq!(demo.digests("live").await, live, "loading changed a live row");

    let view = demo.service.view(&admin()).await.expect("a view");
    assert_eq!((view.batches.len(), view.obstacles.len()), (3, 0));
    let removed = demo.service.remove(&admin()).await.expect("removes");
    assert_eq!((removed.total, removed.kept_admin), (view.total, false));

    assert_eq!(demo.demo_rows().await, BTreeMap::new());
    assert_eq!(demo.digests("live").await, live);
    for orphans in [
        "select count(*) from sales.transaction_lines where transaction_id <> '00000000-0000-7000-8000-0000000000d1'",
        "select count(*) from sales.product_prices",
        "select count(*) from ops.staged_rows",
        "select count(*) from ops.files",
        "select count(*) from ops.demo_batches where removed_at is null",
        "select count(*) from access.users where email like '%@demo.millrace'",
    ] {
        assert_eq!(demo.number(orphans).await, 0, "{orphans}");
    }
    assert!(!demo.logins.path().expect("a file").exists());
    let again = demo.service.remove(&admin()).await.expect("removes nothing");
    assert_eq!(again.total, 0);

    let back = demo.service.load(&admin(), mixed()).await.expect("loads again");
    assert_eq!(back.sales_file.map(|f| f.imported), Some(4_979));
}

#[sqlx::test(migrations = "../migrations")]
async fn live_rows_keep_demo_rows_out_unless_asked_for(pool: PgPool) {
    let demo = Demo::new(pool).await;
    demo.live_rows().await;
    assert_eq!(code(demo.service.load(&admin(), LoadDemo::default()).await), Some(ErrorCode::Conflict));
    assert_eq!(demo.demo_rows().await, BTreeMap::new());
    assert_eq!(demo.number("select count(*) from ops.settings").await, 0);
    assert!(!demo.logins.path().expect("a file").exists());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_live_sale_of_a_demo_product_keeps_the_demo_rows_until_it_goes(pool: PgPool) {
    let demo = Demo::new(pool).await;
    demo.live_rows().await;
    demo.service.load(&admin(), LoadDemo { parts: vec![DemoPart::Commerce], ..mixed() }).await.expect("loads");
    sqlx::query(
        "insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
         select '00000000-0000-7000-8000-0000000000d1', 2, id, 1, 1, 1, 1, '2026-02-01Z' from sales.products where sku = 'KIT-002'",
    )
    .execute(&demo.world.owner)
    .await
    .expect("a line");
    let before = (demo.digests("demo").await, demo.digests("live").await);
    let error = demo.service.remove(&admin()).await.expect_err("is kept");
    assert_eq!((error.code, error.fields.len()), (ErrorCode::Conflict, 1));
    assert_eq!((demo.digests("demo").await, demo.digests("live").await), before);

    sqlx::query("update sales.transactions set customer_id = (select id from sales.customers where origin = 'demo' limit 1) where origin = 'live'")
        .execute(&demo.world.owner)
        .await
        .expect("a live sale to a demo customer");
    let view = demo.service.view(&admin()).await.expect("a view");
    assert_eq!(view.obstacles, ["1 live row(s) of sales.transactions refer to demo rows of sales.customers"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn currency_zone_and_locale_are_set_only_while_nobody_has_set_one(pool: PgPool) {
    let demo = Demo::new(pool).await;
    let business = |demo: &Demo| {
        let root = demo.world.owner.clone();
        async move { store::settings::business(&mut root.acquire().await.expect("a connection")).await.expect("settings") }
    };
    demo.service
        .load(&admin(), LoadDemo { parts: vec![DemoPart::Commerce], ..LoadDemo::default() })
        .await
        .expect("loads");
    let set = business(&demo).await;
    assert_eq!((set.base_currency.as_str(), set.zone.as_str(), set.locale.as_str()), ("INR", "Asia/Kolkata", "en-IN"));
    assert_eq!(demo.number("select count(*) from sales.transactions where currency <> 'INR'").await, 0);

    demo.service.remove(&admin()).await.expect("removes");
    sqlx::query("update ops.settings set value = '\"Europe/London\"' where key = 'business.zone'")
        .execute(&demo.world.owner)
        .await
        .expect("set");
    sqlx::query("delete from ops.settings where key <> 'business.zone'").execute(&demo.world.owner).await.expect("set");
    demo.service
        .load(&admin(), LoadDemo { parts: vec![DemoPart::Commerce], ..LoadDemo::default() })
        .await
        .expect("loads");
    let kept = business(&demo).await;
    assert_eq!(
        (kept.base_currency.as_str(), kept.zone.as_str(), kept.locale.as_str()),
        ("USD", "Europe/London", "en-US")
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn three_people_can_sign_in_with_what_the_file_says(pool: PgPool) {
    let demo = Demo::new(pool).await;
    demo.service
        .load(&admin(), LoadDemo { parts: vec![DemoPart::Orders], ..LoadDemo::default() })
        .await
        .expect("loads");
    let mode = std::fs::metadata(demo.logins.path().expect("a path")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let logins = demo.logins.read();
    assert_eq!(logins.iter().map(|l| l.email.as_str()).collect::<Vec<_>>(), DEMO_USERS);
    let hasher = server::access::password::Hasher::new().expect("a hasher");
    for login in &logins {
        let (hash, role): (String, String) =
            sqlx::query_as("select password_hash, role from access.users where email = $1 and is_active")
                .bind(&login.email)
                .fetch_one(&demo.world.owner)
                .await
                .expect("an account");
        let password = domain::access::Password::new(login.password.clone());
        assert!(hasher.verify(&password, Some(&hash)).await.expect("a check"), "{}", login.email);
        assert_eq!(login.email.split('@').next(), Some(role.as_str()));
        assert!(login.password.len() >= 16);
    }
    demo.service.load(&admin(), LoadDemo::default()).await.expect("loads");
    assert!(demo.logins.read() == logins, "a second load changed the passwords");

    // The only administrator stays, so that nobody is locked out; a later load gives it a password that is known.
    let removed = demo.service.remove(&admin()).await.expect("removes");
    assert!(removed.kept_admin);
    assert_eq!(demo.number("select count(*) from access.users").await, 1);
    demo.service.load(&admin(), LoadDemo::default()).await.expect("loads");
    assert_eq!(demo.number("select count(*) from access.users").await, 3);
    assert!(demo.logins.read() != logins);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_administrators_may_see_load_or_remove_it(pool: PgPool) {
    let demo = Demo::new(pool).await;
    for role in [Role::Planner, Role::Viewer] {
        let who = person(role);
        assert_eq!(code(demo.service.view(&who).await), Some(ErrorCode::Forbidden));
        assert_eq!(code(demo.service.load(&who, LoadDemo::default()).await), Some(ErrorCode::Forbidden));
        assert_eq!(code(demo.service.remove(&who).await), Some(ErrorCode::Forbidden));
    }
}

/// An import that breaks off.
struct Broken;

#[async_trait::async_trait]
impl SalesImport for Broken {
    async fn import(&self, _: &Principal, _: &str, _: Vec<u8>, _: &Business) -> Result<SalesFile, AppError> {
        Err(AppError::unavailable("gone"))
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_load_that_was_broken_off_goes_on_as_the_same_world_on_the_next_day(pool: PgPool) {
    let world = World::new(pool).await;
    let real = Arc::clone(&world.services.ingest) as Arc<dyn SalesImport>;
    let broken = Demo::with(world, Arc::new(Broken));
    assert_eq!(code(broken.service.load(&admin(), LoadDemo::default()).await), Some(ErrorCode::Unavailable));
    let view = broken.service.view(&admin()).await.expect("a view");
    assert_eq!(view.batches.iter().map(|b| (b.part, b.complete)).collect::<Vec<_>>(), [(DemoPart::Commerce, false)]);

    broken.world.clock.advance(chrono::Duration::days(1));
    let demo = Demo::with(broken.world, real);
    let loaded = demo.service.load(&admin(), LoadDemo::default()).await.expect("loads");
    assert_eq!(loaded.as_of, NaiveDate::from_ymd_opt(2026, 3, 10).expect("a date"));
    assert_eq!(loaded.sales_file.map(|f| f.imported), Some(4_979));
    assert!(demo.service.view(&admin()).await.expect("a view").batches.iter().all(|b| b.complete));
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_loads_at_once_one_loads_and_the_other_is_told(pool: PgPool) {
    let demo = Demo::new(pool).await;
    let (who, part) = (admin(), LoadDemo { parts: vec![DemoPart::Commerce], ..LoadDemo::default() });
    let (one, two) = tokio::join!(demo.service.load(&who, part.clone()), demo.service.load(&who, part));
    let loaded = [&one, &two].into_iter().filter(|r| r.is_ok()).count();
    assert!(loaded >= 1);
    assert!([one, two].into_iter().filter_map(Result::err).all(|e| e.code == ErrorCode::Conflict));
    assert_eq!(demo.number("select count(*) from sales.transactions").await, 4_979);
}

/// Example 17 of `commerce.md`: what was decided of every demo sale is what the live decision, sale by sale, and the
/// database, all at once, come to; with both built-in sets.
#[sqlx::test(migrations = "../migrations")]
async fn both_evaluators_agree_on_every_demo_sale(pool: PgPool) {
    use chrono::{Datelike, Timelike};
    use domain::fraud::{Features, RuleSet, decide};
    use engine::calendar::BusinessZone;
    use rust_decimal::Decimal;
    use sqlx::types::ipnet::IpNet;
    use store::fraud::{
        judged::Gathered,
        screening::{self, Judged, JudgedLine},
    };
    use uuid::Uuid;

    type Sale = (
        Uuid,
        DateTime<Utc>,
        Option<Uuid>,
        Option<Vec<u8>>,
        Option<String>,
        Option<String>,
        Option<IpNet>,
        String,
        Decimal,
        serde_json::Value,
        Decimal,
        String,
    );
    let demo = Demo::new(pool).await;
    demo.service.load(&admin(), LoadDemo::default()).await.expect("a demo world");
    let mut connection = demo.world.owner.acquire().await.expect("a connection");
    let business = store::settings::business(&mut connection).await.expect("settings");
    let zone = BusinessZone::parse(&business.zone).expect("a zone");
    let sales: Vec<Sale> = sqlx::query_as(
        "select t.id, t.occurred_at, t.customer_id, t.payment_fingerprint, t.payment_method, t.terminal_id, t.ip_address,
                t.currency::text, t.total, d.features, d.points, d.outcome
         from sales.transactions t join sales.fraud_decisions d on d.id = t.decision_id
         where t.origin = 'demo' order by t.occurred_at, t.id",
    )
    .fetch_all(&mut *connection)
    .await
    .expect("decided sales");
    assert_eq!(sales.len(), 4_979);
    let (classic, standard) = (RuleSet::classic(), RuleSet::standard());
    let mut known = Vec::new();
    for (id, at, customer, fingerprint, method, terminal, address, currency, total, features, points, outcome) in &sales
    {
        let lines: Vec<(Uuid, Decimal, Decimal, Decimal, Decimal)> = sqlx::query_as(
            "select product_id, quantity, list_price, unit_price, net from sales.transaction_lines
             where transaction_id = $1 order by line_no",
        )
        .bind(id)
        .fetch_all(&mut *connection)
        .await
        .expect("lines");
        let line = |(product_id, quantity, list_price, unit_price, net)| JudgedLine {
            product_id,
            quantity,
            list_price,
            unit_price,
            net,
        };
        let lines: Vec<JudgedLine> = lines.into_iter().map(line).collect();
        let local = zone.local(*at);
        let judged = Judged {
            written: Some(*id),
            at: *at,
            customer: *customer,
            fingerprint: fingerprint.as_deref(),
            method: method.as_deref(),
            terminal: terminal.as_deref(),
            device: None,
            address: address.map(|net| net.addr()),
            currency: currency.parse().expect("a currency"),
            total: *total,
            lines: &lines,
            base: business.base_currency,
            zone: zone.name(),
            hour: local.hour(),
            weekday: local.weekday().number_from_monday(),
        };
        let row_by_row = screening::features(&mut connection, &judged).await.expect("features").expect("a rate");
        let stored: Features = serde_json::from_value(features.clone()).expect("features");
        assert_eq!(serde_json::to_value(&row_by_row).expect("json"), *features, "sale {id} at {at}");
        let decision = decide(&standard, &stored, None);
        assert_eq!((decision.points, decision.outcome.as_str()), (points.normalize(), outcome.as_str()));
        known.push(row_by_row);
    }
    let mut tx = demo.world.owner.begin().await.expect("a transaction");
    let mut gathered = Gathered::begin(&mut tx, &[&classic, &standard]).await.expect("a table");
    for features in &known {
        if gathered.add(features, &[None, None]) {
            gathered.send(&mut tx).await.expect("sent");
        }
    }
    let mut suspicious = 0;
    for (at, set) in [&classic, &standard].into_iter().enumerate() {
        for (verdict, features) in gathered.judge(&mut tx, set, at).await.expect("verdicts").iter().zip(&known) {
            let decision = decide(set, features, None);
            assert_eq!(
                (verdict.points.normalize(), verdict.outcome.as_str()),
                (decision.points, decision.outcome.as_str())
            );
            suspicious += usize::from(decision.outcome.is_suspicious());
        }
    }
    assert!(suspicious > 0, "the rules say something of the demo world");
}

/// The sample network of `planning.md`: 24 and 22 units, two modes, twelve periods; what is made of it is demo, too.
#[sqlx::test(migrations = "../migrations")]
async fn the_demo_network_can_be_solved_edited_and_leaves_with_what_came_of_it(pool: PgPool) {
    let demo = Demo::new(pool).await;
    let part = LoadDemo { parts: vec![DemoPart::Planning], ..LoadDemo::default() };
    demo.service.load(&admin(), part.clone()).await.expect("loads");
    demo.service.load(&admin(), part).await.expect("loads again");
    let networks = &demo.world.services.networks;
    let network = networks.detail(&admin(), engine::demo::network::CODE).await.expect("network");
    assert_eq!(network.validation.overall, domain::planning::Verdict::Pass, "{:?}", network.validation);
    assert!(network.network.is_demo && network.network.freeze.as_ref().is_some_and(|freeze| freeze.is_current));
    let rows = |of: &str| network.sections.iter().find(|section| section.section == of).map(|section| section.rows);
    assert_eq!((rows("nodes"), rows("periods"), rows("demand")), (Some(46), Some(12), Some(552)));
    assert_eq!((network.validation.summary.plants_count, network.validation.summary.customers_count), (24, 46));
    let new = domain::planning::NewRun { network: Some(network.network.code.clone()), ..Default::default() };
    demo.world.services.planning.start(&admin(), new, None).await.value.expect("queued");
    let hub = domain::planning::RowFields::Json("{\"id\":\"HUB\",\"type\":\"hub\"}".to_owned());
    let operator = server::access::actors::cli("test", uuid::Uuid::nil());
    networks.add_row(&operator, None, "nodes", hub, None).await.value.expect("added");
    assert_eq!(demo.number("select count(*) from plan.runs where origin = 'demo'").await, 1);
    let named = |name: &str| domain::planning::BatchScenario { name: name.to_owned(), probability: None };
    let many = domain::planning::NewBatch {
        input: domain::planning::InputChoice { network: Some(network.network.code.clone()), ..Default::default() },
        scenarios: vec![named("base"), named("high_demand")],
        ..Default::default()
    };
    demo.world.services.batches.start(&admin(), many, None).await.value.expect("a batch");
    demo.world
        .execute(
            "update plan.runs set batch_id = (select id from plan.batches);
             update plan.batch_runs set run_id = (select id from plan.runs) where n = (select min(n) from plan.batch_runs)",
        )
        .await;
    demo.service.remove(&admin()).await.expect("removed");
    for table in ["networks", "network_rows", "network_freezes", "inputs", "runs", "batches", "batch_runs"] {
        assert_eq!(demo.number(&format!("select count(*) from plan.{table}")).await, 0, "{table}");
    }
}
