//! Alerts as people see and handle them.

use super::{
    many::{check_assignee, given_to},
    notifying::delivery,
    severity_of,
    signals::{self, Ended, Entity, Signal, Source},
    steps, visible,
};
use crate::{
    backend::Backend,
    services::{cursor, transactions::zone_of},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    alerts::{
        AckAlert, Acknowledged, AlertCounts, AlertDetail, AlertEvent, AlertFeature, AlertLimit, AlertQuery, AlertRow,
        AlertState, AlertValue, AlertsPort, AssignAlert, Assignee, BulkAlerts, BulkResult, CommentAlert, NewAlert,
        Note, Raised, Resolution, RuleSpec, ShownState, SilenceAlert, Stats, StatsQuery, is_acknowledged, kind_of,
    },
    ids::{AlertId, UserId},
    live::Topic,
    money::Money,
    paging::Page,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    alerts::{
        self as rows, Ack, Locked, instances,
        list::{self, After, AlertFields, Scope},
        messages,
    },
    audit::{self, Act},
};

/// Earlier alerts of the same problem that its page shows.
const BEFORE: i64 = 10;
/// Deliveries of one look.
const DELIVERIES: i64 = 100;
/// Events of one look.
const EVENTS: i64 = 500;
/// Measurements of one look.
const VALUES: i32 = 240;

/// The service behind [`AlertsPort`].
#[derive(Clone)]
pub struct AlertsService {
    pub(super) backend: Backend,
}

impl fmt::Debug for AlertsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertsService").finish_non_exhaustive()
    }
}

/// How rows are shown.
pub(super) struct Shown {
    pub zone: BusinessZone,
    pub now: DateTime<Utc>,
}

impl Shown {
    fn row(&self, of: AlertFields) -> Result<AlertRow, AppError> {
        let local = |at: DateTime<Utc>| self.zone.local(at);
        let stored = AlertState::parse(&of.state).ok_or_else(AppError::internal)?;
        let acknowledged =
            of.acked_at.zip(of.acked_by).filter(|_| is_acknowledged(of.acked_at, of.ack_until, self.now));
        let silenced = of.silenced_until.is_some_and(|until| until > self.now);
        Ok(AlertRow {
            id: AlertId(of.id),
            number: of.number,
            feature: AlertFeature::parse(&of.feature).ok_or_else(AppError::internal)?,
            severity: severity_of(of.severity)?,
            state: ShownState::of(stored, silenced, acknowledged.is_some()),
            alert_type: of.alert_type,
            title: of.title,
            message: of.message,
            entity_type: of.entity_type,
            entity_id: of.entity_id,
            entity_label: of.entity_label,
            value: of.value.map(|value| value.normalize()),
            threshold: of.threshold.map(|value| value.normalize()),
            unit: of.unit,
            occurrences: of.occurrences,
            is_resolved: stored == AlertState::Resolved,
            acknowledged: acknowledged.map(|(at, by)| Acknowledged {
                by,
                at: local(at),
                note: of.ack_note,
                until: of.ack_until.map(local),
            }),
            assignee: of.assignee_id.zip(of.assignee).map(|(id, name)| Assignee { id: UserId(id), name }),
            money_at_risk: of.money_at_risk.map(|money| money.normalize()),
            currency: of.currency,
            action_path: of.action_path,
            created_at: local(of.opened_at),
            last_seen_at: local(of.last_seen_at),
            resolved_at: of.resolved_at.map(local),
            resolved_by: of.resolved_by,
            resolution: of.resolution.as_deref().and_then(Resolution::parse),
            resolution_note: of.resolution_note,
            deleted_at: of.deleted_at.map(local),
        })
    }
}

/// The filter, with its days turned into instants, and what the caller may see.
pub fn scope(who: &Principal, query: &AlertQuery, zone: BusinessZone, now: DateTime<Utc>) -> Scope {
    Scope {
        features: visible(who),
        from: query.from.map(|day| zone.day_range(day).start),
        until: query.to.map(|day| zone.day_range(day).end),
        deleted_too: query.include_deleted && who.may(Permission::AlertsEdit),
        caller: who.user_id().map(|user| user.0),
        now,
        query: query.clone(),
    }
}

