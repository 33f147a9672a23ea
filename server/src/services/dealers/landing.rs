//! An answer's records on their way into the tables: in chunks, each of them one transaction.

use super::{DealersService, running::Work};
use crate::{
    access::sealed::Place,
    connectors::dgi::Answer,
    jobs::{JobContext, JobFailure},
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{AppError, dealers::FetchCounts};
use engine::dealers::{
    answer::{self, Stopped},
    feed::spec,
    landing::{Fate, Mark, Seen, Sorted},
    prospect::{Asked, Prospect},
    value::{Fault, Record, content_hash},
};
use serde_json::{Value, json, value::RawValue};
use sqlx::PgConnection;
use std::collections::HashMap;
use store::dealers::{
    fetches,
    prospects::{self, Bytes, Kept, ProspectRow, RejectRow, UnitRow},
};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Records that are written in one transaction.
const CHUNK: usize = 500;
pub(super) const TABLE: &str = "dealer.prospects";
/// Of what was a record's key, in the list of those kept back.
const LONGEST_KEY: usize = 60;

/// A record as it was read, or why it is kept back.
enum Landed {
    Good(Box<Prospect>, [u8; 32]),
    Bad { fault: Fault, key: Option<String>, raw: String },
}

fn landed(raw: &RawValue, asked: Asked<'_>, key: &str) -> Landed {
    // What is no JSON was refused with the whole answer.
    let value: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
    match Prospect::read(&value, asked) {
        Ok(prospect) => Landed::Good(Box::new(prospect), content_hash(&value)),
        Err(fault) => {
            let key = Record::of(&value, "").and_then(|record| record.text(key).ok().flatten());
            let key = key.map(|key| key.chars().take(LONGEST_KEY).collect());
            Landed::Bad { fault, key, raw: raw.get().to_owned() }
        }
    }
}

/// Reads an answer in chunks, beside the one who writes them and never far ahead.
fn read_chunks(
    answer: Answer,
    feed: domain::dealers::Feed,
    (dealer_id, zone, today): (String, Tz, NaiveDate),
    to: &mpsc::Sender<Vec<Landed>>,
) -> Result<(), Stopped> {
    let key = spec(feed).record_key;
    let file = answer.open().map_err(|_| Stopped)?;
    let mut chunk = Vec::with_capacity(CHUNK);
    answer::each(file, |raw| {
        chunk.push(landed(raw, Asked { dealer_id: &dealer_id, zone, today }, key));
        if chunk.len() == CHUNK {
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
            to.blocking_send(full).map_err(|_| Stopped)?;
        }
        Ok(())
    })?;
    to.blocking_send(chunk).map_err(|_| Stopped)
}

impl DealersService {
    /// Writes an answer's records.
    pub(super) async fn land(
        &self,
        context: &JobContext,
        work: &Work,
        seq: i32,
        answer: Answer,
        place: &str,
    ) -> Result<FetchCounts, JobFailure> {
        let today = self.backend.clock.now().with_timezone(&work.zone).date_naive();
        let (feed, asked) = (work.params.feed, (work.params.dealer_id.clone(), work.zone, today));
        let (sender, mut chunks) = mpsc::channel(2);
        let reading = tokio::task::spawn_blocking(move || read_chunks(answer, feed, asked, &sender));
        let (mut sum, mut seen) = (FetchCounts::default(), Seen::default());
        while let Some(chunk) = chunks.recv().await {
            context.check()?;
            sum += self.chunk(context, work, seq, chunk, &mut seen).await?;
            context.step(&format!("{place}, {} records", sum.received));
        }
        // It was judged before, so only the disk can have failed.
        match reading.await {
            Ok(Ok(())) => Ok(sum),
            _ => Err(JobFailure::retry("unavailable", "The answer could not be read from the disk.")),
        }
    }

    async fn chunk(
        &self,
        context: &JobContext,
        work: &Work,
        seq: i32,
        chunk: Vec<Landed>,
        seen: &mut Seen,
    ) -> Result<FetchCounts, JobFailure> {
        let now = self.backend.clock.now();
        let mut counts = FetchCounts { received: i64::try_from(chunk.len()).unwrap_or(0), ..FetchCounts::default() };
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for one in chunk {
            match one {
                Landed::Good(prospect, hash) => good.push((prospect, hash)),
                Landed::Bad { fault, key, raw } => bad.push(self.reject_row(work, seq, (fault, key, &raw), now)?),
            }
        }
        counts.rejected = i64::try_from(bad.len()).unwrap_or(0);
        let mut tx = self.enter_as(&work.scope).await?;
        let numbers: Vec<String> = good.iter().map(|(prospect, _)| prospect.prospect_no.clone()).collect();
        let kept: HashMap<String, Kept> = prospects::kept(&mut tx, &work.params.dealer_id, &numbers)
            .await?
            .into_iter()
            .map(|kept| (kept.prospect_no.clone(), kept))
            .collect();
        self.write(&mut tx, work, good, &kept, (seen, &mut counts), now).await?;
        prospects::reject(&mut tx, &bad).await?;
        fetches::count(&mut tx, work.run, seq, &counts).await?;
        context.save_checkpoint(&mut tx, &json!({ "window": seq })).await?;
        store::commit(tx).await?;
        Ok(counts)
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        work: &Work,
        good: Vec<(Box<Prospect>, [u8; 32])>,
        kept: &HashMap<String, Kept>,
        (seen, counts): (&mut Seen, &mut FetchCounts),
        now: DateTime<Utc>,
    ) -> Result<(), JobFailure> {
        let mark_of = |kept: &Kept| Mark {
            hash: kept.content_sha256.as_slice().try_into().unwrap_or_default(),
            modified: kept.source_modified_at,
        };
        let known: HashMap<String, Mark> = kept.iter().map(|(number, kept)| (number.clone(), mark_of(kept))).collect();
        let marks: Vec<(&str, Mark)> = good
            .iter()
            .map(|(one, hash)| (one.prospect_no.as_str(), Mark { hash: *hash, modified: one.source_modified_at }))
            .collect();
        let sorted = seen.sort(&marks, &known);
        let (mut written, mut units, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for ((prospect, hash), Sorted { fate, write }) in good.into_iter().zip(sorted) {
            match fate {
                Fate::Inserted => counts.inserted += 1,
                Fate::Updated => counts.updated += 1,
                Fate::Unchanged => counts.unchanged += 1,
                Fate::Stale => counts.stale += 1,
                Fate::Duplicate => counts.duplicate += 1,
            }
            let id = kept.get(&prospect.prospect_no).map(|kept| kept.id);
            if write {
                let id = id.unwrap_or_else(|| self.backend.clock.new_id());
                units.extend(unit_rows(&work.params.dealer_id, id, &prospect));
                written.push(self.prospect_row(work, id, *prospect, hash, now)?);
            } else if fate == Fate::Unchanged {
                again.extend(id);
            }
        }
        prospects::write(connection, &written, &units).await?;
        prospects::seen_again(connection, &again, now).await?;
        Ok(())
    }

    fn reject_row(
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

    fn prospect_row(
        &self,
        work: &Work,
        id: Uuid,
        prospect: Prospect,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<ProspectRow, AppError> {
        let seal = |column: &str, text: &Option<String>| {
            let place = Place { table: TABLE, column, row: id };
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
}

/// Letters and digits only, so that the same number is found however it was written.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn last4(plain: &str) -> String {
    plain[plain.len().saturating_sub(4)..].to_owned()
}

fn unit_rows<'a>(dealer_id: &'a str, id: Uuid, prospect: &'a Prospect) -> impl Iterator<Item = UnitRow> + 'a {
    (1..).zip(&prospect.units).map(move |(position, unit)| UnitRow {
        prospect_id: id,
        dealer_id: dealer_id.to_owned(),
        unit_type_code: unit.unit_type_code.clone(),
        sales_program_code: unit.sales_program_code.clone(),
        position,
    })
}
