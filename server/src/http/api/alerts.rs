//! `/api/v1/alerts`, their rules, silences, channels and everybody's messages.

use super::transactions::{envelope, value};
use crate::{
    http::{
        body::{Json, Path},
        caller::Signed,
        error::ApiResult,
        routes::Routes,
    },
    services::Services,
};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use domain::{
    AppError,
    access::{Access, Permission, Principal},
    alerts::{
        AckAlert, AlertCounts, AlertDetail, AlertQuery, AssignAlert, BulkAlerts, BulkResult, Channel, CommentAlert,
        Delivery, Inbox, Metric, MetricReading, NewAlert, NewChannel, NewRule, NewSilence, Note, RuleDetail,
        RuleInstance, RuleRow, Silence, SilenceAlert, Stats, StatsQuery,
    },
    ids::{AlertId, AlertRuleId, ChannelId, NotificationId, SilenceId},
    paging::Page,
    query,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

pub fn routes() -> Routes<Services> {
    let needs = Access::Needs;
    let (view, ack, edit) =
        (needs(Permission::AlertsView), needs(Permission::AlertsAck), needs(Permission::AlertsEdit));
    Routes::new()
        .get("/api/v1/alerts", view, list)
        .post("/api/v1/alerts", ack, create)
        .post("/api/v1/alerts/bulk", ack, bulk)
        .get("/api/v1/alerts/stats", view, stats)
        .get("/api/v1/alerts/unresolved/count", view, count)
        .get("/api/v1/alerts/{id}", view, detail)
        .delete("/api/v1/alerts/{id}", edit, delete)
        .get("/api/v1/alerts/{id}/events", view, events)
        .patch("/api/v1/alerts/{id}/resolve", ack, resolve)
        .post("/api/v1/alerts/{id}/acknowledge", ack, acknowledge)
        .post("/api/v1/alerts/{id}/unacknowledge", ack, unacknowledge)
        .post("/api/v1/alerts/{id}/assign", ack, assign)
        .post("/api/v1/alerts/{id}/silence", ack, silence_alert)
        .post("/api/v1/alerts/{id}/comments", ack, comment)
        .get("/api/v1/alert-rules", view, rules)
        .post("/api/v1/alert-rules", edit, add_rule)
        .post("/api/v1/alert-rules/preview", view, preview)
        .get("/api/v1/alert-rules/{id}", view, rule)
        .patch("/api/v1/alert-rules/{id}", edit, change_rule)
        .delete("/api/v1/alert-rules/{id}", edit, delete_rule)
        .post("/api/v1/alert-rules/{id}/enable", edit, enable_rule)
        .post("/api/v1/alert-rules/{id}/disable", edit, disable_rule)
        .get("/api/v1/alert-rules/{id}/instances", view, instances)
        .get("/api/v1/alert-metrics", view, metrics)
        .get("/api/v1/silences", view, silences)
        .post("/api/v1/silences", ack, silence)
        .post("/api/v1/silences/{id}/end", ack, end_silence)
        .get("/api/v1/notification-channels", edit, channels)
        .post("/api/v1/notification-channels", edit, add_channel)
        .patch("/api/v1/notification-channels/{id}", edit, change_channel)
        .delete("/api/v1/notification-channels/{id}", edit, delete_channel)
        .post("/api/v1/notification-channels/{id}/test", edit, test_channel)
        .get("/api/v1/notifications", Access::SignedIn, inbox)
        .post("/api/v1/notifications/read-all", Access::SignedIn, read_all)
        .get("/api/v1/notifications/deliveries", edit, deliveries)
        .post("/api/v1/notifications/{id}/read", Access::SignedIn, read)
}

/// Beside a page of alerts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertPage {
    /// Of the page.
    count: usize,
    /// Of the filter.
    total: i64,
    limit: u32,
    next_cursor: Option<String>,
}

/// A rule as it was changed, and the version that was changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRule {
    pub version: i32,
    pub rule: NewRule,
}

/// Whether a channel is used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeChannel {
    pub enabled: bool,
}

/// Active alerts that one may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnresolvedCount {
    total: i64,
    by_severity: BySeverity,
    /// Held back by a silence; they are among the total.
    silenced: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertsBySeverity)]
