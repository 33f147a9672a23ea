//! Routes: who is told of what, by which way and when; what comes next while nobody takes an alert.

use super::{Matcher, Severity, Subject, silence::matcher_faults};
use crate::{
    FieldError,
    access::{PermSet, Role},
    alerts::{AlertFeature, alert::type_fault},
    ids::{ChannelId, RouteId, UserId},
    words::words,
};
use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Routes of the list.
const MOST_ROUTES: usize = 100;
const MOST_MATCHERS: usize = 10;
const MOST_CHANNELS: usize = 20;
const MOST_PEOPLE: usize = 50;
const MOST_STEPS: usize = 10;
/// Seconds of a week.
const WEEK: u32 = 604_800;

words! {
    /// Alerts that are equal in these go as one message.
    #[schema(as = RouteGroupField)]
    GroupField {
        AlertType => "alert_type", "Type";
        Feature => "feature", "Feature";
        Severity => "severity", "Severity";
        EntityType => "entity_type", "Entity type";
        EntityId => "entity_id", "Entity";
        RuleId => "rule_id", "Rule";
    }
}

/// People, told in their inbox. Who may not view an alert's feature is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = RouteRecipients)]
pub struct Recipients {
    pub roles: Vec<Role>,
    pub sets: Vec<PermSet>,
    pub user_ids: Vec<UserId>,
    /// Who the alert is assigned to.
    pub assignee: bool,
    /// Who made the rule.
    pub owner: bool,
}

impl Recipients {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.sets.is_empty() && self.user_ids.is_empty() && !self.assignee && !self.owner
    }

    /// All but the people who are named: "role admin", "who made the rule".
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let roles = self.roles.iter().map(|role| format!("role {}", role.as_str()));
        let sets = self.sets.iter().map(|set| format!("set {}", set.as_str()));
        let assignee = self.assignee.then(|| "who it is assigned to".to_owned());
        let owner = self.owner.then(|| "who made the rule".to_owned());
        roles.chain(sets).chain(assignee).chain(owner).collect()
    }

    /// Who is told where no route matches.
    #[must_use]
    pub fn usual() -> Self {
        Self { roles: vec![Role::Admin], owner: true, ..Self::default() }
    }
}

/// Who is told so many seconds after the alert was opened when nobody has acknowledged or resolved it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteStep {
    pub after_seconds: u32,
    #[serde(default)]
    pub channel_ids: Vec<ChannelId>,
    #[serde(default)]
    pub recipients: Recipients,
}

/// One route. Its matchers must all match; without any it matches every alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationRoute)]
pub struct Route {
    /// Of a route that is there already.
    #[serde(default)]
    pub id: Option<RouteId>,
    #[serde(default)]
    pub matchers: Vec<Matcher>,
    #[serde(default)]
    pub channel_ids: Vec<ChannelId>,
    #[serde(default)]
    pub recipients: Recipients,
    #[serde(default = "by_type")]
    pub group_by: Vec<GroupField>,
    /// So long the first of a group waits for others; critical ones do not wait.
    #[serde(default = "half_a_minute")]
    pub group_wait_seconds: u32,
    /// So long after the last message of a group the next one goes.
    #[serde(default = "five_minutes")]
    pub group_interval_seconds: u32,
    /// Told again so often while it fires and nobody has acknowledged it.
    #[serde(default)]
    pub repeat_seconds: Option<u32>,
    /// In rising order.
    #[serde(default)]
    pub steps: Vec<RouteStep>,
    /// Routes after it are looked at as well.
    #[serde(default, rename = "continue")]
    pub continues: bool,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn by_type() -> Vec<GroupField> {
    vec![GroupField::AlertType]
}

const fn half_a_minute() -> u32 {
    30
}

const fn five_minutes() -> u32 {
    300
}

const fn yes() -> bool {
    true
}

impl Default for Route {
    fn default() -> Self {
        Self {
            id: None,
            matchers: Vec::new(),
            channel_ids: Vec::new(),
            recipients: Recipients::default(),
            group_by: by_type(),
            group_wait_seconds: half_a_minute(),
            group_interval_seconds: five_minutes(),
            repeat_seconds: None,
            steps: Vec::new(),
            continues: false,
            enabled: true,
        }
    }
}

impl Route {
    #[must_use]
    pub fn matches(&self, of: &Subject<'_>) -> bool {
        self.enabled && self.matchers.iter().all(|matcher| matcher.matches(of))
    }

