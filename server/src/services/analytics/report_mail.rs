//! The report of yesterday by mail: once to everybody who asked for it and may still see it.

use super::{print::print_report, reports::kept};
use crate::{
    access::Doorkeeper,
    backend::Backend,
    services::{
        alerts::{Attempt, Letter, Outbox},
        overview::Context,
    },
};
use chrono::{Days, Duration};
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::ReportScreen,
    format,
};
use serde::Serialize;
use serde_json::json;
use store::{
    analytics::{self as rows, DueMail},
    audit::{self, Act},
};
use uuid::Uuid;

/// Days after which a mail that could not be sent is given up.
const TRIED_DAYS: u64 = 7;
/// Attempts after which it is given up.
const TRIES: i32 = 5;
/// Who has taken a mail and says nothing for so long is dead.
const LEASE: Duration = Duration::minutes(5);
/// Figures that stand in the mail itself.
const TOLD: [&str; 7] = ["revenue", "gross", "refunds", "orders", "average", "customers", "units"];

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Mailed {
    pub sent: u32,
    /// Tried again by the next run.
    pub failed: u32,
    /// To who may not see the report any more.
    pub withheld: u32,
}

/// Mails what is due while `go_on`; nothing without a mail server.
///
/// # Errors
/// When the database cannot be asked for what is due.
pub(super) async fn mail(
    backend: &Backend,
    outbox: &Outbox,
    door: &Doorkeeper,
    run: Uuid,
    go_on: impl Fn() -> bool + Send,
) -> Result<Mailed, AppError> {
    let mut told = Mailed::default();
    if !outbox.mails() {
        return Ok(told);
    }
    let now = backend.clock.now();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let context = Context::read(&mut tx).await?;
    let yesterday = context.zone.day_of(now) - Days::new(1);
    let first = yesterday - Days::new(TRIED_DAYS);
    rows::queue_report_mails(&mut tx, first..=yesterday, context.zone.name()).await?;
    let due = rows::due_report_mails(&mut tx, first, TRIES, now).await?;
    store::commit(tx).await?;
    for mail in due {
        if !go_on() {
            break;
        }
        match one(backend, outbox, door, run, mail).await {
            Ok(Some(end)) => told.count(end),
            Ok(None) => {}
            // One that cannot be written must not hold up the others.
            Err(error) => {
                tracing::warn!(day = %mail.report_date, %error, "a report could not be mailed");
                told.count(End::Failed);
            }
        }
    }
    Ok(told)
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Sent,
    Failed,
    Withheld,
}

impl Mailed {
    const fn count(&mut self, end: End) {
        match end {
            End::Sent => self.sent += 1,
            End::Failed => self.failed += 1,
            End::Withheld => self.withheld += 1,
        }
    }
}

/// One attempt, outside of every transaction. `None`: another run has the mail, or there is no report any more.
async fn one(
    backend: &Backend,
    outbox: &Outbox,
    door: &Doorkeeper,
    run: Uuid,
    mail: DueMail,
) -> Result<Option<End>, AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let now = backend.clock.now();
    let is_ours = rows::take_report_mail(&mut tx, mail.id, now, now + LEASE).await?;
    store::commit(tx).await?;
    if !is_ours {
        return Ok(None);
    }
    // With the rights the person holds now.
    let rights = [Permission::OverviewView, Permission::AccessExport];
    let who = door.absent(mail.user_id, &rights, run).await?;
    let (end, attached) = match who.as_ref().filter(|who| who.may(Permission::OverviewView)) {
        None => (End::Withheld, false),
        Some(who) => {
            let Some(letter) = written(backend, mail, who).await? else { return Ok(None) };
            let attached = letter.attached.is_some();
            match outbox.mail(mail.id, who.label(), letter).await {
                Some(Attempt::Delivered { .. }) => (End::Sent, attached),
                attempt => {
                    tracing::warn!(day = %mail.report_date, ?attempt, "a report could not be mailed");
                    (End::Failed, attached)
                }
            }
        }
    };
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let now = backend.clock.now();
    rows::tried_report_mail(&mut tx, mail.id, (end == End::Sent).then_some(now)).await?;
    if let Some(who) = who.filter(|_| end == End::Sent) {
        let act = Act::done("reports.mail", "daily_report", mail.report_date)
            .after(json!({ "user_id": mail.user_id, "attached": attached }));
        audit::record(&mut tx, backend.clock.new_id(), now, &who, act).await?;
    }
    store::commit(tx).await?;
    Ok(Some(end))
}

async fn written(backend: &Backend, mail: DueMail, who: &Principal) -> Result<Option<Letter>, AppError> {
    let mut connection = store::acquire(&backend.pools.jobs).await?;
    let context = Context::read(&mut connection).await?;
    let screen = kept(&mut connection, &context, mail.report_date, None).await?;
    drop(connection);
    let Some(screen) = screen else { return Ok(None) };
    let locale = &context.business.locale;
    let mut letter = letter(&screen, locale);
    // The file is for who may have it from the page.
    if who.may(Permission::AccessExport) {
        let bytes = print_report(&screen, locale)?.pdf().await?;
        letter.attached = Some((format!("daily-report-{}.pdf", mail.report_date), "application/pdf", bytes));
    }
    Ok(Some(letter))
}

fn letter(screen: &ReportScreen, locale: &str) -> Letter {
    let report = &screen.report;
    let figure = |key: &&str| report.figures.iter().find(|f| f.key == *key);
    let revenue = figure(&"revenue").map_or_else(|| format::UNKNOWN.to_owned(), |f| report.words(f, f.value, locale));
    let mut lines: Vec<(String, Option<String>)> = TOLD
        .iter()
        .filter_map(figure)
        .map(|f| {
            let (now, day, week) = (
                report.words(f, f.value, locale),
                report.against(f, f.day_before, locale),
                report.against(f, f.week_before, locale),
            );
            (format!("{}: {now}; day before {day}, week before {week}", f.label), None)
        })
        .collect();
    if !report.failed.is_empty() {
        lines.push((format!("Unavailable when built: {}", report.failed.join(", ")), None));
    }
    let place = format!("/reports/daily/{}", report.date);
    lines.push((
        format!("Report of {}, revision {}", format::date_long(report.date), screen.shown.revision),
        Some(place),
    ));
    Letter { subject: format!("{}: {revenue}", report.title()), lines, attached: None }
}
