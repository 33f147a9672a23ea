//! The feeds beside the prospects: they land by one table, what is personal in them is masked, and each can be switched off.

use crate::{
    rows::{OTHER, SAMPLE, cli, seeded},
    support::{LONG, asked, begun, faults, faulty, fetched, runtime, status},
    world::World,
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    dealers::{DealersPort, Feed, RecordDetail, RecordQuery, StartFetch},
    jobs::JobState,
};
use server::simulators::faults::{Fault, Knob};
use sqlx::PgPool;

fn of(feed: Feed) -> StartFetch {
    StartFetch { fetch_type: Some(feed.as_str().to_owned()), ..asked(SAMPLE, LONG) }
}

async fn viewer(world: &World, role: Role) -> Principal {
    let id = world.user("somebody@example.com", Some(role), &[]).await;
    let rights = Rights::of(Some(role), &[]);
    Principal::vouch(ActorKind::User, Some(id), "somebody".to_owned(), rights, RequestTrace::default())
}

const RECORDS: &str = "select count(*) from dealer.feed_records";
const LINES: &str = "select count(*) from dealer.feed_lines";

#[sqlx::test(migrations = "../migrations")]
async fn every_feed_lands_and_a_second_time_nothing_changes(owner: PgPool) {
    let world = seeded(owner).await;
    let others: Vec<Feed> = Feed::ALL.iter().copied().filter(|feed| *feed != Feed::Prospect).collect();
    let mut landed = Vec::new();
    for feed in &others {
        let run = fetched(&world, &of(*feed)).await;
        assert_eq!((run.status, run.fetch_type), (JobState::Succeeded, *feed), "{feed:?} {:?}", run.error);
        assert!(run.counters.inserted > 0, "{feed:?} {:?}", run.counters);
        landed.push(run.counters.inserted);
    }
    let (records, lines) = (world.number(RECORDS).await, world.number(LINES).await);
    assert_eq!(records, landed.iter().sum::<i64>());
    assert!(lines > 100, "{lines}");
    world.clock.advance(Duration::seconds(1));
    let until = Some("2026-03-10 19:00:00".to_owned());
    for feed in &others {
        let again = fetched(&world, &StartFetch { to_time: until.clone(), ..of(*feed) }).await.counters;
        assert_eq!((again.inserted, again.updated, again.unchanged), (0, 0, again.received), "{feed:?}");
    }
    assert_eq!((world.number(RECORDS).await, world.number(LINES).await), (records, lines));

    // Every feed has its list, and the dealer's page says how much each has.
    let fetches = world.services.dealers.fetches(&cli(), SAMPLE).await.unwrap().unwrap();
    assert_eq!(fetches.coverage.len(), 15);
    for (feed, landed) in others.iter().zip(landed) {
        let list =
            world.services.dealers.records(&cli(), SAMPLE, *feed, &RecordQuery::default()).await.unwrap().unwrap();
        assert_eq!(list.total, landed, "{feed:?}");
        let covered = fetches.coverage.iter().find(|one| one.feed == *feed).unwrap();
        assert_eq!((covered.records, covered.is_enabled), (landed, true), "{feed:?}");
        assert_eq!(covered.gaps[0].to.to_rfc3339(), "2026-02-19T23:59:59+07:00", "{feed:?}");
    }
    // No number of a person stands in what everybody may see.
    let plain = "select (select count(*) from dealer.feed_records where fields::text ~ '0800[0-9]{8}|\"00[0-9]{14}')
                      + (select count(*) from dealer.feed_lines where (fields::text || line_key) ~ '0800[0-9]{8}|\"00[0-9]{14}')";
    assert_eq!(world.number(plain).await, 0);
    assert!(
        world
            .number(
                "select count(*) from dealer.feed_records where personal_enc is not null and phone_hash is not null"
            )
            .await
            > 0
    );
}

/// The newest record of a feed as somebody sees it.
async fn newest(world: &World, who: &Principal, feed: Feed) -> RecordDetail {
    let dealers = &world.services.dealers;
    let list = dealers.records(who, SAMPLE, feed, &RecordQuery::default()).await.unwrap().unwrap();
    dealers.record(who, SAMPLE, feed, &list.items[0].record_key).await.unwrap().unwrap()
}

