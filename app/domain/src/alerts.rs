//! Alerts (`alerts.md`): one row a problem, from its first sign to the proof that it is over.

mod alert;
mod bulk;
mod delivery;
mod form;
mod kinds;
mod preference;
mod query;
mod route;
mod route_form;
mod rule;
mod silence;
mod stats;

pub use crate::severity::Severity;
pub use alert::{
    AckAlert, Acknowledged, AlertCounts, AlertDetail, AlertEvent, AlertLimit, AlertRow, AlertState, AlertValue,
    AssignAlert, Assignee, CommentAlert, NewAlert, Note, Raised, Resolution, ShownState, SilenceAlert, is_acknowledged,
};
pub use bulk::{BulkAction, BulkAlerts, BulkResult, MOST_AT_ONCE};
pub use delivery::{Bell, Channel, ChannelKind, Delivery, Inbox, InboxItem, NewChannel, WebhookFormat};
pub use form::{FORM_LEVELS, LevelForm, RuleForm};
pub use kinds::{AlertFeature, AlertKind, KINDS, kind_of};
pub use preference::{Preference, PreferenceForm, SetPreferences};
pub use query::{AlertQuery, AlertSort, AssignedTo, as_on_the_desk};
pub use route::{
    AlertStep, GroupField, GroupState, Person, ProbeRoutes, ProbeTold, Recipients, Route, RouteList, RouteMove,
    RouteProbe, RouteStep, SetRoutes, matching, send_at,
};
pub use route_form::{FORM_MATCHERS, FORM_STEPS, MatcherForm, RouteForm, StepForm};
pub use rule::{
    Level, Metric, MetricReading, NewRule, NoData, Op, RuleDetail, RuleInstance, RuleKind, RuleRow, RuleSpec, RuleState,
};
pub use silence::{Matcher, MatcherField, NewSilence, Silence, Subject};
pub use stats::{Figures, Lasting, Noisy, OfPerson, OfSeverity, OfType, Stats, StatsQuery};

use crate::{
    AppError,
    access::Principal,
    ids::{AlertId, AlertRuleId, ChannelId, NotificationId, SilenceId},
    paging::Page,
};
use async_trait::async_trait;

/// The page of the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AlertScreen {
    pub page: Page<AlertRow>,
    pub counts: AlertCounts,
}

/// The page of an alert, and to whom it may be given.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OneAlertScreen {
    pub alert: AlertDetail,
    pub people: Vec<Assignee>,
}

/// The page that asks before it acts on many.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BulkScreen {
    pub action: BulkAction,
    pub matched: i64,
    /// Alerts were selected.
    pub selected: bool,
    /// Of the list it came from.
    pub filter: Vec<(String, String)>,
    /// What was done, where it was.
    pub changed: Option<i64>,
    /// To whom they may be given.
    pub people: Vec<Assignee>,
}

/// The page of a rule: one that is there or a new one, and what it would see now where that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleScreen {
    pub rule: Option<RuleDetail>,
    pub form: RuleForm,
    pub metrics: Vec<Metric>,
    pub preview: Option<Result<Vec<MetricReading>, AppError>>,
    pub may_edit: bool,
}

/// The page of channels.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChannelScreen {
    pub channels: Vec<Channel>,
    pub deliveries: Vec<Delivery>,
}

/// The page of routes: the list, what it names, and who would be told where that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoutesScreen {
    pub list: RouteList,
    pub channels: Vec<Channel>,
    pub people: Vec<Person>,
    pub probe: Option<Result<RouteProbe, AppError>>,
}

/// Alerts. Reading needs `alerts.view` and shows what is of features one may view; acting needs `alerts.ack`;
/// deleting, rules and channels need `alerts.edit`.
#[async_trait]
pub trait AlertsPort: Send + Sync + 'static {
    async fn list(&self, who: &Principal, query: &AlertQuery) -> Result<Page<AlertRow>, AppError>;
    /// Of the alerts that are not resolved.
    async fn counts(&self, who: &Principal) -> Result<AlertCounts, AppError>;
    /// `not_found` also for an alert of a feature that one may not view.
    async fn alert(&self, who: &Principal, id: AlertId) -> Result<AlertDetail, AppError>;
    /// Opens an alert by hand, or counts one more occurrence of the open one with the same type and entity.
    async fn create(&self, who: &Principal, command: &NewAlert) -> Result<Raised, AppError>;
    /// A second acknowledgement changes nothing.
    async fn acknowledge(&self, who: &Principal, id: AlertId, command: &AckAlert) -> Result<AlertDetail, AppError>;
    /// Gives it to somebody who may acknowledge it, or to nobody.
    async fn assign(&self, who: &Principal, id: AlertId, command: AssignAlert) -> Result<AlertDetail, AppError>;
    /// To whom alerts may be given: of `feature`, or of any, by name. Needs `alerts.ack`.
    async fn assignees(&self, who: &Principal, feature: Option<AlertFeature>) -> Result<Vec<Assignee>, AppError>;
    /// The same act on many, wholly or not at all.
    async fn bulk(&self, who: &Principal, command: &BulkAlerts) -> Result<BulkResult, AppError>;
    /// Holds back what is told of its type and entity until then.
    async fn silence(&self, who: &Principal, id: AlertId, command: &SilenceAlert) -> Result<AlertDetail, AppError>;
    /// How fast alerts are seen and ended.
    async fn stats(&self, who: &Principal, query: StatsQuery) -> Result<Stats, AppError>;
    async fn unacknowledge(&self, who: &Principal, id: AlertId) -> Result<AlertDetail, AppError>;
    async fn comment(&self, who: &Principal, id: AlertId, command: &CommentAlert) -> Result<AlertDetail, AppError>;
    /// A second resolution changes nothing.
    async fn resolve(&self, who: &Principal, id: AlertId, note: Option<&str>) -> Result<AlertDetail, AppError>;
    /// Hides it, and resolves it first; `not_found` when it is hidden already.
    async fn delete(&self, who: &Principal, id: AlertId) -> Result<(), AppError>;
}