pub struct BySeverity {
    critical: i64,
    high: i64,
    medium: i64,
    low: i64,
}

/// Alerts of a filter, the newest first unless `sort` says otherwise.
pub async fn list(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Value>> {
    let asked = AlertQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    let Page { items, next_cursor, total } = services.alerts.list(&who, &asked).await?;
    let metadata = AlertPage { count: items.len(), total, limit: asked.limit, next_cursor };
    Ok(Json(envelope(value(items)?, metadata)))
}

/// Opens an alert by hand; 200 when the same problem is open already.
pub async fn create(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<NewAlert>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let raised = services.alerts.create(&who, &command).await?;
    let status = if raised.opened { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(envelope(value(raised.alert)?, json!({})))))
}

/// How many are not over.
pub async fn count(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<UnresolvedCount>> {
    let AlertCounts { total, critical, high, medium, low, silenced } = services.alerts.counts(&who).await?;
    Ok(Json(UnresolvedCount { total, by_severity: BySeverity { critical, high, medium, low }, silenced }))
}

/// One alert in full.
pub async fn detail(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
) -> ApiResult<Json<AlertDetail>> {
    Ok(Json(services.alerts.alert(&who, id).await?))
}

/// What happened to it, the oldest first.
pub async fn events(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
) -> ApiResult<Json<Vec<domain::alerts::AlertEvent>>> {
    Ok(Json(services.alerts.alert(&who, id).await?.events))
}

/// Hides it; it stays in the books.
pub async fn delete(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
) -> ApiResult<StatusCode> {
    services.alerts.delete(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends it; a second time changes nothing.
pub async fn resolve(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
    body: bytes::Bytes,
) -> ApiResult<Json<Value>> {
    let note: Note = optional(&body)?;
    let alert = services.alerts.resolve(&who, id, note.note.as_deref()).await?;
    Ok(Json(envelope(value(alert.row)?, json!({}))))
}

/// An empty body says nothing.
fn optional<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|_| AppError::field("body", "The body is not what this address takes."))
}

/// Says that the caller has seen it.
pub async fn acknowledge(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
    body: bytes::Bytes,
) -> ApiResult<Json<AlertDetail>> {
    let command: AckAlert = optional(&body)?;
    Ok(Json(services.alerts.acknowledge(&who, id, &command).await?))
}

/// Takes the acknowledgement back.
pub async fn unacknowledge(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
) -> ApiResult<Json<AlertDetail>> {
    Ok(Json(services.alerts.unacknowledge(&who, id).await?))
}

/// Gives it to somebody, or to nobody.
pub async fn assign(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
    Json(command): Json<AssignAlert>,
) -> ApiResult<Json<AlertDetail>> {
    Ok(Json(services.alerts.assign(&who, id, command).await?))
}

/// Holds back what is told of its type and entity.
pub async fn silence_alert(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
    Json(command): Json<SilenceAlert>,
) -> ApiResult<Json<AlertDetail>> {
    Ok(Json(services.alerts.silence(&who, id, &command).await?))
}

/// The same act on many, or only how many they are.
pub async fn bulk(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<BulkAlerts>,
) -> ApiResult<Json<BulkResult>> {
    Ok(Json(services.alerts.bulk(&who, &command).await?))
}

/// How fast alerts are seen and ended.
pub async fn stats(
    State(services): State<Services>,
    Signed(who): Signed,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<Stats>> {
    let asked = StatsQuery::parse(query::pairs(raw.as_deref().unwrap_or_default())).map_err(AppError::validation)?;
    Ok(Json(services.alerts.stats(&who, asked).await?))
}

/// Writes something down.
pub async fn comment(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertId>,
    Json(command): Json<CommentAlert>,
) -> ApiResult<Json<AlertDetail>> {
    Ok(Json(services.alerts.comment(&who, id, &command).await?))
}

/// Rules by name.
pub async fn rules(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<RuleRow>>> {
    Ok(Json(services.alert_rules.rules(&who).await?))
}

/// Makes a rule.
pub async fn add_rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(rule): Json<NewRule>,
) -> ApiResult<(StatusCode, Json<RuleDetail>)> {
    Ok((StatusCode::CREATED, Json(services.alert_rules.create(&who, &rule).await?)))
}

/// What a rule would see now; nothing is written.
pub async fn preview(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(rule): Json<NewRule>,
) -> ApiResult<Json<Vec<MetricReading>>> {
    Ok(Json(services.alert_rules.preview(&who, &rule).await?))
}

/// One rule with what it knows.
pub async fn rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
) -> ApiResult<Json<RuleDetail>> {
    Ok(Json(services.alert_rules.rule(&who, id).await?))
}

/// Changes a rule.
pub async fn change_rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
    Json(command): Json<ChangeRule>,
) -> ApiResult<Json<RuleDetail>> {
    Ok(Json(services.alert_rules.change(&who, id, command.version, &command.rule).await?))
}