impl AlertsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    pub(super) async fn shown(&self, connection: &mut PgConnection) -> Result<Shown, AppError> {
        let business = store::settings::business(connection).await?;
        Ok(Shown { zone: zone_of(&business), now: self.backend.clock.now() })
    }

    async fn read(&self, connection: &mut PgConnection, who: &Principal, id: AlertId) -> Result<AlertDetail, AppError> {
        let shown = self.shown(connection).await?;
        let may_delete = who.may(Permission::AlertsEdit);
        let found = list::one(connection, id.0, &visible(who), may_delete).await?;
        let found = found.ok_or_else(|| AppError::not_found("Alert"))?;
        let events = list::events(connection, id.0, EVENTS).await?.into_iter().map(|event| AlertEvent {
            seq: event.seq,
            at: shown.zone.local(event.at),
            actor: event.actor,
            kind: event.kind,
            text: event.data.get("text").and_then(|text| text.as_str()).map(str::to_owned),
        });
        let events = events.collect();
        let values = list::values(connection, id.0, VALUES).await?.into_iter();
        let values = values.map(|(at, value)| AlertValue { at: shown.zone.local(at), value }).collect();
        let limits = match store::alerts::rules::spec_of(connection, id.0).await? {
            Some(spec) => serde_json::from_value::<RuleSpec>(spec).map_err(|_| AppError::internal())?.limits(),
            None => found.threshold.map(|value| AlertLimit { label: "Limit".to_owned(), value }).into_iter().collect(),
        };
        let deliveries = if who.may(Permission::AlertsEdit) {
            messages::deliveries_of(connection, id.0, DELIVERIES).await?
        } else {
            Vec::new()
        };
        let before = list::before(connection, &found, BEFORE).await?;
        let clears = kind_of(&found.alert_type).map(|kind| kind.clears.to_owned());
        let may_act = who.may(Permission::AlertsAck) && found.state != "resolved";
        Ok(AlertDetail {
            clears,
            values,
            limits,
            events,
            steps: steps::of(connection, id.0, &shown.zone).await?,
            deliveries: deliveries.into_iter().map(|of| delivery(of, &shown.zone)).collect(),
            before: before.into_iter().map(|row| shown.row(row)).collect::<Result<_, _>>()?,
            may_act,
            may_delete: may_delete && found.deleted_at.is_none(),
            row: shown.row(found)?,
        })
    }

    /// An alert that the caller may see, locked.
    async fn lock(&self, connection: &mut PgConnection, who: &Principal, id: AlertId) -> Result<Locked, AppError> {
        let found = rows::lock(connection, id.0).await?;
        let found = found.filter(|alert| alert.deleted_at.is_none() && visible(who).contains(&alert.feature));
        found.ok_or_else(|| AppError::not_found("Alert"))
    }

    /// Gives an alert that is not over to somebody, or to nobody; to whom it is given already, nothing changes.
    async fn give(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: AlertId,
        to: Option<UserId>,
    ) -> Result<(), AppError> {
        let alert = self.lock(connection, who, id).await?;
        if alert.assignee_id == to.map(|to| to.0) {
            return Ok(());
        }
        if alert.state == "resolved" {
            return Err(AppError::conflict("This alert is over already."));
        }
        let feature = AlertFeature::parse(&alert.feature).ok_or_else(AppError::internal)?;
        let name = match to {
            Some(to) => Some(check_assignee(connection, to, &[feature], self.backend.clock.now()).await?),
            None => None,
        };
        rows::assign(connection, &[id.0], to.map(|to| to.0)).await?;
        self.act(connection, who, id, "assigned", given_to(to, name)).await
    }

    async fn act(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: AlertId,
        kind: &str,
        data: serde_json::Value,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        rows::happened(connection, id.0, kind, who.label(), &data, clock.now()).await?;
        store::live::emit(connection, Topic::Alerts, &id.to_string()).await?;
        self.audit(connection, who, id, kind, data).await
    }

    async fn audit(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: AlertId,
        kind: &str,
        data: serde_json::Value,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        let action = format!("alerts.{kind}");
        let act = Act::done(&action, "alert", id).after(data);
        Ok(audit::record(connection, clock.new_id(), clock.now(), who, act).await?)
    }
}

