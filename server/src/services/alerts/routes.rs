//! Routes as people keep them, the probe, and what everybody wants to be told.

use super::{
    routing::{self, Target},
    signals::silence_of,
};
use crate::{backend::Backend, services::transactions::zone_of};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal, Role},
    alerts::{
        AlertFeature, Matcher, MatcherField, Person, Preference, ProbeRoutes, ProbeTold, Recipients, Route, RouteList,
        RouteProbe, RoutesPort, SetPreferences, SetRoutes, Severity, matching,
    },
    clock::Clock,
    ids::{ChannelId, UserId},
    live::Topic,
};
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::BTreeSet, fmt};
use store::{
    alerts::{
        preferences,
        routes::{self as rows, RouteFields},
        silences,
    },
    audit::{self, Act},
};
use uuid::Uuid;

/// People that the form of a route knows by their address.
const MOST_PEOPLE: i64 = 5_000;

/// The service behind [`RoutesPort`].
#[derive(Clone)]
pub struct RoutesService {
    backend: Backend,
}

impl fmt::Debug for RoutesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutesService").finish_non_exhaustive()
    }
}

fn fields(route: &Route, clock: &dyn Clock) -> Result<RouteFields, AppError> {
    let seconds = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let json = |value: serde_json::Result<serde_json::Value>| value.map_err(|_| AppError::internal());
    Ok(RouteFields {
        id: route.id.map_or_else(|| clock.new_id(), |id| id.0),
        matchers: json(serde_json::to_value(&route.matchers))?,
        channel_ids: route.channel_ids.iter().map(|id| id.0).collect(),
        recipients: json(serde_json::to_value(&route.recipients))?,
        group_by: route.group_by.iter().map(|field| field.as_str().to_owned()).collect(),
        group_wait_seconds: seconds(route.group_wait_seconds),
        group_interval_seconds: seconds(route.group_interval_seconds),
        repeat_seconds: route.repeat_seconds.map(seconds),
        steps: json(serde_json::to_value(&route.steps))?,
        continues: route.continues,
        enabled: route.enabled,
    })
}

/// What a route names that is not there.
struct Known {
    routes: BTreeSet<Uuid>,
    channels: BTreeSet<Uuid>,
    people: BTreeSet<Uuid>,
}

impl Known {
    async fn of(connection: &mut PgConnection, routes: &[Route]) -> Result<Self, AppError> {
        let steps = || routes.iter().flat_map(|route| &route.steps);
        let channels = routes.iter().flat_map(|route| &route.channel_ids).chain(steps().flat_map(|s| &s.channel_ids));
        let people = routes.iter().flat_map(|route| &route.recipients.user_ids);
        let people = people.chain(steps().flat_map(|step| &step.recipients.user_ids));
        let channels: Vec<Uuid> = channels.map(|id| id.0).collect();
        let people: Vec<Uuid> = people.map(|id| id.0).collect();
        Ok(Self {
            routes: rows::list(connection).await?.into_iter().map(|route| route.id).collect(),
            channels: rows::ways(connection, &channels).await?.into_iter().map(|way| way.id).collect(),
            people: rows::known_people(connection, &people).await?.into_iter().collect(),
        })
    }

    fn faults(&self, routes: &[Route]) -> Vec<FieldError> {
        let mut faults = Vec::new();
        for (i, route) in routes.iter().enumerate() {
            let of = format!("routes[{i}]");
            if route.id.is_some_and(|id| !self.routes.contains(&id.0)) {
                faults.push(FieldError::new(format!("{of}.id"), "There is no route with this id."));
            }
            self.named(&of, &route.channel_ids, &route.recipients, &mut faults);
            for (n, step) in route.steps.iter().enumerate() {
                self.named(&format!("{of}.steps[{n}]"), &step.channel_ids, &step.recipients, &mut faults);
            }
        }
        faults
    }

    fn named(&self, of: &str, channels: &[ChannelId], to: &Recipients, faults: &mut Vec<FieldError>) {
        for (i, _) in channels.iter().enumerate().filter(|(_, id)| !self.channels.contains(&id.0)) {
            faults.push(FieldError::new(format!("{of}.channel_ids[{i}]"), "There is no channel with this id."));
        }
        for (i, _) in to.user_ids.iter().enumerate().filter(|(_, id)| !self.people.contains(&id.0)) {
            faults.push(FieldError::new(format!("{of}.recipients.user_ids[{i}]"), "There is nobody with this id."));
        }
    }
}

