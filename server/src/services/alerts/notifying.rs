//! Silences, channels and inboxes.

use super::{
    outbox::{Outbox, Settings, kind_of_channel},
    recovery, routes, severity_of, visible,
};
use crate::{backend::Backend, services::transactions::zone_of};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    alerts::{
        Bell, Channel, ChannelKind, Delivery, Inbox, InboxItem, Matcher, MatcherField, NewChannel, NewSilence,
        NotificationsPort, Silence, WebhookFormat,
    },
    ids::{AlertId, ChannelId, NotificationId, SilenceId},
    live::Topic,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    alerts::{
        channels::{self, ChannelFields},
        list,
        messages::{self, DeliveryFields, InboxFields},
        silences::{self, SilenceFields},
    },
    audit::{self, Act},
};

/// Messages, deliveries and silences of one look.
const MOST: i64 = 100;

/// The service behind [`NotificationsPort`].
#[derive(Clone)]
pub struct NotificationsService {
    backend: Backend,
    outbox: Outbox,
}

impl fmt::Debug for NotificationsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationsService").finish_non_exhaustive()
    }
}

fn silence(of: SilenceFields, zone: &BusinessZone, now: DateTime<Utc>) -> Silence {
    let state = match of.ended_at {
        Some(_) => "ended",
        None if of.ends_at <= now => "ended",
        None if of.starts_at > now => "planned",
        None => "running",
    };
    Silence {
        id: SilenceId(of.id),
        matchers: serde_json::from_value(of.matchers).unwrap_or_default(),
        starts_at: zone.local(of.starts_at),
        ends_at: zone.local(of.ends_at),
        reason: of.reason,
        created_by: of.created_by,
        ended_at: of.ended_at.map(|at| zone.local(at)),
        ended_by: of.ended_by,
        state: state.to_owned(),
        held_back: of.held_back,
    }
}

fn channel(of: ChannelFields, zone: &BusinessZone) -> Result<Channel, AppError> {
    Ok(Channel {
        id: ChannelId(of.id),
        kind: kind_of_channel(&of.kind)?,
        name: of.name,
        format: of.format.as_deref().and_then(WebhookFormat::parse),
        target: of.target,
        enabled: of.enabled,
        last_ok_at: of.last_ok_at.map(|at| zone.local(at)),
        last_error: of.last_error,
        last_error_at: of.last_error_at.map(|at| zone.local(at)),
    })
}

pub(super) fn delivery(of: DeliveryFields, zone: &BusinessZone) -> Delivery {
    Delivery {
        id: NotificationId(of.id),
        channel: of.channel,
        event: of.event,
        alert_id: of.alert_id.map(AlertId),
        title: of.title,
        // Taken at this moment; to people that is waiting.
        state: if of.state == "sending" { "waiting".to_owned() } else { of.state },
        attempts: of.attempts,
        next_attempt_at: of.next_attempt_at.map(|at| zone.local(at)),
        response_code: of.response_code,
        error: of.error,
        created_at: zone.local(of.created_at),
        delivered_at: of.delivered_at.map(|at| zone.local(at)),
    }
}

/// A message as the inbox shows it.
fn message(of: InboxFields, zone: &BusinessZone) -> Result<InboxItem, AppError> {
    let many = of.messages > 1;
    let titles = of.titles.filter(|_| many).unwrap_or_default();
    let beyond = of.messages - i64::try_from(titles.len()).unwrap_or_default();
    let more = if many && beyond > 0 { format!("; and {beyond} more") } else { String::new() };
    Ok(InboxItem {
        id: NotificationId(of.id),
        event: if many { "digest".to_owned() } else { of.event },
        alert_id: of.alert_id.filter(|_| !many).map(AlertId),
        severity: severity_of(of.severity)?,
        title: if many { format!("{}{more}", titles.join("; ")) } else { of.title },
        at: zone.local(of.created_at),
        read_at: of.read_at.map(|at| zone.local(at)),
    })
}

impl NotificationsService {
    #[must_use]
    pub const fn new(backend: Backend, outbox: Outbox) -> Self {
        Self { backend, outbox }
    }

