//! One child from its start to its death.

use super::{Kept, Line, Memory, Stop, start::start};
use engine::planning::{
    pipe::{self, Code, END},
    result::Answer,
    run::higher,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    future::{Future, pending},
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    pin::{Pin, pin},
    process::ExitStatus,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, Command},
    time::{Instant, sleep_until, timeout},
};
use uuid::Uuid;

/// From SIGTERM to KILL.
const PATIENCE: Duration = Duration::from_secs(2);
/// For a child that closed its pipe to be dead.
const DEATH: Duration = Duration::from_secs(2);
/// This much is kept of what the child says on standard error.
const MUTTERED: usize = 16 * 1024;
const POLISH_SECONDS: f64 = 1.0;
const OF_MEMORY: [&str; 3] = ["bad_alloc", "foreign exception", "memory allocation of"];
/// What allocators take at once and never use would count against the limit of the address space: 1 GiB of ours (here in KiB),
/// 64 MiB a thread of the solver's.
const THRIFT: [(&str, &str); 2] = [("MIMALLOC_ARENA_RESERVE", "65536"), ("MALLOC_ARENA_MAX", "1")];

/// What a child is started for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Task<'a> {
    Solve { seed: Option<i32>, presolve: bool, time: Duration },
    Finish { kept: Option<&'a str>, bound: Option<f64>, cancelled: bool, polish: bool },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub program: &'a Path,
    pub document: &'a [u8],
    pub run: Uuid,
    pub memory_mib: u64,
    pub task: Task<'a>,
    /// The child is killed then.
    pub until: Instant,
}

/// How it went.
#[derive(Debug)]
pub(super) enum Went {
    Answered(Box<Answer>),
    Refused(String),
    PresolveSlow,
    Memory(String),
    Died(String),
    /// Killed at the end of its time.
    Overrun,
    /// Killed because it did not answer to a stop, or was not to be asked.
    Stopped,
    /// No child, or none that can be heard.
    Lost(String),
}

/// The kind of a line; the values of an incumbent are not read here.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    objective: Option<f64>,
}

/// What follows the document of a plan to be finished: `engine::planning::pipe::Finish`.
#[derive(Serialize)]
struct Handed<'a> {
    incumbent: Option<&'a RawValue>,
    bound: Option<f64>,
    cancelled: bool,
    seconds: f64,
}

impl Attempt<'_> {
    pub async fn run(
        &self,
        stop: Pin<&mut impl Future<Output = Stop>>,
        memory: &mut Memory,
        each: &mut impl FnMut(Line),
    ) -> Went {
        match self.follow(stop, memory, each).await {
            Ok(went) => went,
            Err(error) => Went::Lost(format!("The solver cannot be run: {error}.")),
        }
    }

    async fn follow(
        &self,
        mut stop: Pin<&mut impl Future<Output = Stop>>,
        memory: &mut Memory,
        each: &mut impl FnMut(Line),
    ) -> io::Result<Went> {
        let mut nursed = start(self.command()).await?;
        let child = &mut nursed.child;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(io::Error::other("a pipe is missing"));
        };
        let mut lines = BufReader::new(stdout).lines();
        let handed = self.handed();
        let mut feeding = pin!(feed(stdin, [Some(self.document), handed.as_deref()]));
        let mut listening = pin!(listen(stderr));
        let (mut until, mut killed, mut muttered) = (self.until, None, None);
        let last = loop {
            tokio::select! {
                line = lines.next_line() => match line? {
                    Some(line) => {
                        if let Some(last) = heard(line, memory, each) {
                            break Some(last);
                        }
                    }
                    None => break None,
                },
                () = &mut feeding => {}
                said = &mut listening, if muttered.is_none() => muttered = Some(said),
                asked = &mut stop, if memory.stopped.is_none() => {
                    memory.stopped = Some(asked);
                    killed = Some(Went::Stopped);
                    if !asked.keep_incumbent {
                        break None;
                    }
                    signal(child, Signal::SIGTERM);
                    until = until.min(Instant::now() + PATIENCE);
                }
                () = sleep_until(until) => {
                    killed.get_or_insert(Went::Overrun);
                    break None;
                }
            }
        };
        if last.is_some() || killed.is_some() {
            // There is nothing more to wait for.
            signal(child, Signal::SIGKILL);
            let _ = timeout(DEATH, child.wait()).await;
        }
        if let Some(last) = last {
            return Ok(read(last).await);
        }
        if let Some(went) = killed {
            return Ok(went);
        }
        let status = timeout(DEATH, child.wait()).await.map_err(io::Error::other)??;
        let muttered = match muttered {
            Some(muttered) => muttered,
            None => timeout(DEATH, listening).await.unwrap_or_default(),
        };
        Ok(death(status, &String::from_utf8_lossy(&muttered)))
    }

    /// No variable of the server but the loader's goes with it: it needs no secret.
    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(["solve", "-", "--pipe", "--run"]).arg(self.run.to_string());
        command.arg("--memory-mib").arg(self.memory_mib.to_string());
        match self.task {
            Task::Solve { seed, presolve, time } => {
                command.arg("--time-limit").arg(time.as_secs_f64().to_string());
                if let Some(seed) = seed {
                    command.arg("--seed").arg(seed.to_string());
                }
                if !presolve {
                    command.arg("--no-presolve");
                }
            }
            Task::Finish { .. } => {
                command.arg("--finish");
            }
        }
        command.env_clear().envs(THRIFT);
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        command
    }

    fn handed(&self) -> Option<Vec<u8>> {
        let Task::Finish { kept, bound, cancelled, polish } = self.task else { return None };
        let incumbent = kept.and_then(|line| serde_json::from_str(line).ok());
        let seconds = if polish { POLISH_SECONDS } else { 0.0 };
        serde_json::to_vec(&Handed { incumbent, bound, cancelled, seconds }).ok()
    }
}

