//! The course of a solve: what is told of it, and the end when a signal asks for it. The solver can be silent for long, so a
//! thread of its own writes from the last figures it left, and sees what is overdue.

use engine::planning::{
    input::Input,
    model::{Key, Model},
    pipe::{Incumbent, Line, Phase, Progress},
    run::{Kept, gap, grace, higher},
    solve::{Figures, Watch},
};
use nix::{
    sys::signal::{SigSet, Signal, kill},
    unistd::Pid,
};
use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// At most two lines a second, at least one every two seconds.
const OFTEN: Duration = Duration::from_millis(500);
const SELDOM: Duration = Duration::from_millis(1750);
const TICK: Duration = Duration::from_millis(200);
/// For the solver to see that somebody asks for the end.
const PATIENCE: Duration = Duration::from_millis(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    Nothing,
    /// Lines of progress on standard error.
    Progress,
    /// Every line, on standard output.
    Lines,
}

/// What the solver does not see in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    Stop,
    Limit,
    /// More than half the time went into it.
    Presolve,
}

/// When somebody asked for the end.
#[derive(Debug, Clone, Default)]
pub struct Stopping(Arc<OnceLock<Instant>>);

impl Stopping {
    /// From now on Ctrl-C and SIGTERM end the solve with what it has; a second one ends the process.
    pub fn listen() -> Self {
        let stopping = Self::default();
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        if signals.thread_block().is_ok() {
            let asked = stopping.clone();
            let heard = move || {
                while signals.wait().is_ok() {
                    if asked.0.set(Instant::now()).is_err() {
                        std::process::exit(super::INTERRUPTED.into());
                    }
                }
            };
            if thread::Builder::new().spawn(heard).is_err() {
                let _ = signals.thread_unblock();
            }
        }
        stopping
    }

    pub fn asked(&self) -> bool {
        self.0.get().is_some()
    }
}

#[derive(Debug)]
struct State {
    figures: Figures,
    best: Option<(f64, Vec<f64>)>,
    phase: Phase,
    presolving: Option<Instant>,
    ended: bool,
}

#[derive(Debug)]
pub struct Course<'a> {
    input: &'a Input,
    tell: Tell,
    stopping: Stopping,
    begun: Instant,
    /// Of the model's columns.
    keys: OnceLock<Vec<Key>>,
    state: Mutex<State>,
    changed: Condvar,
}

impl<'a> Course<'a> {
    pub fn new(input: &'a Input, tell: Tell, stopping: Stopping) -> Self {
        let (figures, phase) = (Figures::default(), Phase::ValidatingData);
        Self {
            input,
            tell,
            stopping,
            begun: Instant::now(),
            keys: OnceLock::new(),
            state: Mutex::new(State { figures, best: None, phase, presolving: None, ended: false }),
            changed: Condvar::new(),
        }
    }

    /// Does the work with a thread beside it that writes and tells what is overdue; no line is written after its end.
    pub fn follow<R>(&self, overdue: impl Fn(Overdue) + Send + Sync, work: impl FnOnce() -> R) -> io::Result<R> {
        if self.tell == Tell::Nothing {
            return Ok(work());
        }
        thread::scope(|scope| {
            thread::Builder::new().spawn_scoped(scope, || self.write(&overdue))?;
            let _end = End(self);
            Ok(work())
        })
    }

    /// The best plan so far, and what is known of it.
    pub fn kept(&self) -> Kept {
        let state = self.lock();
        let best = state.best.clone();
        let bound = state.figures.bound;
        drop(state);
        let incumbent = best.map(|(objective, values)| self.named(objective, &values));
        Kept { incumbent, bound, cancelled: self.stopping.asked() }
    }

