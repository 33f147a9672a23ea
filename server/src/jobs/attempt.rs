//! One attempt of one run: claim, watch over the body, write down how it ended.

use super::{
    actors,
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
    runtime::Runtime,
};
use crate::services::alerts::{self, Ended, Signal};
use chrono::Duration as Span;
use domain::{
    AppError,
    alerts::{Resolution, Severity, kind_of},
    live::Topic,
};
use sqlx::PgConnection;
use std::time::Duration;
use store::{
    StoreError,
    jobs::{Ending, Fence, Pulse},
};
use tokio::{
    task::JoinError,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// How watching over the body ended.
enum End {
    Body(Result<Result<JobOutcome, JobFailure>, JoinError>),
    Timeout,
    /// Cancelled, but the body did not listen.
    Forced,
    /// The process stops.
    Stopped,
    /// Somebody else has the run now.
    Lost,
}

/// Runs the ticket's run. An error leaves the ticket to the library, which offers it again later.
pub(super) async fn run<J: Job>(runtime: &Runtime, run: Uuid, ticket: i64, worker: &str) -> Result<(), String> {
    let Some(context) = claim(runtime, run, ticket, worker).await.map_err(|e| e.to_string())? else {
        return Ok(());
    };
    let end = match serde_json::from_value::<J::Payload>(context.claimed().payload.clone()) {
        Ok(payload) => {
            watch(runtime, &context, AbortOnDropHandle::new(tokio::spawn(J::run(context.clone(), payload)))).await
        }
        Err(_) => End::Body(Ok(Err(JobFailure::fail("payload", "The payload does not fit this kind of job.")))),
    };
    let verdict = judge(&context, runtime, end);
    // An unreachable database must not lose the verdict; what cannot be written is rescued by the sweep.
    for pause in [1, 2, 4, 8, 16] {
        match settle(runtime, &context, &verdict).await {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(job_id = %run, error = %error, "end of a run not written; trying again"),
        }
        sleep(Duration::from_secs(pause)).await;
    }
    settle(runtime, &context, &verdict).await.map_err(|e| e.to_string())
}

async fn claim(runtime: &Runtime, run: Uuid, ticket: i64, worker: &str) -> Result<Option<JobContext>, StoreError> {
    let now = runtime.backend.clock.now();
    let mut tx = store::begin(&runtime.backend.pools.jobs).await?;
    let Some(claimed) = store::jobs::claim(&mut tx, run, ticket, worker, now).await? else {
        return Ok(None);
    };
    let message = format!("Attempt {} of {} started.", claimed.attempt, claimed.max_attempts);
    store::jobs::add_event(&mut tx, run, now, "info", None, &message, None).await?;
    store::live::emit(&mut tx, Topic::Jobs, &run.to_string()).await?;
    store::commit(tx).await?;
    let fence = Fence { run, worker: worker.to_owned(), attempt: claimed.attempt };
    let principal = actors::job(&claimed.kind, run);
    Ok(Some(JobContext::new(runtime.backend.clone(), runtime.services.clone(), claimed, fence, principal)))
}

async fn watch(
    runtime: &Runtime,
    context: &JobContext,
    mut body: AbortOnDropHandle<Result<JobOutcome, JobFailure>>,
) -> End {
    let begun = Instant::now();
    let far = begun + Duration::from_secs(86_400 * 365);
    let seconds = u64::try_from(context.claimed().timeout_seconds).unwrap_or(1);
    let deadline = begun + Duration::from_secs(seconds);
    let (mut forced_at, mut stopped_at) = (far, far);
    let mut pulse = Heart::new(context, begun);
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            biased;
            ended = &mut body => return End::Body(ended),
            () = sleep_until(deadline) => break End::Timeout,
            () = sleep_until(forced_at) => break End::Forced,
            () = sleep_until(stopped_at) => break End::Stopped,
            () = runtime.stop.cancelled(), if stopped_at == far => stopped_at = Instant::now() + runtime.config.stop_grace,
            _ = tick.tick() => match timeout(Duration::from_secs(5), pulse.beat(runtime, context)).await {
                Ok(Ok(Some(true))) if forced_at == far => {
                    forced_at = Instant::now() + runtime.config.cancel_grace;
                    context.stopping().cancel();
                }
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => break End::Lost,
                Ok(Err(error)) => tracing::warn!(job_id = %context.run_id, error = %error, "pulse of a run not written"),
                Err(_) => tracing::warn!(job_id = %context.run_id, "pulse of a run not written within 5 s"),
            },
        }
    };
    context.stopping().cancel();
    body.abort();
    // Lets the body drop its connections before the run may start elsewhere; blocking code cannot be waited for.
    let _ = timeout(Duration::from_secs(2), &mut body).await;
    end
}

