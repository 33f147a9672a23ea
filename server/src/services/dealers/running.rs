//! A fetch at work: each window is one call. What lands of its answer is the matter of [`super::landing`].

use super::{DealersService, fetching::zone, keys::lacking};
use crate::{
    connectors::dgi::{Ask, Attempt, DealerKeys, Endpoint, Outcome},
    jobs::{DealerFetch, JobContext, JobFailure, JobOutcome, JobRequest, Nothing, enqueue},
};
use chrono::Duration;
use chrono_tz::Tz;
use domain::{
    dealers::{ErrorClass, FetchCounts, WindowState, is_code},
    jobs::EventLevel,
    live::Topic,
};
use engine::dealers::window::{self, Window};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::Instant;
use store::dealers::{
    self as rows, Dealer, Scope,
    calls::{self, CallRow},
    fetches::{self, Params, WindowRow},
    records,
};
use uuid::Uuid;

/// Minutes until the run is tried again, after its first and its second attempt.
const WAITS: [i64; 2] = [5, 30];
/// Failed windows in a row after which a dealer's system is not asked for a while.
const FAILURES: i32 = 5;
/// That while; then one call tries whether it answers.
const REST_SECONDS: i64 = 300;
/// Records and time after which a run hands the windows that are left over to another.
const MOST_RECORDS: i64 = 50_000;
const LONGEST: std::time::Duration = std::time::Duration::from_secs(1_500);
/// Percent of a day's calls that scheduled runs leave to people.
const LEFT_TO_PEOPLE: i64 = 10;

/// What a run works with.
pub(super) struct Work {
    pub run: Uuid,
    pub scope: Scope,
    dealer: Dealer,
    pub params: Params,
    keys: DealerKeys,
    to: Endpoint,
    /// Of the main dealer.
    pub zone: Tz,
}

/// How a window ended.
enum Ended {
    Done(FetchCounts),
    Halted(Halt),
}

/// Why a run goes no further.
struct Halt {
    code: &'static str,
    message: String,
    /// When it may go on; `None`: not by itself.
    after: Option<Duration>,
}

impl DealersService {
    /// Runs the fetch of a job: as its dealer, and seeing no other.
    ///
    /// # Errors
    /// What the main dealer did, in the classes of [`ErrorClass`]; a system that does not answer is tried again later.
    pub(crate) async fn run_fetch(&self, context: &JobContext) -> Result<JobOutcome, JobFailure> {
        let (work, windows) = self.prepared(context).await?;
        let (started, total) = (Instant::now(), windows.len());
        let (mut sum, mut any_done) = (FetchCounts::default(), false);
        for (at, row) in windows.iter().enumerate() {
            context.check()?;
            context.progress(i64::try_from(at).unwrap_or(0), i64::try_from(total).ok());
            if row.state == WindowState::Done {
                sum += row.counts;
            } else {
                if any_done && (sum.received >= MOST_RECORDS || started.elapsed() >= LONGEST) {
                    return self.handed_over(context, &work, at, sum).await;
                }
                let place = format!("Window {} of {total}", at + 1);
                context.step(&place);
                match self.window(context, &work, row, &place).await? {
                    Ended::Done(counts) => sum += counts,
                    Ended::Halted(halt) => return stopped(context, halt, sum, any_done),
                }
            }
            any_done = true;
            tell(context, sum);
        }
        context.progress(i64::try_from(total).unwrap_or(0), i64::try_from(total).ok());
        Ok(ended(sum, json!({ "windows": total, "received": sum.received, "rejected": sum.rejected })))
    }

