//! What needs a hand (`overview.md` 3.9): its order, what each feature names, putting off, and sources that hang.

use crate::{
    figures::{Figures, Sale, at},
    shop::{admin, holding, viewer},
};
use async_trait::async_trait;
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    access::{PermSet, Permission, Principal, Rights},
    freshness::{Class, Declaration, ErrorClass},
    overview::attention::{
        AttentionAct, AttentionItem, AttentionKind, AttentionList, AttentionPort, AttentionQuery, Feature,
        Severity::{self, Critical, High, Medium},
        SnoozeItem,
    },
};
use rust_decimal::Decimal;
use server::{
    jobs::Registry,
    services::{
        overview::attention::{Asked, AttentionService, AttentionSource},
        settings::SettingsService,
    },
};
use sqlx::{PgConnection, PgPool};
use std::{sync::Arc, time::Instant};

fn service(figures: &Figures) -> AttentionService {
    let settings = Arc::new(SettingsService::new(figures.backend.clone()));
    AttentionService::new(figures.backend.clone(), settings, Registry::standard())
}

async fn look(service: &AttentionService, who: &Principal) -> AttentionList {
    service.attention(who, &AttentionQuery::default()).await.unwrap()
}

/// As [`look`]; on a busy machine a first answer may take longer than a page waits for it.
async fn list(service: &AttentionService, who: &Principal) -> AttentionList {
    loop {
        let list = look(service, who).await;
        if list.unavailable.iter().all(|u| u.error_class != ErrorClass::Timeout) {
            return list;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Looks until every source's items are of this moment. A refresh still under way when a test's clock goes on
/// would be of the earlier moment and count as of the later.
async fn settled(figures: &Figures, service: &AttentionService) {
    let now = figures.clock_now();
    loop {
        look(service, &admin()).await;
        if figures.backend.figures.kept().iter().all(|kept| kept.computed_at == now) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn keys(list: &AttentionList) -> Vec<&str> {
    list.items.iter().map(|item| item.key.as_str()).collect()
}

fn put_off(until: &str) -> SnoozeItem {
    SnoozeItem { until: until.to_owned() }
}

async fn held(figures: &Figures, since: &str, net: &str) {
    figures.sale(Sale { at: since, net, status: "held", ..Sale::default() }).await;
}

/// A source that names what it is told to.
struct Told(Vec<(&'static str, Severity, Option<i64>, &'static str)>);

#[async_trait]
impl AttentionSource for Told {
    fn feature(&self) -> Feature {
        Feature::System
    }

    fn declared(&self) -> &'static Declaration {
        static TOLD: Declaration = Declaration {
            key: "test.told",
            label: "Told",
            class: Class::Live,
            deadline_ms: 300,
            permission: Permission::SystemView,
            topics: &[],
            scope: &[],
            formula: "",
        };
        &TOLD
    }

    async fn attention(&self, _: &mut PgConnection, _: &Asked) -> Result<Vec<AttentionItem>, AppError> {
        let items = self.0.iter().map(|(key, severity, money, since)| AttentionItem {
            key: (*key).to_owned(),
            feature: Feature::System,
            kind: AttentionKind::DiskLow,
            severity: *severity,
            title: (*key).to_owned(),
            consequence: String::new(),
            money_at_risk: money.map(Decimal::from),
            currency: None,
            since: at(since).fixed_offset(),
            age_seconds: 0,
            link: "/".to_owned(),
            actions: vec![],
            stale: false,
        });
        Ok(items.collect())
    }
}

/// Acceptance example 19.
#[sqlx::test(migrations = "../migrations")]
async fn the_gravest_come_first_then_the_most_money_then_the_oldest(db: PgPool) {
    let figures = Figures::on(db);
    let told = Told(vec![
        ("younger", Medium, None, "2026-11-22T11:00:00Z"),
        ("high-500", High, Some(500), "2026-11-20T09:00:00Z"),
        ("critical", Critical, None, "2026-11-22T11:59:00Z"),
        ("older", Medium, None, "2026-11-22T10:00:00Z"),
        ("high-61900", High, Some(61_900), "2026-11-22T11:00:00Z"),
        ("high-million", High, Some(1_000_000), "2026-11-22T11:00:00Z"),
    ]);
    let service = service(&figures).asking(Arc::new(told));
    let all = list(&service, &admin()).await;
    assert_eq!(keys(&all), ["critical", "high-million", "high-61900", "high-500", "older", "younger"]);
    assert_eq!((all.total, all.critical, all.items[4].age_seconds), (6, 1, 7_200));
    let asked = AttentionQuery { severity: Some("high".into()), limit: Some("2".into()), feature: None };
    let some = service.attention(&admin(), &asked).await.unwrap();
    assert_eq!((keys(&some), some.total, some.critical), (vec!["high-million", "high-61900"], 3, 0));
    let bad = AttentionQuery { severity: Some("dire".into()), limit: Some("0".into()), feature: Some("x".into()) };
    let error = service.attention(&admin(), &bad).await.unwrap_err();
    assert_eq!((error.code, error.fields.len()), (ErrorCode::Validation, 3));
}

#[sqlx::test(migrations = "../migrations")]
async fn held_sales_carry_their_money_and_turn_critical_after_a_day(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    assert_eq!(list(&service, &viewer()).await.items, vec![]);
    figures.rate("2026-11-20", "EUR", "1.5").await;
    held(&figures, "2026-11-22T10:00:00Z", "100.25").await;
    held(&figures, "2026-11-21T12:00:00Z", "50").await;
    figures.sale(Sale { net: "20", status: "held", currency: "EUR", ..Sale::default() }).await;
    figures.sale(Sale { net: "999", status: "approved", ..Sale::default() }).await;
    let all = list(&service, &viewer()).await;
    let item = &all.items[0];
    assert_eq!((item.key.as_str(), item.kind, item.severity), ("transactions.held", AttentionKind::Held, High));
    assert_eq!(item.money_at_risk, Some("180.25".parse().unwrap()), "100.25 + 50 + 20 EUR at 1.5");
    assert_eq!((item.title.as_str(), item.age_seconds), ("3 sales held for review", 86_400));
    assert_eq!((item.currency.unwrap().as_str(), item.link.as_str()), ("USD", "/transactions?status=held"));

    figures.clock.advance(Duration::seconds(1));
    held(&figures, "2026-11-22T12:00:00Z", "1").await;
    figures.sale(Sale { net: "7", status: "held", currency: "CHF", ..Sale::default() }).await;
    let item = list(&service, &viewer()).await.items.remove(0);
    assert_eq!((item.severity, item.money_at_risk), (Critical, Some("181.25".parse().unwrap())));
    assert!(item.consequence.contains("lacks 1 sale without an exchange rate"), "{}", item.consequence);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_open_payment_is_named_ten_minutes_before_it_expires(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    figures.sale(Sale { net: "40", status: "pending", ..Sale::default() }).await;
    figures.clock.advance(Duration::minutes(20) - Duration::seconds(1));
    assert_eq!(keys(&list(&service, &viewer()).await), Vec::<&str>::new());
    figures.clock.advance(Duration::seconds(1));
    figures.service.forget();
    let item = list(&service, &viewer()).await.items.remove(0);
    assert_eq!((item.kind, item.severity, item.money_at_risk), (AttentionKind::PaymentOpen, Medium, Some(40.into())));
    assert!(item.consequence.contains("the first at 12:30"), "{}", item.consequence);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_puts_an_item_off_sees_it_again_with_its_full_age(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    let (who, other) = (admin(), crate::world::person(domain::access::Role::Viewer));
    service.snooze(&who, "transactions.held", &put_off("1h")).await.unwrap();
    let mine = list(&service, &who).await;
    assert_eq!((mine.items.len(), mine.total, mine.snoozed), (0, 0, 1));
    assert_eq!(list(&service, &other).await.total, 1, "others see it");
    figures.clock.advance(Duration::minutes(59));
    assert_eq!(list(&service, &who).await.total, 0);
    figures.clock.advance(Duration::minutes(1));
    let back = list(&service, &who).await.items.remove(0);
    assert_eq!(back.age_seconds, 7 * 3_600);

    // A week is a week, but what turned critical meanwhile stands again at once.
    service.snooze(&who, "transactions.held", &put_off("7d")).await.unwrap();
    figures.clock.advance(Duration::hours(16));
    assert_eq!(list(&service, &who).await.total, 0);
    settled(&figures, &service).await;
    figures.clock.advance(Duration::hours(2));
    figures.service.forget();
    // The better value comes behind the look.
    let mut now = list(&service, &who).await;
    for _ in 0..100 {
        if !now.items.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        now = list(&service, &who).await;
    }
    assert_eq!(now.items[0].severity, Critical);
    let error = service.snooze(&who, "transactions.held", &put_off("7d")).await.unwrap_err();
    assert_eq!((error.code, error.fields[0].path.as_str()), (ErrorCode::Validation, "until"));
    // 2026-11-23T07:00Z: the business day ends at midnight UTC.
    service.snooze(&who, "transactions.held", &put_off("today")).await.unwrap();
    figures.clock.set(at("2026-11-23T23:59:59Z"));
    assert_eq!(list(&service, &who).await.total, 0);
    figures.clock.set(at("2026-11-24T00:00:00Z"));
    assert_eq!(list(&service, &who).await.total, 1);

    for (key, until, code) in
        [("transactions.held", "forever", ErrorCode::Validation), ("transactions.nothing", "1h", ErrorCode::NotFound)]
    {
        assert_eq!(service.snooze(&who, key, &put_off(until)).await.unwrap_err().code, code, "{key} {until}");
    }
    let told: (i64, serde_json::Value) = sqlx::query_as(
        "select count(*), (array_agg(after order by at))[1] from ops.audit_log
         where action = 'overview.attention_snooze' and entity_id = 'transactions.held'",
    )
    .fetch_one(&figures.db)
    .await
    .unwrap();
    assert_eq!((told.0, &told.1["until"]), (3, &serde_json::json!("2026-11-22T13:00:00Z")));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_put_off_is_named_and_brought_back(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    let (who, other) = (admin(), crate::world::person(domain::access::Role::Viewer));
    for (person, until) in [(&who, "1h"), (&other, "7d")] {
        service.snooze(person, "transactions.held", &put_off(until)).await.unwrap();
    }
    let away = list(&service, &who).await;
    let told: Vec<_> = away.put_off.iter().map(|one| (one.key.as_str(), one.title.as_str(), one.until)).collect();
    assert_eq!(told, [("transactions.held", "1 sale held for review", at("2026-11-22T13:00:00Z").fixed_offset())]);

    service.unsnooze(&who, "transactions.held").await.unwrap();
    let back = list(&service, &who).await;
    assert_eq!((keys(&back), back.snoozed, back.put_off.len()), (vec!["transactions.held"], 0, 0));
    assert_eq!(list(&service, &other).await.snoozed, 1, "somebody else's stays put off");
    for key in ["transactions.held", "transactions.nothing"] {
        service.unsnooze(&who, key).await.unwrap();
    }
    let audited: Vec<(String, serde_json::Value)> =
        sqlx::query_as("select entity_id, before from ops.audit_log where action = 'overview.attention_unsnooze'")
            .fetch_all(&figures.db)
            .await
            .unwrap();
    assert_eq!(audited, [("transactions.held".to_owned(), serde_json::json!({"until": "2026-11-22T13:00:00Z"}))]);
    let dealer = holding(Rights::of(None, &[PermSet::DealerUser]));
    assert_eq!(service.unsnooze(&dealer, "transactions.held").await.unwrap_err().code, ErrorCode::Forbidden);
}

async fn failed_run(figures: &Figures, kind: &str, payload: &str, when: &str, state: &str) {
    sqlx::query(
        "insert into ops.job_runs (id, kind, queue, state, payload, requested_label, run_at, created_at, finished_at, error_message)
         values (gen_random_uuid(), $1, 'default', $4, $2::jsonb, 'ada', $3, $3, $3, 'The disk was full.')",
    )
    .bind(kind)
    .bind(payload)
    .bind(at(when))
    .bind(state)
    .execute(&figures.db)
    .await
    .unwrap();
    figures.service.forget();
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_failed_stands_until_the_same_work_is_done(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    failed_run(&figures, "cleanup", "{}", "2026-11-14T12:00:00Z", "failed").await;
    failed_run(&figures, "export_file", r#"{"id": 1}"#, "2026-11-22T09:00:00Z", "failed").await;
    failed_run(&figures, "export_file", r#"{"id": 1}"#, "2026-11-22T10:00:00Z", "failed").await;
    failed_run(&figures, "export_file", r#"{"id": 2}"#, "2026-11-22T09:30:00Z", "failed").await;
    let all = list(&service, &admin()).await;
    let told: Vec<_> = all.items.iter().map(|i| (i.title.as_str(), i.severity, i.age_seconds)).collect();
    let title = Registry::standard().title("export_file").to_owned();
    let (twice, once) = (format!("{title} failed 2 times"), format!("{title} failed"));
    assert_eq!(
        told,
        [(twice.as_str(), Medium, 3 * 3_600), (once.as_str(), Medium, 9_000)],
        "what is over a week old is history"
    );
    assert!(all.items[0].consequence.starts_with("The disk was full."));
    let acts: Vec<_> = all.items[0].actions.iter().map(|a| a.act).collect();
    assert_eq!(acts, [AttentionAct::RetryJob]);
    let acts: Vec<_> = list(&service, &viewer()).await.items[0].actions.iter().map(|a| a.act).collect();
    assert_eq!(acts, [], "who may not run jobs is not offered it");
    failed_run(&figures, "export_file", r#"{"id": 1}"#, "2026-11-22T11:00:00Z", "succeeded").await;
    failed_run(&figures, "export_file", r#"{"id": 2}"#, "2026-11-22T11:00:00Z", "running").await;
    assert_eq!(list(&service, &admin()).await.total, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_schedule_that_failed_or_was_missed_is_one_item(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    assert_eq!(list(&service, &admin()).await.total, 0, "a new installation has promised nothing yet");
    sqlx::query(
        "with s as (update ops.schedules set last_success_at = '2026-11-22T11:00:00Z', last_state = 'succeeded',
                                             next_due_at = '2026-11-22T11:01:00Z' where id = 'transactions_expire')
         update ops.schedules set last_success_at = '2026-11-22T01:00:02Z', last_state = 'failed' where id = 'cleanup'",
    )
    .execute(&figures.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into ops.job_runs (id, kind, queue, state, schedule_id, requested_label, run_at, created_at, finished_at, error_message)
         select gen_random_uuid(), 'cleanup', 'maintenance', 'failed', 'cleanup', 'schedule cleanup', t, t, t, 'Locked out.'
         from (values (timestamptz '2026-11-22T09:00:00Z'), ('2026-11-22T10:00:00Z')) v(t)",
    )
    .execute(&figures.db)
    .await
    .unwrap();
    figures.service.forget();
    let all = list(&service, &admin()).await;
    let told: Vec<_> = all.items.iter().map(|i| (i.key.as_str(), i.kind, i.severity, i.age_seconds)).collect();
    let expected = [
        ("jobs.schedule.cleanup", AttentionKind::JobFailed, Medium, 3 * 3_600),
        ("jobs.schedule.transactions_expire", AttentionKind::ScheduleMissed, Medium, 59 * 60),
    ];
    assert_eq!(told, expected);
    assert!(all.items[0].consequence.contains("Locked out."), "{}", all.items[0].consequence);
    assert!(all.items[1].title.contains("missed 59 times"), "{}", all.items[1].title);
    let run = all.items[1].actions.iter().find(|a| a.act == AttentionAct::RunSchedule).unwrap();
    assert_eq!(run.target, "transactions_expire");

    // A day later the daily one is missed, too: still one item, with the age of its first failure.
    figures.clock.set(at("2026-11-25T12:00:00Z"));
    figures.service.forget();
    let all = list(&service, &admin()).await;
    let cleanup: Vec<_> = all.items.iter().filter(|i| i.key.ends_with("cleanup")).collect();
    assert_eq!(
        (cleanup.len(), cleanup[0].kind, cleanup[0].age_seconds),
        (1, AttentionKind::ScheduleMissed, 75 * 3_600)
    );
    sqlx::query("update ops.schedules set enabled = false").execute(&figures.db).await.unwrap();
    figures.service.forget();
    assert_eq!(list(&service, &admin()).await.total, 0, "what is switched off is not missed");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_import_with_rows_in_quarantine_is_named_with_what_was_accepted(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    for (number, lines, open) in [(1, 100, 30), (2, 100, 31), (3, 100, 0)] {
        sqlx::query(
            "with f as (insert into ops.files (id, name, media_type, size_bytes, sha256, created_by, created_at)
                        values (gen_random_uuid(), 'sales.csv', 'text/csv', 1, '\\x00', 'ada', '2026-11-22') returning id),
                  b as (insert into ops.import_batches (id, target, file_id, file_name, file_sha256, size_bytes, shape, mapping, state,
                                                        counts, created_by, created_at, updated_at, committed_at)
                        select gen_random_uuid(), 'sales_transactions', f.id, 'sales.csv', '\\x00', 1, '{}', '{}',
                               case when $3 > 0 then 'committed_partial' else 'committed' end,
                               jsonb_build_object('lines', $2::int), 'ada', '2026-11-22T08:00Z', '2026-11-22T08:00Z',
                               timestamptz '2026-11-22T08:00Z' + $1 * interval '1 minute'
                        from f returning id)
             insert into ops.staged_rows (import_id, row_no, business_key, line_no, raw, mapped, content_hash, verdict, issues)
             select b.id, n, '', 1, '[]', '{}', n, 'rejected', '[]' from b, generate_series(1, $3) n",
        )
        .bind(number)
        .bind(lines)
        .bind(open)
        .execute(&figures.db)
        .await
        .unwrap();
    }
    let all = list(&service, &viewer()).await;
    let told: Vec<_> = all.items.iter().map(|i| (i.severity, i.title.split(": ").nth(1).unwrap())).collect();
    assert_eq!(told, [(High, "31 rows in quarantine"), (Medium, "30 rows in quarantine")]);
    assert!(all.items[0].consequence.starts_with("69.0\u{a0}% of sales.csv"), "{}", all.items[0].consequence);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_source_that_hangs_yields_one_line_in_time_and_the_others_stand(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    failed_run(&figures, "cleanup", "{}", "2026-11-22T09:00:00Z", "failed").await;
    assert_eq!(list(&service, &admin()).await.items.len(), 2);
    figures.clock.advance(Duration::minutes(5));
    figures.service.forget();

    let mut lock = figures.db.begin().await.unwrap();
    sqlx::query("lock table sales.transactions in access exclusive mode").execute(&mut *lock).await.unwrap();
    let since = Instant::now();
    let all = look(&service, &admin()).await;
    assert!(since.elapsed().as_millis() < 600, "took {:?}", since.elapsed());
    let lines: Vec<_> = all.unavailable.iter().map(|u| (u.message.as_str(), u.error_class)).collect();
    assert_eq!(lines, [("Transactions: unavailable, last seen 12:00", ErrorClass::Timeout)]);
    let told: Vec<_> = all.items.iter().map(|i| (i.feature, i.stale)).collect();
    assert_eq!(told, [(Feature::Transactions, true), (Feature::Jobs, false)], "the last known stands, marked as such");
    let looked: Vec<_> = all.looked_at.iter().map(|l| (l.feature, l.age_seconds)).collect();
    assert_eq!(looked, [(Feature::Transactions, Some(300)), (Feature::Ingest, Some(0)), (Feature::Jobs, Some(0))]);

    lock.rollback().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let healed = list(&service, &admin()).await;
    assert_eq!((healed.unavailable.len(), healed.items[0].stale), (0, false));
}

#[sqlx::test(migrations = "../migrations")]
async fn while_the_database_is_away_the_last_list_comes_at_once(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    let who = admin();
    failed_run(&figures, "cleanup", "{}", "2026-11-22T09:00:00Z", "failed").await;
    let key = list(&service, &who).await.items[1].key.clone();
    service.snooze(&who, &key, &put_off("1h")).await.unwrap();
    assert_eq!(list(&service, &who).await.snoozed, 1);
    figures.clock.advance(Duration::minutes(10));
    figures.backend.breaker.open(figures.clock_now());
    let all = list(&service, &who).await;
    assert_eq!((keys(&all), all.snoozed), (vec!["transactions.held"], 1), "what was put off stays so");
    assert_eq!((all.items[0].stale, all.items[0].age_seconds), (true, 6 * 3_600 + 600));
    assert!(
        all.unavailable
            .iter()
            .all(|u| u.error_class == ErrorClass::Connection && u.message.ends_with("last seen 12:00"))
    );
    assert_eq!(all.unavailable.len(), 3);
    figures.backend.breaker.close();
    assert_eq!(list(&service, &who).await.unavailable.len(), 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_feature_that_one_may_not_view_is_left_out(db: PgPool) {
    let figures = Figures::on(db);
    let service = service(&figures);
    held(&figures, "2026-11-22T06:00:00Z", "100").await;
    failed_run(&figures, "cleanup", "{}", "2026-11-22T09:00:00Z", "failed").await;
    let clerk = list(&service, &holding(Rights::of(None, &[PermSet::SalesClerk]))).await;
    assert_eq!(keys(&clerk), ["transactions.held"]);
    let looked: Vec<_> = clerk.looked_at.iter().map(|l| l.feature).collect();
    assert_eq!(looked, [Feature::Transactions]);
    let steward = holding(Rights::of(None, &[PermSet::DataSteward]));
    let key = list(&service, &steward).await.items[0].key.clone();
    assert!(key.starts_with("jobs.run."));
    let error =
        service.snooze(&holding(Rights::of(None, &[PermSet::SalesClerk])), &key, &put_off("1h")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound, "its existence is not told");
    let dealer = holding(Rights::of(None, &[PermSet::DealerUser]));
    let error = service.attention(&dealer, &AttentionQuery::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
}
