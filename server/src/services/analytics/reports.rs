//! The report of a day: built of the same answers as the analytics page, kept with its hash, never changed.

use super::{
    compute,
    report_mail::{self, Mailed},
};
use crate::{
    access::Doorkeeper,
    backend::Backend,
    services::{
        alerts::Outbox,
        overview::{Context, SETTLING, reorder_threshold},
    },
};
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::{
        CategoryPerformance, CategoryRequest, DailyReport, HourlySales, HourlyWindow, Measure, ProductRequest,
        ReportFigure, ReportRevision, ReportScreen, ReportSubscription, ReportUnit, ReportsPort, SalesTotals,
        SubscribeReport, TopProduct,
    },
    live::Topic,
    overview::DayRange,
};
use futures::future::BoxFuture;
use rust_decimal::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::fmt;
use store::{
    analytics::{self as rows, KeptReport, ReportSums},
    audit::{self, Act},
    overview as sums,
};
use uuid::Uuid;

/// Reports in the list.
const LISTED: i64 = 100;
/// Days that are looked through for corrections.
const WATCHED_DAYS: u64 = 35;
const TOP: u16 = 10;

/// Builds and keeps reports.
pub struct ReportsService {
    backend: Backend,
    /// None: nothing is mailed.
    outbox: Option<Outbox>,
}

impl fmt::Debug for ReportsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportsService").finish_non_exhaustive()
    }
}

/// Why a revision was made.
const FIRST: &str = "The day was over";
const CORRECTED: &str = "Late data changed the day";
const BY_HAND: &str = "Rebuilt by hand";

impl ReportsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend, outbox: None }
    }

    /// Mails through it.
    #[must_use]
    pub fn mailing(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Mails the report of yesterday to who asked for it, and what could not be sent before; each once, while `go_on`.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn mail(
        &self,
        door: &Doorkeeper,
        run: Uuid,
        go_on: impl Fn() -> bool + Send,
    ) -> Result<Mailed, AppError> {
        match &self.outbox {
            Some(outbox) => report_mail::mail(&self.backend, outbox, door, run, go_on).await,
            None => Ok(Mailed::default()),
        }
    }

    /// The report of yesterday, and those of days that were corrected since; answers the days that got a revision.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn nightly(&self) -> Result<Vec<NaiveDate>, AppError> {
        let now = self.backend.clock.now();
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut connection).await?;
        let today = context.zone.day_of(now);
        let mut days =
            rows::outdated_reports(&mut connection, context.books(), today - Days::new(WATCHED_DAYS)).await?;
        drop(connection);
        let yesterday = today - Days::new(1);
        days.retain(|day| *day != yesterday);
        days.push(yesterday);
        let mut written = Vec::new();
        for day in days {
            if self.build(day, CORRECTED, None).await? {
                written.push(day);
            }
        }
        Ok(written)
    }

    /// Builds a day; whether it got a revision.
    async fn build(&self, day: NaiveDate, reason: &str, who: Option<&Principal>) -> Result<bool, AppError> {
        let now = self.backend.clock.now();
        let mut tx = store::figures::begin(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut tx).await?;
        let known = rows::report_revisions(&mut tx, day).await?;
        let newest = known.first();
        let report = report(&mut tx, &context, day, newest.map(|kept| &kept.payload)).await?;
        let payload = serde_json::to_value(&report).map_err(|_| AppError::internal())?;
        let sha256 = Sha256::digest(payload.to_string()).to_vec();
        if newest.is_some_and(|kept| kept.sha256 == sha256) {
            return Ok(false);
        }
        let kept = KeptReport {
            report_date: day,
            revision: newest.map_or(1, |kept| kept.revision + 1),
            zone: context.zone.name().to_owned(),
            payload,
            sha256,
            built_at: now,
            reason: if newest.is_none() { FIRST } else { reason }.to_owned(),
        };
        rows::add_report(&mut tx, &kept).await?;
        if let Some(who) = who {
            let act = Act::done("reports.rebuild", "daily_report", day).after(json!({ "revision": kept.revision }));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        }
        store::live::emit(&mut tx, Topic::Analytics, "daily_report").await?;
        store::commit(tx).await?;
        Ok(true)
    }
}

/// What a block came to; one that fails leaves the others' transaction as it was.
async fn block<T: Default>(
    connection: &mut PgConnection,
    name: &str,
    failed: &mut Vec<String>,
    compute: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, AppError>>,
) -> Result<T, AppError> {
    let mut part = store::part(connection).await?;
    match compute(&mut part).await {
        Ok(value) => {
            store::commit(part).await?;
            Ok(value)
        }
        Err(error) => {
            tracing::warn!(block = name, %error, "a block of the daily report failed");
            store::rollback(part).await?;
            failed.push(name.to_owned());
            Ok(T::default())
        }
    }
}

/// What stood in stock when the first revision was built.
const STOCK: [&str; 2] = ["low_stock", "stock_outs"];

