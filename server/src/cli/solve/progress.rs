//! The course of a solve: lines of progress, and the end when a signal asks for it. The solver can be silent for long,
//! so a thread of its own writes from the last figures it left.

use engine::planning::{
    run::gap,
    solve::{Figures, Watch},
};
use nix::sys::signal::{SigSet, Signal};
use serde_json::json;
use std::{
    io::Write,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// At most two lines a second, at least one every two seconds.
const OFTEN: Duration = Duration::from_millis(500);
const SELDOM: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Shared {
    last: Mutex<Last>,
    changed: Condvar,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct Last {
    figures: Figures,
    ended: bool,
}

#[derive(Debug)]
pub struct Course {
    shared: Arc<Shared>,
    writer: Option<thread::JoinHandle<()>>,
}

impl Course {
    /// From now on Ctrl-C and SIGTERM end the solve with what it has; a second one ends the process.
    pub fn start(tell: bool) -> Self {
        let shared = Arc::new(Shared::default());
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        if signals.thread_block().is_ok() {
            let shared = shared.clone();
            thread::spawn(move || {
                while signals.wait().is_ok() {
                    if shared.stop.swap(true, Ordering::Relaxed) {
                        std::process::exit(super::INTERRUPTED.into());
                    }
                }
            });
        }
        let writer = tell.then(|| {
            let shared = shared.clone();
            thread::spawn(move || write(&shared))
        });
        Self { shared, writer }
    }

    /// No line is written after this.
    pub fn end(self) {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.shared.changed.notify_all();
        if let Some(writer) = self.writer {
            let _ = writer.join();
        }
    }
}

impl Watch for Course {
    fn figures(&self, figures: Figures) {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).figures = figures;
    }

    fn stop(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }
}

fn write(shared: &Shared) {
    let begun = Instant::now();
    let mut told: Option<(Figures, Instant)> = None;
    let mut last = shared.last.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let figures = last.figures;
        let due = told.is_none_or(|(before, at)| before != figures || at.elapsed() >= SELDOM);
        let ended = last.ended;
        drop(last);
        if due || ended {
            line(figures, begun.elapsed());
            told = Some((figures, Instant::now()));
        }
        if ended {
            return;
        }
        last = shared.last.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = shared.changed.wait_timeout_while(last, OFTEN, |last| !last.ended);
        last = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn line(figures: Figures, elapsed: Duration) {
    let gap = figures.incumbent.zip(figures.bound).map(|(incumbent, bound)| gap(incumbent, bound));
    let line = json!({
        "kind": "progress", "incumbent": figures.incumbent, "bound": figures.bound, "gap": gap, "nodes": figures.nodes,
        "lp_iterations": figures.lp_iterations, "elapsed_seconds": elapsed.as_secs_f64(),
    });
    // A reader that went away does not end the solve.
    let _ = writeln!(std::io::stderr(), "{line}");
}
