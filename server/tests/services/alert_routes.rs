//! Who is told of what (`alerts.md` 2, 3.6, 3.7): routes, steps, and what people want to hear.

use crate::{
    alarm::{low_stock, mail_to, webhook},
    shop::{admin, planner},
    world::World,
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    alerts::{
        AckAlert, AlertFeature, AlertStep, BulkAction, BulkAlerts, Level, Matcher, MatcherField, NewChannel, NewRule,
        NewSilence, Op, Preference, ProbeRoutes, Recipients, Route, RouteStep, RuleSpec, SetPreferences, SetRoutes,
        Severity,
    },
    clock::Clock,
    ids::{AlertId, ChannelId, UserId},
};
use server::services::alerts::{Destinations, Mailer, sweep};
use sqlx::PgPool;
use uuid::Uuid;

struct House {
    world: World,
    ada: Uuid,
    bob: Uuid,
    vic: Uuid,
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
fn person(id: Uuid, email: &str, role: Role) -> Principal {
    let rights = Rights::of(Some(role), &[]);
    Principal::vouch(ActorKind::User, Some(id), email.to_owned(), rights, RequestTrace::default())
}

/// Told to who has the role.
fn to_role(role: Role) -> Recipients {
    Recipients { roles: vec![role], ..Recipients::default() }
}

fn to_user(id: Uuid) -> Recipients {
    Recipients { user_ids: vec![UserId(id)], ..Recipients::default() }
}

fn of(field: MatcherField, values: &[&str]) -> Vec<Matcher> {
    vec![Matcher { field, values: values.iter().map(|value| (*value).to_owned()).collect() }]
}

fn step(after_seconds: u32, recipients: Recipients) -> RouteStep {
    RouteStep { after_seconds, channel_ids: Vec::new(), recipients }
}

fn outcomes(steps: &[AlertStep]) -> Vec<Option<&str>> {
    steps.iter().map(|step| step.outcome.as_deref()).collect()
}

impl House {
    /// An administrator, a planner and a viewer.
    async fn on(db: PgPool) -> Self {
        let world = World::new(db).await;
        let ada = world.user("ada@mill.example", Some(Role::Admin), &[]).await;
        let bob = world.user("bob@mill.example", Some(Role::Planner), &[]).await;
        let vic = world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
        Self { world, ada, bob, vic }
    }

    async fn routes(&self, routes: Vec<Route>) {
        let version = self.world.services.routes.routes(&admin()).await.unwrap().version;
        self.world.services.routes.set_routes(&admin(), &SetRoutes { version, routes }).await.unwrap();
    }

    /// Everything goes to the viewer, to the planner after a minute, to the administrator after five.
    async fn climbing(&self) {
        let steps = vec![step(60, to_role(Role::Planner)), step(300, to_user(self.ada))];
        self.routes(vec![Route { recipients: to_user(self.vic), steps, ..Route::default() }]).await;
    }

    async fn raise_of(&self, feature: AlertFeature, alert_type: &str, id: &str, severity: Severity) -> AlertId {
        let mut signal = low_stock(id, severity).saying(format!("Something about {id}"), "It says why.");
        (signal.alert_type, signal.feature) = (alert_type.to_owned(), feature);
        self.world.raise(&signal).await
    }

    async fn raise(&self, id: &str, severity: Severity) -> AlertId {
        self.raise_of(AlertFeature::Inventory, "low_stock", id, severity).await
    }

    async fn sweep_after(&self, seconds: i64) {
        self.world.clock.advance(Duration::seconds(seconds));
        sweep(&self.world.backend, "test").await.unwrap();
    }

    /// "event name" of everybody who was told of an alert, in order.
    async fn told(&self, alert: AlertId) -> Vec<String> {
        let told = "select n.event || ' ' || coalesce(split_part(u.email, '@', 1), c.name) from ops.notifications n
                    left join access.users u on u.id = n.user_id left join ops.notification_channels c on c.id = n.channel_id
                    where n.alert_id = $1 and n.state <> 'suppressed' order by n.seq, u.email, c.name";
        sqlx::query_scalar(told).bind(alert.0).fetch_all(&self.world.owner).await.unwrap()
    }

    async fn steps(&self, alert: AlertId) -> Vec<AlertStep> {
        self.world.services.alerts.alert(&admin(), alert).await.unwrap().steps
    }

