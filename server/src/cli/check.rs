//! `millrace check`: is this installation fit to run?

use super::Global;
use crate::{
    clock::SystemClock,
    config::Config,
    database::{
        Database, connect,
        external::{Reach, check_role, check_server},
        migrations::{self, State},
    },
    failure::Failure,
    logs,
};
use chrono::SecondsFormat;
use clap::Args;
use domain::clock::Clock;
use serde_json::json;
use std::path::{Path, PathBuf};
use store::health::Inspection;

#[derive(Debug, Args)]
pub struct Options {
    /// Findings as JSON on stdout
    #[arg(long)]
    json: bool,
    /// Write the statements that make missing indexes to this file
    #[arg(long, value_name = "FILE")]
    indexes_sql: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Fine,
    Warning,
    Failed,
}

impl Grade {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warn",
            Self::Failed => "fail",
        }
    }
}

/// One question and its answer.
struct Finding {
    name: &'static str,
    grade: Grade,
    detail: String,
}

/// Tables every feature stands on.
const REQUIRED: &[&str] = &[
    "ops.settings",
    "ops.audit_log",
    "ops.audit_log_default",
    "ops.job_runs",
    "ops.schedules",
    "ops.queues",
    "ops.files",
    "ops.exports",
    "ops.attention_snoozes",
    "sales.transactions",
    "sales.products",
    "stock.levels",
    "graphile_worker._private_jobs",
];
const LEAST_DISK_BYTES: u64 = 1 << 30;

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let config = global.load([])?;
    logs::start(&config)?;
    let mut findings = vec![
        Finding { name: "configuration", grade: Grade::Fine, detail: config.environment.as_str().to_owned() },
        disk(&config),
    ];
    match Database::open(&config).await {
        Ok(database) => {
            findings.extend(of_database(&config, &database, options.indexes_sql.as_deref()).await);
            findings.push(pg_dump(&database));
            database.close().await;
        }
        Err(failure) => findings.push(failed("database", &failure)),
    }
    tell(&findings, options.json);
    match findings.iter().map(|f| f.grade).max() {
        Some(Grade::Failed) => Err(Failure::found("This installation is not fit to run.")),
        Some(Grade::Warning) => Err(Failure { exit: 1, message: "Fit to run, with warnings.".to_owned() }),
        _ => Ok(()),
    }
}

fn tell(findings: &[Finding], as_json: bool) {
    if as_json {
        let list: Vec<_> =
            findings.iter().map(|f| json!({"check": f.name, "grade": f.grade.as_str(), "detail": f.detail})).collect();
        println!("{}", json!({"findings": list}));
        return;
    }
    for finding in findings {
        eprintln!("{:<4}  {:<14} {}", finding.grade.as_str(), finding.name, finding.detail);
    }
}

fn failed(name: &'static str, failure: &Failure) -> Finding {
    Finding { name, grade: Grade::Failed, detail: failure.message.clone() }
}

fn graded(name: &'static str, fine: bool, otherwise: Grade, detail: String) -> Finding {
    Finding { name, grade: if fine { Grade::Fine } else { otherwise }, detail }
}

fn disk(config: &Config) -> Finding {
    let folder = config.data_dir.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    match nix::sys::statvfs::statvfs(folder) {
        Ok(stat) => {
            let free = stat.blocks_available().saturating_mul(stat.fragment_size());
            graded(
                "disk",
                free >= LEAST_DISK_BYTES,
                Grade::Warning,
                format!("{} MiB free at {}", free >> 20, folder.display()),
            )
        }
        Err(error) => Finding { name: "disk", grade: Grade::Warning, detail: format!("{}: {error}", folder.display()) },
    }
}

fn pg_dump(database: &Database) -> Finding {
    let found = match database.managed() {
        Some(managed) => managed.cluster().binaries.program("pg_dump").is_file(),
        None => std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("pg_dump").is_file())),
    };
    let detail = if found { "found" } else { "not found: there will be no backups" };
    graded("pg_dump", found, Grade::Warning, detail.to_owned())
}