/// When what is written of a running run.
struct Heart {
    begun: Instant,
    done_at_start: i64,
    asked: Instant,
    written: Instant,
    beat: Duration,
}

impl Heart {
    fn new(context: &JobContext, begun: Instant) -> Self {
        let done_at_start = context.noted().pulse.done;
        Self { begun, done_at_start, asked: begun, written: begun, beat: Duration::from_secs(30) }
    }

    /// Every second: changed progress is written, at the latest every 5 s if it moves at all; every
    /// 2 s the cancel flag is read; every heartbeat the row is touched.
    async fn beat(&mut self, runtime: &Runtime, context: &JobContext) -> Result<Option<bool>, StoreError> {
        self.beat = runtime.config.heartbeat;
        let noted = {
            let mut noted = context.noted();
            let seconds = self.begun.elapsed().as_secs_f64();
            #[allow(clippy::cast_precision_loss, reason = "a rate for display")]
            let moved = (noted.pulse.done - self.done_at_start) as f64;
            noted.pulse.rate = (moved > 0.0 && seconds > 0.5).then(|| moved / seconds);
            let copy = noted.clone();
            noted.changed = false;
            copy
        };
        let silent = self.written.elapsed() >= self.beat;
        if noted.changed || silent {
            let now = runtime.backend.clock.now();
            let mut tx = store::begin(&runtime.backend.pools.jobs).await?;
            let answer = store::jobs::pulse(&mut tx, context.fence(), now, &noted.pulse).await?;
            if noted.changed {
                store::live::emit(&mut tx, Topic::Jobs, &context.run_id.to_string()).await?;
            }
            store::commit(tx).await?;
            (self.written, self.asked) = (Instant::now(), Instant::now());
            return Ok(answer);
        }
        if self.asked.elapsed() >= Duration::from_secs(2) {
            self.asked = Instant::now();
            let mut connection = store::acquire(&runtime.backend.pools.jobs).await?;
            return store::jobs::open_state(&mut connection, context.fence()).await;
        }
        Ok(Some(false))
    }
}

/// What to write of an attempt that ended.
enum Verdict {
    Close(Ending),
    Retry { code: String, message: String, after: Span },
    Aside { code: String, message: String },
    GiveBack,
    Leave,
}

fn judge(context: &JobContext, runtime: &Runtime, end: End) -> Verdict {
    let last = context.noted().pulse.clone();
    let close = |state, result, code: Option<&str>, message: Option<String>| {
        Verdict::Close(Ending {
            state,
            last: last.clone(),
            result,
            error_code: code.map(str::to_owned),
            error_message: message,
        })
    };
    let stopping = runtime.stop.is_cancelled();
    match end {
        End::Body(Ok(Ok(outcome))) => {
            let (state, result) = match outcome {
                JobOutcome::Succeeded(result) => ("succeeded", result),
                JobOutcome::Partial(result) => ("partial", result),
                JobOutcome::Skipped(result) => ("skipped", result),
            };
            close(state, (!result.is_null()).then_some(result), None, None)
        }
        // Asked to stop by a person: whatever the body says on its way out, it was cancelled.
        End::Body(Ok(Err(JobFailure::Cancelled | JobFailure::Retry { .. } | JobFailure::Aside { .. })))
            if context.cancelled() && !stopping =>
        {
            close("cancelled", None, None, None)
        }
        End::Body(Ok(Err(JobFailure::Cancelled))) => Verdict::GiveBack,
        End::Body(Ok(Err(JobFailure::Retry { code, message, after })))
            if context.attempt < context.claimed().max_attempts =>
        {
            Verdict::Retry { code, message, after: after.unwrap_or_else(|| backoff(context.attempt)) }
        }
        End::Body(Ok(Err(JobFailure::Aside { code, message }))) => Verdict::Aside { code, message },
        End::Body(Ok(Err(JobFailure::Retry { code, message, .. } | JobFailure::Fail { code, message }))) => {
            close("failed", None, Some(&code), Some(message))
        }
        End::Body(Err(error)) => {
            tracing::error!(job_id = %context.run_id, error = %error, error_code = "panic", "a job broke off");
            close(
                "failed",
                None,
                Some("panic"),
                Some("The job broke off because of a fault in the program.".to_owned()),
            )
        }
        End::Timeout => {
            let seconds = context.claimed().timeout_seconds;
            close("failed", None, Some("timeout"), Some(format!("Stopped after its time limit of {seconds} s.")))
        }
        End::Forced => {
            close("cancelled", None, Some("forced"), Some("Cancelled (forced): it did not stop by itself.".to_owned()))
        }
        End::Stopped => Verdict::GiveBack,
        End::Lost => Verdict::Leave,
    }
}