/// Hands over the texts and holds the pipe open: its end would end the child.
async fn feed(mut stdin: ChildStdin, texts: [Option<&[u8]>; 2]) {
    for text in texts.into_iter().flatten() {
        // A child that is gone is seen at its other end.
        if stdin.write_all(text).await.is_err() || stdin.write_all(&[END]).await.is_err() {
            break;
        }
    }
    let _ = stdin.flush().await;
    pending().await
}

/// The end of what is said.
async fn listen(mut stderr: ChildStderr) -> Vec<u8> {
    let (mut muttered, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        muttered.extend_from_slice(&piece[..read]);
        let over = muttered.len().saturating_sub(MUTTERED);
        muttered.drain(..over);
    }
    muttered
}

/// Tells a line on; the last one of a child is given back. What is no line of ours is passed over.
fn heard(line: String, memory: &mut Memory, each: &mut impl FnMut(Line)) -> Option<String> {
    let head: Head = serde_json::from_str(&line).ok()?;
    match (head.kind.as_str(), head.objective) {
        ("result" | "failed", _) => return Some(line),
        ("incumbent", Some(objective)) => {
            if memory.kept.as_ref().is_none_or(|kept| objective < kept.objective) {
                memory.kept = Some(Kept { objective, line });
                each(Line::Incumbent { objective });
            }
        }
        _ => match serde_json::from_str(&line) {
            Ok(pipe::Line::Phase { phase }) => each(Line::Phase(phase)),
            Ok(pipe::Line::Progress(progress)) => {
                memory.bound = higher(progress.bound, memory.bound);
                each(Line::Progress(progress));
            }
            _ => {}
        },
    }
    None
}

/// The last line of a child. A result may be large, and is read off the async threads.
async fn read(line: String) -> Went {
    let read = tokio::task::spawn_blocking(move || serde_json::from_str(&line)).await;
    match read {
        Ok(Ok(pipe::Line::Result { result })) => Went::Answered(result),
        Ok(Ok(pipe::Line::Failed { code, message })) => match code {
            Code::InputRefused => Went::Refused(message),
            Code::PresolveSlow => Went::PresolveSlow,
            Code::SolverMemory => Went::Memory(message),
            Code::SolverError => Went::Died(message),
        },
        Ok(Ok(_)) => Went::Died("The last line of the solver is none.".to_owned()),
        Ok(Err(error)) => Went::Died(format!("The last line of the solver cannot be read: {error}.")),
        Err(error) => Went::Lost(format!("The last line of the solver cannot be read: {error}.")),
    }
}

/// What a death without a last line means. An allocation of the solver fails with `bad_alloc`, or with what the runtime says of an
/// exception that is not its own; one of ours with a sentence. The kernel, when it ends what takes too much, says nothing.
fn death(status: ExitStatus, muttered: &str) -> Went {
    let of_memory = OF_MEMORY.iter().any(|words| muttered.contains(words));
    match status.signal() {
        Some(signal) if signal == Signal::SIGKILL as i32 || (signal == Signal::SIGABRT as i32 && of_memory) => {
            Went::Memory("The solve took more memory than it may.".to_owned())
        }
        Some(signal) => Went::Died(format!("The solver ended by signal {signal}.")),
        None => Went::Died(format!("The solver ended without a word, {status}.")),
    }
}

/// A child that is gone takes no signal.
fn signal(child: &Child, signal: Signal) {
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        let _ = kill(Pid::from_raw(id), signal);
    }
}
