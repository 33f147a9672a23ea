//! The audit log as people read it: list, one act, and its export.

use crate::{
    backend::Backend,
    services::{exports::Filtered, transactions::zone_of},
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    AppError, FieldError,
    access::{ActorKind, Permission, Principal},
    audit::{AuditDetail, AuditFilter, AuditPage, AuditPort, AuditRow, OUTCOMES},
    ids::AuditId,
    paging::{DEFAULT_LIMIT, MAX_LIMIT},
};
use engine::calendar::BusinessZone;
use store::audit::reading::{self, AuditRecord, Filter, Position};

/// The list says "more than" beyond: counting years of acts would take longer than showing them.
const COUNTED_AT_MOST: i64 = 100_000;

/// The service behind [`AuditPort`].
#[derive(Debug, Clone)]
pub struct AuditService {
    backend: Backend,
}

impl AuditService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl AuditPort for AuditService {
    async fn list(&self, who: &Principal, asked: AuditFilter) -> Result<AuditPage, AppError> {
        who.require(Permission::AuditView)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let (filter, after) = (read(&asked, zone)?, position(asked.cursor.as_deref())?);
        let limit = asked.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let found = reading::count(&mut connection, &filter, Some(COUNTED_AT_MOST + 1)).await?;
        let mut records = reading::page(&mut connection, &filter, after, i64::from(limit) + 1).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = records.len() > limit;
        records.truncate(limit);
        let next_cursor =
            records.last().filter(|_| more).map(|r| format!("{}-{}", r.at.timestamp_micros(), r.id.simple()));
        Ok(AuditPage {
            items: records.iter().map(|record| row(record, zone)).collect(),
            next_cursor,
            total: found.min(COUNTED_AT_MOST),
            total_is_bound: found > COUNTED_AT_MOST,
        })
    }

    async fn detail(&self, who: &Principal, id: AuditId) -> Result<AuditDetail, AppError> {
        who.require(Permission::AuditView)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let record = reading::detail(&mut connection, id.0).await?.ok_or_else(|| AppError::not_found("Audit entry"))?;
        Ok(AuditDetail {
            row: row(&record, zone),
            actor_id: record.actor_id.map(|id| id.to_string()),
            session_ref: record.session_ref,
            ip: record.ip,
            user_agent: record.user_agent,
            request_id: record.request_id,
            before: record.before,
            after: record.after,
        })
    }
}

/// The export's filter, from the query of its address: without the place in the list.
///
/// # Errors
/// `validation` with every fault.
pub fn filtered(pairs: &[(String, String)], zone: BusinessZone) -> Result<Filtered, AppError> {
    let query = domain::query::write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let asked = AuditFilter { limit: None, ..AuditFilter::from_query(&query).first_page() };
    Ok(Filtered { filter: read(&asked, zone)?, words: asked.to_query() })
}

fn row(record: &AuditRecord, zone: BusinessZone) -> AuditRow {
    AuditRow {
        id: AuditId(record.id),
        at: zone.local(record.at),
        // The column is checked against the same words.
        actor_kind: ActorKind::parse(&record.actor_kind).unwrap_or(ActorKind::System),
        actor: record.actor_label.clone(),
        action: record.action.clone(),
        entity_type: record.entity_type.clone(),
        entity_id: record.entity_id.clone(),
        outcome: record.outcome.clone(),
        reason: record.reason.clone(),
        pii_read: record.pii_read,
    }
}

/// The filter as the store reads it.
fn read(asked: &AuditFilter, zone: BusinessZone) -> Result<Filter, AppError> {
    let mut faults = Vec::new();
    let text = |value: &Option<String>| value.as_deref().map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    let mut one_of = |path: &str, value: Option<String>, known: bool, words: &str| {
        if value.is_some() && !known {
            faults.push(FieldError::new(path, words));
        }
        value
    };
    let outcome = text(&asked.outcome);
    let known = outcome.as_deref().is_some_and(|o| OUTCOMES.contains(&o));
    let outcome = one_of("outcome", outcome, known, "Choose ok, denied or failed.");
    let kind = text(&asked.kind);
    let known = kind.as_deref().is_some_and(|k| ActorKind::parse(k).is_some());
    let kind = one_of("kind", kind, known, "Choose user, token, job, cli or system.");
    let mut moment = |path: &str, value: Option<String>, end: bool| {
        let at = instant(value.as_deref()?, zone, end);
        if at.is_none() {
            faults.push(FieldError::new(path, "Enter a day such as 2026-03-10, or a time with its offset."));
        }
        at
    };
    let (from, until) = (moment("from", text(&asked.from), false), moment("to", text(&asked.to), true));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        faults.push(FieldError::new("to", "The end lies before the beginning."));
    }
    if !faults.is_empty() {
        return Err(AppError::validation(faults));
    }
    let entity = text(&asked.entity);
    let (entity_type, entity_id) = match entity.as_deref().map(|e| e.split_once('/').unwrap_or((e, ""))) {
        Some((kind, id)) => (Some(kind.to_owned()), Some(id.to_owned()).filter(|id| !id.is_empty())),
        None => (None, None),
    };
    Ok(Filter {
        from,
        until,
        actor: text(&asked.actor),
        kind,
        feature: text(&asked.feature),
        action: text(&asked.action),
        entity_type,
        entity_id,
        outcome,
        text: text(&asked.q),
    })
}

/// A day of the business (its beginning, or the end of it) or a time with offset.
fn instant(text: &str, zone: BusinessZone, end: bool) -> Option<DateTime<Utc>> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let range = zone.day_range(day);
        return Some(if end { range.end } else { range.start });
    }
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

fn position(cursor: Option<&str>) -> Result<Option<Position>, AppError> {
    let Some(cursor) = cursor.filter(|c| !c.is_empty()) else { return Ok(None) };
    let parts = cursor.split_once('-').and_then(|(at, id)| {
        Some(Position { at: DateTime::from_timestamp_micros(at.parse().ok()?)?, id: id.parse().ok()? })
    });
    parts
        .map(Some)
        .ok_or_else(|| AppError::field("cursor", "This page address is not valid. Start again from the first page."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_business_and_every_fault_is_told_at_once() {
        let zone = BusinessZone::parse("Asia/Kolkata").unwrap();
        let asked = AuditFilter::from_query("from=2026-03-10&to=2026-03-10&entity=user/7");
        let filter = read(&asked, zone).unwrap();
        assert_eq!(filter.from.unwrap().to_rfc3339(), "2026-03-09T18:30:00+00:00");
        assert_eq!(filter.until.unwrap().to_rfc3339(), "2026-03-10T18:30:00+00:00");
        assert_eq!((filter.entity_type.as_deref(), filter.entity_id.as_deref()), (Some("user"), Some("7")));
        let wrong = read(&AuditFilter::from_query("from=yesterday&outcome=bad&kind=robot"), zone).unwrap_err();
        let paths: Vec<_> = wrong.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["outcome", "kind", "from"]);
        assert!(read(&AuditFilter::from_query("from=2026-03-10&to=2026-03-09"), zone).is_err());
        assert!(position(Some("12-x")).is_err());
    }
}
