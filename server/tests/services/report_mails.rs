//! The report of a day by mail (`commerce.md` 3.9), received by a mail server that misbehaves when told to.

use crate::{
    figures::{Figures, Sale},
    mailbox::{Answer, Mail, Mailbox},
    world::{World, at},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::Duration;
use domain::{
    ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    analytics::{ReportsPort, SubscribeReport},
};
use server::services::{
    alerts::{Destinations, Mailer},
    analytics::Mailed,
};
use sqlx::PgPool;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// What a mail holds, read.
trait Read {
    fn subject(&self) -> &str;
    fn plain(&self) -> String;
    fn attached(&self) -> Option<Vec<u8>>;
}

impl Read for Mail {
    fn subject(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap()
    }

    fn plain(&self) -> String {
        let part = self.text.split_once("Content-Type: text/plain").unwrap().1;
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        let body = body.split("\r\n--").next().unwrap();
        if head.contains("base64") {
            return String::from_utf8(BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap();
        }
        unquoted(body)
    }

    fn attached(&self) -> Option<Vec<u8>> {
        let part = self.text.split_once("Content-Type: application/pdf")?.1;
        let body = part.split_once("\r\n\r\n")?.1.split("\r\n--").next()?;
        Some(BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap())
    }
}

/// Quoted-printable, read.
fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match code.filter(|_| *first == b'=') {
            Some(code) => {
                bytes.push(code);
                rest = &others[2..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "tests stand in for the session layer")]
fn person(id: Uuid, email: &str, rights: Rights) -> Principal {
    Principal::vouch(ActorKind::User, Some(id), email.to_owned(), rights, RequestTrace::default())
}

struct House {
    world: World,
    mailbox: Mailbox,
    /// Mails that were looked at.
    seen: AtomicUsize,
}

impl House {
    /// In the night after a day with a sale, with a mail server.
    async fn on(db: PgPool) -> Self {
        let figures = Figures::on(db.clone());
        figures.sale(Sale { at: "2026-03-09T10:00:00Z", net: "58960.79", ..Sale::default() }).await;
        figures.sale(Sale { at: "2026-03-08T10:00:00Z", net: "50000.00", ..Sale::default() }).await;
        let (mut world, mailbox) = (World::new(db).await, Mailbox::open());
        world.clock.set(at("2026-03-10T00:00:00Z"));
        let mailer = Mailer::new(&mailbox.url, "millrace@mill.example").unwrap();
        world.services = world.services.clone().delivering(Destinations::new(Vec::new(), None), Some(mailer));
        Self { world, mailbox, seen: AtomicUsize::new(0) }
    }

    async fn reader(&self, name: &str, role: Option<Role>, sets: &[PermSet]) -> Principal {
        let email = format!("{name}@mill.example");
        let id = self.world.user(&email, role, sets).await;
        person(id, &email, Rights::of(Some(Role::Viewer), &[]))
    }

    async fn subscribe(&self, who: &Principal, subscribed: bool) {
        let told = self.world.services.reports.subscribe(who, SubscribeReport { subscribed }).await.unwrap();
        assert_eq!((told.subscribed, told.mails), (subscribed, true));
    }

    /// What the job does.
    async fn run(&self) -> Mailed {
        self.world.services.reports.nightly().await.unwrap();
        self.world.services.reports.mail(&self.world.door, Uuid::from_u128(7), || true).await.unwrap()
    }

    /// What came since the last look, by address.
    fn come(&self) -> Vec<Mail> {
        let all = self.mailbox.received();
        let seen = self.seen.swap(all.len(), Ordering::Relaxed);
        let mut new = all[seen..].to_vec();
        new.sort_by(|a, b| a.to.cmp(&b.to));
        new
    }

    async fn subscribers(&self) -> i64 {
        self.world.number("select count(*) from sales.report_subscribers").await
    }
}

fn mailed(sent: u32, failed: u32, withheld: u32) -> Mailed {
    Mailed { sent, failed, withheld }
}

#[sqlx::test(migrations = "../migrations")]
async fn each_subscriber_gets_the_first_revision_once(db: PgPool) {
    let house = House::on(db).await;
    let ann = house.reader("ann", Some(Role::Viewer), &[]).await;
    let bob = house.reader("bob", Some(Role::Viewer), &[]).await;
    house.reader("carl", Some(Role::Admin), &[]).await;
    for who in [&ann, &bob, &ann] {
        house.subscribe(who, true).await;
    }
    assert_eq!(house.subscribers().await, 2);
    let audited = "select count(*) from ops.audit_log where action = 'reports.subscribe'";
    assert_eq!(house.world.number(audited).await, 2, "the second wish of the same changes nothing");

    assert_eq!(house.run().await, mailed(2, 0, 0));
    let mails = house.come();
    assert_eq!(
        mails.iter().flat_map(|mail| mail.to.clone()).collect::<Vec<_>>(),
        ["ann@mill.example", "bob@mill.example"]
    );
    let mail = &mails[0];
    assert_eq!(mail.subject(), "Report of 9 Mar 2026: $58,960.79");
    let text = mail.plain();
    for line in [
        "Revenue: $58,960.79; day before $50,000.00 (+17.9\u{a0}%), week before $0.00",
        "Orders: 1; day before 1 (0\u{a0}%), week before 0",
        "http://127.0.0.1:8000/reports/daily/2026-03-09",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let pdf = mail.attached().unwrap();
    let day = "2026-03-09".parse().unwrap();
    let screen = house.world.services.reports.report(&ann, day, None).await.unwrap().unwrap();
    let asked = domain::query::pairs("date=2026-03-09");
    assert_eq!(house.world.services.exports.report_pdf(&ann, &asked).await.unwrap().1, pdf, "the file of the page");
    assert_eq!(screen.shown.revision, 1);
    assert!(mail.text.contains("daily-report-2026-03-09.pdf"));

    // Neither a second run nor a later revision is mailed.
    assert_eq!(house.run().await, mailed(0, 0, 0));
    let late = Figures::on(house.world.owner.clone());
    late.sale(Sale { at: "2026-03-09T11:00:00Z", net: "1.00", ..Sale::default() }).await;
    house.world.clock.advance(Duration::hours(1));
    assert_eq!(house.world.services.reports.nightly().await.unwrap(), [day], "the day has another revision");
    assert_eq!(house.run().await, mailed(0, 0, 0));
    assert!(house.come().is_empty());

    // The next day goes to who is still subscribed.
    house.subscribe(&ann, false).await;
    house.world.clock.set(at("2026-03-11T00:00:00Z"));
    assert_eq!(house.run().await, mailed(1, 0, 0));
    let mails = house.come();
    assert_eq!((mails.len(), mails[0].to.as_slice()), (1, ["bob@mill.example".to_owned()].as_slice()));
    assert_eq!(mails[0].subject(), "Report of 10 Mar 2026: $0.00");
    assert_eq!(house.world.number("select count(*) from ops.audit_log where action = 'reports.mail'").await, 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_that_fails_is_tried_by_the_next_run_and_holds_up_nobody(db: PgPool) {
    let house = House::on(db).await;
    for name in ["ann", "bob", "cid"] {
        let who = house.reader(name, Some(Role::Viewer), &[]).await;
        house.subscribe(&who, true).await;
    }
    let readers = |mails: &[Mail]| mails.iter().flat_map(|mail| mail.to.clone()).collect::<Vec<_>>();
    house.mailbox.answering(&[Answer::Later]);
    assert_eq!(house.run().await, mailed(2, 1, 0));
    let mut told = readers(&house.come());
    assert_eq!(told.len(), 2, "the others go out");
    house.mailbox.answering(&[Answer::Refused]);
    assert_eq!(house.run().await, mailed(0, 1, 0));
    assert_eq!(house.run().await, mailed(1, 0, 0));
    told.extend(readers(&house.come()));
    told.sort();
    assert_eq!(told, ["ann@mill.example", "bob@mill.example", "cid@mill.example"]);
    assert_eq!(house.run().await, mailed(0, 0, 0));
    // What cannot be sent is given up after five attempts.
    house.world.execute("delete from sales.report_subscribers where user_id <> (select id from access.users where email like 'bob@%')").await;
    house.world.clock.set(at("2026-03-11T00:00:00Z"));
    house.mailbox.answering(&[Answer::Later; 5]);
    for left in [1, 1, 1, 1, 1, 0] {
        assert_eq!(house.run().await, mailed(0, left, 0));
    }
    assert!(house.come().is_empty());
}

/// A mail server that takes a mail and is gone before it has said so gets it again, and can tell.
#[sqlx::test(migrations = "../migrations")]
async fn what_may_have_come_already_comes_again_as_the_same_mail(db: PgPool) {
    let house = House::on(db).await;
    let ann = house.reader("ann", Some(Role::Viewer), &[]).await;
    house.subscribe(&ann, true).await;
    house.mailbox.answering(&[Answer::Gone]);
    assert_eq!((house.run().await, house.run().await), (mailed(0, 1, 0), mailed(1, 0, 0)));
    let ids: Vec<String> = house
        .come()
        .iter()
        .map(|mail| mail.text.lines().find(|l| l.starts_with("Message-ID: <")).unwrap().to_owned())
        .collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    // Who died with a mail in hand: nobody else sends it before its time is up.
    house.world.clock.set(at("2026-03-11T00:00:00Z"));
    house.world.services.reports.nightly().await.unwrap();
    house
        .world
        .execute("insert into sales.report_mails (report_date, user_id, attempts, taken_until) select '2026-03-10', id, 1, timestamptz '2026-03-11T00:05:00Z' from access.users")
        .await;
    assert_eq!(house.run().await, mailed(0, 0, 0));
    house.world.clock.advance(Duration::minutes(5));
    assert_eq!(house.run().await, mailed(1, 0, 0));
}

/// A night in which nothing ran loses no report; who subscribes gets none from before.
#[sqlx::test(migrations = "../migrations")]
async fn a_report_that_was_not_mailed_in_its_night_is_mailed_in_the_next(db: PgPool) {
    let house = House::on(db).await;
    let ann = house.reader("ann", Some(Role::Viewer), &[]).await;
    house.subscribe(&ann, true).await;
    for day in ["2026-03-10", "2026-03-11"] {
        house.world.clock.set(at(&format!("{day}T00:00:00Z")));
        house.world.services.reports.nightly().await.unwrap();
    }
    let bob = house.reader("bob", Some(Role::Viewer), &[]).await;
    house.subscribe(&bob, true).await;
    assert_eq!(house.run().await, mailed(3, 0, 0));
    let subjects: Vec<String> = house.come().iter().map(|mail| format!("{} {}", mail.to[0], mail.subject())).collect();
    assert!(
        subjects[0].starts_with("ann@mill.example Report of 9 Mar")
            && subjects[2].starts_with("bob@mill.example Report of 10 Mar"),
        "{subjects:?}"
    );
    assert_eq!(
        house.world.services.reports.mail(&house.world.door, Uuid::from_u128(7), || false).await.unwrap(),
        mailed(0, 0, 0)
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_not_see_the_report_any_more_gets_none(db: PgPool) {
    let house = House::on(db).await;
    let ann = house.reader("ann", Some(Role::Viewer), &[]).await;
    let bob = house.reader("bob", Some(Role::Viewer), &[]).await;
    for who in [&ann, &bob] {
        house.subscribe(who, true).await;
    }
    house.world.execute("update access.users set role = null where email like 'ann@%'").await;
    house.world.execute("update access.users set is_active = false where email like 'bob@%'").await;
    assert_eq!(house.run().await, mailed(0, 0, 2));
    assert!(house.come().is_empty());
    let stranger = person(Uuid::from_u128(9), "x@mill.example", Rights::default());
    let denied = house.world.services.reports.subscription(&stranger).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::Forbidden);
    let wish = SubscribeReport { subscribed: true };
    assert_eq!(house.world.services.reports.subscribe(&stranger, wish).await.unwrap_err().code, ErrorCode::Forbidden);
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_mail_server_the_wish_is_kept_and_nothing_is_sent(db: PgPool) {
    let mut house = House::on(db).await;
    let ann = house.reader("ann", Some(Role::Viewer), &[]).await;
    house.world.services = house.world.services.clone().delivering(Destinations::new(Vec::new(), None), None);
    let wish = SubscribeReport { subscribed: true };
    let told = house.world.services.reports.subscribe(&ann, wish).await.unwrap();
    assert_eq!((told.subscribed, told.mails), (true, false));
    assert_eq!(house.run().await, mailed(0, 0, 0));
    assert_eq!(house.world.number("select count(*) from sales.report_mails").await, 0);
}
