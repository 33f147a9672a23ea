//! Whom alerts are given to, and acts on many of them at once: wholly or not at all.

use super::{
    desk::{AlertsService, mute, scope},
    recovery,
    signals::{self, Ended},
};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    alerts::{
        AlertFeature, AlertQuery, Assignee, BulkAction, BulkAlerts, BulkResult, MOST_AT_ONCE, Matcher, MatcherField,
        NewSilence, Resolution,
    },
    ids::UserId,
    live::Topic,
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    alerts::{
        self as rows, Ack,
        desk::{self, Together},
        list::{self, Act, Changeable},
        people::{Person, Whom, people},
        silences,
    },
    audit,
};
use uuid::Uuid;

/// So many changed alerts are announced one by one; of more it is said that many changed.
const ONE_BY_ONE: usize = 100;
/// Entities of one silence.
const TOGETHER: usize = 1_000;

fn fits(person: &Person, features: &[AlertFeature]) -> bool {
    person.rights.has(Permission::AlertsAck) && features.iter().all(|feature| person.rights.has(feature.right()))
}

/// The name of somebody who may be given alerts of these features.
///
/// # Errors
/// A fault of the field `assignee_id` for anybody else.
pub(super) async fn check_assignee(
    connection: &mut PgConnection,
    id: UserId,
    features: &[AlertFeature],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<String, AppError> {
    let person = people(connection, Whom { ids: &[id.0], ..Whom::default() }, now).await?.pop();
    let person = person.filter(|person| fits(person, features)).map(|person| person.name);
    person.ok_or_else(|| AppError::field("assignee_id", "Choose somebody who may acknowledge this."))
}

/// Conditions of a silence of alerts of one type and kind of entity.
pub(super) fn matchers(of: &Together, entities: &[String]) -> Vec<Matcher> {
    let one = |field, value: &str| Matcher { field, values: vec![value.to_owned()] };
    let mut matchers = vec![one(MatcherField::AlertType, &of.alert_type)];
    matchers.extend(of.entity_type.as_deref().map(|kind| one(MatcherField::EntityType, kind)));
    if !entities.is_empty() {
        matchers.push(Matcher { field: MatcherField::EntityId, values: entities.to_vec() });
    }
    matchers
}

impl AlertsService {
    pub(super) async fn people(
        &self,
        who: &Principal,
        feature: Option<AlertFeature>,
    ) -> Result<Vec<Assignee>, AppError> {
        who.require(Permission::AlertsAck)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let everybody = Whom { everybody: true, ..Whom::default() };
        let people = people(&mut connection, everybody, self.backend.clock.now()).await?;
        let wanted: Vec<AlertFeature> = feature.into_iter().collect();
        let fitting = people.into_iter().filter(|person| fits(person, &wanted));
        Ok(fitting.map(|person| Assignee { id: UserId(person.id), name: person.name }).collect())
    }

    pub(super) async fn act_on_many(&self, who: &Principal, command: &BulkAlerts) -> Result<BulkResult, AppError> {
        who.require(Permission::AlertsAck)?;
        let now = self.backend.clock.now();
        let query = command.validate(now).map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let shown = self.shown(&mut tx).await?;
        let scope = scope(who, &AlertQuery { cursor: None, ..query }, shown.zone, shown.now);
        let what = Changeable {
            ids: command.ids.iter().map(|id| id.0).collect(),
            act: match command.action {
                BulkAction::Acknowledge => Act::Acknowledge,
                BulkAction::Resolve => Act::Resolve,
                BulkAction::Assign => Act::Assign(command.assignee_id.map(|id| id.0)),
                BulkAction::Silence => Act::Silence { until: command.end(now) },
            },
        };
        let matched = list::changeable(&mut tx, &scope, &what).await?;
        if command.dry_run {
            return Ok(BulkResult { matched, changed: 0 });
        }
        if matched > MOST_AT_ONCE {
            return Err(AppError::field("filter", "More than 10,000 alerts match. Narrow the filter."));
        }
        let ids = list::lock_changeable(&mut tx, &scope, &what, MOST_AT_ONCE).await?;
        if !ids.is_empty() {
            self.change(&mut tx, who, command, &ids).await?;
        }
        let changed = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let clock = self.backend.clock.as_ref();
        let after = json!({
            "action": command.action, "filter": command.filter, "ids": command.ids, "note": command.note, "until": command.end(now),
            "assignee_id": command.assignee_id, "matched": matched, "changed": changed,
        });
        let act = audit::Act::done("alerts.bulk", "alert", "*").after(after);
        audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        store::commit(tx).await?;
        Ok(BulkResult { matched, changed })
    }

    async fn change(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &BulkAlerts,
        ids: &[Uuid],
    ) -> Result<(), AppError> {
        let (clock, by) = (self.backend.clock.as_ref(), who.label());
        let at = clock.now();
        let note = command.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        match command.action {
            BulkAction::Acknowledge => {
                let ack = Ack { by, at, note, until: command.end(at) };
                rows::acknowledge(connection, ids, Some(ack)).await?;
                desk::happened(connection, ids, "acked", by, &json!({ "text": note }), at).await?;
            }
            BulkAction::Assign => {
                let features = desk::features(connection, ids).await?;
                let features: Vec<_> = features.iter().filter_map(|text| AlertFeature::parse(text)).collect();
                let name = match command.assignee_id {
                    Some(id) => Some(check_assignee(connection, id, &features, at).await?),
                    None => None,
                };
                rows::assign(connection, ids, command.assignee_id.map(|id| id.0)).await?;
                desk::happened(connection, ids, "assigned", by, &given_to(command.assignee_id, name), at).await?;
            }
            // It announces each of them itself, with the messages.
            BulkAction::Resolve => {
                for id in ids {
                    let Some(alert) = rows::lock(connection, *id).await? else { continue };
                    signals::end(connection, clock, &alert, Ended { by, how: Resolution::Manual, note }).await?;
                    mute(connection, &alert, at).await?;
                }
                return Ok(());
            }
            BulkAction::Silence => {
                let (Some(until), Some(reason)) = (command.end(at), note) else { return Err(AppError::internal()) };
                self.hold_back(connection, who, ids, until, reason).await?;
                return Ok(());
            }
        }
        let events = if ids.len() > ONE_BY_ONE {
            vec![(Topic::Alerts, String::new())]
        } else {
            ids.iter().map(|id| (Topic::Alerts, id.to_string())).collect()
        };
        Ok(store::live::emit_all(connection, &events).await?)
    }

    /// Silences the types and entities of these alerts; answers the silences.
    pub(super) async fn hold_back(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        ids: &[Uuid],
        until: chrono::DateTime<chrono::Utc>,
        reason: &str,
    ) -> Result<Vec<Uuid>, AppError> {
        let clock = self.backend.clock.as_ref();
        let (at, mut made) = (clock.now(), Vec::new());
        for of in desk::together(connection, ids).await? {
            let parts: Vec<&[String]> =
                if of.entity_ids.is_empty() { vec![&[]] } else { of.entity_ids.chunks(TOGETHER).collect() };
            for entities in parts {
                let command = NewSilence {
                    matchers: matchers(&of, entities),
                    starts_at: None,
                    ends_at: until.fixed_offset(),
                    reason: reason.to_owned(),
                };
                command.validate(at).map_err(refused)?;
                let matchers = serde_json::to_value(&command.matchers).map_err(|_| AppError::internal())?;
                let id = clock.new_id();
                let new = silences::NewSilence {
                    id,
                    matchers: &matchers,
                    starts_at: at,
                    ends_at: until,
                    reason,
                    by: who.label(),
                    at,
                };
                silences::insert(connection, &new).await?;
                made.push(id);
            }
        }
        recovery::hold(connection, clock, who).await?;
        Ok(made)
    }
}

/// The faults of a silence, by the names of the one who asked for it.
fn refused(faults: Vec<FieldError>) -> AppError {
    let named = |fault: FieldError| match fault.path.as_str() {
        "ends_at" => FieldError::new("until", fault.message),
        _ => fault,
    };
    AppError::validation(faults.into_iter().map(named).collect())
}

/// What the history says of an assignment.
pub(super) fn given_to(id: Option<UserId>, name: Option<String>) -> serde_json::Value {
    json!({ "text": name.unwrap_or_else(|| "Nobody".to_owned()), "assignee": id })
}
