//! Fetches at work: what puts them off, what ends them, and how they go on.

use crate::{
    rows::{OTHER, SAMPLE, cli, seeded},
    support::{LONG, PROSPECTS, WEEK, asked, begun, due, far_ahead, faulty, fetched, runtime, states, status},
    world::at,
};
use chrono::Duration;
use domain::{
    ErrorCode,
    clock::Clock as _,
    dealers::{DealersPort, StartFetch, WindowState},
    jobs::JobState,
};
use server::simulators::faults::{Fault, Knob};
use sqlx::PgPool;
use std::time::Instant;

#[sqlx::test(migrations = "../migrations")]
async fn a_limit_of_the_day_puts_a_run_off_and_it_goes_on_where_it_stood(owner: PgPool) {
    let (world, long) = far_ahead(owner).await;
    faulty(&world, &[(Knob::Quota, Fault::of(1))]);
    let run = begun(&world, &long).await.task_id;
    runtime(&world).drain().await.unwrap();
    let waiting = status(&world, run).await;
    assert_eq!((waiting.status, states(&waiting)), (JobState::Queued, vec!["done", "failed", "pending"]));
    assert_eq!(waiting.windows[1].error_class.as_deref(), Some("quota_exhausted"));
    let run_at = "select run_at from ops.job_runs where kind = 'dealer_fetch'";
    let run_at: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(run_at).fetch_one(&world.owner).await.unwrap();
    assert_eq!(run_at, at("2099-03-10T17:05:00Z"), "five past midnight in Jakarta");

    faulty(&world, &[]);
    due(&world).await;
    runtime(&world).drain().await.unwrap();
    let done = status(&world, run).await;
    assert_eq!((done.status, states(&done)), (JobState::Succeeded, vec!["done"; 3]));
    assert_eq!(done.windows.iter().map(|window| window.attempts).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(done.counters.inserted, world.number(PROSPECTS).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_fetch_is_cancelled_at_once_and_its_retry_does_the_rest(owner: PgPool) {
    let (world, long) = far_ahead(owner).await;
    let run = begun(&world, &long).await.task_id;
    // The first window is answered, the second is not.
    faulty(&world, &[(Knob::Quota, Fault::of(1))]);
    runtime(&world).drain().await.unwrap();
    faulty(&world, &[(Knob::Timeout, Fault::of(30))]);
    due(&world).await;
    let work = runtime(&world);
    let working = tokio::spawn(async move { work.drain().await });
    while status(&world, run).await.windows[1].state != WindowState::Running {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let asked_at = Instant::now();
    world.services.jobs.cancel(&cli(), run).await.unwrap();
    working.await.unwrap().unwrap();
    assert!(asked_at.elapsed().as_secs() < 5, "{:?}", asked_at.elapsed());
    let ended = status(&world, run).await;
    assert_eq!((ended.status, states(&ended)), (JobState::Cancelled, vec!["done", "pending", "pending"]));

    faulty(&world, &[]);
    let again = world.services.jobs.retry(&cli(), run).await.unwrap().job_id;
    runtime(&world).drain().await.unwrap();
    let rest = status(&world, again).await;
    assert_eq!((rest.status, rest.windows.len()), (JobState::Succeeded, 2));
    assert_eq!(rest.windows[0].from, ended.windows[1].from);
    assert_eq!(world.number(PROSPECTS).await, ended.counters.inserted + rest.counters.inserted);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_range_that_meets_an_open_one_is_refused_and_the_same_is_the_same_run(owner: PgPool) {
    let world = seeded(owner).await;
    let run = begun(&world, &asked(SAMPLE, WEEK)).await.task_id;
    let same = begun(&world, &asked(SAMPLE, WEEK)).await;
    assert_eq!((same.task_id, same.deduplicated), (run, true));
    let meeting = world.services.dealers.fetch(&cli(), &asked(SAMPLE, "2026-03-09 00:00:00")).await.unwrap_err();
    assert_eq!(meeting.code, ErrorCode::Conflict);
    assert!(meeting.message.contains(&run.to_string()), "{}", meeting.message);
    // Another dealer's is another matter, and so is a range beside it.
    begun(&world, &asked(OTHER, WEEK)).await;
    let before = StartFetch { to_time: Some("2026-03-03 23:59:59".to_owned()), ..asked(SAMPLE, LONG) };
    begun(&world, &before).await;
    // Two runs of one dealer stand in one line.
    let lines = "select count(distinct slot) from ops.job_runs where dealer_id = '12284'";
    assert_eq!(world.number(lines).await, 1);
    let lines = "select count(distinct slot) from ops.job_runs";
    assert_eq!(world.number(lines).await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_day_has_so_many_calls_and_scheduled_runs_leave_the_last_tenth_to_people(owner: PgPool) {
    let (world, _) = far_ahead(owner).await;
    world.execute("update dealer.main_dealers set daily_limit = 300").await;
    world
        .execute("insert into dealer.quota_days (dealer_id, environment, day, requests) values ('12284', 'sandbox', '2099-03-10', 270)")
        .await;
    let day = |day: &str| asked(SAMPLE, &format!("2099-03-{day} 00:00:00"));
    let until =
        |command: StartFetch, to: &str| StartFetch { to_time: Some(format!("2099-03-{to} 23:59:59")), ..command };
    let scheduled = begun(&world, &until(day("01"), "01")).await.task_id;
    world.execute("update ops.job_runs set schedule_id = 'cleanup', requested_by = null").await;
    let by_hand = begun(&world, &until(day("02"), "02")).await.task_id;
    runtime(&world).drain().await.unwrap();
    let waiting = status(&world, scheduled).await;
    assert_eq!(
        (waiting.status, waiting.windows[0].error_class.as_deref()),
        (JobState::Queued, Some("quota_exhausted"))
    );
    assert_eq!(status(&world, by_hand).await.status, JobState::Succeeded);
    let calls = world.services.dealers.loopback().simulator().calls();
    assert_eq!((calls.len(), calls[0].from_time.as_str()), (1, "2099-03-02 00:00:00"));
    let log =
        "select count(*) from dealer.call_log where http_status = 200 and dgi_status = 1 and records > 0 and bytes > 0";
    assert_eq!(world.number(log).await, 1);
    assert_eq!(world.number("select requests::bigint from dealer.quota_days").await, 271);

    world.execute("update dealer.quota_days set requests = 300").await;
    let third = begun(&world, &until(day("03"), "03")).await.task_id;
    runtime(&world).drain().await.unwrap();
    assert_eq!(status(&world, third).await.status, JobState::Queued);
    assert_eq!(world.services.dealers.loopback().simulator().calls().len(), 1);
    due(&world).await;
    runtime(&world).drain().await.unwrap();
    for run in [scheduled, third] {
        assert_eq!(status(&world, run).await.status, JobState::Succeeded, "the next day has calls again");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_system_that_failed_five_times_is_left_alone_and_no_other_with_it(owner: PgPool) {
    let (world, long) = far_ahead(owner).await;
    world.execute("insert into dealer.breakers values ('12284', 'sandbox', 4, null)").await;
    faulty(&world, &[(Knob::Status, Fault { count: Some(3), ..Fault::of(503) })]);
    let run = begun(&world, &long).await.task_id;
    runtime(&world).drain().await.unwrap();
    let failed = status(&world, run).await;
    assert_eq!((failed.status, failed.windows[0].error_class.as_deref()), (JobState::Queued, Some("not_found")));
    assert_eq!(world.number("select count(*) from dealer.call_log where error_class = 'not_found'").await, 3);
    assert_eq!(
        world.number("select count(*) from dealer.breakers where failures = 5 and opened_at is not null").await,
        1
    );

    // Its next run makes no call while the breaker is open; another dealer's is not touched by it.
    let calls = || world.services.dealers.loopback().simulator().calls().len();
    let before = calls();
    world.execute("update graphile_worker._private_jobs set run_at = now()").await;
    runtime(&world).drain().await.unwrap();
    assert_eq!((calls(), status(&world, run).await.error.unwrap().class), (before, "breaker_open".to_owned()));
    let other = fetched(&world, &StartFetch { dealer_id: OTHER.to_owned(), ..long }).await;
    assert_eq!(other.status, JobState::Succeeded);
    // After five minutes it is tried, and as it answers the run goes on.
    due(&world).await;
    runtime(&world).drain().await.unwrap();
    assert_eq!(status(&world, run).await.status, JobState::Succeeded);
    assert_eq!(world.number("select count(*) from dealer.breakers where failures = 0 and opened_at is null").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_waits_for_the_next_day_once_and_what_it_did_stays(owner: PgPool) {
    let (world, long) = far_ahead(owner).await;
    faulty(&world, &[(Knob::Quota, Fault::of(0))]);
    let run = begun(&world, &long).await.task_id;
    runtime(&world).drain().await.unwrap();
    assert_eq!(status(&world, run).await.status, JobState::Queued);
    due(&world).await;
    runtime(&world).drain().await.unwrap();
    let ended = status(&world, run).await;
    assert_eq!((ended.status, ended.error.unwrap().class.as_str()), (JobState::Failed, "quota_exhausted"));

    // One window is done before the system rests until the last attempt: the run ends with a part.
    world.clock.advance(Duration::days(1));
    faulty(&world, &[(Knob::Quota, Fault::of(1))]);
    let run = begun(&world, &long).await.task_id;
    runtime(&world).drain().await.unwrap();
    for _ in 0..2 {
        assert_eq!(status(&world, run).await.status, JobState::Queued);
        due(&world).await;
        let now = world.clock.now();
        sqlx::query("update dealer.breakers set failures = 5, opened_at = $1")
            .bind(now)
            .execute(&world.owner)
            .await
            .unwrap();
        runtime(&world).drain().await.unwrap();
    }
    let ended = status(&world, run).await;
    assert_eq!((ended.status, states(&ended)), (JobState::Partial, vec!["done", "failed", "pending"]));
    assert_eq!(ended.windows[1].error_class.as_deref(), Some("breaker_open"));
    let told = "select (counters ->> 'inserted')::bigint from ops.job_runs where state = 'partial'";
    assert_eq!(world.number(told).await, ended.counters.inserted);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_silent_system_keeps_others_waiting_for_one_time_out_only(owner: PgPool) {
    let (world, long) = far_ahead(owner).await;
    world.execute("update dealer.main_dealers set timeout_seconds = 1").await;
    faulty(&world, &[(Knob::OnlyDealer, Fault::of(12_284)), (Knob::Timeout, Fault::of(30))]);
    let silent = begun(&world, &long).await.task_id;
    let mut others = Vec::new();
    for dealer in ["12301", "12302", "12303", "12304", "12305"] {
        let one = StartFetch { dealer_id: dealer.to_owned(), ..long.clone() };
        others.push(begun(&world, &one).await.task_id);
    }
    // Its next run, of another range, stands behind its first.
    let end = StartFetch { to_time: Some("2099-02-19 23:59:59".to_owned()), ..asked(SAMPLE, "2099-02-19 00:00:00") };
    let behind = begun(&world, &end).await.task_id;
    assert_eq!(world.number("select count(distinct slot) from ops.job_runs").await, 3);
    runtime(&world).drain().await.unwrap();
    for run in others {
        assert_eq!(status(&world, run).await.status, JobState::Succeeded);
    }
    let silent = status(&world, silent).await;
    assert_eq!((silent.status, silent.error.unwrap().class.as_str()), (JobState::Queued, "timeout"));
    // One attempt where others stood behind it, three beside them; that it stepped aside was no attempt of the run.
    let aside = "select count(*) from ops.job_runs where dealer_id = '12284' and slot = -1 and attempt = 1";
    assert_eq!(world.number(aside).await, 2);
    assert_eq!(world.number("select count(*) from ops.job_runs where slot = -1").await, 2);
    let calls = "select count(*) from dealer.call_log where dealer_id = '12284' and error_class = 'timeout'";
    assert_eq!(world.number(calls).await, 4 + 3);
    assert_eq!(status(&world, behind).await.status, JobState::Queued);

    // As soon as it answers, its runs stand where all others do.
    faulty(&world, &[]);
    due(&world).await;
    runtime(&world).drain().await.unwrap();
    assert_eq!(status(&world, behind).await.status, JobState::Succeeded);
    let next = StartFetch { to_time: Some("2099-02-18 23:59:59".to_owned()), ..asked(SAMPLE, "2099-02-18 00:00:00") };
    begun(&world, &next).await;
    let stands = "select count(*) from ops.job_runs where dealer_id = '12284' and state = 'queued' and slot >= 0";
    assert_eq!(world.number(stands).await, 1);
    world.execute("delete from ops.job_runs where state = 'queued'").await;
    world.execute("update dealer.breakers set failures = 1 where dealer_id = '12284'").await;
    begun(&world, &next).await;
    let stands = "select count(*) from ops.job_runs where dealer_id = '12284' and state = 'queued' and slot = -1";
    assert_eq!(world.number(stands).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_killed_workers_fetch_goes_on_at_the_window_it_was_in(owner: PgPool) {
    let world = seeded(owner).await;
    let undisturbed = fetched(&world, &StartFetch { dealer_id: OTHER.to_owned(), ..asked(OTHER, LONG) }).await;
    assert_eq!(states(&undisturbed), ["done"; 3]);
    let whole = fetched(&world, &asked(SAMPLE, LONG)).await.counters;
    world.execute("delete from dealer.prospects where dealer_id = '12284'").await;

    world.clock.advance(Duration::seconds(1));
    let until = Some("2026-03-10 19:00:00".to_owned());
    let run = begun(&world, &StartFetch { to_time: until, ..asked(SAMPLE, LONG) }).await.task_id;
    // A worker of another machine takes the ticket, does the first window, begins the second, and is gone.
    let ticket = world.number("select queue_job_id from ops.job_runs where state = 'queued'").await;
    world.execute("update graphile_worker._private_jobs set locked_by = 'gone', locked_at = now(), attempts = 1").await;
    world.execute("update graphile_worker._private_job_queues set locked_by = 'gone', locked_at = now()").await;
    let mut tx = store::begin(&world.backend.pools.jobs).await.unwrap();
    let now = world.backend.clock.now();
    store::jobs::register(&mut tx, "gone", "elsewhere", 1, now).await.unwrap();
    store::jobs::claim(&mut tx, run.0, ticket, "gone", now).await.unwrap().unwrap();
    store::commit(tx).await.unwrap();
    world
        .execute(
            "update dealer.fetch_windows w set state = d.state, attempts = 1, received = d.received, inserted = d.inserted
             from (select run_id, seq, 'done' as state, received, received as inserted from dealer.fetch_windows where seq = 1
                   union all select run_id, seq, 'running', 7, 7 from dealer.fetch_windows where seq = 2) as d
             where d.seq = w.seq and w.state = 'pending' and w.run_id = (select id from ops.job_runs where state = 'running')
               and d.run_id = (select p.run_id from dealer.fetch_params p where p.dealer_id = '12284' order by p.run_id limit 1)",
        )
        .await;
    let begun_at = status(&world, run).await;
    assert_eq!(states(&begun_at), ["done", "running", "pending"]);

    world.clock.advance(Duration::seconds(301));
    assert_eq!(runtime(&world).sweep().await.unwrap(), 1);
    runtime(&world).drain().await.unwrap();
    let ended = status(&world, run).await;
    assert_eq!((ended.status, states(&ended)), (JobState::Succeeded, vec!["done"; 3]));
    assert_eq!(ended.windows.iter().map(|window| window.attempts).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!((ended.counters.received, ended.counters.rejected), (whole.received, whole.rejected));
    // The first window was not asked for again.
    let calls = world.services.dealers.loopback().simulator().calls();
    let asked_for: Vec<_> = calls[calls.len() - 2..].iter().map(|call| call.from_time.clone()).collect();
    assert_eq!(asked_for, ["2026-02-27 00:00:00", "2026-03-06 00:00:00"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dealers_failed_fetch_is_a_problem_until_one_of_its_own_succeeds(owner: PgPool) {
    let world = seeded(owner).await;
    faulty(&world, &[(Knob::AuthFail, Fault::of(1))]);
    assert_eq!(fetched(&world, &asked(SAMPLE, WEEK)).await.status, JobState::Failed);
    faulty(&world, &[]);
    let open = "select count(*) from ops.alerts where alert_type = 'job_failed' and state <> 'resolved'";
    assert_eq!(world.number(open).await, 1);
    fetched(&world, &asked(OTHER, WEEK)).await;
    assert_eq!(world.number(open).await, 1, "another dealer's success says nothing of this one");
    world.clock.advance(Duration::seconds(1));
    fetched(&world, &asked(SAMPLE, WEEK)).await;
    assert_eq!(world.number(open).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_thousand_prospects_land_over_two_runs_though_their_system_misbehaves(owner: PgPool) {
    let world = seeded(owner).await;
    world.execute("update dealer.main_dealers set max_range_days = 2").await;
    // Four days, two calls: the first is answered at the second attempt, some records are broken, some come twice.
    let range = StartFetch { to_time: Some("2026-03-09 23:59:59".to_owned()), ..asked(SAMPLE, "2026-03-06 00:00:00") };
    let plain = fetched(&world, &range).await.counters.received;
    world.execute("delete from dealer.prospects; delete from dealer.coverage").await;
    let misbehaves = [
        (Knob::Volume, Fault::of(101_000 / plain + 1)),
        (Knob::Status, Fault { count: Some(1), ..Fault::of(500) }),
        (Knob::DirtyRate, Fault::of(3)),
        (Knob::ResendRate, Fault::of(5)),
        (Knob::OutOfOrder, Fault::of(1)),
    ];
    faulty(&world, &misbehaves);
    let begun_at = Instant::now();
    let run = fetched(&world, &range).await;
    eprintln!("landed in {:?}", begun_at.elapsed());
    // After 50,000 records the run gives the window that is left to another, of which the drain takes care, too.
    assert_eq!((run.status, states(&run)), (JobState::Partial, vec!["done"]));
    assert!(run.counters.received >= 50_000, "{:?}", run.counters);
    let next = "select continued from (select (result ->> 'continued_by')::uuid as continued from ops.job_runs
                where id = (select parent_id from ops.job_runs where parent_id is not null)) r";
    let next: uuid::Uuid = sqlx::query_scalar(next).fetch_one(&world.owner).await.unwrap();
    let rest = status(&world, domain::ids::JobId(next)).await;
    assert_eq!((rest.status, states(&rest)), (JobState::Partial, vec!["done"]));
    let (first, second) = (run.counters, rest.counters);
    assert!(first.received + second.received > 100_000, "{first:?} {second:?}");
    for counts in [first, second] {
        let told =
            counts.inserted + counts.updated + counts.unchanged + counts.stale + counts.duplicate + counts.rejected;
        assert_eq!(counts.received, told);
        assert!(counts.rejected > 0 && counts.duplicate > 0, "{counts:?}");
    }
    assert_eq!(world.number(PROSPECTS).await, first.inserted + second.inserted);
    assert_eq!(world.number("select count(*) from dealer.rejects").await, first.rejected + second.rejected);
    let fetches = world.services.dealers.fetches(&cli(), SAMPLE).await.unwrap().unwrap();
    let whole = fetches.coverage[0].covered.iter().map(|one| (one.from.to_rfc3339(), one.to.to_rfc3339()));
    let wanted = ("2026-03-06T00:00:00+07:00".to_owned(), "2026-03-09T23:59:59+07:00".to_owned());
    assert_eq!(whole.collect::<Vec<_>>(), [wanted]);

    // A second fetch changes nothing.
    world.clock.advance(Duration::seconds(1));
    faulty(&world, &[(Knob::Volume, Fault::of(101_000 / plain + 1)), (Knob::DirtyRate, Fault::of(0))]);
    let before = world.number(PROSPECTS).await;
    let again = fetched(&world, &range).await.counters;
    assert_eq!((again.updated, again.inserted + again.unchanged), (0, again.received));
    assert!(world.number(PROSPECTS).await >= before);
}
