//! A fetch at work: each window is one call, and its answer lands in chunks, each of them one transaction.

use super::{DealersService, fetching::zone, keys::lacking};
use crate::{
    access::sealed::Place,
    connectors::dgi::{Answer, Ask, Attempt, DealerKeys, Endpoint},
    jobs::{JobContext, JobFailure, JobOutcome},
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{
    AppError,
    dealers::{ErrorClass, FetchCounts, WindowState, is_code},
    jobs::EventLevel,
    live::Topic,
};
use engine::dealers::{
    answer::{self, Stopped},
    feed::spec,
    landing::{Fate, Mark, Seen, Sorted},
    prospect::{Asked, Prospect},
    value::{Fault, Record, content_hash},
    window::{self, Window},
};
use serde_json::{Value, json, value::RawValue};
use sqlx::PgConnection;
use std::{collections::HashMap, time::Instant};
use store::dealers::{
    self as rows, Dealer, Scope,
    calls::{self, CallRow},
    fetches::{self, Params, WindowRow},
    prospects::{self, Bytes, Kept, ProspectRow, RejectRow, UnitRow},
};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Records that are written in one transaction.
const CHUNK: usize = 500;
/// Minutes until the run is tried again, after its first and its second attempt.
const WAITS: [i64; 2] = [5, 30];
pub(super) const TABLE: &str = "dealer.prospects";
/// Of what was a record's key, in the list of those kept back.
const LONGEST_KEY: usize = 60;

const USED_UP: ErrorClass = ErrorClass::QuotaExhausted;
/// Failed windows in a row after which a dealer's system is not asked for a while.
const FAILURES: i32 = 5;
/// That while; then one call tries whether it answers.
const REST_SECONDS: i64 = 300;
/// Percent of a day's calls that scheduled runs leave to people.
const LEFT_TO_PEOPLE: i64 = 10;

/// What a run works with.
struct Work {
    run: Uuid,
    scope: Scope,
    dealer: Dealer,
    params: Params,
    keys: DealerKeys,
    to: Endpoint,
    /// Of the main dealer.
    zone: Tz,
}

/// How a window ended.
enum Ended {
    Done(FetchCounts),
    Failed(ErrorClass),
}

/// A record as it was read, or why it is kept back.
enum Landed {
    Good(Box<Prospect>, [u8; 32]),
    Bad { fault: Fault, key: Option<String>, raw: String },
}

fn failed(class: ErrorClass) -> JobFailure {
    JobFailure::fail(class.as_str(), format!("{}. {}", class.label(), class.advice()))
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
    /// Runs the fetch of a job: as its dealer, and seeing no other.
    ///
    /// # Errors
    /// What the main dealer did, in the classes of [`ErrorClass`]; a system that does not answer is tried again later.
    pub(crate) async fn run_fetch(&self, context: &JobContext) -> Result<JobOutcome, JobFailure> {
        let (work, windows) = self.prepared(context).await?;
        let total = windows.len();
        let mut sum = FetchCounts::default();
        for (at, row) in windows.iter().enumerate() {
            context.check()?;
            context.progress(i64::try_from(at).unwrap_or(0), i64::try_from(total).ok());
            if row.state == WindowState::Done {
                sum += row.counts;
                continue;
            }
            let place = format!("Window {} of {total}", at + 1);
            context.step(&place);
            match self.window(context, &work, row, &place).await? {
                Ended::Done(counts) => sum += counts,
                Ended::Failed(class) => return self.stopped(context, &work, class, sum, at > 0),
            }
            tell(context, sum);
        }
        context.progress(i64::try_from(total).unwrap_or(0), i64::try_from(total).ok());
        let result = json!({ "windows": total, "received": sum.received, "rejected": sum.rejected });
        Ok(if sum.rejected > 0 { JobOutcome::Partial(result) } else { JobOutcome::Succeeded(result) })
    }

    /// What a run has come to whose window failed.
    fn stopped(
        &self,
        context: &JobContext,
        work: &Work,
        class: ErrorClass,
        sum: FetchCounts,
        any_done: bool,
    ) -> Result<JobOutcome, JobFailure> {
        let (code, message) = (class.as_str().to_owned(), format!("{}. {}", class.label(), class.advice()));
        let now = self.backend.clock.now();
        let after = match (class, context.attempt) {
            (class, attempt) if class.is_passing() && attempt < context.max_attempts() => {
                let nth = usize::try_from(attempt - 1).unwrap_or(0).min(WAITS.len() - 1);
                Some(Duration::minutes(WAITS[nth]))
            }
            (ErrorClass::QuotaExhausted, 1) => {
                Some(window::day_start(now + Duration::days(1), work.zone, 0) + Duration::minutes(5) - now)
            }
            _ => None,
        };
        match after {
            Some(after) => Err(JobFailure::Later { code, message, after }),
            None if any_done => Ok(JobOutcome::Partial(json!({
                "received": sum.received, "rejected": sum.rejected, "error_class": code, "message": message,
            }))),
            None => Err(failed(class)),
        }
    }

    async fn enter_as(&self, scope: &Scope) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, JobFailure> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        rows::enter(&mut tx, scope).await?;
        Ok(tx)
    }

    async fn prepared(&self, context: &JobContext) -> Result<(Work, Vec<WindowRow>), JobFailure> {
        let lost = || JobFailure::fail("payload", "This run has no dealer or no range to fetch.");
        let run = context.run_id.0;
        let dealer_id = context.dealer_id().filter(|code| is_code(code)).ok_or_else(lost)?;
        let scope = Scope::Dealers(vec![dealer_id.to_owned()]);
        let mut tx = self.enter_as(&scope).await?;
        let mut params = fetches::params(&mut tx, run).await?;
        if let (None, Some(parent)) = (&params, context.parent_id()) {
            fetches::take_over(&mut tx, run, parent).await?;
            params = fetches::params(&mut tx, run).await?;
        }
        let params = params.ok_or_else(lost)?;
        let windows = fetches::windows(&mut tx, run).await?;
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(lost)?;
        let sealed = rows::keys(&mut tx, dealer_id, dealer.source.environment()).await?;
        store::commit(tx).await?;
        if !dealer.is_active {
            return Err(JobFailure::fail("inactive", "This dealer is not active; nothing is fetched."));
        }
        let unconfigured = |told: &str| JobFailure::fail(ErrorClass::Unconfigured.as_str(), told);
        let keys = self.open_keys(&dealer, &sealed).ok_or_else(|| unconfigured(lacking(&dealer, &sealed)))?;
        let address = "The main dealer has no address for this environment.";
        let to = self.endpoint(&dealer).await.ok_or_else(|| unconfigured(address))?;
        let zone = zone(&dealer.zone);
        Ok((Work { run, scope, dealer, params, keys, to, zone }, windows))
    }

    async fn window(
        &self,
        context: &JobContext,
        work: &Work,
        row: &WindowRow,
        place: &str,
    ) -> Result<Ended, JobFailure> {
        let (asked_at, started) = (self.backend.clock.now(), Instant::now());
        let mut tx = self.enter_as(&work.scope).await?;
        fetches::begin(&mut tx, work.run, row.seq).await?;
        let used_up = self.used_up(&mut tx, context, work).await?;
        let resting = self.resting(&mut tx, work).await?;
        if used_up {
            fetches::end(&mut tx, work.run, row.seq, (WindowState::Failed, Some(USED_UP.as_str())), 0).await?;
        }
        context.save_checkpoint(&mut tx, &json!({ "window": row.seq })).await?;
        store::commit(tx).await?;
        if used_up {
            return Ok(Ended::Failed(USED_UP));
        }
        if let Some(after) = resting {
            let message = "Its system did not answer several times in a row and is left alone for a while.".to_owned();
            return Err(JobFailure::Later { code: "breaker_open".to_owned(), message, after });
        }
        let ask = Ask {
            feed: work.params.feed,
            dealer_id: &work.params.dealer_id,
            window: Window { from: row.span.0, to: row.span.1 },
            filter: work.params.filter.as_deref(),
        };
        let outcome = tokio::select! {
            biased;
            // A system that does not answer holds nobody who cancels.
            () = context.stopping().cancelled() => return Err(JobFailure::Cancelled),
            outcome = self.fetcher.read(&work.to, &work.keys, ask) => outcome,
        };
        self.write_down(work, &outcome.attempts, outcome.answer.as_ref().err().copied()).await?;
        if outcome.clock_warning {
            context.log(EventLevel::Warn, "The clock of the main dealer is more than 5 s from ours.").await;
        }
        let (counts, end) = match outcome.answer {
            Ok(answer) => {
                let counts = self.land(context, work, row.seq, answer, place).await?;
                (Some(counts), (WindowState::Done, None))
            }
            Err(class) => (None, (WindowState::Failed, Some(class))),
        };
        let (state, class) = end;
        let took = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.enter_as(&work.scope).await?;
        fetches::end(&mut tx, work.run, row.seq, (state, class.map(ErrorClass::as_str)), took).await?;
        if state == WindowState::Done && work.params.filter.is_none() && row.span.0 <= asked_at {
            // What had not come yet when it was asked for is not covered.
            let covered = (row.span.0, row.span.1.min(asked_at));
            fetches::cover(&mut tx, &work.params.dealer_id, work.params.feed, covered).await?;
        }
        store::live::emit(&mut tx, Topic::Jobs, &work.run.to_string()).await?;
        context.save_checkpoint(&mut tx, &json!({ "window": row.seq + 1 })).await?;
        store::commit(tx).await?;
        Ok(match (counts, class) {
            (_, Some(class)) => Ended::Failed(class),
            (counts, None) => Ended::Done(counts.unwrap_or_default()),
        })
    }

    /// Whether the calls of the day are spent; scheduled runs leave some of them to people.
    async fn used_up(
        &self,
        connection: &mut PgConnection,
        context: &JobContext,
        work: &Work,
    ) -> Result<bool, JobFailure> {
        let Some(limit) = work.dealer.daily_limit.map(i64::from) else { return Ok(false) };
        let day = self.backend.clock.now().with_timezone(&work.zone).date_naive();
        let environment = work.dealer.source.environment();
        let made = calls::of_day(connection, &work.params.dealer_id, environment, day).await?;
        let left = if context.is_scheduled() { LEFT_TO_PEOPLE } else { 0 };
        Ok(made * 100 >= limit * (100 - left))
    }

    /// How long the dealer's system is left alone.
    async fn resting(&self, connection: &mut PgConnection, work: &Work) -> Result<Option<Duration>, JobFailure> {
        let environment = work.dealer.source.environment();
        let opened = calls::opened_at(connection, &work.params.dealer_id, environment).await?;
        let after = opened.map(|at| at + Duration::seconds(REST_SECONDS) - self.backend.clock.now());
        Ok(after.filter(|after| *after > Duration::zero()))
    }

    /// Writes the attempts of a window down, and what they say of the dealer's system.
    async fn write_down(&self, work: &Work, attempts: &[Attempt], class: Option<ErrorClass>) -> Result<(), JobFailure> {
        let (dealer_id, environment) = (work.params.dealer_id.as_str(), work.dealer.source.environment());
        let row = |attempt: &Attempt| CallRow {
            id: self.backend.clock.new_id(),
            run_id: work.run,
            dealer_id: dealer_id.to_owned(),
            feed: work.params.feed.as_str(),
            requested_at: attempt.requested_at,
            duration_ms: i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX),
            http_status: attempt.http_status.and_then(|status| i16::try_from(status).ok()),
            dgi_status: attempt.dgi_status,
            error_class: attempt.class.map(ErrorClass::as_str),
            records: i64::try_from(attempt.records).unwrap_or(i64::MAX),
            bytes: i64::try_from(attempt.bytes).unwrap_or(i64::MAX),
            clock_offset_ms: attempt.clock_offset_seconds.map(|seconds| seconds * 1_000),
        };
        let rows: Vec<CallRow> = attempts.iter().map(row).collect();
        let now = self.backend.clock.now();
        let day = now.with_timezone(&work.zone).date_naive();
        let mut tx = self.enter_as(&work.scope).await?;
        calls::log(&mut tx, &rows, (dealer_id, environment, day)).await?;
        let failed = class.is_some_and(ErrorClass::is_passing);
        calls::note(&mut tx, (dealer_id, environment), failed, FAILURES, now).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// Writes an answer's records.
    async fn land(
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

/// Tells the counters of a run.
fn tell(context: &JobContext, sum: FetchCounts) {
    for (name, count) in sum.named() {
        context.count(name, count);
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
