//! An answer's records on their way into the tables: in chunks, each of them one transaction.

use super::{
    DealersService,
    running::Work,
    sealing::{line_rows, unit_rows},
};
use crate::{
    connectors::dgi::Answer,
    jobs::{JobContext, JobFailure},
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::dealers::{Feed, FetchCounts};
use engine::dealers::{
    answer::{self, Stopped},
    feed::spec,
    landing::{Fate, Mark, Seen, Sorted},
    prospect::{Asked, Prospect},
    record::FeedRecord,
    value::{Fault, Record, content_hash},
};
use serde_json::{Value, json, value::RawValue};
use sqlx::PgConnection;
use std::collections::HashMap;
use store::dealers::{
    fetches,
    prospects::{self, Kept},
    records,
};
use tokio::sync::mpsc;

/// Records that are written in one transaction.
const CHUNK: usize = 500;
/// Of what was a record's key, in the list of those kept back.
const LONGEST_KEY: usize = 60;

/// A record as it was read.
enum Row {
    Prospect(Box<Prospect>),
    Other(Box<FeedRecord>),
}

impl Row {
    fn key(&self) -> &str {
        match self {
            Self::Prospect(prospect) => &prospect.prospect_no,
            Self::Other(record) => &record.record_key,
        }
    }

    fn modified(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Prospect(prospect) => prospect.source_modified_at,
            Self::Other(record) => record.source_modified_at,
        }
    }
}

/// A record as it was read, or why it is kept back.
enum Landed {
    Good(Row, [u8; 32]),
    Bad { fault: Fault, key: Option<String>, raw: String },
}

fn landed(raw: &RawValue, feed: Feed, asked: Asked<'_>) -> Landed {
    // What is no JSON was refused with the whole answer.
    let value: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
    let row = match feed {
        Feed::Prospect => Prospect::read(&value, asked).map(|prospect| Row::Prospect(Box::new(prospect))),
        other => FeedRecord::read(other, &value, asked).map(|record| Row::Other(Box::new(record))),
    };
    match row {
        Ok(row) => Landed::Good(row, content_hash(&value)),
        Err(fault) => {
            let key = Record::of(&value, "").and_then(|record| record.text(spec(feed).record_key).ok().flatten());
            let key = key.map(|key| key.chars().take(LONGEST_KEY).collect());
            Landed::Bad { fault, key, raw: raw.get().to_owned() }
        }
    }
}

/// Reads an answer in chunks, beside the one who writes them and never far ahead.
fn read_chunks(
    answer: Answer,
    feed: Feed,
    (dealer_id, zone, today): (String, Tz, NaiveDate),
    to: &mpsc::Sender<Vec<Landed>>,
) -> Result<(), Stopped> {
    let file = answer.open().map_err(|_| Stopped)?;
    let mut chunk = Vec::with_capacity(CHUNK);
    answer::each(file, |raw| {
        chunk.push(landed(raw, feed, Asked { dealer_id: &dealer_id, zone, today }));
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
                Landed::Good(row, hash) => good.push((row, hash)),
                Landed::Bad { fault, key, raw } => bad.push(self.reject_row(work, seq, (fault, key, &raw), now)?),
            }
        }
        counts.rejected = i64::try_from(bad.len()).unwrap_or(0);
        let mut tx = self.enter_as(&work.scope).await?;
        let keys: Vec<String> = good.iter().map(|(row, _)| row.key().to_owned()).collect();
        let (dealer_id, feed) = (work.params.dealer_id.as_str(), work.params.feed);
        let kept = match feed {
            Feed::Prospect => prospects::kept(&mut tx, dealer_id, &keys).await?,
            other => records::kept(&mut tx, dealer_id, other, &keys).await?,
        };
        let kept = kept.into_iter().map(|kept| (kept.key.clone(), kept)).collect();
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
        good: Vec<(Row, [u8; 32])>,
        kept: &HashMap<String, Kept>,
        (seen, counts): (&mut Seen, &mut FetchCounts),
        now: DateTime<Utc>,
    ) -> Result<(), JobFailure> {
        let mark_of = |kept: &Kept| Mark {
            hash: kept.content_sha256.as_slice().try_into().unwrap_or_default(),
            modified: kept.source_modified_at,
        };
        let known: HashMap<String, Mark> = kept.iter().map(|(number, kept)| (number.clone(), mark_of(kept))).collect();
        let marks: Vec<(&str, Mark)> =
            good.iter().map(|(row, hash)| (row.key(), Mark { hash: *hash, modified: row.modified() })).collect();
        let sorted = seen.sort(&marks, &known);
        let (mut leads, mut units) = (Vec::new(), Vec::new());
        let (mut others, mut lines) = (Vec::new(), Vec::new());
        let mut again = Vec::new();
        for ((row, hash), Sorted { fate, write }) in good.into_iter().zip(sorted) {
            match fate {
                Fate::Inserted => counts.inserted += 1,
                Fate::Updated => counts.updated += 1,
                Fate::Unchanged => counts.unchanged += 1,
                Fate::Stale => counts.stale += 1,
                Fate::Duplicate => counts.duplicate += 1,
            }
            let id = kept.get(row.key()).map(|kept| kept.id);
            if !write {
                again.extend(id.filter(|_| fate == Fate::Unchanged));
                continue;
            }
            let id = id.unwrap_or_else(|| self.backend.clock.new_id());
            match row {
                Row::Prospect(prospect) => {
                    units.extend(unit_rows(&work.params.dealer_id, id, &prospect));
                    leads.push(self.prospect_row(work, id, *prospect, hash, now)?);
                }
                Row::Other(mut record) => {
                    let of = std::mem::take(&mut record.lines);
                    lines.extend(line_rows(&work.params.dealer_id, id, of));
                    others.push(self.record_row(work, id, *record, hash, now)?);
                }
            }
        }
        prospects::write(connection, &leads, &units).await?;
        records::write(connection, &others, &lines).await?;
        match work.params.feed {
            Feed::Prospect => prospects::seen_again(connection, &again, now).await?,
            _ => records::seen_again(connection, &again, now).await?,
        }
        Ok(())
    }
}