/// e¹, e², e³ … seconds: 2.7, 7.4, 20.1.
fn backoff(attempt: i32) -> Span {
    #[allow(clippy::cast_possible_truncation, reason = "milliseconds of at most e^10 seconds")]
    Span::milliseconds((f64::from(attempt.clamp(1, 10)).exp() * 1_000.0) as i64)
}

async fn settle(runtime: &Runtime, context: &JobContext, verdict: &Verdict) -> Result<(), AppError> {
    let now = runtime.backend.clock.now();
    let (run, fence) = (context.run_id.0, context.fence());
    let last: Pulse = context.noted().pulse.clone();
    let mut tx = store::begin(&runtime.backend.pools.jobs).await?;
    let (ours, level, message) = match verdict {
        Verdict::Leave => (false, "warn", String::new()),
        Verdict::Close(ending) => {
            let ours = store::jobs::finish(&mut tx, fence, now, ending).await?;
            let level = if ending.state == "failed" { "error" } else { "info" };
            let why = ending.error_message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
            (ours, level, format!("Ended {}{why}", ending.state))
        }
        Verdict::Retry { code, message, after } => {
            let ours =
                store::jobs::requeue(&mut tx, fence, now, now + *after, true, &last, Some((code, message))).await?;
            (ours, "warn", format!("{message} Next attempt in {} s.", after.num_seconds().max(1)))
        }
        Verdict::Aside { code, message } => {
            let ours = store::jobs::requeue(&mut tx, fence, now, now, false, &last, Some((code, message))).await?;
            if let (true, Some(dealer)) = (ours, context.dealer_id()) {
                store::jobs::set_aside(&mut tx, &context.claimed().queue, dealer, now).await?;
            }
            (ours, "warn", message.clone())
        }
        Verdict::GiveBack => {
            let ours = store::jobs::requeue(&mut tx, fence, now, now, false, &last, None).await?;
            (ours, "info", "Back in the queue: the worker is stopping.".to_owned())
        }
    };
    if !ours {
        tracing::warn!(job_id = %run, "a run was taken over by another worker; its result here is dropped");
        return Ok(());
    }
    store::jobs::add_event(&mut tx, run, now, level, last.step.as_deref(), &message, None).await?;
    store::live::emit(&mut tx, Topic::Jobs, &run.to_string()).await?;
    if let Verdict::Close(ending) = verdict {
        told(&mut tx, runtime, context, ending).await?;
    }
    Ok(store::commit(tx).await?)
}

/// A kind whose last attempt failed is a problem until its next run succeeds; of a dealer's runs, those of the same dealer.
async fn told(
    connection: &mut PgConnection,
    runtime: &Runtime,
    context: &JobContext,
    ending: &Ending,
) -> Result<(), AppError> {
    let kind = kind_of("job_failed").ok_or_else(AppError::internal)?;
    let (clock, job) = (runtime.backend.clock.as_ref(), context.claimed().kind.as_str());
    let title = runtime.registry.title(job);
    let (about, title) = match context.dealer_id() {
        Some(dealer) => (format!("{job}/{dealer}"), format!("{title} of {dealer}")),
        None => (job.to_owned(), title.to_owned()),
    };
    match ending.state {
        "failed" => {
            let why = ending.error_message.as_deref().unwrap_or("It did not say why.");
            let signal = Signal::of(kind, Severity::High, &about, &title)
                .saying(format!("{title} failed"), format!("{why} It is not tried again by itself."))
                .acting(format!("/jobs/{}", context.run_id));
            alerts::raise(connection, clock, job, &signal).await?;
        }
        "succeeded" | "partial" => {
            let ended = Ended { by: job, how: Resolution::Action, note: None };
            alerts::clear(connection, clock, &Signal::key_of(kind, &about), ended).await?;
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_wait_powers_of_e() {
        assert_eq!([1, 2, 3].map(|n| backoff(n).num_milliseconds()), [2_718, 7_389, 20_085]);
        assert_eq!(backoff(50), backoff(10));
    }
}
