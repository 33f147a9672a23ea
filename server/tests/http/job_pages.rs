//! Queues, many runs at once, schedules and open payments as a browser without script steers them.

use crate::{
    forms::{post, signed_in},
    world::World,
};
use axum::http::StatusCode;
use domain::access::Role;
use sqlx::PgPool;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_queue_is_paused_with_a_reason_and_resumed(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("root@mill.example", Some(Role::Admin), &[]).await;
    let mut client = signed_in(&world, "root@mill.example").await;
    let page = client.get("/jobs/queues").await;
    assert!(page.text.contains("action=\"/fn/jobs/pause\"") && page.text.contains("Pause report"), "{}", page.text);
    assert!(page.text.contains("data-label=\"Waiting\""), "a number alone says nothing on the phone");

    let mute = post(&mut client, "/fn/jobs/pause", "/jobs/queues", "queue=report&reason=+").await;
    assert_eq!((mute.status, mute.location()), (StatusCode::SEE_OTHER, "/jobs/queues"));
    assert!(client.get("/jobs/queues").await.text.contains("Say why the queue is paused"));
    post(&mut client, "/fn/jobs/pause", "/jobs/queues", "queue=report&reason=Printer+on+fire").await;
    let page = client.get("/jobs/queues").await;
    assert!(page.text.contains("Printer on fire") && page.text.contains("Resume report"), "{}", page.text);
    assert!(client.get("/jobs").await.text.contains("Queue report is paused by root@mill.example"));
    post(&mut client, "/fn/jobs/resume", "/jobs/queues", "queue=report").await;
    assert_eq!(world.number("select count(*) from ops.queues where paused_at is not null").await, 0);

    world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    let mut viewer = signed_in(&world, "viewer@mill.example").await;
    assert!(!viewer.get("/jobs/queues").await.text.contains("/fn/jobs/pause"));
    assert_eq!(viewer.get("/jobs/act?action=delete").await.status, StatusCode::FORBIDDEN);
    assert!(!viewer.get("/jobs").await.text.contains("/jobs/act"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_action_on_many_runs_says_their_number_before_it_acts(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("root@mill.example", Some(Role::Admin), &[]).await;
    world
        .execute(
            "insert into ops.job_runs (id, kind, queue, state, requested_label, run_at, created_at, finished_at)
             select ('01890000-0000-7000-8000-00000000000' || n)::uuid, case when n = 4 then 'cleanup' else 'partition_ensure' end,
                    'maintenance', 'failed', 'old', t, t, t
             from generate_series(1, 4) n, (select timestamptz '2026-03-10' as t) as at",
        )
        .await;
    let mut client = signed_in(&world, "root@mill.example").await;
    let list = client.get("/jobs?kind=partition_ensure").await.text;
    assert!(list.contains("action=\"/jobs/act\"") && list.contains("name=\"ids\""), "{list}");
    assert!(list.contains("<input type=\"hidden\" name=\"kind\" value=\"partition_ensure\""), "{list}");

    let asked = client.get("/jobs/act?action=delete&kind=partition_ensure").await.text;
    assert!(asked.contains("3 runs of all that match the filter will be deleted."), "{asked}");
    let one =
        client.get("/jobs/act?action=delete&ids=01890000-0000-7000-8000-000000000001&kind=partition_ensure").await.text;
    assert!(one.contains("1 run of those selected will be deleted."), "{one}");
    assert!(
        client
            .get("/jobs/act?action=cancel")
            .await
            .text
            .contains("No run of all that match the filter can be cancelled")
    );
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 4, "looking changes nothing");

    let again = post(&mut client, "/fn/jobs/act", "/jobs/act", "query=action%3Dretry%26kind%3Dcleanup").await;
    assert_eq!(again.location(), "/jobs/act?action=retry&changed=1&kind=cleanup");
    assert_eq!(
        world.number("select count(*) from ops.job_runs where state = 'queued' and parent_id is not null").await,
        1
    );
    let body = "query=%3Faction%3Ddelete%26kind%3Dpartition_ensure%26ids%3D01890000-0000-7000-8000-000000000001";
    let done = post(&mut client, "/fn/jobs/act", "/jobs/act", body).await;
    assert!(client.get(done.location()).await.text.contains("1 run deleted."));
    assert_eq!(world.number("select count(*) from ops.job_runs where kind = 'partition_ensure'").await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_schedule_shows_its_next_times_before_it_is_saved(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("root@mill.example", Some(Role::Admin), &[]).await;
    let mut client = signed_in(&world, "root@mill.example").await;
    assert!(client.get("/jobs/schedules").await.text.contains("href=\"/jobs/schedules/cleanup\""));
    let page = client.get("/jobs/schedules/cleanup").await.text;
    assert!(page.contains("value=\"0 1 * * *\"") && page.contains("2026-03-11T01:00:00"), "{page}");
    let typed = client.get("/jobs/schedules/cleanup?cron=15+6+*+*+*&zone=Asia/Kolkata").await.text;
    assert!(typed.contains("2026-03-11T06:15:00+05:30") && typed.contains("In Asia/Kolkata."), "{typed}");
    assert!(client.get("/jobs/schedules/cleanup?cron=61+6+*+*+*").await.text.contains("error-summary"));
    assert_eq!(client.get("/jobs/schedules/nothing").await.status, StatusCode::NOT_FOUND);

    let save = |body: &'static str| format!("id=cleanup&{body}&overlap=skip&catch_up=all");
    let from = "/jobs/schedules/cleanup";
    let bad =
        post(&mut client, "/fn/jobs/edit_schedule", from, &save("version=1&cron=15+6+*+*+*&zone=Mars/Base")).await;
    assert_eq!(bad.location(), from);
    let page = client.get(from).await.text;
    assert!(page.contains("value=\"Mars/Base\"") && page.contains("role=\"alert\""), "{page}");
    let good = save("version=1&enabled=false&cron=15+6+*+*+*&zone=Asia/Kolkata");
    assert_eq!(post(&mut client, "/fn/jobs/edit_schedule", from, &good).await.location(), "/jobs/schedules");
    let saved = "select count(*) from ops.schedules where id = 'cleanup' and not enabled and cron = '15 6 * * *'
                 and zone = 'Asia/Kolkata' and catch_up = 'all' and version = 2";
    assert_eq!(world.number(saved).await, 1);
    post(&mut client, "/fn/jobs/edit_schedule", from, &good).await;
    assert!(client.get(from).await.text.contains("Somebody changed this schedule"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn past_due_times_of_a_schedule_are_run_by_a_form(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("root@mill.example", Some(Role::Admin), &[]).await;
    world.execute("update ops.schedules set zone = 'Asia/Kolkata' where id = 'cleanup'").await;
    let mut client = signed_in(&world, "root@mill.example").await;
    let (from, act) = ("/jobs/schedules/cleanup", "/fn/jobs/backfill_schedule");
    let page = client.get(from).await.text;
    assert!(
        page.contains("action=\"/fn/jobs/backfill_schedule\"") && page.contains("Times of Asia/Kolkata."),
        "{page}"
    );
    assert!(!page.contains("role=\"alert\"") && !page.contains("runs were made"), "{page}");

    let bad = post(&mut client, act, from, "id=cleanup&from=soon&to=2026-03-08T00%3A00").await;
    assert_eq!(bad.location(), from);
    let page = client.get(from).await.text;
    assert!(page.contains("Give a date and a time") && page.contains("value=\"2026-03-08T00:00\""), "{page}");
    assert_eq!(page.matches("data-invalid=\"true\"").count(), 1, "the other field is right");
    post(&mut client, act, from, "id=cleanup&from=2026-03-08&to=2026-03-01").await;
    assert!(client.get(from).await.text.contains("The end must be after the start."));
    assert_eq!(world.number("select count(*) from ops.schedule_fires").await, 0);

    // At 01:00 in Kolkata: 2026-02-28T19:30Z is the first due time of March there.
    let week = "id=cleanup&from=2026-03-01T00%3A00&to=2026-03-08T00%3A00";
    let made = post(&mut client, act, from, week).await;
    let page = client.get(made.location()).await.text;
    assert!(page.contains("7 runs were made.") && page.contains("href=\"/jobs?schedule=cleanup\""), "{page}");
    let first = "select count(*) from ops.schedule_fires where due_at in ('2026-02-28T19:30Z', '2026-03-06T19:30Z')";
    assert_eq!(world.number(first).await, 2);
    assert_eq!(world.number("select count(*) from ops.job_runs where schedule_id = 'cleanup'").await, 7);
    let again = post(&mut client, act, from, week).await;
    let page = client.get(again.location()).await.text;
    assert!(page.contains("0 runs were made; 7 due times had their runs already."), "{page}");

    world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    let mut viewer = signed_in(&world, "viewer@mill.example").await;
    post(&mut viewer, act, "/account", "id=cleanup&from=2026-02-01&to=2026-02-02").await;
    assert_eq!(world.number("select count(*) from ops.job_runs where schedule_id = 'cleanup'").await, 7);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_open_payment_is_recorded_and_captured_by_forms(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    world
        .execute(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values ('01890000-0000-7000-8000-000000000001', 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01');
             insert into stock.levels (product_id, site_id, on_hand)
             select '01890000-0000-7000-8000-000000000001', id, 5 from stock.sites where is_default",
        )
        .await;
    let mut client = signed_in(&world, "planner@mill.example").await;
    let form = client.get("/transactions/new?capture=false").await.text;
    assert!(form.contains("name=\"capture\" value=\"false\" checked"), "{form}");
    let body = "idempotency_key=k1&lines%5B0%5D%5Bproduct_id%5D=01890000-0000-7000-8000-000000000001\
                &lines%5B0%5D%5Bquantity%5D=2&payment_method=credit_card&capture=false";
    let sold = post(&mut client, "/fn/transactions/record", "/transactions/new", body).await;
    let page = client.get(sold.location()).await.text;
    assert!(page.contains("Payment open") && page.contains("Capture payment"), "{page}");
    assert_eq!(world.number("select reserved::bigint from stock.levels").await, 2);

    let id = sold.location().trim_start_matches("/transactions/").to_owned();
    for _ in 0..2 {
        let settled =
            post(&mut client, "/fn/transactions/settle", sold.location(), &format!("id={id}&how=capture")).await;
        assert_eq!(settled.location(), sold.location(), "{}", settled.text);
    }
    let page = client.get(sold.location()).await.text;
    assert!(!page.contains("Capture payment") && !page.contains("role=\"alert\""), "{page}");
    assert_eq!(world.number("select (on_hand * 10 + reserved)::bigint from stock.levels").await, 30);
    let late = post(&mut client, "/fn/transactions/settle", sold.location(), &format!("id={id}&how=cancel")).await;
    assert!(client.get(late.location()).await.text.contains("is approved already"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_sale_is_refunded_and_its_payment_disputed_by_forms(pool: PgPool) {
    let world = World::new(pool).await;
    world.user("clerk@mill.example", Some(Role::Admin), &[]).await;
    world
        .execute(
            "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
             values ('01890000-0000-7000-8000-000000000001', 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01');
             insert into stock.levels (product_id, site_id, on_hand)
             select '01890000-0000-7000-8000-000000000001', id, 5 from stock.sites where is_default",
        )
        .await;
    let mut client = signed_in(&world, "clerk@mill.example").await;
    let body = "idempotency_key=k1&lines%5B0%5D%5Bproduct_id%5D=01890000-0000-7000-8000-000000000001\
                &lines%5B0%5D%5Bquantity%5D=4&payment_method=credit_card";
    let sold = post(&mut client, "/fn/transactions/record", "/transactions/new", body).await;
    let at = sold.location().to_owned();
    let opened = |page: &str| {
        let rest = page.split("<details id=\"refund\"").nth(1).expect("form");
        rest.split('>').next().expect("tag").contains(" open")
    };
    assert!(!opened(&client.get(&at).await.text));
    let page = client.get(&format!("{at}?refund=1")).await.text;
    assert!(opened(&page), "{page}");
    assert!(page.contains("name=\"lines[0][quantity]\"") && page.contains("value=\"4\""), "{page}");

    let id = at.trim_start_matches("/transactions/").to_owned();
    // Known to be fraud after it went through: its case leads to the form.
    let case =
        post(&mut client, "/fn/fraud/flag", &at, &format!("id={id}&reason=Odd+hour")).await.location().to_owned();
    assert!(!client.get(&case).await.text.contains("Refund the sale"));
    let verdict =
        format!("id={}&choice=confirmed_fraud&comment=Called+the+bank", case.trim_start_matches("/fraud/cases/"));
    post(&mut client, "/fn/fraud/decide", &case, &verdict).await;
    let page = client.get(&case).await.text;
    assert!(page.contains(&format!("href=\"{at}?refund=1#refund\"")), "{page}");

    let refund = |version: u32, quantity: &str| {
        format!(
            "id={id}&version={version}&lines%5B0%5D%5Bline_no%5D=1&lines%5B0%5D%5Bquantity%5D={quantity}&kind=return&restock=1&reason=A+chip"
        )
    };
    // What was typed comes back, with the fault under it.
    for (quantity, fault) in [("five", "Write a quantity as a number."), ("5", "Only 4 of Mug was sold.")] {
        let bad = post(&mut client, "/fn/transactions/refund", &at, &refund(1, quantity)).await;
        let page = client.get(bad.location()).await.text;
        assert!(page.contains(fault) && page.contains(&format!("value=\"{quantity}\"")), "{page}");
        assert!(page.contains("value=\"A chip\"") && opened(&page), "{page}");
    }
    // Pressed twice it goes back once.
    for _ in 0..2 {
        let done = post(&mut client, "/fn/transactions/refund", &at, &refund(1, "1")).await;
        assert_eq!(done.location(), at, "{}", done.text);
    }
    assert_eq!(world.number("select count(*) from sales.refunds").await, 1);
    assert_eq!(world.number("select on_hand::bigint from stock.levels").await, 2);
    let page = client.get(&at).await.text;
    assert!(
        page.contains("Partly refunded") && page.contains("(1 refunded)") && !page.contains("role=\"alert\""),
        "{page}"
    );

    let dispute = |amount: &str| format!("id={id}&version=2&dispute_reason=fraud&amount={amount}");
    let bad = post(&mut client, "/fn/transactions/dispute", &at, &dispute("1000")).await;
    let page = client.get(bad.location()).await.text;
    assert!(page.contains("of this sale is paid.") && page.contains("value=\"1000\""), "{page}");
    post(&mut client, "/fn/transactions/dispute", &at, &dispute("10")).await;
    let page = client.get(&at).await.text;
    assert!(page.contains("Open dispute") && !page.contains("id=\"refund\""), "{page}");
    let start = page.find("/fn/transactions/close_dispute").expect("form");
    let named = page[start..].split("name=\"id\" value=\"").nth(1).and_then(|rest| rest.get(..36)).expect("dispute");
    let lost = post(&mut client, "/fn/transactions/close_dispute", &at, &format!("id={named}&outcome=lost")).await;
    assert_eq!(lost.location(), at, "{}", lost.text);
    let page = client.get(&at).await.text;
    assert!(page.contains("Chargeback") && page.contains("Lost") && !page.contains("Open dispute"), "{page}");
    assert_eq!(world.number("select count(*) from sales.fraud_labels where source = 'dispute'").await, 1);
    assert_eq!(world.number("select on_hand::bigint from stock.levels").await, 2, "what is lost is not back");

    world.user("viewer@mill.example", Some(Role::Viewer), &[]).await;
    let mut viewer = signed_in(&world, "viewer@mill.example").await;
    let page = viewer.get(&format!("{at}?refund=1")).await.text;
    assert!(page.contains("Chargeback") && !page.contains("/fn/transactions/refund"), "{page}");
}
