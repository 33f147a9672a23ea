//! Fetches against the simulator over a real socket, run by the real worker, landing in a real Postgres.

use crate::{
    rows::{OTHER, SAMPLE, cli, seeded},
    world::{World, at},
};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    dealers::{DealersPort, EditDealer, FetchStarted, FetchStatus, ProspectQuery, StartFetch, WindowState},
    ids::JobId,
    jobs::{JobFilter, JobState},
};
use server::{
    jobs::{JobsConfig, Registry, Runtime},
    simulators::faults::{Fault, Knob},
};
use sqlx::PgPool;
use std::{sync::Arc, time::Instant};

/// The world stands at 2026-03-10 19:00 in Jakarta.
const WEEK: &str = "2026-03-04 00:00:00";
/// Three windows: 02-20 to 02-26, 02-27 to 03-05, the rest.
const LONG: &str = "2026-02-20 00:00:00";

fn asked(dealer_id: &str, from: &str) -> StartFetch {
    StartFetch { dealer_id: dealer_id.to_owned(), from_time: Some(from.to_owned()), ..StartFetch::default() }
}

fn runtime(world: &World) -> Arc<Runtime> {
    Runtime::new(world.services.clone(), Registry::standard(), JobsConfig::default())
}

fn faulty(world: &World, faults: &[(Knob, Fault)]) {
    world.services.dealers.loopback().simulator().faults.set(faults.iter().copied().collect());
}

async fn begun(world: &World, command: &StartFetch) -> FetchStarted {
    world.services.dealers.fetch(&cli(), command).await.unwrap()
}

async fn status(world: &World, run: JobId) -> FetchStatus {
    world.services.dealers.fetch_status(&cli(), run).await.unwrap().expect("a fetch")
}

/// Asked for, worked through, and how it stands then.
async fn fetched(world: &World, command: &StartFetch) -> FetchStatus {
    let run = begun(world, command).await.task_id;
    runtime(world).drain().await.unwrap();
    status(world, run).await
}

/// Good records and some that are kept back.
pub async fn land_some(world: &World, dealers: &[&str]) {
    faulty(world, &[(Knob::DirtyRate, Fault::of(30))]);
    for dealer in dealers {
        let counts = fetched(world, &asked(dealer, WEEK)).await.counters;
        assert!(counts.inserted > 0 && counts.rejected > 0, "{dealer}: {counts:?}");
    }
}

/// In a time that the worker's queue, which goes by the clock of the database, has not come to: what is put off waits.
async fn far_ahead(owner: PgPool) -> (World, StartFetch) {
    let world = seeded(owner).await;
    world.clock.set(at("2099-03-10T12:00:00Z"));
    (world, asked(SAMPLE, "2099-02-20 00:00:00"))
}

/// What was put off is due.
async fn due(world: &World) {
    world.clock.advance(Duration::hours(6));
    world.execute("update graphile_worker._private_jobs set run_at = now()").await;
}

/// Windows by their state.
fn states(status: &FetchStatus) -> Vec<&'static str> {
    status.windows.iter().map(|window| window.state.as_str()).collect()
}

const UNITS: &str = "select count(*) from dealer.prospect_units";
const PROSPECTS: &str = "select count(*) from dealer.prospects";