    async fn one_silence(&self, connection: &mut PgConnection, id: SilenceId) -> Result<Silence, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let found = silences::list(connection, Some(id.0), 1).await?.pop();
        found.map(|of| silence(of, &zone, self.backend.clock.now())).ok_or_else(|| AppError::not_found("Silence"))
    }

    async fn one_channel(&self, connection: &mut PgConnection, id: ChannelId) -> Result<Channel, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let found = channels::list(connection, Some(id.0)).await?.pop();
        channel(found.ok_or_else(|| AppError::not_found("Channel"))?, &zone)
    }

    async fn audit(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        action: &str,
        what: (&str, String),
        after: serde_json::Value,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        let act = Act::done(action, what.0, what.1).after(after);
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::live::emit(connection, Topic::Alerts, what.0).await?)
    }
}

#[async_trait]
impl NotificationsPort for NotificationsService {
    async fn silences(&self, who: &Principal) -> Result<Vec<Silence>, AppError> {
        who.require(Permission::AlertsView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let now = self.backend.clock.now();
        let found = silences::list(&mut connection, None, MOST).await?;
        Ok(found.into_iter().map(|of| silence(of, &zone, now)).collect())
    }

    async fn silence(&self, who: &Principal, command: &NewSilence) -> Result<Silence, AppError> {
        who.require(Permission::AlertsAck)?;
        let clock = self.backend.clock.as_ref();
        let (id, now) = (SilenceId(clock.new_id()), clock.now());
        command.validate(now).map_err(AppError::validation)?;
        let matchers = serde_json::to_value(&command.matchers).map_err(|_| AppError::internal())?;
        let new = silences::NewSilence {
            id: id.0,
            matchers: &matchers,
            starts_at: command.starts_at.map_or(now, |at| at.to_utc()),
            ends_at: command.ends_at.to_utc(),
            reason: command.reason.trim(),
            by: who.label(),
            at: now,
        };
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        silences::insert(&mut tx, &new).await?;
        let after = json!({ "matchers": matchers, "reason": new.reason, "ends_at": new.ends_at });
        self.audit(&mut tx, who, "alerts.silence", ("silence", id.to_string()), after).await?;
        store::commit(tx).await?;
        recovery::silence(&self.backend, who).await?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        self.one_silence(&mut connection, id).await
    }

    async fn silence_alert(&self, who: &Principal, id: AlertId, hours: u32, reason: &str) -> Result<Silence, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let alert = list::one(&mut connection, id.0, &visible(who), false).await?;
        drop(connection);
        let alert = alert.ok_or_else(|| AppError::not_found("Alert"))?;
        let matcher = |field, value: Option<String>| value.map(|value| Matcher { field, values: vec![value] });
        let matchers = [
            matcher(MatcherField::AlertType, Some(alert.alert_type)),
            matcher(MatcherField::EntityType, alert.entity_type),
            matcher(MatcherField::EntityId, alert.entity_id),
        ];
        let ends_at = self.backend.clock.now() + Duration::hours(hours.into());
        let command = NewSilence {
            matchers: matchers.into_iter().flatten().collect(),
            starts_at: None,
            ends_at: ends_at.fixed_offset(),
            reason: reason.to_owned(),
        };
        self.silence(who, &command).await
    }

