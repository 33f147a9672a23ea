//! Asking for fetches and reading what came of them. The run itself is in [`super::running`].

use super::DealersService;
use crate::jobs::{DealerFetch, JobRequest, Nothing, enqueue};
use chrono::{DateTime, Duration, NaiveDateTime, SubsecRound as _, Utc};
use chrono_tz::Tz;
use domain::{
    AppError, ErrorCode, FieldError,
    access::{Permission, Principal},
    dealers::{
        DealerFetches, Feed, FeedCoverage, FetchCounts, FetchError, FetchProgress, FetchRange, FetchRow, FetchStarted,
        FetchStatus, FetchWindow, StartFetch, WindowState, is_code,
    },
    ids::JobId,
    jobs::{JobState, Progress, queues},
};
use engine::dealers::window::{self, RangeFault, Window};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::Act,
    dealers::{
        self as rows, Dealer,
        fetches::{self, FetchRecord, Params, Span, WindowRow},
        prospects, records,
    },
    jobs::JobRecord,
};

/// Fetches that a dealer's page lists.
const LISTED: i64 = 20;
/// Runs are served in the order of their priority, 9 the last.
const LAST: i64 = 9;

/// Zone of a dealer or main dealer; the names were checked when they were written.
pub(super) fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::Asia__Jakarta)
}

/// ISO 8601, or a local time of the dealer.
fn moment(path: &'static str, text: Option<&str>, zone: Tz) -> Result<Option<DateTime<Utc>>, FieldError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let local = || {
        let forms = [window::FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
        forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| window::local(at, zone))
    };
    let read = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).ok().or_else(local);
    let told = "Write a time as 2026-11-20 08:00:00 in the dealer's zone, or with its offset.";
    read.map(Some).ok_or_else(|| FieldError::new(path, told))
}

/// The range that is asked for, or what is wrong with it.
fn range(command: &StartFetch, dealer: &Dealer, now: DateTime<Utc>) -> Result<Window, Vec<FieldError>> {
    let (own, main) = (zone(&dealer.timezone), zone(&dealer.zone));
    let mut faults = Vec::new();
    let mut read = |path, text: &Option<String>| {
        moment(path, text.as_deref(), own).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        })
    };
    let (from, to) = (read("from_time", &command.from_time), read("to_time", &command.to_time));
    if !faults.is_empty() {
        return Err(faults);
    }
    let from = from.unwrap_or_else(|| window::day_start(now, own, 0));
    let lookback = u32::try_from(dealer.lookback_days).unwrap_or(1);
    // Today until its end may be asked for; what has not come yet is not there.
    let end = window::day_start(now + Duration::days(1), own, 0) - Duration::seconds(1);
    if to.is_some_and(|to| to.trunc_subsecs(0) > end) {
        return Err(vec![FieldError::new("to_time", "The range ends in the future. Choose an end up to today.")]);
    }
    Window::asked(Some(from), to, now, main, lookback).map_err(|fault| {
        vec![match fault {
            RangeFault::TooOld(earliest) => {
                let (day, days) = (earliest.with_timezone(&main).format("%Y-%m-%d"), dealer.lookback_days);
                FieldError::new(
                    "from_time",
                    format!("The main dealer gives {days} days back. Begin on {day} or later."),
                )
            }
            RangeFault::Reversed => FieldError::new("to_time", "The range ends before it begins."),
            RangeFault::Future => FieldError::new("from_time", "The range begins in the future."),
        }]
    })
}

const fn unknown() -> &'static str {
    "There is no dealer with this code."
}

