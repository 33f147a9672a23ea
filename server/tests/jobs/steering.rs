//! The port: who may steer what, and what is written down about it.

use crate::{
    kinds::{Flaky, Polite, SucceedsAt, registry, runtime},
    runs::{ask, read},
    world::{World, at, person},
};
use domain::{
    ErrorCode,
    access::Role,
    ids::JobId,
    jobs::{
        Backfill, BulkAction, BulkJobs, JobFilter, JobState, JobsPort, PauseQueue, ScheduleDraft, ScheduleEdit,
        StartJob,
    },
};
use server::{jobs::Nothing, services::jobs::JobsService};
use sqlx::PgPool;

fn service(world: &World) -> JobsService {
    JobsService::new(world.backend.clone(), registry())
}

fn filter(query: &str) -> JobFilter {
    JobFilter::from_query(query)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn own_runs_are_cancelled_by_their_asker_others_by_an_administrator(pool: PgPool) {
    let world = World::new(pool).await;
    let jobs = service(&world);
    let (admin, planner, viewer) = (person(Role::Admin), person(Role::Planner), person(Role::Viewer));
    let own = ask::<Polite>(&world, Nothing {}, None).await;
    assert_eq!(jobs.cancel(&viewer, own.job_id).await.unwrap_err().code, ErrorCode::Forbidden);
    assert!(jobs.detail(&planner, own.job_id).await.unwrap().may_cancel);
    jobs.cancel(&planner, own.job_id).await.unwrap();
    assert_eq!(read(&world, own).await.state, "cancelled");
    assert_eq!(jobs.cancel(&planner, own.job_id).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(world.number("select count(*) from graphile_worker._private_jobs").await, 0);

    let started = jobs
        .start(&admin, StartJob { kind: "cleanup".into(), payload: serde_json::Value::Null }, None)
        .await
        .value
        .unwrap();
    assert!(!jobs.detail(&planner, started.job_id).await.unwrap().may_cancel);
    assert_eq!(jobs.cancel(&planner, started.job_id).await.unwrap_err().code, ErrorCode::Forbidden);
    jobs.cancel(&admin, started.job_id).await.unwrap();
    let missing = jobs.detail(&viewer, JobId(uuid::Uuid::nil())).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
    let audited: Vec<String> =
        sqlx::query_scalar("select action from ops.audit_log order by at, id").fetch_all(&world.owner).await.unwrap();
    assert_eq!(audited.len(), 3);
    assert!(audited.contains(&"jobs.run".to_owned()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_retry_is_a_new_run_linked_to_the_old_one(pool: PgPool) {
    let world = World::new(pool).await;
    let (jobs, planner) = (service(&world), person(Role::Planner));
    let failed = ask::<Flaky>(&world, SucceedsAt { succeeds_at: 0 }, Some("k")).await;
    assert_eq!(jobs.retry(&planner, failed.job_id).await.unwrap_err().code, ErrorCode::Conflict, "it is still open");
    runtime(&world).drain().await.unwrap();
    let again = jobs.retry(&planner, failed.job_id).await.unwrap();
    assert!(!again.deduplicated);
    assert!(jobs.retry(&planner, failed.job_id).await.unwrap().deduplicated, "the same key is open");
    let detail = jobs.detail(&planner, again.job_id).await.unwrap();
    assert_eq!((detail.parent_id, detail.run.state), (Some(failed.job_id), JobState::Queued));
    assert_eq!(jobs.detail(&planner, failed.job_id).await.unwrap().retries, [again.job_id]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_list_filters_pages_and_counts(pool: PgPool) {
    let world = World::new(pool).await;
    let (jobs, viewer) = (service(&world), person(Role::Viewer));
    for n in 0..25 {
        ask::<Flaky>(&world, SucceedsAt { succeeds_at: n % 2 }, None).await;
    }
    ask::<Polite>(&world, Nothing {}, None).await;
    world.execute("delete from graphile_worker._private_jobs using ops.job_runs r where r.kind = 'polite' and _private_jobs.id = r.queue_job_id").await;
    runtime(&world).drain().await.unwrap();

    let mut seen = Vec::new();
    let mut next = filter("kind=flaky&limit=10");
    loop {
        let page = jobs.list(&viewer, next.clone()).await.unwrap();
        assert_eq!(page.total, 25);
        seen.extend(page.items.iter().map(|row| row.id));
        match page.next_cursor {
            Some(cursor) => next.cursor = Some(cursor),
            None => break,
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (25, 25));

    for (query, total) in [
        ("state=failed", 13),
        ("state=partial", 12),
        ("state=open", 1),
        ("q=never work", 13),
        ("q=%25", 0),
        ("requester=planner", 26),
        ("queue=default&from=2026-03-10T12:00:00Z", 26),
        ("to=2026-03-10T12:00:00Z", 0),
        ("schedule=cleanup", 0),
    ] {
        assert_eq!(jobs.list(&viewer, filter(query)).await.unwrap().total, total, "{query}");
    }
    let faults = jobs.list(&viewer, filter("state=odd&from=now&cursor=x")).await.unwrap_err();
    assert_eq!(faults.fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["state", "from", "cursor"]);

    let stats = jobs.stats(&viewer).await.unwrap();
    let flaky = stats.kinds.iter().find(|k| k.kind == "flaky").unwrap();
    assert_eq!((flaky.finished, flaky.failed, flaky.success_rate), (25, 13, Some(12.0 / 25.0)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn acting_on_all_says_the_number_first(pool: PgPool) {
    let world = World::new(pool).await;
    let (jobs, admin) = (service(&world), person(Role::Admin));
    for _ in 0..3 {
        ask::<Flaky>(&world, SucceedsAt { succeeds_at: 0 }, None).await;
    }
    let act = |action, dry_run| BulkJobs { action, filter: filter("kind=flaky"), ids: vec![], dry_run };
    assert_eq!(
        jobs.bulk(&person(Role::Planner), act(BulkAction::Cancel, true)).await.unwrap_err().code,
        ErrorCode::Forbidden
    );
    let dry = jobs.bulk(&admin, act(BulkAction::Cancel, true)).await.unwrap();
    assert_eq!((dry.matched, dry.changed), (3, 0));
    assert_eq!(jobs.bulk(&admin, act(BulkAction::Cancel, false)).await.unwrap().changed, 3);
    assert_eq!(jobs.bulk(&admin, act(BulkAction::Retry, false)).await.unwrap().changed, 3);
    let deleted = jobs.bulk(&admin, act(BulkAction::Delete, false)).await.unwrap();
    assert_eq!((deleted.matched, deleted.changed), (3, 3), "open runs are not deleted");
    assert_eq!(world.number("select count(*) from ops.job_runs where state = 'queued'").await, 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_pause_has_a_reason_and_a_name(pool: PgPool) {
    let world = World::new(pool).await;
    let (jobs, admin) = (service(&world), person(Role::Admin));
    let without = jobs.pause(&admin, "default", PauseQueue { reason: " ".into() }).await.unwrap_err();
    assert_eq!(without.fields[0].path, "reason");
    let paused = jobs.pause(&admin, "default", PauseQueue { reason: "stock-taking".into() }).await.unwrap();
    assert_eq!(
        (paused.paused_by.as_deref(), paused.pause_reason.as_deref()),
        (Some("Admin@example.com"), Some("stock-taking"))
    );
    assert_eq!(jobs.resume(&admin, "nowhere").await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(jobs.resume(&admin, "default").await.unwrap().paused_at, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn schedules_are_edited_run_early_and_filled_in(pool: PgPool) {
    let world = World::new(pool).await;
    let (jobs, admin) = (service(&world), person(Role::Admin));
    let runtime = runtime(&world);
    runtime.tick().await.unwrap();
    let cleanup = jobs.schedules(&admin).await.unwrap().into_iter().find(|s| s.id == "cleanup").unwrap();
    assert_eq!(cleanup.next.len(), 5);
    assert_eq!(cleanup.next[0], at("2026-03-11T01:00:00Z"));

    let wrong = ScheduleEdit {
        version: cleanup.version,
        cron: Some("61 * * * *".into()),
        zone: Some("Mars/Base".into()),
        max_attempts: Some(0),
        ..ScheduleEdit::default()
    };
    let faults = jobs.edit_schedule(&admin, "cleanup", wrong).await.unwrap_err();
    let mut paths: Vec<_> = faults.fields.iter().map(|f| f.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["cron", "max_attempts", "zone"]);

    let edit = ScheduleEdit {
        version: cleanup.version,
        cron: Some("15 2 * * *".into()),
        zone: Some("Asia/Kolkata".into()),
        ..ScheduleEdit::default()
    };
    let edited = jobs.edit_schedule(&admin, "cleanup", edit.clone()).await.unwrap();
    assert_eq!(edited.next_due_at.unwrap(), at("2026-03-10T20:45:00Z"));
    assert_eq!(
        jobs.edit_schedule(&admin, "cleanup", edit).await.unwrap_err().code,
        ErrorCode::Conflict,
        "an old version"
    );

    let early = jobs.run_schedule(&person(Role::Planner), "cleanup", None).await.value.unwrap();
    assert!(jobs.run_schedule(&admin, "cleanup", None).await.value.unwrap().deduplicated, "one is open");
    runtime.drain().await.unwrap();
    let run = jobs.detail(&admin, early.job_id).await.unwrap().run;
    assert_eq!(
        (run.state, run.schedule_id.as_deref()),
        (JobState::Succeeded, Some("cleanup")),
        "{:?}",
        run.error_message
    );
    let after = jobs.schedules(&admin).await.unwrap().into_iter().find(|s| s.id == "cleanup").unwrap();
    assert_eq!(after.next_due_at, edited.next_due_at, "a run out of turn does not move the next one");

    let range =
        Backfill { from: at("2026-03-01T00:00:00Z").fixed_offset(), to: at("2026-03-08T00:00:00Z").fixed_offset() };
    let filled = jobs.backfill(&admin, "cleanup", range.clone(), None).await.value.unwrap();
    assert_eq!((filled.enqueued, filled.already_fired), (7, 0));
    let again = jobs.backfill(&admin, "cleanup", range, None).await.value.unwrap();
    assert_eq!((again.enqueued, again.already_fired), (0, 7));
    runtime.drain().await.unwrap();
    assert_eq!(jobs.list(&admin, filter("schedule=cleanup&state=succeeded")).await.unwrap().total, 8);

    let draft =
        ScheduleDraft { cron: Some("30 1 * * *".into()), every_seconds: None, zone: Some("Europe/London".into()) };
    world.clock.set(at("2026-03-28T12:00:00Z"));
    assert_eq!(jobs.preview(&admin, draft, 1).await.unwrap().next, [at("2026-03-29T01:00:00Z")]);
}
