//! One Postgres cluster on disk: made, started, stopped, asked for its state.

use super::{account::Account, binaries::Binaries, files};
use crate::failure::Failure;
use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Name of the cluster's superuser, used for migrations and nothing else.
pub const OWNER: &str = "postgres";
pub const DATABASE: &str = "millrace";

#[derive(Debug, Clone)]
pub struct Cluster {
    pub binaries: Binaries,
    pub account: Account,
    pub data: PathBuf,
    pub socket_dir: PathBuf,
}

/// What the control file says about a server that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Clean,
    Unclean,
}

impl Cluster {
    fn run(&self, command: &mut Command, what: &str) -> Result<Output, Failure> {
        command.output().map_err(|e| Failure::unavailable(format!("{what} could not be started: {e}")))
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = self.account.command(&self.binaries.program("pg_ctl"));
        command.arg("-D").arg(&self.data).args(arguments).stdin(std::process::Stdio::null());
        self.run(&mut command, "pg_ctl")
    }

    #[must_use]
    pub fn exists(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }

    /// Makes the cluster aside and moves it into place, so that a kill midway leaves nothing half-made.
    ///
    /// # Errors
    /// 69 with `initdb`'s own words.
    pub fn create(&self, password: &str) -> Result<(), Failure> {
        let aside = self.data.with_extension("new");
        let fault = |path: &Path, e: std::io::Error| Failure::config(format!("{}: {e}", path.display()));
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(|e| fault(&aside, e))?;
        }
        std::fs::DirBuilder::new().mode(0o700).create(&aside).map_err(|e| fault(&aside, e))?;
        self.account.own(&aside)?;
        let password_file = self.data.with_extension("initial-password");
        files::replace(&password_file, password)?;
        self.account.own(&password_file)?;
        let mut command = self.account.command(&self.binaries.program("initdb"));
        command
            .arg("-D")
            .arg(&aside)
            .args(["--encoding=UTF8", "--data-checksums", "--auth=scram-sha-256", "--no-instructions", "-U", OWNER])
            .arg(if cfg!(target_os = "macos") { "--locale=C" } else { "--locale=C.UTF-8" })
            .arg(format!("--pwfile={}", password_file.display()));
        let output = self.run(&mut command, "initdb");
        let _ = std::fs::remove_file(&password_file);
        let output = output?;
        if !output.status.success() {
            let _ = std::fs::remove_dir_all(&aside);
            return Err(Failure::unavailable(format!(
                "initdb failed: {}",
                last_lines(&String::from_utf8_lossy(&output.stderr))
            )));
        }
        let main = aside.join("postgresql.conf");
        let mut text = std::fs::read_to_string(&main).map_err(|e| fault(&main, e))?;
        text.push_str("\n# Written by Millrace at each start:\ninclude_if_exists = 'millrace.conf'\n");
        std::fs::write(&main, text).map_err(|e| fault(&main, e))?;
        std::fs::rename(&aside, &self.data).map_err(|e| fault(&self.data, e))
    }

    /// Writes `millrace.conf`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self) -> Result<(), Failure> {
        let path = self.data.join("millrace.conf");
        files::replace(&path, &self.settings(memory_bytes()))?;
        self.account.own(&path)
    }

    fn settings(&self, memory: u64) -> String {
        const MIB: u64 = 1 << 20;
        let shared = (memory / 4).clamp(128 * MIB, 1 << 30) / MIB;
        let cached = (memory / 2).max(256 * MIB) / MIB;
        let preload = if self.binaries.has_library("pg_stat_statements") { "pg_stat_statements" } else { "" };
        // Inside single quotes for the file, inside double quotes because the value is a list.
        let socket = self.socket_dir.to_string_lossy().replace('"', "\"\"").replace('\'', "''");
        format!(
            "# Written by Millrace at each start; changes are lost. Put your own at the end of postgresql.conf.\n\
             listen_addresses = ''\n\
             port = 5432\n\
             unix_socket_directories = '\"{socket}\"'\n\
             unix_socket_permissions = 0700\n\
             max_connections = 200\n\
             shared_buffers = {shared}MB\n\
             effective_cache_size = {cached}MB\n\
             shared_preload_libraries = '{preload}'\n\
             password_encryption = 'scram-sha-256'\n\
             fsync = on\n\
             max_wal_size = 2GB\n\
             wal_compression = on\n\
             maintenance_work_mem = 128MB\n\
             random_page_cost = 1.1\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             logging_collector = on\n\
             log_directory = 'log'\n\
             log_filename = 'millrace-%a.log'\n\
             log_truncate_on_rotation = on\n\
             log_rotation_age = 1d\n\
             log_rotation_size = 0\n\
             log_min_messages = warning\n\
             log_parameter_max_length = 0\n\
             log_parameter_max_length_on_error = 0\n"
        )
    }

    /// Whether a server runs on the data.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let Ok(text) = std::fs::read_to_string(self.data.join("postmaster.pid")) else { return false };
        text.lines().next().and_then(|line| line.trim().parse().ok()).is_some_and(is_alive)
    }

    /// Starts and waits until it takes connections; Postgres recovers by itself after a crash.
    ///
    /// # Errors
    /// 69 with the last lines of the server's log.
    pub fn start(&self) -> Result<(), Failure> {
        let log = self.data.join("start.log");
        let output = self.pg_ctl(&["start", "-w", "-t", "300", "-s", "-l", &log.to_string_lossy()])?;
        if output.status.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        Err(Failure::unavailable(format!(
            "PostgreSQL in {} did not start: {} {}",
            self.data.display(),
            last_lines(&String::from_utf8_lossy(&output.stderr)),
            last_lines(&said)
        )))
    }

    /// Fast stop: open transactions are rolled back, everything committed is on disk.
    ///
    /// # Errors
    /// When it does not stop within a minute.
    pub fn stop(&self) -> Result<(), Failure> {
        let output = self.pg_ctl(&["stop", "-m", "fast", "-w", "-t", "60", "-s"])?;
        if output.status.success() || !self.is_running() {
            return Ok(());
        }
        Err(Failure::internal(format!(
            "PostgreSQL did not stop: {}",
            last_lines(&String::from_utf8_lossy(&output.stderr))
        )))
    }

    /// How the last server on the data ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let mut command = self.account.command(&self.binaries.program("pg_controldata"));
        let output = command.arg("-D").arg(&self.data).output();
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let state = text.lines().find_map(|l| l.strip_prefix("Database cluster state:")).map(str::trim);
        if state == Some("shut down") { Ending::Clean } else { Ending::Unclean }
    }
}