impl DealersService {
    pub(super) async fn start_fetch(&self, who: &Principal, command: &StartFetch) -> Result<FetchStarted, AppError> {
        who.require(Permission::JobsRun)?;
        let dealer_id = command.dealer_id.trim();
        if !is_code(dealer_id) {
            return Err(AppError::field("dealer_id", unknown()));
        }
        let (feed, filter) = match (command.feed(), command.filter()) {
            (Ok(feed), Ok(filter)) => (feed, filter),
            (feed, filter) => return Err(AppError::validation(feed.err().into_iter().chain(filter.err()).collect())),
        };
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::JobsRun).await?;
        // The lock makes two who ask for the same at once see each other's run.
        let mut tx = self.held(tx, who, &scope, dealer_id).await.map_err(|error| match error.code {
            ErrorCode::NotFound => AppError::field("dealer_id", unknown()),
            _ => error,
        })?;
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(AppError::internal)?;
        if !dealer.is_active {
            return Err(AppError::field("dealer_id", "This dealer is not active."));
        }
        if records::switched_off(&mut tx, dealer_id).await?.iter().any(|(off, _)| *off == feed) {
            return Err(AppError::field("fetch_type", "This feed is switched off for the dealer."));
        }
        let asked = range(command, &dealer, now).map_err(AppError::validation)?;
        let params = Params {
            dealer_id: dealer_id.to_owned(),
            feed,
            range: (asked.from, asked.to),
            filter: filter.map(str::to_owned),
        };
        let open = fetches::meeting(&mut tx, dealer_id, feed, params.range).await?;
        let (task_id, status, deduplicated) = match open {
            Some(open) if open.range == params.range => (JobId(open.run), open.state, true),
            Some(open) => {
                let run = open.run;
                let told =
                    format!("The run {run} fetches a part of this range already. Wait for its end or cancel it.");
                return Err(AppError::conflict(told));
            }
            None => (self.queue_fetch(&mut tx, who, &dealer, &params).await?, JobState::Queued, false),
        };
        store::commit(tx).await?;
        let message = if deduplicated { "The same is being fetched already." } else { "The fetch is queued." };
        Ok(FetchStarted {
            message: message.to_owned(),
            task_id,
            dealer_id: dealer_id.to_owned(),
            fetch_type: feed,
            status,
            deduplicated,
        })
    }

    async fn queue_fetch(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        dealer: &Dealer,
        params: &Params,
    ) -> Result<JobId, AppError> {
        let days = u32::try_from(dealer.max_range_days).unwrap_or(1);
        let windows: Vec<Span> = Window { from: params.range.0, to: params.range.1 }
            .pieces(days)
            .into_iter()
            .map(|piece| (piece.from, piece.to))
            .collect();
        let open = fetches::standing(connection, &params.dealer_id, queues::DEALER_FETCH).await?;
        let (from, to) = (params.range.0.timestamp(), params.range.1.timestamp());
        let key = format!("{}/{}/{from}-{to}", params.feed.as_str(), params.dealer_id);
        let mut request = JobRequest::of::<DealerFetch>(&Nothing {})?.unique(key);
        request.dealer_id = Some(params.dealer_id.clone());
        request.priority = i16::try_from(open.min(LAST)).unwrap_or(0);
        request.origin.clone_from(&dealer.origin);
        let run = enqueue(connection, self.backend.clock.as_ref(), who, request).await?.job_id;
        fetches::plan(connection, run.0, params, &windows).await?;
        let about = json!({
            "feed": params.feed, "from": params.range.0, "to": params.range.1, "windows": windows.len(), "run": run,
        });
        let act = Act::done("dealers.fetch", "dealer", &params.dealer_id).of_dealer(&params.dealer_id).after(about);
        self.told(connection, who, act).await?;
        Ok(run)
    }

    pub(super) async fn read_status(&self, who: &Principal, run: JobId) -> Result<Option<FetchStatus>, AppError> {
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::JobsView).await?;
        let Some(params) = fetches::params(&mut tx, run.0).await? else { return Ok(None) };
        let windows = fetches::windows(&mut tx, run.0).await?;
        let dealer = rows::get(&mut tx, &params.dealer_id).await?.ok_or_else(AppError::internal)?;
        let record = store::jobs::detail(&mut tx, run.0).await?;
        store::commit(tx).await?;
        Ok(record.and_then(|record| status(&record, params, windows, zone(&dealer.timezone))))
    }

    pub(super) async fn read_fetches(
        &self,
        who: &Principal,
        dealer_id: &str,
    ) -> Result<Option<DealerFetches>, AppError> {
        if !is_code(dealer_id) {
            return Ok(None);
        }
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::DealersView).await?;
        let Some(dealer) = rows::get(&mut tx, dealer_id).await? else { return Ok(None) };
        let (now, own, main) = (self.backend.clock.now(), zone(&dealer.timezone), zone(&dealer.zone));
        let earliest = window::day_start(now, main, u32::try_from(dealer.lookback_days).unwrap_or(1));
        let (prospects, open_rejects) = prospects::totals(&mut tx, dealer_id).await?;
        let covered = fetches::coverage(&mut tx, dealer_id, Feed::ALL, (earliest, now.trunc_subsecs(0))).await?;
        let (records, off) =
            (records::totals(&mut tx, dealer_id).await?, records::switched_off(&mut tx, dealer_id).await?);
        let runs = fetches::recent(&mut tx, dealer_id, LISTED).await?;
        store::commit(tx).await?;
        let ranges = |spans: Vec<Span>| spans.into_iter().map(|span| local_range(span, own)).collect();
        let coverage = covered
            .into_iter()
            .map(|one| FeedCoverage {
                feed: one.feed,
                records: match one.feed {
                    Feed::Prospect => prospects,
                    other => records.iter().find(|(feed, _)| *feed == other).map_or(0, |(_, records)| *records),
                },
                is_enabled: !off.iter().any(|(feed, _)| *feed == one.feed),
                reason: off.iter().find(|(feed, _)| *feed == one.feed).and_then(|(_, reason)| reason.clone()),
                watermark: one.watermark.map(|at| local(at, own)),
                covered: ranges(one.covered),
                gaps: ranges(one.gaps),
            })
            .collect();
        let runs = runs.into_iter().filter_map(|record| row(record, own)).collect();
        Ok(Some(DealerFetches { prospects, open_rejects, coverage, runs }))
    }
}

pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> DateTime<chrono::FixedOffset> {
    at.with_timezone(&zone).fixed_offset()
}

fn local_range((from, to): Span, zone: Tz) -> FetchRange {
    FetchRange { from: local(from, zone), to: local(to, zone) }
}

fn error_of(code: Option<String>, message: Option<String>) -> Option<FetchError> {
    Some(FetchError { class: code?, message: message.unwrap_or_default() })
}

/// From the counters of a run, which are those of its windows.
fn counts_of(counters: &serde_json::Value) -> FetchCounts {
    serde_json::from_value(counters.clone()).unwrap_or_default()
}

fn row(record: FetchRecord, zone: Tz) -> Option<FetchRow> {
    Some(FetchRow {
        task_id: JobId(record.run),
        fetch_type: domain::dealers::Feed::parse(&record.feed)?,
        status: JobState::parse(&record.state)?,
        from: local(record.from_at, zone),
        to: local(record.to_at, zone),
        counters: counts_of(&record.counters),
        error: error_of(record.error_code, record.error_message),
        requested_by: record.requested_label,
        created_at: local(record.created_at, zone),
        finished_at: record.finished_at.map(|at| local(at, zone)),
    })
}

fn status(record: &JobRecord, params: Params, windows: Vec<WindowRow>, zone: Tz) -> Option<FetchStatus> {
    let mut counters = FetchCounts::default();
    let done = i64::try_from(windows.iter().filter(|window| window.state == WindowState::Done).count()).ok()?;
    let total = i64::try_from(windows.len()).ok()?;
    let state = JobState::parse(&record.state)?;
    let windows = windows
        .into_iter()
        .map(|window| {
            counters += window.counts;
            // Nobody works at a window of a run that stands still.
            let left = window.state == WindowState::Running && state != JobState::Running;
            FetchWindow {
                seq: window.seq,
                from: local(window.span.0, zone),
                to: local(window.span.1, zone),
                state: if left { WindowState::Pending } else { window.state },
                attempts: window.attempts,
                counters: window.counts,
                error_class: window.error_class,
                duration_ms: window.duration_ms,
            }
        })
        .collect();
    let progress = Progress { done, total: Some(total), rate: record.progress_rate, ..Progress::default() }.with_eta();
    Some(FetchStatus {
        task_id: JobId(record.id),
        dealer_id: params.dealer_id,
        fetch_type: params.feed,
        status: state,
        progress: FetchProgress {
            done,
            total,
            unit: "windows".to_owned(),
            // A fetch without windows had nothing left to do.
            percent: progress.percent().unwrap_or(100),
            step: record.step.clone(),
            rate: record.progress_rate,
            eta_seconds: progress.eta_seconds,
        },
        counters,
        windows,
        error: error_of(record.error_code.clone(), record.error_message.clone()),
    })
}
