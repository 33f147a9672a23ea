//! Targets of figures.

use crate::{fault::Fault, page_data::Packed};
use domain::overview::TargetsScreen;
use leptos::{prelude::*, server_fn::codec::GetUrl};

#[server(prefix = "/fn", endpoint = "overview/targets", input = GetUrl)]
pub async fn load_targets() -> Result<Packed<TargetsScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::overview::TargetsPort;
    Packed::of(&port::<dyn TargetsPort>()?.targets(&principal()?).await?)
}

/// Sets a target, or with `version` changes one.
#[server(prefix = "/fn", endpoint = "overview/set_target")]
pub async fn set_target(
    #[server(default)] metric: String,
    #[server(default)] period: String,
    #[server(default)] valid_from: String,
    #[server(default)] value: String,
    #[server(default)] note: String,
    #[server(default)] version: Option<i32>,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::{SetTarget, TargetsPort};
    let command = SetTarget { metric, period, valid_from, value, note, version };
    port::<dyn TargetsPort>()?.set(&principal()?, command).await?;
    redirect("/overview/targets?saved");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "overview/delete_target")]
pub async fn delete_target(#[server(default)] id: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, overview::TargetsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Target"))?;
    port::<dyn TargetsPort>()?.delete(&principal()?, id).await?;
    redirect("/overview/targets?deleted");
    Ok(())
}