async fn report(
    connection: &mut PgConnection,
    context: &Context,
    day: NaiveDate,
    earlier: Option<&serde_json::Value>,
) -> Result<DailyReport, AppError> {
    let back = |days| day - Days::new(days);
    let days = [day, back(1), back(7)];
    let one = |day| DayRange { from: day, to: day };
    let mut failed = Vec::new();
    let here = context.clone();
    let totals: Vec<SalesTotals> = block(connection, "Sales", &mut failed, move |c| {
        Box::pin(async move {
            let mut all = Vec::new();
            for day in days {
                all.push(compute::day_totals(c, &here, one(day)).await?);
            }
            Ok(all)
        })
    })
    .await?;
    let here = context.clone();
    let others: Vec<ReportSums> = block(connection, "Screening", &mut failed, move |c| {
        Box::pin(async move {
            let windows = days.map(|day| here.zone.day_range(day));
            Ok(rows::report_sums(c, here.books(), &windows).await?)
        })
    })
    .await?;
    let here = context.clone();
    let hours: Vec<HourlySales> = block(connection, "Hours", &mut failed, move |c| {
        Box::pin(async move {
            let window = HourlyWindow::Days(one(day));
            let end = here.zone.day_range(day).end;
            let hours = compute::clock_hours(&here, window, end);
            Ok(compute::hourly(c, &here, &hours, None, end).await?.items)
        })
    })
    .await?;
    let here = context.clone();
    let mut products: Vec<TopProduct> = block(connection, "Top products", &mut failed, move |c| {
        Box::pin(async move {
            let asked = ProductRequest {
                days: one(day),
                measure: Measure::Revenue,
                kind: Some("stocked"),
                category: None,
                limit: Some(TOP),
                only: None,
                clean: false,
            };
            Ok(compute::products(c, &here, asked).await?.items)
        })
    })
    .await?;
    // Stock is of another moment than the day.
    for product in &mut products {
        product.stock = None;
        product.is_low_stock = None;
    }
    let here = context.clone();
    let categories: Vec<CategoryPerformance> = block(connection, "Categories", &mut failed, move |c| {
        Box::pin(async move {
            let asked = CategoryRequest { days: one(day), only: None, clean: false };
            Ok(compute::categories(c, &here, asked).await?.items)
        })
    })
    .await?;
    let mut figures = figures(&totals, &others);
    let here = context.clone();
    let alerts: Vec<(i64, i64)> = block(connection, "Alerts", &mut failed, move |c| {
        Box::pin(async move {
            let windows = days.map(|day| here.zone.day_range(day));
            Ok(rows::alert_counts(c, &windows).await?)
        })
    })
    .await?;
    let opened = |n: usize| alerts.get(n).map(|(opened, _)| Decimal::from(*opened));
    let resolved = |n: usize| alerts.get(n).map(|(_, resolved)| Decimal::from(*resolved));
    figures.push(figure("alerts_opened", "Alerts opened", ReportUnit::Count, opened));
    figures.push(figure("alerts_resolved", "Alerts resolved", ReportUnit::Count, resolved));
    let kept: Option<DailyReport> = earlier.and_then(|payload| serde_json::from_value(payload.clone()).ok());
    match kept {
        Some(kept) => figures.extend(kept.figures.into_iter().filter(|f| STOCK.contains(&f.key.as_str()))),
        None => {
            let low = block(connection, "Stock", &mut failed, |c| {
                Box::pin(async move {
                    let threshold = reorder_threshold(c).await?;
                    let low = sums::low_stock(c, threshold).await?;
                    Ok(Some((low.products, low.critical)))
                })
            })
            .await?;
            let figure = |key: &str, label: &str, value: Option<i64>| ReportFigure {
                key: key.to_owned(),
                label: label.to_owned(),
                unit: ReportUnit::Count,
                value: value.map(Decimal::from),
                day_before: None,
                week_before: None,
            };
            figures.push(figure(STOCK[0], "Low on stock when built", low.map(|(low, _)| low)));
            figures.push(figure(STOCK[1], "Out of stock when built", low.map(|(_, out)| out)));
        }
    }
    Ok(DailyReport {
        date: day,
        zone: context.zone.name().to_owned(),
        currency: context.business.base_currency,
        figures,
        hours,
        products,
        categories,
        failed,
    })
}

