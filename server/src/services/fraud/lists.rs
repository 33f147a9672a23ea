//! The block and the allow list: what stands on them is judged so from the next sale on.

use super::rule_sets::zone;
use crate::{
    backend::Backend,
    services::{
        cursor,
        idempotency::{Request, once},
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    fraud::list::{ListEntry, ListKind, ListQuery, ListScreen, ListsPort, NewListEntry, Subject},
    idempotency::{Answered, IdempotencyKey},
    ids::ListEntryId,
    live::Topic,
    paging::Page,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    audit::{self, Act},
    fraud::lists::{self as rows, EntryRow, NewEntry, Which},
};
use uuid::Uuid;

/// The service behind [`ListsPort`].
#[derive(Clone)]
pub struct ListsService {
    backend: Backend,
}

impl fmt::Debug for ListsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListsService").finish_non_exhaustive()
    }
}

fn entry(of: EntryRow, zone: &BusinessZone, now: DateTime<Utc>) -> Result<ListEntry, AppError> {
    Ok(ListEntry {
        id: ListEntryId(of.id),
        list: ListKind::parse(&of.list).ok_or_else(AppError::internal)?,
        subject: Subject::parse(&of.subject).ok_or_else(AppError::internal)?,
        value: of.value,
        label: of.label,
        reason: of.reason,
        expires_at: of.expires_at.map(|at| zone.local(at)),
        active: of.expires_at.is_none_or(|at| at > now),
        by: of.by,
        created_at: zone.local(of.created_at),
    })
}

fn place(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = text.split_once('|')?;
    Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
}

impl ListsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn told(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        at: DateTime<Utc>,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        audit::record(connection, self.backend.clock.new_id(), at, who, act).await?;
        Ok(store::live::emit(connection, Topic::Fraud, "lists").await?)
    }

    async fn read(&self, connection: &mut PgConnection, id: Uuid) -> Result<Option<ListEntry>, AppError> {
        let zone = zone(connection).await?;
        let found = rows::list(connection, Which { id: Some(id), ..Which::default() }, 1).await?.pop();
        found.map(|found| entry(found, &zone, self.backend.clock.now())).transpose()
    }

    async fn put(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &NewListEntry,
        at: DateTime<Utc>,
    ) -> Result<ListEntry, AppError> {
        let mut checked = command.checked(at).map_err(AppError::validation)?;
        if command.subject == Subject::Customer {
            let found = rows::customer(connection, &checked.value).await?;
            let found =
                found.ok_or_else(|| AppError::field("value", "There is no customer with this number or id."))?;
            checked.value = found.to_string();
        }
        let id = self.backend.clock.new_id();
        let new = NewEntry {
            id,
            list: command.list.as_str(),
            subject: command.subject.as_str(),
            value: &checked.value,
            reason: &checked.reason,
            expires_at: checked.expires_at,
            by: who.label(),
            at,
        };
        if !rows::insert(connection, &new).await? {
            let message = "This stands on the list already.";
            return Err(AppError::conflict(message).with_field("value", message));
        }
        let after = json!({
            "list": command.list,
            "subject": command.subject,
            "value": checked.value,
            "reason": checked.reason,
            "expires_at": checked.expires_at,
        });
        self.told(connection, who, at, Act::done("fraud.list_add", "fraud_list_entry", id).after(after)).await?;
        self.read(connection, id).await?.ok_or_else(AppError::internal)
    }
}

#[async_trait]
impl ListsPort for ListsService {
    async fn entries(&self, who: &Principal, query: &ListQuery) -> Result<Page<ListEntry>, AppError> {
        who.require(Permission::FraudView)?;
        let which = Which {
            id: None,
            list: query.list.map(ListKind::as_str),
            subject: query.subject.map(Subject::as_str),
            after: query.cursor.as_deref().map(|text| cursor::read(text, place)).transpose()?,
        };
        let limit = usize::try_from(query.limit).unwrap_or_default();
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let zone = zone(&mut tx).await?;
        let total = rows::count(&mut tx, which).await?;
        let mut found = rows::list(&mut tx, which, i64::from(query.limit) + 1).await?;
        store::commit(tx).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let next_cursor = last.map(|last| cursor::write(format!("{}|{}", last.created_at.timestamp_micros(), last.id)));
        let now = self.backend.clock.now();
        let items = found.into_iter().map(|row| entry(row, &zone, now)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor, total })
    }

    async fn screen(&self, who: &Principal, query: &ListQuery) -> Result<ListScreen, AppError> {
        Ok(ListScreen {
            page: self.entries(who, query).await?,
            may_edit: who.may(Permission::FraudRulesEdit),
            idempotency_key: self.backend.clock.new_id().to_string(),
        })
    }

    async fn add(
        &self,
        who: &Principal,
        command: &NewListEntry,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ListEntry, AppError>> {
        if let Err(error) = who.require(Permission::FraudRulesEdit) {
            return Answered::of(Err(error));
        }
        let at = self.backend.clock.now();
        let request = Request { who, key, route: "POST /api/v1/fraud/lists", body: command, status: 201 };
        let answered = once(&self.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
            self.put(connection, who, command, at).await
        });
        Answered::of(answered.await)
    }

    async fn remove(&self, who: &Principal, id: ListEntryId) -> Result<(), AppError> {
        who.require(Permission::FraudRulesEdit)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let before = self.read(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Entry"))?;
        rows::delete(&mut tx, id.0).await?;
        let before =
            json!({ "list": before.list, "subject": before.subject, "value": before.value, "reason": before.reason });
        self.told(&mut tx, who, at, Act::done("fraud.list_remove", "fraud_list_entry", id).before(before)).await?;
        Ok(store::commit(tx).await?)
    }
}
