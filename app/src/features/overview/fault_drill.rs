//! Fault drills.

use crate::{fault::Fault, page_data::Packed};
use domain::overview::fault_drill::DrillScreen;
use leptos::{prelude::*, server_fn::codec::GetUrl};

#[server(prefix = "/fn", endpoint = "overview/drill", input = GetUrl)]
pub async fn load_drill() -> Result<Packed<DrillScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::overview::fault_drill::FaultDrillPort;
    Packed::of(&port::<dyn FaultDrillPort>()?.screen(&principal()?).await?)
}

/// Lets one fault come.
#[server(prefix = "/fn", endpoint = "overview/start_drill")]
pub async fn start_drill(
    #[server(default)] kind: String,
    #[server(default)] metric: String,
    #[server(default)] ms: String,
    #[server(default)] lag_seconds: String,
    #[server(default)] duration_seconds: String,
    #[server(default)] everywhere: Option<String>,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        overview::fault_drill::{Fault as Struck, FaultDrillPort, Reach, StartDrill},
    };
    let fault = Struck::read(&kind, &metric, &ms, &lag_seconds).map_err(AppError::validation)?;
    // What is no number is out of bounds, and said so.
    let duration_seconds = duration_seconds.trim().parse().unwrap_or(0);
    let scope = if everywhere.is_some() { Reach::All } else { Reach::This };
    let command = StartDrill { faults: vec![fault], duration_seconds, scope };
    port::<dyn FaultDrillPort>()?.start(&principal()?, &command).await?;
    redirect("/overview/drill");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "overview/stop_drill")]
pub async fn stop_drill() -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::fault_drill::FaultDrillPort;
    port::<dyn FaultDrillPort>()?.stop(&principal()?).await?;
    redirect("/overview/drill");
    Ok(())
}

/// Five faults one after the other, each with its checks.
#[server(prefix = "/fn", endpoint = "overview/run_all_drills")]
pub async fn run_all_drills() -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::fault_drill::FaultDrillPort;
    port::<dyn FaultDrillPort>()?.run_all(&principal()?).await?;
    redirect("/overview/drill");
    Ok(())
}
