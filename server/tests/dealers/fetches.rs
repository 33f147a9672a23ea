//! Fetches against the simulator over a real socket, run by the real worker, landing in a real Postgres.

use crate::{
    rows::{OTHER, SAMPLE, cli, seeded},
    support::{
        LONG, PROSPECTS, UNITS, WEEK, asked, begun, faults, faulty, fetched, land_some, runtime, states, status,
    },
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    dealers::{DealersPort, EditDealer, ProspectQuery, StartFetch, WindowState},
    jobs::{JobFilter, JobState},
};
use server::simulators::faults::{Fault, Knob};
use sqlx::PgPool;

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
    // What is sealed may hold any digits.
    let plain = "select (select count(*) from (select regexp_replace(p::text, 'x[0-9a-f]{16,}', '', 'g') as t from dealer.prospects p) p
                        where t ~ '0800[0-9]{8}|00[0-9]{14}' or t ~ 'Jl. Contoh')
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
