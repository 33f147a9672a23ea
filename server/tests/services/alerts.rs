//! Alerts (`alerts.md` 8): one row a problem, opened, counted, handled and ended once.

use crate::{
    shop::{admin, dec, planner, viewer},
    world::{World, at},
};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    alerts::{
        AckAlert, AlertDetail, AlertQuery, AlertRow, AlertSort, CommentAlert, Level, Matcher, MatcherField, NewAlert,
        NewRule, NewSilence, Op, Resolution, RuleSpec, RuleState, Severity, ShownState, kind_of,
    },
    clock::Clock,
    ids::{AlertId, CustomerId, ProductId},
    query::pairs,
    transactions::{Entry, PaymentMethod, RecordSale},
};
use server::services::alerts::{Ended, Signal, clear, raise};
use sqlx::PgPool;
use uuid::Uuid;

fn power_cut(severity: &str) -> NewAlert {
    NewAlert {
        alert_type: "power_cut".into(),
        severity: severity.into(),
        title: "No power in hall 2".into(),
        message: "The grid is down since this morning.".into(),
        entity_type: Some("hall".into()),
        entity_id: Some("2".into()),
        money_at_risk: Some(dec("1200.50")),
        assignee_id: None,
    }
}

async fn list(world: &World, who: &Principal, query: &str) -> Vec<AlertRow> {
    let query = AlertQuery::parse(pairs(query)).unwrap();
    world.services.alerts.list(who, &query).await.unwrap().items
}

async fn product(world: &World, sku: &str, on_hand: i64) -> Uuid {
    let id = Uuid::now_v7();
    sqlx::query(
        "with made as (insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
                       values ($1, $2, initcap($2), 10, 'USD', '2026-01-01', '2026-01-01'))
         insert into stock.levels (product_id, site_id, on_hand) select $1, id, $3 from stock.sites where is_default",
    )
    .bind(id)
    .bind(sku)
    .bind(on_hand)
    .execute(&world.owner)
    .await
    .unwrap();
    id
}

async fn on_hand(world: &World, product: Uuid, left: i64) {
    let set = sqlx::query("update stock.levels set on_hand = $2 where product_id = $1").bind(product).bind(left);
    set.execute(&world.owner).await.unwrap();
}

fn level(severity: Severity, threshold: i64, clear: Option<i64>) -> Level {
    Level {
        severity,
        threshold: threshold.into(),
        threshold_2: None,
        clear_threshold: clear.map(Into::into),
        clear_threshold_2: None,
    }
}

/// Stock of products above 85 is a problem, so that a test can move the value about.
fn rule(levels: Vec<Level>) -> NewRule {
    NewRule {
        name: "Too much stock".into(),
        alert_type: "overstock".into(),
        metric_key: "stock.available".into(),
        title: "{entity} holds {value}".into(),
        runbook: None,
        spec: RuleSpec::new(Op::Gt, levels),
    }
}

struct Watching {
    world: World,
    product: Uuid,
}

impl Watching {
    async fn on(db: PgPool, rule: NewRule) -> Self {
        let world = World::new(db).await;
        world.user("ada@mill.example", Some(Role::Admin), &[]).await;
        let product = product(&world, "MUG", 50).await;
        world.services.alert_rules.create(&admin(), &rule).await.unwrap();
        Self { world, product }
    }

    /// One look a minute, with this stock.
    async fn look(&self, stock: i64) {
        on_hand(&self.world, self.product, stock).await;
        self.round().await;
    }

    async fn round(&self) {
        self.world.services.evaluation.round(&admin()).await.unwrap();
        self.world.clock.advance(Duration::seconds(60));
    }

    async fn alerts(&self, alert_type: &str) -> Vec<AlertRow> {
        list(&self.world, &admin(), &format!("alert_type={alert_type}&sort=oldest")).await
    }

