//! Who is told of an alert, by which way and when (`alerts.md` 3.7): the routes, what people want, and the messages that
//! are written with the change they tell of.

use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Permission,
    alerts::{
        AlertFeature, GroupState, Preference, Recipients, Route, RouteStep, Severity, Subject, matching, send_at,
    },
    clock::Clock,
    ids::{ChannelId, RouteId},
    live::Topic,
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use store::alerts::{
    Locked,
    messages::{self, NewMessage, NewMessages, Recipient},
    people::{Person, Whom, people},
    preferences, routes as rows,
    routes::{RouteFields, StepFields, WayFields},
};
use uuid::Uuid;

use super::{
    outbox::{FLOOD, FLOOD_TIME},
    severity_of,
};

/// Of what people are told.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub id: Uuid,
    pub alert_type: &'a str,
    pub feature: &'a str,
    pub severity: i16,
    pub title: &'a str,
    pub entity_type: Option<&'a str>,
    pub entity_id: Option<&'a str>,
    pub rule_id: Option<Uuid>,
    pub silenced: bool,
}

impl<'a> Told<'a> {
    /// An alert that is open, as it stands at `at`.
    pub(super) fn of(open: &'a Locked, at: DateTime<Utc>) -> Self {
        Self {
            id: open.id,
            alert_type: &open.alert_type,
            feature: &open.feature,
            severity: open.severity,
            title: &open.title,
            entity_type: open.entity_type.as_deref(),
            entity_id: open.entity_id.as_deref(),
            rule_id: open.rule_id,
            silenced: open.silenced_until.is_some_and(|until| until > at),
        }
    }
}

/// Somebody who is told: whether by a person's inbox or a channel, by which route, and what it waits for.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub to: Recipient,
    pub way: String,
    pub name: String,
    pub route: Option<Uuid>,
    pub group_key: String,
    pub wait_seconds: u32,
    pub interval_seconds: u32,
    pub kept_back: Option<&'static str>,
}

/// What a route is made of in the database.
pub(super) fn route(of: RouteFields) -> Result<Route, AppError> {
    let seconds = |n: i32| u32::try_from(n).unwrap_or_default();
    let fault = |_| AppError::internal();
    Ok(Route {
        id: Some(RouteId(of.id)),
        matchers: serde_json::from_value(of.matchers).map_err(fault)?,
        channel_ids: of.channel_ids.into_iter().map(ChannelId).collect(),
        recipients: serde_json::from_value(of.recipients).map_err(fault)?,
        group_by: of.group_by.iter().filter_map(|field| domain::alerts::GroupField::parse(field)).collect(),
        group_wait_seconds: seconds(of.group_wait_seconds),
        group_interval_seconds: seconds(of.group_interval_seconds),
        repeat_seconds: of.repeat_seconds.map(seconds),
        steps: serde_json::from_value(of.steps).map_err(fault)?,
        continues: of.continues,
        enabled: of.enabled,
    })
}

/// The routes in order.
pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<Route>, AppError> {
    rows::list(connection).await?.into_iter().map(route).collect()
}

/// Whose alert it is: assigned to whom, and who made its rule.
pub(super) type Concerned = (Option<Uuid>, Option<Uuid>);

/// Who channels and recipients are for this alert. Who would be told but is not says why.
pub(super) async fn targets(
    connection: &mut PgConnection,
    of: &Subject<'_>,
    (channels, recipients): (&[ChannelId], &Recipients),
    (assignee, owner): Concerned,
    now: DateTime<Utc>,
) -> Result<Vec<Target>, AppError> {
    let target = |to, way: String, name: String, kept_back| Target {
        to,
        way,
        name,
        route: None,
        group_key: String::new(),
        wait_seconds: 0,
        interval_seconds: 0,
        kept_back,
    };
    let mut found = Vec::new();
    if !channels.is_empty() {
        let ids: Vec<Uuid> = channels.iter().map(|id| id.0).collect();
        for WayFields { id, name, kind, enabled } in rows::ways(connection, &ids).await? {
            let to = Recipient { channel_id: Some(id), user_id: None };
            found.push(target(to, kind, name, (!enabled).then_some("The channel is switched off.")));
        }
    }
    if recipients.is_empty() {
        return Ok(found);
    }
    let roles: Vec<String> = recipients.roles.iter().map(|role| role.as_str().to_owned()).collect();
    let sets: Vec<String> = recipients.sets.iter().map(|set| set.as_str().to_owned()).collect();
    let mut ids: Vec<Uuid> = recipients.user_ids.iter().map(|id| id.0).collect();
    ids.extend(assignee.filter(|_| recipients.assignee));
    ids.extend(owner.filter(|_| recipients.owner));
    let whom = Whom { everybody: false, roles: &roles, sets: &sets, ids: &ids };
    let people = people(connection, whom, now).await?;
    let users: Vec<Uuid> = people.iter().map(|one| one.id).collect();
    let chosen = preferences::about(connection, &users, &[], &[of.feature]).await?;
    for person in people {
        let wants = chosen.iter().find(|one| one.user_id == person.id).map(preference).transpose()?;
        let kept_back = if !may_see(&person, of.feature) {
            Some("May not view this feature.")
        } else if wants.is_some_and(|wants| !wants.tells(of)) {
            Some("Does not want to be told of this.")
        } else {
            None
        };
        let to = Recipient { channel_id: None, user_id: Some(person.id) };
        found.push(target(to, "in_app".to_owned(), person.email, kept_back));
    }
    Ok(found)
}

