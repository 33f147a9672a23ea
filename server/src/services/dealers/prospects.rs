//! Prospects as people see them.

use super::{
    DealersService,
    fetching::{local, zone},
    sealing::{PROSPECTS, plain},
};
use crate::{access::sealed::Place, services::cursor};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{Permission, Principal},
    dealers::{
        Code, ProspectItem, ProspectPersonal, ProspectQuery, is_code, masked_name, masked_number,
        values::{FOLLOW_UP, SOURCE, STATUS, ValueList},
    },
    paging::Page,
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    dealers::{
        self as rows,
        prospects::{self, Listed, Position, Wanted},
    },
};

/// Digits that make a phone number or national id, which is found as a whole.
const NUMBER: usize = 6;
const UNMASKED_AN_HOUR: i64 = 60;

pub(super) fn place(text: &str) -> Option<Position> {
    let (date, id) = text.split_once('/')?;
    let date = if date.is_empty() { None } else { Some(date.parse().ok()?) };
    Some(Position { date, id: id.parse().ok()? })
}

fn cursor_of(row: &Listed) -> String {
    let date = row.prospect_date.map(|date| date.to_string()).unwrap_or_default();
    cursor::write(format!("{date}/{}", row.id))
}

fn code(list: &ValueList, code: Option<String>) -> Option<Code> {
    code.map(|code| Code { label: list.label(&code), code })
}

impl DealersService {
    pub(super) async fn list_prospects(
        &self,
        who: &Principal,
        dealer_id: &str,
        query: &ProspectQuery,
    ) -> Result<Option<Page<ProspectItem>>, AppError> {
        who.require(Permission::ProspectsView)?;
        // A name that is searched for is one that is known: who sees none searches for none.
        if query.search.is_some() && !who.may(Permission::ProspectsPii) {
            return Err(AppError::field("search", "Only who may see personal data searches for names and numbers."));
        }
        let after = query.cursor.as_deref().map(|text| cursor::read(text, place)).transpose()?;
        if !is_code(dealer_id) {
            return Ok(None);
        }
        let wanted = self.wanted(query);
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.enter(&mut tx, who, Permission::ProspectsView).await?;
        let Some(dealer) = rows::get(&mut tx, dealer_id).await? else { return Ok(None) };
        let total = prospects::count(&mut tx, dealer_id, &wanted).await?;
        let (found, more) = prospects::page(&mut tx, dealer_id, &wanted, after, query.limit).await?;
        store::commit(tx).await?;
        let next_cursor = found.last().filter(|_| more).map(cursor_of);
        let own = zone(&dealer.timezone);
        let items = found.into_iter().map(|row| self.masked(row, own)).collect();
        Ok(Some(Page { items, next_cursor, total }))
    }

    /// What is personal of one prospect, and on record that it was read.
    pub(super) async fn read_personal(
        &self,
        who: &Principal,
        dealer_id: &str,
        prospect_no: &str,
    ) -> Result<Option<ProspectPersonal>, AppError> {
        who.require(Permission::ProspectsPii)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::ProspectsPii).await?;
        // The lock makes those who ask at once wait for each other, so that the limit holds.
        let mut tx = match self.held(tx, who, &scope, dealer_id).await {
            Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
            held => held?,
        };
        let Some(row) = prospects::sealed(&mut tx, dealer_id, prospect_no).await? else { return Ok(None) };
        self.may_unmask(&mut tx, who).await?;
        let open = |column: &str, sealed: &Option<Vec<u8>>| {
            self.keys.open(Place { table: PROSPECTS, column, row: row.id }, sealed.as_deref()?)
        };
        let personal = ProspectPersonal {
            prospect_no: prospect_no.to_owned(),
            full_name: row.full_name.clone(),
            phone: open("phone", &row.phone_enc),
            national_id: open("national_id", &row.national_id_enc),
            address: open("address", &row.address_enc),
            location: open("location", &row.location_enc),
        };
        let fields = json!({ "fields": ["full_name", "phone", "national_id", "address", "location"] });
        let mut act = Act::done("prospects.unmask", "prospect", prospect_no).of_dealer(dealer_id).after(fields);
        act.pii_read = true;
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::commit(tx).await?;
        Ok(Some(personal))
    }

    /// Who unmasks more than others need to is stopped.
    pub(super) async fn may_unmask(&self, connection: &mut PgConnection, who: &Principal) -> Result<(), AppError> {
        let Some(user) = who.user_id() else { return Ok(()) };
        let hour = self.backend.clock.now() - Duration::hours(1);
        if prospects::unmasked_since(connection, user.0, hour).await? < UNMASKED_AN_HOUR {
            return Ok(());
        }
        let told = format!("At most {UNMASKED_AN_HOUR} records are unmasked in an hour. Try again later.");
        Err(AppError::new(ErrorCode::RateLimited, told))
    }

    /// Of what may be a phone number or a national id; none: it is no number.
    pub(super) fn number_hashes(&self, search: &str) -> Vec<Vec<u8>> {
        let number = plain(search);
        if number.len() < NUMBER || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Vec::new();
        }
        let mut hashes = self.keys.phones(&number);
        hashes.push(self.keys.personal(&number).to_vec());
        hashes
    }

    fn wanted(&self, query: &ProspectQuery) -> Wanted {
        let hashes = query.search.as_deref().map(|search| self.number_hashes(search)).unwrap_or_default();
        Wanted {
            name: query.search.clone().filter(|_| hashes.is_empty()),
            hashes,
            status: query.status.clone(),
            unit: query.unit.clone(),
            source: query.source.clone(),
            sales_person: query.sales_person.clone(),
            from: query.from,
            to: query.to,
        }
    }

    fn masked(&self, row: Listed, zone: chrono_tz::Tz) -> ProspectItem {
        let open = |column: &str, sealed: Option<Vec<u8>>| {
            let text = self.keys.open(Place { table: PROSPECTS, column, row: row.id }, &sealed?)?;
            Some(masked_number(&text))
        };
        ProspectItem {
            phone: open("phone", row.phone_enc),
            national_id: open("national_id", row.national_id_enc),
            full_name: row.full_name.as_deref().map(masked_name),
            prospect_no: row.prospect_no,
            prospect_date: row.prospect_date,
            status: code(&STATUS, row.status_code),
            follow_up: code(&FOLLOW_UP, row.follow_up_status),
            source: code(&SOURCE, row.source_code),
            sales_person_code: row.sales_person_code,
            units: row.units,
            modified_at: row.source_modified_at.map(|at| local(at, zone)),
            last_seen_at: local(row.last_seen_at, zone),
        }
    }
}
