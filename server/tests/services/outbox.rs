//! Messages out of the house (`alerts.md` 3.7), received by a webhook that can misbehave.

use crate::{
    alarm::{low_stock, webhook},
    shop::admin,
    world::{World, at},
};
use chrono::Duration;
use domain::{
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    alerts::{AlertQuery, ChannelKind, Delivery, NewChannel, Severity, WebhookFormat},
    clock::Clock,
    ids::ChannelId,
    query::pairs,
};
use hmac::{Hmac, KeyInit, Mac};
use rcgen::generate_simple_self_signed;
use serde_json::Value;
use server::services::alerts::{Destinations, raise};
use sha2::Sha256;
use sqlx::PgPool;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};
use uuid::Uuid;

/// One request as it came.
#[derive(Debug, Clone)]
struct Received {
    signature: String,
    body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn titles(&self) -> usize {
        self.json()["alerts"].as_array().unwrap().len()
    }
}

/// A receiver that answers what it is told to, then 200; under `/slow` once it is released.
struct Receiver {
    url: String,
    released: Arc<Notify>,
    certificate: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start() -> Self {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let released = Arc::new(Notify::new());
        let (next, seen, release) = (Arc::clone(&answers), Arc::clone(&received), Arc::clone(&released));
        tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else { return };
                let acceptor = acceptor.clone();
                let (next, seen, release) = (Arc::clone(&next), Arc::clone(&seen), Arc::clone(&release));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(socket).await else { return };
                    let mut bytes = Vec::new();
                    let (mut head, mut length) = (None, 0);
                    loop {
                        if head.is_none() {
                            head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|end| end + 4);
                            if let Some(end) = head {
                                let text = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                                let given =
                                    text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                                length = given.unwrap_or(0);
                            }
                        }
                        if head.is_some_and(|end| bytes.len() >= end + length) {
                            break;
                        }
                        let mut chunk = [0; 4_096];
                        match stream.read(&mut chunk).await {
                            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
                            _ => return,
                        }
                    }
                    let end = head.unwrap();
                    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
                    if text.starts_with("POST /slow ") {
                        release.notified().await;
                    }
                    let signature = text.lines().find_map(|line| line.strip_prefix("millrace-signature: "));
                    seen.lock().unwrap().push(Received {
                        signature: signature.unwrap_or_default().to_owned(),
                        body: String::from_utf8(bytes[end..].to_vec()).unwrap(),
                    });
                    let status = next.lock().unwrap().pop_front().unwrap_or(200);
                    let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { url, released, certificate: made.cert.pem(), answers, received }
    }

    fn answering(&self, answers: &[u16]) {
        self.answers.lock().unwrap().extend(answers);
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

struct Post {
    world: World,
    receiver: Receiver,
    channel: ChannelId,
}

impl Post {
    async fn on(db: PgPool) -> Self {
        let (mut world, receiver) = (World::new(db).await, Receiver::start().await);
        let destinations = Destinations::new(
            vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            Some(&receiver.certificate),
        );
        world.services = world.services.clone().delivering(destinations, None);
        world.user("ada@mill.example", Some(Role::Admin), &[]).await;
        let new = webhook("Hall", &receiver.url, "s3cret");
        let channel = world.services.notifications.add_channel(&admin(), &new).await.unwrap().id;
        Self { world, receiver, channel }
    }

    async fn raise(&self, id: &str, severity: Severity) {
        self.world.raise(&low_stock(id, severity)).await;
    }

    /// Whose inbox it is.
    async fn ada(&self) -> Principal {
        let id: Uuid = sqlx::query_scalar("select id from access.users").fetch_one(&self.world.owner).await.unwrap();
        let rights = Rights::of(Some(Role::Admin), &[]);
        Principal::vouch(ActorKind::User, Some(id), "ada".into(), rights, RequestTrace::default())
    }

    async fn deliver(&self) -> usize {
        self.world.services.outbox.deliver().await.unwrap()
    }

    async fn after(&self, seconds: i64) -> usize {
        self.world.clock.advance(Duration::seconds(seconds));
        self.deliver().await
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.world.services.notifications.deliveries(&admin()).await.unwrap()
    }

    async fn failed_alerts(&self) -> Vec<bool> {
        let query = AlertQuery::parse(pairs("alert_type=notification_failed")).unwrap();
        let found = self.world.services.alerts.list(&admin(), &query).await.unwrap().items;
        found.into_iter().map(|alert| alert.is_resolved).collect()
    }
}

/// Example 16.
#[sqlx::test(migrations = "../migrations")]
async fn a_message_is_tried_again_with_the_same_id_and_signed(db: PgPool) {
    let post = Post::on(db).await;
    post.receiver.answering(&[500, 500]);
    post.raise("mug", Severity::Critical).await;
    assert_eq!(post.deliver().await, 1, "critical is sent at once");
    assert_eq!((post.after(29).await, post.after(1).await), (0, 1));
    assert_eq!((post.after(89).await, post.after(1).await), (0, 1));
    assert_eq!(post.after(3_600).await, 0);
    let received = post.receiver.received();
    let ids: BTreeSet<String> = received.iter().map(|r| r.json()["event_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((received.len(), ids.len()), (3, 1));
    let body = received[2].json();
    assert_eq!((body["event"].as_str(), body["alerts"][0]["severity"].as_str()), (Some("fired"), Some("critical")));
    assert!(body["alerts"][0]["url"].as_str().unwrap().starts_with("http://127.0.0.1:8000/alerts/"));
    let unix = at("2026-03-10T12:02:00Z").timestamp();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(format!("{unix}.{}", received[2].body).as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(received[2].signature, format!("t={unix},v1={hex}"));
    let told = post.deliveries().await;
    assert_eq!(
        (told.len(), told[0].state.as_str(), told[0].attempts, told[0].response_code),
        (1, "delivered", 3, Some(200))
    );
    assert!(post.failed_alerts().await.is_empty());

    post.receiver.answering(&[410]);
    post.world.clear_low_stock("mug").await;
    assert_eq!(post.after(30).await, 1);
    let dead = |told: Vec<Delivery>| told.into_iter().find(|one| one.event == "resolved" && one.title.contains("mug"));
    assert_eq!(dead(post.deliveries().await).unwrap().state, "dead");
    assert_eq!(post.failed_alerts().await, [false]);
    // The alert about the channel goes through the channel as well, and by being delivered ends itself.
    post.after(60).await;
    assert_eq!(post.failed_alerts().await, [true]);
    assert_eq!(dead(post.deliveries().await).unwrap().attempts, 1, "gone is gone");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dead_receiver_is_given_up_after_five_attempts(db: PgPool) {
    let post = Post::on(db).await;
    post.receiver.answering(&[503; 6]);
    post.raise("mug", Severity::Critical).await;
    let mut tried = vec![post.deliver().await];
    for seconds in [30, 90, 480, 3_000] {
        tried.push(post.after(seconds).await);
    }
    assert_eq!(tried, [1; 5]);
    let dead = post.deliveries().await.into_iter().find(|told| told.title.starts_with("Out of stock")).unwrap();
    assert_eq!((dead.state.as_str(), dead.attempts, dead.error.as_deref()), ("dead", 5, Some("It answered 503.")));
    assert_eq!(post.failed_alerts().await, [false]);
}

/// Example 11, the second half.
#[sqlx::test(migrations = "../migrations")]
async fn many_alerts_at_once_are_few_messages(db: PgPool) {
    let post = Post::on(db).await;
    for n in 0..158 {
        post.raise(&format!("p-{n}"), Severity::High).await;
    }
    assert_eq!(post.deliver().await, 0, "they wait for each other");
    assert_eq!(post.after(30).await, 1);
    assert_eq!(post.receiver.received()[0].titles(), 158);
    // Of different types each is a message of its own, until there are too many.
    for n in 0..30 {
        let mut signal = low_stock("x", Severity::High);
        signal.alert_type = format!("type_{n}");
        post.world.raise(&signal).await;
    }
    post.after(30).await;
    let received = post.receiver.received();
    let digests = received.iter().filter(|one| one.json()["event"] == "digest").count();
    assert!(received.len() <= 21 && digests == 1, "{} messages, {digests} digests", received.len());
    assert_eq!(received.iter().map(Received::titles).sum::<usize>(), 188, "nothing is lost");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_receiver_that_hangs_holds_up_no_other(db: PgPool) {
    let post = Post::on(db).await;
    let notifications = &post.world.services.notifications;
    let slow = webhook("Slow", &post.receiver.url.replace("/hook", "/slow"), "s3cret");
    notifications.add_channel(&admin(), &slow).await.unwrap();
    // The slow one is the first for which something is due.
    notifications.enable_channel(&admin(), post.channel, false).await.unwrap();
    post.raise("jug", Severity::Critical).await;
    notifications.enable_channel(&admin(), post.channel, true).await.unwrap();
    post.world.clock.advance(Duration::seconds(1));
    post.raise("mug", Severity::Critical).await;
    let then_the_slow_one = async {
        while post.receiver.received().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        post.receiver.released.notify_one();
    };
    assert_eq!(tokio::join!(post.deliver(), then_the_slow_one).0, 2);
    assert_eq!(post.receiver.received().iter().map(Received::titles).collect::<Vec<_>>(), [1, 2]);
    assert!(post.deliveries().await.iter().all(|one| one.state == "delivered"));
}

/// Who took messages keeps them while earlier ones take their time: no other process sends them meanwhile.
#[sqlx::test(migrations = "../migrations")]
async fn what_waits_for_a_slow_receiver_stays_taken(db: PgPool) {
    let post = Post::on(db).await;
    let notifications = &post.world.services.notifications;
    notifications.delete_channel(&admin(), post.channel).await.unwrap();
    let slow = webhook("Slow", &post.receiver.url.replace("/hook", "/slow"), "s3cret");
    notifications.add_channel(&admin(), &slow).await.unwrap();
    post.raise("mug", Severity::Critical).await;
    let mut other = low_stock("belt", Severity::Critical);
    other.alert_type = "belt".to_owned();
    post.world.raise(&other).await;
    let look_on = async {
        post.world.clock.advance(Duration::seconds(45));
        post.receiver.released.notify_one();
        let held = "select count(*) from ops.notifications
                    where state = 'sending' and next_attempt_at > created_at + interval '61 seconds'";
        for _ in 0..1_000 {
            if post.world.number(held).await == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        post.world.clock.advance(Duration::seconds(30));
        let again = post.world.services.outbox.deliver().await.unwrap();
        post.receiver.released.notify_one();
        again
    };
    assert_eq!(tokio::join!(post.deliver(), look_on), (2, 0));
    assert_eq!(post.receiver.received().len(), 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn later_members_of_a_group_wait_for_its_interval(db: PgPool) {
    let post = Post::on(db).await;
    post.raise("mug", Severity::High).await;
    post.world.clock.advance(Duration::seconds(20));
    post.raise("jug", Severity::High).await;
    assert_eq!((post.after(9).await, post.after(1).await), (0, 1), "with the one that waits");
    assert_eq!(post.receiver.received()[0].titles(), 2);
    post.world.clock.advance(Duration::seconds(100));
    post.raise("cup", Severity::High).await;
    post.world.clock.advance(Duration::seconds(100));
    post.raise("pot", Severity::High).await;
    post.raise("can", Severity::Critical).await;
    assert_eq!(post.deliver().await, 1, "critical is sent at once");
    assert_eq!((post.after(99).await, post.after(1).await), (0, 1), "300 s after the first message");
    let received = post.receiver.received();
    assert_eq!((received.len(), received[2].titles()), (3, 2));
}

/// Example 15: who takes messages and dies loses none; a repeat carries the same id.
#[sqlx::test(migrations = "../migrations")]
async fn what_a_dead_process_had_taken_goes_out_nevertheless(db: PgPool) {
    let post = Post::on(db).await;
    for n in 0..200 {
        post.raise(&format!("p-{n}"), Severity::Critical).await;
        if n % 4 == 0 {
            // Taken, perhaps even sent, and nothing written down of it.
            let (owner, now) = (&post.world.owner, post.world.clock.now());
            let mut tx = owner.begin().await.unwrap();
            store::alerts::messages::claim(&mut tx, now, now + Duration::seconds(60), 500, &[]).await.unwrap();
            tx.commit().await.unwrap();
        } else if n % 7 == 0 {
            post.deliver().await;
        }
    }
    let neighbour = post.world.services.clone();
    post.world.clock.advance(Duration::seconds(61));
    let (one, two) = tokio::join!(post.world.services.outbox.deliver(), neighbour.outbox.deliver());
    assert!(one.unwrap() + two.unwrap() >= 1);
    let mut titles: Vec<String> = Vec::new();
    for message in post.receiver.received() {
        let alerts = message.json()["alerts"].as_array().unwrap().clone();
        titles.extend(alerts.iter().map(|alert| alert["title"].as_str().unwrap().to_owned()));
    }
    titles.sort();
    let all = titles.len();
    titles.dedup();
    assert_eq!((titles.len(), all), (200, 200), "each once");
    assert_eq!(
        post.world
            .number("select count(*) from ops.notifications where channel_id is not null and state <> 'delivered'")
            .await,
        0
    );
    assert_eq!(post.world.number("select count(*) from ops.alerts").await, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_channel_is_tested_changed_and_never_shows_its_secret(db: PgPool) {
    let post = Post::on(db).await;
    let (notifications, world) = (&post.world.services.notifications, &post.world);
    let told = notifications.test_channel(&admin(), post.channel).await.unwrap();
    assert_eq!((told.event.as_str(), told.state.as_str()), ("test", "delivered"));
    assert_eq!(post.receiver.received()[0].json()["event"], "test");
    let shown = notifications.channels(&admin()).await.unwrap();
    assert_eq!((shown[0].target.as_str(), shown[0].last_ok_at.is_some()), ("localhost", true));
    assert!(!serde_json::to_string(&shown).unwrap().contains("s3cret"));
    let clear = "select count(*) from ops.notification_channels where position('s3cret'::bytea in config_enc) > 0";
    assert_eq!(world.number(clear).await, 0);
    let new = |url: &str, kind| NewChannel {
        kind,
        format: Some(WebhookFormat::Slack),
        severity_min: Severity::High,
        addresses: vec!["a@mill.example".into()],
        ..webhook("Other", url, "x")
    };
    let refused =
        notifications.add_channel(&admin(), &new("https://10.0.0.1/x", ChannelKind::Webhook)).await.unwrap_err();
    assert!(refused.fields[0].path == "url" && refused.message.contains("own network"));
    let refused = notifications.add_channel(&admin(), &new("", ChannelKind::Email)).await.unwrap_err();
    assert_eq!(refused.fields[0].path, "kind", "no mail server is set");
    let slack = notifications.add_channel(&admin(), &new(&post.receiver.url, ChannelKind::Webhook)).await.unwrap();
    post.raise("mug", Severity::Critical).await;
    post.raise("jug", Severity::Medium).await;
    post.after(30).await;
    let slacks: Vec<Value> =
        post.receiver.received().iter().map(Received::json).filter(|body| body["text"].is_string()).collect();
    assert_eq!(slacks.len(), 1, "only what is grave enough");
    assert!(slacks[0]["blocks"][0]["text"]["text"].as_str().unwrap().contains("[CRITICAL]"));
    notifications.enable_channel(&admin(), slack.id, false).await.unwrap();
    notifications.delete_channel(&admin(), post.channel).await.unwrap();
    post.raise("cup", Severity::Critical).await;
    assert_eq!(post.deliver().await, 0);
    assert_eq!(world.number("select count(*) from ops.notifications where alert_id = (select id from ops.alerts where entity_id = 'cup')").await, 1, "the inbox");
}

#[sqlx::test(migrations = "../migrations")]
async fn everybody_reads_their_own_messages(db: PgPool) {
    let post = Post::on(db).await;
    let ada = post.ada().await;
    post.raise("mug", Severity::High).await;
    post.raise("jug", Severity::High).await;
    let notifications = &post.world.services.notifications;
    let inbox = notifications.inbox(&ada).await.unwrap();
    assert_eq!((inbox.unread, inbox.items.len(), inbox.items[0].event.as_str()), (2, 2, "fired"));
    assert_eq!(notifications.inbox(&admin()).await.unwrap().items.len(), 0, "another one's");
    assert!(notifications.read(&admin(), Some(inbox.items[0].id)).await.is_err());
    notifications.read(&ada, Some(inbox.items[0].id)).await.unwrap();
    let inbox = notifications.inbox(&ada).await.unwrap();
    assert!(inbox.unread == 1 && inbox.items[0].read_at.is_none() && inbox.items[1].read_at.is_some());
    notifications.read(&ada, None).await.unwrap();
    let bell = notifications.bell(&ada).await.unwrap();
    assert_eq!((bell.unread, bell.latest), (0, None));

    // What is critical is not hidden by what came after it, and what is over is critical no more.
    for (id, severity) in [("belt", Severity::Critical), ("cup", Severity::Low)] {
        post.world.clock.advance(Duration::seconds(1));
        post.raise(id, severity).await;
    }
    let title = |item: Option<domain::alerts::InboxItem>| item.map(|item| (item.event, item.title));
    let told = |event: &str, id: &str| Some((event.to_owned(), format!("Out of stock: {id}")));
    let bell = notifications.bell(&ada).await.unwrap();
    assert_eq!((title(bell.latest), title(bell.critical.clone())), (told("fired", "cup"), told("fired", "belt")));
    notifications.read(&ada, bell.critical.map(|item| item.id)).await.unwrap();
    post.world.clock.advance(Duration::seconds(1));
    post.world.clear_low_stock("belt").await;
    let bell = notifications.bell(&ada).await.unwrap();
    assert_eq!((title(bell.latest), bell.critical), (told("resolved", "belt"), None));
}

/// Read in the moment in which something joins it, a digest does not swallow that.
#[sqlx::test(migrations = "../migrations")]
async fn what_joins_a_digest_while_it_is_read_is_not_lost(db: PgPool) {
    let post = Post::on(db).await;
    let ada = post.ada().await;
    for n in 0..25 {
        post.raise(&format!("thing-{n}"), Severity::Medium).await;
    }
    let mut joining = post.world.owner.begin().await.unwrap();
    let late = low_stock("late", Severity::Critical);
    raise(&mut joining, post.world.clock.as_ref(), "test", &late).await.unwrap();
    let notifications = std::sync::Arc::clone(&post.world.services.notifications);
    let reading = tokio::spawn(async move { notifications.read(&ada, None).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    joining.commit().await.unwrap();
    reading.await.unwrap().unwrap();
    let swallowed = "select count(*) from ops.notifications of join ops.notifications first on first.id = of.message_id
                     where of.digest and of.read_at is null and first.read_at is not null";
    assert_eq!(post.world.number(swallowed).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn beyond_twenty_messages_a_minute_a_person_gets_one_digest(db: PgPool) {
    let post = Post::on(db).await;
    let ada = post.ada().await;
    let notifications = &post.world.services.notifications;
    for n in 1..=158 {
        let severity = if n == 100 { Severity::High } else { Severity::Medium };
        post.world.clock.advance(Duration::milliseconds(100));
        post.raise(&format!("thing-{n}"), severity).await;
    }
    let inbox = notifications.inbox(&ada).await.unwrap();
    let digests: Vec<_> = inbox.items.iter().filter(|item| item.event == "digest").collect();
    assert_eq!((inbox.unread, inbox.items.len(), digests.len()), (21, 21, 1), "twenty, and one for 138");
    let digest = digests[0].clone();
    assert_eq!((digest.severity, digest.alert_id), (Severity::High, None), "as grave as the gravest of it");
    assert!(digest.title.contains("thing-100") && digest.title.ends_with("; and 135 more"), "{}", digest.title);
    let bell = notifications.bell(&ada).await.unwrap();
    assert_eq!((bell.unread, bell.latest), (21, Some(digest.clone())));

    // Read, it is over with; what comes in the same minute begins another one, alone in which it is as it is.
    notifications.read(&ada, Some(digest.id)).await.unwrap();
    let unread = "select count(*) from ops.notifications where user_id is not null and read_at is null";
    assert_eq!((notifications.bell(&ada).await.unwrap().unread, post.world.number(unread).await), (20, 20));
    post.raise("late", Severity::Low).await;
    let late = notifications.bell(&ada).await.unwrap().latest.unwrap();
    assert!(late.title.contains("late") && late.alert_id.is_some() && late.event == "fired", "{late:?}");
    // A minute on each comes singly again.
    post.world.clock.advance(Duration::seconds(61));
    for name in ["calm-1", "calm-2"] {
        post.raise(name, Severity::Low).await;
    }
    assert_eq!(notifications.bell(&ada).await.unwrap().unread, 23);
}
