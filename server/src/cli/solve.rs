//! `millrace solve FILE`: a plan from a file, without database and without async runtime (`planning.md` 3.10).

mod course;
mod pipe;

use crate::{failure::Failure, services::exports::book};
use clap::{Args, ValueEnum};
use course::{Course, Stopping, Tell};
use domain::planning::Verdict;
use engine::planning::{
    builder::build,
    document::Document,
    fault::{Fault, Severity, verdict},
    input::Input,
    model::{lp, mps},
    readiness,
    result::{Answer, FORMAT, answer},
    run::Outcome,
    scenario::{self, Scenario},
    tree::{self, Tree},
    workbook::{self, Book, Source, result::of_answer},
};
use serde_json::json;
use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, Args)]
pub struct Options {
    /// A document millrace-plan/1: JSON, a workbook (XLSX) or a zip of CSV files; - reads the standard input
    file: PathBuf,
    /// A document millrace-scenario/1 laid over the input, or the name of a built-in one
    #[arg(long, value_name = "FILE")]
    scenario: Option<String>,
    /// The draw of a scenario with chance
    #[arg(long, value_name = "N", default_value_t = 0)]
    draw: u64,
    /// A field and its value, such as options.mip_gap=0; may stand more than once
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Write the result here (default: standard output)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Form of the result; csv is a zip of one file a sheet
    #[arg(long, value_enum, default_value = "json")]
    format: Form,
    /// Write the model as CPLEX LP text
    #[arg(long, value_name = "FILE")]
    lp: Option<PathBuf>,
    /// Write the model as free MPS text
    #[arg(long, value_name = "FILE")]
    mps: Option<PathBuf>,
    /// Only check the input; exit 0 (also with warnings) or 2
    #[arg(long)]
    check_only: bool,
    /// Tell the course of the solve on standard error, one JSON line a step
    #[arg(long, value_enum, value_name = "FORM")]
    progress: Option<Format>,
    #[command(flatten)]
    child: pipe::Child,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Xlsx,
    Csv,
}

/// A fault of the solver or of the machine.
const ERROR: u8 = 1;
const REFUSED: u8 = 2;
const NO_SOLUTION: u8 = 3;
const LIMIT: u8 = 4;
const INTERRUPTED: u8 = 130;

/// Runs the command; the exit code tells the outcome.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    let went = if options.child.pipe { pipe::run(&options.file, &options.child) } else { go(options) };
    match went {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("millrace: {failure}");
            ExitCode::from(failure.exit)
        }
    }
}

fn go(options: &Options) -> Result<u8, Failure> {
    let (mut tree, source) = opened(&options.file)?;
    for change in &options.set {
        scenario::set_path(&mut tree, change).map_err(Failure::usage)?;
    }
    let (mut document, mut faults) = Document::of(&tree);
    faults.extend(source.iter().flat_map(Source::doubts).cloned());
    let written = source.as_ref().map(|_| document.clone());
    if let Some(name) = &options.scenario {
        let scenario = overlay(name)?;
        match scenario.apply(&document, options.draw) {
            Ok((resolved, doubts)) => {
                document = resolved;
                faults.extend(doubts);
            }
            Err(more) => faults.extend(more),
        }
    }
    let (input, mut faults) = read_input(&document, faults);
    if let (Some(source), Some(written)) = (source, written) {
        faults = source.told(faults, &written, &document);
    }
    if refuses(&faults) || options.check_only {
        return checked(options, &document, &input, &faults);
    }
    write_models(options, &input)?;
    let tell = if options.progress.is_some() { Tell::Progress } else { Tell::Nothing };
    let course = Course::new(&input, tell, Stopping::listen());
    let answered = course.follow(|_| {}, || answer(&document, &input, faults, &course));
    let answer =
        match answered.map_err(|error| Failure { exit: ERROR, message: format!("No thread starts: {error}.") })? {
            Ok(answer) => answer,
            Err(fault) => {
                let error = json!({"code": "solver_failed", "message": fault.to_string()});
                let text = json!({"format": FORMAT, "outcome": Outcome::Error, "error": error});
                write(options.out.as_deref(), format!("{text:#}\n").as_bytes())?;
                return Err(Failure { exit: ERROR, message: format!("The solver failed: {fault}.") });
            }
        };
    write(options.out.as_deref(), &content_of(options.format, &answer)?)?;
    Ok(code(&answer))
}

/// The input of a document with all that is found in it; doubts are looked for where nothing is wrong.
fn read_input(document: &Document, mut faults: Vec<Fault>) -> (Input, Vec<Fault>) {
    let (input, more) = Input::of(document);
    faults.extend(more);
    if !refuses(&faults) {
        faults.extend(input.warnings());
    }
    (input, faults)
}

fn refuses(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.severity == Severity::Error)
}

fn refused(message: String) -> Failure {
    Failure { exit: REFUSED, message }
}