/// Adds the route of a new channel at the end: alerts from `severity` on go through it, and to administrators.
///
/// # Errors
/// When a statement fails.
pub(super) async fn add_for_channel(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    channel: ChannelId,
    severity: Severity,
) -> Result<(), AppError> {
    let route = Route {
        matchers: vec![Matcher { field: MatcherField::SeverityMin, values: vec![severity.as_str().to_owned()] }],
        channel_ids: vec![channel],
        recipients: Recipients { roles: vec![Role::Admin], ..Recipients::default() },
        continues: true,
        ..Route::default()
    };
    rows::take(connection, None, who.label(), clock.now()).await?;
    let mut all = rows::list(connection).await?;
    all.push(fields(&route, clock)?);
    Ok(rows::replace(connection, &all).await?)
}

/// Takes a channel that is gone out of the routes; one that then tells nobody goes with it.
///
/// # Errors
/// When a statement fails.
pub(super) async fn forget_channel(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    who: &Principal,
    channel: ChannelId,
) -> Result<(), AppError> {
    rows::take(connection, None, who.label(), clock.now()).await?;
    let mut left = Vec::new();
    for mut route in routing::all(connection).await? {
        route.channel_ids.retain(|id| *id != channel);
        for step in &mut route.steps {
            step.channel_ids.retain(|id| *id != channel);
        }
        route.steps.retain(|step| !step.channel_ids.is_empty() || !step.recipients.is_empty());
        if !route.channel_ids.is_empty() || !route.recipients.is_empty() {
            left.push(fields(&route, clock)?);
        }
    }
    Ok(rows::replace(connection, &left).await?)
}

impl RoutesService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn read(&self, connection: &mut PgConnection) -> Result<RouteList, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let of = rows::version(connection).await?;
        Ok(RouteList {
            version: of.version,
            changed_by: of.changed_by,
            changed_at: of.changed_at.map(|at| zone.local(at)),
            routes: routing::all(connection).await?,
        })
    }

    async fn chosen(&self, connection: &mut PgConnection, who: &Principal) -> Result<Vec<Preference>, AppError> {
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let seen: Vec<AlertFeature> =
            AlertFeature::ALL.iter().copied().filter(|feature| who.may(feature.right())).collect();
        let kept = preferences::about(connection, &[user.0], &[], &seen).await?;
        let one = |feature: AlertFeature| {
            let chosen = kept.iter().find(|one| one.feature == feature.as_str());
            chosen.map_or_else(|| Ok(Preference::usual(feature)), routing::preference)
        };
        seen.into_iter().map(one).collect()
    }
}

fn told(target: Target, route: Option<i32>, step: Option<i32>, after_seconds: u32) -> ProbeTold {
    ProbeTold {
        route,
        step,
        after_seconds,
        way: target.way,
        name: target.name,
        kept_back: target.kept_back.map(str::to_owned),
    }
}

