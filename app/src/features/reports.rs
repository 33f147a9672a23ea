//! Server functions of daily reports.

use crate::{fault::Fault, page_data::Packed};
use domain::analytics::ReportScreen;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The report of a day; `None` also for a day that cannot be one.
#[server(prefix = "/fn", endpoint = "reports/daily", input = GetUrl)]
pub async fn load_report(date: String, query: String) -> Result<Packed<Option<ReportScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{analytics::ReportsPort, query::pairs};
    let Ok(date) = date.parse() else { return Packed::of(&None) };
    let revision = pairs(&query).into_iter().find(|(name, _)| name == "revision").and_then(|(_, n)| n.parse().ok());
    Packed::of(&port::<dyn ReportsPort>()?.report(&principal()?, date, revision).await?)
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
