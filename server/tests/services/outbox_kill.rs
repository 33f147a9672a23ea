//! Kill -9 of the worker between the change of an alert's state and its message, by a real mail server.

use crate::{
    kill::{administrator, asked, connected, run},
    mailbox::{Answer, Mailbox},
    process::{Server, folder, millrace},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const KILLS: u64 = 10;
const ALERTS_A_KILL: u64 = 4;

fn posting(mut command: Command, mailbox: &Mailbox) -> Command {
    command.env("MILLRACE_SMTP_URL", &mailbox.url).env("MILLRACE_MAIL_FROM", "millrace@mill.test");
    command
}

fn worker(dir: &Path, mailbox: &Mailbox) -> Child {
    posting(millrace(dir, &["worker"]), mailbox).stderr(Stdio::null()).spawn().expect("worker")
}

/// Example 15: each kill may double the one message that was in flight, and loses none.
#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_of_the_worker_lose_no_message_and_double_at_most_the_one_in_flight() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let mailbox = Mailbox::open();
    // So slow that most kills come while a message is on its way.
    mailbox.answering(&[Answer::Late(Duration::from_millis(120)); 200]);
    let server = Server::start_as(posting(millrace(dir, &["serve", "--no-worker"]), &mailbox));
    let token = administrator(dir, &server);
    let pool = connected(run(dir, &["db", "url", "--owner"], "").trim()).await;
    let post = |path: &str, body: &serde_json::Value| {
        asked(&server, &format!("POST {path}"), &token, "application/json", body.to_string().as_bytes())
    };
    let channel = json!({"name": "Post", "kind": "email", "severity_min": "low", "addresses": ["ada@mill.test"]});
    post("/api/v1/notification-channels", &channel);

    let mut working = worker(dir, &mailbox);
    for kill in 0..KILLS {
        for n in 0..ALERTS_A_KILL {
            let title = format!("Belt {kill}-{n} is torn");
            let alert = json!({"alert_type": "belt", "severity": "critical", "title": title, "message": "Somebody saw it.",
                               "entity_type": "belt", "entity_id": format!("{kill}-{n}")});
            post("/api/v1/alerts", &alert);
        }
        tokio::time::sleep(Duration::from_millis(300 + 90 * kill)).await;
        working.kill().expect("kill worker");
        working.wait().expect("wait");
        working = worker(dir, &mailbox);
    }
    // What a killed worker had taken comes back after its lease.
    let open = "select count(*) from ops.notifications where channel_id is not null and state <> 'delivered'";
    let begun = Instant::now();
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&pool).await.expect("count") > 0 {
        assert!(begun.elapsed() < Duration::from_secs(150), "not all is delivered");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    working.kill().expect("stop worker");
    working.wait().expect("wait");

    let rows = "select count(*) from ops.notifications where channel_id is not null";
    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&pool).await.expect("count");
    assert_eq!(rows.unsigned_abs(), KILLS * ALERTS_A_KILL, "one row an alert");
    let mails = mailbox.received();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for kill in 0..KILLS {
        for n in 0..ALERTS_A_KILL {
            let title = format!("Belt {kill}-{n} is torn");
            let number = mails.iter().filter(|mail| mail.text.contains(&title)).count();
            assert!(number >= 1, "{title} was lost");
            told.insert(title, number);
        }
    }
    // What comes again carries the id it had: told twice by another message is nobody.
    let mut messages: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &mails {
        let id = mail.text.lines().find(|line| line.starts_with("Message-ID: ")).expect("an id");
        *messages.entry(id).or_default() += 1;
    }
    let again: usize = messages.values().map(|number| number - 1).sum();
    eprintln!("after {KILLS} kills: {} mails for {} alerts, {again} of them told again", mails.len(), told.len());
    assert!(again <= usize::try_from(KILLS).expect("few"), "{messages:?}");
    for title in told.keys() {
        let of: std::collections::BTreeSet<&str> = mails
            .iter()
            .filter(|mail| mail.text.contains(title))
            .filter_map(|mail| mail.text.lines().find(|line| line.starts_with("Message-ID: ")))
            .collect();
        assert_eq!(of.len(), 1, "{title} by one message only");
    }
    pool.close().await;
    server.stop();
}
