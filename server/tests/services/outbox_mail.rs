//! Alerts by e-mail, through a mail server that misbehaves.

use crate::{
    alarm::{low_stock, mail_to},
    mailbox::{Answer, Mailbox},
    shop::admin,
    world::World,
};
use chrono::Duration;
use domain::{access::Role, alerts::Severity};
use server::services::alerts::{Destinations, Mailer};
use sqlx::PgPool;

struct Post {
    world: World,
    mailbox: Mailbox,
}

impl Post {
    async fn on(db: PgPool) -> Self {
        let (mut world, mailbox) = (World::new(db).await, Mailbox::open());
        let mailer = Mailer::new(&mailbox.url, "Millrace <millrace@mill.example>").unwrap();
        world.services = world.services.clone().delivering(Destinations::new(Vec::new(), None), Some(mailer));
        world.user("ada@mill.example", Some(Role::Admin), &[]).await;
        let new = mail_to(&["ops@mill.example", "boss@mill.example"]);
        world.services.notifications.add_channel(&admin(), &new).await.unwrap();
        Self { world, mailbox }
    }

    async fn raise(&self, id: &str) {
        let signal = low_stock(id, Severity::Critical);
        self.world.raise(&signal.saying(format!("Out of stock: {id} <b>"), "Nothing is left.")).await;
    }

    async fn deliver(&self) -> usize {
        self.world.services.outbox.deliver().await.unwrap()
    }

    async fn states(&self) -> Vec<(String, i32, Option<i32>)> {
        sqlx::query_as(
            "select state, attempts, response_code from ops.notifications where channel_id is not null order by created_at, id",
        )
        .fetch_all(&self.world.owner)
        .await
        .unwrap()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_alert_and_its_end_go_to_all_addresses_with_title_and_link_only(db: PgPool) {
    let post = Post::on(db).await;
    post.raise("mug").await;
    assert_eq!(post.deliver().await, 1);
    let fired = post.mailbox.received().remove(0);
    assert_eq!(fired.from, "millrace@mill.example");
    for address in ["ops@mill.example", "boss@mill.example"] {
        assert!(fired.to.iter().any(|to| to == address), "{:?}", fired.to);
    }
    assert!(!fired.text.contains("ops@mill.example"), "nobody sees who else is told: {}", fired.text);
    assert!(fired.text.contains("Subject: [CRITICAL] Out of stock: mug <b>"), "{}", fired.text);
    assert!(fired.text.contains("text/plain") && fired.text.contains("text/html"), "{}", fired.text);
    assert!(fired.text.contains("Out of stock: mug &lt;b&gt;"), "titles are no markup: {}", fired.text);
    assert!(fired.text.contains("/alerts/") && !fired.text.contains("Nothing is left."), "{}", fired.text);
    post.world.clear_low_stock("mug").await;
    post.world.clock.advance(Duration::seconds(30));
    assert_eq!(post.deliver().await, 1);
    assert!(post.mailbox.received()[1].text.contains("Subject: [RESOLVED] Out of stock: mug"));
}

#[sqlx::test(migrations = "../migrations")]
async fn not_now_and_silence_are_tried_again_and_never_is_given_up(db: PgPool) {
    let post = Post::on(db).await;
    post.mailbox.answering(&[Answer::Later, Answer::Gone]);
    post.raise("mug").await;
    for (advance, told) in [(0, ("failed", 1, Some(451))), (30, ("failed", 2, None)), (90, ("delivered", 3, Some(250)))]
    {
        post.world.clock.advance(Duration::seconds(advance));
        assert_eq!(post.deliver().await, 1);
        let state = post.states().await.remove(0);
        assert_eq!((state.0.as_str(), state.1, state.2), told);
    }
    let told = post.mailbox.received();
    assert_eq!(told.len(), 2, "the one that was gone before it said so had it");
    let id = |n: usize| told[n].text.lines().find(|line| line.starts_with("Message-ID: <")).unwrap().to_owned();
    assert_eq!(id(0), id(1), "who has it already can tell");

    post.mailbox.answering(&[Answer::Refused]);
    post.raise("jug").await;
    assert_eq!(post.deliver().await, 1);
    let given_up = ("dead".to_owned(), 1, Some(550));
    assert!(post.states().await.contains(&given_up), "{:?}", post.states().await);
    let failed = "select count(*) from ops.alerts where alert_type = 'notification_failed' and state <> 'resolved'";
    assert_eq!(post.world.number(failed).await, 1);
}
