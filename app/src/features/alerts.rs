//! Server functions of alerts, rules, silences, channels and messages.

#![allow(clippy::too_many_arguments, reason = "a form's fields, which the macro hands on one by one")]

use crate::{fault::Fault, page_data::Packed};
use domain::alerts::{
    AlertScreen, Bell, BulkScreen, ChannelScreen, Inbox, LevelForm, OneAlertScreen, RuleRow, RuleScreen, Silence, Stats,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// A page of the list; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "alerts/list", input = GetUrl)]
pub async fn load_alerts(query: String) -> Result<Packed<AlertScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        alerts::{AlertQuery, AlertsPort, as_on_the_desk},
        query::pairs,
    };
    let asked = AlertQuery::parse(as_on_the_desk(pairs(&query))).map_err(AppError::validation)?;
    let (alerts, who) = (port::<dyn AlertsPort>()?, principal()?);
    Packed::of(&AlertScreen { page: alerts.list(&who, &asked).await?, counts: alerts.counts(&who).await? })
}

/// One alert; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "alerts/alert", input = GetUrl)]
pub async fn load_alert(id: String) -> Result<Packed<Option<OneAlertScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, alerts::AlertsPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    let (alerts, who) = (port::<dyn AlertsPort>()?, principal()?);
    let alert = match alerts.alert(&who, id).await {
        Ok(alert) => alert,
        Err(error) if error.code == ErrorCode::NotFound => return Packed::of(&None),
        Err(error) => return Err(error.into()),
    };
    let people = if alert.may_act { alerts.assignees(&who, Some(alert.row.feature)).await? } else { Vec::new() };
    Packed::of(&Some(OneAlertScreen { alert, people }))
}

/// Gives an alert to somebody; with an empty `assignee_id` to nobody.
#[server(prefix = "/fn", endpoint = "alerts/assign")]
pub async fn assign_alert(id: String, #[server(default)] assignee_id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{AlertsPort, AssignAlert},
        ids::AlertId,
    };
    let id: AlertId = id.parse().map_err(|_| AppError::not_found("Alert"))?;
    let command = AssignAlert { assignee_id: somebody(&assignee_id)? };
    port::<dyn AlertsPort>()?.assign(&principal()?, id, command).await?;
    redirect(&format!("/alerts/{id}"));
    Ok(())
}

#[cfg(feature = "ssr")]
fn somebody(text: &str) -> Result<Option<domain::ids::UserId>, domain::AppError> {
    match text.trim() {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| domain::AppError::field("assignee_id", "Choose a person.")),
    }
}

/// What an act on many would change; `query` is that of the page: the act, the selected alerts, the filter of the list.
#[server(prefix = "/fn", endpoint = "alerts/preview_act", input = GetUrl)]
pub async fn preview_act_on_alerts(query: String) -> Result<Packed<BulkScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        alerts::{AlertsPort, BulkAction, BulkAlerts},
        query::pairs,
    };
    let asked = BulkAlerts::from_query(&query)?;
    let (alerts, who) = (port::<dyn AlertsPort>()?, principal()?);
    let changed = pairs(&query).into_iter().find(|(name, _)| name == "changed").and_then(|(_, n)| n.parse().ok());
    let filter = asked.filter.clone().unwrap_or_default().into_iter().collect();
    let (action, selected) = (asked.action, !asked.ids.is_empty());
    let people = if action == BulkAction::Assign { alerts.assignees(&who, None).await? } else { Vec::new() };
    // To whom they go is chosen on the page: those of anybody are asked after.
    let dry = BulkAlerts { dry_run: true, ..asked };
    let matched = if changed.is_some() { 0 } else { alerts.bulk(&who, &dry).await?.matched };
    Packed::of(&BulkScreen { action, matched, selected, filter, changed, people })
}

