//! Alerts at the size of `alerts.md` 9: rules over many products, and messages out of the house.

use crate::{
    Failure,
    mailbox::{Answer, Mailbox},
    process::ranks,
    report::Report,
    world::World,
};
use domain::alerts::{ChannelKind, NewChannel, NotificationsPort, Severity, kind_of};
use server::{
    access::{actors, secret::Keys},
    backend::{Backend, Pools},
    clock::SystemClock,
    config::MasterKey,
    services::{
        alerts::{Destinations, EvaluationService, Mailer, NotificationsService, Outbox, Signal, raise},
        overview::OverviewService,
    },
};
use sqlx::{AssertSqlSafe, PgPool};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const RULES: i64 = 200;
const PRODUCTS: i64 = 10_000;
const CHANNELS: usize = 100;
/// To each channel; more within a minute would go as one.
const MESSAGES: usize = 10;
/// A mail server is not next door.
const FAR: Duration = Duration::from_millis(50);

/// Without the server: its worker would do what is measured here.
pub async fn measure(world: &mut World, report: &mut Report) -> Result<(), Failure> {
    world.kill_server().await?;
    let backend = Backend::new(Pools::open(&world.app_url.parse()?, 12), Arc::new(SystemClock));
    let done = match rules(world, &backend, report).await {
        Ok(()) => messages(&backend, report).await,
        failed => failed,
    };
    world.start_server().await?;
    world.wait_until_ready().await?;
    done
}

async fn rules(world: &World, backend: &Backend, report: &mut Report) -> Result<(), Failure> {
    let owner = PgPool::connect(&world.owner_url).await?;
    sqlx::raw_sql("set statement_timeout = 0").execute(&owner).await?;
    let shop = format!(
        "insert into sales.products (id, sku, name, kind, price, currency, created_at, updated_at)
         select gen_random_uuid(), 'STOCK-' || i, 'Stocked ' || i, 'stocked', 10, 'USD', now(), now()
         from generate_series(1, {PRODUCTS} - (select count(*) from sales.products)) i;
         insert into stock.levels (product_id, site_id, on_hand)
         select p.id, s.id, row_number() over (order by p.id) % 1000 from sales.products p, stock.sites s where s.is_default
         on conflict (product_id, site_id) do update set on_hand = excluded.on_hand, reserved = 0;
         insert into ops.alert_rules (id, name, alert_type, feature, entity_type, metric_key, spec, title, next_look_at, changed_by, changed_at)
         select gen_random_uuid(), 'Rule ' || i, 'bench_' || i, 'inventory', 'product', 'stock.available',
                '{{\"op\": \"lt\", \"levels\": [{{\"severity\": \"low\", \"threshold\": \"1\", \"clear_threshold\": \"2\"}}], \"every_seconds\": 30}}',
                '{{entity}} is out', now(), 'bench', now()
         from generate_series(1, {RULES}) i;
         vacuum analyze sales.products; vacuum analyze stock.levels"
    );
    for statement in shop.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&owner).await?;
    }
    let evaluation = EvaluationService::new(backend.clone(), Arc::new(OverviewService::new(backend.clone())));
    let who = actors::system("bench", backend.clock.new_id());
    let mut times = Vec::new();
    for round in 0..6 {
        // All are due again, and a hundred products have sold since.
        sqlx::raw_sql(
            "update ops.alert_rules set next_look_at = now() where metric_key = 'stock.available';
             update stock.levels set on_hand = on_hand + 1
             where product_id in (select product_id from stock.levels where on_hand > 1 order by random() limit 100)",
        )
        .execute(&owner)
        .await?;
        let at = Instant::now();
        let done = evaluation.round(&who).await.map_err(|e| e.message)?;
        let took = at.elapsed();
        println!("  round {round}: {} rules, {} failed, {:.2} s", done.rules, done.failed, took.as_secs_f64());
        if done.failed > 0 || done.rules < RULES {
            return Err("not every rule could be looked at".into());
        }
        if round == 0 {
            sqlx::raw_sql("vacuum analyze ops.alert_instances").execute(&owner).await?;
        } else {
            times.push(took);
        }
    }
    let what = format!("{RULES} rules over {PRODUCTS} products, a round, median of 5");
    report.below(&what, ranks(times).0, 10_000);
    let (instances, bytes): (i64, i64) =
        sqlx::query_as("select count(*), pg_total_relation_size('ops.alert_instances') from ops.alert_instances")
            .fetch_one(&owner)
            .await?;
    let mib = bytes / (instances / 100_000).max(1) / 1_048_576;
    report.judge("100,000 instances in Postgres", &format!("{mib} MiB"), "below 100 MiB", mib < 100);
    Ok(())
}

async fn messages(backend: &Backend, report: &mut Report) -> Result<(), Failure> {
    let mailbox = Mailbox::open();
    mailbox.answering(&[Answer::Late(FAR); CHANNELS * MESSAGES]);
    let mailer = Mailer::new(&mailbox.url, "Millrace <millrace@mill.example>").map_err(|e| e.to_string())?;
    let keys = Keys::derive(&MasterKey::new([7; 32]), None);
    let nowhere = Destinations::new(Vec::new(), None);
    let outbox = Outbox::new(backend.clone(), keys, "http://127.0.0.1".to_owned(), nowhere, Some(mailer));
    let notifications = NotificationsService::new(backend.clone(), outbox.clone());
    let who = actors::system("bench", backend.clock.new_id());
    for n in 0..CHANNELS {
        let new = NewChannel {
            name: format!("Hall {n}"),
            kind: ChannelKind::Email,
            format: None,
            severity_min: Severity::Low,
            url: None,
            secret: None,
            addresses: vec![format!("hall-{n}@mill.example")],
        };
        notifications.add_channel(&who, &new).await.map_err(|e| e.message)?;
    }
    let kind = kind_of("low_stock").ok_or("no such kind")?;
    for n in 0..MESSAGES {
        let mut signal = Signal::of(kind, Severity::Critical, "belt", "Belt").saying("The belt is torn", "All of it.");
        signal.alert_type = format!("belt_{n}");
        let mut tx = backend.pools.jobs.begin().await?;
        raise(&mut tx, backend.clock.as_ref(), "bench", &signal).await.map_err(|e| e.message)?;
        tx.commit().await?;
    }
    let at = Instant::now();
    outbox.deliver().await.map_err(|e| e.message)?;
    let (took, sent) = (at.elapsed(), mailbox.received().len());
    if sent != CHANNELS * MESSAGES {
        return Err(format!("{sent} messages came").into());
    }
    #[allow(clippy::cast_precision_loss, reason = "a thousand")]
    let rate = sent as f64 / took.as_secs_f64();
    let what = format!("{sent} mails to {CHANNELS} channels, each taken after {} ms", FAR.as_millis());
    report.judge(&what, &format!("{rate:.0} a second"), "at least 100", rate >= 100.0);
    Ok(())
}