    async fn channel(&self, name: &str, severity_min: Severity) -> ChannelId {
        let new = NewChannel { severity_min, ..webhook(name, "https://198.51.99.1/hook", "s") };
        self.world.services.notifications.add_channel(&admin(), &new).await.unwrap().id
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn routes_say_who_is_told_in_order(db: PgPool) {
    let house = House::on(db).await;
    house
        .routes(vec![
            Route {
                matchers: of(MatcherField::SeverityMin, &["critical"]),
                recipients: to_role(Role::Planner),
                continues: true,
                ..Route::default()
            },
            Route {
                matchers: of(MatcherField::Feature, &["inventory", "system"]),
                recipients: to_user(house.vic),
                ..Route::default()
            },
            Route { recipients: to_user(house.ada), ..Route::default() },
        ])
        .await;
    let grave = house.raise("mug", Severity::Critical).await;
    assert_eq!(house.told(grave).await, ["fired bob", "fired vic"], "the second ends it");
    let plain = house.raise("jug", Severity::Low).await;
    assert_eq!(house.told(plain).await, ["fired vic"]);
    let other = house.raise_of(AlertFeature::Jobs, "job_failed", "x", Severity::Low).await;
    assert_eq!(house.told(other).await, ["fired ada"]);
    let unseen = house.raise_of(AlertFeature::System, "disk_low", "x", Severity::Low).await;
    assert!(house.told(unseen).await.is_empty(), "a viewer may not view the system");

    house.routes(vec![Route { recipients: to_user(house.bob), ..Route::default() }]).await;
    house.world.clear_low_stock("mug").await;
    let all = house.told(grave).await;
    assert_eq!(all, ["fired bob", "fired vic", "resolved bob", "resolved vic"], "who was told that it fires");
    house.raise("jug", Severity::High).await;
    assert_eq!(house.told(plain).await, ["fired vic", "severity_raised bob"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_route_the_owner_of_the_rule_and_administrators_are_told(db: PgPool) {
    let house = House::on(db).await;
    let carl = house.world.user("carl@mill.example", Some(Role::Admin), &[]).await;
    let level = Level {
        severity: Severity::High,
        threshold: 85.into(),
        threshold_2: None,
        clear_threshold: None,
        clear_threshold_2: None,
    };
    let rule = NewRule {
        name: "Too much stock".into(),
        alert_type: "overstock".into(),
        metric_key: "stock.available".into(),
        title: "{entity} holds {value}".into(),
        runbook: None,
        spec: RuleSpec::new(Op::Gt, vec![level]),
    };
    let carl = person(carl, "carl@mill.example", Role::Admin);
    house.world.services.alert_rules.create(&carl, &rule).await.unwrap();
    house.world.execute("update access.users set role = 'viewer' where email like 'carl@%'").await;
    house
        .world
        .execute(
            "with made as (insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
                 values (gen_random_uuid(), 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01') returning id)
             insert into stock.levels (product_id, site_id, on_hand)
             select made.id, s.id, 90 from made, stock.sites s where s.is_default",
        )
        .await;
    house.world.services.evaluation.round(&admin()).await.unwrap();
    let alert: Uuid = sqlx::query_scalar("select id from ops.alerts where alert_type = 'overstock'")
        .fetch_one(&house.world.owner)
        .await
        .unwrap();
    assert_eq!(house.told(AlertId(alert)).await, ["fired ada", "fired carl"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_an_alert_is_assigned_to_is_told_by_its_route(db: PgPool) {
    let house = House::on(db).await;
    let recipients = Recipients { assignee: true, ..to_user(house.ada) };
    house.routes(vec![Route { recipients, ..Route::default() }]).await;
    let alert = house.raise("mug", Severity::Low).await;
    sqlx::query("update ops.alerts set assignee_id = $1").bind(house.vic).execute(&house.world.owner).await.unwrap();
    house.raise("mug", Severity::High).await;
    assert_eq!(house.told(alert).await, ["fired ada", "severity_raised ada", "severity_raised vic"]);
}

/// Example 17, the first half.
#[sqlx::test(migrations = "../migrations")]
async fn steps_end_when_somebody_acknowledges(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let alert = house.raise("mug", Severity::High).await;
    house.sweep_after(59).await;
    assert_eq!(house.told(alert).await, ["fired vic"]);
    house.sweep_after(1).await;
    house.world.clock.advance(Duration::seconds(10));
    house.world.services.alerts.acknowledge(&planner(), alert, &AckAlert::default()).await.unwrap();
    house.sweep_after(400).await;
    assert_eq!(house.told(alert).await, ["fired vic", "escalated bob"]);
    let detail = house.world.services.alerts.alert(&admin(), alert).await.unwrap();
    assert_eq!(outcomes(&detail.steps), [Some("fired"), Some("cancelled")]);
    assert_eq!(detail.steps[0].fired_at.unwrap() - detail.row.created_at, Duration::seconds(60));
    assert_eq!(detail.steps[0].told, ["role planner"]);
    assert_eq!(detail.events.iter().filter(|event| event.kind == "escalated").count(), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn steps_of_many_end_when_somebody_acknowledges_all_of_them(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let alerts = [house.raise("mug", Severity::High).await, house.raise("jug", Severity::High).await];
    let all = BulkAlerts {
        action: BulkAction::Acknowledge,
        ids: alerts.to_vec(),
        filter: None,
        note: None,
        until: None,
        hours: None,
        assignee_id: None,
        dry_run: false,
    };
    assert_eq!(house.world.services.alerts.bulk(&planner(), &all).await.unwrap().changed, 2);
    for alert in alerts {
        assert_eq!(outcomes(&house.steps(alert).await), [Some("cancelled"), Some("cancelled")]);
    }
}

/// Example 17, the second half.
#[sqlx::test(migrations = "../migrations")]
async fn steps_that_fell_due_while_the_worker_was_stopped_fire_once(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let alert = house.raise("mug", Severity::High).await;
    house.sweep_after(50).await;
    assert_eq!(outcomes(&house.steps(alert).await), [None, None]);
    house.world.clock.advance(Duration::seconds(350));
    let neighbour = house.world.neighbour();
    let (one, two) = tokio::join!(sweep(&house.world.backend, "one"), sweep(&neighbour.backend, "two"));
    assert!(one.is_ok() && two.is_ok());
    house.sweep_after(60).await;
    assert_eq!(house.told(alert).await, ["fired vic", "escalated bob", "escalated ada"]);
    assert_eq!(outcomes(&house.steps(alert).await), [Some("fired"), Some("fired")]);
}

#[sqlx::test(migrations = "../migrations")]
async fn steps_end_with_the_alert_and_with_a_silence(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let over = house.raise("mug", Severity::High).await;
    house.world.clear_low_stock("mug").await;
    let silenced = house.raise("jug", Severity::High).await;
    let silence = NewSilence {
        matchers: of(MatcherField::EntityId, &["jug", "cup"]),
        starts_at: None,
        ends_at: (house.world.clock.now() + Duration::hours(1)).fixed_offset(),
        reason: "They are on their way.".into(),
    };
    house.world.services.notifications.silence(&planner(), &silence).await.unwrap();
    let born_silent = house.raise("cup", Severity::High).await;
    house.sweep_after(400).await;
    assert_eq!(house.told(over).await, ["fired vic", "resolved vic"]);
    assert_eq!(house.told(silenced).await, ["fired vic"]);
    assert!(house.told(born_silent).await.is_empty());
    assert_eq!(outcomes(&house.steps(over).await), [Some("cancelled"); 2]);
    assert_eq!(outcomes(&house.steps(silenced).await), [Some("silenced"); 2]);
    assert_eq!(outcomes(&house.steps(born_silent).await), [Some("silenced"); 2]);
}

/// Whoever changes the row without a word to its steps calls them off nevertheless.
#[sqlx::test(migrations = "../migrations")]
async fn a_step_looks_at_the_alert_before_it_tells(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let alert = house.raise("mug", Severity::High).await;
    house.world.execute("update ops.alerts set acked_at = opened_at, acked_by = 'somebody'").await;
    house.sweep_after(60).await;
    assert_eq!(house.told(alert).await, ["fired vic"]);
    assert_eq!(outcomes(&house.steps(alert).await), [Some("cancelled"), None]);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_grows_after_it_was_seen_climbs_again(db: PgPool) {
    let house = House::on(db).await;
    house.climbing().await;
    let alert = house.raise("mug", Severity::Medium).await;
    house.raise("mug", Severity::High).await;
    assert_eq!(house.steps(alert).await.len(), 2, "those that are still to come stay");
    house.world.services.alerts.acknowledge(&planner(), alert, &AckAlert::default()).await.unwrap();
    house.world.clock.advance(Duration::seconds(30));
    house.raise("mug", Severity::Critical).await;
    house.sweep_after(60).await;
    assert_eq!(outcomes(&house.steps(alert).await), [Some("cancelled"), Some("cancelled"), Some("fired"), None]);
}

#[sqlx::test(migrations = "../migrations")]
async fn it_is_told_again_until_somebody_has_seen_it(db: PgPool) {
    let house = House::on(db).await;
    let route = Route { recipients: to_user(house.vic), repeat_seconds: Some(600), ..Route::default() };
    house.routes(vec![route]).await;
    let (seen, ended) = (house.raise("mug", Severity::High).await, house.raise("jug", Severity::High).await);
    house.sweep_after(599).await;
    assert_eq!(house.told(seen).await, ["fired vic"]);
    house.sweep_after(1).await;
    house.sweep_after(1).await;
    assert_eq!(house.told(seen).await, ["fired vic", "repeat vic"]);
    house.world.services.alerts.acknowledge(&planner(), seen, &AckAlert::default()).await.unwrap();
    house.sweep_after(600).await;
    house.world.clear_low_stock("jug").await;
    house.sweep_after(1_200).await;
    assert_eq!(house.told(seen).await, ["fired vic", "repeat vic"]);
    assert_eq!(house.told(ended).await, ["fired vic", "repeat vic", "repeat vic", "resolved vic"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_list_of_routes_is_changed_whole_by_one_at_a_time(db: PgPool) {
    let house = House::on(db).await;
    let routes = &house.world.services.routes;
    let new = |recipients: Recipients| Route { recipients, ..Route::default() };
    let first = SetRoutes { version: 1, routes: vec![new(to_user(house.ada)), new(to_role(Role::Viewer))] };
    assert_eq!(routes.set_routes(&planner(), &first).await.unwrap_err().code, ErrorCode::Forbidden);
    let list = routes.set_routes(&admin(), &first).await.unwrap();
    assert_eq!((list.version, list.changed_by.as_deref()), (2, Some("test@example.com")));
    let late = routes.set_routes(&admin(), &first).await.unwrap_err();
    assert!(late.code == ErrorCode::Conflict && late.message.contains("test@example.com"), "{late}");

    let mut turned = list.routes.clone();
    turned.reverse();
    let turned = SetRoutes { version: 2, routes: turned };
    let again = routes.set_routes(&admin(), &turned).await.unwrap();
    assert_eq!(again.routes, turned.routes, "they keep their ids in another order");
    let stranger = Route {
        matchers: of(MatcherField::SeverityMin, &["urgent"]),
        channel_ids: vec![ChannelId(Uuid::from_u128(1))],
        recipients: to_user(Uuid::from_u128(2)),
        group_wait_seconds: 9_999,
        steps: vec![step(0, Recipients::default())],
        ..Route::default()
    };
    let bad = SetRoutes { version: 3, routes: vec![again.routes[0].clone(), stranger] };
    let refused = routes.set_routes(&admin(), &bad).await.unwrap_err();
    let mut paths: Vec<&str> = refused.fields.iter().map(|fault| fault.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "routes[1].channel_ids[0]",
            "routes[1].group_wait_seconds",
            "routes[1].matchers[0].values",
            "routes[1].recipients.user_ids[0]",
            "routes[1].steps[0].after_seconds",
            "routes[1].steps[0].channel_ids",
        ]
    );
    assert_eq!(routes.routes(&admin()).await.unwrap().version, 3, "a refused list changes nothing");
    assert_eq!(house.world.number("select count(*) from ops.audit_log where action = 'alerts.routes_change'").await, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_channel_comes_with_a_route_and_goes_with_it(db: PgPool) {
    let house = House::on(db).await;
    let routes = &house.world.services.routes;
    let channel = house.channel("Chat", Severity::High).await;
    let list = routes.routes(&admin()).await.unwrap();
    assert_eq!((list.routes.len(), list.routes[0].matchers[0].values[0].as_str()), (1, "high"));
    let (grave, plain) = (house.raise("mug", Severity::High).await, house.raise("jug", Severity::Medium).await);
    assert_eq!(house.told(grave).await, ["fired ada", "fired Chat"]);
    assert_eq!(house.told(plain).await, ["fired ada"], "administrators are told as before");
    let only = Route {
        channel_ids: vec![channel],
        recipients: Recipients::default(),
        steps: vec![RouteStep { after_seconds: 60, channel_ids: vec![channel], recipients: Recipients::default() }],
        ..Route::default()
    };
    house.routes(vec![only.clone(), Route { recipients: to_user(house.ada), ..only }]).await;
    house.world.services.notifications.delete_channel(&admin(), channel).await.unwrap();
    let left = routes.routes(&admin()).await.unwrap().routes;
    assert_eq!((left.len(), left[0].channel_ids.len(), left[0].steps.len()), (1, 0, 0));
}

#[sqlx::test(migrations = false)]
async fn what_a_channel_was_set_to_becomes_a_route(db: PgPool) {
    let mut connection = db.acquire().await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir("../migrations").unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".sql") {
            continue;
        }
        if name.starts_with("0049") {
            let channels = "insert into ops.notification_channels (id, name, kind, severity_min, config_enc, target, created_by, created_at, deleted_at)
                 values (gen_random_uuid(), 'Later', 'webhook', 4, '', 'x', 'test', '2026-02-01', null),
                        (gen_random_uuid(), 'First', 'email', 2, '', 'x', 'test', '2026-01-01', null),
                        (gen_random_uuid(), 'Gone', 'email', 2, '', 'x', 'test', '2026-01-01', '2026-01-02')";
            sqlx::raw_sql(channels).execute(&mut *connection).await.unwrap();
        }
        let sql = std::fs::read_to_string(&file).unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await.unwrap();
    }
    let routes: Vec<(i32, String, String, bool)> = sqlx::query_as(
        "select r.position, c.name, r.matchers->0->'values'->>0, r.continues and r.recipients = '{\"roles\": [\"admin\"]}'
         from ops.notification_routes r join ops.notification_channels c on array[c.id] = r.channel_ids order by r.position",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert_eq!(routes, [(1, "First".into(), "medium".into(), true), (2, "Later".into(), "critical".into(), true)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_probe_says_who_would_be_told_and_tells_nobody(db: PgPool) {
    let house = House::on(db).await;
    let routes = &house.world.services.routes;
    let sample = |feature, severity| ProbeRoutes {
        alert_type: "low_stock".into(),
        feature,
        severity,
        entity_type: None,
        entity_id: None,
    };
    let nothing = routes.probe(&admin(), &sample(AlertFeature::Inventory, Severity::High)).await.unwrap();
    assert!(nothing.routes.is_empty() && nothing.told[0].name == "ada@mill.example" && nothing.told[0].route.is_none());
    let channel = house.channel("Chat", Severity::Low).await;
    house
        .routes(vec![
            Route {
                matchers: of(MatcherField::Feature, &["jobs"]),
                recipients: to_user(house.ada),
                ..Route::default()
            },
            Route {
                channel_ids: vec![channel],
                recipients: to_user(house.vic),
                steps: vec![step(60, to_role(Role::Planner))],
                ..Route::default()
            },
        ])
        .await;
    house.world.services.notifications.enable_channel(&admin(), channel, false).await.unwrap();
    let found = routes.probe(&admin(), &sample(AlertFeature::System, Severity::High)).await.unwrap();
    assert_eq!(found.routes, [2]);
    let told: Vec<(&str, u32, bool)> =
        found.told.iter().map(|one| (one.name.as_str(), one.after_seconds, one.kept_back.is_some())).collect();
    assert_eq!(told, [("vic@mill.example", 0, true), ("Chat", 30, true), ("bob@mill.example", 60, true)]);
    let found = routes.probe(&admin(), &sample(AlertFeature::Inventory, Severity::Critical)).await.unwrap();
    let told: Vec<(&str, u32, bool)> =
        found.told.iter().map(|one| (one.name.as_str(), one.after_seconds, one.kept_back.is_some())).collect();
    assert_eq!(told, [("Chat", 0, true), ("vic@mill.example", 0, false), ("bob@mill.example", 60, false)]);
    let silence = NewSilence {
        matchers: of(MatcherField::AlertType, &["low_stock"]),
        starts_at: None,
        ends_at: (house.world.clock.now() + Duration::hours(1)).fixed_offset(),
        reason: "They are on their way.".into(),
    };
    house.world.services.notifications.silence(&planner(), &silence).await.unwrap();
    let found = routes.probe(&admin(), &sample(AlertFeature::Jobs, Severity::Low)).await.unwrap();
    assert!(found.routes == [1] && found.silenced_until.is_some());
    let bad = ProbeRoutes { alert_type: "X".into(), ..sample(AlertFeature::Jobs, Severity::Low) };
    assert_eq!(routes.probe(&admin(), &bad).await.unwrap_err().fields[0].path, "alert_type");
    assert_eq!(routes.probe(&planner(), &bad).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(house.world.number("select count(*) from ops.notifications").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_inbox_obeys_what_a_person_wants(db: PgPool) {
    let house = House::on(db).await;
    let routes = &house.world.services.routes;
    let vic = person(house.vic, "vic@mill.example", Role::Viewer);
    let before = routes.preferences(&vic).await.unwrap();
    assert!(before.iter().all(|one| *one == Preference::usual(one.feature)) && before.len() > 3);
    assert!(!before.iter().any(|one| one.feature == AlertFeature::System), "a viewer may not view the system");
    let grave = Preference { min_severity: Severity::High, ..Preference::usual(AlertFeature::Inventory) };
    let none = Preference { in_app: false, ..Preference::usual(AlertFeature::Jobs) };
    let wanted = SetPreferences { preferences: vec![grave, none] };
    let kept = routes.set_preferences(&vic, &wanted).await.unwrap();
    assert!(kept.contains(&grave) && kept.contains(&none));
    routes.set_preferences(&vic, &wanted).await.unwrap();
    assert_eq!(
        house.world.number("select count(*) from ops.audit_log where action = 'alerts.preferences_change'").await,
        1,
        "nothing new is no act"
    );
    let foreign = SetPreferences { preferences: vec![Preference::usual(AlertFeature::System)] };
    assert_eq!(routes.set_preferences(&vic, &foreign).await.unwrap_err().fields[0].path, "preferences[0].feature");

    house.routes(vec![Route { recipients: to_user(house.vic), ..Route::default() }]).await;
    for (feature, alert_type, severity, comes) in [
        (AlertFeature::Inventory, "low_stock", Severity::Medium, false),
        (AlertFeature::Inventory, "low_stock", Severity::High, true),
        (AlertFeature::Jobs, "job_failed", Severity::Critical, false),
        (AlertFeature::Jobs, "audit_broken", Severity::Critical, true),
        (AlertFeature::Fraud, "fraud_backlog", Severity::Low, true),
    ] {
        let alert = house.raise_of(feature, alert_type, &format!("{alert_type}-{severity:?}"), severity).await;
        assert_eq!(house.told(alert).await == ["fired vic"], comes, "{alert_type} {severity:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_wants_no_e_mail_of_a_feature_gets_none(db: PgPool) {
    let mut house = House::on(db).await;
    let mailer = Mailer::new("smtp://127.0.0.1:1", "millrace@mill.example").unwrap();
    house.world.services = house.world.services.clone().delivering(Destinations::new(Vec::new(), None), Some(mailer));
    house.world.services.notifications.add_channel(&admin(), &mail_to(&["Vic@mill.example"])).await.unwrap();
    let vic = person(house.vic, "vic@mill.example", Role::Viewer);
    let none = Preference { email: false, ..Preference::usual(AlertFeature::Inventory) };
    house.world.services.routes.set_preferences(&vic, &SetPreferences { preferences: vec![none] }).await.unwrap();
    house.raise("mug", Severity::Critical).await;
    house.raise_of(AlertFeature::Jobs, "job_failed", "x", Severity::Critical).await;
    house.world.services.outbox.deliver().await.unwrap();
    let states: Vec<(String, String)> = sqlx::query_as(
        "select alert_type, state from ops.notifications where channel_id is not null and alert_type <> 'notification_failed' order by alert_type",
    )
    .fetch_all(&house.world.owner)
    .await
    .unwrap();
    let state = |alert_type: &str, state: &str| (alert_type.to_owned(), state.to_owned());
    assert_eq!(states, [state("job_failed", "failed"), state("low_stock", "suppressed")]);
    assert_eq!(house.world.number("select count(*) from ops.alerts where alert_type = 'notification_failed'").await, 0);
}
