//! Records of the feeds beside the prospects, as people see them; and which feeds are fetched.

use super::{
    DealersService,
    fetching::{local, zone},
    prospects::place,
    sealing::RECORDS,
};
use crate::{access::sealed::Place, services::cursor};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    AppError, ErrorCode,
    access::{Permission, Principal},
    dealers::{
        Code, Feed, RecordDetail, RecordField, RecordItem, RecordLine, RecordQuery, is_code, masked_name,
        masked_number, values::list_of,
    },
    paging::Page,
};
use engine::dealers::{
    fields::{Field, Kind, Personal, form},
    window::FORMAT,
};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    dealers::{
        self as rows, Dealer,
        records::{self, LineOf, Listed, Wanted, Whole},
    },
};

/// Shown of what is hidden whole.
const HIDDEN: &str = "\u{2022}\u{2022}\u{2022}";

fn cursor_of(row: &Listed) -> String {
    let date = row.business_date.map(|date| date.to_string()).unwrap_or_default();
    cursor::write(format!("{date}/{}", row.id))
}

fn status_of(feed: Feed, code: Option<String>) -> Option<Code> {
    let code = code?;
    let list = form(feed).status.and_then(|field| list_of(feed, field));
    Some(Code { label: list.map_or_else(|| code.clone(), |list| list.label(&code)), code })
}

fn of_another_list(feed: Feed) -> Result<(), AppError> {
    match feed {
        Feed::Prospect => Err(AppError::field("feed", "Prospects have a list of their own: /prospects.")),
        _ => Ok(()),
    }
}

/// Fields of one level: what everybody may see, and what is personal.
struct Level<'a> {
    feed: Feed,
    zone: Tz,
    open: Option<&'a Map<String, Value>>,
    personal: Option<&'a Map<String, Value>>,
    /// The reader sees what is personal.
    unmasked: bool,
}

impl Level<'_> {
    fn field(&self, field: &Field) -> Option<RecordField> {
        let from = if field.personal.is_some() { self.personal } else { self.open };
        let text = from?.get(field.name)?.as_str()?;
        let value = match field.personal {
            Some(kind) if !self.unmasked => masked(kind, text),
            _ if field.kind == Kind::Moment => self.moment(text),
            _ => text.to_owned(),
        };
        let label =
            if field.personal.is_some() { None } else { list_of(self.feed, field.name).map(|list| list.label(text)) };
        Some(RecordField { name: field.name.to_owned(), value, label, is_personal: field.personal.is_some() })
    }

    /// In the dealer's zone, as it wrote it.
    fn moment(&self, text: &str) -> String {
        let at = DateTime::parse_from_rfc3339(text);
        at.map_or_else(|_| text.to_owned(), |at| at.with_timezone(&self.zone).format(FORMAT).to_string())
    }

    fn fields(&self, all: &[Field]) -> Vec<RecordField> {
        all.iter().filter_map(|field| self.field(field)).collect()
    }
}

fn masked(kind: Personal, text: &str) -> String {
    match kind {
        Personal::Name => masked_name(text),
        Personal::Phone | Personal::NationalId | Personal::Number => masked_number(text),
        Personal::Hidden => HIDDEN.to_owned(),
    }
}

impl DealersService {
    pub(super) async fn list_records(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        query: &RecordQuery,
    ) -> Result<Option<Page<RecordItem>>, AppError> {
        who.require(Permission::ProspectsView)?;
        of_another_list(feed)?;
        let after = query.cursor.as_deref().map(|text| cursor::read(text, place)).transpose()?;
        if !is_code(dealer_id) {
            return Ok(None);
        }
        // A number that is found is one that is known: who sees none finds none.
        let search = query.search.as_deref().filter(|_| who.may(Permission::ProspectsPii));
        let hashes = search.map(|search| self.number_hashes(search)).unwrap_or_default();
        let wanted = Wanted { dealer_id, feed, query, hashes: &hashes };
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.enter(&mut tx, who, Permission::ProspectsView).await?;
        let Some(dealer) = rows::get(&mut tx, dealer_id).await? else { return Ok(None) };
        let total = records::count(&mut tx, wanted).await?;
        let (found, more) = records::page(&mut tx, wanted, after).await?;
        store::commit(tx).await?;
        let next_cursor = found.last().filter(|_| more).map(cursor_of);
        let own = zone(&dealer.timezone);
        let item = |row: Listed| RecordItem {
            record_key: row.record_key,
            business_date: row.business_date,
            status: status_of(feed, row.status_code),
            amount: row.amount,
            lines: row.lines,
            modified_at: row.source_modified_at.map(|at| local(at, own)),
            last_seen_at: local(row.last_seen_at, own),
        };
        Ok(Some(Page { items: found.into_iter().map(item).collect(), next_cursor, total }))
    }

