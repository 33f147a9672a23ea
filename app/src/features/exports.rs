//! Server functions of large exports.

use crate::{fault::Fault, page_data::Packed};
use domain::exports::ExportItem;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The caller's own.
#[server(prefix = "/fn", endpoint = "exports/list", input = GetUrl)]
pub async fn load_exports() -> Result<Packed<Vec<ExportItem>>, Fault> {
    use crate::context::{port, principal};
    use domain::exports::ExportsPort;
    Packed::of(&port::<dyn ExportsPort>()?.list(&principal()?).await?)
}

/// Stops the writing and removes the file.
#[server(prefix = "/fn", endpoint = "exports/remove")]
pub async fn remove_export(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, exports::ExportsPort};
    let id = id.parse().map_err(|_| AppError::not_found("Export"))?;
    Ok(port::<dyn ExportsPort>()?.remove(&principal()?, id).await?)
}