/// The numbers of a day, the day before and the same weekday before.
fn figures(totals: &[SalesTotals], others: &[ReportSums]) -> Vec<ReportFigure> {
    type OfTotals = fn(&SalesTotals) -> Option<Decimal>;
    type OfOthers = fn(&ReportSums) -> Decimal;
    let of_totals: [(&str, &str, ReportUnit, OfTotals); 7] = [
        ("revenue", "Revenue", ReportUnit::Money, |t| Some(t.total_sales)),
        ("gross", "Gross sales", ReportUnit::Money, |t| Some(t.gross_sales)),
        ("refunds", "Refunds", ReportUnit::Money, |t| Some(t.refunds)),
        ("orders", "Orders", ReportUnit::Count, |t| Some(t.transaction_count.into())),
        ("average", "Average order", ReportUnit::Money, |t| t.avg_transaction),
        ("customers", "Customers", ReportUnit::Count, |t| Some(t.customers.into())),
        ("guests", "Orders of guests", ReportUnit::Count, |t| Some(t.guests.into())),
    ];
    let of_others: [(&str, &str, ReportUnit, OfOthers); 9] = [
        ("units", "Units", ReportUnit::Quantity, |o| o.units.normalize()),
        ("new_customers", "New customers", ReportUnit::Count, |o| o.new_customers.into()),
        ("screened_approved", "Screened: approved", ReportUnit::Count, |o| o.approved.into()),
        ("screened_review", "Screened: to review", ReportUnit::Count, |o| o.review.into()),
        ("screened_held", "Screened: held", ReportUnit::Count, |o| o.held.into()),
        ("screened_declined", "Screened: declined", ReportUnit::Count, |o| o.declined.into()),
        ("held_value", "Value held", ReportUnit::Money, |o| o.held_value.normalize()),
        ("confirmed_fraud", "Verdicts: fraud", ReportUnit::Count, |o| o.fraud.into()),
        ("legitimate", "Verdicts: legitimate", ReportUnit::Count, |o| o.legitimate.into()),
    ];
    let mut figures: Vec<ReportFigure> = of_totals
        .into_iter()
        .map(|(key, label, unit, of)| {
            let at = |n: usize| totals.get(n).and_then(of);
            figure(key, label, unit, at)
        })
        .collect();
    figures.extend(
        of_others.into_iter().map(|(key, label, unit, of)| figure(key, label, unit, |n| others.get(n).map(of))),
    );
    // Those who had bought before: only where both are known.
    let returning = |n: usize| Some(Decimal::from(totals.get(n)?.customers - others.get(n)?.new_customers));
    figures.push(figure("returning_customers", "Returning customers", ReportUnit::Count, returning));
    figures
}

fn figure(key: &str, label: &str, unit: ReportUnit, at: impl Fn(usize) -> Option<Decimal>) -> ReportFigure {
    ReportFigure {
        key: key.to_owned(),
        label: label.to_owned(),
        unit,
        value: at(0),
        day_before: at(1),
        week_before: at(2),
    }
}

fn told(context: &Context, kept: &KeptReport) -> ReportRevision {
    ReportRevision {
        date: kept.report_date,
        revision: kept.revision,
        built_at: context.zone.local(kept.built_at),
        reason: kept.reason.clone(),
        sha256: kept.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// One revision of a day, or the newest.
///
/// # Errors
/// When a statement fails.
pub async fn kept(
    connection: &mut PgConnection,
    context: &Context,
    date: NaiveDate,
    revision: Option<i32>,
) -> Result<Option<ReportScreen>, AppError> {
    let all = rows::report_revisions(connection, date).await?;
    let Some(kept) = all.iter().find(|kept| revision.is_none_or(|n| n == kept.revision)) else { return Ok(None) };
    Ok(Some(ReportScreen {
        report: serde_json::from_value(kept.payload.clone()).map_err(|_| AppError::internal())?,
        shown: told(context, kept),
        revisions: all.iter().map(|kept| told(context, kept)).collect(),
    }))
}

#[async_trait]
impl ReportsPort for ReportsService {
    async fn list(&self, who: &Principal) -> Result<Vec<ReportRevision>, AppError> {
        who.require(Permission::OverviewView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let context = Context::read(&mut tx).await?;
        Ok(rows::newest_reports(&mut tx, LISTED).await?.iter().map(|kept| told(&context, kept)).collect())
    }

    async fn report(
        &self,
        who: &Principal,
        date: NaiveDate,
        revision: Option<i32>,
    ) -> Result<Option<ReportScreen>, AppError> {
        who.require(Permission::OverviewView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let context = Context::read(&mut tx).await?;
        kept(&mut tx, &context, date, revision).await
    }

    async fn rebuild(&self, who: &Principal, date: NaiveDate) -> Result<ReportScreen, AppError> {
        who.require(Permission::JobsRun)?;
        let known = self.backend.business().await?;
        let context = Context::of(known.value.business.clone())?;
        if self.backend.clock.now() < context.zone.day_range(date).end + SETTLING {
            return Err(AppError::conflict("The day is not over yet; its report is built then."));
        }
        self.build(date, BY_HAND, Some(who)).await?;
        self.report(who, date, None).await?.ok_or_else(AppError::internal)
    }

    async fn subscription(&self, who: &Principal) -> Result<ReportSubscription, AppError> {
        who.require(Permission::OverviewView)?;
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let subscribed = rows::is_subscribed(&mut connection, user.0).await?;
        Ok(ReportSubscription { subscribed, mails: self.outbox.as_ref().is_some_and(Outbox::mails) })
    }

    async fn subscribe(&self, who: &Principal, command: SubscribeReport) -> Result<ReportSubscription, AppError> {
        who.require(Permission::OverviewView)?;
        let user = who.user_id().ok_or_else(AppError::forbidden)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        if rows::subscribe(&mut tx, user.0, command.subscribed, now).await? {
            let act = Act::done("reports.subscribe", "user", user).after(json!({ "subscribed": command.subscribed }));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        }
        store::commit(tx).await?;
        self.subscription(who).await
    }
}