    pub(super) async fn read_record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError> {
        who.require(Permission::ProspectsView)?;
        of_another_list(feed)?;
        if !is_code(dealer_id) {
            return Ok(None);
        }
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.enter(&mut tx, who, Permission::ProspectsView).await?;
        let Some(dealer) = rows::get(&mut tx, dealer_id).await? else { return Ok(None) };
        let Some(row) = records::whole(&mut tx, dealer_id, feed, key).await? else { return Ok(None) };
        let lines = records::lines(&mut tx, row.id).await?;
        store::commit(tx).await?;
        Ok(Some(self.detail_of(&dealer, feed, row, lines, false)))
    }

    /// One record with what is personal in it, and on record that it was read.
    pub(super) async fn read_personal_record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError> {
        who.require(Permission::ProspectsPii)?;
        of_another_list(feed)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::ProspectsPii).await?;
        // The lock makes those who ask at once wait for each other, so that the limit holds.
        let mut tx = match self.held(tx, who, &scope, dealer_id).await {
            Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
            held => held?,
        };
        let Some(dealer) = rows::get(&mut tx, dealer_id).await? else { return Ok(None) };
        let Some(row) = records::whole(&mut tx, dealer_id, feed, key).await? else { return Ok(None) };
        self.may_unmask(&mut tx, who).await?;
        let lines = records::lines(&mut tx, row.id).await?;
        let about = json!({ "feed": feed, "fields": "personal" });
        let mut act = Act::done("records.unmask", "dealer_record", key).of_dealer(dealer_id).after(about);
        act.pii_read = true;
        let clock = &self.backend.clock;
        audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        store::commit(tx).await?;
        Ok(Some(self.detail_of(&dealer, feed, row, lines, true)))
    }

    fn detail_of(&self, dealer: &Dealer, feed: Feed, row: Whole, lines: Vec<LineOf>, unmasked: bool) -> RecordDetail {
        let own = zone(&dealer.timezone);
        let place = Place { table: RECORDS, column: "personal", row: row.id };
        let personal = row.personal_enc.as_deref().and_then(|sealed| self.keys.open(place, sealed));
        let personal: Map<String, Value> =
            personal.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let form = form(feed);
        let whole = Level { feed, zone: own, open: row.fields.as_object(), personal: Some(&personal), unmasked };
        let line = |line: LineOf| {
            let fields = form.children.iter().find(|(array, _)| *array == line.array_name);
            let of_array = personal.get(&line.array_name).and_then(|array| array.get(&line.line_key));
            let level = Level {
                open: line.fields.as_object(),
                personal: of_array.and_then(Value::as_object),
                ..Level { feed, zone: own, open: None, personal: None, unmasked }
            };
            let fields = fields.map(|(_, fields)| level.fields(fields)).unwrap_or_default();
            RecordLine { array: line.array_name.clone(), key: line.line_key.clone(), fields }
        };
        let at = |at: DateTime<Utc>| local(at, own);
        RecordDetail {
            feed,
            fields: whole.fields(form.fields),
            lines: lines.into_iter().map(line).collect(),
            record_key: row.record_key,
            business_date: row.business_date,
            status: status_of(feed, row.status_code),
            amount: row.amount,
            location_swapped: row.location_swapped,
            created_at: row.source_created_at.map(at),
            modified_at: row.source_modified_at.map(at),
            first_seen_at: at(row.first_seen_at),
            last_seen_at: at(row.last_seen_at),
        }
    }

    pub(super) async fn set_feed(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        is_enabled: bool,
    ) -> Result<(), AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::DealersEdit).await?;
        let mut tx = self.held(tx, who, &scope, dealer_id).await?;
        let was = !records::switched_off(&mut tx, dealer_id).await?.iter().any(|(off, _)| *off == feed);
        if was != is_enabled {
            let stamp = (who.label(), self.backend.clock.now());
            records::switch(&mut tx, (dealer_id, feed), (is_enabled, None), stamp).await?;
            let (was, is) =
                (json!({ "feed": feed, "is_enabled": was }), json!({ "feed": feed, "is_enabled": is_enabled }));
            let act = Act::done("dealers.feed_edit", "dealer", dealer_id).of_dealer(dealer_id).before(was).after(is);
            self.told(&mut tx, who, act).await?;
        }
        store::commit(tx).await?;
        Ok(())
    }

    /// A feed whose answers are not what the contract says is not fetched until somebody switches it on again.
    pub(super) async fn pause_feed(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        (dealer_id, feed): (&str, Feed),
        reason: &str,
    ) -> Result<(), AppError> {
        let stamp = (who.label(), self.backend.clock.now());
        records::switch(connection, (dealer_id, feed), (false, Some(reason)), stamp).await?;
        let about = json!({ "feed": feed, "is_enabled": false, "reason": reason });
        let act = Act::done("dealers.feed_edit", "dealer", dealer_id).of_dealer(dealer_id).after(about);
        self.told(connection, who, act).await
    }
}