fn may_see(person: &Person, feature: AlertFeature) -> bool {
    person.rights.has(Permission::AlertsView) && person.rights.has(feature.right())
}

/// # Errors
/// `internal` for a row that the table's checks do not allow.
pub(super) fn preference(of: &preferences::Chosen) -> Result<Preference, AppError> {
    Ok(Preference {
        feature: AlertFeature::parse(&of.feature).ok_or_else(AppError::internal)?,
        min_severity: severity_of(of.min_severity)?,
        in_app: of.in_app,
        email: of.email,
    })
}

/// Writes the messages of an event and announces it, all with the caller's commit. Who was told that it fires is told
/// that it is over; with a first message come the steps of its routes.
pub(super) async fn tell(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    told: &Told<'_>,
    event: &str,
    seq: i32,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let rule = told.rule_id.map(|id| id.to_string());
    let of = subject(told, rule.as_deref())?;
    let targets = if event == "resolved" {
        over(connection, told).await?
    } else {
        let routes = all(connection).await?;
        let matching = matching(&routes, &of);
        if matches!(event, "fired" | "severity_raised") {
            plan_steps(connection, told, &matching, at).await?;
        }
        routed(connection, &of, &matching, told.id, at).await?
    };
    write(connection, clock, told, event, seq, (&targets, at)).await
}

fn subject<'a>(told: &Told<'a>, rule_id: Option<&'a str>) -> Result<Subject<'a>, AppError> {
    Ok(Subject {
        alert_type: told.alert_type,
        feature: AlertFeature::parse(told.feature).ok_or_else(AppError::internal)?,
        severity: severity_of(told.severity)?,
        entity_type: told.entity_type,
        entity_id: told.entity_id,
        rule_id,
    })
}