async fn of_database(config: &Config, database: &Database, indexes_sql: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match check_server(&database.app, config).await {
        Ok(Reach::Fits) => findings.push(Finding { name: "database", grade: Grade::Fine, detail: database.describe() }),
        Ok(Reach::Unreachable) => {
            return vec![Finding { name: "database", grade: Grade::Failed, detail: "does not answer".to_owned() }];
        }
        Err(failure) => return vec![failed("database", &failure)],
    }
    match migrations::status(&database.owner).await {
        Ok(entries) => {
            let pending = entries.iter().filter(|e| e.state == State::Pending).count();
            let drift = entries.iter().filter(|e| !matches!(e.state, State::Applied | State::Pending)).count();
            let detail = format!("{} known, {pending} pending, {drift} differing", entries.len());
            findings.push(graded("migrations", pending + drift == 0, Grade::Failed, detail));
            if pending == entries.len() {
                return findings;
            }
        }
        Err(failure) => findings.push(failed("migrations", &failure)),
    }
    findings.push(match check_role(&database.app).await {
        Ok(()) => {
            Finding { name: "role", grade: Grade::Fine, detail: "millrace_app, without special rights".to_owned() }
        }
        Err(failure) => failed("role", &failure),
    });
    findings.extend(inspect(database, indexes_sql).await);
    findings
}

async fn inspect(database: &Database, indexes_sql: Option<&Path>) -> Vec<Finding> {
    let before = SystemClock.now();
    let inspection = match connect(&database.owner).await {
        Ok(mut connection) => store::health::inspect(&mut connection, REQUIRED, before.date_naive()).await.ok(),
        Err(_) => None,
    };
    let Some(inspection) = inspection else {
        return vec![Finding {
            name: "tables",
            grade: Grade::Failed,
            detail: "the catalogue could not be read".to_owned(),
        }];
    };
    let after = SystemClock.now();
    let skew = if inspection.machine_time < before {
        before - inspection.machine_time
    } else {
        (inspection.machine_time - after).max(chrono::Duration::zero())
    };
    let listed = |names: &[String], none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
    vec![
        graded(
            "tables",
            inspection.missing_tables.is_empty(),
            Grade::Failed,
            listed(&inspection.missing_tables, "all there"),
        ),
        graded(
            "index state",
            inspection.invalid_indexes.is_empty(),
            Grade::Warning,
            listed(&inspection.invalid_indexes, "all usable"),
        ),
        indexes(&inspection.missing_indexes, indexes_sql),
        graded("pg_trgm", inspection.trigram, Grade::Failed, format!("PostgreSQL {}", inspection.version)),
        partitions(&inspection),
        graded(
            "clock",
            skew < chrono::Duration::seconds(2),
            Grade::Warning,
            format!("{} ms apart from the database", skew.num_milliseconds()),
        ),
        Finding {
            name: "audit log",
            grade: Grade::Fine,
            detail: inspection.last_act.map_or_else(
                || "empty".to_owned(),
                |at| format!("last act {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            ),
        },
    ]
}

/// Indexes that are not there, and the file of statements that make them, where one was asked for.
fn indexes(missing: &[String], file: Option<&Path>) -> Finding {
    let written = file.map(|file| {
        let text: String = missing.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(file, text).map_err(|error| format!("{} cannot be written: {error}", file.display()))
    });
    let detail = match (missing.len(), file, written) {
        (_, _, Some(Err(fault))) => return Finding { name: "indexes", grade: Grade::Failed, detail: fault },
        (0, ..) => "all there".to_owned(),
        (n, Some(file), _) => format!("{n} missing; {} makes them", file.display()),
        (n, None, _) => format!("{n} missing; write the statements that make them with --indexes-sql FILE"),
    };
    graded("indexes", missing.is_empty(), Grade::Warning, detail)
}

fn partitions(inspection: &Inspection) -> Finding {
    let detail = match (inspection.strayed_audit_rows, inspection.missing_months.is_empty()) {
        (true, _) => "rows in the default partition of the audit log".to_owned(),
        (false, false) => {
            format!("none for audit rows of {}; a worker makes them", inspection.missing_months.join(", "))
        }
        (false, true) => "this month and the next".to_owned(),
    };
    graded("partitions", !inspection.strayed_audit_rows && inspection.missing_months.is_empty(), Grade::Warning, detail)
}
