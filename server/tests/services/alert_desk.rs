//! The desk of alerts (`alerts.md` 3.5): who works on what, acts on many, and how fast alerts are seen and ended.

use crate::{
    shop::{admin, dec, planner, viewer},
    world::World,
};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    alerts::{
        AckAlert, AlertFeature, AlertQuery, AlertRow, AlertSort, AssignAlert, BulkAction, BulkAlerts, BulkResult,
        Lasting, NewAlert, Resolution, Severity, ShownState, SilenceAlert, StatsQuery,
    },
    clock::Clock,
    ids::{AlertId, UserId},
    query::pairs,
};
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;

fn power_cut(hall: &str, severity: &str) -> NewAlert {
    NewAlert {
        alert_type: "power_cut".into(),
        severity: severity.into(),
        title: format!("No power in hall {hall}"),
        message: "The grid is down since this morning.".into(),
        entity_type: Some("hall".into()),
        entity_id: Some(hall.into()),
        ..NewAlert::default()
    }
}

async fn open(world: &World, hall: &str, severity: &str) -> AlertId {
    world.services.alerts.create(&planner(), &power_cut(hall, severity)).await.unwrap().alert.id
}

async fn list(world: &World, who: &Principal, query: &str) -> Vec<AlertRow> {
    let query = AlertQuery::parse(pairs(query)).unwrap();
    world.services.alerts.list(who, &query).await.unwrap().items
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
fn signed_in(id: Uuid, label: &str) -> Principal {
    let rights = Rights::of(Some(Role::Planner), &[]);
    Principal::vouch(ActorKind::User, Some(id), label.into(), rights, RequestTrace::default())
}

fn paths(error: AppError) -> Vec<String> {
    error.fields.into_iter().map(|fault| fault.path).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn an_alert_is_given_to_who_may_work_on_it(db: PgPool) {
    let world = World::new(db).await;
    let pia = world.user("pia@mill.example", Some(Role::Planner), &[]).await;
    let vic = world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
    let fay = world.user("fay@mill.example", None, &[PermSet::FraudAnalyst]).await;
    let alerts = &world.services.alerts;
    let (first, second) = (open(&world, "1", "high").await, open(&world, "2", "low").await);
    let to = |id: Uuid| AssignAlert { assignee_id: Some(UserId(id)) };

    let given = alerts.assign(&admin(), first, to(pia)).await.unwrap();
    assert_eq!(given.row.assignee.as_ref().map(|a| (a.id.0, a.name.as_str())), Some((pia, "pia")));
    let last = given.events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.text.as_deref()), ("assigned", Some("pia")));
    let again = alerts.assign(&admin(), first, to(pia)).await.unwrap();
    assert_eq!(again.events.len(), given.events.len(), "who has it already is not given it again");

    let me = signed_in(pia, "pia@mill.example");
    let ids = async |who: &Principal, query: &str| -> Vec<AlertId> {
        list(&world, who, query).await.into_iter().map(|alert| alert.id).collect()
    };
    assert_eq!(ids(&me, "assignee=me").await, [first]);
    assert_eq!(ids(&me, &format!("assignee={pia}")).await, [first]);
    assert_eq!(ids(&me, "assignee=none").await, [second]);
    assert!(ids(&viewer(), "assignee=me").await.is_empty());

    for stranger in [vic, Uuid::from_u128(9)] {
        assert_eq!(paths(alerts.assign(&admin(), first, to(stranger)).await.unwrap_err()), ["assignee_id"]);
    }
    assert_eq!(alerts.assign(&viewer(), first, to(pia)).await.unwrap_err().code, ErrorCode::Forbidden);
    let stock = NewAlert { alert_type: "low_stock".into(), assignee_id: Some(UserId(fay)), ..power_cut("3", "low") };
    assert_eq!(paths(alerts.create(&admin(), &stock).await.unwrap_err()), ["assignee_id"], "who may not see it");
    assert_eq!(list(&world, &admin(), "alert_type=low_stock").await.len(), 0, "nothing half done");
    let stock = NewAlert { assignee_id: Some(UserId(pia)), ..stock };
    assert_eq!(alerts.create(&admin(), &stock).await.unwrap().alert.assignee.unwrap().id.0, pia);
    let names = |people: Vec<domain::alerts::Assignee>| people.into_iter().map(|p| p.name).collect::<Vec<_>>();
    assert_eq!(names(alerts.assignees(&planner(), Some(AlertFeature::Fraud)).await.unwrap()), ["fay", "pia"]);
    assert_eq!(names(alerts.assignees(&planner(), Some(AlertFeature::Inventory)).await.unwrap()), ["pia"]);
    world.execute("update access.users set is_active = false where display_name = 'fay'").await;
    assert_eq!(names(alerts.assignees(&planner(), None).await.unwrap()), ["pia"]);

    let nobody = alerts.assign(&me, first, AssignAlert { assignee_id: None }).await.unwrap();
    assert!(nobody.row.assignee.is_none() && nobody.events.last().unwrap().text.as_deref() == Some("Nobody"));
    alerts.resolve(&planner(), second, None).await.unwrap();
    assert_eq!(alerts.assign(&planner(), second, to(pia)).await.unwrap_err().code, ErrorCode::Conflict);
    let audited = world.number("select count(*) from ops.audit_log where action = 'alerts.assigned'").await;
    assert_eq!(audited, 3);
}

