//! Records as rows: what is personal is sealed before it leaves the memory of the process.

use super::{DealersService, running::Work};
use crate::access::sealed::Place;
use chrono::{DateTime, Utc};
use domain::AppError;
use engine::dealers::{
    prospect::Prospect,
    record::{FeedRecord, Line},
    value::Fault,
};
use serde_json::Value;
use store::dealers::{
    prospects::{Bytes, ProspectRow, RejectRow, UnitRow},
    records::{LineRow, RecordRow},
};
use uuid::Uuid;

pub(super) const PROSPECTS: &str = "dealer.prospects";
pub(super) const RECORDS: &str = "dealer.feed_records";

impl DealersService {
    pub(super) fn reject_row(
        &self,
        work: &Work,
        seq: i32,
        (fault, key, raw): (Fault, Option<String>, &str),
        now: DateTime<Utc>,
    ) -> Result<RejectRow, AppError> {
        let id = self.backend.clock.new_id();
        let raw = self.keys.seal(Place { table: "dealer.rejects", column: "raw_enc", row: id }, raw)?;
        Ok(RejectRow {
            id,
            dealer_id: work.params.dealer_id.clone(),
            feed: work.params.feed.as_str(),
            run_id: work.run,
            window_seq: seq,
            record_key: key,
            path: fault.path,
            rule: fault.rule.as_str(),
            message: fault.message,
            raw_enc: Bytes(raw),
            state: "open",
            created_at: now,
        })
    }

    pub(super) fn prospect_row(
        &self,
        work: &Work,
        id: Uuid,
        prospect: Prospect,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<ProspectRow, AppError> {
        let seal = |column: &str, text: &Option<String>| {
            let place = Place { table: PROSPECTS, column, row: id };
            text.as_deref().map(|text| self.keys.seal(place, text).map(Bytes)).transpose()
        };
        let phone = prospect.phone.as_deref().map(plain);
        let national_id = prospect.national_id.as_deref().map(plain);
        Ok(ProspectRow {
            phone_enc: seal("phone", &prospect.phone)?,
            phone_hash: phone.as_deref().map(|digits| Bytes(self.keys.phone(digits).to_vec())),
            phone_last4: phone.as_deref().map(last4),
            national_id_enc: seal("national_id", &prospect.national_id)?,
            national_id_hash: national_id.as_deref().map(|digits| Bytes(self.keys.personal(digits).to_vec())),
            national_id_last4: national_id.as_deref().map(last4),
            address_enc: seal("address", &prospect.address)?,
            location_enc: seal("location", &prospect.location)?,
            office_personal_enc: seal("office_personal", &prospect.office_personal)?,
            id,
            dealer_id: work.params.dealer_id.clone(),
            prospect_no: prospect.prospect_no,
            source_code: prospect.source_code,
            prospect_date: prospect.prospect_date,
            tagged: prospect.tagged,
            full_name: prospect.full_name,
            province_code: prospect.province_code,
            city_code: prospect.city_code,
            district_code: prospect.district_code,
            village_code: prospect.village_code,
            postal_code: prospect.postal_code,
            location_swapped: prospect.swapped,
            office: Value::Object(prospect.office),
            occupation_code: prospect.occupation_code,
            appointment_at: prospect.appointment_at,
            follow_up_method: prospect.follow_up_method,
            test_ride: prospect.test_ride,
            follow_up_status: prospect.follow_up_status,
            status_code: prospect.status_code,
            sales_person_code: prospect.sales_person_code,
            event_code: prospect.event_code,
            source_created_at: prospect.source_created_at,
            source_modified_at: prospect.source_modified_at,
            content_sha256: Bytes(hash.to_vec()),
            is_deleted: false,
            first_seen_at: now,
            last_seen_at: now,
            run_id: work.run,
        })
    }

    pub(super) fn record_row(
        &self,
        work: &Work,
        id: Uuid,
        record: FeedRecord,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<RecordRow, AppError> {
        let personal = (!record.personal.is_empty()).then(|| Value::Object(record.personal).to_string());
        let seal =
            |text: String| self.keys.seal(Place { table: RECORDS, column: "personal", row: id }, &text).map(Bytes);
        Ok(RecordRow {
            id,
            dealer_id: work.params.dealer_id.clone(),
            feed: work.params.feed.as_str(),
            record_key: record.record_key,
            business_date: record.business_date,
            status_code: record.status_code,
            amount: record.amount,
            fields: record.fields,
            personal_enc: personal.map(seal).transpose()?,
            phone_hash: record.phone.map(|phone| Bytes(self.keys.phone(&plain(&phone)).to_vec())),
            id_hash: record.national_id.map(|id| Bytes(self.keys.personal(&plain(&id)).to_vec())),
            location_swapped: record.location_swapped,
            content_sha256: Bytes(hash.to_vec()),
            source_created_at: record.source_created_at,
            source_modified_at: record.source_modified_at,
            is_deleted: false,
            first_seen_at: now,
            last_seen_at: now,
            run_id: work.run,
        })
    }
}

/// Letters and digits only, so that the same number is found however it was written.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn last4(plain: &str) -> String {
    plain[plain.len().saturating_sub(4)..].to_owned()
}

pub(super) fn unit_rows<'a>(
    dealer_id: &'a str,
    id: Uuid,
    prospect: &'a Prospect,
) -> impl Iterator<Item = UnitRow> + 'a {
    (1..).zip(&prospect.units).map(move |(position, unit)| UnitRow {
        prospect_id: id,
        dealer_id: dealer_id.to_owned(),
        unit_type_code: unit.unit_type_code.clone(),
        sales_program_code: unit.sales_program_code.clone(),
        position,
    })
}

pub(super) fn line_rows(dealer_id: &str, id: Uuid, lines: Vec<Line>) -> impl Iterator<Item = LineRow> {
    let dealer_id = dealer_id.to_owned();
    (1..).zip(lines).map(move |(position, line)| LineRow {
        record_id: id,
        dealer_id: dealer_id.clone(),
        array_name: line.array_name,
        line_key: line.line_key,
        position,
        fields: line.fields,
    })
}
