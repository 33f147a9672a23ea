//! One solve as a child process (`planning.md` 3.3): fed, followed, limited, stopped, and finished from its last incumbent when
//! it did not come to its end. What is measured here is measured on the monotonic clock.

mod attempt;
mod start;

use attempt::{Attempt, Task, Went};
pub use engine::planning::pipe::{Phase, Progress};
use engine::planning::{
    result::Answer,
    run::{Outcome, grace},
};
use std::{
    future::Future,
    path::Path,
    pin::{Pin, pin},
    time::Duration,
};
use tokio::time::Instant;
use uuid::Uuid;

/// A plan is finished in this time, or the child that does it is given up.
const FINISH: Duration = Duration::from_secs(30);
/// A solve is not begun once more for less.
const WORTH_IT: Duration = Duration::from_secs(1);
/// After a fault of the solver.
const OTHER_SEED: i32 = 7919;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the child, reading and checks included.
    pub time: Duration,
    pub memory_mib: u64,
}

/// Somebody asks for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The best plan so far is kept.
    pub keep_incumbent: bool,
}

/// What a solve tells while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line {
    Phase(Phase),
    Progress(Progress),
    /// A better whole plan was found.
    Incumbent {
        objective: f64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Whatever came of it, a plan in it has passed the checker.
    Answer(Box<Answer>),
    /// `input_refused`, `solver_memory`, `solver_error`, or `solver_lost` when no child could be started or heard.
    Failed { code: &'static str, message: String },
}

/// The last incumbent line as it was written, and what it costs.
#[derive(Debug, Clone)]
struct Kept {
    objective: f64,
    line: String,
}

/// What stays over the attempts of one solve.
#[derive(Debug, Default)]
struct Memory {
    kept: Option<Kept>,
    bound: Option<f64>,
    stopped: Option<Stop>,
}

/// Runs one solve to its end; `stop` resolves with keep_incumbent when somebody cancels. Dropped, it takes the child with it.
pub async fn solve(
    program: &Path,
    document: &[u8],
    run: Uuid,
    limits: Limits,
    stop: impl Future<Output = Stop>,
    mut each: impl FnMut(Line),
) -> Ended {
    let begun = Instant::now();
    let mut stop = pin!(stop);
    let mut memory = Memory::default();
    let time = limits.time.as_secs_f64();
    let last = begun + Duration::from_secs_f64(time + grace(time));
    let (mut seed, mut presolve) = (None, true);
    loop {
        let task = Task::Solve { seed, presolve, time: limits.time.saturating_sub(begun.elapsed()) };
        let attempt = Attempt { program, document, run, memory_mib: limits.memory_mib, task, until: last };
        let went = attempt.run(stop.as_mut(), &mut memory, &mut each).await;
        let again = limits.time.saturating_sub(begun.elapsed()) > WORTH_IT && memory.stopped.is_none();
        match went {
            Went::Answered(answer) if !memory.is_better(&answer) => return Ended::Answer(answer),
            Went::PresolveSlow if again && presolve => presolve = false,
            Went::Died(_) if again && seed.is_none() => seed = Some(OTHER_SEED),
            Went::Answered(_) | Went::Overrun | Went::PresolveSlow | Went::Stopped => {
                return finish(program, document, run, limits, memory).await;
            }
            Went::Memory(_) | Went::Died(_) | Went::Lost(_) if memory.kept.is_some() || memory.stopped.is_some() => {
                return finish(program, document, run, limits, memory).await;
            }
            Went::Refused(message) => return Ended::Failed { code: "input_refused", message },
            Went::Memory(message) => return Ended::Failed { code: "solver_memory", message },
            Went::Died(message) => return Ended::Failed { code: "solver_error", message },
            Went::Lost(message) => return Ended::Failed { code: "solver_lost", message },
        }
    }
}

impl Memory {
    /// Whether the plan kept from an attempt before is better than an answer that did not come to the end.
    fn is_better(&self, answer: &Answer) -> bool {
        let cut = matches!(answer.outcome, Outcome::LimitWithPlan | Outcome::LimitNoPlan | Outcome::Cancelled);
        let wanted = self.stopped.is_none_or(|stop| stop.keep_incumbent);
        cut && wanted
            && self.kept.as_ref().is_some_and(|kept| {
                answer.objective.is_none_or(|got| got > kept.objective + 1e-6 * kept.objective.abs().max(1.0))
            })
    }
}

/// The last incumbent as a full checked plan, from a child of its own: polished, and where that fails as it stands.
async fn finish(program: &Path, document: &[u8], run: Uuid, limits: Limits, memory: Memory) -> Ended {
    let cancelled = memory.stopped.is_some();
    let wanted = memory.stopped.is_none_or(|stop| stop.keep_incumbent);
    let kept = memory.kept.filter(|_| wanted).map(|kept| kept.line);
    let mut why = String::new();
    for (polish, memory_mib) in [(true, limits.memory_mib), (false, limits.memory_mib.saturating_mul(2))] {
        let task = Task::Finish { kept: kept.as_deref(), bound: memory.bound, cancelled, polish };
        let attempt = Attempt { program, document, run, memory_mib, task, until: Instant::now() + FINISH };
        let nobody: Pin<&mut std::future::Pending<Stop>> = pin!(std::future::pending());
        match attempt.run(nobody, &mut Memory::default(), &mut |_| {}).await {
            Went::Answered(answer) => return Ended::Answer(answer),
            Went::Memory(message) | Went::Died(message) | Went::Refused(message) | Went::Lost(message) => why = message,
            Went::Overrun | Went::PresolveSlow | Went::Stopped => {
                "The plan was not finished in time.".clone_into(&mut why)
            }
        }
    }
    Ended::Failed { code: "solver_lost", message: why }
}