/// Order of the page: severity, money at risk, age. Paging skips and repeats nothing in any order.
#[sqlx::test(migrations = "../migrations")]
async fn the_gravest_come_first_then_the_dearest_then_the_oldest(db: PgPool) {
    let world = World::new(db).await;
    for (n, (severity, money)) in [
        ("high", None),
        ("low", Some("900")),
        ("high", Some("20")),
        ("critical", None),
        ("high", None),
        ("high", Some("20")),
    ]
    .into_iter()
    .enumerate()
    {
        world.clock.advance(Duration::minutes(1));
        let new = NewAlert { money_at_risk: money.map(dec), ..power_cut(&n.to_string(), severity) };
        world.services.alerts.create(&planner(), &new).await.unwrap();
    }
    for (sort, order) in [
        (AlertSort::Gravest, ["3", "2", "5", "0", "4", "1"]),
        (AlertSort::Dearest, ["1", "5", "2", "4", "3", "0"]),
        (AlertSort::Newest, ["5", "4", "3", "2", "1", "0"]),
        (AlertSort::Oldest, ["0", "1", "2", "3", "4", "5"]),
    ] {
        for limit in [1, 2, 4] {
            let mut query = AlertQuery { sort, limit, ..AlertQuery::default() };
            let mut seen: Vec<String> = Vec::new();
            loop {
                let page = world.services.alerts.list(&viewer(), &query).await.unwrap();
                assert_eq!(page.total, 6);
                seen.extend(page.items.into_iter().filter_map(|alert| alert.entity_id));
                query.cursor = page.next_cursor;
                if query.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, order, "{sort:?} by {limit}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_acknowledgement_that_has_run_out_can_be_renewed(db: PgPool) {
    let world = World::new(db).await;
    let id = open(&world, "1", "high").await;
    let until = Some((world.clock.now() + Duration::hours(1)).fixed_offset());
    let alerts = &world.services.alerts;
    let first = AckAlert { note: Some("on my way".into()), until };
    alerts.acknowledge(&planner(), id, &first).await.unwrap();
    world.clock.advance(Duration::hours(2));
    assert_eq!(alerts.alert(&viewer(), id).await.unwrap().row.state, ShownState::Firing);
    let renewed = alerts.acknowledge(&admin(), id, &AckAlert::default()).await.unwrap();
    assert_eq!(renewed.row.state, ShownState::Acknowledged);
    assert_eq!(renewed.row.acknowledged.unwrap().note, None);
}

fn many(action: BulkAction) -> BulkAlerts {
    BulkAlerts {
        action,
        ids: Vec::new(),
        filter: Some(BTreeMap::new()),
        note: None,
        until: None,
        hours: None,
        assignee_id: None,
        dry_run: false,
    }
}

fn where_(filter: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(filter.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[sqlx::test(migrations = "../migrations")]
async fn many_alerts_are_handled_at_once_and_the_number_is_said_before(db: PgPool) {
    let world = World::new(db).await;
    let pia = world.user("pia@mill.example", Some(Role::Planner), &[]).await;
    let alerts = &world.services.alerts;
    let mut halls = Vec::new();
    for n in 0..6 {
        halls.push(open(&world, &n.to_string(), if n < 2 { "critical" } else { "low" }).await);
    }
    alerts.resolve(&planner(), halls[5], None).await.unwrap();
    let done = async |command: &BulkAlerts| alerts.bulk(&planner(), command).await.unwrap();
    let result = |matched, changed| BulkResult { matched, changed };

    let low = BulkAlerts { filter: where_(&[("severity", "low")]), ..many(BulkAction::Acknowledge) };
    assert_eq!(done(&BulkAlerts { dry_run: true, ..low.clone() }).await, result(3, 0), "what is over is left out");
    assert_eq!(list(&world, &viewer(), "state=acknowledged").await.len(), 0);
    assert_eq!(done(&BulkAlerts { note: Some("known".into()), ..low.clone() }).await, result(3, 3));
    assert_eq!(done(&low).await, result(0, 0), "a second time changes nothing");
    let seen = alerts.alert(&viewer(), halls[2]).await.unwrap();
    assert_eq!(seen.row.acknowledged.unwrap().note.as_deref(), Some("known"));
    assert_eq!(seen.events.last().map(|event| event.kind.as_str()), Some("acked"));

    let give = BulkAlerts {
        ids: vec![halls[0], halls[3], halls[5]],
        filter: None,
        assignee_id: Some(UserId(pia)),
        ..many(BulkAction::Assign)
    };
    assert_eq!(done(&give).await, result(2, 2));
    assert_eq!(list(&world, &viewer(), &format!("assignee={pia}")).await.len(), 2);
    let selected_and_filtered = BulkAlerts { filter: where_(&[("severity", "critical")]), ..give };
    assert_eq!(done(&BulkAlerts { assignee_id: None, ..selected_and_filtered }).await, result(1, 1));

    let hold = BulkAlerts {
        filter: where_(&[("assignee", "none")]),
        note: Some("the grid is being mended".into()),
        hours: Some(1),
        ..many(BulkAction::Silence)
    };
    assert_eq!(done(&hold).await, result(4, 4));
    assert_eq!(list(&world, &viewer(), "state=silenced").await.len(), 4);
    assert_eq!(
        world.number("select count(*) from ops.silences").await,
        1,
        "one type and kind of entity is one silence"
    );
    assert_eq!(alerts.alert(&viewer(), halls[3]).await.unwrap().row.state, ShownState::Acknowledged, "not the others");

    let all = BulkAlerts { note: Some("power is back".into()), ..many(BulkAction::Resolve) };
    assert_eq!(done(&all).await, result(5, 5));
    let over = list(&world, &viewer(), "is_resolved=true").await;
    assert!(over.len() == 6 && over.iter().all(|alert| alert.resolution == Some(Resolution::Manual)));
    let noted = over.iter().filter(|alert| alert.resolution_note.as_deref() == Some("power is back"));
    assert_eq!(noted.count(), 5, "the one that was over before keeps what was said of it");
    let audited = "select count(*) from ops.audit_log where action = 'alerts.bulk'";
    assert_eq!(world.number(audited).await, 6, "one row an act, and none for a question");
    let filter =
        "select count(*) from ops.audit_log where action = 'alerts.bulk' and after->'filter'->>'severity' = 'low'
                  and (after->>'changed')::int = 3";
    assert_eq!(world.number(filter).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_act_on_many_that_fails_changes_nothing(db: PgPool) {
    let world = World::new(db).await;
    let fay = world.user("fay@mill.example", None, &[PermSet::FraudAnalyst]).await;
    let alerts = &world.services.alerts;
    open(&world, "1", "high").await;
    let stock = NewAlert { alert_type: "low_stock".into(), ..power_cut("2", "high") };
    alerts.create(&planner(), &stock).await.unwrap();
    let give = BulkAlerts { assignee_id: Some(UserId(fay)), ..many(BulkAction::Assign) };
    assert_eq!(paths(alerts.bulk(&planner(), &give).await.unwrap_err()), ["assignee_id"]);
    assert_eq!(list(&world, &viewer(), "assignee=none").await.len(), 2, "she may see one of the two only");

    // The second silence cannot be made: the first is not there either.
    let broken = NewAlert { alert_type: "audit_broken".into(), ..power_cut("1", "critical") };
    alerts.create(&planner(), &broken).await.unwrap();
    let hold = BulkAlerts { note: Some("known since Monday".into()), hours: Some(1), ..many(BulkAction::Silence) };
    assert_eq!(alerts.bulk(&planner(), &hold).await.unwrap_err().code, ErrorCode::Validation);
    assert_eq!(world.number("select count(*) from ops.silences").await, 0);
    assert_eq!(list(&world, &viewer(), "state=silenced").await.len(), 0);
    let long = BulkAlerts { hours: Some(31 * 24), filter: where_(&[("alert_type", "low_stock")]), ..hold };
    assert_eq!(paths(alerts.bulk(&planner(), &long).await.unwrap_err()), ["until"]);
    let typo = BulkAlerts { filter: where_(&[("severty", "low")]), ..many(BulkAction::Resolve) };
    assert_eq!(paths(alerts.bulk(&planner(), &typo).await.unwrap_err()), ["filter.severty"]);
    assert_eq!(alerts.bulk(&viewer(), &many(BulkAction::Resolve)).await.unwrap_err().code, ErrorCode::Forbidden);

    world
        .execute(
            "insert into ops.alerts (id, dedup_key, alert_type, feature, severity, title, message, opened_at, last_seen_at, source)
             select gen_random_uuid(), 'k' || n, 'power_cut', 'alerts', 1, 'No power', 'The grid is down.', '2026-03-10', '2026-03-10',
                    'manual' from generate_series(1, 10001) n",
        )
        .await;
    let all = BulkAlerts { filter: where_(&[("severity", "low")]), ..many(BulkAction::Acknowledge) };
    assert_eq!(alerts.bulk(&planner(), &BulkAlerts { dry_run: true, ..all.clone() }).await.unwrap().matched, 10_001);
    assert_eq!(paths(alerts.bulk(&planner(), &all).await.unwrap_err()), ["filter"]);
    assert_eq!(world.number("select count(*) from ops.alerts where acked_at is not null").await, 0);
    assert_eq!(world.number("select count(*) from ops.audit_log where action = 'alerts.bulk'").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_alert_is_silenced_until_a_time_with_a_reason(db: PgPool) {
    let world = World::new(db).await;
    let (first, second) = (open(&world, "1", "high").await, open(&world, "2", "high").await);
    let alerts = &world.services.alerts;
    let until = |hours| (world.clock.now() + Duration::hours(hours)).fixed_offset();
    let hold = SilenceAlert { until: until(2), reason: "the grid is being mended".into() };
    assert_eq!(alerts.silence(&planner(), first, &hold).await.unwrap().row.state, ShownState::Silenced);
    assert_eq!(alerts.alert(&viewer(), second).await.unwrap().row.state, ShownState::Firing);
    let wrong = SilenceAlert { until: until(31 * 24), reason: "no".into() };
    assert_eq!(paths(alerts.silence(&planner(), second, &wrong).await.unwrap_err()), ["until", "reason"]);
    assert_eq!(alerts.silence(&viewer(), second, &hold).await.unwrap_err().code, ErrorCode::Forbidden);
}

/// Example 18.
#[sqlx::test(migrations = "../migrations")]
async fn times_to_acknowledge_and_resolve_are_told_with_their_number(db: PgPool) {
    let world = World::new(db).await;
    let alerts = &world.services.alerts;
    let pia = signed_in(Uuid::from_u128(7), "pia@mill.example");
    let empty = alerts.stats(&viewer(), StatsQuery::default()).await.unwrap();
    assert_eq!((empty.all.opened, empty.all.to_acknowledge, empty.by_type.len()), (0, Lasting::default(), 0));
    for (hall, seconds) in [("1", 60), ("2", 120), ("2b", 300)] {
        let id = open(&world, hall, if hall == "1" { "high" } else { "low" }).await;
        world.clock.advance(Duration::seconds(seconds));
        alerts.acknowledge(&pia, id, &AckAlert::default()).await.unwrap();
        world.clock.advance(Duration::seconds(40));
        if hall != "2b" {
            alerts.resolve(&admin(), id, None).await.unwrap();
        }
    }
    open(&world, "2b", "low").await;
    let stats = alerts.stats(&viewer(), StatsQuery::default()).await.unwrap();
    let acked = stats.all.to_acknowledge;
    assert_eq!(
        (acked.n, acked.mean_seconds, acked.p50_seconds, acked.p90_seconds),
        (3, Some(160), Some(120), Some(264))
    );
    let ended = stats.all.to_resolve;
    assert_eq!((ended.n, ended.mean_seconds, ended.p50_seconds), (2, Some(130), Some(130)));
    assert_eq!((stats.all.opened, stats.all.resolved), (3, 2));
    assert_eq!((stats.by_type.len(), stats.by_type[0].alert_type.as_str()), (1, "power_cut"));
    assert_eq!(stats.by_type[0].figures, stats.all);
    let of = |severity| stats.by_severity.iter().find(|of| of.severity == severity).unwrap().figures;
    assert_eq!(stats.by_severity[0].severity, Severity::High, "the gravest first");
    assert_eq!(
        (of(Severity::High).to_acknowledge.mean_seconds, of(Severity::High).to_resolve.mean_seconds),
        (Some(60), Some(100))
    );
    assert_eq!((of(Severity::Low).to_acknowledge.mean_seconds, of(Severity::Low).to_acknowledge.n), (Some(210), 2));
    let person = |name: &str| stats.by_person.iter().find(|of| of.person == name).unwrap();
    let (seen, over) = (person(pia.label()), person(admin().label()));
    assert_eq!((seen.to_acknowledge.n, seen.resolved, seen.to_resolve.mean_seconds), (3, 0, None));
    assert_eq!((over.to_acknowledge.mean_seconds, over.resolved, over.to_resolve.mean_seconds), (None, 2, Some(130)));
    assert_eq!((stats.noisiest[0].entity_id.as_str(), stats.noisiest[0].occurrences), ("2b", 2));

    // Another day is another report, and a deleted alert is in none.
    let day = |text: &str| Some(text.parse().unwrap());
    let before = StatsQuery { from: day("2026-03-01"), to: day("2026-03-09") };
    assert_eq!(alerts.stats(&viewer(), before).await.unwrap().all.opened, 0);
    let gone = list(&world, &admin(), "entity_id=1&is_resolved=true").await[0].id;
    alerts.delete(&admin(), gone).await.unwrap();
    assert_eq!(alerts.stats(&viewer(), StatsQuery::default()).await.unwrap().all.to_acknowledge.n, 2);
    let backwards = StatsQuery { from: day("2026-03-09"), to: day("2026-03-01") };
    assert_eq!(paths(alerts.stats(&viewer(), backwards).await.unwrap_err()), ["to"]);
}

/// What an act of a person on one alert does, an act on many does too: `muted_until_recovery` is the rule's own test.
#[sqlx::test(migrations = "../migrations")]
async fn who_was_told_that_it_fires_is_told_of_the_end_of_each_of_many(db: PgPool) {
    let world = World::new(db).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    for hall in ["1", "2", "3"] {
        open(&world, hall, "high").await;
    }
    world.services.alerts.bulk(&planner(), &many(BulkAction::Resolve)).await.unwrap();
    let told: Vec<(String, i64)> = sqlx::query_as(
        "select event, count(*) from ops.notifications where user_id is not null group by event order by event",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert_eq!(told, [("fired".to_owned(), 3), ("resolved".to_owned(), 3)]);
}
