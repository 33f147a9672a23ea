//! The real binary on a cluster of its own, for tests of what happens to processes.

use server::{
    config::{Config, Sources},
    database::binaries::Binaries,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A folder the database's account can reach, or `None` (said) where there is no Postgres to start.
pub fn folder() -> Option<tempfile::TempDir> {
    let config = Config::load(&Sources::of("test", [])).expect("defaults");
    if let Err(failure) = Binaries::find(&config, None) {
        eprintln!("SKIPPED: {failure}");
        return None;
    }
    let dir = tempfile::tempdir().expect("folder");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
    Some(dir)
}

pub fn millrace(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
    command
        .args(arguments)
        .current_dir(dir)
        .env_remove("DATABASE_URL")
        .env("MILLRACE_DATA_DIR", dir.join("data"))
        .env("MILLRACE_METRICS_LISTEN", "off")
        .env("MILLRACE_LISTEN", "127.0.0.1:0");
    command
}

/// A running `millrace serve`.
pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    pub fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    pub fn start_with(dir: &Path, options: &[&str]) -> Self {
        Self::start_as(millrace(dir, &[&["serve"], options].concat()))
    }

    /// With an environment of its own.
    pub fn start_as(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("spawn");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).expect("line") > 0, "serve ended: {said}");
            said.push_str(&line);
            if let Some((_, address)) = line.split_once("Millrace is at http://") {
                break address.trim().to_owned();
            }
        };
        // The pipe must not fill up.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address }
    }

    pub fn status(&self, path: &str) -> u16 {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return 0 };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
        let _ = write!(stream, "GET {path} HTTP/1.0\r\nhost: x\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    /// One request with a bearer token; status and body. HTTP/1.0, so that the answer ends with the connection.
    pub fn call(&self, head: &str, token: &str, content_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("connect");
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let head = format!(
            "{head} HTTP/1.0\r\nHost: test\r\n{bearer}Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("send");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answer");
        let split = answer.windows(4).position(|w| w == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let status =
            String::from_utf8_lossy(&answer[..split]).split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        (status, answer.split_off(split))
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("pid"));
        nix::sys::signal::kill(pid, signal).expect("signal");
    }

    /// TERM; gives the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.child.wait().expect("wait").code()
    }

    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

pub fn until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub fn data(dir: &Path) -> PathBuf {
    std::fs::read_dir(dir.join("data/pg"))
        .expect("pg")
        .flatten()
        .map(|e| e.path())
        .find(|p| {
            p.join("PG_VERSION").exists() || p.file_name().is_some_and(|n| n.to_string_lossy().parse::<u32>().is_ok())
        })
        .expect("cluster")
}

/// Process id of the database server; `None` when it does not run.
pub fn postgres(dir: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(data(dir).join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    Path::new(&format!("/proc/{pid}/fd")).exists().then_some(pid)
}
