//! `millrace solve - --run ID --pipe`: a solve as the child of a server. The document comes on standard input, lines go out on
//! standard output (`engine::planning::pipe`), and with its parent, or the end of the pipe, it ends.

use super::{
    ERROR, REFUSED, code,
    course::{Course, Overdue, Stopping, Tell, die, say},
    listed, read_input, refuses,
};
use crate::failure::Failure;
use clap::Args;
use engine::planning::{
    document::Document,
    fault::Fault,
    input::Input,
    pipe::{Code, END, Finish, Line, Phase},
    result::{Answer, answer, finish},
    solve::SolverFault,
    tree,
};
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use std::{
    io::{self, BufRead, Read},
    path::Path,
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

const NICE: i32 = 15;
/// Of a plan that is finished because the solver was silent at its end.
const POLISH_SECONDS: f64 = 0.75;
const WITHOUT: [&str; 7] = ["scenario", "set", "out", "lp", "mps", "check_only", "progress"];

#[derive(Debug, Args)]
pub struct Child {
    /// Be the child of a server: JSON lines on standard output, and the end of the pipe ends the solve
    #[arg(long, requires = "run", conflicts_with_all = WITHOUT)]
    pub(super) pipe: bool,
    /// The run it is for, to be seen in the list of processes
    #[arg(long, value_name = "ID", requires = "pipe")]
    run: Option<Uuid>,
    /// Most address space, in MiB
    #[arg(long, value_name = "N", default_value_t = 2048, requires = "pipe")]
    memory_mib: u64,
    /// In place of the document's own limit, reading and checks included
    #[arg(long, value_name = "SECONDS", requires = "pipe")]
    time_limit: Option<f64>,
    /// In place of the document's own seed
    #[arg(long, value_name = "N", requires = "pipe")]
    seed: Option<i32>,
    /// Search without presolve
    #[arg(long, requires = "pipe")]
    no_presolve: bool,
    /// Search for nothing: finish the incumbent that follows the document behind the byte 0x1E
    #[arg(long, requires = "pipe")]
    finish: bool,
}

pub fn run(file: &Path, options: &Child) -> Result<u8, Failure> {
    if file != Path::new("-") {
        return Err(Failure::usage("With --pipe the document comes on standard input: write - for the file."));
    }
    let begun = Instant::now();
    if let Err(error) = bind(options.memory_mib) {
        return Ok(failed(Code::SolverError, format!("The limits of the process cannot be set: {error}.")));
    }
    let stopping = Stopping::listen();
    say(&Line::Phase { phase: Phase::ValidatingData });
    let Handed { document, finish: asked, open } = match handed(options.finish) {
        Ok(handed) => handed,
        Err(error) => return Ok(failed(Code::InputRefused, format!("The standard input cannot be read: {error}."))),
    };
    if open && thread::Builder::new().spawn(end_with_the_pipe).is_err() {
        return Ok(failed(Code::SolverMemory, "There is no room for a thread.".to_owned()));
    }
    let tree = match tree::read(&document) {
        Ok(tree) => tree,
        Err(fault) => return Ok(failed(Code::InputRefused, format!("The document is no JSON: {fault}"))),
    };
    let (document, faults) = Document::of(&tree);
    let (mut input, faults) = read_input(&document, faults);
    if refuses(&faults) {
        return Ok(failed(Code::InputRefused, listed("The input is refused.", &faults)));
    }
    let limit = options.time_limit.unwrap_or(input.options.time_limit_seconds);
    input.options.time_limit_seconds = (limit - begun.elapsed().as_secs_f64()).max(0.1);
    if let Some(seed) = options.seed {
        input.options.random_seed = seed;
    }
    if options.no_presolve {
        "off".clone_into(&mut input.options.presolve);
    }
    let task = Task { document, input, faults };
    match asked {
        Some(asked) => Ok(told(finish(&task.document, &task.input, task.faults, &asked.kept, asked.seconds))),
        None => Ok(task.solve(stopping)),
    }
}

/// The process may be slowed down, run out of memory and be stopped, and nobody else notices.
fn bind(memory_mib: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    nice(NICE)?;
    let most = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::As, most(memory_mib.saturating_mul(1024 * 1024)))?;
    Ok(())
}

struct Handed {
    document: String,
    finish: Option<Finish>,
    /// Somebody holds the other end.
    open: bool,
}

fn handed(finish: bool) -> io::Result<Handed> {
    let mut input = io::stdin().lock();
    let mut next = |most: usize| -> io::Result<(String, bool)> {
        let mut text = Vec::new();
        input.by_ref().take(most as u64 + 1).read_until(END, &mut text)?;
        let open = text.pop_if(|last| *last == END).is_some();
        if text.len() > most {
            return Err(io::Error::other("more than 64 MiB"));
        }
        let text = String::from_utf8(text).map_err(|_| io::Error::other("not UTF-8"))?;
        Ok((text, open))
    };
    let (document, mut open) = next(tree::MOST_BYTES)?;
    let mut asked = None;
    if finish {
        let (text, more) = next(tree::MOST_BYTES)?;
        (asked, open) = (Some(serde_json::from_str(&text)?), more);
    }
    Ok(Handed { document, finish: asked, open })
}

fn end_with_the_pipe() {
    let mut input = io::stdin().lock();
    let mut rest = [0; 256];
    loop {
        match input.read(&mut rest) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => die(),
        }
    }
}

struct Task {
    document: Document,
    input: Input,
    faults: Vec<Fault>,
}

impl Task {
    fn solve(self, stopping: Stopping) -> u8 {
        let Self { document, input, faults } = self;
        let course = Course::new(&input, Tell::Lines, stopping);
        // The solver is asked between its rounds only; where it is silent, the last incumbent is finished beside it.
        let overdue = |what| {
            if what == Overdue::Presolve {
                if course.close() {
                    failed(Code::PresolveSlow, "The presolve took more than half the time.".to_owned());
                    die();
                }
                return;
            }
            let done = finish(&document, &input, faults.clone(), &course.kept(), POLISH_SECONDS);
            if course.close() {
                told(done);
                die();
            }
        };
        let followed = course.follow(overdue, || {
            let answered = answer(&document, &input, faults.clone(), &course);
            if course.close() {
                return told(answered);
            }
            // The other thread writes the last line and ends the process.
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        });
        followed.unwrap_or_else(|_| failed(Code::SolverMemory, "There is no room for a thread.".to_owned()))
    }
}

/// The last line, and the exit code.
fn told(answered: Result<Answer, SolverFault>) -> u8 {
    match answered {
        Ok(answer) => {
            let code = code(&answer);
            say(&Line::Result { result: Box::new(answer) });
            code
        }
        Err(fault) => failed(Code::SolverError, format!("The solver failed: {fault}.")),
    }
}

fn failed(code: Code, message: String) -> u8 {
    say(&Line::Failed { code, message });
    if code == Code::InputRefused { REFUSED } else { ERROR }
}
