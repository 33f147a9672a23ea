//! Server functions of the settings.

use crate::{fault::Fault, page_data::Packed};
use domain::settings::SettingsView;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use std::collections::BTreeMap;

#[server(prefix = "/fn", endpoint = "settings/screen", input = GetUrl)]
pub async fn load_settings() -> Result<Packed<SettingsView>, Fault> {
    use crate::context::{port, principal};
    use domain::settings::SettingsPort;
    Packed::of(&port::<dyn SettingsPort>()?.view(&principal()?).await?)
}

/// Changes what differs from the settings of `version`; all or nothing.
#[server(prefix = "/fn", endpoint = "settings/change")]
pub async fn change_settings(
    version: Option<i64>,
    #[server(default)] values: BTreeMap<String, String>,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::settings::{ChangeSettings, SettingsPort};
    let values = values.into_iter().map(|(key, value)| (key, value.trim().into())).collect();
    port::<dyn SettingsPort>()?.change(&principal()?, ChangeSettings { version, values }).await?;
    redirect("/settings?saved");
    Ok(())
}