/// The tree of a file, by its content; of sheets with the places of its parts.
fn opened(file: &Path) -> Result<(Tree, Option<Source>), Failure> {
    let name = file.display();
    let bytes = read(file)?;
    if workbook::is_file(&bytes) {
        let book = Book::open(&bytes).map_err(|error| refused(format!("{name}: {error}")))?;
        let source = book.read();
        return Ok((source.tree.clone(), Some(source)));
    }
    let tree = tree::read(&text(file, bytes)?).map_err(|fault| refused(format!("{name} is no JSON: {fault}")))?;
    Ok((tree, None))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = tree::MOST_BYTES as u64 + 1;
    let told = |error: std::io::Error| Failure::usage(format!("{} cannot be read: {error}.", file.display()));
    if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes).map_err(told)?;
    } else {
        std::fs::File::open(file).map_err(told)?.take(most).read_to_end(&mut bytes).map_err(told)?;
    }
    if bytes.len() > tree::MOST_BYTES {
        return Err(refused("The document is larger than 64 MiB.".to_owned()));
    }
    Ok(bytes)
}

fn text(file: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| refused(format!("{} is not UTF-8.", file.display())))
}

fn overlay(name: &str) -> Result<Scenario, Failure> {
    if let Some(built_in) = Scenario::built_in(name) {
        return Ok(built_in);
    }
    Scenario::parse(&text(Path::new(name), read(Path::new(name))?)?)
        .map_err(|faults| refused(listed("The scenario is refused.", &faults)))
}

fn listed(head: &str, faults: &[Fault]) -> String {
    let lines = faults.iter().map(|fault| format!("\n  {} {}: {}", fault.code, fault.path, fault.message));
    format!("{head}{}", lines.collect::<String>())
}

/// The findings, on standard output or in the file; for people on standard error.
fn checked(options: &Options, document: &Document, input: &Input, faults: &[Fault]) -> Result<u8, Failure> {
    let verdict = verdict(faults);
    let (errors, warnings): (Vec<_>, Vec<_>) = faults.iter().partition(|fault| fault.severity == Severity::Error);
    let demand: f64 = input.demand.iter().flat_map(|demand| demand.at.iter().map(|at| at.tonnes)).sum();
    let found = json!({
        "format": "millrace-check/1", "valid": errors.is_empty(), "overall": verdict, "errors": errors, "warnings": warnings,
        "summary": {
            "nodes": input.nodes.len(), "lines": input.lines.len(), "periods": input.periods.len(),
            "lanes": input.lanes.len(), "total_demand": demand,
        },
        "readiness": readiness::ceilings(input), "input_sha256": document.sha256(),
    });
    write(options.out.as_deref(), format!("{found:#}\n").as_bytes())?;
    if verdict == Verdict::Fail {
        return Err(refused(listed("The input is refused.", faults)));
    }
    if !faults.is_empty() {
        eprintln!("{}", listed("The input is fit to be solved, with doubts.", faults));
    }
    Ok(0)
}

fn write_models(options: &Options, input: &Input) -> Result<(), Failure> {
    if options.lp.is_none() && options.mps.is_none() {
        return Ok(());
    }
    let model = build(input).model;
    if let Some(file) = &options.lp {
        write(Some(file), lp::text(input, &model).as_bytes())?;
    }
    if let Some(file) = &options.mps {
        write(Some(file), mps::text(input, &model).as_bytes())?;
    }
    Ok(())
}

fn content_of(form: Form, answer: &Answer) -> Result<Vec<u8>, Failure> {
    let wrong = |error: String| Failure { exit: ERROR, message: format!("The result: {error}.") };
    let form = match form {
        Form::Json => {
            let text = serde_json::to_string_pretty(answer).map_err(|error| wrong(error.to_string()))?;
            return Ok((text + "\n").into_bytes());
        }
        Form::Xlsx => workbook::Form::Xlsx,
        Form::Csv => workbook::Form::Csv,
    };
    book::write(&of_answer(answer), form).map_err(|error| wrong(error.message))
}

fn write(file: Option<&Path>, content: &[u8]) -> Result<(), Failure> {
    let name = file.map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
    let done = match file {
        Some(file) => std::fs::write(file, content),
        None => std::io::stdout().write_all(content),
    };
    done.map_err(|error| Failure { exit: ERROR, message: format!("{name} cannot be written: {error}.") })
}

const fn code(answer: &Answer) -> u8 {
    match answer.outcome {
        Outcome::Optimal | Outcome::FeasibleGap => 0,
        Outcome::Error => ERROR,
        Outcome::Infeasible | Outcome::LimitNoPlan | Outcome::Unbounded => NO_SOLUTION,
        Outcome::LimitWithPlan => LIMIT,
        Outcome::Cancelled => INTERRUPTED,
    }
}
