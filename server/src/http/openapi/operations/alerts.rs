//! Alerts, their rules, and who is told.

use super::super::{
    operation::{Answer, Operation, Parameter, asked, day, json, made, nothing, text},
    shapes::{enveloped, enveloped_list, flag, list, named, one_of},
};
use crate::http::api::alerts::{AlertPage, ChangeChannel, ChangeRule, UnresolvedCount};
use domain::alerts::{
    AckAlert, AlertDetail, AlertEvent, AlertFeature, AlertRow, AlertSort, AssignAlert, BulkAlerts, BulkResult, Channel,
    CommentAlert, Delivery, Inbox, Metric, MetricReading, NewAlert, NewChannel, NewRule, NewSilence, Note, Preference,
    ProbeRoutes, RouteList, RouteProbe, RuleDetail, RuleInstance, RuleRow, SetPreferences, SetRoutes, Silence,
    SilenceAlert, Stats,
};

const FILTER: &[Parameter] = &[
    asked("is_resolved", flag, "Those that are over, or those that are not."),
    text("state", "Any of firing, acknowledged, recovering, silenced, resolved; a comma between."),
    text("severity", "Any of low, medium, high, critical; a comma between."),
    text("alert_type", "Any of these types; a comma between."),
    asked("feature", named::<AlertFeature>, "Of this feature."),
    text("entity_type", "About entities of this type."),
    text("entity_id", "About this entity."),
    text("assignee", "Worked on by this user (an id), by the caller (me) or by nobody (none)."),
    day("from", "Opened on this business day or later."),
    day("to", "Opened on this business day or before."),
    text("q", "Number, or a part of the title."),
    asked("sort", |_| one_of(AlertSort::ALL.iter().map(|sort| sort.as_str())), "Order; the newest first."),
    asked("include_deleted", flag, "Deleted ones too; for who may delete."),
];

const DAYS: &[Parameter] = &[day("from", "First business day."), day("to", "Last business day.")];