/// Everybody whom these routes tell; without any the owner of the rule and the administrators.
async fn routed(
    connection: &mut PgConnection,
    of: &Subject<'_>,
    matching: &[&Route],
    alert: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<Target>, AppError> {
    let concerned = rows::concerned(connection, alert).await?;
    if matching.is_empty() {
        return targets(connection, of, (&[], &Recipients::usual()), concerned, at).await;
    }
    let mut found = Vec::new();
    for route in matching {
        found.extend(by_route(connection, of, route, concerned, at).await?);
    }
    Ok(found)
}

/// Everybody whom one route tells.
pub(super) async fn by_route(
    connection: &mut PgConnection,
    of: &Subject<'_>,
    route: &Route,
    concerned: Concerned,
    at: DateTime<Utc>,
) -> Result<Vec<Target>, AppError> {
    let mut found = targets(connection, of, (&route.channel_ids, &route.recipients), concerned, at).await?;
    for target in &mut found {
        target.route = route.id.map(|id| id.0);
        target.group_key = route.group_key(of);
        (target.wait_seconds, target.interval_seconds) = (route.group_wait_seconds, route.group_interval_seconds);
    }
    Ok(found)
}

/// Who was told of it; grouped as their route says now.
async fn over(connection: &mut PgConnection, told: &Told<'_>) -> Result<Vec<Target>, AppError> {
    let heard = messages::told(connection, told.id).await?;
    let routes = if heard.is_empty() { Vec::new() } else { all(connection).await? };
    let target = |of: messages::ToldFields| {
        let route = routes.iter().find(|route| route.id.map(|id| id.0) == of.route_id).cloned().unwrap_or_default();
        Target {
            to: Recipient { channel_id: of.channel_id, user_id: of.user_id },
            way: String::new(),
            name: String::new(),
            route: of.route_id,
            group_key: of.group_key.unwrap_or_default(),
            wait_seconds: route.group_wait_seconds,
            interval_seconds: route.group_interval_seconds,
            kept_back: None,
        }
    };
    Ok(heard.into_iter().map(target).collect())
}

/// Writes the messages of an event to those who are not kept back, each once, and announces it.
async fn write(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    told: &Told<'_>,
    event: &str,
    seq: i32,
    (targets, at): (&[Target], DateTime<Utc>),
) -> Result<(), AppError> {
    let mut once = BTreeSet::new();
    let kept: Vec<&Target> = targets
        .iter()
        .filter(|one| one.kept_back.is_none() && once.insert((one.to.channel_id, one.to.user_id)))
        .collect();
    // Nobody waits for company when it is critical, or when nobody has taken it in time.
    let at_once = told.severity == Severity::Critical.rank() || event == "escalated";
    let (channels, keys): (Vec<Uuid>, Vec<String>) =
        kept.iter().filter_map(|one| Some((one.to.channel_id?, one.group_key.clone()))).unzip();
    let groups = if at_once || channels.is_empty() {
        BTreeMap::new()
    } else {
        let found = messages::groups(connection, &channels, &keys, event).await?;
        let state = |of: &messages::GroupFields| GroupState { waits_until: of.waits_until, sent_at: of.sent_at };
        found.into_iter().map(|of| ((of.channel_id, of.group_key.clone()), state(&of))).collect()
    };
    let message = |one: &&Target| {
        let group = one.to.channel_id.and_then(|id| groups.get(&(id, one.group_key.clone()))).copied();
        NewMessage {
            id: clock.new_id(),
            to: one.to,
            route_id: one.route,
            group_key: one.to.channel_id.map(|_| one.group_key.clone()),
            send_at: if at_once {
                at
            } else {
                send_at(at, one.wait_seconds, one.interval_seconds, group.unwrap_or_default())
            },
        }
    };
    let written: Vec<NewMessage> = kept.iter().map(message).collect();
    let new = NewMessages {
        messages: &written,
        event,
        alert_id: told.id,
        seq,
        alert_type: told.alert_type,
        severity: told.severity,
        title: told.title,
        suppressed: told.silenced,
        at,
        flood: (FLOOD, at - FLOOD_TIME),
    };
    if !written.is_empty() {
        messages::insert(connection, &new).await?;
    }
    let people = kept.iter().filter_map(|one| one.to.user_id).filter(|_| !told.silenced);
    let mut events: Vec<(Topic, String)> = people.map(|user| (Topic::Notification, user.to_string())).collect();
    events.push((Topic::Alerts, told.id.to_string()));
    Ok(store::live::emit_all(connection, &events).await?)
}

/// The steps of the routes from now on; a route whose steps are still to come keeps those. Of an alert that is silenced
/// they are called off at once.
async fn plan_steps(
    connection: &mut PgConnection,
    told: &Told<'_>,
    matching: &[&Route],
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    if matching.iter().all(|route| route.steps.is_empty()) {
        return Ok(());
    }
    let there = rows::steps(connection, told.id).await?;
    let pending = |id: Uuid| there.iter().any(|step| step.route_id == id && step.outcome.is_none());
    let mut planned: Vec<(Uuid, &RouteStep)> = Vec::new();
    for route in matching {
        if let Some(id) = route.id.map(|id| id.0).filter(|id| !pending(*id)) {
            planned.extend(route.steps.iter().map(|step| (id, step)));
        }
    }
    planned.sort_by_key(|(_, step)| step.after_seconds);
    let first = there.last().map_or(0, |step| step.step) + 1;
    let fields = |(number, (route_id, step)): (i32, &(Uuid, &RouteStep))| {
        Ok(StepFields {
            step: number,
            route_id: *route_id,
            due_at: at + chrono::Duration::seconds(step.after_seconds.into()),
            channel_ids: step.channel_ids.iter().map(|id| id.0).collect(),
            recipients: serde_json::to_value(&step.recipients).map_err(|_| AppError::internal())?,
            fired_at: None,
            outcome: told.silenced.then(|| "silenced".to_owned()),
        })
    };
    let steps: Vec<StepFields> = (first..).zip(&planned).map(fields).collect::<Result<_, AppError>>()?;
    Ok(rows::add_steps(connection, told.id, &steps).await?)
}

/// Tells those of a step.
pub(super) async fn escalate(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    told: &Told<'_>,
    step: &StepFields,
    seq: i32,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    let rule = told.rule_id.map(|id| id.to_string());
    let of = subject(told, rule.as_deref())?;
    let channels: Vec<ChannelId> = step.channel_ids.iter().copied().map(ChannelId).collect();
    let recipients: Recipients = serde_json::from_value(step.recipients.clone()).map_err(|_| AppError::internal())?;
    let concerned = rows::concerned(connection, told.id).await?;
    let mut found = targets(connection, &of, (&channels, &recipients), concerned, at).await?;
    for target in &mut found {
        target.route = Some(step.route_id);
        // Alerts that come to the same step together are one message.
        target.group_key = format!("{}:{}:step {}", step.route_id, told.alert_type, step.step);
    }
    write(connection, clock, told, "escalated", seq, (&found, at)).await
}

/// Tells those of one route again; `None`: there is nobody to tell any more.
pub(super) async fn repeat(
    connection: &mut PgConnection,
    told: &Told<'_>,
    route: &Route,
    at: DateTime<Utc>,
) -> Result<Option<Vec<Target>>, AppError> {
    let rule = told.rule_id.map(|id| id.to_string());
    let of = subject(told, rule.as_deref())?;
    let concerned = rows::concerned(connection, told.id).await?;
    let found = by_route(connection, &of, route, concerned, at).await?;
    Ok(found.iter().any(|one| one.kept_back.is_none()).then_some(found))
}

/// Writes what [`repeat`] has found.
pub(super) async fn tell_again(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    told: &Told<'_>,
    found: &[Target],
    seq: i32,
    at: DateTime<Utc>,
) -> Result<(), AppError> {
    write(connection, clock, told, "repeat", seq, (found, at)).await
}
