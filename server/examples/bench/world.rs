//! The program under test: a release build of `millrace` on a managed Postgres of its own.

use crate::{Failure, http};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

pub const ADDRESS: &str = "127.0.0.1:8190";
pub const PASSWORD: &str = "a long bench passphrase";

pub struct World {
    binary: PathBuf,
    data: PathBuf,
    server: Option<Child>,
    pub token: String,
    pub pool: PgPool,
    pub owner_url: String,
    /// Of the login that the server uses.
    pub app_url: String,
    /// Sale lines in the shop so far.
    pub lines: usize,
}

impl World {
    /// A fresh database, one administrator, the server listening.
    pub async fn start() -> Result<Self, Failure> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
        let binary = std::path::absolute(Path::new(&target).join("release/millrace"))?;
        let data = PathBuf::from(format!("/tmp/millrace-bench-{}", std::process::id()));
        std::fs::create_dir_all(&data)?;
        let bare = Self {
            binary,
            data,
            server: None,
            token: String::new(),
            owner_url: String::new(),
            app_url: String::new(),
            lines: 0,
            pool: PgPoolOptions::new().connect_lazy("postgres://unused")?,
        };
        bare.millrace(&["migrate"], "").await?;
        bare.millrace(
            &["user", "add", "bench@millrace.test", "--name", "Bench", "--role", "admin"],
            &format!("{PASSWORD}\n"),
        )
        .await?;
        let owner_url = bare.millrace(&["db", "url", "--owner"], "").await?.trim().to_owned();
        let app_url = bare.millrace(&["db", "url"], "").await?.trim().to_owned();
        let pool = PgPoolOptions::new().max_connections(24).connect(&app_url).await?;
        // Who has to change the password first is not remembered in an outage.
        sqlx::raw_sql("update access.users set must_change_password = false")
            .execute(&PgPool::connect(&owner_url).await?)
            .await?;
        let mut world = Self { owner_url, app_url, pool, ..bare };
        world.start_server().await?;
        world.wait_until_ready().await?;
        world.token = world.sign_in().await?;
        Ok(world)
    }

    /// Starts the server on the running database, which is not its own to start or stop.
    pub async fn start_server(&mut self) -> Result<(), Failure> {
        let mut command = self.command(&["serve"]);
        command.envs([("DATABASE_URL", self.app_url.as_str()), ("MILLRACE_AUTO_MIGRATE", "false")]);
        self.server = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        Ok(())
    }

    /// Ends the server without a chance to tidy up.
    pub async fn kill_server(&mut self) -> Result<(), Failure> {
        if let Some(mut server) = self.server.take() {
            server.kill().await?;
        }
        Ok(())
    }

    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref()?.id()
    }

    pub async fn stop_database(&self) -> Result<(), Failure> {
        self.millrace(&["db", "stop"], "").await.map(drop)
    }

    pub async fn start_database(&self) -> Result<(), Failure> {
        self.millrace(&["db", "start"], "").await.map(drop)
    }

    pub fn machine(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        format!("{cores} cores, generator, server and database on the same machine")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env_remove("DATABASE_URL").envs([
            ("MILLRACE_DATA_DIR", self.data.to_str().unwrap()),
            ("MILLRACE_LISTEN", ADDRESS),
            ("MILLRACE_METRICS_LISTEN", "off"),
            ("MILLRACE_LOG", "error"),
            // Sign-ins come from addresses of their own.
            ("MILLRACE_TRUSTED_PROXIES", "127.0.0.0/8"),
            // Limits protect a shop; here they would measure themselves.
            ("MILLRACE_RATE_ANONYMOUS", "10000000"),
            ("MILLRACE_RATE_USER", "10000000"),
            ("MILLRACE_RATE_TOKEN", "10000000"),
        ]);
        command
    }

    /// Runs one command of the program to its end; its standard output.
    pub async fn millrace(&self, arguments: &[&str], input: &str) -> Result<String, Failure> {
        let mut child =
            self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().unwrap().write_all(input.as_bytes()).await?;
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            return Err(format!("millrace {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    pub async fn wait_until_ready(&self) -> Result<(), Failure> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if let Ok(mut connection) = http::Connection::open(ADDRESS).await
                && connection.call(&http::get("/health/ready", "", "")).await.is_ok_and(|a| a.status == 200)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the server did not become ready within 60 s".into())
    }

    async fn sign_in(&self) -> Result<String, Failure> {
        let body = json!({"username": "bench@millrace.test", "password": PASSWORD}).to_string();
        let mut connection = http::Connection::open(ADDRESS).await?;
        let answer = connection.call(&http::post("/api/v1/auth/login", "", &body, "")).await?;
        let session: Value = serde_json::from_slice(&answer.body)?;
        let bearer = session["access_token"].as_str().ok_or("sign-in failed")?;
        let token = json!({"name": "bench", "scopes": [
                    "overview.view", "overview.cache_clear", "system.view", "transactions.view", "transactions.create", "fraud.view", "inventory.view", "alerts.view"
                ], "expires_in_days": 1});
        let answer = connection.call(&http::post("/api/v1/auth/tokens", bearer, &token.to_string(), "")).await?;
        let token: Value = serde_json::from_slice(&answer.body)?;
        Ok(token["token"].as_str().ok_or_else(|| format!("no token: {token}"))?.to_owned())
    }

    pub fn scratch(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    pub async fn stop(mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = Command::new("kill").arg(server.id().unwrap_or(0).to_string()).status().await;
            let _ = server.wait().await;
        }
        let _ = self.millrace(&["db", "stop"], "").await;
        let _ = std::fs::remove_dir_all(&self.data);
    }
}
