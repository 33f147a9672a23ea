//! The managed database through the real binary, and the checks of an external one.
//! Needs Postgres binaries on this machine; each test makes a cluster of its own and takes seconds.

use crate::process::{Server, data, folder, millrace, postgres, until};
use server::database::migrations;
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgConnectOptions};
use std::{os::unix::fs::MetadataExt, process::Output, time::Duration};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn processes_share_one_server_that_survives_a_kill_and_ends_with_the_last() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let first = Server::start(dir);
    assert_eq!(first.status("/health/ready"), 200);
    let server = postgres(dir).expect("runs");
    let owner = std::fs::metadata(format!("/proc/{server}")).expect("process").uid();
    assert_ne!(owner, 0, "postgres must not run as root");
    assert_eq!(std::fs::metadata(data(dir)).expect("data").mode() & 0o777, 0o700);
    for secret in ["owner.password", "app.password"] {
        assert_eq!(std::fs::metadata(dir.join("data/pg").join(secret)).expect("file").mode() & 0o777, 0o600);
    }

    let checked = millrace(dir, &["check", "--json"]).output().expect("check");
    assert!(matches!(checked.status.code(), Some(0 | 1)), "{}", said(&checked));
    let findings: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("only JSON on stdout");
    let grade = |name: &str| {
        findings["findings"].as_array().and_then(|f| f.iter().find(|f| f["check"] == name)).map(|f| f["grade"].clone())
    };
    for name in
        ["configuration", "database", "migrations", "role", "tables", "indexes", "partitions", "clock", "audit log"]
    {
        assert_eq!(grade(name), Some("ok".into()), "{name}: {findings}");
    }

    // With indexes in place there is nothing to write.
    let written = millrace(dir, &["check", "--indexes-sql", "indexes.sql"]).output().expect("check");
    assert!(matches!(written.status.code(), Some(0 | 1)), "{}", said(&written));
    assert_eq!(std::fs::read_to_string(dir.join("indexes.sql")).expect("file"), "");

    let second = Server::start(dir);
    assert_eq!(
        (second.status("/health/ready"), postgres(dir)),
        (200, Some(server)),
        "the second process shares the server"
    );
    assert_eq!(first.stop(), Some(0));
    assert_eq!((second.status("/health/ready"), postgres(dir)), (200, Some(server)), "the server stays for the second");

    second.kill();
    assert_eq!(postgres(dir), Some(server), "a killed process leaves the server running");
    let third = Server::start(dir);
    assert_eq!((third.status("/health/ready"), postgres(dir)), (200, Some(server)), "the next start adopts it");
    assert_eq!(third.stop(), Some(0));
    assert_eq!(postgres(dir), None, "the last one stops it");
}

#[test]
fn each_face_outlives_the_other() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let analytics = Server::start_with(dir, &["--face", "analytics", "--no-worker"]);
    let admin = Server::start_with(dir, &["--face", "admin"]);
    let seen =
        |server: &Server| ["/transactions", "/jobs", "/login", "/_stcore/health"].map(|path| server.status(path));
    assert_eq!(seen(&analytics), [303, 404, 200, 200]);
    assert_eq!(seen(&admin), [404, 303, 200, 200]);
    admin.kill();
    assert_eq!(seen(&analytics), [303, 404, 200, 200]);
    let admin = Server::start_with(dir, &["--face", "admin"]);
    analytics.kill();
    assert_eq!(seen(&admin), [404, 303, 200, 200]);
    assert_eq!(admin.stop(), Some(0));
}

#[test]
fn a_server_that_dies_is_started_again_and_one_that_is_stopped_is_not() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let web = Server::start(dir);
    let before = postgres(dir).expect("runs");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(before), nix::sys::signal::Signal::SIGKILL).expect("kill");
    until("ready says no", Duration::from_secs(5), || web.status("/health/ready") == 503);
    assert_eq!(web.status("/health/live"), 200);
    until("ready again", Duration::from_secs(40), || web.status("/health/ready") == 200);
    assert_ne!(postgres(dir), Some(before));

    let stopped = millrace(dir, &["db", "stop"]).output().expect("db stop");
    assert!(stopped.status.success(), "{}", said(&stopped));
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(postgres(dir), None, "an operator's stop is respected");
    assert_eq!(web.status("/health/ready"), 503);
    assert_eq!(web.stop(), Some(0));

    let status = millrace(dir, &["db", "status"]).output().expect("db status");
    assert_eq!(status.status.code(), Some(2), "{}", said(&status));
    let listed = millrace(dir, &["migrate", "verify"]).output().expect("verify");
    assert!(listed.status.success(), "{}", said(&listed));
    assert_eq!(postgres(dir), None, "a command that started the server stops it again");
}

#[test]
fn data_of_another_release_is_refused_and_left_alone() {
    let Some(dir) = folder() else { return };
    let old = dir.path().join("data/pg/9");
    std::fs::create_dir_all(&old).expect("folder");
    std::fs::write(old.join("PG_VERSION"), "9\n").expect("file");
    let output = millrace(dir.path(), &["migrate"]).output().expect("migrate");
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("pg_restore"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(&old).expect("old").count(), 1);
}