fn value<'a>(record: &'a RecordDetail, name: &str) -> (&'a str, Option<&'a str>) {
    let field = record.fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("{name}"));
    (field.value.as_str(), field.label.as_deref())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_record_is_masked_labelled_by_its_feed_and_unmasked_on_record(owner: PgPool) {
    let world = seeded(owner).await;
    for feed in [Feed::SpkRead, Feed::Inv1Read] {
        fetched(&world, &of(feed)).await;
    }
    let admin = viewer(&world, Role::Admin).await;
    let order = newest(&world, &admin, Feed::SpkRead).await;
    let (name, phone, id) = (value(&order, "namaCustomer").0, value(&order, "noKontak").0, value(&order, "noKtp").0);
    assert!(name.contains("•••") && phone.starts_with("••••••••") && id.starts_with("••••••••••••"), "{order:?}");
    assert_eq!(value(&order, "alamat").0, "•••");
    assert!(order.fields.iter().filter(|field| field.is_personal).all(|field| field.value.contains('•')));
    let family = order.lines.iter().filter(|line| line.array == "dataAnggotaKeluarga");
    assert!(family.flat_map(|line| &line.fields).all(|field| field.is_personal && field.value.contains('•')));

    // The same code of a payment is another thing in another feed.
    world
        .execute(
            "update dealer.feed_records set fields = fields || '{\"tipePembayaran\": \"1\"}' where feed = 'inv1_read'",
        )
        .await;
    world
        .execute(
            "update dealer.feed_lines set fields = fields || '{\"tipePembayaran\": \"1\"}' where array_name = 'unit'",
        )
        .await;
    assert_eq!(value(&newest(&world, &admin, Feed::Inv1Read).await, "tipePembayaran").1, Some("Credit"));
    let order = newest(&world, &admin, Feed::SpkRead).await;
    let unit = order.lines.iter().find(|line| line.array == "unit").unwrap();
    let paid = unit.fields.iter().find(|field| field.name == "tipePembayaran").unwrap();
    assert_eq!(paid.label.as_deref(), Some("Cash"));

    let dealers = &world.services.dealers;
    let open = dealers.unmask_record(&admin, SAMPLE, Feed::SpkRead, &order.record_key).await.unwrap().unwrap();
    let (phone, id) = (value(&open, "noKontak").0, value(&open, "noKtp").0);
    assert!(phone.starts_with("0800") && id.starts_with("00") && !value(&open, "namaCustomer").0.contains('•'));
    let told =
        "select count(*) from ops.audit_log where action = 'records.unmask' and pii_read and dealer_id = '12284'";
    assert_eq!(world.number(told).await, 1);
    // It is found by its number, by who may know it.
    let search = RecordQuery { search: Some(phone.to_owned()), ..RecordQuery::default() };
    assert!(dealers.records(&admin, SAMPLE, Feed::SpkRead, &search).await.unwrap().unwrap().total >= 1);
    let rights = Rights::of(Some(Role::Viewer), &[]);
    let id = world.user("viewer@example.com", Some(Role::Viewer), &[]).await;
    let viewer = Principal::vouch(ActorKind::User, Some(id), "viewer".to_owned(), rights, RequestTrace::default());
    assert_eq!(dealers.records(&viewer, SAMPLE, Feed::SpkRead, &search).await.unwrap().unwrap().total, 0);
    let refused = dealers.unmask_record(&viewer, SAMPLE, Feed::SpkRead, &order.record_key).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(dealers.record(&admin, OTHER, Feed::SpkRead, &order.record_key).await.unwrap(), None);
    assert_eq!(faults(dealers.records(&admin, SAMPLE, Feed::Prospect, &search).await.unwrap_err())[0].0, "feed");

    // Page by page, each once, the latest first.
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let query = RecordQuery { cursor, limit: 5, ..RecordQuery::default() };
        let page = dealers.records(&viewer, SAMPLE, Feed::SpkRead, &query).await.unwrap().unwrap();
        seen.extend(page.items.into_iter().map(|item| (item.business_date, item.record_key)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert!(seen.windows(2).all(|two| two[0].0 >= two[1].0 && two[0].1 != two[1].1));
    assert_eq!(
        i64::try_from(seen.len()).unwrap(),
        world.number("select count(*) from dealer.feed_records where feed = 'spk_read'").await
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_changed_record_has_its_child_records_replaced_and_broken_ones_are_kept_back(owner: PgPool) {
    let world = seeded(owner).await;
    fetched(&world, &of(Feed::Pkb)).await;
    let lines = world.number(LINES).await;
    world
        .execute(
            "with old as (
                 update dealer.feed_records set content_sha256 = '\\x00', source_modified_at = source_modified_at - interval '1 day'
                 where id = (select min(record_id::text)::uuid from dealer.feed_lines) returning id, dealer_id)
             insert into dealer.feed_lines select id, dealer_id, 'parts', 'OLD', 9, '{}' from old",
        )
        .await;
    world.clock.advance(Duration::seconds(1));
    let counts = fetched(&world, &of(Feed::Pkb)).await.counters;
    assert_eq!((counts.updated, counts.inserted, world.number(LINES).await), (1, 0, lines));

    faulty(
        &world,
        &[(Knob::MissingKey, Fault::of(15)), (Knob::DirtyRate, Fault::of(15)), (Knob::ForeignDealer, Fault::of(15))],
    );
    let run = fetched(&world, &of(Feed::PrslRead)).await;
    assert_eq!(run.status, JobState::Partial);
    assert!(run.counters.rejected > 0 && run.counters.inserted > 0, "{:?}", run.counters);
    let rules = "select count(distinct rule) from dealer.rejects where feed = 'prsl_read' and rule in ('required', 'type', 'foreign_dealer')";
    assert_eq!(world.number(rules).await, 3);
    assert_eq!(world.number("select count(*) from dealer.feed_records where dealer_id <> '12284'").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_feed_is_switched_off_by_hand_or_by_another_contract_and_then_not_fetched(owner: PgPool) {
    let world = seeded(owner).await;
    let dealers = &world.services.dealers;
    dealers.switch_feed(&cli(), SAMPLE, Feed::Leasing, false).await.unwrap();
    let refused = dealers.fetch(&cli(), &of(Feed::Leasing)).await.unwrap_err();
    assert_eq!(faults(refused)[0].0, "fetch_type");
    let told = "select count(*) from ops.audit_log where action = 'dealers.feed_edit'";
    assert_eq!(world.number(told).await, 1);
    dealers.switch_feed(&cli(), SAMPLE, Feed::Leasing, true).await.unwrap();
    assert_eq!(fetched(&world, &of(Feed::Leasing)).await.status, JobState::Succeeded);

    // An answer that is no JSON pauses this feed of this dealer, and no other.
    faulty(&world, &[(Knob::MalformedJson, Fault::of(1))]);
    let run = fetched(&world, &of(Feed::DochRead)).await;
    assert_eq!((run.status, run.error.unwrap().class.as_str()), (JobState::Failed, "bad_payload"));
    faulty(&world, &[]);
    let fetches = dealers.fetches(&cli(), SAMPLE).await.unwrap().unwrap();
    let off: Vec<_> = fetches.coverage.iter().filter(|one| !one.is_enabled).map(|one| one.feed).collect();
    let reason = fetches.coverage.iter().find_map(|one| one.reason.as_deref());
    assert_eq!((off, reason), (vec![Feed::DochRead], Some("The contract changed")));
    assert_eq!(faults(dealers.fetch(&cli(), &of(Feed::DochRead)).await.unwrap_err())[0].0, "fetch_type");
    assert_eq!(fetched(&world, &of(Feed::BastRead)).await.status, JobState::Succeeded);

    // What was queued before it was switched off is not fetched either.
    let run = begun(&world, &of(Feed::Pkb)).await.task_id;
    dealers.switch_feed(&cli(), SAMPLE, Feed::Pkb, false).await.unwrap();
    runtime(&world).drain().await.unwrap();
    let ended = status(&world, run).await;
    assert_eq!((ended.status, ended.error.unwrap().class.as_str()), (JobState::Failed, "switched_off"));
}