#[sqlx::test(migrations = "../migrations")]
async fn a_range_is_fetched_in_windows_and_a_second_time_nothing_changes(owner: PgPool) {
    let world = seeded(owner).await;
    let started = begun(&world, &asked(SAMPLE, LONG)).await;
    assert_eq!((started.status, started.deduplicated), (JobState::Queued, false));
    runtime(&world).drain().await.unwrap();
    let first = status(&world, started.task_id).await;
    assert_eq!((first.status, states(&first)), (JobState::Succeeded, vec!["done"; 3]));
    let (from, to) = (&first.windows[0].from, &first.windows[0].to);
    assert_eq!(
        (from.to_rfc3339(), to.to_rfc3339()),
        ("2026-02-20T00:00:00+07:00".to_owned(), "2026-02-26T23:59:59+07:00".to_owned())
    );
    assert_eq!((first.progress.done, first.progress.total, first.progress.percent), (3, 3, 100));
    // A record modified in a later window comes twice.
    let counts = first.counters;
    assert!(counts.inserted > 50, "{counts:?}");
    assert_eq!(counts.received, counts.inserted + counts.updated + counts.unchanged + counts.stale + counts.duplicate);
    assert_eq!(world.number(PROSPECTS).await, counts.inserted);
    let units = world.number(UNITS).await;

    world.clock.advance(Duration::seconds(1));
    let again = asked(SAMPLE, LONG);
    let second = fetched(&world, &StartFetch { to_time: Some("2026-03-10 19:00:00".to_owned()), ..again }).await;
    let counts = second.counters;
    assert_eq!((second.status, counts.inserted, counts.updated), (JobState::Succeeded, 0, 0));
    assert_eq!((counts.unchanged, counts.received), (first.counters.received, first.counters.received));
    assert_eq!(world.number(UNITS).await, units);

    let fetches = world.services.dealers.fetches(&cli(), SAMPLE).await.unwrap().unwrap();
    assert_eq!((fetches.prospects, fetches.open_rejects, fetches.runs.len()), (first.counters.inserted, 0, 2));
    assert_eq!(fetches.runs[1].counters, first.counters);
    let covered = &fetches.coverage[0];
    assert_eq!(covered.watermark.unwrap().to_rfc3339(), "2026-03-10T19:00:00+07:00");
    // Thirty days back from the beginning of the day until the range that was fetched.
    let gaps: Vec<_> = covered.gaps.iter().map(|gap| (gap.from.to_rfc3339(), gap.to.to_rfc3339())).collect();
    let gap = ("2026-02-08T00:00:00+07:00".to_owned(), "2026-02-19T23:59:59+07:00".to_owned());
    assert_eq!((covered.covered.len(), &gaps[0]), (1, &gap));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_record_that_changed_takes_the_place_of_the_old_one_with_its_units(owner: PgPool) {
    let world = seeded(owner).await;
    fetched(&world, &asked(SAMPLE, WEEK)).await;
    let units = world.number(UNITS).await;
    // As it was before: an older state, with a unit that it has no more.
    world
        .execute(
            "with old as (
                 update dealer.prospects set content_sha256 = '\\x00', source_modified_at = source_modified_at - interval '1 day'
                 where id = (select min(prospect_id::text)::uuid from dealer.prospect_units) returning id, dealer_id)
             insert into dealer.prospect_units select id, dealer_id, 'OLD', null, 9 from old",
        )
        .await;
    world.clock.advance(Duration::seconds(1));
    let counts = fetched(&world, &asked(SAMPLE, WEEK)).await.counters;
    assert_eq!((counts.updated, counts.inserted, counts.unchanged), (1, 0, counts.received - 1));
    assert_eq!(world.number(UNITS).await, units);
    // A newer state is kept against an older one that comes again.
    world
        .execute("update dealer.prospects set content_sha256 = '\\x00', source_modified_at = source_modified_at + interval '1 day'")
        .await;
    world.clock.advance(Duration::seconds(1));
    let counts = fetched(&world, &asked(SAMPLE, WEEK)).await.counters;
    assert_eq!((counts.stale, counts.updated), (counts.received, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn of_one_key_in_one_answer_the_latest_is_kept(owner: PgPool) {
    let world = seeded(owner).await;
    let plain = fetched(&world, &asked(OTHER, WEEK)).await.counters;
    let of_sample = fetched(&world, &asked(SAMPLE, WEEK)).await.counters;
    let before =
        world.number("select sum(hashtext(encode(content_sha256, 'hex'))::bigint)::bigint from dealer.prospects").await;
    world.execute("delete from dealer.prospects").await;
    faulty(&world, &[(Knob::DuplicateRows, Fault::of(1)), (Knob::OutOfOrder, Fault::of(1))]);
    world.clock.advance(Duration::seconds(1));
    for (dealer, once) in [(OTHER, plain), (SAMPLE, of_sample)] {
        let counts = fetched(&world, &asked(dealer, WEEK)).await.counters;
        assert_eq!(
            (counts.received, counts.inserted, counts.duplicate),
            (once.received * 2, once.received, once.received)
        );
    }
    let after =
        world.number("select sum(hashtext(encode(content_sha256, 'hex'))::bigint)::bigint from dealer.prospects").await;
    assert_eq!(after, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn broken_records_are_kept_back_sealed_and_the_others_land(owner: PgPool) {
    let world = seeded(owner).await;
    faulty(
        &world,
        &[(Knob::MissingKey, Fault::of(15)), (Knob::DirtyRate, Fault::of(15)), (Knob::ForeignDealer, Fault::of(15))],
    );
    let run = fetched(&world, &asked(SAMPLE, LONG)).await;
    let counts = run.counters;
    assert_eq!(run.status, JobState::Partial);
    assert!(
        counts.rejected > 0 && counts.received == counts.inserted + counts.updated + counts.unchanged + counts.rejected
    );
    let rules: Vec<String> = sqlx::query_scalar("select distinct rule from dealer.rejects order by 1")
        .fetch_all(&world.owner)
        .await
        .unwrap();
    assert_eq!(rules, ["foreign_dealer", "required", "type"]);
    assert_eq!(world.number("select count(*) from dealer.rejects").await, counts.rejected);
    assert_eq!(world.number("select count(*) from dealer.prospects where dealer_id <> '12284'").await, 0);
    // Nobody who reads the database reads a number, an address, or a record that was kept back.
    let plain = "select (select count(*) from dealer.prospects p where p::text ~ '0800[0-9]{8}|00[0-9]{14}' or p::text ~ 'Jl. Contoh')
                      + (select count(*) from dealer.rejects r where encode(r.raw_enc, 'escape') ~ 'noKontak')";
    assert_eq!(world.number(plain).await, 0);
    let masked =
        "select count(*) from dealer.prospects where phone_last4 ~ '^[0-9]{4}$' and octet_length(phone_hash) = 32";
    assert_eq!(world.number(masked).await, world.number(PROSPECTS).await);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dealer_without_keys_fails_and_nothing_is_written(owner: PgPool) {
    let world = seeded(owner).await;
    world.execute("delete from dealer.credentials where dealer_id = '12284'").await;
    let run = fetched(&world, &asked(SAMPLE, WEEK)).await;
    let error = run.error.unwrap();
    assert_eq!((run.status, error.class.as_str()), (JobState::Failed, "unconfigured"));
    assert!(error.message.contains("No credentials are saved"), "{}", error.message);
    assert_eq!(world.number(PROSPECTS).await + world.number("select count(*) from dealer.coverage").await, 0);
    assert!(world.services.dealers.loopback().simulator().calls().is_empty());
}

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

fn faults(refused: AppError) -> Vec<(String, String)> {
    assert_eq!(refused.code, ErrorCode::Validation);
    refused.fields.into_iter().map(|fault| (fault.path, fault.message)).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_fetched_is_refused_with_its_place_and_nothing_is_queued(owner: PgPool) {
    let world = seeded(owner).await;
    let refused = async |command: StartFetch| faults(world.services.dealers.fetch(&cli(), &command).await.unwrap_err());
    let with = |change: fn(&mut StartFetch)| {
        let mut command = asked(SAMPLE, WEEK);
        change(&mut command);
        command
    };
    let path = |faults: &[(String, String)]| faults.iter().map(|fault| fault.0.clone()).collect::<Vec<_>>();
    // Thirty days before 10 March is 8 February.
    let old = refused(with(|c| c.from_time = Some("2026-02-07 23:59:59".to_owned()))).await;
    assert_eq!(path(&old), ["from_time"]);
    assert!(old[0].1.contains("2026-02-08"), "{old:?}");
    assert_eq!(path(&refused(with(|c| c.from_time = Some("2026-03-11 00:00:00".to_owned()))).await), ["from_time"]);
    assert_eq!(path(&refused(with(|c| c.to_time = Some("2026-03-11T00:00:00".to_owned()))).await), ["to_time"]);
    assert_eq!(path(&refused(with(|c| c.to_time = Some("2026-03-03T00:00:00+07:00".to_owned()))).await), ["to_time"]);
    let both = with(|c| (c.from_time, c.to_time) = (Some("soon".to_owned()), Some("later".to_owned())));
    assert_eq!(path(&refused(both).await), ["from_time", "to_time"]);
    assert_eq!(path(&refused(with(|c| c.fetch_type = Some("prospects".to_owned()))).await), ["fetch_type"]);
    for dealer in ["99999", "*", ""] {
        assert_eq!(
            path(&refused(StartFetch { dealer_id: dealer.to_owned(), ..asked(SAMPLE, WEEK) }).await),
            ["dealer_id"]
        );
    }
    world.execute("update dealer.dealers set is_active = false where dealer_id = '12284'").await;
    assert_eq!(path(&refused(asked(SAMPLE, WEEK)).await), ["dealer_id"]);
    assert_eq!(world.number("select count(*) from ops.job_runs").await, 0);
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
async fn who_has_one_dealer_fetches_it_and_sees_no_other_run(owner: PgPool) {
    let world = seeded(owner).await;
    let sets = [PermSet::DealerManager];
    let id = world.user("manager@example.com", None, &sets).await;
    world.execute("update access.grants set scope_ids = '{12284}' where scope_kind = 'dealers'").await;
    let label = "manager@example.com".to_owned();
    let manager = Principal::vouch(ActorKind::User, Some(id), label, Rights::of(None, &sets), RequestTrace::default());
    let (dealers, jobs) = (&world.services.dealers, &world.services.jobs);
    let foreign = begun(&world, &asked(OTHER, WEEK)).await.task_id;
    let own = dealers.fetch(&manager, &asked(SAMPLE, WEEK)).await.unwrap().task_id;
    let refused = dealers.fetch(&manager, &asked(OTHER, LONG)).await.unwrap_err();
    assert_eq!(faults(refused), [("dealer_id".to_owned(), "There is no dealer with this code.".to_owned())]);
    runtime(&world).drain().await.unwrap();

    assert_eq!(dealers.fetch_status(&manager, own).await.unwrap().unwrap().status, JobState::Succeeded);
    assert_eq!(dealers.fetch_status(&manager, foreign).await.unwrap(), None);
    assert_eq!(dealers.fetches(&manager, OTHER).await.unwrap(), None);
    let seen = jobs.list(&manager, JobFilter::default()).await.unwrap();
    assert_eq!((seen.total, seen.items.iter().map(|run| run.id).collect::<Vec<_>>()), (1, vec![own]));
    let hidden = ErrorCode::NotFound;
    assert_eq!(jobs.detail(&manager, foreign).await.unwrap_err().code, hidden);
    assert_eq!(jobs.events(&manager, foreign, None).await.unwrap_err().code, hidden);
    assert_eq!(jobs.cancel(&manager, foreign).await.unwrap_err().code, hidden);
    assert_eq!(jobs.retry(&manager, foreign).await.unwrap_err().code, hidden);
    assert!(jobs.detail(&manager, own).await.is_ok());
    let denied = "select count(*) from ops.audit_log where action = 'access.denied' and outcome = 'denied'";
    assert_eq!(world.number(denied).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn prospects_are_listed_masked_by_date_and_found_by_who_may_see_them(owner: PgPool) {
    let world = seeded(owner).await;
    let counts = fetched(&world, &asked(SAMPLE, LONG)).await.counters;
    world.execute("update dealer.prospects set prospect_date = null, status_code = '9' where id = (select min(id::text)::uuid from dealer.prospects)").await;
    let dealers = &world.services.dealers;
    let id = world.user("viewer@example.com", Some(Role::Viewer), &[]).await;
    let rights = Rights::of(Some(Role::Viewer), &[]);
    let viewer = Principal::vouch(ActorKind::User, Some(id), "viewer".to_owned(), rights, RequestTrace::default());
    let list =
        async |who: &Principal, query: ProspectQuery| dealers.prospects(who, SAMPLE, &query).await.unwrap().unwrap();

    // Page by page: all of them once, the latest first, those without a date last.
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(&viewer, ProspectQuery { cursor, limit: 25, ..ProspectQuery::default() }).await;
        assert_eq!(page.total, counts.inserted);
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let keys: std::collections::BTreeSet<_> = seen.iter().map(|one| one.prospect_no.clone()).collect();
    assert_eq!((seen.len(), keys.len()), (seen.len(), usize::try_from(counts.inserted).unwrap()));
    let dates: Vec<_> = seen.iter().map(|one| one.prospect_date).collect();
    assert!(dates.windows(2).all(|two| two[0] >= two[1]) && dates.last() == Some(&None));
    let last = seen.last().unwrap().status.clone().unwrap();
    assert_eq!((last.code.as_str(), last.label.as_str()), ("9", "Unknown (9)"));
    for one in &seen {
        let shows = |text: &Option<String>, wanted: &str| {
            let text: String =
                text.as_deref().unwrap().chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
            assert_eq!(text, wanted);
        };
        shows(&one.phone, "••••••••9999");
        shows(&one.national_id, "••••••••••••9999");
        assert!(
            one.full_name.as_deref().unwrap().split(' ').all(|word| word.ends_with("•••") && word.chars().count() == 4)
        );
    }

    let by = |change: fn(&mut ProspectQuery)| {
        let mut query = ProspectQuery::default();
        change(&mut query);
        query
    };
    let count = |sql: &'static str| world.number(sql);
    let hot = list(&viewer, by(|q| q.status = Some("3".to_owned()))).await.total;
    assert_eq!(hot, count("select count(*) from dealer.prospects where status_code = '3'").await);
    let unit = list(&viewer, by(|q| q.unit = Some("HP5".to_owned()))).await.total;
    assert_eq!(unit, count("select count(*) from dealer.prospect_units where unit_type_code = 'HP5'").await);
    let day =
        list(&viewer, by(|q| (q.from, q.to) = ("2026-03-07".parse().ok(), "2026-03-07".parse().ok()))).await.total;
    assert_eq!(day, count("select count(*) from dealer.prospects where prospect_date = '2026-03-07'").await);
    assert!(hot > 0 && unit > 0 && day > 0 && hot < counts.inserted);

    // Who sees no name searches for none.
    let search = |text: &str| ProspectQuery { search: Some(text.to_owned()), ..ProspectQuery::default() };
    assert_eq!(faults(dealers.prospects(&viewer, SAMPLE, &search("Siti")).await.unwrap_err())[0].0, "search");
    let named = list(&cli(), search("siti")).await.total;
    assert_eq!(named, count("select count(*) from dealer.prospects where full_name ilike '%siti%'").await);
    assert!(named > 0);
    assert_eq!(list(&cli(), search("0800 0000 0000")).await.total, 0);
    assert_eq!(dealers.prospects(&cli(), "99999", &ProspectQuery::default()).await.unwrap(), None);
    assert_eq!(dealers.prospects(&cli(), "*", &ProspectQuery::default()).await.unwrap(), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dealer_that_is_switched_off_keeps_its_records_and_its_queued_fetches_are_cancelled(owner: PgPool) {
    let world = seeded(owner).await;
    land_some(&world, &[SAMPLE]).await;
    let kept = world.number(PROSPECTS).await;
    world.clock.advance(Duration::seconds(1));
    let (own, others) =
        (begun(&world, &asked(SAMPLE, WEEK)).await.task_id, begun(&world, &asked(OTHER, WEEK)).await.task_id);
    let off = EditDealer { is_active: Some(false), ..EditDealer::default() };
    world.services.dealers.edit(&cli(), SAMPLE, &off).await.unwrap();
    runtime(&world).drain().await.unwrap();
    assert_eq!(status(&world, own).await.status, JobState::Cancelled);
    assert_eq!(status(&world, others).await.windows[0].state, WindowState::Done);
    assert_eq!(world.number("select count(*) from dealer.prospects where dealer_id = '12284'").await, kept);
    // Its records leave with the demo rows, and nothing of them stays.
    world.services.demo.remove(&cli()).await.unwrap();
    let left = "select (select count(*) from dealer.prospects) + (select count(*) from dealer.prospect_units)
                     + (select count(*) from dealer.rejects) + (select count(*) from dealer.coverage)
                     + (select count(*) from dealer.fetch_params) + (select count(*) from dealer.fetch_windows)";
    assert_eq!(world.number(left).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_prospect_is_unmasked_on_record_and_not_more_than_sixty_an_hour(owner: PgPool) {
    let world = seeded(owner).await;
    fetched(&world, &asked(SAMPLE, LONG)).await;
    let sql = "select prospect_no, full_name, phone_last4 from dealer.prospects order by id limit 1";
    let (number, name, last4): (String, String, String) = sqlx::query_as(sql).fetch_one(&world.owner).await.unwrap();
    let dealers = &world.services.dealers;
    let admin = world.user("admin@example.com", Some(Role::Admin), &[]).await;
    let rights = Rights::of(Some(Role::Admin), &[]);
    let admin = Principal::vouch(ActorKind::User, Some(admin), "admin".to_owned(), rights, RequestTrace::default());
    let seen = dealers.unmask(&admin, SAMPLE, &number).await.unwrap().unwrap();
    assert_eq!((seen.full_name.as_deref(), seen.address.as_deref()), (Some(name.as_str()), Some("Jl. Contoh 1")));
    assert_eq!(seen.location.as_deref(), Some("-6.2,106.816666"));
    assert!(seen.phone.unwrap().ends_with(&last4) && seen.national_id.unwrap().starts_with("00"));
    let told =
        "select count(*) from ops.audit_log where action = 'prospects.unmask' and pii_read and dealer_id = '12284'";
    assert_eq!(world.number(told).await, 1);

    // Neither another dealer's, nor one that is not there, nor by who may not.
    assert_eq!(dealers.unmask(&admin, OTHER, &number).await.unwrap(), None);
    assert_eq!(dealers.unmask(&admin, SAMPLE, "PRSP/0").await.unwrap(), None);
    let viewer = Rights::of(Some(Role::Viewer), &[]);
    let viewer = Principal::vouch(ActorKind::User, None, "viewer".to_owned(), viewer, RequestTrace::default());
    assert_eq!(dealers.unmask(&viewer, SAMPLE, &number).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(world.number(told).await, 1);

    for _ in 1..60 {
        assert!(dealers.unmask(&admin, SAMPLE, &number).await.unwrap().is_some());
    }
    assert_eq!(dealers.unmask(&admin, SAMPLE, &number).await.unwrap_err().code, ErrorCode::RateLimited);
    world.clock.advance(Duration::minutes(61));
    assert!(dealers.unmask(&admin, SAMPLE, &number).await.unwrap().is_some());
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