/// Takes a rule away.
pub async fn delete_rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
) -> ApiResult<StatusCode> {
    services.alert_rules.delete(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable(services: &Services, who: &Principal, id: AlertRuleId, on: bool) -> ApiResult<Json<RuleDetail>> {
    Ok(Json(services.alert_rules.enable(who, id, on).await?))
}

/// Switches a rule on.
pub async fn enable_rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
) -> ApiResult<Json<RuleDetail>> {
    enable(&services, &who, id, true).await
}

/// Switches a rule off; its alerts are over.
pub async fn disable_rule(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
) -> ApiResult<Json<RuleDetail>> {
    enable(&services, &who, id, false).await
}

/// What a rule knows of each entity, the gravest first.
pub async fn instances(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<AlertRuleId>,
) -> ApiResult<Json<Vec<RuleInstance>>> {
    Ok(Json(services.alert_rules.rule(&who, id).await?.states))
}

/// What rules may watch.
pub async fn metrics(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Metric>>> {
    Ok(Json(services.alert_rules.metrics(&who).await?))
}

/// Silences, the latest first.
pub async fn silences(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Silence>>> {
    Ok(Json(services.notifications.silences(&who).await?))
}

/// Makes a silence.
pub async fn silence(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<NewSilence>,
) -> ApiResult<(StatusCode, Json<Silence>)> {
    Ok((StatusCode::CREATED, Json(services.notifications.silence(&who, &command).await?)))
}

/// Ends a silence before its time.
pub async fn end_silence(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<SilenceId>,
) -> ApiResult<Json<Silence>> {
    Ok(Json(services.notifications.end_silence(&who, id).await?))
}

/// Channels by name.
pub async fn channels(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Channel>>> {
    Ok(Json(services.notifications.channels(&who).await?))
}

/// Makes a channel.
pub async fn add_channel(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<NewChannel>,
) -> ApiResult<(StatusCode, Json<Channel>)> {
    Ok((StatusCode::CREATED, Json(services.notifications.add_channel(&who, &command).await?)))
}

/// Switches a channel on or off.
pub async fn change_channel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ChannelId>,
    Json(command): Json<ChangeChannel>,
) -> ApiResult<Json<Channel>> {
    Ok(Json(services.notifications.enable_channel(&who, id, command.enabled).await?))
}

/// Takes a channel away.
pub async fn delete_channel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ChannelId>,
) -> ApiResult<StatusCode> {
    services.notifications.delete_channel(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test and says what came of it.
pub async fn test_channel(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<ChannelId>,
) -> ApiResult<Json<Delivery>> {
    Ok(Json(services.notifications.test_channel(&who, id).await?))
}

/// The caller's messages.
pub async fn inbox(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Inbox>> {
    Ok(Json(services.notifications.inbox(&who).await?))
}

/// Marks one message as read.
pub async fn read(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(id): Path<NotificationId>,
) -> ApiResult<StatusCode> {
    services.notifications.read(&who, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks all messages of the caller as read.
pub async fn read_all(State(services): State<Services>, Signed(who): Signed) -> ApiResult<StatusCode> {
    services.notifications.read(&who, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What went through channels, the latest first.
pub async fn deliveries(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<Delivery>>> {
    Ok(Json(services.notifications.deliveries(&who).await?))
}