    async fn end_silence(&self, who: &Principal, id: SilenceId) -> Result<Silence, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.one_silence(&mut tx, id).await?;
        if silences::end(&mut tx, id.0, who.label(), self.backend.clock.now()).await? {
            self.audit(&mut tx, who, "alerts.silence_end", ("silence", id.to_string()), json!({})).await?;
        }
        store::commit(tx).await?;
        recovery::silence(&self.backend, who).await?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        self.one_silence(&mut connection, id).await
    }

    async fn channels(&self, who: &Principal) -> Result<Vec<Channel>, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        channels::list(&mut connection, None).await?.into_iter().map(|of| channel(of, &zone)).collect()
    }

    async fn add_channel(&self, who: &Principal, command: &NewChannel) -> Result<Channel, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut faults = command.validate().err().unwrap_or_default();
        let mut target = format!("{} recipients", command.addresses.len());
        let settings = match command.kind {
            ChannelKind::Webhook => {
                let url = command.url.clone().unwrap_or_default();
                match self.outbox.destinations().check(&url).await {
                    Ok(url) => target = url.host_str().unwrap_or_default().to_owned(),
                    Err(told) if !faults.iter().any(|fault| fault.path == "url") => {
                        faults.push(FieldError::new("url", told.to_string()));
                    }
                    Err(_) => {}
                }
                Settings::Webhook { url, secret: command.secret.clone().unwrap_or_default() }
            }
            ChannelKind::Email => {
                if !self.outbox.mails() {
                    faults.push(FieldError::new("kind", "No mail server is set; see MILLRACE_SMTP_URL."));
                }
                Settings::Email { addresses: command.addresses.clone() }
            }
        };
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let clock = self.backend.clock.as_ref();
        let (id, format) = (ChannelId(clock.new_id()), command.format.unwrap_or(WebhookFormat::Generic));
        let new = channels::NewChannel {
            id: id.0,
            name: command.name.trim(),
            kind: command.kind.as_str(),
            format: (command.kind == ChannelKind::Webhook).then_some(format.as_str()),
            config_enc: &self.outbox.seal(id.0, &settings)?,
            target: &target,
            by: who.label(),
            at: clock.now(),
        };
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        if !channels::insert(&mut tx, &new).await? {
            return Err(AppError::conflict("A channel with this name is there already.")
                .with_field("name", "This name is taken."));
        }
        routes::add_for_channel(&mut tx, clock, who, id, command.severity_min).await?;
        let after = json!({ "name": new.name, "kind": new.kind, "target": target, "from": command.severity_min });
        self.audit(&mut tx, who, "alerts.channel_create", ("channel", id.to_string()), after).await?;
        let made = self.one_channel(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(made)
    }

    async fn enable_channel(&self, who: &Principal, id: ChannelId, enabled: bool) -> Result<Channel, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let before = self.one_channel(&mut tx, id).await?;
        if before.enabled != enabled {
            channels::enable(&mut tx, id.0, enabled).await?;
            let after = json!({ "enabled": enabled });
            self.audit(&mut tx, who, "alerts.channel_change", ("channel", id.to_string()), after).await?;
        }
        let made = self.one_channel(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(made)
    }

    async fn delete_channel(&self, who: &Principal, id: ChannelId) -> Result<(), AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let before = self.one_channel(&mut tx, id).await?;
        channels::delete(&mut tx, id.0, self.backend.clock.now()).await?;
        routes::forget_channel(&mut tx, self.backend.clock.as_ref(), who, id).await?;
        let after = json!({ "name": before.name });
        self.audit(&mut tx, who, "alerts.channel_delete", ("channel", id.to_string()), after).await?;
        Ok(store::commit(tx).await?)
    }

    async fn test_channel(&self, who: &Principal, id: ChannelId) -> Result<Delivery, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let found = channels::list(&mut connection, Some(id.0)).await?.pop();
        drop(connection);
        let sent = self.outbox.test(&found.ok_or_else(|| AppError::not_found("Channel"))?).await?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut tx).await?);
        let told = messages::deliveries(&mut tx, Some(sent), 1).await?.pop().ok_or_else(AppError::internal)?;
        let after = json!({ "state": told.state });
        self.audit(&mut tx, who, "alerts.channel_test", ("channel", id.to_string()), after).await?;
        store::commit(tx).await?;
        Ok(delivery(told, &zone))
    }

    async fn inbox(&self, who: &Principal) -> Result<Inbox, AppError> {
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let unread = messages::unread(&mut connection, user.0).await?;
        let items = messages::inbox(&mut connection, user.0, MOST).await?.into_iter().map(|of| message(of, &zone));
        Ok(Inbox { unread, items: items.collect::<Result<_, AppError>>()? })
    }

    async fn bell(&self, who: &Principal) -> Result<Bell, AppError> {
        let Some(user) = who.user_id() else { return Ok(Bell::default()) };
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let told = messages::bell(&mut connection, user.0).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let shown = |of: Option<InboxFields>| of.map(|of| message(of, &zone)).transpose();
        Ok(Bell { unread: told.number, latest: shown(told.latest)?, critical: shown(told.critical)? })
    }

    async fn read(&self, who: &Principal, id: Option<NotificationId>) -> Result<(), AppError> {
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let read = messages::read(&mut tx, user.0, id.map(|id| id.0), self.backend.clock.now()).await?;
        if read == 0 && id.is_some() {
            return Err(AppError::not_found("Message"));
        }
        store::live::emit(&mut tx, Topic::Notification, &user.to_string()).await?;
        Ok(store::commit(tx).await?)
    }

    async fn deliveries(&self, who: &Principal) -> Result<Vec<Delivery>, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let found = messages::deliveries(&mut connection, None, MOST).await?;
        Ok(found.into_iter().map(|of| delivery(of, &zone)).collect())
    }
}