    /// The windows that are left go to a run of their own, so that none takes too long.
    async fn handed_over(
        &self,
        context: &JobContext,
        work: &Work,
        done: usize,
        sum: FetchCounts,
    ) -> Result<JobOutcome, JobFailure> {
        let mut tx = self.enter_as(&work.scope).await?;
        let mut request = JobRequest::of::<DealerFetch>(&Nothing {})?;
        request.dealer_id = Some(work.params.dealer_id.clone());
        request.parent_id = Some(work.run);
        request.schedule_id = context.schedule_id().map(str::to_owned);
        request.origin = context.origin().to_owned();
        let next = enqueue(&mut tx, self.backend.clock.as_ref(), context.principal(), request).await?.job_id;
        fetches::move_rest(&mut tx, work.run, next.0).await?;
        context.save_checkpoint(&mut tx, &json!({ "window": done })).await?;
        store::commit(tx).await?;
        context.progress(i64::try_from(done).unwrap_or(0), i64::try_from(done).ok());
        context.log(EventLevel::Info, &format!("The windows that are left are fetched by the run {next}.")).await;
        let result = json!({
            "windows": done, "received": sum.received, "rejected": sum.rejected, "continued_by": next,
        });
        Ok(ended(sum, result))
    }

    pub(super) async fn enter_as(
        &self,
        scope: &Scope,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, JobFailure> {
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
        let off = records::switched_off(&mut tx, dealer_id).await?;
        let sealed = rows::keys(&mut tx, dealer_id, dealer.source.environment()).await?;
        store::commit(tx).await?;
        if !dealer.is_active {
            return Err(JobFailure::fail("inactive", "This dealer is not active; nothing is fetched."));
        }
        if off.iter().any(|(feed, _)| *feed == params.feed) {
            return Err(JobFailure::fail(
                "switched_off",
                "This feed is switched off for the dealer; nothing is fetched.",
            ));
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
        if let Some(halt) = self.begun(context, work, row).await? {
            return Ok(Ended::Halted(halt));
        }
        let ask = Ask {
            feed: work.params.feed,
            dealer_id: &work.params.dealer_id,
            window: Window { from: row.span.0, to: row.span.1 },
            filter: work.params.filter.as_deref(),
            // Others stand behind it, and it keeps them waiting once only.
            waits_once: !context.is_aside(),
        };
        let Outcome { answer, attempts, clock_warning } = tokio::select! {
            biased;
            // A system that does not answer holds nobody who cancels.
            () = context.stopping().cancelled() => return Err(JobFailure::Cancelled),
            outcome = self.fetcher.read(&work.to, &work.keys, ask) => outcome,
        };
        let class = answer.as_ref().err().copied();
        let goes_aside = ask.waits_once && class == Some(ErrorClass::Timeout);
        let failed = (!goes_aside).then(|| class.is_some_and(ErrorClass::is_passing));
        self.write_down(work, &attempts, failed).await?;
        if goes_aside {
            let message = "Its system does not answer in time; the run goes on where it keeps no other waiting.";
            return Err(JobFailure::aside(ErrorClass::Timeout.as_str(), message));
        }
        if clock_warning {
            context.log(EventLevel::Warn, "The clock of the main dealer is more than 5 s from ours.").await;
        }
        let counts = match answer {
            Ok(answer) => Some(self.land(context, work, row.seq, answer, place).await?),
            Err(_) => None,
        };
        let end =
            (if counts.is_some() { WindowState::Done } else { WindowState::Failed }, class.map(ErrorClass::as_str));
        let took = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.enter_as(&work.scope).await?;
        fetches::end(&mut tx, work.run, row.seq, end, took).await?;
        if counts.is_some() && work.params.filter.is_none() && row.span.0 <= asked_at {
            // What had not come yet when it was asked for is not covered.
            let covered = (row.span.0, row.span.1.min(asked_at));
            fetches::cover(&mut tx, &work.params.dealer_id, work.params.feed, covered).await?;
        }
        store::live::emit(&mut tx, Topic::Jobs, &work.run.to_string()).await?;
        if let Some(class @ (ErrorClass::SchemaChanged | ErrorClass::BadPayload)) = class {
            let about = (work.params.dealer_id.as_str(), work.params.feed);
            self.pause_feed(&mut tx, context.principal(), about, class.label()).await?;
        }
        if counts.is_some() {
            store::live::emit(&mut tx, Topic::Dealers, "").await?;
        }
        context.save_checkpoint(&mut tx, &json!({ "window": row.seq + 1 })).await?;
        store::commit(tx).await?;
        Ok(match (counts, class) {
            (_, Some(class)) => Ended::Halted(self.halted(context, work, row, class)),
            (counts, None) => Ended::Done(counts.unwrap_or_default()),
        })
    }

    /// Begins a window, unless its dealer's system is not to be asked now.
    async fn begun(&self, context: &JobContext, work: &Work, row: &WindowRow) -> Result<Option<Halt>, JobFailure> {
        let mut tx = self.enter_as(&work.scope).await?;
        fetches::begin(&mut tx, work.run, row.seq).await?;
        let used_up = self.used_up(&mut tx, context, work).await?;
        let resting = self.resting(&mut tx, work).await?;
        let halt = if used_up {
            Some(self.halted(context, work, row, ErrorClass::QuotaExhausted))
        } else {
            resting.map(|after| Halt {
                code: "breaker_open",
                message: "Its system did not answer several times in a row and is left alone for a while.".to_owned(),
                after: Some(after),
            })
        };
        if let Some(halt) = &halt {
            fetches::end(&mut tx, work.run, row.seq, (WindowState::Failed, Some(halt.code)), 0).await?;
        }
        context.save_checkpoint(&mut tx, &json!({ "window": row.seq })).await?;
        store::commit(tx).await?;
        Ok(halt)
    }

    fn halted(&self, context: &JobContext, work: &Work, row: &WindowRow, class: ErrorClass) -> Halt {
        let now = self.backend.clock.now();
        // It waits for the next day once.
        let waited = row.error_class.as_deref() == Some(ErrorClass::QuotaExhausted.as_str());
        let after = match class {
            class if class.is_passing() => {
                let nth = usize::try_from(context.attempt - 1).unwrap_or(0).min(WAITS.len() - 1);
                Some(Duration::minutes(WAITS[nth]))
            }
            ErrorClass::QuotaExhausted if !waited => {
                Some(window::day_start(now + Duration::days(1), work.zone, 0) + Duration::minutes(5) - now)
            }
            _ => None,
        };
        Halt { code: class.as_str(), message: format!("{}. {}", class.label(), class.advice()), after }
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

    /// Writes the attempts of a window down, and whether the dealer's system failed; `None`: that is not known yet.
    async fn write_down(&self, work: &Work, attempts: &[Attempt], failed: Option<bool>) -> Result<(), JobFailure> {
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
        if let Some(failed) = failed {
            calls::note(&mut tx, (dealer_id, environment), failed, FAILURES, now).await?;
        }
        store::commit(tx).await?;
        Ok(())
    }
}

/// Tells the counters of a run.
fn tell(context: &JobContext, sum: FetchCounts) {
    for (name, count) in sum.named() {
        context.count(name, count);
    }
}

/// How a run ended all of whose windows are done.
fn ended(sum: FetchCounts, result: Value) -> JobOutcome {
    if sum.rejected > 0 { JobOutcome::Partial(result) } else { JobOutcome::Succeeded(result) }
}

/// What a run has come to that goes no further.
fn stopped(context: &JobContext, halt: Halt, sum: FetchCounts, any_done: bool) -> Result<JobOutcome, JobFailure> {
    tell(context, sum);
    let Halt { code, message, after } = halt;
    match after.filter(|_| context.attempt < context.max_attempts()) {
        Some(after) => Err(JobFailure::later(code, message, after)),
        None if any_done => Ok(JobOutcome::Partial(json!({
            "received": sum.received, "rejected": sum.rejected, "error_class": code, "message": message,
        }))),
        None => Err(JobFailure::fail(code, message)),
    }
}