/// Rules.
#[async_trait]
pub trait AlertRulesPort: Send + Sync + 'static {
    async fn rules(&self, who: &Principal) -> Result<Vec<RuleRow>, AppError>;
    async fn rule(&self, who: &Principal, id: AlertRuleId) -> Result<RuleDetail, AppError>;
    async fn create(&self, who: &Principal, rule: &NewRule) -> Result<RuleDetail, AppError>;
    /// `conflict` when it was changed since `version`.
    async fn change(
        &self,
        who: &Principal,
        id: AlertRuleId,
        version: i32,
        rule: &NewRule,
    ) -> Result<RuleDetail, AppError>;
    /// Its open alerts resolve as superseded when it is switched off.
    async fn enable(&self, who: &Principal, id: AlertRuleId, enabled: bool) -> Result<RuleDetail, AppError>;
    /// `conflict` for a built-in one.
    async fn delete(&self, who: &Principal, id: AlertRuleId) -> Result<(), AppError>;
    /// What the rule would see now.
    async fn preview(&self, who: &Principal, rule: &NewRule) -> Result<Vec<MetricReading>, AppError>;
    /// What rules may be about.
    async fn metrics(&self, who: &Principal) -> Result<Vec<Metric>, AppError>;
}

/// Silences, channels, and what was told to whom.
#[async_trait]
pub trait NotificationsPort: Send + Sync + 'static {
    async fn silences(&self, who: &Principal) -> Result<Vec<Silence>, AppError>;
    async fn silence(&self, who: &Principal, command: &NewSilence) -> Result<Silence, AppError>;
    /// Holds back what is told of an alert's type and entity for so many hours from now.
    async fn silence_alert(&self, who: &Principal, id: AlertId, hours: u32, reason: &str) -> Result<Silence, AppError>;
    async fn end_silence(&self, who: &Principal, id: SilenceId) -> Result<Silence, AppError>;
    async fn channels(&self, who: &Principal) -> Result<Vec<Channel>, AppError>;
    async fn add_channel(&self, who: &Principal, command: &NewChannel) -> Result<Channel, AppError>;
    async fn enable_channel(&self, who: &Principal, id: ChannelId, enabled: bool) -> Result<Channel, AppError>;
    async fn delete_channel(&self, who: &Principal, id: ChannelId) -> Result<(), AppError>;
    /// Sends a test at once and says what became of it.
    async fn test_channel(&self, who: &Principal, id: ChannelId) -> Result<Delivery, AppError>;
    /// The caller's own messages, the latest first.
    async fn inbox(&self, who: &Principal) -> Result<Inbox, AppError>;
    /// What the caller has not read.
    async fn bell(&self, who: &Principal) -> Result<Bell, AppError>;
    /// `None`: all of them.
    async fn read(&self, who: &Principal, id: Option<NotificationId>) -> Result<(), AppError>;
    /// What went out through the channels, the latest first.
    async fn deliveries(&self, who: &Principal) -> Result<Vec<Delivery>, AppError>;
}

/// Who is told of what: routes (`alerts.edit`), and what everybody wants to be told.
#[async_trait]
pub trait RoutesPort: Send + Sync + 'static {
    async fn routes(&self, who: &Principal) -> Result<RouteList, AppError>;
    /// The whole list anew; `conflict` when it was changed since its version.
    async fn set_routes(&self, who: &Principal, command: &SetRoutes) -> Result<RouteList, AppError>;
    /// Who would be told of such an alert; nothing is written.
    async fn probe(&self, who: &Principal, sample: &ProbeRoutes) -> Result<RouteProbe, AppError>;
    /// People that routes may name, by address.
    async fn people(&self, who: &Principal) -> Result<Vec<Person>, AppError>;
    /// The caller's own, one a feature that the caller may view.
    async fn preferences(&self, who: &Principal) -> Result<Vec<Preference>, AppError>;
    async fn set_preferences(&self, who: &Principal, command: &SetPreferences) -> Result<Vec<Preference>, AppError>;
}