    /// What the administrator was told of overstock, in order.
    async fn told(&self) -> Vec<String> {
        let told = "select event from ops.notifications where alert_type = 'overstock' and user_id is not null order by created_at, id";
        sqlx::query_scalar(told).fetch_all(&self.world.owner).await.unwrap()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn one_problem_is_one_alert_however_often_it_is_told(db: PgPool) {
    let world = World::new(db).await;
    let alerts = &world.services.alerts;
    let first = alerts.create(&planner(), &power_cut("warning")).await.unwrap();
    assert!(first.opened && first.alert.severity == Severity::Medium && first.alert.state == ShownState::Firing);
    world.clock.advance(Duration::minutes(5));
    let again = alerts.create(&planner(), &power_cut("info")).await.unwrap();
    assert!(!again.opened && again.alert.id == first.alert.id);
    assert_eq!((again.alert.occurrences, again.alert.severity), (2, Severity::Medium), "it does not become less grave");
    assert!(again.alert.last_seen_at > again.alert.created_at);
    let elsewhere = NewAlert { entity_id: Some("3".into()), ..power_cut("high") };
    assert!(alerts.create(&planner(), &elsewhere).await.unwrap().opened);
    let nameless = NewAlert { entity_type: None, entity_id: None, ..power_cut("high") };
    assert!(alerts.create(&planner(), &nameless).await.unwrap().opened);
    assert!(!alerts.create(&planner(), &nameless).await.unwrap().opened, "the title tells it");
    let counts = alerts.counts(&viewer()).await.unwrap();
    assert_eq!((counts.total, counts.high, counts.medium, counts.silenced), (3, 2, 1, 0));

    let bad = NewAlert { title: "four".into(), message: "nine char".into(), ..power_cut("high") };
    let refused = alerts.create(&planner(), &bad).await.unwrap_err();
    assert_eq!(refused.fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["title", "message"]);
    for refused in [
        alerts.create(&viewer(), &power_cut("low")).await.map(|_| ()),
        alerts.resolve(&viewer(), first.alert.id, None).await.map(|_| ()),
    ] {
        assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden);
    }
    assert_eq!(list(&world, &viewer(), "severity=high,critical&sort=severity").await.len(), 2);
    assert_eq!(list(&world, &viewer(), "q=hall+2&entity_id=2").await.len(), 1);
    let paged = AlertQuery { sort: AlertSort::Dearest, limit: 2, ..AlertQuery::default() };
    let page = alerts.list(&viewer(), &paged).await.unwrap();
    let rest = AlertQuery { cursor: page.next_cursor.clone(), ..paged };
    let rest = alerts.list(&viewer(), &rest).await.unwrap();
    assert_eq!((page.items.len(), page.total, rest.items.len(), rest.next_cursor), (2, 3, 1, None));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_seen_and_ended_stays_so(db: PgPool) {
    let world = World::new(db).await;
    let alerts = &world.services.alerts;
    let id = alerts.create(&planner(), &power_cut("high")).await.unwrap().alert.id;
    let ack = AckAlert { note: Some("on my way".into()), until: None };
    let seen = alerts.acknowledge(&planner(), id, &ack).await.unwrap();
    assert_eq!(seen.row.state, ShownState::Acknowledged);
    let other = AckAlert { note: Some("me too".into()), until: None };
    let twice = alerts.acknowledge(&admin(), id, &other).await.unwrap();
    assert_eq!(twice.row.acknowledged.unwrap().note.unwrap(), "on my way", "the first stands");
    alerts.create(&planner(), &power_cut("high")).await.unwrap();
    assert_eq!(alerts.alert(&viewer(), id).await.unwrap().row.state, ShownState::Acknowledged);
    alerts.create(&planner(), &power_cut("critical")).await.unwrap();
    let graver = alerts.alert(&viewer(), id).await.unwrap();
    assert_eq!((graver.row.state, graver.row.severity), (ShownState::Firing, Severity::Critical), "look again");
    alerts.comment(&planner(), id, &CommentAlert { text: "The fuse is found.".into() }).await.unwrap();

    let first = alerts.resolve(&planner(), id, Some("power is back")).await.unwrap().row;
    world.clock.advance(Duration::minutes(1));
    let second = alerts.resolve(&admin(), id, Some("again")).await.unwrap().row;
    assert_eq!((second.resolved_at, &second.resolved_by), (first.resolved_at, &first.resolved_by));
    assert_eq!((second.resolution, second.is_resolved), (Some(Resolution::Manual), true));
    let kinds = |detail: &AlertDetail| detail.events.iter().map(|e| e.kind.clone()).collect::<Vec<_>>();
    let whole = alerts.alert(&viewer(), id).await.unwrap();
    assert_eq!(kinds(&whole), ["opened", "acked", "severity", "unacked", "comment", "resolved"]);
    let written = "select string_agg(kind, ' ' order by seq) = 'opened acked seen severity unacked comment resolved' from ops.alert_events";
    assert!(sqlx::query_scalar::<_, bool>(written).fetch_one(&world.owner).await.unwrap());
    let next = alerts.create(&planner(), &power_cut("high")).await.unwrap();
    assert!(next.opened, "what comes after the end is a new alert");
    assert_eq!(alerts.alert(&viewer(), next.alert.id).await.unwrap().before[0].id, id);

    assert_eq!(alerts.delete(&planner(), id).await.unwrap_err().code, ErrorCode::Forbidden);
    alerts.delete(&admin(), id).await.unwrap();
    assert_eq!(alerts.alert(&planner(), id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(alerts.delete(&admin(), id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(list(&world, &planner(), "include_deleted=true").await.len(), 1);
    assert_eq!(list(&world, &admin(), "include_deleted=true").await.len(), 2);
    let kept =
        "select count(*) from ops.audit_log where action = 'alerts.delete' and before->>'title' = 'No power in hall 2'";
    assert_eq!(world.number(kept).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn alerts_are_for_who_may_view_their_feature(db: PgPool) {
    let world = World::new(db).await;
    let kind = kind_of("fraud_detected").unwrap();
    let signal =
        Signal::of(kind, Severity::High, "c-1", "one customer").saying("Suspicious sales", "Three in an hour.");
    let mut tx = world.owner.begin().await.unwrap();
    let (id, opened) = raise(&mut tx, world.clock.as_ref(), "test", &signal).await.unwrap();
    tx.commit().await.unwrap();
    assert!(opened);
    #[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
    let buyer = Principal::vouch(
        ActorKind::User,
        Some(Uuid::from_u128(5)),
        "b@mill.example".into(),
        Rights::of(Some(Role::Viewer), &[])
            .restricted_to(&[domain::access::Permission::AlertsView, domain::access::Permission::InventoryView]),
        RequestTrace::default(),
    );
    assert_eq!(list(&world, &buyer, "").await.len(), 0);
    assert_eq!(world.services.alerts.alert(&buyer, AlertId(id)).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(world.services.alerts.counts(&buyer).await.unwrap().total, 0);
    assert_eq!(list(&world, &viewer(), "feature=fraud").await.len(), 1);
}

/// Example 11, the first half.
#[sqlx::test(migrations = "../migrations")]
async fn ninety_six_signals_are_one_alert(db: PgPool) {
    let world = World::new(db).await;
    let kind = kind_of("low_stock").unwrap();
    for n in 0..96 {
        world.clock.advance(Duration::seconds(10));
        let signal = Signal::of(kind, Severity::High, "p-1", "Mug").saying("Critical stock: Mug", format!("{n} left"));
        let mut tx = world.owner.begin().await.unwrap();
        raise(&mut tx, world.clock.as_ref(), "test", &signal).await.unwrap();
        tx.commit().await.unwrap();
    }
    let found = list(&world, &admin(), "").await;
    assert_eq!((found.len(), found[0].occurrences, found[0].message.as_str()), (1, 96, "95 left"));
    let seen = "select count(*) from ops.alert_events where kind = 'seen'";
    assert_eq!(world.number(seen).await, 16, "gathered to one a minute");
    let events = world.services.alerts.alert(&admin(), found[0].id).await.unwrap().events;
    assert!(events.len() == 1 && events[0].kind == "opened", "what lasts does not fill the history: {events:?}");
    let mut tx = world.owner.begin().await.unwrap();
    let ended = Ended { by: "test", how: Resolution::Auto, note: None };
    assert!(clear(&mut tx, world.clock.as_ref(), &Signal::key_of(kind, "p-1"), ended).await.unwrap().is_some());
    assert!(clear(&mut tx, world.clock.as_ref(), &Signal::key_of(kind, "p-1"), ended).await.unwrap().is_none());
    tx.commit().await.unwrap();
}

/// Examples 1 and 6 through rule, database and messages.
#[sqlx::test(migrations = "../migrations")]
async fn a_rule_fires_once_grows_and_recovers_once(db: PgPool) {
    let levels = vec![
        level(Severity::Medium, 80, Some(75)),
        level(Severity::High, 90, Some(85)),
        level(Severity::Critical, 95, Some(90)),
    ];
    let watching = Watching::on(db, rule(levels)).await;
    for stock in [79, 82, 91, 96, 88, 88, 84, 84] {
        watching.look(stock).await;
    }
    let now = watching.alerts("overstock").await;
    assert_eq!((now.len(), now[0].severity, now[0].state), (1, Severity::Medium, ShownState::Firing));
    assert_eq!(now[0].title, "MUG Mug holds 84");
    let whole = watching.world.services.alerts.alert(&admin(), now[0].id).await.unwrap();
    let measured: Vec<String> = whole.values.iter().map(|of| of.value.normalize().to_string()).collect();
    assert_eq!(measured[..4], ["82", "91", "96", "88"], "what was measured is kept: {measured:?}");
    let limits: Vec<(&str, String)> =
        whole.limits.iter().map(|of| (of.label.as_str(), of.value.normalize().to_string())).collect();
    let named = |label, value: &str| (label, value.to_owned());
    assert_eq!(limits, [named("Medium", "80"), named("High", "90"), named("Critical", "95"), named("Over at", "75")]);
    for stock in [70, 70] {
        watching.look(stock).await;
    }
    let over = watching.alerts("overstock").await;
    assert_eq!((over.len(), over[0].resolution), (1, Some(Resolution::Auto)));
    assert_eq!(watching.told().await, ["fired", "severity_raised", "severity_raised", "resolved"]);
}

/// Example 9.
#[sqlx::test(migrations = "../migrations")]
async fn what_was_seen_and_comes_back_is_seen_until_it_is_graver(db: PgPool) {
    let levels = vec![level(Severity::High, 85, Some(80)), level(Severity::Critical, 95, None)];
    let watching = Watching::on(db, rule(levels)).await;
    watching.look(90).await;
    let id = watching.alerts("overstock").await[0].id;
    watching.world.services.alerts.acknowledge(&admin(), id, &AckAlert::default()).await.unwrap();
    let state = async || watching.alerts("overstock").await[0].state;
    watching.look(79).await;
    assert_eq!(state().await, ShownState::Recovering);
    watching.look(90).await;
    assert_eq!((state().await, watching.told().await), (ShownState::Acknowledged, vec!["fired".to_owned()]));
    watching.look(96).await;
    assert_eq!(state().await, ShownState::Firing, "look again");
    assert_eq!(watching.told().await, ["fired", "severity_raised"]);
    assert_eq!(watching.alerts("overstock").await.len(), 1);
}

/// Examples 7 and 8: a fault and silence keep the state, and are problems of their own.
#[sqlx::test(migrations = "../migrations")]
async fn a_failing_query_resolves_nothing(db: PgPool) {
    let watching = Watching::on(db, rule(vec![level(Severity::High, 85, None)])).await;
    watching.look(90).await;
    watching.world.execute("alter table stock.levels rename to hidden").await;
    for _ in 0..5 {
        // What moves stock alerts cannot be read either; the rules are looked at before that.
        let _ = watching.world.services.evaluation.round(&admin()).await;
        watching.world.clock.advance(Duration::seconds(60));
    }
    let (firing, faults) = (watching.alerts("overstock").await, watching.alerts("rule_error").await);
    assert_eq!((firing.len(), firing[0].state), (1, ShownState::Firing));
    assert_eq!((faults.len(), faults[0].occurrences, faults[0].is_resolved), (1, 3, false));
    watching.world.execute("alter table stock.hidden rename to levels").await;
    watching.look(90).await;
    assert!(watching.alerts("rule_error").await[0].is_resolved);
    watching.world.execute("update sales.products set is_active = false").await;
    for _ in 0..10 {
        watching.round().await;
    }
    let (firing, silent) = (watching.alerts("overstock").await, watching.alerts("no_data").await);
    assert_eq!((firing[0].state, silent.len(), silent[0].is_resolved), (ShownState::Firing, 1, false));
    watching.world.execute("update sales.products set is_active = true").await;
    watching.look(80).await;
    watching.look(80).await;
    assert!(watching.alerts("no_data").await[0].is_resolved && watching.alerts("overstock").await[0].is_resolved);
}

/// A rule over thousands of products touches only those that stir.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_at_rest_is_left_alone_until_it_stirs_or_is_gone(db: PgPool) {
    let watching = Watching::on(db, rule(vec![level(Severity::High, 85, Some(80))])).await;
    let jug = product(&watching.world, "JUG", 20).await;
    let known = async |sku: &str| -> (i64, String, String, String) {
        let known =
            "select extract(minute from i.last_eval_at)::bigint, trim_scale(i.last_value)::text, i.state, i.health
                     from ops.alert_instances i join ops.alert_rules r on r.id = i.rule_id
                     where r.name = 'Too much stock' and i.entity_label like $1 || ' %'";
        sqlx::query_as(known).bind(sku).fetch_one(&watching.world.owner).await.unwrap()
    };
    let is = |minute: i64, value: &str, state: &str, health: &str| {
        (minute, value.to_owned(), state.to_owned(), health.to_owned())
    };
    watching.round().await;
    watching.look(60).await;
    assert_eq!(known("MUG").await, is(1, "60", "normal", "ok"), "a new value");
    assert_eq!(known("JUG").await, is(0, "20", "normal", "ok"), "looked at, and nothing to write");
    on_hand(&watching.world, jug, 90).await;
    watching.round().await;
    assert_eq!((known("JUG").await, watching.alerts("overstock").await.len()), (is(2, "90", "firing", "ok"), 1));
    watching.world.execute("update sales.products set is_active = false where sku = 'MUG'").await;
    watching.round().await;
    assert_eq!(known("MUG").await, is(3, "60", "normal", "no_data"), "what is gone is missed");
}

/// Example 10: what a person ended is told again after it has recovered, or a day later.
#[sqlx::test(migrations = "../migrations")]
async fn what_a_person_ended_is_not_told_again_at_once(db: PgPool) {
    let watching = Watching::on(db, rule(vec![level(Severity::High, 85, None)])).await;
    watching.look(90).await;
    let first = watching.alerts("overstock").await[0].clone();
    watching.world.services.alerts.resolve(&admin(), first.id, None).await.unwrap();
    for stock in [90, 91, 80, 80] {
        watching.look(stock).await;
    }
    assert_eq!(watching.alerts("overstock").await.len(), 1);
    watching.look(90).await;
    let both = watching.alerts("overstock").await;
    assert!(both.len() == 2 && both[1].number > both[0].number);
    watching.world.services.alerts.resolve(&admin(), both[1].id, None).await.unwrap();
    watching.world.clock.advance(Duration::hours(24));
    watching.look(90).await;
    assert_eq!(watching.alerts("overstock").await.len(), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn rules_are_written_looked_through_and_switched_off(db: PgPool) {
    let watching = Watching::on(db, rule(vec![level(Severity::High, 85, None)])).await;
    let (rules, world) = (&watching.world.services.alert_rules, &watching.world);
    watching.look(90).await;
    let all = rules.rules(&viewer()).await.unwrap();
    assert_eq!(all.iter().filter_map(|rule| rule.code.as_deref()).count(), 3, "the built-in ones are there");
    let own = all.iter().find(|rule| rule.code.is_none()).unwrap();
    assert_eq!((own.instances, own.firing), (1, 1));
    let detail = rules.rule(&viewer(), own.id).await.unwrap();
    assert_eq!((detail.states[0].state, detail.states[0].value), (RuleState::Firing, Some(dec("90"))));
    let preview = rules.preview(&viewer(), &rule(vec![level(Severity::Critical, 89, None)])).await.unwrap();
    assert_eq!((preview.len(), preview[0].severity), (1, Some(Severity::Critical)));
    let unknown = NewRule { metric_key: "moon.phase".into(), ..rule(vec![]) };
    let refused = rules.create(&admin(), &unknown).await.unwrap_err();
    assert_eq!(refused.fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["levels", "metric_key"]);
    let changed = NewRule { name: "Far too much stock".into(), ..rule(vec![level(Severity::High, 95, None)]) };
    assert_eq!(rules.change(&planner(), own.id, own.version, &changed).await.unwrap_err().code, ErrorCode::Forbidden);
    rules.change(&admin(), own.id, own.version, &changed).await.unwrap();
    let late = rules.change(&admin(), own.id, own.version, &changed).await.unwrap_err();
    assert!(late.code == ErrorCode::Conflict && late.message.contains("test@example.com"));
    rules.enable(&admin(), own.id, false).await.unwrap();
    assert_eq!(watching.alerts("overstock").await[0].resolution, Some(Resolution::Superseded));
    watching.look(99).await;
    assert_eq!(watching.alerts("overstock").await.len(), 1, "nobody looks any more");
    let built_in = all.iter().find(|rule| rule.code.is_some()).unwrap();
    assert_eq!(rules.delete(&admin(), built_in.id).await.unwrap_err().code, ErrorCode::Conflict);
    rules.delete(&admin(), own.id).await.unwrap();
    assert_eq!(rules.rule(&admin(), own.id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(world.number("select count(*) from ops.audit_log where action like 'alerts.rule_%'").await, 4);
}

/// Example 14.
#[sqlx::test(migrations = "../migrations")]
async fn a_silence_holds_back_what_is_told_and_nothing_else(db: PgPool) {
    let world = World::new(db).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let notifications = &world.services.notifications;
    let silence = NewSilence {
        matchers: vec![Matcher { field: MatcherField::EntityId, values: vec!["2".into()] }],
        starts_at: None,
        ends_at: (world.clock.now() + Duration::hours(1)).fixed_offset(),
        reason: "The grid is being mended.".into(),
    };
    let made = notifications.silence(&planner(), &silence).await.unwrap();
    assert_eq!(made.state, "running");
    let alert = world.services.alerts.create(&planner(), &power_cut("high")).await.unwrap().alert;
    assert_eq!(alert.state, ShownState::Silenced);
    assert_eq!(list(&world, &viewer(), "state=silenced").await.len(), 1);
    assert_eq!(world.services.alerts.counts(&viewer()).await.unwrap().silenced, 1);
    let count = async |state: &'static str| world.number(state).await;
    assert_eq!(count("select count(*) from ops.notifications where state = 'delivered'").await, 0);
    assert_eq!(count("select count(*) from ops.notifications where state = 'suppressed'").await, 1);
    assert_eq!(notifications.silences(&viewer()).await.unwrap()[0].held_back, 1);
    for _ in 0..2 {
        world.clock.advance(Duration::hours(1));
        world.services.evaluation.round(&admin()).await.unwrap();
    }
    assert_eq!(
        count("select count(*) from ops.notifications where event = 'silence_ended' and state = 'delivered'").await,
        1
    );
    assert_eq!(world.services.alerts.alert(&viewer(), alert.id).await.unwrap().row.state, ShownState::Firing);

    let second = notifications
        .silence(
            &planner(),
            &NewSilence { ends_at: (world.clock.now() + Duration::hours(1)).fixed_offset(), ..silence.clone() },
        )
        .await
        .unwrap();
    assert_eq!(world.services.alerts.alert(&viewer(), alert.id).await.unwrap().row.state, ShownState::Silenced);
    let ended = notifications.end_silence(&planner(), second.id).await.unwrap();
    assert_eq!((ended.state.as_str(), ended.ended_by.as_deref()), ("ended", Some("test@example.com")));
    assert_eq!(world.services.alerts.alert(&viewer(), alert.id).await.unwrap().row.state, ShownState::Firing);
    let long = NewSilence { ends_at: (world.clock.now() + Duration::days(31)).fixed_offset(), ..silence };
    assert_eq!(notifications.silence(&planner(), &long).await.unwrap_err().fields[0].path, "ends_at");
}

/// Example 19: a sale takes the last piece; a delivery brings enough again.
#[sqlx::test(migrations = "../migrations")]
async fn stock_that_runs_out_is_told_and_recovers_by_itself(db: PgPool) {
    let world = World::new(db).await;
    let mug = product(&world, "MUG", 1).await;
    let sale = RecordSale {
        product_id: Some(ProductId(mug)),
        quantity: Some(dec("1")),
        payment_method: Some(PaymentMethod::Cash),
        ..RecordSale::default()
    };
    world.services.evaluation.round(&admin()).await.unwrap();
    let low = list(&world, &viewer(), "alert_type=low_stock").await;
    assert_eq!((low.len(), low[0].severity, low[0].title.as_str()), (1, Severity::High, "Critical stock: MUG Mug"));
    world.services.transactions.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
    world.services.evaluation.round(&admin()).await.unwrap();
    let out = list(&world, &viewer(), "alert_type=low_stock").await;
    assert_eq!((out.len(), out[0].severity, out[0].title.as_str()), (1, Severity::Critical, "Out of stock: MUG Mug"));
    for (left, resolved) in [(12, false), (13, true)] {
        on_hand(&world, mug, left).await;
        world.services.evaluation.round(&admin()).await.unwrap();
        assert_eq!(list(&world, &viewer(), "alert_type=low_stock").await[0].is_resolved, resolved, "{left} pieces");
    }
}

/// `commerce.md` 8, example 8: its alert; and who is stopped.
#[sqlx::test(migrations = "../migrations")]
async fn screening_that_fails_is_an_alert_until_it_is_well_for_five_minutes(db: PgPool) {
    let world = World::new(db).await;
    let mug = product(&world, "MUG", 500).await;
    let customer = Uuid::now_v7();
    sqlx::query("insert into sales.customers (id, registration_date, created_at, updated_at) values ($1, '2026-01-01', '2026-01-01', '2026-01-01')")
        .bind(customer)
        .execute(&world.owner)
        .await
        .unwrap();
    let sale = RecordSale {
        product_id: Some(ProductId(mug)),
        quantity: Some(dec("1")),
        payment_method: Some(PaymentMethod::Cash),
        customer_id: Some(CustomerId(customer)),
        ..RecordSale::default()
    };
    world.execute("alter table sales.amount_stats rename to hidden").await;
    world.services.transactions.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
    world.execute("alter table sales.hidden rename to amount_stats").await;
    let alert = list(&world, &viewer(), "alert_type=screening_unavailable").await;
    assert_eq!((alert.len(), alert[0].severity), (1, Severity::Critical));
    for (minutes, resolved) in [(4, false), (1, true)] {
        world.clock.advance(Duration::minutes(minutes));
        world.services.evaluation.round(&admin()).await.unwrap();
        assert_eq!(list(&world, &viewer(), "alert_type=screening_unavailable").await[0].is_resolved, resolved);
    }
    world
        .execute(
            "insert into sales.fraud_list_entries (id, list, subject, value, reason, by, created_at)
         select gen_random_uuid(), 'block', 'customer', id::text, 'test', 'test', '2026-01-01' from sales.customers",
        )
        .await;
    for _ in 0..3 {
        world.services.transactions.record(&admin(), &sale, Entry::Api, None).await.value.unwrap();
        world.clock.advance(Duration::minutes(1));
    }
    let stopped = list(&world, &viewer(), "alert_type=fraud_detected").await;
    assert_eq!((stopped.len(), stopped[0].occurrences, stopped[0].severity), (1, 3, Severity::Critical));
    assert_eq!(stopped[0].entity_id, Some(customer.to_string()));
    world.clock.set(at("2026-03-11T13:00:00Z"));
    world.services.evaluation.round(&admin()).await.unwrap();
    assert!(list(&world, &viewer(), "alert_type=fraud_detected").await[0].is_resolved, "24 hours without another");
}
