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
use chrono::Days;
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::ReportScreen,
    format,
};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use store::{
    analytics::{self as rows, DueMail},
    audit::{self, Act},
};
use uuid::Uuid;

/// Days after which a mail that could not be sent is given up.
const TRIED_DAYS: u64 = 7;
/// Attempts after which it is given up.
const TRIES: i32 = 5;
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

/// Mails what is due; nothing without a mail server.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn mail(backend: &Backend, outbox: &Outbox, door: &Doorkeeper, run: Uuid) -> Result<Mailed, AppError> {
    let mut told = Mailed::default();
    if !outbox.mails() {
        return Ok(told);
    }
    let now = backend.clock.now();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let context = Context::read(&mut tx).await?;
    let yesterday = context.zone.day_of(now) - Days::new(1);
    rows::queue_report_mails(&mut tx, yesterday).await?;
    let due = rows::due_report_mails(&mut tx, yesterday - Days::new(TRIED_DAYS), TRIES).await?;
    store::commit(tx).await?;
    let rights = [Permission::OverviewView, Permission::AccessExport];
    for mail in due {
        // With the rights the person holds now.
        let who = door.absent(mail.user_id, &rights, run).await?;
        let Some(who) = who.filter(|who| who.may(Permission::OverviewView)) else {
            told.withheld += 1;
            continue;
        };
        match one(backend, outbox, &context, mail, &who).await? {
            Some(true) => told.sent += 1,
            Some(false) => told.failed += 1,
            None => {}
        }
    }
    Ok(told)
}

/// Whether it went out; `None`: another run has it.
async fn one(
    backend: &Backend,
    outbox: &Outbox,
    context: &Context,
    mail: DueMail,
    who: &Principal,
) -> Result<Option<bool>, AppError> {
    let mut tx = store::begin(&backend.pools.jobs).await?;
    if !rows::take_report_mail(&mut tx, mail).await? {
        return Ok(None);
    }
    let Some(letter) = written(&mut tx, context, mail, who).await? else { return Ok(None) };
    let attached = letter.attached.is_some();
    let attempt = outbox.mail(who.label(), letter).await;
    let now = backend.clock.now();
    let is_sent = matches!(attempt, Some(Attempt::Delivered { .. }));
    rows::tried_report_mail(&mut tx, mail, is_sent.then_some(now)).await?;
    if is_sent {
        let act = Act::done("reports.mail", "daily_report", mail.report_date)
            .after(json!({ "user_id": mail.user_id, "attached": attached }));
        audit::record(&mut tx, backend.clock.new_id(), now, who, act).await?;
    } else {
        tracing::warn!(day = %mail.report_date, ?attempt, "a report could not be mailed");
    }
    store::commit(tx).await?;
    Ok(Some(is_sent))
}

async fn written(
    connection: &mut PgConnection,
    context: &Context,
    mail: DueMail,
    who: &Principal,
) -> Result<Option<Letter>, AppError> {
    let Some(screen) = kept(connection, context, mail.report_date, None).await? else { return Ok(None) };
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
