//! Server functions of networks.

use crate::{fault::Fault, page_data::Packed};
use domain::planning::{NetworkDetail, NetworkImport, NetworkItem, SectionRows};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All networks, and of the one that is meant what the address asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkScreen {
    pub networks: Vec<NetworkItem>,
    pub detail: Option<NetworkDetail>,
    /// The section that is shown.
    pub section: String,
    pub rows: Option<SectionRows>,
    /// A document that waits, or was committed.
    pub import: Option<NetworkImport>,
    /// Whether the reader may change the network as a whole.
    pub may_edit: bool,
}

/// A row as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowForm {
    pub network: String,
    pub section: String,
    /// Empty: a new one.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// The head of a network as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadForm {
    pub network: String,
    pub version: i32,
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// The page's address for a section of a network.
#[must_use]
pub fn address(network: &str, section: &str) -> String {
    let pairs = [("network", network), ("section", section)];
    format!("/planning/network?{}", domain::query::write(pairs))
}

#[server(prefix = "/fn", endpoint = "planning/network", input = GetUrl)]
pub async fn load_network(search: String) -> Result<Packed<NetworkScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        access::Permission,
        paging,
        planning::{NetworksPort, RowFilter},
        query::last,
    };
    let (who, port) = (principal()?, port::<dyn NetworksPort>()?);
    let networks = port.list(&who).await?.networks;
    let given = |name: &str| last(&search, name).filter(|value| !value.trim().is_empty());
    let wanted = given("network").or_else(|| networks.first().map(|network| network.code.clone()));
    let known = wanted.filter(|code| networks.iter().any(|network| network.code == *code));
    let section = given("section").unwrap_or_else(|| "nodes".to_owned());
    let mut screen = NetworkScreen {
        networks,
        detail: None,
        section: section.clone(),
        rows: None,
        import: None,
        may_edit: who.may(Permission::PlanEditNetwork) && port.may_edit_all(&who).await?,
    };
    let Some(code) = known else { return Packed::of(&screen) };
    screen.detail = Some(port.detail(&who, &code).await?);
    let filter = RowFilter {
        network: Some(code),
        node: given("node"),
        search: given("q"),
        cursor: given("cursor"),
        limit: Some(paging::MAX_LIMIT / 2),
        edit: given("edit").and_then(|id| id.parse().ok()),
    };
    screen.rows = Some(port.typed_rows(&who, &section, filter).await?);
    if let Some(import) = given("import").and_then(|id| id.parse().ok()) {
        screen.import = Some(port.staged(&who, import).await?);
    }
    Packed::of(&screen)
}

/// Adds a row, or changes the one of the id; goes back to its section.
#[server(prefix = "/fn", endpoint = "planning/save_row")]
pub async fn save_network_row(row: RowForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{NetworksPort, RowFields},
    };
    let (who, port) = (principal()?, port::<dyn NetworksPort>()?);
    let fields = RowFields::Typed(row.fields);
    if row.id.is_empty() {
        port.add_row(&who, Some(row.network.clone()), &row.section, fields, None).await.value?;
    } else {
        let id = row.id.parse().map_err(|_| AppError::not_found("Row"))?;
        port.change_row(&who, &row.section, id, row.version.parse().ok(), fields).await?;
    }
    redirect(&address(&row.network, &row.section));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "planning/remove_row")]
pub async fn remove_network_row(network: String, section: String, id: String, version: i32) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::NetworksPort};
    let row = id.parse().map_err(|_| AppError::not_found("Row"))?;
    port::<dyn NetworksPort>()?.remove_row(&principal()?, &section, row, Some(version)).await?;
    redirect(&address(&network, &section));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "planning/change_network")]
pub async fn change_network(head: HeadForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::planning::{NetworksPort, RowFields};
    let fields = RowFields::Typed(head.fields);
    port::<dyn NetworksPort>()?.change(&principal()?, &head.network, Some(head.version), fields).await?;
    redirect(&address(&head.network, "nodes"));
    Ok(())
}

/// Writes the document that runs solve.
#[server(prefix = "/fn", endpoint = "planning/freeze")]
pub async fn freeze_network(network: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::planning::NetworksPort;
    port::<dyn NetworksPort>()?.freeze(&principal()?, Some(network.clone())).await?;
    redirect(&address(&network, "nodes"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "planning/commit_import")]
pub async fn commit_network_import(
    id: String,
    #[server(default)] remove_missing: bool,
    /// When the network changed last, as the page has shown it.
    #[server(default)]
    seen: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        planning::{CommitImport, NetworksPort},
    };
    let import = id.parse().map_err(|_| AppError::not_found("Import"))?;
    let how = CommitImport { remove_missing, network_changed_at: seen.parse().ok() };
    let done = port::<dyn NetworksPort>()?.commit(&principal()?, import, &how).await?;
    redirect(&format!("{}&import={}", address(&done.network, "nodes"), done.import_id));
    Ok(())
}

/// Removes a network with all its rows; its code must be typed.
#[server(prefix = "/fn", endpoint = "planning/remove_network")]
pub async fn remove_network(network: String, #[server(default)] typed: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, planning::NetworksPort};
    if typed.trim() != network {
        return Err(AppError::field("typed", format!("Type {network} to remove it.")).into());
    }
    port::<dyn NetworksPort>()?.remove(&principal()?, &network).await?;
    redirect("/planning/network");
    Ok(())
}