/// Does what the act in `query` says, and comes back with the number of alerts it changed.
#[server(prefix = "/fn", endpoint = "alerts/act_on_many")]
pub async fn act_on_alerts(
    query: String,
    #[server(default)] note: String,
    #[server(default)] hours: String,
    #[server(default)] assignee_id: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{AlertsPort, BulkAction, BulkAlerts},
        query::write,
    };
    let mut asked = BulkAlerts::from_query(&query)?;
    asked.note = Some(note).filter(|note| !note.trim().is_empty());
    asked.assignee_id = somebody(&assignee_id)?;
    if asked.action == BulkAction::Silence {
        asked.hours = Some(hours.parse().map_err(|_| AppError::field("hours", "Choose how long."))?);
    }
    let done = port::<dyn AlertsPort>()?.bulk(&principal()?, &asked).await?;
    let (action, changed) = (asked.action.as_str(), done.changed.to_string());
    let filter = asked.filter.unwrap_or_default();
    let back = filter.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    redirect(&format!("/alerts/act?{}", write([("action", action), ("changed", &changed)].into_iter().chain(back))));
    Ok(())
}

/// How fast alerts were seen and ended; `query` is the query part of the page's address.
#[server(prefix = "/fn", endpoint = "alerts/stats", input = GetUrl)]
pub async fn load_alert_stats(query: String) -> Result<Packed<Stats>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        alerts::{AlertsPort, StatsQuery},
        query::pairs,
    };
    let asked = StatsQuery::parse(pairs(&query)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn AlertsPort>()?.stats(&principal()?, asked).await?)
}

/// Opens an alert by hand and goes to it.
#[server(prefix = "/fn", endpoint = "alerts/create")]
pub async fn create_alert(
    alert_type: String,
    severity: String,
    title: String,
    message: String,
    #[server(default)] entity_type: String,
    #[server(default)] entity_id: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::alerts::{AlertsPort, NewAlert};
    let given = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let command = NewAlert {
        alert_type: alert_type.trim().to_owned(),
        severity,
        title,
        message,
        entity_type: given(entity_type),
        entity_id: given(entity_id),
        money_at_risk: None,
        assignee_id: None,
    };
    let raised = port::<dyn AlertsPort>()?.create(&principal()?, &command).await?;
    redirect(&format!("/alerts/{}", raised.alert.id));
    Ok(())
}

/// Acts on an alert: `acknowledge`, `unacknowledge`, `comment`, `resolve` or `delete`.
#[server(prefix = "/fn", endpoint = "alerts/act")]
pub async fn act_on_alert(id: String, how: String, #[server(default)] text: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{AckAlert, AlertsPort, CommentAlert},
        ids::AlertId,
    };
    let id: AlertId = id.parse().map_err(|_| AppError::not_found("Alert"))?;
    let (alerts, who) = (port::<dyn AlertsPort>()?, principal()?);
    let note = Some(text.trim()).filter(|text| !text.is_empty());
    match how.as_str() {
        "acknowledge" => {
            let command = AckAlert { note: note.map(str::to_owned), until: None };
            alerts.acknowledge(&who, id, &command).await?;
        }
        "unacknowledge" => drop(alerts.unacknowledge(&who, id).await?),
        "comment" => drop(alerts.comment(&who, id, &CommentAlert { text }).await?),
        "resolve" => drop(alerts.resolve(&who, id, note).await?),
        "delete" => {
            alerts.delete(&who, id).await?;
            redirect("/alerts");
            return Ok(());
        }
        _ => return Err(AppError::field("how", "Choose what to do.").into()),
    }
    redirect(&format!("/alerts/{id}"));
    Ok(())
}

/// Silences, the latest first.
#[server(prefix = "/fn", endpoint = "alerts/silences", input = GetUrl)]
pub async fn load_silences() -> Result<Packed<Vec<Silence>>, Fault> {
    use crate::context::{port, principal};
    use domain::alerts::NotificationsPort;
    Packed::of(&port::<dyn NotificationsPort>()?.silences(&principal()?).await?)
}

/// Holds back what is told of an alert's entity, or of its type where it has none, for `hours`.
#[server(prefix = "/fn", endpoint = "alerts/silence")]
pub async fn silence_alert(id: String, hours: String, reason: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::NotificationsPort, ids::AlertId};
    let id: AlertId = id.parse().map_err(|_| AppError::not_found("Alert"))?;
    let hours: u32 = hours.parse().map_err(|_| AppError::field("hours", "Choose how long."))?;
    port::<dyn NotificationsPort>()?.silence_alert(&principal()?, id, hours, &reason).await?;
    redirect(&format!("/alerts/{id}"));
    Ok(())
}

