//! `millrace solve - --run ID --pipe`: what the child writes, what bounds it, and what ends it.

use crate::instance::{BASE, MILLRACE, hard, is_gone, near, number, pid_of};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const RUN: &str = "0193a1c0-0000-7000-8000-000000000001";

struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The document is handed over, the pipe stays open.
fn start(mut command: Command, document: &str) -> Piped {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    stdin.write_all(document.as_bytes()).and_then(|()| stdin.write_all(&[0x1e])).unwrap();
    Piped { child, stdin: Some(stdin), lines: BufReader::new(stdout).lines() }
}

fn solving(arguments: &[&str], document: &str) -> Piped {
    let mut command = Command::new(MILLRACE);
    command.args(["solve", "-", "--pipe", "--run", RUN]).args(arguments);
    start(command, document)
}

impl Piped {
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = self.next();
            if line["type"] == kind {
                return line;
            }
            assert!(line["type"] != "result" && line["type"] != "failed", "{line}");
        }
    }

    fn solving(&mut self) {
        while self.until("phase")["phase"] != "solving" {}
    }
}

fn gone_within(pid: i32, limit: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if is_gone(pid) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn the_lines_of_a_solve_tell_phases_incumbents_progress_and_the_result() {
    let mut piped = solving(&[], BASE);
    let (mut phases, mut incumbents, mut progress) = (Vec::new(), Vec::new(), 0);
    let result = loop {
        let line = piped.next();
        match line["type"].as_str().unwrap() {
            "phase" => phases.push(line["phase"].as_str().unwrap().to_owned()),
            "incumbent" => incumbents.push(line),
            "progress" => {
                for field in ["incumbent", "bound", "gap", "nodes", "lp_iterations", "elapsed_seconds"] {
                    assert!(line.get(field).is_some(), "{line}");
                }
                progress += 1;
            }
            "result" => break line["result"].clone(),
            other => panic!("{other}"),
        }
    };
    assert_eq!(phases, ["validating_data", "building_model", "solving", "processing_results"]);
    assert!(progress >= 1);
    assert_eq!((&result["format"], &result["outcome"]), (&json!("millrace-result/1"), &json!("optimal")));
    assert!(near(number(&result["objective"]), 3379.0), "{}", result["objective"]);
    let objectives: Vec<f64> = incumbents.iter().map(|line| number(&line["objective"])).collect();
    assert!(objectives.is_sorted_by(|a, b| a > b), "each is better than the one before: {objectives:?}");
    assert!(near(*objectives.last().unwrap(), 3379.0), "{objectives:?}");
    let values = incumbents.last().unwrap()["values"].as_object().unwrap();
    assert!(values.contains_key("prod(A,L1,P,1)") && values.values().all(|value| number(value) != 0.0), "{values:?}");
    assert!(piped.lines.next().is_none(), "the result is the last line");
    assert_eq!(piped.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_refused_input_is_the_last_line() {
    let mut piped = solving(&[], &BASE.replacen("capacity_tonnes", "capcity_tonnes", 1));
    let line = std::iter::from_fn(|| Some(piped.next())).find(|line| line["type"] != "phase").unwrap();
    assert_eq!((&line["type"], &line["code"]), (&json!("failed"), &json!("input_refused")));
    assert!(line["message"].as_str().unwrap().contains("Did you mean \"capacity_tonnes\"?"), "{line}");
    assert_eq!(piped.child.wait().unwrap().code(), Some(2));
}

#[test]
fn the_child_gives_way_and_has_its_limit_of_memory() {
    let mut piped = solving(&["--memory-mib", "1500"], &hard());
    piped.solving();
    let pid = piped.child.id();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max address space")).unwrap();
    assert!(limit.contains(&(1500_u64 << 20).to_string()), "{limit}");
    let nice = |pid: &str| -> i32 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(16).unwrap().parse().unwrap()
    };
    assert_eq!(nice(&pid.to_string()), (nice("self") + 15).min(19));
}

#[test]
fn the_end_of_the_pipe_ends_the_solve() {
    let mut piped = solving(&[], &hard());
    piped.solving();
    let pid = i32::try_from(piped.child.id()).unwrap();
    drop(piped.stdin.take());
    assert!(gone_within(pid, Duration::from_secs(20)));
}

#[test]
fn the_end_of_the_parent_ends_the_solve_while_the_pipe_is_open() {
    let run = "0193a1c0-0000-7000-8000-000000000002";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{MILLRACE} solve - --pipe --run {run}; true")]);
    let mut piped = start(shell, &hard());
    piped.solving();
    let solver = pid_of(run).unwrap();
    piped.child.kill().unwrap();
    assert!(gone_within(solver, Duration::from_secs(20)));
    assert!(piped.stdin.is_some());
}

#[test]
fn a_termination_brings_the_best_plan_in_the_last_line() {
    let mut piped = solving(&["--time-limit", "120"], &hard());
    let first = number(&piped.until("incumbent")["objective"]);
    kill(Pid::from_raw(i32::try_from(piped.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    let result = piped.until("result")["result"].clone();
    assert_eq!((&result["outcome"], &result["checker"]["passed"]), (&json!("cancelled"), &json!(true)));
    assert!(number(&result["objective"]) <= first * (1.0 + 1e-9));
    assert!(number(&result["bound"]) > 0.0 && number(&result["gap"]) > 0.0);
}

#[test]
fn what_belongs_to_a_solve_by_hand_does_not_go_with_a_pipe() {
    let code = |arguments: &[&str]| Command::new(MILLRACE).arg("solve").args(arguments).output().unwrap().status.code();
    assert_eq!(code(&["-", "--pipe"]), Some(64), "a run is named");
    assert_eq!(code(&["plan.json", "--pipe", "--run", RUN]), Some(64), "the document comes on standard input");
    assert_eq!(code(&["-", "--pipe", "--run", RUN, "--check-only"]), Some(64));
}