    /// True for the first who asks: there is one last line.
    pub fn close(&self) -> bool {
        !std::mem::replace(&mut self.lock().ended, true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self, objective: f64, values: &[f64]) -> Incumbent {
        Incumbent::of(self.input, self.keys.get().map_or(&[], Vec::as_slice), objective, values)
    }

    fn write(&self, overdue: &dyn Fn(Overdue)) {
        let mut told: Option<(Figures, Instant)> = None;
        let mut state = self.lock();
        loop {
            let (figures, ended, late) = (state.figures, state.ended, self.late(&state));
            let due =
                told.is_none_or(|(before, at)| at.elapsed() >= SELDOM || (before != figures && at.elapsed() >= OFTEN));
            if (due && !ended) || (ended && self.tell == Tell::Progress) {
                self.progress(figures);
                told = Some((figures, Instant::now()));
            }
            // Until here, that no line follows the last one.
            drop(state);
            if ended {
                return;
            }
            late.into_iter().for_each(overdue);
            let waited = self.changed.wait_timeout_while(self.lock(), TICK, |state| !state.ended);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn progress(&self, figures: Figures) {
        let line = Line::Progress(Progress {
            incumbent: figures.incumbent,
            bound: figures.bound,
            gap: figures.incumbent.zip(figures.bound).map(|(incumbent, bound)| gap(incumbent, bound)),
            nodes: figures.nodes,
            lp_iterations: figures.lp_iterations,
            elapsed_seconds: self.begun.elapsed().as_secs_f64(),
        });
        if self.tell == Tell::Lines {
            return say(&line);
        }
        // A reader that went away does not end the solve.
        let _ = writeln!(io::stderr(), "{}", serde_json::to_string(&line).unwrap_or_default());
    }

    fn late(&self, state: &State) -> Option<Overdue> {
        let past = |since: Option<Instant>, seconds: f64| since.is_some_and(|at| at.elapsed().as_secs_f64() > seconds);
        let options = &self.input.options;
        let limit = options.time_limit_seconds;
        if state.phase != Phase::Solving || state.ended {
            None
        } else if past(self.stopping.0.get().copied(), PATIENCE.as_secs_f64()) {
            Some(Overdue::Stop)
        } else if past(Some(self.begun), limit + grace(limit) / 4.0) {
            Some(Overdue::Limit)
        } else {
            (options.presolve != "off" && past(state.presolving, limit / 2.0)).then_some(Overdue::Presolve)
        }
    }

    fn tell(&self, line: &Line) {
        let state = self.lock();
        if self.tell == Tell::Lines && !state.ended {
            say(line);
        }
    }

    /// The solver speaks again.
    fn heard(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.presolving = None;
        state
    }
}

/// Also when the work panics.
struct End<'a>(&'a Course<'a>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Watch for Course<'_> {
    fn phase(&self, phase: Phase) {
        self.heard().phase = phase;
        self.tell(&Line::Phase { phase });
    }

    fn built(&self, model: &Model) {
        let _ = self.keys.set(model.columns.iter().map(|column| column.key).collect());
    }

    fn presolves(&self) {
        self.lock().presolving = Some(Instant::now());
    }

    fn figures(&self, figures: Figures) {
        let mut state = self.heard();
        let before = state.figures;
        // What was known stays known.
        state.figures = Figures {
            incumbent: figures.incumbent.or(before.incumbent),
            bound: higher(figures.bound, before.bound),
            nodes: figures.nodes.max(before.nodes),
            lp_iterations: figures.lp_iterations.max(before.lp_iterations),
        };
    }

    fn incumbent(&self, objective: f64, values: &[f64]) {
        let mut state = self.heard();
        let least = 1e-9 * objective.abs();
        if state.best.as_ref().is_some_and(|(best, _)| objective >= best - least) {
            return;
        }
        state.best = Some((objective, values.to_vec()));
        state.figures.incumbent = Some(objective);
        drop(state);
        if self.tell == Tell::Lines {
            self.tell(&Line::Incumbent(self.named(objective, values)));
        }
    }

    fn stop(&self) -> bool {
        drop(self.heard());
        self.stopping.asked()
    }
}

/// One line on standard output. Without a reader there is nobody to solve for.
pub fn say(line: &Line) {
    let Ok(mut text) = serde_json::to_string(line) else { die() };
    text.push('\n');
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        die();
    }
}

/// Ends the process without a look at threads that are inside the solver.
pub fn die() -> ! {
    let _ = kill(Pid::this(), Signal::SIGKILL);
    std::process::abort()
}