/// Ends a silence before its time.
#[server(prefix = "/fn", endpoint = "alerts/end_silence")]
pub async fn end_silence(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::NotificationsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Silence"))?;
    port::<dyn NotificationsPort>()?.end_silence(&principal()?, id).await?;
    redirect("/alerts/silences");
    Ok(())
}

/// Rules by name.
#[server(prefix = "/fn", endpoint = "alerts/rules", input = GetUrl)]
pub async fn load_rules() -> Result<Packed<Vec<RuleRow>>, Fault> {
    use crate::context::{port, principal};
    use domain::alerts::AlertRulesPort;
    Packed::of(&port::<dyn AlertRulesPort>()?.rules(&principal()?).await?)
}

/// A rule or, for `new`, none; `query` fills the form in and asks for what it would see. `None`: there is no such rule.
#[server(prefix = "/fn", endpoint = "alerts/rule", input = GetUrl)]
pub async fn load_rule(id: String, query: String) -> Result<Packed<Option<RuleScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError, ErrorCode,
        access::Permission,
        alerts::{AlertRulesPort, RuleForm},
        query::pairs,
    };
    let (rules, who) = (port::<dyn AlertRulesPort>()?, principal()?);
    let rule = match id.parse() {
        Ok(id) => match rules.rule(&who, id).await {
            Ok(rule) => Some(rule),
            Err(error) if error.code == ErrorCode::NotFound => return Packed::of(&None),
            Err(error) => return Err(error.into()),
        },
        Err(_) if id == "new" => None,
        Err(_) => return Packed::of(&None),
    };
    let asked = pairs(&query);
    let filled = asked.iter().any(|(name, _)| name == "metric_key");
    let form = match &rule {
        Some(rule) if !filled => RuleForm::of(&rule.row),
        _ => RuleForm::parse(asked),
    };
    let preview = match filled.then(|| form.read().map_err(AppError::validation)) {
        Some(Ok(read)) => Some(rules.preview(&who, &read).await),
        Some(Err(error)) => Some(Err(error)),
        None => None,
    };
    let may_edit = who.may(Permission::AlertsEdit);
    Packed::of(&Some(RuleScreen { rule, form, metrics: rules.metrics(&who).await?, preview, may_edit }))
}

/// Makes a rule (`id` is `new`) or changes one.
#[server(prefix = "/fn", endpoint = "alerts/save_rule")]
pub async fn save_rule(
    id: String,
    #[server(default)] version: String,
    #[server(default)] kind: String,
    name: String,
    alert_type: String,
    metric_key: String,
    title: String,
    #[server(default)] runbook: String,
    #[server(default)] window_seconds: String,
    #[server(default)] op: String,
    #[server(default)] levels: Vec<LevelForm>,
    #[server(default)] n_breaches: String,
    #[server(default)] m_clears: String,
    #[server(default)] for_seconds: String,
    #[server(default)] keep_firing_seconds: String,
    #[server(default)] every_seconds: String,
    #[server(default)] no_data: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{AlertRulesPort, RuleForm},
    };
    let form = RuleForm {
        kind,
        window_seconds,
        name,
        alert_type,
        metric_key,
        title,
        runbook,
        op,
        levels,
        n_breaches,
        m_clears,
        for_seconds,
        keep_firing_seconds,
        every_seconds,
        no_data,
    };
    let rule = form.read().map_err(AppError::validation)?;
    let (rules, who) = (port::<dyn AlertRulesPort>()?, principal()?);
    let saved = if id == "new" {
        rules.create(&who, &rule).await?
    } else {
        let id = id.parse().map_err(|_| AppError::not_found("Rule"))?;
        rules.change(&who, id, version.parse().unwrap_or_default(), &rule).await?
    };
    redirect(&format!("/alerts/rules/{}", saved.row.id));
    Ok(())
}