#[async_trait]
impl RoutesPort for RoutesService {
    async fn routes(&self, who: &Principal) -> Result<RouteList, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        self.read(&mut tx).await
    }

    async fn set_routes(&self, who: &Principal, command: &SetRoutes) -> Result<RouteList, AppError> {
        who.require(Permission::AlertsEdit)?;
        let clock = self.backend.clock.as_ref();
        let mut faults = command.validate().err().unwrap_or_default();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        if !rows::take(&mut tx, Some(command.version), who.label(), clock.now()).await? {
            let by = rows::version(&mut tx).await?.changed_by.unwrap_or_else(|| "Somebody".to_owned());
            return Err(AppError::conflict(format!("{by} has changed the routes meanwhile. Load them again.")));
        }
        faults.extend(Known::of(&mut tx, &command.routes).await?.faults(&command.routes));
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let before = routing::all(&mut tx).await?;
        let after: Vec<RouteFields> =
            command.routes.iter().map(|route| fields(route, clock)).collect::<Result<_, _>>()?;
        rows::replace(&mut tx, &after).await?;
        let list = self.read(&mut tx).await?;
        let act = Act::done("alerts.routes_change", "notification_routes", list.version)
            .before(json!({ "routes": before }))
            .after(json!({ "routes": list.routes }));
        audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        store::live::emit(&mut tx, Topic::Alerts, "routes").await?;
        store::commit(tx).await?;
        Ok(list)
    }

    async fn probe(&self, who: &Principal, sample: &ProbeRoutes) -> Result<RouteProbe, AppError> {
        who.require(Permission::AlertsEdit)?;
        sample.validate().map_err(AppError::validation)?;
        let (of, now) = (sample.subject(), self.backend.clock.now());
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let routes = routing::all(&mut tx).await?;
        let found = matching(&routes, &of);
        let nobody = (None, None);
        let (mut places, mut all) = (Vec::new(), Vec::new());
        for route in &found {
            let place = (1_i32..).zip(&routes).find(|(_, one)| one.id == route.id).map(|(place, _)| place);
            places.extend(place);
            let wait = if of.severity == Severity::Critical { 0 } else { route.group_wait_seconds };
            for target in routing::by_route(&mut tx, &of, route, nobody, now).await? {
                let after = if target.way == "in_app" { 0 } else { wait };
                all.push(told(target, place, None, after));
            }
            for (number, step) in (1_i32..).zip(&route.steps) {
                let to = (step.channel_ids.as_slice(), &step.recipients);
                for target in routing::targets(&mut tx, &of, to, nobody, now).await? {
                    all.push(told(target, place, Some(number), step.after_seconds));
                }
            }
        }
        if found.is_empty() {
            let usual = Recipients::usual();
            let targets = routing::targets(&mut tx, &of, (&[], &usual), nobody, now).await?;
            all.extend(targets.into_iter().map(|target| told(target, None, None, 0)));
        }
        // Who is reached twice by the same way is told once, by the first.
        let mut once = BTreeSet::new();
        all.retain(|one| one.step.is_some() || once.insert((one.way.clone(), one.name.clone())));
        all.sort_by_key(|one| one.after_seconds);
        let silence = silence_of(&silences::running(&mut tx, now).await?, &of);
        Ok(RouteProbe { routes: places, silenced_until: silence.map(|(_, until)| zone.local(until)), told: all })
    }

    async fn people(&self, who: &Principal) -> Result<Vec<Person>, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let found = rows::addresses(&mut connection, MOST_PEOPLE).await?;
        Ok(found.into_iter().map(|(id, email)| Person { id: UserId(id), email }).collect())
    }

    async fn preferences(&self, who: &Principal) -> Result<Vec<Preference>, AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        self.chosen(&mut connection, who).await
    }

    async fn set_preferences(&self, who: &Principal, command: &SetPreferences) -> Result<Vec<Preference>, AppError> {
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let mut faults = command.validate().err().unwrap_or_default();
        for (i, one) in command.preferences.iter().enumerate().filter(|(_, one)| !who.may(one.feature.right())) {
            let told = format!("{} is not yours to view.", one.feature.label());
            faults.push(FieldError::new(format!("preferences[{i}].feature"), told));
        }
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let mut changed = false;
        for one in &command.preferences {
            changed |= preferences::set(&mut tx, user.0, one).await?;
        }
        if changed {
            let act = Act::done("alerts.preferences_change", "user", user)
                .after(json!({ "preferences": command.preferences }));
            audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
            store::live::emit(&mut tx, Topic::Notification, &user.to_string()).await?;
        }
        let chosen = self.chosen(&mut tx, who).await?;
        store::commit(tx).await?;
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::RouteId;

    #[test]
    fn what_a_route_names_and_is_not_there_has_its_path() {
        let id = |n| Uuid::from_u128(n);
        let known = Known { routes: [id(1)].into(), channels: [id(2)].into(), people: [id(3)].into() };
        let to = |n| Recipients { user_ids: vec![UserId(id(n))], ..Recipients::default() };
        let step =
            domain::alerts::RouteStep { after_seconds: 60, channel_ids: vec![ChannelId(id(9))], recipients: to(8) };
        let route = |n| Route {
            id: Some(RouteId(id(n))),
            channel_ids: vec![ChannelId(id(2)), ChannelId(id(7))],
            recipients: to(3),
            steps: vec![step.clone()],
            ..Route::default()
        };
        let faults = known.faults(&[route(1), route(6)]);
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "routes[0].channel_ids[1]",
                "routes[0].steps[0].channel_ids[0]",
                "routes[0].steps[0].recipients.user_ids[0]",
                "routes[1].id",
                "routes[1].channel_ids[1]",
                "routes[1].steps[0].channel_ids[0]",
                "routes[1].steps[0].recipients.user_ids[0]",
            ]
        );
    }
}