fn write_cursor(last: &AlertFields) -> String {
    let money = last.money_at_risk.unwrap_or(-rust_decimal::Decimal::ONE);
    cursor::write(format!("{}/{money}/{}/{}", last.severity, last.opened_at.timestamp_micros(), last.id))
}

fn read_cursor(text: &str) -> Result<After, AppError> {
    cursor::read(text, |plain| {
        let parts: Vec<&str> = plain.split('/').collect();
        let [severity, money, at, id] = parts.as_slice() else { return None };
        Some(After {
            severity: severity.parse().ok()?,
            money: money.parse().ok()?,
            opened_at: DateTime::from_timestamp_micros(at.parse().ok()?)?,
            id: id.parse().ok()?,
        })
    })
}

#[async_trait]
impl AlertsPort for AlertsService {
    async fn list(&self, who: &Principal, query: &AlertQuery) -> Result<Page<AlertRow>, AppError> {
        who.require(Permission::AlertsView)?;
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let shown = self.shown(&mut tx).await?;
        let scope = scope(who, query, shown.zone, shown.now);
        let mut found = list::page(&mut tx, &scope, after.as_ref()).await?;
        let total = list::total(&mut tx, &scope).await?;
        let limit = usize::try_from(query.limit).unwrap_or_default();
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = if more { found.last().map(write_cursor) } else { None };
        let items = found.into_iter().map(|row| shown.row(row)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor, total })
    }

    async fn counts(&self, who: &Principal) -> Result<AlertCounts, AppError> {
        who.require(Permission::AlertsView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let features = visible(who);
        Ok(list::counts(&mut connection, &features, self.backend.clock.now()).await?)
    }

    async fn alert(&self, who: &Principal, id: AlertId) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.read(&mut tx, who, id).await
    }

    async fn create(&self, who: &Principal, command: &NewAlert) -> Result<Raised, AppError> {
        who.require(Permission::AlertsAck)?;
        let severity = command.validate().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let business = store::settings::business(&mut tx).await?;
        let given = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let entity_id = given(&command.entity_id);
        let signal = Signal {
            alert_type: command.alert_type.clone(),
            feature: kind_of(&command.alert_type).map_or(AlertFeature::Alerts, |kind| kind.feature),
            severity,
            title: command.title.trim().to_owned(),
            message: command.message.trim().to_owned(),
            entity: Entity { kind: given(&command.entity_type), label: entity_id.clone(), id: entity_id },
            value: None,
            threshold: None,
            unit: None,
            money_at_risk: command.money_at_risk.map(|amount| Money::new(amount, business.base_currency)),
            action_path: None,
            source: Source::Manual,
            since: None,
        };
        who.require(signal.feature.right())?;
        let (id, opened) = signals::raise(&mut tx, self.backend.clock.as_ref(), who.label(), &signal).await?;
        let id = AlertId(id);
        if command.assignee_id.is_some() {
            self.give(&mut tx, who, id, command.assignee_id).await?;
        }
        self.audit(&mut tx, who, id, if opened { "create" } else { "repeat" }, json!({ "title": signal.title }))
            .await?;
        let alert = self.read(&mut tx, who, id).await?.row;
        store::commit(tx).await?;
        Ok(Raised { alert, opened })
    }

    async fn acknowledge(&self, who: &Principal, id: AlertId, command: &AckAlert) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        command.validate().map_err(AppError::validation)?;
        let (at, until) = (self.backend.clock.now(), command.until.map(|until| until.to_utc()));
        if until.is_some_and(|until| until <= at) {
            return Err(AppError::field("until", "Give a time that is still to come."));
        }
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let alert = self.lock(&mut tx, who, id).await?;
        if alert.state == "resolved" {
            return Err(AppError::conflict("This alert is over already."));
        }
        if !alert.is_acknowledged(at) {
            let note = command.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
            rows::acknowledge(&mut tx, &[id.0], Some(Ack { by: who.label(), at, note, until })).await?;
            self.act(&mut tx, who, id, "acked", json!({ "text": note })).await?;
        }
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn assign(&self, who: &Principal, id: AlertId, command: AssignAlert) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.give(&mut tx, who, id, command.assignee_id).await?;
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn assignees(&self, who: &Principal, feature: Option<AlertFeature>) -> Result<Vec<Assignee>, AppError> {
        self.people(who, feature).await
    }

    async fn bulk(&self, who: &Principal, command: &BulkAlerts) -> Result<BulkResult, AppError> {
        self.act_on_many(who, command).await
    }

    async fn silence(&self, who: &Principal, id: AlertId, command: &SilenceAlert) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let alert = self.lock(&mut tx, who, id).await?;
        if alert.state == "resolved" {
            return Err(AppError::conflict("This alert is over already."));
        }
        let (until, reason) = (command.until.to_utc(), command.reason.trim());
        let made = self.hold_back(&mut tx, who, &[id.0], until, reason).await?;
        let after = json!({ "silences": made, "reason": reason, "until": until });
        self.audit(&mut tx, who, id, "silence", after).await?;
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn stats(&self, who: &Principal, query: StatsQuery) -> Result<Stats, AppError> {
        self.figures_of(who, query).await
    }

    async fn unacknowledge(&self, who: &Principal, id: AlertId) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let alert = self.lock(&mut tx, who, id).await?;
        if alert.acked_at.is_some() && alert.state != "resolved" {
            rows::acknowledge(&mut tx, &[id.0], None).await?;
            self.act(&mut tx, who, id, "unacked", json!({})).await?;
        }
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn comment(&self, who: &Principal, id: AlertId, command: &CommentAlert) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        command.validate().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.lock(&mut tx, who, id).await?;
        self.act(&mut tx, who, id, "comment", json!({ "text": command.text.trim() })).await?;
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn resolve(&self, who: &Principal, id: AlertId, note: Option<&str>) -> Result<AlertDetail, AppError> {
        who.require(Permission::AlertsAck)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        Note { note: note.map(str::to_owned) }.validate().map_err(AppError::validation)?;
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let alert = self.lock(&mut tx, who, id).await?;
        if alert.state != "resolved" {
            signals::end(&mut tx, clock, &alert, Ended { by: who.label(), how: Resolution::Manual, note }).await?;
            mute(&mut tx, &alert, clock.now()).await?;
            self.audit(&mut tx, who, id, "resolve", json!({ "note": note })).await?;
        }
        let alert = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(alert)
    }

    async fn delete(&self, who: &Principal, id: AlertId) -> Result<(), AppError> {
        who.require(Permission::AlertsEdit)?;
        let clock = self.backend.clock.as_ref();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let alert = self.lock(&mut tx, who, id).await?;
        let whole = self.read(&mut tx, who, id).await?.row;
        if alert.state != "resolved" {
            signals::end(&mut tx, clock, &alert, Ended { by: who.label(), how: Resolution::Deleted, note: None })
                .await?;
            mute(&mut tx, &alert, clock.now()).await?;
        }
        rows::delete(&mut tx, id.0, who.label(), clock.now()).await?;
        rows::happened(&mut tx, id.0, "deleted", who.label(), &json!({}), clock.now()).await?;
        store::live::emit(&mut tx, Topic::Alerts, &id.to_string()).await?;
        let whole = serde_json::to_value(whole).map_err(|_| AppError::internal())?;
        let act = Act::done("alerts.delete", "alert", id).before(whole);
        audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::commit(tx).await?)
    }
}

/// A rule that still sees the problem says nothing until it was over once.
pub(super) async fn mute(connection: &mut PgConnection, alert: &Locked, at: DateTime<Utc>) -> Result<(), AppError> {
    let Some((rule, entity)) = alert.rule_id.zip(alert.entity_id.as_deref()) else { return Ok(()) };
    Ok(instances::mute(connection, rule, entity, at).await?)
}