/// Acts on a rule: `enable`, `disable` or `delete`.
#[server(prefix = "/fn", endpoint = "alerts/act_on_rule")]
pub async fn act_on_rule(id: String, how: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::AlertRulesPort, ids::AlertRuleId};
    let id: AlertRuleId = id.parse().map_err(|_| AppError::not_found("Rule"))?;
    let (rules, who) = (port::<dyn AlertRulesPort>()?, principal()?);
    match how.as_str() {
        "enable" => drop(rules.enable(&who, id, true).await?),
        "disable" => drop(rules.enable(&who, id, false).await?),
        "delete" => {
            rules.delete(&who, id).await?;
            redirect("/alerts/rules");
            return Ok(());
        }
        _ => return Err(AppError::field("how", "Choose what to do.").into()),
    }
    redirect(&format!("/alerts/rules/{id}"));
    Ok(())
}

/// Channels, and what went through them.
#[server(prefix = "/fn", endpoint = "alerts/channels", input = GetUrl)]
pub async fn load_channels() -> Result<Packed<ChannelScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::alerts::NotificationsPort;
    let (notifications, who) = (port::<dyn NotificationsPort>()?, principal()?);
    let (channels, deliveries) = (notifications.channels(&who).await?, notifications.deliveries(&who).await?);
    Packed::of(&ChannelScreen { channels, deliveries })
}

/// Makes a channel.
#[server(prefix = "/fn", endpoint = "alerts/add_channel")]
pub async fn add_channel(
    name: String,
    kind: String,
    severity_min: String,
    #[server(default)] format: String,
    #[server(default)] url: String,
    #[server(default)] secret: String,
    #[server(default)] addresses: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        alerts::{ChannelKind, NewChannel, NotificationsPort, Severity, WebhookFormat},
    };
    let command = NewChannel {
        name,
        kind: ChannelKind::parse(&kind).ok_or_else(|| AppError::field("kind", "Choose webhook or e-mail."))?,
        format: WebhookFormat::parse(&format),
        severity_min: Severity::parse(&severity_min).unwrap_or(Severity::Medium),
        url: Some(url.trim().to_owned()),
        secret: Some(secret),
        addresses: addresses.split([',', ' ', '\n', '\r']).filter(|a| !a.is_empty()).map(str::to_owned).collect(),
    };
    port::<dyn NotificationsPort>()?.add_channel(&principal()?, &command).await?;
    redirect("/alerts/channels");
    Ok(())
}

/// Acts on a channel: `test`, `enable`, `disable` or `delete`.
#[server(prefix = "/fn", endpoint = "alerts/act_on_channel")]
pub async fn act_on_channel(id: String, how: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::NotificationsPort, ids::ChannelId};
    let id: ChannelId = id.parse().map_err(|_| AppError::not_found("Channel"))?;
    let (notifications, who) = (port::<dyn NotificationsPort>()?, principal()?);
    match how.as_str() {
        "test" => drop(notifications.test_channel(&who, id).await?),
        "enable" => drop(notifications.enable_channel(&who, id, true).await?),
        "disable" => drop(notifications.enable_channel(&who, id, false).await?),
        "delete" => notifications.delete_channel(&who, id).await?,
        _ => return Err(AppError::field("how", "Choose what to do.").into()),
    }
    redirect("/alerts/channels");
    Ok(())
}

/// The caller's messages.
#[server(prefix = "/fn", endpoint = "inbox/list", input = GetUrl)]
pub async fn load_inbox() -> Result<Packed<Inbox>, Fault> {
    use crate::context::{port, principal};
    use domain::alerts::NotificationsPort;
    Packed::of(&port::<dyn NotificationsPort>()?.inbox(&principal()?).await?)
}

/// What the caller has not read; `None` while that cannot be known.
#[server(prefix = "/fn", endpoint = "inbox/bell", input = GetUrl)]
pub async fn load_bell() -> Result<Option<Bell>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, alerts::NotificationsPort};
    match port::<dyn NotificationsPort>()?.bell(&principal()?).await {
        Ok(bell) => Ok(Some(bell)),
        // Every page asks: an outage is no fault of the page.
        Err(error) if error.code == ErrorCode::Unavailable => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Marks a message, or with an empty id all of them, as read.
#[server(prefix = "/fn", endpoint = "inbox/read")]
pub async fn mark_read(#[server(default)] id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, alerts::NotificationsPort};
    let id = match id.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| AppError::not_found("Message"))?),
    };
    port::<dyn NotificationsPort>()?.read(&principal()?, id).await?;
    redirect("/inbox");
    Ok(())
}