#[test]
fn a_wrong_configuration_names_every_fault_and_ends_78_and_a_wrong_command_line_64() {
    let dir = tempfile::tempdir().expect("dir");
    let output = millrace(dir.path(), &["serve"])
        .env("MILLRACE_POOL_TOTAL", "lots")
        .env("MILLRACE_ENV", "test")
        .output()
        .expect("serve");
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("MILLRACE_POOL_TOTAL") && said(&output).contains("MILLRACE_ENV"));
    let output = millrace(dir.path(), &["serve", "--colour", "red"]).output().expect("serve");
    assert_eq!(output.status.code(), Some(64));
}

#[sqlx::test(migrations = false)]
async fn production_refuses_a_login_that_bypasses_row_security_and_writes_nothing(db: PgPool) {
    let options = db.connect_options();
    let name = options.get_database().expect("database").to_owned();
    let role = format!("bypass_{}", std::process::id());
    let sql = format!(
        "create role {role} login bypassrls createrole password 'p'; grant all on database \"{name}\" to {role}"
    );
    db.execute(sqlx::AssertSqlSafe(sql)).await.expect("role");
    let dir = tempfile::tempdir().expect("dir");
    // The test cluster listens on a Unix socket only; in an address its slashes are escaped.
    let socket = options.get_socket().map(|path| path.display().to_string());
    let host = socket.unwrap_or_else(|| options.get_host().to_owned()).replace('/', "%2F");
    let url = format!("postgres://{role}:p@{host}:{}/{name}", options.get_port());
    let run = move || {
        millrace(dir.path(), &["serve"])
            .env("DATABASE_URL", url)
            .env("MILLRACE_ENV", "production")
            .env("MILLRACE_AUTO_MIGRATE", "on")
            .env("MILLRACE_SECRET_KEY", "0123456789012345678901234567890123456789")
            .output()
            .expect("serve")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("run");
    let schemas: i64 =
        sqlx::query_scalar("select count(*) from pg_namespace where nspname in ('ops', 'sales', 'graphile_worker')")
            .fetch_one(&db)
            .await
            .expect("count");
    let clean = format!("revoke all on database \"{name}\" from {role}; drop role {role}");
    db.execute(sqlx::AssertSqlSafe(clean)).await.expect("drop");
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    assert!(said(&output).contains("BYPASSRLS") && said(&output).contains(&role), "{}", said(&output));
    assert_eq!(schemas, 0, "nothing was written");
}

#[sqlx::test(migrations = false)]
async fn migrations_run_twice_are_one_and_the_app_role_may_enqueue(db: PgPool) {
    let options: PgConnectOptions = (*db.connect_options()).clone();
    let first = migrations::up(&options, false).await.expect("up");
    assert_eq!(first.applied.len(), first.total);
    let second = migrations::up(&options, false).await.expect("up again");
    assert!(second.applied.is_empty());
    // Nothing has to go where rows without a month lie.
    let months = "select count(distinct p.inhparent) from pg_inherits p join pg_class c on c.oid = p.inhrelid
                  where c.relname = any (array(select t || to_char(now() at time zone 'UTC', '_YYYY_MM')
                                               from unnest(array['audit_log', 'kpi_snapshots', 'visits']) t))";
    assert_eq!(sqlx::query_scalar::<_, i64>(months).fetch_one(&db).await.expect("months"), 3);

    let mut app = PgConnection::connect_with(&options).await.expect("connect");
    app.execute("set role millrace_app").await.expect("role");
    assert!(store::schema::is_current(&mut app).await.expect("current"));
    app.execute("select graphile_worker.add_job('probe', '{}'::json, queue_name := 'default')").await.expect("enqueue");
    let seen: i64 = sqlx::query_scalar("select count(*) from graphile_worker._private_jobs")
        .fetch_one(&mut app)
        .await
        .expect("count");
    assert_eq!(seen, 1, "row security lets the role see its jobs");
    app.execute("delete from graphile_worker._private_jobs").await.expect("delete");
}

#[sqlx::test(migrations = false)]
async fn a_second_migration_is_told_to_wait_and_a_changed_file_is_drift(db: PgPool) {
    let options: PgConnectOptions = (*db.connect_options()).clone();
    migrations::up(&options, false).await.expect("up");
    let mut other = PgConnection::connect_with(&options).await.expect("connect");
    sqlx::query("select pg_advisory_lock($1)").bind(migrations::LOCK).execute(&mut other).await.expect("lock");
    let busy = migrations::up(&options, false).await.expect_err("locked");
    assert_eq!(busy.exit, 75);
    other.close().await.expect("close");

    db.execute("update public._sqlx_migrations set checksum = '\\x00' where version = 2").await.expect("drift");
    let drift = migrations::up(&options, true).await.expect_err("drift");
    assert_eq!(drift.exit, 2);
    assert!(drift.message.contains('2'), "{}", drift.message);
}