    /// Alerts with the same key are one group.
    #[must_use]
    pub fn group_key(&self, of: &Subject<'_>) -> String {
        let values = self.group_by.iter().map(|field| match field {
            GroupField::AlertType => of.alert_type,
            GroupField::Feature => of.feature.as_str(),
            GroupField::Severity => of.severity.as_str(),
            GroupField::EntityType => of.entity_type.unwrap_or("-"),
            GroupField::EntityId => of.entity_id.unwrap_or("-"),
            GroupField::RuleId => of.rule_id.unwrap_or("-"),
        });
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        std::iter::once(id.as_str()).chain(values).collect::<Vec<_>>().join(":")
    }

    fn faults(&self, of: &str, faults: &mut Vec<FieldError>) {
        let mut say = |path: &str, told: &str| faults.push(FieldError::new(format!("{of}.{path}"), told));
        if self.matchers.len() > MOST_MATCHERS {
            say("matchers", "A route has ten conditions at most.");
        }
        if self.channel_ids.is_empty() && self.recipients.is_empty() {
            say("channel_ids", "A route tells somebody: choose a channel or people.");
        }
        if self.group_wait_seconds > 3_600 {
            say("group_wait_seconds", "At most an hour.");
        }
        if self.group_interval_seconds > 86_400 {
            say("group_interval_seconds", "At most a day.");
        }
        if self.repeat_seconds.is_some_and(|every| !(60..=WEEK).contains(&every)) {
            say("repeat_seconds", "Between a minute and a week.");
        }
        if self.steps.len() > MOST_STEPS {
            say("steps", "A route has ten steps at most.");
        }
        many(&self.channel_ids, &self.recipients, of, faults);
        for (i, matcher) in self.matchers.iter().enumerate() {
            faults.extend(matcher_faults(matcher, &format!("{of}.matchers[{i}].values")));
        }
        let mut before = 0;
        for (i, step) in self.steps.iter().enumerate() {
            let path = format!("{of}.steps[{i}]");
            if step.after_seconds <= before || step.after_seconds > WEEK {
                let told = "Steps come one after the other, at least a second and at most a week after the alert.";
                faults.push(FieldError::new(format!("{path}.after_seconds"), told));
            }
            before = before.max(step.after_seconds);
            if step.channel_ids.is_empty() && step.recipients.is_empty() {
                faults.push(FieldError::new(format!("{path}.channel_ids"), "A step tells somebody."));
            }
            many(&step.channel_ids, &step.recipients, &path, faults);
        }
    }
}

fn many(channels: &[ChannelId], recipients: &Recipients, of: &str, faults: &mut Vec<FieldError>) {
    if channels.len() > MOST_CHANNELS {
        faults.push(FieldError::new(format!("{of}.channel_ids"), "Twenty channels at most."));
    }
    if recipients.user_ids.len() > MOST_PEOPLE {
        faults.push(FieldError::new(format!("{of}.recipients.user_ids"), "Fifty people at most; take a role."));
    }
}

/// The routes an alert goes by: the first that matches ends it unless it continues.
#[must_use]
pub fn matching<'a>(routes: &'a [Route], of: &Subject<'_>) -> Vec<&'a Route> {
    let mut found = Vec::new();
    for route in routes.iter().filter(|route| route.matches(of)) {
        found.push(route);
        if !route.continues {
            break;
        }
    }
    found
}

/// What a channel has of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupState {
    /// A message of it waits until then.
    pub waits_until: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// When a message goes: with the one of its group that waits, else after the interval since the last, else after the
/// wait.
#[must_use]
pub fn send_at(now: DateTime<Utc>, wait_seconds: u32, interval_seconds: u32, group: GroupState) -> DateTime<Utc> {
    let next = group.sent_at.map(|sent| sent + Duration::seconds(interval_seconds.into())).filter(|next| *next > now);
    group.waits_until.or(next).unwrap_or(now + Duration::seconds(wait_seconds.into()))
}

/// The routes in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationRoutes)]
pub struct RouteList {
    pub version: i32,
    pub changed_by: Option<String>,
    pub changed_at: Option<DateTime<FixedOffset>>,
    pub routes: Vec<Route>,
}

/// The whole list anew, and the version that is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetNotificationRoutes)]
pub struct SetRoutes {
    pub version: i32,
    pub routes: Vec<Route>,
}

impl SetRoutes {
    /// # Errors
    /// Every fault with its path. Whether channels and people are there is not looked at here.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.routes.len() > MOST_ROUTES {
            faults.push(FieldError::new("routes", "At most 100 routes."));
        }
        for (i, route) in self.routes.iter().enumerate() {
            let path = format!("routes[{i}]");
            if route.id.is_some() && self.routes[..i].iter().any(|other| other.id == route.id) {
                faults.push(FieldError::new(format!("{path}.id"), "This route is listed twice."));
            }
            route.faults(&path, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

words! {
    /// What is done with a route of the list.
    RouteMove {
        Up => "up", "Up";
        Down => "down", "Down";
        Enable => "enable", "Switch on";
        Disable => "disable", "Switch off";
        Delete => "delete", "Delete";
    }
}

impl RouteList {
    /// The list after a move of one route; `None`: it is not there.
    #[must_use]
    pub fn moved(&self, id: RouteId, how: RouteMove) -> Option<Vec<Route>> {
        let mut routes = self.routes.clone();
        let at = routes.iter().position(|route| route.id == Some(id))?;
        match how {
            RouteMove::Up => routes.swap(at, at.saturating_sub(1)),
            RouteMove::Down => routes.swap(at, (at + 1).min(self.routes.len() - 1)),
            RouteMove::Enable => routes[at].enabled = true,
            RouteMove::Disable => routes[at].enabled = false,
            RouteMove::Delete => drop(routes.remove(at)),
        }
        Some(routes)
    }
}

/// An alert as it might be, to see who would be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeRoutes {
    pub alert_type: String,
    pub feature: AlertFeature,
    pub severity: Severity,
    #[serde(default)]
    pub entity_type: Option<String>,
    #[serde(default)]
    pub entity_id: Option<String>,
}

impl ProbeRoutes {
    /// # Errors
    /// When the type cannot be one.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        type_fault(&self.alert_type).map_or(Ok(()), |fault| Err(vec![fault]))
    }

    /// As the fields of a form have it.
    ///
    /// # Errors
    /// Every fault with its path.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Vec<FieldError>> {
        let given = |name: &str| pairs.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.trim()).unwrap_or_default();
        let some = |name: &str| Some(given(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut faults: Vec<FieldError> = type_fault(given("alert_type")).into_iter().collect();
        let (feature, severity) = (AlertFeature::parse(given("feature")), Severity::parse(given("severity")));
        if feature.is_none() {
            faults.push(FieldError::new("feature", "Choose a feature."));
        }
        if severity.is_none() {
            faults.push(FieldError::new("severity", "Choose a severity."));
        }
        let (Some(feature), Some(severity), true) = (feature, severity, faults.is_empty()) else { return Err(faults) };
        let alert_type = given("alert_type").to_owned();
        Ok(Self { alert_type, feature, severity, entity_type: some("entity_type"), entity_id: some("entity_id") })
    }

    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            alert_type: &self.alert_type,
            feature: self.feature,
            severity: self.severity,
            entity_type: self.entity_type.as_deref(),
            entity_id: self.entity_id.as_deref(),
            rule_id: None,
        }
    }
}

/// Who would be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RouteProbe {
    /// Places in the list of the routes that match, from 1; none: the rule's owner and the administrators are told.
    pub routes: Vec<i32>,
    /// A silence that runs holds all of it back until then.
    pub silenced_until: Option<DateTime<FixedOffset>>,
    /// In the order of time.
    pub told: Vec<ProbeTold>,
}

/// One that would be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProbeTold {
    /// Place in the list; `None`: no route matches.
    pub route: Option<i32>,
    /// Number of the route's step; `None`: told when it is opened.
    pub step: Option<i32>,
    pub after_seconds: u32,
    /// `in_app`, `email` or `webhook`.
    pub way: String,
    /// Name of the channel, e-mail of the person.
    pub name: String,
    /// Why this one is not told after all.
    pub kept_back: Option<String>,
}

/// A step of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertStep {
    pub step: i32,
    pub due_at: DateTime<FixedOffset>,
    pub fired_at: Option<DateTime<FixedOffset>>,
    /// `fired`, `cancelled` or `silenced`; `None`: still to come.
    pub outcome: Option<String>,
    /// Names of channels and people.
    pub told: Vec<String>,
}

/// Somebody who may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub email: String,
}

#[cfg(test)]
mod tests;
