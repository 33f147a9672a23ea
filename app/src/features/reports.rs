//! Server functions of daily reports.

use crate::{fault::Fault, page_data::Packed};
use domain::analytics::ReportPage;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The report of a day; without a screen also for a day that cannot be one.
#[server(prefix = "/fn", endpoint = "reports/daily", input = GetUrl)]
pub async fn load_report(date: String, query: String) -> Result<Packed<ReportPage>, Fault> {
    use crate::context::{port, principal};
    use domain::{analytics::ReportsPort, query::pairs};
    let (reports, who) = (port::<dyn ReportsPort>()?, principal()?);
    let revision = pairs(&query).into_iter().find(|(name, _)| name == "revision").and_then(|(_, n)| n.parse().ok());
    let screen = match date.parse() {
        Ok(date) => reports.report(&who, date, revision).await?,
        Err(_) => None,
    };
    Packed::of(&ReportPage { screen, subscription: reports.subscription(&who).await? })
}

/// Has the report of each day mailed to the caller, or stops it; back to the report of `date`.
#[server(prefix = "/fn", endpoint = "reports/subscribe")]
pub async fn subscribe_report(date: String, subscribed: bool) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use chrono::NaiveDate;
    use domain::{AppError, analytics::ReportsPort};
    let date: NaiveDate = date.parse().map_err(|_| AppError::field("date", "This is no date."))?;
    let command = domain::analytics::SubscribeReport { subscribed };
    port::<dyn ReportsPort>()?.subscribe(&principal()?, command).await?;
    redirect(&format!("/reports/daily/{date}"));
    Ok(())
}

/// Builds it anew.
#[server(prefix = "/fn", endpoint = "reports/rebuild")]
pub async fn rebuild_report(date: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, analytics::ReportsPort};
    let date = date.parse().map_err(|_| AppError::field("date", "This is no date."))?;
    port::<dyn ReportsPort>()?.rebuild(&principal()?, date).await?;
    redirect(&format!("/reports/daily/{date}"));
    Ok(())
}
