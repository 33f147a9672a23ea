//! Daily reports: what they tell beside sums of money, and their revisions.

use crate::{
    Result,
    overview::{Books, Window},
};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

/// Of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportSums {
    /// Quantity sold.
    pub units: Decimal,
    /// Known customers whose first recognised sale it was.
    pub new_customers: i64,
    /// Decisions of screening.
    pub approved: i64,
    pub review: i64,
    pub held: i64,
    pub declined: i64,
    /// Totals of the sales held, in base currency.
    pub held_value: Decimal,
    /// Verdicts on cases.
    pub fraud: i64,
    pub legitimate: i64,
}

/// One entry a window, in their order.
///
/// # Errors
/// When the statement fails.
pub async fn report_sums(
    connection: &mut PgConnection,
    books: Books<'_>,
    windows: &[Window],
) -> Result<Vec<ReportSums>> {
    let (starts, ends): (Vec<_>, Vec<_>) = windows.iter().map(|w| (w.start, w.end)).unzip();
    let rows = sqlx::query_file!("src/analytics/report.sql", &starts, &ends, books.currency.as_str(), books.zone)
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|r| ReportSums {
            units: r.units,
            new_customers: r.new_customers,
            approved: r.approved,
            review: r.review,
            held: r.held,
            declined: r.declined,
            held_value: r.held_value,
            fraud: r.fraud,
            legitimate: r.legitimate,
        })
        .collect())
}

/// Alerts opened and alerts resolved, one entry a window, in their order.
///
/// # Errors
/// When the statement fails.
pub async fn alert_counts(connection: &mut PgConnection, windows: &[Window]) -> Result<Vec<(i64, i64)>> {
    let (starts, ends): (Vec<_>, Vec<_>) = windows.iter().map(|w| (w.start, w.end)).unzip();
    let rows = sqlx::query!(
        r#"select o.n as "opened!", r.n as "resolved!"
           from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
           cross join lateral (select count(*) as n from ops.alerts a
                               where a.opened_at >= b.starts and a.opened_at < b.ends and a.deleted_at is null) o
           cross join lateral (select count(*) as n from ops.alerts a
                               where a.resolved_at >= b.starts and a.resolved_at < b.ends and a.deleted_at is null) r
           order by b.ord"#,
        &starts,
        &ends
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|r| (r.opened, r.resolved)).collect())
}

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReport {
    pub report_date: NaiveDate,
    pub revision: i32,
    pub zone: String,
    pub payload: serde_json::Value,
    pub sha256: Vec<u8>,
    pub built_at: DateTime<Utc>,
    pub reason: String,
}

/// Every revision of a day, the newest first.
///
/// # Errors
/// When the statement fails.
pub async fn report_revisions(connection: &mut PgConnection, date: NaiveDate) -> Result<Vec<KeptReport>> {
    Ok(sqlx::query_as!(
        KeptReport,
        "select report_date, revision, zone, payload, sha256, built_at, reason
         from sales.daily_reports where report_date = $1 order by revision desc",
        date
    )
    .fetch_all(connection)
    .await?)
}

/// The newest revision of each day, the newest day first.
///
/// # Errors
/// When the statement fails.
pub async fn newest_reports(connection: &mut PgConnection, limit: i64) -> Result<Vec<KeptReport>> {
    Ok(sqlx::query_as!(
        KeptReport,
        "select distinct on (report_date) report_date, revision, zone, payload, sha256, built_at, reason
         from sales.daily_reports order by report_date desc, revision desc limit $1",
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// Adds a revision.
///
/// # Errors
/// When the statement fails; another may have been faster.
pub async fn add_report(connection: &mut PgConnection, report: &KeptReport) -> Result<()> {
    sqlx::query!(
        "insert into sales.daily_reports (report_date, revision, zone, payload, sha256, built_at, reason)
         values ($1, $2, $3, $4, $5, $6, $7)",
        report.report_date,
        report.revision,
        report.zone,
        report.payload,
        report.sha256,
        report.built_at,
        report.reason
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Days since `since` whose kept sums were corrected after their newest report was built.
///
/// # Errors
/// When the statement fails.
pub async fn outdated_reports(
    connection: &mut PgConnection,
    books: Books<'_>,
    since: NaiveDate,
) -> Result<Vec<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select k.day from ops.kpi_summary k
         where k.zone = $1 and k.currency = $2::char(3) and k.day >= $3
           and k.revised_at > (select max(r.built_at) from sales.daily_reports r where r.report_date = k.day)
         order by k.day",
        books.zone,
        books.currency.as_str(),
        since
    )
    .fetch_all(connection)
    .await?)
}