/// A process that exists and is not a zombie (in a container nobody may reap the server for a while).
fn is_alive(pid: i32) -> bool {
    let there = match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None) {
        Ok(()) | Err(nix::errno::Errno::EPERM) => true,
        Err(_) => false,
    };
    let zombie = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X'])));
    there && !zombie
}

/// Memory of the machine, or of the container when that is less.
fn memory_bytes() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|l| l.strip_prefix("MemTotal:"))
                .and_then(|v| v.trim().trim_end_matches(" kB").parse::<u64>().ok())
        })
        .map_or(1 << 30, |kib| kib * 1024);
    let container =
        std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|v| v.trim().parse::<u64>().ok());
    container.map_or(machine, |limit| limit.min(machine))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{Gid, Uid};

    #[test]
    fn the_server_listens_on_a_private_socket_only_and_takes_a_quarter_of_the_memory() {
        let config = crate::config::Config::load(&crate::config::Sources::of("test", [])).expect("defaults");
        let account =
            Account::choose(&config).unwrap_or_else(|_| unreachable!("uid {} gid {}", Uid::current(), Gid::current()));
        let cluster = Cluster {
            binaries: Binaries { dir: "/nowhere/bin".into(), major: 15, version: "15.1".into() },
            account,
            data: "/data/15".into(),
            socket_dir: "/it's, \"here\"".into(),
        };
        let text = cluster.settings(2 << 30);
        assert!(text.contains("listen_addresses = ''\n") && text.contains("shared_buffers = 512MB\n"));
        assert!(text.contains("unix_socket_directories = '\"/it''s, \"\"here\"\"\"'\n"), "{text}");
        assert!(cluster.settings(64 << 30).contains("shared_buffers = 1024MB\n"));
    }

    #[test]
    fn our_own_process_is_alive_and_an_absurd_one_is_not() {
        assert!(is_alive(i32::try_from(std::process::id()).expect("pid")));
        assert!(!is_alive(i32::MAX - 1));
    }
}