const OVER: &[(&str, &str)] = &[("409", "The alert is over.")];
const CHANGED: &[(&str, &str)] = &[("409", "Somebody has changed it meanwhile, or it cannot be taken away.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/alerts", "Alerts of a filter, the newest first", enveloped_list::<AlertRow, AlertPage>)
        .note("Of features that the caller may view.")
        .with(FILTER)
        .paged(),
    made("POST /api/v1/alerts", "Open an alert by hand", enveloped::<AlertRow>)
        .takes(named::<NewAlert>)
        .others(&[("200", Answer::Json(enveloped::<AlertRow>), "The same problem is open: one more occurrence.")]),
    json("POST /api/v1/alerts/bulk", "The same act on many alerts", named::<BulkResult>)
        .note("Wholly or not at all, of alerts that are not over; with dry_run only their number.")
        .takes(named::<BulkAlerts>),
    json("GET /api/v1/alerts/stats", "How fast alerts are seen and ended", named::<Stats>)
        .note("Each counted on the day of what happened; the last 30 business days unless said, at most 400.")
        .with(DAYS),
    json("GET /api/v1/alerts/unresolved/count", "How many are not over", named::<UnresolvedCount>),
    json("GET /api/v1/alerts/{id}", "One alert in full", named::<AlertDetail>),
    nothing("DELETE /api/v1/alerts/{id}", "Hide an alert, and end it; it stays in the books"),
    json("GET /api/v1/alerts/{id}/events", "What happened to it, the oldest first", list::<AlertEvent>),
    json("PATCH /api/v1/alerts/{id}/resolve", "End an alert", enveloped::<AlertRow>)
        .note("A second time changes nothing. What a rule still sees is told again after it has recovered once.")
        .may_take(named::<Note>),
    json("POST /api/v1/alerts/{id}/acknowledge", "Say that it was seen", named::<AlertDetail>)
        .may_take(named::<AckAlert>)
        .fails(OVER),
    json("POST /api/v1/alerts/{id}/unacknowledge", "Take the acknowledgement back", named::<AlertDetail>),
    json("POST /api/v1/alerts/{id}/assign", "Give it to somebody, or to nobody", named::<AlertDetail>)
        .takes(named::<AssignAlert>)
        .fails(OVER),
    json("POST /api/v1/alerts/{id}/silence", "Hold back what is told of its type and entity", named::<AlertDetail>)
        .takes(named::<SilenceAlert>)
        .fails(OVER),
    json("POST /api/v1/alerts/{id}/comments", "Write something down", named::<AlertDetail>)
        .takes(named::<CommentAlert>),
    json("GET /api/v1/alert-rules", "Rules by name", list::<RuleRow>),
    made("POST /api/v1/alert-rules", "Make a rule", named::<RuleDetail>).takes(named::<NewRule>),
    json("POST /api/v1/alert-rules/preview", "What a rule would see now", list::<MetricReading>)
        .note("Nothing is written; the 200 gravest entities.")
        .takes(named::<NewRule>),
    json("GET /api/v1/alert-rules/{id}", "One rule with what it knows", named::<RuleDetail>),
    json("PATCH /api/v1/alert-rules/{id}", "Change a rule", named::<RuleDetail>)
        .takes(named::<ChangeRule>)
        .fails(CHANGED),
    nothing("DELETE /api/v1/alert-rules/{id}", "Take a rule away; its alerts are over").fails(CHANGED),
    json("POST /api/v1/alert-rules/{id}/enable", "Switch a rule on", named::<RuleDetail>),
    json("POST /api/v1/alert-rules/{id}/disable", "Switch a rule off; its alerts are over", named::<RuleDetail>),
    json("GET /api/v1/alert-rules/{id}/instances", "What a rule knows of each entity", list::<RuleInstance>),
    json("GET /api/v1/alert-metrics", "What rules may watch", list::<Metric>),
    json("GET /api/v1/silences", "Silences, the latest first", list::<Silence>),
    made("POST /api/v1/silences", "Hold messages back for a time", named::<Silence>).takes(named::<NewSilence>),
    json("POST /api/v1/silences/{id}/end", "End a silence before its time", named::<Silence>),
    json("GET /api/v1/notification-channels", "Channels by name", list::<Channel>),
    made("POST /api/v1/notification-channels", "Make a channel", named::<Channel>)
        .note("What it is set to is never shown again. A webhook's messages carry Millrace-Signature: t=<unix>,v1=<hex HMAC-SHA-256 of \"t.body\">.")
        .takes(named::<NewChannel>)
        .fails(&[("409", "The name is taken.")]),
    json("PATCH /api/v1/notification-channels/{id}", "Switch a channel on or off", named::<Channel>)
        .takes(named::<ChangeChannel>),
    nothing("DELETE /api/v1/notification-channels/{id}", "Take a channel away; what waits for it is given up"),
    json("POST /api/v1/notification-channels/{id}/test", "Send a test, and say what came of it", named::<Delivery>),
    json("GET /api/v1/notification-routes", "Who is told of what, in order", named::<RouteList>),
    json("PUT /api/v1/notification-routes", "Write the whole list of routes anew", named::<RouteList>)
        .note("A route keeps its id; one without an id is new. The first that matches ends the search unless it continues; where none matches, the rule's owner and the administrators are told.")
        .takes(named::<SetRoutes>)
        .fails(&[("409", "Somebody has changed the routes meanwhile.")]),
    json("POST /api/v1/notification-routes/probe", "Who would be told of such an alert", named::<RouteProbe>)
        .note("Nothing is written.")
        .takes(named::<ProbeRoutes>),
    json("GET /api/v1/notifications", "The caller's messages", named::<Inbox>),
    json("GET /api/v1/notifications/preferences", "What the caller wants to be told", list::<Preference>)
        .note("One a feature that the caller may view."),
    json("PUT /api/v1/notifications/preferences", "Change what the caller wants to be told", list::<Preference>)
        .note("Features that are not named stay as they are. What is critical about access and audit comes always.")
        .takes(named::<SetPreferences>),
    nothing("POST /api/v1/notifications/read-all", "Mark all messages of the caller as read"),
    json("GET /api/v1/notifications/deliveries", "What went through channels, the latest first", list::<Delivery>),
    nothing("POST /api/v1/notifications/{id}/read", "Mark one message as read"),
];
